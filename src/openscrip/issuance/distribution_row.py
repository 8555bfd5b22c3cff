"""What the books remember of a corporate action, what it hears, and the facts that it tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from openscrip.assets.acquisition import AcquisitionFailed, SharesArrived
from openscrip.assets.actions import Rescaled, Wake, Woken
from openscrip.assets.corporate_actions import CorporateAction, ForwardSplit, ReverseSplit, StockDividend
from openscrip.assets.notice import Notice
from openscrip.assets.stock import Lot
from openscrip.issuance import action_terms
from openscrip.issuance.actions import Differs, Landed, Rejected, Verified
from openscrip.issuance.terms import View
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.ledger import Balance
from openscrip.runtime.store import Command

NOTICE_S = 900
"""How far ahead a multiplier is scheduled at least."""
PAUSE_S_MAX = 7 * 86_400 - 3_600
"""How long prices on chain may have waited for a change when it is staged: the chain's seven days less time to land."""
SETTLING_S = 60
"""How long to wait before looking again."""
LOOK_AHEAD_S = 3 * 86_400
"""How long before the freeze an operator is asked for what is missing."""


@dataclass(frozen=True, slots=True)
class Step:
    """A phase that an action reached, and when."""

    phase: str
    at: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """One corporate action of one stock, with everything that the sources said and what became of it.

    `notices` is the latest word of each source; `terms` what is acted on since it was bought for or staged. `epoch` is that
    of the quantities; from `paused_from` on prices on chain wait; `awaits` names the one wake that it acts on; `refused_on`
    the chains that refused the multiplier in this round. `revision` counts what was staged under ids of its own on chain,
    `rounds` what was booked anew. `record_date`, `pay_date` and `approved` are an operator's word. A correction after the
    effect is a row of its own that `corrects` another, from the terms `base`; `extra` is what corrections of this one owe.
    """

    id: str
    stock: str
    notices: tuple[Notice, ...]
    freeze_at: int
    effective_at: int
    paused_from: int = 0
    resolved_by: str = ""
    epoch: int = 0
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
    refused_on: tuple[str, ...] = ()
    attempts: int = 0
    awaits: str = ""
    cash: Money = Money(0)
    state: str = "announced"
    reason: str = ""
    resolved_revision: int = 0
    record_date: date | None = None
    pay_date: date | None = None
    approved: tuple[str, ...] = ()
    large: bool = False
    looked: bool = False
    terms: Notice | None = None
    revision: int = 1
    rounds: int = 1
    lots: tuple[Lot, ...] = ()
    taking_back: str = ""
    corrects: str = ""
    base: Notice | None = None
    corrections: int = 0
    extra: Money = Money(0)
    payers: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    asked: int = 0
    trail: tuple[Step, ...] = ()

    @property
    def action(self) -> CorporateAction:
        """The action by the terms that stand, else by the first source."""
        return action_terms.action_between(self.id, self.base, self.standing)

    @property
    def standing(self) -> Notice:
        """The terms acted on, else those that two sources or an operator hold, else the first source's."""
        return self.terms or self.settled or self.notices[0]

    @property
    def settled(self) -> Notice | None:
        """What two sources agree on or an operator decided for, now; a withdrawal too. None while it is open."""
        return action_terms.settled(self.notices, self.resolved_by, self.resolved_revision)

    @property
    def agreed(self) -> tuple[Notice, ...]:
        """The notices that the terms stand on: all that agree, or the one that an operator chose."""
        chosen = tuple(notice for notice in self.notices if notice.source == self.resolved_by)
        return chosen or self.notices

    @property
    def chain_id(self) -> str:
        """The id on chain: an action that was taken back comes again under another."""
        return self.id if self.revision == 1 else f"{self.id}~{self.revision}"

    @property
    def ratio(self) -> tuple[int, int]:
        """The multiplier's change as an exact ratio: of a split as announced, of cash in atoms of shares."""
        action = self.action
        if isinstance(action, ForwardSplit | ReverseSplit | StockDividend):
            return action.new, action.old
        return (self.eligible + self.bought).atoms, self.eligible.atoms

    @property
    def corroborated(self) -> bool:
        """Two sources agree, or an operator decided."""
        return self.terms is not None or self.settled is not None

    def key(self, name: str) -> str:
        """The id of what is booked or bought in this round."""
        return f"{self.id}:{name}" if self.rounds == 1 else f"{self.id}:{name}:{self.rounds}"


@dataclass(frozen=True, slots=True)
class ActionView(View):
    """What a corporate action may know beside: raw supply of all chains, ledger totals, mints or burns in flight."""

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
    """Operators answered a question on the named document: which `source` holds, missing dates, or their approval."""

    source: str
    document: str
    question: str = "source"
    record_date: date | None = None
    pay_date: date | None = None
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldingSplit:
    """Custodian or broker booked the split: their holdings count at `epoch` now."""

    epoch: int
    cash_in_lieu: Money
    payer: str = ""


@dataclass(frozen=True, slots=True)
class DividendReceived:
    """The cash arrived, net of tax, from the custodian `payer` where there are several."""

    net: Money
    payer: str = ""


@dataclass(frozen=True, slots=True)
class UnitsPaidOut:
    """The custodian paid a bond out: `quantity` units left the account for `net`."""

    quantity: Shares
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
class StockMatured:
    """Fact: a bond was paid out; each unit is worth `payout` and tokens are redeemed for it."""

    stock: str
    event_id: str
    payout: PricePerShare


@dataclass(frozen=True, slots=True)
class MultiplierChanged:
    """Fact: every chain shows the new multiplier and the books use it."""

    stock: str
    event_id: str
    multiplier: Multiplier
    epoch: int
    effective_at: int


@dataclass(frozen=True, slots=True)
class QuestionOpened:
    """Fact: an action cannot go on without an operator; `question` is its kind, `item` its place in the queue."""

    item: str
    stock: str
    action: str
    question: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class QuestionClosed:
    """Fact: the question answered itself, or is asked no more."""

    item: str
    at: int


DistributionEvent = (
    Announced
    | Resolved
    | Woken
    | HoldingSplit
    | SharesArrived
    | AcquisitionFailed
    | Landed
    | Rejected
    | Verified
    | Differs
    | DividendReceived
    | UnitsPaidOut
    | Rescaled
)


def wake(row: Distribution, why: str, at: int) -> Command:
    """Look at the row again at `at`; the row acts on it only while it awaits `why`."""
    return Command(f"{row.id}:{why}", "Distribution", row.id, Wake(why), at)
