"""What the books ask of broker and custodian, each once for its key, and the news that rows hear.

News is told in today's shares: whoever brings it has rescaled quantities that were counted before a split.
"""

from dataclasses import dataclass

from openscrip.assets.broker import Side
from openscrip.assets.custody import InstructionKind
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Order whole `shares` at the broker under our own id."""

    order_id: str
    symbol: str
    side: Side
    shares: Shares


@dataclass(frozen=True, slots=True)
class Instruct:
    """Move whole `shares` in or out of the segregated account; `reference` is the business id behind it."""

    instruction_id: str
    kind: InstructionKind
    isin: str
    shares: Shares
    account: str
    counterparty: str
    reference: str


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


@dataclass(frozen=True, slots=True)
class InstructionSettled:
    """The custodian confirmed a movement: the only proof that it happened."""

    instruction_id: str
    shares: Shares


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
