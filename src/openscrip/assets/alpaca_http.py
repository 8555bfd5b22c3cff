"""What Alpaca's REST interfaces have in common: credentials, JSON whose numbers are never floats, and what a status means.

Broker adapter and tokenisation network stand on it. The documents and the vendor's own text do not agree on how one proves
who one is, so it is a setting: HTTP Basic, the two APCA headers, or a bearer token from an OAuth endpoint.
"""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, NoReturn
from urllib.parse import urlencode, urlsplit

from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Malformed, NotYet, Refused, Unavailable
from openscrip.runtime.connections import Connections
from openscrip.runtime.http_line import Reply

TIMEOUT_S = 10.0
RETRY_AFTER_S, RETRY_AFTER_S_MAX = 1.0, 300.0
ANSWER_BYTES_MAX = 8 * 1024 * 1024
_PLAIN = re.compile(r"(-?)(0|[1-9][0-9]{0,29})(?:\.([0-9]{1,30}))?(?:[eE]([+-]?[0-9]{1,2}))?")
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})")


class Auth(StrEnum):
    """How the other side wants to know us."""

    BASIC = "basic"
    APCA = "apca"
    OAUTH = "oauth"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key and its secret; `token_url` is where `oauth` gets its bearer tokens. Its text form shows neither."""

    auth: Auth
    key: str = field(repr=False)
    secret: str = field(repr=False)
    token_url: str = ""


class Number(str):
    """The text of a JSON number that has a fraction or an exponent."""

    __slots__ = ()


class AlpacaHttp:
    """JSON over HTTP to one base address, from several threads."""

    def __init__(
        self,
        name: str,
        url: str,
        credentials: Credentials,
        timeout_s: float = TIMEOUT_S,
        machine: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.url = url
        self._connections = Connections(name, url, timeout_s)
        self._credentials = credentials
        self._machine = machine
        self._token = ""
        self._token_ends = 0.0
        self._lock = threading.Lock()
        self._timeout_s = timeout_s

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The document at `path`. Raises as `answered` says."""
        chosen = {name: value for name, value in (query or {}).items() if value}
        return self.answered(self.ask("GET", f"{path}?{urlencode(chosen)}" if chosen else path))

    def find(self, path: str, query: Mapping[str, str] | None = None) -> Any | None:
        """The document at `path`, None for 404: it is not there, or not there yet."""
        try:
            return self.get(path, query)
        except Refused as refusal:
            if refusal.code == f"{self.name}.unknown":
                return None
            raise

    def post(self, path: str, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Any:
        """The answer to a POST. Raises as `answered` says."""
        return self.answered(self.ask("POST", path, body, headers))

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One exchange, whatever the status. Raises `Unavailable` when nothing is answered in time."""
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        return self._connections.ask(method, path, content, {**self.authorised(), **(headers or {})})

    def answered(self, reply: Reply) -> Any:
        """The document of a good answer; None for an empty one.

        Raises `NotYet` for 429 and for 503 with a Retry-After, `Unavailable` for 401, 408 and other 5xx,
        `Refused("<name>.unknown")` for 404, `Refused("<name>.<status>")` with the vendor's code and words for the rest.
        """
        status, where = reply.status, self.name
        if status in (429, 503) and (status == 429 or "retry-after" in reply.headers):
            raise NotYet(f"{where}: asked to wait ({status})", retry_after_s(reply.headers.get("retry-after", "")))
        if status in (401, 408) or status >= 500:
            raise Unavailable(f"{where}: answered {status}: {_said(reply)}")
        if status == 404:
            raise Refused(f"{where}.unknown", f"{where}: {_said(reply)}")
        if status >= 300:
            raise Refused(f"{where}.{status}", f"{where}: {_said(reply)}")
        return None if not reply.content.strip() else read_json(reply.content, where)

    def authorised(self) -> dict[str, str]:
        """The headers that say who we are. Raises `Unavailable` while no bearer token can be had."""
        known = self._credentials
        if known.auth is Auth.BASIC:
            pair = base64.b64encode(f"{known.key}:{known.secret}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        if known.auth is Auth.APCA:
            return {"APCA-API-KEY-ID": known.key, "APCA-API-SECRET-KEY": known.secret}
        with self._lock:
            if self._machine() >= self._token_ends:
                self._fetch_token()
            return {"Authorization": f"Bearer {self._token}"}

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def _fetch_token(self) -> None:
        """A new bearer token, good until a minute before it ends."""
        parts = urlsplit(self._credentials.token_url)
        door = Connections(self.name, f"{parts.scheme}://{parts.netloc}", self._timeout_s)
        asked = {
            "grant_type": "client_credentials",
            "client_id": self._credentials.key,
            "client_secret": self._credentials.secret,
        }
        try:
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            reply = door.ask("POST", parts.path or "/", urlencode(asked).encode(), form)
        finally:
            door.close()
        if reply.status != 200:
            raise Unavailable(f"{self.name}: no token was given ({reply.status})")
        told = read_json(reply.content, self.name)
        token = told.get("access_token") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token:
            raise Unavailable(f"{self.name}: the token endpoint gave none")
        lives = told.get("expires_in")
        self._token, self._token_ends = token, self._machine() + max(0, (lives if isinstance(lives, int) else 900) - 60)


def read_json(content: bytes, where: str) -> Any:
    """A JSON document whose fractions stay text. Raises `Malformed("<where>.json")`."""
    if len(content) > ANSWER_BYTES_MAX:
        raise Malformed(f"{where}.json", f"{where}: the answer was longer than {ANSWER_BYTES_MAX} bytes")
    try:
        return json.loads(content, parse_float=Number, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{where}.json", f"{where}: the answer was not JSON") from error


def decimal_text(value: object, what: str) -> str:
    """A plain decimal string from a JSON string or number, exact. Raises `Malformed("answer.amount")`."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30 else value
    match = _PLAIN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise Malformed("answer.amount", f"{what}: {value!r:.60} was no decimal")
    sign, whole, fraction, exponent = match[1], match[2], match[3] or "", int(match[4] or 0)
    digits, point = whole + fraction, len(whole) + exponent
    digits, point = (digits, point) if point > 0 else ("0" * (1 - point) + digits, 1)
    digits = digits.ljust(point, "0")
    whole, fraction = digits[:point].lstrip("0") or "0", digits[point:].rstrip("0")
    plain = f"{whole}.{fraction}" if fraction else whole
    return f"{sign}{plain}" if plain != "0" else plain


def text_of(document: Mapping[str, Any], *names: str) -> str:
    """The first of the fields that is there, as text; empty where none is, or it is null.

    Raises `Malformed("answer.field")` for what is no text.
    """
    for name in names:
        value = document.get(name)
        if value is not None:
            if not isinstance(value, str) or isinstance(value, Number) or len(value) > 1_000:
                raise Malformed("answer.field", f"answer: {name} was no text")
            return value
    return ""


def object_of(document: object, what: str) -> dict[str, Any]:
    """The document as an object. Raises `Malformed("answer.form")`."""
    if not isinstance(document, dict):
        raise Malformed("answer.form", f"{what}: the answer was no object")
    return document


def instant_of(text: str, what: str) -> int:
    """UTC seconds of an RFC 3339 instant with any offset and up to nine digits of a second.

    Raises `Malformed("answer.instant")`.
    """
    match = _INSTANT.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        zone = "+00:00" if match[3] == "Z" else match[3]
        return int(datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}").astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise Malformed("answer.instant", f"{what}: {text!r:.60} was no instant") from error


def retry_after_s(text: str) -> float:
    """How long to wait by a Retry-After header: seconds or a date, between 0 and five minutes; one second without."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(int(text), RETRY_AFTER_S_MAX)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return RETRY_AFTER_S
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0, int(at.timestamp()) - LiveClock().now()), RETRY_AFTER_S_MAX)


def _said(reply: Reply) -> str:
    """The vendor's code and words, `{code, message}`, or that it gave none."""
    try:
        document = json.loads(reply.content)
    except (ValueError, RecursionError):
        return f"status {reply.status} without JSON"
    if not isinstance(document, dict):
        return f"status {reply.status}"
    return f"{document.get('code', reply.status)!s:.20} {document.get('message', '')!s:.300}".strip()


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)
