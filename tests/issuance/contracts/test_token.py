"""The token as an ERC-20: raw balances that only their owner or spender moves; pause; the policy's list."""

import pytest
from tests.issuance.contracts.stage import NOBODY, NODE_MODULES, ONE, ROLES, Stage, account, events, key, reverts

from openscrip.issuance.chains.evm.deployment import list_token
from openscrip.issuance.contracts.artifact import openzeppelin
from openscrip.kernel.instrument import Instrument, InstrumentKind

INFINITE = 2**256 - 1
REQUEST = b"\7" * 32


def test_initialize__through_the_proxy__sets_up_once(fresh: Stage) -> None:
    assert fresh.token_view("name") == "Tesla (Openscrip)"
    assert fresh.token_view("symbol") == "TSLAx"
    assert fresh.token_view("isin") == "US88160R1014"
    assert fresh.token_view("decimals") == 18
    assert fresh.token_view("uiMultiplier") == ONE
    for place in (fresh.token, fresh.at.implementation):
        with reverts("token: was initialized"):
            fresh.send("stranger", "StockToken", "initialize", "Evil", "EVIL", "US88160R1014", 0, to=place)


def test_initialize__incomplete_identity__reverts(fresh: Stage) -> None:
    bad = Instrument("T", "T", "US88160R1014", "XNAS", "USD", InstrumentKind.EQUITY, "")
    with pytest.raises(Exception, match="token: identity was incomplete"):
        list_token(fresh.node, key("lister"), fresh.at, bad, NODE_MODULES)


def test_initialize__longest_names__fit(fresh: Stage) -> None:
    longest = Instrument("T", "N" * 64, "US02079K3059", "XNAS", "USD", InstrumentKind.EQUITY, "S" * 20)
    listed = list_token(fresh.node, key("lister"), fresh.at, longest, NODE_MODULES, epoch=7)
    assert fresh.view("StockToken", "name", to=listed.token) == "N" * 64
    assert fresh.view("StockToken", "symbol", to=listed.token) == "S" * 20
    assert fresh.view("StockToken", "epoch", to=listed.token) == 7


def test_two_tokens_of_one_beacon__keep_their_own_state(stage: Stage) -> None:
    other = Instrument("NVDA", "NVIDIA", "US67066G1040", "XNAS", "USD", InstrumentKind.EQUITY, "NVDAx")
    listed = list_token(stage.node, key("lister"), stage.at, other, NODE_MODULES)
    assert stage.view("StockToken", "symbol", to=listed.token) == "NVDAx"
    assert stage.view("StockToken", "totalSupply", to=listed.token) == 0
    assert stage.token_view("totalSupply") == 150 * ONE


def test_supports_interface__erc165_erc20_permit_and_erc8056(fresh: Stage) -> None:
    for known in ("01ffc9a7", "36372b07", "a219a025", "9d8ff7da", "a60bf13d", "4bd27648", "57854fc3", "d890fd71"):
        assert fresh.view("StockToken", "supportsInterface", bytes.fromhex(known)) is True
    assert fresh.view("StockToken", "supportsInterface", b"\xff" * 4) is False


def test_transfer__moves_raw_and_says_what_moved(stage: Stage) -> None:
    receipt = stage.send("alice", "StockToken", "transfer", account("bob"), 3 * ONE)
    [(topics, fields)] = events(receipt, "StockToken", "Transfer")
    assert fields == {"value": 3 * ONE}
    assert [topic[-40:] for topic in topics] == [account(name)[2:].lower() for name in ("alice", "bob")]
    assert stage.token_view("balanceOf", "alice") == 97 * ONE
    assert stage.token_view("balanceOf", "bob") == 53 * ONE


def test_transfer__to_oneself_or_of_nothing__changes_nothing(stage: Stage) -> None:
    stage.send("alice", "StockToken", "transfer", account("alice"), 100 * ONE)
    stage.send("alice", "StockToken", "transfer", account("bob"), 0)
    assert stage.token_view("balanceOf", "alice") == 100 * ONE
    assert stage.token_view("totalSupply") == 150 * ONE


def test_transfer__above_the_balance_or_to_nobody__reverts(stage: Stage) -> None:
    with reverts("token: balance was too small"):
        stage.send("alice", "StockToken", "transfer", account("bob"), 100 * ONE + 1)
    with reverts("token: receiver was zero"):
        stage.send("alice", "StockToken", "transfer", NOBODY, 1)


def test_transfer_from__spends_the_allowance__and_no_more(stage: Stage) -> None:
    stage.send("alice", "StockToken", "approve", account("carol"), 10)
    stage.send("carol", "StockToken", "transferFrom", account("alice"), account("dave"), 4)
    assert stage.token_view("allowance", "alice", "carol") == 6
    with reverts("token: allowance was too small"):
        stage.send("carol", "StockToken", "transferFrom", account("alice"), account("dave"), 7)
    with reverts("token: allowance was too small"):
        stage.send("dave", "StockToken", "transferFrom", account("alice"), account("dave"), 1)


def test_transfer_from__infinite_allowance__is_not_spent(stage: Stage) -> None:
    stage.send("alice", "StockToken", "approve", account("carol"), INFINITE)
    stage.send("carol", "StockToken", "transferFrom", account("alice"), account("dave"), 4)
    assert stage.token_view("allowance", "alice", "carol") == INFINITE


def test_approve__nobody__reverts(stage: Stage) -> None:
    with reverts("token: spender was zero"):
        stage.send("alice", "StockToken", "approve", NOBODY, 1)


@pytest.mark.parametrize("caller", ["issuer", "attestor", "guardian", "alice", "approver"])
def test_mint_burn_schedule_cancel__called_on_the_token_itself__reverts(stage: Stage, caller: str) -> None:
    for function, arguments in (
        ("mint", (account("alice"), 1)),
        ("burn", (1,)),
        ("schedule", (ONE, 2 * ONE, stage.now() + 86_400, 1, REQUEST)),
        ("cancel", (REQUEST,)),
    ):
        with reverts("token: caller was not the issuer contract"):
            stage.send(caller, "StockToken", function, *arguments)


# ---------------------------------------------------------------- pause


def test_pause__by_the_guardian__stops_transfers_and_mints_but_not_approvals(stage: Stage) -> None:
    stage.send("guardian", "StockToken", "pause")
    stage.send("alice", "StockToken", "approve", account("bob"), ONE)
    with reverts("token: was paused"):
        stage.send("alice", "StockToken", "transfer", account("bob"), 1)
    with reverts("token: was paused"):
        stage.send("bob", "StockToken", "transferFrom", account("alice"), account("bob"), 1)
    with reverts("token: was paused"):
        stage.mint()


def test_pause__exit_stays_open__escrow_burn_and_refund_work(stage: Stage) -> None:
    stage.send("guardian", "StockToken", "pause")
    stage.escrow("alice", 10 * ONE, REQUEST)
    stage.escrow("bob", 20 * ONE, b"\x08" * 32)
    stage.send("issuer", "Issuer", "burn", REQUEST)
    stage.send("issuer", "Issuer", "refund", b"\x08" * 32)
    assert stage.token_view("totalSupply") == 140 * ONE
    assert stage.token_view("balanceOf", "bob") == 50 * ONE


@pytest.mark.parametrize("caller", ["issuer", "attestor", "alice", "approver"])
def test_pause__by_another__reverts(stage: Stage, caller: str) -> None:
    with reverts("token: caller was not the guardian"):
        stage.send(caller, "StockToken", "pause")


def test_unpause__only_by_the_timelock__and_only_once(stage: Stage) -> None:
    with reverts("token: was not paused"):
        stage.send(stage.at.timelock, "StockToken", "unpause")
    stage.send("guardian", "StockToken", "pause")
    with reverts("token: was paused"):
        stage.send("guardian", "StockToken", "pause")
    with reverts("token: caller was not the owner"):
        stage.send("guardian", "StockToken", "unpause")
    stage.send(stage.at.timelock, "StockToken", "unpause")
    stage.send("alice", "StockToken", "transfer", account("bob"), 1)


def test_unpause__through_the_timelock__waits_a_day_and_needs_two_keys(stage: Stage) -> None:
    stage.send("guardian", "StockToken", "pause")
    timelock = openzeppelin("TimelockController", NODE_MODULES)
    unpause = bytes.fromhex("3f4ba83a")
    terms = (stage.token, 0, unpause, b"\0" * 32, b"\0" * 32)
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


# ---------------------------------------------------------------- policy


def test_listed_address__moves_nothing_in_any_role(stage: Stage) -> None:
    stage.send("alice", "StockToken", "approve", account("carol"), ONE)
    stage.send("bob", "StockToken", "approve", account("carol"), ONE)
    stage.send("guardian", "Policy", "list_address", account("alice"))
    with reverts("policy: sender was listed"):
        stage.send("alice", "StockToken", "transfer", account("bob"), 1)
    with reverts("policy: receiver was listed"):
        stage.send("bob", "StockToken", "transfer", account("alice"), 1)
    with reverts("policy: sender was listed"):
        stage.send("carol", "StockToken", "transferFrom", account("alice"), account("bob"), 1)
    with reverts("policy: receiver was listed"):
        stage.mint()
    stage.send("guardian", "Policy", "list_address", account("carol"))
    with reverts("policy: spender was listed"):
        stage.send("carol", "StockToken", "transferFrom", account("bob"), account("dave"), 1)


def test_listed_address__cannot_escrow_nor_be_refunded_until_unlisted(stage: Stage) -> None:
    stage.escrow("alice", ONE, REQUEST)
    stage.send("guardian", "Policy", "list_address", account("alice"))
    with reverts("policy: receiver was listed"):
        stage.send("issuer", "Issuer", "refund", REQUEST)
    with reverts("policy: sender was listed"):
        stage.escrow("alice", ONE, b"\x08" * 32)
    stage.send(stage.at.timelock, "Policy", "unlist_address", account("alice"))
    stage.send("issuer", "Issuer", "refund", REQUEST)


def test_listed_address__burn_of_its_escrow__still_works(stage: Stage) -> None:
    stage.escrow("alice", ONE, REQUEST)
    stage.send("guardian", "Policy", "list_address", account("alice"))
    stage.send("issuer", "Issuer", "burn", REQUEST)


def test_paused_and_listed__the_pause_is_named(stage: Stage) -> None:
    stage.send("guardian", "Policy", "list_address", account("alice"))
    stage.send("guardian", "StockToken", "pause")
    with reverts("token: was paused"):
        stage.send("alice", "StockToken", "transfer", account("bob"), 1)


def test_policy__each_power_has_one_seat(stage: Stage) -> None:
    for caller in ("issuer", "attestor", "approver", "alice", stage.at.timelock):
        with reverts("policy: caller was not the guardian"):
            stage.send(caller, "Policy", "list_address", account("carol"))
    stage.send("guardian", "Policy", "list_address", account("carol"))
    for caller in ("issuer", "guardian", "alice"):
        with reverts("policy: caller was not the owner"):
            stage.send(caller, "Policy", "unlist_address", account("carol"))
        with reverts("policy: caller was not the owner"):
            stage.send(caller, "Policy", "set_guardian", account("carol"))
        with reverts("policy: caller was not the owner"):
            stage.send(caller, "Policy", "transferOwnership", account("carol"))


def test_policy__no_operation_that_changes_nothing(stage: Stage) -> None:
    with reverts("policy: account was not listed"):
        stage.send(stage.at.timelock, "Policy", "unlist_address", account("carol"))
    stage.send("guardian", "Policy", "list_address", account("carol"))
    assert stage.view("Policy", "isSanctioned", account("carol")) is True
    with reverts("policy: account was listed already"):
        stage.send("guardian", "Policy", "list_address", account("carol"))
    with reverts("policy: account was zero"):
        stage.send("guardian", "Policy", "list_address", NOBODY)
    with reverts("policy: guardian was unchanged"):
        stage.send(stage.at.timelock, "Policy", "set_guardian", ROLES.guardian)
    with reverts("policy: guardian was zero"):
        stage.send(stage.at.timelock, "Policy", "set_guardian", NOBODY)


def test_set_guardian__old_one_loses_and_new_one_gains(stage: Stage) -> None:
    stage.send(stage.at.timelock, "Policy", "set_guardian", account("carol"))
    with reverts("token: caller was not the guardian"):
        stage.send("guardian", "StockToken", "pause")
    stage.send("carol", "StockToken", "pause")


def test_transfer_ownership__takes_two_steps(stage: Stage) -> None:
    stage.send(stage.at.timelock, "Policy", "transferOwnership", account("carol"))
    assert stage.view("Policy", "owner").lower() == stage.at.timelock.lower()
    with reverts("policy: caller was not the pending owner"):
        stage.send("mallory", "Policy", "acceptOwnership")
    stage.send("carol", "Policy", "acceptOwnership")
    with reverts("policy: caller was not the owner"):
        stage.send(stage.at.timelock, "Policy", "set_guardian", account("dave"))
    stage.send("carol", "Policy", "set_guardian", account("dave"))
    with reverts("policy: caller was not the pending owner"):
        stage.send("carol", "Policy", "acceptOwnership")
