"""What the books remember of a corporate action, what it hears, and the facts that it tells."""

from collections.abc import Mapping
from dataclasses import dataclass

from openscrip.assets.acquisition import AcquisitionFailed, SharesArrived
from openscrip.assets.actions import Rescaled, Wake, Woken
from openscrip.assets.corporate_actions import CashDividend, CorporateAction, action_of, sources_agree
from openscrip.assets.notice import Notice
from openscrip.issuance.actions import Differs, Landed, Rejected, Verified
from openscrip.issuance.terms import View
from openscrip.kernel.money import Money
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


@dataclass(frozen=True, slots=True)
class Distribution:
    """One corporate action of one stock, with everything that the sources said and what became of it.

    `epoch` is that of the quantities; from `paused_from` on prices on chain wait; `awaits` names the one wake that it acts on;
    `refused_on` the chains that refused the multiplier in this round.
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

    @property
    def action(self) -> CorporateAction:
        """The action by the first source, or by the one that an operator chose."""
        chosen = next((n for n in self.notices if n.source == self.resolved_by), self.notices[0])
        return action_of(chosen)

    @property
    def agreed(self) -> tuple[Notice, ...]:
        """The notices that the terms stand on: all that agree, or the one that an operator chose."""
        chosen = tuple(notice for notice in self.notices if notice.source == self.resolved_by)
        return chosen or self.notices

    @property
    def ratio(self) -> tuple[int, int]:
        """The multiplier's change as an exact ratio: of a split as announced, of a dividend in atoms of shares."""
        action = self.action
        if isinstance(action, CashDividend):
            return (self.eligible + self.bought).atoms, self.eligible.atoms
        return action.new, action.old

    @property
    def corroborated(self) -> bool:
        """Two sources agree, or an operator decided."""
        return bool(self.resolved_by) or sources_agree(self.notices) is True


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
    | Rescaled
)


def wake(row: Distribution, why: str, at: int) -> Command:
    """Look at the row again at `at`; the row acts on it only while it awaits `why`."""
    return Command(f"{row.id}:{why}", "Distribution", row.id, Wake(why), at)
