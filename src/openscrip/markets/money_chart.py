"""The chart of accounts of the venue's money: whose it is, and where it lies.

An account is `asset/name` or `asset/name:party`; it counts in the venue's units, 1e-8 of a raw token and 1e-6 of money. Of
each asset, always: chain + bank = customers + fees + suspense + dust + transit. `transit` is what is on its way between a
chain or a bank and the venue, by the reference of its deposit or withdrawal: below zero for a withdrawal that has left the
chain and not yet the customer's balance, and zero in the end.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from openscrip.runtime.chart import ChartOfAccounts, Class, Kind, Measure
from openscrip.runtime.ledger import Chart, Side, unit_of

CHAIN, BANK, CUSTOMER, FEES = "venue_chain", "venue_bank", "venue_customer", "venue_fees"
SUSPENSE, DUST, TRANSIT, CLEARING = "venue_suspense", "venue_dust", "venue_transit", "venue_clearing"

_ASSET, _LIABILITY, _EQUITY = Class.ASSET, Class.LIABILITY, Class.EQUITY
_DEBIT, _CREDIT, _EITHER = Side.DEBIT, Side.CREDIT, Side.EITHER
_RAW = Measure.RAW

KINDS: Final = (
    Kind(7100, CHAIN, "Treasuries", _ASSET, _DEBIT, _RAW, "tokens and coins on one chain, for customers and the house"),
    Kind(7200, BANK, "Cash at bank", _ASSET, _DEBIT, _RAW, "of one currency, for customers and the house"),
    Kind(7500, CUSTOMER, "Customers", _LIABILITY, _CREDIT, _RAW, "balances of one account, what it holds for orders included"),
    Kind(7550, SUSPENSE, "Deposits in suspense", _LIABILITY, _CREDIT, _RAW, "nobody's yet, or to go back"),
    Kind(7600, TRANSIT, "Under way", _LIABILITY, _EITHER, _RAW, "between a holding and a balance, by its reference"),
    Kind(7650, CLEARING, "Clearing", _LIABILITY, _CREDIT, _RAW, "of trades while they are posted; zero after each posting"),
    Kind(7800, FEES, "Fees", _EQUITY, _EITHER, _RAW, "earned less rebates; below zero while rebates came before fees"),
    Kind(7850, DUST, "Dust", _EQUITY, _CREDIT, _RAW, "parts of deposits below the venue's unit, once they make whole ones"),
)
"""Of tokens; the same kinds count money in 1e-6."""

MONEY_SIDES: Final[Chart] = {kind.name: kind.side for kind in KINDS}
"""The normal side of each."""


class VenueChart(ChartOfAccounts):
    """The chart for whoever reads the books: units that are in `money` count money, all others raw tokens."""

    def __init__(self, money: Iterable[str]) -> None:
        self._money_units = frozenset(money)
        super().__init__(KINDS, ())

    def kind(self, account: str) -> Kind:
        """As `ChartOfAccounts.kind`."""
        kind = super().kind(account)
        return replace(kind, measure=Measure.MONEY) if unit_of(account) in self._money_units else kind


def chain(asset: str, place: str) -> str:
    """What the venue's treasury holds of an asset on one chain."""
    return f"{asset}/{CHAIN}:{place}"


def bank(currency: str) -> str:
    """What the venue has at its bank in one currency."""
    return f"{currency}/{BANK}"


def customer(asset: str, account: int) -> str:
    """What the venue owes one account."""
    return f"{asset}/{CUSTOMER}:{account}"


def fees(asset: str) -> str:
    """What the venue has earned, less rebates."""
    return f"{asset}/{FEES}"


def suspense(asset: str, deposit: str) -> str:
    """A deposit that is nobody's yet, or goes back."""
    return f"{asset}/{SUSPENSE}:{deposit}"


def dust(asset: str) -> str:
    """Parts of deposits below the venue's unit, once they make whole ones."""
    return f"{asset}/{DUST}"


def transit(asset: str, reference: str) -> str:
    """What is on its way between a holding and the venue."""
    return f"{asset}/{TRANSIT}:{reference}"


def clearing(asset: str) -> str:
    """What those who gave more than they got have paid in for those who got more: zero after every settlement."""
    return f"{asset}/{CLEARING}"
