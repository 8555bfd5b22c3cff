"""The world of a simulation: market time, everybody outside, the observer that sees each movement and event, and a digest."""

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from openscrip.assets.bank import Bank
from openscrip.assets.broker import Broker
from openscrip.assets.calendar import Calendar
from openscrip.assets.custody import Custodian
from openscrip.issuance.chain import AnyChainEvent, Chain
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.clock import SteppedClock
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.lab.invariants import Observer
from openscrip.runtime.store import Store, Unit


class Crash(BaseException):
    """The worker's process is gone, wherever it was."""


class SimulatedChain(Chain, Protocol):
    """A chain whose holders act directly and whose log can be read from a place on."""

    log: list[AnyChainEvent]

    def create(self, token: str) -> str:
        """List a token."""
        ...

    def escrow(self, token: str, holder: str, raw: RawAmount, kind: RedemptionKind, request_id: str) -> None:
        """A holder asks to redeem."""
        ...


class PaperParties(Protocol):
    """The outside world that only a simulation may move."""

    def advance_to(self, now: int) -> None:
        """Let everything happen that is due by then, in order of time, at broker and custodian."""
        ...

    def next_due(self) -> int | None:
        """When the next thing happens by itself."""
        ...

    def deposit(self, deposit_id: str, reference: str, amount: Money, sender: str) -> None:
        """A client pays in."""
        ...


class WorkerOnce(Protocol):
    """The worker, one step at a time."""

    def step(self, limit: int = ...) -> bool:
        """Perform and record what is due and read every feed once; whether anything was done."""
        ...


@dataclass(slots=True)
class World:
    """Everything that a simulation needs, built by `bootstrap`."""

    clock: SteppedClock
    store: Store
    chains: Mapping[str, SimulatedChain]
    broker: Broker
    custodian: Custodian
    bank: Bank
    parties: PaperParties
    calendar: Calendar
    observer: Observer
    new_worker: Callable[["World"], WorkerOnce]
    subscribe: Callable[[Subscription], None]
    redeem: Callable[[Redemption], None]
    tell: Callable[[Unit, type[Any], str, object], None]
    random: random.Random
    machine_s: float = 0.0
    faults: bool = True
    digest: Any = field(default_factory=hashlib.sha256)
    events: int = 0
    movements: int = 0
    progress: int = 0
    latest: str = ""
    silenced: bool = False
    seen: dict[str, int] = field(default_factory=dict)
    token_stock: dict[str, str] = field(default_factory=dict)

    def progressed(self, what: str) -> None:
        """An answer or a piece of news was told to a row."""
        self.progress += 1
        self.latest = what

    def observe(self) -> None:
        """Show the observer what is new at the custodian and on the chains; every movement and event is checked."""
        for movement in self.custodian.movements(self.movements):
            self.movements += 1
            self._count(movement.type, movement.instruction, movement.quantity.atoms)
            self.observer.saw_movement(movement)
        for name, chain in self.chains.items():
            start = self.seen.get(name, 0)
            fresh = chain.log[start:]
            self.seen[name] = start + len(fresh)
            for event in fresh:
                self._count(name, type(event).__name__, event.tx_id)
                self.observer.saw_chain(event, self.token_stock[event.token])

    def _count(self, *parts: object) -> None:
        self.events += 1
        self.digest.update(repr(parts).encode())

    def probe(self, point: str) -> None:
        """What the worker calls around every effect: look, and sometimes die."""
        self.observe()
        if self.faults and self.random.random() < 0.004:
            raise Crash(point)
