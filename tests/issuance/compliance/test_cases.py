"""A hit is a case and a hold; nothing that is held goes on without two named persons and their reasons."""

from dataclasses import replace

import pytest
from tests.issuance.compliance.office import ANNA, NOW, WALLETS, Desk

from openscrip.assets.compliance.matching import ListedName
from openscrip.issuance.cases import Case, CaseClosed, CaseOpened, decide_case, hold_of, refuse_while_held
from openscrip.issuance.clients import DecisionRecord
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Malformed, Refused

LISTED = ListedName("n1", ("Annabella Lindqvistson",), "NEW")
NEARLY = ListedName("n2", ("Annabela Lindkwist",), "NEW")


def decide(desk: Desk, case: Case, by: str, word: str = "release", reason: str = "another birth date") -> Case:
    with desk.store.transaction() as unit:
        after = decide_case(unit, case.id, by, word, reason, desk.clock.now())
        if after.state == "released":
            desk.compliance.clear(unit, after)
    return after


def is_held(desk: Desk, person: str = "c1") -> bool:
    with desk.store.view() as view:
        return hold_of(view, person) is not None


@pytest.fixture
def hit() -> Desk:
    """A client who was clear, and is on a list now."""
    desk = Desk()
    desk.take_on()
    desk.subscribe()
    desk.list_more(LISTED)
    with pytest.raises(Refused):
        desk.subscribe()
    return desk


def test_a_listed_name__opens_one_case_and_holds_the_client(hit: Desk) -> None:
    [case] = hit.cases()
    assert (case.kind, case.rule, case.listed, case.holds) == ("name", "compliance.sanctioned_name", "n1", True)
    assert is_held(hit)
    with pytest.raises(Refused):
        hit.subscribe()
    assert hit.cases() == [case]
    with hit.store.view() as view:
        assert [fact for _, _, fact in view.facts() if isinstance(fact, CaseOpened)] == [
            CaseOpened(case.id, "c1", "name", "compliance.sanctioned_name")
        ]
        with pytest.raises(Refused) as refused:
            refuse_while_held(view, "evm", WALLETS["evm"].upper().replace("X", "x"))
        assert refused.value.code == "compliance.held"
        refuse_while_held(view, "evm", "0x" + "99" * 20)  # a stranger's wallet is held by nobody


def test_one_person__never_releases_alone__whatever_their_spelling(hit: Desk) -> None:
    [case] = hit.cases()
    assert decide(hit, case, "olga").state == "open"
    for same in ("olga", "OLGA"):
        with pytest.raises(Refused) as refused:
            decide(hit, case, same)
        assert refused.value.code == "case.four_eyes"
    assert is_held(hit)


@pytest.mark.parametrize(("by", "reason"), [("", "why"), ("olga", " "), (" ", "")])
def test_a_word_without_a_name_or_a_reason__is_refused(hit: Desk, by: str, reason: str) -> None:
    [case] = hit.cases()
    with pytest.raises(Refused) as refused:
        decide(hit, case, by, reason=reason)
    assert refused.value.code == "case.reason"


def test_two_persons__release__and_the_same_entry_is_not_asked_about_again(hit: Desk) -> None:
    [case] = hit.cases()
    decide(hit, case, "olga")
    closed = decide(hit, case, "pavel")
    assert (closed.state, [each.by for each in closed.approvals]) == ("released", ["olga", "pavel"])
    assert not is_held(hit)
    hit.subscribe()
    assert hit.cases() == []
    with hit.store.view() as view:
        record = view.rows(DecisionRecord)[-1]
        assert (record.by, record.decision) == ("olga, pavel", "clear")
        assert [fact.by for _, _, fact in view.facts() if isinstance(fact, CaseClosed)] == [("olga", "pavel")]
    with pytest.raises(Refused) as refused:
        decide(hit, case, "rita")
    assert refused.value.code == "case.state"


def test_a_release__is_good_for_the_entry_and_the_particulars_as_they_were(hit: Desk) -> None:
    [case] = hit.cases()
    decide(hit, case, "olga")
    decide(hit, case, "pavel")
    hit.only_list(replace(LISTED, born=("1980-05-06",)))
    with pytest.raises(Refused):
        hit.subscribe()
    [again] = hit.cases()
    assert again.id != case.id
    decide(hit, again, "olga")
    decide(hit, again, "pavel")
    hit.subscribe()
    with hit.store.transaction() as unit:
        hit.compliance.change(unit, replace(ANNA, nationality="DK"), "olga", "married")
    assert is_held(hit)


def test_a_confirmed_hit__stays_held__and_one_person_suffices(hit: Desk) -> None:
    [case] = hit.cases()
    assert decide(hit, case, "olga", "confirm", "it is he").state == "confirmed"
    assert is_held(hit)
    with pytest.raises(Refused):
        decide(hit, case, "pavel")


def test_a_name_that_is_nearly_listed__waits_for_a_person(hit: Desk) -> None:
    desk = Desk()
    desk.take_on()
    desk.only_list(NEARLY)
    with pytest.raises(Refused) as refused:
        desk.subscribe()
    assert (refused.value.code, desk.standing().state) == ("compliance.name_review", "review")
    [case] = desk.cases()
    for by in ("olga", "pavel"):
        decide(desk, case, by)
    desk.subscribe()


def test_the_entry_taken_off_the_list__ends_no_hold_by_itself(hit: Desk) -> None:
    hit.only_list(ListedName("other", ("Somebody Else Altogether",), "X"))
    with pytest.raises(Refused) as refused:
        hit.subscribe()
    assert refused.value.code == "compliance.held"
    assert is_held(hit)


def test_a_redemption_of_a_listed_client__is_taken__and_held_where_it_burns(hit: Desk) -> None:
    hit.redeem()
    assert is_held(hit)


def test_a_listed_wallet__holds_the_redemption_of_its_owner() -> None:
    desk, listed = Desk(), "0xbad0000000000000000000000000000000000001"
    desk.take_on(wallets={"evm": listed})
    with pytest.raises(Refused) as refused:
        desk.subscribe(wallet=listed)
    assert refused.value.code == "compliance.sanctioned_address"
    assert not is_held(desk)
    desk.redeem(wallet=listed)
    [case] = desk.cases()
    assert (case.kind, is_held(desk)) == ("address", True)
    for by in ("olga", "pavel"):
        decide(desk, case, by)
    desk.redeem(wallet=listed, usd="10")
    assert not is_held(desk)


def test_an_embargoed_client__redeems_after_a_review__and_others_whom_rules_refuse_at_once() -> None:
    desk = Desk()
    desk.take_on(replace(ANNA, id="ir", residence="IR"), WALLETS)
    desk.redeem("ir")
    assert [case.kind for case in desk.cases()] == ["group"]
    assert is_held(desk, "ir")
    other = Desk()
    other.take_on(replace(ANNA, id="us", residence="US"), WALLETS)
    other.redeem("us")
    assert other.cases() == []


def test_a_redemption__is_refused_for_a_wallet_that_nobody_signed_for() -> None:
    desk = Desk()
    desk.take_on()
    with pytest.raises(Refused) as refused:
        desk.redeem(wallet="0x" + "22" * 20)
    assert refused.value.code == "compliance.wallet_not_attested"
    with pytest.raises(Refused) as refused:
        desk.redeem("nobody")
    assert refused.value.code == "compliance.unverified"


def test_a_case_that_was_never_opened__and_a_word_that_is_none__are_malformed(hit: Desk) -> None:
    [case] = hit.cases()
    for wrong, word, code in ((replace(case, id="none"), "release", "case.unknown"), (case, "maybe", "case.word")):
        with pytest.raises(Malformed) as malformed:
            decide(hit, wrong, "olga", word)
        assert malformed.value.code == code


def test_many_orders_on_a_day__are_a_case_and_no_refusal() -> None:
    desk = Desk()
    desk.take_on()
    for _ in range(21):
        desk.subscribe(usd="100")
    [case] = desk.cases()
    assert (case.rule, case.holds) == ("monitoring.velocity", False)
    desk.subscribe(usd="100")
    assert len(desk.cases()) == 1


def test_orders_just_under_a_threshold__are_a_case_from_the_third_in_a_week() -> None:
    desk = Desk()
    desk.take_on()
    for day, usd in ((20, "9500"), (21, "10000"), (23, "8999"), (24, "9000")):
        desk.clock.advance_to(instant(f"2026-11-{day}T15:00:00Z"))
        desk.subscribe(usd=usd)
    assert desk.cases() == []
    desk.clock.advance_to(instant("2026-11-25T15:00:00Z"))
    desk.subscribe(usd="9999.999999")
    assert [case.rule for case in desk.cases()] == ["monitoring.structuring"]


def test_what_is_a_week_old__is_forgotten_by_monitoring() -> None:
    desk = Desk()
    desk.take_on()
    for number in range(5):
        desk.clock.advance_to(NOW + number * 4 * 86_400)
        desk.subscribe(usd="9500")
    assert desk.cases() == []


def test_in_and_out_again_within_a_week__is_a_case_of_its_stock() -> None:
    desk = Desk()
    desk.take_on()
    desk.subscribe(usd="20000")
    desk.redeem(usd="15999")
    assert desk.cases() == []
    desk.redeem(usd="1", stock="AAPL")
    assert desk.cases() == []
    desk.redeem(usd="1")
    assert [case.id.split(":")[:3] for case in desk.cases()] == [["c1", "round_trip", "TSLA"]]


def test_the_daily_limit__counts_what_was_taken_and_begins_again_with_the_day_in_new_york() -> None:
    desk = Desk()
    desk.take_on()
    desk.subscribe(usd="1000000")
    desk.subscribe(usd="1000000")
    with pytest.raises(Refused) as refused:
        desk.subscribe(usd="1")
    assert refused.value.code == "compliance.daily_limit"
    desk.clock.advance_to(instant("2026-11-21T05:00:00Z"))
    desk.subscribe(usd="1")
