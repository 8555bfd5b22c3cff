"""The ledger as it stood: balances at a past moment, and what moved an account in between.

A moment is an instant of market time or a transfer's number. The nearest closing before it is the base, so that only
what was posted since then is added up, by index. Reads only, over one connection, all of one moment of the database.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, case, func, literal, select, true, union_all

from openscrip.runtime.database import READ_ONLY, unavailable
from openscrip.runtime.ledger import Balance, Phase, Transfer, moved
from openscrip.runtime.schema import account, closing, closing_balance, transfer

TOGETHER = 500
_PENDING = transfer.alias("pending")
_FROM = transfer.outerjoin(_PENDING, _PENDING.c.id == transfer.c.pending_id)
_HELD = case(
    (transfer.c.phase == Phase.PENDING.value, transfer.c.amount),
    (transfer.c.phase.in_([Phase.POST.value, Phase.VOID.value]), -_PENDING.c.amount),
    else_=0,
)
_POSTED = case((transfer.c.phase.in_([Phase.POSTED.value, Phase.POST.value]), transfer.c.amount), else_=0)


@contextmanager
def one_moment(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads, and reads all of one moment of the database; writers do not wait for it."""
    options: dict[str, object] = {READ_ONLY: True}
    if engine.dialect.name != "sqlite":
        options["isolation_level"] = "REPEATABLE READ"  # elsewhere each statement would see a moment of its own
    with unavailable(), engine.connect().execution_options(**options) as connection:
        yield connection


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant of market time, all of its transfers included, or the moment right after a transfer's number."""

    at: int | None = None
    number: int | None = None

    def includes(self) -> ColumnElement[bool]:
        """Which transfers had been posted."""
        if self.number is not None:
            return transfer.c.number <= self.number
        return transfer.c.at <= self.at if self.at is not None else true()


@dataclass(frozen=True, slots=True)
class Movement:
    """One transfer as an account saw it. `held` and `posted` are what it added to the account's totals on one side."""

    number: int
    at: int
    id: str
    phase: Phase
    cause: str
    counter: str
    is_debit: bool
    held: int
    posted: int
    balance: Balance


@dataclass(frozen=True, slots=True)
class Statement:
    """An account from one instant to another: the balance before, every movement, and the balance after."""

    account: str
    since: int
    until: int
    opening: Balance
    movements: tuple[Movement, ...]

    @property
    def closing(self) -> Balance:
        """The balance at the end."""
        return self.movements[-1].balance if self.movements else self.opening


@dataclass(frozen=True, slots=True)
class _Base:
    """The closing that a moment is counted from: its number (0: the beginning), and what was posted since."""

    closing: int
    since: ColumnElement[bool]


def _base(connection: Connection, moment: Moment) -> _Base:
    wanted = closing.c.last_number <= moment.number if moment.number is not None else true()
    if moment.at is not None:
        wanted = and_(wanted, closing.c.until_at <= moment.at + 1)
    latest = select(closing.c.number, closing.c.until_at).where(wanted).order_by(closing.c.number.desc()).limit(1)
    found = connection.execute(latest).first()
    return _Base(found.number, transfer.c.at >= found.until_at) if found else _Base(0, true())


def balance_at(connection: Connection, name: str, moment: Moment) -> Balance:
    """The totals of one account at a moment; zeros if nothing had happened to it."""
    base = _base(connection, moment)
    return _moved_since(connection, name, moment, base, _closed_balance(connection, name, base))


def _closed_balance(connection: Connection, name: str, base: _Base) -> Balance:
    columns = closing_balance.c
    totals = (columns.debits_pending, columns.debits_posted, columns.credits_pending, columns.credits_posted)
    asked = select(*totals).where(columns.account == name, columns.closing <= base.closing)
    found = connection.execute(asked.order_by(columns.closing.desc()).limit(1)).first()
    return Balance(*found) if found else Balance()


def _moved_since(connection: Connection, name: str, moment: Moment, base: _Base, start: Balance) -> Balance:
    sums: list[int] = []
    for side in (transfer.c.debit, transfer.c.credit):
        asked = select(func.coalesce(func.sum(_HELD), 0), func.coalesce(func.sum(_POSTED), 0)).select_from(_FROM)
        sums += map(int, connection.execute(asked.where(side == name, base.since, moment.includes())).one())
    return Balance(
        start.debits_pending + sums[0],
        start.debits_posted + sums[1],
        start.credits_pending + sums[2],
        start.credits_posted + sums[3],
    )


def balances_at(connection: Connection, moment: Moment) -> dict[str, Balance]:
    """The totals at a moment of every account that had been used, by name."""
    base = _base(connection, moment)
    totals = {name: _numbers(balance) for name, balance in closed_balances(connection, base.closing).items()}
    for side, place in ((transfer.c.debit, 0), (transfer.c.credit, 2)):
        asked = select(side, func.sum(_HELD), func.sum(_POSTED)).select_from(_FROM)
        for name, held, posted in connection.execute(asked.where(base.since, moment.includes()).group_by(side)):
            sums = totals.setdefault(name, [0, 0, 0, 0])
            sums[place] += int(held)
            sums[place + 1] += int(posted)
    return {name: Balance(*totals[name]) for name in sorted(totals)}


def _numbers(balance: Balance) -> list[int]:
    return [balance.debits_pending, balance.debits_posted, balance.credits_pending, balance.credits_posted]


def closed_balances(connection: Connection, number: int) -> dict[str, Balance]:
    """The totals of every account at a closing, by name: for each the last that was written until then."""
    columns = closing_balance.c
    last = (
        select(columns.account, func.max(columns.closing).label("closing"))
        .where(columns.closing <= number)
        .group_by(columns.account)
        .subquery()
    )
    totals = (columns.debits_pending, columns.debits_posted, columns.credits_pending, columns.credits_posted)
    on = and_(columns.account == last.c.account, columns.closing == last.c.closing)
    asked = select(columns.account, *totals).select_from(closing_balance.join(last, on))
    return {name: Balance(*found) for name, *found in connection.execute(asked)}


def current_balances(connection: Connection) -> dict[str, Balance]:
    """The running totals as the ledger keeps them, by name."""
    columns = account.c
    totals = (columns.debits_pending, columns.debits_posted, columns.credits_pending, columns.credits_posted)
    return {name: Balance(*found) for name, *found in connection.execute(select(columns.id, *totals).order_by(columns.id))}


def statement(connection: Connection, name: str, since: int, until: int) -> Statement:
    """What moved an account from `since` on, before `until`, in order of time and then of number."""
    opening = balance_at(connection, name, Moment(at=since - 1))
    return Statement(name, since, until, opening, tuple(_movements(connection, {name: opening}, since, until)[name]))


def movements_of(connection: Connection, names: Collection[str], until: int) -> dict[str, list[Movement]]:
    """Everything that moved these accounts before `until`, by account and oldest first: one question for `TOGETHER` of them."""
    found: dict[str, list[Movement]] = {}
    wanted = list(dict.fromkeys(names))
    for first in range(0, len(wanted), TOGETHER):
        openings = dict.fromkeys(wanted[first : first + TOGETHER], Balance())
        found |= _movements(connection, openings, 0, until)
    return found


def _movements(connection: Connection, openings: Mapping[str, Balance], since: int, until: int) -> dict[str, list[Movement]]:
    """What moved each account, whose balance before `since` is given."""
    told: dict[str, list[Movement]] = {name: [] for name in openings}
    totals = {name: _numbers(opening) for name, opening in openings.items()}
    columns = (transfer.c.number, transfer.c.at, transfer.c.id, transfer.c.phase, transfer.c.cause)
    within = and_(transfer.c.at >= since, transfer.c.at < until)
    sides = [
        select(
            *columns, side.label("account"), counter.label("counter"), literal(place).label("place"), _HELD.label("held"),
            _POSTED.label("posted"),
        )
        .select_from(_FROM)
        .where(side.in_(list(openings)), within)
        for side, counter, place in ((transfer.c.debit, transfer.c.credit, 0), (transfer.c.credit, transfer.c.debit, 2))
    ]  # fmt: skip
    both = union_all(*sides).subquery()
    for found in connection.execute(select(both).order_by(both.c.at, both.c.number)):
        numbers = totals[found.account]
        numbers[found.place] += int(found.held)
        numbers[found.place + 1] += int(found.posted)
        told[found.account].append(
            Movement(
                found.number,
                found.at,
                found.id,
                Phase(found.phase),
                found.cause,
                found.counter,
                found.place == 0,
                int(found.held),
                int(found.posted),
                Balance(*numbers),
            )
        )
    return told


@dataclass(frozen=True, slots=True)
class Entry:
    """A transfer as it lies in the database, with what it adds to the pending and posted totals of both accounts."""

    number: int
    at: int
    transfer: Transfer
    seal: str
    held: int
    posted: int


def entries(connection: Connection, since: int | None = None, until: int | None = None) -> Iterator[Entry]:
    """The transfers from `since` on, before `until` (None: no bound), in order of their numbers."""
    asked = select(transfer, _PENDING.c.amount.label("of")).select_from(_FROM).order_by(transfer.c.number)
    if since is not None:
        asked = asked.where(transfer.c.at >= since)
    if until is not None:
        asked = asked.where(transfer.c.at < until)
    for found in connection.execute(asked.execution_options(yield_per=5_000)):
        posting = transfer_of(found)
        pending = None if found.of is None else Transfer(posting.pending_id, posting.debit, posting.credit, found.of, "")
        yield Entry(found.number, found.at, posting, found.seal, *moved(posting, pending))


def transfer_of(row: Row[Any]) -> Transfer:
    """The transfer in a row that has all columns of the table."""
    phase, pending_id = Phase(row.phase), row.pending_id or ""
    return Transfer(row.id, row.debit, row.credit, row.amount, row.cause, phase, pending_id, row.expires_at)
