"""Bridge pools: named by the owner alone, each mints within a bucket that fills up again, all within the shares held."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.issuance.contracts.direct import DAY, name_pool, put_in_force, topic
from tests.issuance.contracts.stage import GRAIN, NOBODY, ONE, Stage, account, events, reverts

CAPACITY, REFILL = 100 * ONE, ONE
LARGEST = 2**128 - 1


@pytest.fixture
def pooled(stage: Stage) -> Stage:
    """As `stage`, with a pool whose bucket of 100 tokens regains one a second."""
    name_pool(stage)
    return stage


def mint(stage: Stage, amount: int, who: str = "carol", pool: str = "pool") -> dict[str, Any]:
    """Mint as a pool."""
    return stage.send(pool, "StockToken", "mint", account(who), amount)


def bucket(stage: Stage, pool: str = "pool") -> tuple[int, int, int]:
    """Capacity, refill and what is available now."""
    found: tuple[int, int, int] = stage.token_view("pool_of", pool)
    return found


def test_set_pool__by_the_timelock__says_who_and_starts_with_a_full_bucket(stage: Stage) -> None:
    assert bucket(stage) == (0, 0, 0)
    receipt = name_pool(stage)
    [(topics, fields)] = events(receipt, "StockToken", "PoolChanged")
    assert (topics, fields) == ([topic("pool")], {"capacity": CAPACITY, "refillPerSecond": REFILL})
    assert bucket(stage) == (CAPACITY, REFILL, CAPACITY)


@pytest.mark.parametrize("caller", ["issuer", "attestor", "guardian", "approver", "lister", "pool", "alice"])
def test_set_pool__by_another__reverts(stage: Stage, caller: str) -> None:
    with reverts("token: caller was not the owner"):
        stage.send(caller, "StockToken", "set_pool", account("pool"), CAPACITY, REFILL)
    assert bucket(stage) == (0, 0, 0)


@pytest.mark.parametrize(("capacity", "refill", "reason"), [
    (LARGEST + 1, 1, "token: capacity was out of bounds"), (2**256 - 1, 1, "token: capacity was out of bounds"),
    (10, 11, "token: refill was above the capacity"), (10, 0, "token: refill was zero"),
    (0, 1, "token: refill was above the capacity"), (0, 0, "token: pool was unchanged"),
])  # fmt: skip
def test_set_pool__senseless_bucket__reverts(stage: Stage, capacity: int, refill: int, reason: str) -> None:
    with reverts(reason):
        name_pool(stage, capacity=capacity, refill=refill)


def test_set_pool__nobody_or_the_issuer_contract__reverts(stage: Stage) -> None:
    with reverts("token: pool was zero"):
        name_pool(stage, NOBODY)
    with reverts("token: pool was the issuer contract"):
        name_pool(stage, stage.at.issuer)


@pytest.mark.parametrize(("capacity", "refill"), [(LARGEST, LARGEST), (LARGEST, 1), (1, 1)])
def test_set_pool__edges_of_a_bucket__never_overflow(stage: Stage, capacity: int, refill: int) -> None:
    name_pool(stage, capacity=capacity, refill=refill)
    stage.pass_time(3_650 * DAY)
    assert bucket(stage) == (capacity, refill, capacity)


def test_set_pool__unchanged__reverts__and_either_figure_changes_it(pooled: Stage) -> None:
    with reverts("token: pool was unchanged"):
        name_pool(pooled)
    name_pool(pooled, refill=REFILL + 1)
    name_pool(pooled, capacity=CAPACITY + 1, refill=REFILL + 1)
    assert bucket(pooled)[:2] == (CAPACITY + 1, REFILL + 1)


def test_set_pool__to_nothing__takes_its_right_away(pooled: Stage) -> None:
    pooled.send("alice", "StockToken", "approve", account("pool"), ONE)
    receipt = name_pool(pooled, capacity=0, refill=0)
    assert events(receipt, "StockToken", "PoolChanged")[0][1] == {"capacity": 0, "refillPerSecond": 0}
    for function, arguments, reason in (
        ("mint", (account("carol"), GRAIN), "token: caller was not the issuer contract or a pool"),
        ("burn", (0,), "token: caller was not the issuer contract or a pool"),
        ("burnFrom", (account("alice"), GRAIN), "token: caller was not a pool"),
    ):
        with reverts(reason):
            pooled.send("pool", "StockToken", function, *arguments)
    assert bucket(pooled) == (0, 0, 0)


def test_pool_mint__moves_supply_and_leaves_the_bucket(pooled: Stage) -> None:
    receipt = mint(pooled, 30 * ONE)
    [(topics, fields)] = events(receipt, "StockToken", "Transfer")
    assert (topics, fields) == ([topic(NOBODY), topic("carol")], {"value": 30 * ONE})
    assert pooled.token_view("balanceOf", "carol") == 30 * ONE
    assert pooled.token_view("totalSupply") == 180 * ONE
    assert bucket(pooled) == (CAPACITY, REFILL, 70 * ONE)


def test_pool_mint__of_all_that_is_there__passes__and_a_grain_more_reverts(pooled: Stage) -> None:
    with reverts("token: pool was empty"):
        mint(pooled, CAPACITY + GRAIN)
    mint(pooled, CAPACITY)
    held = bucket(pooled)[2]
    with reverts("token: pool was empty"):
        mint(pooled, held + GRAIN + ONE)
    assert pooled.token_view("totalSupply") == 150 * ONE + CAPACITY


def test_bucket__fills_up_again_by_the_second__never_above_its_capacity(pooled: Stage) -> None:
    mint(pooled, CAPACITY)
    emptied = pooled.now()
    for seconds in (1, 9, 89):
        pooled.pass_time(seconds)
        assert bucket(pooled)[2] == (pooled.now() - emptied) * REFILL
    pooled.pass_time(10**6)
    assert bucket(pooled)[2] == CAPACITY
    pooled.report()
    mint(pooled, CAPACITY)
    assert bucket(pooled)[2] == 0


def test_bucket__changed__keeps_what_it_holds_up_to_its_capacity(pooled: Stage) -> None:
    mint(pooled, 80 * ONE)
    pooled.pass_time(5)
    name_pool(pooled, capacity=1_000 * ONE)
    assert bucket(pooled) == (1_000 * ONE, REFILL, 25 * ONE)
    pooled.pass_time(3)
    name_pool(pooled, capacity=10 * ONE)
    assert bucket(pooled) == (10 * ONE, REFILL, 10 * ONE)
    mint(pooled, 10 * ONE)
    assert bucket(pooled)[2] == 0


@given(steps=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 120)), min_size=1, max_size=8))
def test_bucket__any_mints_over_any_time__never_gives_more_than_capacity_and_refill(
    deployed: Stage, steps: list[tuple[int, int]]
) -> None:
    snapshot = deployed.rpc.call("evm_snapshot")
    deployed.sequence = 0
    deployed.report(shares=10**15, allocation=10**15)
    name_pool(deployed)
    level, since = CAPACITY, deployed.now()
    for seconds, tokens in steps:
        deployed.pass_time(seconds)
        level, since = min(CAPACITY, level + (deployed.now() - since) * REFILL), deployed.now()
        assert bucket(deployed)[2] == level
        if tokens * ONE <= level:
            mint(deployed, tokens * ONE)
            level -= tokens * ONE
        else:
            with reverts("token: pool was empty"):
                mint(deployed, tokens * ONE)
    deployed.rpc.call("evm_revert", snapshot)


def test_two_pools__have_a_bucket_each(pooled: Stage) -> None:
    name_pool(pooled, "other", capacity=5 * ONE)
    mint(pooled, 5 * ONE, pool="other")
    assert bucket(pooled) == (CAPACITY, REFILL, CAPACITY)
    assert bucket(pooled, "other") == (5 * ONE, REFILL, 0)


@pytest.mark.parametrize("amount", [1, GRAIN - 1, GRAIN + 1])
def test_pool__anything_finer_than_a_grain__reverts(pooled: Stage, amount: int) -> None:
    """What one chain burned finer than another can hold would never arrive."""
    pooled.send("alice", "StockToken", "transfer", account("pool"), ONE)
    pooled.send("alice", "StockToken", "approve", account("pool"), ONE)
    acts = (("mint", account("carol"), amount), ("burn", amount), ("burnFrom", account("alice"), amount))
    for function, *arguments in acts:
        with reverts("token: amount was finer than 1e-8"):
            pooled.send("pool", "StockToken", function, *arguments)


def test_pool_mint__within_the_shares_allotted__and_no_further(pooled: Stage) -> None:
    pooled.report(shares=180 * 10**9, allocation=180 * 10**9)
    mint(pooled, 30 * ONE)
    with reverts("token: mint was not covered"):
        mint(pooled, GRAIN)
    assert pooled.token_view("totalSupply") == 180 * ONE
    assert bucket(pooled)[2] >= 70 * ONE


def test_pool_mint__after_a_split_until_the_feed_follows__reverts(pooled: Stage) -> None:
    put_in_force(pooled, 2 * ONE)
    with reverts("token: mint was not covered"):
        mint(pooled, GRAIN)
    pooled.report(epoch=1)
    mint(pooled, GRAIN)


def test_pool_mint__without_a_fresh_report__reverts__and_its_burns_go_on(pooled: Stage) -> None:
    mint(pooled, ONE, who="pool")
    pooled.pass_time(3_650 * DAY)
    with reverts("token: mint was not covered"):
        mint(pooled, GRAIN)
    pooled.send("pool", "StockToken", "burn", ONE)


def test_pool_mint__to_nobody_a_listed_or_a_frozen_account__reverts(pooled: Stage) -> None:
    with reverts("token: receiver was zero"):
        mint(pooled, GRAIN, who=NOBODY)
    pooled.send("guardian", "StockToken", "freeze", account("carol"), 1)
    with reverts("token: receiver was frozen"):
        mint(pooled, GRAIN)
    pooled.send("guardian", "Policy", "list_address", account("carol"))
    with reverts("policy: receiver was listed"):
        mint(pooled, GRAIN)
    pooled.send("guardian", "StockToken", "pause", 4)
    with reverts("token: was paused"):
        mint(pooled, GRAIN)


@pytest.mark.parametrize(("contract", "function", "reasons"), [
    ("StockToken", "freeze", ("token: spender was frozen", "token: sender was frozen", "token: spender was frozen")),
    ("Policy", "list_address", ("policy: spender was listed", "policy: sender was listed", "policy: spender was listed")),
])  # fmt: skip
def test_pool__listed_or_frozen_itself__neither_mints_nor_burns(
    pooled: Stage, contract: str, function: str, reasons: tuple[str, str, str]
) -> None:
    pooled.send("alice", "StockToken", "transfer", account("pool"), ONE)
    pooled.send("alice", "StockToken", "approve", account("pool"), ONE)
    pooled.send("guardian", contract, function, account("pool"), *([3] if function == "freeze" else []))
    acts: tuple[tuple[Any, ...], ...] = (
        ("mint", account("carol"), GRAIN),
        ("burn", GRAIN),
        ("burnFrom", account("alice"), GRAIN),
    )
    for (act, *arguments), reason in zip(acts, reasons, strict=True):
        with reverts(reason):
            pooled.send("pool", "StockToken", act, *arguments)
    assert pooled.token_view("totalSupply") == 150 * ONE


def test_pool_burn__of_its_own_balance_alone(pooled: Stage) -> None:
    with reverts("token: balance was too small"):
        pooled.send("pool", "StockToken", "burn", GRAIN)
    pooled.send("alice", "StockToken", "transfer", account("pool"), 3 * GRAIN)
    receipt = pooled.send("pool", "StockToken", "burn", 2 * GRAIN)
    [(topics, fields)] = events(receipt, "StockToken", "Transfer")
    assert (topics, fields) == ([topic("pool"), topic(NOBODY)], {"value": 2 * GRAIN})
    assert pooled.token_view("balanceOf", "pool") == GRAIN
    assert pooled.token_view("totalSupply") == 150 * ONE - 2 * GRAIN


def test_burn_from__takes_the_allowance_and_the_balance__and_no_more(pooled: Stage) -> None:
    with reverts("token: allowance was too small"):
        pooled.send("pool", "StockToken", "burnFrom", account("alice"), GRAIN)
    pooled.send("alice", "StockToken", "approve", account("pool"), 5 * GRAIN)
    receipt = pooled.send("pool", "StockToken", "burnFrom", account("alice"), 3 * GRAIN)
    [(topics, fields)] = events(receipt, "StockToken", "Transfer")
    assert (topics, fields) == ([topic("alice"), topic(NOBODY)], {"value": 3 * GRAIN})
    assert pooled.token_view("allowance", "alice", "pool") == 2 * GRAIN
    assert pooled.token_view("balanceOf", "alice") == 100 * ONE - 3 * GRAIN
    assert pooled.token_view("totalSupply") == 150 * ONE - 3 * GRAIN
    pooled.send("alice", "StockToken", "approve", account("pool"), 2**256 - 1)
    with reverts("token: balance was too small"):
        pooled.send("pool", "StockToken", "burnFrom", account("alice"), 100 * ONE)
    assert pooled.token_view("allowance", "alice", "pool") == 2**256 - 1


@pytest.mark.parametrize(("contract", "function", "reason"), [
    ("StockToken", "freeze", "token: sender was frozen"), ("Policy", "list_address", "policy: sender was listed"),
])  # fmt: skip
def test_burn_from__a_listed_or_frozen_holder__reverts(pooled: Stage, contract: str, function: str, reason: str) -> None:
    pooled.send("alice", "StockToken", "approve", account("pool"), ONE)
    pooled.send("guardian", contract, function, account("alice"), *([3] if function == "freeze" else []))
    with reverts(reason):
        pooled.send("pool", "StockToken", "burnFrom", account("alice"), GRAIN)
    assert pooled.token_view("allowance", "alice", "pool") == ONE


def test_burn__by_the_issuer_contract__may_be_finer_than_a_grain_and_needs_no_pool(stage: Stage) -> None:
    stage.send("alice", "StockToken", "transfer", stage.at.issuer, 1)
    stage.send(stage.at.issuer, "StockToken", "burn", 1)
    assert stage.token_view("totalSupply") == 150 * ONE - 1
