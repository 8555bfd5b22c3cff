"""API keys: who may do what, in one file that only its owner can read.

The command line writes the file and a running server reads it again within a second of a change, so that a revoked key is
dead at once and nothing is restarted. A revoked key stays in the file without its secret: its number, under which the
journal keeps its nonces, is never given twice.
"""

import binascii
import fcntl
import json
import os
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from openscrip.api.kraken.counters import TIERS, Tier
from openscrip.api.kraken.nonces import WINDOW_S_MAX
from openscrip.api.kraken.signature import Secret
from openscrip.kernel.errors import Refused, refuse_unless

VERSION = 1
KEY_BYTES, SECRET_BYTES = 42, 64
LOOK_AGAIN_S = 1.0
NAME_MAX = 64


class Permission(StrEnum):
    """What a key may be used for, in the words of Kraken's key page."""

    FUNDS = "query-funds"
    OPEN_ORDERS = "query-open-orders"
    CLOSED_ORDERS = "query-closed-orders"
    LEDGER = "query-ledger"
    MODIFY = "modify-orders"
    CANCEL = "cancel-orders"
    SOCKETS = "access-websockets"


ALL = frozenset(Permission)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key. `expires_us` 0 is never; times are microseconds since 1970."""

    number: int
    key: str
    secret: bytes = field(repr=False)
    account: int
    name: str
    permissions: frozenset[Permission]
    tier: Tier
    expires_us: int = 0
    nonce_window_s: int = 0
    revoked: bool = False
    signer: Secret = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "signer", Secret(self.secret))

    @property
    def secret_text(self) -> str:
        """The secret as clients take it."""
        return b64encode(self.secret).decode()

    def allow(self, *any_of: Permission) -> None:
        """Raise `Refused("api.permission")` unless the key has one of these permissions."""
        if self.permissions.isdisjoint(any_of):
            raise Refused("api.permission", f"key: {self.name} had no permission {' or '.join(any_of)}; create one that has")


def new_key(
    number: int,
    account: int,
    name: str,
    permissions: frozenset[Permission] = ALL,
    tier: Tier = TIERS["starter"],
    expires_us: int = 0,
    nonce_window_s: int = 0,
) -> ApiKey:
    """A key with a secret that nobody has seen."""
    refuse_unless(0 <= nonce_window_s <= WINDOW_S_MAX, "key.window", f"key: a nonce window was 0 to {WINDOW_S_MAX} s")
    refuse_unless(0 < len(name) <= NAME_MAX and name.isprintable(), "key.name", f"key: a name has 1 to {NAME_MAX} characters")
    text = b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    secret = secrets.token_bytes(SECRET_BYTES)
    return ApiKey(number, text, secret, account, name, permissions, tier, expires_us, nonce_window_s)


class KeyFile:
    """The keys on disk: JSON, mode 0600, replaced whole, one writer at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[ApiKey]:
        """Every key, revoked ones too. Raises `Refused` when others could read the file, or when it is not one of ours."""
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        with os.fdopen(handle, "rb") as file:
            mode = os.fstat(handle).st_mode
            refuse_unless(
                not mode & 0o077, "key.file", f"keys: {self.path} could be read by others; chmod 600 it and make new keys"
            )
            text = file.read()
        try:
            told = json.loads(text)
            if told["version"] != VERSION:
                raise ValueError(told["version"])
            return [_from_json(row) for row in told["keys"]]
        except (ValueError, KeyError, TypeError) as wrong:
            raise Refused("key.file", f"keys: {self.path} was not a file of version {VERSION}: {wrong!r}") from wrong

    def create(
        self,
        account: int,
        name: str,
        permissions: frozenset[Permission] = ALL,
        tier: Tier = TIERS["starter"],
        expires_us: int = 0,
        nonce_window_s: int = 0,
    ) -> ApiKey:
        """Add a key. Its secret is in the answer and in the file, and nowhere else."""
        with self._alone():
            keys = self.read()
            number = 1 + max((key.number for key in keys), default=0)
            key = new_key(number, account, name, permissions, tier, expires_us, nonce_window_s)
            self._write([*keys, key])
        return key

    def revoke(self, which: str) -> ApiKey:
        """End a key, named by itself or by its number. Raises `Refused("key.unknown")`."""
        with self._alone():
            keys = self.read()
            found = [place for place, key in enumerate(keys) if which in {key.key, str(key.number)}]
            refuse_unless(bool(found), "key.unknown", f"key: {which!a:.80} was not in {self.path}")
            ended = keys[found[0]] = replace(keys[found[0]], secret=b"", revoked=True)
            self._write(keys)
        return ended

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write(self, keys: list[ApiKey]) -> None:
        text = json.dumps({"version": VERSION, "keys": [_to_json(key) for key in keys]}, indent=1).encode()
        new = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        new.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Keys:
    """The keys as a server sees them: those of a file, looked at again when it changed, or those it is given."""

    def __init__(
        self, file: KeyFile | None = None, keys: list[ApiKey] | None = None, machine_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._file = file
        self._machine_s = machine_s
        self._looked_s = machine_s()
        self._seen = self._state()
        self._by_key = _by_key((keys or []) + (file.read() if file else []))

    def find(self, text: str, now_us: int) -> ApiKey:
        """The key so named. Raises `Refused("api.key")` for one that is unknown, revoked or expired."""
        self._look()
        if text not in self._by_key:
            self._look(now=True)  # it may have been created a moment ago
        key = self._by_key.get(text)
        if key is None or key.revoked or 0 < key.expires_us <= now_us:
            raise Refused("api.key", "key: unknown, revoked or expired")
        return key

    def stands(self, key: ApiKey, now_us: int) -> bool:
        """Whether a key that was found before still serves."""
        self._look()
        now = self._by_key.get(key.key)
        return now is not None and not now.revoked and not 0 < now.expires_us <= now_us

    def _look(self, *, now: bool = False) -> None:
        if self._file is None or (not now and self._machine_s() - self._looked_s < LOOK_AGAIN_S):
            return
        self._looked_s = self._machine_s()
        state = self._state()
        if state != self._seen:
            self._by_key, self._seen = _by_key(self._file.read()), state

    def _state(self) -> tuple[int, int, int] | None:
        if self._file is None:
            return None
        try:
            found = self._file.path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _by_key(keys: list[ApiKey]) -> dict[str, ApiKey]:
    return {key.key: key for key in keys}


def _to_json(key: ApiKey) -> dict[str, Any]:
    return {
        "number": key.number,
        "key": key.key,
        "secret": key.secret_text,
        "account": key.account,
        "name": key.name,
        "permissions": sorted(key.permissions),
        "tier": key.tier.name,
        "expires_us": key.expires_us,
        "nonce_window_s": key.nonce_window_s,
        "revoked": key.revoked,
    }


def _from_json(row: dict[str, Any]) -> ApiKey:
    try:
        secret = b64decode(row["secret"], validate=True)
    except binascii.Error as wrong:
        raise ValueError("a secret was not base64") from wrong
    return ApiKey(
        int(row["number"]),
        str(row["key"]),
        secret,
        int(row["account"]),
        str(row["name"]),
        frozenset(Permission(each) for each in row["permissions"]),
        TIERS[row["tier"]],
        int(row["expires_us"]),
        int(row["nonce_window_s"]),
        bool(row["revoked"]),
    )
