"""The stock program as a stranger reads it: where its accounts stand, what they hold, what its instructions say.

Fixed sizes, little endian; written here a second time on purpose: the watch does not trust the issuer's codec. Amounts on
chain are grains (1e-8 raw) and atoms (1e-9 share), multipliers 1e-18, times UTC seconds. Hashes and addresses leave here
as text: 64 hex digits, base58.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from solders.pubkey import Pubkey

from openscrip_watch.chains.facts import Feed
from openscrip_watch.chains.solana_wire import ASSOCIATED, SYSTEM, TOKEN, Step, associated
from openscrip_watch.refusal import BadInput, refuse_unless

LOADER = "BPFLoaderUpgradeab1e11111111111111111111111"
FOUND, OPEN, REPORT, MINT, ESCROW, DEPART, BURN, REFUND = 0, 1, 2, 3, 5, 6, 7, 8
ANNOUNCE, STAGE, CANCEL, FINISH, QUEUE, EXECUTE, END = 13, 14, 15, 16, 17, 19, 20
ORIGIN_OF_ARRIVAL = 18
"""The kind of account that marks an arrival's origin as used."""
_ISSUER_SPACE, _STOCK_SPACE, _REDEMPTION_SPACE, _ACTION_SPACE = 752, 424, 192, 320
_ROLE_SPACE, _ROLES_AT, _MEMBERS_MAX = 232, 56, 7
_OP_SIGNERS = 4
_LENGTHS = {MINT: 146, STAGE: 81, ANNOUNCE: 169, REPORT: 58, OPEN: 73, QUEUE: 33}
_MINT_DATA = struct.Struct("<BQ32s32s32sQ16sQq")
_REPORT_DATA = struct.Struct("<5QqQB")
_STAGE_DATA = struct.Struct("<16s16sQqQQQq")


@dataclass(frozen=True, slots=True)
class Issuer:
    """The roles of the program: `needed` of the members, for issuer, attestor and corporate action, in this order."""

    signer_epoch: int
    roles: tuple[tuple[int, frozenset[str]], ...]

    def members(self) -> frozenset[str]:
        """Every key of every role."""
        return frozenset[str]().union(*(keys for _, keys in self.roles))

    def signed(self, signers: frozenset[str]) -> bool:
        """Whether issuer and attestor both reached their thresholds."""
        return all(len(keys & signers) >= needed for needed, keys in self.roles[:2])


@dataclass(frozen=True, slots=True)
class Stock:
    """What the program keeps of one mint. `base` is in force until `next_at`, `next` from then on; 0: nothing scheduled."""

    mint: str
    escrow: str
    base: int
    next: int
    base_epoch: int
    next_epoch: int
    base_version: int
    next_at: int
    base_f64: bytes
    next_f64: bytes
    feed: Feed | None


@dataclass(frozen=True, slots=True)
class Redemption:
    """What a holder gave in: `raw` in grains; of a crossing also where to and until when."""

    kind: int
    holder: str
    raw: int
    arrive_by: int
    destination: str
    receiver: str
    request: str


@dataclass(frozen=True, slots=True)
class Action:
    """A corporate action as it was announced: kind, ex-, record and pay date, ratio, cash, under its id."""

    id: str
    mint: str
    announced: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class MintData:
    """The terms of a mint instruction; `raw` in grains."""

    kind: int
    raw: int
    request: str
    evidence: str
    origin: str
    epoch: int
    multiplier: int
    signer_epoch: int
    deadline: int

    def __bytes__(self) -> bytes:
        hashes = (bytes.fromhex(each) for each in (self.request, self.evidence, self.origin))
        multiplier = self.multiplier.to_bytes(16, "little")
        return bytes([MINT]) + _MINT_DATA.pack(
            self.kind, self.raw, *hashes, self.epoch, multiplier, self.signer_epoch, self.deadline
        )

    @classmethod
    def read(cls, data: bytes) -> "MintData":
        """From an instruction's data, of the right length."""
        kind, raw, request, evidence, origin, epoch, value, signer_epoch, deadline = _MINT_DATA.unpack(data[1:])
        terms = (epoch, int.from_bytes(value, "little"), signer_epoch, deadline)
        return cls(kind, raw, request.hex(), evidence.hex(), origin.hex(), *terms)


@dataclass(frozen=True, slots=True)
class StageData:
    """The terms of a staged change; `f64` as its eight bytes."""

    expected: int
    multiplier: int
    f64: bytes
    effective_at: int
    epoch_after: int
    ratio: tuple[int, int]
    paused_from: int

    def __bytes__(self) -> bytes:
        values = (each.to_bytes(16, "little") for each in (self.expected, self.multiplier))
        f64 = int.from_bytes(self.f64, "little")
        return bytes([STAGE]) + _STAGE_DATA.pack(
            *values, f64, self.effective_at, self.epoch_after, *self.ratio, self.paused_from
        )

    @classmethod
    def read(cls, data: bytes) -> "StageData":
        """From an instruction's data, of the right length."""
        expected, multiplier, f64, at, epoch, new, old, paused_from = _STAGE_DATA.unpack(data[1:])
        before, after = int.from_bytes(expected, "little"), int.from_bytes(multiplier, "little")
        return cls(before, after, f64.to_bytes(8, "little"), at, epoch, (new, old), paused_from)


class StockProgram:
    """One deployment: its addresses, and each instruction as it must stand in a transaction that is co-signed."""

    def __init__(self, program: str) -> None:
        self.program = program

    @property
    def issuer(self) -> str:
        """Where the roles stand."""
        return self._address(b"issuer")

    @property
    def program_data(self) -> str:
        """The loader's account that names who may replace the code."""
        return _find((_key(self.program),), LOADER)

    def stock(self, mint: str) -> str:
        """What commands a mint."""
        return self._address(b"stock", _key(mint))

    def escrow(self, mint: str) -> str:
        """Where redeemed tokens wait."""
        return associated(self.stock(mint), mint)

    def redemption(self, holder: str, request: str) -> str:
        """The record of a holder's redemption or departure."""
        return self._address(b"redemption", _key(holder), bytes.fromhex(request))

    def action(self, action: str) -> str:
        """The record of a corporate action."""
        return self._address(b"action", bytes.fromhex(action))

    def operation(self, operation: str) -> str:
        """Where an operation waits."""
        return self._address(b"operation", bytes.fromhex(operation))

    def used(self, kind: int, hash_: str) -> str:
        """Exists once a hash of this kind was used."""
        return self._address(b"used", bytes([kind]), bytes.fromhex(hash_))

    def open_account(self, payer: str, mint: str, owner: str) -> Step:
        """CreateIdempotent of the receiver's associated account."""
        return Step(ASSOCIATED, b"\x01", (payer, associated(owner, mint), owner, mint, SYSTEM, TOKEN))

    def mint(self, payer: str, mint: str, receiver: str, terms: MintData) -> Step:
        """A mint into the receiver's associated account."""
        origin = {2: self.used(ORIGIN_OF_ARRIVAL, terms.origin), 3: str(Pubkey(bytes.fromhex(terms.origin)))}
        used = (self.used(0, terms.request), self.used(terms.kind, terms.evidence))
        accounts = (payer, self.issuer, self.stock(mint), mint, associated(receiver, mint), *used)
        return self._step(bytes(terms), *accounts, origin.get(terms.kind, SYSTEM), TOKEN, SYSTEM)

    def report(self, mint: str, held: Sequence[int], *, lenient: bool) -> Step:
        """A reserve report: shares, encumbered, in transit, allocation, epoch, as-of, sequence."""
        return self._step(bytes([REPORT]) + _REPORT_DATA.pack(*held, lenient), self.issuer, self.stock(mint))

    def announce(self, payer: str, mint: str, action: str, announced: Sequence[str | int], sources: str) -> Step:
        """An announcement; `announced` as the notice gives it, the kind left in its word."""
        kind, *rest = announced
        dates, terms = (tuple(map(int, each)) for each in (rest[:3], rest[3:]))
        data = bytes([ANNOUNCE]) + bytes.fromhex(action) + bytes.fromhex(str(kind))[:4]
        data += struct.pack("<3I3Q", *dates, *terms) + bytes(32) + bytes.fromhex(sources) + bytes(32)
        accounts = (payer, self.issuer, self.stock(mint), mint, self.action(action), SYSTEM, TOKEN, SYSTEM)
        return self._step(data, *accounts)

    def stage(self, mint: str, action: str, terms: StageData) -> Step:
        """A staged change."""
        return self._step(bytes(terms), self.issuer, self.stock(mint), mint, self.action(action), TOKEN)

    def cancel(self, mint: str, action: str, reason: str) -> Step:
        """An action taken back."""
        accounts = (self.issuer, self.stock(mint), mint, self.action(action), TOKEN)
        return self._step(bytes([CANCEL]) + bytes.fromhex(reason), *accounts)

    def finish(self, mint: str, action: str, evidence: str) -> Step:
        """An action declared final."""
        accounts = (self.issuer, self.stock(mint), self.action(action))
        return self._step(bytes([FINISH]) + bytes.fromhex(evidence), *accounts)

    def queue(self, payer: str, operation: str) -> Step:
        """An operation put into the timelock."""
        accounts = (payer, self.issuer, self.operation(operation), SYSTEM)
        return self._step(bytes([QUEUE]) + bytes.fromhex(operation), *accounts)

    def hand_over(self, mint: str, payer: str) -> Step:
        """Token-2022's SetAuthority: the mint authority goes from the payer to the program."""
        return Step(TOKEN, b"\x06\x00\x01" + _key(self.stock(mint)), (mint, payer))

    def open(self, payer: str, mint: str, data: bytes) -> Step:
        """A token's opening, on whatever terms `data` has."""
        return self._step(data, payer, self.issuer, self.stock(mint), mint, self.escrow(mint), SYSTEM)

    def is_of(self, step: Step, *tags: int) -> bool:
        """Whether a step is one of these instructions of the program, of the right length."""
        ours = step.program == self.program and len(step.data) > 0 and step.data[0] in tags
        return ours and len(step.data) == _LENGTHS.get(step.data[0], len(step.data))

    def _step(self, data: bytes, *accounts: str) -> Step:
        return Step(self.program, data, accounts)

    def _address(self, *seeds: bytes) -> str:
        return _find(seeds, self.program)


def read_issuer(data: bytes) -> Issuer:
    """The program's roles. Raises `chain.program`."""
    refuse_unless(len(data) == _ISSUER_SPACE and data[0] == 1, "chain.program", "solana: the program was not founded")
    roles = []
    for at in (_ROLES_AT + _ROLE_SPACE * place for place in range(3)):
        needed, count = data[at], min(data[at + 1], _MEMBERS_MAX)
        roles.append((needed, frozenset(_text(data, at + 8 + 32 * place) for place in range(count))))
    return Issuer(_u(data, 8), tuple(roles))


def founded_roles(data: bytes) -> Issuer:
    """The first roles, from the instruction that named them: `0, guardian k, delay u64, 3 x (needed u8, count u8, keys)`."""
    at, roles = 41, []
    for _ in range(3):
        needed, count = data[at], data[at + 1]
        roles.append((needed, frozenset(_text(data, at + 2 + 32 * place) for place in range(count))))
        at += 2 + 32 * count
    return Issuer(1, tuple(roles))


def replaced_role(before: Issuer, data: bytes) -> Issuer:
    """The roles after an executed operation: `19, salt 8, op u8, k, role u8, needed u8, count u8, keys` replaces one."""
    if data[9] != _OP_SIGNERS:
        return before
    role, needed, count = data[42:45]
    keys = frozenset(_text(data, 45 + 32 * place) for place in range(count))
    roles = [(needed, keys) if place == role else each for place, each in enumerate(before.roles, 1)]
    return Issuer(before.signer_epoch + 1, tuple(roles))


def read_stock(data: bytes) -> Stock:
    """What the program keeps of a mint. Raises `chain.token`."""
    refuse_unless(len(data) == _STOCK_SPACE and data[0] == 2, "chain.token", "solana: the program did not open this mint")
    sequence = _u(data, 184)
    feed = Feed(_u(data, 136), _u(data, 160), _u(data, 168), _u(data, 176), sequence) if sequence else None
    return Stock(
        *(_text(data, 8), _text(data, 40)),
        *(_u(data, 192, 16), _u(data, 224, 16)),
        *(_u(data, 216), _u(data, 248), _u(data, 256), _u(data, 264)),
        *(data[208:216], data[240:248]),
        feed,
    )


def read_redemption(data: bytes) -> Redemption:
    """A redemption's record. Raises `chain.redemption`."""
    ours = len(data) == _REDEMPTION_SPACE and data[0] == 4
    refuse_unless(ours, "chain.redemption", "solana: a redemption's account was none")
    return Redemption(
        *(data[1], _text(data, 40), _u(data, 72), _u(data, 88)),
        *(data[96:128].hex(), data[128:160].hex(), data[160:192].hex()),
    )


def read_action(data: bytes) -> Action:
    """A corporate action's record. Raises `chain.action`."""
    ours = len(data) == _ACTION_SPACE and data[0] == 5
    refuse_unless(ours, "chain.action", "solana: a corporate action's account was none")
    dates, terms = struct.unpack_from("<3I", data, 76), struct.unpack_from("<3Q", data, 88)
    return Action(data[40:72].hex(), _text(data, 8), (data[72:76].hex().ljust(64, "0"), *dates, *terms))


def upgrade_authority(data: bytes) -> str:
    """Who may replace the program's code; empty for nobody. Raises `chain.program`."""
    upgradeable = len(data) >= 45 and data[:4] == b"\x03\x00\x00\x00"
    refuse_unless(upgradeable, "chain.program", "solana: the program's data account was none of the upgradeable loader's")
    return _text(data, 13) if data[12] else ""


@lru_cache(maxsize=100_000)
def _find(seeds: tuple[bytes, ...], program: str) -> str:
    return str(Pubkey.find_program_address(list(seeds), Pubkey.from_string(program))[0])


def _key(text: str) -> bytes:
    try:
        return bytes(Pubkey.from_string(text))
    except ValueError:
        raise BadInput("address.malformed", f"address: {text!r:.60} was not a Solana address") from None


def _text(data: bytes, at: int) -> str:
    return str(Pubkey(data[at : at + 32]))


def _u(data: bytes, at: int, length: int = 8) -> int:
    return int.from_bytes(data[at : at + length], "little")
