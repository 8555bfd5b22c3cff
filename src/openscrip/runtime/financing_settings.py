"""Settings of purchases on margin: what was agreed with the broker that lends. Off while no lender is named."""

from dataclasses import dataclass

from openscrip.kernel.money import Bps, Money

WHOLE = Bps(10_000)


@dataclass(frozen=True, slots=True)
class Financing:
    """The agreement. Shares that a loan paid for are encumbered, and count for nothing, until the broker releases them."""

    lender: str = ""
    """The entity that lends, by its id among the entities: the broker of every product. Empty: nothing is bought on margin."""
    limit_usd: Money = Money(0)
    """The most that is lent and charged at once."""
    rate_day_bps: Bps = Bps(2)
    """The most interest, on what is owed, for each settlement day begun."""
    haircut_bps: Bps = Bps(5_000)
    """So much of each purchase is paid with our own cash."""

    def problems(self) -> list[str]:
        """What is wrong in this section, each as a sentence."""
        found = []
        if bool(self.lender) != bool(self.limit_usd):
            found.append("financing: lender and limit_usd go together; give both, or neither for no margin")
        if self.haircut_bps >= WHOLE or self.rate_day_bps >= WHOLE:
            found.append("financing: haircut_bps or rate_day_bps was 100 % or more")
        return found
