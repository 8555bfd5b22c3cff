"""A corporate action on its way to the token holders.

    split:     announced > corroborated > frozen > staging > staged > verifying > final
    cash:      announced > corroborated > frozen > buying > staging > staged > verifying > resumed > final
    maturity:  announced > corroborated > frozen > maturing > final
               frozen until two sources agree or operators decide; held where a person must; taking_back on the way to a
               new staging; corrected or cancelled at the end where the sources say so

From the last close before the ex-date the primary market of the stock waits. A split raises the epoch; cash is bought for
from working capital and raises the multiplier once its shares are in custody, so that nobody in between gains or loses it.
"""

from dataclasses import replace
from datetime import date
from typing import assert_never

from openscrip.assets.acquisition import AcquisitionFailed, SharesArrived, acquire
from openscrip.assets.actions import Rescaled, Woken
from openscrip.assets.corporate_actions import (
    CapitalReturn,
    CashDividend,
    Coupon,
    ForwardSplit,
    ManualAction,
    Maturity,
    RatioAction,
    ReverseSplit,
    StockDividend,
    after_split,
    code_of,
    is_large,
    latest,
    same_terms,
)
from openscrip.assets.notice import Notice
from openscrip.assets.products import fits
from openscrip.issuance.action_questions import APPROVAL, UNTOUCHED, asks, missing_dates, noted
from openscrip.issuance.actions import Differs, Landed, Rejected, Verified
from openscrip.issuance.correction import reconsidered, staging_answered, take_back_again, taken_back
from openscrip.issuance.distribution_row import (
    LOOK_AHEAD_S,
    SETTLING_S,
    ActionView,
    Announced,
    Distribution,
    DistributionEvent,
    DividendReceived,
    HoldingSplit,
    MultiplierChanged,
    QuestionClosed,
    QuestionOpened,
    Resolved,
    Step,
    StockFrozen,
    StockMatured,
    StockResumed,
    StockSplit,
    UnitsPaidOut,
    wake,
)
from openscrip.issuance.maturity import await_payout, is_last, keep_for_payout, paid_out
from openscrip.issuance.reinvestment import arrived, buy, received, rescaled
from openscrip.issuance.split_booking import heard_split, holding_split
from openscrip.issuance.staging import (
    END_AGAIN,
    differed,
    finish_again,
    finish_refused,
    resume,
    schedule,
    stage_refused,
    staged,
    verified,
    verify,
)
from openscrip.kernel.clock import new_york_instant
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision

__all__ = (
    "ActionView",
    "Announced",
    "Distribution",
    "DistributionEvent",
    "DividendReceived",
    "HoldingSplit",
    "MultiplierChanged",
    "QuestionClosed",
    "QuestionOpened",
    "Resolved",
    "StockFrozen",
    "StockMatured",
    "StockResumed",
    "StockSplit",
    "UnitsPaidOut",
    "announce",
    "decide",
    "ex_date",
    "heard_split",
)


def announce(event: Announced) -> Decision:
    """A first source: remember it, look for what is missing some days before the freeze, and again at the freeze."""
    notice = event.notice
    row = Distribution(
        notice.event_id, notice.symbol, (notice,), event.freeze_at, event.effective_at, awaits="freeze",
        trail=(Step("ANNOUNCED", new_york_instant(notice.announced_on, 0)),),
    )  # fmt: skip
    looks = (wake(row, "freeze", row.freeze_at), wake(row, "look", row.freeze_at - LOOK_AHEAD_S))
    if notice.is_withdrawn:
        row = replace(row, state="cancelled", reason="withdrawn by its source")
    return Decision(rows=(row,), commands=looks)


def decide(row: Distribution, event: DistributionEvent, view: ActionView) -> Decision:
    """What follows from `event`, with phases and questions noted. News that was told before changes nothing."""
    return noted(row, _decided(row, event, view), view)


def _decided(row: Distribution, event: DistributionEvent, view: ActionView) -> Decision:
    match event:
        case Announced():
            return _told(row, event, view)
        case Resolved():
            return _resolved(row, event, view)
        case Woken():
            return _woken(row, event, view)
        case HoldingSplit():
            return holding_split(row, event, view)
        case SharesArrived():
            return arrived(row, event, view)
        case AcquisitionFailed():
            return Decision(rows=(replace(row, state="held", reason=event.reason),)) if row.state == "buying" else Decision()
        case Landed():
            return _landed(row, event, view)
        case Rejected():
            return _rejected(row, event, view)
        case Verified():
            return verified(row, view)
        case Differs():
            return differed(row, event.text, view)
        case DividendReceived():
            return received(row, event, view)
        case UnitsPaidOut():
            return paid_out(row, event, view)
        case Rescaled():
            return rescaled(row, event)
        case _:
            assert_never(event)


def _landed(row: Distribution, event: Landed, view: ActionView) -> Decision:
    if event.command.startswith(f"{row.id}:takeback:"):
        return taken_back(row, event, view)
    return staging_answered(staged(row, event, view), view)


def _rejected(row: Distribution, event: Rejected, view: ActionView) -> Decision:
    if event.command.startswith(f"{row.id}:takeback:"):
        return taken_back(row, event, view)
    if event.command.startswith(f"{row.id}:finish:"):
        return finish_refused(row, event, view)
    return staging_answered(stage_refused(row, event, view), view)


# announced > corroborated


def _told(row: Distribution, event: Announced, view: ActionView) -> Decision:
    """Each source's latest word stands; what was told before, or is older, changes nothing."""
    notices = latest(row.notices, event.notice)
    if notices == row.notices:
        return _told_again(row, event.notice)
    after = replace(row, notices=notices)
    if row.state == "cancelled" and not row.rounds > 1:
        return _weighed_again(row, after, event, view)
    if row.state not in UNTOUCHED:
        return reconsidered(after, view)
    return _weighed(row, after, event, view)


def _weighed_again(row: Distribution, after: Distribution, event: Announced, view: ActionView) -> Decision:
    """What was withdrawn before anything was done for it is told anew: it starts again, and freezes in its time."""
    if after.settled is not None and after.settled.is_withdrawn:
        return Decision(rows=(after,))
    name = f"freeze:{sum(notice.revision for notice in after.notices)}"
    again = replace(after, state="announced", terms=None, reason="", awaits=name, freeze_at=event.freeze_at,
                    effective_at=event.effective_at)  # fmt: skip
    asked = Decision(commands=(wake(again, name, max(again.freeze_at, view.now)),))
    return asked + _weighed(replace(row, state="announced", terms=None), again, event, view)


def _weighed(row: Distribution, after: Distribution, event: Announced, view: ActionView) -> Decision:
    """What the sources say together, while nothing is done about it yet. A corrected ex-date moves the freeze."""
    terms = after.settled
    if terms is not None and terms.is_withdrawn and row.base is None:
        ended = replace(after, state="cancelled", awaits="", reason="withdrawn by its sources", terms=terms)
        return resume(ended, view) if row.state == "frozen" else Decision(rows=(ended,))
    changed = row.settled is not None and (terms is None or not same_terms(row.settled, terms))
    if changed:
        after = replace(after, approved=(), large=False)
    later, stands = Decision(), terms is not None and event.notice.ex_date == terms.ex_date
    if stands and row.state != "frozen" and event.freeze_at != after.freeze_at:
        after = _moved(after, event)
        later = Decision(commands=(wake(after, after.awaits, after.freeze_at),))
    if terms is None:
        state = "announced" if row.state == "corroborated" else row.state
        return later + Decision(rows=(replace(after, state=state),))
    return later + _agreed(after, view)


def _moved(row: Distribution, event: Announced) -> Distribution:
    name = f"freeze:{event.freeze_at}"
    return replace(row, freeze_at=event.freeze_at, effective_at=event.effective_at, awaits=name)


def _told_again(row: Distribution, notice: Notice) -> Decision:
    """A source says the same with more dates beside it; a booking that came first stood for its notice until then.

    What is hashed for the chains is what the source itself told.
    """
    before = next(n for n in row.notices if n.source == notice.source)
    fuller = _dates_missing(notice) < _dates_missing(before) and notice.revision == before.revision
    if not fuller or not same_terms(before, notice) or row.staged_on:
        return Decision()
    return Decision(rows=(replace(row, notices=tuple(notice if n == before else n for n in row.notices)),))


def _dates_missing(notice: Notice) -> tuple[date, bool, bool]:
    return notice.announced_on, notice.record_date is None, notice.pay_date is None


# an operator's word


def _resolved(row: Distribution, event: Resolved, view: ActionView) -> Decision:
    """Operators chose a source, gave dates, approved, or carried it out by hand."""
    match event.question:
        case "approval":
            approved = replace(row, approved=event.people or (event.document,))
            return _approved(approved, view) if asks(row, APPROVAL) else Decision()
        case "dates":
            dated = replace(row, record_date=event.record_date or row.record_date, pay_date=event.pay_date or row.pay_date)
            return _unblocked(dated, view)
        case "manual" | "terms":
            done = replace(row, state="final", awaits="", reason=event.document, terms=row.standing)
            return resume(done, view) if row.state in UNTOUCHED else Decision()
        case "chains":
            return _retried(replace(row, reason=event.document), view)
        case _:
            return _chosen(row, event, view)


def _chosen(row: Distribution, event: Resolved, view: ActionView) -> Decision:
    chosen = next((n for n in row.notices if n.source == event.source), None)
    if chosen is None or row.settled is not None:
        return Decision()
    after = replace(row, resolved_by=event.source, resolved_revision=chosen.revision, reason=event.document)
    if row.state not in UNTOUCHED:
        return reconsidered(after, view)
    if chosen.is_withdrawn and row.base is None:
        ended = replace(after, state="cancelled", awaits="", terms=chosen)
        return resume(ended, view) if row.state == "frozen" else Decision(rows=(ended,))
    return _agreed(after, view)


def _approved(row: Distribution, view: ActionView) -> Decision:
    return schedule(row, view) if row.state == "staging" else _unblocked(row, view)


def _unblocked(row: Distribution, view: ActionView) -> Decision:
    """Go on where the action waited for exactly this."""
    if row.state == "frozen" and not row.awaits and row.corroborated:
        return _stage_later(row, view.now, view)
    return Decision(rows=(row,))


def _retried(row: Distribution, view: ActionView) -> Decision:
    """After a person put right what held the action: verify it where it took effect, otherwise buy or stage what is left."""
    if row.state != "held":
        return Decision()
    if row.staged_on and len(row.staged_on) == len(view.stock.tokens):
        return verify(row, view)
    if isinstance(row.action, CashDividend | CapitalReturn | Coupon) and row.arrived < row.wanted:
        more = row.wanted - row.arrived
        again = replace(row, state="buying", rounds=row.rounds + 1)
        return Decision((again,)) + acquire(f"{again.key('more')}", view.stock, row.id, more)
    return Decision(rows=(row,)) if row.staged_on else schedule(replace(row, state="staging"), view)


def _agreed(row: Distribution, view: ActionView) -> Decision:
    """Two sources agree. Before a reverse split the issuer must own the fraction of a share that custody will lose."""
    action, funding = row.action, Decision()
    if isinstance(action, ReverseSplit) and view.stock.free < Shares.whole(-(-action.old // action.new)):
        funding = acquire(row.key("fund"), view.stock, "inventory", Shares.whole(-(-action.old // action.new)))
        row = replace(row, rounds=row.rounds + 1)
    if isinstance(action, ForwardSplit | ReverseSplit | StockDividend):
        row = replace(row, large=row.base is not None or _moves_much(action, view))
    if row.state == "frozen":
        return funding + _stage_later(row, view.now, view)
    return funding + Decision(rows=(replace(row, state="corroborated"),))


def _moves_much(action: RatioAction, view: ActionView) -> bool:
    before = view.stock.multiplier
    return is_large(before, replace(before, value=before.value * action.new // action.old))


# frozen > staging or buying


def _woken(row: Distribution, event: Woken, view: ActionView) -> Decision:
    """Act on the one wake that the row awaits; a wake that was told twice, or is overtaken, changes nothing."""
    if event.why == "look" and row.state in UNTOUCHED:
        return Decision(rows=(replace(row, looked=True),))
    if event.why.startswith(END_AGAIN) and row.state in ("final", "corrected"):
        return finish_again(row, event.why, view)
    if not row.awaits or event.why != row.awaits:
        return Decision()
    match row.state:
        case "announced" | "corroborated":
            return _freeze(replace(row, looked=True), view)
        case "frozen":
            return _go_on(row, view)
        case "staging":
            return schedule(row, view)
        case "staged" | "verifying":
            return verify(row, view)
        case "taking_back":
            return take_back_again(row, view)
        case _:
            return Decision()


def _freeze(row: Distribution, view: ActionView) -> Decision:
    """From the last close before the ex-date the primary market waits, whether the sources agree yet or not."""
    stock = replace(view.stock, frozen_by=(*view.stock.frozen_by, row.id))
    fact = StockFrozen(row.stock, row.id)
    return Decision((stock,), facts=(fact,)) + _stage_later(replace(row, state="frozen"), view.now, view)


def _stage_later(row: Distribution, at: int, view: ActionView) -> Decision:
    """Look again at `at`; shares for cash are not bought before the ex-date's opening."""
    if isinstance(row.action, CashDividend | CapitalReturn | Coupon):
        at = max(at, row.effective_at)
    later = replace(row, attempts=row.attempts + 1)
    later = replace(later, awaits=f"stage:{later.attempts}")
    return Decision(rows=(later,), commands=(wake(later, later.awaits, max(at, view.now)),))


def _waits_for(row: Distribution, view: ActionView) -> str:
    """What an operator must say before the action goes on; empty if nothing."""
    if not row.corroborated:
        return row.reason or "distribution: waits for a second source or an operator"
    action = row.action
    if isinstance(action, ManualAction):
        return f"distribution: {action.code} is carried out by hand"
    if not fits(view.stock.kind, action):
        return f"distribution: {code_of(action)} does not fit a line of kind {view.stock.kind}"
    if row.large and not row.approved:
        return "distribution: waits for two people to approve a change of more than 1 %"
    if isinstance(action, CashDividend | CapitalReturn | Coupon | Maturity) and row.standing.currency != "USD":
        return f"distribution: paid in {row.standing.currency}, which is carried out by hand"
    if isinstance(action, CashDividend | CapitalReturn | Coupon) and not row.corrects and missing_dates(row):
        return f"distribution: waits for its {' and '.join(missing_dates(row))}"
    return ""


def _go_on(row: Distribution, view: ActionView) -> Decision:
    """Stage a split, or buy for cash, once nothing is missing, earlier actions are through and nothing is in flight."""
    waits_for = _waits_for(row, view)
    if waits_for:
        return Decision(rows=(replace(row, awaits="", reason=waits_for),))
    if view.in_flight or view.stock.frozen_by[0] != row.id:
        return _stage_later(row, view.now + SETTLING_S, view)
    action = row.action
    match action:
        case ForwardSplit() | ReverseSplit() | StockDividend():
            before, epoch = view.stock.multiplier, view.stock.chain_epoch + 1
            after = after_split(before, action)
            going = replace(row, before=before, after=after, epoch_after=epoch, state="staging", terms=row.standing, reason="")
            return schedule(going, view)
        case CashDividend() | CapitalReturn() | Coupon():
            return keep_for_payout(row, action, view) if is_last(action, view.stock) else buy(row, action, view)
        case Maturity():
            return await_payout(row)
        case ManualAction():
            return Decision(rows=(row,))
        case _:
            assert_never(action)


def ex_date(row: Distribution) -> date:
    """The ex-date of the action."""
    return row.action.ex_date
