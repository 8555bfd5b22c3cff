"""The network's side of a redemption in kind, from the escrowed tokens to the participant's journal.

    redeeming > calling > pending > completed          paid, restored; returning > returned; held

`Redemption` of the same id takes the tokens into escrow, burns them (I3), and has custody deliver the whole shares to our
tokenisation account; only then is the network asked for the journal. Other issuers journal first and burn last, and for that
while their supply is above what they hold. What the network refuses for good goes back into custody and is minted again.
"""

from dataclasses import replace
from typing import assert_never

from openscrip.assets.actions import Acknowledged, Rescaled, Resumed, Woken
from openscrip.assets.network import (
    AskRequest,
    CallRedeem,
    NetworkAnswered,
    NetworkOverdue,
    NetworkRefused,
    NetworkStatus,
)
from openscrip.issuance.in_kind import take_back
from openscrip.issuance.in_kind_row import (
    InKindHeld,
    InKindMinted,
    InKindRedeemed,
    InKindRedemption,
    InKindReturned,
    NetworkRedemptionEvent,
)
from openscrip.issuance.redemption import RedemptionCompleted, TokensRestored
from openscrip.issuance.terms import View
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command

CLOSED = ("completed", "paid", "restored", "returned")
WAITING = ("calling", "pending")


def decide(row: InKindRedemption, event: NetworkRedemptionEvent, view: View) -> Decision:
    """What follows from `event`. News that was told before changes nothing."""
    match event:
        case RedemptionCompleted():
            return _delivered(row, event, view)
        case TokensRestored():
            return Decision(rows=(replace(row, state="restored"),)) if row.state == "redeeming" else Decision()
        case NetworkAnswered():
            return _answered(row, event, view)
        case NetworkRefused():
            return _refused(row, event.code, event.text, view) if row.state in WAITING else Decision()
        case NetworkOverdue():
            return _overdue(row, event)
        case InKindMinted():
            return _returned(row)
        case Resumed():
            return _resumed(row, event)
        case Woken() | Acknowledged():
            return Decision()
        case Rescaled():
            return _rescaled(row, event)
        case _:
            assert_never(event)


def _delivered(row: InKindRedemption, event: RedemptionCompleted, view: View) -> Decision:
    """The tokens are burned and the whole shares left custody for our account at the network: ask for the journal.

    The fraction was moved to the claim from the issuer's own shares there, or else was paid in money.
    """
    if row.state != "redeeming":
        return Decision()
    whole = event.shares.whole_down()
    after = replace(row, shares=event.shares, epoch=view.stock.epoch, state="calling" if event.shares else "paid")
    if not event.shares:
        return Decision(rows=(after,))
    key = f"{row.id}:at-network"
    here = Transfer(key, f"{row.stock}/at_network", f"{row.stock}/network_claim", whole.atoms, row.id)
    return Decision(transfers=(here,) if whole else ()) + _call(after)


def _call(row: InKindRedemption) -> Decision:
    """Ask under the redemption's own id, which the network takes once."""
    after = replace(row, calls=row.calls + 1)
    action = CallRedeem(row.id, row.stock, row.token, row.client, row.shares, row.network, row.wallet, row.tx)
    return Decision((after,), commands=(Command(f"{row.id}:call:{after.calls}", "InKindRedemption", row.id, action),))


def _answered(row: InKindRedemption, event: NetworkAnswered, view: View) -> Decision:
    if row.state not in WAITING:
        return Decision()
    after = replace(row, request=event.tokenization_request_id or row.request)
    match event.status:
        case NetworkStatus.PENDING:
            return _ask(replace(after, state="pending")) if row.state == "calling" else Decision(rows=(after,))
        case NetworkStatus.COMPLETED:
            return _completed(after)
        case NetworkStatus.REJECTED:
            return _refused(after, "network.rejected", f"network: it rejected {row.id}", view)
        case _:
            assert_never(event.status)


def _ask(row: InKindRedemption) -> Decision:
    after = replace(row, calls=row.calls + 1)
    action = AskRequest(row.id, row.request)
    return Decision((after,), commands=(Command(f"{row.id}:ask:{after.calls}", "InKindRedemption", row.id, action),))


def _completed(row: InKindRedemption) -> Decision:
    """The participant has the shares."""
    key = f"{row.id}:journaled"
    gone = Transfer(key, f"{row.stock}/network_claim", f"{row.stock}/at_network", row.shares.atoms, row.id)
    fact = InKindRedeemed(row.id, row.stock, row.client, row.shares)
    return Decision((replace(row, state="completed", rule="", reason=""),), (gone,), (fact,))


def _refused(row: InKindRedemption, rule: str, text: str, view: View) -> Decision:
    """Refused for good: the shares are still ours at the network, so they go back into custody and become tokens again."""
    after = replace(row, state="returning", rule=rule, reason=text)
    return Decision(rows=(after,)) + take_back(after, view)


def _returned(row: InKindRedemption) -> Decision:
    if row.state != "returning":
        return Decision()
    fact = InKindReturned(row.id, row.stock, row.client, row.rule)
    return Decision(rows=(replace(row, state="returned"),), facts=(fact,))


def _overdue(row: InKindRedemption, event: NetworkOverdue) -> Decision:
    """Silence is no refusal: nothing is undone, a person asks the network."""
    if row.state not in WAITING:
        return Decision()
    held = replace(row, state="held", rule="network.overdue", reason=event.text)
    return Decision(rows=(held,), facts=(InKindHeld(row.id, row.stock, held.rule, event.text),))


def _resumed(row: InKindRedemption, event: Resumed) -> Decision:
    """Ask once more for as long as it takes."""
    if row.state != "held":
        return Decision()
    return _ask(replace(row, state="pending", rule="", reason=f"{event.by}: {event.reason}"))


def _rescaled(row: InKindRedemption, event: Rescaled) -> Decision:
    """A split while shares lie at the network splits them there."""
    if row.state in (*CLOSED, "redeeming") or row.epoch >= event.epoch:
        return Decision()
    return Decision(rows=(replace(row, shares=row.shares.times_down(event.new, event.old), epoch=event.epoch),))
