"""The four kinds of mints: each comes from something of its own, once, and none makes more than its rule allows."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import GRAIN, NOTHING, ONE, TSLA, Stage, account, reverts
from tests.issuance.contracts.test_survivors import only

from openscrip.issuance.chains.evm.typed_data import FEED, RESERVE_REPORT
from openscrip.kernel.instrument import Instrument, InstrumentKind

ISSUANCE, ARRIVAL, RESTITUTION, SUCCESSION = (1, 2, 3, 4)
FIRST, SECOND, THIRD = (bytes([number]) * 32 for number in (1, 2, 3))
BURNED, REFUNDED, RESTORED = 2, 4, 8
OTHER = Instrument("OTHR", "Other", "US0378331005", "XNAS", "USD", InstrumentKind.EQUITY, "OTHRx")


def key_of(stage: Stage, holder: str, request: bytes = FIRST) -> bytes:
    """Under which the issuer contract keeps a redemption."""
    found: bytes = stage.view("Issuer", "redemption_key", account(holder), request)
    return found


def list_other(stage: Stage) -> str:
    """Another token, with 1,000 shares reported."""
    other = stage.list_stock(OTHER)
    values = stage.reported(token=other.token)
    signature = stage.signed(FEED, RESERVE_REPORT, values, "attestor", contract=other.feed)
    stage.send("issuer", "ReserveFeed", "report", values, signature, to=other.feed)
    return other.token


def burned(stage: Stage, raw: int = 10 * ONE) -> bytes:
    """The key of a redemption of alice's that was burned."""
    stage.escrow("alice", raw, FIRST)
    stage.send("issuer", "Issuer", "burn", account("alice"), FIRST)
    return key_of(stage, "alice")


# Issuance


def test_issuance__with_an_origin__reverts(stage: Stage) -> None:
    with reverts("issuer: issuance had an origin"):
        stage.mint(stage.voucher(kind=ISSUANCE, origin=FIRST))
    stage.mint(stage.voucher(kind=ISSUANCE, origin=NOTHING))


# Arrival


def test_arrival__of_a_crossing__mints_once_and_names_it(stage: Stage) -> None:
    voucher = stage.voucher(kind=ARRIVAL, origin=FIRST)
    fields = only(stage.mint(voucher), "Issuer", "Minted", voucher["request"], stage.token, "alice")
    assert (fields["kind"], fields["origin"]) == (ARRIVAL, FIRST)
    assert stage.view("Issuer", "origin_used", ARRIVAL, FIRST) is True
    with reverts("issuer: origin was used"):
        stage.mint(stage.voucher(kind=ARRIVAL, origin=FIRST))
    assert stage.view("Issuer", "origin_used", ARRIVAL, SECOND) is False
    stage.mint(stage.voucher(kind=ARRIVAL, origin=SECOND))


def test_arrival__without_a_crossing__reverts(stage: Stage) -> None:
    with reverts("issuer: arrival had no origin"):
        stage.mint(stage.voucher(kind=ARRIVAL, origin=NOTHING))


def test_arrival__of_a_crossing_that_a_failed_mint_named__is_still_open(stage: Stage) -> None:
    with reverts("issuer: allocation was too small"):
        stage.mint(stage.voucher(kind=ARRIVAL, origin=FIRST, raw=900 * ONE))
    stage.mint(stage.voucher(kind=ARRIVAL, origin=FIRST))


# Restitution


def test_restitution__of_a_burned_redemption__gives_its_holder_back_and_marks_it(stage: Stage) -> None:
    origin = burned(stage)
    voucher = stage.voucher(kind=RESTITUTION, origin=origin, raw=10 * ONE)
    fields = only(stage.mint(voucher), "Issuer", "Minted", voucher["request"], stage.token, "alice")
    assert (fields["kind"], fields["origin"], fields["rawAmount"]) == (RESTITUTION, origin, 10 * ONE)
    assert stage.view("Issuer", "redemptions", origin) == (
        account("alice").lower(), stage.token.lower(), 10 * ONE, 1, RESTORED,
    )  # fmt: skip
    assert stage.token_view("balanceOf", "alice") == 100 * ONE
    assert stage.view("Issuer", "origin_used", RESTITUTION, origin) is False


def test_restitution__twice__reverts(stage: Stage) -> None:
    origin = burned(stage)
    stage.mint(stage.voucher(kind=RESTITUTION, origin=origin, raw=ONE))
    with reverts("issuer: origin was no burned redemption"):
        stage.mint(stage.voucher(kind=RESTITUTION, origin=origin, raw=ONE))


def test_restitution__of_more_than_was_burned__reverts(stage: Stage) -> None:
    origin = burned(stage)
    with reverts("issuer: amount was above the redemption's"):
        stage.mint(stage.voucher(kind=RESTITUTION, origin=origin, raw=10 * ONE + GRAIN))
    stage.mint(stage.voucher(kind=RESTITUTION, origin=origin, raw=10 * ONE))


def test_restitution__to_another_than_the_holder__reverts(stage: Stage) -> None:
    origin = burned(stage)
    with reverts("issuer: receiver was not the redemption's holder"):
        stage.mint(stage.voucher(kind=RESTITUTION, origin=origin, receiver=account("bob")))
    assert stage.view("Issuer", "redemptions", origin)[4] == BURNED


def test_restitution__in_another_token__reverts(stage: Stage) -> None:
    origin, other = burned(stage), list_other(stage)
    with reverts("issuer: redemption was of another token"):
        stage.mint(stage.voucher(kind=RESTITUTION, origin=origin, token=other))


def test_restitution__of_an_escrow_a_refund_or_nothing__reverts(stage: Stage) -> None:
    stage.escrow("alice", ONE, FIRST)
    for origin in (key_of(stage, "alice"), key_of(stage, "bob"), NOTHING, FIRST):
        with reverts("issuer: origin was no burned redemption"):
            stage.mint(stage.voucher(kind=RESTITUTION, origin=origin, raw=ONE))
    stage.send("issuer", "Issuer", "refund", account("alice"), FIRST)
    assert stage.view("Issuer", "redemptions", key_of(stage, "alice"))[4] == REFUNDED
    with reverts("issuer: origin was no burned redemption"):
        stage.mint(stage.voucher(kind=RESTITUTION, origin=key_of(stage, "alice"), raw=ONE))


# Succession


def succeed(stage: Stage, caller: str = "", **changes: Any) -> dict[str, Any]:
    """Mint a successor's tokens as the conversion contract, with changes."""
    fields = {"receiver": account("carol"), "token": stage.token, "raw": 3 * ONE, "action": FIRST, "request": SECOND}
    return stage.send(caller or stage.at.conversion, "Issuer", "succeed", *(fields | changes).values())


def surrender(stage: Stage, caller: str = "", **changes: Any) -> dict[str, Any]:
    """Destroy alice's tokens as the conversion contract, with changes."""
    fields = {"holder": account("alice"), "token": stage.token, "raw": 3 * ONE, "action": FIRST}
    return stage.send(caller or stage.at.conversion, "Issuer", "surrender", *(fields | changes).values())


def test_succession__by_voucher__reverts(stage: Stage) -> None:
    with reverts("issuer: succession has no voucher"):
        stage.mint(stage.voucher(kind=SUCCESSION, origin=FIRST))


def test_succeed__by_the_conversion_contract__mints_and_names_action_and_request(stage: Stage) -> None:
    fields = only(succeed(stage), "Issuer", "Minted", SECOND, stage.token, "carol")
    assert fields == {
        "rawAmount": 3 * ONE, "kind": SUCCESSION, "evidence": FIRST, "epoch": 0, "multiplier": ONE, "origin": FIRST,
    }  # fmt: skip
    assert stage.token_view("balanceOf", "carol") == 3 * ONE
    assert stage.view("Issuer", "request_used", SECOND) is True
    succeed(stage, request=THIRD)
    assert stage.view("Issuer", "evidence_used", SUCCESSION, FIRST) is False


def test_succeed__after_a_split__names_epoch_and_multiplier_in_force(stage: Stage) -> None:
    stage.schedule()
    stage.pass_time(86_400)
    stage.report(epoch=1, shares=10**13, allocation=10**13)
    fields = only(succeed(stage), "Issuer", "Minted", SECOND, stage.token, "carol")
    assert (fields["epoch"], fields["multiplier"]) == (1, 10 * ONE)


@pytest.mark.parametrize("function", [succeed, surrender])
def test_conversion__by_another_than_its_contract__reverts(stage: Stage, function: Any) -> None:
    for caller in ("issuer", "attestor", "guardian", "alice", stage.at.timelock, stage.at.actions):
        with reverts("issuer: caller was not the conversion contract"):
            function(stage, caller)


def test_succeed__same_request_again__reverts(stage: Stage) -> None:
    succeed(stage)
    with reverts("issuer: voucher was used"):
        succeed(stage)
    with reverts("issuer: voucher was used"):
        stage.mint(stage.voucher(request=SECOND))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"raw": 0}, "issuer: amount was zero"),
        ({"raw": GRAIN + 1}, "issuer: amount was finer than 1e-8"),
        ({"token": account("stranger")}, "issuer: token was not registered"),
        ({"raw": 850 * ONE + GRAIN}, "issuer: allocation was too small"),
    ],
    ids=str,
)
def test_succeed__senseless_or_not_covered__reverts(stage: Stage, changes: dict[str, Any], reason: str) -> None:
    with reverts(reason):
        succeed(stage, **changes)
    succeed(stage, raw=850 * ONE)


def test_succeed__feed_or_mirror_stale__reverts(stage: Stage) -> None:
    stage.pass_time(3_601)
    with reverts("issuer: feed was stale"):
        succeed(stage)
    stage.report()
    stage.send(stage.at.timelock, "Policy", "set_mirror", account("keeper"), 3_600)
    stage.send("keeper", "Policy", "mirror", [], stage.now())
    stage.pass_time(3_601)
    stage.report()
    with reverts("issuer: mirror was stale"):
        succeed(stage)


def test_surrender__by_the_conversion_contract__destroys_and_says_whose(stage: Stage) -> None:
    stage.send("alice", "StockToken", "approve", stage.at.issuer, 3 * ONE)
    receipt = surrender(stage)
    assert only(receipt, "Issuer", "Surrendered", FIRST, stage.token, "alice") == {"rawAmount": 3 * ONE}
    assert stage.token_view("balanceOf", "alice") == 97 * ONE
    assert stage.token_view("balanceOf", stage.at.issuer) == 0
    assert stage.token_view("totalSupply") == 147 * ONE


def test_surrender__of_nothing_a_strange_token_or_what_was_not_approved__reverts(stage: Stage) -> None:
    with reverts("issuer: amount was zero"):
        surrender(stage, raw=0)
    with reverts("issuer: token was not registered"):
        surrender(stage, token=stage.feed)
    with reverts("token: allowance was too small"):
        surrender(stage)


def test_surrender__of_an_odd_amount__leaves_no_dust_behind(stage: Stage) -> None:
    stage.send("alice", "StockToken", "transfer", account("carol"), 1)
    stage.send("carol", "StockToken", "approve", stage.at.issuer, 1)
    surrender(stage, holder=account("carol"), raw=1)
    assert stage.token_view("totalSupply") == 150 * ONE - 1


def test_surrender__beside_an_escrow__leaves_the_escrow_alone(stage: Stage) -> None:
    stage.escrow("alice", 10 * ONE, FIRST)
    stage.send("alice", "StockToken", "approve", stage.at.issuer, 3 * ONE)
    surrender(stage)
    assert stage.token_view("balanceOf", stage.at.issuer) == 10 * ONE
    stage.send("issuer", "Issuer", "refund", account("alice"), FIRST)
    assert stage.token_view("balanceOf", "alice") == 97 * ONE


def test_parts__of_the_issuer_contract__are_told(stage: Stage) -> None:
    told = {name: stage.view("Issuer", name) for name in ("policy", "signers", "registry", "actions", "conversion")}
    assert told == {name: getattr(stage.at, name).lower() for name in told}
    assert stage.view("Issuer", "feed_of", stage.token) == stage.feed.lower()
    assert stage.view("Registry", "stock", TSLA.isin)[3] == stage.feed.lower()
