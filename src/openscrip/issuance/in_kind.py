"""A creation in kind from the participant's request to its tokens.

    created > journaled > minting > minted > completed          rejected, held

The network journals the participant's shares to our tokenisation account and tells us; nothing is minted on its word. The
shares move free of payment into segregated custody, and only the custodian's receipt allows the mint (I2). Whole shares
move; the fraction comes from the issuer's inventory, and stays as the issuer's own at the network. A mint that the network
has not heard of is told for ever and never undone.
"""

from dataclasses import replace
from typing import assert_never

from openscrip.assets import inventory
from openscrip.assets.acquisition import AcquisitionFailed, MoveFailed, SharesArrived, SharesMoving, acquire
from openscrip.assets.actions import (
    Acknowledged,
    Instruct,
    InstructionFailed,
    InstructionSettled,
    Rescaled,
    Resumed,
    Wake,
    Woken,
)
from openscrip.assets.custody import InstructionKind
from openscrip.assets.network import ConfirmMint, MintConfirmed
from openscrip.assets.stock import Lot, Stock
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.in_kind_mint import mint_refused, minted, ready_mint
from openscrip.issuance.in_kind_row import (
    CreationEvent,
    InKindCreated,
    InKindCreation,
    InKindHeld,
    InKindRedemption,
    JournalConfirmed,
    JournalRejected,
    MoveIn,
)
from openscrip.issuance.terms import View
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command

MOVES_MAX = 5
"""So many transfers may fail for good before a person asks where the shares are."""
ASK_AGAIN_S = 86_400
CLOSED = ("completed", "rejected")


def decide(row: InKindCreation, event: CreationEvent, view: View) -> Decision:
    """What follows from `event`. News that was told before changes nothing."""
    match event:
        case JournalConfirmed():
            return _journaled(row, view) if row.state == "created" else Decision()
        case JournalRejected():
            return _not_journaled(row, event)
        case Resumed():
            return _resumed(row, event, view)
        case InstructionSettled():
            return _arrived(row, event, view)
        case InstructionFailed():
            return _move_failed(row, event, view)
        case SharesArrived():
            return _bought(row, event, view)
        case AcquisitionFailed():
            return _not_bought(row, event, view)
        case Landed():
            return _landed(row, event, view)
        case Rejected():
            return mint_refused(row, event, view)
        case MintConfirmed():
            return _told(row)
        case Woken():
            return _provide(row, view)
        case SharesMoving() | MoveFailed() | Acknowledged():
            return Decision()
        case Rescaled():
            return _rescaled(row, event)
        case _:
            assert_never(event)


# journaled > in custody


def _journaled(row: InKindCreation, view: View) -> Decision:
    """The shares are ours to move, and owed to the participant as tokens. Nothing of this allows a mint."""
    if row.epoch != view.stock.epoch:
        text = f"in kind: a split lay between the request {row.id} and its journal; see how many shares the network moved"
        return hold(row, "in_kind.epoch", text)
    journal = Transfer(f"{row.id}:journal", f"{row.stock}/at_network", f"{row.stock}/bought", row.shares.atoms, row.id)
    return Decision(transfers=(journal,)) + _start(replace(row, state="journaled"), view)


def take_back(redemption: InKindRedemption, view: View) -> Decision:
    """What the network would not journal to the participant becomes tokens again, over custody like any creation."""
    row = InKindCreation(
        f"{redemption.id}-back", redemption.stock, redemption.client, redemption.chain, redemption.wallet, redemption.shares,
        "", redemption.network, redemption.counterparty, view.now, redemption.epoch, redemption.id, state="journaled",
    )  # fmt: skip
    key = f"{row.id}:journal"
    owed = Transfer(key, f"{row.stock}/network_claim", f"{row.stock}/bought", row.shares.atoms, row.id)
    return Decision(transfers=(owed,)) + _start(row, view)


def _start(row: InKindCreation, view: View) -> Decision:
    whole = row.shares.whole_down()
    if not whole:
        return Decision(rows=(row,)) + _provide(row, view)
    moving = _bring_in(row, whole, view.stock)
    return moving + _provide(_row_of(moving, row), view)


def _bring_in(row: InKindCreation, whole: Shares, stock: Stock) -> Decision:
    instruction_id = f"{row.id}:t{len(row.moves) + 1}"
    after = replace(row, moves=(*row.moves, MoveIn(instruction_id, whole)))
    action = Instruct(instruction_id, InstructionKind.RECEIVE, stock.isin, whole, stock.account, row.counterparty, row.id)
    way = Transfer(instruction_id, f"{row.stock}/in_transit", f"{row.stock}/at_network", whole.atoms, row.id)
    return Decision((after,), (way,), commands=(Command(instruction_id, "InKindCreation", row.id, action),))


def _arrived(row: InKindCreation, event: InstructionSettled, view: View) -> Decision:
    """The custodian's word. It may confirm a part; the rest stays on its way."""
    move, receipt = _moving(row, event.instruction_id), event.receipt or event.instruction_id
    if move is None or not event.shares or any(lot.receipt == receipt for lot in move.receipts):
        return Decision()
    here = replace(move, receipts=(*move.receipts, Lot(receipt, event.shares)))
    here = replace(here, state="arrived" if here.arrived >= move.shares else "moving")
    after = replace(row, moves=tuple(here if m is move else m for m in row.moves))
    key = f"{receipt}:arrived"
    booked = Transfer(key, f"{row.stock}/custody", f"{row.stock}/in_transit", event.shares.atoms, row.id)
    return Decision((after,), (booked,)) + _provide(after, view)


def _move_failed(row: InKindCreation, event: InstructionFailed, view: View) -> Decision:
    """What failed for good is instructed again under a new id; after so many times a person asks the network."""
    move = _moving(row, event.instruction_id)
    if move is None or not event.final:
        return Decision()
    rest = move.shares - move.arrived
    ended = replace(move, state="failed")
    after = replace(row, moves=tuple(ended if m is move else m for m in row.moves), reason=event.reason)
    key = f"{move.instruction_id}:back"
    back = Transfer(key, f"{row.stock}/at_network", f"{row.stock}/in_transit", rest.atoms, row.id)
    if sum(m.state == "failed" for m in after.moves) % MOVES_MAX == 0:
        text = f"in kind: {rest} shares of {row.id} did not reach custody in {MOVES_MAX} transfers ({event.reason})"
        return Decision(transfers=(back,)) + hold(after, "in_kind.custody", text)
    return Decision(transfers=(back,)) + _bring_in(after, rest, view.stock)


def _moving(row: InKindCreation, instruction_id: str) -> MoveIn | None:
    return next((m for m in row.moves if m.instruction_id == instruction_id and m.state == "moving"), None)


def _not_journaled(row: InKindCreation, event: JournalRejected) -> Decision:
    if row.state != "created":
        return Decision()
    return Decision(rows=(replace(row, state="rejected", rule="network.rejected", reason=event.reason),))


# the fraction of a share


def _provide(row: InKindCreation, view: View) -> Decision:
    """See to the fraction; when all is in custody, mint."""
    if row.state != "journaled":
        return Decision(rows=(row,))
    if not row.fraction or row.lots:
        return ready_mint(row, view)
    if row.fraction <= view.stock.free:
        return _take_fraction(row, view)
    if row.buying:
        return Decision(rows=(row,))
    after = replace(row, buying=True, purchases=row.purchases + 1)
    purchase = acquire(f"{row.id}:fraction-{after.purchases}", view.stock, row.id, Shares.whole(1))
    return Decision(rows=(after,)) + purchase


def _take_fraction(row: InKindCreation, view: View) -> Decision:
    """The issuer gives settled inventory for the participant's fraction, which becomes the issuer's own at the network."""
    stock, lots = view.stock.taking(row.fraction)
    key = f"{row.id}:fraction"
    given = Transfer(key, f"{row.stock}/inventory", f"{row.stock}/network_float", row.fraction.atoms, row.id)
    after = replace(row, lots=lots)
    return Decision((after, stock), (given,)) + ready_mint(after, replace(view, stock=stock))


def _bought(row: InKindCreation, event: SharesArrived, view: View) -> Decision:
    """A share bought for the fraction is inventory like any other."""
    if not row.buying:
        return Decision()
    kept = inventory.keep(event, view.stock)
    stock = next(each for each in kept.rows if isinstance(each, Stock))
    return kept + _provide(replace(row, buying=False), replace(view, stock=stock))


def _not_bought(row: InKindCreation, event: AcquisitionFailed, view: View) -> Decision:
    if not row.buying:
        return Decision()
    again = Command(
        f"{row.id}:fraction-{row.purchases}:again", "InKindCreation", row.id, Wake("fraction"), view.now + ASK_AGAIN_S
    )
    return Decision(rows=(replace(row, buying=False, reason=event.reason),), commands=(again,))


# minted > completed


def _landed(row: InKindCreation, event: Landed, view: View) -> Decision:
    """The mint is final: tell the network. What came back from a redemption ends here."""
    booked = minted(row, event, view)
    after = _row_of(booked, row)
    if after.state != "minted":
        return booked
    if row.origin:
        return booked + Decision(rows=(replace(after, state="completed"),))
    action = ConfirmMint(row.request, row.client, row.wallet, event.tx_id, row.network)
    return booked + Decision(commands=(Command(f"{row.id}:confirm", "InKindCreation", row.id, action),))


def _told(row: InKindCreation) -> Decision:
    if row.state != "minted":
        return Decision()
    fact = InKindCreated(row.id, row.stock, row.client, row.shares)
    return Decision(rows=(replace(row, state="completed", reason=""),), facts=(fact,))


# a person looks


def hold(row: InKindCreation, rule: str, text: str) -> Decision:
    """Shares and claims stay where they are, and a person must look."""
    held = replace(row, state="held", rule=rule, reason=text)
    return Decision(rows=(held,), facts=(InKindHeld(row.id, row.stock, rule, text),))


def _resumed(row: InKindCreation, event: Resumed, view: View) -> Decision:
    """Go on where it stopped: ask custody again for what has not arrived, and mint when all is there."""
    if row.state != "held":
        return Decision()
    after = replace(row, state="journaled", rule="", reason=f"{event.by}: {event.reason}", epoch=view.stock.epoch)
    if row.rule == "in_kind.epoch":
        return _journaled(replace(after, state="created"), view)
    rest = row.shares.whole_down() - Shares(sum(m.shares.atoms for m in row.moves if m.state != "failed"))
    rest -= Shares(sum(m.arrived.atoms for m in row.moves if m.state == "failed"))
    if rest.atoms <= 0:
        return Decision(rows=(after,)) + _provide(after, view)
    moving = _bring_in(after, rest, view.stock)
    return moving + _provide(_row_of(moving, after), view)


# a split while it runs


def _rescaled(row: InKindCreation, event: Rescaled) -> Decision:
    """Count what is not minted in the new shares. What was asked and not journaled yet is looked at when it is."""
    if row.epoch >= event.epoch or row.state in (*CLOSED, "created", "minted"):
        return Decision()

    def scaled(shares: Shares) -> Shares:
        return shares.times_down(event.new, event.old)

    def anew(lots: tuple[Lot, ...]) -> tuple[Lot, ...]:
        return tuple(Lot(lot.receipt, scaled(lot.shares)) for lot in lots)

    moves = tuple(replace(m, shares=scaled(m.shares), receipts=anew(m.receipts)) for m in row.moves)
    lots = anew(row.lots)
    after = replace(row, shares=scaled(row.shares), moves=moves, lots=lots, epoch=event.epoch)
    broken = [m for m in moves if m.state == "moving" and m.shares != m.shares.whole_down()]
    if broken and row.state == "journaled":
        text = f"in kind: {row.id} moved {broken[0].shares} shares after a split; only whole shares move"
        return hold(after, "in_kind.fraction", text)
    return Decision(rows=(after,))


def _row_of(decision: Decision, row: InKindCreation) -> InKindCreation:
    """The row as it was decided last."""
    return next((each for each in reversed(decision.rows) if isinstance(each, InKindCreation)), row)
