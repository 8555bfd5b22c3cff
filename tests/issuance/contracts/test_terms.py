"""Terms and contract metadata (ERC-7572): empty at first, set by the timelock alone, with an event each time."""

import json

import pytest
from tests.issuance.contracts.stage import Reverted, Stage, events, reverts

LONGEST = "data:application/json," + json.dumps({"name": "N" * 64, "symbol": "S" * 20, "external_link": "x" * 300})
SETTERS = [("set_terms", "terms", "terms were"), ("set_contract_uri", "contractURI", "contract URI was")]
setters = pytest.mark.parametrize(("setter", "view", "named"), SETTERS)


@setters
def test_terms_and_contract_uri__of_a_new_token__are_empty(fresh: Stage, setter: str, view: str, named: str) -> None:
    assert fresh.token_view(view) == ""


@setters
def test_terms_and_contract_uri__set_by_the_timelock__are_shown(fresh: Stage, setter: str, view: str, named: str) -> None:
    assert len(LONGEST) <= 512
    for text in ("https://example.org/tsla", LONGEST, "z" * 512, "https://example.org/tsla"):
        fresh.send(fresh.at.timelock, "StockToken", setter, text)
        assert fresh.token_view(view) == text
    assert fresh.token_view("name") == "Tesla (Openscrip)"


@setters
def test_terms_and_contract_uri__of_two_settings__leave_the_other_alone(
    fresh: Stage, setter: str, view: str, named: str
) -> None:
    fresh.send(fresh.at.timelock, "StockToken", setter, "z" * 512)
    [other] = [each for _, each, _ in SETTERS if each != view]
    assert fresh.token_view(other) == ""
    assert fresh.token_view("isin") == "US88160R1014"


def test_set_terms__says_what_they_are(fresh: Stage) -> None:
    receipt = fresh.send(fresh.at.timelock, "StockToken", "set_terms", "https://example.org/terms")
    assert events(receipt, "StockToken", "TermsUpdated") == [([], {"terms": "https://example.org/terms"})]


def test_set_contract_uri__emits_the_standards_event(fresh: Stage) -> None:
    receipt = fresh.send(fresh.at.timelock, "StockToken", "set_contract_uri", "https://example.org/tsla.json")
    [log] = receipt["logs"]
    assert log["topics"] == ["0xa5d4097edda6d87cb9329af83fb3712ef77eeb13738ffe43cc35a4ce305ad962"]
    assert log["data"] == "0x"


@setters
@pytest.mark.parametrize("caller", ["issuer", "attestor", "guardian", "approver", "lister", "alice"])
def test_terms_and_contract_uri__set_by_another__reverts(fresh: Stage, setter: str, view: str, named: str, caller: str) -> None:
    with reverts("token: caller was not the owner"):
        fresh.send(caller, "StockToken", setter, "https://evil.example")


@setters
def test_terms_and_contract_uri__empty_unchanged_or_too_long__reverts(fresh: Stage, setter: str, view: str, named: str) -> None:
    owner = fresh.at.timelock
    with reverts(f"token: {named} empty"):
        fresh.send(owner, "StockToken", setter, "")
    fresh.send(owner, "StockToken", setter, "https://example.org")
    with reverts(f"token: {named} unchanged"):
        fresh.send(owner, "StockToken", setter, "https://example.org")
    with pytest.raises(Reverted):
        fresh.send(owner, "StockToken", setter, "z" * 513)
    assert fresh.token_view(view) == "https://example.org"
