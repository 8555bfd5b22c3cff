"""Closing a period: its transfers and balances under one hash that is chained to the closing before.

The hash of a closing is SHA-256 over lines, each ended by a newline: the hash of the closing before (64 zeros for the
first), the period's transfers in order of their numbers, the totals of every account that they touched in order of
name, and the closing's own particulars. An export holds the same lines, so anybody can hash them again.

What belongs to a period is decided by time: everything since the closing before, up to the period's end. The database
refuses whatever comes later with such a time. Beside the hash, pages keep a digest of each transfer, so that a row
that was rewritten, removed or slipped in afterwards is named and not only noticed.
"""

import hashlib
import json
import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, func, insert, select, text
from sqlalchemy.exc import OperationalError

from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed, Refused, Unavailable, refuse_unless
from openscrip.runtime.database import WRITE_LOCK
from openscrip.runtime.history import Entry, closed_balances, entries, one_moment
from openscrip.runtime.ledger import Balance
from openscrip.runtime.schema import closing, closing_balance, closing_page, transfer

FIRST_PREVIOUS = "0" * 64
"""What the first closing names as the one before."""
PAGE_ROWS = 1_000
TRIES = 20
LOCK_WAIT_MS = 500
"""How long a closing waits at once for those who are posting on PostgreSQL: less than it takes to call it a deadlock."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of market time that ends before `until`. It begins where the closing before ended."""

    name: str
    until: int

    @classmethod
    def parse(cls, name: str) -> "Period":
        """A year, a month or a day in UTC: `2024`, `2024-06`, `2024-06-03`. Raises `Malformed("ledger.period")`."""
        match = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", name)
        try:
            if match is None:
                raise ValueError(name)
            year, month, day = int(match[1]), int(match[2] or 12), int(match[3] or 0)
            last = datetime(year, month, day or monthrange(year, month)[1], tzinfo=UTC)
            return cls(name, int((last + timedelta(days=1)).timestamp()))
        except (ValueError, IndexError, OverflowError) as error:
            raise Malformed("ledger.period", f"ledger: {name!a:.40} was no period such as 2024-06 or 2024-06-03") from error


@dataclass(frozen=True, slots=True)
class Closing:
    """One closed period. `transfers` were posted in it, the highest number ever closed is `last_number`."""

    number: int
    period: str
    since_at: int
    until_at: int
    transfers: int
    last_number: int
    closed_by: str
    closed_at: int
    previous: str
    hash: str


def transfer_line(entry: Entry) -> str:
    """A transfer as a closing hashes it and an export holds it: one line of JSON, amounts as decimal strings of atoms."""
    posting = entry.transfer
    return json.dumps({
        "number": entry.number,
        "at": entry.at,
        "id": posting.id,
        "debit": posting.debit,
        "credit": posting.credit,
        "atoms": str(posting.amount),
        "cause": posting.cause,
        "phase": posting.phase.value,
        "pending_id": posting.pending_id,
        "expires_at": posting.expires_at,
        "seal": entry.seal,
    }, separators=(",", ":"))  # fmt: skip


def balance_line(account: str, balance: Balance) -> str:
    """An account's totals, as a closing hashes them."""
    totals = {
        "debits_pending": str(balance.debits_pending),
        "debits_posted": str(balance.debits_posted),
        "credits_pending": str(balance.credits_pending),
        "credits_posted": str(balance.credits_posted),
    }
    return json.dumps({"account": account} | totals, separators=(",", ":"))


def closing_line(closed: Closing) -> str:
    """A closing's particulars without the two hashes, as it hashes them."""
    names = ("number", "period", "since_at", "until_at", "transfers", "last_number", "closed_by", "closed_at")
    return json.dumps({name: getattr(closed, name) for name in names}, separators=(",", ":"))


def digest_of(line: str) -> str:
    """What a page keeps of a transfer's line."""
    return hashlib.sha256(line.encode()).hexdigest()[:16]


@dataclass
class Tally:
    """A period as it is read: the hash so far, each transfer's digest, and what moved each account."""

    previous: str
    digests: list[tuple[int, str]] = field(default_factory=list)
    moved: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._hash = hashlib.sha256(f"{self.previous}\n".encode())

    def add(self, entry: Entry) -> None:
        """Count one transfer, in order of number."""
        line = transfer_line(entry)
        self._hash.update(f"{line}\n".encode())
        self.digests.append((entry.number, digest_of(line)))
        for account, place in ((entry.transfer.debit, 0), (entry.transfer.credit, 2)):
            sums = self.moved.setdefault(account, [0, 0, 0, 0])
            sums[place] += entry.held
            sums[place + 1] += entry.posted

    def balances(self, before: Mapping[str, Balance]) -> dict[str, Balance]:
        """The totals at the end of the period of every account that it touched, by name."""
        found = {}
        for account in sorted(self.moved):
            start, sums = before.get(account, Balance()), self.moved[account]
            found[account] = Balance(
                start.debits_pending + sums[0],
                start.debits_posted + sums[1],
                start.credits_pending + sums[2],
                start.credits_posted + sums[3],
            )
        return found

    def hash(self, balances: Mapping[str, Balance], closed: Closing) -> str:
        """The closing's hash."""
        whole = self._hash.copy()
        for account in sorted(balances):
            whole.update(f"{balance_line(account, balances[account])}\n".encode())
        whole.update(f"{closing_line(closed)}\n".encode())
        return whole.hexdigest()

    def pages(self) -> Iterator[str]:
        """The digests, `PAGE_ROWS` at a time: a line each, number and digest."""
        for start in range(0, len(self.digests), PAGE_ROWS):
            yield "\n".join(f"{number} {digest}" for number, digest in self.digests[start : start + PAGE_ROWS])


def closings(connection: Connection) -> list[Closing]:
    """Every closing, oldest first."""
    return [Closing(*found) for found in connection.execute(select(closing).order_by(closing.c.number))]


def close_period(engine: Engine, period: Period, by: str, now: int) -> Closing:
    """Close everything up to the end of `period`, at market time `now`. All of it is written or nothing.

    The reading is done beside writers; the write lock is held only while the result is put down, and on PostgreSQL it is
    asked for again and again rather than waited for, because who posts may be waiting for another who would stand behind.
    Raises `Refused("ledger.period")` for a period that is not over or was closed, `Refused("ledger.closer")` if nobody
    is named, and `Unavailable` if transfers with such times kept coming.
    """
    refuse_unless(bool(by.strip()), "ledger.closer", "ledger: nobody was named who closes; say --by NAME")
    if period.until > now:
        raise Refused("ledger.period", f"ledger: {period.name} was not over: it ends {iso(period.until)}, it is {iso(now)}")
    for _ in range(TRIES):
        with one_moment(engine) as connection:
            closed, tally, balances = _prepared(connection, period, by.strip(), now)
        try:
            if _written(engine, closed, tally, balances):
                return closed
        except OperationalError as error:
            if engine.dialect.name == "sqlite":  # it has waited for the lock, or the disk is full
                raise Unavailable(f"database: {error.orig}") from error
    raise Unavailable(f"ledger: transfers kept coming while {period.name} was closed; try again")


def _prepared(connection: Connection, period: Period, by: str, now: int) -> tuple[Closing, Tally, dict[str, Balance]]:
    before = closings(connection)
    last = before[-1] if before else Closing(0, "", 0, 0, 0, 0, "", 0, "", FIRST_PREVIOUS)
    if any(each.period == period.name for each in before) or period.until <= last.until_at:
        raise Refused("ledger.period", f"ledger: {period.name} was closed before; the last closing is {last.period}")
    tally = Tally(last.hash)
    for entry in entries(connection, last.until_at, period.until):
        tally.add(entry)
    balances = tally.balances(closed_balances(connection, last.number))
    highest = max((number for number, _ in tally.digests), default=0)
    closed = Closing(
        last.number + 1,
        period.name,
        last.until_at,
        period.until,
        len(tally.digests),
        max(highest, last.last_number),
        by,
        now,
        last.hash,
        "",
    )
    return _hashed(closed, tally, balances), tally, balances


def _hashed(closed: Closing, tally: Tally, balances: Mapping[str, Balance]) -> Closing:
    particulars = {name: getattr(closed, name) for name in Closing.__slots__}
    return Closing(**particulars | {"hash": tally.hash(balances, closed)})


def _written(engine: Engine, closed: Closing, tally: Tally, balances: Mapping[str, Balance]) -> bool:
    """Put a closing down, unless the period grew or another one came first since it was read."""
    with engine.begin() as connection:
        if engine.dialect.name != "sqlite":
            # who was posting before has committed, and who comes after sees the closing
            connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})"))
            connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}"))
            connection.execute(text("LOCK TABLE transfer, closing IN SHARE ROW EXCLUSIVE MODE"))
        within = select(func.count()).where(transfer.c.at >= closed.since_at, transfer.c.at < closed.until_at)
        count = connection.execute(within.select_from(transfer)).scalar_one()
        latest = connection.execute(select(func.coalesce(func.max(closing.c.number), 0))).scalar_one()
        if (count, latest) != (closed.transfers, closed.number - 1):
            return False
        connection.execute(insert(closing), [{name: getattr(closed, name) for name in Closing.__slots__}])
        _insert(connection, closed.number, balances, tally.pages())
    return True


def _insert(connection: Connection, number: int, balances: Mapping[str, Balance], pages: Iterable[str]) -> None:
    totals = [
        {
            "account": account,
            "closing": number,
            "debits_pending": balance.debits_pending,
            "debits_posted": balance.debits_posted,
            "credits_pending": balance.credits_pending,
            "credits_posted": balance.credits_posted,
        }
        for account, balance in balances.items()
    ]
    bodies = [{"closing": number, "page": page, "body": body} for page, body in enumerate(pages)]
    for table, rows in ((closing_balance, totals), (closing_page, bodies)):
        if rows:
            connection.execute(insert(table), rows)
