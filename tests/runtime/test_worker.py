"""The worker, on both stores: each effect performed, each answer recorded once, and failures where they belong."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.stores import STORES, Letter, Order, Send, Sent, command, memory_store

from openscrip.kernel.clock import SteppedClock
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.runtime.feed import Feed
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Command, Lease, Store, Unit
from openscrip.runtime.worker import Retries, Worker


@pytest.fixture(params=list(STORES.values()), ids=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = request.param(tmp_path)
    yield opened
    if isinstance(opened, SqlStore):
        opened.close()


def record(unit: Unit, done: Command, answer: object) -> None:
    """What the books do with an answer here: a fact."""
    text = f"refused {answer.code}" if isinstance(answer, Refused) else str(answer)
    unit.record(Sent(f"{done.key}: {text}"), 0)


def said(store: Store) -> list[str]:
    with store.view() as view:
        return [fact.text for _, _, fact in view.facts() if isinstance(fact, Sent)]


def enqueue(store: Store, *names: str, due_at: int = 0) -> None:
    with store.transaction() as unit:
        for name in names:
            unit.enqueue(command(name, due_at, text=name))


class Machine:
    """Machine time that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def working(store: Store, perform: Callable[[Lease], Any], clock: SteppedClock | None = None, **more: Any) -> Worker:
    table: Mapping[type[Any], Callable[[Lease], Any]] = {Send: perform}
    more.setdefault("apply", record)
    return Worker(store, clock or SteppedClock(0), table, **more)


def test_an_answer_is_recorded_and_the_command_is_done(store: Store) -> None:
    enqueue(store, "a")
    worker = working(store, lambda lease: f"sent {lease.command.action.text}")  # type: ignore[attr-defined]  # a Send
    assert worker.step()
    assert not worker.step()
    assert said(store) == ["a: sent a"]
    assert store.waiting() == []


def test_a_refusal_is_an_answer(store: Store) -> None:
    enqueue(store, "a")

    def perform(_: Lease) -> None:
        raise Refused("order.limit", "order: above the limit")

    assert working(store, perform).step()
    assert said(store) == ["a: refused order.limit"]


def test_an_outage_is_tried_again_with_growing_pauses_and_then_parked(store: Store) -> None:
    enqueue(store, "a")
    machine = Machine()
    tried: list[float] = []

    def perform(_: Lease) -> None:
        tried.append(machine.now)
        raise Unavailable("broker: no answer")

    worker = working(store, perform, machine=machine, retries=Retries(first_s=1.0, most_s=3.0, limit=4))
    while machine.now < 30.0:
        worker.step()
        machine.now += 0.5
    assert tried == [0.0, 1.0, 3.0, 6.0]
    assert store.waiting()[0][1:] == ("parked", 4, "broker: no answer")


def test_a_bug_parks_its_command_with_the_traceback_and_stops_nothing_else(store: Store) -> None:
    enqueue(store, "a", "b")

    def perform(lease: Lease) -> str:
        return str(1 // 0) if lease.command.key == "a" else "ok"

    worker = working(store, perform)
    while worker.step():
        pass
    assert said(store) == ["b: ok"]
    [(parked, status, _, error)] = store.waiting()
    assert (parked.key, status) == ("a", "parked")
    assert "ZeroDivisionError" in error


def test_an_action_that_nobody_performs_is_parked(store: Store) -> None:
    enqueue(store, "a")
    worker = Worker(store, SteppedClock(0), {}, record)
    worker.step()
    assert store.waiting()[0][1] == "parked"


def test_an_answer_that_cannot_be_recorded_writes_nothing_and_is_parked(store: Store) -> None:
    enqueue(store, "a")

    def apply(unit: Unit, done: Command, _: object) -> None:
        unit.put(Order(done.key))
        raise Refused("ledger.limit", "ledger: passed its limit")

    working(store, lambda _: "ok", apply=apply).step()
    assert store.waiting()[0][1:] == ("parked", 1, "ledger: passed its limit")
    with store.view() as view:
        assert view.row(Order, "a") is None


def test_a_worker_that_lost_its_lease_writes_nothing(store: Store) -> None:
    enqueue(store, "a")
    machine = Machine()

    def perform(_: Lease) -> str:
        machine.now += 31.0
        [theirs] = store.lease("other", 1, 0, machine.now)
        with store.transaction() as unit:
            unit.finish(theirs)
            unit.record(Sent("a: theirs"), 0)
        return "mine"

    working(store, perform, machine=machine, lease_s=30.0).step()
    assert said(store) == ["a: theirs"]
    assert store.waiting() == []


class Died(BaseException):
    """Stands for the end of the process at a probe."""


POINTS = ["before effect", "after effect", "before transaction", "after record"]


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_at_any_point_is_continued_by_the_next_of_its_name(store: Store, point: str) -> None:
    enqueue(store, "a")
    effects: list[str] = []
    deaths = iter([True])

    def perform(lease: Lease) -> str:
        effects.append(lease.command.key)
        return "ok"

    def probe(told: str) -> None:
        if told == f"{point}: a" and next(deaths, False):
            raise Died

    with pytest.raises(Died):
        working(store, perform, probe=probe).step()
    working(store, perform, probe=probe).step()
    assert said(store) == ["a: ok"]
    assert set(effects) == {"a"}
    assert store.waiting() == []


def test_a_command_waits_for_its_market_time(store: Store) -> None:
    clock = SteppedClock(0)
    enqueue(store, "a", due_at=100)
    worker = working(store, lambda _: "ok", clock)
    assert not worker.step()
    clock.advance_to(100)
    assert worker.step()


def counting_feed(total: int, seen: list[int]) -> Feed:
    def poll(cursor: str) -> tuple[Sequence[int], str]:
        first = int(cursor or 0)
        events = list(range(first, min(first + 3, total)))
        return events, str(first + len(events))

    def apply(unit: Unit, event: int) -> None:
        seen.append(event)
        unit.enqueue(command(f"k{event}", text=str(event)))

    return Feed("numbers", poll, apply)


def test_a_feed_is_applied_in_order_with_its_cursor(store: Store) -> None:
    seen: list[int] = []
    worker = working(store, lambda _: "ok", feeds=[counting_feed(7, seen)])
    while worker.step():
        pass
    assert seen == list(range(7))
    assert len(said(store)) == 7
    with store.view() as view:
        assert view.cursor("numbers") == "7"


def test_news_that_cannot_be_applied_leaves_the_cursor_where_it_was(store: Store) -> None:
    def apply(unit: Unit, event: int) -> None:
        unit.put(Letter(str(event)))
        if event == 1:
            raise ZeroDivisionError

    worker = working(store, lambda _: "ok", feeds=[Feed("numbers", lambda _: ([0, 1], "2"), apply)])
    with pytest.raises(ZeroDivisionError):
        worker.step()
    with store.view() as view:
        assert view.cursor("numbers") == ""
        assert view.rows(Letter) == []


# with threads


def test_effects_run_side_by_side_and_every_answer_is_recorded(store: Store) -> None:
    enqueue(store, *(f"k{number}" for number in range(40)))
    together = threading.Barrier(4)

    def perform(_: Lease) -> str:
        together.wait(30)
        return "ok"

    working(store, perform, threads=4).run_until_idle(30)
    assert len(said(store)) == 40
    assert store.waiting() == []


def test_an_effect_without_an_answer_is_done_all_the_same(store: Store) -> None:
    enqueue(store, "a")
    working(store, lambda _: None).run_until_idle(30)
    assert said(store) == ["a: None"]
    assert store.waiting() == []


def test_one_bad_answer_in_a_group_does_not_hold_the_others(store: Store) -> None:
    enqueue(store, *(f"k{number}" for number in range(16)))

    def apply(unit: Unit, done: Command, answer: object) -> None:
        record(unit, done, answer)
        if done.key == "k7":
            raise ZeroDivisionError

    working(store, lambda _: "ok", threads=8, apply=apply).run_until_idle(30)
    assert sorted(said(store)) == sorted(f"k{number}: ok" for number in range(16) if number != 7)
    assert [(waits[0].key, waits[1]) for waits in store.waiting()] == [("k7", "parked")]


def test_idle_means_that_feeds_were_read_after_the_last_effect(store: Store) -> None:
    news: list[str] = []
    enqueue(store, "a")

    def perform(lease: Lease) -> str:
        if len(news) < 5:
            news.append(f"{lease.command.key}x")
        return "ok"

    def poll(cursor: str) -> tuple[Sequence[str], str]:
        return news[int(cursor or 0) :], str(len(news))

    feed = Feed("echo", poll, lambda unit, key: unit.enqueue(command(key, text=key)))
    working(store, perform, feeds=[feed]).run_until_idle(30)
    assert len(said(store)) == 6


def test_a_worker_in_the_background_is_waited_for_and_stopped(store: Store) -> None:
    clock, stop = SteppedClock(0), threading.Event()
    seen: list[int] = []
    worker = working(store, lambda _: "ok", clock, feeds=[counting_feed(20, seen)])
    thread = threading.Thread(target=worker.run_forever, args=(stop,))
    thread.start()
    try:
        worker.wait_idle(30)
        assert len(said(store)) == 20
        enqueue(store, "later", due_at=50)
        clock.advance_to(50)
        worker.nudge()
        worker.wait_idle(30)
        assert len(said(store)) == 21
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def test_a_feed_in_trouble_is_named_and_keeps_the_worker_from_being_idle(store: Store) -> None:
    answers = itertools.chain([Unavailable("broker: no answer")] * 3, itertools.repeat(None))

    def poll(cursor: str) -> tuple[Sequence[int], str]:
        error = next(answers)
        if error:
            raise error
        return [], cursor

    worker = working(store, lambda _: "ok", feeds=[Feed("broker", poll, lambda *_: None)])
    with pytest.raises(TimeoutError, match="broker: no answer"):
        worker.run_until_idle(0.02)
    assert worker.troubles() == {"broker": "broker: no answer"}
    worker.run_until_idle(30)
    assert worker.troubles() == {}


def test_what_still_waits_is_named_when_the_time_is_over(store: Store) -> None:
    enqueue(store, "a")

    def perform(_: Lease) -> None:
        raise Unavailable("custodian: no answer")

    with pytest.raises(TimeoutError, match=r"a \(due, custodian: no answer\)"):
        working(store, perform).run_until_idle(0.1)


def test_a_step_on_the_memory_store_costs_little(tmp_path: Path) -> None:
    store = memory_store(tmp_path)
    enqueue(store, *(f"k{number}" for number in range(2_000)))
    worker = Worker(store, SteppedClock(0), {Send: lambda _: None}, lambda *_: None)
    began = time.process_time()
    while worker.step():
        pass
    assert (time.process_time() - began) / 2_000 < 100e-6
    assert store.waiting() == []
