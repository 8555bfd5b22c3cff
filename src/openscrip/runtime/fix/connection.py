"""A session over TCP: a link runs it, an initiator connects again and again, an acceptor lets known parties in.

Everything that came in or waits to go out is taken together: one transaction, then the bytes leave (group commit). What is
raised in a transaction undoes it, ends the link and goes up to whoever runs the program: the next link begins with what is
stored.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from openscrip.runtime.fix.codec import Decoder, Message
from openscrip.runtime.fix.dictionary import LOGON
from openscrip.runtime.fix.effects import Identity
from openscrip.runtime.fix.party import Limits, Party
from openscrip.runtime.fix.session import Session
from openscrip.runtime.fix.store import Taken
from openscrip.runtime.fix.turn import Turn

log = logging.getLogger(__name__)

B = TypeVar("B")
READ_BYTES = 64 * 1024


class Link(Generic[B]):
    """One connection of one session."""

    def __init__(
        self, party: Party[B], reader: asyncio.StreamReader, writer: asyncio.StreamWriter, decoder: Decoder | None = None
    ) -> None:
        self._party, self._reader, self._writer = party, reader, writer
        self._decoder = decoder or Decoder(party.limits.message_bytes_max)
        self._session: Session | None = None
        self._inbox: list[Message] = []
        self._something, self._room = asyncio.Event(), asyncio.Event()
        self._closed = False
        self._leaving: str | None = None
        self._testing = False
        self._ended: str | None = None
        self._turned_s = 0.0
        self.up = asyncio.Event()
        """Set once both sides have logged on."""

    def poke(self) -> None:
        """Something waits to be sent."""
        self._something.set()

    def test(self) -> None:
        """Ask the counterparty for a sign of life now."""
        self._testing = True
        self._something.set()

    def leave(self, reason: str) -> None:
        """Say Logout, then close."""
        self._leaving = reason
        self._something.set()

    async def run(self, first: Iterable[Message] = ()) -> str:
        """Run the session until the connection ends; says why. `first` was read before it was known whose it is."""
        self._party.refused["fix.garbled"] += self._decoder.garbled
        self._inbox += first
        reading = asyncio.create_task(self._read())
        try:
            self._begin()
            await self._write(self._turn(opening=True))
            while self._ended is None:
                await self._wait()
                self._turned_s = time.monotonic()
                await self._write(self._turn())
                if self._closed and not self._inbox and self._ended is None:
                    self._ended = "the connection was closed"
            self._writer.close()
            return self._ended
        except Taken as error:
            return str(error)
        finally:
            reading.cancel()
            if self._ended is None:
                self._writer.transport.abort()
            self._lose()

    def _begin(self) -> None:
        """Load the session. A link that was up when the process died was never recorded as lost."""
        self._lose()
        with self._party.store.transaction(self._party.terms.identity) as unit:
            self._session = Session(self._party.terms, unit.counters(), self._party.now())

    def _lose(self) -> None:
        """Record that no link is up."""
        self._party.probe("before loss")
        with self._party.store.transaction(self._party.terms.identity) as unit:
            turn = Turn(self._party, unit, Session(self._party.terms, unit.counters(), self._party.now()))
            turn.lose()
            turn.end()

    def _turn(self, opening: bool = False) -> list[bytes]:
        """Take what came and what waits in one transaction; gives the bytes that may leave now."""
        if self._session is None:
            raise RuntimeError("fix: a turn was taken before the session was loaded")
        limits = self._party.limits
        taken = self._inbox[: limits.group_max]
        with self._party.store.transaction(self._party.terms.identity) as unit:
            turn = Turn(self._party, unit, self._session)
            if opening:
                turn.open()
            turn.take(taken)
            turn.send_due()
            if self._testing:
                turn.test()
            if self._leaving is not None:
                turn.leave(self._leaving)
            turn.end()
            self._party.probe("before commit")
        self._party.probe("after commit")
        self._leaving, self._testing, self._ended = None, False, turn.dropped
        if turn.up:
            self.up.set()
        del self._inbox[: len(taken)]
        if self._inbox:
            self._something.set()
        if len(self._inbox) < limits.inbox_max:
            self._room.set()
        return turn.wires

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._party.limits.tick_s):
                await self._something.wait()
        early_s = self._turned_s + self._party.limits.gather_s - time.monotonic()
        if early_s > 0 and self._leaving is None:
            await asyncio.sleep(early_s)
        self._something.clear()

    async def _write(self, wires: list[bytes]) -> None:
        if not wires:
            return
        passing = self._party.passes(wires)
        self._writer.write(b"".join(passing.wires))
        try:
            async with asyncio.timeout(self._party.limits.write_s):
                await self._writer.drain()
        except (TimeoutError, ConnectionError):
            self._closed = True
        if passing.cut:
            self._ended = "the connection was cut"
            self._writer.close()
        self._party.probe("after write")

    async def _read(self) -> None:
        """Read ahead of the turns, up to the limits."""
        while not self._closed:
            if len(self._inbox) >= self._party.limits.inbox_max:
                self._room.clear()
                await self._room.wait()
            noisy = self._decoder.garbled > self._party.limits.garbled_max
            try:
                data = b"" if noisy else await self._reader.read(READ_BYTES)
            except ConnectionError:
                data = b""
            if not data:
                self._closed = True
            before = self._decoder.garbled
            self._inbox += self._decoder.feed(data)
            self._party.refused["fix.garbled"] += self._decoder.garbled - before
            self._something.set()


class Initiator(Generic[B]):
    """Connects, runs the session, and connects again, waiting longer each time that nobody logs us on."""

    def __init__(self, party: Party[B], host: str, port: int) -> None:
        self._party, self._host, self._port = party, host, port
        self._link: Link[B] | None = None
        self._stop = asyncio.Event()

    @property
    def up(self) -> bool:
        """Whether a link is there on which both sides have logged on."""
        return self._link is not None and self._link.up.is_set()

    def poke(self) -> None:
        """Something waits to be sent."""
        if self._link is not None:
            self._link.poke()

    def test(self) -> None:
        """Ask the counterparty for a sign of life now: what was lost shows in its answer."""
        if self._link is not None:
            self._link.test()

    def stop(self) -> None:
        """Log out and end `run`."""
        self._stop.set()
        if self._link is not None:
            self._link.leave("the session ends")

    async def run(self) -> None:
        """Keep the session up until `stop`. Raises what the application or the store raised."""
        limits = self._party.limits
        backoff_s = limits.backoff_s_min
        while not self._stop.is_set():
            backoff_s = limits.backoff_s_min if await self._connect() else min(backoff_s * 2, limits.backoff_s_max)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(backoff_s):
                    await self._stop.wait()

    async def _connect(self) -> bool:
        """One connection; says whether both sides logged on."""
        try:
            async with asyncio.timeout(self._party.limits.write_s):
                reader, writer = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError) as error:
            log.info("fix %s: no connection: %s", self._party.terms.identity, error)
            return False
        if self._stop.is_set():  # meanwhile: nobody would tell a link that begins now
            writer.close()
            return False
        link = self._link = Link(self._party, reader, writer)
        try:
            reason = await link.run()
        finally:
            self._link = None
        log.info("fix %s: the link ended: %s", self._party.terms.identity, reason)
        return link.up.is_set()


class Acceptor:
    """Lets known parties in, one connection each. Whoever else knocks is cut off without an answer.

    To be made where an event loop runs.
    """

    def __init__(self, parties: Iterable[Party[Any]], limits: Limits | None = None) -> None:
        self._parties = {party.terms.identity: party for party in parties}
        self._limits = limits or Limits()
        self._links: dict[Identity, Link[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._strangers = 0
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def listen(self, host: str, port: int = 0) -> int:
        """Open the door; gives the port."""
        self._server = await asyncio.start_server(self._knock, host, port)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    def poke(self, identity: Identity) -> None:
        """Something waits to be sent to a party."""
        if identity in self._links:
            self._links[identity].poke()

    async def failure(self) -> None:
        """Wait for what an application or a store raises, and raise it."""
        await asyncio.shield(self._failed)

    async def close(self) -> None:
        """Log everybody out and close the door."""
        if self._server is not None:
            self._server.close()
        for link in self._links.values():
            link.leave("the session ends")
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._failed.cancel()

    async def _knock(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            await self._admit(reader, writer)
        except Exception as error:
            log.exception("fix: a session stopped")
            if not self._failed.done():
                self._failed.set_exception(error)
        finally:
            writer.close()

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder = Decoder(self._limits.message_bytes_max)
        if self._strangers >= self._limits.strangers_max:
            return
        self._strangers += 1
        try:
            async with asyncio.timeout(self._limits.write_s):
                first = await self._first(reader, decoder)
        except (TimeoutError, ConnectionError):
            return
        finally:
            self._strangers -= 1
        identity = Identity(first[0].get(56) or "", first[0].get(49) or "") if first else Identity("", "")
        party = self._parties.get(identity)
        if party is None or first[0].type != LOGON or identity in self._links:
            log.warning("fix: a connection for %s was cut off", f"{identity}"[:80])
            return
        link = self._links[identity] = Link(party, reader, writer, decoder)
        try:
            reason = await link.run(first)
        finally:
            del self._links[identity]
        log.info("fix %s: the link ended: %s", identity, reason)

    async def _first(self, reader: asyncio.StreamReader, decoder: Decoder) -> list[Message]:
        """The messages of the first bytes that hold one; none if the connection ends or holds noise."""
        while decoder.garbled == 0 and (data := await reader.read(READ_BYTES)):
            if messages := decoder.feed(data):
                return messages
        return []
