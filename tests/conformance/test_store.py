"""The conformance suite of the store, on every adapter. Cases are numbered; the port says what they hold.

L ledger, R rows and transactions, O outbox, I inbox, cursors, single use and numbers.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.stores import (
    ALICE,
    CLAIM,
    CUSTODY,
    WORLD,
    Letter,
    Order,
    Sent,
    command,
    memory_store,
    pending,
    posted,
    resolution,
    sql_store,
)

from openscrip.kernel.errors import Conflict, Refused
from openscrip.runtime.ledger import TOTAL_MAX, Balance, LedgerBroken, Phase, Transfer, unbalanced
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Fenced, Lease, Store


@pytest.fixture(params=[memory_store, sql_store], ids=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = request.param(tmp_path)
    yield opened
    if isinstance(opened, SqlStore):
        opened.close()


def post(store: Store, *transfers: Transfer) -> None:
    with store.transaction() as unit:
        unit.post(transfers)


def balance(store: Store, account: str) -> Balance:
    with store.view() as view:
        return view.balance(account)


def lease(
    store: Store, market_now: int = 0, machine_now: float = 0.0, worker: str = "w", limit: int = 10
) -> list[Lease]:
    return store.lease(worker, limit, market_now, machine_now, lease_s=30.0)


def keys(leases: list[Lease]) -> list[str]:
    return [held.command.key for held in leases]


def enqueue(store: Store, *names: str, due_at: int = 0) -> None:
    with store.transaction() as unit:
        for name in names:
            unit.enqueue(command(name, due_at))


# L: the ledger


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


# R: rows, and transactions as a whole


def test_r01_a_row_is_read_back_equal_and_replaced_whole(store: Store) -> None:
    with store.transaction() as unit:
        assert unit.row(Order, "a") is None
        unit.put(Order("a", count=1))
        assert unit.row(Order, "a") == Order("a", count=1)
    with store.transaction() as unit:
        unit.put(Order("a", state="done", count=2))
    with store.view() as view:
        assert view.row(Order, "a") == Order("a", state="done", count=2)
        assert view.row(Letter, "a") is None


def test_r02_rows_are_listed_oldest_first_by_stock_and_state(store: Store) -> None:
    with store.transaction() as unit:
        for row_id, stock, state in [("c", "TSLA", "new"), ("a", "NVDA", "new"), ("b", "TSLA", "new")]:
            unit.put(Order(row_id, stock, state))
        unit.put(Letter("a"))
    with store.transaction() as unit:
        unit.put(Order("c", "TSLA", "done"))
        unit.put(Order("c", "TSLA", "new", 7))
        unit.put(Order("a", "NVDA", "done"))
        assert [row.id for row in unit.rows(Order)] == ["c", "a", "b"]
        assert [row.id for row in unit.rows(Order, stock="TSLA")] == ["c", "b"]
        assert [row.id for row in unit.rows(Order, state="new")] == ["c", "b"]
        assert [row.id for row in unit.rows(Order, stock="NVDA", state="done")] == ["a"]
        assert unit.rows(Order, stock="NVDA", state="new") == []
        assert unit.rows(Order, state="unknown") == []


def test_r03_an_exception_undoes_everything(store: Store) -> None:
    with store.transaction() as unit:
        unit.put(Order("a"))
        unit.put(Order("b", state="old"))
        unit.enqueue(command("held"))
        unit.set_cursor("feed", "1")
        assert unit.next_number("n") == 0
    [held] = lease(store)
    with pytest.raises(ZeroDivisionError), store.transaction() as unit:
        unit.put(Order("a", state="done"))
        unit.put(Order("c"))
        unit.post([posted("1", CUSTODY, WORLD, 10)])
        unit.record(Sent("x"), 1)
        unit.enqueue(command("k"))
        unit.finish(held)
        assert unit.first_time("bank", "m")
        unit.set_cursor("feed", "2")
        unit.use_once("receipt", "r", "me")
        assert unit.next_number("n") == 1
        _ = 1 // 0
    assert lease(store) == []
    assert [(waits[0].key, waits[1]) for waits in store.waiting()] == [("held", "leased")]
    with store.transaction() as unit:
        assert unit.rows(Order) == [Order("a"), Order("b", state="old")]
        assert unit.rows(Order, state="done") == []
        assert unit.balances() == {}
        assert unit.facts() == []
        assert unit.first_time("bank", "m")
        assert unit.cursor("feed") == "1"
        unit.use_once("receipt", "r", "somebody else")
        assert unit.next_number("n") == 1
        unit.post([posted("1", CUSTODY, WORLD, 11)])
        unit.enqueue(command("k", text="other"))
        unit.finish(held)
    assert keys(lease(store)) == ["k"]


def test_r04_a_transaction_inside_another_one_is_a_bug(store: Store) -> None:
    with store.transaction() as unit:
        unit.put(Order("a"))
        with pytest.raises(RuntimeError, match="inside another"):
            store.transaction().__enter__()
    with store.view() as view:
        assert view.row(Order, "a")


def test_r05_facts_are_numbered_from_one_and_read_in_parts(store: Store) -> None:
    with store.transaction() as unit:
        for count in range(5):
            unit.record(Sent(str(count)), 100 + count)
        assert unit.facts(3) == [(4, 103, Sent("3")), (5, 104, Sent("4"))]
    with store.view() as view:
        assert view.facts(limit=2) == [(1, 100, Sent("0")), (2, 101, Sent("1"))]
        assert view.facts(5) == []


# O: the outbox


def test_o01_commands_are_leased_once_they_are_due_in_order_of_due_time(store: Store) -> None:
    enqueue(store, "late", due_at=200)
    enqueue(store, "a", "b")
    enqueue(store, "first", due_at=-5)
    assert keys(lease(store, 0)) == ["first", "a", "b"]
    assert lease(store, 199) == []
    [late] = lease(store, 200)
    assert (late.command, late.attempts) == (command("late", 200), 0)


def test_o02_a_leased_command_is_nobody_elses_until_the_lease_ends(store: Store) -> None:
    enqueue(store, "a")
    [mine] = lease(store, machine_now=100.0)
    assert lease(store, machine_now=129.9, worker="other") == []
    [theirs] = lease(store, machine_now=130.0, worker="other")
    assert theirs.attempts == 1
    assert theirs.token > mine.token


def test_o03_whoever_lost_a_lease_is_fenced_off(store: Store) -> None:
    enqueue(store, "a")
    [mine] = lease(store, machine_now=0.0)
    [theirs] = lease(store, machine_now=31.0, worker="other")
    for write in ("finish", "extend"):
        with pytest.raises(Fenced), store.transaction() as unit:
            unit.put(Order("a"))
            getattr(unit, write)(mine)
    store.retry(mine, "late", 0.0)
    store.park(mine, "late")
    with store.transaction() as unit:
        assert unit.row(Order, "a") is None
        unit.extend(theirs)
        unit.finish(theirs)
        with pytest.raises(Fenced):
            unit.finish(theirs)
    assert store.waiting() == []
    assert lease(store, machine_now=1_000.0) == []


def test_o04_a_slow_worker_keeps_an_ended_lease_that_nobody_took(store: Store) -> None:
    enqueue(store, "a")
    [mine] = lease(store, machine_now=0.0)
    with store.transaction() as unit:
        unit.finish(mine)
    assert lease(store, machine_now=31.0) == []


def test_o05_a_retried_command_waits_for_its_machine_time_and_keeps_the_error(store: Store) -> None:
    enqueue(store, "a")
    [mine] = lease(store, machine_now=10.0)
    store.retry(mine, "broker: no answer", 15.0)
    assert store.waiting() == [(command("a"), "due", 1, "broker: no answer")]
    assert lease(store, machine_now=14.9) == []
    [again] = lease(store, machine_now=15.0)
    assert again.attempts == 1
    with pytest.raises(Fenced), store.transaction() as unit:
        unit.finish(mine)


def test_o06_a_parked_command_waits_for_an_operator(store: Store) -> None:
    enqueue(store, "a", "b")
    mine, _ = lease(store)
    store.park(mine, "a bug")
    assert lease(store, machine_now=29.0) == []
    assert store.waiting()[0] == (command("a"), "parked", 1, "a bug")
    store.unpark("b")
    store.unpark("a")
    [again] = lease(store, machine_now=29.0)
    assert (again.command.key, again.attempts) == ("a", 0)


def test_o07_the_same_command_again_is_a_no_op_even_when_it_is_done(store: Store) -> None:
    enqueue(store, "a")
    enqueue(store, "a")
    [mine] = lease(store)
    with store.transaction() as unit:
        unit.finish(mine)
    enqueue(store, "a")
    assert store.waiting() == []
    with pytest.raises(Conflict) as refusal, store.transaction() as unit:
        unit.enqueue(command("a", text="other"))
    assert refusal.value.code == "outbox.conflict"


def test_o08_the_next_due_time_counts_leased_and_retried_but_not_parked_commands(store: Store) -> None:
    assert store.next_due() is None
    enqueue(store, "now", due_at=10)
    enqueue(store, "later", due_at=500)
    assert store.next_due() == 10
    [mine] = lease(store, 10)
    assert store.next_due() == 10
    store.retry(mine, "no answer", 5.0)
    assert store.next_due() == 10
    [mine] = lease(store, 10, machine_now=5.0)
    store.park(mine, "a bug")
    assert store.next_due() == 500


def test_o09_a_worker_that_starts_again_takes_back_only_what_it_held(store: Store) -> None:
    enqueue(store, "a", "b")
    [mine] = lease(store, worker="me", limit=1)
    lease(store, worker="other", limit=1)
    assert store.release("me") == 1
    [again] = lease(store, worker="me")
    assert (again.command.key, again.attempts) == ("a", 1)
    with pytest.raises(Fenced), store.transaction() as unit:
        unit.finish(mine)
    assert store.release("nobody") == 0


def test_o10_the_limit_of_a_lease_holds(store: Store) -> None:
    enqueue(store, *"abcde")
    assert keys(lease(store, limit=2)) == ["a", "b"]
    assert keys(lease(store, limit=2)) == ["c", "d"]
    assert [waits[1] for waits in store.waiting(4)] == ["leased"] * 4


# I: the inbox, cursors, single use and numbers


def test_i01_a_message_is_new_once_for_its_source(store: Store) -> None:
    for first in (True, False):
        with store.transaction() as unit:
            assert unit.first_time("bank", "m1", "aa") is first
            assert unit.first_time("broker", "m1", "bb") is first
    with pytest.raises(Conflict) as refusal, store.transaction() as unit:
        unit.first_time("bank", "m1", "bb")
    assert refusal.value.code == "inbox.conflict"


def test_i02_a_cursor_starts_empty_and_remembers(store: Store) -> None:
    with store.transaction() as unit:
        assert unit.cursor("feed") == ""
        unit.set_cursor("feed", "5")
        unit.set_cursor("feed", "6")
        assert unit.cursor("feed") == "6"
    with store.view() as view:
        assert view.cursor("feed") == "6"
        assert view.cursor("other") == ""


def test_i03_evidence_serves_one_user_for_ever(store: Store) -> None:
    for _ in range(2):
        with store.transaction() as unit:
            unit.use_once("receipt", "r1", "mint-1")
            unit.use_once("burn", "r1", "mint-2")
    with pytest.raises(Refused) as refusal, store.transaction() as unit:
        unit.use_once("receipt", "r1", "mint-2")
    assert refusal.value.code == "once.used"


def test_i04_numbers_count_without_gaps_for_each_name(store: Store) -> None:
    with store.transaction() as unit:
        assert [unit.next_number("nonce"), unit.next_number("nonce"), unit.next_number("line")] == [0, 1, 0]
    with pytest.raises(ZeroDivisionError), store.transaction() as unit:
        unit.next_number("nonce")
        _ = 1 // 0
    with store.transaction() as unit:
        assert unit.next_number("nonce") == 2
