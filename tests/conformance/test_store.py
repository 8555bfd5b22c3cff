"""The conformance suite of the store, on every adapter. Cases are numbered; the port says what they hold.

R rows and transactions, I inbox, cursors, single use and numbers, A what persons did; L and O have files of their own.
"""

from typing import Any

import pytest
from tests.conformance.store_steps import keys, lease
from tests.conformance.stores import (
    CUSTODY,
    WORLD,
    Letter,
    Order,
    Owned,
    Sent,
    command,
    posted,
)

from openscrip.kernel.errors import Conflict, Refused
from openscrip.runtime.audit_trail import broken_at
from openscrip.runtime.store import Sample, Store

# R: rows, and transactions as a whole


def test_r01_a_row_is_read_back_equal_and_replaced_whole(store: Store) -> None:
    with store.transaction() as unit:
        assert unit.row(Order, "a") is None
        unit.put(Order("a", count=1))
        assert unit.row(Order, "a") == Order("a", count=1)
    with store.transaction() as unit:
        unit.put(Order("a", state="done", count=2))
    with store.view() as view:
        assert view.row(Order, "a") == Order("a", state="done", count=2)
        assert view.row(Letter, "a") is None


def test_r02_rows_are_listed_oldest_first_by_stock_and_state(store: Store) -> None:
    with store.transaction() as unit:
        for row_id, stock, state in [("c", "TSLA", "new"), ("a", "NVDA", "new"), ("b", "TSLA", "new")]:
            unit.put(Order(row_id, stock, state))
        unit.put(Letter("a"))
    with store.transaction() as unit:
        unit.put(Order("c", "TSLA", "done"))
        unit.put(Order("c", "TSLA", "new", 7))
        unit.put(Order("a", "NVDA", "done"))
        assert [row.id for row in unit.rows(Order)] == ["c", "a", "b"]
        assert [row.id for row in unit.rows(Order, stock="TSLA")] == ["c", "b"]
        assert [row.id for row in unit.rows(Order, state="new")] == ["c", "b"]
        assert [row.id for row in unit.rows(Order, stock="NVDA", state="done")] == ["a"]
        assert unit.rows(Order, stock="NVDA", state="new") == []
        assert unit.rows(Order, state="unknown") == []


def test_r03_an_exception_undoes_everything(store: Store) -> None:
    with store.transaction() as unit:
        unit.put(Order("a"))
        unit.put(Order("b", state="old"))
        unit.enqueue(command("held"))
        unit.set_cursor("feed", "1")
        assert unit.next_number("n") == 0
    [held] = lease(store)
    with pytest.raises(ZeroDivisionError), store.transaction() as unit:
        unit.put(Order("a", state="done"))
        unit.put(Order("c"))
        unit.post([posted("1", CUSTODY, WORLD, 10)])
        unit.record(Sent("x"), 1)
        unit.enqueue(command("k"))
        unit.finish(held)
        assert unit.first_time("bank", "m")
        unit.set_cursor("feed", "2")
        unit.use_once("receipt", "r", "me")
        assert unit.next_number("n") == 1
        _ = 1 // 0
    assert lease(store) == []
    assert [(waits[0].key, waits[1]) for waits in store.waiting()] == [("held", "leased")]
    with store.transaction() as unit:
        assert unit.rows(Order) == [Order("a"), Order("b", state="old")]
        assert unit.rows(Order, state="done") == []
        assert unit.balances() == {}
        assert unit.facts() == []
        assert unit.first_time("bank", "m")
        assert unit.cursor("feed") == "1"
        unit.use_once("receipt", "r", "somebody else")
        assert unit.next_number("n") == 1
        unit.post([posted("1", CUSTODY, WORLD, 11)])
        unit.enqueue(command("k", text="other"))
        unit.finish(held)
    assert keys(lease(store)) == ["k"]


def test_r04_a_transaction_inside_another_one_is_a_bug(store: Store) -> None:
    with store.transaction() as unit:
        unit.put(Order("a"))
        with pytest.raises(RuntimeError, match="inside another"):
            store.transaction().__enter__()
    with store.view() as view:
        assert view.row(Order, "a")


def test_r05_facts_are_numbered_from_one_and_read_in_parts(store: Store) -> None:
    with store.transaction() as unit:
        for count in range(5):
            unit.record(Sent(str(count)), 100 + count)
        assert unit.facts(3) == [(4, 103, Sent("3")), (5, 104, Sent("4"))]
    with store.view() as view:
        assert view.facts(limit=2) == [(1, 100, Sent("0")), (2, 101, Sent("1"))]
        assert view.facts(5) == []


def everything(store: Store, limit: int, **narrowed: str) -> list[str]:
    """Every page after the other."""
    found, before = list[str](), None
    with store.view() as view:
        while True:
            page = view.page(Owned, before=before, limit=limit, **narrowed)
            found += [row.id for row in page.rows]
            if page.next is None:
                return found
            assert len(page.rows) == limit
            before = page.next


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_r06_pages_show_every_row_once_the_newest_first(store: Store, limit: int) -> None:
    with store.transaction() as unit:
        for number in range(6):
            unit.put(Owned(f"o{number}", "TSLA" if number % 2 else "NVDA", "new", "alice" if number < 4 else ""))
        unit.put(Order("other"))
    with store.transaction() as unit:
        unit.put(Owned("o1", "TSLA", "done", "alice"))
    assert everything(store, limit) == ["o5", "o4", "o3", "o2", "o1", "o0"]
    assert everything(store, limit, person="alice") == ["o3", "o2", "o1", "o0"]
    assert everything(store, limit, person="alice", stock="TSLA") == ["o3", "o1"]
    assert everything(store, limit, stock="TSLA", state="new") == ["o5", "o3"]
    assert everything(store, limit, person="alice", stock="TSLA", state="done") == ["o1"]
    assert everything(store, limit, person="") == everything(store, limit, person="bob") == []
    with store.view() as view:
        first = [view.first(Owned, person) for person in ("alice", "bob", "")]
        assert view.first(Order, "alice") is None
    assert [row and row.id for row in first] == ["o0", None, None]


def test_r06b_tallies_count_a_state_and_name_the_first_that_is_in_it(store: Store) -> None:
    with store.transaction() as unit:
        for number in range(4):
            unit.put(Owned(f"o{number}", "TSLA", "new"))
        unit.put(Order("other"))
    with store.transaction() as unit:
        unit.put(Owned("o0", "TSLA", "done"))
        unit.put(Owned("o4", "NVDA", "done"))
        asked: list[tuple[type[Any], str]] = [(Owned, "done"), (Order, "none"), (Owned, "new"), (Owned, "none")]
        found = unit.tallies(asked)
        assert unit.states(Owned) == {"done": 2, "new": 3}
        assert unit.states(Letter) == {}
    assert [(each.count, each.oldest and each.oldest.id) for each in found] == [(2, "o0"), (0, None), (3, "o1"), (0, None)]


def test_r07_what_is_inserted_meanwhile_moves_no_page(store: Store) -> None:
    with store.transaction() as unit:
        for number in range(4):
            unit.put(Owned(f"o{number}", person="alice"))
    with store.view() as view:
        first = view.page(Owned, person="alice", limit=2)
    with store.transaction() as unit:
        unit.put(Owned("o4", person="alice"))
        unit.put(Owned("o0", state="done", person="bob"))
    with store.view() as view:
        rest = view.page(Owned, person="alice", before=first.next, limit=2)
    assert [row.id for row in (*first.rows, *rest.rows)] == ["o3", "o2", "o1"]
    assert rest.next is None


def test_r11_several_rows_are_read_at_once_by_their_ids(store: Store) -> None:
    with store.transaction() as unit:
        for name in ("a", "b", "c"):
            unit.put(Order(name))
        unit.put(Letter("d"))
        assert unit.several(Order, ["c", "a", "d", "x"]) == {"a": Order("a"), "c": Order("c")}
        assert unit.several(Order, []) == {}
        unit.put(Order("a", state="done"))
        assert [unit.count(Order), unit.count(Order, stock="TSLA"), unit.count(Order, stock="NVDA")] == [3, 3, 0]
        assert [unit.count(Order, state="done"), unit.count(Order, stock="TSLA", state="new"), unit.count(Letter)] == [1, 2, 1]


def test_r13_rows_in_one_of_several_states_are_listed_oldest_first(store: Store) -> None:
    with store.transaction() as unit:
        for row_id, stock, state in [("c", "TSLA", "new"), ("a", "NVDA", "held"), ("b", "TSLA", "done"), ("d", "TSLA", "held")]:
            unit.put(Order(row_id, stock, state))
        assert [row.id for row in unit.rows_in(Order, ("held", "new"))] == ["c", "a", "d"]
        unit.put(Order("c", "TSLA", "done"))
        assert [row.id for row in unit.rows_in(Order, ("held", "new"), stock="TSLA")] == ["d"]
        assert unit.rows_in(Order, ()) == []
        assert unit.rows_in(Letter, ("new",)) == []
    with store.view() as view:
        assert [row.id for row in view.rows_in(Order, ("done",), stock="TSLA")] == ["c", "b"]


def test_r08_a_sample_that_says_the_same_soon_after_makes_the_last_one_longer(store: Store) -> None:
    with store.transaction() as unit:
        for at, value in ((100, 5), (110, 5), (120, 5), (130, 6), (140, 6)):
            unit.sample("cover", at, value, "b", within=10)
        unit.sample("cover", 200, 6, "b", within=10)
        unit.sample("cover", 205, None, within=10)
        unit.sample("other", 100, 1)
    with pytest.raises(ZeroDivisionError), store.transaction() as unit:
        unit.sample("cover", 210, None, within=10)
        unit.sample("cover", 220, 1)
        _ = 1 // 0
    with store.view() as view:
        standing = [Sample(100, 120, 5, "b"), Sample(130, 140, 6, "b"), Sample(200, 200, 6, "b"), Sample(205, 205, None)]
        assert view.samples("cover", 0, 1_000) == standing
        assert view.samples("cover", 135, 200) == standing[1:3]
        assert view.samples("unknown", 0, 1_000) == []


def test_r09_samples_are_thinned_to_the_least_and_greatest_and_gaps_stay(store: Store) -> None:
    with store.transaction() as unit:
        for at in range(1, 1_001):
            unit.sample("cover", at, None if at == 500 else -7 if at == 321 else 99 if at == 777 else 10 + at % 3)
    with store.view() as view:
        found = view.samples("cover", 0, 1_000, most=40)
    assert len(found) <= 43
    assert {(321, -7), (777, 99), (500, None)} <= {(each.at, each.value) for each in found}
    assert [each.at for each in found] == sorted({each.at for each in found})


def test_r10_the_position_is_the_number_of_the_newest_fact(store: Store) -> None:
    with store.transaction() as unit:
        assert unit.position() == 0
        unit.record(Sent("a"), 1)
    with store.view() as view:
        assert view.position() == 1


# I: the inbox, cursors, single use and numbers


def test_i01_a_message_is_new_once_for_its_source(store: Store) -> None:
    for first in (True, False):
        with store.transaction() as unit:
            assert unit.first_time("bank", "m1", "aa") is first
            assert unit.first_time("broker", "m1", "bb") is first
    with pytest.raises(Conflict) as refusal, store.transaction() as unit:
        unit.first_time("bank", "m1", "bb")
    assert refusal.value.code == "inbox.conflict"


def test_i02_a_cursor_starts_empty_and_remembers(store: Store) -> None:
    with store.transaction() as unit:
        assert unit.cursor("feed") == ""
        unit.set_cursor("feed", "5")
        unit.set_cursor("feed", "6")
        assert unit.cursor("feed") == "6"
    with store.view() as view:
        assert view.cursor("feed") == "6"
        assert view.cursor("other") == ""


def test_i03_evidence_serves_one_user_for_ever(store: Store) -> None:
    for _ in range(2):
        with store.transaction() as unit:
            unit.use_once("receipt", "r1", "mint-1")
            unit.use_once("burn", "r1", "mint-2")
    with pytest.raises(Refused) as refusal, store.transaction() as unit:
        unit.use_once("receipt", "r1", "mint-2")
    assert refusal.value.code == "once.used"


def test_i04_numbers_count_without_gaps_for_each_name(store: Store) -> None:
    with store.transaction() as unit:
        assert [unit.next_number("nonce"), unit.next_number("nonce"), unit.next_number("line")] == [0, 1, 0]
    with pytest.raises(ZeroDivisionError), store.transaction() as unit:
        unit.next_number("nonce")
        _ = 1 // 0
    with store.transaction() as unit:
        assert unit.next_number("nonce") == 2


# What persons did


def test_a01_acts_are_a_chain_in_the_order_in_which_they_were_written(store: Store) -> None:
    for number, who in enumerate(("ada", "bert", "ada"), 1):
        with store.transaction() as unit:
            entry = unit.audit(who, "order.release", f"sub-{number}", '{"shares":"1"}', 1_000 + number, 500)
        assert entry.number == number
    with pytest.raises(ZeroDivisionError), store.transaction() as unit:
        unit.audit("ada", "order.release", "sub-4", "{}", 1_004, 500)
        _ = 1 // 0
    with store.view() as view:
        first, second, third = view.audited()
        assert (second.previous, third.previous) == (first.hash, second.hash)
        assert view.audited(1, 1) == [second]
        assert view.counted("audit") == 3
        assert broken_at(view) == ""


def test_a02_acts_are_found_by_person_and_by_what_they_were_about_newest_first(store: Store) -> None:
    with store.transaction() as unit:
        for number, who in enumerate(("ada", "bert", "ada"), 1):
            unit.audit(who, "order.release", f"sub-{number % 2}", "{}", 1_000, 500)
    with store.view() as view:
        assert [entry.number for entry in view.audit_page()] == [3, 2, 1]
        assert [entry.number for entry in view.audit_page(who="ada", limit=1)] == [3]
        assert [entry.number for entry in view.audit_page(who="ada", before=3)] == [1]
        assert [entry.number for entry in view.audit_page(subject="sub-1")] == [3, 1]
        assert [entry.number for entry in view.audit_page(who="bert", subject="sub-1")] == []


# Reading one thing


def test_r12_a_glance_shows_what_was_committed(store: Store) -> None:
    with store.transaction() as unit:
        unit.put(Order("first", count=1))
    with store.glance() as glance:
        found = glance.row(Order, "first")
        assert found is not None
        assert found.count == 1
        assert [each.id for each in glance.rows(Order)] == ["first"]
