"""Reserve reports: only forward, never of the future, and only ever the attestors' word."""

from typing import Any

import pytest
from tests.issuance.programs.world import EPOCH, KEYS, SHARES, Issuer, with_data


def test_report__in_order__stands_as_it_was_sent(issuer: Issuer) -> None:
    issuer.after(60)
    issuer.send(issuer.reporting(shares=11, encumbered=12, in_transit=13, allocation=10, epoch=9, as_of=issuer.now - 5))
    stock = issuer.stock()
    assert (stock.shares, stock.encumbered, stock.in_transit, stock.allocation) == (11, 12, 13, 10)
    assert (stock.reserve_epoch, stock.as_of, stock.sequence) == (9, issuer.now - 5, 2)
    assert stock.age_s_max > 0
    assert stock.base_epoch == EPOCH


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sequence": 1}, "feed: sequence did not rise"),
        ({"sequence": 0}, "feed: sequence did not rise"),
        ({"as_of": -1}, "feed: statement was older than the last"),
        ({"as_of": 1}, "feed: statement was from the future"),
        ({"epoch": EPOCH - 1}, "feed: epoch went back"),
        ({"allocation": SHARES + 1}, "feed: allocation was above the shares"),
    ],
)
def test_report__against_a_rule__is_refused_with_its_words(desk: Issuer, changed: dict[str, Any], words: str) -> None:
    if "as_of" in changed:
        changed = {"as_of": desk.now + changed["as_of"]}
    assert desk.refusal(desk.reporting(**changed)) == words


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"sequence": 2**64 - 1},
        {"epoch": EPOCH},
        {"allocation": SHARES},
        {"allocation": 0},
        {"shares": 2**64 - 1},
    ],
)
def test_report__at_the_edge__is_taken(desk: Issuer, changed: dict[str, Any]) -> None:
    assert desk.takes(desk.reporting(**{"sequence": 2, **changed}))


def test_report__not_newer_but_lenient__changes_nothing(issuer: Issuer) -> None:
    before = issuer.data(issuer.program.stock(issuer.mint))
    for sequence in (0, 1):
        issuer.send(issuer.reporting(sequence=sequence, lenient=True, shares=1, allocation=1))
    assert issuer.data(issuer.program.stock(issuer.mint)) == before


def test_report__newer_and_lenient__still_keeps_the_other_rules(issuer: Issuer) -> None:
    assert issuer.refusal(issuer.reporting(lenient=True, as_of=issuer.now + 1)) == "feed: statement was from the future"
    issuer.send(issuer.reporting(lenient=True, sequence=7, shares=5, allocation=5))
    assert (issuer.stock().sequence, issuer.stock().shares) == (7, 5)


def test_report__lenient_but_not_signed__is_refused(desk: Issuer) -> None:
    said = desk.refusal(desk.reporting(sequence=1, lenient=True, signers=[KEYS.issuers[0], KEYS.attestors[0]]))
    assert said == "issuer: attestor signature was wrong"


def test_report__with_the_mint_it_backs__lands_in_one_transaction(issuer: Issuer) -> None:
    issuer.after(4 * 86_400)
    assert issuer.refusal(issuer.minting()) == "issuer: feed was stale"
    issuer.send(issuer.reporting(lenient=True), issuer.minting())
    assert issuer.supply() == 1000


def test_report__data_longer__is_refused(desk: Issuer) -> None:
    right = desk.reporting(sequence=2)
    assert desk.refusal(with_data(right, bytes(right.data) + b"\1")) == "program: data had another length"
