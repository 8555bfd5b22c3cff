"""Who does what for each product, and who contracts with whom: entities and roles as data, validated.

The package's `entities.toml` names invented parties for the paper stack; an operator's file of the same form replaces them
by real ones (`[entities] file`). Reports and `openscrip entities` show `parties_of`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from openscrip.assets.products import read_document
from openscrip.kernel.errors import Malformed

ALL = "*"


class Role(StrEnum):
    """What an entity does for a product."""

    ISSUER = "issuer"
    DISTRIBUTOR = "distributor"
    BROKER = "broker"
    CUSTODIAN = "custodian"
    ATTESTOR = "attestor"
    AUDITOR = "auditor"
    SECURITY_AGENT = "security_agent"
    AUTHORISED_PARTICIPANT = "authorised_participant"
    MARKET_MAKER = "market_maker"


MANDATORY = (Role.ISSUER, Role.DISTRIBUTOR, Role.BROKER, Role.CUSTODIAN, Role.ATTESTOR, Role.AUDITOR, Role.SECURITY_AGENT)
INDEPENDENT = (Role.ATTESTOR, Role.AUDITOR, Role.SECURITY_AGENT)
"""Roles that look at others for the holders: whoever has one has none of those it looks at."""
LOOKED_AT = (Role.ISSUER, Role.DISTRIBUTOR, Role.BROKER, Role.CUSTODIAN, Role.AUTHORISED_PARTICIPANT, Role.MARKET_MAKER)
MUST_CONTRACT = (
    (Role.ISSUER, Role.DISTRIBUTOR),
    (Role.ISSUER, Role.BROKER),
    (Role.ISSUER, Role.CUSTODIAN),
    (Role.ISSUER, Role.ATTESTOR),
    (Role.ISSUER, Role.AUDITOR),
    (Role.ISSUER, Role.SECURITY_AGENT),
    (Role.CUSTODIAN, Role.SECURITY_AGENT),
    (Role.DISTRIBUTOR, Role.AUTHORISED_PARTICIPANT),
    (Role.DISTRIBUTOR, Role.MARKET_MAKER),
)
"""Each pair of roles, where a product has both, has a contract: control of the account for the security agent among them."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A legal entity; `invented` marks one that exists nowhere."""

    id: str
    name: str
    jurisdiction: str
    invented: bool = False


@dataclass(frozen=True, slots=True)
class Contract:
    """What two roles agreed on, on which document, for some products or all (`*`)."""

    between: tuple[Role, Role]
    kind: str
    document: str
    products: tuple[str, ...] = (ALL,)

    def covers(self, one: Role, other: Role, product: str) -> bool:
        """Whether it binds these two roles for this product."""
        return {one, other} == set(self.between) and (ALL in self.products or product in self.products)


@dataclass(frozen=True, slots=True)
class Party:
    """An entity in a role for one product, with the contracts of that role."""

    role: Role
    entity: Entity
    contracts: tuple[Contract, ...]


@dataclass(frozen=True, slots=True)
class Entities:
    """All entities, roles by product (`*` for all that name none of their own), and contracts."""

    known: Mapping[str, Entity]
    roles: Mapping[str, Mapping[Role, tuple[str, ...]]]
    contracts: tuple[Contract, ...]

    def holders(self, product: str, role: Role) -> tuple[Entity, ...]:
        """Who has a role for a product."""
        named = self.roles.get(product, {}).get(role) or self.roles.get(ALL, {}).get(role, ())
        return tuple(self.known[each] for each in named)

    def parties_of(self, product: str) -> tuple[Party, ...]:
        """Everyone in a role for a product, with what binds them."""
        return tuple(
            Party(role, entity, tuple(each for each in self.contracts if role in each.between and self._binds(each, product)))
            for role in Role
            for entity in self.holders(product, role)
        )

    def _binds(self, contract: Contract, product: str) -> bool:
        one, other = contract.between
        both = self.holders(product, one) and self.holders(product, other)
        return bool(both) and contract.covers(one, other, product)

    def check(self, products: Sequence[str]) -> None:
        """Raise `Malformed("entities.role")` where a mandatory role is empty, `entities.self_attested`, `entities.contract`."""
        for product in products:
            for role in MANDATORY:
                if not self.holders(product, role):
                    raise Malformed("entities.role", f"entities: {product} had no {role}; name one for it or for all")
            for role in INDEPENDENT:
                self._refuse_self(product, role)
            self._refuse_unbound(product)

    def _refuse_self(self, product: str, role: Role) -> None:
        for other in LOOKED_AT:
            both = {each.id for each in self.holders(product, role)} & {each.id for each in self.holders(product, other)}
            if both:
                who = ", ".join(sorted(both))
                text = f"entities: {who} was {role} and {other} of {product}: nobody attests itself"
                raise Malformed("entities.self_attested", text)

    def _refuse_unbound(self, product: str) -> None:
        for one, other in MUST_CONTRACT:
            both = self.holders(product, one) and self.holders(product, other)
            if both and not any(each.covers(one, other, product) for each in self.contracts):
                raise Malformed("entities.contract", f"entities: {one} and {other} of {product} had no contract")


def entities_in(document: Mapping[str, Any]) -> Entities:
    """The entities of a TOML document. Raises `Malformed("entities.entry")` naming what could not be read."""
    unknown = set(document) - {"entities", "roles", "contracts"}
    if unknown:
        raise Malformed("entities.entry", f"entities: {sorted(unknown)[0]!a:.40} was not a known table")
    known = {name: _entity(name, entry) for name, entry in _table(document, "entities").items()}
    roles = {product: _roles(product, entry, known) for product, entry in _table(document, "roles").items()}
    return Entities(known, roles, tuple(_contract(each) for each in document.get("contracts", ())))


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, Mapping):
        raise Malformed("entities.entry", f"entities: {name} was not a table")
    return table


def _entity(name: str, entry: Any) -> Entity:
    texts = [entry.get(each) for each in ("name", "jurisdiction")] if isinstance(entry, Mapping) else [None]
    if any(not isinstance(each, str) or not each for each in texts) or set(entry) - {"name", "jurisdiction", "invented"}:
        raise Malformed("entities.entry", f"entities: {name!a:.40} needs a name and a jurisdiction, and may be invented")
    return Entity(name, entry["name"], entry["jurisdiction"], entry.get("invented") is True)


def _roles(product: str, entry: Any, known: Mapping[str, Entity]) -> dict[Role, tuple[str, ...]]:
    if not isinstance(entry, Mapping):
        raise Malformed("entities.entry", f"entities: the roles of {product!a:.20} were not a table")
    found = {}
    for word, named in entry.items():
        names = tuple(named) if isinstance(named, list) else (named,)
        missing = [each for each in names if each not in known]
        if missing:
            text = f"entities: {missing[0]!a:.40}, {word!a:.30} of {product!a:.20}, was not described"
            raise Malformed("entities.unknown", text)
        found[_role(word)] = names
    return found


def _role(word: object) -> Role:
    try:
        return Role(str(word))
    except ValueError as error:
        raise Malformed("entities.entry", f"entities: {word!a:.40} was not one of {', '.join(Role)}") from error


def _contract(entry: Any) -> Contract:
    fine = isinstance(entry, Mapping) and set(entry) <= {"between", "kind", "document", "products"}
    between = entry.get("between") if fine else None
    if not isinstance(between, list) or len(between) != 2 or not entry.get("kind") or not entry.get("document"):
        text = f"entities: {entry!a:.80} was no contract between two roles, of a kind, on a document"
        raise Malformed("entities.entry", text)
    pair = _role(between[0]), _role(between[1])
    return Contract(pair, str(entry["kind"]), str(entry["document"]), tuple(entry.get("products", [ALL])))


@cache
def shipped_entities() -> Entities:
    """The invented parties of the paper stack."""
    text = (files("openscrip.assets") / "data" / "entities.toml").read_text(encoding="utf-8")
    return entities_in(tomllib.loads(text))


def entities_of(file: str = "") -> Entities:
    """The operator's entities, or the package's where `file` is empty. Raises `Malformed("entities.…")`."""
    return entities_in(read_document(Path(file))) if file else shipped_entities()


def parties_of(product: str, file: str = "") -> tuple[Party, ...]:
    """Everyone in a role for a product, as reports show them."""
    return entities_of(file).parties_of(product)
