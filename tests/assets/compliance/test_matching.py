"""Names against lists: every known-bad spelling is found, and how many strangers are asked to wait is measured and bounded."""

import random
import time
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from bench.screening import invented

from openscrip.assets.compliance.logic import SecondJudgement, is_installed
from openscrip.assets.compliance.matching import ListedName, PlainScorer, Sought
from openscrip.assets.compliance.names import normalised_name, skeleton
from openscrip.assets.compliance.rules import shipped_rules
from openscrip.assets.compliance.sanctions import SanctionsLists
from openscrip.kernel.errors import Refused

MATCHING = shipped_rules().matching
LISTED = (
    ListedName(
        "1", ("Igor Vasilievich Mirsanov", "Игорь Васильевич Мирсанов"), "D", ("The Accountant",), ("1968-12-18",), ("RU",)
    ),
    ListedName("2", ("Khalid ibn Zarouf al-Tamraz", "خالد بن زروف التمراز"), "D", ("Abu Zarouf",), ("1971",), ("SY",)),
    ListedName("3", ("Muammar Qadhafim",), "D"),
    ListedName("4", ("Blackfern Shipping and Trading LLC", "Blackfern Maritime"), "D", kind="legal"),
    ListedName("5", ("Ri Chol-mun", "리철문"), "D", (), ("1959-03-04",), ("KP",)),
    ListedName("6", ("Oleandro Quispetti-Marañón",), "D"),
    ListedName("7", ("Yusuf Abdulrahman Dzhalilov",), "D"),
    ListedName("8", ("Νικόλαος Παπαδέμου",), "D"),
    ListedName("9", ("普拉托",), "D"),
    ListedName("10", ("OOO Severny Most", "Общество Северный Мост"), "D", kind="legal"),
)
FULL_WIDTH = "".join(chr(ord(sign) + 0xFEE0) if sign != " " else sign for sign in "Igor Mirsanov")
KNOWN_BAD = (
    "Igor Vasilievich Mirsanov", "MIRSANOV, Igor Vasilievich", "Igor Mirsanov", "Igor Mirsanoff", "Igor Mirsanow",
    "Ígor Mírsanov", "Игорь Мирсанов", "Mirsanov Igor", "IGOR  V. MIRSANOV", FULL_WIDTH, "Igor Mirsannov",
    "Igor-Vasilievich Mirsanov", "Khalid Zarouf Tamraz", "Khaled bin Zarouf Al Tamraz", "Chalid ibn Zaruf at-Tamraz",
    "Khalid ibn Zarouf al Tamraz", "خالد التمراز", "Moammar Kaddafim", "Muammar Gaddafim", "Moamar Qaddafim",
    "Blackfern Shipping & Trading L.L.C.", "Blackfern Shipping Trading Ltd", "BLACKFERN MARITIME HOLDINGS",
    "Black Fern Maritime",
    "Ri Cholmun", "RI Chol Mun", "Chol-mun Ri", "리철문",
    "Oleandro Quispetti Maranon", "Oleandro Quispeti-Marañon", "Quispetti Marañón, Oleandro",
    "Yusuf Abdulrahman Jalilov", "Youssouf Abdul-Rahman Dzhalilov", "Yusuf Dzhalilov",
    "Nikolaos Papademou", "Nikolaos Papadhemou", "普拉托", "Severnyy Most", "Severny Most OOO", "Северный Мост",
)  # fmt: skip
STRANGERS_OK = (
    "Igor Petersen", "Maria Garcia", "Li Na", "Khalid Rahman", "Northern Shipping and Logistics", "Mun", "Igor", "Jon Smyth",
    "Ivan Mirsky", "Yusuf Rahman", "Nikolaos Stavrou", "Blackwood Maritime", "Kim Chol", "Trading LLC", "Al Tamim Trading LLC",
    "Northlight Fund Ltd", "Anna Lindqvist", "Oleander Marine", "General Trading FZE",
)  # fmt: skip


@pytest.fixture(scope="module")
def lists() -> SanctionsLists:
    return SanctionsLists(LISTED, [])


@pytest.mark.parametrize("name", KNOWN_BAD)
def test_a_known_bad_name__in_whatever_spelling__is_at_least_looked_at(lists: SanctionsLists, name: str) -> None:
    match = lists.match(Sought(name), MATCHING.review_min, MATCHING.weak_max)
    assert match is not None


@pytest.mark.parametrize("name", STRANGERS_OK)
def test_a_name_that_is_another__passes(lists: SanctionsLists, name: str) -> None:
    assert lists.match(Sought(name), MATCHING.review_min, MATCHING.weak_max) is None


def test_a_weak_alias_alone__is_looked_at_and_never_refused(lists: SanctionsLists) -> None:
    match = lists.match(Sought("Abu Zarouf"), MATCHING.review_min, MATCHING.weak_max)
    assert match is not None
    assert (match.weak, match.score) == (True, MATCHING.weak_max)
    assert match.score < MATCHING.refuse_min
    born = lists.match(Sought("The Accountant", date(1968, 12, 18)), MATCHING.review_min, MATCHING.weak_max)
    assert born is not None
    assert born.score >= MATCHING.refuse_min


def test_birth_and_country__raise_or_lower__and_make_no_match_by_themselves(lists: SanctionsLists) -> None:
    def score(name: str, born: date | None = None, *countries: str) -> int:
        match = lists.match(Sought(name, born, countries), 50)
        return match.score if match else 0

    plain = score("Igor Mirsannof")
    assert score("Igor Mirsannof", date(1968, 12, 18)) > plain > score("Igor Mirsannof", date(1999, 1, 1))
    assert score("Igor Mirsannof", None, "RU") > plain > score("Igor Mirsannof", None, "BR")
    turned = score("Ri Chol Mum", date(1959, 4, 3))
    assert turned > score("Ri Chol Mum", date(1959, 9, 9))
    assert score("Somebody Else Entirely", date(1968, 12, 18), "RU") == 0


def test_an_entry_that_was_cleared__is_passed_over__and_another_is_still_found(lists: SanctionsLists) -> None:
    assert lists.match(Sought("Igor Mirsanov"), 82, 89, frozenset({"1"})) is None
    assert lists.match(Sought("Igor Mirsanov"), 82, 89, frozenset({"2"})) is not None
    changed = SanctionsLists([replace(LISTED[0], programme="D2"), *LISTED[1:]], [])
    assert changed.entry_digest("1") != lists.entry_digest("1") != ""
    assert lists.entry_digest("none") == ""


def test_one_name_asked_about__never_answers_for_another(lists: SanctionsLists) -> None:
    first = lists.match_name("Igor Mirsanov", 82)
    assert first is not None
    assert lists.match_name("Maria Garcia", 82) is None
    assert lists.match_name("Igor Mirsanov", 82) == first


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Ángel Núñez", "angel nunez"), ("Straße", "strasse"), ("Łukasz Żółć", "lukasz zolc"),
        ("Владимир Путинский", "putinskii vladimir"),
        ("Γιώργος", "giorgos"), ("محمد", "mhmd"), ("김철수", "gimcheolsu"), ("サトウ", "satou"), ("L.L.C. Most", "llc most"),
        ("普拉托", "普拉托"), ("  ", ""),
    ],
)  # fmt: skip
def test_a_name_in_any_alphabet__is_written_in_one(written: str, plain: str) -> None:
    assert normalised_name(written) == plain


def test_spellings_of_one_sound__have_one_skeleton() -> None:
    for group in (
        ("qadhafi", "kaddafi", "kadafi"),
        ("mirsanov", "mirsanoff", "mirsanow"),
        ("yusuf", "youssouf"),
        ("gaddafi", "kadafi"),
    ):
        assert len({skeleton(each) for each in group}) == 1, group


@pytest.mark.slow
def test_among_ten_thousand_entries__every_bad_name_is_found__and_few_strangers_wait() -> None:
    chance = random.Random(4)
    crowd = SanctionsLists(
        [*LISTED, *(ListedName(f"x{n}", (name,), "D") for n, name in enumerate(invented(chance, 10_000)))], []
    )
    for name in KNOWN_BAD:
        assert crowd.match(Sought(name), MATCHING.review_min, MATCHING.weak_max) is not None, name
    strangers = [name for name in invented(random.Random(77), 300) if name not in {n for e in crowd.given[0] for n in e.names}]
    waiting = sum(crowd.match(Sought(name), MATCHING.review_min, MATCHING.weak_max) is not None for name in strangers)
    # Given and family names of both come from one small invented world, so that they meet far more often than real ones do.
    assert waiting / len(strangers) < 0.25


def test_a_name_against_ten_thousand__takes_few_milliseconds() -> None:
    lists = SanctionsLists([ListedName(f"x{n}", (name,), "D") for n, name in enumerate(invented(random.Random(5), 10_000))], [])
    asked = invented(random.Random(6), 30)
    started_s = time.process_time()
    for name in asked:
        lists.match(Sought(name), MATCHING.review_min)
    assert (time.process_time() - started_s) / len(asked) < 0.050


def test_the_plain_scorer__says_which_it_is() -> None:
    assert PlainScorer().name == "plain-1"
    assert PlainScorer().score(Sought("Igor Mirsanov"), LISTED[0], "Igor Mirsanov") == 100
    assert PlainScorer().alike([], ["a"]) == 0


def test_the_second_judgement__asks_with_an_id_of_its_own_each_time__and_never_scores_lower(lists: SanctionsLists) -> None:
    asked: list[tuple[str, str, str]] = []

    def compare(ours: tuple[str, str, str], theirs: tuple[str, str, str]) -> Any:
        asked.extend([ours, theirs])
        return 0.91 if ours[2] == "Vladimir Someone" else 0.1

    second = SecondJudgement(PlainScorer(), compare)
    assert second.score(Sought("Vladimir Someone"), LISTED[0], "Igor Mirsanov") == 91
    assert second.score(Sought("Igor Mirsanov"), LISTED[0], "Igor Mirsanov") == 100
    ids = [each[1] for each in asked]
    assert len(ids) == len(set(ids)) == 4
    judged = SanctionsLists(LISTED, [], scorer=second)
    assert (judged.scorer.name, judged.digest == lists.digest) == ("logic-v2+plain-1", False)


def test_without_the_extra__the_plain_scorer_judges__and_the_extra_says_how_it_is_had() -> None:
    if not is_installed():
        assert SanctionsLists(LISTED, []).scorer.name == "plain-1"
        with pytest.raises(Refused) as refused:
            SecondJudgement(PlainScorer())
        assert refused.value.code == "screening.extra"
    else:
        assert SanctionsLists(LISTED, []).scorer.name == "logic-v2+plain-1"
