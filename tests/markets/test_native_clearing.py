"""The native clearing and the one in Python: the same commands, the same answers, facts, records, hashes and accounts."""

from random import Random

import numpy as np
import pytest
from tests.crash.venue_story import ACCOUNTS, PRICE, START_US, new_venue, next_command, opening
from tests.markets.venue_room import check, small_book

from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Command, Enrol, Enter, Place, State, Stop, Take, Tier
from openscrip.markets.native import built_module
from openscrip.markets.orders import Limit, Side
from openscrip.markets.venue import Venue

ROUNDS, COMMANDS = 8, 25_000
"""200,000 commands."""
COMPARED_EVERY = 500


def in_python() -> Venue:
    return Venue(small_book, native=False)


def answer(venue: Venue, command: Command, now_us: int) -> object:
    try:
        return venue.submit(command, now_us)
    except Refused as refused:
        return refused.code, str(refused)


def plain(chance: Random, venue: Venue, number: int) -> Command:
    """Mostly what the native clearing does by itself, at the edges of what it may do too."""
    account = chance.choice(ACCOUNTS) if chance.random() < 0.99 else 99
    if chance.random() < 0.35 and venue.orders:
        own = venue.open_orders(account)
        order = chance.choice(own).id if own and chance.random() < 0.95 else chance.randint(1, venue.last_order + 1)
        return Take(account if chance.random() < 0.9 else 0, order)
    side = Side(chance.randint(0, 1))
    away = chance.randint(-30, 12) if chance.random() < 0.99 else chance.choice((-PRICE, PRICE, 1_900, -1_100))
    price = PRICE + away * (1 if side is Side.BUY else -1)
    lots = chance.randint(1, 300) if chance.random() < 0.99 else chance.choice((0, 2**24, 2**24 + 1, 10**9))
    name = f"c{number}" if chance.random() < 0.5 else chance.choice(("", "", "same", "größer", "x" * 37))
    reference = 0 if name else chance.choice((0, 7, -1, -(2**31), 2**31))
    return Place(account, chance.randint(1, 2), side, lots, Limit(price), client_id=name, user_reference=reference)


def rare(chance: Random) -> Command:
    """What changes by whose rules the next orders go."""
    account, instrument = chance.choice(ACCOUNTS), chance.randint(1, 2)
    commands: list[Command] = [
        Tier(account, chance.choice((-1, 0))),
        Enrol(account, instrument, 500, 10, 0, 100),
        Stop(account, chance.random() < 0.2),
        *(Stop(each, False) for each in ACCOUNTS),
        Enter(instrument, chance.choice((State.POST_ONLY, State.CALL, State.HALTED))),
        *(Enter(each, state) for state in (State.CALL, State.OPEN) for each in (1, 2) for _ in range(6)),
    ]
    return chance.choice(commands)


def command_of(chance: Random, venue: Venue, number: int, now_us: int) -> Command:
    drawn = chance.random()
    if drawn < 0.70:
        return plain(chance, venue, number)
    if drawn < 0.71:
        return rare(chance)
    return next_command(chance, f"n{number}", venue, now_us)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_the_native_clearing__in_random_commands_of_all_kinds__does_what_python_does(seed: int) -> None:
    chance, native, python = Random(seed), new_venue(), in_python()
    now_us = START_US
    for command in opening():
        assert answer(native, command, now_us) == answer(python, command, now_us)
    rows, written = 0, list[bytes]()
    for number in range(COMMANDS):
        now_us += chance.choice((1, 1, 997, 5_000)) if chance.random() < 0.9995 else 400_000_000
        command = command_of(chance, python, number, now_us)
        assert answer(native, command, now_us) == answer(python, command, now_us), command
        if not number % COMPARED_EVERY:
            rows += sum(hasattr(each, "rows") for each in native.facts)
            assert native.told() == python.told()
            written.append(native.written())
            assert written[-1] == python.written()
            assert native.digest == python.digest
            assert native.state() == python.state()
            check(native)
    assert rows > 0, "no order was done natively"
    written.append(native.written())
    records = np.frombuffer(b"".join(written), "<i8").reshape(-1, 16)
    for again in (new_venue(), in_python()):
        again.replay(records)
        assert again.state() == native.state()
        assert again.digest == native.digest
        check(again)


def test_a_venue_without_a_compiler__is_told_plain_orders__does_them_in_python() -> None:
    python = in_python()
    for command in opening():
        python.submit(command, START_US)
    python.told()
    python.submit(Place(1, 1, Side.BUY, 10, Limit(PRICE)), START_US)
    assert built_module() is not None
    assert [type(fact).__name__ for fact in python.facts] == ["OrderNew", "BookEvents"]
