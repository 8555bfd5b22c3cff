"""Complete subscriptions on real parts: how many a second, how much processor time each, how long a request takes.

Complete means everything: compliance, the order at the paper broker's process, settlement, the transfer to the paper
custodian's, the attestor's signature from its own process, the mint on a real node (half on EVM, half on Solana), all in
the durable SQLite store. `N in flight` is N requests at once, each round carried to the end before the next begins.
Market time is accelerated; it stops at every instant at which anything is due, and that is part of the figure.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.postgresql import own_postgres, server_pid
from openscrip.assets.compliance.persons import Person, PersonKind
from openscrip.bootstrap.investors import Investor, onboard, pay
from openscrip.bootstrap.running import Running, running
from openscrip.issuance.subscription import SubscriptionCompleted
from openscrip.kernel.clock import new_york_date, new_york_instant
from openscrip.kernel.quantities import Shares
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.pauses import shorten_pauses
from openscrip.runtime.settings import load_settings

CHAINS, SYMBOL, SIZE, INVESTORS = ("evm", "solana"), "TSLA", Shares.parse("2"), 8
ROUNDS = {1: 12, 8: 10, 32: 5}
"""Rounds of one run, by requests in flight."""
WATCH_S, COMPLETED_S_MAX = 0.04, 60.0
"""How often the facts are read for completions: a latency is told up to so much too long, and the reading costs little."""
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
Progress = Callable[[str], None]


@dataclass(slots=True)
class Measured:
    """What some rounds took: wall seconds, processor seconds by process, seconds from request to completed."""

    count: int = 0
    wall_s: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)
    latencies_s: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """The figures of one run by name."""
        return {
            "rate": self.count / self.wall_s,
            "cpu": sum(self.cpu_s.values()) * 1_000 / self.count,
            **{f"cpu_{part}": seconds * 1_000 / self.count for part, seconds in self.cpu_s.items()},
            "p50": quantile(self.latencies_s, 0.50) * 1_000,
            "p99": quantile(self.latencies_s, 0.99) * 1_000,
        }


class Completions(threading.Thread):
    """Notes when each subscription was completed, by reading the facts as they are committed."""

    def __init__(self, run: Running) -> None:
        super().__init__(name="completions", daemon=True)
        self._store = run.platform.store
        self._seen = 0
        self.at: dict[str, float] = {}
        self.ended = threading.Event()

    def run(self) -> None:
        """Look until `ended` is set."""
        while not self.ended.wait(WATCH_S):
            self.look()

    def look(self) -> None:
        """Read the facts that are new."""
        with self._store.glance() as view:
            while found := view.facts(self._seen):
                self._seen = found[-1][0]
                now = time.perf_counter()
                self.at |= {fact.id: now for _, _, fact in found if isinstance(fact, SubscriptionCompleted)}

    def wait_for(self, ids: set[str]) -> None:
        """Block until all were completed."""
        ends = time.monotonic() + COMPLETED_S_MAX
        while not ids <= self.at.keys():
            if time.monotonic() > ends:
                raise TimeoutError(f"bench: {sorted(ids - self.at.keys())} were not completed")
            time.sleep(WATCH_S)


def subscription_figures(
    in_flight: int, runs: int, progress: Progress, folder: Path | None = None, workers: int = 0
) -> dict[str, list[float]]:
    """Each figure's values over the runs, every run on a new data folder; the last also has `start`, in seconds.

    With `workers` the books lie in a PostgreSQL of the run's own, and so many worker processes share the work.
    """
    found: dict[str, list[float]] = {}
    for number in range(runs):
        with tempfile.TemporaryDirectory(dir=folder) as place, ExitStack() as kept:
            told = {"OPENSCRIP_MARKET_CLOCK": "accelerated"}
            if workers:
                told |= {"OPENSCRIP_DATABASE_URL": kept.enter_context(own_postgres()), "OPENSCRIP_WORK_WORKERS": str(workers)}
            began = time.perf_counter()
            settings = load_settings(told, Path(place))
            with running(settings) as run:
                started_s = time.perf_counter() - began
                run.list_stock(SYMBOL)
                investors = [onboard(run.platform, run.stack, _person(each)) for each in range(INVESTORS)]
                shorten_pauses()  # as `openscrip up` does
                _rounds(run, investors, in_flight, 1, "warm")
                measured = _rounds(run, investors, in_flight, ROUNDS[in_flight], "sub")
                problems = verify_ledger(run.platform.engine)
                if problems:
                    raise RuntimeError(f"bench: {problems[0]}")
        figures = measured.figures() | {"start": started_s}
        progress(
            f"run {number + 1} of {runs}, {in_flight} in flight: {figures['rate']:.1f}/s, {figures['cpu']:.0f} CPU ms each"
        )
        for name, value in figures.items():
            found.setdefault(name, []).append(value)
    return found


def _rounds(run: Running, investors: list[Investor], in_flight: int, rounds: int, name: str) -> Measured:
    measured, watching = Measured(), Completions(run)
    watching.look()
    watching.start()
    pids = {"platform": [os.getpid()], **{part: [pid, *children_of(pid)] for part, pid in run.stack.pids().items()}}
    if run.workers:
        pids["workers"] = [child.pid for child in run.workers]
    if run.platform.engine.dialect.name != "sqlite":
        server = server_pid(run.platform.settings.database_url)
        pids["database"] = [-server]
    before, began = {part: sum(map(cpu_s, each)) for part, each in pids.items()}, time.perf_counter()
    try:
        for number in range(rounds):
            asked = _ask(run, investors, [f"{name}-{number}-{each}" for each in range(in_flight)], number)
            run.advance_to(_delivered_at(run))
            watching.wait_for(set(asked))
            measured.latencies_s += [watching.at[each] - at for each, at in asked.items()]
            measured.count += in_flight
        measured.wall_s = time.perf_counter() - began
    finally:
        watching.ended.set()
        watching.join()
    measured.cpu_s = {part: sum(map(cpu_s, each)) - before[part] for part, each in pids.items()}
    return measured


def _ask(run: Running, investors: list[Investor], names: list[str], number: int) -> dict[str, float]:
    """Ask for and pay one subscription a name, all at once, every other one on Solana; when each was asked for."""
    asked: dict[str, float] = {}

    def ask(place: int) -> None:
        name, investor, chain = names[place], investors[place % len(investors)], CHAINS[(place + number) % 2]
        asked[name] = time.perf_counter()
        row = run.platform.market.subscribe(name, investor.id, SYMBOL, chain, investor.address(chain), SIZE)
        if row.state == "refused":
            raise RuntimeError(f"bench: {name} was refused: {row.reason}")
        pay(run.platform, row)

    with ThreadPoolExecutor(len(names)) as clients:
        list(clients.map(ask, range(len(names))))
    return asked


def _delivered_at(run: Running) -> int:
    """When shares ordered now have reached custody: filled in the next session to close, settled T+1, moved that day."""
    calendar, now = run.platform.calendar, run.platform.clock.now()
    session = calendar.session_on_or_after(new_york_date(now))
    if now >= session.close_at:
        session = calendar.next_session(session.day)
    settled_on = calendar.settlement_on_or_after(calendar.settle(session.day))
    return new_york_instant(settled_on, 16, 30)


def _person(number: int) -> Person:
    return Person(f"investor-{number}", f"Investor Number {number}", PersonKind.NATURAL, "DE", "DE", "DE")


def cpu_s(pid: int) -> float:
    """Processor seconds, user and system, of a process with all its threads; of `-pid` with its children, gone or not."""
    if pid < 0:
        told = _stat(-pid)
        return sum(map(int, told[11:15])) / TICKS_PER_S + sum(map(cpu_s, children_of(-pid)))
    told = _stat(pid)
    if not told:
        return 0.0
    return (int(told[11]) + int(told[12])) / TICKS_PER_S


def children_of(pid: int) -> list[int]:
    """The processes that a part started: the EVM chain's face runs anvil."""
    running = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]
    return [each for each in running if _stat(each)[1:2] == [str(pid)]]


def _stat(pid: int) -> list[str]:
    """State, parent, and what follows them; empty for a process that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def quantile(values: list[float], share: float) -> float:
    """The value that `share` of all values do not exceed; the highest for few values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
