"""One venue in one process and one loop: journal, sequencer, history, ledger, doors. What it needs it is given."""

import asyncio
import gc
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from openscrip.api.kraken.keys import KeyFile, Keys
from openscrip.api.kraken.rest.backing import Backing
from openscrip.api.kraken.rest.door import serve_rest
from openscrip.api.kraken.socket.server import serve_socket
from openscrip.bootstrap.places import write_json
from openscrip.kernel.errors import Unavailable
from openscrip.markets.facts import Fact
from openscrip.markets.history import History
from openscrip.markets.recovery import facts_after, open_journal
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.settlement import Settlement
from openscrip.markets.storage import FolderStorage
from openscrip.markets.venue import Venue
from openscrip.runtime.pauses import shorten_pauses
from openscrip.runtime.store import Store
from openscrip.runtime.venue_settings import VenueLine

log = logging.getLogger(__name__)

CAUGHT_UP_S = 120.0
RECONCILED_S, QUIET_S = 30.0, 1.0
"""How often ledger and venue are compared as a whole, and how soon again when something was under way."""
PAGES, PAGES_MAX = "pages.json", 8
COLLECTED = (100_000, 50, 100)
"""Thresholds of the garbage collector: orders make no circles."""


@dataclass(frozen=True, slots=True)
class VenueFiles:
    """Where a venue keeps what it knows, in `DATA/venue`."""

    folder: Path

    @property
    def journal(self) -> Path:
        """Segments and snapshots."""
        return self.folder / "journal"

    @property
    def history(self) -> Path:
        """The column store."""
        return self.folder / "history.duckdb"

    @property
    def keys(self) -> Path:
        """API keys, for this user alone."""
        return self.folder / "keys.json"


@dataclass(frozen=True, slots=True)
class VenueRoom:
    """A venue that runs. All of it is used in its loop's thread, but for what says otherwise."""

    venue: Venue
    sequencer: Sequencer
    history: History
    settlement: Settlement
    keys: Keys
    doors: Mapping[str, str]
    """Addresses by name: `rest`, `public` and `private` (WebSocket)."""
    held: Callable[[], AbstractContextManager[None]] = nullcontext
    """While it is entered time may pass that no dead man's switch of a living connection counts."""

    def balances(self) -> dict[tuple[int, int], int]:
        """By account and asset, as the venue has them."""
        accounts = (0, *self.venue.accounts)
        return {(account, asset): held[0] for account in accounts for asset, held in self.venue.balances(account).items()}

    async def reconcile(self) -> bool:
        """Compare the ledger with all balances; False when something was under way and it could not be done."""
        await self.durable()
        sequence = self.venue.sequence
        if self.sequencer.durable_sequence != sequence:
            return False
        with suppress(Unavailable):
            return await asyncio.to_thread(self.settlement.compare, sequence, self.balances()) is not None
        return False

    async def durable(self) -> None:
        """Return when everything so far is on the disk."""
        done = asyncio.Event()
        self.sequencer.when_durable(done.set)
        await done.wait()


@asynccontextmanager
async def venue_room(
    files: VenueFiles, line: VenueLine, store: Store, clock_us: Callable[[], int], now: Callable[[], int]
) -> AsyncIterator[VenueRoom]:
    """Recover the venue in its folder and open its doors until the block ends. `store` keeps its ledger; `now` in seconds."""
    files.folder.mkdir(parents=True, exist_ok=True)
    storage = FolderStorage(files.journal)
    venue, journal = open_journal(storage, Venue)
    async with AsyncExitStack() as stack:
        stack.callback(storage.close)
        positions: list[Callable[[], int]] = []
        sequencer = Sequencer(
            venue,
            journal,
            clock_us,
            sync=line.sync == "on",
            keep_from=lambda: min(each() for each in positions),
            folder=files.journal,
        )
        await stack.enter_async_context(sequencer)

        def again(sequence: int) -> Iterator[list[Fact]]:
            return facts_after(files.journal, Venue, sequence, sequencer.durable_sequence)

        history = History(files.history, venue.instruments, again, on_trouble=_say("history"))
        stack.callback(history.stop)
        settlement = Settlement(
            store, venue.instruments, again, now, on_trouble=_say("settlement"),
            on_break=lambda found: log.error("venue: books and venue differ: %s", found),
        )  # fmt: skip
        stack.callback(settlement.stop)
        positions += [lambda: history.position, lambda: settlement.position]
        at = sequencer.durable_sequence
        room = VenueRoom(venue, sequencer, history, settlement, Keys(KeyFile(files.keys)), {})
        history.start(at, CAUGHT_UP_S)
        settlement.start(at, room.balances(), CAUGHT_UP_S)
        sequencer.readers += [history.hear, settlement.hear]
        backing = Backing(sequencer, venue, room.keys, history, clock_us)
        socket = await stack.enter_async_context(
            serve_socket(
                sequencer, venue, history, room.keys, backing.tokens, backing.counters, clock_us,
                public_port=line.public_port, private_port=line.private_port, quoted=history.quoted,
                origins=partial(pages_of, files.folder),
            )
        )  # fmt: skip
        rest_port = await stack.enter_async_context(serve_rest(backing, port=line.rest_port))
        doors = {
            "rest": f"http://127.0.0.1:{rest_port}",
            "public": f"ws://127.0.0.1:{socket.public_port}/v2",
            "private": f"ws://127.0.0.1:{socket.private_port}/v2",
        }
        shorten_pauses(COLLECTED)
        stack.callback(gc.unfreeze)
        opened = VenueRoom(venue, sequencer, history, settlement, room.keys, doors, socket.switches.held)
        reconciling = asyncio.create_task(_reconcile(opened))
        stack.push_async_callback(_ended, reconciling)
        yield opened


def pages_of(folder: Path) -> list[str]:
    """The pages that run beside a venue, as browsers name their origin: the only ones that its sockets answer to."""
    try:
        return [str(each) for each in json.loads((folder / PAGES).read_text(encoding="utf-8"))["origins"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def announce_pages(folder: Path, origin: str) -> None:
    """Let the sockets of the venue in `folder` answer to pages of `origin`; the newest few are remembered."""
    folder.mkdir(parents=True, exist_ok=True)
    known = [each for each in pages_of(folder) if each != origin]
    write_json(folder / PAGES, {"origins": [*known, origin][-PAGES_MAX:]})


async def _reconcile(room: VenueRoom) -> None:
    """Compare ledger and venue now and then; what differs is a row, a fact, and a line of the venue's standing."""
    while not room.sequencer.stopped:
        is_done = await room.reconcile()
        await asyncio.sleep(RECONCILED_S if is_done else QUIET_S)


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancelled, and gone."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _say(what: str) -> Callable[[BaseException], None]:
    def say(error: BaseException) -> None:
        log.error("venue: %s: %s", what, error)

    return say
