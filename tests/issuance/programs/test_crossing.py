"""Crossings: burned here at once by an open lane, minted there; made good when they can no longer arrive."""

from typing import Any

import pytest
from tests.issuance.programs.world import HOUR_S, KEYS, THERE, Issuer, hashed, with_accounts

from openscrip.issuance.chains.solana.program_accounts import LaneAccount, RedemptionAccount
from openscrip.issuance.chains.solana.program_operations import lane

CAP = 1000
LOWER = "issuer: guardian only lowers limits"


@pytest.fixture
def lanes(issuer: Issuer) -> Issuer:
    """The holder has 5,000, and a lane of 1,000 an hour is open."""
    issuer.open_lane(THERE, hour_cap=CAP, life_s=HOUR_S)
    issuer.send(issuer.reporting(), issuer.minting(raw=5000))
    return issuer


def lane_of(issuer: Issuer, destination: bytes = THERE) -> LaneAccount:
    return LaneAccount.read(issuer.data(issuer.program.lane(issuer.mint, destination)))


def test_depart__in_order__burns_at_once_and_records_where_to(lanes: Issuer) -> None:
    lanes.send(lanes.departing(raw=300))
    assert (lanes.supply(), lanes.balance(), lanes.stock().escrowed) == (4700, 4700, 0)
    assert lanes.redemption() == RedemptionAccount(
        3, 2, lanes.mint, KEYS.holder, 300, lanes.now, lanes.now + HOUR_S, THERE, hashed("receiver"), hashed("redeem 1")
    )
    assert (lane_of(lanes).used, lane_of(lanes).at) == (300, lanes.now)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"raw": 0}, "issuer: amount was zero"),
        ({"receiver": bytes(32)}, "issuer: receiver was zero"),
        ({"raw": CAP + 1}, "issuer: hourly departure cap was reached"),
        ({"raw": 2**64 - 1}, "issuer: hourly departure cap was reached"),
        ({"destination": hashed("chain:nowhere")}, "issuer: lane was closed"),
    ],
)
def test_depart__against_a_rule__is_refused_with_its_words(lanes: Issuer, changed: dict[str, Any], words: str) -> None:
    assert lanes.refusal(lanes.departing(**changed)) == words


def test_depart__more_than_the_holder_has__is_refused(lanes: Issuer) -> None:
    lanes.send(lanes.escrowing("away", raw=4500))
    assert lanes.refusal(lanes.departing(raw=501)) == "token: balance was too small"
    assert lanes.takes(lanes.departing(raw=500))


def test_depart__request_that_was_used__is_refused(lanes: Issuer) -> None:
    lanes.send(lanes.departing())
    assert lanes.refusal(lanes.departing()) == "issuer: request was used"
    assert lanes.refusal(lanes.escrowing()) == "issuer: request was used"


def test_depart__by_another_lane_than_it_names__is_refused(lanes: Issuer) -> None:
    elsewhere = hashed("chain:elsewhere")
    lanes.open_lane(elsewhere)
    wrong = with_accounts(lanes.departing(), a5=lanes.program.lane(lanes.mint, elsewhere))
    assert lanes.refusal(wrong) == "issuer: lane was closed"


@pytest.mark.parametrize(("scope", "taken"), [(1, False), (2, True), (4, False), (7, False)])
def test_depart__while_transfers_or_bridges_are_paused__is_refused(lanes: Issuer, scope: int, taken: bool) -> None:
    lanes.send(lanes.program.pause(mint=lanes.mint, scope=scope, signers=[KEYS.guardian]))
    if taken:
        assert lanes.takes(lanes.departing())
    else:
        assert lanes.refusal(lanes.departing()) == "token: was paused"


def test_depart__of_a_closed_token__is_refused(lanes: Issuer) -> None:
    lanes.send(lanes.announcing("merger", kind=b"MRGR"))
    lanes.send(lanes.program.end(mint=lanes.mint, action=hashed("merger"), effective_at=lanes.now + 600, signers=KEYS.acting))
    assert lanes.refusal(lanes.departing()) == "issuer: token was closed"


def test_departures__up_to_the_cap_of_an_hour__and_as_much_again_as_time_gives_back(lanes: Issuer) -> None:
    lanes.send(lanes.departing("1", raw=CAP))
    assert lanes.refusal(lanes.departing("2", raw=1)) == "issuer: hourly departure cap was reached"
    lanes.after(HOUR_S // 2)
    assert lanes.refusal(lanes.departing("2", raw=501)) == "issuer: hourly departure cap was reached"
    lanes.send(lanes.departing("2", raw=500))
    lanes.after(HOUR_S)
    assert lanes.takes(lanes.departing("3", raw=CAP))


# Made good


def restoring(issuer: Issuer, raw: int = 300) -> Any:
    key = issuer.program.redemption(KEYS.holder, hashed("redeem 1"))
    return issuer.minting("back", raw=raw, kind=3, origin=bytes(key))


def test_crossing__that_could_still_arrive__is_not_made_good_until_an_hour_after(lanes: Issuer) -> None:
    lanes.send(lanes.departing(raw=300))
    assert lanes.refusal(restoring(lanes)) == "issuer: crossing could still arrive"
    lanes.after(2 * HOUR_S)
    assert lanes.refusal(restoring(lanes)) == "issuer: crossing could still arrive"
    lanes.after(1)
    lanes.send(restoring(lanes))
    assert (lanes.balance(), lanes.redemption().state) == (5000, 4)
    assert lanes.refusal(
        lanes.minting("again", raw=1, kind=3, origin=bytes(lanes.program.redemption(KEYS.holder, hashed("redeem 1"))))
    )


def test_crossing__is_not_in_escrow__so_neither_burned_again_nor_refunded(lanes: Issuer) -> None:
    lanes.send(lanes.departing())
    assert lanes.refusal(lanes.burning()) == "issuer: request was not in escrow"
    assert lanes.refusal(lanes.refunding()) == "issuer: request was not in escrow"


# Lanes


def test_lane__opened_after_a_wait__stands_as_it_was_named(lanes: Issuer) -> None:
    assert lane_of(lanes) == LaneAccount(CAP, 0, lane_of(lanes).at, HOUR_S, lanes.mint, THERE)


def operation(issuer: Issuer, **changed: Any) -> Any:
    """An operation on the lane, queued and ready."""
    named = {"mint": issuer.mint, "destination": THERE, "hour_cap": CAP, "life_s": HOUR_S, **changed}
    found = lane(issuer.program, salt=issuer.salt(), **named)
    issuer.send(issuer.queueing(found))
    issuer.after(2 * 86_400)
    return issuer.executing(found)


@pytest.mark.parametrize(("life_s", "taken"), [(599, False), (600, True), (7 * 86_400, True), (7 * 86_400 + 1, False)])
def test_lane__life_at_its_bounds__is_taken_and_beyond_refused(lanes: Issuer, life_s: int, taken: bool) -> None:
    change = operation(lanes, life_s=life_s)
    if taken:
        assert lanes.takes(change)
    else:
        assert lanes.refusal(change) == "issuer: lane life was out of bounds"


def test_lane__as_it_is__is_refused_and_either_part_may_change(lanes: Issuer) -> None:
    assert lanes.refusal(operation(lanes)) == "issuer: lane was unchanged"
    lanes.send(operation(lanes, hour_cap=CAP + 1))
    lanes.send(operation(lanes, hour_cap=CAP + 1, life_s=HOUR_S + 1))
    assert (lane_of(lanes).hour_cap, lane_of(lanes).life_s) == (CAP + 1, HOUR_S + 1)


def test_lane__changed_while_used__keeps_what_was_used_refilled_by_the_cap_before(lanes: Issuer) -> None:
    change = operation(lanes, hour_cap=100)
    lanes.send(lanes.reporting(), lanes.departing("1", raw=CAP))
    lanes.after(HOUR_S // 4)
    lanes.send(change)
    assert (lane_of(lanes).hour_cap, lane_of(lanes).used, lane_of(lanes).at) == (100, 750, lanes.now)
    assert lanes.refusal(lanes.departing("2", raw=1)) == "issuer: hourly departure cap was reached"
    lanes.after(7 * HOUR_S)  # 700 of 750
    assert lanes.refusal(lanes.departing("2", raw=51)) == "issuer: hourly departure cap was reached"
    assert lanes.takes(lanes.departing("2", raw=50))


def test_lane__guardian_lowers_it_even_to_nothing_and_never_raises_it(lanes: Issuer) -> None:
    def lowering(cap: int) -> Any:
        return lanes.program.lower_lane(mint=lanes.mint, destination=THERE, hour_cap=cap, signers=[KEYS.guardian])

    assert lanes.refusal(lowering(CAP + 1)) == LOWER
    assert lanes.refusal(lowering(CAP)) == "issuer: lane was unchanged"
    lanes.send(lowering(CAP - 1))
    assert (lane_of(lanes).hour_cap, lane_of(lanes).life_s) == (CAP - 1, HOUR_S)
    lanes.send(lowering(0))
    assert lanes.refusal(lanes.departing()) == "issuer: lane was closed"
    assert lanes.refusal(lowering(1)) == LOWER
    lanes.send(operation(lanes, hour_cap=5))
    lanes.send(lanes.reporting())
    assert lanes.takes(lanes.departing(raw=5))


def test_lane__somebody_sent_lamports_before__is_opened(issuer: Issuer) -> None:
    issuer.chain.airdrop(issuer.program.lane(issuer.mint, THERE), 10**9)
    issuer.open_lane(THERE)
    assert lane_of(issuer).hour_cap == 1000


def test_lane__at_another_address__is_refused(issuer: Issuer) -> None:
    change = operation(issuer)
    wrong = with_accounts(change, a4=issuer.program.lane(issuer.mint, hashed("another")))
    assert issuer.refusal(wrong) == "program: account was not at its address"
