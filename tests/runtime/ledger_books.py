"""A small ledger on disk whose market time the test moves, and a model that only keeps a list."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine
from tests.databases import tampered, url_of

from openscrip.assets.accounts import CHART
from openscrip.runtime.database import READ_ONLY, open_database, upgrade
from openscrip.runtime.ledger import Balance, Phase, Transfer
from openscrip.runtime.sql import SqlStore

DAY = 86_400
JUNE_3 = 1_717_372_800
"""2024-06-03T00:00:00Z."""
BANK, CAPITAL, FEES, CLIENT = "USD/bank", "USD/capital", "USD/fees_income", "USD/client_payable:r1"
CUSTODY, INVENTORY = "TSLA/custody", "TSLA/inventory"


class LedgerOnDisk:
    """Opens the database of a folder; `now` is the market time of what is posted next."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = JUNE_3
        self.engine: Engine = open_database(url_of(folder))
        upgrade(self.engine)
        self.store = SqlStore(self.engine, CHART, (), lambda: self.now)

    def post(self, *transfers: Transfer) -> None:
        """All of them or none."""
        with self.store.transaction() as unit:
            unit.post(transfers)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads."""
        with self.engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            yield connection

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def tampered(self, *statements: str) -> None:
        """What somebody with the database in their hands could do: no trigger, key or check in the way."""
        self.store.close()
        tampered(self.folder, *statements)


@dataclass
class ListModel:
    """The ledger as a list of transfers with their times; every answer adds it up anew."""

    entries: list[tuple[int, Transfer]] = field(default_factory=list)

    def balance(self, account: str, upto: int) -> Balance:
        """The totals of an account after the first `upto` transfers."""
        known = self.entries[:upto]
        resolved = {entry.pending_id for _, entry in known}
        sums: Counter[str] = Counter()
        for _, entry in known:
            for side, of in (("debit", entry.debit), ("credit", entry.credit)):
                if of != account:
                    continue
                if entry.phase in (Phase.POSTED, Phase.POST):
                    sums[f"{side}_posted"] += entry.amount
                if entry.phase is Phase.PENDING and entry.id not in resolved:
                    sums[f"{side}_pending"] += entry.amount
        return Balance(sums["debit_pending"], sums["debit_posted"], sums["credit_pending"], sums["credit_posted"])

    def until(self, at: int) -> int:
        """How many transfers had been posted at an instant."""
        return sum(1 for posted_at, _ in self.entries if posted_at <= at)
