"""The bank account that the paper custodian keeps: deposits from outside, payments that two keys have signed."""

from collections.abc import Iterable
from dataclasses import dataclass

from openscrip.assets.calendar import Calendar
from openscrip.assets.custodians.paper_account import BankAccount
from openscrip.assets.custodians.two_keys import TwoKeys
from openscrip.assets.custody import (
    BROKER,
    CashReceived,
    CashTotals,
    CustodianEvent,
    Payment,
    PaymentAnswer,
    PaymentFailed,
    PaymentSent,
    PaymentState,
    Signatures,
)
from openscrip.assets.notice import Notice
from openscrip.assets.paper import CashIn, Depository, PaperParty, settle_at
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money that somebody outside sends to the bank account. `id` is the bank's reference and arrives once."""

    id: str
    reference: str
    amount: Money
    sender: str


class PaperBank(PaperParty[CustodianEvent]):
    """Money in and out. Switches: `fail_payment` (final), `late_payment` (next settlement day), named by payment id."""

    SWITCHES: tuple[str, ...] = ("fail_payment", "late_payment")

    def __init__(
        self,
        start_at: int,
        notices: Iterable[Notice],
        depository: Depository,
        two_keys: TwoKeys,
        calendar: Calendar | None,
    ) -> None:
        self._depository = depository
        self._two_keys = two_keys
        self._payments: dict[str, tuple[Payment, PaymentAnswer]] = {}
        self._deposits: dict[str, Deposit] = {}
        self.bank = BankAccount()
        super().__init__(start_at, notices, calendar)

    def pay(self, payment: Payment, signatures: Signatures) -> PaymentAnswer:
        """Pay at once, or later where a switch says so. Raises `Conflict("payment.conflict")`, or `Refused`."""
        known = self._payments.get(payment.id)
        if known is not None:
            if known[0] != payment:
                raise Conflict("payment.conflict", f"payment: {payment.id} was used for another payment")
            return known[1]
        if not payment.id or payment.amount.atoms <= 0:
            raise Malformed("payment.amount", f"payment: {payment.id!r} had no id or no amount")
        if not self._two_keys.signed(payment.signed_bytes(), signatures):
            raise Refused("payment.signatures", f"payment: {payment.id} was not signed by treasury and approver")
        self._payments[payment.id] = (payment, PaymentAnswer(payment.id, PaymentState.PENDING, ""))
        if self.switchboard.strike("late_payment", payment.id):
            paid_on = self.calendar.settle(new_york_date(self.now))
            self._schedule(settle_at(paid_on), self._send, payment.id)
        else:
            self._send(payment.id)
        return self._payments[payment.id][1]

    def payment(self, payment_id: str) -> PaymentAnswer | None:
        """The state of a payment."""
        known = self._payments.get(payment_id)
        return None if known is None else known[1]

    def deposit(self, deposit: Deposit) -> None:
        """Money arrives from outside. Raises `Conflict("deposit.conflict")`, or `Malformed("deposit.amount")`."""
        known = self._deposits.get(deposit.id)
        if known is not None:
            if known != deposit:
                raise Conflict("deposit.conflict", f"deposit: {deposit.id} was used for another deposit")
            return
        if not deposit.id or deposit.amount.atoms <= 0:
            raise Malformed("deposit.amount", f"deposit: {deposit.id!r} had no id or no amount")
        self._deposits[deposit.id] = deposit
        self._cash_in(deposit.id, deposit.reference, deposit.amount, deposit.sender)

    def cash(self, reference: str) -> CashTotals:
        """Received and paid under a reference."""
        return self.bank.totals(reference)

    def _send(self, payment_id: str) -> None:
        payment = self._payments[payment_id][0]
        reason = ""
        if self.switchboard.strike("fail_payment", payment_id):
            reason = "REJT"
        elif self.bank.balance < payment.amount:
            reason = "CASH"
        elif payment.to == BROKER:
            answer = self._depository.pay_in(CashIn(payment_id, payment.amount))
            reason = "" if answer.done else answer.reason
        state = PaymentState.FAILED if reason else PaymentState.SENT
        self._payments[payment_id] = (payment, PaymentAnswer(payment_id, state, reason))
        if reason:
            self._events.append(PaymentFailed(self._seq, self.now, payment_id, reason))
            return
        self.bank.pay(payment.reference, payment.amount)
        self._events.append(PaymentSent(self._seq, self.now, payment_id, payment.amount))

    def _cash_in(self, key: str, reference: str, amount: Money, sender: str) -> None:
        self.bank.receive(reference, amount)
        self._events.append(CashReceived(self._seq, self.now, key, reference, amount, sender))
