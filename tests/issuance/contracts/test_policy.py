"""The policy's own list and its powers: the guardian lists at once, the timelock alone takes off and hands over."""

import pytest
from tests.issuance.contracts.direct import end, topic
from tests.issuance.contracts.stage import NOBODY, ONE, ROLES, Stage, account, events, reverts

from openscrip.issuance.contracts.artifact import own

REQUEST = b"\7" * 32


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


def test_listed_spender_who_is_also_a_party__is_named_as_the_party(stage: Stage) -> None:
    stage.send("alice", "StockToken", "approve", account("carol"), ONE)
    stage.send("guardian", "Policy", "list_address", account("carol"))
    with reverts("policy: receiver was listed"):
        stage.send("carol", "StockToken", "transferFrom", account("alice"), account("carol"), 1)
    assert stage.token_view("allowance", "alice", "carol") == ONE


def test_listed_address__cannot_escrow_nor_be_refunded_until_unlisted(stage: Stage) -> None:
    stage.escrow("alice", ONE, REQUEST)
    stage.send("guardian", "Policy", "list_address", account("alice"))
    with reverts("policy: receiver was listed"):
        end(stage, "refund", "alice", REQUEST)
    with reverts("policy: sender was listed"):
        stage.escrow("alice", ONE, b"\x08" * 32)
    stage.send(stage.at.timelock, "Policy", "unlist_address", account("alice"))
    end(stage, "refund", "alice", REQUEST)
    assert stage.token_view("balanceOf", "alice") == 100 * ONE


def test_listed_address__burn_of_its_escrow__still_works(stage: Stage) -> None:
    stage.escrow("alice", ONE, REQUEST)
    stage.send("guardian", "Policy", "list_address", account("alice"))
    end(stage, "burn", "alice", REQUEST)
    assert stage.token_view("totalSupply") == 149 * ONE


def test_listed_issuer_contract__exit_stays_open(stage: Stage) -> None:
    """No list, however wrong, shuts the exit of a holder who is not on it."""
    stage.escrow("bob", ONE, REQUEST)
    stage.send("guardian", "Policy", "list_address", stage.at.issuer)
    stage.escrow("alice", ONE, b"\x08" * 32)
    end(stage, "refund", "bob", REQUEST)
    end(stage, "burn", "alice", b"\x08" * 32)
    assert stage.token_view("balanceOf", "bob") == 50 * ONE
    assert stage.token_view("totalSupply") == 149 * ONE


def test_list_and_unlist__say_who_and_which_lists_remain(stage: Stage) -> None:
    listed = stage.send("guardian", "Policy", "list_address", account("carol"))
    assert events(listed, "Policy", "Listed") == [([topic("carol")], {"lists": 1})]
    assert stage.view("Policy", "isSanctioned", account("carol")) is True
    assert stage.view("Policy", "lists_of", account("carol")) == 1
    unlisted = stage.send(stage.at.timelock, "Policy", "unlist_address", account("carol"))
    assert events(unlisted, "Policy", "Unlisted") == [([topic("carol")], {"lists": 0})]
    assert stage.view("Policy", "isSanctioned", account("carol")) is False
    assert stage.view("Policy", "isSanctioned", account("dave")) is False


def test_policy__each_power_has_one_seat(stage: Stage) -> None:
    for caller in ("issuer", "attestor", "approver", "alice", stage.at.timelock):
        with reverts("policy: caller was not the guardian"):
            stage.send(caller, "Policy", "list_address", account("carol"))
    stage.send("guardian", "Policy", "list_address", account("carol"))
    for caller in ("issuer", "guardian", "alice"):
        for function, arguments in (
            ("unlist_address", (account("carol"),)),
            ("set_guardian", (account("carol"),)),
            ("set_ccip_admin", (account("carol"),)),
            ("set_mirror", (account("carol"), 1)),
            ("set_source", (account("carol"),)),
            ("transferOwnership", (account("carol"),)),
        ):
            with reverts("policy: caller was not the owner"):
                stage.send(caller, "Policy", function, *arguments)
    assert stage.view("Policy", "lists_of", account("carol")) == 1
    assert stage.view("Policy", "guardian") == ROLES.guardian.lower()
    assert stage.view("Policy", "keeper") == stage.view("Policy", "source") == NOBODY


def test_policy__setting_what_is_set_already__reverts(stage: Stage) -> None:
    timelock = stage.at.timelock
    with reverts("policy: account was not listed"):
        stage.send(timelock, "Policy", "unlist_address", account("carol"))
    stage.send("guardian", "Policy", "list_address", account("carol"))
    with reverts("policy: account was listed already"):
        stage.send("guardian", "Policy", "list_address", account("carol"))
    with reverts("policy: account was zero"):
        stage.send("guardian", "Policy", "list_address", NOBODY)
    with reverts("policy: guardian was unchanged"):
        stage.send(timelock, "Policy", "set_guardian", ROLES.guardian)
    with reverts("policy: guardian was zero"):
        stage.send(timelock, "Policy", "set_guardian", NOBODY)
    with reverts("policy: CCIP admin was unchanged"):
        stage.send(timelock, "Policy", "set_ccip_admin", NOBODY)
    with reverts("policy: mirror was unchanged"):
        stage.send(timelock, "Policy", "set_mirror", NOBODY, 0)
    with reverts("policy: source was unchanged"):
        stage.send(timelock, "Policy", "set_source", NOBODY)
    with reverts("policy: pending owner was unchanged"):
        stage.send(timelock, "Policy", "transferOwnership", NOBODY)


def test_set_guardian__old_one_loses_and_new_one_gains(stage: Stage) -> None:
    changed = stage.send(stage.at.timelock, "Policy", "set_guardian", account("carol"))
    assert events(changed, "Policy", "GuardianChanged") == [([topic("guardian"), topic("carol")], {})]
    for contract, function, arguments in (
        ("StockToken", "pause", ()),
        ("StockToken", "freeze", (account("bob"), 1)),
        ("Policy", "list_address", (account("bob"),)),
    ):
        word = "policy" if contract == "Policy" else "token"
        with reverts(f"{word}: caller was not the guardian"):
            stage.send("guardian", contract, function, *arguments)
        stage.send("carol", contract, function, *arguments)


def test_ccip_admin__is_nobody_until_the_timelock_names_one(stage: Stage) -> None:
    timelock = stage.at.timelock
    assert stage.token_view("getCCIPAdmin") == NOBODY
    named = stage.send(timelock, "Policy", "set_ccip_admin", account("carol"))
    assert events(named, "Policy", "CCIPAdminChanged") == [([topic(NOBODY), topic("carol")], {})]
    assert stage.token_view("getCCIPAdmin") == stage.view("Policy", "ccip_admin") == account("carol").lower()
    with reverts("policy: CCIP admin was unchanged"):
        stage.send(timelock, "Policy", "set_ccip_admin", account("carol"))
    taken = stage.send(timelock, "Policy", "set_ccip_admin", NOBODY)
    assert events(taken, "Policy", "CCIPAdminChanged") == [([topic("carol"), topic(NOBODY)], {})]
    assert stage.token_view("getCCIPAdmin") == NOBODY


def test_transfer_ownership__takes_two_steps__and_the_old_owner_loses(stage: Stage) -> None:
    timelock = stage.at.timelock
    offered = stage.send(timelock, "Policy", "transferOwnership", account("carol"))
    assert events(offered, "Policy", "OwnershipTransferStarted") == [([topic(timelock), topic("carol")], {})]
    assert stage.view("Policy", "owner") == timelock.lower()
    assert stage.view("Policy", "pendingOwner") == account("carol").lower()
    for caller in ("mallory", timelock):
        with reverts("policy: caller was not the pending owner"):
            stage.send(caller, "Policy", "acceptOwnership")
    accepted = stage.send("carol", "Policy", "acceptOwnership")
    assert events(accepted, "Policy", "OwnershipTransferred") == [([topic(timelock), topic("carol")], {})]
    assert stage.view("Policy", "owner") == account("carol").lower()
    assert stage.view("Policy", "pendingOwner") == NOBODY
    with reverts("policy: caller was not the owner"):
        stage.send(timelock, "Policy", "set_guardian", account("dave"))
    stage.send("carol", "Policy", "set_guardian", account("dave"))
    with reverts("policy: caller was not the pending owner"):
        stage.send("carol", "Policy", "acceptOwnership")


def test_offered_ownership__is_replaced_or_taken_back(stage: Stage) -> None:
    for offered in ("dave", "carol", NOBODY):
        stage.send(stage.at.timelock, "Policy", "transferOwnership", account(offered))
    for caller in ("dave", "carol"):
        with reverts("policy: caller was not the pending owner"):
            stage.send(caller, "Policy", "acceptOwnership")


def test_ownership__cannot_be_renounced(stage: Stage) -> None:
    """Nobody may give it to the zero address: nothing but acceptance moves it, and zero accepts nothing."""
    functions = {entry["name"] for entry in own("Policy").abi if entry["type"] == "function"}
    assert "renounceOwnership" not in functions
    assert "renounceOwnership" not in {entry.get("name") for entry in own("StockToken").abi}
    with reverts("policy: caller was not the pending owner"):
        stage.send("carol", "Policy", "acceptOwnership")
    assert stage.view("Policy", "owner") == stage.at.timelock.lower()


@pytest.mark.parametrize(("arguments", "word"), [
    ((NOBODY, ROLES.guardian), "owner"), ((ROLES.issuer, NOBODY), "guardian"),
])  # fmt: skip
def test_policy__without_owner_or_guardian__cannot_be_made(fresh: Stage, arguments: tuple[str, str], word: str) -> None:
    with reverts(f"policy: {word} was zero"):
        fresh.send_data("lister", None, own("Policy").creation(*arguments))


def test_policy__as_it_is_made__names_owner_and_guardian(fresh: Stage) -> None:
    made = fresh.send_data("lister", None, own("Policy").creation(ROLES.issuer, ROLES.guardian))
    assert events(made, "Policy", "OwnershipTransferred") == [([topic(NOBODY), topic("issuer")], {})]
    assert events(made, "Policy", "GuardianChanged") == [([topic(NOBODY), topic("guardian")], {})]
    place = str(made["contractAddress"])
    assert fresh.view("Policy", "owner", to=place) == ROLES.issuer.lower()
    assert fresh.view("Policy", "guardian", to=place) == ROLES.guardian.lower()
