"""The bank port: money in and out of the issuer's account, and stablecoin turned into dollars and back.

To add one: implement `Bank` in `banks/<name>.py`, name it in `bootstrap`, and run `tests/conformance/test_bank.py` on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

from openscrip.assets.custody import Signatures
from openscrip.assets.wire import canonical, to_json
from openscrip.kernel.money import Money


class PaymentState(StrEnum):
    """Where a payment or conversion stands; `sent` and `failed` are final."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class ConversionSide(StrEnum):
    """Which way a conversion goes."""

    TO_DOLLARS = "to_dollars"
    TO_STABLE = "to_stable"


@dataclass(frozen=True, slots=True)
class Payment:
    """Money from the bank account to `to`. `id` is the idempotency key."""

    id: str
    to: str
    amount: Money
    reference: str

    def signed_bytes(self) -> bytes:
        """What treasury and approver sign."""
        return canonical(to_json(self))


@dataclass(frozen=True, slots=True)
class PaymentAnswer:
    """The present state of a payment."""

    id: str
    status: PaymentState
    reason: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """`amount` of a stablecoin on `chain` turned into dollars, or as many dollars into it. `id` is the idempotency key.

    `address` is where coins come from or go to: ours. To dollars, the coins must have reached the bank's own address first;
    `transfer` is the chain's name for what brought them, empty the other way.
    """

    id: str
    side: ConversionSide
    asset: str
    chain: str
    amount: Money
    address: str
    transfer: str = ""

    def signed_bytes(self) -> bytes:
        """What treasury and approver sign."""
        return canonical(to_json(self))


@dataclass(frozen=True, slots=True)
class ConversionAnswer:
    """The present state of a conversion."""

    id: str
    status: PaymentState
    reason: str


@dataclass(frozen=True, slots=True)
class CashTotals:
    """What was received and paid under one reference, over all time."""

    received: Money
    paid: Money


@dataclass(frozen=True, slots=True)
class CashReceived:
    """Money arrived at the bank account; `id` is the bank's own reference and arrives once."""

    TYPE: ClassVar[str] = "cash_received"
    seq: int
    at: int
    id: str
    reference: str
    amount: Money
    sender: str


@dataclass(frozen=True, slots=True)
class PaymentSent:
    """Money left the bank account."""

    TYPE: ClassVar[str] = "payment_sent"
    seq: int
    at: int
    id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """The payment will never be made; the money is still here."""

    TYPE: ClassVar[str] = "payment_failed"
    seq: int
    at: int
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConversionDone:
    """A conversion was carried out: `given` left on one side, `got` arrived on the other, `given` = `got` + `fee`."""

    TYPE: ClassVar[str] = "conversion_done"
    seq: int
    at: int
    id: str
    given: Money
    got: Money
    fee: Money


@dataclass(frozen=True, slots=True)
class ConversionFailed:
    """The conversion will never happen; what was given is given back."""

    TYPE: ClassVar[str] = "conversion_failed"
    seq: int
    at: int
    id: str
    reason: str


BankEvent = CashReceived | PaymentSent | PaymentFailed | ConversionDone | ConversionFailed


class Bank(Protocol):
    """Keeps the issuer's dollars, and changes a stablecoin into them and back.

    Safe if: the same id moves money at most once for ever; what goes out needs both signatures; what was sent or failed
    never changes; events are numbered from 1 without a gap.
    Live if: every pending payment and conversion ends sent or failed.
    """

    def pay(self, payment: Payment, signatures: Signatures) -> PaymentAnswer:
        """Pay from the account. Raises `Conflict("payment.conflict")` or `Refused("payment.signatures")`."""
        ...

    def payment(self, payment_id: str) -> PaymentAnswer | None:
        """The state of a payment; None if the bank never received it."""
        ...

    def convert(self, conversion: Conversion, signatures: Signatures) -> ConversionAnswer:
        """Change a stablecoin into dollars or back.

        Raises `Conflict("conversion.conflict")`, `Refused("conversion.signatures")` or `Refused("conversion.limit")`.
        """
        ...

    def conversion(self, conversion_id: str) -> ConversionAnswer | None:
        """The state of a conversion; None if the bank never received it."""
        ...

    def events(self, after: int, limit: int) -> Sequence[BankEvent]:
        """Up to `limit` events with `seq` above `after`, in order."""
        ...

    def cash(self, reference: str) -> CashTotals:
        """Money received and paid under a reference."""
        ...

    def balance(self) -> Money:
        """Dollars in the account."""
        ...
