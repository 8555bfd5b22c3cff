"""Reserve reports: signed by the attestor, submitted by the issuer, rising, and shaped as AggregatorV3."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import NOBODY, Reverted, Stage, account, events, reverts

from openscrip.issuance.contracts.artifact import own

SHARE = 10**9


def test_report__by_issuer_and_attestor__is_the_latest_round(fresh: Stage) -> None:
    at = fresh.now()
    fresh.pass_time(30)
    receipt = fresh.report(shares=12 * SHARE, allocation=5 * SHARE, as_of=at, sequence=7)
    assert events(receipt, "ReserveFeed", "AnswerUpdated")[0][1] == {"updatedAt": at}
    assert events(receipt, "ReserveFeed", "ReserveReported")[0][1] == {
        "shares": 12 * SHARE, "allocation": 5 * SHARE, "epoch": 0, "asOf": at,
    }  # fmt: skip
    assert fresh.view("ReserveFeed", "latestRoundData") == (7, 12 * SHARE, at, at, 7)
    assert fresh.view("ReserveFeed", "reserve") == (12 * SHARE, 5 * SHARE, 0, at, 7, True)
    assert fresh.view("ReserveFeed", "decimals") == 9
    assert fresh.view("ReserveFeed", "allocation") == 5 * SHARE


def test_feed__before_the_first_report__reverts(fresh: Stage) -> None:
    with reverts("feed: nothing was reported"):
        fresh.view("ReserveFeed", "reserve")
    with reverts("feed: round was not found"):
        fresh.view("ReserveFeed", "latestRoundData")


def test_rounds__are_kept_by_sequence(fresh: Stage) -> None:
    fresh.report(shares=3 * SHARE, allocation=0, sequence=2)
    fresh.report(shares=4 * SHARE, allocation=0, sequence=5)
    assert fresh.view("ReserveFeed", "getRoundData", 2)[:2] == (2, 3 * SHARE)
    assert fresh.view("ReserveFeed", "getRoundData", 5)[:2] == (5, 4 * SHARE)
    with reverts("feed: round was not found"):
        fresh.view("ReserveFeed", "getRoundData", 3)


@pytest.mark.parametrize("caller", ["attestor", "stranger", "corporate_action", "guardian"])
def test_report__sent_by_another_than_the_issuer__reverts(fresh: Stage, caller: str) -> None:
    with reverts("feed: caller was not the issuer"):
        fresh.report(sender=caller)


@pytest.mark.parametrize("signer", ["issuer", "stranger"])
def test_report__not_signed_by_the_attestor__reverts(fresh: Stage, signer: str) -> None:
    with reverts("feed: attestor signature was wrong"):
        fresh.report(signer=signer)


def test_report__signed_for_another_chain_or_feed__reverts(fresh: Stage) -> None:
    with reverts("feed: attestor signature was wrong"):
        fresh.report(domain={"chain_id": 1})
    with reverts("feed: attestor signature was wrong"):
        fresh.report(domain={"contract": fresh.token})
    with reverts("feed: report was for another token"):
        fresh.report(token=account("stranger"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sequence": 4}, "feed: sequence did not rise"),
        ({"sequence": 3}, "feed: sequence did not rise"),
        ({"ahead": -1, "sequence": 5}, "feed: statement was older than the last"),
        ({"ahead": 1, "sequence": 5}, "feed: statement was from the future"),
        ({"epoch": 1, "sequence": 5}, "feed: epoch went back"),
        ({"allocation": 13 * SHARE, "shares": 12 * SHARE, "sequence": 5}, "feed: allocation was above the shares"),
    ],
)
def test_report__breaking_its_rule__reverts_and_keeps_the_last(
    fresh: Stage, changes: dict[str, Any], reason: str
) -> None:
    fresh.report(sequence=4, epoch=2)
    before = fresh.view("ReserveFeed", "reserve")
    if "ahead" in changes:
        changes = changes | {"as_of": fresh.now() + changes["ahead"]}
        changes.pop("ahead")
    with reverts(reason):
        fresh.report(**({"epoch": 2} | changes))
    assert fresh.view("ReserveFeed", "reserve") == before


def test_reserve__grows_stale_one_second_after_its_age_limit(fresh: Stage) -> None:
    fresh.report()
    fresh.pass_time(3_600)
    assert fresh.view("ReserveFeed", "reserve")[-1] is True
    fresh.pass_time(1)
    assert fresh.view("ReserveFeed", "reserve")[-1] is False


def test_feed__without_an_age_limit_or_token__cannot_be_made(fresh: Stage) -> None:
    feed = own("ReserveFeed")
    for arguments in ((fresh.token, fresh.at.issuer, 0), (NOBODY, fresh.at.issuer, 60)):
        with pytest.raises(Reverted):
            fresh.send_data("lister", None, feed.creation(*arguments))
