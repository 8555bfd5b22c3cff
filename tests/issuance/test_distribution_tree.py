"""Who held at the record block, what each is due, and proofs that fit: nobody gains by rounding, order or depth."""

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from openscrip.issuance.chains.evm.distribution_tree import (
    Entitlements,
    Transferred,
    distribution_id,
    entitle_down,
    holders_at,
    plant,
    transferred,
)
from openscrip.kernel.errors import Refused
from openscrip.kernel.quantities import RawAmount

IDENTITY = b"\x0d" * 32


def address(number: int) -> str:
    return to_checksum_address(f"0x{number:040x}")


NOBODY, ALICE, BOB, CAROL = (address(number) for number in range(4))


def moved(block: int, index: int, sender: str, receiver: str, atoms: int) -> Transferred:
    return Transferred(block, index, sender, receiver, RawAmount(atoms))


LOGS = (
    moved(1, 0, NOBODY, ALICE, 100), moved(2, 3, ALICE, BOB, 40), moved(2, 7, BOB, BOB, 40), moved(3, 0, BOB, CAROL, 40),
    moved(4, 1, ALICE, NOBODY, 10), moved(5, 0, CAROL, ALICE, 1), moved(5, 2, CAROL, BOB, 0),
)  # fmt: skip
holdings_of_anyone = st.dictionaries(st.integers(1, 2**160 - 1).map(address), st.integers(1, 10**30), min_size=1)


# Snapshot


@pytest.mark.parametrize(
    ("block", "held"),
    [
        (0, {}),
        (1, {ALICE: 100}),
        (2, {ALICE: 60, BOB: 40}),
        (3, {ALICE: 60, CAROL: 40}),
        (4, {ALICE: 50, CAROL: 40}),
        (9, {ALICE: 51, CAROL: 39}),
    ],
)
def test_holders_are_those_at_the_end_of_the_record_block(block: int, held: dict[str, int]) -> None:
    assert holders_at(block, LOGS) == {account: RawAmount(atoms) for account, atoms in held.items()}


@given(st.permutations(LOGS))
def test_the_order_in_which_logs_come_changes_no_snapshot(logs: list[Transferred]) -> None:
    assert holders_at(4, logs) == holders_at(4, LOGS)


def test_an_account_is_one_holder_however_its_address_is_written() -> None:
    account = address(0xABCDEF)
    logs = [moved(1, 0, NOBODY, account.lower(), 5), moved(1, 1, account, BOB, 2)]
    assert holders_at(1, logs) == {account: RawAmount(3), BOB: RawAmount(2)}


def test_a_snapshot_with_a_log_missing_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        holders_at(9, LOGS[1:])
    assert caught.value.code == "snapshot.incomplete"


def test_a_snapshot_with_a_log_twice_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        holders_at(9, (*LOGS, LOGS[0]))
    assert caught.value.code == "snapshot.duplicate"


def test_a_log_is_read_as_the_node_gives_it() -> None:
    topics = ["0x" + "dd" * 32, *("0x" + "00" * 12 + account[2:] for account in (ALICE, BOB))]
    log = {"topics": topics, "data": hex(40), "blockNumber": "0x2", "logIndex": "0x3"}
    assert transferred(log) == LOGS[1]


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
