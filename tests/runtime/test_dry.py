"""A transaction that writes nothing: it reads its own writes, and the books stay as they were."""

from dataclasses import dataclass

import pytest

from openscrip.assets import accounts
from openscrip.runtime.dry import DryUnit
from openscrip.runtime.ledger import Balance, Phase, Transfer
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.store import Command

CASH = Transfer("t1", accounts.BANK, accounts.CAPITAL, 100, "capital")


@dataclass(frozen=True, slots=True)
class Note:
    """Row, action and fact alike."""

    id: str
    text: str = ""
    stock: str = ""
    state: str = "open"


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore(accounts.CHART)
    with made.transaction() as unit:
        unit.put(Note("a"))
        unit.post((CASH,))
    return made


def test_what_is_decided__is_read_back__and_the_books_stay_as_they_were(store: MemoryStore) -> None:
    with store.view() as view:
        dry = DryUnit(view)
        dry.put(Note("a", "changed", state="closed"))
        dry.put(Note("b"))
        dry.enqueue(Command("c1", "Note", "b", Note("x")))
        dry.record(Note("fact"), 5)
        assert [dry.next_number("line"), dry.next_number("line")] == [0, 1]
        assert (dry.row(Note, "a"), dry.row(Note, "none")) == (Note("a", "changed", state="closed"), None)
        assert [row.id for row in dry.rows(Note, state="open")] == ["b"]
        assert sorted(dry.several(Note, ("a", "b", "none"))) == ["a", "b"]
    with store.view() as view:
        assert view.rows(Note) == [Note("a")]
        assert (view.counted("line"), view.facts(), view.open_commands()) == (0, [], [])


def test_what_would_be_posted__shows_in_balances__pending_and_posted(store: MemoryStore) -> None:
    with store.view() as view:
        dry = DryUnit(view)
        dry.post((Transfer("t2", accounts.CAPITAL, accounts.BANK, 30, "x", Phase.PENDING),))
        assert dry.balance(accounts.BANK) == Balance(debits_posted=100, credits_pending=30)
        dry.post((Transfer("t3", accounts.CAPITAL, accounts.BANK, 30, "x", Phase.POST, "t2"),))
        assert dry.balances("USD")[accounts.BANK] == Balance(debits_posted=100, credits_posted=30)
        assert view.balance(accounts.BANK) == Balance(debits_posted=100)


def test_only_a_parked_command__can_be_tried_again(store: MemoryStore) -> None:
    with store.transaction() as unit:
        unit.enqueue(Command("c1", "Note", "a", Note("x")))
    [lease] = store.lease("worker", 1, 0, 0.0)
    store.park(lease, "no")
    with store.view() as view:
        dry = DryUnit(view)
        assert (dry.unpark("c1"), dry.unpark("c2"), dry.unparked) == (True, False, ["c1"])
        assert view.open_commands(status="parked")[0].command.key == "c1"
