"""What the books ask of broker and custodian, each once for its key, and the news that rows hear.

News is told in today's shares: whoever brings it has rescaled quantities that were counted before a split.
"""

from dataclasses import dataclass

from openscrip.assets.broker import Side
from openscrip.assets.custody import InstructionKind
from openscrip.assets.trading_hours import TradingSession
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Order whole `shares` at the broker under our own id; outside regular hours at `limit` or better."""

    order_id: str
    symbol: str
    side: Side
    shares: Shares
    limit: PricePerShare | None = None
    session: TradingSession = TradingSession.REGULAR


@dataclass(frozen=True, slots=True)
class Instruct:
    """Move whole `shares` in or out of the segregated account; `reference` is the business id behind it.

    `custodian` is where a part of a purchase belongs; empty: whoever has the least, or the most that is free, of that stock.
    """

    instruction_id: str
    kind: InstructionKind
    isin: str
    shares: Shares
    account: str
    counterparty: str
    reference: str
    custodian: str = ""


@dataclass(frozen=True, slots=True)
class Pay:
    """Pay `amount` from the issuer's bank account to `to`."""

    payment_id: str
    to: str
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True)
class Wake:
    """Look at the row again at the command's due time."""

    why: str


# Answers and news, heard as events.


@dataclass(frozen=True, slots=True)
class Woken:
    """The time or the fact that a row waited for has come."""

    why: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """A person lets a held row go on, in their name and for a reason."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """The client takes the order back."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The other side took an order, an instruction or a payment; its outcome comes later as news."""


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """The broker refused an order."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A part of an order was executed; `amount` is what a purchase cost, or a sale brought, fee included."""

    order_id: str
    exec_id: str
    shares: Shares
    amount: Money


@dataclass(frozen=True, slots=True)
class Busted:
    """An execution was cancelled."""

    order_id: str
    ref_exec_id: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """The execution `ref_exec_id` was replaced by another of other shares or another amount."""

    order_id: str
    ref_exec_id: str
    exec_id: str
    shares: Shares
    amount: Money


@dataclass(frozen=True, slots=True)
class OrderDone:
    """Nothing more will be filled."""

    order_id: str
    filled: Shares


@dataclass(frozen=True, slots=True)
class TradeSettled:
    """Executed shares (or their proceeds) are settled at the broker, for the executions named."""

    order_id: str
    exec_ids: tuple[str, ...]
    shares: Shares
    loan: str = ""
    """The broker's loan that paid `lent` of it; then the shares stay pledged with the broker."""
    lent: Money = Money(0)


@dataclass(frozen=True, slots=True)
class LoanCharged:
    """The broker charged interest on a loan."""

    charge: str
    amount: Money


@dataclass(frozen=True, slots=True)
class MarginCalled:
    """The broker wants `amount` of a loan back now."""

    amount: Money


@dataclass(frozen=True, slots=True)
class PledgeReleased:
    """The broker released pledged shares: the only proof that they are free."""

    release: str
    shares: Shares


@dataclass(frozen=True, slots=True)
class ReleaseRefused:
    """The broker keeps shares pledged although we owe nothing for them."""

    reason: str


@dataclass(frozen=True, slots=True)
class PledgeSold:
    """The broker sold pledged shares by itself and keeps `proceeds` for the loan."""

    sale: str
    shares: Shares
    proceeds: Money


@dataclass(frozen=True, slots=True)
class Unpledged:
    """Shares of an acquisition are free of a loan with the broker's `release`; they cost `cost`."""

    release: str
    shares: Shares
    cost: Money


@dataclass(frozen=True, slots=True)
class PledgeLost:
    """Shares of an acquisition were sold by the broker in `sale`."""

    sale: str
    shares: Shares


@dataclass(frozen=True, slots=True)
class InstructionSettled:
    """The custodian confirmed a movement: the only proof that it happened. Parts have receipts of their own names."""

    instruction_id: str
    shares: Shares
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class InstructionFailed:
    """The custodian could not settle; `final` if it stopped trying."""

    instruction_id: str
    reason: str
    final: bool


@dataclass(frozen=True, slots=True)
class CashReceived:
    """Money arrived at the bank with a reference."""

    payment_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentSent:
    """The bank executed a payment."""

    payment_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """The bank could not pay."""

    payment_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rescaled:
    """A split raised the stock's epoch: every open quantity of shares is counted anew."""

    epoch: int
    new: int
    old: int
