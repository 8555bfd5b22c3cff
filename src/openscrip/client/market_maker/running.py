"""The market maker at work: one private connection, quotes that follow the reference, and a dead-man switch.

Its account is its own: at each new connection it cancels all that the account has open and begins anew. Without a fresh
reference, without a connection or after `stop` nothing of it rests in the book; if the program itself dies, the venue cancels
after `dead_man_s`.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from openscrip.client.kraken import KrakenRest, Pair, VenueRefused
from openscrip.client.kraken_socket import KrakenSocket, Message, number
from openscrip.client.market_maker.hedge_desk import HedgeDesk
from openscrip.client.market_maker.quoting import Amend, Cancel, Holdings, Move, Place, Quote, Resting, Terms, moves, quotes
from openscrip.client.market_maker.reference import Reference, ReferenceSource
from openscrip.kernel.clock import Clock
from openscrip.kernel.decimals import parse_decimal
from openscrip.kernel.errors import Unavailable

PERIOD_S = 1.0
AGAIN_S = 1.0
ENDS = frozenset({"filled", "canceled", "expired"})
QUOTED_STATUSES = frozenset({"online", "post_only", "limit_only"})
MICROS_DECIMALS = 6
HISTORY_PAGE = 50

Say = Callable[[str], None]


class MarketMaker:
    """Quotes one pair for one account until it is told to stop."""

    def __init__(
        self,
        rest: KrakenRest,
        socket_url: str,
        pair: Pair,
        symbol: str,
        terms: Terms,
        source: ReferenceSource,
        desk: HedgeDesk | None,
        clock: Clock,
        say: Say,
        period_s: float = PERIOD_S,
    ) -> None:
        self._rest, self._socket_url, self._pair, self._symbol, self._terms = rest, socket_url, pair, symbol, terms
        self._source, self._desk, self._clock, self._say, self._period_s = source, desk, clock, say, period_s
        self._resting: dict[str, Resting] = {}
        self._held = Holdings(0, 0)
        self._stopping = asyncio.Event()
        self.fills = 0

    @property
    def resting(self) -> tuple[Resting, ...]:
        """The quotes that stand in the book now, as far as the venue has told."""
        return tuple(self._resting.values())

    def stop(self) -> None:
        """Take the quotes away and end `run`."""
        self._stopping.set()

    async def run(self) -> None:
        """Quote until `stop`; a lost connection is opened again."""
        while not self._stopping.is_set():
            try:
                await self._connection()
            except (Unavailable, VenueRefused) as trouble:
                if isinstance(trouble, VenueRefused) and not trouble.passes:
                    raise
                self._say(f"market maker: {trouble}; once more in {AGAIN_S:g} s")
                with suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_S):
                        await self._stopping.wait()

    async def _connection(self) -> None:
        self._resting = {}
        async with await KrakenSocket.open(self._socket_url, await self._rest.token()) as socket:
            await self._arm(socket)
            await socket.request("cancel_all")
            await socket.subscribe("executions", snap_orders=False, snap_trades=False)
            await socket.subscribe("balances")
            await self._catch_up()
            news = asyncio.create_task(self._listen(socket))
            beat = asyncio.create_task(self._keep_armed(socket))
            try:
                while not self._stopping.is_set():
                    await self._round(socket)
                    await asyncio.wait({news, beat}, timeout=self._period_s, return_when=asyncio.FIRST_COMPLETED)
                    for task in (news, beat):
                        if task.done():
                            await task
                await socket.request("cancel_all")
            finally:
                for task in (news, beat):
                    task.cancel()
                await asyncio.gather(news, beat, return_exceptions=True)

    async def _round(self, socket: KrakenSocket) -> None:
        """Read the reference, move the quotes, hedge."""
        reference = await self._read()
        pair = await self._rest.pair(self._pair.name)
        now = self._clock.now()
        wanted = quotes(reference, self._held, self._terms, self._pair, now) if pair.status in QUOTED_STATUSES else ()
        for move in moves(self.resting, wanted, self._terms):
            await self._make(socket, move)
        if self._desk is not None and reference is not None:
            try:
                await asyncio.to_thread(self._desk.step, reference)
            except Unavailable as outage:
                self._say(f"hedge: {outage}; {self._desk.exposure_grains} x 1e-8 tokens are not hedged")

    async def _read(self) -> Reference | None:
        try:
            return await self._source.read(self._symbol)
        except Unavailable as outage:
            self._say(f"market maker: no reference price ({outage}); nothing is quoted")
            return None

    async def _make(self, socket: KrakenSocket, move: Move) -> None:
        """One request. What the venue refuses (it would have traded, it was filled meanwhile) is left for the next round."""
        try:
            match move:
                case Place(quote):
                    told = await socket.request("add_order", **self._order(quote))
                    self._resting.setdefault(told["order_id"], Resting(told["order_id"], quote))
                case Amend(order_id, quote, lots_total):
                    price, quantity = self._numbers(quote.ticks, lots_total)
                    how: dict[str, Any] = {"limit_price": price, "order_qty": quantity, "post_only": True}
                    await socket.request("amend_order", order_id=order_id, **how)
                    if order_id in self._resting:
                        self._resting[order_id] = replace(self._resting[order_id], quote=quote)
                case Cancel(order_id):
                    await socket.request("cancel_order", order_id=[order_id])
                    self._resting.pop(order_id, None)
        except VenueRefused as refused:
            self._say(f"market maker: {refused.error}")
            if not isinstance(move, Place):
                await self._forget(socket, move.order_id)

    async def _forget(self, socket: KrakenSocket, order_id: str) -> None:
        """An order that could not be moved is cancelled, so that nothing rests that is not wanted."""
        with suppress(VenueRefused):
            await socket.request("cancel_order", order_id=[order_id])
        self._resting.pop(order_id, None)

    def _order(self, quote: Quote) -> dict[str, Any]:
        price, quantity = self._numbers(quote.ticks, quote.lots)
        what = {"order_type": "limit", "side": quote.side, "symbol": self._pair.name, "time_in_force": "gtc"}
        return {**what, "limit_price": price, "order_qty": quantity, "post_only": True}

    def _numbers(self, ticks: int, lots: int) -> tuple[Any, Any]:
        return number(self._pair.price_text(ticks)), number(self._pair.quantity_text(lots))

    # What the venue tells

    async def _listen(self, socket: KrakenSocket) -> None:
        while True:
            message = await socket.receive()
            if message.get("channel") == "executions":
                for each in message["data"]:
                    self._execution(each)
            elif message.get("channel") == "balances":
                for each in message["data"]:
                    self._balance(each)

    def _execution(self, told: Message) -> None:
        if told["exec_type"] == "trade":
            lots = self._pair.lots(told["last_qty"])
            self._filled(str(told["exec_id"]), told["side"] == "buy", lots)
            resting = self._resting.get(told["order_id"])
            if resting is not None:
                quote = replace(resting.quote, lots=resting.quote.lots - lots)
                filled_lots = resting.filled_lots + lots
                self._resting[told["order_id"]] = replace(resting, quote=quote, filled_lots=filled_lots)
        elif told["exec_type"] in ENDS:
            self._resting.pop(told["order_id"], None)

    def _filled(self, fill_id: str, bought: bool, lots: int) -> None:
        if self._desk is None or self._desk.record(fill_id, bought, lots, self._pair.lot_decimals):
            self.fills += 1

    def _balance(self, told: Message) -> None:
        if told["asset"] == self._pair.base:
            self._held = replace(self._held, lots=self._pair.lots_down(told["balance"]))
        elif told["asset"] == self._pair.quote:
            text = str(told["balance"])
            self._held = replace(self._held, cash_micros=parse_decimal(text, MICROS_DECIMALS, "balance"))

    async def _catch_up(self) -> None:
        """Trades that came while no connection was there; from the newest back to the first page that is known."""
        if self._desk is None:
            return
        offset = 0
        while True:
            told = await self._rest.private("TradesHistory", ofs=str(offset))
            trades: dict[str, Any] = told["trades"]
            new = [fill_id for fill_id in trades if not self._desk.knows(fill_id)]
            for fill_id in new:
                trade = trades[fill_id]
                if trade["pair"] in {self._pair.key, self._pair.name}:
                    self._filled(fill_id, trade["type"] == "buy", self._pair.lots(trade["vol"]))
            offset += HISTORY_PAGE
            if not new or offset >= int(told["count"]):
                return

    # The dead-man switch

    async def _arm(self, socket: KrakenSocket) -> None:
        await socket.request("cancel_all_orders_after", timeout=self._terms.dead_man_s)

    async def _keep_armed(self, socket: KrakenSocket) -> None:
        while True:
            await asyncio.sleep(self._terms.dead_man_s / 3)
            await self._arm(socket)
