"""One issuer with one token on a chain of its own: the stock program as built, the real Token-2022, and all keys at hand."""

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
from solders.system_program import CreateAccountParams, create_account
from solders.transaction import Transaction
from solders.transaction_metadata import FailedTransactionMetadata, SimulatedTransactionInfo, TransactionMetadata

from openscrip.issuance.chains.solana.extensions import MINT_SPACE, initialize_extensions, initialize_scaled_ui_amount
from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.program_accounts import ActionAccount, RedemptionAccount, StockAccount
from openscrip.issuance.chains.solana.program_errors import WORDS
from openscrip.issuance.chains.solana.program_operations import lane
from openscrip.issuance.chains.solana.program_parts import LOADER, NO_HASH, Operation, Role
from openscrip.issuance.chains.solana.token_program import (
    TOKEN_2022,
    associated_account,
    create_associated_account,
    initialize_mint,
)
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

    def __init__(self, code: bytes, program_id: Pubkey | None = None) -> None:
        chain = LiteSVM().with_blockhash_check(False).with_transaction_history(0).with_sigverify(False)
        self.chain = chain
        self.keys = KEYS
        self.program = Program(program_id or key_of("program").pubkey())
        self.now = NOW
        self.units = 0
        self.events: list[Any] = []
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

    # Transactions

    def transaction(self, instructions: Sequence[Instruction], payer: Pubkey | None = None) -> Transaction:
        """One transaction with all signatures that it names; the chain does not look at them here."""
        message = Message.new_with_blockhash(list(instructions), payer or KEYS.payer, self.chain.latest_blockhash())
        return Transaction.populate(message, [Signature.default()] * message.header.num_required_signatures)

    def tries(self, *instructions: Instruction) -> int | str | None:
        """What came of a transaction: nothing, the number of a refusal, or the name of another failure."""
        result = self.chain.send_transaction(self.transaction(instructions))
        return self._said(result)

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

    def patch(self, address: Pubkey, at: int, value: bytes) -> None:
        """Changes bytes of an account."""
        account = self.chain.get_account(address)
        assert account is not None
        data = bytearray(account.data)
        data[at : at + len(value)] = value
        self.put(address, bytes(data), account.owner, lamports=account.lamports)


class Issuer(World):
    """Founded, with one token that has a fresh report, and a holder with an account."""

    def __init__(self, code: bytes, program_id: Pubkey | None = None) -> None:
        super().__init__(code, program_id)
        self.send(self.founding())
        self.mint = self.token("AAPL")
        self.account = self.account_of(KEYS.holder)
        self.sequence = self.salts = 0
        self.send(self.reporting())

    def founding(self, **changed: Any) -> Instruction:
        named = {
            "payer": KEYS.payer, "guardian": KEYS.guardian, "delay_s": DELAY_S, "roles": KEYS.roles,
            "signers": [KEYS.deployer], **changed,
        }  # fmt: skip
        return self.program.found(**named)

    def birth(self, mint: Pubkey, multiplier: int = ONE) -> list[Instruction]:
        """A mint with the seven extensions in the hands of its token account, and its escrow account."""
        stock = self.program.stock(mint)
        rent = self.chain.minimum_balance_for_rent_exemption(1000)
        f64 = f64_of(multiplier).to_bytes(8, "little")
        steps = initialize_extensions(mint, stock)[:-1]
        return [
            create_account(
                CreateAccountParams(from_pubkey=KEYS.payer, to_pubkey=mint, lamports=rent, space=MINT_SPACE, owner=TOKEN_2022)
            ),
            *steps,
            initialize_scaled_ui_amount(mint, stock, f64),
            initialize_mint(mint, 8, stock, stock),
            create_associated_account(KEYS.payer, stock, mint),
        ]

    def opening(self, mint: Pubkey, **changed: Any) -> Instruction:
        multiplier = changed.get("multiplier", ONE)
        named = {
            "payer": KEYS.payer, "mint": mint, "supply_cap": SUPPLY_CAP, "day_cap": DAY_CAP, "hour_cap": HOUR_CAP,
            "age_s_max": AGE_S_MAX, "multiplier": multiplier, "f64": f64_of(multiplier), "epoch": EPOCH, "version": VERSION,
            "signers": KEYS.two, **changed,
        }  # fmt: skip
        return self.program.open(**named)

    def token(self, name: str, multiplier: int = ONE) -> Pubkey:
        """One more token, opened."""
        mint = key_of(f"mint {name}").pubkey()
        self.send(*self.birth(mint, multiplier))
        self.send(self.opening(mint, multiplier=multiplier))
        return mint

    def account_of(self, holder: Pubkey, mint: Pubkey | None = None) -> Pubkey:
        """The holder's account, made where it is missing."""
        self.send(create_associated_account(KEYS.payer, holder, mint or self.mint))
        return associated_account(holder, mint or self.mint)

    def reporting(self, **changed: Any) -> Instruction:
        """The next reserve report."""
        self.sequence += 1
        named = {
            "mint": self.mint, "shares": SHARES, "encumbered": 7, "in_transit": 8, "allocation": SHARES - 9, "epoch": EPOCH,
            "as_of": self.now, "sequence": self.sequence, "lenient": False, "signers": KEYS.two, **changed,
        }  # fmt: skip
        return self.program.report(**named)

    def minting(self, name: str = "1", raw: int = 1000, **changed: Any) -> Instruction:
        """An issuance to the holder that is wholly in order."""
        stock = self.stock(changed.get("mint"))
        named = {
            "payer": KEYS.payer, "mint": self.mint, "destination": self.account, "kind": 1, "raw": raw,
            "request": hashed(f"request {name}"), "evidence": hashed(f"evidence {name}"), "origin": NO_HASH,
            "epoch": stock.epoch_at(self.now), "multiplier": stock.multiplier_at(self.now), "signer_epoch": 1,
            "deadline": self.now + HOUR_S, "signers": KEYS.two, **changed,
        }  # fmt: skip
        return self.program.mint(**named)

    def escrowing(self, name: str = "1", raw: int = 1000, **changed: Any) -> Instruction:
        named = {
            "payer": KEYS.payer, "mint": self.mint, "holder": KEYS.holder, "source": self.account, "kind": 1, "raw": raw,
            "request": hashed(f"redeem {name}"), **changed,
        }  # fmt: skip
        return self.program.escrow(**named)

    def burning(self, name: str = "1", **changed: Any) -> Instruction:
        named = {
            "mint": self.mint, "holder": KEYS.holder, "request": hashed(f"redeem {name}"),
            "signers": [KEYS.issuers[1]], **changed,
        }  # fmt: skip
        return self.program.burn(**named)

    def refunding(self, name: str = "1", **changed: Any) -> Instruction:
        named = {
            "mint": self.mint, "holder": KEYS.holder, "request": hashed(f"redeem {name}"), "destination": self.account,
            "signers": [KEYS.issuers[1]], **changed,
        }  # fmt: skip
        return self.program.refund(**named)

    def departing(self, name: str = "1", raw: int = 100, **changed: Any) -> Instruction:
        named = {
            "payer": KEYS.payer, "mint": self.mint, "holder": KEYS.holder, "source": self.account, "raw": raw,
            "request": hashed(f"redeem {name}"), "destination": THERE, "receiver": hashed("receiver"), **changed,
        }  # fmt: skip
        return self.program.depart(**named)

    def open_lane(self, destination: bytes, hour_cap: int = 1000, life_s: int = HOUR_S, mint: Pubkey | None = None) -> None:
        """A lane, through the timelock."""
        named = {"mint": mint or self.mint, "destination": destination, "hour_cap": hour_cap, "life_s": life_s}
        self.passes(lane(self.program, salt=self.salt(), **named))  # type: ignore[arg-type]  # of several types

    def salt(self) -> bytes:
        """Another one each time."""
        self.salts += 1
        return self.salts.to_bytes(8, "little")

    def announcing(self, name: str = "split", kind: bytes = b"SPLF", **changed: Any) -> Instruction:
        """A corporate action in order: by default a split of two for one."""
        ratio = {b"SPLR": (1, 2), b"DVCA": (0, 0), b"DLST": (0, 0)}.get(kind, (2, 1))
        ends = kind in (b"MRGR", b"CHAN", b"DLST")
        named = {
            "payer": KEYS.payer, "mint": self.mint, "action": hashed(name), "kind": kind, "ex_date": 20260302,
            "record_date": 20260227, "pay_date": 0, "ratio_new": ratio[0], "ratio_old": ratio[1],
            "cash": 0 if ratio[0] else 250_000, "into": hashed("successor") if ends else NO_HASH,
            "sources": hashed("sources"), "corrects": NO_HASH, "signers": KEYS.acting, **changed,
        }  # fmt: skip
        return self.program.announce(**named)

    def staging(self, name: str = "split", ratio: tuple[int, int] = (2, 1), splits: bool = True, **changed: Any) -> Instruction:
        """The multiplier of an announced action, exactly by its ratio, in an hour."""
        stock = self.stock(changed.get("mint"))
        current = stock.multiplier_at(self.now)
        multiplier = changed.get("multiplier", current * ratio[0] // ratio[1])
        named = {
            "mint": self.mint, "action": hashed(name), "expected": current, "multiplier": multiplier,
            "f64": f64_of(multiplier), "effective_at": self.now + HOUR_S,
            "epoch_after": stock.epoch_at(self.now) + splits, "ratio_new": ratio[0], "ratio_old": ratio[1],
            "paused_from": self.now, "signers": KEYS.acting, **changed,
        }  # fmt: skip
        return self.program.stage(**named)

    def action(self, name: str = "split") -> ActionAccount:
        return ActionAccount.read(self.data(self.program.action(hashed(name))))

    def passes(self, operation: Operation) -> None:
        """Queues an operation, waits, and executes it."""
        self.send(self.queueing(operation))
        self.after(DELAY_S)
        self.send(self.executing(operation))

    def queueing(self, operation: Operation, **changed: Any) -> Instruction:
        named = {"payer": KEYS.payer, "operation_hash": operation.hash, "signers": KEYS.two, **changed}
        return self.program.queue(**named)

    def executing(self, operation: Operation, **changed: Any) -> Instruction:
        named = {"payer": KEYS.payer, "operation": operation, "signers": [KEYS.issuers[0]], **changed}
        return self.program.execute(**named)

    # What stands

    def stock(self, mint: Pubkey | None = None) -> StockAccount:
        return StockAccount.read(self.data(self.program.stock(mint or self.mint)))

    def redemption(self, name: str = "1") -> RedemptionAccount:
        return RedemptionAccount.read(self.data(self.program.redemption(KEYS.holder, hashed(f"redeem {name}"))))

    def supply(self, mint: Pubkey | None = None) -> int:
        return int.from_bytes(self.data(mint or self.mint)[36:44], "little")

    def balance(self, account: Pubkey | None = None) -> int:
        return int.from_bytes(self.data(account or self.account)[64:72], "little")

    def scaled_at(self, mint: Pubkey | None = None) -> int:
        """Where the scaled amount begins in a mint: authority 32, multiplier 8, time 8, new multiplier 8."""
        data, at = self.data(mint or self.mint), 166
        while int.from_bytes(data[at : at + 2], "little") != 25:
            at += 4 + int.from_bytes(data[at + 2 : at + 4], "little")
        return at + 4

    def scaled(self, mint: Pubkey | None = None) -> tuple[int, int, int]:
        """Multiplier, time and new multiplier as the mint has them; the multipliers as bits."""
        at = self.scaled_at(mint) + 32
        data = self.data(mint or self.mint)
        one, two, three = (int.from_bytes(data[at + step : at + step + 8], "little") for step in (0, 8, 16))
        return one, two, three

    def is_paused(self) -> bool:
        """Token-2022's own pause."""
        data, at = self.data(self.mint), 166
        while int.from_bytes(data[at : at + 2], "little") != 26:
            at += 4 + int.from_bytes(data[at + 2 : at + 4], "little")
        return data[at + 36] == 1


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
