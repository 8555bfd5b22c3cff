"""Entities and roles: every product has its parties, nobody attests itself, and who must contract does."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from openscrip.assets.entities import MANDATORY, Role, entities_in, entities_of, parties_of, shipped_entities
from openscrip.assets.listings import products
from openscrip.kernel.errors import Malformed

TEXT = (files("openscrip.assets") / "data" / "entities.toml").read_text(encoding="utf-8")


def shipped(**roles: Any) -> dict[str, Any]:
    """The package's document with some roles of all products changed."""
    document = tomllib.loads(TEXT)
    document["roles"]["*"].update(roles)
    return document


def test_the_shipped_parties__fit_every_product_and_are_all_invented() -> None:
    shipped_entities().check(tuple(products()))
    assert all(entity.invented for entity in shipped_entities().known.values())


def test_a_product__names_its_own_parties_and_takes_the_rest_from_all() -> None:
    names = {role: [each.entity.id for each in parties_of("CSPX") if each.role is role] for role in Role}
    assert names[Role.CUSTODIAN] == ["paper-custodian"]
    tesla = [each.entity.id for each in parties_of("TSLA") if each.role is Role.CUSTODIAN]
    assert tesla == ["paper-custodian", "paper-custodian-2"]
    assert names[Role.ISSUER] == ["openscrip-issuer"]


def test_a_party__knows_its_contracts() -> None:
    agent = next(each for each in parties_of("TSLA") if each.role is Role.SECURITY_AGENT)
    assert [each.kind for each in agent.contracts] == ["security trust deed", "account control agreement"]


@pytest.mark.parametrize("role", MANDATORY)
def test_a_product_without_a_mandatory_role__is_refused(role: Role) -> None:
    document = shipped()
    for table in document["roles"].values():
        table.pop(str(role), None)
    with pytest.raises(Malformed) as malformed:
        entities_in(document).check(("TSLA",))
    assert malformed.value.code == "entities.role"


@pytest.mark.parametrize(
    "roles",
    [
        {"attestor": "openscrip-issuer"},
        {"attestor": "paper-custodian"},
        {"auditor": ["paper-auditor", "paper-broker"]},
        {"security_agent": "openscrip-distribution"},
        {"market_maker": "paper-watch"},
    ],
)
def test_whoever_looks_at_others__is_none_of_them(roles: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match="nobody attests itself") as malformed:
        entities_in(shipped(**roles)).check(("TSLA",))
    assert malformed.value.code == "entities.self_attested"


def test_roles_that_must_contract__are_refused_without_a_contract() -> None:
    document = shipped()
    document["contracts"] = [each for each in document["contracts"] if "security_agent" not in each["between"]]
    with pytest.raises(Malformed) as malformed:
        entities_in(document).check(("TSLA",))
    assert malformed.value.code == "entities.contract"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"roles": {"*": {"issuer": "nobody"}}}, "entities.unknown"),
        ({"roles": {"*": {"jester": "paper-broker"}}}, "entities.entry"),
        ({"entities": {"x": {"name": "X"}}}, "entities.entry"),
        ({"contracts": [{"between": ["issuer"], "kind": "k", "document": "d"}]}, "entities.entry"),
        ({"colours": {}}, "entities.entry"),
    ],
)
def test_a_document_that_cannot_be_read__names_what(change: dict[str, Any], rule: str) -> None:
    with pytest.raises(Malformed) as malformed:
        entities_in(tomllib.loads(TEXT) | change)
    assert malformed.value.code == rule


def test_an_operators_file__replaces_the_invented_parties(tmp_path: Path) -> None:
    file = tmp_path / "entities.toml"
    file.write_text(TEXT.replace("Paper Broker (invented)", "A Real Broker Inc"), encoding="utf-8")
    assert entities_of(str(file)).known["paper-broker"].name == "A Real Broker Inc"
    with pytest.raises(Malformed, match="could not be read"):
        entities_of(str(tmp_path / "missing.toml"))
