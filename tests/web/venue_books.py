"""A venue's money beside a desk: its real store and rules on the stage's clock, with something in every queue."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from openscrip.assets.bank import CashReceived
from openscrip.bootstrap.venue_money import open_money_store
from openscrip.bootstrap.venue_money_office import MoneyOffice
from openscrip.bootstrap.web_venue_desk import WebVenueDesk
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.money import Money
from openscrip.markets.funding import FundingTerms, Holding, Nature, Told, bank_reference
from openscrip.markets.funding_check import HoldingBreak
from openscrip.markets.funding_deposits import Arrival, VenueDeposit, deposit_id
from openscrip.markets.funding_desk import FundingDesk, build_funding_books
from openscrip.markets.funding_withdrawals import VenueWithdrawal, withdrawal_id
from openscrip.runtime.store import Command

DAY_S, HOUR_S = 86_400, 3_600
LISTED = "0x" + "66" * 20
ANNAS, STRANGER = "0x71C7656EC7ab88b098defB751B7401B5f6d8976F", "0x" + "9b" * 20
TREASURY = "0x" + "aa" * 20
HOLDINGS = (
    Holding("TSLAx", "evm", Nature.TOKEN, "0x" + "b1" * 20, TREASURY, review_above=100 * 10**8, atoms_per_unit=10**10),
    Holding("TUSD", "evm", Nature.COIN, "0x" + "b2" * 20, TREASURY, review_above=4_000 * 10**6),
    Holding("USD", "bank", Nature.CASH, review_above=4_000 * 10**6),
)
COINS, SHARES = deposit_id("evm:0xcoins:0"), deposit_id("evm:0xshares:0")
NOBODYS, BLOCKED, WIRE = deposit_id("evm:0xnobodys:0"), deposit_id("evm:0xlisted:0"), deposit_id("bank:USD:wire-7")
LARGE = withdrawal_id(7, "may-1")
BROKEN = "USD:bank"
PARKED = f"{SHARES}:credit:1"
BUG = 'Traceback (most recent call last):\n  File "x", line 1\nZeroDivisionError: division by zero'


def screen(place: str, address: str) -> None:
    """A list with one entry."""
    if address == LISTED:
        raise Refused("compliance.sanctioned_address", f"compliance: {address} was on a list at {place}")


class VenueBooks:
    """The venue's store in a folder. `is_founded` and `is_there` are set by a test."""

    def __init__(self, folder: Path, now: Callable[[], int]) -> None:
        self.is_founded, self.is_there = True, True
        self._time, self._ago = now, 0
        self.terms = FundingTerms({each.id: each for each in HOLDINGS}, address_delay_s=DAY_S)
        self.store = open_money_store(folder / "venue", self.now)
        self.books = build_funding_books(self.terms, self.now)
        self.desk = FundingDesk(self.store, self.books, self.terms, screen, self.now)
        no_approver: Any = None
        self._office = MoneyOffice(self.desk, self.store, no_approver)

    def now(self) -> int:
        return self._time() - self._ago

    def office(self) -> MoneyOffice:
        """As `WebVenueMoney.office`."""
        if not self.is_there:
            raise Unavailable("database: unable to open database file")
        return self._office

    def arrive(self, name: str, asset: str, amount: int, sender: str, ago: int) -> None:
        """A transfer to the treasury, so long ago."""
        self._ago = ago
        with self.store.transaction() as unit:
            self.desk.arrived(unit, Arrival(f"evm:0x{name}:0", asset, "evm", sender, amount, f"0x{name}", 812))
        self._ago = 0

    def ask(self, request: str, amount: int, ago: int = 0) -> str:
        """A withdrawal of coins by account 7 that the venue has set aside."""
        self._ago = ago
        row = self.desk.withdraw(7, request, "TUSD", "evm", ANNAS, amount)
        self.tell(VenueWithdrawal, row.id, Told(f"{row.id}:reserve"))
        self._ago = 0
        return row.id

    def tell(self, kind: type[Any], row_id: str, event: object) -> None:
        with self.store.transaction() as unit:
            self.books.tell(unit, kind, row_id, event)

    def fill(self) -> None:
        """Something into every queue."""
        self._ago = 3 * DAY_S
        self.desk.register_wallet(7, "evm", ANNAS, "signed")
        self.desk.list_address(7, "evm", ANNAS, "mine")
        self.arrive("coins", "TUSD", 90_000 * 10**6, ANNAS, 2 * DAY_S)
        self.tell(VenueDeposit, COINS, Told(f"{COINS}:credit:1"))
        self.arrive("shares", "TSLAx", 250 * 10**8, ANNAS, DAY_S)
        self.arrive("nobodys", "TUSD", 1_250_500_000, STRANGER, 5 * HOUR_S)
        self.arrive("listed", "TUSD", 40 * 10**6, LISTED, 4 * HOUR_S)
        self._ago = HOUR_S
        with self.store.transaction() as unit:
            heard = self.desk.from_bank("USD")
            heard(unit, CashReceived(1, 1, "wire-7", bank_reference(7), Money.parse("90"), "BERTA"))
            unit.put(HoldingBreak(BROKEN, 0, 90 * 10**6, 0, self.now()))
        self._ago = 0
        self.ask("may-1", 25_000 * 10**6, 2 * HOUR_S)
        self.perform(PARKED)

    def perform(self, parks: str = "") -> None:
        """Let go whatever waits for the venue or a chain, but park one command, as a bug would."""
        for lease in self.store.lease("worker", 100, self.now(), 0.0):
            if lease.command.key == parks:
                self.store.park(lease, BUG)
                continue
            with self.store.transaction() as unit:
                unit.finish(lease)

    def row(self, kind: type[Any], row_id: str) -> Any:
        with self.store.view() as view:
            return view.row(kind, row_id)

    def asked(self, row_id: str) -> list[Command]:
        """What is to be done outside for a row."""
        with self.store.view() as view:
            return [each.command for each in view.open_commands(row_id=row_id)]

    def close(self) -> None:
        self.store.close()


def give_venue(stage: Any, folder: Path) -> VenueBooks:
    """A venue's money beside the desk of a stage, with something in every queue."""
    made = VenueBooks(folder, stage.office.now)
    made.fill()
    money: Any = made
    stage.office.venue_desk = WebVenueDesk(money)
    return made
