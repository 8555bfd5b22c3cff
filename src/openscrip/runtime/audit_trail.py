"""What persons did, as a chain: each entry holds the hash of the one before it, so that none can be changed or taken out.

Entries are written in the same transaction as what they tell of. The database refuses to change or delete one; whoever gets
around the database is found by `broken_at`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

FIRST = "0" * 64
"""What the first entry has in place of a hash before it."""
READ_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act. `at` is machine time, `market_at` market time; `body` is canonical JSON; `hash` is over all the rest."""

    number: int
    at: int
    market_at: int
    who: str
    action: str
    subject: str
    body: str
    previous: str
    hash: str

    @property
    def digest(self) -> str:
        """SHA-256 of what was done, as it is quoted elsewhere."""
        return hashlib.sha256(self.body.encode()).hexdigest()


class Audited(Protocol):
    """What can be read of the chain: a store's view."""

    def audited(self, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        """Entries behind the number `after`, in order."""
        ...

    def counted(self, name: str) -> int:
        """How many numbers of that name were taken; `audit` counts the entries."""
        ...


def canonical_body(payload: Mapping[str, object]) -> str:
    """The payload as JSON text that is the same wherever it is written."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def next_entry(last: AuditEntry | None, at: int, market_at: int, who: str, action: str, subject: str, body: str) -> AuditEntry:
    """The entry that follows `last`."""
    number, previous = (last.number + 1, last.hash) if last else (1, FIRST)
    return AuditEntry(number, at, market_at, who, action, subject, body, previous, _hash(
        number, at, market_at, who, action, subject, body, previous
    ))  # fmt: skip


def broken_at(view: Audited) -> str:
    """The first place where the chain does not hold, as a sentence; empty where all of it does."""
    previous, number = FIRST, 0
    while True:
        entries = view.audited(number, READ_AT_ONCE)
        if not entries:
            break
        told = _first_break(entries, previous, number)
        if told:
            return told
        previous, number = entries[-1].hash, entries[-1].number
    counted = view.counted("audit")
    if counted != number:
        return f"entry {counted}: {counted} entries were written, {number} are there"
    return ""


def _first_break(entries: Iterable[AuditEntry], previous: str, number: int) -> str:
    for entry in entries:
        number += 1
        if entry.number != number:
            return f"entry {number}: it is missing"
        if entry.previous != previous:
            return f"entry {number}: the one before it was changed"
        told = (entry.number, entry.at, entry.market_at, entry.who, entry.action, entry.subject, entry.body, entry.previous)
        if entry.hash != _hash(*told):
            return f"entry {number}: it was changed"
        previous = entry.hash
    return ""


def _hash(*told: int | str) -> str:
    return hashlib.sha256(json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
