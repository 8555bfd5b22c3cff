"""Tokens of GetWebSocketsToken: they open the private socket for the key that asked.

A token is good for fifteen minutes until it is first used, and then for as long as its connection: whoever uses it holds the
`ApiKey`, and asks `Keys.stands` whether that was revoked since.
"""

import secrets
from collections import OrderedDict

from openscrip.api.kraken.keys import ApiKey
from openscrip.kernel.errors import Refused

LIFE_S = 900
TOKENS_MAX = 10_000


class Tokens:
    """The tokens in use; kept in memory alone, so that a restart ends them all. `now_s` is a monotonic clock's."""

    def __init__(self) -> None:
        self._given: OrderedDict[str, tuple[float, ApiKey]] = OrderedDict()

    def issue(self, key: ApiKey, now_s: float) -> str:
        """A new token for whoever holds `key`."""
        self._forget(now_s)
        while len(self._given) >= TOKENS_MAX:
            self._given.popitem(last=False)
        token = secrets.token_urlsafe(32)
        self._given[token] = (now_s + LIFE_S, key)
        return token

    def key_of(self, token: str, now_s: float) -> ApiKey:
        """The key behind a token. Raises `Refused("session.token")` for one that is unknown or too old."""
        until_s, key = self._given.get(token, (0.0, None))
        if key is None or until_s < now_s:
            raise Refused("session.token", "token: unknown or older than 15 minutes; ask GetWebSocketsToken for another")
        return key

    def _forget(self, now_s: float) -> None:
        while self._given and next(iter(self._given.values()))[0] < now_s:
            self._given.popitem(last=False)
