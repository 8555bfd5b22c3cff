"""No call grows dearer with time, with the number of holders, or with history: it burns the same gas after ten years."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.issuance.contracts.direct import DAY, end, name_pool, put_in_force, schedule, take_back
from tests.issuance.contracts.stage import CHAIN_ID, GRAIN, ONE, Stage, account, key

from openscrip.issuance.chains.evm.typed_data import DELEGATED_TRANSFER, PERMIT, digest
from openscrip.issuance.contracts.artifact import own

ENTRIES, HOLDERS, IDLE_DAYS = 300, 100, 3_650
# a store to a slot that the same call has touched; what call data and signatures weigh is far below it
WARM_STORE = 2_900
# a change that nobody rolled is rolled by whoever schedules or cancels next: value, epoch, version, and what was pending
ROLLING = 5 * 5_000
ACTION, CASE = b"\5" * 32, b"\7" * 32


def owner(stage: Stage, function: str, *arguments: object, contract: str = "StockToken") -> dict[str, Any]:
    """An act of the timelock."""
    return stage.send(stage.at.timelock, contract, function, *arguments)


def guardian(stage: Stage, function: str, *arguments: object, contract: str = "StockToken") -> dict[str, Any]:
    """An act of the guardian."""
    return stage.send("guardian", contract, function, *arguments)


def signed(stage: Stage, function: str) -> dict[str, Any]:
    """Something that alice signed for one atom, relayed."""
    type_string = PERMIT if function in {"permit", "permit_signed"} else DELEGATED_TRANSFER
    values = (account("alice"), account("bob"), 1, stage.token_view("nonces", "alice"), 2**40)
    signature = key("alice").sign_digest(digest("Tesla (Openscrip)", CHAIN_ID, stage.token, type_string, values))
    parts = (signature[64], signature[:32], signature[32:64]) if function == "permit" else (signature,)
    return stage.send("relayer", "StockToken", function, *values[:3], values[4], *parts)


# in an order in which none is in another's way
CALLS: dict[str, Callable[[Stage], dict[str, Any]]] = {
    "transfer": lambda stage: stage.send("alice", "StockToken", "transfer", account("bob"), 1_000),
    "transfer to a fresh account": lambda stage: stage.send("alice", "StockToken", "transfer", account("eve"), 1_000),
    "transferFrom": lambda stage: stage.send("carol", "StockToken", "transferFrom", account("alice"), account("bob"), 1),
    "approve": lambda stage: stage.send("bob", "StockToken", "approve", account("eve"), ONE),
    "permit": lambda stage: signed(stage, "permit"),
    "permit_signed": lambda stage: signed(stage, "permit_signed"),
    "delegatedTransfer": lambda stage: signed(stage, "delegatedTransfer"),
    "mint by the issuer contract": lambda stage: stage.send(stage.at.issuer, "StockToken", "mint", account("bob"), GRAIN),
    "mint by a pool": lambda stage: stage.send("pool", "StockToken", "mint", account("bob"), GRAIN),
    "burn by a pool": lambda stage: stage.send("pool", "StockToken", "burn", GRAIN),
    "burnFrom": lambda stage: stage.send("pool", "StockToken", "burnFrom", account("alice"), GRAIN),
    "voucher mint": lambda stage: stage.mint(stage.voucher(receiver=account("bob"))),
    "escrow": lambda stage: stage.escrow("alice", GRAIN, CASE),
    "burn of an escrow": lambda stage: end(stage, "burn", "bob", ACTION),
    "refund of an escrow": lambda stage: end(stage, "refund", "alice", CASE),
    "set_pool": lambda stage: name_pool(stage, capacity=99 * ONE),
    "recover": lambda stage: owner(stage, "recover", account("thief"), account("bob"), 1, CASE, 3),
    "unfreeze": lambda stage: owner(stage, "unfreeze", account("thief"), 3),
    "freeze": lambda stage: guardian(stage, "freeze", account("thief"), 3),
    "pause": lambda stage: guardian(stage, "pause"),
    "unpause": lambda stage: owner(stage, "unpause"),
    "set_terms": lambda stage: owner(stage, "set_terms", "other terms"),
    "set_contract_uri": lambda stage: owner(stage, "set_contract_uri", "data:,"),
    "unlist_address": lambda stage: owner(stage, "unlist_address", account("mallory"), contract="Policy"),
    "list_address": lambda stage: guardian(stage, "list_address", account("mallory"), contract="Policy"),
    "mirror": lambda stage: stage.send("keeper", "Policy", "mirror", [account("eve")], stage.now()),
    "sync": lambda stage: stage.send("stranger", "Policy", "sync", [account("eve")]),
    "schedule": lambda stage: schedule(stage, multiplier=3 * ONE, action=ACTION),
    "cancel": lambda stage: take_back(stage, ACTION),
}  # fmt: skip


def prepare(stage: Stage) -> None:
    """What the calls need: allowances, a pool with some tokens, a thief, an escrow, a keeper, two changes in force."""
    name_pool(stage)
    owner(stage, "set_terms", "terms")
    owner(stage, "set_contract_uri", "data:,x")
    owner(stage, "set_mirror", account("keeper"), 30 * DAY, contract="Policy")
    for spender in ("carol", "pool"):
        stage.send("alice", "StockToken", "approve", account(spender), ONE)
    for receiver in ("pool", "thief"):
        stage.send("alice", "StockToken", "transfer", account(receiver), ONE)
    guardian(stage, "freeze", account("thief"), 3)
    guardian(stage, "list_address", account("mallory"), contract="Policy")
    stage.escrow("bob", ONE, ACTION)
    for multiplier in (3 * ONE, 2 * ONE):
        put_in_force(stage, multiplier)


def costs(stage: Stage) -> dict[str, int]:
    """The gas of each call, under reports and a mirror as fresh each time; the state is as before it afterwards."""
    snapshot = stage.rpc.call("evm_snapshot")
    stage.send("keeper", "Policy", "mirror", [], stage.now())
    stage.report(shares=10**15, allocation=10**15)
    found = {name: int(call(stage)["gasUsed"], 16) for name, call in CALLS.items()}
    stage.rpc.call("evm_revert", snapshot)
    return found


def put_history(stage: Stage) -> None:
    """Hundreds of changes, each in force, one in three taken back first."""
    for number in range(stage.token_view("historyLength"), ENTRIES):
        multiplier = 3 * ONE if stage.token_view("uiMultiplier") == 2 * ONE else 2 * ONE
        schedule(stage, multiplier=multiplier, at=stage.now() + 600, action=ACTION)
        if number % 3 == 0:
            take_back(stage, ACTION)
        stage.pass_time(600)
    if stage.token_view("uiMultiplier") != 2 * ONE:
        put_in_force(stage, 2 * ONE)


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Calls that do not cost what they did."""
    return {name: (before[name], after[name]) for name in before if abs(before[name] - after[name]) > WARM_STORE}


def looking_back(stage: Stage) -> int:
    """The dearest gas of asking what was in force at a time."""
    times = (0, stage.now() - DAY, stage.now() - 3_600, stage.now())
    calls = [own("StockToken").call("multiplierAt", time).hex() for time in times]
    return max(int(stage.rpc.call("eth_estimateGas", {"to": stage.token, "data": "0x" + data}), 16) for data in calls)


@pytest.mark.slow
def test_every_call__after_300_changes__costs_what_it_did_after_two(stage: Stage) -> None:
    """And the one answer that looks through history halves it: nine steps for 300 changes, never more than 64."""
    prepare(stage)
    before, few = costs(stage), looking_back(stage)
    put_history(stage)
    assert stage.token_view("historyLength") >= ENTRIES
    assert grown(before, costs(stage)) == {}
    assert looking_back(stage) - few <= 9 * 6_000


def test_every_call__after_3650_idle_days__costs_what_it_did(stage: Stage) -> None:
    prepare(stage)
    before = costs(stage)
    stage.pass_time(IDLE_DAYS * DAY)
    assert grown(before, costs(stage)) == {}


def test_every_call__with_100_more_holders__costs_what_it_did(stage: Stage) -> None:
    prepare(stage)
    before = costs(stage)
    for number in range(HOLDERS):
        stage.send(stage.at.issuer, "StockToken", "mint", account(f"holder {number}"), GRAIN)
    assert grown(before, costs(stage)) == {}


def test_first_change_after_another__rolls_it_once__and_that_is_all_it_costs_more(stage: Stage) -> None:
    first = int(schedule(stage, multiplier=2 * ONE)["gasUsed"], 16)
    stage.pass_time(DAY)
    rolling = int(schedule(stage, multiplier=3 * ONE)["gasUsed"], 16)
    assert abs(rolling - first) <= ROLLING
