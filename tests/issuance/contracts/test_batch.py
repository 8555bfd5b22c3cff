"""Many mints in one transaction: all of them, or none."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import GRAIN, NOBODY, ONE, Reverted, Stage, account, events, reverts
from tests.issuance.contracts.test_kinds import list_other

GAS_MAX = 90_000
NAMES = ("alice", "bob", "carol", "dave", "erin")


def test_mint_batch__several_vouchers__mints_each_and_says_so(stage: Stage) -> None:
    vouchers = [stage.voucher(receiver=account(name), raw=place * ONE) for place, name in enumerate(NAMES, start=1)]
    receipt = stage.mint_batch(*vouchers)
    minted = events(receipt, "Issuer", "Minted")
    assert [topics[0] for topics, _ in minted] == ["0x" + voucher["request"].hex() for voucher in vouchers]
    assert [fields["rawAmount"] for _, fields in minted] == [place * ONE for place in range(1, 6)]
    assert [stage.token_view("balanceOf", name) for name in NAMES] == [101 * ONE, 52 * ONE, 3 * ONE, 4 * ONE, 5 * ONE]
    assert stage.token_view("totalSupply") == 165 * ONE


def test_mint_batch__of_nothing__reverts(stage: Stage) -> None:
    with reverts("issuer: batch was empty"):
        stage.mint_batch()


def test_mint_batch__of_one__mints(stage: Stage) -> None:
    stage.mint_batch(stage.voucher())
    assert stage.token_view("totalSupply") == 155 * ONE


@pytest.mark.parametrize("place", [0, 1, 2])
def test_mint_batch__one_bad_voucher__undoes_all(stage: Stage, place: int) -> None:
    vouchers = [stage.voucher() for _ in range(3)]
    bad = [*vouchers]
    bad[place] = stage.voucher(epoch=1)
    with reverts("issuer: epoch was not the token's"):
        stage.mint_batch(*bad)
    assert stage.token_view("totalSupply") == 150 * ONE
    assert [stage.view("Issuer", "request_used", voucher["request"]) for voucher in vouchers] == [False] * 3
    stage.mint_batch(*vouchers)


def test_mint_batch__the_same_voucher_twice__undoes_all(stage: Stage) -> None:
    voucher = stage.voucher()
    with reverts("issuer: voucher was used"):
        stage.mint_batch(voucher, voucher)
    stage.mint_batch(voucher)


def test_mint_batch__counts_what_the_batch_minted_before(fresh: Stage) -> None:
    fresh.report(shares=10 * 10**9, allocation=10 * 10**9)
    with reverts("issuer: allocation was too small"):
        fresh.mint_batch(fresh.voucher(raw=6 * ONE), fresh.voucher(raw=4 * ONE + GRAIN))
    fresh.mint_batch(fresh.voucher(raw=6 * ONE), fresh.voucher(raw=4 * ONE))


def test_mint_batch__of_two_tokens_in_turn__counts_each_on_its_own(fresh: Stage) -> None:
    other = list_other(fresh)
    fresh.report(shares=10 * 10**9, allocation=10 * 10**9)
    turns = [fresh.token, other, fresh.token, other]
    with reverts("issuer: allocation was too small"):
        fresh.mint_batch(*(fresh.voucher(token=token, raw=5 * ONE + place * GRAIN) for place, token in enumerate(turns)))
    fresh.mint_batch(*(fresh.voucher(token=token, raw=5 * ONE) for token in turns))
    assert fresh.token_view("totalSupply") == fresh.view("StockToken", "totalSupply", to=other) == 10 * ONE


def test_mint_batch__second_token_was_closed_or_is_not_ours__undoes_all(stage: Stage) -> None:
    other = list_other(stage)
    stage.send(stage.at.actions, "Issuer", "close", other)
    for token, reason in (
        (other, "issuer: token was closed"), (account("stranger"), "issuer: token was not registered"),
        (NOBODY, "issuer: token was not registered"),
    ):  # fmt: skip
        for pair in ((stage.token, token), (token, stage.token)):
            with reverts(reason):
                stage.mint_batch(*(stage.voucher(token=each) for each in pair))
    assert stage.token_view("totalSupply") == 150 * ONE


@pytest.mark.parametrize(
    ("place", "reason"), [(1, "issuer: issuer signature was wrong"), (2, "issuer: attestor signature was wrong")]
)
def test_mint_batch__signatures_of_another_voucher__undoes_all(stage: Stage, place: int, reason: str) -> None:
    first, second = (list(stage.signed_voucher()) for _ in range(2))
    mixed = [*second]
    mixed[place] = first[place]
    with reverts(reason):
        stage.send("stranger", "Issuer", "mint_batch", [tuple(first), tuple(mixed)])
    stage.send("stranger", "Issuer", "mint_batch", [tuple(first), tuple(second)])


def signed_vouchers(stage: Stage, count: int) -> list[Any]:
    """Vouchers for as many holders who hold some already."""
    names = [f"holder {number}" for number in range(count)]
    for start in range(0, count, 25):
        stage.mint_batch(*(stage.voucher(receiver=account(name), raw=ONE) for name in names[start : start + 25]))
    return [stage.signed_voucher(stage.voucher(receiver=account(name), raw=ONE)) for name in names]


def test_mint_batch__of_fifty__stays_within_its_gas__and_one_more_is_refused(stage: Stage) -> None:
    vouchers = signed_vouchers(stage, 51)
    with pytest.raises(Reverted):
        stage.send("stranger", "Issuer", "mint_batch", vouchers)
    supply = stage.token_view("totalSupply")
    receipt = stage.send("stranger", "Issuer", "mint_batch", vouchers[:50])
    assert len(events(receipt, "Issuer", "Minted")) == 50
    assert stage.token_view("totalSupply") == supply + 50 * ONE
    assert int(receipt["gasUsed"], 16) // 50 <= GAS_MAX
