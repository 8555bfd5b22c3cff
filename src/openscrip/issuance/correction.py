"""What its sources say differently later: a corporate action corrected or withdrawn, before its effect or after.

Before the effect what was staged is taken back on every chain, with the consent of the watch's operator, and staged anew
under another id; or it ends cancelled. After the effect nothing is rewritten: a correction is an action of its own, with a
version of its own, and the first one ends `corrected`. What was distributed too much stays with the holders and is the
issuer's loss: a multiplier never falls for cash.
"""

from dataclasses import replace

from openscrip.assets import accounts
from openscrip.assets.corporate_actions import CapitalReturn, CashDividend, Coupon, net_dividend_down, same_terms
from openscrip.assets.notice import RATIOS, Notice
from openscrip.assets.stock import Stock
from openscrip.issuance.action_terms import ratio_of
from openscrip.issuance.actions import Cancel, Landed, Rejected
from openscrip.issuance.distribution_row import NOTICE_S, SETTLING_S, ActionView, Distribution, wake
from openscrip.issuance.reinvestment import entitle_anew, give_back, not_due
from openscrip.issuance.staging import applied, finish, is_answered, resume
from openscrip.issuance.voucher import ActionCancel, evidence_hash
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command

CONSENT_AGAIN_S = 300
"""How long to wait before the attestor is asked again for its consent to take an action back."""


def reconsidered(row: Distribution, view: ActionView) -> Decision:
    """The sources said something new of an action that is already acted on."""
    terms, acted = row.settled, row.terms
    if terms is None or acted is None or same_terms(terms, acted):
        return Decision(rows=(row,))
    if row.taking_back:
        return Decision(rows=(row,))  # settled once it is taken back
    if _took_effect(row, view):
        return _correct(row, terms, acted, view)
    if row.state == "buying":
        return _restart(row, view)
    return _take_back(replace(row, taking_back="asked"), view)


def _took_effect(row: Distribution, view: ActionView) -> bool:
    if row.state in ("verifying", "resumed", "final", "corrected"):
        return True
    return row.state in ("staging", "staged", "held") and bool(row.staged_on) and view.now >= row.effective_at


# before the effect


def _take_back(row: Distribution, view: ActionView) -> Decision:
    """Once all chains answered, ask those that staged the change to take it back."""
    if row.state == "staging" and not row.awaits and not is_answered(row, view):
        return Decision(rows=(row,))
    if not row.staged_on:
        return _restart(row, view)
    asked = replace(row, state="taking_back", attempts=row.attempts + 1, refused_on=(), awaits="")
    reason = evidence_hash({"action": row.chain_id, "revisions": [notice.revision for notice in row.notices]})
    commands = tuple(
        Command(
            f"{row.id}:takeback:{chain}:{asked.attempts}",
            "Distribution",
            row.id,
            Cancel(ActionCancel(chain, row.stock, view.stock.token(chain), row.chain_id, reason)),
        )
        for chain in row.staged_on
    )
    return Decision(rows=(asked,), commands=commands)


def staging_answered(decision: Decision, view: ActionView) -> Decision:
    """What chains answered to a staging that is to be taken back."""
    row = next((row for row in reversed(decision.rows) if isinstance(row, Distribution)), None)
    if row is None or row.taking_back != "asked" or row.state not in ("staging", "staged") or not is_answered(row, view):
        return decision
    without = replace(decision, commands=())
    return without + _take_back(replace(row, awaits="answered"), view)


def taken_back(row: Distribution, event: Landed | Rejected, view: ActionView) -> Decision:
    """A chain took the change back, or would not; once none has it any more the action starts again."""
    chain, _, attempt = event.command.removeprefix(f"{row.id}:takeback:").partition(":")
    if row.state != "taking_back" or attempt != str(row.attempts) or chain not in row.staged_on or chain in row.refused_on:
        return Decision()
    if isinstance(event, Rejected):
        row = replace(row, refused_on=(*row.refused_on, chain), reason=event.text)
    else:
        row = replace(row, staged_on=tuple(name for name in row.staged_on if name != chain))
    if not row.staged_on:
        return _restart(replace(row, revision=row.revision + 1), view)
    if len(row.refused_on) < len(row.staged_on):
        return Decision(rows=(row,))
    if view.now >= row.effective_at:
        text = f"distribution: it took effect on {', '.join(row.staged_on)} and was taken back elsewhere; a person must decide"
        return Decision(rows=(replace(row, state="held", reason=text),))
    waiting = replace(row, awaits=f"again:{row.attempts}")
    return Decision(rows=(waiting,), commands=(wake(waiting, waiting.awaits, view.now + CONSENT_AGAIN_S),))


def take_back_again(row: Distribution, view: ActionView) -> Decision:
    """The wake that a refusal asked for came."""
    return _take_back(row, view)


def _restart(row: Distribution, view: ActionView) -> Decision:
    """Nothing of it shows anywhere: undo what was booked, then go by the terms that stand now."""
    action, back = row.action, Decision()
    row, stock, transfers = give_back(row, view)
    cash = isinstance(action, CashDividend | CapitalReturn | Coupon)
    if cash:
        transfers = (*transfers, *not_due(row))
    back = Decision((stock,), transfers)
    view = replace(view, stock=stock)
    again = replace(
        row,
        terms=None,
        rounds=row.rounds + 1,
        taking_back="",
        refused_on=(),
        approved=(),
        large=False,
        reason="",
        before=stock.multiplier,
        after=stock.multiplier,
        net=Money(0),
        state="frozen",
        awaits="",
    )
    terms = again.settled
    if terms is not None and terms.is_withdrawn:
        return back + resume(replace(again, state="cancelled", terms=terms), view)
    fresh = again.action
    if cash and terms is not None and isinstance(fresh, CashDividend | CapitalReturn | Coupon) and row.eligible:
        return back + entitle_anew(replace(again, terms=terms), fresh, view)
    later = replace(again, awaits=f"stage:{again.attempts}b{again.rounds}", eligible=Shares(0))
    return back + Decision(rows=(later,), commands=(wake(later, later.awaits, view.now + SETTLING_S),))


# after the effect


def _correct(row: Distribution, terms: Notice, acted: Notice, view: ActionView) -> Decision:
    """The correction as an action of its own, from the terms that took effect to those that stand now."""
    number = max(terms.revision, row.corrections + 2)
    reason = f"corrected by {row.id}~{number}"
    first = replace(row, state="corrected", terms=terms, corrections=number - 1, awaits="", reason=reason)
    adopted = _adopted(row, first, view)
    view = replace(view, stock=next((each for each in reversed(adopted.rows) if isinstance(each, Stock)), view.stock))
    made = Distribution(
        f"{row.id}~{number}",
        row.stock,
        row.notices,
        view.now,
        view.now + NOTICE_S,
        resolved_by=row.resolved_by,
        resolved_revision=row.resolved_revision,
        record_date=row.record_date,
        pay_date=row.pay_date,
        looked=True,
        corrects=row.id,
        base=acted,
        epoch=view.stock.epoch,
        state="frozen",
    )
    if acted.event not in RATIOS:
        return adopted + _correct_cash(first, made, terms, view)
    if ratio_of(acted) == ratio_of(terms):
        return adopted + Decision(rows=(first,))
    return adopted + _queued(first, made, view)


def _adopted(row: Distribution, first: Distribution, view: ActionView) -> Decision:
    """Where the chains show the change but it was not verified yet, the books take it over before it is corrected."""
    ended = finish(first, view) if row.state != "final" else Decision()
    if row.state not in ("staged", "verifying"):
        return Decision(rows=(first,)) + ended
    fact, stock = applied(row, view)
    return Decision(facts=(fact,)) + resume(first, replace(view, stock=stock)) + ended


def _queued(first: Distribution, made: Distribution, view: ActionView) -> Decision:
    """The primary market waits again, for the correction, which two people approve however small it is.

    Tokens were shown by a wrong ratio: until somebody has looked, nothing is minted by the one or the other.
    """
    later = replace(made, terms=None, large=True, attempts=1, awaits="stage:1")
    stock = replace(view.stock, frozen_by=(*view.stock.frozen_by, later.id))
    return Decision((stock, first, later), commands=(wake(later, "stage:1", view.now),))


def _correct_cash(first: Distribution, made: Distribution, terms: Notice, view: ActionView) -> Decision:
    """More cash a share is bought for like the first; less is the issuer's loss, booked at once."""
    action, promised = first.action, first.net + first.extra
    net = Money(0)
    if not terms.is_withdrawn and isinstance(action, CashDividend | CapitalReturn | Coupon):
        net = net_dividend_down(action, first.eligible, view.stock.withheld)
    if net > promised:
        more = net - promised
        first = replace(first, extra=first.extra + more if not first.cash else first.extra)
        return _queued_cash(first, replace(made, net=more), view)
    less = promised - net
    lost = Transfer(f"{made.id}:lost", accounts.CAPITAL, accounts.DIVIDEND_RECEIVABLE, less.atoms, made.id)
    booked = (lost,) if less and not first.cash else ()
    first = replace(first, extra=first.extra - less if not first.cash else first.extra)
    ended = replace(made, state="final", net=Money(0), terms=terms, reason="less than was distributed: the issuer's loss")
    return Decision((first, ended), booked)


def _queued_cash(first: Distribution, made: Distribution, view: ActionView) -> Decision:
    later = replace(made, attempts=1, awaits="stage:1")
    stock = replace(view.stock, frozen_by=(*view.stock.frozen_by, later.id))
    return Decision((stock, first, later), commands=(wake(later, "stage:1", view.now),))
