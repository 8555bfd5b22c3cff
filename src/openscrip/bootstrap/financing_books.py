"""How loans decide, and who hears of what is pledged for them."""

from collections.abc import Callable, Mapping
from typing import Any

from openscrip.assets import financing
from openscrip.assets.acquisition import Acquisition, SharesPledged
from openscrip.assets.actions import PledgeLost, Unpledged
from openscrip.assets.entities import Role, entities_of
from openscrip.assets.financing import OPEN_STATES, Credit, Loan, PledgeForfeited, SharesUnpledged
from openscrip.assets.listings import products_of
from openscrip.assets.stock import Stock
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Money
from openscrip.runtime.decision import Books, Decide, Hears
from openscrip.runtime.settings import Settings
from openscrip.runtime.store import Unit

FINANCING_DECIDES: Mapping[type[Any], Decide] = {
    Loan: lambda row, event, view: financing.decide(row, event, view.now + view.terms.retry_s),
}
FINANCING_OPEN_STATES: Mapping[type[Any], tuple[str, ...]] = {Loan: OPEN_STATES}
FINANCING_REGISTERED = (Loan, SharesPledged, SharesUnpledged, PledgeForfeited)


def credit_of(settings: Settings) -> Credit:
    """What was agreed with the lender; nothing may be lent where none is named.

    Raises `Malformed("financing.lender")` for one that is not the broker of every product: who holds shares has them pledged.
    """
    agreed = settings.financing
    if agreed.lender:
        known, products = entities_of(settings.entities.file), products_of(settings.products.file)
        for symbol in sorted(products):
            brokers = [each.id for each in known.holders(symbol, Role.BROKER)]
            if agreed.lender not in brokers:
                who = ", ".join(brokers) or "nobody"
                text = f"financing: lender {agreed.lender!a:.40} was not the broker of {symbol}, which is {who}"
                raise Malformed("financing.lender", text)
    return Credit(agreed.limit_usd, agreed.rate_day_bps)


def _lending(credit: Credit | None) -> Callable[[Books, Unit, SharesPledged], None]:
    """A loan begins; what others stand at counts towards the same limit."""

    def lend(books: Books, unit: Unit, fact: SharesPledged) -> None:
        stock = unit.row(Stock, fact.stock)
        if stock is None:
            raise LookupError(f"bootstrap: loan {fact.loan} was for {fact.stock!r}, which was not listed")
        if unit.row(Loan, fact.loan) is None:
            others = unit.rows_in(Loan, OPEN_STATES)
            owed = Money(sum(row.owed.atoms for row in others))
            books.record(unit, financing.lend(fact, stock.epoch, credit, owed))

    return lend


def _unpledged(books: Books, unit: Unit, fact: SharesUnpledged) -> None:
    books.tell(unit, Acquisition, fact.acquisition, Unpledged(fact.release, fact.shares, fact.cost))


def _forfeited(books: Books, unit: Unit, fact: PledgeForfeited) -> None:
    books.tell(unit, Acquisition, fact.acquisition, PledgeLost(fact.sale, fact.shares))


def financing_hears(credit: Credit | None = None) -> Hears:
    """Who hears of loans, under a `credit`; None where nobody says what was agreed."""
    return {SharesPledged: (_lending(credit),), SharesUnpledged: (_unpledged,), PledgeForfeited: (_forfeited,)}
