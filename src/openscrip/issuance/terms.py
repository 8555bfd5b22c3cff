"""What the issuer asks and allows: fees, limits, lifetimes, by the hours of the day. A request pins what it was priced by.

Also what a decision may know beside its row.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from openscrip.assets.calendar import Calendar
from openscrip.assets.inventory import Level
from openscrip.assets.stock import Stock
from openscrip.assets.trading_hours import TradingSession, open_window
from openscrip.kernel.errors import Malformed, refuse_unless
from openscrip.kernel.money import Bps, Money, PricePerShare, shares_bought_down
from openscrip.kernel.quantities import RawAmount, Shares

DAY_S = 86_400


class Hours(StrEnum):
    """When a request is priced: the exchange's regular, extended or overnight hours, or none of them."""

    MARKET = "market"
    EXTENDED = "extended"
    OVERNIGHT = "overnight"
    CLOSED = "closed"

    @property
    def session(self) -> TradingSession:
        """In which hours an order trades; one that is given while all is closed waits for the regular ones."""
        return _SESSIONS.get(self, TradingSession.REGULAR)


_SESSIONS = {Hours.EXTENDED: TradingSession.EXTENDED, Hours.OVERNIGHT: TradingSession.OVERNIGHT}


def hours_at(calendar: Calendar, at: int) -> Hours:
    """The hours at an instant. Raises `Refused("calendar.horizon")`."""
    window = open_window(calendar, at)
    if window is None:
        return Hours.CLOSED
    return Hours.MARKET if window.session is TradingSession.REGULAR else Hours(window.session.value)


@dataclass(frozen=True, slots=True)
class HourTerms:
    """The terms of some hours. `fixed` is charged once for each request, `spread` lies on what inventory serves."""

    fee: Bps = Bps(50)
    fixed: Money = Money(0)
    spread: Bps = Bps(100)
    usd_min: Money = Money(0)
    usd_max: Money = Money(100_000_000 * 10**6)
    quote_life_s: int = 60


@dataclass(frozen=True, slots=True)
class Rates:
    """What a request is priced by for good: the hours, the rates, and the version of the terms that they come from."""

    version: int = 1
    hours: str = Hours.MARKET.value
    fee: Bps = Bps(50)
    fixed: Money = Money(0)
    spread: Bps = Bps(100)

    def fee_up(self, amount: Money) -> Money:
        """The whole fee on an amount, rounded up."""
        return amount.fee_up(self.fee) + self.fixed

    def instant_up(self, shares: Shares, price: PricePerShare) -> Money:
        """What shares out of inventory cost: price and spread, and the fee."""
        cost = price.plus_up(self.spread).cost_up(shares)
        return cost + self.fee_up(cost)


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of the primary market. `cushion` is added to the quoted price: a deposit that covers the next close.

    `version` counts the terms that were ever in force; `bank_within_s` and `stable_within_s` are how long a price that was
    promised waits for its money.
    """

    cushion: Bps = Bps(1_000)
    shares_min: Shares = Shares(10**7)
    shares_max: Shares = Shares.whole(100_000)
    voucher_life_s: int = 3_600
    retry_s: int = 300
    market: HourTerms = HourTerms()
    extended: HourTerms = HourTerms(spread=Bps(150))
    overnight: HourTerms = HourTerms(spread=Bps(200))
    closed: HourTerms = HourTerms(spread=Bps(300))
    bank_within_s: int = 3 * DAY_S
    stable_within_s: int = 3_600
    levels: tuple[Level, ...] = ()
    version: int = 1

    def level(self, stock: str) -> Level | None:
        """The level of a stock's inventory, if one was set."""
        return next((each for each in self.levels if each.stock == stock), None)

    def at(self, hours: Hours) -> HourTerms:
        """The terms of these hours."""
        match hours:
            case Hours.MARKET:
                return self.market
            case Hours.EXTENDED:
                return self.extended
            case Hours.OVERNIGHT:
                return self.overnight
            case Hours.CLOSED:
                return self.closed
            case _:
                assert_never(hours)

    def rates(self, hours: Hours) -> Rates:
        """What a request of these hours pins."""
        found = self.at(hours)
        return Rates(self.version, hours.value, found.fee, found.fixed, found.spread)

    def deposit_up(self, shares: Shares, price: PricePerShare, rates: Rates | None = None) -> Money:
        """What a subscriber pays in: shares at the quoted price, the cushion and the fee, rounded up."""
        cost = price.plus_up(self.cushion).cost_up(shares)
        return cost + (rates or self.rates(Hours.MARKET)).fee_up(cost)

    def shares_down(self, amount: Money, price: PricePerShare, rates: Rates, *, instant: bool) -> Shares:
        """The most shares whose deposit, or price out of inventory, is no more than `amount`."""
        unit = price.plus_up(rates.spread if instant else self.cushion)
        if amount <= rates.fixed or not unit.micros:
            return Shares(0)
        cost = Money((amount.atoms - rates.fixed.atoms) * 10_000 // (10_000 + rates.fee.count))
        found = shares_bought_down(cost, unit)
        while found and (rates.instant_up(found, price) if instant else self.deposit_up(found, price, rates)) > amount:
            found = Shares(found.atoms - 1)
        return found

    def check_size(self, shares: Shares) -> None:
        """Raise `Malformed("amount.size")` outside the limits."""
        if not self.shares_min <= shares <= self.shares_max:
            raise Malformed("amount.size", f"amount: {shares} was outside {self.shares_min} to {self.shares_max} shares")

    def check_value(self, value: Money, hours: Hours) -> None:
        """Raise `Refused("hours.minimum")` or `Refused("hours.maximum")` for a value that these hours do not serve."""
        found = self.at(hours)
        least, most = found.usd_min, found.usd_max
        text = f"request: {value} USD was under {least} USD in {hours} hours; ask for more"
        refuse_unless(value >= least, "hours.minimum", text)
        text = f"request: {value} USD was over {most} USD in {hours} hours; ask for less"
        refuse_unless(value <= most, "hours.maximum", text)


@dataclass(frozen=True, slots=True)
class TermsVersion:
    """Row: terms that were in force from `since` on, until the next version."""

    id: str
    terms: Terms
    since: int
    stock: str = ""
    state: str = "kept"


@dataclass(frozen=True, slots=True)
class View:
    """What a decision may know: market time, the stock, the terms.

    `burnable` is the recorded raw supply of the row's chain that no burn has reserved: less than the chain's own while a
    mint has landed that we have not heard of. None where nobody asks. `on_order` is what is bought for inventory and has
    not arrived, for who takes from it.
    """

    now: int
    stock: Stock
    terms: Terms
    burnable: RawAmount | None = field(default=None, kw_only=True)
    on_order: Shares = field(default=Shares(0), kw_only=True)
