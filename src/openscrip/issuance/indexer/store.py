"""What was read of the chains, in a database: rows and cursor of a page move in one transaction, so a kill loses nothing.

On SQLite the index has a file of its own and does not wait for the disk at each commit: what a power cut takes is read
again. On PostgreSQL it may share the books' database.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from openscrip.issuance.indexer import days as counting
from openscrip.issuance.indexer import migrations
from openscrip.issuance.indexer.movements import ALL, Holder, Moved, after, touched
from openscrip.issuance.indexer.reading import Page
from openscrip.issuance.indexer.schema import balance, deployment, history, tail, transfer
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.database import READ_ONLY, open_database, unavailable, upgrade

KEPT_MAX = 200_000
"""Balances kept in memory between pages; past that they are read again."""
_AMONG = 500


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one deployment was read; number -1 before the first block."""

    id: int
    token: str
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Holders:
    """Whoever had something of a token at the end of `block`, with its atoms of 1e-18 raw, in order of their names."""

    chain: str
    token: str
    block: int
    entries: tuple[tuple[str, int], ...]


class Overtaken(Exception):
    """Another process moved the index meanwhile; nothing of ours was written."""


class IndexStore:
    """The index in a database. One process at a time moves it on; many may read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: dict[tuple[int, str], int] = {}
        self._kept_at: dict[int, tuple[int, str]] = {}
        self._put_balance, self._put_tail = put_balance(engine.dialect.name), put_tail(engine.dialect.name)
        upgrade(engine, migrations)

    @classmethod
    def open(cls, url: str) -> "IndexStore":
        """The index at a database URL, made or brought up to date."""
        return cls(open_database(url, synchronous="NORMAL"))

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    # reading

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        options: dict[str, Any] = {READ_ONLY: True}
        if self._engine.dialect.name != "sqlite":
            options["isolation_level"] = "REPEATABLE READ"
        with unavailable(), self._engine.connect().execution_options(**options) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with unavailable(), self._engine.begin() as connection:
            yield connection

    def cursors(self, chain: str) -> list[Cursor]:
        """How far each deployment of a chain was read."""
        with self._reading() as connection:
            return _cursors(connection, chain)

    def deployments(self) -> list[tuple[str, Cursor]]:
        """Every deployment with its chain's name."""
        asked = select(deployment.c.chain, *_CURSOR).order_by(deployment.c.id)
        with self._reading() as connection:
            return [(chain, Cursor(*rest)) for chain, *rest in connection.execute(asked)]

    def tail(self, chain: str) -> list[tuple[int, str]]:
        """Blocks that were read and may yet be undone, as (number, hash), newest first."""
        asked = select(tail.c.number, tail.c.hash).where(tail.c.chain == chain).order_by(tail.c.number.desc())
        with self._reading() as connection:
            return [(number, hashed) for number, hashed in connection.execute(asked)]

    def held(self, chain: str, token: str, holder: str, block: int | None = None) -> RawAmount:
        """What `holder` has, or had at the end of `block`. Raises `Refused("index.unknown")` and `Refused("index.behind")`."""
        with self._reading() as connection:
            cursor = _cursor(connection, chain, token, block)
            asked: Select[Any] = select(balance.c.atoms).where(balance.c.deployment == cursor.id, balance.c.holder == holder)
            if block is not None:
                mine = (history.c.deployment == cursor.id, history.c.holder == holder, history.c.block <= block)
                asked = select(history.c.atoms).where(*mine).order_by(history.c.block.desc()).limit(1)
            return RawAmount(_number(connection.execute(asked).scalar() or b""))

    def held_by(self, holders: Sequence[str]) -> dict[tuple[str, str, str], RawAmount]:
        """What these addresses have now of everything that is followed, by (chain, token, holder): one question."""
        asked = select(deployment.c.chain, deployment.c.token, balance.c.holder, balance.c.atoms)
        mine = (balance.c.deployment == deployment.c.id, balance.c.holder.in_(list(holders)[:_AMONG]))
        with self._reading() as connection:
            found = connection.execute(asked.where(*mine)).all()
        return {(chain, token, holder): RawAmount(_number(atoms)) for chain, token, holder, atoms in found}

    def supply(self, chain: str, token: str, block: int | None = None) -> RawAmount:
        """All there is of a token on a chain, now or at the end of `block`; refuses as `held`."""
        return self.held(chain, token, ALL, block)

    def holders(self, chain: str, token: str, block: int | None = None) -> Holders:
        """Who has what, or had it at the end of `block`: one moment, whatever the indexer does meanwhile; refuses as `held`."""
        with self._reading() as connection:
            cursor = _cursor(connection, chain, token, block)
            if block is None or block == cursor.number:
                mine = (balance.c.deployment == cursor.id, balance.c.holder != ALL)
                found: Iterable[Any] = connection.execute(select(balance.c.holder, balance.c.atoms).where(*mine))
            else:
                had = (history.c.deployment == cursor.id, history.c.holder != ALL, history.c.block <= block)
                asked = select(history.c.holder, history.c.atoms).where(*had).order_by(history.c.holder, history.c.block)
                latest: dict[str, bytes] = dict(connection.execute(asked).all())
                found = latest.items()  # the last of each holder's stays
            number = int.from_bytes
            entries = sorted((holder, atoms) for holder, written in found if (atoms := number(written, "big")))
        return Holders(chain, token, cursor.number if block is None else block, tuple(entries))

    def transfers(self, chain: str, token: str, first: int, last: int) -> list[tuple[int, Moved]]:
        """What moved in blocks `first` to `last`, in order, each with its block; refuses as `held`."""
        with self._reading() as connection:
            cursor = _cursor(connection, chain, token, last)
            mine = (transfer.c.deployment == cursor.id, transfer.c.block >= first, transfer.c.block <= last)
            asked = select(transfer).where(*mine).order_by(transfer.c.block, transfer.c.place)
            return [
                (row.block, Moved(token, row.sender, row.receiver, _number(row.atoms), row.place, row.tx_id))
                for row in connection.execute(asked)
            ]

    def days(self, chain: str, token: str, first: int, last: int) -> list[counting.Day]:
        """What days `first` to `last` (since 1970, UTC) brought a token, oldest first; with no `token` its whole chain."""
        with self._reading() as connection:
            scope = str(_cursor(connection, chain, token, None).id) if token else chain
            return counting.days_of(connection, scope, first, last)

    def days_between(self, first: int, last: int) -> dict[tuple[str, str], list[counting.Day]]:
        """The same of every chain and token in one reading, by chain and token; the token is empty for the whole chain."""
        with self._reading() as connection:
            followed = connection.execute(select(deployment.c.chain, deployment.c.token, deployment.c.id)).all()
            names = {str(identity): (chain, token) for chain, token, identity in followed}
            names |= {chain: (chain, "") for chain, _, _ in followed}
            found: dict[tuple[str, str], list[counting.Day]] = {}
            for scope, day in counting.days_of_all(connection, first, last):
                found.setdefault(names[scope], []).append(day)
            return found

    def days_mark(self, first: int, last: int) -> counting.Mark:
        """Stays the same as long as nothing of these days was counted or taken back: no need to read them again."""
        with self._reading() as connection:
            chains = connection.execute(select(deployment.c.chain).distinct()).scalars().all()
            return counting.mark_of(connection, chains, first, last)

    # writing

    def follow(self, chain: str, tokens: Sequence[str], first: int = 0) -> None:
        """Read these tokens of a chain from block `first` on; those that are followed already go on where they are."""
        with self._writing() as connection:
            known = {cursor.token for cursor in _cursors(connection, chain)}
            new = [{"chain": chain, "token": token, "number": first - 1, "hash": ""} for token in tokens if token not in known]
            if new:
                connection.execute(insert(deployment), new)

    def append(self, chain: str, behind: Sequence[Cursor], page: Page, final: int) -> None:
        """Write a page for the deployments `behind`, which all stand where it begins: rows and cursors, or nothing.

        Hashes are kept from the last known block up to `final` on. Raises `IndexBroken` for what does not add up, and
        `Overtaken`.
        """
        ids = {cursor.token: cursor.id for cursor in behind}
        if any(self._kept_at.get(cursor.id) != (cursor.number, cursor.hash) for cursor in behind):
            self._kept.clear()
        blocks = [block for block in page.blocks if block.moved]
        with self._writing() as connection:
            self._move(connection, chain, behind, page, final)  # first: whoever is overtaken writes nothing
            held = self._held(connection, ids, touched(blocks))
            changed: dict[Holder, int] = {}
            past: list[dict[str, object]] = []
            for block in blocks:
                new = after(block, held)
                held.update(new)
                changed.update(new)
                past += [_row(ids[token], holder, atoms, block=block.number) for (token, holder), atoms in new.items()]
            if changed:
                connection.execute(insert(history), past)
                now = [_row(ids[token], holder, atoms) for (token, holder), atoms in changed.items()]
                connection.execute(self._put_balance, now)
            if blocks:
                connection.execute(insert(transfer), [_transfer(ids[m.token], b.number, m) for b in blocks for m in b.moved])
                counting.count(connection, chain, ids, blocks)
        if len(self._kept) > KEPT_MAX:
            self._kept.clear()
        self._kept.update(((ids[token], holder), atoms) for (token, holder), atoms in changed.items())
        self._kept_at.update((cursor.id, page.end) for cursor in behind)

    def _move(self, connection: Connection, chain: str, behind: Sequence[Cursor], page: Page, final: int) -> None:
        """Cursors and kept hashes."""
        here = (deployment.c.number == behind[0].number, deployment.c.hash == behind[0].hash)
        mine = (deployment.c.id.in_([cursor.id for cursor in behind]), *here)
        moved = connection.execute(update(deployment).where(*mine).values(number=page.end[0], hash=page.end[1]))
        if moved.rowcount != len(behind):
            raise Overtaken(f"index: {chain} was moved on from block {behind[0].number} by another process")
        if page.keep:
            connection.execute(self._put_tail, [{"chain": chain, "number": n, "hash": h} for n, h in page.keep])
        anchor = select(func.max(tail.c.number)).where(tail.c.chain == chain, tail.c.number <= final).scalar_subquery()
        connection.execute(delete(tail).where(tail.c.chain == chain, tail.c.number < anchor))

    def undo(self, chain: str, number: int, hashed: str) -> None:
        """Take back every block after `number`, whose hash was `hashed`; -1 takes back everything."""
        self._kept.clear()
        with self._writing() as connection:
            followed = _cursors(connection, chain)
            for cursor in followed:
                if cursor.number > number:
                    self._undo(connection, cursor.id, number)
                    end = update(deployment).where(deployment.c.id == cursor.id)
                    connection.execute(end.values(number=number, hash=hashed))
            connection.execute(delete(tail).where(tail.c.chain == chain, tail.c.number > number))
            counting.undo(connection, chain, {cursor.token: cursor.id for cursor in followed}, number)

    def _undo(self, connection: Connection, identity: int, number: int) -> None:
        late = (transfer.c.deployment == identity, transfer.c.block > number)
        holders = {ALL} | {
            holder
            for party in (transfer.c.sender, transfer.c.receiver)
            for (holder,) in connection.execute(select(party).where(*late).distinct())
        }
        connection.execute(delete(transfer).where(*late))
        for page in _pages(holders):
            mine = (history.c.deployment == identity, history.c.holder.in_(page))
            connection.execute(delete(history).where(*mine, history.c.block > number))
            connection.execute(delete(balance).where(balance.c.deployment == identity, balance.c.holder.in_(page)))
            newest = select(history.c.holder, func.max(history.c.block).label("block")).where(*mine)
            last = newest.group_by(history.c.holder).subquery()
            joined = (history.c.holder == last.c.holder, history.c.block == last.c.block)
            back = select(history.c.deployment, history.c.holder, history.c.atoms).join(last, joined[0] & joined[1])
            names = ["deployment", "holder", "atoms"]
            connection.execute(insert(balance).from_select(names, back.where(history.c.deployment == identity)))

    def _held(self, connection: Connection, ids: dict[str, int], holders: set[Holder]) -> dict[Holder, int]:
        """The balances of `holders` before a page, from memory or the database."""
        held = {who: self._kept[ids[who[0]], who[1]] for who in holders if (ids[who[0]], who[1]) in self._kept}
        for token, identity in ids.items():
            missing = {holder for named, holder in holders if named == token and (named, holder) not in held}
            for page in _pages(missing):
                asked = select(balance.c.holder, balance.c.atoms)
                mine = asked.where(balance.c.deployment == identity, balance.c.holder.in_(page))
                for holder, atoms in connection.execute(mine):
                    held[token, holder] = _number(atoms)
        return held


def _insert(dialect: str) -> Any:
    return sqlite.insert if dialect == "sqlite" else postgresql.insert


def put_balance(dialect: str) -> Any:
    """Writes a balance in place of the one before."""
    put = _insert(dialect)(balance)
    return put.on_conflict_do_update(index_elements=["deployment", "holder"], set_={"atoms": put.excluded.atoms})


def put_tail(dialect: str) -> Any:
    """Keeps a block's hash, once."""
    return _insert(dialect)(tail).on_conflict_do_nothing()


_CURSOR = (deployment.c.id, deployment.c.token, deployment.c.number, deployment.c.hash)


def _cursors(connection: Connection, chain: str) -> list[Cursor]:
    asked = select(*_CURSOR).where(deployment.c.chain == chain).order_by(deployment.c.id)
    return [Cursor(*row) for row in connection.execute(asked)]


def _cursor(connection: Connection, chain: str, token: str, block: int | None) -> Cursor:
    """The deployment's cursor, if it was followed and read as far as `block`."""
    asked = select(*_CURSOR).where(deployment.c.chain == chain, deployment.c.token == token)
    found = connection.execute(asked).first()
    if found is None:
        raise Refused("index.unknown", f"index: {token} on {chain} was not followed; list it first")
    cursor = Cursor(*found)
    refuse_unless(
        block is None or 0 <= block <= cursor.number,
        "index.behind",
        f"index: {chain} was read up to block {cursor.number}, {block} was asked; wait for it, or ask an earlier one",
    )
    return cursor


def _pages(names: Iterable[str]) -> list[list[str]]:
    ordered = sorted(names)
    return [ordered[first : first + _AMONG] for first in range(0, len(ordered), _AMONG)]


def _number(written: bytes) -> int:
    return int.from_bytes(written, "big")


def _row(identity: int, holder: str, atoms: int, **more: object) -> dict[str, object]:
    return {"deployment": identity, "holder": holder, "atoms": atoms.to_bytes(32, "big"), **more}


def _transfer(identity: int, block: int, one: Moved) -> dict[str, object]:
    return {
        "deployment": identity,
        "block": block,
        "place": one.place,
        "sender": one.sender,
        "receiver": one.receiver,
        "atoms": one.atoms.to_bytes(32, "big"),
        "tx_id": one.tx_id,
    }
