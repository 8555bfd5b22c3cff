"""The history keeps each fact once through stops, overflows and kills, and answers with what was told before the question."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.markets.venue_told import AAPL_EUR, SECOND_US, START_US, TSLA, TSLA_USD, USD, TellingVenue, directory

from openscrip.kernel.errors import Malformed
from openscrip.markets.facts import What
from openscrip.markets.following import FACTS_MAX, Facts
from openscrip.markets.history import History
from openscrip.markets.history_tables import OtherVersion, open_tables

ALICE, BOB = 1, 2


class Running:
    """A history beside its venue; every fact is told as it comes."""

    def __init__(self, path: Path, venue: TellingVenue | None = None, facts_max: int = FACTS_MAX) -> None:
        self.venue = venue or TellingVenue()
        self.history = History(path, directory(), self.venue.again, facts_max=facts_max)
        self.history.start(self.venue.sequence, 30)

    def tell(self, facts: Facts) -> None:
        self.history.hear(facts)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path / "history.duckdb")
    yield made
    made.history.stop()


def funded(running: Running) -> None:
    for account, asset in ((ALICE, USD), (BOB, TSLA)):
        running.tell(running.venue.credit(account, asset.number, 10**14, f"first-{account}"))


def counts(path: Path) -> dict[str, tuple[int, int]]:
    """Rows of each table, and how many different ones."""
    connection = open_tables(path)
    found = {}
    for table in ("trade", "execution", "placed", "ended", "amended", "ledger"):
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()
        found[table] = len(rows), len(set(rows))
    minutes = connection.execute("SELECT sum(count) FROM minute").fetchone()
    connection.close()
    found["minute"] = (int(minutes[0] or 0) if minutes else 0, 0)
    return found


# orders, executions and ledgers


def test_a_filled_order__asked_for_at_once__is_found_with_its_totals(running: Running) -> None:
    funded(running)
    running.tell(running.venue.trade(TSLA_USD, ALICE, BOB, 30_000, 5_000, fees=(400, -100)))
    [order] = asyncio.run(running.history.orders(ALICE, [1, 2]))
    assert (order.order, order.status, order.reason, order.lots, order.filled) == (2, "closed", "", 5_000, 5_000)
    assert (order.value, order.fee, order.order_type, order.price) == (150_000_000, 400, "limit", 30_000)
    [execution] = asyncio.run(running.history.executions_of(ALICE, [2]))
    assert (execution.id, execution.trade, execution.is_maker, execution.fee) == (2, 1, False, 400)
    assert asyncio.run(running.history.executions_by_id(ALICE, [2])) == [execution]


def test_an_account__never_sees_the_rows_of_another(running: Running) -> None:
    funded(running)
    running.tell(running.venue.trade(TSLA_USD, ALICE, BOB, 30_000, 5_000))
    history, other = running.history, 3
    assert asyncio.run(history.orders(other, [1, 2])) == []
    assert asyncio.run(history.executions_by_id(other, [2, 3])) == []
    assert asyncio.run(history.ledgers_by_id(other, [1, 2, 3, 4])) == []
    assert asyncio.run(history.amendments(other, 1)) == []
    assert asyncio.run(history.ledgers(other)) == ([], 0)
    assert asyncio.run(history.closed_orders(other)) == ([], 0)


def test_ledger_rows__of_trades_and_deposits__carry_balances_that_follow(running: Running) -> None:
    funded(running)
    running.tell(running.venue.trade(TSLA_USD, ALICE, BOB, 30_000, 5_000, fees=(400, -100)))
    running.tell(running.venue.moved(ALICE, USD.number, -1_000, What.PAY_OUT, "out-1"))
    rows, count = asyncio.run(running.history.ledgers(ALICE))
    assert count == len(rows) == 4
    assert [(row.kind, row.amount, row.fee) for row in reversed(rows)] == [
        ("deposit", 10**14, 0),
        ("trade", 5_000 * 10_000, 0),
        ("trade", -150_000_000, 400),
        ("withdrawal", -1_000, 0),
    ]
    cash = [row for row in reversed(rows) if row.asset == USD.number]
    for before, after in itertools.pairwise(cash):
        assert after.balance == before.balance + after.amount - after.fee
    only, only_count = asyncio.run(running.history.ledgers(ALICE, assets=[TSLA.number], kind="trade"))
    assert (only_count, only[0].reference) == (1, "2")


def test_an_amended_order__once_closed__shows_its_last_terms_and_its_changes(running: Running) -> None:
    venue = running.venue
    running.tell(venue.place(ALICE, TSLA_USD, 0, 900, 29_000, client_id="mine"))
    running.tell(venue.amend(1, ALICE, TSLA_USD, 700, 29_500))
    running.tell(venue.amend(1, ALICE, TSLA_USD, 600, 29_600))
    running.tell(venue.cancel(1, ALICE, TSLA_USD, 600))
    [order] = asyncio.run(running.history.orders(ALICE, [1]))
    assert (order.lots, order.price, order.status, order.reason) == (600, 29_600, "canceled", "User requested")
    changes = asyncio.run(running.history.amendments(ALICE, 1))
    assert [(each.lots, each.price) for each in changes] == [(900, 29_000), (700, 29_500), (600, 29_600)]


def test_closed_orders__by_pages_and_times__come_newest_first(running: Running) -> None:
    funded(running)
    for number in range(60):
        running.venue.now_us = START_US + number * SECOND_US
        running.tell(running.venue.trade(TSLA_USD, ALICE, BOB, 30_000 + number, 10))
    first, count = asyncio.run(running.history.closed_orders(ALICE))
    second, _ = asyncio.run(running.history.closed_orders(ALICE, offset=50))
    assert (count, len(first), len(second)) == (60, 50, 10)
    assert [order.order for order in first + second] == sorted((order.order for order in first + second), reverse=True)
    start, end = START_US + 10 * SECOND_US, START_US + 20 * SECOND_US
    within, inside = asyncio.run(running.history.closed_orders(ALICE, start_us=start, end_us=end))
    assert inside == 10
    assert {start < order.closed_us <= end for order in within} == {True}
    made, maker_count = asyncio.run(running.history.executions(BOB, is_maker=True, limit=5))
    assert (len(made), maker_count) == (5, 60)


# market data


def test_trades__after_an_id__are_the_next_ones_even_within_a_microsecond(running: Running) -> None:
    funded(running)
    for number in range(10):
        running.tell(running.venue.trade(TSLA_USD, ALICE, BOB, 30_000 + number, 10))
    every = asyncio.run(running.history.trades(TSLA_USD.number, 0))
    assert [trade.price for trade in every] == [30_000 + number for number in range(10)]
    assert len({trade.since for trade in every}) == 10
    rest = asyncio.run(running.history.trades(TSLA_USD.number, every[6].since))
    assert rest == every[7:]
    assert asyncio.run(running.history.trades(TSLA_USD.number, None, 3)) == every[7:]


def told_candles(trades: list[tuple[int, int, int]], interval_min: int) -> dict[int, tuple[int, ...]]:
    """What each interval saw, from (time_us, price, lots) by the definition of a candle."""
    found: dict[int, list[tuple[int, int]]] = {}
    for time_us, price, lots in trades:
        step = interval_min * 60
        found.setdefault(time_us // SECOND_US // step * step, []).append((price, lots))
    return {
        begin: (
            each[0][0],
            max(price for price, _ in each),
            min(price for price, _ in each),
            each[-1][0],
            sum(price * lots for price, lots in each),
            sum(lots for _, lots in each),
            len(each),
        )
        for begin, each in found.items()
    }


@pytest.mark.parametrize("interval", [1, 5, 15, 60, 1440, 10080, 21600])
def test_candles__stored_and_in_memory__are_what_was_traded(tmp_path: Path, interval: int) -> None:
    running = Running(tmp_path / "history.duckdb")
    trades: list[tuple[int, int, int]] = []
    for facts in running.venue.random_trades(7, 400):
        running.tell(facts)
        trades += [
            (fact.time_us, fact.price, fact.lots)  # type: ignore[attr-defined]  # a print
            for fact in facts
            if type(fact).__name__ == "Printed" and fact.instrument == 1  # type: ignore[attr-defined]  # a print
        ]
    expected = told_candles(trades, interval)
    now_us = running.venue.now_us
    found = asyncio.run(running.history.candles(1, interval, None, now_us))
    newest = running.history.candle(1, interval)
    running.history.stop()
    assert newest is not None
    last = max(expected)
    assert (newest.begin_s, *_values(newest)) == (last, *expected[last])
    assert {each.begin_s: _values(each) for each in found if each.count} == {
        begin: each for begin, each in expected.items() if begin >= found[0].begin_s
    }
    for before, after in itertools.pairwise(found):
        assert after.begin_s == before.begin_s + interval * 60
        assert after.count or (after.open, after.close, after.lots) == (before.close, before.close, 0)
    again = Running(tmp_path / "history.duckdb", running.venue)
    assert again.history.candle(1, interval) == newest
    assert again.history.ticker(1, now_us) == running.history.ticker(1, now_us)
    again.history.stop()


def _values(candle: object) -> tuple[int, ...]:
    return tuple(getattr(candle, name) for name in ("open", "high", "low", "close", "turnover", "lots", "count"))


def test_candles__of_a_quiet_market__are_720_flat_ones_up_to_now(running: Running) -> None:
    funded(running)
    running.tell(running.venue.trade(TSLA_USD, ALICE, BOB, 30_000, 10))
    now_us = START_US + 86_400 * SECOND_US
    found = asyncio.run(running.history.candles(TSLA_USD.number, 1, None, now_us))
    assert (len(found), found[-1].begin_s, found[0].close, found[0].count) == (720, now_us // SECOND_US // 60 * 60, 30_000, 0)
    since = found[-10].begin_s
    assert len(asyncio.run(running.history.candles(TSLA_USD.number, 1, since, now_us))) == 10
    assert asyncio.run(running.history.candles(AAPL_EUR.number, 1, None, now_us)) == []
    with pytest.raises(Malformed, match="7 minutes"):
        asyncio.run(running.history.candles(TSLA_USD.number, 7, None, now_us))


def test_the_ticker__forgets_what_is_older_than_24_hours(running: Running) -> None:
    funded(running)
    running.tell(running.venue.trade(TSLA_USD, ALICE, BOB, 40_000, 10))
    running.venue.now_us += 3_600 * SECOND_US
    running.tell(running.venue.trade(TSLA_USD, ALICE, BOB, 30_000, 20))
    soon, later = START_US + 7_200 * SECOND_US, START_US + 24 * 3_600 * SECOND_US
    day = running.history.ticker(TSLA_USD.number, soon).day
    assert (day.open, day.high, day.low, day.lots, day.count) == (40_000, 40_000, 30_000, 30, 2)
    day = running.history.ticker(TSLA_USD.number, later).day
    assert (day.open, day.high, day.lots, day.count) == (30_000, 30_000, 20, 1)
    assert running.history.ticker(TSLA_USD.number, later + 3_600 * SECOND_US).day.count == 0
    assert running.history.ticker(TSLA_USD.number, later).last_price == 30_000


def test_spreads__are_the_newest_after_a_time(running: Running) -> None:
    for number in range(300):
        running.history.quoted(TSLA_USD.number, START_US + number, 100 + number, 101 + number)
    found = running.history.spreads(TSLA_USD.number)
    assert (len(found), found[-1].bid) == (200, 399)
    assert [each.bid for each in running.history.spreads(TSLA_USD.number, START_US + 297)] == [398, 399]


def test_volume_of_30_days__is_counted_by_quote(running: Running) -> None:
    funded(running)
    running.tell(running.venue.trade(TSLA_USD, ALICE, BOB, 30_000, 5_000))
    now_us = START_US + 86_400 * SECOND_US
    assert asyncio.run(running.history.volume_30d(ALICE, now_us)) == {USD.number: 150_000_000}
    assert asyncio.run(running.history.volume_30d(ALICE, now_us + 30 * 86_400 * SECOND_US)) == {}


# once


def test_a_history__that_missed_facts__takes_them_from_the_journal_once(tmp_path: Path) -> None:
    path, venue = tmp_path / "history.duckdb", TellingVenue()
    told = venue.random_trades(3, 300)
    for _ in itertools.islice(told, 100):
        pass
    first = Running(path, venue)
    for facts in itertools.islice(told, 100):
        first.tell(facts)
    first.history.stop()
    for _ in told:
        pass
    again = Running(path, venue, facts_max=10)
    for facts in venue.random_trades(4, 200):
        again.tell(facts)
    asyncio.run(again.history.trades(1))
    again.history.stop()
    found = counts(path)
    connection = open_tables(path)
    last = connection.execute(
        "SELECT account, asset, arg_max(balance, id), sum(amount - fee) FROM ledger GROUP BY ALL"
    ).fetchall()
    connection.close()
    assert {(account, asset): balance for account, asset, balance, _ in last} == {
        held: balance for held, balance in venue.balances.items() if held[0]
    }
    assert all(balance == moved for _, _, balance, moved in last)
    assert found["trade"] == (venue.trades, venue.trades)
    assert found["execution"] == (2 * venue.trades, 2 * venue.trades)
    assert found["ledger"] == (venue.entries, venue.entries)
    assert found["minute"][0] == venue.trades


def test_a_file__of_other_tables__is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    connection = open_tables(path)
    connection.execute("UPDATE position SET version = 99")
    connection.close()
    with pytest.raises(OtherVersion, match="version 99"):
        open_tables(path)


CHILD = """
import sys
from pathlib import Path
from openscrip.markets.history import History
from tests.markets.venue_told import TellingVenue, directory
venue = TellingVenue()
for _ in venue.random_trades(5, 6000):
    pass
history = History(Path(sys.argv[1]), directory(), venue.again, facts_max=500)
print("started", history.position, flush=True)
history.start(venue.sequence)
print("done", flush=True)
history.stop()
"""


@pytest.mark.slow
@pytest.mark.crash
@pytest.mark.parts
def test_a_history__killed_again_and_again_while_it_writes__has_each_row_once(tmp_path: Path) -> None:
    path, delays = tmp_path / "history.duckdb", itertools.cycle((0.05, 0.3, 0.12, 3.0, 0.02, 0.2))
    positions = [0]
    for _ in range(12):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        positions.append(int(child.stdout.readline().split()[1]))
        try:
            child.wait(next(delays))
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
            child.wait(60)
        child.stdout.close()
    assert positions == sorted(positions)
    assert positions[-1] > 0
    subprocess.run([sys.executable, "-c", CHILD, str(path)], check=True, timeout=120, capture_output=True)
    venue = TellingVenue()
    for _ in venue.random_trades(5, 6000):
        pass
    found = counts(path)
    assert found["trade"] == (venue.trades, venue.trades)
    assert found["ledger"] == (venue.entries, venue.entries)
    assert found["placed"] == found["ended"] == (venue.orders, venue.orders)
    assert found["minute"][0] == venue.trades
