"""How much the tokens are used: days on the chains out of the index, days and depth on the venue, the launch beside them.

Each metric has one definition. *Volume* on chain is what went from one address to another, mints and burns apart, valued at
the stock's last close of that day times the multiplier of that day, rounded down. *Users* are addresses that gave or took;
*new* ones for the first time. Days are days of UTC.
"""

import csv
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files

from openscrip.assets.listings import daily_closes
from openscrip.assets.stock import Stock
from openscrip.issuance.distribution_row import Distribution
from openscrip.issuance.indexer.days import DAY_S, Day
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import ONE, Multiplier
from openscrip.kernel.quantities import RawAmount

LAUNCH_METRICS = ("volume_usd", "users", "new_users", "transactions")


Known = Mapping[tuple[str, str], Sequence[Day]]
"""What the index tells of a span, by chain and token; the token is empty for all tokens of a chain."""


@dataclass(frozen=True, slots=True)
class ActivityDay:
    """One day on the chains. `moved`, `minted` and `burned` are of one token; of all tokens together they are nil."""

    day: date
    volume: Money = Money(0)
    users: int = 0
    new_users: int = 0
    transactions: int = 0
    transfers: int = 0
    moved: RawAmount = RawAmount(0)
    minted: RawAmount = RawAmount(0)
    burned: RawAmount = RawAmount(0)


@dataclass(frozen=True, slots=True)
class VenueDay:
    """One day of a pair on the venue: tokens and money that changed hands, and how many trades."""

    day: date
    pair: str
    tokens: RawAmount
    turnover: Money
    trades: int


@dataclass(frozen=True, slots=True)
class VenueTotal:
    """One pair of the venue over a span."""

    pair: str
    turnover: Money
    tokens: RawAmount
    trades: int


def venue_total(pair: str, days: Iterable[VenueDay]) -> VenueTotal:
    """The days of a pair added up."""
    turnover = tokens = trades = 0
    for day in days:
        turnover, tokens, trades = turnover + day.turnover.atoms, tokens + day.tokens.atoms, trades + day.trades
    return VenueTotal(pair, Money(turnover), RawAmount(tokens), trades)


@dataclass(frozen=True, slots=True)
class LaunchFigure:
    """A reported figure of the launch of the xStocks tokens, first days of July 2025; one report, not recomputed."""

    day: date
    token_symbol: str
    metric: str
    value: int


@dataclass(frozen=True, slots=True)
class Multipliers:
    """The multiplier of one stock over time."""

    first: Multiplier
    changes: tuple[tuple[int, Multiplier], ...] = ()

    def at(self, instant: int) -> Multiplier:
        """What was in force."""
        place = bisect_right([at for at, _ in self.changes], instant)
        return self.changes[place - 1][1] if place else self.first


def multipliers_of(stock: Stock, actions: Iterable[Distribution]) -> Multipliers:
    """From the corporate actions that changed it."""
    changed = sorted((row.effective_at, row.before, row.after) for row in actions if row.after != row.before)
    if not changed:
        return Multipliers(stock.multiplier)
    return Multipliers(changed[0][1], tuple((at, after) for at, _, after in changed))


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - date(1970, 1, 1)).days


def day_of(instant: int) -> date:
    """The day of UTC."""
    return datetime.fromtimestamp(instant, UTC).date()


def token_days(known: Known, stock: Stock, multipliers: Multipliers) -> list[ActivityDay]:
    """A stock's days on all its chains, oldest first, without those on which nothing moved."""
    found: defaultdict[int, list[Day]] = defaultdict(list)
    for place in stock.tokens:
        for each in known.get(place, ()):
            found[each.day].append(each)
    return [_token_day(stock, multipliers, number, found[number]) for number in sorted(found)]


def all_days(known: Known, tokens: Iterable[Sequence[ActivityDay]]) -> list[ActivityDay]:
    """All tokens together: users of a chain count once a day however many tokens they moved; values are those of `tokens`."""
    volume: defaultdict[date, int] = defaultdict(int)
    for days in tokens:
        for each in days:
            volume[each.day] += each.volume.atoms
    found: defaultdict[int, list[Day]] = defaultdict(list)
    for (_, token), brought in known.items():
        for day in brought if not token else ():
            found[day.day].append(day)
    return [
        ActivityDay(
            _date(number),
            Money(volume[_date(number)]),
            sum(day.users for day in found[number]),
            sum(day.new_users for day in found[number]),
            sum(day.transactions for day in found[number]),
            sum(day.transfers for day in found[number]),
        )
        for number in sorted(found)
    ]


def _token_day(stock: Stock, multipliers: Multipliers, number: int, days: Sequence[Day]) -> ActivityDay:
    moved = RawAmount(sum(each.moved.atoms for each in days))
    day = _date(number)
    return ActivityDay(
        day,
        value_down(moved, multipliers.at((number + 1) * DAY_S - 1), close_of(stock, day)),
        sum(each.users for each in days),
        sum(each.new_users for each in days),
        sum(each.transactions for each in days),
        sum(each.transfers for each in days),
        moved,
        RawAmount(sum(each.minted.atoms for each in days)),
        RawAmount(sum(each.burned.atoms for each in days)),
    )


def close_of(stock: Stock, day: date) -> PricePerShare:
    """The last close on or before a day, or the price that the books have where the package knows none."""
    return daily_closes().on(stock.id, day) or stock.price


def value_down(raw: RawAmount, multiplier: Multiplier, price: PricePerShare) -> Money:
    """What raw tokens are worth at a price per share, rounded down to 1e-6 USD."""
    return Money(raw.atoms * multiplier.value * price.micros // (ONE * 10**18))


def _date(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)


@cache
def launch_figures() -> tuple[LaunchFigure, ...]:
    """The reported figures that ship with the package."""
    text = (files("openscrip.records") / "data" / "xstocks_launch.csv").read_text(encoding="utf-8")
    return tuple(
        LaunchFigure(date.fromisoformat(row["date"]), row["token_symbol"], row["metric"], int(row["value"]))
        for row in csv.DictReader(text.splitlines())
    )


def launch_day(token_symbol: str, metric: str) -> LaunchFigure | None:
    """The highest reported day of a metric: the line that is drawn beside ours."""
    mine = [each for each in launch_figures() if each.token_symbol == token_symbol and each.metric == metric]
    return max(mine, key=lambda each: each.value, default=None)


# the book


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """A price per raw token, in 1e-6 of the quote."""

    micros: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """What a pair shows now: (price, tokens), the best first."""

    bids: tuple[tuple[TokenPrice, RawAmount], ...] = ()
    asks: tuple[tuple[TokenPrice, RawAmount], ...] = ()

    @property
    def mid_down(self) -> TokenPrice | None:
        """Half way between the best bid and the best ask; None while a side is empty."""
        if not self.bids or not self.asks:
            return None
        return TokenPrice((self.bids[0][0].micros + self.asks[0][0].micros) // 2)


@dataclass(frozen=True, slots=True)
class DepthLine:
    """How much stands within `percent` of the mid price on each side, in tokens and in money, rounded down."""

    percent: int
    bid_tokens: RawAmount
    bid_value: Money
    ask_tokens: RawAmount
    ask_value: Money


@dataclass(frozen=True, slots=True)
class Slippage:
    """What an order for `size` would cost against the mid price.

    `filled` of the size is served by what the book shows now; `average` is per raw token; `bps_up` is rounded up.
    """

    side: str
    size: Money
    filled: Money
    tokens: RawAmount
    average: TokenPrice | None
    bps_up: int | None

    @property
    def is_whole(self) -> bool:
        """Whether the book shows enough."""
        return self.filled == self.size


def depth_lines(ladder: Ladder, percents: Sequence[int] = (1, 2, 5)) -> list[DepthLine]:
    """Depth around the mid price; nothing while a side is empty."""
    mid = ladder.mid_down
    if mid is None:
        return []
    lines = []
    for percent in percents:
        floor, ceiling = mid.micros * (100 - percent), mid.micros * (100 + percent)
        bids = [each for each in ladder.bids if each[0].micros * 100 >= floor]
        asks = [each for each in ladder.asks if each[0].micros * 100 <= ceiling]
        lines.append(DepthLine(percent, _tokens(bids), _value(bids), _tokens(asks), _value(asks)))
    return lines


def slippage(ladder: Ladder, side: str, size: Money) -> Slippage:
    """Buy or sell for `size` at what the book shows, best price first."""
    rows = ladder.asks if side == "buy" else ladder.bids
    left, tokens, spent = size.atoms, 0, 0
    for price, shown in rows:
        worth = shown.atoms * price.micros // 10**18
        part = min(left, worth)
        taken = shown.atoms if part == worth else part * 10**18 // price.micros
        left, tokens, spent = left - part, tokens + taken, spent + part
        if not left:
            break
    mid = ladder.mid_down
    if not tokens or mid is None:
        return Slippage(side, size, Money(spent), RawAmount(tokens), None, None)
    average = -(-spent * 10**18 // tokens) if side == "buy" else spent * 10**18 // tokens
    worse = average - mid.micros if side == "buy" else mid.micros - average
    return Slippage(side, size, Money(spent), RawAmount(tokens), TokenPrice(average), max(0, -(-worse * 10_000 // mid.micros)))


def curve(rows: Sequence[tuple[TokenPrice, RawAmount]]) -> list[tuple[TokenPrice, RawAmount]]:
    """Tokens that stand at a price or better, price after price from the best."""
    found, total = [], 0
    for price, shown in rows:
        total += shown.atoms
        found.append((price, RawAmount(total)))
    return found


def _tokens(rows: Iterable[tuple[TokenPrice, RawAmount]]) -> RawAmount:
    return RawAmount(sum(shown.atoms for _, shown in rows))


def _value(rows: Iterable[tuple[TokenPrice, RawAmount]]) -> Money:
    return Money(sum(shown.atoms * price.micros // 10**18 for price, shown in rows))


def filled(days: Sequence[ActivityDay], first: date, last: date) -> list[ActivityDay]:
    """The days of a span without gaps: a day on which nothing moved is a day of nothing."""
    known = {each.day: each for each in days}
    span = (first + timedelta(days=count) for count in range((last - first).days + 1))
    return [known.get(day) or ActivityDay(day) for day in span]
