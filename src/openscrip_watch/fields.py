"""Strict reading of JSON objects that come from outside: required fields, types, sizes; nothing is guessed."""

import re
from collections.abc import Mapping
from typing import Any

from openscrip_watch.refusal import BadInput

TEXT_LENGTH_MAX = 4_000
_HEX = re.compile(r"(?:0x)?([0-9a-fA-F]{2,})")


def mapping(body: object, where: str) -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(body, Mapping):
        raise BadInput("body.object", f"{where}: was not a JSON object")
    return body


def inner(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The JSON object under `name`."""
    return mapping(_required(body, name), name)


def text(body: Mapping[str, Any], name: str, length_max: int = TEXT_LENGTH_MAX) -> str:
    """The non-empty printable text under `name`."""
    value = _required(body, name)
    if not isinstance(value, str) or not 0 < len(value) <= length_max or not value.isprintable():
        raise BadInput("body.text", f"{name}: was not a printable text of 1 to {length_max} characters")
    return value


def integer(body: Mapping[str, Any], name: str, least: int = 0) -> int:
    """The integer under `name`, at least `least` and of at most 63 bits."""
    value = _required(body, name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**63:
        raise BadInput("body.integer", f"{name}: {value!r:.40} was not an integer from {least}")
    return value


def hex32(body: Mapping[str, Any], name: str) -> str:
    """The 32 bytes under `name` as 64 lower-case hex digits; a leading 0x is accepted."""
    value = _required(body, name)
    match = _HEX.fullmatch(value) if isinstance(value, str) else None
    if match is None or len(match[1]) != 64:
        raise BadInput("body.hex", f"{name}: was not 32 bytes in hex")
    return match[1].lower()


def rows(body: Mapping[str, Any], name: str, count_max: int = 1_000) -> list[Mapping[str, Any]]:
    """The list of JSON objects under `name`."""
    value = _required(body, name)
    if not isinstance(value, list) or len(value) > count_max:
        raise BadInput("body.list", f"{name}: was not a list of at most {count_max}")
    return [mapping(each, name) for each in value]


def _required(body: Mapping[str, Any], name: str) -> Any:
    if name not in body:
        raise BadInput("body.field", f"{name}: was missing")
    return body[name]
