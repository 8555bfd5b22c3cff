"""Two sides over a real socket: what is ordered is heard once, whatever is cut or killed, and at whatever point."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tests.runtime.fix.desk import START_MS, US, order
from tests.runtime.fix.shop import QUICK, Booked, Filling, Killed, Wire, broker_party, issuer_party

from openscrip.runtime.fix.codec import Message, encode, format_utc
from openscrip.runtime.fix.connection import Acceptor, Initiator
from openscrip.runtime.fix.effects import Counters, Kept
from openscrip.runtime.fix.party import Limits
from openscrip.runtime.fix.store import SqliteSessionStore, Taken

pytestmark = pytest.mark.parts

WAIT_S = 60
DISCONNECTS, ORDERS_MAX = 220, 3_000


async def until(holds: Callable[[], bool], *running: asyncio.Task[None]) -> None:
    """Wait until something holds; fail with what a side raised."""
    async with asyncio.timeout(WAIT_S):
        while not holds():
            for task in running:
                if task.done():
                    task.result()
            await asyncio.sleep(0.005)


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Booked]:
    books = Booked(tmp_path / "issuer.db")
    yield books
    books.store.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Filling]:
    books = Filling(tmp_path / "broker.db")
    yield books
    books.store.close()


def names(count: int) -> list[str]:
    return [f"o-{number}" for number in range(count)]


def reports(count: int) -> list[str]:
    return [f"{name}/{what}" for name in names(count) for what in ("ack", "fill")]


def test_link__orders_and_reports__arrive_once_and_in_order(issuer: Booked, broker: Filling) -> None:
    async def play() -> None:
        acceptor = Acceptor([broker_party(broker)])
        initiator = Initiator(issuer_party(issuer), "127.0.0.1", await acceptor.listen("127.0.0.1"))
        running = asyncio.create_task(initiator.run())
        issuer.ask(names(50))
        initiator.poke()
        await until(lambda: len(issuer.taken) == 100, running)
        initiator.stop()
        await running
        await acceptor.close()

    asyncio.run(play())
    assert broker.taken == names(50)
    assert issuer.taken == reports(50)
    assert issuer.column("SELECT linked FROM fix_session") == ["0"]


@pytest.mark.parametrize("turns", range(12))
def test_an_initiator__stopped_at_any_moment_of_its_connecting__ends(issuer: Booked, broker: Filling, turns: int) -> None:
    async def play() -> None:
        acceptor = Acceptor([broker_party(broker)])
        initiator = Initiator(issuer_party(issuer), "127.0.0.1", await acceptor.listen("127.0.0.1"))
        running = asyncio.create_task(initiator.run())
        for _ in range(turns):
            await asyncio.sleep(0)
        initiator.stop()
        await asyncio.wait_for(running, WAIT_S)
        await acceptor.close()

    asyncio.run(play())


@pytest.mark.slow
def test_link__cut_at_any_byte_hundreds_of_times__nothing_is_lost_or_doubled(issuer: Booked, broker: Filling) -> None:
    cuts: list[int] = []
    orders: list[str] = []

    async def play() -> None:
        acceptor = Acceptor([broker_party(broker)])
        wire = Wire(await acceptor.listen("127.0.0.1"), random.Random(42), DISCONNECTS)
        initiator = Initiator(issuer_party(issuer), "127.0.0.1", await wire.listen())
        running = asyncio.create_task(initiator.run())

        def cut_or_done(seen: int) -> Callable[[], bool]:
            return lambda: wire.cuts > seen or len(issuer.taken) >= 2 * len(orders)

        while wire.cuts_left and len(orders) < ORDERS_MAX:
            orders.append(f"o-{len(orders)}")
            issuer.ask(orders[-1:])
            initiator.poke()
            await until(cut_or_done(wire.cuts), running)
        await until(lambda: len(issuer.taken) >= 2 * len(orders), running)
        initiator.stop()
        await running
        await acceptor.close()
        await wire.close()
        cuts.append(wire.cuts)

    asyncio.run(play())
    assert cuts == [DISCONNECTS]
    assert broker.taken == orders
    assert issuer.taken == reports(len(orders))


class Fate:
    """Ends a side at a chosen point, after so many times that the point was reached; then it stays dead."""

    def __init__(self, point: str, times: int) -> None:
        self.point, self.times, self.dead = point, times, False

    def __call__(self, point: str) -> None:
        if point == self.point:
            self.times -= 1
        if self.dead or self.times == 0:
            self.dead = True
            raise Killed(point)


@contextmanager
def reopened(kind: type[Booked], path: Path) -> Iterator[Booked]:
    books = kind(path, at_once=2)
    try:
        yield books
    finally:
        books.store.close()


@pytest.mark.parametrize("who", ["issuer", "broker"])
@pytest.mark.parametrize("point", ["before commit", "after commit", "after write"])
def test_kill__of_either_side_at_any_point_again_and_again__nothing_is_lost_or_doubled(
    tmp_path: Path, who: str, point: str
) -> None:
    seeded, count, kills = random.Random(f"{who} {point}"), 60, 12
    with reopened(Booked, tmp_path / "issuer.db") as first:
        first.ask(names(count))

    async def life(fate: Fate | None) -> bool:
        """Both sides until one is killed or all is done; says whether all is done."""
        with reopened(Booked, tmp_path / "issuer.db") as issuer, reopened(Filling, tmp_path / "broker.db") as broker:
            one, other = issuer_party(issuer), broker_party(broker)
            small = replace(QUICK, group_max=3)
            one, other = replace(one, limits=small), replace(other, limits=small)
            if fate is not None:
                one = replace(one, probe=fate) if who == "issuer" else one
                other = replace(other, probe=fate) if who == "broker" else other
            acceptor = Acceptor([other], small)
            initiator = Initiator(one, "127.0.0.1", await acceptor.listen("127.0.0.1"))
            running = asyncio.create_task(initiator.run())
            failing = asyncio.create_task(acceptor.failure())
            done = False
            try:
                await until(lambda: len(issuer.taken) >= 2 * count, running, failing)
                done = True
            except Killed:
                assert fate is not None
            initiator.stop()
            failing.cancel()
            await asyncio.gather(running, failing, return_exceptions=True)
            await acceptor.close()
            return done

    killed = 0
    for _ in range(kills):
        fate = Fate(point, seeded.randrange(1, 9))
        asyncio.run(life(fate))
        killed += fate.dead
    assert killed >= kills // 2
    assert asyncio.run(life(None))
    with reopened(Booked, tmp_path / "issuer.db") as issuer, reopened(Filling, tmp_path / "broker.db") as broker:
        assert broker.taken == names(count)
        assert issuer.taken == reports(count)


def test_loss__of_a_link_in_a_dead_process__is_told_at_the_next_start(issuer: Booked, broker: Filling) -> None:
    with issuer.store.transaction(US) as unit:
        unit.move(Counters(), Counters(5, 5, "2026-03-01", spoken=True, linked=True))

    async def play() -> None:
        acceptor = Acceptor([broker_party(broker, cancel_on_disconnect=True)])
        initiator = Initiator(issuer_party(issuer, cancel_on_disconnect=True), "127.0.0.1", await acceptor.listen("127.0.0.1"))
        running = asyncio.create_task(initiator.run())
        await until(lambda: issuer.column("SELECT marked FROM losses") == ["1"], running)
        initiator.stop()
        await running
        await acceptor.close()

    asyncio.run(play())


def hello(sender: str, target: str, kind: str = "A") -> bytes:
    head = ((49, sender), (56, target), (34, "1"), (52, format_utc(START_MS)))
    return encode(Message(kind, (*head, *(((98, "0"), (108, "30")) if kind == "A" else ()))))


async def knock(port: int, data: bytes) -> bytes:
    """All that is answered to some bytes before the door is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        async with asyncio.timeout(WAIT_S):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "data",
    [
        hello("STRANGER", "BROKER"),
        hello("ISSUER", "SOMEBODY"),
        hello("ISSUER", "BROKER", "0"),
        b"GET / HTTP/1.1\r\n\r\n",
        b"8=FIX.4.2\x019=" + b"9" * 100,
        b"",
    ],
)
def test_acceptor__a_stranger_or_noise__is_cut_off_without_an_answer(broker: Filling, data: bytes) -> None:
    async def play() -> bytes:
        acceptor = Acceptor([broker_party(broker)], replace(QUICK, write_s=0.2))
        answer = await knock(await acceptor.listen("127.0.0.1"), data)
        await acceptor.close()
        return answer

    assert asyncio.run(play()) == b""
    assert broker.column("SELECT count(*) FROM fix_session") == ["0"], "nothing was even looked up"


def test_acceptor__a_second_connection_of_the_same_party__is_cut_off_without_an_answer(broker: Filling) -> None:
    async def play() -> tuple[bytes, bytes]:
        acceptor = Acceptor([broker_party(broker)], QUICK)
        port = await acceptor.listen("127.0.0.1")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(hello("ISSUER", "BROKER"))
        first = await reader.readuntil(b"\x0110=")
        second = await knock(port, hello("ISSUER", "BROKER"))
        writer.close()
        await acceptor.close()
        return first, second

    first, second = asyncio.run(play())
    assert b"35=A" in first
    assert second == b""


def test_acceptor__more_strangers_than_the_limit__are_cut_off_at_once(broker: Filling) -> None:
    async def play() -> bytes:
        acceptor = Acceptor([broker_party(broker)], replace(QUICK, strangers_max=0))
        answer = await knock(await acceptor.listen("127.0.0.1"), hello("ISSUER", "BROKER"))
        await acceptor.close()
        return answer

    assert asyncio.run(play()) == b""


def test_link__noise_above_the_limit__is_cut(broker: Filling) -> None:
    async def play() -> None:
        party = replace(broker_party(broker), limits=Limits(garbled_max=3, tick_s=0.05))
        acceptor = Acceptor([party])
        noise = b"noise 8=FIX.4.2\x019=x" * 10
        assert b"35=A" in await knock(await acceptor.listen("127.0.0.1"), hello("ISSUER", "BROKER") + noise)
        assert party.refused["fix.garbled"] > 3
        await acceptor.close()

    asyncio.run(play())


def test_store__two_connections_at_one_session__the_slower_lets_go(tmp_path: Path) -> None:
    one, other = SqliteSessionStore(tmp_path / "s.db"), SqliteSessionStore(tmp_path / "s.db")
    with one.transaction(US) as unit:
        unit.move(Counters(), Counters(2, 1))
    with pytest.raises(Taken, match="lets go"), other.transaction(US) as unit:
        unit.move(Counters(), Counters(3, 1))
    with other.transaction(US) as unit:
        assert unit.counters() == Counters(2, 1)
    one.close()
    other.close()


def test_store__a_transaction_that_fails__leaves_nothing(tmp_path: Path) -> None:
    books = Booked(tmp_path / "s.db")
    with pytest.raises(Killed), books.store.transaction(US) as unit:
        unit.move(Counters(), Counters(2, 2))
        books.received(unit.books, Message("D", order(1)))
        raise Killed
    with books.store.transaction(US) as unit:
        assert unit.counters() == Counters()
    assert books.taken == []
    books.store.close()


def test_store__after_a_restart__finds_the_new_era_and_keeps_the_old(tmp_path: Path) -> None:
    store = SqliteSessionStore(tmp_path / "s.db")
    for era in (b"old", b"new"):
        with store.transaction(US) as unit:
            unit.keep([Kept(1, era), Kept(2, era, valid_until_ms=7)])
            assert unit.kept(1, 9) == [Kept(1, era), Kept(2, era, 7)]
            unit.restart()
            assert unit.kept(1, 9) == []
    with store.transaction(US) as unit:
        assert unit.books.execute("SELECT count(*) FROM fix_sent").fetchone() == (4,)
    with pytest.raises(Taken), store.transaction(US) as unit:
        unit.keep([Kept(1, b"a"), Kept(1, b"b")])
    store.close()


def test_link__orders_of_an_outage__are_all_heard_after_it(
    issuer: Booked, broker: Filling, free_port: Callable[[], int]
) -> None:
    def told(count: int) -> bool:
        return len(issuer.taken) == count

    async def play() -> None:
        port = free_port()
        initiator = Initiator(issuer_party(issuer), "127.0.0.1", port)
        running = asyncio.create_task(initiator.run())
        for heard in (25, 50):
            issuer.ask(names(50)[heard - 25 : heard])
            acceptor = Acceptor([broker_party(broker)])
            await acceptor.listen("127.0.0.1", port)
            await until(partial(told, 2 * heard), running)
            await acceptor.close()
        initiator.stop()
        await running

    asyncio.run(play())
    assert broker.taken == names(50)
    assert issuer.taken == reports(50)


def test_store__is_synchronous_and_in_wal(tmp_path: Path) -> None:
    store = SqliteSessionStore(tmp_path / "s.db")
    with store.transaction(US) as unit:
        assert unit.books.execute("PRAGMA synchronous").fetchone() == (2,)
        assert unit.books.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()
