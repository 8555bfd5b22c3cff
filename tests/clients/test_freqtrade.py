"""Freqtrade, a program of its own that is GPL and never imported, trades here through ccxt: dry, and with real orders."""

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.clients.connections import SYMBOL, ccxt_of
from tests.clients.venue_server import ALICE, MAKER, TSLAX_USD, RunningVenue, running_venue

from openscrip.markets.commands import Place
from openscrip.markets.orders import Limit, Side, TimeInForce
from sbf.compiler import TOOLCHAIN

PROGRAM = TOOLCHAIN / "freqtrade" / "bin" / "freqtrade"
MINUTES = 5
TRADED_S = 150.0

# Its first order rests beside the market and is cancelled; then it buys at once, and sells a moment later.
STRATEGY = """
from freqtrade.strategy import IStrategy


class InAndOut(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    startup_candle_count = 2
    process_only_new_candles = False
    minimal_roi = {}
    stoploss = -0.5
    waited = False

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe

    def custom_entry_price(self, pair, trade, current_time, proposed_rate, entry_tag, side, **kwargs):
        return proposed_rate if self.waited else proposed_rate * 0.985

    def check_entry_timeout(self, pair, trade, order, current_time, **kwargs):
        self.waited = True
        return True

    def custom_exit(self, pair, trade, current_time, current_rate, current_profit, **kwargs):
        return "held" if (current_time - trade.open_date_utc).total_seconds() >= 1 else None
"""


def config(venue: RunningVenue, folder: Path, *, dry: bool) -> dict[str, Any]:
    key, rest = venue.key(ALICE), venue.addresses.rest
    pricing = {"price_side": "other", "use_order_book": True, "order_book_top": 1}
    return {
        "dry_run": dry,
        "dry_run_wallet": 10_000,
        "db_url": f"sqlite:///{folder / 'trades.sqlite'}",
        "trading_mode": "spot",
        "stake_currency": "USD",
        "stake_amount": 600,
        "max_open_trades": 1,
        "timeframe": "1m",
        "entry_pricing": pricing,
        "exit_pricing": pricing,
        "unfilledtimeout": {"entry": 10, "exit": 10, "unit": "minutes"},
        "exchange": {
            "name": "kraken",
            "key": key.key,
            "secret": key.secret_text,
            "pair_whitelist": [SYMBOL],
            "enable_ws": False,
            "ccxt_config": {"urls": {"api": {"public": rest, "private": rest}}, "rateLimit": 20},
        },
        "pairlists": [{"method": "StaticPairList"}],
        "internals": {"process_throttle_secs": 1},
        "initial_state": "running",
    }


@contextmanager
def freqtrade(venue: RunningVenue, folder: Path, *, dry: bool) -> Iterator[None]:
    """The program, until the end of the block; what it said is shown when it fails."""
    assert PROGRAM.exists(), "tests: freqtrade was not installed; `python3 tools/set_up.py dev` does, or says why it cannot"
    (folder / "strategies").mkdir(parents=True)
    (folder / "strategies" / "in_and_out.py").write_text(STRATEGY, encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(config(venue, folder, dry=dry)), encoding="utf-8")
    command = [
        str(PROGRAM), "trade", "--config", str(folder / "config.json"), "--userdir", str(folder),
        "--strategy", "InAndOut", "--strategy-path", str(folder / "strategies"),
    ]  # fmt: skip
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "NO_PROXY": "*"}
    with (folder / "said.log").open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment, cwd=folder)
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(60)


def trades_in(folder: Path) -> list[tuple[int, float, str]]:
    """What freqtrade wrote down: whether each trade is open, its amount, and why it was ended."""
    file = folder / "trades.sqlite"
    if not file.exists():
        return []
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as books:
        try:
            return books.execute("SELECT is_open, amount, exit_reason FROM trades").fetchall()
        except sqlite3.OperationalError:
            return []  # it has only begun


def wait_for(holds: Callable[[], bool], folder: Path) -> None:
    ends = time.monotonic() + TRADED_S
    while not holds():
        assert time.monotonic() < ends, (folder / "said.log").read_text(encoding="utf-8")[-4_000:]
        time.sleep(0.05)


@contextmanager
def lively(venue: RunningVenue) -> Iterator[None]:
    """Candles of the last minutes, a book on both sides, and a trade every second from now on."""

    def place(side: Side, price: int, lots: int, *, rests: bool = True) -> None:
        terms = Limit(price, TimeInForce.GTC if rests else TimeInForce.IOC)
        venue.submit(Place(MAKER if rests else 2, TSLAX_USD.number, side, lots, terms))

    for side, price in ((Side.BUY, 29_990), (Side.SELL, 30_010)):
        place(side, price, 1_000_000)
    for _ in range(MINUTES):
        place(Side.BUY, 30_010, 1_000, rests=False)
        venue.clock_us.behind_us -= 60_000_000
    place(Side.BUY, 30_010, 1_000, rests=False)
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(1.0):
            place(Side.BUY, 30_010, 100, rests=False)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parts
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_freqtrade__in_dry_mode__follows_the_market_and_sends_no_order(tmp_path: Path) -> None:
    folder = tmp_path / "freqtrade"
    with running_venue(tmp_path, MINUTES * 60) as venue, lively(venue), freqtrade(venue, folder, dry=True):
        wait_for(lambda: any(not is_open and amount > 0 for is_open, amount, _ in trades_in(folder)), folder)
        assert ccxt_of(venue, ALICE).fetch_closed_orders(SYMBOL) == []


@pytest.mark.parts
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_freqtrade__live__places_cancels_buys_and_sells_at_the_venue(tmp_path: Path) -> None:
    folder = tmp_path / "freqtrade"
    with running_venue(tmp_path, MINUTES * 60) as venue, lively(venue):
        with freqtrade(venue, folder, dry=False):
            wait_for(lambda: any(not is_open and reason == "held" for is_open, _, reason in trades_in(folder)), folder)
        orders = sorted(ccxt_of(venue, ALICE).fetch_closed_orders(SYMBOL), key=lambda each: each["timestamp"])
        (_, amount, _) = next(each for each in trades_in(folder) if each[2] == "held")
        told = [(each["status"], each["side"], each["filled"]) for each in orders]
        assert told[:3] == [("canceled", "buy", 0.0), ("closed", "buy", amount), ("closed", "sell", amount)]
