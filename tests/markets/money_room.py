"""A venue's money in memory: the desk, its store, a venue that keeps balances, and a chain that pays, all told by hand."""

from collections.abc import Mapping
from typing import Any

from openscrip.assets.actions import PaymentSent, Wake, Woken
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.coins import PayCoins, PayTokens
from openscrip.kernel.errors import Refused
from openscrip.markets.funding import (
    CreditCustomer,
    FundingTerms,
    GiveBackFunds,
    Holding,
    Nature,
    PayCash,
    PayOutFunds,
    ReserveFunds,
    Told,
    VenueAction,
)
from openscrip.markets.funding_deposits import Arrival, VenueDeposit, deposit_id
from openscrip.markets.funding_desk import FundingDesk, build_funding_books
from openscrip.markets.funding_door import DONE_BEFORE
from openscrip.markets.funding_withdrawals import VenueWithdrawal, withdrawal_id
from openscrip.markets.money_chart import MONEY_SIDES
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.store import Command, Store

LISTED = "0x" + "66" * 20
HOLDINGS = (
    Holding("TSLAx", "evm", Nature.TOKEN, "0xtsla", "0x" + "aa" * 20, atoms_per_unit=10**10),
    Holding("TSLAx", "solana", Nature.TOKEN, "tsla", "treasury"),
    Holding("TUSD", "evm", Nature.COIN, "0xtusd", "0x" + "aa" * 20, 10, 5_000, 8_000, 4_000),
    Holding("USD", "bank", Nature.CASH),
    Holding("EUR", "bank", Nature.CASH),
)
TERMS = FundingTerms({each.id: each for each in HOLDINGS}, address_delay_s=86_400, retry_s=300, short_tries_max=3)


USED = {
    "CreditCustomer": "credit.known", "ReserveFunds": "withdrawal.known", "PayOutFunds": "withdrawal.paid",
    "GiveBackFunds": "withdrawal.given_back",
}  # fmt: skip
"""How the venue refuses a reference the second time."""


class BookVenue:
    """The venue as money knows it: balances, what is held, and every reference once."""

    def __init__(self, accounts: tuple[int, ...] = (1, 2)) -> None:
        self.balances: dict[tuple[int, str], int] = {}
        self.held: dict[str, tuple[int, str, int]] = {}
        self.used: set[tuple[str, str]] = set()
        self.accounts = accounts
        self.commands = 0

    def tell(self, action: VenueAction) -> None:
        """As `VenueDoor.tell`: refuses a reference twice."""
        key = (type(action).__name__, action.reference)
        if key in self.used:
            raise Refused(USED[key[0]], f"venue: {action.reference} was used")
        match action:
            case CreditCustomer(account, asset, amount, _):
                if account not in self.accounts:
                    raise Refused("account.unknown", f"venue: no account {account}")
                self.balances[account, asset] = self.free(account, asset) + amount
            case ReserveFunds(account, asset, amount, reference):
                if self.free(account, asset) < amount:
                    raise Refused("withdrawal.funds", "venue: not enough")
                self.balances[account, asset] = self.free(account, asset) - amount
                self.held[reference] = (account, asset, amount)
            case PayOutFunds(reference):
                self._reserved(reference)
            case GiveBackFunds(reference):
                account, asset, amount = self._reserved(reference)
                self.balances[account, asset] = self.free(account, asset) + amount
        self.used.add(key)
        self.commands += 1

    def _reserved(self, reference: str) -> tuple[int, str, int]:
        if reference not in self.held:
            raise Refused("withdrawal.unknown", f"venue: {reference} was not reserved")
        return self.held.pop(reference)

    def free(self, account: int, asset: str) -> int:
        """What an account may use."""
        return self.balances.get((account, asset), 0)

    def owed(self, asset: str) -> int:
        """What the venue owes its customers of an asset, held or free."""
        free = sum(amount for (_, each), amount in self.balances.items() if each == asset)
        return free + sum(amount for _, each, amount in self.held.values() if each == asset)


class Room:
    """The desk with everything around it."""

    def __init__(self, store: Store | None = None, terms: FundingTerms = TERMS) -> None:
        self.now = 1_000_000
        self.store = store or MemoryStore(MONEY_SIDES)
        self.books = build_funding_books(terms, lambda: self.now)
        self.desk = FundingDesk(self.store, self.books, terms, self.screen, lambda: self.now)
        self.venue = BookVenue()
        self.paid: list[Any] = []
        self.refusing: Exception | None = None

    def screen(self, place: str, address: str) -> None:
        if address == LISTED:
            raise Refused("compliance.sanctioned_address", f"compliance: {address} was on a list at {place}")

    def arrive(self, asset: str, place: str, sender: str, amount: int, tx: str = "0x1", dust: int = 0) -> VenueDeposit:
        seen = Arrival(f"{place}:{tx}:0", asset, place, sender, amount, tx, 7, dust)
        with self.store.transaction() as unit:
            self.desk.arrived(unit, seen)
        return self.deposit(deposit_id(seen.source))

    def deposit(self, row_id: str) -> VenueDeposit:
        with self.store.view() as view:
            found = view.row(VenueDeposit, row_id)
        assert found is not None
        return found

    def withdrawal(self, request: str, account: int = 1) -> VenueWithdrawal:
        with self.store.view() as view:
            found = view.row(VenueWithdrawal, withdrawal_id(account, request))
        assert found is not None
        return found

    def waiting(self) -> list[Command]:
        return [command for command, *_ in self.store.waiting()]

    def answer(self, command: Command) -> Any:
        """What chain, bank and venue say; a test sets `refusing` to have the payout refused."""
        action: Any = command.action
        match action:
            case Wake():
                return Woken(action.why)
            case PayCoins() | PayTokens() | PayCash():
                if self.refusing is not None:
                    raise self.refusing
                if action.payment_id in self.paid:
                    return Rejected(command.key, "treasury.payout_was_made_before", "treasury: payout was made before")
                self.paid.append(action.payment_id)
                if isinstance(action, PayCash):
                    return PaymentSent(action.payment_id, action.amount)
                return Landed(command.key, "0xpaid", 9)
            case _:
                try:
                    self.venue.tell(action)
                except Refused as refusal:
                    if refusal.code not in DONE_BEFORE:
                        return Rejected(command.key, refusal.code, refusal.text)
                return Told(command.key)

    def turn(self) -> bool:
        """Perform and record whatever is due; whether anything was."""
        leases = self.store.lease("worker", 16, self.now, 0.0)
        for lease in leases:
            answer = self.answer(lease.command)
            with self.store.transaction() as unit:
                unit.finish(lease)
                self.books.tell(unit, lease.command.row_kind, lease.command.row_id, answer)
        return bool(leases)

    def settle(self) -> None:
        while self.turn():
            pass

    def ledger(self, account: str) -> int:
        with self.store.view() as view:
            return view.balance(account).credit

    def listed(self, account: int, place: str, address: str) -> None:
        """An address on the list whose delay is over."""
        self.desk.list_address(account, place, address, "mine")
        self.now += TERMS.address_delay_s

    def balances(self) -> Mapping[str, int]:
        with self.store.view() as view:
            return {name: balance.credit for name, balance in view.balances().items() if balance.credit}
