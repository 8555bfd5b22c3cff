"""`openscrip worker`: one more worker process on a running platform's database."""

from argparse import Namespace
from typing import Any

from openscrip.bootstrap.up import market_of
from openscrip.bootstrap.workers import work
from openscrip.cli.saying import Voice
from openscrip.cli.settings import settings_of
from openscrip.cli.stopping import told_to_stop
from openscrip.runtime.logs import set_up_logging
from openscrip.runtime.pauses import shorten_pauses

TAKEN = 1


def worker(asked: Namespace, voice: Voice) -> int:
    """Work until SIGINT or SIGTERM, finish what is in hand, give everything back."""
    settings = market_of(settings_of(asked), "", "")
    set_up_logging(settings.logs.level, settings.logs.form)
    stop = told_to_stop(with_parent=asked.die_with_parent)

    def ready(told: dict[str, Any]) -> None:
        shorten_pauses()
        voice.result(told, f"Working as {asked.name}. Stop with Ctrl-C.")

    kept = work(settings, asked.name, ready, stop)
    return 0 if kept else TAKEN
