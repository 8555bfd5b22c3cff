"""The state of the chain: LiteSVM, its clock, and the rules of acceptance that a validator adds to it.

LiteSVM's own blockhash check is off, because it knows only the newest hash; the window of 150 is ours. A transaction
that comes twice is answered from the history and not executed again.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path

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

from openscrip.issuance.nodes.solana.account_index import AccountIndex
from openscrip.issuance.nodes.solana.effects import Effects
from openscrip.issuance.nodes.solana.execution import execute, existing, lives_by_nonce, transaction_error
from openscrip.issuance.nodes.solana.faucet import FAUCET, FAUCET_LAMPORTS, airdrop_note
from openscrip.issuance.nodes.solana.faults import Faults
from openscrip.issuance.nodes.solana.genesis import Genesis, ProgramAtGenesis, place_program
from openscrip.issuance.nodes.solana.history import History
from openscrip.issuance.nodes.solana.landed import Executed
from openscrip.issuance.nodes.solana.log import Kind, Log, LogBroken, Record
from openscrip.issuance.nodes.solana.recovery import Recovery
from openscrip.issuance.nodes.solana.slots import Slots
from openscrip.kernel.clock import LiveClock

__all__ = ["Bank", "NotAccepted", "transaction_error"]
PROGRAM_LOADERS = (
    "BPFLoader1111111111111111111111111111111111",
    "BPFLoader2111111111111111111111111111111111",
    "BPFLoaderUpgradeab1e11111111111111111111111",
    "NativeLoader1111111111111111111111111111111",
)


class NotAccepted(Exception):
    """The transaction was not taken. `error` is Solana's name for why; `logs` what the programs said."""

    def __init__(self, error: object, logs: list[str], units: int = 0) -> None:
        super().__init__(str(error))
        self.error = error
        self.logs = logs
        self.units = units


class Bank:
    """One chain in one data folder. Every change is in `log` before anybody is told of it."""

    def __init__(
        self,
        data: Path,
        *,
        live: bool,
        start_at: int,
        slot_ms: int,
        programs: Sequence[ProgramAtGenesis] = (),
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """`start_at`, `slot_ms` and `programs` are for a new chain; one in `data` keeps those it was born with.

        `progress` is told how many bytes of the log were replayed, and of how many.
        """
        self.log = Log(data / "transactions.log")
        effects = Effects(data / "effects.log")
        self.history = History(effects)
        self.index = AccountIndex()
        self.faults = Faults()
        self.on_landed: Callable[[Executed], None] = lambda executed: None
        self._svm = LiteSVM().with_blockhash_check(False).with_transaction_history(0).with_sigverify(False)
        self._live = live
        self._market_at = 0
        self._clock = (0, 0)
        self._times: tuple[list[int], list[int]] = ([], [])
        records = self.log.replay()
        first = next(records, None)
        if first is None:
            born = Genesis.new(slot_ms, programs)
            first = Record(Kind.GENESIS, 1, start_at if not live else LiveClock().now(), born.encode())
            self.log.append(first)
            self.log.flush()
        if first.kind is not Kind.GENESIS:
            raise LogBroken("log: the first record was not the genesis record")
        self._begin(first)
        recovery = Recovery(effects, self.history)
        for record in records:
            self._redo(record, recovery)
            progress(self.log.replayed, self.log.size)
        recovery.finish(self._svm, self.index)
        self._svm.with_sigverify(True)

    def now(self) -> int:
        """Market time: the wall clock when live, else what it was last set to. It never goes back."""
        if self._live:
            self._market_at = max(self._market_at, LiveClock().now())
        return self._market_at

    def time_of(self, slot: int) -> int:
        """Market time in `slot`, as far as something happened then: a transaction, or a step of the clock."""
        slots, times = self._times
        return times[max(0, bisect_right(slots, slot) - 1)]

    def set_clock(self, at: int) -> None:
        """Move market time to `at`; an earlier instant changes nothing."""
        if at > self.now():
            record = Record(Kind.CLOCK, self.slots.current(), at, b"")
            self.log.append(record)
            self._market_at = at
            self._note_time(record)

    def skip_slots(self, count: int) -> None:
        """Let `count` slots pass at once, so that blockhashes expire without waiting."""
        skipped = self.slots.skipped + count
        self.log.append(Record(Kind.SKIPPED_SLOTS, self.slots.current(), self.now(), skipped.to_bytes(8, "little")))
        self.slots.skipped = skipped

    def latest_blockhash(self) -> Hash:
        """The hash of the slot now."""
        return Hash(self.slots.blockhash(self.slots.current()))

    def accept(self, raw: bytes, *, preflight: bool, is_airdrop: bool = False) -> Signature:
        """Execute a transaction and remember it. The same transaction again is answered, not executed.

        Raises `NotAccepted`: unknown or expired blockhash, bad signature, no fee, or (with `preflight`) any failure.
        It is executed once: what fails has changed nothing but who paid its fee, and that is put back.
        """
        transaction = VersionedTransaction.from_bytes(raw)
        signature = transaction.signatures[0]
        if self.history.has(signature):
            return signature
        if not self.is_fresh(transaction):
            raise NotAccepted("BlockhashNotFound", [])
        if not is_airdrop and self.faults.loses_the_next():
            return self._lose(transaction, preflight=preflight)
        record = Record(Kind.TRANSACTION, self.slots.current(), self.now(), raw)
        executed = self._execute(record, transaction)
        landed = executed.landed
        if landed.error is not None and (preflight or not executed.cost_its_fee):
            for key, account in executed.touched_by_failure.items():
                self._svm.set_account(key, account)
            raise NotAccepted(landed.error, landed.meta.logs(), landed.meta.compute_units_consumed())
        self.log.append(record)
        self._keep(executed, self.log.end)
        self.on_landed(executed)
        return signature

    def is_fresh(self, transaction: VersionedTransaction) -> bool:
        """Whether its blockhash is in the window, or the value of the durable nonce that it advances."""
        message = transaction.message
        known = self.slots.issued_at(bytes(message.recent_blockhash)) is not None
        return known or lives_by_nonce(message, self._svm)

    def airdrop(self, receiver: Pubkey, lamports: int) -> Signature:
        """Give lamports from the faucet, as an ordinary transaction. A counted memo keeps two equal ones apart."""
        gift = transfer(TransferParams(from_pubkey=FAUCET.pubkey(), to_pubkey=receiver, lamports=lamports))
        blockhash = self.latest_blockhash()
        message = Message.new_with_blockhash([gift, airdrop_note(len(self.history))], FAUCET.pubkey(), blockhash)
        return self.accept(bytes(Transaction([FAUCET], message, blockhash)), preflight=True, is_airdrop=True)

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
        return existing(self._svm, address)

    def accounts(self, addresses: Sequence[Pubkey]) -> list[tuple[Pubkey, Account]]:
        """Those of the accounts that exist."""
        found = ((address, existing(self._svm, address)) for address in addresses)
        return [(address, account) for address, account in found if account is not None]

    def close(self) -> None:
        """Flush the log and let go of the files."""
        self.log.close()
        self.history.close()

    def rent(self, size: int) -> int:
        """Lamports that exempt an account of `size` bytes from rent."""
        return self._svm.minimum_balance_for_rent_exemption(size)

    def _begin(self, first: Record) -> None:
        born = Genesis.decode(first.payload)
        self.genesis = hashlib.sha256(first.payload).digest()
        self.slots = Slots(self.genesis, born.machine_born_at, born.slot_ms)
        self._market_at = first.market_at
        self._note_time(first)
        for program in born.programs:
            place_program(self._svm, program)
        self._svm.set_account(FAUCET.pubkey(), Account(FAUCET_LAMPORTS, b"", SYSTEM))
        self.index.put(FAUCET.pubkey(), existing(self._svm, FAUCET.pubkey()))
        for loader in map(Pubkey.from_string, PROGRAM_LOADERS):
            for key, account in self._svm.get_program_accounts(loader):
                self.index.put(key, account)

    def _lose(self, transaction: VersionedTransaction, *, preflight: bool) -> Signature:
        """Answer as if it had been taken."""
        rehearsal = self.simulate(transaction)
        if preflight and isinstance(rehearsal, FailedTransactionMetadata):
            meta = rehearsal.meta()
            raise NotAccepted(transaction_error(rehearsal), meta.logs(), meta.compute_units_consumed())
        return transaction.signatures[0]

    def _redo(self, record: Record, recovery: Recovery) -> None:
        self.slots.reached(record.slot)
        self._market_at = record.market_at
        if record.kind is Kind.TRANSACTION:
            if recovery.recall(record, self.log.replayed):
                self._note_time(record)
                return
            recovery.finish(self._svm, self.index)
            self._keep(self._execute(record, VersionedTransaction.from_bytes(record.payload)), self.log.replayed)
        elif record.kind is Kind.SKIPPED_SLOTS:
            self.slots.skipped = int.from_bytes(record.payload, "little")
        elif record.kind is Kind.CLOCK:
            self._note_time(record)

    def _execute(self, record: Record, transaction: VersionedTransaction) -> Executed:
        self._set_program_clock(record.slot, record.market_at)
        return execute(self._svm, record, transaction)

    def _keep(self, executed: Executed, log_end: int) -> None:
        landed = executed.landed
        self.history.add(executed, log_end)
        self._note_time(Record(Kind.TRANSACTION, landed.slot, landed.at, b""))
        for key, account in executed.changed.items():
            self.index.put(key, account)

    def _note_time(self, record: Record) -> None:
        slots, times = self._times
        if not times or times[-1] != record.market_at:
            slots.append(record.slot)
            times.append(record.market_at)

    def _set_program_clock(self, slot: int, at: int) -> None:
        if self._clock != (slot, at):
            self._svm.set_clock(Clock(slot, 0, 0, 0, at))
            self._clock = (slot, at)
