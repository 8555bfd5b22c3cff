"""A simulated quarter in memory: clients, orders in every state, dividends and splits, and what the reconciler kept of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from openscrip.bootstrap.books import DECIDES, build_books
from openscrip.bootstrap.simulated import build_world
from openscrip.bootstrap.simulated_parts import summer_of_2024
from openscrip.issuance.coverage import GAP_S_PUSHED, CoverageKeeper
from openscrip.issuance.reconciler import Reconciler
from openscrip.issuance.terms import Terms
from openscrip.kernel.quantities import RawAmount
from openscrip.lab.simulation import SESSIONS_MIN, Simulation
from openscrip.lab.world import WorkerOnce, World
from openscrip.records.networks import Network
from openscrip.runtime.memory import MemoryStore

NETWORKS = {
    "evm": Network("evm", "eip155:31337", 18, "Ethereum"),
    "solana": Network("solana", "solana:4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z", 8, "Solana"),
}


@dataclass
class Index:
    """Balances by (chain, token, holder)."""

    held: dict[tuple[str, str, str], RawAmount] = field(default_factory=dict)

    def held_by(self, holders: Sequence[str]) -> Mapping[tuple[str, str, str], RawAmount]:
        return {place: raw for place, raw in self.held.items() if place[2] in holders}


class Looking:
    """A worker after whose steps the reconciler looks now and then, and what it saw is kept."""

    def __init__(self, worker: WorkerOnce, look: Callable[[], None]) -> None:
        self._worker, self._look, self._steps = worker, look, 0

    def step(self, limit: int = 16) -> bool:
        done = self._worker.step(limit)
        self._steps += 1
        if self._steps % 5 == 0:
            self._look()
        return done


def look(world: World, reconciler: Reconciler) -> None:
    """Look, and keep what is new."""
    found, _ = reconciler.poll("")
    for each in found:
        with world.store.transaction() as unit:
            reconciler.apply(unit, each)


@cache
def quarter() -> World:
    """One run for all tests that only read."""
    world = build_world(11, summer_of_2024(), faults=False, decides=DECIDES)
    books = build_books(Terms(), world.clock.now)
    keeper = CoverageKeeper(GAP_S_PUSHED, machine=lambda: float(world.clock.now()))
    reconciler = Reconciler(
        world.store,
        books,
        world.chains,
        world.custodian,
        world.clock,
        often_s=0.0,
        machine=lambda: world.machine_s,
        keeper=keeper,
    )
    made = world.new_worker
    world.new_worker = lambda name: Looking(made(name), lambda: look(world, reconciler))
    result = Simulation(world, 11, 60, SESSIONS_MIN).run()
    assert result.ok, result.broken
    world.clock.advance_to(world.clock.now() + 30)
    look(world, reconciler)
    assert isinstance(world.store, MemoryStore)
    return world
