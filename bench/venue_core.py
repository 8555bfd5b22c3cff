"""The venue's core by itself: CPU microseconds of an order in `submit`, with holds, records and facts, and of its replay.

`python -m bench.venue_core [SEED]`. Books, balances and digest after the replay are those of the venue that wrote, or it fails.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from random import Random

import numpy as np

from openscrip.markets.commands import Admit, Clock, Command, Credit, List, Open, Place, Take
from openscrip.markets.instruments import Instrument, money, token
from openscrip.markets.orders import Limit, Side
from openscrip.markets.venue import Venue

Figures = dict[str, list[float]]
START_US = 1_790_000_000_000_000
USD, TSLA = money(1, "USD", "ZUSD"), token(2, "TSLAx")
PAIR = Instrument(1, TSLA, USD, pre_open_us=0, call_us=0, cost_min=1, orders_max=10**7, stale_us=0, stale_halt_us=0, band_bps=0)
ACCOUNTS, ORDERS, COMMANDS = 100, 20_000, 300_000
LIVE, TOLD_EVERY = 5_000, 64
MIDDLE = 100_000


def furnished() -> Venue:
    """An open market with customers."""
    venue = Venue()
    first: list[Command] = [Admit(USD), Admit(TSLA), List(PAIR)]
    for number in range(1, ACCOUNTS + 1):
        first += [Open(number, f"account {number}"), Credit(number, 1, 10**16, f"{number} ZUSD")]
        first.append(Credit(number, 2, 10**15, f"{number} TSLAx"))
    for command in (*first, Clock(START_US)):
        venue.submit(command, START_US)
    venue.told_rows()
    return venue


def cost_us(venue: Venue, commands: Sequence[Command]) -> float:
    """CPU microseconds of one command; facts and records are fetched now and then, as a sequencer does."""
    submit = venue.submit
    began = time.thread_time_ns()
    for place, command in enumerate(commands):
        submit(command, START_US)
        if not place % TOLD_EVERY:
            venue.told_rows()
            venue.written()
    taken = time.thread_time_ns() - began
    venue.told_rows()
    venue.written()
    return taken / len(commands) / 1_000


def venue_core_figures(runs: int = 5, seed: int = 7) -> Figures:
    """By name: `rest`, `fill`, `cancel` (microseconds each) and `replay` (commands a CPU-second)."""
    figures: Figures = {"rest": [], "fill": [], "cancel": [], "replay": []}
    for _ in range(runs):
        venue = furnished()
        resting = [Place(1 + each % 50, 1, Side.SELL, 10, Limit(MIDDLE + each % 500)) for each in range(ORDERS)]
        taking = [Place(51 + each % 50, 1, Side.BUY, 10, Limit(MIDDLE + 500)) for each in range(ORDERS)]
        figures["rest"].append(cost_us(venue, resting))
        figures["fill"].append(cost_us(venue, taking))
        cost_us(venue, resting)
        figures["cancel"].append(cost_us(venue, [Take(order.account, order.id) for order in venue.orders.values()]))
        figures["replay"].append(_replay_rate(seed))
    return figures


def _replay_rate(seed: int) -> float:
    """Records a CPU-second, of two thirds adds and one third cancels, a third of them trading."""
    venue, written = furnished(), bytearray()
    for each in _mixed(venue, seed):
        venue.submit(each, START_US)
        if len(venue.facts) > TOLD_EVERY:
            venue.told_rows()
    written += venue.written()
    records = np.frombuffer(bytes(written), dtype="<i8").reshape(-1, 16)
    again = Venue()
    began = time.thread_time()
    again.replay(records)
    taken = time.thread_time() - began
    if again.digest != venue.digest or again.balances(1) != venue.balances(1):
        raise RuntimeError("bench: the replay gave another venue")
    return len(records) / taken


def _mixed(venue: Venue, seed: int) -> Iterator[Command]:
    """Commands one after another, as the book of the moment has it."""
    random, middle = Random(seed), float(MIDDLE)
    live: list[int] = []
    for _ in range(COMMANDS):
        middle += random.gauss(0, 0.3)
        while live and random.random() < (0.44 if len(live) > LIVE else 0.3 if len(live) > LIVE // 2 else 0.05):
            place = random.randrange(len(live))
            order, live[place] = live[place], live[-1]
            live.pop()
            if venue.order(order) is not None:
                yield Take(0, order)
                break
        else:
            side = random.choice((Side.BUY, Side.SELL))
            away = -int(random.expovariate(1 / 3)) - 1 if random.random() > 0.9 else 1 + int(random.expovariate(1 / 15))
            price = int(middle) + (away if side is Side.SELL else -away)
            yield Place(random.randint(1, ACCOUNTS), 1, side, 1 + int(random.expovariate(1 / 100)), Limit(price))
            live.append(venue.last_order)


if __name__ == "__main__":
    found = venue_core_figures(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 7)
    print(json.dumps({name: [round(value, 2) for value in values] for name, values in found.items()}, indent=1))
