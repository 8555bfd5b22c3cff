"""Crossings: burned here at once under a lane's cap, and given back only when nothing can arrive any more."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import GRAIN, NOBODY, ONE, Stage, account, reverts
from tests.issuance.contracts.test_kinds import BURNED, RESTITUTION, RESTORED, burned, key_of, list_other
from tests.issuance.contracts.test_survivors import only

from openscrip.issuance.voucher import chain_hash

THERE, ELSEWHERE = chain_hash("chain:eip155:8453"), chain_hash("chain:solana:" + "1" * 32)
RECEIVER = b"\x0a" * 32
FIRST, SECOND = b"\1" * 32, b"\2" * 32
NONE = bytes(32)
MILLI = 10**15
HOUR, LIFE, GRACE = 3_600, 1_800, 3_600
HOUR_CAP = HOUR * MILLI
CROSSING = 3


@pytest.fixture
def laned(stage: Stage) -> Stage:
    """As `stage`, with a lane of 3.6 tokens an hour, a thousandth a second, and half an hour to arrive."""
    lane(stage)
    return stage


def lane(stage: Stage, caller: str = "", **changes: Any) -> dict[str, Any]:
    """Set a lane as the owner, or as `caller`."""
    fields = {"token": stage.token, "destination": THERE, "hour_cap": HOUR_CAP, "life": LIFE} | changes
    return stage.send(caller or stage.at.timelock, "Issuer", "set_lane", *fields.values())


def lane_of(stage: Stage, destination: bytes = THERE, token: str = "") -> tuple[int, int, int]:
    """Cap an hour, life, and what may depart now."""
    found: tuple[int, int, int] = stage.view("Issuer", "lane_of", token or stage.token, destination)
    return found


def depart(stage: Stage, holder: str = "alice", approved: int | None = None, **changes: Any) -> dict[str, Any]:
    """Approve, and send a token on its way."""
    fields: dict[str, Any] = {
        "token": stage.token, "raw": ONE, "destination": THERE, "receiver": RECEIVER, "request": FIRST,
    } | changes  # fmt: skip
    stage.send(holder, "StockToken", "approve", stage.at.issuer, fields["raw"] if approved is None else approved)
    return stage.send(holder, "Issuer", "depart", *fields.values())


def restore(stage: Stage, origin: bytes, **changes: Any) -> dict[str, Any]:
    """Give a crossing back, under a report of now."""
    stage.report()
    return stage.mint(stage.voucher(**({"kind": RESTITUTION, "origin": origin, "raw": ONE} | changes)))


def record(stage: Stage, key: bytes) -> tuple[Any, Any]:
    """What the issuer contract keeps of a crossing: as a redemption, and where it went."""
    return stage.view("Issuer", "redemptions", key), stage.view("Issuer", "crossing_of", key)


# Departure


def test_depart__burns_at_once__says_where_to__and_is_kept_as_burned(laned: Stage) -> None:
    receipt = depart(laned)
    arrive_by = laned.now() + LIFE
    assert only(receipt, "Issuer", "Departed", FIRST, laned.token, "alice") == {
        "rawAmount": ONE, "destination": THERE, "receiver": RECEIVER, "arriveBy": arrive_by, "epoch": 0, "multiplier": ONE,
    }  # fmt: skip
    assert laned.token_view("totalSupply") == 149 * ONE
    assert laned.token_view("balanceOf", "alice") == 99 * ONE
    assert laned.token_view("balanceOf", laned.at.issuer) == 0
    assert record(laned, key_of(laned, "alice")) == (
        (account("alice").lower(), laned.token.lower(), ONE, CROSSING, BURNED), (arrive_by, THERE, RECEIVER),
    )  # fmt: skip


def test_depart__after_a_split__takes_raw_as_it_is_and_names_epoch_and_multiplier(laned: Stage) -> None:
    laned.schedule()
    laned.pass_time(86_400)
    fields = only(depart(laned), "Issuer", "Departed", FIRST, laned.token, "alice")
    assert (fields["rawAmount"], fields["epoch"], fields["multiplier"]) == (ONE, 1, 10 * ONE)


def test_depart__everything_wrong__is_told_in_one_order(laned: Stage) -> None:
    depart(laned, request=SECOND)
    wrong: dict[str, Any] = {
        "token": account("stranger"), "raw": 0, "receiver": NONE, "destination": ELSEWHERE, "request": SECOND,
    }  # fmt: skip
    laned.send("guardian", "StockToken", "pause", 4)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("issuer: token was not registered", {"token": laned.token}),
        ("issuer: amount was zero", {"raw": 10 * ONE + 1}),
        ("issuer: amount was finer than 1e-8", {"raw": 10 * ONE}),
        ("issuer: receiver was zero", {"receiver": RECEIVER}),
        ("token: was paused", {}),
        ("issuer: token was closed", {}),
        ("issuer: lane was closed", {"destination": THERE}),
        ("issuer: request was used", {"request": FIRST}),
        ("issuer: hourly departure cap was reached", {"raw": ONE}),
        ("token: sender was frozen", {}),
        ("token: allowance was too small", {}),
    ]
    laned.send(laned.at.actions, "Issuer", "close", laned.token)
    laned.send("guardian", "StockToken", "freeze", account("alice"), 1)
    for words, correction in steps:
        with reverts(words):
            depart(laned, approved=0, **wrong)
        wrong |= correction
        match words:
            case "token: was paused":
                laned.send(laned.at.timelock, "StockToken", "unpause", 4)
            case "issuer: token was closed":
                laned.send(laned.at.timelock, "Issuer", "set_limits", laned.token, 10**6 * ONE, ONE, ONE)
            case "token: sender was frozen":
                laned.send(laned.at.timelock, "StockToken", "unfreeze", account("alice"), 1)
    depart(laned)


def test_depart__of_one_grain_and_of_more_than_there_is(laned: Stage) -> None:
    with reverts("issuer: amount was zero"):
        depart(laned, raw=0)
    for wrong in (1, GRAIN - 1, GRAIN + 1):
        with reverts("issuer: amount was finer than 1e-8"):
            depart(laned, raw=wrong)
    depart(laned, raw=GRAIN)
    lane(laned, hour_cap=1_000 * ONE)
    with reverts("token: balance was too small"):
        depart(laned, raw=100 * ONE, request=SECOND)
    depart(laned, raw=100 * ONE - GRAIN, request=SECOND)
    assert laned.token_view("balanceOf", "alice") == 0


def test_depart__more_than_was_approved__reverts(laned: Stage) -> None:
    with reverts("token: allowance was too small"):
        depart(laned, approved=ONE - 1)
    depart(laned, approved=ONE)
    assert laned.token_view("allowance", "alice", laned.at.issuer) == 0


@pytest.mark.parametrize("receiver", [b"\0" * 31 + b"\1", b"\x80" + b"\0" * 31])
def test_depart__to_a_receiver_with_one_bit__departs(laned: Stage, receiver: bytes) -> None:
    with reverts("issuer: receiver was zero"):
        depart(laned, receiver=NONE)
    depart(laned, receiver=receiver)
    assert record(laned, key_of(laned, "alice"))[1][2] == receiver


@pytest.mark.parametrize("scope", range(1, 8))
def test_depart__while_transfers_or_the_bridge_are_paused__reverts(laned: Stage, scope: int) -> None:
    laned.send("guardian", "StockToken", "pause", scope)
    if scope & 5:
        with reverts("token: was paused"):
            depart(laned)
    else:
        depart(laned)


@pytest.mark.parametrize("scope", range(1, 8))
def test_arrival__while_the_bridge_or_the_mints_are_paused__reverts(laned: Stage, scope: int) -> None:
    laned.send("guardian", "StockToken", "pause", scope)
    arrival: dict[str, Any] = {"kind": 2, "origin": FIRST, "raw": ONE}
    if scope & 6:
        with reverts("token: was paused"):
            laned.mint(laned.voucher(**arrival))
        laned.send(laned.at.timelock, "StockToken", "unpause", 6)
    laned.mint(laned.voucher(**arrival))


def test_mint_of_another_kind__while_the_bridge_is_paused__mints(laned: Stage) -> None:
    depart(laned)
    laned.pass_time(LIFE + GRACE + 1)
    laned.send("guardian", "StockToken", "pause", 4)
    laned.report()
    laned.mint()
    restore(laned, key_of(laned, "alice"))


def test_depart__by_a_listed_or_frozen_holder__reverts(laned: Stage) -> None:
    laned.send("guardian", "Policy", "list_address", account("alice"))
    with reverts("policy: sender was listed"):
        depart(laned)
    laned.send("guardian", "StockToken", "freeze", account("bob"), 3)
    with reverts("token: sender was frozen"):
        depart(laned, "bob")
    assert lane_of(laned)[2] == HOUR_CAP
    laned.send(laned.at.timelock, "StockToken", "unfreeze", account("bob"), 3)
    depart(laned, "bob")


def test_depart__needs_no_report__and_no_fresh_list(fresh: Stage) -> None:
    fresh.report()
    fresh.mint(fresh.voucher(raw=ONE))
    lane(fresh)
    fresh.send(fresh.at.timelock, "Policy", "set_mirror", account("keeper"), 60)
    fresh.pass_time(30 * 86_400)
    depart(fresh)


def test_depart__of_a_closed_token__reverts_until_it_is_open_again(laned: Stage) -> None:
    laned.send(laned.at.actions, "Issuer", "close", laned.token)
    with reverts("issuer: token was closed"):
        depart(laned)
    laned.send(laned.at.timelock, "Issuer", "set_limits", laned.token, GRAIN, GRAIN, 0)
    depart(laned)


# A request of its holder serves once, for a redemption or for a crossing


def test_depart__with_a_request_that_was_used__reverts(laned: Stage) -> None:
    laned.escrow("alice", ONE, FIRST)
    with reverts("issuer: request was used"):
        depart(laned)
    depart(laned, request=SECOND)
    for again in (FIRST, SECOND):
        with reverts("issuer: request was used"):
            depart(laned, request=again)
        with reverts("issuer: request was used"):
            laned.escrow("alice", ONE, again)
    depart(laned, "bob")


@pytest.mark.parametrize("how", ["burn", "refund"])
def test_burn_and_refund__of_a_crossing__revert(laned: Stage, how: str) -> None:
    depart(laned)
    with reverts("issuer: request was not in escrow"):
        laned.send("issuer", "Issuer", how, account("alice"), FIRST)


@pytest.mark.parametrize("kind", [0, 3, 4])
def test_escrow__of_a_crossing_or_of_no_kind__reverts(laned: Stage, kind: int) -> None:
    with reverts("issuer: kind of redemption was unknown"):
        laned.escrow("alice", ONE, FIRST, kind=kind)


# Restitution


def test_restitution__of_a_crossing__only_an_hour_after_it_could_last_arrive(laned: Stage) -> None:
    depart(laned)
    key = key_of(laned, "alice")
    arrive_by = record(laned, key)[1][0]
    for at in (0, arrive_by, arrive_by + 1, arrive_by + GRACE):
        laned.pass_time(max(0, at - laned.now()))
        with reverts("issuer: crossing could still arrive"):
            restore(laned, key)
    laned.pass_time(1)
    assert laned.now() == arrive_by + GRACE + 1
    restore(laned, key)
    assert laned.token_view("balanceOf", "alice") == 100 * ONE
    assert record(laned, key)[0][4] == RESTORED
    with reverts("issuer: origin was no burned redemption"):
        restore(laned, key)


def test_restitution__of_a_crossing__is_its_holders_and_no_more_than_left(laned: Stage) -> None:
    other = list_other(laned)
    depart(laned)
    key = key_of(laned, "alice")
    wrong: dict[str, Any] = {"token": other, "receiver": account("bob"), "raw": ONE + GRAIN}
    for words, field, right in (
        ("issuer: redemption was of another token", "token", laned.token),
        ("issuer: receiver was not the redemption's holder", "receiver", account("alice")),
        ("issuer: amount was above the redemption's", "raw", ONE - GRAIN),
    ):
        with reverts(words):
            restore(laned, key, **wrong)
        wrong[field] = right
    with reverts("issuer: crossing could still arrive"):
        restore(laned, key, **wrong)
    laned.pass_time(LIFE + GRACE + 1)
    restore(laned, key, **wrong)


def test_restitution__of_a_redemption__waits_for_nothing(laned: Stage) -> None:
    key = burned(laned)
    assert record(laned, key)[1] == (0, NONE, NONE)
    restore(laned, key)


def test_arrival__of_what_left_here__is_no_restitution(laned: Stage) -> None:
    """A crossing comes in by its departure's id on another chain, which is no key of this one."""
    depart(laned)
    laned.pass_time(LIFE + GRACE + 1)
    with reverts("issuer: origin was no burned redemption"):
        restore(laned, FIRST, receiver=NOBODY)
    restore(laned, key_of(laned, "alice"))
