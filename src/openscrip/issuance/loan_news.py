"""News of the broker's loans and of what is pledged for them, told to their rows in today's shares."""

from openscrip.assets import actions, broker
from openscrip.assets.financing import Loan
from openscrip.assets.stock import Stock
from openscrip.runtime.decision import Books
from openscrip.runtime.store import Unit


class NewsMissed(Exception):
    """News that nobody can place: a bug, or an effect that was never asked for."""


def loan_news(books: Books, unit: Unit, event: broker.LoanEvent) -> None:
    """Tell one event of a loan. Raises `NewsMissed` for a loan that no settlement named."""
    row = unit.row(Loan, event.loan)
    stock = unit.row(Stock, row.stock) if row is not None else None
    if row is None or stock is None:
        raise NewsMissed(f"news: {type(event).__name__} came of the loan {event.loan!r:.120}, which no settlement named")
    books.tell(unit, Loan, row.id, _heard(event, stock))


def _heard(event: broker.LoanEvent, stock: Stock) -> object:
    match event:
        case broker.LoanCharged():
            return actions.LoanCharged(event.id, event.amount)
        case broker.MarginCall():
            return actions.MarginCalled(event.amount)
        case broker.PledgeReleased():
            return actions.PledgeReleased(event.id, stock.scaled(event.quantity, event.epoch))
        case broker.ReleaseRefused():
            return actions.ReleaseRefused(event.reason)
        case broker.PledgeSold():
            return actions.PledgeSold(event.id, stock.scaled(event.quantity, event.epoch), event.proceeds)
