"""Frozen dataclasses to JSON text and back, exactly: what the SQL store keeps as rows, actions and facts.

A registered class is known by its name. Fields may be `int`, `str`, `bool`, `bytes` (as hex), `date`, enums of strings
or integers, literals, quantities of the kernel (as their integer of atoms), other dataclasses, tuples, mappings from
strings, optionals, and unions of dataclasses (then the object carries its class name as `type`). Reading is strict: an
unknown field or a wrong type is `Undecodable`; a missing field is allowed only where the class has a default, so that
a stored row outlives a new field.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import Enum
from functools import cache
from typing import Any

from openscrip.kernel.quantities import Quantity

Turn = Callable[[Any], Any]
TAG = "type"


class Undecodable(Exception):
    """A value did not fit its declared type: damage, or a change of code without a migration."""


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """How one type is written and read, and which JSON type marks it in a union."""

    write: Turn
    read: Turn
    marks: tuple[type, ...]


class Codec:
    """Writes and reads the registered classes."""

    def __init__(self, registered: Iterable[type]) -> None:
        self._classes: dict[str, type] = {}
        self._forms: dict[Any, Form] = {}
        for cls in registered:
            if self._classes.setdefault(cls.__name__, cls) is not cls:
                raise TypeError(f"codec: two classes were registered as {cls.__name__}")
        for cls in self._classes.values():
            self._form(cls, cls.__name__)

    def kind(self, value: object) -> str:
        """The name under which the class of `value` is registered. Raises `TypeError` if it is not."""
        name = type(value).__name__
        if self._classes.get(name) is not type(value):
            raise TypeError(f"codec: {type(value).__qualname__} was not registered")
        return name

    def encode(self, value: object) -> str:
        """The JSON text of a registered dataclass."""
        return json.dumps(self._forms[type(value)].write(value), separators=(",", ":"), ensure_ascii=False)

    def decode(self, kind: str, text: str) -> Any:
        """The dataclass of class `kind` behind a JSON text. Raises `Undecodable`."""
        cls = self._classes.get(kind)
        if cls is None:
            raise Undecodable(f"codec: class {kind} was not registered")
        try:
            return self._forms[cls].read(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise Undecodable(f"codec: {kind} could not be read: {error}") from error

    def _form(self, hint: Any, where: str) -> Form:
        form = self._forms.get(hint)
        if form is None:
            form = self._forms[hint] = self._made(hint, where)
        return form

    def _made(self, hint: Any, where: str) -> Form:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return self._union(arguments, where)
        if origin is tuple:
            return self._tuple(arguments, where)
        if origin is typing.Literal:
            return _plain(type(arguments[0]), allowed=arguments)
        if origin in (dict, Mapping) and arguments[0] is str:
            return self._mapping(arguments[1], where)
        if isinstance(hint, typing.NewType):
            return self._form(hint.__supertype__, where)
        if isinstance(hint, type):
            return self._class(hint, where)
        raise TypeError(f"codec: {where} had the type {hint}, which is not supported")

    def _class(self, cls: type, where: str) -> Form:
        if cls in (int, str, bool, types.NoneType):
            return _plain(cls)
        if cls is bytes:
            return Form(bytes.hex, lambda value: bytes.fromhex(_checked(str, value)), (str,))
        if cls is date:
            return Form(date.isoformat, lambda value: date.fromisoformat(_checked(str, value)), (str,))
        if issubclass(cls, Enum) and issubclass(cls, str | int):
            base = str if issubclass(cls, str) else int
            return Form(lambda value: _checked(cls, value).value, lambda value: cls(_checked(base, value)), (base,))
        if issubclass(cls, Quantity):
            return Form(lambda value: _checked(cls, value).atoms, lambda value: cls(_checked(int, value)), (int,))
        if dataclasses.is_dataclass(cls):
            return self._dataclass(cls, where)
        raise TypeError(f"codec: {where} had the type {cls}, which is not supported")

    def _dataclass(self, cls: type, where: str) -> Form:
        fields: list[tuple[str, Form]] = []
        names: set[str] = set()

        def write(value: Any) -> dict[str, Any]:
            _checked(cls, value)
            return {name: form.write(getattr(value, name)) for name, form in fields}

        def read(value: Any) -> Any:
            if _checked(dict, value).keys() - names:
                raise Undecodable(f"codec: {where} had the unknown fields {sorted(value.keys() - names)}")
            return cls(**{name: form.read(value[name]) for name, form in fields if name in value})

        form = self._forms[cls] = Form(write, read, (dict,))  # known before its fields, so that a class may hold itself
        hints = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            if field.init:
                names.add(field.name)
                fields.append((field.name, self._form(hints[field.name], f"{where}.{field.name}")))
        return form

    def _tuple(self, arguments: tuple[Any, ...], where: str) -> Form:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            item = self._form(arguments[0], where)
            return Form(
                lambda value: [item.write(part) for part in value],
                lambda value: tuple(item.read(part) for part in _checked(list, value)),
                (list,),
            )
        items = [self._form(argument, where) for argument in arguments]
        return Form(
            lambda value: [item.write(part) for item, part in zip(items, value, strict=True)],
            lambda value: tuple(item.read(part) for item, part in zip(items, _checked(list, value), strict=True)),
            (list,),
        )

    def _mapping(self, values: Any, where: str) -> Form:
        item = self._form(values, where)
        return Form(
            lambda value: {_checked(str, key): item.write(part) for key, part in value.items()},
            lambda value: {key: item.read(part) for key, part in _checked(dict, value).items()},
            (dict,),
        )

    def _union(self, arguments: tuple[Any, ...], where: str) -> Form:
        tagged: dict[str, type] = {
            cls.__name__: cls
            for cls in arguments
            if isinstance(cls, type) and dataclasses.is_dataclass(cls) and not issubclass(cls, Quantity)
        }
        others = [argument for argument in arguments if argument not in tagged.values()]
        forms = {cls: self._form(cls, where) for cls in arguments}
        by_mark = {mark: forms[argument] for argument in others for mark in forms[argument].marks}
        if len(by_mark) < len(others):
            raise TypeError(f"codec: {where} had a union whose parts look alike in JSON")
        if len(tagged) == 1 and dict not in by_mark:
            by_mark[dict] = forms[tagged.popitem()[1]]

        def write(value: Any) -> Any:
            form = forms.get(type(value))
            if form is None:
                raise TypeError(f"codec: {where} held a {type(value).__name__}")
            written = form.write(value)
            return {TAG: type(value).__name__, **written} if type(value).__name__ in tagged else written

        def read(value: Any) -> Any:
            if tagged and type(value) is dict:
                rest = dict(value)
                return forms[tagged[rest.pop(TAG)]].read(rest)
            return by_mark[type(value)].read(value)

        if all(isinstance(argument, type) for argument in arguments):
            return Form(write, read, tuple(by_mark) + ((dict,) if tagged else ()))
        return Form(_first_fitting(forms, others), read, tuple(by_mark))


@cache
def codec_of(registered: tuple[type, ...]) -> Codec:
    """The codec of these classes, made once in the life of a process: it holds their forms and nothing else."""
    return Codec(registered)


def _first_fitting(forms: Mapping[Any, Form], others: Iterable[Any]) -> Turn:
    """Writes an optional tuple, mapping or literal, whose type at run time is not its hint."""
    inner = [forms[argument] for argument in others if argument is not types.NoneType]

    def write(value: Any) -> Any:
        if value is None:
            return None
        for hint, form in forms.items():
            if type(value) is hint:
                return form.write(value)
        return inner[0].write(value)

    return write


def _checked(cls: type, value: Any) -> Any:
    if type(value) is not cls:
        raise TypeError(f"{value!r} was not {cls.__name__}")
    return value


def _plain(cls: type, allowed: tuple[Any, ...] = ()) -> Form:
    def same(value: Any) -> Any:
        if type(value) is not cls or (allowed and value not in allowed):
            raise TypeError(f"{value!r} was not {cls.__name__}{f' of {allowed}' if allowed else ''}")
        return value

    return Form(same, same, (cls,))
