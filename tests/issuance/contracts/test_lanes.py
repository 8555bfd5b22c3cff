"""Lanes to other chains: opened by the owner alone, lowered by the guardian, each with a cap an hour that refills evenly."""

import pytest
from tests.issuance.contracts.stage import GRAIN, ONE, Stage, account, reverts
from tests.issuance.contracts.test_crossings import (
    ELSEWHERE,
    HOUR,
    HOUR_CAP,
    LIFE,
    MILLI,
    SECOND,
    THERE,
    depart,
    lane,
    lane_of,
    record,
)
from tests.issuance.contracts.test_kinds import key_of, list_other
from tests.issuance.contracts.test_survivors import only

GRAINS_MAX = 2**72 - 1


@pytest.fixture
def laned(stage: Stage) -> Stage:
    """As `stage`, with a lane of 3.6 tokens an hour, a thousandth a second, and half an hour to arrive."""
    lane(stage)
    return stage


# Lanes: a cap an hour


def test_lane__used_up_to_its_cap__refuses_a_grain_more(laned: Stage) -> None:
    with reverts("issuer: hourly departure cap was reached"):
        depart(laned, raw=HOUR_CAP + GRAIN)
    depart(laned, raw=HOUR_CAP - GRAIN)
    assert lane_of(laned) == (HOUR_CAP, LIFE, GRAIN)
    with reverts("issuer: hourly departure cap was reached"):
        depart(laned, raw=2 * GRAIN, request=SECOND)
    depart(laned, raw=GRAIN, request=SECOND)
    assert lane_of(laned) == (HOUR_CAP, LIFE, 0)
    with reverts("issuer: hourly departure cap was reached"):
        depart(laned, "bob", raw=GRAIN)


def test_lane__refills_evenly__and_never_above_its_cap(laned: Stage) -> None:
    depart(laned, raw=HOUR_CAP)
    laned.pass_time(1)
    assert lane_of(laned)[2] == MILLI
    laned.pass_time(HOUR // 2 - 1)
    assert lane_of(laned)[2] == HOUR_CAP // 2
    depart(laned, raw=HOUR_CAP // 2, request=SECOND)
    laned.pass_time(HOUR - 1)
    assert lane_of(laned)[2] == HOUR_CAP - MILLI
    laned.pass_time(1)
    assert lane_of(laned)[2] == HOUR_CAP
    laned.pass_time(2 * HOUR)
    assert lane_of(laned)[2] == HOUR_CAP


def test_lane__that_refills_by_no_whole_grain__rounds_down(stage: Stage) -> None:
    lane(stage, hour_cap=7_201 * GRAIN)
    depart(stage, raw=7_201 * GRAIN)
    for seconds, grains in ((1, 2), (3_598, 7_198), (1, 7_201)):
        stage.pass_time(seconds)
        assert lane_of(stage)[2] == grains * GRAIN


def test_lanes__of_other_destinations_and_tokens__are_their_own(laned: Stage) -> None:
    other = list_other(laned)
    lane(laned, destination=ELSEWHERE, hour_cap=2 * ONE, life=LIFE + 1)
    lane(laned, token=other, hour_cap=3 * ONE, life=LIFE + 2)
    depart(laned, raw=HOUR_CAP)
    assert lane_of(laned) == (HOUR_CAP, LIFE, 0)
    assert lane_of(laned, ELSEWHERE) == (2 * ONE, LIFE + 1, 2 * ONE)
    assert lane_of(laned, token=other) == (3 * ONE, LIFE + 2, 3 * ONE)
    assert lane_of(laned, ELSEWHERE, other) == (0, 0, 0)
    depart(laned, raw=2 * ONE, destination=ELSEWHERE, request=SECOND)


def test_lane__changed__keeps_what_was_used_and_the_time_of_crossings_on_their_way(laned: Stage) -> None:
    depart(laned, raw=HOUR_CAP)
    arrive_by = laned.now() + LIFE
    laned.pass_time(HOUR // 2)
    lane(laned, hour_cap=2 * HOUR_CAP, life=LIFE * 2)
    assert lane_of(laned) == (2 * HOUR_CAP, LIFE * 2, HOUR_CAP + HOUR_CAP // 2)
    assert record(laned, key_of(laned, "alice"))[1][0] == arrive_by
    lane(laned, hour_cap=HOUR_CAP // 10)
    assert lane_of(laned)[2] == 0
    laned.pass_time(4 * HOUR)  # half a cap was used; a tenth of it comes back in an hour
    assert lane_of(laned)[2] == 0
    laned.pass_time(1)
    assert lane_of(laned)[2] == MILLI // 10
    depart(laned, raw=MILLI // 10, request=SECOND)


def test_lane__that_there_never_was_or_that_was_closed__lets_nothing_leave(stage: Stage) -> None:
    assert lane_of(stage) == (0, 0, 0)
    with reverts("issuer: lane was closed"):
        depart(stage, raw=GRAIN)
    lane(stage)
    depart(stage, raw=GRAIN)
    lane(stage, hour_cap=0)
    assert lane_of(stage) == (0, LIFE, 0)
    with reverts("issuer: lane was closed"):
        depart(stage, raw=GRAIN, request=SECOND)
    lane(stage, hour_cap=2 * GRAIN)
    assert lane_of(stage)[2] == GRAIN
    depart(stage, raw=GRAIN, request=SECOND)


# Who sets lanes


def test_set_lane__by_the_owner__is_an_event_and_holds(stage: Stage) -> None:
    fields = only(lane(stage), "Issuer", "LaneChanged", stage.token, THERE)
    assert fields == {"hourCap": HOUR_CAP, "life": LIFE}
    assert lane_of(stage) == (HOUR_CAP, LIFE, HOUR_CAP)


@pytest.mark.parametrize("caller", ["issuer", "attestor", "lister", "approver", "stranger"])
def test_set_lane__by_another__reverts(laned: Stage, caller: str) -> None:
    with reverts("issuer: caller was neither owner nor guardian"):
        lane(laned, caller, hour_cap=GRAIN)
    assert lane_of(laned) == (HOUR_CAP, LIFE, HOUR_CAP)


def test_set_lane__by_the_guardian__lowers_the_cap_and_nothing_else(laned: Stage) -> None:
    for changes in ({"hour_cap": HOUR_CAP + GRAIN}, {"life": LIFE + 1}, {"life": LIFE - 1}, {"destination": ELSEWHERE}):
        with reverts("issuer: guardian only lowers limits"):
            lane(laned, "guardian", **changes)
    for cap in (HOUR_CAP - GRAIN, 0):
        lane(laned, "guardian", hour_cap=cap)
        assert lane_of(laned) == (cap, LIFE, cap)
    with reverts("issuer: guardian only lowers limits"):
        lane(laned, "guardian", hour_cap=GRAIN)
    lane(laned)


@pytest.mark.parametrize("caller", ["", "guardian"])
def test_set_lane__unchanged_or_of_a_strange_token__reverts(laned: Stage, caller: str) -> None:
    with reverts("issuer: lane was unchanged"):
        lane(laned, caller)
    with reverts("issuer: token was not registered"):
        lane(laned, caller, token=account("stranger"))


@pytest.mark.parametrize(("life", "sound"), [(0, 0), (599, 0), (600, 1), (604_800, 1), (604_801, 0), (2**64 - 1, 0)])
def test_set_lane__life_of_ten_minutes_to_a_week__and_no_other(stage: Stage, life: int, sound: int) -> None:
    if not sound:
        with reverts("issuer: lane life was out of bounds"):
            lane(stage, life=life)
        return
    lane(stage, life=life)
    depart(stage)
    assert record(stage, key_of(stage, "alice"))[1][0] == stage.now() + life


def test_set_lane__finer_than_a_grain_or_beyond_its_word__reverts(stage: Stage) -> None:
    for wrong in (1, GRAIN - 1, GRAIN + 1):
        with reverts("issuer: limit was finer than 1e-8"):
            lane(stage, hour_cap=wrong)
    for wrong in ((GRAINS_MAX + 1) * GRAIN, (2**256 // GRAIN - 1) * GRAIN):
        with reverts("issuer: limit was out of bounds"):
            lane(stage, hour_cap=wrong)
    lane(stage, hour_cap=GRAINS_MAX * GRAIN, life=604_800)
    assert lane_of(stage) == (GRAINS_MAX * GRAIN, 604_800, GRAINS_MAX * GRAIN)
    depart(stage, raw=100 * ONE)
    assert lane_of(stage)[2] == GRAINS_MAX * GRAIN - 100 * ONE
    stage.pass_time(10 * 366 * 86_400)
    assert lane_of(stage)[2] == GRAINS_MAX * GRAIN
