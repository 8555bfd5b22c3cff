"""The tape of one instrument in memory: its newest candle of every interval, the last 24 hours, the newest spreads.

Pure: trades in, candles out. A trade touches the running minute alone; whole minutes are folded into the longer intervals.
"""

from collections import deque
from collections.abc import Iterable, Sequence

from openscrip.kernel.errors import Malformed
from openscrip.markets.history_reader import CANDLES_MAX, INTERVALS_MIN, SPREADS_MAX
from openscrip.markets.history_rows import Candle, Span, Spread, Ticker

DAY_S, MINUTE_S, SECOND_US = 86_400, 60, 1_000_000
NOTHING = Span(0, 0, 0, 0, 0, 0)


class Tape:
    """What traded lately. `minutes` are candles of the last 24 hours, oldest first, the last one still running.

    `longer` are the newest candles of longer intervals, without that running minute.
    """

    def __init__(
        self, minutes: Iterable[Candle] = (), longer: Iterable[tuple[int, Candle]] = (), last: tuple[int, int] = (0, 0)
    ) -> None:
        self.last_price, self.last_lots = last
        self._minutes: deque[Candle] = deque(minutes)
        self._longer = dict(longer)
        """By interval, what of its newest candle was traded in whole minutes."""
        self._running: Candle | None = self._minutes.pop() if self._minutes else None
        self._spreads: deque[Spread] = deque(maxlen=SPREADS_MAX)
        self._day: tuple[int, Span] = (-1, NOTHING)
        """The minute in which the 24 hours were last summed, without the running minute."""

    def trade(self, time_us: int, price: int, lots: int) -> None:
        """A trade; times do not fall."""
        begin_s = time_us // (MINUTE_S * SECOND_US) * MINUTE_S
        now = self._running
        if now is None or begin_s > now.begin_s:
            if now is not None:
                self._fold(now)
            self._running = Candle(begin_s, price, price, price, price, price * lots, lots, 1)
        else:
            high = price if price > now.high else now.high
            low = price if price < now.low else now.low
            self._running = Candle(
                now.begin_s, now.open, high, low, price, now.turnover + price * lots, now.lots + lots, now.count + 1
            )
        self.last_price, self.last_lots = price, lots

    def traded(self, told: Candle, last_lots: int) -> None:
        """Trades of one minute, put together; times do not fall."""
        now = self._running
        if now is None or told.begin_s > now.begin_s:
            if now is not None:
                self._fold(now)
            self._running = told
        else:
            self._running = joined((now, told))
        self.last_price, self.last_lots = told.close, last_lots

    def _fold(self, minute: Candle) -> None:
        self._minutes.append(minute)
        for interval in INTERVALS_MIN[1:]:
            begun = _begun(minute, interval)
            before = self._longer.get(interval)
            self._longer[interval] = joined((before, begun)) if before and before.begin_s == begun.begin_s else begun
        self._day = (-1, NOTHING)

    def candle(self, interval_min: int) -> Candle | None:
        """The newest candle of an interval. Raises `Malformed("interval.unknown")`."""
        refuse_unknown(interval_min)
        now = self._running
        if now is None or interval_min == 1:
            return now
        begun = _begun(now, interval_min)
        before = self._longer.get(interval_min)
        return joined((before, begun)) if before and before.count and before.begin_s == begun.begin_s else begun

    def quoted(self, time_us: int, bid: int, ask: int) -> None:
        """The best bid and ask changed."""
        self._spreads.append(Spread(time_us, bid, ask))

    def spreads(self, since_us: int) -> list[Spread]:
        """The newest spreads after a time, oldest first."""
        return [each for each in self._spreads if each.time_us > since_us]

    def ticker(self, now_us: int) -> Ticker:
        """The last trade, this UTC day, and 24 hours up to now, whole minutes."""
        now_s = now_us // SECOND_US
        today = self.candle(DAY_S // MINUTE_S)
        is_today = today is not None and today.begin_s == now_s // DAY_S * DAY_S
        return Ticker(self.last_price, self.last_lots, _span(today) if today and is_today else NOTHING, self._last_day(now_s))

    def _last_day(self, now_s: int) -> Span:
        minute = now_s // MINUTE_S
        from_s = minute * MINUTE_S - DAY_S + MINUTE_S
        if self._day[0] != minute:
            while self._minutes and self._minutes[0].begin_s < from_s:
                self._minutes.popleft()
            self._day = (minute, _span(joined(self._minutes)) if self._minutes else NOTHING)
        now, before = self._running, self._day[1]
        if now is None or now.begin_s < from_s:
            return before
        if not before.count:
            return _span(now)
        return Span(
            before.open, max(before.high, now.high), min(before.low, now.low), before.turnover + now.turnover,
            before.lots + now.lots, before.count + now.count,
        )  # fmt: skip


def _begun(minute: Candle, interval_min: int) -> Candle:
    """A longer candle with one minute in it."""
    return Candle(
        begin_of(minute.begin_s, interval_min), minute.open, minute.high, minute.low, minute.close, minute.turnover,
        minute.lots, minute.count,
    )  # fmt: skip


def _span(candle: Candle) -> Span:
    return Span(candle.open, candle.high, candle.low, candle.turnover, candle.lots, candle.count)


def begin_of(time_s: int, interval_min: int) -> int:
    """When the candle of a second begins."""
    return time_s // (interval_min * MINUTE_S) * interval_min * MINUTE_S


def joined(candles: Iterable[Candle]) -> Candle:
    """Candles one after another as one, which begins with the first; at least one."""
    each = list(candles)
    return Candle(
        each[0].begin_s, each[0].open, max(one.high for one in each), min(one.low for one in each), each[-1].close,
        sum(one.turnover for one in each), sum(one.lots for one in each), sum(one.count for one in each),
    )  # fmt: skip


def without_gaps(candles: Sequence[Candle], interval_min: int, now_s: int) -> list[Candle]:
    """The newest candles up to now, at most `CANDLES_MAX`; where nothing traded, flat ones at the close before."""
    if not candles:
        return []
    step = interval_min * MINUTE_S
    last_s = max(begin_of(now_s, interval_min), candles[-1].begin_s)
    first_s = max(candles[0].begin_s, last_s - (CANDLES_MAX - 1) * step)
    known = {each.begin_s: each for each in candles}
    close = next((each.close for each in reversed(candles) if each.begin_s <= first_s), candles[0].open)
    found = []
    for begin_s in range(first_s, last_s + step, step):
        each = known.get(begin_s) or Candle(begin_s, close, close, close, close, 0, 0, 0)
        found.append(each)
        close = each.close
    return found


def refuse_unknown(interval_min: int) -> None:
    """Raises `Malformed("interval.unknown")` for an interval that there are no candles of."""
    if interval_min not in INTERVALS_MIN:
        raise Malformed("interval.unknown", f"candles: {interval_min} minutes were not one of {INTERVALS_MIN}")
