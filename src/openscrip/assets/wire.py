"""Port records as JSON and back: amounts as decimal strings, dates in ISO 8601, unknown or missing fields refused."""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares

Record = TypeVar("Record")
TEXT_LENGTH_MAX = 200
DOCUMENT_LENGTH_MAX = 1 << 20
_INTEGER_MAX = 2**63 - 1
_AMOUNTS: dict[type, Callable[[object], object]] = {
    Shares: Shares.parse,
    Money: Money.parse,
    PricePerShare: PricePerShare.parse,
}
# How a Python field is called in JSON where the word is reserved in Python.
_JSON_NAMES = {"sender": "from"}


class Document(str):
    """A long text with characters of any kind: a message as it came."""

    __slots__ = ()


def canonical(value: object) -> bytes:
    """Canonical JSON: the bytes that are hashed and signed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def to_json(record: object) -> dict[str, Any]:
    """The JSON object of a frozen dataclass; what has a `TYPE` carries it as "type"."""
    kind = getattr(record, "TYPE", None)
    body: dict[str, Any] = {} if kind is None else {"type": kind}
    kind_of: Any = type(record)
    for name, json_name in _names(kind_of):
        body[json_name] = _value_to_json(getattr(record, name))
    return body


def from_json(kind: type[Record], body: object) -> Record:
    """The record of class `kind` in a JSON object. Raises `Malformed("body.…")`, or `amount.…` for bad amounts."""
    if not isinstance(body, Mapping):
        raise Malformed("body.object", f"{kind.__name__}: the body was not a JSON object")
    kind_of: Any = kind
    readers = _readers(kind_of)
    unknown = set(body) - set(readers) - {"type"}
    if unknown:
        raise Malformed("body.field", f"{kind.__name__}: {sorted(map(str, unknown))[0]!r} was not a known field")
    values = {}
    for json_name, (name, required, read) in readers.items():
        if json_name in body:
            values[name] = read(body[json_name], json_name)
        elif required:
            raise Malformed("body.field", f"{kind.__name__}: field {json_name!r} was missing")
    return kind(**values)


def _value_to_json(value: object) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, tuple):
        return [_value_to_json(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and type(value) not in _AMOUNTS:
        return to_json(value)
    return str(value)


@cache
def _names(kind: Any) -> tuple[tuple[str, str], ...]:
    return tuple((each.name, _JSON_NAMES.get(each.name, each.name)) for each in fields(kind))


@cache
def _readers(kind: Any) -> dict[str, tuple[str, bool, Callable[[Any, str], Any]]]:
    hints = get_type_hints(kind)
    return {
        _JSON_NAMES.get(each.name, each.name): (
            each.name,
            each.default is MISSING and each.default_factory is MISSING,
            _reader(hints[each.name]),
        )
        for each in fields(kind)
    }


def _reader(hint: Any) -> Callable[[Any, str], Any]:
    """How a value of the annotated type is read."""
    if isinstance(hint, UnionType):
        inner = _reader(next(each for each in get_args(hint) if each is not NoneType))
        return lambda value, where: None if value is None else inner(value, where)
    if get_origin(hint) is tuple:
        item = _reader(get_args(hint)[0])
        return lambda value, where: tuple(item(each, where) for each in _expect(value, list, where))
    if hint in _AMOUNTS:
        parse = _AMOUNTS[hint]
        return lambda value, _: parse(value)
    if hint is date:
        return _read_date
    if hint is bool:
        return lambda value, where: _expect(value, bool, where)
    if hint is int:
        return _read_integer
    if hint is Document:
        return _read_document
    if hint is str:
        return _read_text
    if issubclass(hint, StrEnum):
        return lambda value, where: _read_member(hint, value, where)
    return lambda value, _: from_json(hint, value)


def _expect(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind):
        raise Malformed("body.type", f"{where}: {value!r:.60} was not of type {kind.__name__}")
    return value


def _read_integer(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_INTEGER_MAX <= value <= _INTEGER_MAX:
        raise Malformed("body.type", f"{where}: {value!r:.60} was not a 64-bit integer")
    return value


def _read_text(value: Any, where: str) -> str:
    text: str = _expect(value, str, where)
    if len(text) > TEXT_LENGTH_MAX or not text.isprintable():
        raise Malformed("body.text", f"{where}: the text was longer than {TEXT_LENGTH_MAX} or not printable")
    return text


def _read_document(value: Any, where: str) -> Document:
    text: str = _expect(value, str, where)
    if len(text) > DOCUMENT_LENGTH_MAX:
        raise Malformed("body.text", f"{where}: the document was longer than {DOCUMENT_LENGTH_MAX}")
    return Document(text)


def _read_date(value: Any, where: str) -> date:
    try:
        return date.fromisoformat(_expect(value, str, where))
    except ValueError as error:
        raise Malformed("body.date", f"{where}: {value!r:.60} was not a date such as 2024-06-03") from error


def _read_member(kind: type[StrEnum], value: Any, where: str) -> StrEnum:
    try:
        return kind(_expect(value, str, where))
    except ValueError as error:
        raise Malformed("body.value", f"{where}: {value!r:.60} was not one of {', '.join(kind)}") from error
