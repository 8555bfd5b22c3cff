"""Caps: on the supply, on a day's issuances and an hour's arrivals, exact at their edges, refilling evenly, in raw."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import GRAIN, NOTHING, ONE, Stage, account, reverts
from tests.issuance.contracts.test_kinds import burned, succeed, surrender
from tests.issuance.contracts.test_survivors import only

MILLI = 10**15
DAY, HOUR = 86_400, 3_600
# a thousandth of a token a second
DAY_CAP, HOUR_CAP = DAY * MILLI, HOUR * MILLI
GRAINS_MAX = 2**72 - 1
FIRST = b"\1" * 32
# kind of mint -> its cap, the span in which that refills, and the refusal at its edge
WINDOWS = {
    1: (DAY_CAP, DAY, "issuer: day cap was reached"),
    2: (HOUR_CAP, HOUR, "issuer: hourly arrival cap was reached"),
}
both = pytest.mark.parametrize("kind", WINDOWS)
LIMITS: dict[str, Any] = {"supply": 10_000 * ONE, "day": DAY_CAP, "arrival": HOUR_CAP}


def limit(stage: Stage, caller: str = "", **changes: Any) -> dict[str, Any]:
    """Set limits as the owner, or as `caller`; `token` is the stage's unless it is among the changes."""
    fields = {"token": stage.token, **LIMITS} | changes
    return stage.send(caller or stage.at.timelock, "Issuer", "set_limits", *fields.values())


def as_limit(name: str, raw: int) -> dict[str, Any]:
    """One limit by its name."""
    return {name: raw}


def limits_of(stage: Stage) -> tuple[int, int, int]:
    """The caps in force."""
    found: tuple[int, int, int] = stage.view("Issuer", "limits_of", stage.token)
    return found


def available(stage: Stage, kind: int) -> int:
    """What may be minted of a kind now."""
    return int(stage.view("Issuer", "available", stage.token, kind))


def mint(stage: Stage, kind: int, raw: int) -> dict[str, Any]:
    """Mint so much of a kind, under a report of now."""
    stage.report(shares=10**15, allocation=10**15)
    origin = stage.unique("origin") if kind == 2 else NOTHING
    return stage.mint(stage.voucher(kind=kind, raw=raw, origin=origin))


def cap(kind: int, raw: int) -> dict[str, Any]:
    """The argument that sets a window's cap."""
    return as_limit("day" if kind == 1 else "arrival", raw)


# Windows


@both
def test_window__used_up_to_its_cap__refuses_a_grain_more(fresh: Stage, kind: int) -> None:
    limit(fresh)
    most, _, refusal = WINDOWS[kind]
    with reverts(refusal):
        mint(fresh, kind, most + GRAIN)
    mint(fresh, kind, most - GRAIN)
    assert available(fresh, kind) == GRAIN
    with reverts(refusal):
        mint(fresh, kind, 2 * GRAIN)
    mint(fresh, kind, GRAIN)
    assert available(fresh, kind) == 0
    with reverts(refusal):
        mint(fresh, kind, GRAIN)


@both
def test_window__refills_evenly__and_never_above_its_cap(fresh: Stage, kind: int) -> None:
    limit(fresh)
    most, span, refusal = WINDOWS[kind]
    mint(fresh, kind, most)
    fresh.pass_time(1)
    assert available(fresh, kind) == MILLI
    with reverts(refusal):
        mint(fresh, kind, MILLI + GRAIN)
    mint(fresh, kind, MILLI)
    fresh.pass_time(span // 2)
    assert available(fresh, kind) == most // 2
    fresh.pass_time(span // 2 - 1)
    assert available(fresh, kind) == most - MILLI
    fresh.pass_time(1)
    assert available(fresh, kind) == most
    fresh.pass_time(2 * span)
    assert available(fresh, kind) == most
    with reverts(refusal):
        mint(fresh, kind, most + GRAIN)
    mint(fresh, kind, most)


@both
def test_window__never_gives_more_than_twice_its_cap_within_a_span(fresh: Stage, kind: int) -> None:
    limit(fresh)
    most, span, _ = WINDOWS[kind]
    mint(fresh, kind, most)
    for _ in range(6):
        fresh.pass_time(span // 6)
        mint(fresh, kind, available(fresh, kind))
    assert fresh.token_view("totalSupply") == 2 * most
    assert available(fresh, kind) == 0


@both
def test_window__of_one_kind__is_not_used_by_another(fresh: Stage, kind: int) -> None:
    limit(fresh)
    mint(fresh, kind, WINDOWS[kind][0])
    other = 3 - kind
    assert available(fresh, kind) == 0
    assert available(fresh, other) == WINDOWS[other][0]
    mint(fresh, other, WINDOWS[other][0])


def test_window__of_restitution_and_succession__is_none(stage: Stage) -> None:
    origin = burned(stage)
    limit(stage, day=0, arrival=0)
    stage.mint(stage.voucher(kind=3, origin=origin, raw=10 * ONE))
    succeed(stage)
    with reverts("issuer: day cap was reached"):
        stage.mint()
    with reverts("issuer: hourly arrival cap was reached"):
        stage.mint(stage.voucher(kind=2, origin=FIRST))


@both
def test_window__cap_raised__gives_the_difference_and_keeps_what_was_used(fresh: Stage, kind: int) -> None:
    limit(fresh)
    most, span, _ = WINDOWS[kind]
    mint(fresh, kind, most)
    fresh.pass_time(span // 2)
    limit(fresh, **cap(kind, 2 * most))
    assert available(fresh, kind) == most + most // 2
    fresh.pass_time(span // 8)
    assert available(fresh, kind) == most + most // 2 + most // 4
    mint(fresh, kind, most + most // 2 + most // 4)


@both
def test_window__cap_lowered_below_what_was_used__refills_at_the_lower_rate_first(fresh: Stage, kind: int) -> None:
    limit(fresh)
    most, span, refusal = WINDOWS[kind]
    mint(fresh, kind, most)
    fresh.pass_time(span // 2)
    limit(fresh, **cap(kind, most // 10))
    assert available(fresh, kind) == 0
    with reverts(refusal):
        mint(fresh, kind, GRAIN)
    fresh.pass_time(4 * span)  # half the old cap was used; a tenth of it comes back in a span
    assert available(fresh, kind) == 0
    fresh.pass_time(1)
    assert available(fresh, kind) == MILLI // 10
    fresh.pass_time(span)
    assert available(fresh, kind) == most // 10


def test_windows__at_a_split__do_not_jump(fresh: Stage) -> None:
    limit(fresh)
    mint(fresh, 1, DAY_CAP)
    fresh.schedule()
    fresh.pass_time(DAY)
    assert fresh.token_view("uiMultiplier") == 10 * ONE
    assert limits_of(fresh) == tuple(LIMITS.values())
    assert available(fresh, 1) == DAY_CAP


# The cap on the supply


def test_supply_cap__holds_for_every_kind__to_the_grain(stage: Stage) -> None:
    origin = burned(stage)
    limit(stage, supply=150 * ONE, day=1_000 * ONE, arrival=1_000 * ONE)
    vouchers: list[dict[str, Any]] = [
        {"kind": 1}, {"kind": 2, "origin": FIRST}, {"kind": 3, "origin": origin, "receiver": account("alice")},
    ]  # fmt: skip
    mint(stage, 1, GRAIN)
    for changes in vouchers:
        with reverts("issuer: supply cap was reached"):
            stage.mint(stage.voucher(raw=10 * ONE, **changes))
    with reverts("issuer: supply cap was reached"):
        succeed(stage, raw=10 * ONE)
    assert [available(stage, kind) for kind in range(1, 5)] == [10 * ONE - GRAIN] * 4
    stage.mint(stage.voucher(raw=10 * ONE - GRAIN, **vouchers[2]))
    assert [available(stage, kind) for kind in range(1, 5)] == [0] * 4


def test_supply_cap__below_the_supply__stops_mints_and_frees_with_a_burn(stage: Stage) -> None:
    limit(stage, supply=100 * ONE, day=1_000 * ONE)
    assert [available(stage, kind) for kind in range(1, 5)] == [0] * 4
    with reverts("issuer: supply cap was reached"):
        stage.mint(stage.voucher(raw=GRAIN))
    stage.escrow("alice", 51 * ONE, FIRST)
    stage.send("issuer", "Issuer", "burn", account("alice"), FIRST)
    assert available(stage, 3) == ONE
    stage.mint(stage.voucher(raw=ONE))


def test_available__is_the_smaller_of_cap_and_window__and_nothing_for_no_kind(fresh: Stage) -> None:
    limit(fresh, supply=DAY_CAP // 2)
    assert available(fresh, 1) == DAY_CAP // 2
    assert available(fresh, 2) == HOUR_CAP
    limit(fresh, supply=HOUR_CAP // 2)
    assert available(fresh, 2) == HOUR_CAP // 2
    assert [available(fresh, kind) for kind in (0, 5, 255)] == [0, 0, 0]
    assert fresh.view("Issuer", "available", account("stranger"), 3) == 0


# Setting limits


def test_set_limits__by_the_owner__is_an_event_and_holds(stage: Stage) -> None:
    receipt = limit(stage, supply=7 * ONE, day=8 * ONE, arrival=9 * ONE)
    assert only(receipt, "Issuer", "LimitsChanged", stage.token) == {
        "supplyCap": 7 * ONE, "dayCap": 8 * ONE, "arrivalCap": 9 * ONE,
    }  # fmt: skip
    assert limits_of(stage) == (7 * ONE, 8 * ONE, 9 * ONE)


@pytest.mark.parametrize("caller", ["issuer", "attestor", "lister", "approver", "stranger"])
def test_set_limits__by_another__reverts(stage: Stage, caller: str) -> None:
    before = limits_of(stage)
    with reverts("issuer: caller was neither owner nor guardian"):
        limit(stage, caller)
    assert limits_of(stage) == before


@pytest.mark.parametrize("name", LIMITS)
def test_set_limits__by_the_guardian__lowers_and_never_raises(stage: Stage, name: str) -> None:
    limit(stage)
    lower: dict[str, Any] = {name: LIMITS[name] - GRAIN}
    with reverts("issuer: guardian only lowers limits"):
        limit(stage, "guardian", **{name: LIMITS[name] + GRAIN})
    limit(stage, "guardian", **lower)
    assert limits_of(stage) == tuple((LIMITS | lower).values())
    with reverts("issuer: guardian only lowers limits"):
        limit(stage, "guardian")
    limit(stage)


def test_set_limits__by_the_guardian_to_nothing__stops_both_windows(stage: Stage) -> None:
    limit(stage, "guardian", day=0, arrival=0)
    assert (available(stage, 1), available(stage, 2)) == (0, 0)


@pytest.mark.parametrize("caller", ["", "guardian"])
def test_set_limits__unchanged_or_without_a_supply__reverts(stage: Stage, caller: str) -> None:
    limit(stage)
    with reverts("issuer: limits were unchanged"):
        limit(stage, caller)
    with reverts("issuer: supply cap was zero"):
        limit(stage, caller, supply=0)


@pytest.mark.parametrize("name", LIMITS)
def test_set_limits__finer_than_a_grain_or_beyond_their_word__reverts(stage: Stage, name: str) -> None:
    for wrong in (1, GRAIN - 1, GRAIN + 1):
        with reverts("issuer: limit was finer than 1e-8"):
            limit(stage, **as_limit(name, wrong))
    for wrong in ((GRAINS_MAX + 1) * GRAIN, (2**256 // GRAIN - 1) * GRAIN):
        with reverts("issuer: limit was out of bounds"):
            limit(stage, **as_limit(name, wrong))
    limit(stage, **as_limit(name, GRAINS_MAX * GRAIN))
    assert limits_of(stage) == tuple((LIMITS | {name: GRAINS_MAX * GRAIN}).values())


def test_set_limits__largest__mint_and_refill(fresh: Stage) -> None:
    largest = GRAINS_MAX * GRAIN
    limit(fresh, supply=largest, day=largest, arrival=largest)
    fresh.report(shares=2**128 - 1, allocation=2**128 - 1)
    fresh.mint(fresh.voucher(raw=largest // 4 // GRAIN * GRAIN))
    assert available(fresh, 2) == largest - fresh.token_view("totalSupply")
    fresh.pass_time(10 * 366 * DAY)
    assert available(fresh, 1) == largest - fresh.token_view("totalSupply")


def test_set_limits__of_a_strange_token__reverts(stage: Stage) -> None:
    for caller in ("", "guardian"):
        with reverts("issuer: token was not registered"):
            limit(stage, caller, token=account("stranger"))


# Closing


def close(stage: Stage, caller: str = "", token: str = "") -> dict[str, Any]:
    """Close a token as the contract of corporate actions, or as `caller`."""
    return stage.send(caller or stage.at.actions, "Issuer", "close", token or stage.token)


def test_close__ends_every_mint__says_so__and_can_be_said_again(stage: Stage) -> None:
    origin = burned(stage)
    receipt = close(stage)
    assert only(receipt, "Issuer", "LimitsChanged", stage.token) == {"supplyCap": 0, "dayCap": 0, "arrivalCap": 0}
    assert limits_of(stage) == (0, 0, 0)
    for changes in ({"kind": 1}, {"kind": 2, "origin": FIRST}, {"kind": 3, "origin": origin}):
        with reverts("issuer: token was closed"):
            stage.mint(stage.voucher(raw=GRAIN, **changes))
    with reverts("issuer: token was closed"):
        succeed(stage)
    assert [available(stage, kind) for kind in range(1, 5)] == [0] * 4
    close(stage)


def test_close__leaves_exits_open(stage: Stage) -> None:
    close(stage)
    for number, how in ((1, "burn"), (2, "refund")):
        stage.escrow("alice", ONE, bytes([number]) * 32)
        stage.send("issuer", "Issuer", how, account("alice"), bytes([number]) * 32)
    stage.send("alice", "StockToken", "approve", stage.at.issuer, 3 * ONE)
    surrender(stage)
    assert stage.token_view("totalSupply") == 146 * ONE


@pytest.mark.parametrize("caller", ["issuer", "guardian", "lister", "stranger", "owner"])
def test_close__by_another__reverts(stage: Stage, caller: str) -> None:
    with reverts("issuer: caller was not the corporate actions contract"):
        close(stage, stage.at.timelock if caller == "owner" else caller)


def test_close__of_a_strange_token__reverts(stage: Stage) -> None:
    with reverts("issuer: token was not registered"):
        close(stage, token=account("stranger"))


def test_set_limits__of_a_token_whose_closing_was_taken_back__opens_it_by_the_owner_alone(stage: Stage) -> None:
    close(stage)
    with reverts("issuer: guardian only lowers limits"):
        limit(stage, "guardian")
    limit(stage)
    assert limits_of(stage) == tuple(LIMITS.values())


def test_set_limits__of_an_ended_token__reverts_until_its_action_is_cancelled(stage: Stage) -> None:
    action = stage.action(kind=b"DLST", ratio_new=0, ratio_old=0, cash=10**8, into=stage.feed)
    stage.announce(action)
    stage.open_conversion(action["id"], stage.now() + 600)
    with reverts("issuer: token was closed"):
        limit(stage)
    stage.cancel(action["id"])
    assert limits_of(stage) == (0, 0, 0)
    limit(stage, day=200 * ONE)
    stage.mint()
