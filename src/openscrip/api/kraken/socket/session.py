"""Who speaks on a connection: tokens of GetWebSocketsToken and the keys behind them.

A token is good for fifteen minutes until it is first used, and then for the life of its connection, unless its key is revoked.
"""

import time
from collections.abc import Callable
from typing import Protocol

from openscrip.api.kraken.counters import Tier
from openscrip.api.kraken.keys import ApiKey, Keys, Permission
from openscrip.api.kraken.tokens import Tokens
from openscrip.kernel.errors import Refused


class Speaker:
    """A key in use, with what is asked of it at every order worked out once."""

    __slots__ = ("account", "key", "may_cancel", "may_modify", "tier")

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.account: int = key.account
        self.tier: Tier = key.tier
        self.may_modify = Permission.MODIFY in key.permissions
        self.may_cancel = self.may_modify or Permission.CANCEL in key.permissions

    def modifies(self) -> "Speaker":
        """Itself. Raises `Refused("api.permission")` unless it may place and change orders."""
        if not self.may_modify:
            self.key.allow(Permission.MODIFY)
        return self

    def cancels(self) -> "Speaker":
        """Itself. Raises `Refused("api.permission")` unless it may cancel orders."""
        if not self.may_cancel:
            self.key.allow(Permission.CANCEL, Permission.MODIFY)
        return self


class Spoken(Protocol):
    """A connection, as far as this goes."""

    private: bool
    sessions: dict[str, Speaker]


class Sessions:
    """The tokens in use on each connection."""

    def __init__(self, tokens: Tokens, keys: Keys, now_us: Callable[[], int], sessions_max: int) -> None:
        self._tokens, self._keys, self._now_us, self._max = tokens, keys, now_us, sessions_max

    def of(self, connection: Spoken, token: str) -> Speaker:
        """Who holds a token. Raises `Refused`: `session.token`, and `api.permission` for a key that may not use sockets."""
        speaker = connection.sessions.get(token)
        if speaker is None:
            if not connection.private:
                raise Refused("session.token", "token: this is the public address; connect to the private one")
            key = self._tokens.key_of(token, time.monotonic())
            if not self._keys.stands(key, self._now_us()):
                raise Refused("session.token", "token: its key was revoked or has expired")
            key.allow(Permission.SOCKETS)
            if len(connection.sessions) >= self._max:
                raise Refused("session.token", f"token: {self._max} were in use on this connection; open another one")
            speaker = connection.sessions[token] = Speaker(key)
        return speaker

    def look_again(self, connection: Spoken, now_us: int) -> list[int]:
        """Forget the keys that were revoked or have expired; the accounts that nobody speaks for any more."""
        ended = [token for token, its in connection.sessions.items() if not self._keys.stands(its.key, now_us)]
        if not ended:
            return []
        accounts = {connection.sessions.pop(token).account for token in ended}
        return sorted(accounts - {its.account for its in connection.sessions.values()})
