"""The public channels: who listens to what, spelt how, and when they are told.

What changes is gathered and told in pulses: the first change at once, the next ones after a pause that grows with the number
of listeners, so that no instrument's listeners can take up the loop. Each message is put together once for each spelling, never
for each client. Whoever was too slow for a message gets a snapshot when he has caught up.
"""

import asyncio
from collections.abc import Callable, Sequence

from openscrip.api.kraken.socket.connection import Connection
from openscrip.api.kraken.socket.feed import BOOK_DEPTHS, QUEUE_DEPTHS, TRADES_SHOWN, Feed, Item
from openscrip.api.kraken.socket.wire import message
from openscrip.markets.compact import Rows
from openscrip.markets.depth import Queues, Window
from openscrip.markets.facts import BookEvents, Printed
from openscrip.markets.history_reader import INTERVALS_MIN, HistoryReader
from openscrip.markets.history_rows import Trade
from openscrip.markets.instruments import Instrument

PAUSE_S, PAUSE_EACH_S = 0.005, 25e-6
"""The shortest time between two pulses of an instrument, and for each of its listeners: a message costs 5 to 14 of them."""
BOOK, LEVEL3, TICKER, TRADE, OHLC = "book", "level3", "ticker", "trade", "ohlc"
TRIGGERS = ("trades", "bbo")
ALL = 2**31
Group = tuple[str, int, str]
"""Channel, its depth, interval or trigger, and the spelling of the symbol."""
Quoted = Callable[[int, int, int, int], None]


class MarketData:
    """All instruments' listeners."""

    def __init__(self, history: HistoryReader, now_us: Callable[[], int], quoted: Quoted | None = None) -> None:
        """`quoted` hears of each new best bid and ask: instrument, time, bid, ask; 0 for an empty side."""
        self.feeds: dict[int, Feed] = {}
        self._history, self._now_us, self._quoted = history, now_us, quoted
        self._groups: dict[int, dict[Group, dict[Connection, None]]] = {}
        self._of: dict[Connection, dict[tuple[str, int], Group]] = {}
        self._behind: dict[Connection, set[tuple[int, Group]]] = {}
        self._due: dict[int, float] = {}
        self._waiting: set[int] = set()
        self._tables: dict[int, tuple[object, ...]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def add(self, instrument: Instrument, state: Sequence[int], now_us: int) -> None:
        """Follow an instrument from its book's state on."""
        feed = Feed(instrument, self._history)
        feed.shown.load(state, now_us)
        feed.settle()
        self.feeds[instrument.number] = feed
        self._groups[instrument.number] = {}
        await feed.remember()

    def listed(self, instrument: Instrument) -> None:
        """An instrument is new, with an empty book, or has new terms."""
        feed = self.feeds.get(instrument.number)
        if feed is None:
            self.feeds[instrument.number] = Feed(instrument, self._history)
            self._groups[instrument.number] = {}
        else:
            feed.instrument = instrument

    # what happened

    def shown(self, fact: BookEvents) -> None:
        """A book showed something else."""
        number = fact.instrument
        feed = self.feeds[number]
        feed.shown.apply(fact.events, fact.time_us)
        feed.at_us = fact.time_us
        if number not in self._waiting:
            self._wait(number)

    def printed(self, fact: Printed) -> None:
        """Something traded."""
        self.feeds[fact.instrument].printed(fact)
        if fact.instrument not in self._waiting:
            self._wait(fact.instrument)

    def hear_rows(self, rows: Rows) -> None:
        """The same of plain orders. Where nobody listens, the newest trades are enough to begin with."""
        feeds = self.feeds
        listened = any(self._groups.values())
        for number, trade, time_us, side, price, lots in rows.prints(ALL if listened else TRADES_SHOWN):
            feeds[number].traded(Trade(number, trade, 0, time_us, side, False, price, lots))
        if len(self._tables) != len(feeds):
            self._tables = {number: feed.shown.tables for number, feed in feeds.items()}
        for number, time_us in rows.show(self._tables).items():
            feeds[number].at_us = time_us
            if number not in self._waiting:
                self._wait(number)

    def _wait(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        self._waiting.add(number)
        pause = self._due.get(number, 0.0) - loop.time()
        if pause <= 0:
            loop.call_soon(self.pulse, number)
        else:
            loop.call_later(pause, self.pulse, number)

    def pulse(self, number: int) -> None:
        """Tell an instrument's listeners what changed since the last pulse."""
        self._waiting.discard(number)
        feed, groups = self.feeds[number], self._groups[number]
        listeners = sum(map(len, groups.values()))
        self._due[number] = asyncio.get_running_loop().time() + max(PAUSE_S, listeners * PAUSE_EACH_S)
        moved = feed.settle()
        if moved and self._quoted is not None:
            self._quoted(number, feed.at_us, feed.best[0], feed.best[2])
        fresh, feed.fresh = feed.fresh, []
        if groups:
            self._tell(number, feed, groups, fresh, moved=moved)

    def _tell(
        self,
        number: int,
        feed: Feed,
        groups: dict[Group, dict[Connection, None]],
        fresh: Sequence[Trade],
        *,
        moved: bool,
    ) -> None:
        items = self._changed(feed, fresh, moved=moved)
        for group, listeners in list(groups.items()):
            found = items.get(group[:2])
            if found:
                payload = _payload(group, "update", found)
                for connection in listeners:
                    if not connection.broadcast(payload):
                        self._behind.setdefault(connection, set()).add((number, group))

    def _changed(self, feed: Feed, fresh: Sequence[Trade], *, moved: bool) -> dict[tuple[str, int], list[Item]]:
        """What changed, by channel and option."""
        items: dict[tuple[str, int], list[Item]] = {}
        if feed.windows:
            checksum = feed.shown.checksum()
            for depth in feed.windows:
                if item := feed.book_changes(depth, checksum):
                    items[BOOK, depth] = [item]
        if feed.queues:
            checksum = feed.shown.queue_checksum()
            for depth in feed.queues:
                if item := feed.queue_changes(depth, checksum):
                    items[LEVEL3, depth] = [item]
        wanted = {group[:2] for group in self._groups[feed.instrument.number]}
        for channel, option in wanted:
            if channel == TRADE and fresh:
                items[TRADE, 0] = [feed.trade(trade) for trade in fresh]
            elif channel == TICKER and (fresh if option == 0 else moved):
                items[TICKER, option] = [feed.ticker(self._now_us())]
            elif channel == OHLC and fresh and (candle := feed.candle(option)) is not None:
                items[OHLC, option] = [feed.ohlc(candle, option)]
        return items

    # who listens

    def subscribe(
        self, connection: Connection, channel: str, number: int, option: int, spelling: str, *, snapshot: bool
    ) -> None:
        """Have a connection listen; another option or spelling of the same channel takes the place of the one before."""
        self.unsubscribe(connection, channel, number)
        group = (channel, option, spelling)
        self._of.setdefault(connection, {})[channel, number] = group
        if channel == OHLC and snapshot:
            task = asyncio.get_running_loop().create_task(self._with_candles(connection, number, group))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        self._join(connection, number, group)
        if snapshot:
            connection.say(self._snapshot(number, group))

    def _join(self, connection: Connection, number: int, group: Group) -> None:
        self.pulse(number)  # so that a new window begins where everybody else stands
        feed, (channel, option, _spelling) = self.feeds[number], group
        if channel == BOOK and option not in feed.windows:
            feed.windows[option] = Window(feed.shown, option)
        elif channel == LEVEL3 and option not in feed.queues:
            feed.queues[option] = Queues(feed.shown, option)
        self._groups[number].setdefault(group, {})[connection] = None

    async def _with_candles(self, connection: Connection, number: int, group: Group) -> None:
        feed, interval = self.feeds[number], group[1]
        candles = await feed.candles(interval, self._now_us())
        if connection.gone or self._of.get(connection, {}).get((OHLC, number)) != group:
            return
        self._join(connection, number, group)
        newest = feed.candle(interval)
        if newest is not None:
            candles = [candle for candle in candles if candle.begin_s < newest.begin_s] + [newest]
        connection.say(_payload(group, "snapshot", [feed.ohlc(candle, interval) for candle in candles]))
        connection.flush()

    def unsubscribe(self, connection: Connection, channel: str, number: int) -> bool:
        """Have a connection listen no more; whether it did."""
        group = self._of.get(connection, {}).pop((channel, number), None)
        if group is None:
            return False
        self._behind.get(connection, set()).discard((number, group))
        groups = self._groups[number]
        listeners = groups.get(group)
        if listeners is not None:
            listeners.pop(connection, None)
            if not listeners:
                del groups[group]
                self._drop_views(number, group)
        return True

    def _drop_views(self, number: int, group: Group) -> None:
        if not any(other[:2] == group[:2] for other in self._groups[number]):
            feed, (channel, option, _spelling) = self.feeds[number], group
            if channel == BOOK:
                feed.windows.pop(option, None)
            elif channel == LEVEL3:
                feed.queues.pop(option, None)

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        for channel, number in list(self._of.get(connection, {})):
            self.unsubscribe(connection, channel, number)
        self._of.pop(connection, None)
        self._behind.pop(connection, None)

    def caught_up(self, connection: Connection) -> None:
        """Bring a connection that was too slow to where everybody else stands."""
        for number, group in self._behind.pop(connection, set()):
            self.pulse(number)
            connection.say(self._snapshot(number, group))

    def count(self, connection: Connection) -> int:
        """How much a connection listens to."""
        return len(self._of.get(connection, ()))

    def _snapshot(self, number: int, group: Group) -> bytes:
        feed, (channel, option, _spelling) = self.feeds[number], group
        items: list[Item]
        if channel == BOOK:
            items = [feed.book(option)]
        elif channel == LEVEL3:
            items = [feed.queue(option)]
        elif channel == TRADE:
            items = [feed.trade(trade) for trade in feed.trades]
        elif channel == TICKER:
            items = [feed.ticker(self._now_us())]
        else:
            newest = feed.candle(option)
            items = [] if newest is None else [feed.ohlc(newest, option)]
        return _payload(group, "snapshot", items)


def _payload(group: Group, kind: str, items: Sequence[Item]) -> bytes:
    channel, _option, spelling = group
    return message(channel, kind, [f"{before}{spelling}{after}" for before, after in items])


def option_of(channel: str, depth: int, interval: int, trigger: str) -> int | None:
    """The number that a channel's option goes by; None for one that the channel does not have."""
    match channel:
        case "book":
            return depth if depth in BOOK_DEPTHS else None
        case "level3":
            return depth if depth in QUEUE_DEPTHS else None
        case "ohlc":
            return interval if interval in INTERVALS_MIN else None
        case "ticker":
            return TRIGGERS.index(trigger) if trigger in TRIGGERS else None
        case _:
            return 0
