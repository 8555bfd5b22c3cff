"""`openscrip venue`: one venue as a process, alone for trying out or beside a platform in the same data folder."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager, nullcontext, suppress
from typing import Any

import uvicorn
import uvloop

from openscrip.api.kraken.counters import TIERS
from openscrip.api.kraken.keys import ApiKey, KeyFile
from openscrip.api.venue_desk import venue_application
from openscrip.bootstrap.market_clock import clock_of
from openscrip.bootstrap.places import Places, read_wiring, write_json
from openscrip.bootstrap.venue_catalogue import Catalogue
from openscrip.bootstrap.venue_desk import RunningVenueDesk
from openscrip.bootstrap.venue_funds import Funds, build_funds
from openscrip.bootstrap.venue_money import VenueMoney, open_money_store
from openscrip.bootstrap.venue_prices import LastCloses, PlatformPrices, PriceSource
from openscrip.bootstrap.venue_proof import Outside, VenueProofs
from openscrip.bootstrap.venue_pulse import Pulse
from openscrip.bootstrap.venue_room import VenueFiles, VenueRoom, venue_room
from openscrip.bootstrap.venue_wiring import EVM, SOLANA, VenueWiring
from openscrip.kernel.clock import Clock, LiveClock, instant
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.markets.funding_door import SequencerDoor
from openscrip.markets.settlement import SETTLEMENT_REGISTERED
from openscrip.runtime.settings import Settings
from openscrip.runtime.sql import SqlStore

TRIERS = {1: "trader", 2: "maker"}
"""Accounts of a venue that is tried out, each with play money and a key."""
PLAY_MONEY, PLAY_TOKENS = "1000000", "1000"
US = 1_000_000
PARENT_LOOKED_AT_S = 0.5


def serve_venue(
    settings: Settings,
    ready: Callable[[dict[str, Any]], None],
    *,
    symbols: Sequence[str] = (),
    parent: int = 0,
) -> None:
    """Run until SIGINT or SIGTERM, or until the process `parent` is gone.

    With `symbols` it is a venue to try out: these stocks at their last closes, and two accounts with play money. Without, it
    lists what the platform of the data folder has listed.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, ready, symbols, parent))


async def _serve(settings: Settings, ready: Callable[[dict[str, Any]], None], symbols: Sequence[str], parent: int) -> None:
    places, line = Places(settings.data), settings.venue
    files = VenueFiles(places.data / "venue")
    clock: Clock = clock_of(settings.market.clock, places.clock, instant(settings.market.start))
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    is_live = settings.market.clock == "live"
    clock_us = LiveClock().now_us if is_live else lambda: clock.now() * US
    # Before the doors open: who is told a key may use it at once.
    keys = _keys_to_try(files) if symbols else []
    async with AsyncExitStack() as stack:
        store = open_money_store(files.folder, clock.now, SETTLEMENT_REGISTERED)
        stack.callback(store.close)
        room = await stack.enter_async_context(venue_room(files, line, store, clock_us, clock.now))
        room.sequencer.on_stopped.append(lambda _reason: ended.set())
        source = await _source(stack, places, symbols, clock)
        catalogue, held = Catalogue(files.folder, line, coin=not symbols), nullcontext if is_live else room.held
        pulse = Pulse(room.sequencer, room.venue, catalogue, source, clock_us, held)
        await pulse.beat()
        funds = await _start_funds(stack, settings, places, store, room, clock)
        desk = RunningVenueDesk(
            room, pulse, paper=bool(symbols), troubles=funds.troubles,
            proofs=lambda: _proofs(settings, files, funds, clock),
        )  # fmt: skip
        told: dict[str, Any] = {"doors": dict(room.doors), "data": str(places.data), "pid": os.getpid()}
        if symbols:
            await _let_try(room.venue.accounts, desk, symbols)
            told["keys"] = [_key_json(key) for key in keys]
        told["doors"]["operator"] = await _open_door(stack, desk)
        beating = asyncio.create_task(pulse.run())
        stack.callback(beating.cancel)
        watching = asyncio.create_task(_watch_parent(parent, ended))
        stack.callback(watching.cancel)
        write_json(files.folder / "doors.json", told["doors"])
        stack.callback((files.folder / "doors.json").unlink, missing_ok=True)
        ready(told)
        await ended.wait()
        if room.sequencer.stopped:
            raise Refused("venue.stopped", f"venue: it stopped itself: {room.sequencer.stopped}")


async def _start_funds(
    stack: AsyncExitStack, settings: Settings, places: Places, store: SqlStore, room: VenueRoom, clock: Clock
) -> Funds:
    """Money in and out, where treasuries were founded."""
    folder = places.data / "venue"
    loop, known = asyncio.get_running_loop(), room.venue.instruments

    def number(name: str) -> int:
        found = known.find_asset(name)
        if found is None:
            raise Unavailable(f"venue: asset {name} is not listed yet")
        return found.number

    door = SequencerDoor(room.sequencer, loop, number)

    def make(wiring: VenueWiring, connections: ExitStack) -> VenueMoney:
        return build_funds(settings, read_wiring(places), wiring, store, door, clock, connections)

    funds = Funds(lambda: VenueWiring.read(folder), make)

    async def stop() -> None:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await asyncio.to_thread(funds.stop)  # what it has in hand may need this loop

    funds.refresh()
    following = asyncio.create_task(funds.follow())
    stack.push_async_callback(stop)
    return funds


def _proofs(settings: Settings, files: VenueFiles, funds: Funds, clock: Clock) -> VenueProofs | None:
    """What publishes that everything is held, and says where anybody can ask chains and banks."""
    money, wiring = funds.money, VenueWiring.read(files.folder)
    if money is None or wiring is None:
        return None
    platform = read_wiring(Places(settings.data))
    outside = Outside(money.held, money.final_block)
    proofs = VenueProofs(files.folder, settings.venue.name, money.store, money.terms, outside, clock.now)
    proofs.write_nodes({EVM: platform.evm_rpc, SOLANA: platform.solana_rpc}, wiring.banks)
    return proofs


async def _source(stack: AsyncExitStack, places: Places, symbols: Sequence[str], clock: Clock) -> PriceSource:
    if symbols:
        return LastCloses(symbols, clock.now)

    def platform() -> str:
        return str(json.loads(places.doors.read_text(encoding="utf-8"))["doors"]["api"])

    found = PlatformPrices(platform)
    stack.push_async_callback(found.close)
    return found


async def _let_try(known: Iterable[int], desk: RunningVenueDesk, symbols: Sequence[str]) -> None:
    """Two accounts with play money, once."""
    before = set(known)
    for account, name in TRIERS.items():
        if account not in before:
            await desk.open_account(account, name)
            await desk.paper_credit(account, "USD", PLAY_MONEY, f"play-{name}-USD")
            for symbol in symbols:
                await desk.paper_credit(account, f"{symbol}x", PLAY_TOKENS, f"play-{name}-{symbol}")


def _keys_to_try(files: VenueFiles) -> list[ApiKey]:
    """A key for each of the two accounts, made once."""
    file = KeyFile(files.keys)
    keys = [key for key in file.read() if not key.revoked]
    return [
        next((key for key in keys if key.account == account), None) or file.create(account, name, tier=TIERS["pro"])
        for account, name in TRIERS.items()
    ]


def _key_json(key: ApiKey) -> dict[str, Any]:
    """For whoever tries it out; keys of a venue with real accounts are shown once, when they are made."""
    return {"account": key.account, "name": key.name, "key": key.key, "secret": key.secret_text}


async def _open_door(stack: AsyncExitStack, desk: RunningVenueDesk) -> str:
    """The operator's door, in this loop."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    door.listen()  # who is told of it may come before the server takes it over
    config = uvicorn.Config(
        venue_application(desk), log_level="error", access_log=False, lifespan="off", ws="none", server_header=False
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[door]))

    async def close() -> None:
        server.should_exit = True
        await serving

    stack.push_async_callback(close)
    return f"http://127.0.0.1:{door.getsockname()[1]}"


class _Server(uvicorn.Server):
    """Leaves the signals to the venue."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None are taken."""
        yield


async def _watch_parent(parent: int, ended: asyncio.Event) -> None:
    while parent and os.getppid() == parent:
        with suppress(TimeoutError):
            async with asyncio.timeout(PARENT_LOOKED_AT_S):
                await ended.wait()
                return
    if parent:
        ended.set()
