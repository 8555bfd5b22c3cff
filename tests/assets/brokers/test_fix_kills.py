"""Either side killed in the middle, and links cut again and again: all orders are accounted for, each trade is booked once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import pytest
from tests.assets.brokers.fix_market import Market, a_market, buy, our_side, until
from tests.databases import engine_at, new_database

from openscrip.assets.broker import Fill, OrderAccepted, OrderDone, Settled
from openscrip.assets.paper import Switch
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Unavailable
from openscrip.runtime.database import sqlite_url, upgrade
from openscrip.runtime.leases import Leases

pytestmark = [pytest.mark.parts, pytest.mark.crash]
ROOT = Path(__file__).parents[3]
CLOSE, SETTLED = "2024-06-03T20:00:00Z", "2024-06-04T16:00:00Z"


def all_accounted_for(market: Market, orders: int) -> None:
    """Each order was accepted, filled and settled exactly once, and the broker holds as many shares."""
    names = sorted(f"buy-{number}" for number in range(orders))
    assert sorted(each.client_order_id for each in market.told(OrderAccepted)) == names
    assert sorted(each.client_order_id for each in market.told(OrderDone)) == names
    fills = market.told(Fill)
    assert sorted(each.client_order_id for each in fills) == names
    assert len({each.exec_id for each in fills}) == orders
    assert sorted(each.client_order_id for each in market.told(Settled)) == names
    assert str(market.broker.positions()["TSLA"].settled) == str(orders)
    assert market.broker.troubles() == {}


def has_heard(market: Market, count: int) -> bool:
    return market.office.standing().heard >= count


@contextmanager
def our_process(market: Market, orders: int, *books: str) -> Iterator[IO[bytes]]:
    """Our side in a process that places so many orders: what it says, after `ready`. Killed in the end."""
    command = [sys.executable, "-m", "tests.assets.brokers.ours", str(market.data), market.child.url]
    process = subprocess.Popen(
        [*command, str(market.child.fix_port), "0", str(orders), *books], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd=ROOT, env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
    )  # fmt: skip
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.stdout
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)


def test_the_broker__killed_with_50_orders_in_flight__accounts_for_all_when_it_is_back(tmp_path: Path) -> None:
    with a_market(tmp_path) as market:
        market.turn(Switch("no_ack", 200), Switch("duplicate_report", 200))
        for number in range(50):
            market.broker.place(buy(f"buy-{number}", "1"))
            if number in {20, 49}:
                market.child.kill()
                market.child.start()
        market.broker.catch_up()
        # Killed again with all of them working, and while the fills are being told.
        market.child.kill()
        market.child.start()
        market.office.advance_to(instant(CLOSE))
        market.child.kill()
        market.child.start()
        market.clock.advance_to(instant(CLOSE))
        market.broker.catch_up()
        market.advance_to(SETTLED)
        all_accounted_for(market, 50)


def test_our_side__killed_three_times_while_it_orders__places_each_order_once(tmp_path: Path) -> None:
    seeded = random.Random(5)
    with a_market(tmp_path) as market:
        market.broker.stop()
        for life in range(4):
            with our_process(market, 300) as out:
                if life < 3:
                    heard = market.office.standing().heard + seeded.randint(1, 60)
                    until(partial(has_heard, market, heard))
                else:
                    assert out.readline() == b"done\n"
        market.broker = our_side(market.child, market.office, market.clock, market.data)
        market.broker.start()
        market.broker.catch_up()
        market.advance_to(CLOSE)
        market.advance_to(SETTLED)
        all_accounted_for(market, 300)


def test_a_marathon_of_disconnects__loses_nothing(tmp_path: Path) -> None:
    with a_market(tmp_path) as market:
        market.turn(Switch("disconnect", 600), Switch("possible_duplicate", 300))
        for number in range(60):
            market.broker.place(buy(f"buy-{number}", "1"))
            market.broker.catch_up()
        market.advance_to(CLOSE)
        cuts = [switch for switch, _ in market.office.struck()].count("disconnect")
        market.turn()
        market.advance_to(SETTLED)
        all_accounted_for(market, 60)
        assert cuts >= 30


def test_a_broker_that_is_away__is_unavailable_to_who_waits_and_takes_orders_into_the_books(tmp_path: Path) -> None:
    with a_market(tmp_path) as market:
        market.child.kill()
        market.broker.place(buy("buy-0", "1"))
        with pytest.raises(Unavailable):
            market.broker.catch_up(1.0)
        market.child.start()
        market.broker.catch_up()
        market.advance_to(CLOSE)
        market.advance_to(SETTLED)
        all_accounted_for(market, 1)


def test_a_session__whose_process_died_without_a_word__is_taken_over_by_another(tmp_path: Path) -> None:
    with engine_at(sqlite_url(tmp_path / "store.db")) as engine:
        upgrade(engine)
        leases = Leases(engine)
        name = "fix:OPENSCRIP-PAPERBROKER"
        assert leases.take(name, "dead worker", for_s=1.5) is not None
        with a_market(tmp_path, leases=leases) as market:
            market.broker.place(buy("buy-0", "1"))
            assert market.office.standing().heard == 0
            until(lambda: market.office.standing().heard == 1, 10)
            (standing,) = leases.standing()
            assert standing.holder == "worker"
            other = our_side(market.child, market.office, market.clock, market.data, leases=leases)
            other.start("second")
            market.broker.stop()
            other.place(buy("buy-1", "1"))
            until(lambda: market.office.standing().heard == 2, 10)
            assert leases.standing()[0].holder == "second"
            market.broker.close()
            market.broker = other
            market.advance_to(CLOSE)
            market.advance_to(SETTLED)
            all_accounted_for(market, 2)


def test_a_session_on_postgresql__whose_process_is_killed__is_taken_over_by_another_within_30_s(tmp_path: Path) -> None:
    books = new_database()
    with engine_at(books) as engine, a_market(tmp_path, books=books, leases=(leases := Leases(engine))) as market:
        market.broker.stop()
        with our_process(market, 2_000, books):
            until(partial(has_heard, market, 1))
            assert leases.standing()[0].holder == "first"
            market.broker.start("second")
            until(partial(has_heard, market, 100))
        killed_at = time.monotonic()
        for number in range(200):
            market.broker.place(buy(f"buy-{number}", "1"))
        until(lambda: market.broker.runner.up, 30)
        assert time.monotonic() - killed_at < 30
        assert leases.standing()[0].holder == "second"
        market.broker.catch_up()
        orders = market.office.standing().heard
        market.advance_to(CLOSE)
        market.advance_to(SETTLED)
        assert orders >= 200
        all_accounted_for(market, len(market.told(OrderAccepted)))
