"""What each holder is due, and proofs that fit: nobody gains by rounding, order or depth."""

from fractions import Fraction

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from openscrip.issuance.chains.evm.distribution_tree import (
    Entitlements,
    distribution,
    distribution_id,
    entitle_down,
    plant,
)
from openscrip.issuance.chains.evm.snapshot import Snapshot
from openscrip.kernel.errors import Refused
from openscrip.kernel.multiplier import MULTIPLIER_MAX, MULTIPLIER_MIN, ONE, Multiplier
from openscrip.kernel.quantities import RawAmount

IDENTITY = b"\x0d" * 32


def address(number: int) -> str:
    return to_checksum_address(f"0x{number:040x}")


NOBODY, ALICE, BOB, CAROL = (address(number) for number in range(4))


holdings_of_anyone = st.dictionaries(st.integers(1, 2**160 - 1).map(address), st.integers(1, 10**30), min_size=1)


# Entitlements


def test_ten_among_three_equal_holders_gives_three_each_and_one_remains() -> None:
    entitled = entitle_down({account: RawAmount(7) for account in (ALICE, BOB, CAROL)}, 10)
    assert entitled == Entitlements(10, {ALICE: 3, BOB: 3, CAROL: 3}, 1)


def test_the_part_of_an_account_that_cannot_be_paid_remains_and_makes_no_other_larger() -> None:
    holdings = {ALICE: RawAmount(50), BOB: RawAmount(50)}
    assert entitle_down(holdings, 100, unpayable=[BOB.lower()]) == Entitlements(100, {ALICE: 50}, 50)


def test_a_holder_of_less_than_an_atom_is_due_nothing_and_is_no_leaf() -> None:
    assert entitle_down({ALICE: RawAmount(1), BOB: RawAmount(999)}, 10) == Entitlements(10, {BOB: 9}, 1)


@given(holdings_of_anyone, st.integers(1, 10**30))
def test_what_is_due_and_the_remainder_are_the_total_and_nobody_is_due_more_than_the_exact_part(
    held: dict[str, int], total: int
) -> None:
    supply = sum(held.values())
    try:
        entitled = entitle_down({account: RawAmount(atoms) for account, atoms in held.items()}, total)
    except Refused:
        assert all(total * atoms < supply for atoms in held.values())
        return
    assert sum(entitled.due.values()) + entitled.remainder == total
    assert 0 <= entitled.remainder < len(held)
    for account, atoms in held.items():
        exact = total * atoms
        assert exact - supply < entitled.due.get(account, 0) * supply <= exact


@pytest.mark.parametrize(
    ("holdings", "total", "code"),
    [
        ({}, 10, "distribution.empty"),
        ({ALICE: 0}, 10, "distribution.empty"),
        (dict.fromkeys((ALICE, BOB), 1), 1, "distribution.empty"),
        ({ALICE: 1}, 0, "distribution.total"),
        ({ALICE: 1}, -1, "distribution.total"),
        ({address(10): 1, address(10).lower(): 1}, 5, "distribution.duplicate"),
    ],
)
def test_entitlements_that_mean_nothing_are_refused(holdings: dict[str, int], total: int, code: str) -> None:
    with pytest.raises(Refused) as caught:
        entitle_down({account: RawAmount(atoms) for account, atoms in holdings.items()}, total)
    assert caught.value.code == code


# A dividend per share


def taken(holdings: dict[str, int]) -> Snapshot:
    """A snapshot of these holdings."""
    return Snapshot(1, address(99), 7, "0x" + "77" * 32, 1_000, {who: RawAmount(atoms) for who, atoms in holdings.items()})


def test_thirty_cents_less_thirty_per_cent_at_one_and_a_half_shares_a_token_is_63_cents_for_two_tokens() -> None:
    entitled = distribution(taken({ALICE: 2 * ONE, BOB: ONE}), Fraction(21, 100), Multiplier(3 * ONE // 2))
    assert entitled == Entitlements(945_000, {ALICE: 630_000, BOB: 315_000}, 0)


def test_a_stablecoin_with_18_decimals_is_paid_in_its_own_atoms() -> None:
    entitled = distribution(taken({ALICE: 2 * ONE}), Fraction(21, 100), Multiplier(ONE), decimals=18)
    assert entitled == Entitlements(42 * 10**16, {ALICE: 42 * 10**16}, 0)


def test_dust_is_nobodys_and_stays_in_the_remainder() -> None:
    holdings = {ALICE: ONE, BOB: ONE, CAROL: 10**12}  # 4/3 of an atom each, and far less for carol
    entitled = distribution(taken(holdings), Fraction(4, 3 * 10**6), Multiplier(ONE))
    assert entitled == Entitlements(2, {ALICE: 1, BOB: 1}, 0)
    assert distribution(taken(holdings), Fraction(5, 3 * 10**6), Multiplier(ONE)) == Entitlements(3, {ALICE: 1, BOB: 1}, 1)


def test_what_lies_in_escrow_is_paid_in_but_to_nobody() -> None:
    entitled = distribution(taken({ALICE: ONE, BOB: ONE}), Fraction(1), Multiplier(ONE), unpayable=[BOB.lower()])
    assert entitled == Entitlements(2_000_000, {ALICE: 1_000_000}, 1_000_000)


@given(
    holdings_of_anyone,
    st.fractions(min_value=Fraction(1, 10**6), max_value=1_000),
    st.integers(MULTIPLIER_MIN, MULTIPLIER_MAX),
    st.sampled_from([0, 6, 18]),
)
def test_a_dividend_never_pays_more_than_the_shares_behind_the_tokens_brought(
    held: dict[str, int], net: Fraction, multiplier: int, decimals: int
) -> None:
    worth = {who: Fraction(atoms * multiplier, ONE * ONE) * net * 10**decimals for who, atoms in held.items()}
    try:
        entitled = distribution(taken(held), net, Multiplier(multiplier), decimals=decimals)
    except Refused:
        assert max(worth.values()) < 1
        return
    assert entitled.total <= sum(worth.values()) < entitled.total + 1
    assert sum(entitled.due.values()) + entitled.remainder == entitled.total
    assert 0 <= entitled.remainder <= len(held)
    for who, exact in worth.items():
        assert entitled.due.get(who, 0) <= exact < entitled.due.get(who, 0) + 1


@pytest.mark.parametrize(
    ("holdings", "net", "code"),
    [
        ({}, Fraction(1), "distribution.total"),
        ({ALICE: ONE}, Fraction(0), "distribution.total"),
        ({ALICE: ONE}, Fraction(-1), "distribution.total"),
        ({ALICE: 10**11, BOB: 10**11}, Fraction(1, 1), "distribution.total"),
        ({ALICE: 5 * 10**11, BOB: 5 * 10**11}, Fraction(1), "distribution.empty"),
    ],
)
def test_a_dividend_that_pays_nobody_is_refused(holdings: dict[str, int], net: Fraction, code: str) -> None:
    with pytest.raises(Refused) as caught:
        distribution(taken(holdings), net, Multiplier(ONE))
    assert caught.value.code == code


# Tree


def climbs(root: bytes, identity: bytes, index: int, account: str, amount: int, proof: tuple[bytes, ...]) -> bool:
    """Whether a leaf climbs to the root, as the rule reads; written apart from the code under test."""
    at = keccak(keccak(encode(["bytes32", "uint256", "address", "uint256"], [identity, index, account, amount])))
    for sibling in proof:
        at = keccak(b"".join(sorted((at, sibling))))
    return at == root


@given(holdings_of_anyone)
def test_every_payment_climbs_to_the_root_and_no_other_does(due: dict[str, int]) -> None:
    tree = plant(IDENTITY, Entitlements(sum(due.values()), due, 0))
    assert [payment.index for payment in tree.payments] == list(range(len(due)))
    assert {payment.account: payment.amount for payment in tree.payments} == due
    for payment in tree.payments:
        index, account, amount, proof = payment.index, payment.account, payment.amount, payment.proof
        assert climbs(tree.root, IDENTITY, index, account, amount, proof)
        assert not climbs(tree.root, b"\x0e" * 32, index, account, amount, proof)
        assert not climbs(tree.root, IDENTITY, index + 1, account, amount, proof)
        assert not climbs(tree.root, IDENTITY, index, account, amount + 1, proof)
        assert 2 ** len(proof) < 2 * max(len(due), 1)
    assert [payment for batch in tree.batches() for payment in batch] == list(tree.payments)


def test_a_tree_does_not_depend_on_the_order_of_holders() -> None:
    due = {ALICE: 1, BOB: 2, CAROL: 3}
    turned = dict(reversed(due.items()))
    assert plant(IDENTITY, Entitlements(6, due, 0)) == plant(IDENTITY, Entitlements(6, turned, 0))


def test_a_tree_of_nobody_is_refused() -> None:
    with pytest.raises(Refused, match="distribution: nobody was due an atom"):
        plant(IDENTITY, Entitlements(1, {}, 1))


def test_an_id_is_of_one_chain_contract_event_and_token() -> None:
    ids = {
        distribution_id(chain, contract, event, token)
        for chain in (1, 2)
        for contract in (ALICE, BOB)
        for event in (b"\1" * 32, b"\2" * 32)
        for token in (BOB, CAROL)
    }
    assert len(ids) == 16
