"""Reserve reports: signed by the attestor, submitted by the issuer, rising, and shaped as AggregatorV3."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import GRAIN, NOBODY, Reverted, Stage, account, events, reverts

from openscrip.issuance.contracts.artifact import own

SHARE = 10**9
LARGEST = 2**128 - 1


def test_report__by_issuer_and_attestor__is_the_latest_round(fresh: Stage) -> None:
    at = fresh.now()
    fresh.pass_time(30)
    receipt = fresh.report(
        shares=12 * SHARE, encumbered=3 * SHARE, in_transit=2 * SHARE, allocation=5 * SHARE, as_of=at, sequence=7
    )
    assert events(receipt, "ReserveFeed", "AnswerUpdated")[0][1] == {"updatedAt": at}
    assert events(receipt, "ReserveFeed", "ReserveReported")[0][1] == {
        "shares": 12 * SHARE, "encumbered": 3 * SHARE, "inTransit": 2 * SHARE, "allocation": 5 * SHARE, "epoch": 0,
        "asOf": at,
    }  # fmt: skip
    assert fresh.view("ReserveFeed", "latestRoundData") == (7, 12 * SHARE, at, at, 7)
    assert fresh.view("ReserveFeed", "reserve") == (
        12 * SHARE, 5 * SHARE, 0, at, 7, True, 3 * SHARE, 2 * SHARE,
    )  # fmt: skip
    assert fresh.view("ReserveFeed", "decimals") == 9
    assert fresh.view("ReserveFeed", "allocation") == 5 * SHARE


def test_feed__before_the_first_report__reverts(fresh: Stage) -> None:
    with reverts("feed: nothing was reported"):
        fresh.view("ReserveFeed", "reserve")
    assert [fresh.view("ReserveFeed", name) for name in ("allocation", "epoch", "sequence")] == [0, 0, 0]
    with reverts("feed: round was not found"):
        fresh.view("ReserveFeed", "latestRoundData")


def test_rounds__are_kept_by_sequence(fresh: Stage) -> None:
    fresh.report(shares=3 * SHARE, allocation=0, sequence=2)
    fresh.report(shares=4 * SHARE, allocation=0, sequence=5)
    assert fresh.view("ReserveFeed", "getRoundData", 2)[:2] == (2, 3 * SHARE)
    assert fresh.view("ReserveFeed", "getRoundData", 5)[:2] == (5, 4 * SHARE)
    with reverts("feed: round was not found"):
        fresh.view("ReserveFeed", "getRoundData", 3)


def test_report__every_figure_and_count__is_kept_apart(fresh: Stage) -> None:
    fresh.report(shares=LARGEST, encumbered=1, in_transit=LARGEST, allocation=LARGEST - 1, epoch=2**64 - 1, sequence=2**64 - 1)
    at = fresh.now()
    assert fresh.view("ReserveFeed", "reserve") == (
        LARGEST, LARGEST - 1, 2**64 - 1, at, 2**64 - 1, True, 1, LARGEST,
    )  # fmt: skip
    assert fresh.view("ReserveFeed", "latestRoundData") == (2**64 - 1, LARGEST, at, at, 2**64 - 1)
    names = ("allocation", "epoch", "sequence")
    assert [fresh.view("ReserveFeed", name) for name in names] == [LARGEST - 1, 2**64 - 1, 2**64 - 1]


def test_report__encumbered_and_in_transit__never_count(stage: Stage) -> None:
    stage.report(shares=150 * SHARE, encumbered=900 * SHARE, in_transit=900 * SHARE, allocation=150 * SHARE)
    with reverts("issuer: allocation was too small"):
        stage.mint(stage.voucher(raw=GRAIN))
    with reverts("feed: allocation was above the shares"):
        stage.report(shares=150 * SHARE, encumbered=900 * SHARE, in_transit=900 * SHARE, allocation=150 * SHARE + 1)


@pytest.mark.parametrize("figure", ["shares", "encumbered", "in_transit"])
def test_report__figure_beyond_its_half_word__reverts(fresh: Stage, figure: str) -> None:
    changes: dict[str, Any] = {"allocation": 0, figure: LARGEST + 1}
    with reverts("feed: figure was out of bounds"):
        fresh.report(**changes)
    fresh.report(**(changes | {figure: LARGEST}))


@pytest.mark.parametrize("caller", ["attestor", "stranger", "corporate_action", "guardian"])
def test_report__sent_by_another_than_the_issuer__reverts(fresh: Stage, caller: str) -> None:
    with reverts("feed: caller was not the issuer"):
        fresh.report(sender=caller)


@pytest.mark.parametrize("signer", ["issuer", "stranger"])
def test_report__not_signed_by_the_attestor__reverts(fresh: Stage, signer: str) -> None:
    with reverts("feed: attestor signature was wrong"):
        fresh.report(signer=signer)


def test_report__by_sets_of_signers__takes_any_issuer_and_two_of_three_attestors(fresh: Stage) -> None:
    attestors = ("attestor", "second attestor", "third attestor")
    for role, names, threshold in ((1, ("issuer", "second issuer"), 2), (2, attestors, 2)):
        members = sorted((account(name) for name in names), key=lambda each: int(each, 16))
        fresh.send(fresh.at.timelock, "Signers", "set_signers", role, members, threshold)
    for sender, pair in (("issuer", attestors[:2]), ("second issuer", attestors[1:])):
        fresh.report(sender=sender, signer=pair)
    for wrong in (attestors[0], attestors, ("attestor", "attestor"), ("attestor", "issuer"), ("attestor", "stranger")):
        with reverts("feed: attestor signature was wrong"):
            fresh.report(signer=wrong)
    assert fresh.view("ReserveFeed", "sequence") == 2


def test_report__after_the_attestors_changed__takes_only_the_new(fresh: Stage) -> None:
    fresh.report()
    fresh.send(fresh.at.timelock, "Signers", "set_signers", 2, [account("new attestor")], 1)
    with reverts("feed: attestor signature was wrong"):
        fresh.report()
    fresh.report(signer="new attestor")


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
def test_report__breaking_its_rule__reverts_and_keeps_the_last(fresh: Stage, changes: dict[str, Any], reason: str) -> None:
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
    assert fresh.view("ReserveFeed", "reserve")[5] is True
    fresh.pass_time(1)
    assert fresh.view("ReserveFeed", "reserve")[5] is False


@pytest.mark.parametrize(
    ("place", "wrong", "reason"),
    [
        (0, NOBODY, "feed: token was zero"), (1, NOBODY, "feed: issuer was zero"),
        (2, NOBODY, "feed: signers were zero"), (3, 0, "feed: age limit was zero"),
    ],
)  # fmt: skip
def test_feed__without_a_part__cannot_be_made(fresh: Stage, place: int, wrong: object, reason: str) -> None:
    arguments = [fresh.token, fresh.at.issuer, fresh.at.signers, 1]
    fresh.send_data("lister", None, own("ReserveFeed").creation(*arguments))
    arguments[place] = wrong
    with pytest.raises(Reverted, match=reason):
        fresh.send_data("lister", None, own("ReserveFeed").creation(*arguments))
