"""One Hypothesis machine drives a model written from the rules and the ledgers in memory and SQL, and compares them.

The model keeps a list of transfers and adds them up anew each time; it shares no code with the stores.
"""

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, invariant, multiple, rule
from tests.conformance.stores import ALICE, CLAIM, CUSTODY, WORLD, memory_store, sql_store
from tests.databases import postgres_place, sqlite_place, url_of

from openscrip.kernel.errors import Refused
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.database import open_database
from openscrip.runtime.ledger import LedgerBroken, Phase, Transfer
from openscrip.runtime.store import Store

ACCOUNTS = (CUSTODY, WORLD, CLAIM, ALICE)


class Model:
    """The ledger as a list."""

    def __init__(self) -> None:
        self.entries: list[Transfer] = []

    def post(self, batch: list[Transfer]) -> str:
        """Post a batch in order; the reason of the refusal, or empty."""
        before = list(self.entries)
        for entry in batch:
            reason = self._reason(entry)
            if reason == "again":
                continue
            if reason:
                self.entries = before
                return reason
            self.entries.append(entry)
            if any(self._broken(account) for account in (entry.debit, entry.credit)):
                self.entries = before
                return "ledger.limit"
        return ""

    def _reason(self, entry: Transfer) -> str:
        known = [other for other in self.entries if other.id == entry.id]
        if known:
            return "again" if known == [entry] else "ledger.conflict"
        if entry.phase in (Phase.POSTED, Phase.PENDING):
            return ""
        pending = [other for other in self.entries if other.id == entry.pending_id and other.phase is Phase.PENDING]
        if not pending or (pending[0].debit, pending[0].credit) != (entry.debit, entry.credit):
            return "broken"
        if any(other.pending_id == entry.pending_id for other in self.entries):
            return "ledger.resolved"
        return "broken" if entry.amount > pending[0].amount else ""

    def totals(self, account: str) -> tuple[int, int, int, int]:
        """Pending and posted debits, pending and posted credits."""
        sums: Counter[tuple[str, str]] = Counter()
        resolved = {entry.pending_id for entry in self.entries if entry.pending_id}
        for entry in self.entries:
            for side, of in (("debit", entry.debit), ("credit", entry.credit)):
                if of == account and entry.phase in (Phase.POSTED, Phase.POST):
                    sums[side, "posted"] += entry.amount
                if of == account and entry.phase is Phase.PENDING and entry.id not in resolved:
                    sums[side, "pending"] += entry.amount
        return sums["debit", "pending"], sums["debit", "posted"], sums["credit", "pending"], sums["credit", "posted"]

    def _broken(self, account: str) -> bool:
        debits_pending, debits_posted, credits_pending, credits_posted = self.totals(account)
        if account == CUSTODY:
            return credits_pending + credits_posted > debits_posted
        return account in (CLAIM, ALICE) and debits_pending + debits_posted > credits_posted


def outcome(store: Store, batch: list[Transfer]) -> str:
    """What a store says to a batch."""
    try:
        with store.transaction() as unit:
            unit.post(batch)
    except LedgerBroken:
        return "broken"
    except Refused as refusal:
        return refusal.code
    return ""


accounts = st.sampled_from(ACCOUNTS)
amounts = st.integers(1, 20)


class LedgerMachine(RuleBasedStateMachine):
    """Posts batches of every kind to all three."""

    entries: Bundle[Transfer] = Bundle("entries")
    place = staticmethod(sqlite_place)

    @initialize()
    def open(self) -> None:
        """Three empty ledgers."""
        self.folder = tempfile.TemporaryDirectory()
        self.model = Model()
        self.memory = memory_store(Path(self.folder.name))
        self.sql = sql_store(self.place(Path(self.folder.name)))
        self.count = 0

    def teardown(self) -> None:
        """Check the whole SQL ledger from its own record."""
        if hasattr(self, "sql"):
            self.sql.close()
            engine = open_database(url_of(Path(self.folder.name)))
            problems = verify_ledger(engine)
            engine.dispose()
            self.folder.cleanup()
            assert problems == []

    def _post(self, batch: list[Transfer]) -> None:
        expected = self.model.post(batch)
        assert (outcome(self.memory, batch), outcome(self.sql, batch)) == (expected, expected)

    def _id(self) -> str:
        self.count += 1
        return f"t{self.count}"

    @rule(target=entries, moves=st.lists(st.tuples(accounts, accounts, amounts, st.booleans()), min_size=1, max_size=4))
    def post_new(self, moves: list[tuple[str, str, int, bool]]) -> MultipleResults[Transfer]:
        """A batch of new transfers, some of them pending."""
        batch = [
            Transfer(self._id(), debit, credit, amount, "c", Phase.PENDING if held else Phase.POSTED)
            for debit, credit, amount, held in moves
            if debit != credit
        ]
        self._post(batch)
        return multiple(*batch)

    @rule(target=entries, entry=entries, amount=amounts, void=st.booleans())
    def resolve(self, entry: Transfer, amount: int, void: bool) -> Transfer:
        """The second phase of something, which may not be pending, may be resolved, or may be too small."""
        phase = Phase.VOID if void else Phase.POST
        resolution = Transfer(self._id(), entry.debit, entry.credit, amount, "c", phase, entry.id)
        self._post([resolution])
        return resolution

    @rule(entry=entries)
    def again(self, entry: Transfer) -> None:
        """The same transfer once more; if it was refused before, it may pass now."""
        self._post([entry])

    @rule(entry=entries)
    def altered(self, entry: Transfer) -> None:
        """The same id with another cause."""
        self._post([Transfer(entry.id, entry.debit, entry.credit, entry.amount, "d", entry.phase, entry.pending_id)])

    @invariant()
    def all_agree(self) -> None:
        """The same totals in all three."""
        if hasattr(self, "sql"):
            with self.memory.view() as memory, self.sql.view() as sql:
                for account in ACCOUNTS:
                    expected = self.model.totals(account)
                    for balance in (memory.balance(account), sql.balance(account)):
                        assert expected == (
                            balance.debits_pending,
                            balance.debits_posted,
                            balance.credits_pending,
                            balance.credits_posted,
                        )


class PostgresLedgerMachine(LedgerMachine):
    """The same on PostgreSQL."""

    place = staticmethod(postgres_place)


TestPostgresLedger = pytest.mark.slow(PostgresLedgerMachine.TestCase)
TestPostgresLedger.settings = settings(max_examples=8, stateful_step_count=30, deadline=None)
TestLedger = pytest.mark.slow(LedgerMachine.TestCase)
TestLedger.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
