"""Market data of one instrument: what its channels say, as text with a hole for the symbol, spelt as each client does."""

from collections import deque
from collections.abc import Sequence

from openscrip.api.kraken.socket.wire import number_text, order_name, time_text
from openscrip.markets.depth import BUY, SELL, Level, Queued, Queues, Shown, Window
from openscrip.markets.facts import Printed
from openscrip.markets.history_reader import HistoryReader
from openscrip.markets.history_rows import Candle, Trade
from openscrip.markets.instruments import MINUTE_US, Instrument

BOOK_DEPTHS, QUEUE_DEPTHS = (10, 25, 100, 500, 1000), (10, 100, 1000)
TRADES_SHOWN = 50
SIDES = ("buy", "sell")
Item = tuple[str, str]
"""One item of `data`, before and after the symbol."""
_HEAD = '{"symbol":"'


class Feed:
    """One instrument. `shown` follows its book; `pulse` (of the channels) settles it and asks for what is to be said."""

    def __init__(self, instrument: Instrument, history: HistoryReader) -> None:
        self.instrument = instrument
        self.shown = Shown()
        self.windows: dict[int, Window] = {}
        self.queues: dict[int, Queues] = {}
        self.trades: deque[Trade] = deque(maxlen=TRADES_SHOWN)
        self.fresh: list[Trade] = []
        """Trades that no subscriber was told of yet."""
        self.at_us = 0
        """When the last event happened."""
        self.best = (0, 0, 0, 0)
        """Bid, its lots, ask, its lots."""
        self._history = history

    def settle(self) -> bool:
        """Settle the book; whether the best bid or ask, or what shows there, changed."""
        self.shown.settle()
        bid, ask = self.shown.best(BUY, 1) or [(0, 0)], self.shown.best(SELL, 1) or [(0, 0)]
        before, self.best = self.best, (*bid[0], *ask[0])
        return before != self.best

    # book

    def book(self, depth: int) -> Item:
        """The snapshot of a depth."""
        bids, asks = self.windows[depth].levels()
        return _HEAD, f'","bids":{self._levels(bids)},"asks":{self._levels(asks)},"checksum":{self.shown.checksum()}}}'

    def book_changes(self, depth: int, checksum: int) -> Item | None:
        """The update of a depth after a settling; None if nothing changed there."""
        bids, asks = self.windows[depth].changes()
        if not bids and not asks:
            return None
        told = f'","bids":{self._levels(bids)},"asks":{self._levels(asks)},"checksum":{checksum}'
        return _HEAD, f'{told},"timestamp":"{time_text(self.at_us)}"}}'

    def _levels(self, levels: Sequence[Level]) -> str:
        prices, lots = self.instrument.price_decimals, self.instrument.lot_decimals
        parts = [f'{{"price":{number_text(price, prices)},"qty":{number_text(each, lots)}}}' for price, each in levels]
        return f"[{','.join(parts)}]"

    # level3

    def queue(self, depth: int) -> Item:
        """The snapshot of a depth, order by order."""
        bids, asks = self.queues[depth].orders()
        told = f'","bids":{self._orders(bids, changes=False)},"asks":{self._orders(asks, changes=False)}'
        return _HEAD, f'{told},"checksum":{self.shown.queue_checksum()}}}'

    def queue_changes(self, depth: int, checksum: int) -> Item | None:
        """The update of a depth after a settling; None if nothing changed there."""
        bids, asks = self.queues[depth].changes()
        if not bids and not asks:
            return None
        told = f'","bids":{self._orders(bids, changes=True)},"asks":{self._orders(asks, changes=True)}'
        return _HEAD, f'{told},"checksum":{checksum},"timestamp":"{time_text(self.at_us)}"}}'

    def _orders(self, orders: Sequence[Queued], *, changes: bool) -> str:
        prices, lots = self.instrument.price_decimals, self.instrument.lot_decimals
        parts = []
        for each in orders:
            event = f'"event":"{each.change}",' if changes else ""
            told = f'"order_id":"{order_name(each.order)}","limit_price":{number_text(each.price, prices)}'
            at = time_text(each.at_us or self.at_us)
            parts.append(f'{{{event}{told},"order_qty":{number_text(each.lots, lots)},"timestamp":"{at}"}}')
        return f"[{','.join(parts)}]"

    # trade

    async def remember(self) -> None:
        """Begin with the last trades of the history."""
        self.trades.extend(await self._history.trades(self.instrument.number, None, TRADES_SHOWN))

    def printed(self, told: Printed) -> None:
        """A public trade happened."""
        self.traded(Trade(told.instrument, told.trade, 0, told.time_us, told.side, told.by_market_order, told.price, told.lots))

    def traded(self, trade: Trade) -> None:
        """The same, as the history has it."""
        self.trades.append(trade)
        self.fresh.append(trade)

    def trade(self, trade: Trade) -> Item:
        """One public trade."""
        kind = "market" if trade.is_market else "limit"
        price = number_text(trade.price, self.instrument.price_decimals)
        lots = number_text(trade.lots, self.instrument.lot_decimals)
        told = f'","side":"{SIDES[trade.side]}","price":{price},"qty":{lots},"ord_type":"{kind}"'
        return _HEAD, f'{told},"trade_id":{trade.number},"timestamp":"{time_text(trade.time_us)}"}}'

    # ticker

    def ticker(self, now_us: int) -> Item:
        """The ticker. Prices are 0 where a side is empty or nothing traded in 24 hours."""
        found = self._history.ticker(self.instrument.number, now_us)
        day, (bid, bid_lots, ask, ask_lots) = found.day, self.best
        prices, lots = self.instrument.price_decimals, self.instrument.lot_decimals
        average = day.turnover // day.lots if day.lots else 0
        change = found.last_price - day.open if day.open else 0
        change_bps = (change * 10_000 + (day.open // 2 if change >= 0 else -(day.open // 2))) // day.open if day.open else 0
        told = (
            f'","bid":{number_text(bid, prices)},"bid_qty":{number_text(bid_lots, lots)},"ask":{number_text(ask, prices)}'
            f',"ask_qty":{number_text(ask_lots, lots)},"last":{number_text(found.last_price, prices)}'
            f',"volume":{number_text(day.lots, lots)},"vwap":{number_text(average, prices)}'
            f',"low":{number_text(day.low, prices)},"high":{number_text(day.high, prices)}'
            f',"change":{number_text(change, prices)},"change_pct":{number_text(change_bps, 2)}'
            f',"timestamp":"{time_text(self.at_us or now_us)}"}}'
        )
        return _HEAD, told

    # ohlc

    def candle(self, interval_min: int) -> Candle | None:
        """The candle that is not over yet."""
        return self._history.candle(self.instrument.number, interval_min)

    async def candles(self, interval_min: int, now_us: int) -> list[Candle]:
        """The candles of a snapshot."""
        return await self._history.candles(self.instrument.number, interval_min, None, now_us)

    def ohlc(self, candle: Candle, interval_min: int) -> Item:
        """One candle."""
        prices, lots = self.instrument.price_decimals, self.instrument.lot_decimals
        begin_us = candle.begin_s * 1_000_000
        average = candle.turnover // candle.lots if candle.lots else candle.close
        told = (
            f'","open":{number_text(candle.open, prices)},"high":{number_text(candle.high, prices)}'
            f',"low":{number_text(candle.low, prices)},"close":{number_text(candle.close, prices)}'
            f',"vwap":{number_text(average, prices)},"trades":{candle.count},"volume":{number_text(candle.lots, lots)}'
            f',"interval_begin":"{time_text(begin_us)}","interval":{interval_min}'
            f',"timestamp":"{time_text(begin_us + interval_min * MINUTE_US)}"}}'
        )
        return _HEAD, told
