"""A venue out of a snapshot, or out of its journal, goes on exactly as one that never stopped: record for record."""

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from tests.crash.venue_story import ACCOUNTS, START_US, new_venue, next_command, opening
from tests.markets.venue_room import AAPL_USD, TSLA_USD, Room
from tests.markets.venue_room import START_US as ROOM_START_US

from openscrip.kernel.errors import Refused
from openscrip.markets.commands import CancelAfter, Clock, Command, Enrol
from openscrip.markets.orders import Side
from openscrip.markets.records import COLUMNS
from openscrip.markets.venue import Venue

DAY_US = 86_400_000_000


def rows(records: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(records), "<i8").reshape(-1, COLUMNS)


def from_journal(venue: Venue, records: list[bytes]) -> Venue:
    again = new_venue()
    again.replay(rows(records))
    return again


def told_again(venue: Venue, records: list[bytes]) -> Venue:
    again = new_venue()
    again.replay(rows(records), tell=True)
    again.told()
    return again


def from_snapshot(venue: Venue, records: list[bytes]) -> Venue:
    again = new_venue()
    again.load(venue.state())
    return again


WAYS = [from_journal, told_again, from_snapshot]


def answer(venue: Venue, command: Command, now_us: int) -> tuple[object, bytes, int]:
    """What comes of a command: the answer or the refusal, the records and the digest."""
    try:
        said: object = venue.submit(command, now_us)
    except Refused as refused:
        said = refused.code
    venue.told()
    return said, venue.written(), venue.digest


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(3))
def test_a_venue_that_was_recovered_again_and_again_does_what_one_does_that_never_stopped(
    way: Callable[[Venue, list[bytes]], Venue], seed: int
) -> None:
    random, chance = Random(seed), Random(seed + 100)
    steady, recovered, records = new_venue(), new_venue(), list[bytes]()
    first = list(opening())
    for number in range(600):
        now_us = START_US + (number + 1) * 997
        if number < len(first):
            command = first[number]
        elif chance.random() < 0.05:
            command = CancelAfter(chance.choice(ACCOUNTS), now_us + chance.randint(1, 20_000))
        else:
            command = next_command(random, f"c{number}", steady, now_us)
        said = answer(steady, command, now_us)
        assert answer(recovered, command, now_us) == said
        records.append(said[1])
        if number > len(first) and chance.random() < 0.05:
            recovered = way(recovered, records)


def test_dead_men_go_in_the_same_order_after_a_snapshot_whatever_order_they_came_in() -> None:
    room = Room(TSLA_USD, AAPL_USD)
    for account in (3, 1, 2):
        room.limit(account, Side.BUY, 10, 9_000 + account)
        room.do(CancelAfter(account, room.now_us + 5))
    again = from_snapshot(room.venue, [])
    room.venue.written()
    now_us = room.now_us + 1_000
    assert answer(again, Clock(now_us), now_us) == answer(room.venue, Clock(now_us), now_us)


def test_makers_and_markets_come_in_the_same_order_after_a_snapshot() -> None:
    room = Room(AAPL_USD, TSLA_USD)  # listed from the higher number to the lower
    for account in (3, 1):
        for instrument in (2, 1):
            room.do(Enrol(account, instrument, 500, 1, 0, 900_000))
    again = from_snapshot(room.venue, [])
    room.venue.written()
    assert list(again.floors) == list(room.venue.floors)
    assert [list(floor.makers) for floor in again.floors.values()] == [
        list(floor.makers) for floor in room.venue.floors.values()
    ]
    now_us = ROOM_START_US + DAY_US
    assert answer(again, Clock(now_us), now_us) == answer(room.venue, Clock(now_us), now_us)
