"""Plain orders over REST natively and the general way: the same answers, byte for byte, and the same venue."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.crash.venue_story import ACCOUNTS, START_US, new_venue, opening
from tests.markets.test_native_clearing import in_python

from openscrip.api.kraken.counters import TIERS, Tier
from openscrip.api.kraken.http_message import Request
from openscrip.api.kraken.keys import Keys, Permission, new_key
from openscrip.api.kraken.rest.backing import Backing
from openscrip.api.kraken.rest.door import Door
from openscrip.markets.compact import is_rows, unfolded
from openscrip.markets.recovery import open_journal
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.storage import FolderStorage
from openscrip.markets.venue import Venue

PATH = b"/0/private/AddOrder"
FEW = Tier("few", 15, 0.33, 60, 0.0)
"""Counters fall with the machine's seconds; this one never does."""


@dataclass
class Slot:
    """The place of one answer."""

    bodies: list[bytes] = field(default_factory=list)

    def fill(self, body: bytes, status: int = 200) -> None:
        self.bodies.append(body)


class Place:
    """A REST door without sockets, over a venue that was opened; what was asked counts as durable at once."""

    def __init__(self, folder: Path, venue: Venue) -> None:
        self.venue, self.at_us = venue, START_US
        _empty, journal = open_journal(FolderStorage(folder), Venue)
        for command in opening():
            venue.submit(command, START_US)
        sequencer = Sequencer(venue, journal, self.now_us, sync=False)
        # Nothing runs a loop here: answers are let out as soon as they are made.
        sequencer.when_durable = lambda call: call()  # type: ignore[method-assign]  # no loop runs here
        self.keys = {n: new_key(n, n, f"key {n}", tier=TIERS["maker"]) for n in ACCOUNTS}
        self.keys[6] = new_key(6, 6, "few", tier=FEW)
        self.keys[5] = new_key(5, 5, "cancels", tier=TIERS["maker"], permissions=frozenset({Permission.CANCEL}))
        none: Any = None
        keys = Keys(keys=list(self.keys.values()))
        self.door = Door(Backing(sequencer, venue, keys, none, self.now_us, machine_s=time.monotonic))

    def now_us(self) -> int:
        return self.at_us

    def answer(self, account: int, nonce: int, form: bytes) -> bytes:
        """What is said to one signed request."""
        self.at_us += 20_003
        key, slot = self.keys[account], Slot()
        sign = key.signer.sign(PATH, str(nonce).encode(), form)
        request = Request(b"POST", PATH, b"", form, "127.0.0.1", key.key.encode(), sign)
        self.door.handle(request, slot)  # type: ignore[arg-type]  # as far as it is used
        return slot.bodies[0]


def form(chance: Random, nonce: int) -> bytes:
    """Mostly plain orders, at the edges of what is plain too."""
    away = chance.randint(-30, 12) if chance.random() < 0.98 else chance.choice((-9_999, -10_000, 10**12))
    side = chance.choice(("buy", "sell"))
    price = 10_000 + away * (1 if side == "buy" else -1)
    lots = chance.choice((1, 10, 333, 20_000, 10**9, 0)) if chance.random() < 0.1 else chance.randint(100, 9_000)
    fields = {
        "ordertype": "limit", "type": side, "pair": chance.choice(("TSLAxUSD", "AAPLx/USD", "tslaxusd")),
        "volume": f"{lots // 10_000}.{lots % 10_000:04d}", "price": f"{price / 100:.2f}",
    }  # fmt: skip
    if chance.random() < 0.7:
        fields["cl_ord_id"] = chance.choice((f"c{nonce}",) * 9 + ("c1", "a+b", "a%20b", 'q"', "x" * 19, "", "a%"))
    elif chance.random() < 0.4:
        fields["userref"] = chance.choice(("7", "-1", "2147483648", "x"))
    if chance.random() < 0.2:
        odd = (
            {"oflags": "post"}, {"timeinforce": "IOC"}, {"validate": "true"}, {"type": "hold"}, {"price": "+1"},
            {"price": "1."}, {"volume": ".5"}, {"volume": "01"}, {"price": "1e2"}, {"what": ""},
            {"ordertype": "market"}, {"pair": "NONE"},
            {"price": "1" * 18}, {"stptype": "cancel_both"}, {"volume": ""}, {"volume": "1" * 17},
        )  # fmt: skip
        fields |= chance.choice(odd)
    named = [f"{name}={value}" for name, value in fields.items()]
    if chance.random() < 0.3:
        chance.shuffle(named)
    if chance.random() < 0.05:
        named.append(chance.choice([*named, "", "&", "=", "price"]))
    made = bytearray("&".join([f"nonce={nonce}", *named]).encode())
    if chance.random() < 0.05:
        place = chance.randrange(8 + len(str(nonce)), len(made))
        made[place : place + chance.randint(0, 2)] = bytes(chance.choices(b"0123456789.&=%+ abxyz\x00\x80", k=2))
    return bytes(made)


@pytest.mark.parametrize("seed", range(2))
def test_orders_are_answered_natively_as_the_general_way(tmp_path: Path, seed: int) -> None:
    native, general = Place(tmp_path / "native", new_venue()), Place(tmp_path / "general", in_python())
    # Keys are drawn: both doors know the same.
    general.keys, general.door.backing.keys = native.keys, native.door.backing.keys
    chance, at_once = Random(seed), 0
    for nonce in range(1, 2_501):
        account, asked = chance.choice([*ACCOUNTS]), form(chance, nonce)
        assert native.answer(account, nonce, asked) == general.answer(account, nonce, asked), asked
        told, expected = native.venue.told_rows(), general.venue.told()
        at_once += sum(len(each) for each in told if is_rows(each))
        assert unfolded(told) == expected, asked
        assert native.venue.written() == general.venue.written(), asked
    assert native.venue.state() == general.venue.state()
    assert at_once > 2_000


def test_orders_beyond_the_counter__are_refused_after_as_many_as_the_general_way(tmp_path: Path) -> None:
    native, general = Place(tmp_path / "native", new_venue()), Place(tmp_path / "general", in_python())
    said = []
    for door in (native, general):
        asked = [f"nonce={n}&ordertype=limit&pair=TSLAxUSD&type=buy&volume=1&price=90".encode() for n in range(1, 81)]
        said.append([door.answer(6, nonce, each) for nonce, each in enumerate(asked, 1)])
    assert said[0] == said[1]
    assert sum(b"EOrder:Rate limit exceeded" in each for each in said[0]) == 20


BIG = "9" * 40
BEYOND = (
    {"price": BIG}, {"volume": BIG}, {"price": "9" * 18}, {"volume": "9" * 17}, {"ordertype": "market", "volume": BIG},
    {"ordertype": "market", "volume": BIG[:30], "oflags": "viqc"}, {"ordertype": "iceberg", "volume": BIG, "displayvol": BIG},
    {"ordertype": "stop-loss", "price": BIG}, {"ordertype": "stop-loss-limit", "price2": BIG},
    {"ordertype": "trailing-stop", "price": f"%2B{BIG}"}, {"ordertype": "take-profit", "volume": BIG},
    {"oflags": "post", "price": BIG},
)  # fmt: skip


@pytest.mark.parametrize("is_native", [True, False])
def test_numbers_beyond_64_bits__are_refused_and_the_venue_goes_on(tmp_path: Path, is_native: bool) -> None:
    door = Place(tmp_path, new_venue() if is_native else in_python())
    fields = {"ordertype": "limit", "pair": "TSLAxUSD", "type": "buy", "volume": "1", "price": "90"}
    for nonce, beyond in enumerate((*BEYOND, {}), 1):
        asked = "&".join(f"{name}={value}" for name, value in (fields | beyond).items())
        answer = door.answer(1, nonce, f"nonce={nonce}&{asked}".encode())
        assert (b"error" in answer and b"txid" not in answer and b"Internal" not in answer) == bool(beyond), (beyond, answer)
    assert not door.door.backing.sequencer.stopped
