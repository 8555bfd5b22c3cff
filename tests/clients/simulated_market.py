"""An hour of a market from a seed: two traders place, amend and cancel around a price that wanders, faster than time."""

import asyncio
from random import Random

from tests.clients.connections import until
from tests.clients.venue_server import ALICE, BOB, TSLAX_USD, RunningVenue

from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Change, Place, Take
from openscrip.markets.orders import Iceberg, Limit, SelfTrade, Side, TimeInForce

HOUR_S = 3_600
STEP_US = 1_000_000
# The venue tells what changed in a book at most every 5 ms; so that each second of the market is told, a step takes longer.
STEP_S = 0.006
BEHIND_S = 60.0
ORDERS_MAX = 400


class SimulatedMarket:
    """Runs in the venue's loop. `steps` and `commands` count what was done."""

    def __init__(self, venue: RunningVenue, seed: int, seconds: int = HOUR_S) -> None:
        self._running, self._pick = venue, Random(seed)
        self._mid, self._open = 30_000, list[tuple[int, int]]()
        self.steps_wanted = seconds * 1_000_000 // STEP_US
        self.commands = 0
        self.refused = 0

    async def run(self) -> None:
        """All of it; waits while a reader's connection is behind, so that what is slow here is never the venue."""
        for _ in range(self.steps_wanted):
            self._running.clock_us.behind_us -= STEP_US
            self._mid += self._pick.choice((-2, -1, 0, 0, 1, 2))
            for _ in range(self._pick.randrange(12)):
                self._do()
            await self._running.sequencer.settled()
            await asyncio.sleep(STEP_S)
            await until(lambda: not self._running.backlog_bytes(), BEHIND_S)

    def _do(self) -> None:
        strike, account = self._pick.random(), self._pick.choice((ALICE, BOB))
        self.commands += 1
        try:
            if len(self._open) > ORDERS_MAX or (self._open and strike < 0.35):
                order, owner = self._open.pop(self._pick.randrange(len(self._open)))
                self._running.sequencer.submit(Take(owner, order))
            elif self._open and strike < 0.45:
                order, owner = self._pick.choice(self._open)
                self._running.sequencer.submit(Change(owner, order, lots=self._pick.randint(1, 40_000)))
            else:
                answer = self._running.sequencer.submit(self._order(account, strike))
                self._open.append((answer.order, account))
        except Refused:
            self.refused += 1  # it was filled meanwhile, or would have traded

    def _order(self, account: int, strike: float) -> Place:
        side = self._pick.choice((Side.BUY, Side.SELL))
        away = 1 + int(self._pick.expovariate(1 / 8)) if strike < 0.9 else -int(self._pick.expovariate(1 / 3))
        price = self._mid + (away if side is Side.SELL else -away)
        lots = self._pick.randint(10_000, 50_000)
        terms: Limit | Iceberg = Limit(price, TimeInForce.GTC)
        if strike > 0.97:
            terms = Limit(price, TimeInForce.IOC)
        elif 0.6 < strike < 0.65:
            terms = Iceberg(price, lots // 5)
        elif 0.65 < strike < 0.7:
            terms = Limit(price, post_only=True)
        return Place(account, TSLAX_USD.number, side, lots, terms, SelfTrade.CANCEL_OLDEST)
