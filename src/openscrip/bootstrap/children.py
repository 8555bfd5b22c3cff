"""How `openscrip up` starts another `openscrip` beside itself: with the settings that are in force here, all of them."""

import os
import sys

from openscrip.runtime.settings import Settings


def command_of(word: str, settings: Settings, *options: str) -> list[str]:
    """`openscrip WORD` on the same data folder and with the same file of settings."""
    config = ["--config", str(settings.config)] if settings.config is not None else []
    return [sys.executable, "-m", "openscrip.cli", word, "--data", str(settings.data), *config, *options]


def child_command(word: str, settings: Settings, *options: str) -> list[str]:
    """The same for a part that ends when we do and says in JSON where it answers."""
    return command_of(word, settings, *options, "--die-with-parent", "--json")


def child_environment(settings: Settings) -> dict[str, str]:
    """Our environment, and what was chosen here on the command line."""
    told: dict[str, str] = {"OPENSCRIP_MARKET_CLOCK": settings.market.clock}
    if settings.database.url:
        told["OPENSCRIP_DATABASE_URL"] = settings.database.url
    return {**os.environ, **told}
