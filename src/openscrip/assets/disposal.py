"""Selling the shares behind burned tokens: release from custody to the broker, sale, settlement of the proceeds.

releasing > selling > sold > settled          or  failed, when the custodian will not release
"""

from dataclasses import dataclass, replace
from typing import assert_never

from openscrip.assets import accounts
from openscrip.assets.acquisition import BROKER, Fill, settled_now
from openscrip.assets.actions import (
    Acknowledged,
    Busted,
    Corrected,
    Filled,
    Instruct,
    InstructionFailed,
    InstructionSettled,
    OrderDone,
    OrderRejected,
    PlaceOrder,
    Rescaled,
    TradeSettled,
)
from openscrip.assets.broker import Side
from openscrip.assets.custody import InstructionKind
from openscrip.assets.stock import Stock
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command


@dataclass(frozen=True, slots=True)
class Disposal:
    """Whole `shares` of `stock` to be sold for the redemption `wanted_by`."""

    id: str
    stock: str
    wanted_by: str
    shares: Shares
    epoch: int = 0
    orders: int = 0
    working: bool = False
    fills: tuple[Fill, ...] = ()
    settled: Shares = Shares(0)
    state: str = "releasing"
    reason: str = ""

    @property
    def instruction_id(self) -> str:
        """The release from custody."""
        return f"{self.id}:r"

    @property
    def sold(self) -> Shares:
        """Executed so far, less what was busted."""
        return Shares(sum(fill.shares.atoms for fill in self.fills))

    @property
    def proceeds(self) -> Money:
        """What the executions brought, fees deducted."""
        return Money(sum(fill.cost.atoms for fill in self.fills))


@dataclass(frozen=True, slots=True)
class SharesReleased:
    """Fact: the shares left custody; the claim on them is now a claim on their sale."""

    wanted_by: str
    shares: Shares


@dataclass(frozen=True, slots=True)
class SharesSold:
    """Fact: the sale is settled and brought `proceeds`."""

    wanted_by: str
    shares: Shares
    proceeds: Money


@dataclass(frozen=True, slots=True)
class DisposalFailed:
    """Fact: the custodian cancelled the release for good; the shares never left custody."""

    wanted_by: str
    reason: str


DisposalEvent = (
    Acknowledged
    | OrderRejected
    | Filled
    | Busted
    | Corrected
    | OrderDone
    | TradeSettled
    | InstructionSettled
    | InstructionFailed
    | Rescaled
)


def dispose(disposal_id: str, stock: Stock, wanted_by: str, shares: Shares) -> Decision:
    """Release whole `shares` to the broker and sell them for `wanted_by`."""
    row = Disposal(disposal_id, stock.id, wanted_by, shares, stock.epoch)
    action = Instruct(row.instruction_id, InstructionKind.DELIVER, stock.isin, shares, stock.account, BROKER, wanted_by)
    held = Transfer(row.instruction_id, f"{row.stock}/delivering", f"{row.stock}/custody", shares.atoms, row.id)
    return Decision(rows=(row,), transfers=(held,), commands=(Command(row.instruction_id, "Disposal", row.id, action),))


def decide(row: Disposal, event: DisposalEvent) -> Decision:
    """What follows from `event`. News that was told before changes nothing."""
    match event:
        case Acknowledged():
            return Decision()
        case OrderDone():
            ended = event.order_id == f"{row.id}:o{row.orders}" and row.working
            return _order_missing(replace(row, working=False)) if ended else Decision()
        case InstructionSettled():
            return _released(row, event)
        case InstructionFailed():
            return _failed(row, event)
        case OrderRejected():
            return Decision(rows=(replace(row, state="held", reason=event.reason),))
        case Filled():
            return _filled(row, event)
        case Busted():
            return _busted(row, event)
        case Corrected():
            return _corrected(row, event)
        case TradeSettled():
            return _settled(row, event)
        case Rescaled():
            return _rescaled(row, event)
        case _:
            assert_never(event)


def _order_missing(row: Disposal) -> Decision:
    """Order what is not sold, one order at a time."""
    missing = row.shares - row.sold
    if row.working or not missing:
        return Decision(rows=(row,))
    order_id = f"{row.id}:o{row.orders + 1}"
    after = replace(row, orders=row.orders + 1, working=True)
    action = PlaceOrder(order_id, row.stock, Side.SELL, missing)
    return Decision(rows=(after,), commands=(Command(order_id, "Disposal", row.id, action),))


def _released(row: Disposal, event: InstructionSettled) -> Decision:
    if row.state != "releasing" or event.instruction_id != row.instruction_id:
        return Decision()
    key, gone, back = f"{row.id}:released", event.shares, row.shares - event.shares
    transfers = (
        Transfer(key, f"{row.stock}/at_broker", f"{row.stock}/delivering", gone.atoms, row.id),
        Transfer(key + ":claim", f"{row.stock}/redemption_claim", f"{row.stock}/selling", gone.atoms, row.id),
        Transfer(key + ":back", f"{row.stock}/custody", f"{row.stock}/delivering", back.atoms, row.id),
    )
    booked = Decision(transfers=tuple(t for t in transfers if t.amount), facts=(SharesReleased(row.wanted_by, gone),))
    return booked + _order_missing(replace(row, state="selling", shares=gone))


def _failed(row: Disposal, event: InstructionFailed) -> Decision:
    """The custodian retries by itself; a final failure ends the sale, and the shares never left."""
    if row.state != "releasing" or event.instruction_id != row.instruction_id or not event.final:
        return Decision()
    back = Transfer(f"{row.id}:back", f"{row.stock}/custody", f"{row.stock}/delivering", row.shares.atoms, row.id)
    return Decision(
        rows=(replace(row, state="failed", reason=event.reason),),
        transfers=(back,),
        facts=(DisposalFailed(row.wanted_by, event.reason),),
    )


def _filled(row: Disposal, event: Filled) -> Decision:
    if any(fill.exec_id == event.exec_id for fill in row.fills):
        return Decision()
    sold = Fill(event.exec_id, event.order_id, event.shares, event.amount)
    return Decision(rows=(replace(row, fills=(*row.fills, sold)),), transfers=_sold(row, sold))


def _sold(row: Disposal, fill: Fill) -> tuple[Transfer, ...]:
    key, payable = f"{row.id}:fill:{fill.exec_id}", accounts.client_payable(row.wanted_by)
    return (
        Transfer(key, f"{row.stock}/selling", f"{row.stock}/at_broker", fill.shares.atoms, row.id),
        Transfer(key + ":brought", accounts.BROKER_RECEIVABLE, payable, fill.cost.atoms, row.id),
    )


def _busted(row: Disposal, event: Busted) -> Decision:
    busted = next((fill for fill in row.fills if fill.exec_id == event.ref_exec_id), None)
    if busted is None:
        return Decision()
    if busted.settled:
        return Decision(rows=(replace(row, state="held", reason=f"disposal: {busted.exec_id} was busted after it settled"),))
    after = replace(row, fills=tuple(fill for fill in row.fills if fill is not busted))
    return Decision(transfers=_taken_back(row, busted)) + _order_missing(after)


def _taken_back(row: Disposal, fill: Fill) -> tuple[Transfer, ...]:
    key, payable = f"{row.id}:bust:{fill.exec_id}", accounts.client_payable(row.wanted_by)
    return (
        Transfer(key, f"{row.stock}/at_broker", f"{row.stock}/selling", fill.shares.atoms, row.id),
        Transfer(key + ":brought", payable, accounts.BROKER_RECEIVABLE, fill.cost.atoms, row.id),
    )


def _corrected(row: Disposal, event: Corrected) -> Decision:
    """Reverse the execution and book the right one; what is not sold then is ordered. Never after settlement."""
    wrong = next((fill for fill in row.fills if fill.exec_id == event.ref_exec_id), None)
    if wrong is None:
        return Decision()
    if wrong.settled:
        reason = f"disposal: {wrong.exec_id} was corrected after it settled"
        return Decision(rows=(replace(row, state="held", reason=reason),))
    right = Fill(event.exec_id, event.order_id, event.shares, event.amount)
    after = replace(row, fills=tuple(right if fill is wrong else fill for fill in row.fills))
    return Decision(transfers=(*_taken_back(row, wrong), *_sold(row, right))) + _order_missing(after)


def _settled(row: Disposal, event: TradeSettled) -> Decision:
    fills = settled_now(row.fills, event.exec_ids)
    if fills is None:
        return Decision()
    settled = row.settled + event.shares
    after = replace(row, fills=fills, settled=settled)
    if row.state != "selling" or settled != row.shares:
        return Decision(rows=(after,))
    cash = Transfer(f"{row.id}:cash", accounts.BROKER_CASH, accounts.BROKER_RECEIVABLE, row.proceeds.atoms, row.id)
    return Decision(
        rows=(replace(after, state="settled"),),
        transfers=(cash,),
        facts=(SharesSold(row.wanted_by, row.shares, row.proceeds),),
    )


def _rescaled(row: Disposal, event: Rescaled) -> Decision:
    if row.epoch >= event.epoch or row.state in ("settled", "failed"):
        return Decision()
    return Decision(
        rows=(
            replace(
                row,
                shares=row.shares.times_down(event.new, event.old),
                epoch=event.epoch,
                settled=row.settled.times_down(event.new, event.old),
                fills=tuple(replace(fill, shares=fill.shares.times_down(event.new, event.old)) for fill in row.fills),
            ),
        )
    )
