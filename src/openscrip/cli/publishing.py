"""`tokenlist`: what others read to know our tokens."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from openscrip.cli.checks import with_parts
from openscrip.cli.saying import Voice
from openscrip.kernel.errors import Malformed
from openscrip.runtime.settings import Settings


def tokenlist(asked: Namespace, _voice: Voice) -> int:
    """Print the token list, always as JSON, and write it to a file. Brings the parts up as `verify` does."""
    out: Path | None = asked.out
    previous = _previous(out)
    return with_parts(asked, Voice(as_json=True), lambda settings, voice: _published(settings, voice, out, previous))


def _published(settings: Settings, voice: Voice, out: Path | None, previous: dict[str, Any] | None) -> int:
    from openscrip.bootstrap.places import Places, read_wiring, write_json  # noqa: PLC0415
    from openscrip.bootstrap.platform import build_platform  # noqa: PLC0415
    from openscrip.bootstrap.token_list import read_token_list  # noqa: PLC0415
    from openscrip.bootstrap.up import market_of  # noqa: PLC0415

    places = Places(settings.data)
    platform = build_platform(market_of(settings, "", ""), places, read_wiring(places))
    try:
        document = read_token_list(platform, previous)
    finally:
        platform.close()
    if out is not None:
        write_json(out, document)
    voice.result(document)
    return 0


def _previous(out: Path | None) -> dict[str, Any] | None:
    """The list that stands where the new one goes. Raises `Malformed("token_list.previous")` for anything else."""
    if out is None or not out.exists():
        return None
    try:
        found = json.loads(out.read_text())
        places = [(entry["chainId"], entry["address"]) for entry in found["tokens"]]
        return dict(found) if places and {"major", "minor", "patch"} <= set(found["version"]) else _refuse(out)
    except (ValueError, TypeError, KeyError):
        return _refuse(out)


def _refuse(out: Path) -> dict[str, Any]:
    raise Malformed("token_list.previous", f"token list: {out} was no token list; move it away first")
