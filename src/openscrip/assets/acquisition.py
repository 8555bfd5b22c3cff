"""Buying shares and bringing them into segregated custody: order, fills, settlement at the broker, transfer, arrival.

    ordering > working > settled > moving > arrived          (each settled part moves by itself)
                       > financed > moving                   (settled with a loan: `financing`)

Only what the custodian confirms counts (I2). What an order leaves unfilled, or a bust takes back, is ordered
again; a transfer that fails for good is instructed again under a new id.
"""

from dataclasses import replace
from typing import assert_never

from openscrip.assets import accounts
from openscrip.assets.acquisition_row import (
    BROKER,
    Acquisition,
    AcquisitionFailed,
    Fill,
    Move,
    MoveFailed,
    SharesArrived,
    SharesMoving,
    SharesPledged,
    Working,
    settled_now,
)
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
    PledgeLost,
    Rescaled,
    TradeSettled,
    Unpledged,
)
from openscrip.assets.broker import Side
from openscrip.assets.custody import InstructionKind
from openscrip.assets.custody_parts import Parts, split_whole
from openscrip.assets.stock import Stock
from openscrip.assets.trading_hours import TradingSession
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command

__all__ = (
    "BROKER",
    "Acquisition",
    "AcquisitionFailed",
    "Fill",
    "Move",
    "MoveFailed",
    "SharesArrived",
    "SharesMoving",
    "SharesPledged",
    "Working",
    "acquire",
    "decide",
    "settled_now",
)

AcquisitionEvent = (
    Acknowledged | OrderRejected | Filled | Busted | Corrected | OrderDone
    | TradeSettled | Unpledged | PledgeLost | InstructionSettled | InstructionFailed | Rescaled
)  # fmt: skip


def acquire(
    acquisition_id: str, stock: Stock, wanted_by: str, shares: Shares, limit: PricePerShare | None = None,
    session: TradingSession = TradingSession.REGULAR,
) -> Decision:  # fmt: skip
    """Order whole `shares` of `stock` for `wanted_by`: at `limit` or better in other than regular hours.

    What such a first order leaves unfilled is ordered as any other, for regular hours.
    """
    row = Acquisition(acquisition_id, stock.id, wanted_by, shares, stock.epoch)
    return _order_missing(row, limit, session) if limit and session is not TradingSession.REGULAR else _order_missing(row)


def decide(row: Acquisition, event: AcquisitionEvent, stock: Stock, parts: Parts = ()) -> Decision:
    """What follows from `event`. News that was told before, or of an earlier order, changes nothing.

    What moves into custody is split among `parts`; each part moves, fails and arrives by itself.
    """
    match event:
        case Acknowledged():
            return Decision()
        case OrderRejected():
            return _rejected(row, event)
        case Filled():
            return _filled(row, event)
        case Busted():
            return _busted(row, event)
        case Corrected():
            return _corrected(row, event)
        case OrderDone():
            return _done(row, event)
        case TradeSettled():
            return _settled(row, event, stock, parts)
        case Unpledged():
            return _unpledged(row, event, stock, parts)
        case PledgeLost():
            return _lost(row, event)
        case InstructionSettled():
            return _arrived(row, event)
        case InstructionFailed():
            return _failed(row, event, stock)
        case Rescaled():
            return _rescaled(row, event)
        case _:
            assert_never(event)


def _order_missing(
    row: Acquisition, limit: PricePerShare | None = None, session: TradingSession = TradingSession.REGULAR
) -> Decision:
    """Order what is neither filled nor still worked."""
    open_ids = {order.order_id for order in row.working}
    worked = sum(order.shares.atoms for order in row.working)
    filled = sum(fill.shares.atoms for fill in row.fills if fill.order_id not in open_ids)
    missing = Shares(row.shares.atoms - worked - filled + row.lost.atoms)
    if missing.atoms <= 0:
        return Decision(rows=(row,))
    order_id = f"{row.id}:o{row.orders + 1}"
    after = replace(row, orders=row.orders + 1, working=(*row.working, Working(order_id, missing)))
    action = PlaceOrder(order_id, row.stock, Side.BUY, missing, limit, session)
    return Decision(rows=(after,), commands=(Command(order_id, "Acquisition", row.id, action),))


def _rejected(row: Acquisition, event: OrderRejected) -> Decision:
    """What was executed still arrives; the rest will not be bought."""
    if event.order_id not in {order.order_id for order in row.working}:
        return Decision()
    working = tuple(order for order in row.working if order.order_id != event.order_id)
    less = replace(row, shares=row.filled, working=working, reason=event.reason)
    return Decision(
        rows=(less if row.filled else replace(less, state="failed"),),
        facts=(AcquisitionFailed(row.stock, row.wanted_by, event.reason, row.filled - row.settled),),
    )


def _filled(row: Acquisition, event: Filled) -> Decision:
    if any(fill.exec_id == event.exec_id for fill in row.fills):
        return Decision()
    cost = event.amount
    bought = Fill(event.exec_id, event.order_id, event.shares, cost)
    after = replace(row, fills=(*row.fills, bought), state="working")
    return Decision(rows=(after,), transfers=_bought(row, bought))


def _bought(row: Acquisition, fill: Fill) -> tuple[Transfer, ...]:
    key = f"{row.id}:fill:{fill.exec_id}"
    return (
        Transfer(key, f"{row.stock}/pending_receipt", f"{row.stock}/bought", fill.shares.atoms, row.id),
        Transfer(key + ":cost", accounts.ACQUISITIONS, accounts.BROKER_PAYABLE, fill.cost.atoms, row.id),
    )


def _busted(row: Acquisition, event: Busted) -> Decision:
    """Take the execution back and order the missing shares anew; after settlement a person must look."""
    busted = next((fill for fill in row.fills if fill.exec_id == event.ref_exec_id), None)
    if busted is None:
        return Decision()
    if busted.settled:
        return Decision(rows=(replace(row, state="held", reason=f"acquisition: {busted.exec_id} was busted after it settled"),))
    after = replace(row, fills=tuple(fill for fill in row.fills if fill is not busted), state="working")
    return Decision(transfers=_taken_back(row, busted)) + _order_missing(after)


def _taken_back(row: Acquisition, fill: Fill) -> tuple[Transfer, ...]:
    key = f"{row.id}:bust:{fill.exec_id}"
    return (
        Transfer(key, f"{row.stock}/bought", f"{row.stock}/pending_receipt", fill.shares.atoms, row.id),
        Transfer(key + ":cost", accounts.BROKER_PAYABLE, accounts.ACQUISITIONS, fill.cost.atoms, row.id),
    )


def _corrected(row: Acquisition, event: Corrected) -> Decision:
    """Reverse the execution and book the right one; what is missing then is ordered anew. Never after settlement."""
    wrong = next((fill for fill in row.fills if fill.exec_id == event.ref_exec_id), None)
    if wrong is None:
        return Decision()
    if wrong.settled:
        reason = f"acquisition: {wrong.exec_id} was corrected after it settled"
        return Decision(rows=(replace(row, state="held", reason=reason),))
    right = Fill(event.exec_id, event.order_id, event.shares, event.amount)
    after = replace(row, fills=tuple(right if fill is wrong else fill for fill in row.fills))
    return Decision(transfers=(*_taken_back(row, wrong), *_bought(row, right))) + _order_missing(after)


def _done(row: Acquisition, event: OrderDone) -> Decision:
    """The order ended; what it left unfilled is ordered again."""
    if event.order_id not in {order.order_id for order in row.working}:
        return Decision()
    working = tuple(order for order in row.working if order.order_id != event.order_id)
    return _order_missing(replace(row, working=working))


def _settled(row: Acquisition, event: TradeSettled, stock: Stock, parts: Parts) -> Decision:
    """Pay the broker for the settled part and instruct its transfer into custody, unless the broker paid with a loan."""
    fills = settled_now(row.fills, event.exec_ids)
    if fills is None:
        return Decision()
    cost = _cost_of(row, event.exec_ids)
    if event.loan:
        return _pledged(replace(row, fills=fills), event, cost)
    after = replace(row, fills=fills, settled=row.settled + event.shares, state="settled")
    key = f"{row.id}:settled:{len(row.moves) + 1}"
    paid = Transfer(key + ":paid", accounts.BROKER_PAYABLE, accounts.BROKER_CASH, cost.atoms, row.id)
    settled = Transfer(key, f"{row.stock}/at_broker", f"{row.stock}/pending_receipt", event.shares.atoms, row.id)
    return Decision(transfers=(settled, paid)) + _move(after, event.shares, cost, stock, parts)


def _pledged(row: Acquisition, event: TradeSettled, cost: Money) -> Decision:
    """The broker lent what the shares cost, or a part of it: they stay pledged with it, and nothing moves."""
    key, loan = f"{row.id}:pledged:{event.loan}", accounts.broker_loan(event.loan)
    lent = min(event.lent, cost)
    transfers = (
        Transfer(key, f"{row.stock}/pledged", f"{row.stock}/pending_receipt", event.shares.atoms, row.id),
        Transfer(key + ":lent", accounts.BROKER_PAYABLE, loan, lent.atoms, row.id),
        Transfer(key + ":paid", accounts.BROKER_PAYABLE, accounts.BROKER_CASH, cost.atoms - lent.atoms, row.id),
        Transfer(key + ":over", accounts.BROKER_CASH, loan, event.lent.atoms - lent.atoms, row.id),
    )
    fact = SharesPledged(row.stock, row.id, event.loan, event.shares, cost, event.lent)
    held = row.state == "held"
    after = row if held else replace(row, state="financed")
    return Decision(rows=(after,), transfers=tuple(t for t in transfers if t.amount), facts=(fact,))


def _unpledged(row: Acquisition, event: Unpledged, stock: Stock, parts: Parts) -> Decision:
    """The broker released shares: now they move as if they had been paid for at once. A held row moves nothing."""
    if event.release in row.heard:
        return Decision()
    after = replace(row, heard=(*row.heard, event.release), settled=row.settled + event.shares)
    if event.shares != event.shares.whole_down():
        reason = f"acquisition: {event.shares} shares were released; only whole shares move, a person must decide"
        return Decision(rows=(replace(after, state="held", reason=reason),))
    return Decision(rows=(after,)) if row.state == "held" else _move(after, event.shares, event.cost, stock, parts)


def _lost(row: Acquisition, event: PledgeLost) -> Decision:
    """The broker sold pledged shares: they are ordered anew. A held row orders nothing."""
    if event.sale in row.heard:
        return Decision()
    after = replace(row, heard=(*row.heard, event.sale), lost=row.lost + event.shares)
    return Decision(rows=(after,)) if row.state == "held" else _order_missing(replace(after, state="ordering"))


def _cost_of(row: Acquisition, exec_ids: tuple[str, ...]) -> Money:
    """What the executions that settle now cost."""
    return Money(sum(fill.cost.atoms for fill in row.fills if fill.exec_id in exec_ids and not fill.settled))


def _move(row: Acquisition, shares: Shares, cost: Money, stock: Stock, parts: Parts) -> Decision:
    """A transfer of each part. What rounding leaves of the cost is the last one's."""
    moves: tuple[Move, ...] = ()
    for custodian, part in split_whole(shares, parts):
        paid = cost.share_down(part.atoms, shares.atoms)
        shares, cost = shares - part, cost - paid
        moves += (Move(f"{row.id}:t{len(row.moves) + len(moves) + 1}", part, paid, custodian=custodian),)
    return _instruct(row, moves, stock)


def _instruct(row: Acquisition, moves: tuple[Move, ...], stock: Stock) -> Decision:
    def command(move: Move) -> Command:
        asked = (InstructionKind.RECEIVE, stock.isin, move.shares, stock.account, BROKER, row.wanted_by, move.custodian)
        return Command(move.instruction_id, "Acquisition", row.id, Instruct(move.instruction_id, *asked))

    in_transit, at_broker = f"{row.stock}/in_transit", f"{row.stock}/at_broker"
    return Decision(
        rows=(replace(row, moves=(*row.moves, *moves), state="moving"),),
        transfers=tuple(Transfer(each.instruction_id, in_transit, at_broker, each.shares.atoms, row.id) for each in moves),
        facts=tuple(SharesMoving(row.stock, row.wanted_by, each.instruction_id, each.shares) for each in moves),
        commands=tuple(command(each) for each in moves),
    )


def _arrived(row: Acquisition, event: InstructionSettled) -> Decision:
    move = _moving(row, event.instruction_id)
    if move is None:
        return Decision()
    if event.receipt not in ("", move.instruction_id):
        return _part_arrived(row, move, event)
    moves = tuple(replace(m, state="arrived") if m is move else m for m in row.moves)
    after = replace(row, moves=moves)
    after = replace(after, state="arrived" if after.arrived == row.shares else row.state)
    key = f"{move.instruction_id}:arrived"
    return Decision(
        rows=(after,),
        transfers=(Transfer(key, f"{row.stock}/custody", f"{row.stock}/in_transit", move.shares.atoms, row.id),),
        facts=(SharesArrived(row.stock, row.wanted_by, move.instruction_id, move.shares, move.cost),),
    )


def _part_arrived(row: Acquisition, move: Move, event: InstructionSettled) -> Decision:
    """A part settled: it is a receipt of its own, and the rest of the transfer goes on under the instruction's name.

    Who waits for the shares hears the transfer anew, as the part that is here and the rest that is coming.
    """
    if any(known.instruction_id == event.receipt for known in row.moves):
        return Decision()
    part = min(event.shares, move.shares)
    rest = move.shares - part
    cost = move.cost if not rest else move.cost.share_down(part.atoms, move.shares.atoms)
    here = Move(event.receipt, part, cost, "arrived", move.custodian)
    coming = (replace(move, shares=rest, cost=Money(move.cost.atoms - cost.atoms)),) if rest else ()
    moves = tuple(m for known in row.moves for m in ((here, *coming) if known is move else (known,)))
    after = replace(row, moves=moves)
    after = replace(after, state="arrived" if after.arrived == row.shares else row.state)
    told = tuple(SharesMoving(row.stock, row.wanted_by, each.instruction_id, each.shares) for each in (here, *coming))
    key = f"{event.receipt}:arrived"
    return Decision(
        rows=(after,),
        transfers=(Transfer(key, f"{row.stock}/custody", f"{row.stock}/in_transit", part.atoms, row.id),),
        facts=(
            MoveFailed(row.stock, row.wanted_by, move.instruction_id),
            *told,
            SharesArrived(row.stock, row.wanted_by, event.receipt, part, cost),
        ),
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
    again = replace(move, instruction_id=f"{row.id}:t{len(row.moves) + 1}", state="moving")
    return Decision(transfers=(back,), facts=(fact,)) + _instruct(replace(row, moves=moves), (again,), stock)


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
                lost=scaled(row.lost),
                working=tuple(replace(order, shares=scaled(order.shares)) for order in row.working),
                fills=tuple(replace(fill, shares=scaled(fill.shares)) for fill in row.fills),
                moves=tuple(replace(move, shares=scaled(move.shares)) for move in row.moves),
            ),
        )
    )
