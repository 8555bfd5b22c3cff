"""`venue-keys`: API keys of the venue's accounts, made, listed and revoked. A running venue sees a change within a second."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openscrip.cli.door import data_folder
from openscrip.cli.saying import Voice, table
from openscrip.kernel.errors import Malformed, refuse_unless

if TYPE_CHECKING:
    from openscrip.api.kraken.keys import ApiKey

Command = Callable[[str, str, str], ArgumentParser]
DAY_US = 86_400_000_000
DAYS_MAX = 3_650


def add_venue_keys(command: Command) -> None:
    """The word and its options."""
    keys = command("venue-keys", "API keys of the venue: list them, make one, revoke one", "venue_keys")
    what = keys.add_mutually_exclusive_group()
    what.add_argument("--create", metavar="NAME", default="", help="make a key; its secret is shown this once")
    what.add_argument("--revoke", metavar="KEY", default="", help="end a key, by itself or by its number")
    keys.add_argument("--account", type=int, default=0, help="with --create: the number of the account")
    keys.add_argument(
        "--permissions",
        default="",
        help="with --create: such as query-funds,query-open-orders,query-closed-orders,query-ledger,modify-orders,"
        "cancel-orders,access-websockets (all of these)",
    )
    keys.add_argument("--tier", default="starter", help="with --create: limits, starter, intermediate, pro or maker (starter)")
    keys.add_argument("--days", type=int, default=0, help="with --create: it serves so long (0: until revoked)")
    keys.add_argument("--nonce-window", type=int, default=0, help="with --create: seconds for nonces out of order (0)")
    keys.add_argument("--file", type=Path, default=None, help="the file of keys (DATA/venue/keys.json)")


def venue_keys(asked: Namespace, voice: Voice) -> int:
    """List, create or revoke. Raises `Malformed("key.usage")` for words that do not go together."""
    from openscrip.api.kraken.keys import KeyFile  # noqa: PLC0415

    file = KeyFile(asked.file or data_folder(asked) / "venue" / "keys.json")
    if asked.account and not asked.create:
        raise Malformed("key.usage", "key: --account was given without --create")
    if asked.create:
        return _create(file, asked, voice)
    if asked.revoke:
        ended = file.revoke(asked.revoke)
        voice.result(_shown(ended), f"key {ended.number} of account {ended.account} ({ended.name}) is revoked")
        return 0
    keys = file.read()
    columns = ("number", "account", "name", "key", "tier", "expires", "permissions")
    rows = [
        (str(key.number), str(key.account), key.name, key.key, key.tier.name, _until(key), " ".join(sorted(key.permissions)))
        for key in keys
    ]
    voice.result([_shown(key) for key in keys], table(columns, rows))
    return 0


def _create(file: Any, asked: Namespace, voice: Voice) -> int:
    from openscrip.api.kraken.counters import TIERS  # noqa: PLC0415
    from openscrip.api.kraken.keys import ALL, Permission  # noqa: PLC0415
    from openscrip.kernel.clock import LiveClock  # noqa: PLC0415

    refuse_unless(asked.account > 0, "key.account", "key: --account was missing; the house's account 0 has no keys")
    refuse_unless(asked.tier in TIERS, "key.tier", f"key: tier {asked.tier!a:.24} was not {', '.join(TIERS)}")
    refuse_unless(0 <= asked.days <= DAYS_MAX, "key.days", f"key: --days was not 0 to {DAYS_MAX}")
    names = {name.strip() for name in asked.permissions.split(",") if name.strip()}
    unknown = names - set(ALL)
    refuse_unless(not unknown, "key.permission", f"key: permission {', '.join(sorted(unknown))!a:.80} was not known")
    permissions = frozenset(Permission(name) for name in names) or ALL
    expires_us = LiveClock().now() * 1_000_000 + asked.days * DAY_US if asked.days else 0
    key = file.create(asked.account, asked.create, permissions, TIERS[asked.tier], expires_us, asked.nonce_window)
    text = f"API key  {key.key}\nsecret   {key.secret_text}\nThe secret is not shown again; whoever has it trades."
    voice.result(_shown(key) | {"secret": key.secret_text}, text)
    return 0


def _until(key: "ApiKey") -> str:
    from openscrip.kernel.clock import iso  # noqa: PLC0415

    return "revoked" if key.revoked else iso(key.expires_us // 1_000_000) if key.expires_us else "never"


def _shown(key: "ApiKey") -> dict[str, Any]:
    return {
        "number": key.number,
        "account": key.account,
        "name": key.name,
        "key": key.key,
        "tier": key.tier.name,
        "permissions": sorted(key.permissions),
        "expires": _until(key),
        "nonce_window_s": key.nonce_window_s,
    }
