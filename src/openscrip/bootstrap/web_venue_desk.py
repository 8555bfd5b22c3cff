"""The venue's money as the desk has it: the same rows that `openscrip venue-money` decides about."""

from collections.abc import Sequence

from openscrip.bootstrap.venue_money_office import CASH_DECIMALS
from openscrip.bootstrap.web_venue_money import WebVenueMoney
from openscrip.kernel.errors import Refused
from openscrip.markets.funding_deposits import Settled
from openscrip.markets.funding_withdrawals import Reviewed
from openscrip.records.queues import QueueCount, QueuePage
from openscrip.records.venue_queues import venue_counts, venue_page, venue_queue
from openscrip.runtime.store import Store, Unit


class WebVenueDesk:
    """As `web.venue_desk.VenueDesk`, over the office that the pages of customers have open."""

    def __init__(self, money: WebVenueMoney) -> None:
        self._money = money

    @property
    def is_founded(self) -> bool:
        """As `VenueDesk.is_founded`."""
        return self._money.is_founded

    @property
    def store(self) -> Store:
        """As `VenueDesk.store`."""
        return self._money.office().store

    def places(self, asset: str) -> int:
        """As `VenueDesk.places`; of an asset that is not accepted any more, those of money."""
        try:
            return self._money.office().decimals(asset)
        except Refused:
            return CASH_DECIMALS

    def queues(self) -> Sequence[QueueCount]:
        """As `VenueDesk.queues`."""
        if not self.is_founded:
            return []
        with self.store.view() as view:
            return venue_counts(view)

    def queue(self, name: str, before: int | None, limit: int) -> QueuePage | None:
        """As `ApiOffice.venue_queue`: of what waits for a person."""
        found = venue_queue(name)
        if found is None or not self.is_founded:
            return None
        with self.store.view() as view:
            return venue_page(view, found, found.states[0][0], self.places, before, limit)

    def settle(self, unit: Unit, deposit: str, decision: str, account: int, by: str, why: str) -> None:
        """As `VenueDesk.settle`."""
        self._money.office().desk.settle_in(unit, deposit, Settled(decision, by, why, account))

    def review(self, unit: Unit, withdrawal: str, by: str, why: str, *, pay: bool) -> None:
        """As `VenueDesk.review`."""
        self._money.office().desk.review_in(unit, withdrawal, Reviewed(pay, by, why))
