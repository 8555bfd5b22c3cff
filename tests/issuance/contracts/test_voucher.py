"""Mints: one voucher, two roles, evidence that serves once, a fresh report of the same epoch, within the allocation."""

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.issuance.contracts.stage import CHAIN_ID, GRAIN, NOBODY, NOTHING, ONE, Stage, account, events, key, reverts
from tests.issuance.contracts.test_kinds import list_other

from openscrip.issuance.chains.evm.typed_data import FEED, ISSUER, MINT_VOUCHER, RESERVE_REPORT


def test_mint__two_signatures_and_reserve__mints_and_says_so(fresh: Stage) -> None:
    fresh.report()
    voucher = fresh.voucher()
    receipt = fresh.mint(voucher)
    [(topics, fields)] = events(receipt, "Issuer", "Minted")
    assert topics[0] == "0x" + voucher["request"].hex()
    assert fields == {
        "rawAmount": 5 * ONE, "kind": 1, "evidence": voucher["evidence"], "epoch": 0, "multiplier": ONE, "origin": NOTHING,
    }  # fmt: skip
    assert fresh.token_view("balanceOf", "alice") == fresh.token_view("totalSupply") == 5 * ONE
    assert fresh.view("Issuer", "request_used", voucher["request"]) is True


def test_mint__same_voucher_again__reverts(stage: Stage) -> None:
    voucher = stage.voucher()
    stage.mint(voucher)
    supply = stage.token_view("totalSupply")
    with reverts("issuer: voucher was used"):
        stage.mint(voucher)
    assert stage.token_view("totalSupply") == supply


def test_mint__same_evidence_for_another_request__reverts(stage: Stage) -> None:
    first = stage.voucher()
    stage.mint(first)
    with reverts("issuer: evidence was used"):
        stage.mint(stage.voucher(evidence=first["evidence"]))
    stage.mint(stage.voucher(evidence=first["evidence"], kind=2, origin=b"\1" * 32))  # each kind has its own evidence
    assert [stage.view("Issuer", "evidence_used", kind, first["evidence"]) for kind in range(1, 5)] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "altered",
    [
        {"raw": 6 * ONE},
        {"receiver": account("mallory")},
        {"kind": 2},
        {"origin": b"\3" * 32},
        {"request": b"\1" * 32},
        {"evidence": b"\2" * 32},
        {"deadline": 1_717_400_000 + 7_200},
        {"epoch": 1},
        {"multiplier": 2 * ONE},
    ],
    ids=lambda altered: next(iter(altered)),
)
def test_mint__voucher_altered_after_signing__reverts(stage: Stage, altered: dict[str, Any]) -> None:
    voucher = stage.voucher()
    signatures = [stage.signed(ISSUER, MINT_VOUCHER, tuple(voucher.values()), name) for name in ("issuer", "attestor")]
    with reverts("issuer: issuer signature was wrong"):
        stage.send("stranger", "Issuer", "mint", tuple((voucher | altered).values()), *signatures)


def test_mint__voucher_moved_to_another_token__reverts(stage: Stage) -> None:
    other = list_other(stage)
    values, *signatures = stage.signed_voucher()
    with reverts("issuer: issuer signature was wrong"):
        stage.send("stranger", "Issuer", "mint", (other, *values[1:]), *signatures)
    stage.mint(stage.voucher(token=other))


def test_mint__at_the_deadline__mints__and_a_second_later_reverts(stage: Stage) -> None:
    in_time, late = stage.voucher(deadline=stage.now() + 100), stage.voucher(deadline=stage.now() + 100)
    stage.pass_time(100)
    stage.mint(in_time)
    stage.pass_time(1)
    with reverts("issuer: voucher was expired"):
        stage.mint(late)


def test_mint__deadline_far_ahead__reverts(stage: Stage) -> None:
    with reverts("issuer: voucher life was too long"):
        stage.mint(stage.voucher(deadline=stage.now() + 7 * 86_400 + 1))
    stage.mint(stage.voucher(deadline=stage.now() + 7 * 86_400))


def test_mint__signed_for_another_chain__reverts(stage: Stage) -> None:
    with reverts("issuer: issuer signature was wrong"):
        stage.mint(chain_id=1)


def test_mint__signed_for_another_contract__reverts(stage: Stage) -> None:
    with reverts("issuer: issuer signature was wrong"):
        stage.mint(contract=stage.token)


@pytest.mark.parametrize(
    ("signers", "reason"),
    [
        (("stranger", "attestor"), "issuer: issuer signature was wrong"),
        (("issuer", "stranger"), "issuer: attestor signature was wrong"),
        (("issuer", "issuer"), "issuer: attestor signature was wrong"),
        (("attestor", "attestor"), "issuer: issuer signature was wrong"),
        (("attestor", "issuer"), "issuer: issuer signature was wrong"),
        (("corporate_action", "attestor"), "issuer: issuer signature was wrong"),
    ],
)
def test_mint__wrong_pair_of_signers__reverts(stage: Stage, signers: tuple[str, str], reason: str) -> None:
    with reverts(reason):
        stage.mint(signers=signers)


def test_mint__unsigned_or_single_signed__reverts(stage: Stage) -> None:
    values = tuple(stage.voucher().values())
    signature = stage.signed(ISSUER, MINT_VOUCHER, values, "issuer")
    with reverts("issuer: issuer signature was wrong"):
        stage.send("issuer", "Issuer", "mint", values, b"", b"")
    with reverts("issuer: attestor signature was wrong"):
        stage.send("issuer", "Issuer", "mint", values, signature, b"")


def test_mint__high_s_or_odd_v__reverts(stage: Stage) -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    values = tuple(stage.voucher().values())
    issuer, attestor = (stage.signed(ISSUER, MINT_VOUCHER, values, name) for name in ("issuer", "attestor"))
    twin = issuer[:32] + (order - int.from_bytes(issuer[32:64])).to_bytes(32) + bytes([55 - issuer[64]])
    for bad in (twin, issuer[:64] + b"\x00", issuer[:64] + b"\x1d", issuer[:64], b"\0" * 65):
        with reverts("issuer: issuer signature was wrong"):
            stage.send("stranger", "Issuer", "mint", values, bad, attestor)
    stage.send("stranger", "Issuer", "mint", values, issuer, attestor)


def test_mint__nothing_was_ever_reported__reverts(fresh: Stage) -> None:
    with reverts("feed: nothing was reported"):
        fresh.mint()


def test_mint__stale_feed__reverts_until_a_new_report(stage: Stage) -> None:
    stage.pass_time(3_600)
    stage.mint()
    stage.pass_time(1)
    with reverts("issuer: feed was stale"):
        stage.mint()
    stage.report()
    stage.mint()


def test_mint__over_the_allocation__reverts__and_up_to_it_mints(fresh: Stage) -> None:
    fresh.report(shares=10 * 10**9, allocation=7 * 10**9)
    with reverts("issuer: allocation was too small"):
        fresh.mint(fresh.voucher(raw=7 * ONE + GRAIN))
    fresh.mint(fresh.voucher(raw=7 * ONE))
    with reverts("issuer: allocation was too small"):
        fresh.mint(fresh.voucher(raw=GRAIN))


def test_mint__shares_owed_are_rounded_up(fresh: Stage) -> None:
    fresh.schedule(fresh.change(multiplier=4 * ONE // 3, epoch_after=0))
    fresh.pass_time(86_400)
    # 3e-8 raw x 1.333... is 3.99..e-8 share: 40 atoms when rounded up, 39 when rounded down
    fresh.report(shares=39, allocation=39)
    with reverts("issuer: allocation was too small"):
        fresh.mint(fresh.voucher(raw=3 * GRAIN))
    fresh.report(shares=40, allocation=40)
    fresh.mint(fresh.voucher(raw=3 * GRAIN))


def test_mint__wrong_epoch_or_multiplier__reverts(stage: Stage) -> None:
    with reverts("issuer: epoch was not the token's"):
        stage.mint(stage.voucher(epoch=1))
    with reverts("issuer: multiplier was not the token's"):
        stage.mint(stage.voucher(multiplier=ONE + 1))


def test_mint__split_took_effect__needs_a_report_of_the_new_epoch(stage: Stage) -> None:
    old = stage.voucher(deadline=stage.now() + 5 * 86_400)
    stage.schedule()
    stage.pass_time(86_400)
    with reverts("issuer: epoch was not the token's"):
        stage.mint(old)
    stage.report(epoch=0)
    with reverts("issuer: feed carried another epoch"):
        stage.mint()
    stage.report(epoch=1, shares=10_000 * 10**9, allocation=10_000 * 10**9)
    stage.mint()


def test_mint__while_a_split_is_pending__counts_the_higher_multiplier(fresh: Stage) -> None:
    fresh.schedule()
    fresh.report(shares=10 * 10**9, allocation=10 * 10**9)
    with reverts("issuer: allocation was too small"):
        fresh.mint(fresh.voucher(raw=ONE + GRAIN))
    fresh.mint(fresh.voucher(raw=ONE))


def test_mint__while_a_reverse_split_is_pending__counts_the_one_in_force(fresh: Stage) -> None:
    fresh.schedule(fresh.change(multiplier=ONE // 10))
    fresh.report(shares=10 * 10**9, allocation=10 * 10**9)
    with reverts("issuer: allocation was too small"):
        fresh.mint(fresh.voucher(raw=10 * ONE + GRAIN))
    fresh.mint(fresh.voucher(raw=10 * ONE))


def test_mint__unregistered_token__reverts(stage: Stage) -> None:
    with reverts("issuer: token was not registered"):
        stage.mint(stage.voucher(token=account("stranger")))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"raw": 0}, "issuer: amount was zero"),
        ({"raw": GRAIN + 1}, "issuer: amount was finer than 1e-8"),
        ({"kind": 0}, "issuer: kind of mint was unknown"),
        ({"kind": 4}, "issuer: succession has no voucher"),
        ({"kind": 5}, "issuer: kind of mint was unknown"),
        ({"receiver": NOBODY}, "token: receiver was zero"),
    ],
)
def test_mint__senseless_voucher__reverts(stage: Stage, changes: dict[str, Any], reason: str) -> None:
    with reverts(reason):
        stage.mint(stage.voucher(**changes))


def test_mint__failed__leaves_the_voucher_usable(stage: Stage) -> None:
    voucher = stage.voucher(raw=900 * ONE)
    with reverts("issuer: allocation was too small"):
        stage.mint(voucher)
    stage.report(shares=2_000 * 10**9, allocation=2_000 * 10**9)
    stage.mint(voucher)


# Report and mint in one


def _report_and_mint(stage: Stage, sender: str = "issuer", **report: Any) -> dict[str, Any]:
    reported = stage.reported(**report)
    signed_report = stage.signed(FEED, RESERVE_REPORT, reported, "attestor")
    return stage.send(sender, "Issuer", "report_and_mint", reported, signed_report, *stage.signed_voucher())


def test_report_and_mint__by_the_issuer__reports_and_mints(fresh: Stage) -> None:
    receipt = _report_and_mint(fresh)
    assert len(events(receipt, "Issuer", "Minted")) == len(events(receipt, "ReserveFeed", "ReserveReported")) == 1


def test_report_and_mint__older_report_than_the_feeds__mints_under_the_newer(fresh: Stage) -> None:
    _report_and_mint(fresh, sequence=9, shares=50 * 10**9, allocation=50 * 10**9)
    _report_and_mint(fresh, sequence=8)
    assert fresh.view("ReserveFeed", "sequence") == 9
    assert fresh.view("ReserveFeed", "allocation") == 50 * 10**9


def test_report_and_mint__by_a_stranger_or_for_another_token__reverts(fresh: Stage) -> None:
    with reverts("issuer: caller was not the issuer"):
        _report_and_mint(fresh, sender="stranger")
    with reverts("issuer: report was for another token"):
        _report_and_mint(fresh, token=key("stranger").address)


def test_report_and_mint__of_a_token_that_is_not_ours__reverts(fresh: Stage) -> None:
    stranger = account("stranger")
    reported = fresh.reported(token=stranger)
    signed_report = fresh.signed(FEED, RESERVE_REPORT, reported, "attestor")
    voucher = fresh.signed_voucher(fresh.voucher(token=stranger))
    with reverts("issuer: token was not registered"):
        fresh.send("issuer", "Issuer", "report_and_mint", reported, signed_report, *voucher)


def test_report_and_mint__report_signed_by_another__reverts(fresh: Stage) -> None:
    reported = fresh.reported()
    signed_report = fresh.signed(FEED, RESERVE_REPORT, reported, "issuer")
    with reverts("feed: attestor signature was wrong"):
        fresh.send("issuer", "Issuer", "report_and_mint", reported, signed_report, *fresh.signed_voucher())


def test_domain__of_the_issuer_contract__is_told_by_erc_5267(stage: Stage) -> None:
    assert stage.view("Issuer", "eip712Domain") == (
        b"\x0f", "Openscrip Issuer", "1", CHAIN_ID, stage.at.issuer.lower(), NOTHING, (),
    )  # fmt: skip
    domain = encode(
        ["bytes32"] * 3 + ["uint256", "address"],
        [
            keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
            keccak(text="Openscrip Issuer"), keccak(text="1"), CHAIN_ID, stage.at.issuer,
        ],
    )  # fmt: skip
    assert stage.view("Issuer", "DOMAIN_SEPARATOR") == keccak(domain)
