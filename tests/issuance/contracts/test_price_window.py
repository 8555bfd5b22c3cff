"""Around a corporate action the price waits: from the last close before it to the first round that was observed after."""

from typing import Any

import pytest
from tests.issuance.contracts.corporate import (
    BOTH,
    DAY,
    META,
    NOTICE,
    answer,
    change_by,
    delisting,
    deploy_coin,
    dividend,
    looking_at,
    merger,
    open_now,
)
from tests.issuance.contracts.stage import ONE, Stage, reverts

from openscrip.issuance.chains.evm.deployment import ListedToken
from openscrip.issuance.chains.evm.typed_data import PRICE
from openscrip.issuance.contracts.artifact import own

USD = 10**8
WAITS = "price: waits for a corporate action"


def waits(stage: Stage) -> bool:
    """Whether the price waits; both ways to ask agree."""
    waiting = bool(stage.view("PriceFeed", "latest_price")[4])
    if waiting:
        with reverts(WAITS):
            answer(stage)
    else:
        assert answer(stage) > 0
    return waiting


def staged(stage: Stage, action: dict[str, Any], new: int, old: int, wait_s: int = 3_600) -> dict[str, Any]:
    """Announce and stage a change in a day, of which the price waits the last `wait_s` seconds."""
    change = change_by(stage, action, new, old)
    change["paused_from"] = change["effective_at"] - wait_s
    stage.schedule(change, BOTH, action)
    return change


@pytest.mark.parametrize("kind", ["split", "dividend"])
def test_window__opens_and_closes_to_the_second(fresh: Stage, kind: str) -> None:
    action, ratio = (fresh.action(), (10, 1)) if kind == "split" else (dividend(fresh), (1_001, 1_000))
    staged(fresh, action, *ratio)
    fresh.price(session=5)
    fresh.pass_time(DAY - 3_601)
    assert not waits(fresh)
    for seconds in (1, 1):
        fresh.pass_time(seconds)
        assert waits(fresh)
    fresh.price(session=5)
    assert waits(fresh)
    fresh.pass_time(3_600 - 2)
    assert fresh.token_view("effectiveAt") == fresh.now() + 1
    fresh.price(session=5)
    assert waits(fresh)
    fresh.pass_time(1)
    assert waits(fresh)
    fresh.price(session=5)
    assert not waits(fresh)


def test_window__round_observed_before_but_reported_after__does_not_close_it(fresh: Stage) -> None:
    change = staged(fresh, fresh.action(), 10, 1)
    fresh.price(session=5)
    fresh.pass_time(DAY + 100)
    with reverts("price: version was not the token's"):
        fresh.price(version=0, observed_at=change["effective_at"] - 1)
    fresh.price(version=1, observed_at=change["effective_at"] - 1)
    assert waits(fresh)
    fresh.price(observed_at=change["effective_at"])
    assert not waits(fresh)


def test_window__second_change__waits_again(fresh: Stage) -> None:
    for _ in range(2):
        staged(fresh, fresh.action(ratio_new=2, ratio_old=1), 2, 1)
        fresh.pass_time(DAY)
        fresh.price(session=5)
        assert not waits(fresh)
    staged(fresh, dividend(fresh), 101, 100)
    assert not waits(fresh)
    fresh.pass_time(DAY - 3_600)
    assert waits(fresh)


def test_window__that_began_before_it_was_staged__waits_at_once(fresh: Stage) -> None:
    fresh.price(session=5)
    staged(fresh, fresh.action(), 10, 1, wait_s=2 * DAY)
    assert waits(fresh)
    fresh.pass_time(1)
    fresh.price(session=5)
    assert waits(fresh)


def test_window__cancelled_change__frees_the_price(fresh: Stage) -> None:
    action = fresh.action()
    staged(fresh, action, 10, 1)
    fresh.pass_time(DAY - 10)
    fresh.price(session=5)
    assert waits(fresh)
    fresh.cancel(action["id"])
    assert not waits(fresh)
    fresh.pass_time(DAY)
    assert not waits(fresh)


def test_split__raw_price_does_not_jump__so_no_move_is_large(fresh: Stage) -> None:
    fresh.price(price=1_208_88 * 10**6, session=5)
    staged(fresh, fresh.action(), 10, 1)
    fresh.pass_time(DAY)
    fresh.price(price=121_79 * 10 * 10**6)
    assert answer(fresh) == 1_217_90 * 10**6
    assert fresh.token_view("uiMultiplier") == 10 * ONE
    fresh.pass_time(1)
    with reverts("price: move was large"):
        fresh.price(price=121_79 * 10**6)


def test_windows__of_two_stocks__do_not_touch(fresh: Stage) -> None:
    here, there = ListedToken(fresh.token, fresh.feed, fresh.price_feed), fresh.list_stock(META)
    staged(fresh, fresh.action(), 10, 1)
    fresh.price(session=5)
    with looking_at(fresh, there):
        fresh.price(session=5, price=500 * USD)
        fresh.pass_time(DAY - 1)
        assert not waits(fresh)
    assert waits(fresh)
    fresh.pass_time(1)
    assert waits(fresh)
    with looking_at(fresh, there):
        assert not waits(fresh)
        assert answer(fresh) == 500 * USD
    with looking_at(fresh, here):
        fresh.price(session=5)
        assert not waits(fresh)


def test_answer__multiplier_moved_past_the_register__waits_for_a_round_of_it(fresh: Stage) -> None:
    apart = own("CorporateActions").creation(fresh.at.signers, fresh.at.issuer)
    register = fresh.send_data("lister", None, apart)["contractAddress"]
    creation = own("PriceFeed").creation(fresh.token, fresh.at.policy, fresh.at.signers, register)
    feed = str(fresh.send_data("lister", None, creation)["contractAddress"])
    fresh.places["PriceFeed"], fresh.domains[PRICE] = feed, feed
    try:
        fresh.price(session=5)
        staged(fresh, fresh.action(), 10, 1)
        fresh.pass_time(DAY - 1)
        assert not waits(fresh)
        fresh.pass_time(1)
        assert waits(fresh)
        fresh.price(session=5)
        assert not waits(fresh)
    finally:
        fresh.places["PriceFeed"], fresh.domains[PRICE] = fresh.price_feed, fresh.price_feed


@pytest.mark.parametrize("kind", ["merger", "delisting"])
def test_answer__of_a_token_that_ends__stops_at_that_second_for_good(fresh: Stage, kind: str) -> None:
    into = fresh.list_stock(META).token
    action = merger(fresh, into) if kind == "merger" else delisting(fresh, deploy_coin(fresh))
    open_now(fresh, action, wait=False)
    fresh.price()
    fresh.pass_time(NOTICE - 1)
    assert answer(fresh) == 200 * USD
    assert fresh.view("PriceFeed", "latest_price")[5] is False
    fresh.pass_time(1)
    fresh.price()
    with reverts("price: token was ended"):
        answer(fresh)
    assert fresh.view("PriceFeed", "latest_price")[5] is True
    fresh.finish(action["id"])
    with reverts("price: token was ended"):
        answer(fresh)


def test_answer__more_than_one_reason__names_the_first(fresh: Stage) -> None:
    into = fresh.list_stock(META).token
    staged(fresh, fresh.action(), 10, 1)
    fresh.price(halted=True)
    fresh.pass_time(DAY)
    with reverts("price: was halted"):
        answer(fresh)
    fresh.price(observed_at=fresh.now() - 300)
    fresh.pass_time(3_300)
    with reverts(WAITS):
        answer(fresh)
    fresh.pass_time(1)
    with reverts("price: was stale"):
        answer(fresh)
    fresh.send("guardian", "PriceFeed", "halt")
    open_now(fresh, merger(fresh, into))
    with reverts("price: token was ended"):
        answer(fresh)
