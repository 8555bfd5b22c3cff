"""Who may call the network's door: by address, by key or signature, and not too often after failures.

The key is compared in constant time. A signature is HTTP Message Signatures (RFC 9421) with Ed25519 over method, address and
body digest (RFC 9530); its nonce serves once.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from openscrip.kernel.errors import Malformed, Refused, refuse_unless

WINDOW_S, FAILURES_MAX, CALLERS_MAX = 60.0, 10, 1_000
AGE_S_MAX = 300
_SIGNED = re.compile(
    r'sig=\(("@method" "@target-uri"(?: "content-type" "content-digest")?)\)'
    r';created=([0-9]{1,12});keyid="([\x21\x23-\x5b\x5d-\x7e]{1,100})";alg="ed25519";nonce="([0-9a-fA-F]{16,64})"'
)
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]{44}):")
_SIGNATURE = re.compile(r"sig=:([A-Za-z0-9+/=]{88}):")


def read_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The addresses of a setting such as `10.0.0.0/8, 192.0.2.7`. Raises `Malformed("settings.value")`."""
    try:
        return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise Malformed("settings.value", f"settings: itn.allowed: {error}") from error


class Failures:
    """Counts failures by caller in a sliding window; who failed too often waits. At most `CALLERS_MAX` are remembered."""

    def __init__(self, machine: Callable[[], float], most: int = FAILURES_MAX, window_s: float = WINDOW_S) -> None:
        self._machine = machine
        self._most = most
        self._window_s = window_s
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, caller: str) -> int:
        """Whole seconds that the caller must wait; 0 for go on."""
        times = self._failed.get(caller)
        now = self._machine()
        while times and times[0] <= now - self._window_s:
            times.popleft()
        if not times or len(times) < self._most:
            return 0
        return max(1, int(times[0] + self._window_s - now + 0.999))

    def note(self, caller: str) -> None:
        """Count a failure."""
        times = self._failed.setdefault(caller, deque(maxlen=self._most))
        self._failed.move_to_end(caller)
        times.append(self._machine())
        while len(self._failed) > CALLERS_MAX:
            self._failed.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came. `headers` by lower-case name; `target` is the public address that the caller used."""

    caller: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class KeyAuth:
    """`X-API-KEY` is one of the accepted keys; several are accepted while one is being replaced."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = [hashlib.sha256(key.encode()).digest() for key in keys if key]
        refuse_unless(bool(self._digests), "itn.key", "itn: the network's door had no key; write one into its file")

    def check(self, call: Call) -> None:
        """Raise `Refused("itn.unauthorised")` for any other key. Every accepted key is compared, whatever the first says."""
        given = hashlib.sha256(_bytes(call.headers.get("x-api-key", ""))).digest()
        found = [hmac.compare_digest(given, known) for known in self._digests]
        refuse_unless(any(found), "itn.unauthorised", "itn: the key was missing or wrong")


class SignatureAuth:
    """Each call is signed by one of the network's keys. `fresh` says true once for every nonce; `now` is UTC seconds."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey], now: Callable[[], int], fresh: Callable[[str], bool]) -> None:
        refuse_unless(bool(keys), "itn.key", "itn: the network's door had no public key of the network")
        self._keys = dict(keys)
        self._now = now
        self._fresh = fresh

    def check(self, call: Call) -> None:
        """Raise `Refused("itn.unauthorised")` for what is not signed, too old or too new, or came before."""
        found = _SIGNED.fullmatch(call.headers.get("signature-input", ""))
        signature = _SIGNATURE.fullmatch(call.headers.get("signature", ""))
        if found is None or signature is None:
            raise Refused("itn.unauthorised", "itn: the signature was missing or of another form")
        covered, created, key_id, nonce = found.groups()
        refuse_unless(("content-digest" in covered) == bool(call.body), "itn.unauthorised", "itn: the body was not signed")
        if call.body:
            digest = _DIGEST.fullmatch(call.headers.get("content-digest", ""))
            same = digest is not None and hmac.compare_digest(_decoded(digest[1]), hashlib.sha256(call.body).digest())
            refuse_unless(same, "itn.unauthorised", "itn: the body was not the one that was signed")
        near = abs(self._now() - int(created)) <= AGE_S_MAX
        refuse_unless(near, "itn.unauthorised", "itn: the signature was too old or too new")
        key = self._keys.get(key_id)
        if key is None:
            raise Refused("itn.unauthorised", "itn: the signature was by a key that nobody told us")
        try:
            key.verify(_decoded(signature[1]), _bytes(signature_base(call, covered)))
        except InvalidSignature:
            raise Refused("itn.unauthorised", "itn: the signature was wrong") from None
        refuse_unless(self._fresh(f"{key_id}:{nonce}"), "itn.unauthorised", "itn: the signature was used before")


def signature_base(call: Call, covered: str) -> str:
    """What is signed: a line for each covered component, and the parameters of the signature last (RFC 9421, 2.5)."""
    parts = {"@method": call.method, "@target-uri": call.target}
    names = covered.replace('"', "").split()
    lines = [f'"{name}": {parts.get(name, call.headers.get(name, ""))}' for name in names]
    parameters = call.headers.get("signature-input", "").removeprefix("sig=")
    return "\n".join([*lines, f'"@signature-params": {parameters}'])


def _bytes(text: str) -> bytes:
    """A header's bytes, whatever it holds."""
    return text.encode("utf-8", "surrogatepass")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Refused("itn.unauthorised", "itn: the signature was not base64") from None


class Guard:
    """The whole of it: address, rate, proof. `refused` counts what was turned away, by rule."""

    def __init__(
        self,
        allowed: tuple[IPv4Network | IPv6Network, ...],
        auth: KeyAuth | SignatureAuth,
        failures: Failures,
    ) -> None:
        self._allowed = allowed
        self._auth = auth
        self._failures = failures

    def check(self, call: Call) -> None:
        """Raise `Refused` with `itn.address` (403), `itn.rate` (429) or `itn.unauthorised` (401)."""
        try:
            caller = ip_address(call.caller)
        except ValueError:
            raise Refused("itn.address", "itn: the caller had no address") from None
        refuse_unless(any(caller in net for net in self._allowed), "itn.address", f"itn: {caller} was not on the list")
        wait_s = self._failures.wait_s(call.caller)
        refuse_unless(not wait_s, "itn.rate", f"itn: {wait_s}")
        try:
            self._auth.check(call)
        except Refused:
            self._failures.note(call.caller)
            raise

    def wait_s(self, caller: str) -> int:
        """How long the caller is to wait now."""
        return self._failures.wait_s(caller)
