"""Keys for programs: scoped, shown once, kept as a hash, revocable at once.

A key reads `osk_ID_SECRET`. The secret has 256 random bits, so one SHA-256 keeps it; it is compared in constant time.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, replace
from enum import StrEnum

from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.runtime.store import Unit, View

_KEY = re.compile(r"osk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
KEYS_MAX = 20
"""Active keys that one person may have."""
NOBODY = hashlib.sha256(b"nobody").hexdigest()


class Scope(StrEnum):
    """What a key may do. A client's key sees what is the client's; a desk's key reads and decides nothing."""

    READ = "client:read"
    TRADE = "client:trade"
    WEBHOOKS = "webhooks"
    DESK = "desk:read"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """Row: a key of `person`, a client or an operator. `secret_sha256` is all that is kept of the secret."""

    id: str
    person: str
    label: str
    scopes: tuple[str, ...]
    secret_sha256: str
    made_at: int
    made_by: str
    revoked_at: int = 0
    revoked_by: str = ""
    stock: str = ""
    state: str = "active"


def make_key(unit: Unit, person: str, label: str, scopes: tuple[Scope, ...], by: str, now: int) -> tuple[ApiKey, str]:
    """A new key, and its text, which is never to be had again.

    Raises `Malformed("key.label")`, `Malformed("key.scopes")`, `Refused("key.count")`.
    """
    if not 1 <= len(label.strip()) <= 60 or not label.isprintable():
        raise Malformed("key.label", "api key: its label was not 1 to 60 printable characters")
    if not scopes or not person:
        raise Malformed("key.scopes", "api key: it is somebody's, and for something")
    held = [row for row in unit.page(ApiKey, person=person, limit=200).rows if row.state == "active"]
    refuse_unless(len(held) < KEYS_MAX, "key.count", f"api key: {person} has {len(held)} active ones; revoke one first")
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    row = ApiKey(key_id, person, label.strip(), tuple(sorted({scope.value for scope in scopes})), _hashed(secret), now, by)
    unit.put(row)
    return row, f"osk_{key_id}_{secret}"


def revoke_key(unit: Unit, key_id: str, by: str, now: int) -> ApiKey:
    """End a key; it counts for nothing from now on. Raises `Malformed("apikey.unknown")`."""
    row = unit.row(ApiKey, key_id)
    if row is None:
        raise Malformed("apikey.unknown", f"api key: {key_id!a:.40} was never made")
    if row.state == "active":
        row = replace(row, state="revoked", revoked_at=now, revoked_by=by)
        unit.put(row)
    return row


def keys_of(view: View, person: str) -> list[ApiKey]:
    """The keys of a person, the newest first."""
    return list(view.page(ApiKey, person=person, limit=200).rows)


def checked_key(view: View, text: str, scope: Scope) -> ApiKey:
    """The active key behind a text, if it may do this. Raises `Refused("key.invalid")` and `Refused("key.scope")`."""
    found = _KEY.fullmatch(text)
    row = view.row(ApiKey, found.group(1)) if found else None
    known = row.secret_sha256 if row else NOBODY
    good = hmac.compare_digest(known, _hashed(found.group(2) if found else ""))
    if row is None or not good or row.state != "active":
        raise Refused("key.invalid", "key: it is none of ours, or was revoked; send a valid one as X-API-Key")
    refuse_unless(scope.value in row.scopes, "key.scope", f"key: {row.label} may not {scope.value}; use one that may")
    return row


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
