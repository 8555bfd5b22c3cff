"""Mergers and changes of symbol: raw goes over by the multipliers of one second, late or early, within the reserve."""

from fractions import Fraction
from itertools import pairwise

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.issuance.contracts.corporate import (
    BOTH,
    DAY,
    META,
    NOTICE,
    balance,
    change_by,
    convert,
    delisting,
    deploy_coin,
    give,
    looking_at,
    merger,
    open_now,
    quote,
    report_on,
    scale,
)
from tests.issuance.contracts.stage import CHAIN_ID, GRAIN, NOBODY, NOTHING, ONE, Stage, account, events, reverts

from openscrip.assets.listings import instruments
from openscrip.issuance.chains.evm.deployment import ListedToken
from openscrip.issuance.contracts.artifact import own

PAUSED = 7
COURT_ORDER = 1


@pytest.fixture
def into(stage: Stage) -> ListedToken:
    """The successor's token: 1,000 shares reported, 10 tokens of carol."""
    listed = stage.list_stock(META)
    give(stage, listed, "carol", 10 * ONE)
    return listed


# One conversion


@pytest.mark.parametrize("kind", [b"MRGR", b"CHAN"])
def test_convert__an_applied_action__burns_mints_and_tells(stage: Stage, into: ListedToken, kind: bytes) -> None:
    scale(stage, stage.token, 3, 2)
    scale(stage, into.token, 7, 5)
    action = merger(stage, into.token, kind=kind, ratio_new=2, ratio_old=3)
    open_now(stage, action)
    report_on(stage, into)
    raw = 40 * ONE + 1
    due = raw * 3 // 2 * 2 * 5 // (3 * 7) // GRAIN * GRAIN
    assert stage.view("Conversion", "quote", action["id"], raw) == (into.token.lower(), due)
    receipt = convert(stage, "alice", action["id"], raw)
    [(topics, said)] = events(receipt, "Conversion", "Converted")
    assert topics[0] == "0x" + action["id"].hex()
    assert topics[1][-40:] == account("alice")[2:].lower()
    assert said == {"fromRaw": raw, "intoRaw": due}
    [(topics, said)] = events(receipt, "Issuer", "Surrendered")
    assert (topics[0], topics[1][-40:], topics[2][-40:]) == (
        "0x" + action["id"].hex(), stage.token[2:].lower(), account("alice")[2:].lower(),
    )  # fmt: skip
    assert said == {"rawAmount": raw}
    [(topics, said)] = events(receipt, "Issuer", "Minted")
    assert (topics[1][-40:], topics[2][-40:]) == (into.token[2:].lower(), account("alice")[2:].lower())
    assert said == {
        "rawAmount": due, "kind": 4, "evidence": action["id"], "epoch": 1, "multiplier": 7 * ONE // 5,
        "origin": action["id"],
    }  # fmt: skip
    assert balance(stage, stage.token, "alice") == 100 * ONE - raw
    assert balance(stage, into.token, "alice") == due
    assert stage.token_view("totalSupply") == 150 * ONE - raw
    assert stage.view("StockToken", "totalSupply", to=into.token) == 10 * ONE + due


def test_convert__again_and_again__has_a_request_of_its_own_each_time(stage: Stage, into: ListedToken) -> None:
    action = merger(stage, into.token)
    open_now(stage, action)
    report_on(stage, into)
    for number, who in enumerate(("alice", "alice", "bob")):
        parts = (CHAIN_ID, stage.at.conversion, action["id"], account(who), number)
        request = keccak(encode(["uint256", "address", "bytes32", "address", "uint256"], parts))
        receipt = convert(stage, who, action["id"], ONE)
        assert events(receipt, "Issuer", "Minted")[0][0][0] == "0x" + request.hex()
        assert stage.view("Issuer", "request_used", request) is True
    assert stage.view("Conversion", "count") == 3


def test_convert__from_the_second_of_its_effect__and_after_its_end(stage: Stage, into: ListedToken) -> None:
    action = merger(stage, into.token)
    with reverts("conversion: action was not in force"):
        convert(stage, "alice", action["id"], ONE)
    stage.announce(action)
    with reverts("conversion: action was not in force"):
        convert(stage, "alice", action["id"], ONE)
    stage.open_conversion(action["id"], stage.now() + NOTICE)
    stage.pass_time(NOTICE - 1)
    report_on(stage, into)
    with reverts("conversion: action was not in force"):
        convert(stage, "alice", action["id"], ONE)
    stage.pass_time(1)
    convert(stage, "alice", action["id"], ONE)
    stage.finish(action["id"])
    convert(stage, "alice", action["id"], ONE)
    assert balance(stage, into.token, "alice") == ONE


@pytest.mark.parametrize("by", ["cancel", "correct"])
def test_convert__by_an_action_that_was_taken_back__reverts(stage: Stage, into: ListedToken, by: str) -> None:
    action = merger(stage, into.token)
    open_now(stage, action, wait=False)
    if by == "cancel":
        stage.cancel(action["id"])
    else:
        stage.announce(merger(stage, into.token, corrects=action["id"]))
    stage.pass_time(NOTICE)
    with reverts("conversion: action was not in force"):
        convert(stage, "alice", action["id"], ONE)


def test_convert__by_an_action_without_a_successor__reverts(stage: Stage) -> None:
    split = stage.action(ratio_new=2, ratio_old=1)
    stage.schedule(change_by(stage, split, 2, 1), BOTH, split)
    stage.pass_time(DAY)
    with reverts("conversion: action had no successor"):
        convert(stage, "alice", split["id"], ONE)
    end = delisting(stage, deploy_coin(stage))
    open_now(stage, end)
    with reverts("conversion: action had no successor"):
        convert(stage, "alice", end["id"], ONE)


def test_convert__what_gives_less_than_a_grain__reverts(stage: Stage, into: ListedToken) -> None:
    action = merger(stage, into.token, ratio_new=1, ratio_old=3)
    open_now(stage, action)
    report_on(stage, into)
    for raw in (0, 1, 3 * GRAIN - 1):
        with reverts("conversion: amount was too small"):
            convert(stage, "alice", action["id"], raw)
    convert(stage, "alice", action["id"], 3 * GRAIN)
    assert balance(stage, into.token, "alice") == GRAIN


def test_convert__more_than_could_ever_be__reverts(stage: Stage, into: ListedToken) -> None:
    action = merger(stage, into.token, ratio_new=1, ratio_old=1)
    open_now(stage, action)
    report_on(stage, into)
    with reverts("conversion: amount was too large"):
        quote(stage, action["id"], 2**128)
    assert quote(stage, action["id"], 2**128 - 1) == (2**128 - 1) // GRAIN * GRAIN
    with reverts("token: balance was too small"):
        convert(stage, "alice", action["id"], 100 * ONE + 1)
    convert(stage, "alice", action["id"], 100 * ONE)
    assert balance(stage, stage.token, "alice") == 0


def test_convert__without_the_holders_approval_of_the_issuer_contract__reverts(stage: Stage, into: ListedToken) -> None:
    action = merger(stage, into.token)
    open_now(stage, action)
    report_on(stage, into)
    stage.send("alice", "StockToken", "approve", stage.at.conversion, 100 * ONE)
    stage.send("bob", "StockToken", "approve", stage.at.issuer, 100 * ONE)
    with reverts("token: allowance was too small"):
        stage.send("alice", "Conversion", "convert", action["id"], ONE)
    with reverts("issuer: caller was not the conversion contract"):
        stage.send("alice", "Issuer", "surrender", account("bob"), stage.token, ONE, action["id"])
    with reverts("issuer: caller was not the conversion contract"):
        stage.send("alice", "Issuer", "succeed", account("alice"), into.token, ONE, action["id"], b"\1" * 32)


def test_convert__by_who_is_frozen_or_listed__reverts(stage: Stage, into: ListedToken) -> None:
    action = merger(stage, into.token)
    open_now(stage, action)
    report_on(stage, into)
    stage.send("guardian", "StockToken", "freeze", account("alice"), COURT_ORDER)
    with reverts("token: sender was frozen"):
        convert(stage, "alice", action["id"], ONE)
    stage.send("guardian", "Policy", "list_address", account("bob"))
    with reverts("policy: sender was listed"):
        convert(stage, "bob", action["id"], ONE)
    assert stage.token_view("totalSupply") == 150 * ONE


def test_convert__old_token_paused__goes_on(stage: Stage, into: ListedToken) -> None:
    action = merger(stage, into.token)
    open_now(stage, action)
    report_on(stage, into)
    stage.send("guardian", "StockToken", "pause", PAUSED)
    convert(stage, "alice", action["id"], 2 * ONE)
    assert balance(stage, into.token, "alice") == ONE


# The reserve


def test_convert__successor_not_covered__reverts_and_burns_nothing(stage: Stage) -> None:
    listed = stage.list_stock(META)
    action = merger(stage, listed.token, ratio_new=1, ratio_old=1)
    open_now(stage, action)
    with reverts("feed: nothing was reported"):
        convert(stage, "alice", action["id"], 7 * ONE)
    report_on(stage, listed, allocation=7 * 10**9 - 1)
    with reverts("issuer: allocation was too small"):
        convert(stage, "alice", action["id"], 7 * ONE)
    assert balance(stage, stage.token, "alice") == 100 * ONE
    report_on(stage, listed, allocation=7 * 10**9)
    convert(stage, "alice", action["id"], 7 * ONE)
    with reverts("issuer: allocation was too small"):
        convert(stage, "alice", action["id"], GRAIN)
    stage.pass_time(3_601)
    with reverts("issuer: feed was stale"):
        convert(stage, "alice", action["id"], GRAIN)


@pytest.mark.parametrize("burned", [True, False])
def test_redemption__of_a_token_that_ended__stays_open(stage: Stage, into: ListedToken, burned: bool) -> None:
    action = merger(stage, into.token)
    open_now(stage, action)
    stage.escrow("alice", 10 * ONE, b"\5" * 32)
    stage.send("issuer", "Issuer", "burn" if burned else "refund", account("alice"), b"\5" * 32)
    assert balance(stage, stage.token, "alice") == (90 if burned else 100) * ONE
    assert stage.token_view("totalSupply") == (140 if burned else 150) * ONE
    with reverts("issuer: token was closed"):
        stage.report()
        stage.mint()


# Time


def test_convert__years_late__gives_what_the_first_holder_has(stage: Stage, into: ListedToken) -> None:
    scale(stage, stage.token, 3, 2)
    action = merger(stage, into.token, ratio_new=4, ratio_old=7)
    open_now(stage, action)
    report_on(stage, into)
    convert(stage, "alice", action["id"], 50 * ONE)
    for new, old in ((10, 1), (1, 3)):
        scale(stage, into.token, new, old)
    stage.pass_time(1_000 * DAY)
    report_on(stage, into)
    convert(stage, "bob", action["id"], 50 * ONE)
    assert balance(stage, into.token, "bob") == balance(stage, into.token, "alice") > 0
    claims = [stage.view("StockToken", "balanceOfUI", account(who), to=into.token) for who in ("alice", "bob")]
    assert claims[0] == claims[1]


@pytest.mark.parametrize(("early_s", "counts"), [(0, True), (1, True), (-1, False)])
def test_quote__multiplier_of_the_very_second__counts(stage: Stage, into: ListedToken, early_s: int, counts: bool) -> None:
    action = merger(stage, into.token, ratio_new=1, ratio_old=1)
    scale(stage, into.token, 4, 1, wait=False)
    at = stage.now() + DAY
    stage.announce(action)
    stage.open_conversion(action["id"], at + early_s)
    stage.pass_time(2 * DAY)
    assert quote(stage, action["id"], 8 * ONE) == (2 if counts else 8) * ONE


# Arithmetic


ratios = st.tuples(st.integers(1, 2**32 - 1), st.integers(1, 2**32 - 1))
scales = st.tuples(st.integers(1, 1_000), st.integers(1, 1_000)).filter(lambda each: each[0] != each[1])
amounts = st.one_of(st.integers(0, 10**20), st.integers(0, 2**128 - 1))


@pytest.mark.slow
@settings(max_examples=25)
@given(ratio=ratios, old=scales, new=scales, raws=st.lists(amounts, min_size=1, max_size=5))
def test_quote__is_exact_and_floored_to_a_grain(
    deployed: Stage, ratio: tuple[int, int], old: tuple[int, int], new: tuple[int, int], raws: list[int]
) -> None:
    snapshot = deployed.rpc.call("evm_snapshot")
    listed = deployed.list_stock(META)
    scale(deployed, deployed.token, *old)
    scale(deployed, listed.token, *new)
    multipliers = [Fraction(ONE * up // down) for up, down in (old, new)]
    action = merger(deployed, listed.token, ratio_new=ratio[0], ratio_old=ratio[1])
    open_now(deployed, action)
    exact = multipliers[0] / multipliers[1] * Fraction(*ratio)
    found = [quote(deployed, action["id"], raw) for raw in raws]
    assert found == [int(raw * exact / GRAIN) * GRAIN for raw in raws]
    if sum(raws) < 2**128:
        assert sum(found) <= quote(deployed, action["id"], sum(raws))
    deployed.rpc.call("evm_revert", snapshot)


def test_quote__at_the_largest_figures__does_not_overflow(fresh: Stage) -> None:
    listed = fresh.list_stock(META)
    for token, new, old in ((fresh.token, 10**6, 1), (listed.token, 1, 10**6)):
        scale(fresh, token, new, old)
    action = merger(fresh, listed.token, ratio_new=2**32 - 1, ratio_old=1)
    open_now(fresh, action)
    most = 2**128 - 1
    assert quote(fresh, action["id"], most) == most * 10**12 * (2**32 - 1) // GRAIN * GRAIN


def test_convert__in_pieces__never_gives_more_than_at_once(stage: Stage, into: ListedToken) -> None:
    action = merger(stage, into.token, ratio_new=3, ratio_old=7)
    open_now(stage, action)
    report_on(stage, into)
    pieces = [ONE + 1, 2 * ONE // 3, 10**17 + 7]
    for raw in pieces:
        convert(stage, "alice", action["id"], raw)
    convert(stage, "bob", action["id"], sum(pieces))
    dust = balance(stage, into.token, "bob") - balance(stage, into.token, "alice")
    assert 0 < dust <= len(pieces) * GRAIN


# Successors that ended as well


def test_convert__two_actions_late__goes_over_into_what_is_alive(stage: Stage, into: ListedToken) -> None:
    last = stage.list_stock(instruments()["NVDA"])
    first = merger(stage, into.token, ratio_new=5, ratio_old=3)
    open_now(stage, first)
    report_on(stage, into)
    scale(stage, into.token, 2, 1)
    with looking_at(stage, into):
        second = merger(stage, last.token, ratio_new=7, ratio_old=11)
        open_now(stage, second, wait=False)
    report_on(stage, into)
    with reverts("issuer: token was closed"):
        convert(stage, "alice", first["id"], 10 * ONE)
    stage.pass_time(NOTICE)
    report_on(stage, last)
    step = 10 * ONE * 5 // 3
    due = step * 2 * 7 // 11 // GRAIN * GRAIN
    assert stage.view("Conversion", "quote", first["id"], 10 * ONE) == (last.token.lower(), due)
    convert(stage, "alice", first["id"], 10 * ONE)
    assert (balance(stage, into.token, "alice"), balance(stage, last.token, "alice")) == (0, due)


def test_convert__successor_was_delisted__reverts_and_redemption_is_open(stage: Stage, into: ListedToken) -> None:
    first = merger(stage, into.token)
    open_now(stage, first)
    with looking_at(stage, into):
        open_now(stage, delisting(stage, deploy_coin(stage)))
    report_on(stage, into)
    assert stage.view("Conversion", "quote", first["id"], 2 * ONE) == (into.token.lower(), ONE)
    with reverts("issuer: token was closed"):
        convert(stage, "alice", first["id"], 2 * ONE)
    stage.escrow("alice", 2 * ONE, b"\6" * 32)
    assert balance(stage, stage.token, "alice") == 98 * ONE


def test_convert__eight_successors_are_passed__a_ninth_is_not(stage: Stage) -> None:
    symbols = [symbol for symbol in instruments() if symbol != "TSLA"][:9]
    chain = [ListedToken(stage.token, stage.feed, stage.price_feed)]
    chain += [stage.list_stock(instruments()[symbol]) for symbol in symbols]
    openings = []
    for here, there in pairwise(chain):
        with looking_at(stage, here):
            openings.append(merger(stage, there.token, ratio_new=1, ratio_old=1))
            open_now(stage, openings[-1])
    report_on(stage, chain[9])
    report_on(stage, chain[8])
    assert stage.view("Conversion", "quote", openings[1]["id"], ONE) == (chain[9].token.lower(), ONE)
    assert stage.view("Conversion", "quote", openings[0]["id"], ONE) == (chain[8].token.lower(), ONE)
    with reverts("issuer: token was closed"):
        convert(stage, "alice", openings[0]["id"], ONE)


# Set-up


@pytest.mark.parametrize(("place", "what"), [(0, "policy"), (1, "issuer"), (2, "actions")])
def test_constructor__zero__reverts(fresh: Stage, place: int, what: str) -> None:
    arguments = [fresh.at.policy, fresh.at.issuer, fresh.at.actions]
    arguments[place] = NOBODY
    with reverts(f"conversion: {what} was zero"):
        fresh.send_data("lister", None, own("Conversion").creation(*arguments))


def test_contract__names_its_parts(fresh: Stage) -> None:
    parts = {"policy": fresh.at.policy, "issuer": fresh.at.issuer, "actions": fresh.at.actions}
    assert {name: fresh.view("Conversion", name) for name in parts} == {name: at.lower() for name, at in parts.items()}
    assert fresh.view("Conversion", "count") == 0
    assert fresh.view("Conversion", "pot", NOTHING) == 0
