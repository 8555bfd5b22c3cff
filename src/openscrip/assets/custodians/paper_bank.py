"""`PaperBank`: the bank account that the paper custodian keeps. Deposits from outside, and what two keys have signed."""

from collections.abc import Callable, Sequence
from typing import Protocol

from openscrip.assets.bank import (
    BankEvent,
    CashReceived,
    CashTotals,
    Conversion,
    ConversionAnswer,
    ConversionDone,
    ConversionFailed,
    ConversionSide,
    Payment,
    PaymentAnswer,
    PaymentFailed,
    PaymentSent,
    PaymentState,
)
from openscrip.assets.calendar import Calendar
from openscrip.assets.custodians.paper_account import BankAccount
from openscrip.assets.custodians.two_keys import TwoKeys
from openscrip.assets.custody import BROKER, Signatures
from openscrip.assets.paper import CashIn, Deposit, Depository, Switchboard, settle_at
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.kernel.money import Bps, Money

CONVERSION_FEE = Bps(5)
CONVERSION_DAY_MAX = Money(50_000_000 * 10**6)
"""What the paper bank converts in one New York day at most, both ways together."""
BANK_SWITCHES = ("fail_payment", "late_payment", "fail_conversion", "late_conversion")


class Hours(Protocol):
    """The paper party that the account belongs to: its market time, its calendar and its failure switches."""

    now: int
    calendar: Calendar
    switchboard: Switchboard


class PaperBank:
    """Money in and out, and conversions at 1:1 less a fee of 5 basis points.

    Switches: `fail_payment` and `fail_conversion` (final), `late_payment` and `late_conversion` (next settlement day), each
    named by its id.
    """

    def __init__(
        self,
        hours: Hours,
        schedule: Callable[[int, Callable[[str], None], str], None],
        depository: Depository,
        two_keys: TwoKeys,
    ) -> None:
        self._hours = hours
        self._schedule = schedule
        self._depository = depository
        self._two_keys = two_keys
        self._account = BankAccount()
        self._events: list[BankEvent] = []
        self._payments: dict[str, tuple[Payment, PaymentAnswer]] = {}
        self._conversions: dict[str, tuple[Conversion, ConversionAnswer]] = {}
        self._converted: dict[str, int] = {}
        self._deposits: dict[str, Deposit] = {}
        self.onward: Callable[[Deposit], None] | None = None
        """Where money goes that arrives here, if our account is at another custodian's bank."""

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
        self._now_or_late("late_payment", self._send, payment.id)
        return self._payments[payment.id][1]

    def payment(self, payment_id: str) -> PaymentAnswer | None:
        """The state of a payment."""
        known = self._payments.get(payment_id)
        return None if known is None else known[1]

    def convert(self, conversion: Conversion, signatures: Signatures) -> ConversionAnswer:
        """Convert at once, or later where a switch says so. Raises `Conflict("conversion.conflict")`, or `Refused`."""
        known = self._conversions.get(conversion.id)
        if known is not None:
            if known[0] != conversion:
                raise Conflict("conversion.conflict", f"conversion: {conversion.id} was used for another conversion")
            return known[1]
        if not conversion.id or conversion.amount.atoms <= 0:
            raise Malformed("conversion.amount", f"conversion: {conversion.id!r} had no id or no amount")
        if not self._two_keys.signed(conversion.signed_bytes(), signatures):
            text = f"conversion: {conversion.id} was not signed by treasury and approver"
            raise Refused("conversion.signatures", text)
        day = new_york_date(self._hours.now).isoformat()
        total = self._converted.get(day, 0) + conversion.amount.atoms
        if total > CONVERSION_DAY_MAX.atoms:
            text = f"conversion: {Money(total)} on {day} was over {CONVERSION_DAY_MAX}; ask again tomorrow"
            raise Refused("conversion.limit", text)
        self._converted[day] = total
        self._conversions[conversion.id] = (conversion, ConversionAnswer(conversion.id, PaymentState.PENDING, ""))
        self._now_or_late("late_conversion", self._exchange, conversion.id)
        return self._conversions[conversion.id][1]

    def conversion(self, conversion_id: str) -> ConversionAnswer | None:
        """The state of a conversion."""
        known = self._conversions.get(conversion_id)
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
        self.cash_in(deposit.id, deposit.reference, deposit.amount, deposit.sender)

    def cash_in(self, key: str, reference: str, amount: Money, sender: str) -> None:
        """Book money that arrived, or pass it on."""
        if self.onward is not None:
            self.onward(Deposit(key, reference, amount, sender))
            return
        self._account.receive(reference, amount)
        self._events.append(CashReceived(self._seq, self._hours.now, key, reference, amount, sender))

    def cash(self, reference: str) -> CashTotals:
        """Received and paid under a reference."""
        return self._account.totals(reference)

    def balance(self) -> Money:
        """Dollars in the account."""
        return self._account.balance

    def events(self, after: int, limit: int) -> Sequence[BankEvent]:
        """Up to `limit` events numbered above `after`."""
        return self._events[after : after + limit]

    @property
    def last_event(self) -> int:
        """The number of the newest event, 0 before the first."""
        return len(self._events)

    @property
    def _seq(self) -> int:
        return len(self._events) + 1

    def _now_or_late(self, switch: str, act: Callable[[str], None], key: str) -> None:
        if self._hours.switchboard.strike(switch, key):
            paid_on = self._hours.calendar.settle(new_york_date(self._hours.now))
            self._schedule(settle_at(paid_on), act, key)
        else:
            act(key)

    def _send(self, payment_id: str) -> None:
        payment = self._payments[payment_id][0]
        reason = ""
        if self._hours.switchboard.strike("fail_payment", payment_id):
            reason = "REJT"
        elif self._account.balance < payment.amount:
            reason = "CASH"
        elif payment.to == BROKER:
            answer = self._depository.pay_in(CashIn(payment_id, payment.amount, payment.reference))
            reason = "" if answer.done else answer.reason
        state = PaymentState.FAILED if reason else PaymentState.SENT
        self._payments[payment_id] = (payment, PaymentAnswer(payment_id, state, reason))
        if reason:
            self._events.append(PaymentFailed(self._seq, self._hours.now, payment_id, reason))
            return
        self._account.pay(payment.reference, payment.amount)
        self._events.append(PaymentSent(self._seq, self._hours.now, payment_id, payment.amount))

    def _exchange(self, conversion_id: str) -> None:
        """Book the dollar leg; the coins move on their chain, where both sides see them."""
        conversion = self._conversions[conversion_id][0]
        incoming = conversion.side is ConversionSide.TO_DOLLARS
        reason = ""
        if self._hours.switchboard.strike("fail_conversion", conversion_id):
            reason = "REJT"
        elif not incoming and self._account.balance < conversion.amount:
            reason = "CASH"
        state = PaymentState.FAILED if reason else PaymentState.SENT
        self._conversions[conversion_id] = (conversion, ConversionAnswer(conversion_id, state, reason))
        if reason:
            self._events.append(ConversionFailed(self._seq, self._hours.now, conversion_id, reason))
            return
        fee = conversion.amount.fee_up(CONVERSION_FEE)
        got = conversion.amount - fee
        if incoming:
            self._account.receive(conversion_id, got)
        else:
            self._account.pay(conversion_id, conversion.amount)
        self._events.append(ConversionDone(self._seq, self._hours.now, conversion_id, conversion.amount, got, fee))
