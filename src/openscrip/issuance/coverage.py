"""What the reconciler saw of each stock, kept for reading: the newest look whole, and its figures over time.

A look is kept where its figures differ from those kept last, and now and then where they do not. While the books moved
during a look, its two sides are not of one moment: it is kept only where nothing else was for long.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from openscrip.assets.custody import Statement
from openscrip.assets.reserve import Reserve
from openscrip.issuance.reconciliation import ChainSeen, StockBooks, StockSeen
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.store import Unit

BEAT_S = 300
"""Market time after which a stock whose figures did not change is looked at for the record all the same."""
BEAT_MACHINE_S = 5.0
"""At least so much machine time between two such: accelerated market time must not fill the disk."""
GAP_S, GAP_S_PUSHED = 3 * BEAT_S, 5 * 86_400
"""Samples further apart than this have a gap between them; market time that is pushed jumps over a long week-end."""
RATIO_ONE = 10**8
CURSOR = "coverage"
"""The cursor that moves with everything that is kept here: whoever remembers an answer remembers it."""


class Look(Protocol):
    """What the reconciler saw of one stock, when, and what the books said; `moved` where they changed meanwhile."""

    @property
    def stock(self) -> str:
        """Its symbol."""
        ...

    @property
    def at(self) -> int:
        """Market time."""
        ...

    @property
    def books(self) -> StockBooks:
        """What the books said."""
        ...

    @property
    def seen(self) -> StockSeen:
        """What the world showed."""
        ...

    @property
    def moved(self) -> bool:
        """Whether the two are of different moments."""
        ...


@dataclass(frozen=True, slots=True)
class ChainLine:
    """A stock's token on one chain at a final block: raw supply, and the multiplier there, in force and scheduled."""

    chain: str
    token: str
    block: int
    supply: RawAmount
    multiplier: Multiplier
    epoch: int
    scheduled: Multiplier | None = None
    scheduled_at: int = 0
    reported: Shares | None = None
    reported_at: int = 0


@dataclass(frozen=True, slots=True)
class CustodyLine:
    """One custodian's newest statement: what counts (`available`) and every sub-balance that does not."""

    custodian: str
    account: str
    sequence: int
    as_of: int
    epoch: int
    available: Shares
    pending_receipt: Shares
    pending_delivery: Shares
    blocked: Shares
    pledged: Shares
    lent: Shares
    borrowed: Shares
    in_transit: Shares
    restricted: Shares
    other: Shares
    sha256: str
    signed: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """Row: one stock as the reconciler saw it last, at `at`; `since` is when its state became what it is.

    States: `covered`, `short`, `in_progress` (chains and custody count at different corporate-action epochs, nothing is
    compared and nothing is minted), `unknown` (custody or a chain did not answer). `under_way` is raw supply between chains
    or not heard of yet, `claims` are burned for and not delivered.
    """

    id: str
    stock: str
    state: str
    at: int
    since: int
    held: Shares
    owed: Shares
    held_epoch: int
    chain_epoch: int
    under_way: RawAmount
    claims: Shares
    multiplier: Multiplier
    chains: tuple[ChainLine, ...]
    custody: tuple[CustodyLine, ...]

    @property
    def figures(self) -> tuple[object, ...]:
        """What makes a look another one."""
        supplies = tuple((line.chain, line.supply, line.multiplier, line.epoch, line.scheduled) for line in self.chains)
        return self.state, self.held, self.owed, self.held_epoch, self.under_way, supplies

    @property
    def ratio_down(self) -> int | None:
        """Shares held for each share owed, in 1e-8, rounded down; None where nothing is owed or nothing can be compared."""
        if self.state not in ("covered", "short") or not self.owed:
            return None
        return self.held.atoms * RATIO_ONE // self.owed.atoms


@dataclass(frozen=True, slots=True)
class CoverageChanged:
    """Fact: what is held, owed or issued of a stock is another than before."""

    stock: str
    state: str
    held: Shares
    owed: Shares
    raw: RawAmount


def series_of(stock: str) -> str:
    """The series of a stock's coverage. Values are ratios in 1e-8; bodies `held owed raw epoch state`, in atoms."""
    return f"coverage:{stock}"


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept last of a stock, at which market time and at which machine time."""

    figures: tuple[object, ...]
    at: int
    machine_s: float


class CoverageKeeper:
    """Keeps the reconciler's looks. Samples at most `gap_s` apart have no gap between them; `machine` is monotonic."""

    def __init__(self, gap_s: int = GAP_S, machine: Callable[[], float] = time.monotonic) -> None:
        self._gap_s = gap_s
        self._machine = machine
        self._kept: dict[str, Kept] = {}

    def is_due(self, look: Look) -> bool:
        """Whether a look is to be kept: it differs from the last one, or that one is old."""
        known = self._kept.get(look.stock)
        if known is None:
            return True
        old = look.at - known.at >= BEAT_S and self._machine() - known.machine_s >= BEAT_MACHINE_S
        if look.moved or look.seen.statement is None:
            return old and look.at - known.at >= 2 * BEAT_S
        return old or coverage_of(look).figures != known.figures

    def keep(self, unit: Unit, look: Look) -> None:
        """Write what a look saw, its sample, and a fact where the figures are others."""
        before = unit.row(Coverage, look.stock)
        seen = coverage_of(look)
        if before is not None:
            since = before.since if before.state == seen.state else seen.at
            seen = replace(seen, since=since, custody=seen.custody or before.custody, chains=seen.chains or before.chains)
        unit.put(seen)
        raw = RawAmount(sum(line.supply.atoms for line in seen.chains) + seen.under_way.atoms)
        body = f"{seen.held.atoms} {seen.owed.atoms} {raw.atoms} {seen.chain_epoch} {seen.state}"
        unit.sample(series_of(look.stock), seen.at, seen.ratio_down, body, within=self._gap_s)
        if before is None or before.figures != seen.figures:
            unit.record(CoverageChanged(look.stock, seen.state, seen.held, seen.owed, raw), seen.at)
        unit.set_cursor(CURSOR, str(int(unit.cursor(CURSOR) or 0) + 1))
        self._kept[look.stock] = Kept(seen.figures, seen.at, self._machine())


def coverage_of(look: Look) -> Coverage:
    """What a look says: supply as the chains show it, and whatever the books know to be issued and the chains do not yet."""
    stock, shown, stated = look.books.stock, look.seen.chains, look.seen.statement
    chains = tuple(_chain(name, token, shown[name]) for name, token in stock.tokens if name in shown)
    unheard = sum(
        max(0, look.books.chains[line.chain].posted.atoms - line.supply.atoms)
        for line in chains
        if line.chain in look.books.chains
    )
    under_way = RawAmount(look.books.in_flight.atoms + unheard)
    raw = RawAmount(sum(line.supply.atoms for line in chains) + under_way.atoms)
    multiplier = max((line.multiplier for line in chains), key=lambda one: one.value, default=stock.multiplier)
    chain_epoch = max((line.epoch for line in chains), default=stock.chain_epoch)
    held = stated.available if stated else Shares(sum(part.available.atoms for part in look.seen.parts.values()))
    held_epoch = stated.epoch if stated else stock.epoch
    reserve = Reserve(look.stock, held, held_epoch, raw, multiplier, chain_epoch, look.books.claims)
    alike = held_epoch == chain_epoch and len({line.epoch for line in chains}) <= 1
    heard_all = len(chains) == len(stock.tokens) and (stated is not None or bool(look.seen.parts))
    if not heard_all:
        state = "unknown"
    elif not alike:
        state = "in_progress"
    else:
        state = "covered" if held >= reserve.owed else "short"
    return Coverage(
        look.stock, look.stock, state, look.at, look.at, held, reserve.owed, held_epoch, chain_epoch, under_way,
        look.books.claims, multiplier, chains, _custody(look.seen.parts, stated),
    )  # fmt: skip


def _chain(name: str, token: str, seen: ChainSeen) -> ChainLine:
    shown, reported = seen.multiplier, seen.reserve
    scheduled = Multiplier(shown.pending, shown.version + 1) if shown.pending and shown.effective_at else None
    return ChainLine(
        name, token, seen.block, seen.supply, Multiplier(shown.current, shown.version), shown.epoch, scheduled,
        shown.effective_at if scheduled else 0, reported.shares if reported else None, reported.as_of if reported else 0,
    )  # fmt: skip


def _custody(parts: Mapping[str, Statement], whole: Statement | None) -> tuple[CustodyLine, ...]:
    found = dict(parts) or ({whole.custodian: whole} if whole else {})
    return tuple(_line(each) for each in found.values())


def _line(one: Statement) -> CustodyLine:
    return CustodyLine(
        one.custodian, one.account, one.sequence, one.as_of, one.epoch, one.available, one.pending_receipt,
        one.pending_delivery, one.blocked, one.pledged, one.lent, one.borrowed, one.in_transit, one.restricted, one.other,
        one.hash, bool(one.signature),
    )  # fmt: skip
