"""`openscrip up`: one stack for one data folder, behind doors that others find in `DATA/doors.json`."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from openscrip.bootstrap.doors import open_door, pacing
from openscrip.bootstrap.places import Places, write_json
from openscrip.bootstrap.running import running
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.runtime.settings import Market, Settings


@contextmanager
def occupied(places: Places) -> Iterator[None]:
    """Hold the data folder for this process alone. Raises `Refused("data.busy")`; a killed process holds nothing."""
    places.data.mkdir(parents=True, exist_ok=True)
    with (places.data / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read(20).strip()
            raise Refused("data.busy", f"data: {places.data} was in use by process {holder}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
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


def serve(
    settings: Settings, symbols: Sequence[str], pace: int, ready: Callable[[dict[str, Any]], None], stop: threading.Event
) -> None:
    """Bring the stack up, list `symbols` where nothing is listed, tell `ready` where the doors are, run until `stop`."""
    places = Places(settings.data)
    with running(settings) as run, open_door(run) as (api, office), pacing(office, pace):
        if not run.platform.stocks():
            for symbol in symbols:
                office.list_stock(symbol)
        wiring = run.platform.wiring
        doors = {
            "api": api,
            "evm_rpc": wiring.evm_rpc,
            **{f"{name}_rpc": each.rpc for name, each in wiring.more.items()},
            "solana_rpc": wiring.solana_rpc,
            "broker": wiring.broker,
            "custodian": wiring.custodian,
            "attestor": wiring.watch,
        }
        told = {
            "doors": doors,
            "data": str(places.data),
            "market": {"clock": settings.market.clock, "now": iso(office.now()), "pace": pace},
            "stocks": [stock.id for stock in run.platform.stocks()],
            "pid": os.getpid(),
        }
        try:
            write_json(places.doors, told)
            ready(told)
            stop.wait()
        finally:
            places.doors.unlink(missing_ok=True)
