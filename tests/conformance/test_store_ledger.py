"""The conformance suite of the store, its ledger (L), on every adapter. Cases are numbered; the port says what they hold."""

import pytest
from tests.conformance.store_steps import balance, post
from tests.conformance.stores import (
    ALICE,
    CLAIM,
    CUSTODY,
    WORLD,
    pending,
    posted,
    resolution,
)

from openscrip.kernel.errors import Conflict, Refused
from openscrip.runtime.ledger import TOTAL_MAX, Balance, LedgerBroken, Phase, Transfer, unbalanced
from openscrip.runtime.store import Store


def test_l01_a_posted_transfer_moves_both_accounts(store: Store) -> None:
    post(store, posted("1", CUSTODY, WORLD, 10))
    assert balance(store, CUSTODY) == Balance(debits_posted=10)
    assert balance(store, WORLD) == Balance(credits_posted=10)
    assert balance(store, CLAIM) == Balance()


def test_l02_the_same_transfer_again_is_a_no_op_in_any_transaction(store: Store) -> None:
    entry = posted("1", CUSTODY, WORLD, 10)
    post(store, entry, entry)
    post(store, entry)
    assert balance(store, CUSTODY).debit == 10


@pytest.mark.parametrize(
    "other",
    [
        posted("1", CUSTODY, WORLD, 11),
        posted("1", WORLD, CUSTODY, 10),
        posted("1", CUSTODY, WORLD, 10, "other"),
        pending("1", CUSTODY, WORLD, 10),
    ],
    ids=["amount", "accounts", "cause", "phase"],
)
def test_l03_the_same_id_with_other_content_is_a_conflict(store: Store, other: Transfer) -> None:
    post(store, posted("1", CUSTODY, WORLD, 10))
    with pytest.raises(Conflict) as refusal:
        post(store, other)
    assert refusal.value.code == "ledger.conflict"
    assert balance(store, CUSTODY).debit == 10


def test_l04_an_asset_account_is_never_overdrawn(store: Store) -> None:
    post(store, posted("1", CUSTODY, WORLD, 10))
    with pytest.raises(Refused) as refusal:
        post(store, posted("2", WORLD, CUSTODY, 11))
    assert refusal.value.code == "ledger.limit"
    post(store, posted("3", WORLD, CUSTODY, 10))
    assert balance(store, CUSTODY).debit == 0


def test_l05_a_claim_account_never_owes_less_than_nothing(store: Store) -> None:
    post(store, posted("1", WORLD, ALICE, 10))
    with pytest.raises(Refused):
        post(store, posted("2", ALICE, WORLD, 11))
    post(store, posted("3", ALICE, WORLD, 10))
    assert balance(store, ALICE).credit == 0


def test_l06_a_pending_amount_counts_against_the_limit_when_spent_but_not_when_received(store: Store) -> None:
    post(store, posted("1", CUSTODY, WORLD, 10), pending("2", WORLD, CUSTODY, 7))
    with pytest.raises(Refused):
        post(store, posted("3", WORLD, CUSTODY, 4))
    post(store, pending("4", CUSTODY, WORLD, 100))
    with pytest.raises(Refused):
        post(store, posted("5", WORLD, CUSTODY, 4))
    post(store, posted("6", WORLD, CUSTODY, 3))


def test_l07_posting_a_part_releases_the_rest(store: Store) -> None:
    held = pending("p", CUSTODY, WORLD, 10)
    post(store, held)
    assert balance(store, CUSTODY) == Balance(debits_pending=10)
    post(store, resolution("q", held, 6))
    assert balance(store, CUSTODY) == Balance(debits_posted=6)
    assert balance(store, WORLD) == Balance(credits_posted=6)


def test_l08_a_void_releases_everything(store: Store) -> None:
    held = pending("p", CUSTODY, WORLD, 10)
    post(store, held, resolution("v", held, 10, Phase.VOID))
    assert balance(store, CUSTODY) == Balance()


@pytest.mark.parametrize("phase", [Phase.POST, Phase.VOID])
def test_l09_a_pending_transfer_resolves_at_most_once(store: Store, phase: Phase) -> None:
    held = pending("p", CUSTODY, WORLD, 10)
    first = resolution("q", held, 10)
    post(store, held, first)
    post(store, first)
    with pytest.raises(Conflict) as refusal:
        post(store, resolution("r", held, 10, phase))
    assert refusal.value.code == "ledger.resolved"
    assert balance(store, CUSTODY).debit == 10


HELD = pending("p", CUSTODY, WORLD, 10)


@pytest.mark.parametrize(
    "wrong",
    [
        posted("1", CUSTODY, "NVDA/world", 10),
        posted("1", CUSTODY, CUSTODY, 10),
        posted("1", CUSTODY, WORLD, 0),
        posted("1", CUSTODY, WORLD, -1),
        posted("1", CUSTODY, "TSLA/nowhere", 1),
        Transfer("1", CUSTODY, WORLD, 1, "test", Phase.POSTED, "p"),
        Transfer("1", CUSTODY, WORLD, 1, "test", Phase.POST, "unknown"),
        Transfer("1", CUSTODY, WORLD, 1, "test", Phase.POST, "base"),
        Transfer("1", CUSTODY, WORLD, 0, "test", Phase.POST, "p"),
        Transfer("1", CUSTODY, WORLD, 11, "test", Phase.POST, "p"),
        Transfer("1", CUSTODY, WORLD, 1, "test", Phase.VOID, ""),
        Transfer("1", CUSTODY, CLAIM, 1, "test", Phase.POST, "p"),
    ],
    ids=str,
)
def test_l10_a_malformed_transfer_breaks_the_ledger_and_changes_nothing(store: Store, wrong: Transfer) -> None:
    post(store, posted("base", CUSTODY, WORLD, 100), HELD)
    with pytest.raises(LedgerBroken):
        post(store, posted("0", CUSTODY, WORLD, 5), wrong)
    assert balance(store, CUSTODY) == Balance(debits_posted=100, debits_pending=10)


def test_l11_a_batch_applies_whole_or_not_at_all_even_if_the_refusal_is_caught(store: Store) -> None:
    with store.transaction() as unit:
        unit.post([posted("1", CUSTODY, WORLD, 10)])
        with pytest.raises(Refused):
            unit.post([posted("2", CUSTODY, WORLD, 5), posted("3", WORLD, CUSTODY, 100)])
        assert unit.balance(CUSTODY).debit == 10
        unit.post([posted("2", CUSTODY, WORLD, 6)])
    assert balance(store, CUSTODY).debit == 16


def test_l12_transfers_are_checked_in_order_so_that_no_prefix_passes_a_limit(store: Store) -> None:
    with pytest.raises(Refused):
        post(store, posted("1", WORLD, CUSTODY, 5), posted("2", CUSTODY, WORLD, 5))
    post(store, posted("2", CUSTODY, WORLD, 5), posted("1", WORLD, CUSTODY, 5))


def test_l13_a_total_beyond_64_bits_is_refused(store: Store) -> None:
    post(store, posted("1", CUSTODY, WORLD, TOTAL_MAX))
    for entry in (posted("2", CUSTODY, WORLD, 1), pending("3", CUSTODY, WORLD, 1), posted("4", ALICE, WORLD, 2**70)):
        with pytest.raises(Refused):
            post(store, entry)
    assert balance(store, CUSTODY).debit == TOTAL_MAX


def test_l14_balances_list_a_unit_or_everything_and_balance(store: Store) -> None:
    post(store, posted("1", CUSTODY, WORLD, 10), posted("2", "NVDA/custody", "NVDA/world", 3))
    with store.view() as view:
        assert set(view.balances("TSLA")) == {CUSTODY, WORLD}
        assert view.balances("NVDA")["NVDA/custody"].debit == 3
        assert len(view.balances()) == 4
        assert not unbalanced(view.balances())


def test_l15_the_balances_of_named_accounts_are_read_at_once(store: Store) -> None:
    post(store, posted("1", CUSTODY, WORLD, 10))
    with store.transaction() as unit:
        unit.post([posted("2", CUSTODY, WORLD, 5)])
        found = unit.balances_of([WORLD, CLAIM, CUSTODY])
        assert found == {WORLD: Balance(credits_posted=15), CLAIM: Balance(), CUSTODY: Balance(debits_posted=15)}
    with store.glance() as view:
        assert view.balances_of([CUSTODY]) == {CUSTODY: Balance(debits_posted=15)}
