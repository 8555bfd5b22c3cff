"""Runs the trials side by side, each in a process of its own forked from one that has everything imported."""

import json
import multiprocessing
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.mutation.build import compiled, write_sources
from tests.mutation.operators import Mutant
from tests.mutation.trial import Verdict, try_mutant

from openscrip.issuance.contracts.compile import CONTRACTS

WORKERS = 2
TRIAL_S_MAX = 600
_PRELOADED = "tests.mutation.warm"
# The code as it stands, as a mutant like any other: it must survive, or a death would mean nothing.
UNCHANGED = Mutant("unchanged", "", "nothing", "")


class Bench:
    """Runs trials of mutants in a folder of their own, at most `workers` at a time."""

    def __init__(
        self, folder: Path, trial: Callable[[Mutant, Path, Path], None], preloaded: str, originals: Path, workers: int = WORKERS
    ) -> None:
        self._folder = folder
        self._trial = trial
        self._originals = originals
        self._workers = workers
        self._running: dict[BaseProcess, tuple[Mutant, float]] = {}
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([preloaded])

    def verdicts(self, mutants: Sequence[Mutant]) -> Iterator[Verdict]:
        """A verdict for each mutant, as they come. Processes are ended with the iteration."""
        waiting = list(reversed(mutants))
        try:
            while waiting or self._running:
                while waiting and len(self._running) < self._workers:
                    self._begin(waiting.pop())
                wait([process.sentinel for process in self._running], timeout=1)
                yield from self._ended()
        finally:
            for process in self._running:
                process.kill()

    def _place(self, mutant: Mutant) -> Path:
        return self._folder / mutant.key

    def _begin(self, mutant: Mutant) -> None:
        process = self._context.Process(target=self._trial, args=(mutant, self._place(mutant), self._originals))
        process.start()
        self._running[process] = (mutant, time.monotonic() + TRIAL_S_MAX)

    def _ended(self) -> Iterator[Verdict]:
        for process, (mutant, end) in list(self._running.items()):
            late = time.monotonic() > end
            if late:
                process.kill()
            elif process.is_alive():
                continue
            process.join(5)
            del self._running[process]
            yield self._verdict(mutant, late=late)

    def _verdict(self, mutant: Mutant, *, late: bool) -> Verdict:
        found = self._place(mutant) / "verdict.json"
        if found.exists():
            verdict = Verdict(**json.loads(found.read_text()))
        else:
            verdict = Verdict(mutant.name, mutant.operator, "late" if late else "broken", "", TRIAL_S_MAX)
        if verdict.outcome in {"killed", "refused", "same"}:
            shutil.rmtree(self._place(mutant), ignore_errors=True)  # what was not killed stays, to be looked at
        return verdict


class Trials(Bench):
    """Trials of the contracts."""

    def __init__(self, folder: Path) -> None:
        originals = folder / "originals"
        super().__init__(folder, try_mutant, _PRELOADED, originals)
        write_sources(folder / "sources")
        originals.mkdir()
        for contract in CONTRACTS:
            (originals / f"{contract}.json").write_text(compiled(folder / "sources", contract))
