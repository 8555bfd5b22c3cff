"""`venue`: the market by itself, and what an operator does there."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from openscrip.cli.saying import Voice, table
from openscrip.cli.settings import settings_of
from openscrip.kernel.errors import Malformed

Command = Callable[[str, str, str], ArgumentParser]


def add_venue(command: Command) -> None:
    """The word and its options."""
    venue = command("venue", "run the venue of a data folder until interrupted; with --try one to play with", "venue")
    venue.add_argument(
        "--try", dest="symbols", default="", metavar="STOCKS", help="no issuer: these stocks, such as TSLA,NVDA, and play money"
    )
    venue.add_argument("--die-with-parent", action="store_true", help="end when the starting process ends")


def venue(asked: Namespace, voice: Voice) -> int:
    """Serve until interrupted."""
    from openscrip.bootstrap.places import Places  # noqa: PLC0415
    from openscrip.bootstrap.up import market_of  # noqa: PLC0415
    from openscrip.bootstrap.venue import serve_venue  # noqa: PLC0415
    from openscrip.runtime.logs import set_up_logging  # noqa: PLC0415

    settings = settings_of(asked)
    symbols = tuple(dict.fromkeys(name.strip().upper() for name in asked.symbols.split(",") if name.strip()))
    if symbols:
        if Places(settings.data).wiring.exists():
            raise Malformed("venue.try", f"venue: {settings.data} is an issuer's; try one out in another folder (--data)")
        settings = replace(settings, venue=replace(settings.venue, hours="24x7"))
    settings = market_of(settings, "live" if symbols else "", "")
    set_up_logging(settings.logs.level, settings.logs.form)
    parent = os.getppid() if asked.die_with_parent else 0
    serve_venue(settings, lambda told: voice.result(told, _ready(told)), symbols=symbols, parent=parent)
    return 0


def _ready(told: dict[str, Any]) -> str:
    doors = table(("door", "address"), list(told["doors"].items()))
    keys = [(str(each["account"]), each["name"], each["key"], each["secret"]) for each in told.get("keys", ())]
    shown = [doors, *([table(("account", "name", "API key", "secret"), keys)] if keys else [])]
    return "\n\n".join([*shown, "The venue runs. Stop it with Ctrl-C."])
