"""What each day brought, kept as the index moves on: written with the page that brings it, taken back with what is undone.

Nothing is counted when somebody asks. A user is an address that gave or took; on two chains the same bytes are two users.
Days are days of UTC by the time of the chain's block. A scope is one token on one chain, or all tokens of a chain; of
different tokens raw amounts do not add up, so the scope of a chain has none.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from openscrip.issuance.indexer.movements import ALL, Block, Moved
from openscrip.issuance.indexer.schema import block as block_table
from openscrip.issuance.indexer.schema import day as day_table
from openscrip.issuance.indexer.schema import transfer, undone, user, user_day
from openscrip.kernel.quantities import RawAmount

DAY_S = 86_400
Mark = tuple[int, ...]
"""Stays the same as long as nothing within some days was counted or taken back."""
_AMONG = 500


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a token on a chain, or of a chain (then without amounts). `day` counts from 1970-01-01 UTC."""

    day: int
    moved: RawAmount = RawAmount(0)
    minted: RawAmount = RawAmount(0)
    burned: RawAmount = RawAmount(0)
    transfers: int = 0
    transactions: int = 0
    users: int = 0
    new_users: int = 0


@dataclass(slots=True)
class _Fresh:
    """What a page adds to one scope and day."""

    moved: int = 0
    minted: int = 0
    burned: int = 0
    transfers: int = 0
    transactions: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)


def count(connection: Connection, chain: str, ids: Mapping[str, int], blocks: Sequence[Block]) -> None:
    """Add what the blocks of a page brought, in the page's own transaction."""
    if not blocks:
        return
    put = _insert(connection)(block_table).on_conflict_do_nothing()
    connection.execute(put, [{"chain": chain, "number": each.number, "at": each.at} for each in blocks])
    moved = ((each.at // DAY_S, one) for each in blocks for one in each.moved)
    _add(connection, chain, ids, moved)


def undo(connection: Connection, chain: str, ids: Mapping[str, int], number: int) -> None:
    """Count anew from the day of the first block after `number` that moved something. The transfers are gone already."""
    put = _insert(connection)(undone).values(chain=chain, times=1)
    connection.execute(put.on_conflict_do_update(index_elements=["chain"], set_={"times": undone.c.times + 1}))
    late = (block_table.c.chain == chain, block_table.c.number > number)
    first_at = connection.execute(select(func.min(block_table.c.at)).where(*late)).scalar()
    if first_at is None:
        return
    first = int(first_at) // DAY_S
    connection.execute(delete(block_table).where(*late))
    scopes = [chain, *(str(identity) for identity in ids.values())]
    for table, since in ((day_table, day_table.c.day), (user_day, user_day.c.day), (user, user.c.first_day)):
        connection.execute(delete(table).where(table.c.scope.in_(scopes), since >= first))
    names = {identity: token for token, identity in ids.items()}
    here = (block_table.c.chain == chain, block_table.c.at >= first * DAY_S, transfer.c.deployment.in_(names))
    asked = select(transfer, block_table.c.at).join(block_table, block_table.c.number == transfer.c.block).where(*here)
    rows = connection.execute(asked.order_by(transfer.c.block, transfer.c.place)).all()
    moved = [(row.at // DAY_S, _moved(names[row.deployment], row)) for row in rows]
    _add(connection, chain, ids, moved)


def days_of(connection: Connection, scope: str, first: int, last: int) -> list[Day]:
    """The days of a scope on which something moved, oldest first, from day `first` to `last`."""
    mine = (day_table.c.scope == scope, day_table.c.day >= first, day_table.c.day <= last)
    asked = select(day_table).where(*mine).order_by(day_table.c.day)
    return [_day(row) for row in connection.execute(asked)]


def days_of_all(connection: Connection, first: int, last: int) -> list[tuple[str, Day]]:
    """The same days of every scope, each with its scope, in order of days."""
    asked = select(day_table).where(day_table.c.day >= first, day_table.c.day <= last).order_by(day_table.c.day)
    return [(row.scope, _day(row)) for row in connection.execute(asked)]


def mark_of(connection: Connection, chains: Collection[str], first: int, last: int) -> Mark:
    """What was counted on whole chains within these days, and how often something was taken back.

    Whatever is counted for a token is counted for its chain, so that nobody reads every token's days to find this out.
    """
    counts = (day_table.c.transfers, day_table.c.transactions, day_table.c.users, day_table.c.new_users)
    within = (day_table.c.scope.in_(chains), day_table.c.day >= first, day_table.c.day <= last)
    sums = connection.execute(select(func.count(), *map(func.sum, counts)).where(*within)).one()
    times = connection.execute(select(func.sum(undone.c.times))).scalar()
    return tuple(int(each or 0) for each in (*sums, times))


def _add(connection: Connection, chain: str, ids: Mapping[str, int], moved: Iterable[tuple[int, Moved]]) -> None:
    fresh: defaultdict[tuple[str, int], _Fresh] = defaultdict(_Fresh)
    for day, one in moved:
        for scope in (str(ids[one.token]), chain):
            here = fresh[scope, day]
            here.transfers += 1
            here.transactions.add(one.tx_id)
            here.users.update(who for who in (one.sender, one.receiver) if who != ALL)
            if scope != chain:
                _sum(here, one)
    for (scope, day), here in sorted(fresh.items()):
        users = _new(connection, user_day, here.users, scope=scope, day=day)
        _insert_all(connection, user_day, [{"scope": scope, "day": day, "holder": who} for who in users])
        known = _new(connection, user, users, scope=scope)
        _insert_all(connection, user, [{"scope": scope, "holder": who, "first_day": day} for who in known])
        _put(connection, scope, day, here, len(users), len(known))


def _sum(here: _Fresh, one: Moved) -> None:
    if one.sender == ALL:
        here.minted += one.atoms
    elif one.receiver == ALL:
        here.burned += one.atoms
    else:
        here.moved += one.atoms


def _new(connection: Connection, table: Any, users: Iterable[str], **where: object) -> list[str]:
    """Those who are not there yet."""
    ordered = sorted(users)
    known: set[str] = set()
    for start in range(0, len(ordered), _AMONG):
        mine = [table.c[name] == value for name, value in where.items()]
        asked: Select[Any] = select(table.c.holder).where(*mine, table.c.holder.in_(ordered[start : start + _AMONG]))
        known.update(connection.execute(asked).scalars())
    return [who for who in ordered if who not in known]


def _insert_all(connection: Connection, table: Any, rows: list[dict[str, object]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _put(connection: Connection, scope: str, day: int, here: _Fresh, users: int, new_users: int) -> None:
    found = connection.execute(select(day_table).where(day_table.c.scope == scope, day_table.c.day == day)).first()
    before = _day(found) if found is not None else Day(day)
    values = {
        "moved": (before.moved.atoms + here.moved).to_bytes(40, "big"),
        "minted": (before.minted.atoms + here.minted).to_bytes(40, "big"),
        "burned": (before.burned.atoms + here.burned).to_bytes(40, "big"),
        "transfers": before.transfers + here.transfers,
        "transactions": before.transactions + len(here.transactions),
        "users": before.users + users,
        "new_users": before.new_users + new_users,
    }
    put = _insert(connection)(day_table).values(scope=scope, day=day, **values)
    connection.execute(put.on_conflict_do_update(index_elements=["scope", "day"], set_=values))


def _insert(connection: Connection) -> Any:
    return sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert


def _moved(token: str, row: Any) -> Moved:
    return Moved(token, row.sender, row.receiver, int.from_bytes(row.atoms, "big"), row.place, row.tx_id)


def _day(row: Any) -> Day:
    moved, minted, burned = (RawAmount(int.from_bytes(each, "big")) for each in (row.moved, row.minted, row.burned))
    return Day(row.day, moved, minted, burned, row.transfers, row.transactions, row.users, row.new_users)
