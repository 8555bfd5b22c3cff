"""The venue's followers: facts of a trading venue into the ledger and into the history, and what readers wait.

`python -m bench.venue_books`. Two thirds of the commands are orders near the middle, one third are cancels; about a third of
all of them trade. Every run compares the ledger with the venue's balances, and the history with its count of trades.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Admit, Clock, Credit, List, Open, Place, Take
from openscrip.markets.facts import Fact
from openscrip.markets.following import Facts
from openscrip.markets.history import History
from openscrip.markets.instruments import Instrument, money, token
from openscrip.markets.money_chart import MONEY_SIDES
from openscrip.markets.orders import Limit, Side
from openscrip.markets.settlement import SETTLEMENT_REGISTERED, Settlement
from openscrip.markets.venue import Venue
from openscrip.runtime.database import open_database, sqlite_url, upgrade
from openscrip.runtime.sql import SqlStore

COMMANDS, GROUP, ACCOUNTS, QUESTIONS = 60_000, 64, 500, 20
START_US, STEP_US = 1_790_000_000_000_000, 5_000
USD, TSLA = money(1, "USD", "ZUSD"), token(2, "TSLAx")
PAIR = Instrument(1, TSLA, USD, pre_open_us=0, call_us=0, cost_min=1, orders_max=10**6, reasonable_bps=0, band_bps=0,
                  stale_us=0, stale_halt_us=0)  # fmt: skip


def traded(seed: int) -> tuple[Venue, list[list[Fact]]]:
    """A venue after its commands, and what it told in groups."""
    venue, chance, now_us, groups = Venue(), Random(seed), START_US, list[list[Fact]]()
    for first in (Admit(USD), Admit(TSLA), List(PAIR)):
        venue.submit(first, now_us)
    for account in range(1, ACCOUNTS + 1):
        venue.submit(Open(account, f"customer {account}"), now_us)
        for asset in (USD, TSLA):
            venue.submit(Credit(account, asset.number, 10**15, f"first {account} {asset.number}"), now_us)
    venue.submit(Clock(now_us), now_us)
    for number in range(COMMANDS):
        now_us += STEP_US
        account, side = chance.randrange(1, ACCOUNTS + 1), chance.choice((Side.BUY, Side.SELL))
        price = 30_000 + chance.randrange(-12, 4) * (1 if side is Side.BUY else -1)
        with suppress(Refused):
            if chance.random() < 0.33 and venue.orders:
                order = next(reversed(venue.orders.values()))
                venue.submit(Take(order.account, order.id), now_us)
            else:
                venue.submit(Place(account, 1, side, chance.randrange(1, 300), Limit(price)), now_us)
        if number % GROUP == 0:
            groups.append(venue.told())
    groups.append(venue.told())
    return venue, [group for group in groups if group]


def nothing_again(_sequence: int) -> Iterator[Facts]:
    """No record was missed."""
    yield from ()


def settlement_rates(folder: Path, venue: Venue, groups: list[list[Fact]]) -> dict[str, float]:
    """All of it posted to SQLite: per CPU-second of this process."""
    engine = open_database(sqlite_url(folder / "money.sqlite"))
    upgrade(engine)
    store = SqlStore(engine, MONEY_SIDES, SETTLEMENT_REGISTERED)
    settlement = Settlement(store, venue.instruments, nothing_again, lambda: 1)
    settlement.start(0, {})
    cpu, wall = time.process_time(), time.perf_counter()
    for group in groups:
        settlement.hear(group)
    last = groups[-1][-1].sequence
    settlement.reached(last)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    balances = {(account, asset): held[0] for account in venue.accounts for asset, held in venue.balances(account).items()}
    if settlement.compare(last, balances) != []:
        raise RuntimeError("bench: the ledger was not the venue's")
    settlement.stop()
    store.close()
    return {
        "settlement.trades": venue.trades / cpu, "settlement.postings": settlement.transfers / cpu,
        "settlement.wall": venue.trades / wall,
    }  # fmt: skip


def history_rates(folder: Path, venue: Venue, groups: list[list[Fact]]) -> dict[str, float]:
    """All of it written to DuckDB, per CPU-second and in microseconds a command; then what readers wait."""
    history = History(folder / "history.duckdb", venue.instruments, nothing_again)
    history.start(0)
    cpu, wall = time.process_time(), time.perf_counter()
    for group in groups:
        history.hear(group)
    trades = asyncio.run(history.trades(1, None, 1))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if trades[-1].number != venue.trades:
        raise RuntimeError("bench: the history had not every trade")
    facts, now_us = sum(map(len, groups)), START_US + COMMANDS * STEP_US
    found = {"history.facts": facts / cpu, "history.command": cpu / COMMANDS * 1e6, "history.wall": facts / wall}
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "trades": lambda: history.trades(1),
        "candles": lambda: history.candles(1, 1, None, now_us),
        "closed_orders": lambda: history.closed_orders(1),
        "executions": lambda: history.executions(1),
        "ledgers": lambda: history.ledgers(1),
    }
    for name, ask in asked.items():
        found[f"ask.{name}"] = asyncio.run(_median_ms(ask))
    history.stop()
    return found


async def _median_ms(ask: Callable[[], Awaitable[object]]) -> float:
    took = []
    for _ in range(QUESTIONS):
        begun = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(took)


def venue_books_figures(runs: int, progress: Callable[[str], None]) -> dict[str, list[float]]:
    """Each figure by its name, a value a run."""
    found: dict[str, list[float]] = {}
    for number in range(runs):
        progress(f"run {number + 1} of {runs}")
        venue, groups = traded(number)
        with tempfile.TemporaryDirectory() as folder:
            each = settlement_rates(Path(folder), venue, groups) | history_rates(Path(folder), venue, groups)
        for name, value in each.items():
            found.setdefault(name, []).append(value)
    return found


if __name__ == "__main__":
    figures = venue_books_figures(1, lambda text: print(text, file=sys.stderr))
    print(json.dumps({name: round(values[0], 2) for name, values in figures.items()}, indent=1))
