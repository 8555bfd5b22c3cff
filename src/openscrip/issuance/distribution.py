"""A corporate action on its way to the token holders.

    split:     announced > corroborated > frozen > staging > staged > verifying > final
    dividend:  announced > corroborated > frozen > buying > staging > staged > verifying > resumed > final
               conflict: two sources differ, or one stays alone; an operator resolves it

From the last close before the ex-date the primary market of the stock waits. A split raises the epoch; a dividend is bought
from working capital and raises the multiplier once its shares are in custody, so that nobody in between gains or loses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never

from openscrip.assets import accounts
from openscrip.assets.acquisition import AcquisitionFailed, SharesArrived, acquire
from openscrip.assets.actions import Rescaled, Wake, Woken
from openscrip.assets.corporate_actions import (
    CashDividend,
    CorporateAction,
    ForwardSplit,
    ReverseSplit,
    action_of,
    after_reinvestment,
    after_split,
    code_of,
    net_dividend_down,
    sources_agree,
)
from openscrip.assets.notice import Notice
from openscrip.assets.stock import Lot, SplitRatio, Stock
from openscrip.issuance.actions import Differs, Landed, Rejected, Schedule, Verified, Verify
from openscrip.issuance.terms import View
from openscrip.issuance.voucher import MultiplierChange, canonical
from openscrip.kernel.money import Bps, Money, PricePerShare, shares_bought_down
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Balance, Transfer
from openscrip.runtime.store import Command

NOTICE_S = 900
"""How far ahead a reinvested dividend's multiplier is scheduled."""
CUSHION = Bps(1_000)
"""Shares ordered above the estimate at the last close; what is not needed stays in the issuer's inventory."""
SETTLING_S = 60


@dataclass(frozen=True, slots=True)
class Distribution:
    """One corporate action of one stock, with everything that the sources said and what became of it."""

    id: str
    stock: str
    notices: tuple[Notice, ...]
    freeze_at: int
    effective_at: int
    resolved_by: str = ""
    eligible: Shares = Shares(0)
    net: Money = Money(0)
    wanted: Shares = Shares(0)
    arrived: Shares = Shares(0)
    receipts: tuple[str, ...] = ()
    cost: Money = Money(0)
    bought: Shares = Shares(0)
    before: Multiplier = Multiplier.one()
    after: Multiplier = Multiplier.one()
    epoch_after: int = 0
    staged_on: tuple[str, ...] = ()
    attempts: int = 0
    cash: Money = Money(0)
    state: str = "announced"
    reason: str = ""

    @property
    def action(self) -> CorporateAction:
        """The action by the first source, or by the one that an operator chose."""
        chosen = next((n for n in self.notices if n.source == self.resolved_by), self.notices[0])
        return action_of(chosen)

    @property
    def corroborated(self) -> bool:
        """Two sources agree, or an operator decided."""
        return bool(self.resolved_by) or sources_agree(self.notices) is True


@dataclass(frozen=True, slots=True)
class ActionView(View):
    """What a corporate action may know beside: raw supply of all chains, ledger totals, whether mints or burns are in flight."""

    raw: RawAmount
    balances: Mapping[str, Balance]
    in_flight: bool


@dataclass(frozen=True, slots=True)
class Announced:
    """A source told of the action."""

    notice: Notice
    freeze_at: int
    effective_at: int


@dataclass(frozen=True, slots=True)
class Resolved:
    """An operator took one source's terms, on the named document."""

    source: str
    document: str


@dataclass(frozen=True, slots=True)
class HoldingSplit:
    """Custodian or broker booked the split: their holdings count at `epoch` now."""

    epoch: int
    cash_in_lieu: Money


@dataclass(frozen=True, slots=True)
class DividendReceived:
    """The cash arrived, net of tax."""

    net: Money


@dataclass(frozen=True, slots=True)
class StockFrozen:
    """Fact: the primary market of a stock waits for a corporate action."""

    stock: str
    event_id: str


@dataclass(frozen=True, slots=True)
class StockSplit:
    """Fact: the books count `new` shares for `old` from `epoch` on."""

    stock: str
    epoch: int
    new: int
    old: int


@dataclass(frozen=True, slots=True)
class StockResumed:
    """Fact: the primary market of a stock runs again."""

    stock: str
    event_id: str


@dataclass(frozen=True, slots=True)
class MultiplierChanged:
    """Fact: every chain shows the new multiplier and the books use it."""

    stock: str
    event_id: str
    multiplier: Multiplier
    epoch: int
    effective_at: int


DistributionEvent = (
    Announced | Resolved | Woken | HoldingSplit | SharesArrived | AcquisitionFailed | Landed | Rejected | Verified | Differs | DividendReceived
)  # fmt: skip


def announce(event: Announced) -> Decision:
    """A first source: remember it, and look again at the freeze."""
    notice = event.notice
    row = Distribution(notice.event_id, notice.symbol, (notice,), event.freeze_at, event.effective_at)
    return Decision(rows=(row,), commands=(_wake(row, "freeze", row.freeze_at),))


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
            return _holding_split(row, event, view)
        case SharesArrived():
            return _arrived(row, event, view)
        case AcquisitionFailed():
            return Decision(rows=(replace(row, state="held", reason=event.reason),))
        case Landed():
            return _staged(row, event, view)
        case Rejected():
            return _stage_refused(row, event, view)
        case Verified():
            return _verified(row, view)
        case Differs():
            again = _wake(row, f"verify:{row.attempts + 1}", view.now + SETTLING_S)
            return Decision(rows=(replace(row, attempts=row.attempts + 1, reason=event.text),), commands=(again,))
        case DividendReceived():
            return _received(row, event)
        case _:
            assert_never(event)


def _wake(row: Distribution, why: str, at: int) -> Command:
    return Command(f"{row.id}:{why}", "Distribution", row.id, Wake(why), at)


# announced > corroborated


def _corroborated(row: Distribution, event: Announced, view: ActionView) -> Decision:
    if any(n.source == event.notice.source for n in row.notices) or row.state not in ("announced", "frozen"):
        return Decision()
    after = replace(row, notices=(*row.notices, event.notice))
    if sources_agree(after.notices) is False:
        return Decision(rows=(replace(after, reason="distribution: two sources differed; an operator must choose"),))
    return _agreed(after, view)


def _resolved(row: Distribution, event: Resolved, view: ActionView) -> Decision:
    if row.corroborated or event.source not in {n.source for n in row.notices}:
        return Decision()
    return _agreed(replace(row, resolved_by=event.source, reason=event.document), view)


def _agreed(row: Distribution, view: ActionView) -> Decision:
    """Two sources agree. Before a reverse split the issuer must own the fraction of a share that custody will lose."""
    row = replace(row, state="corroborated" if row.state == "announced" else row.state, attempts=row.attempts + 1)
    decision = Decision(rows=(row,))
    action = row.action
    if isinstance(action, ReverseSplit) and view.stock.free < Shares.whole(-(-action.old // action.new)):
        decision += acquire(f"{row.id}:fund", view.stock, "inventory", Shares.whole(-(-action.old // action.new)))
    if row.state == "frozen":
        decision += Decision(commands=(_wake(row, f"stage:{row.attempts}", view.now),))
    return decision


# frozen > staged


def _woken(row: Distribution, event: Woken, view: ActionView) -> Decision:
    if event.why == "freeze":
        return _freeze(row, view)
    if row.state == "frozen":
        return _go_on(row, view)
    if event.why.startswith("effective") and row.state == "staged":
        return _verify(row, view)
    if event.why.startswith("verify") and row.state == "verifying":
        return _verify(row, view)
    if event.why.startswith("again") and row.state == "staging":
        return _schedule(row, view)
    return Decision()


def _freeze(row: Distribution, view: ActionView) -> Decision:
    """From the last close before the ex-date the primary market waits, whether the sources agree yet or not."""
    if row.id in view.stock.frozen_by or row.state not in ("announced", "corroborated"):
        return Decision()
    stock = replace(view.stock, frozen_by=(*view.stock.frozen_by, row.id))
    frozen = replace(row, state="frozen")
    fact = StockFrozen(row.stock, row.id)
    at = view.now if not isinstance(row.action, CashDividend) else row.effective_at
    return Decision((stock, frozen), facts=(fact,), commands=(_wake(row, "stage", at),))


def _go_on(row: Distribution, view: ActionView) -> Decision:
    """Stage a split, or buy a dividend's shares, once sources agree, earlier actions are through and nothing is in flight."""
    if not row.corroborated:
        return Decision(rows=(replace(row, reason=row.reason or "distribution: waits for a second source or an operator"),))
    if view.in_flight or view.stock.frozen_by[0] != row.id:
        later = replace(row, attempts=row.attempts + 1)
        return Decision(rows=(later,), commands=(_wake(row, f"stage:{later.attempts}", view.now + SETTLING_S),))
    action = row.action
    match action:
        case ForwardSplit() | ReverseSplit():
            after = after_split(view.stock.multiplier, action)
            staged = replace(
                row,
                before=view.stock.multiplier,
                after=after,
                epoch_after=view.stock.chain_epoch + 1,
                effective_at=max(row.effective_at, view.now + NOTICE_S),
                state="staging",
            )
            return _schedule(staged, view)
        case CashDividend():
            return _buy(row, action, view)
        case _:
            assert_never(action)


def _schedule(row: Distribution, view: ActionView) -> Decision:
    """Ask every chain that has not answered yet for the same value from the same instant."""
    event = canonical(_event_of(row)).decode()
    attempt = replace(row, attempts=row.attempts + 1)
    commands = []
    for chain, token in view.stock.tokens:
        if chain in row.staged_on:
            continue
        change = MultiplierChange(
            chain, row.stock, token, row.before, row.after, row.effective_at, row.epoch_after, row.id
        )
        key = f"{row.id}:schedule:{chain}:{attempt.attempts}"
        commands.append(Command(key, "Distribution", row.id, Schedule(change, event)))
    return Decision(rows=(attempt,), commands=tuple(commands))


def _event_of(row: Distribution) -> dict[str, object]:
    """The action in plain JSON, as the attestor reads it."""
    action = row.action
    split = None if isinstance(action, CashDividend) else action
    cash = str(action.gross) if isinstance(action, CashDividend) else None
    return {
        "event_id": row.id,
        "symbol": row.stock,
        "event": code_of(action),
        "ex_date": action.ex_date.isoformat(),
        "ratio_new": split.new if split else None,
        "ratio_old": split.old if split else None,
        "cash_usd": cash,
        "bought": str(row.bought) if row.bought else None,
        "eligible": str(row.eligible) if row.eligible else None,
    }


def _staged(row: Distribution, event: Landed, view: ActionView) -> Decision:
    chain = event.command.removeprefix(f"{row.id}:schedule:").partition(":")[0]
    if row.state != "staging" or chain in row.staged_on:
        return Decision()
    after = replace(row, staged_on=(*row.staged_on, chain))
    if len(after.staged_on) < len(view.stock.tokens):
        return Decision(rows=(after,))
    due = max(row.effective_at, view.now)
    return Decision(rows=(replace(after, state="staged"),), commands=(_wake(row, "effective", due),))


def _stage_refused(row: Distribution, event: Rejected, view: ActionView) -> Decision:
    if row.state != "staging":
        return Decision()
    again = _wake(row, f"again:{event.command}", view.now + SETTLING_S)
    return Decision(rows=(replace(row, reason=event.text),), commands=(again,))


# a dividend's shares


def _buy(row: Distribution, action: CashDividend, view: ActionView) -> Decision:
    """Book the entitlement net of tax and buy its shares from working capital; with nothing outstanding there is nothing to do."""
    multiplier = view.stock.multiplier
    net = net_dividend_down(action, multiplier.to_shares_down(view.raw))
    entitled = replace(row, eligible=multiplier.to_shares_up(view.raw), net=net, before=multiplier, after=multiplier)
    if not net:
        return _resume(replace(entitled, state="final"), view)
    estimate = shares_bought_down(net, view.stock.price)
    wanted = Shares(estimate.atoms * (10_000 + CUSHION.count) // 10_000).whole_up()
    booked = Transfer(f"{row.id}:due", accounts.DIVIDEND_RECEIVABLE, accounts.DIVIDEND_PAYABLE, net.atoms, row.id)
    buying = replace(entitled, wanted=wanted, state="buying")
    return Decision((buying,), (booked,)) + acquire(f"{row.id}:buy", view.stock, row.id, wanted)


def _arrived(row: Distribution, event: SharesArrived, view: ActionView) -> Decision:
    """The shares join the inventory, which pays for them; when all are there, their part goes behind the tokens."""
    if event.receipt in row.receipts:
        return Decision()
    receipts = (*row.receipts, event.receipt)
    row = replace(row, arrived=row.arrived + event.shares, cost=row.cost + event.cost, receipts=receipts)
    stock = view.stock.adding((Lot(event.receipt, event.shares),))
    key = event.receipt
    transfers = (
        Transfer(f"{key}:own", accounts.CAPITAL, accounts.ACQUISITIONS, event.cost.atoms, row.id),
        Transfer(f"{key}:inventory", f"{row.stock}/bought", f"{row.stock}/inventory", event.shares.atoms, row.id),
    )
    booked = Decision((stock, row), transfers)
    if row.state != "buying" or row.arrived < row.wanted:
        return booked
    return booked + _reinvest(row, replace(view, stock=stock))


def _reinvest(row: Distribution, view: ActionView) -> Decision:
    """Q = net / average price, rounded down; the multiplier rises by (eligible + Q) / eligible (reference 5.2)."""
    bought = min(Shares(row.net.atoms * row.arrived.atoms // row.cost.atoms), view.stock.free)
    stock, _lots = view.stock.taking(bought)
    after = replace(
        row,
        bought=bought,
        before=stock.multiplier,
        after=after_reinvestment(stock.multiplier, row.eligible, bought),
        effective_at=view.now + NOTICE_S,
        epoch_after=stock.chain_epoch,
        state="staging",
    )
    transfers = (
        Transfer(f"{row.id}:reinvested", f"{row.stock}/inventory", f"{row.stock}/outstanding", bought.atoms, row.id),
        Transfer(f"{row.id}:paid", accounts.DIVIDEND_PAYABLE, accounts.CAPITAL, row.net.atoms, row.id),
    )
    return Decision((stock,), transfers) + _schedule(after, replace(view, stock=stock))


def _received(row: Distribution, event: DividendReceived) -> Decision:
    """The cash: what was due closes the receivable; the rest is the dividend on the issuer's own inventory."""
    if row.cash or not event.net:
        return Decision()
    due = min(row.net, event.net)
    own = event.net - due
    short = row.net - due
    transfers = (
        Transfer(f"{row.id}:cash", accounts.BANK, accounts.DIVIDEND_RECEIVABLE, due.atoms, row.id),
        Transfer(f"{row.id}:cash:own", accounts.BANK, accounts.CAPITAL, own.atoms, row.id),
        Transfer(f"{row.id}:cash:short", accounts.CAPITAL, accounts.DIVIDEND_RECEIVABLE, short.atoms, row.id),
    )
    after = replace(row, cash=event.net, state="final" if row.state == "resumed" else row.state)
    return Decision(rows=(after,), transfers=tuple(t for t in transfers if t.amount))


# a split in the books


def _holding_split(row: Distribution, event: HoldingSplit, view: ActionView) -> Decision:
    """Count every share account anew, once: assets and claims by the ratio, the remainder of rounding in inventory."""
    action, stock = row.action, view.stock
    if isinstance(action, CashDividend) or stock.epoch >= event.epoch:
        return Decision()
    ratio = SplitRatio(event.epoch, action.new, action.old)
    lots = tuple(Lot(lot.receipt, lot.shares.times_down(action.new, action.old)) for lot in stock.inventory)
    price = PricePerShare(stock.price.micros * action.old // action.new)
    after = replace(stock, epoch=event.epoch, splits=(*stock.splits, ratio), inventory=lots, price=price)
    transfers = _scaled_accounts(row, stock, action.new, action.old, view.balances)
    if event.cash_in_lieu:
        transfers += (
            Transfer(f"{row.id}:in-lieu", accounts.BANK, accounts.CAPITAL, event.cash_in_lieu.atoms, row.id),
        )
    return Decision((after,), transfers, (StockSplit(row.stock, event.epoch, action.new, action.old),))


def _scaled_accounts(
    row: Distribution, stock: Stock, new: int, old: int, balances: Mapping[str, Balance]
) -> tuple[Transfer, ...]:
    """Transfers against `market` that bring each account to its new count.

    Custody keeps whole shares only; what is outstanding rounds up and what is claimed down; inventory takes the rest.
    """
    changes: dict[str, int] = {}
    for name in (*accounts.SHARE_ASSETS, *accounts.SHARE_CLAIMS):
        balance = balances.get(f"{stock.id}/{name}", Balance())
        held = Shares(balance.debit if name in accounts.SHARE_ASSETS else balance.credit)
        scaled = held.times_up(new, old) if name == "outstanding" else held.times_down(new, old)
        changes[name] = scaled.atoms - held.atoms
    in_custody = sum(balances.get(f"{stock.id}/{n}", Balance()).debit + changes[n] for n in accounts.SHARES_IN_CUSTODY)
    changes["custody"] -= in_custody - Shares(in_custody).whole_down().atoms
    assets = sum(changes[name] for name in accounts.SHARE_ASSETS)
    changes["inventory"] += assets - sum(changes[name] for name in accounts.SHARE_CLAIMS)
    transfers = []
    for name, change in changes.items():
        account, market = f"{stock.id}/{name}", f"{stock.id}/market"
        grows = (change > 0) == (name in accounts.SHARE_ASSETS)
        debit, credit = (account, market) if grows else (market, account)
        if change:
            transfers.append(Transfer(f"{row.id}:scaled:{name}", debit, credit, abs(change), row.id))
    return tuple(transfers)


def heard_split(fact: StockSplit) -> Rescaled:
    """What open rows hear of a split."""
    return Rescaled(fact.epoch, fact.new, fact.old)


# effective > verified > resumed


def _verify(row: Distribution, view: ActionView) -> Decision:
    attempt = replace(row, state="verifying", attempts=row.attempts + 1)
    action = Verify(row.stock, row.after.value, row.after.version, row.epoch_after)
    return Decision((attempt,), commands=(Command(f"{row.id}:check:{attempt.attempts}", "Distribution", row.id, action),))


def _verified(row: Distribution, view: ActionView) -> Decision:
    """Chains, statement and ledger agree: the books use the new multiplier and the primary market resumes."""
    if row.state != "verifying":
        return Decision()
    dividend = isinstance(row.action, CashDividend)
    waits = dividend and not row.cash
    fact = MultiplierChanged(row.stock, row.id, row.after, row.epoch_after, row.effective_at)
    stock = replace(view.stock, multiplier=row.after, chain_epoch=row.epoch_after)
    done = replace(row, state="resumed" if waits else "final", reason="")
    return Decision(facts=(fact,)) + _resume(done, replace(view, stock=stock))


def _resume(row: Distribution, view: ActionView) -> Decision:
    left = tuple(event_id for event_id in view.stock.frozen_by if event_id != row.id)
    return Decision((replace(view.stock, frozen_by=left), row), facts=(StockResumed(row.stock, row.id),))


def ex_date(row: Distribution) -> date:
    """The ex-date of the action."""
    return row.action.ex_date
