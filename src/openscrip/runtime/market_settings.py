"""What requests cost in each of the day's hours, the inventory that serves them, and the treasury behind them."""

from dataclasses import dataclass
from typing import Literal

from openscrip.kernel.money import Bps, Money
from openscrip.kernel.quantities import Shares


@dataclass(frozen=True, slots=True)
class Limits:
    """What one order, and one client in one day, may be."""

    shares_min: Shares = Shares(10**7)
    shares_max: Shares = Shares.whole(100_000)
    order_usd_max: Money = Money(1_000_000 * 10**6)
    daily_usd_max: Money = Money(2_000_000 * 10**6)


@dataclass(frozen=True, slots=True)
class Fees:
    """What requests cost in the exchange's regular hours; rates in basis points."""

    fee_bps: Bps = Bps(50)
    spread_bps: Bps = Bps(100)
    """On shares out of inventory."""
    cushion_bps: Bps = Bps(1_000)
    """Deposited above the quoted price, so that the next close is covered; the rest is refunded."""
    fixed_usd: Money = Money(0)
    """Charged once for each request, beside the rate."""
    usd_min: Money = Money(0)
    usd_max: Money = Money(1_000_000 * 10**6)
    quote_life_s: int = 60


@dataclass(frozen=True, slots=True)
class Extended:
    """What requests cost before the open and after the close, as `Fees`."""

    fee_bps: Bps = Bps(50)
    spread_bps: Bps = Bps(150)
    fixed_usd: Money = Money(0)
    usd_min: Money = Money(0)
    usd_max: Money = Money(1_000_000 * 10**6)
    quote_life_s: int = 60


@dataclass(frozen=True, slots=True)
class Overnight:
    """What requests cost between 20:00 and 4:00 New York, as `Fees`."""

    fee_bps: Bps = Bps(50)
    spread_bps: Bps = Bps(200)
    fixed_usd: Money = Money(0)
    usd_min: Money = Money(0)
    usd_max: Money = Money(1_000_000 * 10**6)
    quote_life_s: int = 30


@dataclass(frozen=True, slots=True)
class Closed:
    """What requests cost while nothing trades anywhere, as `Fees`."""

    fee_bps: Bps = Bps(50)
    spread_bps: Bps = Bps(300)
    fixed_usd: Money = Money(0)
    usd_min: Money = Money(0)
    usd_max: Money = Money(1_000_000 * 10**6)
    quote_life_s: int = 30


@dataclass(frozen=True, slots=True)
class Inventory:
    """The issuer's own settled shares, for instant issuance, and the time within which what was promised is paid."""

    levels: str = ""
    """`SYMBOL:reorder:target` in whole shares, joined by commas; a stock without a level replaces what was taken."""
    bank_within_s: int = 259_200
    stable_within_s: int = 3_600


@dataclass(frozen=True, slots=True)
class Treasury:
    """Coins and dollars that are changed into each other."""

    convert_usd_day_max: Money = Money(5_000_000 * 10**6)
    """Both ways together, in one New York day."""
    test_coin: Literal["on", "off"] = "on"
    """Put a stablecoin worth nothing, and treasuries for it, on the local chains of a new data folder."""
    confirmations: int = 0
    """A deposit counts with so many blocks on top of it; 0 leaves it to the chain's own finality."""
