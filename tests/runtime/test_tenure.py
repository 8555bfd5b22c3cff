"""Leases by name, and what several workers on one database hold: each feed read by one, the dead replaced, the slow fenced."""

import ctypes
import mmap
import platform
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conformance.stores import CHART, REGISTERED, Letter, Send, Sent, command
from tests.databases import url_of

from openscrip.kernel.clock import SteppedClock
from openscrip.kernel.errors import Refused
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.feed import Feed
from openscrip.runtime.leases import LEASE_S, Leases
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Command, Fenced, Lease, Unit
from openscrip.runtime.tenure import FEED, WORKER, Tenure, refuse_live_name
from openscrip.runtime.worker import Worker

FEEDS = ("broker", "custodian")


class Floor:
    """One database, and a clock that the test moves for all who share it."""

    def __init__(self, place: Path) -> None:
        self.engine = open_database(url_of(place))
        upgrade(self.engine)
        self.store = SqlStore(self.engine, CHART, REGISTERED)
        self.leases = Leases(self.engine)
        self.time_s = 1_000.0
        self.leases.now = lambda: self.time_s

    def tenure(self, name: str, *, force: bool = False) -> Tenure:
        """As a process of that name begins."""
        return Tenure(self.leases, self.store, name, FEEDS, force=force, machine=lambda: self.time_s)

    def close(self) -> None:
        self.store.close()


@pytest.fixture
def floor(place: Path) -> Iterator[Floor]:
    opened = Floor(place)
    yield opened
    opened.close()


@pytest.fixture
def started(floor: Floor) -> Iterator[Callable[..., Tenure]]:
    begun: list[Tenure] = []

    def start(name: str, *, force: bool = False) -> Tenure:
        made = floor.tenure(name, force=force)
        made.start()
        begun.append(made)
        return made

    yield start
    for each in begun:
        each.stop()


def holder(floor: Floor, lease: str) -> str:
    found = {one.name: one for one in floor.leases.standing()}[lease]
    return found.holder if found.left_s else ""


def test_a_lease__held_by_another__is_taken_when_it_ended_and_fences_the_one_before(floor: Floor) -> None:
    token = floor.leases.take("session", "a")
    assert token == 1
    assert floor.leases.take("session", "b") is None
    floor.time_s += LEASE_S
    later = floor.leases.take("session", "b")
    assert later == 2
    with pytest.raises(Fenced):
        floor.leases.renew("session", token)
    floor.leases.renew("session", later)
    with floor.engine.begin() as connection:
        floor.leases.check(connection, "session", later)
        with pytest.raises(Fenced):
            floor.leases.check(connection, "session", token)


def in_machine_code(code: bytes) -> None:
    """Run a few instructions, on the one kind of processor whose disorder is known."""
    if platform.machine() != "x86_64":
        return
    with mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as page:
        page.write(code)
        held = ctypes.c_char.from_buffer(page)
        ctypes.CFUNCTYPE(None)(ctypes.addressof(held))()
        del held


@pytest.fixture
def disorder() -> Iterator[None]:
    """The x87 unit as a careless library leaves it: its stack full, so that whatever it is asked is no number."""
    in_machine_code(b"\xd9\xe8" * 8 + b"\xc3")
    yield
    in_machine_code(b"\x0f\x77\xc3")


def test_a_lease__whatever_a_library_left_in_the_processor__is_renewed(floor: Floor, disorder: None) -> None:
    token = floor.leases.take("session", "a")
    assert token == 1
    floor.leases.renew("session", token)
    assert floor.leases.renew_all({"session": token}) == []
    with floor.engine.begin() as connection:
        floor.leases.check(connection, "session", token)


def test_a_lease__taken_again_by_its_holder__fences_its_earlier_life(floor: Floor) -> None:
    first = floor.leases.take("session", "a")
    assert first == 1
    second = floor.leases.take("session", "a")
    assert second == 2
    assert floor.leases.renew_all({"session": first}) == ["session"]
    floor.leases.release("session", first)
    assert floor.leases.take("session", "b") is None
    floor.leases.release("session", second)
    assert floor.leases.take("session", "b") == 3


def test_a_lease__timed_by_the_clock_of_another_boot__does_not_hold_for_ever(floor: Floor) -> None:
    floor.leases.take("session", "a")
    floor.time_s = 7.0
    assert floor.leases.take("session", "b") == 2


def test_leases__asked_by_many_at_once__have_one_holder(floor: Floor) -> None:
    tokens: list[int | None] = []
    threads = [
        threading.Thread(target=lambda n=number: tokens.append(floor.leases.take("session", f"w{n}"))) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(tokens, key=lambda token: token or 0) == [None] * 7 + [1]


def test_feeds__with_two_workers__are_read_by_one_each(floor: Floor, started: Callable[..., Tenure]) -> None:
    first, second = started("a"), started("b")
    assert [first.readings(), second.readings()] == [sorted(FEEDS), []]
    assert first.reads("broker")
    assert not second.reads("broker")
    assert (first.others, second.others) == (False, True)
    first.beat()
    assert first.others


def test_the_feeds_of_the_dead__after_their_lease__are_read_by_the_other(floor: Floor, started: Callable[..., Tenure]) -> None:
    dead, alive = started("a"), started("b")
    floor.time_s += LEASE_S + 0.1
    assert not dead.reads("broker"), "who could not renew stops by itself"
    alive.beat()
    assert alive.readings() == sorted(FEEDS)
    dead.beat()
    assert dead.readings() == []
    assert holder(floor, FEED + "broker") == "b"


def test_whoever_drives_the_clock__takes_every_feed(floor: Floor, started: Callable[..., Tenure]) -> None:
    other = started("a")
    driver = started("worker", force=True)
    assert driver.readings() == sorted(FEEDS)
    other.beat()
    assert other.readings() == []


def test_the_commands_of_the_dead__are_given_back_and_their_answers_fenced(
    floor: Floor, started: Callable[..., Tenure]
) -> None:
    started("a")
    alive = started("b")
    with floor.store.transaction() as unit:
        unit.enqueue(command("k"))
    (lost,) = floor.store.lease("a", 1, 0, floor.time_s, lease_s=120)
    alive.beat()
    assert floor.store.lease("b", 1, 0, floor.time_s) == [], "its worker lives"
    floor.time_s += LEASE_S + 0.1
    alive.beat()
    (taken,) = floor.store.lease("b", 1, 0, floor.time_s)
    with pytest.raises(Fenced), floor.store.transaction() as unit:
        unit.finish(lost)
    with floor.store.transaction() as unit:
        unit.finish(taken)


def test_a_worker_taken_for_dead__goes_on_under_its_name(floor: Floor, started: Callable[..., Tenure]) -> None:
    slow, other = started("a"), started("b")
    with floor.store.transaction() as unit:
        unit.enqueue(command("k"))
    floor.store.lease("a", 1, 0, floor.time_s)
    floor.time_s += LEASE_S + 0.1
    other.beat()
    slow.beat()
    assert not slow.lost.is_set()
    assert holder(floor, WORKER + "a") == "a"


def test_a_second_process_of_one_name__ends_the_first(floor: Floor, started: Callable[..., Tenure]) -> None:
    first = started("a")
    started("a")
    first.beat()
    assert first.lost.is_set()


def test_a_name__carried_by_a_live_worker__is_refused_to_who_starts_by_hand(
    floor: Floor, started: Callable[..., Tenure]
) -> None:
    alive = started("a")

    def time_passes(seconds: float) -> None:
        floor.time_s += seconds * 4
        alive.beat()

    with pytest.raises(Refused, match="choose another name"):
        refuse_live_name(floor.leases, "a", time_passes)
    refuse_live_name(floor.leases, "b", time_passes)


def test_two_workers__on_one_database__perform_each_command_and_apply_each_event_once(place: Path) -> None:
    floors = [Floor(place), Floor(place)]
    total, news = 120, 60
    performed: list[str] = []
    with floors[0].store.transaction() as unit:
        unit.put(Letter("letter-1"))
        for number in range(total):
            unit.enqueue(command(f"k{number}", text=f"k{number}"))

    def perform(lease: Lease) -> str:
        performed.append(lease.command.key)
        return lease.command.key

    def apply(unit: Unit, done: Command, answer: str) -> None:
        unit.record(Sent(answer), 0)

    def poll(cursor: str) -> tuple[list[str], str]:
        at = int(cursor or 0)
        return [f"n{number}" for number in range(at, min(at + 3, news))], str(min(at + 3, news))

    feed = Feed("broker", poll, lambda unit, event: unit.record(Sent(event), 0))
    workers, tenures = [], []
    for number, floor in enumerate(floors):
        tenure = Tenure(Leases(floor.engine), floor.store, f"w{number}", ("broker",))
        tenure.start()
        tenures.append(tenure)
        clock, name = SteppedClock(0), f"w{number}"
        workers.append(Worker(floor.store, clock, {Send: perform}, apply, feeds=(feed,), name=name, tenure=tenure))
    stop = threading.Event()
    threads = [threading.Thread(target=worker.run_forever, args=(stop,)) for worker in workers]
    for tenure in tenures:
        tenure.beat()
    for thread in threads:
        thread.start()
    workers[0].wait_idle(60)
    stop.set()
    for thread in threads:
        thread.join(30)
    with floors[1].store.view() as view:
        told = [fact.text for _, _, fact in view.facts(limit=10_000) if isinstance(fact, Sent)]
    for tenure in tenures:
        tenure.stop()
    for floor in floors:
        floor.close()
    assert sorted(performed) == sorted(f"k{number}" for number in range(total))
    assert sorted(told) == sorted([f"k{number}" for number in range(total)] + [f"n{number}" for number in range(news)])
