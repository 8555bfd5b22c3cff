"""The page on custody messages shows exactly the tables that read and write them."""

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from openscrip.assets.iso20022.codes import CANCELLATION_REASONS, REASONS, CancellationKind, StatusKind
from openscrip.assets.iso20022.messages import TYPES
from openscrip.assets.iso20022.profile import Fixed, Group, Leaf, Part, Told
from openscrip.assets.iso20022.settlement import Status

PAGE = Path(__file__).resolve().parents[3] / "docs" / "custody-messages.md"


def needed(record: Any, name: str) -> str:
    known = next(each for each in fields(record) if each.name == name)
    return "M" if known.default is MISSING and known.default_factory is MISSING else "o"


def row(record: Any, part: Part) -> str:
    """One line of a table."""
    path = f"`{part.path}`"
    match part:
        case Leaf(_, name, kind):
            currency = f", `@{kind.attribute[0]}` {kind.attribute[1]}" if kind.attribute else ""
            return f"| {path} | {needed(record, name)} | `{name}` | {kind.unit}{currency} |"
        case Fixed(_, text, beside):
            when = beside.removeprefix("-")
            need = "M" if not beside else f"without `{when}`" if beside.startswith("-") else f"with `{when}`"
            return f"| {path} | {need} | | always {text} |"
        case Told():
            return f"| {path} | o | | text, read over and not kept |"
        case Group(_, name, inner, parts, many, preset):
            if preset:
                known = REASONS[StatusKind(part.path)] if inner is Status else CANCELLATION_REASONS[CancellationKind(part.path)]
                reasons = ", ".join(sorted(known))
                told = f"`NoSpcfdRsn` NORE, or `Rsn/Cd/Cd`: {reasons}" if reasons else "no reason"
                return f"| {path} | 1 of these | `{name}` | {told}; `{parts[-1].path}`: text, 1 to 210 |"
            return (
                f"| {path} | {needed(record, name)} | `{name}` | {f'up to {many}' if many else 'one'} {inner.__name__}, below |"
            )


def groups(parts: tuple[Part, ...]) -> Iterator[Group]:
    """Every record inside a message, the outer ones first."""
    inner = [part for part in parts if isinstance(part, Group) and not part.preset]
    yield from inner
    for group in inner:
        yield from groups(group.parts)


def table(heading: str, record: Any, parts: tuple[Part, ...]) -> list[str]:
    return [heading, "", "| element | | field | value |", "|---|---|---|---|", *(row(record, part) for part in parts), ""]


def expected() -> list[str]:
    """The part of the page that is made from the tables."""
    lines: list[str] = []
    inner: dict[tuple[Any, tuple[Part, ...]], None] = {}
    for kind in TYPES:
        lines += table(f"### {kind.id} `{kind.root}`: {kind.record.__name__}", kind.record, kind.parts)
        inner |= {(group.record, group.parts): None for group in groups(kind.parts)}
    for record, parts in inner:
        lines += table(f"### {record.__name__}", record, parts)
    lines += ["### Codes", "", "| field | codes |", "|---|---|"]
    every = [each for _, parts in inner for each in parts] + [each for kind in TYPES for each in kind.parts]
    used = {each.kind.type for each in every if isinstance(each, Leaf) and issubclass(each.kind.type, StrEnum)}
    for listed in sorted(used, key=lambda each: str(each.__name__)):
        codes = ", ".join(f"{each.value} {each.name.lower().replace('_', ' ')}" for each in listed)
        lines.append(f"| {listed.__name__} | {codes} |")
    return lines


def test_the_page__shows_each_table__as_it_is_in_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    wanted = "\n".join(expected())
    assert page.partition("## The tables\n\n")[2] == wanted + "\n", f"custody-messages: the tables should read\n{wanted}"


def test_the_page__names_every_rule__of_the_readers() -> None:
    page, package = PAGE.read_text(encoding="utf-8"), Path(__file__).resolve().parents[3] / "src/openscrip/assets/iso20022"
    sources = "\n".join(path.read_text(encoding="utf-8") for path in package.glob("*.py"))
    rules = set(re.findall(r'"(iso(?:\.[a-z]+)+)"', sources))
    assert rules, "the package has rules"
    assert {rule for rule in rules if f"`{rule}`" not in page} == set()
