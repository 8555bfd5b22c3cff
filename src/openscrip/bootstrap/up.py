"""`openscrip up`: one stack for one data folder, behind doors that others find in `DATA/doors.json`."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from openscrip.bootstrap.alone import held_alone
from openscrip.bootstrap.doors import open_door, pacing
from openscrip.bootstrap.itn import open_itn_door
from openscrip.bootstrap.operators import OperatorDesk
from openscrip.bootstrap.places import Places, write_json
from openscrip.bootstrap.practice_maker import practice_maker
from openscrip.bootstrap.running import Running, running
from openscrip.bootstrap.signer import tell_public_keys
from openscrip.bootstrap.venue_stack import VenueStack, doors_of
from openscrip.bootstrap.web_child import web_beside
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import refuse_unless
from openscrip.runtime.settings import Market, Settings


@contextmanager
def occupied(places: Places) -> Iterator[None]:
    """Hold the data folder for this process alone. Raises `Refused("data.busy")`; a killed process holds nothing."""
    with held_alone(places.data / "lock", "data.busy", "data", f"{places.data} was in use"):
        yield


def market_of(settings: Settings, clock: str, start: str) -> Settings:
    """The settings with market time as asked, as the folder had it, or as set; a used folder keeps its own.

    Raises `Refused("clock.mode")`: market time that ran on the wall clock cannot be pushed, nor the other way round.
    """
    file = Places(settings.data).data / "platform" / "clock.mode"
    before = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    wanted = clock or before or settings.market.clock
    refuse_unless(
        not before or wanted == before, "clock.mode", f"clock: market time was {before} in {settings.data}, {wanted} was asked"
    )
    market = Market("live" if wanted == "live" else "accelerated", start or settings.market.start)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(market.clock, encoding="utf-8")
    return replace(settings, market=market)


@contextmanager
def venue_of(run: Running) -> Iterator[VenueStack]:
    """The venue beside a running platform, ended with the block."""
    venue = VenueStack(run)
    venue.start()
    try:
        yield venue
    finally:
        venue.stop()


def _practises(settings: Settings) -> bool:
    """Whether this is a simulated run with pages."""
    return settings.web.up == "on" and not settings.broker.is_outside


def serve(
    settings: Settings, symbols: Sequence[str], pace: int, ready: Callable[[dict[str, Any]], None], stop: threading.Event,
    makers: Sequence[str] = (),
) -> None:  # fmt: skip
    """Bring the stack up, list `symbols` where nothing is listed, tell `ready` where the doors are, run until `stop`.

    Of `makers` a played market maker makes the markets. Raises `Refused("maker.real")` where money is not played.
    """
    played = not (settings.broker.is_outside or settings.evm.rpc_url or settings.solana.rpc_url)
    refuse_unless(played or not makers, "maker.real", "maker: a market maker is played in simulated runs alone; start your own")
    places = Places(settings.data)
    with (
        running(settings) as run,
        open_door(run) as (api, office),
        open_itn_door(run.platform, office.nudge, office.network_refused) as itn,
        pacing(office, pace),
        ExitStack() as stack,
    ):
        if not run.platform.stocks():
            for symbol in symbols:
                office.list_stock(symbol)
        unlisted = sorted(set(makers) - {stock.id for stock in run.platform.stocks()})
        refuse_unless(not unlisted, "symbol.unknown", f"maker: {', '.join(unlisted)} was not listed; name it with --list, too")
        wiring = run.platform.wiring
        doors = {
            "api": api,
            "evm_rpc": wiring.evm_rpc,
            **{f"{name}_rpc": each.rpc for name, each in wiring.more.items()},
            "solana_rpc": wiring.solana_rpc,
            "broker": wiring.broker,
            **{name: each.url for name, each in wiring.custodians.items()},
            "attestor": wiring.watch,
            **({"itn": itn} if itn else {}),
        }
        # The venue reads prices through our door, so that it starts when that is known.
        market = {"clock": settings.market.clock, "now": iso(office.now()), "pace": pace}
        write_json(places.doors, {"doors": doors, "market": market, "pid": os.getpid()})
        venue = stack.enter_context(venue_of(run)) if settings.venue.up == "on" else None
        if venue is not None:
            doors |= doors_of(venue)
            if makers:
                stack.enter_context(practice_maker(run, venue, makers, lambda: doors))
        if settings.web.up == "on":
            # Pages read where everything is, the venue's sockets too.
            write_json(places.doors, {"doors": doors, "market": market, "pid": os.getpid()})
            tell_public_keys(run.platform.keys, places)
            doors["web"] = stack.enter_context(web_beside(settings)).url
        links = OperatorDesk(settings, run.platform.store).practice_links(doors["web"]) if _practises(settings) else {}
        told = {
            "doors": doors,
            "data": str(places.data),
            "market": {"clock": settings.market.clock, "now": iso(office.now()), "pace": pace},
            "stocks": [stock.id for stock in run.platform.stocks()],
            "pid": os.getpid(),
        }
        if links:
            told["operators"] = links
        try:
            # One-time links are for whoever started this, not for a file.
            write_json(places.doors, {name: each for name, each in told.items() if name != "operators"})
            ready(told)
            stop.wait()
        finally:
            places.doors.unlink(missing_ok=True)
