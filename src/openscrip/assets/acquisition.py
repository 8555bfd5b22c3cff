"""Buying shares and bringing them into segregated custody: order, fills, settlement at the broker, transfer, arrival.

    ordering > working > settled > moving > arrived          (each settled part moves by itself)

Only what the custodian confirms counts (I2). What an order leaves unfilled, or a bust takes back, is ordered
again; a transfer that fails for good is instructed again under a new id.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from openscrip.assets import accounts
from openscrip.assets.actions import (
    Acknowledged,
    Busted,
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

BROKER = "BROKER"


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution: its shares, and what they cost or brought, fee included."""

    exec_id: str
    order_id: str
    shares: Shares
    cost: Money
    settled: bool = False


def settled_now(fills: tuple[Fill, ...], exec_ids: tuple[str, ...]) -> tuple[Fill, ...] | None:
    """The fills with those named marked as settled; None if that was told before."""
    if all(fill.settled for fill in fills if fill.exec_id in exec_ids):
        return None
    return tuple(replace(fill, settled=True) if fill.exec_id in exec_ids else fill for fill in fills)


@dataclass(frozen=True, slots=True)
class Working:
    """An order that may still be filled, with its size."""

    order_id: str
    shares: Shares


@dataclass(frozen=True, slots=True)
class Move:
    """One transfer of settled shares into custody, by its instruction."""

    instruction_id: str
    shares: Shares
    cost: Money
    state: str = "moving"


@dataclass(frozen=True, slots=True)
class Acquisition:
    """Whole `shares` of `stock` to be bought for `wanted_by`: a request, a corporate action, or `inventory`."""

    id: str
    stock: str
    wanted_by: str
    shares: Shares
    epoch: int = 0
    orders: int = 0
    working: tuple[Working, ...] = ()
    fills: tuple[Fill, ...] = ()
    settled: Shares = Shares(0)
    moves: tuple[Move, ...] = ()
    state: str = "ordering"
    reason: str = ""

    @property
    def filled(self) -> Shares:
        """Executed so far, less what was busted."""
        return Shares(sum(fill.shares.atoms for fill in self.fills))

    @property
    def arrived(self) -> Shares:
        """In segregated custody so far."""
        return Shares(sum(move.shares.atoms for move in self.moves if move.state == "arrived"))


@dataclass(frozen=True, slots=True)
class SharesMoving:
    """Fact: settled shares are on their way into custody with instruction `receipt`; they count for nothing yet."""

    stock: str
    wanted_by: str
    receipt: str
    shares: Shares


@dataclass(frozen=True, slots=True)
class MoveFailed:
    """Fact: the transfer with instruction `receipt` failed for good; another is on its way."""

    stock: str
    wanted_by: str
    receipt: str


@dataclass(frozen=True, slots=True)
class SharesArrived:
    """Fact: settled shares of an acquisition reached segregated custody with instruction `receipt`; they cost `cost`."""

    stock: str
    wanted_by: str
    receipt: str
    shares: Shares
    cost: Money


@dataclass(frozen=True, slots=True)
class AcquisitionFailed:
    """Fact: the broker refused to buy (more); `coming` was executed and will still move and arrive."""

    stock: str
    wanted_by: str
    reason: str
    coming: Shares = Shares(0)


AcquisitionEvent = (
    Acknowledged
    | OrderRejected
    | Filled
    | Busted
    | OrderDone
    | TradeSettled
    | InstructionSettled
    | InstructionFailed
    | Rescaled
)


def acquire(acquisition_id: str, stock: Stock, wanted_by: str, shares: Shares) -> Decision:
    """Order whole `shares` of `stock` for `wanted_by`."""
    return _order_missing(Acquisition(acquisition_id, stock.id, wanted_by, shares, stock.epoch))


def decide(row: Acquisition, event: AcquisitionEvent, stock: Stock) -> Decision:
    """What follows from `event`. News that was told before, or of an earlier order, changes nothing."""
    match event:
        case Acknowledged():
            return Decision()
        case OrderRejected():
            return _rejected(row, event)
        case Filled():
            return _filled(row, event)
        case Busted():
            return _busted(row, event)
        case OrderDone():
            return _done(row, event)
        case TradeSettled():
            return _settled(row, event, stock)
        case InstructionSettled():
            return _arrived(row, event)
        case InstructionFailed():
            return _failed(row, event, stock)
        case Rescaled():
            return _rescaled(row, event)
        case _:
            assert_never(event)


def _order_missing(row: Acquisition) -> Decision:
    """Order what is neither filled nor still worked."""
    open_ids = {order.order_id for order in row.working}
    worked = sum(order.shares.atoms for order in row.working)
    filled = sum(fill.shares.atoms for fill in row.fills if fill.order_id not in open_ids)
    missing = Shares(row.shares.atoms - worked - filled)
    if missing.atoms <= 0:
        return Decision(rows=(row,))
    order_id = f"{row.id}:o{row.orders + 1}"
    after = replace(row, orders=row.orders + 1, working=(*row.working, Working(order_id, missing)))
    action = PlaceOrder(order_id, row.stock, Side.BUY, missing)
    return Decision(rows=(after,), commands=(Command(order_id, "Acquisition", row.id, action),))


def _rejected(row: Acquisition, event: OrderRejected) -> Decision:
    """What was executed still arrives; the rest will not be bought."""
    if event.order_id not in {order.order_id for order in row.working}:
        return Decision()
    working = tuple(order for order in row.working if order.order_id != event.order_id)
    less = replace(row, shares=row.filled, working=working, reason=event.reason)
    return Decision(
        rows=(less if row.fills else replace(less, state="failed"),),
        facts=(AcquisitionFailed(row.stock, row.wanted_by, event.reason, row.filled - row.settled),),
    )


def _filled(row: Acquisition, event: Filled) -> Decision:
    if any(fill.exec_id == event.exec_id for fill in row.fills):
        return Decision()
    cost = event.amount
    after = replace(row, fills=(*row.fills, Fill(event.exec_id, event.order_id, event.shares, cost)), state="working")
    key = f"{row.id}:fill:{event.exec_id}"
    return Decision(
        rows=(after,),
        transfers=(
            Transfer(key, f"{row.stock}/pending_receipt", f"{row.stock}/bought", event.shares.atoms, row.id),
            Transfer(key + ":cost", accounts.ACQUISITIONS, accounts.BROKER_PAYABLE, cost.atoms, row.id),
        ),
    )


def _busted(row: Acquisition, event: Busted) -> Decision:
    """Take the execution back and order the missing shares anew; after settlement a person must look."""
    busted = next((fill for fill in row.fills if fill.exec_id == event.ref_exec_id), None)
    if busted is None:
        return Decision()
    if busted.settled:
        return Decision(
            rows=(replace(row, state="held", reason=f"acquisition: {busted.exec_id} was busted after it settled"),)
        )
    after = replace(row, fills=tuple(fill for fill in row.fills if fill is not busted), state="working")
    key = f"{row.id}:bust:{busted.exec_id}"
    reversed_ = (
        Transfer(key, f"{row.stock}/bought", f"{row.stock}/pending_receipt", busted.shares.atoms, row.id),
        Transfer(key + ":cost", accounts.BROKER_PAYABLE, accounts.ACQUISITIONS, busted.cost.atoms, row.id),
    )
    return Decision(transfers=reversed_) + _order_missing(after)


def _done(row: Acquisition, event: OrderDone) -> Decision:
    """The order ended; what it left unfilled is ordered again."""
    if event.order_id not in {order.order_id for order in row.working}:
        return Decision()
    working = tuple(order for order in row.working if order.order_id != event.order_id)
    return _order_missing(replace(row, working=working))


def _settled(row: Acquisition, event: TradeSettled, stock: Stock) -> Decision:
    """Pay the broker for the settled part and instruct its transfer into custody."""
    fills = settled_now(row.fills, event.exec_ids)
    if fills is None:
        return Decision()
    cost = _cost_of(row, event.shares)
    after = replace(row, fills=fills, settled=row.settled + event.shares, state="settled")
    key = f"{row.id}:settled:{len(row.moves) + 1}"
    paid = Transfer(key + ":paid", accounts.BROKER_PAYABLE, accounts.BROKER_CASH, cost.atoms, row.id)
    settled = Transfer(key, f"{row.stock}/at_broker", f"{row.stock}/pending_receipt", event.shares.atoms, row.id)
    return Decision(transfers=(settled, paid)) + _move(after, event.shares, cost, stock)


def _cost_of(row: Acquisition, shares: Shares) -> Money:
    """The part of what was spent that falls on `shares`; the last part takes the remainder."""
    spent = Money(sum(fill.cost.atoms for fill in row.fills))
    if row.settled + shares == row.filled:
        return Money(spent.atoms - sum(move.cost.atoms for move in row.moves if move.state != "failed"))
    return spent.share_down(shares.atoms, row.filled.atoms)


def _move(row: Acquisition, shares: Shares, cost: Money, stock: Stock) -> Decision:
    instruction_id = f"{row.id}:t{len(row.moves) + 1}"
    after = replace(row, moves=(*row.moves, Move(instruction_id, shares, cost)), state="moving")
    action = Instruct(
        instruction_id, InstructionKind.RECEIVE, stock.isin, shares, stock.account, BROKER, row.wanted_by
    )
    return Decision(
        rows=(after,),
        transfers=(
            Transfer(instruction_id, f"{row.stock}/in_transit", f"{row.stock}/at_broker", shares.atoms, row.id),
        ),
        facts=(SharesMoving(row.stock, row.wanted_by, instruction_id, shares),),
        commands=(Command(instruction_id, "Acquisition", row.id, action),),
    )


def _arrived(row: Acquisition, event: InstructionSettled) -> Decision:
    move = _moving(row, event.instruction_id)
    if move is None:
        return Decision()
    moves = tuple(replace(m, state="arrived") if m is move else m for m in row.moves)
    after = replace(row, moves=moves)
    after = replace(after, state="arrived" if after.arrived == row.shares else row.state)
    key = f"{move.instruction_id}:arrived"
    return Decision(
        rows=(after,),
        transfers=(Transfer(key, f"{row.stock}/custody", f"{row.stock}/in_transit", move.shares.atoms, row.id),),
        facts=(SharesArrived(row.stock, row.wanted_by, move.instruction_id, move.shares, move.cost),),
    )


def _failed(row: Acquisition, event: InstructionFailed, stock: Stock) -> Decision:
    """A transfer that failed for good is instructed again under a new id; the custodian retries the others itself."""
    move = _moving(row, event.instruction_id)
    if move is None or not event.final:
        return Decision()
    moves = tuple(replace(m, state="failed") if m is move else m for m in row.moves)
    back = Transfer(
        f"{move.instruction_id}:back", f"{row.stock}/at_broker", f"{row.stock}/in_transit", move.shares.atoms, row.id
    )
    fact = MoveFailed(row.stock, row.wanted_by, move.instruction_id)
    return Decision(transfers=(back,), facts=(fact,)) + _move(replace(row, moves=moves), move.shares, move.cost, stock)


def _moving(row: Acquisition, instruction_id: str) -> Move | None:
    return next((m for m in row.moves if m.instruction_id == instruction_id and m.state == "moving"), None)


def _rescaled(row: Acquisition, event: Rescaled) -> Decision:
    """Count everything that has not arrived in the new shares; the ledger is rescaled as a whole by the split."""
    if row.epoch >= event.epoch or row.state in ("arrived", "failed"):
        return Decision()

    def scaled(shares: Shares) -> Shares:
        return shares.times_down(event.new, event.old)

    after = scaled(row.shares)
    if after != after.whole_down():
        reason = f"acquisition: {row.shares} shares became {after} by a split; only whole shares move, a person must decide"
        return Decision(rows=(replace(row, state="held", reason=reason),))
    return Decision(
        rows=(
            replace(
                row,
                shares=after,
                epoch=event.epoch,
                settled=scaled(row.settled),
                working=tuple(replace(order, shares=scaled(order.shares)) for order in row.working),
                fills=tuple(replace(fill, shares=scaled(fill.shares)) for fill in row.fills),
                moves=tuple(replace(move, shares=scaled(move.shares)) for move in row.moves),
            ),
        )
    )
