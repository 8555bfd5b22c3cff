"""`openscrip entities`: the parties of each product, checked by rule before they are shown."""

import json
from pathlib import Path

import pytest

from openscrip.cli import main


def test_entities__of_one_product__are_told_with_their_contracts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["entities", "--product", "CSPX", "--json"]) == 0
    (parties,) = json.loads(capsys.readouterr().out).values()
    custodian = next(each for each in parties if each["role"] == "custodian")
    assert (custodian["entity"], custodian["invented"]) == ("paper-custodian", True)
    control = {"with": "security_agent", "kind": "account control agreement", "document": "paper-control-1"}
    assert control in custodian["contracts"]


def test_entities__in_words__name_every_role(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["entities", "--product", "TSLA"]) == 0
    told = capsys.readouterr().out
    assert all(role in told for role in ("issuer", "distributor", "attestor", "security_agent", "market_maker"))


def test_entities__of_a_product_that_nobody_knows__are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["entities", "--product", "NOPE"]) == 3
    assert capsys.readouterr().err.startswith("symbol.unknown: ")


def test_entities__of_a_file_in_which_somebody_attests_itself__are_malformed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "entities.toml"
    file.write_text('[entities.me]\nname = "Me"\njurisdiction = "DE"\n[roles."*"]\n' + "\n".join(
        f'{role} = "me"' for role in ("issuer", "distributor", "broker", "custodian", "attestor", "auditor", "security_agent")
    ), encoding="utf-8")  # fmt: skip
    monkeypatch.setenv("OPENSCRIP_ENTITIES_FILE", str(file))
    assert main(["entities"]) == 2
    assert capsys.readouterr().err.startswith("entities.self_attested: ")
