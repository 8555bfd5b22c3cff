"""A chain of its own for a test: the stock program as built, the real Token-2022, and all keys at hand."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from solders.account import Account
from solders.clock import Clock
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import Transaction
from solders.transaction_metadata import (
    FailedTransactionMetadata,
    InnerInstruction,
    SimulatedTransactionInfo,
    TransactionMetadata,
)

from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.program_errors import WORDS
from openscrip.issuance.chains.solana.program_parts import LOADER, Role
from openscrip.kernel.multiplier import Multiplier

NOW = 1_770_000_000
ONE = 10**18
DAY_S, HOUR_S = 86_400, 3_600
SUPPLY_CAP, DAY_CAP, HOUR_CAP, AGE_S_MAX, DELAY_S = 10**15, 5 * 10**14, 10**14, 3 * DAY_S, 2 * DAY_S
EPOCH, VERSION = 5, 3
SHARES = 2 * 10**16
"""Atoms of 1e-9 share; ten million grains of 1e-8 are an allocation of a hundred million atoms."""


def hashed(text: str) -> bytes:
    """32 bytes that stand for a text."""
    return hashlib.sha256(text.encode()).digest()


THERE = hashed("chain:eip155:1")
"""Another chain, to which tokens depart."""


def key_of(text: str) -> Keypair:
    """The same key in every run."""
    return Keypair.from_seed(hashed(f"key {text}"))


def f64_of(multiplier: int) -> int:
    """The bits of the nearest f64 not above."""
    return int.from_bytes(Multiplier(multiplier).to_f64_bytes(), "little")


@dataclass(frozen=True)
class Keys:
    """Whoever signs: one of two issuers, two of three attestors, one of one for corporate actions."""

    payer: Pubkey
    deployer: Pubkey
    guardian: Pubkey
    issuers: tuple[Pubkey, ...]
    attestors: tuple[Pubkey, ...]
    actors: tuple[Pubkey, ...]
    holder: Pubkey
    stranger: Pubkey

    @classmethod
    def fixed(cls) -> "Keys":
        def some(name: str, count: int) -> tuple[Pubkey, ...]:
            return tuple(sorted((key_of(f"{name} {number}").pubkey() for number in range(count)), key=bytes))

        payer, deployer, guardian, holder, stranger = (
            key_of(name).pubkey() for name in ("payer", "deployer", "guardian", "holder", "stranger")
        )
        return cls(
            payer, deployer, guardian, some("issuer", 2), some("attestor", 3), some("corporate action", 1), holder, stranger
        )

    @property
    def roles(self) -> tuple[Role, Role, Role]:
        return Role(1, self.issuers), Role(2, self.attestors), Role(1, self.actors)

    @property
    def two(self) -> list[Pubkey]:
        """Issuer and attestors."""
        return [self.issuers[0], *self.attestors[:2]]

    @property
    def acting(self) -> list[Pubkey]:
        """Corporate action and attestors."""
        return [self.actors[0], *self.attestors[1:]]


KEYS = Keys.fixed()


class World:
    """A chain on which the program stands, upgradeable, with nothing founded."""

    def __init__(self, code: bytes, program_id: Pubkey | None = None, base: LiteSVM | None = None) -> None:
        base = LiteSVM() if base is None else base
        chain = base.with_blockhash_check(False).with_transaction_history(0).with_sigverify(False)
        self.chain, self.code = chain, code
        self.keys = KEYS
        self.program = Program(program_id or key_of("program").pubkey())
        self.now = NOW
        self.units = 0
        self.last: TransactionMetadata | None = None
        for key in (KEYS.payer, KEYS.deployer, KEYS.holder):
            self.chain.airdrop(key, 10**13)
        self.place(self.program, code)
        self.set_time(NOW)

    def place(self, program: Program, code: bytes, authority: Pubkey | None = KEYS.deployer) -> None:
        """The two accounts of an upgradeable program, as the loader writes them."""
        named = b"\1" + bytes(authority) if authority else bytes(33)
        data = struct.pack("<IQ", 3, 0) + named + code
        place = program.program_data()
        self.put(place, data, LOADER)
        self.put(program.program_id, struct.pack("<I", 2) + bytes(place), LOADER, executable=True)

    def put(self, address: Pubkey, data: bytes, owner: Pubkey, *, executable: bool = False, lamports: int = 0) -> None:
        """An account, as if it always stood there."""
        rent = self.chain.minimum_balance_for_rent_exemption(len(data))
        self.chain.set_account(address, Account(lamports or rent, data, owner, executable))

    def set_time(self, now: int) -> None:
        """What the cluster's clock says."""
        self.now = now
        clock = self.chain.get_clock()
        self.chain.set_clock(Clock(clock.slot + 1, 0, 0, 0, now))

    def after(self, seconds: int) -> None:
        self.set_time(self.now + seconds)

    def roomier(self, code: bytes) -> None:
        """Room behind the program for a longer one, as a deployer leaves it."""
        place = self.program.program_data()
        head = self.data(place)[:45]
        self.put(place, head + code + bytes(4096), LOADER)

    # Transactions

    def transaction(self, instructions: Sequence[Instruction], payer: Pubkey | None = None) -> Transaction:
        """One transaction with all signatures that it names; the chain does not look at them here."""
        message = Message.new_with_blockhash(list(instructions), payer or KEYS.payer, self.chain.latest_blockhash())
        return Transaction.populate(message, [Signature.default()] * message.header.num_required_signatures)

    def tries(self, *instructions: Instruction) -> int | str | None:
        """What came of a transaction: nothing, the number of a refusal, or the name of another failure."""
        result = self.chain.send_transaction(self.transaction(instructions))
        self.last = result if isinstance(result, TransactionMetadata) else None
        return self._said(result)

    def inner_calls(self) -> list[InnerInstruction]:
        """What the programs of the last transaction called, in order."""
        assert self.last is not None
        return [call for calls in self.last.inner_instructions() for call in calls]

    def rehearses(self, *instructions: Instruction) -> int | str | None:
        """What would come of it; nothing changes."""
        return self._said(self.chain.simulate_transaction(self.transaction(instructions)))

    def refusal(self, *instructions: Instruction) -> str:
        """The words with which a transaction would be refused; nothing changes."""
        said = self.rehearses(*instructions)
        assert said is not None, "it was taken"
        return WORDS.get(said, str(said)) if isinstance(said, int) else said

    def takes(self, *instructions: Instruction) -> bool:
        """Whether a transaction would be taken; nothing changes."""
        return self.rehearses(*instructions) is None

    def send(self, *instructions: Instruction) -> None:
        """A transaction that must succeed."""
        said = self.tries(*instructions)
        assert said is None, f"refused with {said}"

    def _said(self, result: TransactionMetadata | SimulatedTransactionInfo | FailedTransactionMetadata) -> int | str | None:
        meta = result if isinstance(result, TransactionMetadata) else result.meta()
        self.units = meta.compute_units_consumed()
        if not isinstance(result, FailedTransactionMetadata):
            return None
        error = result.err()
        inner = getattr(error, "err", error)
        code = getattr(inner, "code", None)
        return int(code) if code is not None else str(inner)

    # Accounts

    def data(self, address: Pubkey) -> bytes:
        account = self.chain.get_account(address)
        return bytes(account.data) if account else b""

    def lamports(self, address: Pubkey) -> int:
        return self.chain.get_balance(address) or 0

    def patch(self, address: Pubkey, at: int, value: bytes) -> None:
        """Changes bytes of an account."""
        account = self.chain.get_account(address)
        assert account is not None
        data = bytearray(account.data)
        data[at : at + len(value)] = value
        self.put(address, bytes(data), account.owner, lamports=account.lamports)


def with_accounts(instruction: Instruction, **changed: Any) -> Instruction:
    """The same instruction with other accounts: `a3=key` replaces the account at 3, `drop=3` leaves it out, `unsign=3`."""
    metas = list(instruction.accounts)
    for name, value in changed.items():
        if name == "drop":
            del metas[value]
        elif name == "unsign":
            metas[value] = type(metas[value])(metas[value].pubkey, False, metas[value].is_writable)
        else:
            at = int(name[1:])
            metas[at] = type(metas[at])(value, metas[at].is_signer, metas[at].is_writable)
    return Instruction(instruction.program_id, bytes(instruction.data), metas)


def with_data(instruction: Instruction, data: bytes) -> Instruction:
    """The same instruction with other data."""
    return Instruction(instruction.program_id, data, list(instruction.accounts))
