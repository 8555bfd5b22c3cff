"""Facts of plain orders in rows: whoever reads them as rows has what he would have had of the facts themselves."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from tests.crash.venue_story import ACCOUNTS, START_US, new_venue, next_command, opening
from tests.markets.test_native_clearing import answer, plain

from openscrip.markets.compact import count_of, first_of, is_rows, unfolded
from openscrip.markets.depth import Shown
from openscrip.markets.facts import BookEvents
from openscrip.markets.history import History
from openscrip.markets.history_recording import Recorder
from openscrip.markets.history_tables import TABLES, TYPES
from openscrip.markets.settlement import netted
from openscrip.markets.venue import Venue

Told = list[Sequence[Any]]


@pytest.fixture(scope="module")
def told() -> tuple[Venue, Told]:
    """A venue, and what it told in groups: rows for the most part, facts between them."""
    chance, venue, groups = Random(11), new_venue(), list[Sequence[Any]]()
    now_us = START_US
    for command in opening():
        venue.submit(command, now_us)
    groups.append(venue.told_rows())
    for number in range(3_000):
        now_us += 20_011
        is_plain = chance.random() < 0.95
        command = plain(chance, venue, number) if is_plain else next_command(chance, f"n{number}", venue, now_us)
        answer(venue, command, now_us)
        if not number % 20:
            groups.append(venue.told_rows())
    assert any(is_rows(each) for group in groups for each in group)
    return venue, [group for group in groups if group]


def test_rows_are_counted_and_numbered_as_their_facts(told: tuple[Venue, Told]) -> None:
    for group in told[1]:
        facts = unfolded(group)
        assert count_of(group) == len(facts)
        assert first_of(group[0]) == facts[0].sequence
        assert group[-1].sequence == facts[-1].sequence


def test_the_history_of_rows_is_that_of_facts(told: tuple[Venue, Told]) -> None:
    venue, groups = told
    every = [each for group in groups for each in group]
    of_rows, of_facts = (Recorder(venue.instruments, {}).columns(facts) for facts in (every, unfolded(every)))
    for table, columns in TABLES.items():
        one, other = (
            sorted(zip(*(np.asarray(each, TYPES[kind]).tolist() for each, kind in pairs), strict=True))
            for pairs in (zip(found[table], columns.values(), strict=True) for found in (of_rows, of_facts))
        )
        assert one == other, table
        assert one


def test_a_history_that_hears_rows_answers_as_one_that_hears_facts(told: tuple[Venue, Told], tmp_path: Path) -> None:
    venue, groups = told
    histories = [History(tmp_path / name, venue.instruments, lambda _sequence: iter(())) for name in ("rows", "facts")]

    async def answers(history: History) -> list[Any]:
        now_us = venue.time_us
        found: list[Any] = [await history.trades(number) for number in (1, 2)]
        found += [await history.executions(account) for account in ACCOUNTS]
        found += [await history.closed_orders(account) for account in ACCOUNTS]
        found += [await history.ledgers(account) for account in ACCOUNTS]
        return [*found, *(history.ticker(number, now_us) for number in (1, 2)), history.candle(1, 60)]

    for history in histories:
        history.start(0)
    for group in groups:
        histories[0].hear(group)
        histories[1].hear(unfolded(group))
    one, other = (asyncio.run(answers(history)) for history in histories)
    for history in histories:
        history.stop()
    assert one == other


def test_the_nets_of_rows_are_those_of_facts(told: tuple[Venue, Told]) -> None:
    venue, groups = told
    for group in groups:
        assert netted(group, venue.instruments) == netted(unfolded(group), venue.instruments)


def test_a_book_that_is_followed_by_rows_shows_what_one_shows_that_is_followed_by_facts(told: tuple[Venue, Told]) -> None:
    groups = told[1]
    by_rows, by_facts = ({number: Shown() for number in (1, 2)} for _ in range(2))
    for group in groups:
        for each in group:
            if is_rows(each):
                each.show({number: shown.tables for number, shown in by_rows.items()})
            elif isinstance(each, BookEvents):
                by_rows[each.instrument].apply(each.events, each.time_us)
        for fact in unfolded(group):
            if isinstance(fact, BookEvents):
                by_facts[fact.instrument].apply(fact.events, fact.time_us)
        for number in (1, 2):
            one, other = by_rows[number], by_facts[number]
            assert one.settle() == other.settle()
            assert (one.orders, one.lines, one.levels, one.ranked) == (other.orders, other.lines, other.levels, other.ranked)
            assert one.queue_checksum() == other.queue_checksum()
