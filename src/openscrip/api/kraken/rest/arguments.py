"""What a request asks, as text: a form, a query or JSON, read alike and never through a float."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from openscrip.api.kraken.errors import wrong_argument
from openscrip.api.kraken.http_message import Request
from openscrip.api.kraken.times import unix_us
from openscrip.kernel.errors import Malformed

FIELDS_MAX = 256
_TRUE, _FALSE = frozenset({"true", "True", "1"}), frozenset({"", "false", "False", "0", "None"})
_JSON = msgspec.json.Decoder(float_hook=str)
Values = dict[str, Any]


class Arguments:
    """Arguments by name: text, or what JSON nests. Each question raises `Malformed("arguments.<name>")`."""

    __slots__ = ("values",)

    def __init__(self, values: Values) -> None:
        self.values = values

    def text(self, name: str, default: str = "") -> str:
        """The text of an argument."""
        value = self.values.get(name, default)
        if not isinstance(value, str):
            raise wrong_argument(name, "was a list or an object where text was expected")
        return value

    def required(self, name: str) -> str:
        """The text of an argument that must be there."""
        value = self.text(name)
        if not value:
            raise wrong_argument(name, "was missing")
        return value

    def flag(self, name: str) -> bool:
        """`true`, `True` and `1`, or `false`, `False`, `0` and nothing."""
        value = self.text(name)
        if value not in _TRUE and value not in _FALSE:
            raise wrong_argument(name, f"{value!a:.24} was neither true nor false")
        return value in _TRUE

    def whole(self, name: str, default: int, lowest: int, highest: int) -> int:
        """A whole number within bounds."""
        value = self.text(name)
        if not value:
            return default
        number = int(value) if value.isascii() and value.isdigit() and len(value) <= 20 else -1
        if not lowest <= number <= highest:
            raise wrong_argument(name, f"{value!a:.24} was not a whole number from {lowest} to {highest}")
        return number

    def instant_us(self, name: str, default: int) -> int:
        """Unix seconds, as microseconds."""
        value = self.text(name)
        return unix_us(value, name) if value else default

    def texts(self, name: str, most: int) -> list[str]:
        """A comma list, or a list of JSON; empty without one."""
        value = self.values.get(name, "")
        found = (
            value
            if isinstance(value, list)
            else [each.strip() for each in value.split(",")]
            if isinstance(value, str)
            else None
        )
        if found == [""]:
            return []
        if found is None or len(found) > most or not all(isinstance(each, str) for each in found):
            raise wrong_argument(name, f"was not a list of at most {most} texts")
        return found

    def parts(self, name: str, least: int, most: int) -> list["Arguments"]:
        """A list of objects in JSON."""
        value = self.values.get(name)
        if not isinstance(value, list) or not least <= len(value) <= most or not all(isinstance(each, dict) for each in value):
            raise wrong_argument(name, f"was not a list of {least} to {most} objects")
        return [Arguments(each) for each in value]


def is_json(request: Request) -> bool:
    """Whether the body says that it is JSON."""
    return request.kind[:16].lower() == b"application/json"


def json_values(body: bytes) -> Values:
    """An object of JSON, its numbers as their text, and without what is null. Raises `Malformed("request.malformed")`."""
    try:
        told = _JSON.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as wrong:
        raise Malformed("request.malformed", "body: it was no JSON") from wrong
    if not isinstance(told, dict):
        raise Malformed("request.malformed", "body: it was no object of JSON")
    return _plain_values(told)


def _plain_values(told: Mapping[Any, Any]) -> Values:
    return {name: _plain(value) for name, value in told.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return _plain_values(value) if isinstance(value, Mapping) else value


def form_values(body: bytes) -> Values:
    """A form or a query. A name that comes twice is refused: which one counts must not be anybody's guess."""
    try:
        text = body.decode()
    except UnicodeDecodeError as wrong:
        raise Malformed("request.malformed", "body: it was no text") from wrong
    if not text:
        return {}
    fields = text.split("&")
    if len(fields) > FIELDS_MAX:
        raise Malformed("request.malformed", f"body: more than {FIELDS_MAX} fields")
    if "%" not in text and "+" not in text:  # as almost every order: nothing to decode
        values: Values = {name: value for name, _, value in [field.partition("=") for field in fields]}
        if len(values) == len(fields):
            return values
    values = {}
    for field in fields:
        name, value = [unquote_plus(part) for part in field.partition("=")[::2]]
        if name in values:
            raise wrong_argument(name[:40] if name.isidentifier() else "name", "came twice")
        values[name] = value
    return values


def public_arguments(request: Request) -> Arguments:
    """The arguments of a public call: its query, and its body if it was sent with one."""
    values = form_values(request.query)
    if request.body:
        told = json_values(request.body) if is_json(request) else form_values(request.body)
        if values.keys() & told.keys():
            raise Malformed("request.malformed", "query: an argument came in the query and in the body")
        values |= told
    return Arguments(values)
