"""The multiplier of a corporate action on its way to every chain: scheduled, staged, effective, verified, resumed.

All chains get one value from one instant (I6). What a chain refuses is asked again in the next round, as long as no other
chain's instant has come.
"""

from dataclasses import replace

from openscrip.assets.corporate_actions import (
    LARGE_WITHIN_S,
    CapitalReturn,
    CashDividend,
    Coupon,
    ForwardSplit,
    ReverseSplit,
    StockDividend,
    chain_code_of,
    code_of,
)
from openscrip.assets.stock import Stock
from openscrip.assets.wire import to_json
from openscrip.issuance.action_questions import CONFLICT, asks, marked
from openscrip.issuance.actions import Finish, Landed, Rejected, Schedule, Verify
from openscrip.issuance.distribution_row import (
    NOTICE_S,
    PAUSE_S_MAX,
    SETTLING_S,
    ActionView,
    Distribution,
    MultiplierChanged,
    StockResumed,
    wake,
)
from openscrip.issuance.voucher import (
    ActionFinish,
    AnnouncedAction,
    MultiplierChange,
    canonical,
    evidence_hash,
    source_hashes,
    sources_hash,
)
from openscrip.runtime.decision import Decision
from openscrip.runtime.store import Command

FINISH_AGAIN_S = 3_600
FINISHES_MAX = 5
END_AGAIN = "end-again:"


def schedule(row: Distribution, view: ActionView) -> Decision:
    """Ask every chain that has not staged the change yet for the same value from the same instant.

    What moves the multiplier by more than 1 % within 24 hours waits for two people first.
    """
    if not row.staged_on:
        row = marked(row, view.stock.multiplier_since(view.now - LARGE_WITHIN_S), row.after)
    if row.large and not row.approved and not row.staged_on:
        return Decision(rows=(replace(row, awaits=""),))
    if row.staged_on and row.effective_at <= view.now:
        reason = f"distribution: {', '.join(row.staged_on)} staged the multiplier and no other chain did; a person must decide"
        return Decision(rows=(replace(row, state="held", reason=reason),))
    effective_at = row.effective_at if row.staged_on else max(row.effective_at, view.now + NOTICE_S)
    longest = max(row.freeze_at, view.now - PAUSE_S_MAX)
    asked = replace(
        row,
        attempts=row.attempts + 1,
        refused_on=(),
        awaits="",
        effective_at=effective_at,
        paused_from=row.paused_from if row.staged_on else min(effective_at, longest),
    )
    event, action, ratio = canonical(event_of(asked)).decode(), _announced(asked), asked.ratio
    commands = []
    for chain, token in view.stock.tokens:
        if chain not in asked.staged_on:
            change = MultiplierChange(
                chain, row.stock, token, asked.before, asked.after, effective_at, asked.epoch_after, action, *ratio,
                asked.paused_from,
            )  # fmt: skip
            key = f"{row.id}:schedule:{chain}:{asked.attempts}"
            commands.append(Command(key, "Distribution", row.id, Schedule(change, event)))
    return Decision(rows=(asked,), commands=tuple(commands))


def event_of(row: Distribution) -> dict[str, object]:
    """The action in plain JSON, as the attestor reads it."""
    action, announced = row.action, _announced(row)
    split = action if isinstance(action, ForwardSplit | ReverseSplit | StockDividend) else None
    cash = str(action.gross) if isinstance(action, CashDividend | CapitalReturn | Coupon) else None
    return {
        "event_id": row.chain_id,
        "symbol": row.stock,
        "event": code_of(action),
        "ex_date": announced.ex_date.isoformat(),
        "record_date": announced.record_date.isoformat() if announced.record_date else None,
        "pay_date": announced.pay_date.isoformat() if announced.pay_date else None,
        "ratio_new": split.new if split else None,
        "ratio_old": split.old if split else None,
        "cash_usd": cash,
        "bought": str(row.bought) if row.bought else None,
        "eligible": str(row.eligible) if row.eligible else None,
        "sources": source_hashes(to_json(notice) for notice in row.agreed),
    }


def _announced(row: Distribution) -> AnnouncedAction:
    """What is announced on chain. Record and pay date are the custodian's: the attestor holds its notice beside them."""
    action, agreed = row.action, row.agreed
    dated = next((notice for notice in agreed if notice.source == "custodian"), agreed[0])
    ratio = (action.new, action.old) if isinstance(action, ForwardSplit | ReverseSplit | StockDividend) else (0, 0)
    return AnnouncedAction(
        row.chain_id,
        chain_code_of(action),
        action.ex_date,
        dated.record_date,
        dated.pay_date,
        *ratio,
        action.gross.micros if isinstance(action, CashDividend | CapitalReturn | Coupon) else 0,
        sources_hash(to_json(notice) for notice in agreed),
    )


def _chain_asked(row: Distribution, command: str) -> str:
    """The chain whose answer in this round is still missing and comes with `command`; empty if it is old news."""
    chain, _, attempt = command.removeprefix(f"{row.id}:schedule:").partition(":")
    known = chain in row.staged_on or chain in row.refused_on
    return chain if row.state == "staging" and attempt == str(row.attempts) and not known else ""


def staged(row: Distribution, event: Landed, view: ActionView) -> Decision:
    """A chain took the change."""
    chain = _chain_asked(row, event.command)
    if not chain:
        return Decision()
    return _answered(replace(row, staged_on=(*row.staged_on, chain)), view)


def stage_refused(row: Distribution, event: Rejected, view: ActionView) -> Decision:
    """A chain or the attestor refused the change; it is asked again once all chains have answered."""
    chain = _chain_asked(row, event.command)
    if not chain:
        return Decision()
    return _answered(replace(row, refused_on=(*row.refused_on, chain), reason=event.text), view)


def is_answered(row: Distribution, view: ActionView) -> bool:
    """Whether every chain has answered in this round."""
    return len(row.staged_on) + len(row.refused_on) >= len(view.stock.tokens)


def _answered(row: Distribution, view: ActionView) -> Decision:
    if not is_answered(row, view):
        return Decision(rows=(row,))
    if row.refused_on:
        waiting = replace(row, awaits=f"again:{row.attempts}")
        return Decision(rows=(waiting,), commands=(wake(waiting, waiting.awaits, view.now + SETTLING_S),))
    why = "effective" if row.revision == 1 else f"effective:{row.revision}"
    waiting = replace(row, state="staged", awaits=why)
    return Decision(rows=(waiting,), commands=(wake(waiting, why, max(row.effective_at, view.now)),))


def verify(row: Distribution, view: ActionView) -> Decision:
    """Ask chains and custodian whether they agree with the books; a later split may be booked already."""
    attempt = replace(row, state="verifying", attempts=row.attempts + 1, awaits="")
    action = Verify(row.stock, row.after.value, row.after.version, max(row.epoch_after, view.stock.epoch))
    return Decision((attempt,), commands=(Command(f"{row.id}:check:{attempt.attempts}", "Distribution", row.id, action),))


def differed(row: Distribution, text: str, view: ActionView) -> Decision:
    """They do not agree yet: look again later."""
    return _look_again(row, text, view)


def _look_again(row: Distribution, text: str, view: ActionView) -> Decision:
    if row.state != "verifying" or row.awaits:
        return Decision()
    waiting = replace(row, awaits=f"verify:{row.attempts}", reason=text)
    return Decision(rows=(waiting,), commands=(wake(waiting, waiting.awaits, view.now + SETTLING_S),))


def verified(row: Distribution, view: ActionView) -> Decision:
    """Chains, statement and ledger agree: the books use the new multiplier and the primary market resumes.

    Not while the sources have come to differ: whose word holds decides whether there is a correction.
    """
    if row.state != "verifying":
        return Decision()
    if asks(row, CONFLICT):
        return _look_again(row, "distribution: its sources came to differ; operators must say which holds", view)
    cash = isinstance(row.action, CashDividend | CapitalReturn | Coupon)
    waits_for_cash = cash and not row.cash and not row.corrects
    done = replace(row, state="resumed" if waits_for_cash else "final", awaits="", reason="")
    fact, stock = applied(row, view)
    return Decision(facts=(fact,)) + resume(done, replace(view, stock=stock)) + finish(done, view)


def applied(row: Distribution, view: ActionView) -> tuple[MultiplierChanged, Stock]:
    """The books use what every chain shows."""
    fact = MultiplierChanged(row.stock, row.id, row.after, row.epoch_after, row.effective_at)
    return fact, replace(view.stock.moved(row.after, row.effective_at), chain_epoch=row.epoch_after)


def finish(row: Distribution, view: ActionView) -> Decision:
    """Once it is final in the books, every chain that was told of the action is told so; nothing waits for it."""
    if row.state not in ("final", "corrected") or not row.staged_on:
        return Decision()
    found = (_finish_on(row, chain, token, 1) for chain, token in view.stock.tokens if chain in row.staged_on)
    return Decision(commands=tuple(found))


def finish_refused(row: Distribution, event: Rejected, view: ActionView) -> Decision:
    """A chain or the attestor refused the end: ask again a little later, a few times."""
    chain, _, tried = event.command.removeprefix(f"{row.id}:finish:").partition(":")
    if row.state not in ("final", "corrected") or int(tried) >= FINISHES_MAX:
        return Decision()
    waiting = replace(row, awaits=f"{END_AGAIN}{chain}:{int(tried) + 1}", reason=event.text)
    return Decision(rows=(waiting,), commands=(wake(waiting, waiting.awaits, view.now + FINISH_AGAIN_S),))


def finish_again(row: Distribution, why: str, view: ActionView) -> Decision:
    """The wake that `finish_refused` asked for came; each chain has one of its own."""
    chain, _, attempt = why.removeprefix(END_AGAIN).partition(":")
    asked = _finish_on(row, chain, view.stock.token(chain), int(attempt))
    return Decision(rows=(replace(row, awaits=""),), commands=(asked,))


def _finish_on(row: Distribution, chain: str, token: str, attempt: int) -> Command:
    action = Finish(ActionFinish(chain, row.stock, token, row.chain_id, evidence_hash(event_of(row))))
    return Command(f"{row.id}:finish:{chain}:{attempt}", "Distribution", row.id, action)


def resume(row: Distribution, view: ActionView) -> Decision:
    """This action holds the primary market no longer."""
    left = tuple(event_id for event_id in view.stock.frozen_by if event_id != row.id)
    return Decision((replace(view.stock, frozen_by=left), row), facts=(StockResumed(row.stock, row.id),))
