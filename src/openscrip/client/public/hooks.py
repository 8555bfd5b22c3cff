"""For who receives webhooks: check a telling before believing it."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from openscrip.kernel.errors import Malformed

TOLERANCE_S = 300


def checked_telling(secret: str, headers: Mapping[str, str], body: bytes, now: int) -> dict[str, Any]:
    """The telling in a raw body, if its signature is right and it is not older than five minutes.

    `now` is the receiver's UTC seconds. The same `id` may come twice: remember those that were handled. Raises
    `Malformed("webhook.signature")` and `Malformed("webhook.time")`.
    """
    told = {name.lower(): value for name, value in headers.items()}
    number, timestamp = told.get("openscrip-delivery", ""), told.get("openscrip-timestamp", "")
    expected = hmac.new(secret.encode(), f"{number}.{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(told.get("openscrip-signature", "").encode(), f"v1={expected}".encode()):
        raise Malformed("webhook.signature", "webhook: its signature was wrong; drop it")
    if not timestamp.isdecimal() or abs(now - int(timestamp)) > TOLERANCE_S:
        raise Malformed("webhook.time", "webhook: it was signed too long ago, or in the future; drop it")
    document: dict[str, Any] = json.loads(body)
    return document
