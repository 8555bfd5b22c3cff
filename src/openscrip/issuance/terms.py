"""What the issuer asks and allows: fees, limits, lifetimes. A quote pins them; and what a decision may know beside its row."""

from dataclasses import dataclass, field

from openscrip.assets.stock import Stock
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of the primary market. `cushion` is added to the quoted price: a deposit that covers the next close."""

    fee: Bps = Bps(50)
    spread: Bps = Bps(100)
    cushion: Bps = Bps(1_000)
    shares_min: Shares = Shares(10**7)
    shares_max: Shares = Shares.whole(100_000)
    voucher_life_s: int = 3_600
    retry_s: int = 300

    def deposit_up(self, shares: Shares, price: PricePerShare) -> Money:
        """What a subscriber pays in: shares at the quoted price, the cushion and the fee, rounded up."""
        cost = price.plus_up(self.cushion).cost_up(shares)
        return cost + cost.fee_up(self.fee)

    def check_size(self, shares: Shares) -> None:
        """Raise `Malformed("amount.size")` outside the limits."""
        if not self.shares_min <= shares <= self.shares_max:
            raise Malformed("amount.size", f"amount: {shares} was outside {self.shares_min} to {self.shares_max} shares")


@dataclass(frozen=True, slots=True)
class View:
    """What a decision may know: market time, the stock, the terms.

    `burnable` is the recorded raw supply of the row's chain that no burn has reserved: less than the chain's own while a
    mint has landed that we have not heard of. None where nobody asks.
    """

    now: int
    stock: Stock
    terms: Terms
    burnable: RawAmount | None = field(default=None, kw_only=True)
