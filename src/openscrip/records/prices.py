"""The price that the primary market goes by, with everything that says how far to trust it: never a bare number."""

from dataclasses import dataclass

from openscrip.assets.calendar import Calendar, new_york_calendar
from openscrip.assets.stock import Stock
from openscrip.assets.trading_hours import open_window
from openscrip.issuance.terms import Hours
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.multiplier import ONE, Multiplier

SOURCE = "last_close"
STALE_S = 5 * 86_400
"""The longest stretch without a close is a long week-end; a close older than this is stale."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for one share, and for one raw token (rounded down to 1e-6): the last close of the stock's own exchange.

    `value` and `per_token_micros_down` are None where no price is known; then nothing is made up. `session` is the hours
    at the time of asking: `market`, `extended`, `overnight` or `closed`.
    """

    value: PricePerShare | None
    per_token_micros_down: int | None
    as_of: int
    source: str
    session: str
    stale: bool


@dataclass(frozen=True, slots=True)
class Hour:
    """The hours at an instant, whether the exchange is open, and when that changes next."""

    session: str
    is_open: bool
    next_change_at: int | None


def price_of(stock: Stock, multiplier: Multiplier, now: int) -> Price:
    """The price of a stock as the primary market has it. No question to anybody."""
    return price_within(stock, multiplier, now, hour_at(now), last_close_at(now))


def price_within(stock: Stock, multiplier: Multiplier, now: int, hour: Hour, as_of: int | None) -> Price:
    """As `price_of`, for many stocks at one instant: its hours and the last close are given."""
    if not stock.price.micros or as_of is None:
        return Price(None, None, as_of or 0, SOURCE, hour.session, True)
    per_token = stock.price.micros * multiplier.value // ONE
    return Price(stock.price, per_token, as_of, SOURCE, hour.session, now - as_of > STALE_S)


def hour_at(now: int, calendar: Calendar | None = None) -> Hour:
    """The hours at an instant. Outside the calendar's horizon all is closed."""
    known = calendar or new_york_calendar()
    try:
        window = open_window(known, now)
        if window is not None:
            session = Hours.MARKET.value if window.session.value == "regular" else window.session.value
            return Hour(session, session == Hours.MARKET.value, window.close_at)
        return Hour(Hours.CLOSED.value, False, _opens_at(known, now))
    except Refused:
        return Hour(Hours.CLOSED.value, False, None)


def last_close_at(now: int, calendar: Calendar | None = None) -> int | None:
    """The instant of the last regular close at or before `now`; None outside the calendar's horizon."""
    known = calendar or new_york_calendar()
    try:
        session = known.session(new_york_date(now))
        if session is not None and session.close_at <= now:
            return session.close_at
        return known.previous_session(new_york_date(now)).close_at
    except Refused:
        return None


def _opens_at(calendar: Calendar, now: int) -> int | None:
    """When the next window of any hours opens: at most five days ahead."""
    at = now - now % 900 + 900
    for _ in range(5 * 96):
        if open_window(calendar, at) is not None:
            return at
        at += 900
    return None
