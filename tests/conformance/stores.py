"""What the conformance cases of the store stand on: its rows, actions and facts, and a way to open each adapter."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.databases import postgres_place, url_of

from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.ledger import Chart, Phase, Side, Transfer
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Command, Store


@dataclass(frozen=True, slots=True)
class Order:
    id: str
    stock: str = "TSLA"
    state: str = "new"
    count: int = 0


@dataclass(frozen=True, slots=True)
class Letter:
    id: str
    stock: str = ""
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Owned:
    id: str
    stock: str = "TSLA"
    state: str = "new"
    person: str = ""


@dataclass(frozen=True, slots=True)
class Send:
    text: str


@dataclass(frozen=True, slots=True)
class Sent:
    text: str


CHART: Chart = {"world": Side.EITHER, "custody": Side.DEBIT, "claim": Side.CREDIT}
REGISTERED = (Order, Letter, Owned, Send, Sent)

WORLD, CUSTODY, CLAIM, ALICE = "TSLA/world", "TSLA/custody", "TSLA/claim", "TSLA/claim:alice"

OpenStore = Callable[[], Store]


def memory_store(_: Path) -> MemoryStore:
    """A store that forgets."""
    return MemoryStore(CHART)


def sql_store(folder: Path) -> SqlStore:
    """The store in `folder`; open it twice for two stores on one database."""
    engine = open_database(url_of(folder))
    upgrade(engine)
    return SqlStore(engine, CHART, REGISTERED)


def postgres_store(folder: Path) -> SqlStore:
    """The store in a new database of the server."""
    return sql_store(postgres_place(folder))


STORES = {"memory": memory_store, "sqlite": sql_store, "postgresql": postgres_store}
"""Every adapter of the port."""


def posted(transfer_id: str, debit: str, credit: str, amount: int, cause: str = "test") -> Transfer:
    """A transfer in one phase."""
    return Transfer(transfer_id, debit, credit, amount, cause)


def pending(transfer_id: str, debit: str, credit: str, amount: int) -> Transfer:
    """The first phase of a transfer in two."""
    return Transfer(transfer_id, debit, credit, amount, "test", Phase.PENDING)


def resolution(transfer_id: str, of: Transfer, amount: int, phase: Phase = Phase.POST) -> Transfer:
    """The second phase of `of`."""
    return Transfer(transfer_id, of.debit, of.credit, amount, "test", phase, of.id)


def command(key: str, due_at: int = 0, text: str = "hello") -> Command:
    """A letter to send."""
    return Command(key, "Letter", "letter-1", Send(text), due_at)
