"""Money in millionths of a US dollar, prices per share, and rates in basis points."""

from dataclasses import dataclass

from openscrip.kernel.decimals import format_decimal, parse_decimal
from openscrip.kernel.quantities import ATOMS_PER_SHARE, Quantity, Shares

MICROS_PER_USD = 10**6


@dataclass(frozen=True, slots=True, order=True)
class Money(Quantity):
    """US dollars in atoms of 1e-6."""

    @classmethod
    def parse(cls, text: object) -> "Money":
        """Money from a decimal string of at most 6 decimals."""
        return cls(parse_decimal(text, 6, "money"))

    def fee_up(self, rate: "Bps") -> "Money":
        """The fee on this amount, rounded up."""
        return Money(-(-self.atoms * rate.count // 10_000))

    def share_down(self, part: int, whole: int) -> "Money":
        """This amount x part / whole, rounded down."""
        return Money(self.atoms * part // whole)

    def __str__(self) -> str:
        return format_decimal(self.atoms, 6)


@dataclass(frozen=True, slots=True, order=True)
class Bps:
    """A rate in basis points (1e-4)."""

    count: int

    def __str__(self) -> str:
        return format_decimal(self.count, 2) + " %"


@dataclass(frozen=True, slots=True, order=True)
class PricePerShare:
    """US dollars for one share, in 1e-6 USD. Never per raw token; a price per raw token is another thing."""

    micros: int

    @classmethod
    def parse(cls, text: object) -> "PricePerShare":
        """A price from a decimal string of at most 6 decimals."""
        return cls(parse_decimal(text, 6, "price per share"))

    def cost_up(self, shares: Shares) -> Money:
        """What `shares` cost at this price, rounded up."""
        return Money(-(-self.micros * shares.atoms // ATOMS_PER_SHARE))

    def proceeds_down(self, shares: Shares) -> Money:
        """What `shares` bring at this price, rounded down."""
        return Money(self.micros * shares.atoms // ATOMS_PER_SHARE)

    def plus_up(self, rate: Bps) -> "PricePerShare":
        """This price raised by `rate`, rounded up."""
        return PricePerShare(-(-self.micros * (10_000 + rate.count) // 10_000))

    def __str__(self) -> str:
        return format_decimal(self.micros, 6)


def shares_bought_down(cash: Money, price: PricePerShare) -> Shares:
    """How many shares `cash` buys at `price`, rounded down to an atom."""
    return Shares(cash.atoms * ATOMS_PER_SHARE // price.micros)
