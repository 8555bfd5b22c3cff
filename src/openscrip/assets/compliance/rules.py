"""Rules per jurisdiction as data: who may subscribe, hold and redeem, and what a regime asks for. Read from TOML, strictly.

A file is a whole: an operator's own replaces the package's. Its version and its hash stand in each decision record.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from openscrip.assets.compliance.persons import EvidenceKind, Person, PersonKind, Tie, UsEvidence
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Money

DATA = "data/compliance"


class May(StrEnum):
    """What a rule says to an act. `review`: it waits for named persons."""

    YES = "yes"
    REVIEW = "review"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Group:
    """Persons whom one rule is about: by the countries of their ties, or by marks."""

    name: str
    rule: str
    countries: frozenset[str]
    ties: frozenset[Tie]
    marks: frozenset[UsEvidence]
    subscribe: May
    hold: May
    redeem: May
    because: str

    def holds(self, person: Person) -> bool:
        """Whether the person belongs to the group."""
        if self.marks & set(person.us_evidence):
            return True
        return any(tie in self.ties and country in self.countries for tie, country in person.ties())


@dataclass(frozen=True, slots=True)
class Matching:
    """Thresholds for names, 0 to 100."""

    refuse_min: int
    review_min: int
    weak_max: int


@dataclass(frozen=True, slots=True)
class Watchfulness:
    """When a pattern of orders becomes a case."""

    velocity_orders: int
    velocity_usd_week: Money
    structuring_usd: Money
    structuring_band_bps: int
    structuring_orders: int
    round_trip_bps: int
    round_trip_usd_min: Money


@dataclass(frozen=True, slots=True)
class Profile:
    """A regime: which evidence it asks for, whom it admits, and the facts as found on a day."""

    name: str
    title: str
    jurisdiction: str
    requires_natural: tuple[EvidenceKind, ...]
    requires_legal: tuple[EvidenceKind, ...]
    investors: str
    facts: tuple[str, ...]
    as_of: date
    admits: tuple[str, ...] = ()

    def requires(self, kind: PersonKind) -> tuple[EvidenceKind, ...]:
        """The kinds of evidence that a person of this kind must have, valid."""
        return self.requires_natural if kind is PersonKind.NATURAL else self.requires_legal


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules of one version; `hash` is the file's SHA-256."""

    version: str
    hash: str
    effective_on: date
    groups: tuple[Group, ...]
    matching: Matching
    list_age_s_max: int
    list_shrink_bps_max: int
    evidence_days: Mapping[EvidenceKind, int]
    travel_usd: Mapping[str, Money]
    monitoring: Watchfulness

    @property
    def name(self) -> str:
        """The version as decision records quote it."""
        return f"{self.version}#{self.hash[:12]}"

    def groups_of(self, person: Person, profile: Profile) -> list[Group]:
        """The groups that the person belongs to, less those that the regime admits."""
        return [group for group in self.groups if group.name not in profile.admits and group.holds(person)]

    def travel_min(self, *jurisdictions: str) -> Money:
        """From which value on a transfer needs its Travel Rule message: the strictest of the jurisdictions it touches."""
        known = [self.travel_usd[each] for each in jurisdictions if each in self.travel_usd]
        return min(known or [self.travel_usd["default"]], key=lambda money: money.atoms)


def read_rules(raw: bytes) -> RuleBook:
    """The rules of a file. Raises `Malformed("rules.file")` naming what was wrong."""
    table = _table(raw)
    try:
        groups = tuple(_group(name, each) for name, each in table.pop("group").items())
        days = {EvidenceKind(kind): _whole(count) for kind, count in table.pop("evidence_days").items()}
        travel = {str(where): Money.parse(least) for where, least in table.pop("travel_rule").items()}
        lists = table.pop("lists")
        book = RuleBook(
            str(table.pop("version")), hashlib.sha256(raw).hexdigest(), _day(table.pop("effective_on")), groups,
            Matching(**{name: _whole(least) for name, least in table.pop("matching").items()}),
            _whole(lists["age_s_max"]), _whole(lists["shrink_bps_max"]), days, travel, _monitoring(table.pop("monitoring")),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, Malformed) as error:
        raise Malformed("rules.file", f"rules: the file could not be read: {type(error).__name__} {error}") from None
    fits = (
        0 < book.matching.review_min <= book.matching.refuse_min <= 100
        and "default" in travel
        and set(days) == set(EvidenceKind)
    )
    if table or not fits:
        raise Malformed("rules.file", f"rules: unknown keys {sorted(table)}, missing evidence days, or thresholds out of order")
    return book


def read_profiles(raw: bytes) -> dict[str, Profile]:
    """The regimes of a file by name. Raises `Malformed("rules.file")`."""
    table = _table(raw)
    table.pop("version", None)
    try:
        return {name: _profile(name, dict(each)) for name, each in table.items()}
    except (KeyError, TypeError, ValueError, AttributeError, Malformed) as error:
        raise Malformed("rules.file", f"rules: a profile could not be read: {type(error).__name__} {error}") from None


@cache
def shipped_rules() -> RuleBook:
    """The rules of the package."""
    return read_rules(_shipped("rules.toml"))


@cache
def shipped_profiles() -> Mapping[str, Profile]:
    """The regimes of the package by name."""
    return read_profiles(_shipped("profiles.toml"))


def rules_at(path: str) -> RuleBook:
    """The rules of an operator's file, or the package's where there is none. Raises `Malformed("rules.file")`."""
    if not path:
        return shipped_rules()
    try:
        return read_rules(Path(path).read_bytes())
    except OSError as error:
        raise Malformed("rules.file", f"rules: {path} could not be read: {error.strerror}") from error


def _shipped(name: str) -> bytes:
    return (files("openscrip.assets") / DATA / name).read_bytes()


def _table(raw: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("rules.file", f"rules: the file was not TOML: {error}") from None


def _group(name: str, table: Mapping[str, Any]) -> Group:
    allowed = {"rule", "countries", "ties", "marks", "subscribe", "hold", "redeem", "because"}
    if set(table) != allowed:
        raise ValueError(f"group {name} must have {sorted(allowed)}")
    countries = frozenset(str(each) for each in table["countries"])
    if not all(len(each) == 2 and each.isupper() for each in countries):
        raise ValueError(f"group {name} had a country that was no code like 'DE'")
    return Group(
        name, str(table["rule"]), countries, frozenset(Tie(each) for each in table["ties"]),
        frozenset(UsEvidence(each) for each in table["marks"]), May(table["subscribe"]), May(table["hold"]),
        May(table["redeem"]), str(table["because"]),
    )  # fmt: skip


def _profile(name: str, table: dict[str, Any]) -> Profile:
    for kinds in ("requires_natural", "requires_legal"):
        table[kinds] = tuple(EvidenceKind(each) for each in table[kinds])
    table["facts"], table["admits"] = tuple(table["facts"]), tuple(table.get("admits", ()))
    return Profile(name, **table | {"as_of": _day(table["as_of"])})


def _monitoring(table: Mapping[str, Any]) -> Watchfulness:
    read: dict[str, Any] = {name: Money.parse(each) if "_usd" in name else _whole(each) for name, each in table.items()}
    return Watchfulness(**read)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r:.40} was not a whole number")
    return value


def _day(value: object) -> date:
    if type(value) is not date:
        raise ValueError(f"{value!r:.40} was not a date")
    return value
