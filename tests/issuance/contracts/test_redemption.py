"""Redemption: into escrow by the holder, out of it by the issuer, once, counted by holder and request, never by balance."""

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.issuance.contracts.stage import GRAIN, NOBODY, ONE, Stage, account, events, reverts
from tests.issuance.contracts.test_survivors import only

from openscrip.issuance.contracts.artifact import own

FIRST, SECOND = b"\1" * 32, b"\2" * 32
ESCROWED, BURNED, REFUNDED = 1, 2, 4


def end(stage: Stage, how: str, request: bytes = FIRST, holder: str = "alice", caller: str = "issuer") -> dict[str, Any]:
    """Burn or refund what a holder put into escrow."""
    return stage.send(caller, "Issuer", how, account(holder), request)


def redemption(stage: Stage, holder: str, request: bytes = FIRST) -> Any:
    """What the issuer contract keeps of a redemption."""
    return stage.view("Issuer", "redemptions", stage.view("Issuer", "redemption_key", account(holder), request))


def test_escrow__holds_the_tokens_and_says_for_whom(stage: Stage) -> None:
    receipt = stage.escrow("alice", 10 * ONE, FIRST, kind=2)
    [(topics, fields)] = events(receipt, "Issuer", "RedemptionRequested")
    assert topics[0] == "0x" + FIRST.hex()
    assert topics[2][-40:] == account("alice")[2:].lower()
    assert fields == {"rawAmount": 10 * ONE, "kind": 2}
    assert stage.token_view("balanceOf", stage.at.issuer) == 10 * ONE
    assert stage.token_view("totalSupply") == 150 * ONE


def test_burn__takes_the_escrow_off_the_supply_with_epoch_and_multiplier(stage: Stage) -> None:
    stage.escrow("alice", 10 * ONE, FIRST)
    stage.schedule()
    stage.pass_time(86_400)
    receipt = end(stage, "burn")
    [(_, fields)] = events(receipt, "Issuer", "RedemptionBurned")
    assert fields == {"rawAmount": 10 * ONE, "kind": 1, "epoch": 1, "multiplier": 10 * ONE}
    assert stage.token_view("totalSupply") == 140 * ONE
    assert stage.token_view("balanceOf", stage.at.issuer) == 0


def test_refund__gives_the_escrow_back(stage: Stage) -> None:
    stage.escrow("alice", 10 * ONE, FIRST)
    receipt = end(stage, "refund")
    assert events(receipt, "Issuer", "RedemptionRefunded")[0][1] == {"rawAmount": 10 * ONE}
    assert stage.token_view("balanceOf", "alice") == 100 * ONE


@pytest.mark.parametrize("first", ["burn", "refund"])
@pytest.mark.parametrize("second", ["burn", "refund"])
def test_burn_and_refund__after_either__reverts(stage: Stage, first: str, second: str) -> None:
    stage.escrow("alice", 10 * ONE, FIRST)
    stage.escrow("bob", 10 * ONE, SECOND)
    end(stage, first)
    with reverts("issuer: request was not in escrow"):
        end(stage, second)


@pytest.mark.parametrize("function", ["burn", "refund"])
def test_burn_and_refund__unknown_request_or_wrong_caller__reverts(stage: Stage, function: str) -> None:
    with reverts("issuer: request was not in escrow"):
        end(stage, function)
    stage.escrow("alice", 10 * ONE, FIRST)
    for caller in ("alice", "attestor", "guardian", "stranger"):
        with reverts("issuer: caller was not the issuer"):
            end(stage, function, caller=caller)


@pytest.mark.parametrize(("how", "state"), [("burn", BURNED), ("refund", REFUNDED)])
def test_redemption__is_kept_with_its_state(stage: Stage, how: str, state: int) -> None:
    assert redemption(stage, "alice") == (NOBODY, NOBODY, 0, 0, 0)
    stage.escrow("alice", 10 * ONE, FIRST, kind=2)
    told = (account("alice").lower(), stage.token.lower(), 10 * ONE, 2)
    assert redemption(stage, "alice") == (*told, ESCROWED)
    end(stage, how)
    assert redemption(stage, "alice") == (*told, state)


def test_redemption_key__is_the_hash_of_holder_and_request(stage: Stage) -> None:
    expected = keccak(encode(["address", "bytes32"], [account("alice"), FIRST]))
    assert stage.view("Issuer", "redemption_key", account("alice"), FIRST) == expected


def test_escrow__same_request_again__reverts_even_after_its_end(stage: Stage) -> None:
    stage.escrow("alice", ONE, FIRST)
    with reverts("issuer: request was used"):
        stage.escrow("alice", ONE, FIRST)
    end(stage, "refund")
    with reverts("issuer: request was used"):
        stage.escrow("alice", ONE, FIRST)


def test_escrow__id_taken_up_by_a_stranger__harms_nobody(stage: Stage) -> None:
    stage.escrow("bob", GRAIN, FIRST)
    stage.escrow("alice", 10 * ONE, FIRST)
    end(stage, "burn")
    assert stage.token_view("totalSupply") == 140 * ONE
    assert redemption(stage, "bob")[2:] == (GRAIN, 1, ESCROWED)
    end(stage, "refund", holder="bob")
    assert stage.token_view("balanceOf", "bob") == 50 * ONE


@pytest.mark.parametrize("how", ["burn", "refund"])
def test_burn_and_refund__of_another_holders_request__reverts(stage: Stage, how: str) -> None:
    stage.escrow("alice", ONE, FIRST)
    with reverts("issuer: request was not in escrow"):
        end(stage, how, holder="bob")


@pytest.mark.parametrize("how", ["burn", "refund"])
def test_burn_and_refund__by_any_one_of_the_issuers__end_the_escrow(stage: Stage, how: str) -> None:
    members = sorted((account(name) for name in ("issuer", "second issuer")), key=lambda each: int(each, 16))
    stage.send(stage.at.timelock, "Signers", "set_signers", 1, members, 2)
    for request, caller in ((FIRST, "issuer"), (SECOND, "second issuer")):
        stage.escrow("alice", ONE, request)
        end(stage, how, request, caller=caller)
    assert stage.token_view("balanceOf", stage.at.issuer) == 0


@pytest.mark.parametrize("raw", [10**9, 2 * GRAIN - 1, GRAIN + 1])
def test_escrow__finer_than_a_grain__reverts(stage: Stage, raw: int) -> None:
    with reverts("issuer: amount was finer than 1e-8"):
        stage.escrow("alice", raw, FIRST)
    stage.escrow("alice", GRAIN, FIRST)


def test_exit__everything_paused__escrow_burn_and_refund_work(stage: Stage) -> None:
    stage.send("guardian", "StockToken", "pause", 7)
    for request, how in ((FIRST, "burn"), (SECOND, "refund")):
        stage.escrow("alice", ONE, request)
        end(stage, how, request)
    assert stage.token_view("balanceOf", "alice") == 99 * ONE


@pytest.mark.parametrize(
    ("raw", "kind", "reason"),
    [
        (0, 1, "issuer: amount was zero"),
        (GRAIN - 1, 1, "issuer: amount was finer than 1e-8"),
        (ONE, 0, "issuer: kind of redemption was unknown"),
        (ONE, 3, "issuer: kind of redemption was unknown"),
        (100 * ONE + GRAIN, 1, "token: balance was too small"),
    ],
)
def test_escrow__senseless__reverts(stage: Stage, raw: int, kind: int, reason: str) -> None:
    with reverts(reason):
        stage.escrow("alice", raw, FIRST, kind)


def test_escrow__without_allowance_or_of_a_strange_token__reverts(stage: Stage) -> None:
    with reverts("token: allowance was too small"):
        stage.send("alice", "Issuer", "escrow", stage.token, ONE, 1, FIRST)
    with reverts("issuer: token was not registered"):
        stage.send("alice", "Issuer", "escrow", stage.feed, ONE, 1, FIRST)


def test_donation__to_the_issuer_contract__redeems_nothing_and_disturbs_nothing(stage: Stage) -> None:
    stage.send("bob", "StockToken", "transfer", stage.at.issuer, 7 * ONE)
    assert stage.token_view("totalSupply") == 150 * ONE
    stage.escrow("alice", 10 * ONE, FIRST)
    end(stage, "burn")
    assert stage.token_view("balanceOf", stage.at.issuer) == 7 * ONE
    with reverts("issuer: request was not in escrow"):
        end(stage, "burn", SECOND)


def test_exit__stale_feed_and_shortfall__burn_still_works(stage: Stage) -> None:
    stage.pass_time(10 * 86_400)
    stage.escrow("alice", 10 * ONE, FIRST)
    end(stage, "burn")


# Tokens that an upgrade made hostile


# bare code that answers every call with zero, or with one
SAYS_NO, SAYS_YES = "0x5f5f5260205ff3", "0x60015f5260205ff3"
# answers with the word at slot 0; a transferFrom writes there the amount and a byte more, and says yes
WRITES = "0x5f3560e01c6323b872dd146016575f545f5260205ff35b60443560{:02x}015f5560015f5260205ff3"


def become(stage: Stage, code: str) -> None:
    """The token is this code from here on."""
    stage.rpc.call("anvil_setCode", stage.token, code)
    stage.rpc.call("anvil_setStorageAt", stage.token, "0x0", "0x" + "00" * 32)


def take(stage: Stage, function: str) -> dict[str, Any]:
    """Take alice's tokens in one of the two ways."""
    if function == "escrow":
        return stage.send("alice", "Issuer", "escrow", stage.token, ONE, 1, FIRST)
    return stage.send(stage.at.conversion, "Issuer", "surrender", account("alice"), stage.token, ONE, FIRST)


@pytest.mark.parametrize("function", ["escrow", "surrender"])
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (SAYS_NO, "issuer: transfer failed"), (SAYS_YES, "issuer: another amount was received"),
        (WRITES.format(1), "issuer: another amount was received"),
    ],
)  # fmt: skip
def test_escrow_and_surrender__token_moves_nothing_or_too_much__reverts(
    stage: Stage, function: str, code: str, reason: str
) -> None:
    become(stage, code)
    with reverts(reason):
        take(stage, function)
    become(stage, WRITES.format(0))
    take(stage, function)


def test_refund__token_says_no__reverts_and_keeps_the_escrow(stage: Stage) -> None:
    stage.escrow("alice", ONE, FIRST)
    become(stage, SAYS_NO)
    with reverts("issuer: transfer failed"):
        end(stage, "refund")
    assert redemption(stage, "alice")[4] == ESCROWED


# Registration


def feed_for(stage: Stage, token: str, issuer: str = "") -> str:
    """Another feed."""
    arguments = (token, issuer or stage.at.issuer, stage.at.signers, 60)
    return str(stage.send_data("lister", None, own("ReserveFeed").creation(*arguments))["contractAddress"])


def register(stage: Stage, caller: str = "", **changes: Any) -> dict[str, Any]:
    """Register a new token as the registry, with changes."""
    fields = {"token": account("new token"), "feed": "", "supply": 10 * ONE, "day": 5 * ONE, "arrival": ONE} | changes
    fields["feed"] = fields["feed"] or feed_for(stage, fields["token"])
    return stage.send(caller or stage.at.registry, "Issuer", "register", *fields.values())


def test_register__by_the_registry__adds_the_token_with_feed_and_limits(stage: Stage) -> None:
    token = account("new token")
    feed = feed_for(stage, token)
    receipt = register(stage, feed=feed)
    assert only(receipt, "Issuer", "TokenRegistered", token, feed) == {}
    assert only(receipt, "Issuer", "LimitsChanged", token) == {
        "supplyCap": 10 * ONE, "dayCap": 5 * ONE, "arrivalCap": ONE,
    }  # fmt: skip
    assert stage.view("Issuer", "feed_of", token) == feed.lower()
    assert stage.view("Issuer", "limits_of", token) == (10 * ONE, 5 * ONE, ONE)


@pytest.mark.parametrize("caller", ["issuer", "guardian", "lister", "stranger", "owner"])
def test_register__by_another_than_the_registry__reverts(stage: Stage, caller: str) -> None:
    with reverts("issuer: caller was not the registry"):
        register(stage, stage.at.timelock if caller == "owner" else caller)


def test_register__twice_or_with_anothers_feed__reverts(stage: Stage) -> None:
    with reverts("issuer: token was registered"):
        register(stage, token=stage.token, feed=stage.feed)
    with reverts("issuer: feed was for another token"):
        register(stage, feed=stage.feed)
    with reverts("issuer: feed was for another issuer"):
        register(stage, feed=feed_for(stage, account("new token"), stage.at.policy))
    register(stage)
    with reverts("issuer: token was registered"):
        register(stage)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"supply": 0}, "issuer: supply cap was zero"), ({"day": 0}, "issuer: day cap was zero")],
)
def test_register__without_a_cap__reverts(stage: Stage, changes: dict[str, Any], reason: str) -> None:
    with reverts(reason):
        register(stage, **changes)
    register(stage, supply=GRAIN, day=GRAIN, arrival=0)
