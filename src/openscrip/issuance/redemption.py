"""A redemption from the request to the delivered share or the paid dollar.

    requested > escrowed > burning > burned > delivering | selling > paying > completed
        |          |                              |
        +> refused |                              |           (cancelled by its client)
                   |                              |
                   +> refunding > refunded        +> restituting > refunded        held

The tokens are burned first, then the shares leave (I3). The request is always taken and keeps its place in line (I8): while
a corporate action holds the primary market it waits in `escrowed`. The issuer's inventory buys fractions of a share.
"""

from dataclasses import replace
from typing import assert_never

from openscrip.assets import accounts
from openscrip.assets.actions import (
    Acknowledged,
    CancelAsked,
    Instruct,
    InstructionFailed,
    InstructionSettled,
    PaymentFailed,
    PaymentSent,
    Rescaled,
    Resumed,
    Wake,
    Woken,
)
from openscrip.assets.custody import InstructionKind
from openscrip.assets.disposal import DisposalFailed, SharesReleased, SharesSold, dispose
from openscrip.issuance.actions import Burn, Landed, Mint, Refund, Rejected
from openscrip.issuance.cancelling import REASON, RULE, is_cancelled_unsent, refuse_unless_cancellable
from openscrip.issuance.chain import RedemptionEscrowed
from openscrip.issuance.maturity import redeemed_at_maturity
from openscrip.issuance.network_view import fraction_at_network
from openscrip.issuance.redemption_pay import coins_paid, not_paid, paid, pay, pay_again, pay_anew
from openscrip.issuance.redemption_row import CLOSED, ClaimArose, Redemption, RedemptionCompleted, TokensRestored
from openscrip.issuance.terms import View
from openscrip.issuance.voucher import MintKind, MintVoucher, RedemptionKind, canonical, evidence_hash
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase, Transfer
from openscrip.runtime.store import Command

__all__ = ("CLOSED", "ClaimArose", "Redemption", "RedemptionCompleted", "RedemptionEvent", "TokensRestored", "decide")

SETTLING_S = 60

RedemptionEvent = (
    RedemptionEscrowed | Woken | Landed | Rejected | Acknowledged | InstructionSettled | InstructionFailed | SharesReleased
    | SharesSold | DisposalFailed | PaymentSent | PaymentFailed | Rescaled | Resumed | CancelAsked
)  # fmt: skip


def decide(row: Redemption, event: RedemptionEvent, view: View) -> Decision:  # noqa: C901, PLR0912  # one case an event
    """What follows from `event`. News that was told before changes nothing."""
    match event:
        case RedemptionEscrowed():
            return _escrowed(row, event, view)
        case Woken():
            return _proceed(row, view)
        case Landed():
            return coins_paid(row, event, view) or _landed(row, event, view)
        case Rejected():
            return coins_paid(row, event, view) or _rejected(row, event, view)
        case Acknowledged():
            return Decision()
        case InstructionSettled():
            return _delivered(row, event, view)
        case InstructionFailed():
            return _delivery_failed(row, event, view)
        case SharesReleased():
            return Decision(rows=(_left(row, event.shares),)) if row.leaving else Decision()
        case SharesSold():
            sold = replace(row, owed=row.owed + event.proceeds)
            return _settle_fraction(sold, view) if row.state == "selling" else Decision()
        case DisposalFailed():
            return _restitute(row, view) if row.state == "selling" else Decision()
        case PaymentSent():
            return paid(row, event)
        case PaymentFailed():
            return not_paid(row, event)
        case Rescaled():
            return _rescaled(row, event)
        case Resumed():
            return _resumed(row, view)
        case CancelAsked():
            return _cancelled(row, view)
        case _:
            assert_never(event)


# escrowed > burned


def _escrowed(row: Redemption, event: RedemptionEscrowed, view: View) -> Decision:
    """Take the tokens into the line. Another wallet's, another amount or kind, and what comes after the cancelling go back."""
    if is_cancelled_unsent(row):
        return _refund(replace(row, escrowed=event.raw, sender=event.holder), event.token)
    if row.state != "requested":
        return Decision()
    after = replace(row, escrowed=event.raw, sender=event.holder, state="escrowed")
    if (event.holder, event.raw, event.kind) == (row.wallet, row.raw, row.kind):
        return _proceed(after, view)
    text = f"redemption: {event.raw} from {event.holder} was not what {row.id} announced"
    return _refund(replace(after, reason=text), event.token)


def _cancelled(row: Redemption, view: View) -> Decision:
    """The client takes the request back: tokens that are in escrow go back, what comes later follows them.

    Raises `Refused("order.under_way")` once the tokens are being burned.
    """
    if row.rule == RULE:
        return Decision()
    refuse_unless_cancellable(row)
    after = replace(row, rule=RULE, reason=REASON)
    if row.state == "requested":
        return Decision(rows=(replace(after, state="refused"),))
    return _refund(after, view.stock.token(row.chain))


def _refund(row: Redemption, token: str) -> Decision:
    action = Refund(row.chain, token, row.id, row.sender, row.escrowed)
    command = Command(_refund_key(row), "Redemption", row.id, action)
    return Decision(rows=(replace(row, state="refunding"),), commands=(command,))


def _refund_key(row: Redemption) -> str:
    return f"{row.id}:refund:{row.attempts}" if row.attempts else f"{row.id}:refund"


def _proceed(row: Redemption, view: View) -> Decision:
    """Burn when the primary market runs; otherwise keep the place in line. What is burned is released."""
    if row.state in ("paying", "paying_refund"):
        return pay_again(row)
    if row.state in ("burning", "burned"):
        return release(row, view)
    if row.state == "owed_back":
        return _restitute(row, view)
    if row.state != "escrowed" or not view.stock.is_redeemable:
        return Decision(rows=(row,))
    if view.burnable is not None and row.escrowed > view.burnable:  # tokens whose mint we have not heard of yet
        again = Command(f"{row.id}:unheard:{view.now}", "Redemption", row.id, Wake("unheard"), view.now + SETTLING_S)
        return Decision(rows=(row,), commands=(again,))
    claim = view.stock.multiplier.to_shares_down(row.escrowed)
    after = replace(row, state="burning", attempts=row.attempts + 1, claim=claim, epoch=view.stock.epoch)
    action = Burn(row.chain, view.stock.token(row.chain), row.id, row.wallet, row.escrowed)
    key = f"{row.id}:burn:{after.attempts}"
    held = Transfer(key, *_raw(row), row.escrowed.grains, row.id, Phase.PENDING)
    return Decision(rows=(after,), transfers=(held,), commands=(Command(key, "Redemption", row.id, action),))


def _raw(row: Redemption) -> tuple[str, str]:
    return accounts.raw_supply(row.stock, row.chain), accounts.raw_issuer(row.stock, row.chain)


def _raw_back(row: Redemption) -> tuple[str, str]:
    return accounts.raw_issuer(row.stock, row.chain), accounts.raw_supply(row.stock, row.chain)


def _landed(row: Redemption, event: Landed, view: View) -> Decision:
    if row.state == "burning" and event.command == f"{row.id}:burn:{row.attempts}":
        return _burned(row, event, view)
    if row.state == "refunding" and event.command == _refund_key(row):
        return Decision(rows=(replace(row, state="refunded"),))
    if row.state == "restituting" and event.command == f"{row.id}:restitute:{row.attempts}":
        return _restituted(row)
    return Decision()


def _burned(row: Redemption, event: Landed, view: View) -> Decision:
    """The claim stands: raw x multiplier, rounded down, as fixed before the burn; only now may shares leave."""
    claim = row.claim
    after = replace(row, state="burned", burn_tx=event.tx_id)
    transfers = (
        Transfer(f"{event.command}:post", *_raw(row), row.escrowed.grains, row.id, Phase.POST, event.command),
        Transfer(f"{row.id}:claim", f"{row.stock}/outstanding", f"{row.stock}/redemption_claim", claim.atoms, row.id),
    )
    arose = ClaimArose(row.id, row.stock, row.chain, row.escrowed, claim, view.stock.epoch)
    return Decision((after,), transfers, (arose,)) + release(after, view)


def _rejected(row: Redemption, event: Rejected, view: View) -> Decision:
    """A burn or mint that was refused is asked again later; its place in line stays."""
    again = Command(f"{event.command}:again", "Redemption", row.id, Wake(event.code), view.now + view.terms.retry_s)
    if row.state == "burning" and event.command == f"{row.id}:burn:{row.attempts}":
        voided = Transfer(f"{event.command}:void", *_raw(row), 0, row.id, Phase.VOID, event.command)
        waiting = replace(row, state="escrowed", reason=event.text, claim=Shares(0))
        return Decision((waiting,), (voided,), commands=(again,))
    if row.state == "restituting" and event.command == f"{row.id}:restitute:{row.attempts}":
        voided = Transfer(f"{event.command}:void", *_raw_back(row), 0, row.id, Phase.VOID, event.command)
        return Decision((replace(row, state="owed_back", reason=event.text),), (voided,), commands=(again,))
    if row.state == "refunding" and event.command == _refund_key(row):
        return Decision(rows=(replace(row, state="held", reason=event.text),))
    return Decision()


# burned > delivered or sold


def is_burned(row: Redemption) -> bool:
    """Shares leave the reserve only after the tokens they covered are burned (I3)."""
    return row.state == "burned" and bool(row.burn_tx)


def release(row: Redemption, view: View) -> Decision:
    """Deliver or sell the whole shares of the claim; a claim of less than a share, or on a bond paid out, is paid at once."""
    if not is_burned(row):
        return Decision(rows=(row,))
    if view.stock.payout.micros:
        after, booked = redeemed_at_maturity(row, view)
        return booked + pay(after)
    whole = row.claim.whole_down()
    after = replace(row, leaving=whole)
    if not whole:
        return _settle_fraction(after, view)
    if row.kind is RedemptionKind.CASH:
        return Decision(rows=(replace(after, state="selling"),)) + dispose(f"{row.id}:sell", view.stock, row.id, whole)
    stock, instruction_id = view.stock, row.instruction_id
    action = Instruct(instruction_id, InstructionKind.DELIVER, stock.isin, whole, stock.account, row.deliver_to, row.id)
    held = Transfer(instruction_id, f"{row.stock}/delivering", f"{row.stock}/custody", whole.atoms, row.id)
    command = Command(instruction_id, "Redemption", row.id, action)
    return Decision((replace(after, state="delivering"),), (held,), commands=(command,))


def _delivered(row: Redemption, event: InstructionSettled, view: View) -> Decision:
    if row.state != "delivering" or event.instruction_id != row.instruction_id:
        return Decision()
    key, gone, back = f"{row.id}:delivered", event.shares, row.leaving - event.shares
    transfers = (
        Transfer(key, f"{row.stock}/redemption_claim", f"{row.stock}/delivering", gone.atoms, row.id),
        Transfer(key + ":back", f"{row.stock}/custody", f"{row.stock}/delivering", back.atoms, row.id),
    )
    return Decision(transfers=tuple(t for t in transfers if t.amount)) + _settle_fraction(_left(row, gone), view)


def _left(row: Redemption, shares: Shares) -> Redemption:
    return replace(row, claim=row.claim - shares, delivered=row.delivered + shares, leaving=Shares(0))


def _settle_fraction(row: Redemption, view: View) -> Decision:
    """The issuer's inventory buys the fraction of a share that cannot move, at the last close; then pay.

    Where a network hands over, the issuer pays it with a fraction that it owns there.
    """
    fraction, price = row.claim, view.stock.price.proceeds_down(row.claim)
    key, payable = f"{row.id}:fraction", accounts.client_payable(row.id)
    given = fraction_at_network(row.id, row.stock, fraction, view) if row.via else ()
    if given:
        return Decision(transfers=given) + pay(replace(row, claim=Shares(0), delivered=row.delivered + fraction))
    transfers = (
        Transfer(key, f"{row.stock}/redemption_claim", f"{row.stock}/inventory", fraction.atoms, row.id),
        Transfer(key + ":price", accounts.CAPITAL, payable, price.atoms, row.id),
    )
    after = replace(row, claim=Shares(0), owed=row.owed + price)
    return Decision(transfers=tuple(t for t in transfers if t.amount)) + pay(after)


def _delivery_failed(row: Redemption, event: InstructionFailed, view: View) -> Decision:
    """A delivery that failed for good leaves the shares in custody: what they are worth is minted back (restitution)."""
    if row.state != "delivering" or event.instruction_id != row.instruction_id or not event.final:
        return Decision()
    key = f"{row.id}:delivery-failed"
    back = Transfer(key, f"{row.stock}/custody", f"{row.stock}/delivering", row.leaving.atoms, row.id)
    return Decision(transfers=(back,)) + _restitute(row, view)


def _restitute(row: Redemption, view: View) -> Decision:
    """Mint what the claim is worth back to the holder, on the evidence of the burn and the cancelled delivery.

    While a corporate action holds the primary market the claim waits, and follows its split.
    """
    stock = view.stock
    if not stock.is_open:
        return Decision(rows=(replace(row, state="owed_back", leaving=Shares(0)),))
    raw = min(stock.multiplier.to_raw_down(row.claim), row.escrowed)  # never more than was burned, as the chain asks
    mint_id = f"{row.id}/restitution"
    cancelled = f"{row.id}:sell:r" if row.kind is RedemptionKind.CASH else row.instruction_id
    evidence = {
        "kind": "restitution",
        "mint_id": mint_id,
        "stock": row.stock,
        "isin": stock.isin,
        "epoch": stock.epoch,
        "redemption_id": row.id,
        "burn": row.burn_tx,
        "cancelled": cancelled,
    }
    digest = evidence_hash(evidence)
    voucher = MintVoucher(
        row.chain, row.stock, stock.token(row.chain), row.wallet, raw, MintKind.RESTITUTION, mint_id, digest, stock.epoch,
        stock.multiplier, view.now + view.terms.voucher_life_s,
    )  # fmt: skip
    after = replace(row, state="restituting", attempts=row.attempts + 1, leaving=Shares(0), restored=raw)
    key = f"{row.id}:restitute:{after.attempts}"
    held = Transfer(key, *_raw_back(row), raw.grains, row.id, Phase.PENDING)
    command = Command(key, "Redemption", row.id, Mint(voucher, canonical(evidence).decode()))
    return Decision((after,), (held,), commands=(command,), uses=(("evidence", digest, mint_id),))


def _restituted(row: Redemption) -> Decision:
    key = f"{row.id}:restitute:{row.attempts}"
    transfers = (
        Transfer(f"{key}:post", *_raw_back(row), row.restored.grains, row.id, Phase.POST, key),
        Transfer(f"{key}:claim", f"{row.stock}/redemption_claim", f"{row.stock}/outstanding", row.claim.atoms, row.id),
    )
    booked = Decision(transfers=transfers, facts=(TokensRestored(row.id, row.stock, row.chain, row.restored),))
    return booked + pay(replace(row, claim=Shares(0)), "refunded")


# held


def _resumed(row: Redemption, view: View) -> Decision:
    """A person put right what held it: pay what the bank refused, or give back the escrowed tokens that were not taken."""
    if row.state != "held":
        return Decision()
    if row.owed and row.paid_in == "bank":
        return pay_anew(replace(row, reason=""))
    if row.burn_tx or not row.sender:
        return Decision(rows=(row,))
    return _refund(replace(row, attempts=row.attempts + 1), view.stock.token(row.chain))


# a split before delivery


def _rescaled(row: Redemption, event: Rescaled) -> Decision:
    """A split that comes before delivery rescales the claim."""
    if row.epoch >= event.epoch or not row.claim:
        return Decision()
    claim, leaving = (shares.times_down(event.new, event.old) for shares in (row.claim, row.leaving))
    return Decision(rows=(replace(row, claim=claim, leaving=leaving, epoch=event.epoch),))
