"""What an independent library knows of the messages: its classes, and what it says of each of their fields.

It was made from the standard's schemas, of which none is to be had in a package registry. So it checks structure, names, order,
occurrence, patterns, digits and code lists; rules that the standard only says in words it does not know.
"""

import importlib
import re
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any


@cache
def document_class(message_id: str) -> Any:
    """The library's class for a message such as `sese.023.001.11`."""
    family = message_id.partition(".")[0]
    module = importlib.import_module(f"python_iso20022.{family}.{message_id.replace('.', '_')}.models")
    return getattr(module, message_id.title().replace(".", ""))


def parse(message_id: str, raw: bytes) -> Any:
    """The library's object for a message. Raises for an element or attribute that it does not know."""
    return document_class(message_id).from_iso20022_xml(raw.decode())


def render(parsed: Any) -> bytes:
    """The message as the library writes it, but for its outermost element, which it calls by the class's name."""
    text: str = parsed.to_iso20022_xml(pretty_print=False)
    name = type(parsed).__name__
    renamed, count = re.subn(rf"(</?(?:\w+:)?){name}(?=[ >])", r"\1Document", text)
    if count != 2:
        raise ValueError(f"oracle: {name} stood {count} times in what the library wrote")
    return renamed.encode()


def wrongs(value: Any, where: str = "") -> list[str]:
    """Every place where a parsed message breaks what the library's model says of it."""
    found: list[str] = []
    for each in fields(value):
        content, here = getattr(value, each.name), f"{where}/{each.metadata.get('name', each.name)}"
        if each.metadata.get("type") == "Wildcard":
            continue
        if content is None or content == []:
            found += [f"{here}: missing"] if each.metadata.get("required") else []
            continue
        for item in content if isinstance(content, list) else [content]:
            found += wrongs(item, here) if is_dataclass(item) else _wrong_leaf(item, dict(each.metadata), here)
    return found


def _wrong_leaf(item: Any, says: dict[str, Any], here: str) -> list[str]:
    found = []
    if isinstance(item, str) and not isinstance(item, Enum):
        if not says.get("min_length", 0) <= len(item) <= says.get("max_length", len(item)):
            found.append(f"{here}: length {len(item)}")
        if "pattern" in says and not re.fullmatch(says["pattern"], item):
            found.append(f"{here}: pattern {says['pattern']}")
        if "max_length" not in says and "pattern" not in says:
            found.append(f"{here}: {item!r} is text that no list or pattern holds")
    if isinstance(item, Decimal):
        digits = item.normalize().as_tuple()
        exponent = digits.exponent if isinstance(digits.exponent, int) else 0
        decimals = max(0, -exponent)
        if max(len(digits.digits), decimals) > says["total_digits"] or decimals > says["fraction_digits"]:
            found.append(f"{here}: {item} has too many digits")
        if item < says.get("min_inclusive", item):
            found.append(f"{here}: {item} is too small")
    return found
