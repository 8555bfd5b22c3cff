"""The state of the chain: LiteSVM, its clock, and the rules of acceptance that a validator adds to it.

LiteSVM's own blockhash check is off, because it knows only the newest hash; the window of 150 is ours. A transaction
that comes twice is answered from the history and not executed again.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from solders.account import Account
from solders.clock import Clock
from solders.hash import Hash
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import ID as SYSTEM
from solders.system_program import TransferParams, transfer
from solders.transaction import Transaction, VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata, SimulatedTransactionInfo

from openscrip.issuance.nodes.solana.faucet import FAUCET, FAUCET_LAMPORTS, airdrop_note
from openscrip.issuance.nodes.solana.genesis import Genesis, ProgramAtGenesis, place_program
from openscrip.issuance.nodes.solana.history import History, Landed
from openscrip.issuance.nodes.solana.log import Kind, Log, LogBroken, Record
from openscrip.issuance.nodes.solana.slots import Slots
from openscrip.kernel.clock import LiveClock

NOT_LANDED = (
    "AccountNotFound",
    "InsufficientFundsForFee",
    "SignatureFailure",
    "SanitizeFailure",
    "InvalidAccountForFee",
)
"""Errors after which a validator does not put the transaction in a block: no fee, no history, no log."""


class NotAccepted(Exception):
    """The transaction was not taken. `error` is Solana's name for why; `logs` what the programs said."""

    def __init__(self, error: object, logs: list[str], units: int = 0) -> None:
        super().__init__(str(error))
        self.error = error
        self.logs = logs
        self.units = units


class Bank:
    """One chain in one data folder. Every change is in `log` before it is in memory."""

    def __init__(
        self, data: Path, *, live: bool, start_at: int, slot_ms: int, programs: Sequence[ProgramAtGenesis] = ()
    ) -> None:
        """`start_at`, `slot_ms` and `programs` are for a new chain; one in `data` keeps those it was born with."""
        self.log = Log(data / "transactions.log")
        self.history = History()
        self._svm = LiteSVM().with_blockhash_check(False).with_transaction_history(0).with_sigverify(False)
        self._svm.set_account(FAUCET.pubkey(), Account(FAUCET_LAMPORTS, b"", SYSTEM))
        self._live = live
        self._market_at = 0
        self._clock = (0, 0)
        records = self.log.replay()
        first = next(records, None)
        if first is None:
            born = Genesis.new(slot_ms, programs)
            first = Record(Kind.GENESIS, 1, start_at if not live else LiveClock().now(), born.encode())
            self.log.append(first)
            self.log.flush()
        if first.kind is not Kind.GENESIS:
            raise LogBroken("log: the first record was not the genesis record")
        born = Genesis.decode(first.payload)
        self.genesis = hashlib.sha256(first.payload).digest()
        self.slots = Slots(self.genesis, born.machine_born_at, born.slot_ms)
        for program in born.programs:
            place_program(self._svm, program)
        self._market_at = first.market_at
        for record in records:
            self._redo(record)
        self._svm.with_sigverify(True)

    def now(self) -> int:
        """Market time: the wall clock when live, else what it was last set to. It never goes back."""
        if self._live:
            self._market_at = max(self._market_at, LiveClock().now())
        return self._market_at

    def set_clock(self, at: int) -> None:
        """Move market time to `at`; an earlier instant changes nothing."""
        if at > self.now():
            self.log.append(Record(Kind.CLOCK, self.slots.current(), at, b""))
            self._market_at = at

    def skip_slots(self, count: int) -> None:
        """Let `count` slots pass at once, so that blockhashes expire without waiting."""
        skipped = self.slots.skipped + count
        self.log.append(Record(Kind.SKIPPED_SLOTS, self.slots.current(), self.now(), skipped.to_bytes(8, "little")))
        self.slots.skipped = skipped

    def latest_blockhash(self) -> Hash:
        """The hash of the slot now."""
        return Hash(self.slots.blockhash(self.slots.current()))

    def accept(self, raw: bytes, *, preflight: bool) -> Signature:
        """Execute a transaction and remember it. The same transaction again is answered, not executed.

        Raises `NotAccepted`: unknown or expired blockhash, bad signature, no fee, or (with `preflight`) any failure.
        """
        transaction = VersionedTransaction.from_bytes(raw)
        signature = transaction.signatures[0]
        if self.history.find(signature) is not None:
            return signature
        if self.slots.issued_at(bytes(transaction.message.recent_blockhash)) is None:
            raise NotAccepted("BlockhashNotFound", [])
        rehearsal = self.simulate(transaction)
        if isinstance(rehearsal, FailedTransactionMetadata):
            error = transaction_error(rehearsal)
            if preflight or error in NOT_LANDED:
                raise NotAccepted(error, rehearsal.meta().logs(), rehearsal.meta().compute_units_consumed())
        record = Record(Kind.TRANSACTION, self.slots.current(), self.now(), raw)
        self.log.append(record)
        self._execute(record, transaction)
        return signature

    def airdrop(self, receiver: Pubkey, lamports: int) -> Signature:
        """Give lamports from the faucet, as an ordinary transaction. A counted memo keeps two equal ones apart."""
        gift = transfer(TransferParams(from_pubkey=FAUCET.pubkey(), to_pubkey=receiver, lamports=lamports))
        blockhash = self.latest_blockhash()
        message = Message.new_with_blockhash([gift, airdrop_note(len(self.history))], FAUCET.pubkey(), blockhash)
        return self.accept(bytes(Transaction([FAUCET], message, blockhash)), preflight=True)

    def simulate(
        self, transaction: VersionedTransaction, *, verify: bool = True
    ) -> SimulatedTransactionInfo | FailedTransactionMetadata:
        """What the transaction would do now. Nothing changes."""
        self._set_program_clock(self.slots.current(), self.now())
        if verify:
            return self._svm.simulate_transaction(transaction)
        self._svm.with_sigverify(False)
        try:
            return self._svm.simulate_transaction(transaction)
        finally:
            self._svm.with_sigverify(True)

    def account(self, address: Pubkey) -> Account | None:
        """The account, or None. Sysvars show the time now."""
        self._set_program_clock(self.slots.current(), self.now())
        return self._svm.get_account(address)

    def owned_by(self, program: Pubkey) -> list[tuple[Pubkey, Account]]:
        """Every account that `program` owns."""
        return self._svm.get_program_accounts(program)

    def rent(self, size: int) -> int:
        """Lamports that exempt an account of `size` bytes from rent."""
        return self._svm.minimum_balance_for_rent_exemption(size)

    def _redo(self, record: Record) -> None:
        self.slots.reached(record.slot)
        self._market_at = record.market_at
        if record.kind is Kind.TRANSACTION:
            self._execute(record, VersionedTransaction.from_bytes(record.payload))
        elif record.kind is Kind.SKIPPED_SLOTS:
            self.slots.skipped = int.from_bytes(record.payload, "little")

    def _execute(self, record: Record, transaction: VersionedTransaction) -> None:
        keys = list(transaction.message.account_keys)
        self._set_program_clock(record.slot, record.market_at)
        before = self._balances(keys)
        result = self._svm.send_transaction(transaction)
        if isinstance(result, FailedTransactionMetadata):
            error, meta = transaction_error(result), result.meta()
        else:
            error, meta = None, result
        signature, after = transaction.signatures[0], self._balances(keys)
        landed = Landed(signature, record.slot, record.market_at, record.payload, error, meta, before, after)
        self.history.add(landed, keys)

    def _balances(self, keys: list[Pubkey]) -> tuple[int, ...]:
        return tuple(self._svm.get_balance(key) or 0 for key in keys)

    def _set_program_clock(self, slot: int, at: int) -> None:
        if self._clock != (slot, at):
            self._svm.set_clock(Clock(slot, 0, 0, 0, at))
            self._clock = (slot, at)


def transaction_error(failure: FailedTransactionMetadata) -> Any:
    """Solana's JSON for a failure: a bare name, or `{"InstructionError": [index, ...]}`."""
    return json.loads(failure.to_json())["err"]
