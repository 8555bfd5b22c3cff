"""A venue with its history and its ledger, as a process that trades by itself until it is killed.

`python -m tests.crash.venue_books FOLDER SEED` trades for ever; with `--last` it only catches up, compares and tells.
"""

import asyncio
import json
import random
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import uvloop

from openscrip.bootstrap.venue_money import open_money_store
from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Admit, Clock, Command, Credit, List, Open, PayOut, Place, Reserve, Take
from openscrip.markets.facts import Fact
from openscrip.markets.history import History
from openscrip.markets.instruments import Instrument, money, token
from openscrip.markets.orders import Limit, Side
from openscrip.markets.recovery import facts_after, open_venue
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.settlement import SETTLEMENT_REGISTERED, Settlement
from openscrip.markets.venue import Venue

START_US = 1_780_000_000_000_000
USD, TSLA = money(1, "USD", "ZUSD"), token(2, "TSLAx")
TSLA_USD = Instrument(1, TSLA, USD, pre_open_us=0, call_us=0, cost_min=100, orders_max=1_000)
ACCOUNTS = range(1, 6)
SNAPSHOT_RECORDS = 400


def first_commands() -> Iterator[Command]:
    """What a new venue is told."""
    yield Admit(USD)
    yield Admit(TSLA)
    yield List(TSLA_USD)
    for account in ACCOUNTS:
        yield Open(account, f"customer {account}")
        for asset in (USD, TSLA):
            yield Credit(account, asset.number, 10**13, f"first {account} {asset.altname}")


def next_command(chance: random.Random, venue: Venue, number: int, life: int) -> Command:
    """An order near the middle, a cancel, a deposit, or a step of a withdrawal."""
    account, x = chance.choice(ACCOUNTS), chance.random()
    if x < 0.05:
        return Credit(account, chance.choice((1, 2)), chance.randrange(1, 1_000), f"in {life} {number}")
    if x < 0.10:
        return Reserve(account, 1, chance.randrange(1, 1_000), f"out {life} {number}")
    if x < 0.15:
        return PayOut(f"out {life} {number - chance.randrange(1, 30)}")
    if x < 0.30 and venue.last_order:
        return Take(account, max(1, venue.last_order - chance.randrange(20)))
    price = 30_000 + chance.randrange(-20, 21)
    return Place(account, 1, chance.choice((Side.BUY, Side.SELL)), chance.randrange(1, 500), Limit(price))


async def run(folder: Path, life: int, *, last: bool) -> None:
    venue, journal = open_venue(folder / "journal", Venue)
    positions: list[int] = []
    clock = [max(START_US, venue.now_us)]
    store = open_money_store(folder / "venue", lambda: 1, SETTLEMENT_REGISTERED)

    def now_us() -> int:
        clock[0] += 1_000
        return clock[0]

    def keep_from() -> int:
        return min(history.position, settlement.position)

    async with Sequencer(
        venue, journal, now_us, keep_from=keep_from, snapshot_records=SNAPSHOT_RECORDS, folder=folder / "journal"
    ) as sequencer:

        def again(sequence: int) -> Iterator[list[Fact]]:
            return facts_after(folder / "journal", Venue, sequence, sequencer.durable_sequence)

        history = History(folder / "history.duckdb", venue.instruments, again, facts_max=3_000)
        settlement = Settlement(store, venue.instruments, again, lambda: 1, facts_max=3_000)
        positions += [history.position, settlement.position, venue.sequence]
        history.start(sequencer.durable_sequence, 60)
        balances = {(n, a): held[0] for n in (0, *venue.accounts) for a, held in venue.balances(n).items()}
        breaks = settlement.start(sequencer.durable_sequence, balances, 60)
        told = {"positions": positions, "breaks": len(breaks), "trades": venue.trades, "entries": venue.entries}
        print(json.dumps(told), flush=True)
        sequencer.consumers += [history.hear, settlement.hear]
        if not last:
            await trade(sequencer, venue, life)
        history.stop()
        settlement.stop()
        store.close()


async def trade(sequencer: Sequencer, venue: Venue, life: int) -> None:
    """For ever."""
    if not venue.sequence:
        for command in first_commands():
            sequencer.submit(command)
        sequencer.submit(Clock(START_US))
    chance, number = random.Random(life), 0
    while True:
        number += 1
        with suppress(Refused):
            sequencer.submit(next_command(chance, venue, number, life))
        if number % 20 == 0:
            await asyncio.sleep(0)


def main() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(Path(sys.argv[1]), int(sys.argv[2]), last="--last" in sys.argv))


if __name__ == "__main__":
    main()
