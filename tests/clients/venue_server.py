"""A whole venue behind real sockets for the tests of clients: journal, history, REST and WebSocket in a thread of its own."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from openscrip.api.kraken.counters import TIERS, Counters
from openscrip.api.kraken.keys import ALL, ApiKey, KeyFile, Keys, Permission
from openscrip.api.kraken.rest.backing import Backing
from openscrip.api.kraken.rest.door import serve_rest
from openscrip.api.kraken.socket.server import serve_socket
from openscrip.api.kraken.tokens import Tokens
from openscrip.markets.commands import Admit, Clock, Command, Credit, Enter, List, Open, Quote, SetFees, State
from openscrip.markets.history import History
from openscrip.markets.instruments import Instrument, money, token
from openscrip.markets.recovery import facts_after, open_venue
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.venue import Venue

T = TypeVar("T")

USD, TSLAX = money(1, "USD", "ZUSD"), token(2, "TSLAx")
# Nothing halts by itself here, and a market opens at once: what is tested is how clients speak.
TSLAX_USD = Instrument(
    1, TSLAX, USD, band_bps=0, stale_us=0, stale_halt_us=0, pre_open_us=0, call_us=0, reasonable_bps=5_000, orders_max=1_000
)
FEES = SetFees(0, ((0, 1_000, 0),))
ALICE, BOB, MAKER = 1, 2, 3
USD_EACH, TSLAX_EACH = 1_000_000 * 10**6, 1_000 * 10**8
REFERENCE = 30_000
TICK_S = 0.2
START_S = 30.0


class MarketTime:
    """Microseconds since 1970: the machine's, and as much earlier as `behind_us` says."""

    def __init__(self, behind_s: int) -> None:
        self.behind_us = behind_s * 1_000_000

    def __call__(self) -> int:
        return time.time_ns() // 1_000 - self.behind_us


@dataclass(frozen=True)
class Addresses:
    """Where clients knock."""

    rest: str
    public: str
    private: str


class RunningVenue:
    """The venue while it runs. Everything that touches it is done in its own loop's thread."""

    def __init__(self, folder: Path, behind_s: int = 0) -> None:
        self.folder = folder
        self.clock_us = MarketTime(behind_s)
        self.keys = KeyFile(folder / "keys.json")
        self.addresses = Addresses("", "", "")
        self._loop = asyncio.new_event_loop()
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, name="venue", daemon=True)
        self.sequencer: Sequencer
        self.venue: Venue

    # for tests

    def key(self, account: int, permissions: frozenset[Permission] = ALL) -> ApiKey:
        """A new key of an account, good at once."""
        made = self.keys.create(account, f"client of {account}", permissions, TIERS["pro"])
        self._known.add(made)
        return made

    def submit(self, *commands: Command) -> None:
        """Tell the venue something, and wait until it is durable."""

        async def told() -> None:
            for command in commands:
                self.sequencer.submit(command)
            await self.sequencer.settled()

        self.run(told())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the venue's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_S * 10)

    def read(self, question: Callable[[Venue], T]) -> T:
        """Ask the venue itself, in its thread."""

        async def asked() -> T:
            return question(self.venue)

        return self.run(asked())

    def backlog_bytes(self) -> int:
        """What waits to be sent to clients of the sockets; to be called in the venue's loop."""
        streams = [each._stream for each in self._socket.connections.values()]
        return sum(stream.get_write_buffer_size() for stream in streams if stream is not None)

    def cut(self) -> None:
        """End every connection of the sockets, as a network does."""

        async def cut() -> None:
            for connection in list(self._socket.connections.values()):
                connection.cut()

        self.run(cut())

    # its life

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(START_S), "the venue did not start"
        if self._failed:
            raise self._failed[0]

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_S)
        if self._failed:
            raise self._failed[0]

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001  # raised again in the test's thread
            self._failed.append(error)
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        async with AsyncExitStack() as open_now:
            await open_now.enter_async_context(self._composed())
            self._found()
            await self.sequencer.settled()
            ticking = asyncio.create_task(self._tick())
            self._ready.set()
            await self._stop.wait()
            ticking.cancel()

    @asynccontextmanager
    async def _composed(self) -> AsyncIterator[None]:
        journal_folder = self.folder / "journal"
        journal_folder.mkdir()
        self.venue, journal = open_venue(journal_folder, Venue)
        sequencer = self.sequencer = Sequencer(self.venue, journal, self.clock_us, keep_from=lambda: history.position)
        history = History(
            self.folder / "history.duckdb",
            self.venue.instruments,
            lambda sequence: facts_after(journal_folder, Venue, sequence, sequencer.durable_sequence),
        )
        self._known = GivenKeys()
        tokens, counters = Tokens(), Counters()
        async with AsyncExitStack() as open_now:
            await open_now.enter_async_context(sequencer)
            history.start(sequencer.durable_sequence)
            open_now.callback(history.stop)
            sequencer.consumers.append(history.hear)
            socket = self._socket = await open_now.enter_async_context(
                serve_socket(
                    sequencer, self.venue, history, self._known, tokens, counters, self.clock_us, quoted=history.quoted
                )
            )
            backing = Backing(sequencer, self.venue, self._known, history, self.clock_us, counters, tokens)
            rest_port = await open_now.enter_async_context(serve_rest(backing))
            self.addresses = Addresses(
                f"http://127.0.0.1:{rest_port}",
                f"ws://127.0.0.1:{socket.public_port}",
                f"ws://127.0.0.1:{socket.private_port}",
            )
            yield
            await sequencer.settled()

    def _found(self) -> None:
        for command in (Admit(USD), Admit(TSLAX), FEES, List(TSLAX_USD)):
            self.sequencer.submit(command)
        for account, name in ((ALICE, "alice"), (BOB, "bob"), (MAKER, "maker")):
            self.sequencer.submit(Open(account, name))
            self.sequencer.submit(Credit(account, USD.number, USD_EACH, f"usd-{account}"))
            self.sequencer.submit(Credit(account, TSLAX.number, TSLAX_EACH, f"tslax-{account}"))
        self.sequencer.submit(Quote(TSLAX_USD.number, REFERENCE, self.clock_us()))
        for state in (State.PRE_OPEN, State.CALL, State.OPEN):
            self.sequencer.submit(Enter(TSLAX_USD.number, state))

    async def _tick(self) -> None:
        while True:
            self.sequencer.submit(Clock(self.clock_us()))
            await asyncio.sleep(TICK_S)


class GivenKeys(Keys):
    """Keys that are good at once, without looking at a file again."""

    def __init__(self) -> None:
        super().__init__(keys=[])

    def add(self, key: ApiKey) -> None:
        self._by_key[key.key] = key


@contextmanager
def running_venue(folder: Path, behind_s: int = 0) -> Iterator[RunningVenue]:
    """A venue for the length of a block; its clock begins so many seconds ago, for a test that moves it on."""
    venue = RunningVenue(folder, behind_s)
    venue.start()
    try:
        yield venue
    finally:
        venue.stop()
