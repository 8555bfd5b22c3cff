"""Clients, their papers, owners and wallets: sealed at rest, judged by versions; what expires closes no exit."""

import json
import logging
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.issuance.compliance.office import ANNA, FUND, NOW, ONE_KEY, WALLETS, Desk, sql_store

from openscrip.assets.compliance.control import Stake
from openscrip.assets.compliance.matching import ListedName
from openscrip.assets.compliance.persons import EvidenceKind, Paper, Person, UsEvidence
from openscrip.assets.compliance.vault import Sealed, Vault, add_key, kept_vault
from openscrip.issuance.clients import Client, DecisionRecord, Evidence
from openscrip.issuance.compliance_room import ParticularsRevealed, reseal, reveal
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.runtime.keys import Keystore

PERSONAL = ("Annabella", "Lindqvistson", "Geheimrath", "P-GEHEIM", "1980-05-06", "Mirsanov", "Northlightia")


def personal_in(text: str) -> list[str]:
    return [word for word in PERSONAL if word.lower() in text.lower()]


def test_nothing_personal__is_readable_in_the_database__and_the_vault_gives_it_back(tmp_path: Path) -> None:
    desk = Desk(sql_store(tmp_path), profile="jersey_eu_prospectus")
    desk.take_on()
    desk.add_paper(EvidenceKind.IDENTITY_DOCUMENT, date(2026, 1, 1), date(2031, 1, 1))
    desk.take_on(replace(ANNA, id="c2", name="Igor Mirsanov"), {})
    with pytest.raises(Refused):
        desk.subscribe("c2")
    reveal(desk.store, desk.compliance, "c1", "olga", "a question of the bank")
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [word for word in PERSONAL if word.encode() in raw] == []
    with desk.store.view() as view:
        assert desk.compliance.person(view, "c1") == ANNA
        row = view.row(Client, "c1")
        assert any(isinstance(fact, ParticularsRevealed) for _, _, fact in view.facts())
    assert row is not None
    assert personal_in(repr(row) + repr(ANNA) + repr(desk.compliance.vault)) == []


def test_nothing_personal__is_in_refusals_facts_records_or_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    desk = Desk()
    people = [
        replace(ANNA, id="u1", us_evidence=(UsEvidence.W9,)), replace(ANNA, id="u2", residence="CN"),
        replace(ANNA, id="u3", verified=False),
        replace(ANNA, id="u4", name="Igor Mirsanov"), replace(ANNA, id="u5", name="Annabella", aliases=("Igor Mirsanof",)),
    ]  # fmt: skip
    said = []
    for person in people:
        desk.take_on(person, {})
        with pytest.raises(Refused) as refused:
            desk.subscribe(person.id)
        said.append(refused.value.text)
    with pytest.raises(Conflict) as conflict:
        desk.take_on(replace(ANNA, id="u1", name="Annabella Other"), {})
    for wrong in ({"name": " "}, {"residence": "Geheimrath"}, {"phone_country": "geheimrath"}):
        with pytest.raises(Malformed) as malformed:
            replace(ANNA, **wrong)  # type: ignore[arg-type]  # wrong on purpose
        said.append(malformed.value.text)
    with desk.store.view() as view:
        told = [repr(fact) for _, _, fact in view.facts()] + [repr(row) for row in view.rows(DecisionRecord)]
    told += [repr(case) for case in desk.cases()] + said + [conflict.value.text, caplog.text]
    assert personal_in("\n".join(told)) == []


def test_a_text_of_the_vault__opens_in_its_own_place_alone__and_only_with_its_key() -> None:
    vault, other = Vault(ONE_KEY), Vault({1: b"\x02" * 32})
    sealed = vault.seal({"a": "b"}, "client/c1")
    assert vault.open(sealed, "client/c1") == {"a": "b"}
    for keys, place, code in ((vault, "client/c2", "vault.damaged"), (other, "client/c1", "vault.damaged")):
        with pytest.raises(Refused) as refused:
            keys.open(sealed, place)
        assert refused.value.code == code
    with pytest.raises(Refused) as refused:
        vault.open(Sealed(7, sealed.nonce, sealed.box), "client/c1")
    assert refused.value.code == "vault.key"
    assert vault.seal({"a": "b"}, "client/c1").box != sealed.box


def test_particulars_that_do_not_fit__are_refused_without_a_word_of_them() -> None:
    desk = Desk()
    desk.take_on()
    with desk.store.transaction() as unit:
        row = unit.row(Client, "c1")
        assert row is not None
        unit.put(replace(row, sealed=desk.compliance.vault.seal({"name": ["Lindqvistson"], "id": 5}, "client/c1")))
    with desk.store.view() as view, pytest.raises(Refused) as refused:
        desk.compliance.person(view, "c1")
    assert (refused.value.code, personal_in(refused.value.text), refused.value.__cause__) == ("vault.damaged", [], None)


def test_a_rotated_key__opens_what_was_sealed__and_what_is_resealed_needs_the_new_one_alone(tmp_path: Path) -> None:
    keys = Keystore(tmp_path / "keys")
    desk = Desk(sql_store(tmp_path))
    desk.compliance.vault = kept_vault(keys)
    desk.take_on()
    desk.add_paper(EvidenceKind.LIVENESS, date(2026, 1, 1))
    assert add_key(keys) == 2
    desk.compliance.vault = kept_vault(keys)
    with desk.store.view() as view:
        assert desk.compliance.person(view, "c1") == ANNA
    assert reseal(desk.store, desk.compliance) == 2
    assert reseal(desk.store, desk.compliance) == 0
    (tmp_path / "keys" / "personal-data-1.json").unlink()
    desk.compliance.vault = kept_vault(keys)
    with desk.store.view() as view:
        assert desk.compliance.person(view, "c1") == ANNA
        [paper] = view.rows(Evidence)
    assert desk.compliance.vault.open(paper.sealed, f"client/{paper.id}") == {"number": "P-GEHEIM-1"}


def test_the_same_particulars__are_the_same_client__and_others_are_a_conflict() -> None:
    desk = Desk()
    desk.take_on()
    desk.take_on()
    with desk.store.view() as view:
        assert len(view.rows(DecisionRecord)) == 1
    with pytest.raises(Conflict) as conflict:
        desk.take_on(replace(ANNA, residence="DE"))
    assert conflict.value.code == "client.conflict"
    with pytest.raises(Refused) as refused:
        desk.take_on(replace(ANNA, id="c9"), WALLETS)
    assert refused.value.code == "compliance.wallet_of_another"


def test_each_decision__is_recorded_with_versions_hashes_inputs_and_who_decided() -> None:
    desk = Desk()
    desk.take_on(replace(ANNA, name="Igor Mirsanov"))
    with desk.store.view() as view:
        [record] = view.rows(DecisionRecord)
    lists = desk.lists
    assert (record.policy, record.rules_sha256) == (desk.compliance.policy.version, desk.compliance.policy.book.hash)
    assert [(used.publisher, used.sha256) for used in record.lists] == [("demonstration", lists.parts[0].sha256)]
    assert (record.lists_digest, record.scorer, record.decision, record.by) == (lists.digest, "plain-1", "refused", "rules")
    assert (record.score, record.listed, record.rules) == (100, "DEMO-001", ("compliance.sanctioned_name",))
    assert (len(record.inputs), record.at) == (64, NOW)


PAPERS = (EvidenceKind.IDENTITY_DOCUMENT, EvidenceKind.PROOF_OF_ADDRESS, EvidenceKind.TAX_CERTIFICATION)


def test_a_regime__asks_for_its_papers__before_anybody_subscribes() -> None:
    desk = Desk(profile="jersey_eu_prospectus")
    desk.take_on()
    for number, kind in enumerate(PAPERS):
        with pytest.raises(Refused) as refused:
            desk.subscribe()
        assert refused.value.code == "compliance.evidence_missing"
        desk.add_paper(kind, date(2026, 11, 1), sign=str(number))
    desk.subscribe()


def test_evidence_that_expired__stops_subscriptions__and_no_redemption() -> None:
    desk = Desk(profile="jersey_eu_prospectus")
    desk.take_on()
    for number, kind in enumerate(PAPERS):
        desk.add_paper(kind, date(2026, 11, 1), date(2026, 12, 31) if number == 0 else None, sign=str(number))
    desk.subscribe()
    assert desk.standing().until == instant("2027-01-01T00:00:00Z")
    desk.clock.advance_to(instant("2026-12-31T23:59:59Z"))
    desk.subscribe()
    desk.clock.advance_to(instant("2027-01-01T00:00:00Z"))
    with pytest.raises(Refused) as refused:
        desk.subscribe()
    assert refused.value.code == "compliance.evidence_expired"
    desk.redeem(usd="100")
    assert desk.cases() == []
    desk.add_paper(PAPERS[0], date(2026, 12, 30), sign="9")
    desk.subscribe()
    desk.clock.advance_to(instant("2027-05-01T00:00:00Z"))  # a proof of address is good for 180 days, whatever it says
    with pytest.raises(Refused) as refused:
        desk.subscribe()
    assert "proof of address" in refused.value.text


WRONG_PAPERS: list[tuple[date, date | None, str, str]] = [
    (date(2026, 2, 1), date(2026, 1, 1), "a" * 64, "evidence.dates"),
    (date(2026, 2, 1), None, "A" * 64, "evidence.hash"),
]


def test_a_paper__needs_sound_dates_and_a_hash__and_is_entered_once() -> None:
    for issued, expires, digest, code in WRONG_PAPERS:
        with pytest.raises(Malformed) as malformed:
            Paper(EvidenceKind.LIVENESS, issued, expires, digest)
        assert malformed.value.code == code
    desk = Desk()
    desk.take_on()
    desk.add_paper(EvidenceKind.LIVENESS, date(2026, 1, 1))
    desk.add_paper(EvidenceKind.LIVENESS, date(2026, 1, 1))
    with pytest.raises(Conflict):
        desk.add_paper(EvidenceKind.LIVENESS, date(2026, 1, 2))
    with pytest.raises(Malformed):
        desk.add_paper(EvidenceKind.LIVENESS, date(2026, 1, 2), person="nobody")


def owned(desk: Desk, entity: str, *stakes: tuple[str, int]) -> None:
    with desk.store.transaction() as unit:
        desk.compliance.tell_owners(unit, entity, tuple(Stake(*each) for each in stakes), "olga")


def related(desk: Desk, person: Person) -> None:
    with desk.store.transaction() as unit:
        desk.compliance.relate(unit, person, "olga")


@pytest.mark.parametrize(
    ("stakes", "rule"),
    [
        ({"fund": [("bad", 5_000)]}, "compliance.sanctioned_owner"),
        ({"fund": [("bad", 4_999)]}, ""),
        ({"fund": [("bad", 3_000), ("bad2", 2_000)]}, "compliance.sanctioned_owner"),
        ({"fund": [("holding", 6_000)], "holding": [("bad", 5_000)]}, "compliance.sanctioned_owner"),
        ({"fund": [("holding", 6_000)], "holding": [("bad", 4_000)]}, ""),
        ({"fund": [("holding", 3_000), ("bad2", 2_000)], "holding": [("bad", 9_000)]}, "compliance.sanctioned_owner"),
        ({"fund": [("holding", 9_000)], "holding": [("fund", 9_000)]}, ""),
        ({"fund": [("cn", 5_000)]}, "compliance.country"),
        ({"fund": [("holding", 5_100)], "holding": [("us", 5_100)]}, "compliance.us_person"),
        ({"fund": [("us", 2_500), ("clean", 7_500)]}, ""),
    ],
)
def test_an_entity__is_refused_for_owners_of_half_or_more__summed_through_chains(
    stakes: dict[str, list[tuple[str, int]]], rule: str
) -> None:
    desk = Desk()
    desk.take_on(FUND, {})
    related(desk, replace(FUND, id="holding", name="Quietwater Holding AG"))
    for each, name, country in (
        ("bad", "Igor Mirsanov", "CY"), ("bad2", "Oleandro Quispetti", "MX"), ("cn", "Somebody There", "CN"),
        ("us", "Somebody Overseas", "US"), ("clean", "Nora Weissenfels", "DE"),
    ):  # fmt: skip
        related(
            desk, replace(ANNA, id=each, name=name, nationality=country, residence=country, tax_residence=country, aliases=())
        )
    for entity, owners in stakes.items():
        owned(desk, entity, *owners)
    with desk.store.transaction() as unit:
        standing = desk.compliance.judge_anew(unit, "fund", "olga", "owners of owners")
    assert [each.rule for each in standing.refusals] == ([rule] if rule else [])


def test_stakes_of_more_than_the_whole__or_of_oneself__are_malformed() -> None:
    desk = Desk()
    desk.take_on(FUND, {})
    related(desk, replace(ANNA, id="a"))
    for wrong in ([("a", 10_001)], [("a", 6_000), ("a", 1)], [("fund", 1)], [("a", 0)]):
        with pytest.raises(Malformed):
            owned(desk, "fund", *wrong)
    with pytest.raises(Malformed):
        owned(desk, "fund", ("stranger", 1))


def test_an_owner_who_was_not_onboarded__may_not_subscribe() -> None:
    desk = Desk()
    related(desk, ANNA)
    with pytest.raises(Refused) as refused:
        desk.subscribe()
    assert refused.value.code == "compliance.unverified"
    desk.take_on()
    desk.subscribe()


def test_a_change_of_particulars__is_judged_at_once_in_the_name_of_who_told_it() -> None:
    desk = Desk()
    desk.take_on()
    desk.subscribe()
    with desk.store.transaction() as unit:
        desk.compliance.change(unit, replace(ANNA, residence="US"), "olga", "moved")
    with pytest.raises(Refused) as refused:
        desk.subscribe()
    assert refused.value.code == "compliance.us_person"
    [case] = desk.cases()
    assert (case.kind, case.holds) == ("group", False)
    desk.redeem()  # a refused person is not a frozen one
    with desk.store.view() as view:
        assert view.rows(DecisionRecord)[-1].by == "olga"


def test_the_door__judges_anew_by_itself__when_a_list_or_a_rule_is_another() -> None:
    desk = Desk()
    desk.take_on()
    desk.subscribe()
    before = desk.standing().record
    desk.subscribe()
    assert desk.standing().record == before
    desk.list_more(ListedName("n1", ("Annabella Lindqvistson",), "NEW"))
    with pytest.raises(Refused) as refused:
        desk.subscribe()
    assert refused.value.code == "compliance.sanctioned_name"
    assert json.loads(json.dumps(desk.standing().listed)) == "n1"
