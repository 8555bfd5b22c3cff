"""What the process of the pages may never open: keys that sign, or that let us in elsewhere, wherever they lie.

What was forbidden once stays so until the process ends.
The interpreter tells of every file before it opens it (`sys.addaudithook`), whoever asks: a page, a library, a template, a path
that somebody has bent. What is forbidden is refused there. The process starts no other, which could read in its place.
Code that is not Python's could go round this; against it a user of its own, or a signer process, is what helps.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from openscrip.bootstrap.itn_parts import secrets_of
from openscrip.bootstrap.places import Places
from openscrip.bootstrap.signer import token_file
from openscrip.runtime.public_keys import SHARED
from openscrip.runtime.settings import Settings

PATHS = {"open": 1, "os.listdir": 1, "os.scandir": 1, "sqlite3.connect": 1, "os.link": 2, "os.rename": 2, "os.symlink": 2}
"""Events whose first arguments name files, and how many of them do."""
STARTS = frozenset({
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn",
})  # fmt: skip
"""Events of processes that are started."""


PARTIES = (sys.executable, "-m", "openscrip_watch", "sign-report")
"""What may be started in a simulated run: a report's paper parties, who check it and sign with their own keys."""


class OutOfReach(PermissionError):
    """Something in the process of the pages asked for what it may not have: a bug, or an attack."""


def keep_out_of_reach(settings: Settings) -> None:
    """From now on, in this process, no key that signs can be opened and no process started."""
    sys.addaudithook(_refusing(Reach(settings)))


class Reach:
    """Which files the pages may open."""

    def __init__(self, settings: Settings) -> None:
        places = Places(settings.data)
        self._keys = os.path.realpath(places.keys)
        beside = [
            places.venue_keys, settings.data / "venue-approver", settings.data / "watch" / "keys", settings.data / "auditor",
            *(settings.data / name for name in ("broker", "evm", "solana", "signer")), token_file(settings),
            secrets_of(settings),
        ]  # fmt: skip
        beside += [Path(settings.broker.key_file)] if settings.broker.key_file else []
        self.plays = not (settings.broker.is_outside or settings.evm.rpc_url or settings.solana.rpc_url)
        if not self.plays:
            # Nothing is played there: no faucet, and no wallet that is lent.
            beside += [places.wallets, places.practice]
        self._forbidden = tuple(os.path.realpath(path) for path in beside)
        self._data = os.path.realpath(settings.data)

    def forbids(self, path: str) -> bool:
        """Whether nothing here may open `path`, by whatever name or link."""
        real = os.path.realpath(path)
        if _is_under(real, self._keys):
            return Path(real).name.lstrip(".").partition(".")[0] not in SHARED
        within = real[len(self._data) + 1 :].split("/") if real.startswith(f"{self._data}/") else [""]
        if within[0].startswith(("custodian", "venue-bank-")):
            return within[1:2] != ["exchange"]
        return any(_is_under(real, each) for each in self._forbidden)


def _refusing(reach: Reach) -> Callable[[str, tuple[object, ...]], None]:
    def heard(event: str, arguments: tuple[object, ...]) -> None:
        if event in PATHS:
            for told in arguments[: PATHS[event]]:
                if isinstance(told, str | bytes | os.PathLike):
                    path = _text(told)
                    if path and reach.forbids(path):
                        raise OutOfReach(f"web: the pages may not open {Path(path).name!a:.80}")
        elif event in STARTS and not (event == "subprocess.Popen" and reach.plays and _is_of_parties(arguments[1])):
            raise OutOfReach("web: the pages start no other process")

    return heard


def _is_of_parties(command: object) -> bool:
    return isinstance(command, list | tuple) and tuple(command[: len(PARTIES)]) == PARTIES


def _text(told: "str | bytes | os.PathLike[str]") -> str:
    with suppress(ValueError, TypeError):
        text = os.fsdecode(told)
        return "" if "\0" in text else text
    return ""


def _is_under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
