"""A corporate action on its way to the token holders.

    split:     announced > corroborated > frozen > staging > staged > verifying > final
    dividend:  announced > corroborated > frozen > buying > staging > staged > verifying > resumed > final
               frozen until two sources agree or an operator decides; held where a person must

From the last close before the ex-date the primary market of the stock waits. A split raises the epoch; a dividend is bought
from working capital and raises the multiplier once its shares are in custody, so that nobody in between gains or loses it.
"""

from dataclasses import replace
from datetime import date
from typing import assert_never

from openscrip.assets.acquisition import AcquisitionFailed, SharesArrived, acquire
from openscrip.assets.actions import Rescaled, Woken
from openscrip.assets.corporate_actions import CashDividend, ForwardSplit, ReverseSplit, after_split, sources_agree
from openscrip.assets.notice import Notice
from openscrip.issuance.actions import Differs, Landed, Rejected, Verified
from openscrip.issuance.distribution_row import (
    SETTLING_S,
    ActionView,
    Announced,
    Distribution,
    DistributionEvent,
    DividendReceived,
    HoldingSplit,
    MultiplierChanged,
    Resolved,
    StockFrozen,
    StockResumed,
    StockSplit,
    wake,
)
from openscrip.issuance.reinvestment import arrived, buy, received, rescaled
from openscrip.issuance.split_booking import heard_split, holding_split
from openscrip.issuance.staging import (
    differed,
    finish_again,
    finish_refused,
    schedule,
    stage_refused,
    staged,
    verified,
    verify,
)
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
    "Resolved",
    "StockFrozen",
    "StockResumed",
    "StockSplit",
    "announce",
    "decide",
    "ex_date",
    "heard_split",
)


def announce(event: Announced) -> Decision:
    """A first source: remember it, and look again at the freeze."""
    notice = event.notice
    row = Distribution(
        notice.event_id, notice.symbol, (notice,), event.freeze_at, event.effective_at, awaits="freeze"
    )
    return Decision(rows=(row,), commands=(wake(row, "freeze", row.freeze_at),))


def decide(row: Distribution, event: DistributionEvent, view: ActionView) -> Decision:
    """What follows from `event`. News that was told before changes nothing."""
    match event:
        case Announced():
            return _corroborated(row, event, view)
        case Resolved():
            return _resolved(row, event, view)
        case Woken():
            return _woken(row, event, view)
        case HoldingSplit():
            return holding_split(row, event, view)
        case SharesArrived():
            return arrived(row, event, view)
        case AcquisitionFailed():
            return Decision(rows=(replace(row, state="held", reason=event.reason),))
        case Landed():
            return staged(row, event, view)
        case Rejected():
            ended = event.command.startswith(f"{row.id}:finish:")
            return finish_refused(row, event, view) if ended else stage_refused(row, event, view)
        case Verified():
            return verified(row, view)
        case Differs():
            return differed(row, event.text, view)
        case DividendReceived():
            return received(row, event, view)
        case Rescaled():
            return rescaled(row, event)
        case _:
            assert_never(event)


# announced > corroborated


def _corroborated(row: Distribution, event: Announced, view: ActionView) -> Decision:
    if any(n.source == event.notice.source for n in row.notices):
        return _told_again(row, event.notice)
    if row.state not in ("announced", "frozen"):
        return Decision()
    after = replace(row, notices=(*row.notices, event.notice))
    if sources_agree(after.notices) is False:
        return Decision(rows=(replace(after, reason="distribution: two sources differed; an operator must choose"),))
    return _agreed(after, view)


def _told_again(row: Distribution, notice: Notice) -> Decision:
    """A source says the same with more dates beside it; a booking that came first stood for its notice until then.

    What is hashed for the chains is what the source itself told.
    """
    before = next(n for n in row.notices if n.source == notice.source)
    fuller, same = _dates_missing(notice) < _dates_missing(before), sources_agree((before, replace(notice, source="")))
    if not fuller or not same or row.staged_on:
        return Decision()
    return Decision(rows=(replace(row, notices=tuple(notice if n == before else n for n in row.notices)),))


def _dates_missing(notice: Notice) -> tuple[date, bool, bool]:
    return notice.announced_on, notice.record_date is None, notice.pay_date is None


def _resolved(row: Distribution, event: Resolved, view: ActionView) -> Decision:
    if row.corroborated or event.source not in {n.source for n in row.notices}:
        return Decision()
    return _agreed(replace(row, resolved_by=event.source, reason=event.document), view)


def _agreed(row: Distribution, view: ActionView) -> Decision:
    """Two sources agree. Before a reverse split the issuer must own the fraction of a share that custody will lose."""
    action = row.action
    funding = Decision()
    if isinstance(action, ReverseSplit) and view.stock.free < Shares.whole(-(-action.old // action.new)):
        funding = acquire(f"{row.id}:fund", view.stock, "inventory", Shares.whole(-(-action.old // action.new)))
    if row.state == "frozen":
        return funding + _stage_later(row, view.now, view)
    return funding + Decision(rows=(replace(row, state="corroborated"),))


# frozen > staging or buying


def _woken(row: Distribution, event: Woken, view: ActionView) -> Decision:
    """Act on the one wake that the row awaits; a wake that was told twice, or is overtaken, changes nothing."""
    if not row.awaits or event.why != row.awaits:
        return Decision()
    match row.state:
        case "announced" | "corroborated":
            return _freeze(row, view)
        case "frozen":
            return _go_on(row, view)
        case "staging":
            return schedule(row, view)
        case "staged" | "verifying":
            return verify(row, view)
        case "final":
            return finish_again(row, view)
        case _:
            return Decision()


def _freeze(row: Distribution, view: ActionView) -> Decision:
    """From the last close before the ex-date the primary market waits, whether the sources agree yet or not."""
    stock = replace(view.stock, frozen_by=(*view.stock.frozen_by, row.id))
    fact = StockFrozen(row.stock, row.id)
    return Decision((stock,), facts=(fact,)) + _stage_later(replace(row, state="frozen"), view.now, view)


def _stage_later(row: Distribution, at: int, view: ActionView) -> Decision:
    """Look again at `at`; a dividend's shares are not bought before the ex-date's opening."""
    if isinstance(row.action, CashDividend):
        at = max(at, row.effective_at)
    later = replace(row, attempts=row.attempts + 1)
    later = replace(later, awaits=f"stage:{later.attempts}")
    return Decision(rows=(later,), commands=(wake(later, later.awaits, max(at, view.now)),))


def _go_on(row: Distribution, view: ActionView) -> Decision:
    """Stage a split, or buy a dividend's shares, once sources agree, earlier actions are through and nothing is in flight."""
    if not row.corroborated:
        reason = row.reason or "distribution: waits for a second source or an operator"
        return Decision(rows=(replace(row, awaits="", reason=reason),))
    if view.in_flight or view.stock.frozen_by[0] != row.id:
        return _stage_later(row, view.now + SETTLING_S, view)
    action = row.action
    match action:
        case ForwardSplit() | ReverseSplit():
            before, epoch = view.stock.multiplier, view.stock.chain_epoch + 1
            after = after_split(before, action)
            return schedule(replace(row, before=before, after=after, epoch_after=epoch, state="staging"), view)
        case CashDividend():
            return buy(row, action, view)
        case _:
            assert_never(action)


def ex_date(row: Distribution) -> date:
    """The ex-date of the action."""
    return row.action.ex_date
