"""The conformance suite of the store, its outbox (O), on every adapter. Cases are numbered; the port says what they hold."""

import pytest
from tests.conformance.store_steps import enqueue, keys, lease
from tests.conformance.stores import (
    Order,
    command,
)

from openscrip.kernel.errors import Conflict
from openscrip.runtime.store import Fenced, Store


def test_o01_commands_are_leased_once_they_are_due_in_order_of_due_time(store: Store) -> None:
    enqueue(store, "late", due_at=200)
    enqueue(store, "a", "b")
    enqueue(store, "first", due_at=-5)
    assert keys(lease(store, 0)) == ["first", "a", "b"]
    assert lease(store, 199) == []
    [late] = lease(store, 200)
    assert (late.command, late.attempts) == (command("late", 200), 0)


def test_o02_a_leased_command_is_nobody_elses_until_the_lease_ends(store: Store) -> None:
    enqueue(store, "a")
    [mine] = lease(store, machine_now=100.0)
    assert lease(store, machine_now=129.9, worker="other") == []
    [theirs] = lease(store, machine_now=130.0, worker="other")
    assert theirs.attempts == 1
    assert theirs.token > mine.token


def test_o03_whoever_lost_a_lease_is_fenced_off(store: Store) -> None:
    enqueue(store, "a")
    [mine] = lease(store, machine_now=0.0)
    [theirs] = lease(store, machine_now=31.0, worker="other")
    for write in ("finish", "extend"):
        with pytest.raises(Fenced), store.transaction() as unit:
            unit.put(Order("a"))
            getattr(unit, write)(mine)
    store.retry(mine, "late", 0.0)
    store.park(mine, "late")
    with store.transaction() as unit:
        assert unit.row(Order, "a") is None
        unit.extend(theirs)
        unit.finish(theirs)
        with pytest.raises(Fenced):
            unit.finish(theirs)
    assert store.waiting() == []
    assert lease(store, machine_now=1_000.0) == []


def test_o04_a_slow_worker_keeps_an_ended_lease_that_nobody_took(store: Store) -> None:
    enqueue(store, "a")
    [mine] = lease(store, machine_now=0.0)
    with store.transaction() as unit:
        unit.finish(mine)
    assert lease(store, machine_now=31.0) == []


def test_o05_a_retried_command_waits_for_its_machine_time_and_keeps_the_error(store: Store) -> None:
    enqueue(store, "a")
    [mine] = lease(store, machine_now=10.0)
    store.retry(mine, "broker: no answer", 15.0)
    assert store.waiting() == [(command("a"), "due", 1, "broker: no answer")]
    assert lease(store, machine_now=14.9) == []
    [again] = lease(store, machine_now=15.0)
    assert again.attempts == 1
    with pytest.raises(Fenced), store.transaction() as unit:
        unit.finish(mine)


def test_o06_a_parked_command_waits_for_an_operator(store: Store) -> None:
    enqueue(store, "a", "b")
    mine, _ = lease(store)
    store.park(mine, "a bug")
    assert lease(store, machine_now=29.0) == []
    assert store.waiting()[0] == (command("a"), "parked", 1, "a bug")
    store.unpark("b")
    store.unpark("a")
    [again] = lease(store, machine_now=29.0)
    assert (again.command.key, again.attempts) == ("a", 0)


def test_o06_a_command_unparked_in_a_transaction__goes_on_only_when_it_commits(store: Store) -> None:
    enqueue(store, "a", "b")
    mine, _ = lease(store)
    store.park(mine, "a bug")
    with pytest.raises(RuntimeError), store.transaction() as unit:
        assert unit.unpark("a")
        raise RuntimeError("undone")
    assert store.waiting()[0] == (command("a"), "parked", 1, "a bug")
    with store.transaction() as unit:
        assert [unit.unpark(key) for key in ("a", "b", "c")] == [True, False, False]
    [again] = lease(store, machine_now=29.0)
    assert (again.command.key, again.attempts) == ("a", 0)


def test_o06_open_commands__are_narrowed_by_row_status_and_key(store: Store) -> None:
    enqueue(store, "a", "b", "c")
    first, second, _ = lease(store, machine_now=10.0)
    store.park(first, "a bug")
    store.retry(second, "no answer", 15.0)
    with store.view() as view:
        found = view.open_commands()
        assert [(each.command.key, each.status, each.attempts, each.error) for each in found] == [
            ("a", "parked", 1, "a bug"), ("b", "due", 1, "no answer"), ("c", "leased", 1, ""),
        ]  # fmt: skip
        assert found[1].machine_until == 15.0
        assert [each.command.key for each in view.open_commands(status="parked")] == ["a"]
        assert [each.command.key for each in view.open_commands(key="c")] == ["c"]
        assert len(view.open_commands(row_id=command("a").row_id, limit=2)) == min(2, len(found))
        assert view.open_commands(row_id="nobody") == []


def test_o07_the_same_command_again_is_a_no_op_even_when_it_is_done(store: Store) -> None:
    enqueue(store, "a")
    enqueue(store, "a")
    [mine] = lease(store)
    with store.transaction() as unit:
        unit.finish(mine)
    enqueue(store, "a")
    assert store.waiting() == []
    with pytest.raises(Conflict) as refusal, store.transaction() as unit:
        unit.enqueue(command("a", text="other"))
    assert refusal.value.code == "outbox.conflict"


def test_o07_two_commands_under_one_key_in_one_transaction__are_a_conflict(store: Store) -> None:
    with pytest.raises(Conflict), store.transaction() as unit:
        unit.put(Order("a"))
        unit.enqueue(command("a", text="one"))
        unit.enqueue(command("a", text="other"))
    with store.view() as view:
        assert view.rows(Order) == []
    assert store.waiting() == []


def test_o07_what_was_enqueued_is_seen_in_its_own_transaction(store: Store) -> None:
    with store.transaction() as unit:
        unit.enqueue(command("a"))
        unit.enqueue(command("b"))
        assert [each.command for each in unit.open_commands()] == [command("a"), command("b")]
        unit.enqueue(command("a"))
        unit.enqueue(command("c"))
    assert keys(lease(store)) == ["a", "b", "c"]


def test_o07_a_transaction_tells_whether_it_asks_anybody_outside(store: Store) -> None:
    told: list[bool] = []
    with store.transaction() as unit:
        unit.put(Order("a"))
        told.append(unit.asks_outside)
        unit.enqueue(command("a"))
        told.append(unit.asks_outside)
    with store.transaction() as unit:
        unit.enqueue(command("a"))
        told.append(unit.asks_outside)
    [mine] = lease(store)
    store.park(mine, "a bug")
    with store.transaction() as unit:
        unit.unpark("a")
        told.append(unit.asks_outside)
    assert told == [False, True, False, True]


def test_o08_the_next_due_time_counts_leased_and_retried_but_not_parked_commands(store: Store) -> None:
    assert store.next_due() is None
    enqueue(store, "now", due_at=10)
    enqueue(store, "later", due_at=500)
    assert store.next_due() == 10
    [mine] = lease(store, 10)
    assert store.next_due() == 10
    store.retry(mine, "no answer", 5.0)
    assert store.next_due() == 10
    [mine] = lease(store, 10, machine_now=5.0)
    store.park(mine, "a bug")
    assert store.next_due() == 500


def test_o09_a_worker_that_starts_again_takes_back_only_what_it_held(store: Store) -> None:
    enqueue(store, "a", "b")
    [mine] = lease(store, worker="me", limit=1)
    lease(store, worker="other", limit=1)
    assert store.release("me") == 1
    [again] = lease(store, worker="me")
    assert (again.command.key, again.attempts) == ("a", 1)
    with pytest.raises(Fenced), store.transaction() as unit:
        unit.finish(mine)
    assert store.release("nobody") == 0


def test_o10_the_limit_of_a_lease_holds(store: Store) -> None:
    enqueue(store, *"abcde")
    assert keys(lease(store, limit=2)) == ["a", "b"]
    assert keys(lease(store, limit=2)) == ["c", "d"]
    assert [waits[1] for waits in store.waiting(4)] == ["leased"] * 4
