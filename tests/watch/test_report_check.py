"""`verify --report` finds every change of a report's file, and every figure that its own signers made wrong."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.watch.report_sample import NAMES, Sample

from openscrip_watch.__main__ import main
from openscrip_watch.keys import ensure_auditor
from openscrip_watch.refusal import Refusal
from openscrip_watch.report_check import Beside, verify_report
from openscrip_watch.report_signing import sign_report


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return Sample(tmp_path)


ALONE = Beside()


def broken(path: Path, beside: Beside = ALONE) -> dict[str, str]:
    """What is broken, by the name of its check."""
    return {check.name: check.detail for check in verify_report(path, beside) if not check.ok}


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where each plain value of a document is."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, (*place, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from leaves(each, (*place, number))
    else:
        yield place


def flipped(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str() if value:
            return value[:-1] + ("0" if value[-1] != "0" else "1")
        case _:
            return "1"


def changed(document: dict[str, Any], place: tuple[Any, ...]) -> dict[str, Any]:
    copied = deepcopy(document)
    inside: Any = copied
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = flipped(inside[place[-1]])
    return copied


def test_an_honest_report_with_every_signature_holds(sample: Sample) -> None:
    assert broken(sample.write()) == {}
    assert len(verify_report(sample.path, Beside())) == 6


def test_every_single_changed_value_of_the_file_is_found(sample: Sample) -> None:
    honest = json.loads(sample.write().read_text())
    places = list(leaves(honest))
    assert len(places) > 120
    for place in places:
        sample.path.write_text(json.dumps(changed(honest, place)))
        assert broken(sample.path), f"a change of {place} was not found"


FIGURES = [
    ("stocks", 0, name)
    for name in (
        "raw_supply", "shares_held", "shares_owed", "surplus", "coverage", "covered", "claims", "in_flight", "multiplier",
        "movements_explain_supply", "chain_epoch", "isin",
    )
] + [
    *(("stocks", 0, "custody", 1, name) for name in (
        "available", "pending_receipt", "pending_delivery", "blocked", "pledged", "lent", "borrowed", "in_transit",
        "restricted", "other", "aggregate", "epoch", "sequence", "as_of", "account", "sha256",
    )),
    *(("stocks", 0, "movements", name, "raw") for name in ("minted", "restored", "redeemed_in_kind", "redeemed_for_cash")),
    ("stocks", 0, "movements", "opening"),
    ("stocks", 0, "supply", 0, "raw"), ("stocks", 0, "supply", 0, "token"), ("stocks", 0, "holders", "total"),
    ("stocks", 0, "mints_in_flight", 0, "raw"), ("stocks", 0, "redemptions_in_flight", 0, "claim"),
    ("statements", 0, "content"), ("statements", 0, "sha256"), ("statements", 0, "custodian"), ("format",),
]  # fmt: skip


@pytest.mark.parametrize("place", FIGURES, ids=lambda place: ".".join(map(str, place)))
def test_a_wrong_figure_is_found_even_where_all_have_signed_it(sample: Sample, place: tuple[Any, ...]) -> None:
    sample.write(changed(sample.body(), place))
    found = broken(sample.path)
    assert found
    assert "body" not in found
    assert "signatures" not in found


def test_a_missing_signature_is_named(sample: Sample) -> None:
    sample.write(signed=("issuer", "custodian", "custodian-2"))
    assert broken(sample.path) == {"signatures": "report: not signed by auditor Sample Auditor [report.unsigned]"}


def test_a_report_without_an_auditor_among_its_signers_is_none(sample: Sample) -> None:
    body = sample.body()
    body["signers"] = [each for each in body["signers"] if each["role"] != "auditor"]
    assert "no auditor" in broken(sample.write(body, signed=("issuer", "custodian", "custodian-2")))["signatures"]


def test_nobodys_key_signs_for_another(sample: Sample) -> None:
    document = json.loads(sample.write(signed=("issuer",)).read_text())
    document["signatures"].append(document["signatures"][0] | {"role": "auditor", "name": NAMES["auditor"]})
    sample.path.write_text(json.dumps(document))
    assert "[report.signature]" in broken(sample.path)["signatures"]


def test_keys_that_are_known_are_the_ones_that_count(sample: Sample, tmp_path: Path) -> None:
    known = {f"{each['role']} {each['name']}": each["public_key"] for each in sample.body()["signers"]}
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(known))
    assert broken(sample.write(), Beside(keys=keys)) == {}
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    keys.write_text(json.dumps(known | {"auditor Sample Auditor": b64encode(other).decode()}))
    assert "auditor Sample Auditor" in broken(sample.path, Beside(keys=keys))["signatures"]


def test_a_page_that_says_something_else_is_found(sample: Sample) -> None:
    page = sample.page()
    sample.write(signed=())
    assert "page" not in broken(sample.path)
    page.write_text(page.read_text().replace("every token covered", "no token covered"))
    assert "[page.hash]" in broken(sample.path)["page"]
    page.write_text(sample.page().read_text().replace("NOT SIGNED", "signed with 1", 1))
    assert "[page.signatures]" in broken(sample.path)["page"]


def test_the_report_before_is_checked_by_its_hash_and_number(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    before = Sample(tmp_path / "before")
    body = before.body() | {"number": 1, "previous": None, "label": "2024-05"}
    sha256 = json.loads(before.write(body).read_text())["sha256"]
    after = sample.body()
    after["previous"] = {"label": "2024-05", "sha256": sha256}
    assert broken(sample.write(after), Beside(previous=before.path)) == {}
    for wrong in ({"number": 3}, {"previous": {"label": "2024-04", "sha256": sha256}}, {"previous": None}):
        assert "chain" in broken(sample.write(after | wrong), Beside(previous=before.path))
    before.write(body | {"issuer": "Another"})
    assert "has the hash" in broken(sample.write(after), Beside(previous=before.path))["chain"]


def test_a_holder_is_proved_to_be_counted(sample: Sample, tmp_path: Path) -> None:
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps(sample.proof()))
    told = {check.name: check for check in verify_report(sample.write(), Beside(proof=proof))}
    assert told["holders"].ok
    assert (
        told["holders"].detail == f"0xbb on evm was counted with {234_585 * 10**18} of {1_234_985 * 10**18} (TSLA, 1e-18 raw)"
    )


def test_every_single_changed_value_of_a_proof_is_found(sample: Sample, tmp_path: Path) -> None:
    sample.write()
    honest, proof = sample.proof(), tmp_path / "proof.json"
    for place in leaves(honest):
        proof.write_text(json.dumps(changed(honest, place)))
        assert "holders" in broken(sample.path, Beside(proof=proof)), f"a change of {place} was not found"


def test_each_party_signs_with_its_own_command_after_checking(sample: Sample, tmp_path: Path) -> None:
    page = sample.page()
    sample.write(signed=())
    for role, name in (("issuer", ""), ("custodian", "FAKE"), ("custodian", "FAKE-2"), ("auditor", "")):
        key = next(key for each, key in sample.keys.items() if each.startswith(role) and (not name or NAMES[each] == name))
        signed = sign_report(sample.path, role, name, key, Beside())
        assert signed.party is not None
        assert all(check.ok for check in signed.checks)
    assert broken(sample.path) == {}
    assert page.read_text().count(": signed with ") == 4


def test_a_report_that_does_not_add_up_is_signed_by_nobody(sample: Sample) -> None:
    body = sample.body()
    body["stocks"][0]["shares_owed"] = "1"
    before = sample.write(body, signed=("issuer",)).read_text()
    signed = sign_report(sample.path, "auditor", "", sample.keys["auditor"], Beside())
    assert signed.party is None
    assert sample.path.read_text() == before


def test_a_key_that_the_report_does_not_name_cannot_sign(sample: Sample) -> None:
    sample.write(signed=())
    with pytest.raises(Refusal) as refused:
        sign_report(sample.path, "auditor", "", sample.keys["issuer"], Beside())
    assert refused.value.code == "report.party"


MALFORMED: list[Callable[[dict[str, Any]], object]] = [
    lambda document: [],
    lambda document: document | {"report": 1},
    lambda document: document | {"sha256": "zz"},
    lambda document: document | {"signatures": {}},
    lambda document: {"report": document["report"]},
    lambda document: document | {"report": document["report"] | {"stocks": "none"}},
    lambda document: document | {"report": document["report"] | {"as_of": 1.5}},
    lambda document: document | {"report": document["report"] | {"signers": [{}]}},
    lambda document: document | {"report": document["report"] | {"statements": [1]}},
]


@pytest.mark.parametrize("spoil", MALFORMED)
def test_what_is_no_report_is_refused_and_ends_with_one(
    sample: Sample, spoil: Callable[[dict[str, Any]], object], capsys: pytest.CaptureFixture[str]
) -> None:
    sample.path.write_text(json.dumps(spoil(json.loads(sample.write().read_text()))))
    assert main(["verify", "--report", str(sample.path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_the_commands_end_with_their_codes(sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--report", str(sample.write())]) == 0
    assert "BROKEN" not in capsys.readouterr().out
    assert main(["verify", "--report", str(sample.path), "--proof", str(tmp_path / "none.json")]) == 1
    ensure_auditor(tmp_path / "auditor")
    asked = [
        "sign-report",
        "--report",
        str(sample.path),
        "--role",
        "auditor",
        "--key",
        str(tmp_path / "auditor" / "auditor.json"),
    ]
    assert main(asked) == 1
    assert "report.party" in capsys.readouterr().err
