"""The first record of a chain: when it was born, how fast its slots pass, and the programs that it was born with.

The record holds the programs' bytes, so a replay gives the same chain after a package changed its program. It reads:
one JSON object, and after a zero byte the programs' bytes in the order of the object's `programs`. The genesis hash is
the SHA-256 of the whole.
"""

import hashlib
import json
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from solders.account import Account
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey

from openscrip.issuance.nodes.solana.slots import machine_second
from openscrip.kernel.errors import Malformed

LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
_ELF = b"\x7fELF"
_PROGRAM, _PROGRAM_DATA = 2, 3
_RENT_EPOCH = 2**64 - 1


@dataclass(frozen=True, slots=True)
class ProgramAtGenesis:
    """A program of the upgradeable loader that stands on a new chain from its start, as test validators take it.

    Without `upgrade_authority` it is final.
    """

    program_id: Pubkey
    elf: bytes
    upgrade_authority: Pubkey | None = None

    def __post_init__(self) -> None:
        if not self.elf.startswith(_ELF):
            raise Malformed("node.program", f"program: {self.program_id} was not an ELF file; name the built .so")

    @classmethod
    def read(cls, program_id: Pubkey, path: Path, upgrade_authority: Pubkey | None = None) -> "ProgramAtGenesis":
        """The program in the file at `path`. Raises `Malformed` if it cannot be read or is not a program."""
        try:
            elf = path.read_bytes()
        except OSError as failure:
            raise Malformed("node.program", f"program: {path} could not be read: {failure.strerror}") from None
        return cls(program_id, elf, upgrade_authority)

    @classmethod
    def parse(cls, text: str) -> "ProgramAtGenesis":
        """`ID=PATH` or `ID=PATH,UPGRADE_AUTHORITY`, as on the command line. Raises `Malformed`."""
        program_id, _, place = text.partition("=")
        path, comma, authority = place.rpartition(",")
        try:
            if comma:
                return cls.read(Pubkey.from_string(program_id), Path(path), Pubkey.from_string(authority))
            return cls.read(Pubkey.from_string(program_id), Path(place))
        except ValueError:
            raise Malformed("node.program", f"program: {text!r} did not read ID=PATH or ID=PATH,AUTHORITY") from None

    @property
    def data_address(self) -> Pubkey:
        """Where the loader keeps the program's bytes."""
        return program_data_address(self.program_id)


@dataclass(frozen=True, slots=True)
class Genesis:
    """How a chain began. `machine_born_at` is in seconds; `salt` makes each chain its own."""

    machine_born_at: float
    slot_ms: int
    salt: str
    programs: tuple[ProgramAtGenesis, ...] = ()

    @classmethod
    def new(cls, slot_ms: int, programs: Sequence[ProgramAtGenesis]) -> "Genesis":
        """A chain born now."""
        return cls(machine_second(), slot_ms, os.urandom(16).hex(), tuple(programs))

    def encode(self) -> bytes:
        """The record's bytes."""
        told = [
            {
                "id": str(program.program_id),
                "authority": str(program.upgrade_authority) if program.upgrade_authority else None,
                "bytes": len(program.elf),
                "sha256": hashlib.sha256(program.elf).hexdigest(),
            }
            for program in self.programs
        ]
        born: dict[str, object] = {"born_at": self.machine_born_at, "slot_ms": self.slot_ms, "salt": self.salt}
        head = json.dumps(born | ({"programs": told} if told else {})).encode()
        return b"\0".join([head, b"".join(program.elf for program in self.programs)]) if told else head

    @classmethod
    def decode(cls, payload: bytes) -> "Genesis":
        """Read what `encode` wrote; the log has checked that it is whole."""
        head, _, elves = payload.partition(b"\0")
        born = json.loads(head)
        programs, at = [], 0
        for told in born.get("programs", []):
            authority = Pubkey.from_string(told["authority"]) if told["authority"] else None
            elf = elves[at : at + told["bytes"]]
            programs.append(ProgramAtGenesis(Pubkey.from_string(told["id"]), elf, authority))
            at += told["bytes"]
        return cls(born["born_at"], born["slot_ms"], born["salt"], tuple(programs))


def program_data_address(program_id: Pubkey) -> Pubkey:
    """Where the upgradeable loader keeps a program's bytes."""
    return Pubkey.find_program_address([bytes(program_id)], LOADER)[0]


def place_program(svm: LiteSVM, program: ProgramAtGenesis) -> None:
    """Set the two accounts as the loader would after a deployment in slot 0: first the data, which the program names.

    Program: u32 2, data address. Data: u32 3, slot u64, option and key of the upgrade authority, then the ELF at byte 45.
    """
    authority = program.upgrade_authority
    named = bytes([1]) + bytes(authority) if authority else bytes(33)
    data = struct.pack("<IQ", _PROGRAM_DATA, 0) + named + program.elf
    pointer = struct.pack("<I", _PROGRAM) + bytes(program.data_address)
    rent = svm.minimum_balance_for_rent_exemption
    svm.set_account(program.data_address, Account(rent(len(data)), data, LOADER, executable=False, rent_epoch=_RENT_EPOCH))
    svm.set_account(program.program_id, Account(rent(len(pointer)), pointer, LOADER, executable=True, rent_epoch=_RENT_EPOCH))
