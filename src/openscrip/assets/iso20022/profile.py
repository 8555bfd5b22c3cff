"""A message as a table of its elements: one table reads it, writes it, and is what the documentation shows.

The table lists leaves in the order of the standard. Reading refuses what it does not list, what comes out of order or twice,
and what is missing; writing refuses a value that has no place. To add an element, add a line.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Any

from openscrip.assets.iso20022.tree import TEXT_LENGTH_MAX, Element
from openscrip.assets.iso20022.values import Kind
from openscrip.kernel.errors import Malformed, Refused

OWN = "urn:openscrip:custody:1"
"""The namespace of what stands in supplementary data; its elements are written `os:` in the tables."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """The element at `path` holds the record's `name`. Several leaves of one name are a choice."""

    path: str
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Fixed:
    """The element at `path` always reads `text`; with `beside`, exactly when that value is there (`-name`: is not there)."""

    path: str
    text: str
    beside: str = ""

    def needed(self, value_of: Callable[[str], object]) -> bool:
        """Whether the element belongs in a record with these values."""
        if not self.beside:
            return True
        return (value_of(self.beside.removeprefix("-")) is None) == self.beside.startswith("-")


@dataclass(frozen=True, slots=True)
class Told:
    """A description that may stand at `path`, and is neither kept nor written."""

    path: str


@dataclass(frozen=True, slots=True)
class Group:
    """The element at `path` holds a record of its own, up to `many` of them if `many` is not 0.

    Several groups of one name are a choice; `preset` are the values by which the record knows which of them it was.
    """

    path: str
    name: str
    record: Any
    parts: "tuple[Part, ...]"
    many: int = 0
    preset: tuple[tuple[str, object], ...] = ()


Part = Leaf | Fixed | Told | Group


@dataclass(slots=True)
class _Node:
    """A place in the table: what may stand under an element, and at which turn."""

    turn: int = 0
    part: Part | None = None
    children: dict[str, "_Node"] = field(default_factory=dict)


@cache
def _places(parts: tuple[Part, ...]) -> _Node:
    root = _Node()
    for part in parts:
        node = root
        for step in part.path.split("/"):
            node = node.children.setdefault(step, _Node(len(node.children)))
        node.part = part
    return root


def read(element: Element, record: Any, parts: tuple[Part, ...], where: str, preset: Mapping[str, object] | None = None) -> Any:
    """The record that stands under `element`. Raises `Malformed` naming the rule and the element's path."""
    reading = _Reading(element.namespace)
    reading.under(element, _places(parts), where)
    reading.refuse_missing(record, parts, where)
    try:
        return record(**reading.found, **(preset or {}))
    except Refused as error:
        raise Malformed(error.code, f"{where}: {error.text}") from None


class _Reading:
    """What was found under one element so far."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self.found: dict[str, Any] = {}
        self._fixed: set[str] = set()

    def under(self, element: Element, node: _Node, where: str) -> None:
        """Read the children of `element`, in their order."""
        counts: dict[str, int] = {}
        last = -1
        if element.attributes:
            raise Malformed("iso.attribute", f"{where}: attribute {next(iter(element.attributes))!r:.40} is not in the profile")
        if element.text:
            raise Malformed("iso.text", f"{where}: {element.text!r:.40} stood where elements belong")
        for child in element.children:
            step = self._step(child, where)
            counts[step] = counts.get(step, 0) + 1
            here = f"{where}/{step}" + (f"[{counts[step]}]" if counts[step] > 1 else "")
            place = node.children.get(step)
            if place is None:
                raise Malformed("iso.element", f"{here}: this element is not in the profile")
            many = place.part.many if isinstance(place.part, Group) else 0
            if counts[step] > max(many, 1):
                raise Malformed("iso.duplicate", f"{here}: it came more than {max(many, 1)} times")
            if place.turn < last:
                raise Malformed("iso.order", f"{here}: it came after an element that follows it")
            last = place.turn
            self._take(child, place, here)

    def refuse_missing(self, record: Any, parts: tuple[Part, ...], where: str) -> None:
        """Refuse a record without what it must have."""
        for each in fields(record):
            needed = each.default is MISSING and each.default_factory is MISSING and each.name not in self.found
            places = [part.path for part in parts if isinstance(part, Leaf | Group) and part.name == each.name]
            if needed and places:
                raise Malformed("iso.missing", f"{where}/{' or '.join(places[:3])}: it was missing")
        for part in parts:
            if isinstance(part, Fixed):
                needed = part.needed(self.found.get)
                if needed != (part.path in self._fixed):
                    rule = "iso.missing" if needed else "iso.choice"
                    raise Malformed(rule, f"{where}/{part.path}: it was {'missing' if needed else 'there for nothing'}")

    def _step(self, child: Element, where: str) -> str:
        if child.namespace == self._namespace:
            return child.name
        if child.namespace == OWN:
            return f"os:{child.name}"
        raise Malformed("iso.namespace", f"{where}/{child.name:.60}: namespace {child.namespace!r:.80} is not in the profile")

    def _take(self, element: Element, place: _Node, where: str) -> None:
        match place.part:
            case None:
                if not element.children:
                    raise Malformed("iso.empty", f"{where}: the element was empty")
                self.under(element, place, where)
            case Group() as group:
                record = read(element, group.record, group.parts, where, dict(group.preset))
                self._keep(group.name, (*self.found.get(group.name, ()), record) if group.many else record, where, group.many)
            case Leaf() as leaf:
                self._keep(leaf.name, _value(element, leaf.kind, where), where)
            case Fixed() as fixed:
                if _text(element, where) != fixed.text:
                    raise Malformed("iso.code", f"{where}: {element.text!r:.40} was not {fixed.text}")
                self._fixed.add(fixed.path)
            case Told():
                _text(element, where)

    def _keep(self, name: str, value: object, where: str, many: int = 0) -> None:
        if name in self.found and not many:
            raise Malformed("iso.choice", f"{where}: it came beside another element of the same choice")
        self.found[name] = value


def _text(element: Element, where: str, attribute: tuple[str, str] | None = None) -> str:
    if element.children:
        raise Malformed("iso.text", f"{where}: an element stood where text belongs")
    if attribute and attribute[0] in element.attributes and element.attributes[attribute[0]] != attribute[1]:
        found = element.attributes[attribute[0]]
        raise Malformed("iso.currency", f"{where}/@{attribute[0]}: {found!r:.20} was not {attribute[1]}")
    if element.attributes != dict([attribute] if attribute else []):
        raise Malformed("iso.attribute", f"{where}: its attributes were not {attribute[0] if attribute else 'none'}")
    if not 1 <= len(element.text) <= TEXT_LENGTH_MAX:
        raise Malformed("iso.text", f"{where}: the text was empty or longer than {TEXT_LENGTH_MAX}")
    return element.text


def _value(element: Element, kind: Kind, where: str) -> object:
    text = _text(element, where, kind.attribute)
    try:
        return kind.parse(text)
    except Malformed as error:
        raise Malformed(error.code, f"{where}: {error.text}") from None


def write(
    record: Any, element: Element, parts: tuple[Part, ...], where: str, preset: Mapping[str, object] | None = None
) -> None:
    """Write the record under `element`. Raises `Malformed` naming the element's path for a value that has no place."""
    opened: set[int] = set()
    written = set(preset or {})
    refused: dict[str, Malformed] = {}
    for part in parts:
        here = f"{where}/{part.path}"
        match part:
            case Fixed():
                if part.needed(lambda name: getattr(record, name)):
                    _at(element, part.path, opened).text = part.text
            case Leaf(_, name, kind) if name not in written:
                try:
                    text = kind.text_of(getattr(record, name))
                except Malformed as error:
                    refused[name] = Malformed(error.code, f"{here}: {error.text}")
                    continue
                leaf = _at(element, part.path, opened)
                leaf.text = text
                leaf.attributes = dict([kind.attribute] if kind.attribute else [])
                written.add(name)
            case Group():
                written |= _write_group(record, element, part, here, opened)
            case _:
                pass
    for each in fields(record):
        value = getattr(record, each.name)
        needed = each.default is MISSING and each.default_factory is MISSING
        if each.name not in written and (needed or value not in (None, (), "")):
            fallback = Malformed("iso.missing", f"{where}: {each.name} was {value!r:.60}, which has no place in the profile")
            raise refused.get(each.name, fallback)


def _write_group(record: Any, element: Element, group: Group, where: str, opened: set[int]) -> set[str]:
    value = getattr(record, group.name)
    if group.many and (type(value) is not tuple or len(value) > group.many):
        raise Malformed("iso.duplicate", f"{where}: it was no tuple of at most {group.many}")
    chosen = [each for each in (value if group.many else (value,)) if each is not None and _presets(each, group)]
    for each in chosen:
        *steps, last = group.path.split("/")
        parent = _at(element, "/".join(steps), opened) if steps else element
        child = parent.child(_namespace(last, parent), last.removeprefix("os:"))
        write(each, child, group.parts, where, dict(group.preset))
    return {group.name} if chosen else set()


def _presets(value: object, group: Group) -> bool:
    if type(value) is not group.record:
        raise Malformed("iso.value", f"{group.path}: {value!r:.60} was no {group.record.__name__}")
    return all(getattr(value, name) == preset for name, preset in group.preset)


def _at(element: Element, path: str, opened: set[int]) -> Element:
    """The element at `path` below; branches that this record opened last are gone on with."""
    for step in path.split("/"):
        name = step.removeprefix("os:")
        last = element.children[-1] if element.children else None
        if last is not None and last.name == name and id(last) in opened:
            element = last
        else:
            element = element.child(_namespace(step, element), name)
            opened.add(id(element))
    return element


def _namespace(step: str, parent: Element) -> str:
    return OWN if step.startswith("os:") else parent.namespace


def leaves(parts: tuple[Part, ...], prefix: str = "") -> Iterator[tuple[str, Part]]:
    """Every line of a table with its whole path, groups before what stands in them."""
    for part in parts:
        path = f"{prefix}{part.path}"
        yield path, part
        if isinstance(part, Group):
            yield from leaves(part.parts, f"{path}/")
