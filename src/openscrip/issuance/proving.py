"""Continuous proof: the reserve that each chain shows is reported again when it moved, or when it is old.

Nothing is decided here but that the watch should be asked: it reads custodians and chain itself, and signs or does not.
A feed of the worker looks at most once a minute of market time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from openscrip.assets.stock import Stock
from openscrip.issuance.actions import Landed, Rejected, Report
from openscrip.issuance.reconciler import Reader
from openscrip.issuance.reconciliation import ReportedReserve
from openscrip.kernel.clock import Clock
from openscrip.kernel.money import Bps
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Books, Decision
from openscrip.runtime.feed import QUIET_S, Feed
from openscrip.runtime.store import Command, Store, Unit

FEED = "proof"
LOOK_S = 60
"""Market time between two looks."""


@dataclass(frozen=True, slots=True)
class ReserveProof:
    """Row: the reserve of one stock on one chain, and when it was last asked to be reported. `reporting` or `resting`."""

    id: str
    stock: str
    chain: str
    asked_at: int = 0
    reports: int = 0
    state: str = "resting"


@dataclass(frozen=True, slots=True)
class Pulse:
    """A reserve on a chain that is due to be reported."""

    stock: str
    chain: str
    token: str
    at: int


def decide(row: ReserveProof, event: object) -> Decision:
    """A report landed, was not needed, or was refused: it is looked at again."""
    if isinstance(event, Landed | Rejected):
        return Decision(rows=(replace(row, state="resting"),))
    return Decision()


def is_due(shown: ReportedReserve, held: Shares, epoch: int, now: int, heartbeat_s: int, deviation: Bps) -> bool:
    """Older than the heartbeat, of another epoch than custody counts, or off by more than the deviation."""
    if now - shown.as_of >= heartbeat_s or shown.epoch != epoch:
        return True
    off = abs(held.atoms - shown.shares.atoms)
    return off * 10_000 > deviation.count * max(1, shown.shares.atoms)


class Proving:
    """Looks at every reserve that a chain shows. `held` gives what custodians state of a stock now, with the epoch."""

    def __init__(
        self,
        store: Store,
        books: Books,
        readers: Mapping[str, Reader],
        held: Callable[[Stock], tuple[Shares, int]],
        clock: Clock,
        heartbeat_s: int,
        deviation: Bps,
    ) -> None:
        self._store = store
        self._books = books
        self._readers = readers
        self._held = held
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._deviation = deviation
        self._next_at = 0

    def feed(self) -> Feed:
        """The feed that the worker reads."""
        return Feed(FEED, self.poll, self.apply, QUIET_S)

    def poll(self, cursor: str) -> tuple[list[Pulse], str]:
        """What is due. Raises `Unavailable` when a part does not answer."""
        now = self._clock.now()
        if not self._heartbeat_s or now < self._next_at:
            return [], cursor
        with self._store.glance() as view:
            stocks = [stock for stock in view.rows(Stock) if not stock.frozen_by]
        found = [pulse for stock in stocks for pulse in self._due(stock, now)]
        self._next_at = now + LOOK_S
        return found, cursor

    def apply(self, unit: Unit, pulse: Pulse) -> None:
        """Ask for the report, unless one is on its way."""
        name = f"{pulse.stock}:proof:{pulse.chain}"
        row = unit.row(ReserveProof, name) or ReserveProof(name, pulse.stock, pulse.chain)
        if row.state == "reporting":
            return
        after = replace(row, asked_at=pulse.at, reports=row.reports + 1, state="reporting")
        report = Report(pulse.chain, pulse.stock, pulse.token)
        command = Command(f"{name}:{after.reports}", "ReserveProof", name, report)
        self._books.record(unit, Decision(rows=(after,), commands=(command,)))

    def _due(self, stock: Stock, now: int) -> list[Pulse]:
        shown = {
            name: (token, seen[token].reserve)
            for name, token in stock.tokens
            if name in self._readers and token in (seen := self._readers[name].read([token]))
        }
        reserves = [(name, token, reserve) for name, (token, reserve) in shown.items() if reserve is not None]
        if not reserves:
            return []
        held, epoch = self._held(stock)
        return [
            Pulse(stock.id, name, token, now)
            for name, token, reserve in reserves
            if is_due(reserve, held, epoch, now, self._heartbeat_s, self._deviation)
        ]
