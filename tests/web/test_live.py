"""The stream of what happens: order, resumption, conflation, bounds, and who may follow what."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

from openscrip.bootstrap.platform import REGISTERED
from openscrip.issuance.distribution_row import StockFrozen
from openscrip.issuance.subscription_row import SubscriptionMinted
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.web.live import BACKLOG_MAX, FACTS_MAX, Hub, asked_topics, encode, stream
from openscrip.web.topics import TABLE, Told, is_topic, tell


@dataclass(frozen=True)
class Shown:
    """A made-up fact of state."""

    stock: str
    held: int


@dataclass(frozen=True)
class Done:
    """A made-up fact that counts each time."""

    item: str


def tells(fact: object) -> Iterable[Told]:
    if isinstance(fact, Shown):
        yield Told("coverage", fact.stock, {"held": fact.held})
    elif isinstance(fact, Done):
        yield Told("queues", fact.item, {})


class Facts:
    """Facts in memory, as a store has them."""

    def __init__(self, *facts: object) -> None:
        self.all = list(facts)

    def read(self, after: int, limit: int) -> list[tuple[int, int, object]]:
        return [(at + 1, 1_000 + at, fact) for at, fact in enumerate(self.all)][after : after + limit]

    def newest(self) -> int:
        return len(self.all)


def hub_over(facts: Facts) -> Hub:
    return Hub(facts.read, facts.newest, lambda: 1_234, tells)


def events(chunk: bytes) -> list[tuple[str, int | None, Any]]:
    """Name, id and data of each event."""
    found = []
    for text in chunk.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        if "event" in lines:
            found.append((lines["event"], int(lines["id"]) if "id" in lines else None, json.loads(lines["data"])))
    return found


async def reached(hub: Hub, number: int) -> None:
    """Wait until the hub has passed a fact on."""
    follower, _ = hub.follow(["coverage", "queues"], None)
    while hub.reached < number:
        await follower.take()
    hub.leave(follower)


def run(act: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await act()

    asyncio.run(bounded())


def test_a_stream_begins_with_a_snapshot_and_the_newest_of_each_state() -> None:
    async def act() -> None:
        hub = hub_over(Facts(Shown("AAPL", 1), Shown("AAPL", 2), Shown("TSLA", 3), Done("x")))
        await hub.start()
        _, head = hub.follow(["coverage"], None)
        first, *rest = events(head)
        assert first[:2] == ("snapshot", 4)
        assert first[2]["topics"] == ["coverage"]
        assert [(data["key"], data["held"], data["version"]) for _, _, data in rest] == [("AAPL", 2, 2), ("TSLA", 3, 3)]
        hub.close()

    run(act)


def test_who_comes_back_gets_what_happened_since_then_once_and_in_order() -> None:
    async def act() -> None:
        facts = Facts(*(Done(str(number)) for number in range(10)))
        hub = hub_over(facts)
        await hub.start()
        follower, head = hub.follow(["queues"], 7)
        assert [number for name, number, _ in events(head) if name == "fact"] == [8, 9, 10]
        facts.all.append(Done("late"))
        (late,) = events(await follower.take())
        assert (late[1], late[2]["key"]) == (11, "late")
        hub.close()

    run(act)


def test_a_place_too_far_back_or_ahead_is_answered_with_a_reset() -> None:
    async def act() -> None:
        facts = Facts(*(Done(str(number)) for number in range(BACKLOG_MAX + 50)))
        hub = hub_over(facts)
        await hub.start()
        for after in (3, BACKLOG_MAX + 51):
            _, head = hub.follow(["queues"], after)
            assert [name for name, _, _ in events(head)] == ["snapshot", "reset"]
        _, head = hub.follow(["queues"], 50)
        assert len(events(head)) == 1 + BACKLOG_MAX
        hub.close()

    run(act)


def test_state_is_conflated_and_facts_are_not() -> None:
    async def act() -> None:
        facts = Facts()
        hub = hub_over(facts)
        await hub.start()
        follower, _ = hub.follow(["coverage", "queues"], None)
        facts.all += [Shown("AAPL", number) for number in range(300)] + [Done("a"), Done("b")]
        await reached(hub, 302)
        told = [(data["topic"], data.get("held")) for _, _, data in events(await follower.take())]
        assert told == [("coverage", 299), ("queues", None), ("queues", None)]
        hub.close()

    run(act)


def test_who_does_not_read_is_cut_off_and_may_resume() -> None:
    async def act() -> None:
        facts = Facts()
        hub = hub_over(facts)
        await hub.start()
        slow = stream(hub, ["queues"], None, None)
        await anext(slow)
        facts.all += [Done(str(number)) for number in range(FACTS_MAX + 1)]
        await reached(hub, FACTS_MAX + 1)
        assert [chunk async for chunk in slow] == []
        _, head = hub.follow(["queues"], 0)
        assert len(events(head)) == FACTS_MAX + 2
        hub.close()

    run(act)


def test_closing_ends_every_stream_at_once() -> None:
    async def act() -> None:
        hub = hub_over(Facts())
        await hub.start()
        streams = [stream(hub, ["coverage"], None, None) for _ in range(3)]
        for each in streams:
            await anext(each)
        hub.close()
        assert [[chunk async for chunk in each] for each in streams] == [[], [], []]

    run(act)


def test_a_hub_whose_loop_is_gone__reads_no_more_and_tells_nobody() -> None:
    hub, before = hub_over(Facts()), set(threading.enumerate())
    run(hub.start)
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
        assert not thread.is_alive()
    assert not hub.publish("price", "AAPL", {"micros": "231400000"})
    hub.close()


def test_a_price_is_told_though_no_fact_stands_for_it() -> None:
    async def act() -> None:
        hub = hub_over(Facts())
        await hub.start()
        follower, _ = hub.follow(["price"], None)
        hub.publish("price", "AAPL", {"micros": "231400000"})
        ((name, number, data),) = events(await follower.take())
        assert (name, number, data["key"], data["micros"]) == ("fact", None, "AAPL", "231400000")
        hub.close()

    run(act)


def test_what_is_told_of_a_fact_is_what_the_table_names() -> None:
    minted = SubscriptionMinted("sub-1", "AAPL", "anvil", Shares.whole(3), RawAmount.parse("2.5"), "0xab")
    order, supply = tell(minted)
    assert (order.topic, order.key, order.body) == ("order:sub-1", "sub-1", {"chain": "anvil", "raw": "2.5", "tx_id": "0xab"})
    assert (supply.topic, supply.key, supply.body, supply.is_state) == ("supply", "AAPL", {"chain": "anvil"}, True)
    assert [told.topic for told in tell(StockFrozen("AAPL", "split-1"))] == ["actions", "coverage"]
    assert list(tell(object())) == []


def test_every_line_of_the_table_names_a_fact_of_the_books_and_fields_that_it_has() -> None:
    known = {kind.__name__: {field.name for field in fields(kind)} for kind in REGISTERED}
    for name, tellings in TABLE.items():
        assert name in known, name
        for telling in tellings:
            assert {telling.key, *telling.fields} <= known[name], (name, telling)
            assert "person" not in telling.fields


def test_a_name_that_is_no_topic_is_left_out() -> None:
    assert asked_topics("coverage,order:sub-1,coverage,rows,order:,*") == ["coverage", "order:sub-1"]
    assert not is_topic("order:" + "x" * 81)
    assert len(asked_topics(",".join(f"order:{number}" for number in range(100)))) == 48


def test_an_event_never_breaks_out_of_its_line() -> None:
    assert encode("fact", {"text": "a\n\nevent: beat\ndata: {}"}).count(b"\n") == 3
