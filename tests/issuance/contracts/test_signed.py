"""What an owner signed and anyone relays: transfers, and permits as bytes, by a key or by the owner's contract."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import CHAIN_ID, NOBODY, ONE, Stage, account, events, key, reverts

from openscrip.issuance.chains.evm.typed_data import DELEGATED_TRANSFER, PERMIT, digest

NAME = "Tesla (Openscrip)"
FUNCTIONS = {"delegatedTransfer": DELEGATED_TRANSFER, "permit_signed": PERMIT}
WRONG = {
    "delegatedTransfer": "token: transfer was not signed by the owner",
    "permit_signed": "token: permit was not signed by the owner",
}
both = pytest.mark.parametrize("function", FUNCTIONS)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
# contracts as bare code: each answers every call in one way
VALID = "631626ba7e60e01b5f52"
ANSWERS = {
    "the valid word": VALID + "60205ff3",
    "the valid word and a megabyte": VALID + "621000005ff3",
    "another word": "63ffffffff60e01b5f5260205ff3",
    "the valid word with a dirty tail": "631626ba7e60e01b60011760005260206000f3",
    "four bytes only": VALID + "60045ff3",
    "nothing": "00",
    "a revert": "5f5ffd",
    "the valid word in a revert": VALID + "60205ffd",
    "by burning all gas": "fe",
    "the valid word after writing": "60015f55" + VALID + "60205ff3",
}
ACCEPTED = ["the valid word", "the valid word and a megabyte"]


def signed(stage: Stage, function: str, signer: str = "alice", **changes: Any) -> tuple[list[Any], bytes]:
    """Seven atoms from alice to bob or for him to spend, with changes: the arguments, and the signature."""
    name, chain_id = changes.pop("name", NAME), changes.pop("chain_id", CHAIN_ID)
    fields: dict[str, Any] = {
        "owner": account("alice"), "party": account("bob"), "value": 7,
        "nonce": stage.token_view("nonces", "alice"), "deadline": stage.now() + 60,
    }  # fmt: skip
    fields |= changes
    hashed = digest(name, chain_id, stage.token, FUNCTIONS[function], tuple(fields.values()))
    fields.pop("nonce")
    return list(fields.values()), key(signer).sign_digest(hashed)


def relay(stage: Stage, function: str, signer: str = "alice", **changes: Any) -> dict[str, Any]:
    """Sign as above and relay."""
    arguments, signature = signed(stage, function, signer, **changes)
    return stage.send("relayer", "StockToken", function, *arguments, signature)


def code(stage: Stage, name: str, bytecode: str) -> None:
    """Put code at an account."""
    stage.rpc.call("anvil_setCode", account(name), "0x" + bytecode)


def test_delegated_transfer__signed_by_the_owner__moves_raw_and_uses_the_nonce(stage: Stage) -> None:
    receipt = relay(stage, "delegatedTransfer", value=7 * ONE)
    assert events(receipt, "StockToken", "Transfer")[0][1] == {"value": 7 * ONE}
    assert stage.token_view("balanceOf", "alice") == 93 * ONE
    assert stage.token_view("balanceOf", "bob") == 57 * ONE
    assert stage.token_view("nonces", "alice") == 1


def test_permit_signed__by_a_key__approves_like_permit(stage: Stage) -> None:
    receipt = relay(stage, "permit_signed")
    assert events(receipt, "StockToken", "Approval")[0][1] == {"value": 7}
    assert stage.token_view("allowance", "alice", "bob") == 7
    assert stage.token_view("nonces", "alice") == 1


def test_nonces__of_permits_and_transfers__are_one_sequence(stage: Stage) -> None:
    first, later = signed(stage, "permit_signed"), signed(stage, "delegatedTransfer", nonce=1)
    with reverts(WRONG["delegatedTransfer"]):
        stage.send("relayer", "StockToken", "delegatedTransfer", *later[0], later[1])
    stage.send("relayer", "StockToken", "permit_signed", *first[0], first[1])
    stage.send("relayer", "StockToken", "delegatedTransfer", *later[0], later[1])
    assert stage.token_view("nonces", "alice") == 2


@both
def test_signature__replayed__reverts(stage: Stage, function: str) -> None:
    arguments, signature = signed(stage, function)
    stage.send("relayer", "StockToken", function, *arguments, signature)
    with reverts(WRONG[function]):
        stage.send("relayer", "StockToken", function, *arguments, signature)


@both
@pytest.mark.parametrize(
    "wrong",
    [{"signer": "mallory"}, {"name": "Other"}, {"chain_id": 1}, {"nonce": 1}, {"owner": NOBODY}],
    ids=str,
)
def test_signature__by_another_or_of_something_else__reverts(stage: Stage, function: str, wrong: dict[str, Any]) -> None:
    with reverts(WRONG[function]):
        relay(stage, function, **wrong)
    assert stage.token_view("nonces", "alice") == 0


@both
@pytest.mark.parametrize("field", [0, 1, 2, 3])
def test_signature__arguments_changed_afterwards__reverts(stage: Stage, function: str, field: int) -> None:
    arguments, signature = signed(stage, function)
    arguments[field] = account("carol") if field < 2 else arguments[field] + 1
    with reverts(WRONG[function]):
        stage.send("relayer", "StockToken", function, *arguments, signature)


@both
def test_signature__misshapen__reverts(stage: Stage, function: str) -> None:
    arguments, good = signed(stage, function)
    twin = good[:32] + (ORDER - int.from_bytes(good[32:64])).to_bytes(32) + bytes([55 - good[64]])
    for bad in (b"", good[:64], good + b"\0", twin, bytes(65), good[:64] + b"\x1d"):
        with reverts(WRONG[function]):
            stage.send("relayer", "StockToken", function, *arguments, bad)
    stage.send("relayer", "StockToken", function, *arguments, good)


@both
def test_signature__at_its_deadline__passes__and_a_second_later_reverts(stage: Stage, function: str) -> None:
    deadline = stage.now() + 10
    stage.pass_time(10)
    relay(stage, function, deadline=deadline)
    stage.pass_time(1)
    with reverts(f"token: {'permit' if function == 'permit_signed' else 'transfer'} was expired"):
        relay(stage, function, deadline=deadline)


@both
@pytest.mark.parametrize("answer", ANSWERS)
def test_signature__of_a_contract__counts_only_if_it_answers_the_valid_word(stage: Stage, function: str, answer: str) -> None:
    code(stage, "alice", ANSWERS[answer])
    arguments, _ = signed(stage, function)
    call = ("relayer", "StockToken", function, *arguments, b"\1" * 300)
    if answer in ACCEPTED:
        stage.send(*call)
    else:
        with reverts(WRONG[function]):
            stage.send(*call)
    assert stage.token_view("nonces", "alice") == (answer in ACCEPTED)


@both
def test_signature__of_a_key_whose_account_has_code__is_taken_first(stage: Stage, function: str) -> None:
    code(stage, "alice", ANSWERS["a revert"])
    relay(stage, function)


@both
def test_signature__of_a_contract__longest_fits(stage: Stage, function: str) -> None:
    code(stage, "alice", ANSWERS["the valid word"])
    arguments, _ = signed(stage, function)
    stage.send("relayer", "StockToken", function, *arguments, b"\1" * 1024)


def test_delegated_transfer__obeys_pause_list_freeze_and_balance_like_any_other(stage: Stage) -> None:
    with reverts("token: balance was too small"):
        relay(stage, "delegatedTransfer", value=101 * ONE)
    with reverts("token: receiver was zero"):
        relay(stage, "delegatedTransfer", party=NOBODY)
    stage.send("guardian", "Policy", "list_address", account("relayer"))
    with reverts("policy: spender was listed"):
        relay(stage, "delegatedTransfer")
    stage.send(stage.at.timelock, "Policy", "unlist_address", account("relayer"))
    for who, named in (("relayer", "spender"), ("alice", "sender"), ("bob", "receiver")):
        stage.send("guardian", "StockToken", "freeze", account(who), 1)
        with reverts(f"token: {named} was frozen"):
            relay(stage, "delegatedTransfer")
        stage.send(stage.at.timelock, "StockToken", "unfreeze", account(who), 1)
    stage.send("guardian", "StockToken", "pause")
    with reverts("token: was paused"):
        relay(stage, "delegatedTransfer")
    stage.send(stage.at.timelock, "StockToken", "unpause")
    assert stage.token_view("nonces", "alice") == 0
    relay(stage, "delegatedTransfer")


@pytest.mark.parametrize(("who", "named"), [("alice", "owner"), ("bob", "spender")])
def test_permit_signed__of_a_frozen_owner_or_spender__reverts(stage: Stage, who: str, named: str) -> None:
    stage.send("guardian", "StockToken", "freeze", account(who), 1)
    with reverts(f"token: {named} was frozen"):
        relay(stage, "permit_signed")
