"""The venue's money as the pages have it: its own rows, read and asked through the office that operators use, too."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from sqlalchemy.exc import DBAPIError

from openscrip.bootstrap.venue_money_office import CASH_DECIMALS, TOKEN_DECIMALS, MoneyOffice, money_office
from openscrip.bootstrap.venue_wiring import NAME
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.errors import Unavailable
from openscrip.markets.funding import Nature, PayAddress, pay_address_id, wallet_id
from openscrip.markets.funding_deposits import VenueDeposit
from openscrip.markets.funding_withdrawals import VenueWithdrawal
from openscrip.runtime.settings import Settings
from openscrip.web.venue_money import Accepted, Passage

SHOWN = 50
PROOF = "proven to the issuer"
NOBODYS = ("suspense", "kept", "returning", "return_waits", "returned")
"""States in which a deposit may have no account."""


class WebVenueMoney:
    """As `web.venue_money.VenueMoneyLine`. The store stays open; a changed wiring opens another office on it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wiring = settings.data / "venue" / NAME
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self._stamp = 0
        self._open: MoneyOffice | None = None

    @property
    def is_founded(self) -> bool:
        """Whether there is a venue's money beside these pages."""
        return self._wiring.exists()

    def office(self) -> MoneyOffice:
        """The office over the wiring of now. Raises `Unavailable` where no venue was founded, or its store cannot be opened."""
        with self._lock:
            try:
                stamp = self._wiring.stat().st_mtime_ns
            except OSError as error:
                raise Unavailable("venue: none was founded beside these pages") from error
            if self._open is None or stamp != self._stamp:
                try:
                    self._open, self._stamp = self._stack.enter_context(money_office(self._settings)), stamp
                except (DBAPIError, OSError) as error:
                    raise Unavailable(f"venue: its store could not be opened ({type(error).__name__})") from error
            return self._open

    def accepted(self) -> Mapping[str, Accepted]:
        """As `VenueMoneyLine.accepted`."""
        if not self.is_founded:
            return {}
        office = self.office()
        found = {}
        for each in office.desk.terms.holdings.values():
            decimals = TOKEN_DECIMALS if each.nature is Nature.TOKEN else CASH_DECIMALS
            found[each.id] = Accepted(each.asset, each.place, each.nature.value, each.treasury, decimals)
        return found

    def passages(self, account: int, wallets: Sequence[tuple[str, str]]) -> Sequence[Passage]:
        """As `VenueMoneyLine.passages`."""
        office, own = self.office(), {wallet_id(place, address) for place, address in wallets}
        with office.store.view() as view:
            brought = view.rows(VenueDeposit, stock=str(account))
            for state in NOBODYS:
                waiting = view.rows(VenueDeposit, state=state)
                brought += [row for row in waiting if not row.account and wallet_id(row.place, row.sender) in own]
            taken = view.rows(VenueWithdrawal, stock=str(account))
        found = [self._brought(office, row) for row in brought] + [self._taken(office, row) for row in taken]
        return sorted(found, key=lambda each: (each.at, each.id), reverse=True)[:SHOWN]

    def usable_at(self, account: int, place: str, address: str) -> int | None:
        """As `VenueMoneyLine.usable_at`."""
        with self.office().store.view() as view:
            row = view.row(PayAddress, pay_address_id(account, place, address))
        return row.usable_at if row is not None and row.state == "listed" else None

    def know(self, account: int, place: str, address: str) -> None:
        """As `VenueMoneyLine.know`."""
        office = self.office()
        office.register_wallet(account, place, address, PROOF)
        office.list_address(account, place, address, PROOF)

    def take(self, account: int, request: str, asset: str, place: str, to: str, amount: str) -> str:
        """As `VenueMoneyLine.take`."""
        return str(self.office().withdraw(account, request, asset, place, to, amount)["id"])

    def close(self) -> None:
        """Close what was opened."""
        self._stack.close()

    def _brought(self, office: MoneyOffice, row: VenueDeposit) -> Passage:
        return Passage(
            row.id, "in", row.asset, row.place, row.sender, _written(office, row.asset, row.amount), row.seen_at, row.state,
            row.tx_id, row.rule, row.reason,
        )  # fmt: skip

    def _taken(self, office: MoneyOffice, row: VenueWithdrawal) -> Passage:
        return Passage(
            row.id, "out", row.asset, row.place, row.to, _written(office, row.asset, row.amount), row.asked_at, row.state,
            row.paid_by, row.rule, row.reason,
        )  # fmt: skip


def _written(office: MoneyOffice, asset: str, units: int) -> str:
    """Of an asset that is not accepted any more, by its units."""
    known = any(each.asset == asset for each in office.desk.terms.holdings.values())
    return office.written(asset, units) if known else format_decimal(units, CASH_DECIMALS)
