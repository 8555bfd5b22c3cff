"""The keeper at work: it looks, decides, trades at the venue, and does the primary leg for exactly what was traded.

Each trade is a line in the file before the order is sent, and another before the primary leg is asked for, both under one id:
after a crash the order is looked up by its client id and the leg is asked for again, which the issuer carries out once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, assert_never

from openscrip.client.arbitrage.decision import BuyAndRedeem, Held, Level, Limits, SellAndSubscribe, Trade, Values, decide
from openscrip.client.arbitrage.primary import Primary, raw_of
from openscrip.client.kraken import KrakenRest, Pair, VenueRefused
from openscrip.client.line_file import LineFile
from openscrip.kernel.clock import Clock
from openscrip.kernel.decimals import parse_decimal
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.quantities import RawAmount

PERIOD_S = 10.0
DEPTH = 25
DAY_S = 86_400
UNKNOWN_S = 60
"""After so long an order that the venue does not know never reached it: our requests give up much sooner."""
MICROS_DECIMALS = 6

Say = Callable[[str], None]


class Keeper:
    """Watches one pair. With `dry_run` it says what it would do, and does nothing."""

    def __init__(
        self,
        name: str,
        rest: KrakenRest,
        pair: Pair,
        primary: Primary,
        wallet_raw: Callable[[], Awaitable[RawAmount]],
        limits: Limits,
        file: LineFile,
        clock: Clock,
        say: Say,
        *,
        dry_run: bool = False,
        period_s: float = PERIOD_S,
    ) -> None:
        self._name, self._rest, self._pair, self._primary, self._wallet_raw = name, rest, pair, primary, wallet_raw
        self._limits, self._file, self._clock, self._say = limits, file, clock, say
        self._dry_run, self._period_s = dry_run, period_s
        self._stopping = asyncio.Event()
        self._looks = 0

    def stop(self) -> None:
        """End `run` after the step at hand."""
        self._stopping.set()

    async def run(self) -> None:
        """Look again and again until `stop`; an outage is waited out."""
        while not self._stopping.is_set():
            try:
                await self.step()
            except (Unavailable, VenueRefused) as trouble:
                if isinstance(trouble, VenueRefused) and not trouble.passes:
                    raise
                self._say(f"keeper: {trouble}; nothing is traded")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._period_s):
                    await self._stopping.wait()

    async def step(self) -> Trade | None:
        """Finish what was begun, then look once. Raises `Unavailable`; what was begun is finished by the next step."""
        for line in self._unfinished():
            await self._finish(line)
        trade = await self._look()
        if trade is None:
            return None
        self._say(f"keeper: {self._words(trade)}" + (" (dry run)" if self._dry_run else ""))
        if not self._dry_run:
            await self._trade(trade)
        return trade

    async def _look(self) -> Trade | None:
        asks, bids = await self._book()
        raw = raw_of(self._limits.lots_max, self._pair.lot_decimals)
        self._looks += 1
        asked = f"{self._name}-{self._clock.now()}-{self._looks}"
        values = Values(
            await self._primary.redeem_micros_down(f"{asked}-r", raw),
            await self._primary.subscribe_micros_up(f"{asked}-s", raw),
        )
        return decide(asks, bids, values, await self._held(), self._limits, self._pair, self._done_today_lots())

    async def _book(self) -> tuple[list[Level], list[Level]]:
        told = await self._rest.public("Depth", pair=self._pair.key, count=str(DEPTH))
        (book,) = told.values()
        asks, bids = (
            [Level(self._pair.ticks(each[0]), self._pair.lots(each[1])) for each in book[side]] for side in ("asks", "bids")
        )
        return asks, bids

    async def _held(self) -> Held:
        told: dict[str, dict[str, Any]] = await self._rest.private("BalanceEx")
        cash = _free(told, {self._pair.quote, f"Z{self._pair.quote}"}, MICROS_DECIMALS)
        venue_lots = _free(told, {self._pair.base}, 8) // 10 ** (8 - self._pair.lot_decimals)
        wallet_lots = (await self._wallet_raw()).atoms // 10 ** (18 - self._pair.lot_decimals)
        return Held(venue_lots, cash, wallet_lots)

    async def _trade(self, trade: Trade) -> None:
        begun = sum(line["type"] == "begun" for line in self._file)
        side = "buy" if isinstance(trade, BuyAndRedeem) else "sell"
        line = {"type": "begun", "id": f"{self._name}-{begun + 1}", "side": side, "at": self._clock.now()}
        self._file.append({**line, "lots": trade.lots, "ticks": trade.ticks})
        try:
            await self._rest.private(
                "AddOrder",
                pair=self._pair.key,
                type=side,
                ordertype="limit",
                timeinforce="IOC",
                price=self._pair.price_text(trade.ticks),
                volume=self._pair.quantity_text(trade.lots),
                cl_ord_id=str(line["id"]),
            )
        except VenueRefused as refused:
            self._say(f"keeper: {refused.error}")
            self._file.append({"type": "done", "id": line["id"], "lots": 0, "at": line["at"]})
            return
        await self._finish(line)

    async def _finish(self, line: dict[str, Any]) -> None:
        """The primary leg of what the order executed; nothing when the order never came to the venue."""
        lots = await self._executed_lots(line["id"], line["at"])
        refused = ""
        if lots:
            raw = raw_of(lots, self._pair.lot_decimals)
            ask = self._primary.redeem if line["side"] == "buy" else self._primary.subscribe
            try:
                await ask(line["id"], raw)
            except Refused as answer:
                # The position stands without its second leg: told loudly, and a person decides.
                refused = f"{answer.code}: {answer.text}"
                self._say(f"keeper: {line['id']} traded {raw} and the issuer refused the other leg: {refused}")
        self._file.append({"type": "done", "id": line["id"], "lots": lots, "at": line["at"], "refused": refused})

    async def _executed_lots(self, order_id: str, at: int) -> int:
        """How much of an order was executed. Raises `Unavailable` while it may be on its way or still live."""
        for name, field in (("OpenOrders", "open"), ("ClosedOrders", "closed")):
            told = await self._rest.private(name, cl_ord_id=order_id)
            for order in told[field].values():
                if order.get("cl_ord_id") == order_id:
                    if field == "open":
                        raise Unavailable(f"venue: order {order_id} is not done yet")
                    return self._pair.lots(order["vol_exec"])
        if self._clock.now() < at + UNKNOWN_S:
            raise Unavailable(f"venue: order {order_id} is not known yet")
        return 0

    def _unfinished(self) -> list[dict[str, Any]]:
        done = {line["id"] for line in self._file if line["type"] == "done"}
        return [dict(line) for line in self._file if line["type"] == "begun" and line["id"] not in done]

    def _done_today_lots(self) -> int:
        today = self._clock.now() // DAY_S
        return sum(line["lots"] for line in self._file if line["type"] == "done" and line["at"] // DAY_S == today)

    def _words(self, trade: Trade) -> str:
        price, lots = self._pair.price_text(trade.ticks), self._pair.quantity_text(trade.lots)
        match trade:
            case BuyAndRedeem():
                return f"buys {lots} {self._pair.base} at {price} or less, and redeems"
            case SellAndSubscribe():
                return f"sells {lots} {self._pair.base} at {price} or more, and subscribes"
            case _:
                assert_never(trade)


def _free(told: dict[str, dict[str, Any]], names: set[str], decimals: int) -> int:
    """What is not held by open orders, by any of an asset's names."""
    for name in names & set(told):
        balance = parse_decimal(str(told[name]["balance"]), decimals, "balance")
        return balance - parse_decimal(str(told[name].get("hold_trade", "0")), decimals, "hold")
    return 0
