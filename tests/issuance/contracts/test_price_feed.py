"""The price of a raw token: signed, never clamped, and no answer while it is stale, halted, or before a corporate action."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.issuance.contracts.corporate import answer
from tests.issuance.contracts.stage import CHAIN_ID, NOBODY, ONE, Stage, account, events, reverts

from openscrip.issuance.chains.evm.typed_data import PRICE, PRICE_REPORT
from openscrip.issuance.contracts.artifact import own

USD = 10**8
WITH_ATTESTOR = ("price", "attestor")
DAY = 86_400


def state(stage: Stage) -> dict[str, Any]:
    """All that the feed knows of its latest round."""
    names = ("price", "session", "halted", "fresh", "waiting", "ended", "version", "observed_at", "sequence")
    return dict(zip(names, stage.view("PriceFeed", "latest_price"), strict=True))


# A report


def test_report__by_the_price_key__is_a_round_and_is_told(fresh: Stage) -> None:
    at = fresh.now()
    fresh.pass_time(60)
    receipt = fresh.price(price=201 * USD, session=3, observed_at=at, sequence=7)
    [(topics, said)] = events(receipt, "PriceFeed", "AnswerUpdated")
    assert [int(topic, 16) for topic in topics] == [201 * USD, 7]
    assert said == {"updatedAt": at}
    [(topics, said)] = events(receipt, "PriceFeed", "PriceReported")
    assert (topics[0][-40:], int(topics[1], 16)) == (fresh.token[2:].lower(), 7)
    assert said == {
        "price": 201 * USD, "session": 3, "halted": False, "largeMove": False, "version": 0, "observedAt": at,
    }  # fmt: skip
    assert fresh.view("PriceFeed", "latestRoundData") == (7, 201 * USD, at, at, 7)
    assert fresh.view("PriceFeed", "getRoundData", 7) == (7, 201 * USD, at, at, 7)
    assert fresh.view("PriceFeed", "sequence") == 7
    assert state(fresh) == {
        "price": 201 * USD, "session": 3, "halted": False, "fresh": True, "waiting": False, "ended": False,
        "version": 0, "observed_at": at, "sequence": 7,
    }  # fmt: skip


def test_report__large_and_halted__says_both(fresh: Stage) -> None:
    receipt = fresh.price(WITH_ATTESTOR, large_move=True, halted=True)
    said = events(receipt, "PriceFeed", "PriceReported")[0][1]
    assert (said["halted"], said["largeMove"]) == (True, True)


def test_rounds__all_stay__also_after_gaps(fresh: Stage) -> None:
    seen = {}
    for sequence in (1, 2, 9):
        fresh.pass_time(1)
        fresh.price(price=200 * USD + sequence, sequence=sequence)
        seen[sequence] = fresh.now()
    for sequence, at in seen.items():
        assert fresh.view("PriceFeed", "getRoundData", sequence) == (sequence, 200 * USD + sequence, at, at, sequence)
    for missing in (0, 3, 8, 10):
        with reverts("price: round was not found"):
            fresh.view("PriceFeed", "getRoundData", missing)


@pytest.mark.parametrize("signer", ["attestor", "issuer", "corporate_action", "lister", "guardian", "stranger"])
def test_report__not_by_the_price_key__reverts(fresh: Stage, signer: str) -> None:
    with reverts("price: price signature was wrong"):
        fresh.price((signer, None))


@pytest.mark.parametrize("domain", [{"chain_id": 1}, {"contract": NOBODY}], ids=str)
def test_report__signed_for_another_chain_or_feed__reverts(fresh: Stage, domain: dict[str, Any]) -> None:
    with reverts("price: price signature was wrong"):
        fresh.price(domain=domain)


def test_report__with_a_field_that_was_not_signed__reverts(fresh: Stage) -> None:
    values = list(fresh.priced(observed_at=fresh.now() - 60))
    signature = fresh.signed(PRICE, PRICE_REPORT, tuple(values), "price")
    for place, was in enumerate(values):
        changed = not was if isinstance(was, bool) else was + 1 if isinstance(was, int) else account("mallory")
        forged = (*values[:place], changed, *values[place + 1 :])
        with reverts("price: price signature was wrong"):
            fresh.send("stranger", "PriceFeed", "report", forged, signature, b"")
    fresh.send("stranger", "PriceFeed", "report", tuple(values), signature, b"")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"token": account("mallory")}, "price: report was for another token"),
        ({"price": 0}, "price: price was out of bounds"),
        ({"price": 2**128}, "price: price was out of bounds"),
        ({"session": 0}, "price: session was unknown"),
        ({"session": 6}, "price: session was unknown"),
        ({"version": 1}, "price: version was not the token's"),
        ({"sequence": 0}, "price: sequence did not rise"),
    ],
)
def test_report__that_is_not_sound__reverts(fresh: Stage, changes: dict[str, Any], reason: str) -> None:
    with reverts(reason):
        fresh.price(**changes)
    assert state(fresh)["sequence"] == 0


@pytest.mark.parametrize(
    "changes", [{"price": 1}, {"price": 2**128 - 1}, *({"session": session} for session in range(1, 6))], ids=str
)
def test_report__at_the_edge_of_sound__is_accepted(fresh: Stage, changes: dict[str, Any]) -> None:
    fresh.price(**changes)
    shown = state(fresh)
    assert {name: shown[name] for name in changes} == changes
    assert answer(fresh) == shown["price"]


def test_report__sequence_and_observation__both_rise(fresh: Stage) -> None:
    fresh.price(sequence=5, observed_at=fresh.now() - 100)
    for sequence in (4, 5):
        with reverts("price: sequence did not rise"):
            fresh.price(sequence=sequence)
    for observed in (101, 100):
        with reverts("price: observation was not newer"):
            fresh.price(sequence=6, observed_at=fresh.now() - observed)
    fresh.price(sequence=6, observed_at=fresh.now() - 99)
    assert state(fresh)["sequence"] == 6


def test_report__sequence_far_ahead__reverts__so_that_no_key_uses_all_of_them_up(fresh: Stage) -> None:
    with reverts("price: sequence ran too far ahead"):
        fresh.price(sequence=2**32 + 1)
    fresh.price(sequence=2**32, observed_at=fresh.now() - 100)
    with reverts("price: sequence ran too far ahead"):
        fresh.price(sequence=2**33 + 1)
    fresh.price(sequence=2**33)
    assert state(fresh)["sequence"] == 2**33


def test_report__observation__is_of_the_last_five_minutes(fresh: Stage) -> None:
    with reverts("price: observation was from the future"):
        fresh.price(observed_at=fresh.now() + 1)
    with reverts("price: observation was too old"):
        fresh.price(observed_at=fresh.now() - 301)
    fresh.price(observed_at=fresh.now() - 300)
    fresh.price(observed_at=fresh.now())
    assert state(fresh)["observed_at"] == fresh.now()


# Large moves


@pytest.mark.parametrize(
    ("last", "edge", "beyond"), [(100, 120, 121), (100, 80, 79), (101, 121, 122), (101, 81, 80), (4, 4, 5), (4, 4, 3)]
)
def test_report__move__is_large_beyond_a_fifth(fresh: Stage, last: int, edge: int, beyond: int) -> None:
    fresh.price(price=last)
    fresh.pass_time(1)
    with reverts("price: move was large"):
        fresh.price(price=beyond)
    fresh.price(price=edge)
    assert answer(fresh) == edge


@settings(max_examples=25)
@given(last=st.integers(1, 2**128 - 1), price=st.integers(1, 2**128 - 1), near=st.fractions(Fraction(1, 2), 2))
def test_report__any_move__is_taken_as_it_is_or_refused(deployed: Stage, last: int, price: int, near: Fraction) -> None:
    snapshot = deployed.rpc.call("evm_snapshot")
    deployed.price_sequence = 0
    deployed.price(price=last)
    for moved in {price, min(max(int(last * near), 1), 2**128 - 1)}:
        deployed.pass_time(1)
        last = answer(deployed)
        if abs(Fraction(moved, last) - 1) > Fraction(1, 5):
            with reverts("price: move was large"):
                deployed.price(price=moved)
            assert answer(deployed) == last
        else:
            deployed.price(price=moved)
            assert answer(deployed) == moved
    deployed.rpc.call("evm_revert", snapshot)


def test_report__large_move__needs_the_attestor_as_well(fresh: Stage) -> None:
    fresh.price(price=100 * USD)
    fresh.pass_time(1)
    for second in (None, "price", "issuer", "stranger"):
        with reverts("price: attestor signature was wrong"):
            fresh.price(("price", second), price=50 * USD, large_move=True)
    with reverts("price: price signature was wrong"):
        fresh.price(("attestor", "attestor"), price=50 * USD, large_move=True)
    with reverts("price: move was large"):
        fresh.price(WITH_ATTESTOR, price=50 * USD)
    fresh.price(WITH_ATTESTOR, price=50 * USD, large_move=True)
    assert answer(fresh) == 50 * USD


def test_report__small_move_called_large__needs_the_attestor_all_the_same(fresh: Stage) -> None:
    with reverts("price: attestor signature was wrong"):
        fresh.price(large_move=True)
    fresh.price(WITH_ATTESTOR, large_move=True)
    fresh.pass_time(1)
    fresh.price(("price", "stranger"))
    assert state(fresh)["sequence"] == fresh.price_sequence


# Staleness, halts


@pytest.mark.parametrize(("session", "age"), [(1, 3_600), (2, 14_400), (3, 14_400), (4, 14_400), (5, 4 * DAY)])
def test_answer__grows_stale__by_its_session(fresh: Stage, session: int, age: int) -> None:
    fresh.price(session=session, observed_at=fresh.now() - 100)
    fresh.pass_time(age - 100)
    assert answer(fresh) == 200 * USD
    assert state(fresh)["fresh"] is True
    fresh.pass_time(1)
    with reverts("price: was stale"):
        answer(fresh)
    assert state(fresh)["fresh"] is False


def test_answer__before_the_first_round__is_none(fresh: Stage) -> None:
    with reverts("price: nothing was reported"):
        answer(fresh)
    with reverts("price: round was not found"):
        fresh.view("PriceFeed", "getRoundData", 0)
    assert state(fresh) == {
        "price": 0, "session": 0, "halted": False, "fresh": False, "waiting": False, "ended": False, "version": 0,
        "observed_at": 0, "sequence": 0,
    }  # fmt: skip


def test_answer__market_halted__is_none_until_a_round_without(fresh: Stage) -> None:
    fresh.price(halted=True)
    with reverts("price: was halted"):
        answer(fresh)
    assert (state(fresh)["halted"], fresh.view("PriceFeed", "is_halted")) == (True, False)
    fresh.pass_time(1)
    fresh.price()
    assert answer(fresh) == 200 * USD


def test_halt__by_the_guardian__holds_whatever_is_reported(fresh: Stage) -> None:
    fresh.price()
    for sender in ("price", "attestor", "stranger", fresh.at.timelock):
        with reverts("price: caller was not the guardian"):
            fresh.send(sender, "PriceFeed", "halt")
    receipt = fresh.send("guardian", "PriceFeed", "halt")
    [(topics, _)] = events(receipt, "PriceFeed", "Halted")
    assert topics[0][-40:] == account("guardian")[2:].lower()
    with reverts("price: was halted already"):
        fresh.send("guardian", "PriceFeed", "halt")
    fresh.pass_time(1)
    fresh.price(price=210 * USD)
    with reverts("price: was halted"):
        answer(fresh)
    assert (state(fresh)["halted"], state(fresh)["price"]) == (True, 210 * USD)


def test_resume__by_the_owner_alone__lets_it_answer_again(fresh: Stage) -> None:
    fresh.price()
    with reverts("price: was not halted"):
        fresh.send(fresh.at.timelock, "PriceFeed", "resume")
    fresh.send("guardian", "PriceFeed", "halt")
    for sender in ("guardian", "price", "stranger"):
        with reverts("price: caller was not the owner"):
            fresh.send(sender, "PriceFeed", "resume")
    receipt = fresh.send(fresh.at.timelock, "PriceFeed", "resume")
    [(topics, _)] = events(receipt, "PriceFeed", "Resumed")
    assert topics[0][-40:] == fresh.at.timelock[2:].lower()
    assert answer(fresh) == 200 * USD


# Set-up


@pytest.mark.parametrize(("place", "what"), [(0, "token"), (1, "policy"), (2, "signers"), (3, "actions")])
def test_constructor__zero__reverts(fresh: Stage, place: int, what: str) -> None:
    arguments = [fresh.token, fresh.at.policy, fresh.at.signers, fresh.at.actions]
    arguments[place] = NOBODY
    with reverts(f"price: {what} was zero"):
        fresh.send_data("lister", None, own("PriceFeed").creation(*arguments))


def test_feed__names_its_parts_and_says_that_it_prices_raw_tokens(fresh: Stage) -> None:
    parts = {"token": fresh.token, "policy": fresh.at.policy, "signers": fresh.at.signers, "actions": fresh.at.actions}
    assert {name: fresh.view("PriceFeed", name) for name in parts} == {name: at.lower() for name, at in parts.items()}
    assert fresh.view("PriceFeed", "decimals") == 8
    assert fresh.view("PriceFeed", "version") == 1
    assert fresh.view("PriceFeed", "description") == "Price of one raw token in USD, 1e-8"
    assert fresh.token_view("uiMultiplier") == ONE
    assert fresh.rpc.call("eth_chainId") == hex(CHAIN_ID)
    assert len(fresh.view("PriceFeed", "DOMAIN_SEPARATOR")) == 32
