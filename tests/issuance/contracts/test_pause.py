"""Three things pause apart: transfers, the issuer's mints, bridge pools. The exit through the issuer contract never."""

import pytest
from tests.issuance.contracts.direct import end, name_pool, topic
from tests.issuance.contracts.stage import CHAIN_ID, GRAIN, NODE_MODULES, ONE, Stage, account, events, key, reverts

from openscrip.issuance.chains.evm.typed_data import DELEGATED_TRANSFER, digest
from openscrip.issuance.contracts.artifact import openzeppelin, own

REQUEST, OTHER = b"\7" * 32, b"\x08" * 32
TRANSFERS, PRIMARY, BRIDGE = 1, 2, 4


def signed_transfer(stage: Stage) -> None:
    """Relay a transfer of one atom that alice signed."""
    values = (account("alice"), account("bob"), 1, stage.token_view("nonces", "alice"), stage.now() + 60)
    signature = key("alice").sign_digest(digest("Tesla (Openscrip)", CHAIN_ID, stage.token, DELEGATED_TRANSFER, values))
    stage.send("relayer", "StockToken", "delegatedTransfer", *values[:3], values[4], signature)


@pytest.mark.parametrize("scope", range(8))
def test_pause__any_scope__stops_what_it_names_and_nothing_else(stage: Stage, scope: int) -> None:
    name_pool(stage)
    stage.send("alice", "StockToken", "transfer", account("pool"), ONE)
    for spender in ("bob", "pool"):
        stage.send("alice", "StockToken", "approve", account(spender), ONE)
    if scope:
        stage.send("guardian", "StockToken", "pause", scope)
    assert stage.token_view("pauses") == scope
    assert stage.token_view("paused") is bool(scope)
    acts = (
        (TRANSFERS, lambda: stage.send("alice", "StockToken", "transfer", account("bob"), 1)),
        (TRANSFERS, lambda: stage.send("bob", "StockToken", "transferFrom", account("alice"), account("bob"), 1)),
        (TRANSFERS, lambda: signed_transfer(stage)),
        (PRIMARY, stage.mint),
        (BRIDGE, lambda: stage.send("pool", "StockToken", "mint", account("bob"), GRAIN)),
        (BRIDGE, lambda: stage.send("pool", "StockToken", "burn", GRAIN)),
        (BRIDGE, lambda: stage.send("pool", "StockToken", "burnFrom", account("alice"), GRAIN)),
        (0, lambda: stage.send("alice", "StockToken", "approve", account("carol"), ONE)),
    )
    for bit, act in acts:
        if scope & bit:
            with reverts("token: was paused"):
                act()
        else:
            act()


def test_pause__without_a_scope__stops_everything__and_so_undoes_unpause(stage: Stage) -> None:
    stage.send("guardian", "StockToken", "pause")
    assert stage.token_view("pauses") == 7
    stage.send(stage.at.timelock, "StockToken", "unpause")
    assert stage.token_view("pauses") == 0
    stage.send("alice", "StockToken", "transfer", account("bob"), 1)


@pytest.mark.parametrize(
    ("before", "more", "less"),
    [
        (0, 1, 1), (0, 7, 2), (1, 1, 1), (1, 2, 3), (3, 1, 4), (5, 7, 7), (6, 4, 1), (2, 5, 2), (4, 3, 6), (7, 7, 7),
        (5, 1, 2), (3, 5, 4), (2, 6, 5), (6, 6, 1),
    ],
)  # fmt: skip
def test_pause_and_unpause__of_a_part__add_and_take_it_or_revert_if_nothing_changes(
    stage: Stage, before: int, more: int, less: int
) -> None:
    timelock = stage.at.timelock
    if before:
        stage.send("guardian", "StockToken", "pause", before)
    if before | more == before:
        with reverts("token: was paused"):
            stage.send("guardian", "StockToken", "pause", more)
    else:
        receipt = stage.send("guardian", "StockToken", "pause", more)
        assert events(receipt, "StockToken", "Paused") == [([topic("guardian")], {"scope": more})]
    assert stage.token_view("pauses") == before | more
    if (before | more) & less:
        receipt = stage.send(timelock, "StockToken", "unpause", less)
        assert events(receipt, "StockToken", "Unpaused") == [([topic(timelock)], {"scope": less})]
    else:
        with reverts("token: was not paused"):
            stage.send(timelock, "StockToken", "unpause", less)
    assert stage.token_view("pauses") == (before | more) & ~less


@pytest.mark.parametrize("scope", [0, 8, 255])
def test_pause_and_unpause__unknown_scope__reverts(stage: Stage, scope: int) -> None:
    with reverts("token: scope was unknown"):
        stage.send("guardian", "StockToken", "pause", scope)
    stage.send("guardian", "StockToken", "pause")
    with reverts("token: scope was unknown"):
        stage.send(stage.at.timelock, "StockToken", "unpause", scope)


def test_pause__exit_stays_open__escrow_burn_and_refund_work(stage: Stage) -> None:
    stage.send("guardian", "StockToken", "pause")
    stage.escrow("alice", 10 * ONE, REQUEST)
    stage.escrow("bob", 20 * ONE, OTHER)
    end(stage, "burn", "alice", REQUEST)
    end(stage, "refund", "bob", OTHER)
    assert stage.token_view("totalSupply") == 140 * ONE
    assert stage.token_view("balanceOf", "bob") == 50 * ONE


@pytest.mark.parametrize("caller", ["issuer", "attestor", "alice", "approver", "pool", "timelock"])
def test_pause__by_another__reverts(stage: Stage, caller: str) -> None:
    with reverts("token: caller was not the guardian"):
        stage.send(stage.at.timelock if caller == "timelock" else caller, "StockToken", "pause")
    assert stage.token_view("paused") is False


def test_unpause__only_by_the_timelock__and_only_once(stage: Stage) -> None:
    with reverts("token: was not paused"):
        stage.send(stage.at.timelock, "StockToken", "unpause")
    stage.send("guardian", "StockToken", "pause")
    with reverts("token: was paused"):
        stage.send("guardian", "StockToken", "pause")
    for caller in ("guardian", "issuer", "alice"):
        with reverts("token: caller was not the owner"):
            stage.send(caller, "StockToken", "unpause")
    stage.send(stage.at.timelock, "StockToken", "unpause")
    with reverts("token: was not paused"):
        stage.send(stage.at.timelock, "StockToken", "unpause")


def test_unpause__through_the_timelock__waits_a_day_and_needs_two_keys(stage: Stage) -> None:
    stage.send("guardian", "StockToken", "pause")
    timelock = openzeppelin("TimelockController", NODE_MODULES)
    terms = (stage.token, 0, own("StockToken").call("unpause"), b"\0" * 32, b"\0" * 32)
    act = [timelock.call("schedule", *terms, 86_400), timelock.call("execute", *terms)]
    with pytest.raises(Exception, match="revert"):
        stage.send_data("approver", stage.at.timelock, act[0])
    stage.send_data("issuer", stage.at.timelock, act[0])
    with pytest.raises(Exception, match="revert"):
        stage.send_data("approver", stage.at.timelock, act[1])
    stage.pass_time(86_400)
    with pytest.raises(Exception, match="revert"):
        stage.send_data("issuer", stage.at.timelock, act[1])
    stage.send_data("approver", stage.at.timelock, act[1])
    assert stage.token_view("paused") is False


def test_paused_and_listed__the_pause_is_named(stage: Stage) -> None:
    stage.send("guardian", "Policy", "list_address", account("alice"))
    stage.send("guardian", "StockToken", "pause", TRANSFERS)
    with reverts("token: was paused"):
        stage.send("alice", "StockToken", "transfer", account("bob"), 1)
    stage.send("guardian", "StockToken", "pause", PRIMARY)
    with reverts("token: was paused"):
        stage.mint()
