"""Where a webhook may go: to public addresses by https; in a paper run also to this machine."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from openscrip.kernel.errors import Malformed, Refused, refuse_unless

URL_MAX = 500
Resolve = Callable[[str, int], Sequence[str]]


def resolved(host: str, port: int) -> list[str]:
    """Every address of a host. Raises `Refused("webhook.host")`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Refused("webhook.host", f"webhook: {host!a:.80} was not found") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def address_of(url: str, *, paper: bool, resolve: Resolve = resolved) -> str:
    """The address to connect to, checked each time: a name that pointed elsewhere before is looked at again.

    Raises `Malformed("webhook.url")`, `Refused("webhook.scheme")`, `Refused("webhook.host")`, `Refused("webhook.private")`.
    """
    if len(url) > URL_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise Malformed("webhook.url", f"webhook: its URL was not up to {URL_MAX} printable ASCII characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Malformed("webhook.url", "webhook: its URL could not be read") from error
    if parts.scheme not in ("https", "http") or not host or "@" in parts.netloc or parts.fragment:
        raise Malformed("webhook.url", "webhook: its URL was not https://HOST/PATH, without a name, password or fragment")
    refuse_unless(paper or parts.scheme == "https", "webhook.scheme", "webhook: https is needed where money is real")
    addresses = resolve(host, port or (443 if parts.scheme == "https" else 80))
    if not paper:
        refuse_unless(bool(addresses) and all(map(_is_public, addresses)), "webhook.private", _PRIVATE)
    return addresses[0]


_PRIVATE = "webhook: its host has an address that is not public; private and loopback targets are not told anything"


_ASSIGNED = ipaddress.IPv6Network("2000::/3")
"""All that is given to hosts of the internet; what translators make of IPv4 addresses lies elsewhere (RFC 4291, RFC 6052)."""
_DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")


def _is_public(address: str) -> bool:
    """Global, and neither multicast nor an IPv4 address in disguise that is not public itself."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found.ipv4_mapped is None and (found not in _ASSIGNED or found in _DOCUMENTATION or found.teredo is not None):
            return False
        if inner is not None and not (inner.is_global and not inner.is_multicast):
            return False
    return found.is_global and not found.is_multicast
