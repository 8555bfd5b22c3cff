"""The memory store's outbox: which command waits, who holds it, and when it is tried again."""

import heapq
from dataclasses import dataclass

from openscrip.kernel.errors import Conflict
from openscrip.runtime.posting import Undo, assign, remove
from openscrip.runtime.store import Command, Fenced, Lease


@dataclass(slots=True)
class Waiting:
    """A command that is not done. Changed only outside transactions, under the store's lock."""

    command: Command
    number: int
    status: str = "due"
    attempts: int = 0
    error: str = ""
    token: int = 0
    holder: str = ""
    until: float = 0.0
    """Machine time: when the lease ends, or when a retry may start."""


class Outbox:
    """Commands by key for ever, and the open ones in order of due time."""

    __slots__ = ("_due", "_held", "_held_next", "_later", "_later_next", "_numbers", "_tokens", "commands", "open")

    def __init__(self) -> None:
        self.commands: dict[str, Command] = {}
        self.open: dict[str, Waiting] = {}
        self._due: list[tuple[int, int, str]] = []
        self._held: dict[str, Waiting] = {}
        self._later: dict[str, Waiting] = {}
        self._held_next = self._later_next = float("inf")
        self._numbers = self._tokens = 0

    def enqueue(self, command: Command, undo: Undo) -> Waiting | None:
        """Note the command; the caller hands what it gets to `ready` when its transaction commits."""
        known = self.commands.get(command.key)
        if known is not None:
            if known != command:
                raise Conflict("outbox.conflict", f"outbox: {command.key} was {known}, came again as {command}")
            return None
        self._numbers += 1
        waiting = Waiting(command, self._numbers)
        assign(undo, self.commands, command.key, command)
        assign(undo, self.open, command.key, waiting)
        return waiting

    def unparked(self, key: str, undo: Undo) -> Waiting | None:
        """A parked command as if it came anew; the caller hands what it gets to `ready` when its transaction commits."""
        parked = self.open.get(key)
        if parked is None or parked.status != "parked":
            return None
        waiting = Waiting(parked.command, parked.number, error=parked.error, token=parked.token)
        assign(undo, self.open, key, waiting)
        return waiting

    def ready(self, waiting: Waiting) -> None:
        """Let a command be leased from its due time on."""
        heapq.heappush(self._due, (waiting.command.due_at, waiting.number, waiting.command.key))

    def held(self, lease: Lease) -> Waiting:
        """The command that `lease` still holds. Raises `Fenced`."""
        waiting = self._held.get(lease.command.key)
        if waiting is None or waiting.token != lease.token:
            raise Fenced(f"outbox: the lease {lease.token} of {lease.command.key} was lost")
        return waiting

    def finish(self, lease: Lease, undo: Undo) -> None:
        """The command is done."""
        self.held(lease)
        remove(undo, self._held, lease.command.key)
        remove(undo, self.open, lease.command.key)

    def lease(self, worker: str, limit: int, market_now: int, machine_now: float, lease_s: float) -> list[Lease]:
        """As `Store.lease`."""
        if machine_now >= self._held_next:
            self._held_next = self._release(self._held, machine_now)
        if machine_now >= self._later_next:
            self._later_next = self._release(self._later, machine_now)
        taken: list[Lease] = []
        while self._due and len(taken) < limit and self._due[0][0] <= market_now:
            waiting = self.open[heapq.heappop(self._due)[2]]
            self._tokens += 1
            waiting.status, waiting.holder, waiting.token = "leased", worker, self._tokens
            waiting.until = machine_now + lease_s
            taken.append(Lease(waiting.command, self._tokens, waiting.attempts))
            waiting.attempts += 1
            self._held[waiting.command.key] = waiting
            self._held_next = min(self._held_next, waiting.until)
        return taken

    def _release(self, where: dict[str, Waiting], machine_now: float) -> float:
        for waiting in [waiting for waiting in where.values() if waiting.until <= machine_now]:
            del where[waiting.command.key]
            waiting.status = "due"
            self.ready(waiting)
        return min((waiting.until for waiting in where.values()), default=float("inf"))

    def release(self, worker: str) -> int:
        """As `Store.release`."""
        lost = [waiting for waiting in self._held.values() if waiting.holder == worker]
        for waiting in lost:
            del self._held[waiting.command.key]
            waiting.status = "due"
            self.ready(waiting)
        return len(lost)

    def retry(self, lease: Lease, error: str, machine_due: float) -> None:
        """As `Store.retry`."""
        waiting = self._held.get(lease.command.key)
        if waiting is not None and waiting.token == lease.token:
            del self._held[lease.command.key]
            waiting.status, waiting.error, waiting.until = "due", error, machine_due
            self._later[lease.command.key] = waiting
            self._later_next = min(self._later_next, machine_due)

    def park(self, lease: Lease, error: str) -> None:
        """As `Store.park`."""
        waiting = self._held.get(lease.command.key)
        if waiting is not None and waiting.token == lease.token:
            del self._held[lease.command.key]
            waiting.status, waiting.error = "parked", error

    def unpark(self, key: str) -> None:
        """As `Store.unpark`."""
        waiting = self.open.get(key)
        if waiting is not None and waiting.status == "parked":
            waiting.status, waiting.attempts = "due", 0
            self.ready(waiting)

    def next_due(self) -> int | None:
        """As `Store.next_due`."""
        dues = [waiting.command.due_at for where in (self._held, self._later) for waiting in where.values()]
        if self._due:
            dues.append(self._due[0][0])
        return min(dues, default=None)
