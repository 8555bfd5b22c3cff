"""Mints by sets of signers, what voids a voucher, and a mirrored list that must be kept."""

import pytest
from tests.issuance.contracts.stage import ONE, Names, Stage, account, events, reverts

ISSUERS, ATTESTORS = ("issuer", "second issuer", "third issuer"), ("attestor", "second attestor", "third attestor")


def _seat_three_each(stage: Stage) -> None:
    for role, names in enumerate((ISSUERS, ATTESTORS), start=1):
        members = sorted((account(name) for name in names), key=lambda each: int(each, 16))
        stage.send(stage.at.timelock, "Signers", "set_signers", role, members, 2)


def test_mint__two_of_three_of_each_role__mints(stage: Stage) -> None:
    _seat_three_each(stage)
    for issuers, attestors in ((ISSUERS[:2], ATTESTORS[1:]), (ISSUERS[1:], ATTESTORS[::2]), (ISSUERS[::2], ATTESTORS[:2])):
        stage.mint(signers=(issuers, attestors))
    assert stage.token_view("totalSupply") == 165 * ONE


@pytest.mark.parametrize(
    ("signers", "reason"),
    [
        ((ISSUERS[0], ATTESTORS[:2]), "issuer: issuer signature was wrong"),
        ((ISSUERS[:2], ATTESTORS[0]), "issuer: attestor signature was wrong"),
        ((ISSUERS, ATTESTORS[:2]), "issuer: issuer signature was wrong"),
        ((ISSUERS[:2], ATTESTORS), "issuer: attestor signature was wrong"),
        ((("issuer", "issuer"), ATTESTORS[:2]), "issuer: issuer signature was wrong"),
        ((ISSUERS[:2], ("attestor", "attestor")), "issuer: attestor signature was wrong"),
        ((("issuer", "attestor"), ATTESTORS[:2]), "issuer: issuer signature was wrong"),
        ((ISSUERS[:2], ("issuer", "attestor")), "issuer: attestor signature was wrong"),
        ((ATTESTORS[:2], ISSUERS[:2]), "issuer: issuer signature was wrong"),
    ],
)
def test_mint__one_short_one_too_many_twice_the_same_or_of_the_wrong_role__reverts(
    stage: Stage, signers: tuple[Names, Names], reason: str
) -> None:
    _seat_three_each(stage)
    with reverts(reason):
        stage.mint(signers=signers)


def test_mint__signatures_out_of_order_or_a_byte_too_long__reverts(stage: Stage) -> None:
    _seat_three_each(stage)
    values, issuers, attestors = stage.signed_voucher(signers=(ISSUERS[:2], ATTESTORS[:2]))
    for bad in (issuers[65:] + issuers[:65], issuers + b"\0", issuers[:-1]):
        with reverts("issuer: issuer signature was wrong"):
            stage.send("stranger", "Issuer", "mint", values, bad, attestors)
    for bad in (attestors[65:] + attestors[:65], attestors + b"\0", attestors[:-1]):
        with reverts("issuer: attestor signature was wrong"):
            stage.send("stranger", "Issuer", "mint", values, issuers, bad)
    stage.send("stranger", "Issuer", "mint", values, issuers, attestors)


@pytest.mark.parametrize("role", range(1, 6))
def test_mint__signed_before_any_role_changed__reverts(stage: Stage, role: int) -> None:
    before = stage.voucher()
    members = stage.view("Signers", "members", role)
    stage.send(stage.at.timelock, "Signers", "set_signers", role, members, 1)
    with reverts("issuer: signer epoch was not in force"):
        stage.mint(before)
    with reverts("issuer: signer epoch was not in force"):
        stage.mint(stage.voucher(signer_epoch=3))
    stage.mint()


# Voided requests and stale lists


def test_void_request__by_an_issuer__uses_the_voucher_up_and_says_so(stage: Stage) -> None:
    voucher = stage.voucher()
    receipt = stage.send("issuer", "Issuer", "void_request", voucher["request"])
    assert events(receipt, "Issuer", "RequestVoided") == [(["0x" + voucher["request"].hex()], {})]
    assert stage.view("Issuer", "request_used", voucher["request"]) is True
    with reverts("issuer: voucher was used"):
        stage.mint(voucher)
    with reverts("issuer: voucher was used"):
        stage.send("issuer", "Issuer", "void_request", voucher["request"])
    stage.mint(stage.voucher(evidence=voucher["evidence"]))


def test_void_request__of_a_used_voucher_or_by_another__reverts(stage: Stage) -> None:
    voucher, other = stage.voucher(), stage.voucher()
    stage.mint(voucher)
    with reverts("issuer: voucher was used"):
        stage.send("issuer", "Issuer", "void_request", voucher["request"])
    for caller in ("attestor", "guardian", "lister", "stranger", stage.at.timelock):
        with reverts("issuer: caller was not the issuer"):
            stage.send(caller, "Issuer", "void_request", other["request"])
    stage.mint(other)


def _keep_mirror(stage: Stage) -> None:
    """A keeper mirrors a list, which grows stale after an hour."""
    stage.send(stage.at.timelock, "Policy", "set_mirror", account("keeper"), 3_600)
    stage.send("keeper", "Policy", "mirror", [], stage.now())


def test_mint__mirror_of_the_list_grew_stale__reverts_until_the_keeper_is_back(stage: Stage) -> None:
    _keep_mirror(stage)
    stage.pass_time(3_600)
    stage.mint()
    stage.pass_time(1)
    stage.report()
    with reverts("issuer: mirror was stale"):
        stage.mint()
    stage.send("keeper", "Policy", "mirror", [], stage.now())
    stage.mint()


def test_exit__mirror_of_the_list_grew_stale__stays_open(stage: Stage) -> None:
    _keep_mirror(stage)
    stage.pass_time(3_601)
    for number, end in ((1, "burn"), (2, "refund")):
        stage.escrow("alice", ONE, bytes([number]) * 32)
        stage.send("issuer", "Issuer", end, account("alice"), bytes([number]) * 32)
    assert stage.token_view("balanceOf", "alice") == 99 * ONE
