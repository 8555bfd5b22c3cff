"""Leases by name in the database: of several processes one reads a feed, runs a session, or carries a worker's name.

A lease ends by itself when its holder is gone, and another takes it with a higher token. Whoever lost it may not know yet:
what it writes for the lease is checked with `check` in the same transaction, so that a slow process cannot come back.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, literal_column, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement

from openscrip.kernel.errors import Unavailable
from openscrip.runtime.database import READ_ONLY, unavailable
from openscrip.runtime.prepared import Prepared, Session
from openscrip.runtime.schema import lease
from openscrip.runtime.statements import SKEW_S
from openscrip.runtime.store import Fenced

LEASE_S = 10.0
"""How long a lease holds unless it is renewed; whoever dies is replaced after that."""
CLOCK_READ_AGAIN_S = 10.0


class ServerClock:
    """The database server's clock in seconds, so that workers on several machines agree when a lease has ended.

    It is asked now and then; in between the machine's own clock counts on from the last answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._ahead = 0.0
        self._read_at: float | None = None

    def __call__(self) -> float:
        """Seconds; they mean nothing but their differences."""
        now = time.monotonic()
        with self._lock:
            if self._read_at is None or now - self._read_at > CLOCK_READ_AGAIN_S:
                try:
                    self._ahead = self._asked() - time.monotonic()
                except Unavailable:
                    if self._read_at is None:
                        raise
                self._read_at = now
            return time.monotonic() + self._ahead

    def _asked(self) -> float:
        with unavailable(), self._engine.connect() as connection:
            return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())


def machine_clock(engine: Engine) -> Callable[[], float]:
    """The clock that all who share this database go by: the machine's since its start on SQLite, else the server's."""
    return time.monotonic if engine.dialect.name == "sqlite" else ServerClock(engine)


@dataclass(frozen=True, slots=True)
class Standing:
    """A lease as it stands; `left_s` is 0 for one that has ended."""

    name: str
    holder: str
    token: int
    left_s: float


class Leases:
    """The leases of one database. Threads may share it.

    `machine_now` is what `now()` says unless a test moves time. Every method raises `Unavailable` while the database does
    not answer; a holder that cannot renew must stop in time by itself.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.now: Callable[[], float] = machine_clock(engine)
        """The clock that all holders share."""
        insert = (sqlite if engine.dialect.name == "sqlite" else postgresql).insert(lease)
        values = {"name": bindparam("name"), "holder": bindparam("by"), "token": 1, "until": bindparam("ends")}
        into = insert.values(**values, for_s=bindparam("for_s"))
        changed = {name: into.excluded[name] for name in ("holder", "until", "for_s")} | {"token": lease.c.token + 1}
        free = or_(
            lease.c.holder == into.excluded.holder,
            lease.c.until <= bindparam("machine_now"),
            lease.c.until > bindparam("machine_now") + lease.c.for_s + literal_column(str(SKEW_S)),
        )
        said = {"index_elements": ["name"], "set_": changed}
        self._take = self._text(into.on_conflict_do_update(**said, where=free).returning(lease.c.token))
        self._seize = self._text(into.on_conflict_do_update(**said).returning(lease.c.token))
        # 0.0, not 0: SQLite compares a real with an integer in the x87 unit, and gets nonsense where a native library of the
        # same process has left that in disorder; two reals it compares as doubles.
        held = (lease.c.name == bindparam("held"), lease.c.token == bindparam("fence"), lease.c.until > literal_column("0.0"))
        renewed: dict[str, Any] = {"until": bindparam("ends"), "for_s": bindparam("lasts")}
        self._renew = self._text(update(lease).where(*held).values(**renewed).returning(lease.c.token))
        self._release = self._text(update(lease).where(*held).values(until=literal_column("0.0")))
        self._held = self._text(select(lease.c.token).where(*held).with_for_update())
        self._standing = self._text(select(lease).where(lease.c.name == bindparam("held")))

    def _text(self, statement: ClauseElement) -> Prepared:
        return Prepared(statement, self._engine.dialect)

    def take(
        self, name: str, holder: str, machine_now: float | None = None, for_s: float = LEASE_S, *, force: bool = False
    ) -> int | None:
        """The token of the lease if it is free, has ended, or was this holder's; else None.

        A holder that takes its lease again gets a new token and fences its earlier life. With `force` it is taken from
        whoever has it.
        """
        now = self.now() if machine_now is None else machine_now
        asked = {"name": name, "by": holder, "ends": now + for_s, "for_s": for_s}
        with self._writing() as session:
            token = session.value(self._seize, asked) if force else session.value(self._take, asked | {"machine_now": now})
        return None if token is None else int(token)

    def renew(self, name: str, token: int, machine_now: float | None = None, for_s: float = LEASE_S) -> None:
        """Hold it for `for_s` more from now. Raises `Fenced` if it was taken by another or released.

        One that has ended and that nobody took meanwhile is held again.
        """
        now = self.now() if machine_now is None else machine_now
        with self._writing() as session:
            asked = {"held": name, "fence": token, "ends": now + for_s, "lasts": for_s}
            if session.first(self._renew, asked) is None:
                self._refuse_ours(session, name, token)
                raise Fenced(f"leases: the lease {token} of {name} was lost")

    def renew_all(self, tokens: Mapping[str, int], machine_now: float | None = None, for_s: float = LEASE_S) -> list[str]:
        """Hold all of these leases, each by its token, for `for_s` more; the names of those that were lost."""
        now = self.now() if machine_now is None else machine_now
        with self._writing() as session:
            lost = []
            for name, token in sorted(tokens.items()):
                asked = {"held": name, "fence": token, "ends": now + for_s, "lasts": for_s}
                if session.first(self._renew, asked) is None:
                    self._refuse_ours(session, name, token)
                    lost.append(name)
            return lost

    def release(self, name: str, token: int) -> None:
        """Give it back, so that another can take it at once. A lost lease is ignored."""
        with self._writing() as session:
            session.change(self._release, {"held": name, "fence": token})

    def check(self, connection: Connection, name: str, token: int) -> None:
        """In a transaction that writes: raises `Fenced` if the lease was lost; nobody takes it before the transaction ends."""
        if Session(connection).first(self._held, {"held": name, "fence": token}) is None:
            raise Fenced(f"leases: the lease {token} of {name} was lost")

    def standing(self, machine_now: float | None = None) -> list[Standing]:
        """Every lease that was ever taken, by name."""
        now = self.now() if machine_now is None else machine_now
        with unavailable(), self._engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            found = connection.execute(select(lease).order_by(lease.c.name)).all()
        return [Standing(one.name, one.holder, one.token, _left(one.until - now, one.for_s)) for one in found]

    def _refuse_ours(self, session: Session, name: str, token: int) -> None:
        """Whoever is told that it lost what it holds would end for nothing: better a loud bug."""
        row = session.first(self._standing, {"held": name})
        if row is not None and row[2] == token and row[3] > 0:
            raise RuntimeError(f"leases: {row} was not renewed by {self._renew.text}, and is ours by token {token}")

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with unavailable(), self._engine.begin() as connection:
            yield Session(connection)


def _left(left_s: float, for_s: float) -> float:
    return 0.0 if left_s <= 0 or left_s > for_s + SKEW_S else left_s
