"""Plain orders natively and the general way: the same replies, the same words of executions, the same venue."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.crash.venue_story import ACCOUNTS, START_US, new_venue, opening
from tests.markets.test_native_clearing import answer, in_python, plain

from openscrip.api.kraken.counters import TIERS, Counters, Tier
from openscrip.api.kraken.keys import Keys, Permission, new_key
from openscrip.api.kraken.names import order_text
from openscrip.api.kraken.socket.asked import AddOrder, AmendOrder, Asked, CancelOrder, Ping
from openscrip.api.kraken.socket.connection import Connection, Limits
from openscrip.api.kraken.socket.executions import About, plain_executions, plain_units
from openscrip.api.kraken.socket.orders import Orders
from openscrip.api.kraken.socket.private import Listener, Private
from openscrip.api.kraken.socket.session import Sessions, Speaker
from openscrip.api.kraken.socket.switches import Switches
from openscrip.api.kraken.socket.wire import framed, framed_all
from openscrip.api.kraken.tokens import Tokens
from openscrip.api.kraken.trading import Trading
from openscrip.kernel.errors import Refused
from openscrip.markets.compact import is_rows, unfolded
from openscrip.markets.facts import OrderDone, OrderNew, OrderTraded
from openscrip.markets.instruments import Instrument
from openscrip.markets.recovery import open_journal
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.storage import FolderStorage
from openscrip.markets.venue import Venue

pytestmark = pytest.mark.parts

FEW = Tier("few", 15, 0.33, 60, 0.0)
"""Counters fall with the machine's seconds; this one never does."""


class Heard:
    """A connection that keeps what it is told."""

    def __init__(self) -> None:
        self.spellings = {1: "tslax/USD"}
        self.said: list[bytes] = []

    def say(self, payload: bytes) -> None:
        self.said.append(payload)


def test_executions_of_plain_orders_are_worded_natively_as_in_python() -> None:
    chance, venue = Random(5), new_venue()
    for command in opening():
        venue.submit(command, START_US)
    venue.told()
    for number in range(2_000):
        answer(venue, plain(chance, venue, number), START_US + number * 33_333)
    units_of = {number: plain_units(each) for number, each in venue.instruments.instruments.items()}
    rows = max((each for each in venue.told_rows() if is_rows(each)), key=len)
    assert len(rows) > 1_000
    for account in ACCOUNTS:
        heard = Heard()
        listener = Listener(heard, account, 100, rebased=False)  # type: ignore[arg-type]  # as far as it is used
        listener.waiting, listener.sequence = None, 7
        private = Private(None, venue, None, lambda _account, _instrument: 0)  # type: ignore[arg-type]  # neither is asked
        facts = [each for each in unfolded([rows]) if isinstance(each, OrderNew | OrderTraded | OrderDone)]
        about = {each.order: About("limit", each.side) for each in facts}
        private._tell(listener, [each for each in facts if each.account == account], about)
        native = plain_executions(rows, account, 100, 7, heard.spellings, units_of)
        assert native == heard.said
        assert all(json.loads(payload)["channel"] == "executions" for payload in native)
        assert listener.sequence == 7 + len(native)


def test_frames_are_put_together_natively_as_one_by_one() -> None:
    payloads = [b"x" * size for size in (0, 1, 125, 126, 65_535, 65_536)]
    assert framed_all(payloads) == b"".join(map(framed, payloads))


class Desk:
    """What a server is to a connection, without sockets: a venue that was opened, and the trading methods."""

    limits = Limits(frames_per_s=10**9, strangers_frames_per_s=10**9)

    def __init__(self, folder: Path, venue: Venue) -> None:
        self.venue, self.at_us = venue, START_US
        _empty, journal = open_journal(FolderStorage(folder), Venue)
        for command in opening():
            venue.submit(command, START_US)
        sequencer = Sequencer(venue, journal, self.now_us, sync=False)
        self.spelt: dict[str, Instrument] = {}
        keys = [new_key(n, n, f"key {n}", tier=TIERS["maker"]) for n in ACCOUNTS]
        keys[-1] = new_key(6, 6, "few", tier=FEW)
        keys[-2] = new_key(5, 5, "cancels", tier=TIERS["maker"], permissions=frozenset({Permission.CANCEL, Permission.SOCKETS}))
        sessions = Sessions(Tokens(), Keys(keys=keys), self.now_us, 8)
        trading, switches = Trading(venue.instruments, venue), Switches(sequencer, venue)
        self.orders = Orders(sequencer, venue, trading, sessions, Counters(), self.find, self.spelt, switches)
        self.connection = Connection(self, 1, private=True)
        self.connection.sessions = {f"t{key.account}": Speaker(key) for key in keys}
        orders = self.orders
        self.methods = {AddOrder: orders.add, CancelOrder: orders.cancel, AmendOrder: orders.amend}
        self.at_once = orders.at_once

    def now_us(self) -> int:
        return self.at_us

    def find(self, spelling: str) -> Instrument:
        found = self.venue.instruments.find(spelling)
        if found is None:
            raise Refused("query.pair", f"symbol: {spelling!a:.40} was not listed")
        self.spelt[spelling] = found
        return found

    def asked(self, connection: Connection, asked: Asked, now_us: int) -> None:
        if isinstance(asked, Ping):
            connection.held.append(f'{{"pong":{asked.req_id}')
        else:
            self.methods[type(asked)](connection, asked, now_us)  # type: ignore[operator]  # by its kind

    def answers(self, payloads: list[bytes]) -> list[str]:
        """What is said to requests that one read brought."""
        self.at_us += 20_003
        self.connection._payloads, self.connection._now_us = payloads, 0  # what picows would bring
        self.connection._take()
        held, self.connection.held = self.connection.held, []
        return [each if isinstance(each, str) else each.decode() for each in held]

    def read_all(self, connection: Connection) -> None: ...

    def opened(self, connection: Connection) -> None: ...

    def closed(self, connection: Connection) -> None: ...

    def caught_up(self, connection: Connection) -> None: ...

    def flush_soon(self, connection: Connection) -> None: ...


def request(chance: Random, number: int, last: int) -> bytes:
    """Mostly plain requests, at the edges of what is plain too."""
    token = f"t{chance.choice(ACCOUNTS) if chance.random() < 0.98 else 99}"
    if chance.random() < 0.35:
        named = (
            {"cl_ord_id": [f"c{chance.randint(max(0, number - 60), number)}"]}
            if chance.random() < 0.8
            else {"order_id": [order_text(chance.randint(max(1, last - 40), last + 1)) if chance.random() < 0.9 else "OX"]}
        )
        params: dict[str, Any] = {**named, "token": token}
        method = "cancel_order"
    else:
        method = "add_order"
        away = chance.randint(-30, 12) if chance.random() < 0.98 else chance.choice((-9_999, -10_000, 10**12))
        side = chance.choice(("buy", "sell"))
        price = 10_000 + away * (1 if side == "buy" else -1)
        lots = chance.choice((1, 10, 333, 20_000, 10**9, 0)) if chance.random() < 0.1 else chance.randint(100, 9_000)
        params = {
            "order_type": "limit", "side": side, "symbol": chance.choice(("TSLAx/USD", "AAPLx/USD", "tslax/usd")),
            "order_qty": lots / 10_000, "limit_price": price / 100, "token": token,
        }  # fmt: skip
        if chance.random() < 0.7:
            params["cl_ord_id"] = chance.choice((f"c{number}",) * 9 + ("a b", 'q"\\', "x" * 19, "", "größer"))
        elif chance.random() < 0.4:
            params["order_userref"] = chance.choice((7, -1, 2**31, 0))
        if chance.random() < 0.1:
            params |= chance.choice(({"post_only": True}, {"time_in_force": "ioc"}, {"validate": True}, {"side": "hold"}))
    frame: dict[str, Any] = {"method": method, "params": params}
    if chance.random() < 0.9:
        frame["req_id"] = number
    payload = bytearray(json.dumps(frame, ensure_ascii=False, separators=chance.choice(((",", ":"), (", ", ": ")))).encode())
    if chance.random() < 0.05:
        place = chance.randrange(len(payload))
        payload[place : place + chance.randint(0, 2)] = bytes(chance.choices(b'0123456789.{}[],:" eE-+\\abxyz\x00\x80', k=2))
    return bytes(payload)


@pytest.mark.parametrize("seed", range(3))
def test_requests_are_answered_natively_as_the_general_way(tmp_path: Path, seed: int) -> None:
    native, general = Desk(tmp_path / "native", new_venue()), Desk(tmp_path / "general", in_python())
    chance, number, at_once = Random(seed), 0, 0
    for _ in range(400):
        payloads = []
        for _request in range(chance.randint(1, 20)):
            number += 1
            payloads.append(request(chance, number, general.venue.last_order))
        if chance.random() < 0.1:
            payloads.insert(0, b'{"method":"ping","req_id":1}')
        assert native.answers(list(payloads)) == general.answers(payloads)
        told, expected = native.venue.told_rows(), general.venue.told()
        at_once += sum(len(each) for each in told if is_rows(each))
        assert unfolded(told) == expected
        assert native.venue.written() == general.venue.written()
        assert native.connection.spellings == general.connection.spellings
    assert native.venue.state() == general.venue.state()
    assert at_once > 3_000


def test_a_counter_that_is_full__refuses_natively_as_the_general_way(tmp_path: Path) -> None:
    native, general = Desk(tmp_path / "native", new_venue()), Desk(tmp_path / "general", in_python())
    add = (
        '{"method":"add_order","params":{"order_type":"limit","side":"buy","symbol":"TSLAx/USD","order_qty":1.0,'
        '"limit_price":90.00,"token":"t6"},"req_id":1}'
    )
    found = [desk.answers([add.encode()] * 80) for desk in (native, general)]
    assert found[0] == found[1]
    assert sum("EOrder:Rate limit exceeded" in each for each in found[0]) == 20
