"""Who asks, by the key in `X-API-Key`: no cookie is ever read here, so that no page in a browser can ask in its name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader

from openscrip.api.public.limits import Buckets
from openscrip.kernel.errors import Refused
from openscrip.runtime.api_keys import Scope, checked_key
from openscrip.runtime.store import Store

HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="`osk_ID_SECRET`, shown once when it is made")
KEY_MAX = 100


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is, and which."""

    person: str
    key: str
    scopes: tuple[str, ...]


Asks = Callable[[str | None], Caller]


def caller_with(store: Store, scope: Scope, buckets: Buckets) -> Asks:
    """A dependency: the caller, whose key may do this and was not used too often.

    Raises `Refused("key.missing")`, `Refused("key.invalid")`, `Refused("key.scope")`, `TooOften`.
    """

    def caller(text: Annotated[str | None, Security(HEADER)] = None) -> Caller:
        if not text:
            raise Refused("key.missing", "key: none came with the request; send it as X-API-Key")
        with store.view() as view:
            row = checked_key(view, text[:KEY_MAX], scope)
        buckets.take(row.id)
        return Caller(row.person, row.id, row.scopes)

    return caller
