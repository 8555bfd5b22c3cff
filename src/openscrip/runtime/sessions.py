"""Sessions that stay open between questions: to take a connection from a pool and give it back costs more than to ask."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, event

from openscrip.runtime.database import TRIED_AFTER_S
from openscrip.runtime.prepared import Session

KEPT_MAX = 16


@dataclass(frozen=True, slots=True)
class _Kept:
    """A session on its connection, and when it was used last by the machine's clock."""

    connection: Connection
    session: Session
    used_s: float


class Sessions:
    """The sessions of one engine, for many threads; each session is used by one at a time.

    What fails inside one gives its connection back to the pool, which undoes what was begun. Where the server went, the
    engine is disposed of, and all that were kept go with it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[_Kept] = deque()
        if engine.dialect.name != "sqlite":
            event.listen(engine, "engine_disposed", lambda _engine: self.close())

    @contextmanager
    def one(self) -> Iterator[Session]:
        """A session for as long as the block lasts."""
        connection, session = self._taken()
        try:
            yield session
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < KEPT_MAX and not connection.invalidated:
            self._idle.append(_Kept(connection, session, time.monotonic()))
        else:
            connection.close()

    def close(self) -> None:
        """Give back what nobody uses at the moment."""
        while True:
            try:
                kept = self._idle.pop()
            except IndexError:
                return
            kept.connection.close()

    def _taken(self) -> tuple[Connection, Session]:
        """The one that was used last, else a new one. One that was idle for a while is tried first: the server may be new."""
        with suppress(IndexError):
            while True:
                kept = self._idle.pop()
                if time.monotonic() - kept.used_s <= TRIED_AFTER_S or self._answers(kept.connection):
                    return kept.connection, kept.session
        connection = self._engine.connect()
        try:
            return connection, Session(connection)
        except BaseException:
            connection.close()
            raise

    def _answers(self, connection: Connection) -> bool:
        try:
            self._engine.dialect.do_ping(connection.connection.dbapi_connection)  # type: ignore[arg-type]  # it is there
        except Exception:  # noqa: BLE001  # whatever it is, another connection is taken
            connection.invalidate()
            connection.close()
            return False
        return True
