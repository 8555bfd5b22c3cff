"""The input log of a paper process: each command is on disk before it acts, and replaying gives the state back.

A command that asks another process (the custodian asks the broker) also records the answer, by its own id, so that a
replay never depends on the other process being there, and an answer lost in a crash is asked for again by the same id.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any, Generic, TypeVar

from openscrip.assets.paper import (
    CashIn,
    Depository,
    PaperParty,
    Switches,
    Transfer,
    TransferAnswer,
    refuse_clock_beyond,
)
from openscrip.assets.wire import from_json, to_json
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Conflict, Refused

CoreT = TypeVar("CoreT", bound=PaperParty[Any])


@dataclass(frozen=True, slots=True)
class ClockStep:
    """Market time moved to `now`."""

    now: int


@dataclass(frozen=True, slots=True)
class Command(Generic[CoreT]):
    """How a logged body is read and what it does to the core."""

    kind: type
    act: Callable[[CoreT, Any], object]
    read: Callable[[Any], Any] | None = None
    """How a body is read that is no record of decimal strings; it is logged as it came."""

    def record(self, body: object) -> Any:
        """The body as `act` takes it. Raises `Malformed`."""
        return from_json(self.kind, body) if self.read is None else self.read(body)

    def logged(self, record: Any, body: object) -> str:
        """The body as it is written to the log."""
        return json.dumps(to_json(record) if self.read is None else body)


class InputLog:
    """Commands in order, and answers of others by id, in one SQLite file (WAL, synchronous=FULL)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = path.with_suffix(".lock").open("w", encoding="utf-8")
        try:
            flock(self._lock, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            raise Refused("store.busy", f"store: {path.name} was in use by another process") from error
        self._rows = sqlite3.connect(path, isolation_level=None)
        self._rows.execute("PRAGMA journal_mode=WAL")
        self._rows.execute("PRAGMA synchronous=FULL")
        self._rows.execute("CREATE TABLE IF NOT EXISTS start (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER)")
        self._rows.execute("CREATE TABLE IF NOT EXISTS input (seq INTEGER PRIMARY KEY, name TEXT, body TEXT)")
        self._rows.execute("CREATE TABLE IF NOT EXISTS answer (id TEXT PRIMARY KEY, body TEXT)")
        self._unwritten: list[tuple[str, str]] = []

    @property
    def connection(self) -> sqlite3.Connection:
        """The file's connection: what is appended while a transaction is open on it becomes part of that transaction."""
        return self._rows

    def started_at(self, at: int) -> int:
        """The market time of the very first start; `at` if this is it."""
        self._rows.execute("INSERT OR IGNORE INTO start VALUES (1, ?)", (at,))
        return int(self._rows.execute("SELECT at FROM start").fetchone()[0])

    def append(self, entries: list[tuple[str, str]]) -> None:
        """Write commands in one transaction; they are on disk when this returns, or when the open one commits."""
        joins = self._rows.in_transaction
        if not joins:
            self._rows.execute("BEGIN IMMEDIATE")
        self._rows.executemany("INSERT INTO input (name, body) VALUES (?, ?)", entries)
        if not joins:
            self._rows.execute("COMMIT")

    def entries(self) -> list[tuple[str, str]]:
        """All commands in order."""
        return list(self._rows.execute("SELECT name, body FROM input ORDER BY seq"))

    def answers(self) -> dict[str, str]:
        """All answers by id."""
        return dict(self._rows.execute("SELECT id, body FROM answer").fetchall())

    def answer(self, key: str, body: str) -> None:
        """Note another process's answer; `write_answers` records all at once."""
        self._unwritten.append((key, body))

    def write_answers(self) -> None:
        """Record the answers noted so far, before anyone is told what followed from them."""
        if self._unwritten:
            self._rows.execute("BEGIN IMMEDIATE")
            self._rows.executemany("INSERT INTO answer VALUES (?, ?)", self._unwritten)
            self._rows.execute("COMMIT")
            self._unwritten.clear()

    def close(self) -> None:
        """Close the file."""
        self._rows.close()
        self._lock.close()


class RecordedDepository:
    """A depository that never asks twice: what was answered once is read from the log."""

    def __init__(self, log: InputLog, live: Depository) -> None:
        self._log = log
        self._live = live
        self._answers = log.answers()

    def deliver(self, transfer: Transfer) -> TransferAnswer:
        """Shares leave the broker."""
        return self._once(f"deliver:{transfer.id}", lambda: self._live.deliver(transfer))

    def receive(self, transfer: Transfer) -> TransferAnswer:
        """Shares reach the broker."""
        return self._once(f"receive:{transfer.id}", lambda: self._live.receive(transfer))

    def pay_in(self, cash: CashIn) -> TransferAnswer:
        """Money reaches the broker."""
        return self._once(f"pay_in:{cash.id}", lambda: self._live.pay_in(cash))

    def _once(self, key: str, ask: Callable[[], TransferAnswer]) -> TransferAnswer:
        known = self._answers.get(key)
        if known is not None:
            return from_json(TransferAnswer, json.loads(known))
        answer = ask()
        self._answers[key] = json.dumps(to_json(answer))
        self._log.answer(key, self._answers[key])
        return answer


class PaperShell(Generic[CoreT]):
    """A core with its log. `perform` writes, then acts; what fails half-way is rebuilt from the log, never left so."""

    def __init__(
        self, log: InputLog, build: Callable[[], CoreT], commands: Mapping[str, Command[CoreT]], *, live: bool
    ) -> None:
        self.log = log
        self._build = build
        self._commands: dict[str, Command[CoreT]] = {
            "clock": Command(ClockStep, lambda core, step: core.advance_to(step.now)),
            "switches": Command(Switches, lambda core, switches: core.turn(switches)),
            **commands,
        }
        self._core: CoreT | None = None
        self._live = LiveClock() if live else None

    def close(self) -> None:
        """Close the log."""
        self.log.close()

    def perform(self, name: str, body: object) -> object:
        """Log and act. Raises `Malformed` before anything is logged, `Refused` or `Unavailable` after."""
        record: object = self._commands[name].record(body)
        core = self.core()
        entries = [(name, self._commands[name].logged(record, body))]
        if self._live is not None and self._live.now() > core.now:
            entries.insert(0, ("clock", json.dumps({"now": self._live.now()})))
        self.log.append(entries)
        result: object = None
        for each, text in entries:
            result = self._act(core, each, json.loads(text))
        return result

    def core(self) -> CoreT:
        """The core as of now, rebuilt if it is not at hand. Raises `Unavailable` while it cannot be."""
        if self._core is None:
            core = self._build()
            for name, text in self.log.entries():
                try:
                    self._commands[name].act(core, self._commands[name].record(json.loads(text)))
                except Refused:
                    continue  # It was refused the first time too, and changed nothing.
                finally:
                    self.log.write_answers()
            self._core = core
        self._catch_up(self._core)
        return self._core

    def forget(self) -> None:
        """Drop the core: what it knew was not written after all, and it is rebuilt from the log."""
        self._core = None

    def push_clock(self, body: object) -> CoreT:
        """Move market time and do what is due by then. Raises `Conflict("clock.live")` on a live clock."""
        if self._live is not None:
            raise Conflict("clock.live", "clock: market time was live and cannot be pushed")
        step = from_json(ClockStep, body)
        refuse_clock_beyond(self.core().calendar, step.now)
        if step.now > self.core().now:
            self.perform("clock", to_json(step))
        return self.core()

    def _catch_up(self, core: CoreT) -> None:
        """On a live clock, do what is due by now."""
        due_at = core.next_due()
        if self._live is None or due_at is None or due_at > self._live.now():
            return
        step = {"now": self._live.now()}
        self.log.append([("clock", json.dumps(step))])
        self._act(core, "clock", step)

    def _act(self, core: CoreT, name: str, body: object) -> object:
        command, whole = self._commands[name], False
        try:
            result = command.act(core, command.record(body))
            whole = True
            return result
        except Refused:
            whole = True
            raise
        finally:
            if not whole:
                self._core = None
            self.log.write_answers()
