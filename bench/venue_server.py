"""What the servers of `bench.venue_rest` and `bench.venue_socket` share: the venue behind them, and how the two processes talk.

`python -m bench.<module> --serve FOLDER [--sync]` is the server: venue, sequencer, journal and history as the product puts them
together. It tells where it is in one line of JSON, and its CPU seconds whenever it is sent a line.
"""

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from openscrip.markets.commands import Admit, Credit, Enter, List, Open, State
from openscrip.markets.history import History
from openscrip.markets.instruments import Instrument, money, token
from openscrip.markets.recovery import facts_after, open_venue
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.venue import Venue

USD, TSLA = money(1, "USD", "ZUSD"), token(2, "TSLAx")
MIDDLE = 30_000
SWITCHED_S = 0.0005
"""As the product has it: the thread that syncs gets the interpreter back at once."""
GARBAGE = (100_000, 50, 100)
PATIENCE_S = 30


def pair(orders_max: int) -> Instrument:
    """The one instrument, with so many orders of an account at most."""
    return Instrument(1, TSLA, USD, stale_us=0, stale_halt_us=0, orders_max=orders_max)


@dataclass(frozen=True, slots=True)
class Served:
    """What stands behind a door."""

    venue: Venue
    sequencer: Sequencer
    history: History


@asynccontextmanager
async def venue_in(folder: Path, instrument: Instrument, accounts: int, *, sync: bool) -> AsyncIterator[Served]:
    """An open market with so many rich accounts, until the block ends."""
    sys.setswitchinterval(SWITCHED_S)
    venue, journal = open_venue(folder / "journal", Venue)
    history = History(folder / "history.duckdb", venue.instruments, partial(facts_after, folder / "journal", Venue, durable=0))
    history.start(venue.sequence)
    async with Sequencer(venue, journal, now_us, sync=sync) as sequencer:
        sequencer.readers.append(history.hear)
        for command in (Admit(USD), Admit(TSLA), List(instrument)):
            sequencer.submit(command)
        for account in range(1, accounts + 1):
            sequencer.submit(Open(account, f"bench {account}"))
            sequencer.submit(Credit(account, USD.number, 10**16, f"usd {account}"))
            sequencer.submit(Credit(account, TSLA.number, 10**16, f"tsla {account}"))
        for state in (State.PRE_OPEN, State.CALL, State.OPEN):
            sequencer.submit(Enter(instrument.number, state))
        await sequencer.settled()
        yield Served(venue, sequencer, history)
    history.stop()


async def tell(where: dict[str, Any], served: Served) -> None:
    """Say where the server is, and its CPU seconds for each line that comes, until nobody sends any more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    print(json.dumps(where), flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        told = {
            "cpu_s": time.process_time(),
            "loop_s": time.thread_time(),
            "groups": served.sequencer.groups,
            "sequence": served.venue.sequence,
        }
        print(json.dumps(told), flush=True)


def now_us() -> int:
    """The machine's time."""
    return time.time_ns() // 1_000


class Server:
    """The other process. `where` is what it said first."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.where: dict[str, Any] = json.loads(self._line())

    def told(self) -> dict[str, float]:
        """CPU seconds and groups so far."""
        if self._process.stdin is None:
            raise RuntimeError("bench: the server had no input")
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        found: dict[str, float] = json.loads(self._line())
        return found

    def _line(self) -> str:
        if self._process.stdout is None:
            raise RuntimeError("bench: the server had no output")
        return self._process.stdout.readline()


@contextmanager
def server_of(module: str, folder: Path, *, sync: bool, more: Sequence[str] = ()) -> Iterator[Server]:
    """The server of a module on a new folder."""
    command = [sys.executable, "-m", module, "--serve", str(folder), *(["--sync"] if sync else []), *more]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield Server(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
