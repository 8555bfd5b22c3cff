"""Kraken's request signature, over the exact bytes that came: never over a body written anew.

`API-Sign` = base64(HMAC-SHA512(base64decode(secret), path || SHA-256(nonce || body))). The path is what stands in the request
line from `/0/private/` on, without a query.
"""

import binascii
import hashlib
import hmac
import re

NONCE_MAX, NONCE_DIGITS = 2**64 - 1, 20
_FORM_NONCE = re.compile(rb"(?:^|&)nonce=([0-9]{1,20})(?=&|$)")


class Secret:
    """A key's secret, ready to sign with. Never shown by `repr`."""

    __slots__ = ("_mac",)

    def __init__(self, secret: bytes) -> None:
        self._mac = hmac.new(secret, digestmod=hashlib.sha512)

    def sign(self, path: bytes, nonce: bytes, body: bytes) -> bytes:
        """The signature of a request, as base64 text."""
        mac = self._mac.copy()
        mac.update(path + hashlib.sha256(nonce + body).digest())
        return binascii.b2a_base64(mac.digest(), newline=False)

    def signed(self, path: bytes, nonce: bytes, body: bytes, signature: bytes) -> bool:
        """Whether a request was signed with this secret; takes the same time whatever is wrong."""
        return hmac.compare_digest(self.sign(path, nonce, body), signature)


def form_nonce(body: bytes) -> bytes | None:
    """The digits of the first nonce in a form; None without one."""
    if body.startswith(b"nonce="):
        first = body[6:].partition(b"&")[0]
        return first if first.isdigit() and len(first) <= NONCE_DIGITS else None
    found = _FORM_NONCE.search(body)
    return found[1] if found else None
