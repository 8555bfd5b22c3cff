"""The thin edge of the venue's money: what chains and banks tell, what customers ask, and what operators decide."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from openscrip.assets.actions import PaymentFailed, PaymentSent, Wake
from openscrip.assets.bank import BankEvent, CashReceived
from openscrip.assets.bank import PaymentFailed as BankFailed
from openscrip.assets.bank import PaymentSent as BankSent
from openscrip.issuance.calls import SentCalls
from openscrip.issuance.coins import PayCoins, PayTokens, VoidPayout
from openscrip.kernel.errors import Conflict, Malformed, Refused, refuse_unless
from openscrip.markets import funding_deposits, funding_withdrawals, money_chart
from openscrip.markets.funding import (
    BANK_PLACE,
    AddressListed,
    CreditCustomer,
    CustomerWallet,
    FundingTerms,
    FundingView,
    GiveBackFunds,
    PayAddress,
    PayCash,
    PayOutFunds,
    ReserveFunds,
    WithdrawnOn,
    account_of,
    count_id,
    pay_address_id,
    wallet_id,
)
from openscrip.markets.funding_deposits import Arrival, MoneyArrived, MoneyInSuspense, MoneyReturned, Settled, VenueDeposit
from openscrip.markets.funding_payout import row_of
from openscrip.markets.funding_withdrawals import MoneyGivenBack, MoneyLeft, Reviewed, VenueWithdrawal, withdrawal_id
from openscrip.runtime.decision import Books, Decide, Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import R, Store, Unit, View

Screen = Callable[[str, str], None]
"""Raises `Refused` for a listed address: place, address."""


@dataclass(frozen=True, slots=True)
class Dust:
    """Row: what deposits of a holding left below the venue's unit, in the chain's atoms, since the last whole unit."""

    id: str
    atoms: int
    units: int = 0
    stock: str = ""
    state: str = "kept"


FUNDING_REGISTERED = (
    VenueDeposit, VenueWithdrawal, CustomerWallet, PayAddress, WithdrawnOn, Dust, SentCalls,
    CreditCustomer, ReserveFunds, PayOutFunds, GiveBackFunds, PayCoins, PayTokens, VoidPayout, PayCash, Wake,
    MoneyArrived, MoneyInSuspense, MoneyReturned, MoneyLeft, MoneyGivenBack, AddressListed,
)  # fmt: skip
"""What the venue's store keeps of money."""


def build_funding_books(terms: FundingTerms, now: Callable[[], int]) -> Books:
    """The rows of the venue's money and how they decide."""

    def view(unit: Unit, row: Any) -> FundingView:
        return view_of(unit, row, terms, now())

    decides: dict[type[Any], Decide] = {VenueDeposit: funding_deposits.decide, VenueWithdrawal: funding_withdrawals.decide}
    return Books(decides, {}, view, now)


def view_of(unit: View, row: VenueDeposit | VenueWithdrawal, terms: FundingTerms, now: int) -> FundingView:
    """What a row may know when it decides."""
    there = unit.balance(terms.holding(row.asset, row.place).ledger)
    free = there.debit - there.credits_pending
    if isinstance(row, VenueDeposit):
        return FundingView(now, terms, free)
    names = [count_id(row.asset, account, row.asked_at) for account in (row.account, 0)]
    mine, everyone = (unit.row(WithdrawnOn, name) or WithdrawnOn(name, 0) for name in names)
    return FundingView(now, terms, free, mine, everyone)


class FundingDesk:
    """Money in and out of the venue. `screen` is compliance's word on an address."""

    def __init__(self, store: Store, books: Books, terms: FundingTerms, screen: Screen, now: Callable[[], int]) -> None:
        self._store = store
        self._books = books
        self._screen = screen
        self._now = now
        self.terms = terms

    # what chains and banks tell

    def arrived(self, unit: Unit, seen: Arrival) -> None:
        """Tell one final transfer to a treasury, once."""
        if seen.amount and unit.row(VenueDeposit, funding_deposits.deposit_id(seen.source)) is None:
            wallet = unit.row(CustomerWallet, wallet_id(seen.place, seen.sender)) if seen.sender else None
            refusal = self._refusal(seen.place, seen.sender)
            owner = wallet.account if wallet else 0
            self._books.record(unit, funding_deposits.received(seen, owner, self._now(), self.terms, refusal))
        if seen.dust_atoms:
            self._keep_dust(unit, seen)

    def _keep_dust(self, unit: Unit, seen: Arrival) -> None:
        """Below a unit nothing is credited; what makes a whole one in the end is the venue's: chain and books agree."""
        holding = self.terms.holding(seen.asset, seen.place)
        before = unit.row(Dust, holding.id) or Dust(holding.id, 0)
        units, atoms = divmod(before.atoms + seen.dust_atoms, holding.atoms_per_unit)
        after = Dust(holding.id, atoms, before.units + units)
        transfers: tuple[Transfer, ...] = ()
        if units:
            name = f"dust:{holding.id}:{after.units}"
            transfers = (Transfer(name, holding.ledger, money_chart.dust(seen.asset), units, seen.source),)
        self._books.record(unit, Decision((after,), transfers))

    def from_bank(self, currency: str) -> Callable[[Unit, BankEvent], None]:
        """What the bank account of a currency tells, each once."""

        def heard(unit: Unit, event: BankEvent) -> None:
            match event:
                case CashReceived():
                    self._cash(unit, currency, event)
                case BankSent():
                    self._tell_payment(unit, event.id, PaymentSent(event.id, event.amount))
                case BankFailed():
                    self._tell_payment(unit, event.id, PaymentFailed(event.id, event.reason))
                case _:
                    return

        return heard

    def _cash(self, unit: Unit, currency: str, event: CashReceived) -> None:
        source = f"{BANK_PLACE}:{currency}:{event.id}"
        if unit.row(VenueDeposit, funding_deposits.deposit_id(source)) is not None:
            return
        seen = Arrival(source, currency, BANK_PLACE, event.sender, event.amount.atoms, event.id, event.seq)
        account, refusal = 0, self._refusal(BANK_PLACE, event.sender)
        if refusal is None:
            account, refusal = self._named_by(unit, event)
        self._books.record(unit, funding_deposits.received(seen, account, self._now(), self.terms, refusal))

    def _named_by(self, unit: Unit, event: CashReceived) -> tuple[int, Refused | None]:
        """Whose a payment is: its reference says so, and its sender must be that customer's."""
        try:
            account = account_of(event.reference)
        except Refused as refusal:
            return 0, refusal
        wallet = unit.row(CustomerWallet, wallet_id(BANK_PLACE, event.sender))
        if wallet is None or wallet.account != account:
            text = (
                f"deposit: {event.sender!a:.60} paid for account {account}, and is not registered to it; third parties may not"
            )
            return 0, Refused("deposit.sender", text)
        return account, None

    def _tell_payment(self, unit: Unit, payment_id: str, event: PaymentSent | PaymentFailed) -> None:
        row_id = row_of(payment_id)
        for kind in (VenueWithdrawal, VenueDeposit):
            if row_id and unit.row(kind, row_id) is not None:
                self._books.tell(unit, kind, row_id, event)

    # what customers ask

    def register_wallet(self, account: int, place: str, address: str, proof: str) -> CustomerWallet:
        """Say whose a wallet, or a sender at the bank, is; it stays so. Raises `Conflict("wallet.taken")`, `Malformed`."""
        refuse_unless(bool(address.strip()) and account > 0, "wallet.malformed", "wallet: account or address was empty")
        row = CustomerWallet(wallet_id(place, address), account, proof, self._now(), str(account))
        with self._store.transaction() as unit:
            known = unit.row(CustomerWallet, row.id)
            if known is not None:
                if known.account != account:
                    raise Conflict(
                        "wallet.taken", f"wallet: {address!a:.80} was registered by another customer; use one of your own"
                    )
                return known
            unit.put(row)
        return row

    def list_address(self, account: int, place: str, address: str, label: str) -> PayAddress:
        """Allow withdrawals of an account to an address, after the delay. Listing it again starts nothing anew.

        Raises `Refused("withdrawal.address")` for our own treasury and for a place that is not served, and what screening says.
        """
        here = [each for each in self.terms.holdings.values() if each.place == place]
        ours = {each.treasury.lower() for each in here}
        text = (
            f"withdrawal: {address!a:.80} at {place!a:.20} could not be listed; name an address of your own at a place we serve"
        )
        refuse_unless(bool(here) and bool(address.strip()) and address.lower() not in ours, "withdrawal.address", text)
        self._screen(place, address)
        now = self._now()
        row_id, usable_at = pay_address_id(account, place, address), now + self.terms.address_delay_s
        with self._store.transaction() as unit:
            known = unit.row(PayAddress, row_id)
            if known is not None and known.state == "listed":
                return known
            row = PayAddress(row_id, account, place, address, label[:60], now, usable_at, str(account))
            fact = AddressListed(account, place, address, usable_at)
            self._books.record(unit, Decision((row,), facts=(fact,)))
        return row

    def strike_address(self, account: int, place: str, address: str) -> None:
        """Take an address off the list at once. Raises `Refused("withdrawal.address")` where it is not on it."""
        with self._store.transaction() as unit:
            known = unit.row(PayAddress, pay_address_id(account, place, address))
            if known is None:
                raise Refused("withdrawal.address", f"withdrawal: {address!a:.80} was not on the list of account {account}")
            unit.put(_struck(known))

    def withdraw(self, account: int, request: str, asset: str, place: str, to: str, amount: int) -> VenueWithdrawal:
        """Ask for a withdrawal, once for `request`: the same again gives the row as it stands now.

        Raises `Conflict("request.conflict")`, what `funding_withdrawals.ask` refuses, and what screening says.
        """
        if not 0 < len(request) <= 64 or not request.isascii() or amount <= 0:
            raise Malformed(
                "withdrawal.malformed", "withdrawal: it needs a name of 1 to 64 ASCII characters and an amount above zero"
            )
        now = self._now()
        row = VenueWithdrawal(
            withdrawal_id(account, request), request, account, asset, place, to, amount, now, stock=str(account)
        )
        with self._store.transaction() as unit:
            known = unit.row(VenueWithdrawal, row.id)
            if known is not None:
                if (known.asset, known.place, known.to, known.amount) != (asset, place, to, amount):
                    raise Conflict(
                        "request.conflict", f"withdrawal: {request!a:.64} was used for another one; choose a new name"
                    )
                return known
            self._screen(place, to)
            listed = unit.row(PayAddress, pay_address_id(account, place, to))
            view = view_of(unit, row, self.terms, now)
            self._books.record(unit, funding_withdrawals.ask(row, listed, view))
        return row

    # what operators decide

    def settle(self, deposit: str, event: Settled) -> VenueDeposit:
        """An operator's word on a deposit in suspense. Raises `Refused` as `funding_deposits.decide`, and `deposit.unknown`."""
        with self._store.transaction() as unit:
            return self.settle_in(unit, deposit, event)

    def settle_in(self, unit: Unit, deposit: str, event: Settled) -> VenueDeposit:
        """The same in the caller's transaction, or on one that writes nothing."""
        unknown = Refused("deposit.unknown", f"deposit: no {deposit!a:.40} was found; list those that wait")
        return self._decided(unit, VenueDeposit, deposit, event, unknown)

    def review(self, withdrawal: str, event: Reviewed) -> VenueWithdrawal:
        """An operator's word on a withdrawal under review. Raises `Refused("withdrawal.state")`, `withdrawal.unknown`."""
        with self._store.transaction() as unit:
            return self.review_in(unit, withdrawal, event)

    def review_in(self, unit: Unit, withdrawal: str, event: Reviewed) -> VenueWithdrawal:
        """The same in the caller's transaction, or on one that writes nothing."""
        unknown = Refused("withdrawal.unknown", f"withdrawal: no {withdrawal!a:.40} was found")
        return self._decided(unit, VenueWithdrawal, withdrawal, event, unknown)

    def _decided(self, unit: Unit, kind: type[R], row_id: str, event: Settled | Reviewed, unknown: Refused) -> R:
        """The row after the word on it."""
        if unit.row(kind, row_id) is None:
            raise unknown
        self._books.tell(unit, kind, row_id, event)
        found = unit.row(kind, row_id)
        if found is None:
            raise LookupError(f"{kind.__name__}: {row_id} vanished while it was decided")
        return found

    def _refusal(self, place: str, address: str) -> Refused | None:
        if not address:
            return None
        try:
            self._screen(place, address)
        except Refused as refusal:
            return refusal
        return None


def _struck(row: PayAddress) -> PayAddress:
    return PayAddress(row.id, row.account, row.place, row.address, row.label, row.added_at, row.usable_at, row.stock, "struck")


def waiting_for_a_word(view: View) -> Mapping[str, list[Any]]:
    """The operator's queue: deposits in suspense or kept, and withdrawals under review or that do not get through."""
    return {
        "deposits": [row for state in ("suspense", "kept", "return_waits") for row in view.rows(VenueDeposit, state=state)],
        "withdrawals": [
            row for state in ("review", "pay_waits", "void_waits") for row in view.rows(VenueWithdrawal, state=state)
        ],
    }
