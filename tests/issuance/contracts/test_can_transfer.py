"""`canTransfer` says what `transfer` would do, in the same words, and never reverts; ERC-5267 says what is signed."""

from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st
from tests.issuance.contracts.stage import CHAIN_ID, NOBODY, ONE, Reverted, Stage, account

from openscrip.issuance.chains.evm.typed_data import digest
from openscrip.issuance.contracts.artifact import own

ANY = "Any(uint256 value)"


def asked(stage: Stage, sender: str, receiver: str, amount: int) -> tuple[int, str]:
    """The number and the words."""
    found: tuple[int, str] = stage.token_view("canTransfer", sender, receiver, amount)
    return found


def tried(stage: Stage, sender: str, receiver: str, amount: int) -> str:
    """The words of a real transfer; empty if it passed."""
    try:
        stage.send(sender, "StockToken", "transfer", account(receiver), amount)
    except Reverted as refused:
        return str(refused)
    return ""


def stop(stage: Stage, what: str, who: str) -> None:
    """Pause, list or freeze."""
    acts: dict[str, tuple[Any, ...]] = {
        "paused": ("StockToken", "pause"), "listed": ("Policy", "list_address", account(who)),
        "frozen": ("StockToken", "freeze", account(who), 2),
    }  # fmt: skip
    stage.send("guardian", *acts[what])


def test_can_transfer__that_would_pass__says_zero_and_nothing(stage: Stage) -> None:
    assert asked(stage, "alice", "bob", 100 * ONE) == (0, "")
    assert asked(stage, "alice", "alice", 0) == (0, "")
    assert asked(stage, NOBODY, "bob", 0) == (0, "")


@pytest.mark.parametrize(("what", "who", "code", "words"), [
    ("paused", "", 1, "token: was paused"),
    ("listed", "alice", 2, "policy: sender was listed"), ("listed", "bob", 2, "policy: receiver was listed"),
    ("frozen", "alice", 3, "token: sender was frozen"), ("frozen", "bob", 3, "token: receiver was frozen"),
])  # fmt: skip
def test_can_transfer__that_is_stopped__says_why_in_the_words_of_the_revert(
    stage: Stage, what: str, who: str, code: int, words: str
) -> None:
    stop(stage, what, who)
    assert asked(stage, "alice", "bob", 1) == (code, words)
    assert tried(stage, "alice", "bob", 1) == words


def test_can_transfer__to_nobody_or_above_the_balance__says_so(stage: Stage) -> None:
    for receiver, amount, code, words in (
        (NOBODY, 1, 4, "token: receiver was zero"),
        ("bob", 100 * ONE + 1, 5, "token: balance was too small"),
        ("bob", 2**256 - 1, 5, "token: balance was too small"),
        (NOBODY, 2**256 - 1, 4, "token: receiver was zero"),
    ):
        assert asked(stage, "alice", receiver, amount) == (code, words)
        assert tried(stage, "alice", receiver, amount) == words


@pytest.mark.parametrize("scope", [2, 4, 6])
def test_can_transfer__with_something_else_paused__passes(stage: Stage, scope: int) -> None:
    stage.send("guardian", "StockToken", "pause", scope)
    assert asked(stage, "alice", "bob", 1) == (0, "")


def test_can_transfer__by_the_issuer_contract__no_pause_and_no_list_stops_it(stage: Stage) -> None:
    stage.send("alice", "StockToken", "transfer", stage.at.issuer, 5)
    stop(stage, "paused", "")
    stop(stage, "listed", stage.at.issuer)
    assert asked(stage, stage.at.issuer, "bob", 5) == (0, "")
    assert asked(stage, stage.at.issuer, "bob", 6) == (5, "token: balance was too small")
    assert tried(stage, stage.at.issuer, "bob", 5) == ""


@given(
    stops=st.lists(st.tuples(st.sampled_from(["paused", "listed", "frozen"]), st.sampled_from(["alice", "bob"])),
                   max_size=4, unique=True),
    receiver=st.sampled_from(["bob", "alice", NOBODY]),
    amount=st.sampled_from([0, 1, 100 * ONE, 100 * ONE + 1, 2**256 - 1]),
)  # fmt: skip
def test_can_transfer__in_any_situation__foretells_the_transfer(
    deployed: Stage, stops: list[tuple[str, str]], receiver: str, amount: int
) -> None:
    snapshot = deployed.rpc.call("evm_snapshot")
    deployed.send(deployed.at.issuer, "StockToken", "mint", account("alice"), 100 * ONE)
    for what, who in {(what, "" if what == "paused" else who) for what, who in stops}:
        stop(deployed, what, who)
    code, words = asked(deployed, "alice", receiver, amount)
    assert tried(deployed, "alice", receiver, amount) == words
    assert (code == 0) == (words == "")
    deployed.rpc.call("evm_revert", snapshot)


def test_eip712_domain__is_what_permits_are_signed_under(stage: Stage) -> None:
    fields, name, version, chain_id, contract, salt, extensions = stage.token_view("eip712Domain")
    assert fields == b"\x0f"
    assert (name, version, chain_id, contract) == ("Tesla (Openscrip)", "1", CHAIN_ID, stage.token.lower())
    assert (salt, tuple(extensions)) == (b"\0" * 32, ())
    under_it = keccak(b"\x19\x01" + stage.token_view("DOMAIN_SEPARATOR") + keccak(keccak(text=ANY) + (7).to_bytes(32)))
    assert digest(name, chain_id, contract, ANY, (7,)) == under_it


def test_eip712_domain__of_the_implementation__names_the_implementation(stage: Stage) -> None:
    _, name, _, _, contract, _, _ = stage.view("StockToken", "eip712Domain", to=stage.at.implementation)
    assert (name, contract) == ("", stage.at.implementation.lower())
    assert own("StockToken").call("eip712Domain").hex() == "84b0196e"
