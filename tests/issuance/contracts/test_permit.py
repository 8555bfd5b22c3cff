"""EIP-2612: an allowance by signature, open to every caller, once for each nonce."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import CHAIN_ID, NOBODY, Stage, account, events, key, reverts

from openscrip.issuance.chains.evm.typed_data import PERMIT, digest

WRONG = "token: permit was not signed by the owner"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def permit(stage: Stage, signer: str = "alice", sent: dict[str, Any] | None = None, **signed: Any) -> dict[str, Any]:
    """Sign a permit of 7 atoms from alice to bob with `signed` changes, and send it with `sent` changes."""
    name, chain_id = signed.pop("name", "Tesla (Openscrip)"), signed.pop("chain_id", CHAIN_ID)
    fields: dict[str, Any] = {
        "owner": account("alice"), "spender": account("bob"), "value": 7, "nonce": 0, "deadline": stage.now() + 60,
    }  # fmt: skip
    fields |= signed
    signature = key(signer).sign_digest(digest(name, chain_id, stage.token, PERMIT, tuple(fields.values())))
    fields |= {"v": signature[64], "r": signature[:32], "s": signature[32:64]} | (sent or {})
    fields.pop("nonce")
    return stage.send("relayer", "StockToken", "permit", *fields.values())


def test_permit__signed_by_the_owner__approves_and_uses_the_nonce(stage: Stage) -> None:
    receipt = permit(stage)
    assert events(receipt, "StockToken", "Approval")[0][1] == {"value": 7}
    assert stage.token_view("allowance", "alice", "bob") == 7
    assert stage.token_view("nonces", "alice") == 1
    stage.send("bob", "StockToken", "transferFrom", account("alice"), account("bob"), 7)


def test_permit__replayed__reverts(stage: Stage) -> None:
    deadline = stage.now() + 60
    permit(stage, deadline=deadline)
    with reverts(WRONG):
        permit(stage, deadline=deadline)
    permit(stage, nonce=1)
    with reverts(WRONG):
        permit(stage, nonce=3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"signer": "bob"}, {"nonce": 1}, {"chain_id": 1}, {"name": "Tesla"}, {"sent": {"value": 8}},
        {"sent": {"spender": account("carol")}}, {"sent": {"owner": account("bob")}}, {"sent": {"owner": NOBODY}},
        {"sent": {"v": 0}}, {"sent": {"v": 29}}, {"sent": {"r": b"\0" * 32}}, {"sent": {"s": b"\0" * 32}},
        {"sent": {"deadline": 2**255}},
    ],
    ids=str,
)  # fmt: skip
def test_permit__anything_wrong__reverts_and_keeps_the_nonce(stage: Stage, wrong: dict[str, Any]) -> None:
    with reverts(WRONG):
        permit(stage, **wrong)
    assert stage.token_view("nonces", "alice") == 0
    assert stage.token_view("allowance", "alice", "bob") == 0


def test_permit__high_s_twin__reverts(stage: Stage) -> None:
    values = (account("alice"), account("bob"), 7, 0, stage.now() + 60)
    signature = key("alice").sign_digest(digest("Tesla (Openscrip)", CHAIN_ID, stage.token, PERMIT, values))
    twin = (ORDER - int.from_bytes(signature[32:64])).to_bytes(32)
    with reverts(WRONG):
        permit(stage, deadline=values[4], sent={"v": 55 - signature[64], "s": twin})


def test_permit__at_its_deadline__passes__and_a_second_later_reverts(stage: Stage) -> None:
    deadline = stage.now() + 10
    stage.pass_time(10)
    permit(stage, deadline=deadline)
    stage.pass_time(1)
    with reverts("token: permit was expired"):
        permit(stage, deadline=deadline, nonce=1)


def test_permit__while_paused__approves_and_the_transfer_waits(stage: Stage) -> None:
    stage.send("guardian", "StockToken", "pause")
    permit(stage)
    with reverts("token: was paused"):
        stage.send("bob", "StockToken", "transferFrom", account("alice"), account("bob"), 7)


def test_permit__spender_listed_afterwards__allowance_does_not_outlive_it(stage: Stage) -> None:
    permit(stage)
    stage.send("guardian", "Policy", "list_address", account("bob"))
    with reverts("policy: spender was listed"):
        stage.send("bob", "StockToken", "transferFrom", account("alice"), account("carol"), 7)


def test_domain_separator__is_of_this_chain_and_this_token(stage: Stage) -> None:
    elsewhere = stage.view("StockToken", "DOMAIN_SEPARATOR", to=stage.at.implementation)
    assert stage.token_view("DOMAIN_SEPARATOR") != elsewhere


def test_domain_separator__on_a_fork_with_another_chain_id__is_another_and_old_signatures_are_void(stage: Stage) -> None:
    before = stage.token_view("DOMAIN_SEPARATOR")
    stage.rpc.call("anvil_setChainId", 1)
    try:
        assert stage.token_view("DOMAIN_SEPARATOR") != before
        assert stage.token_view("eip712Domain")[3] == 1
        with reverts(WRONG):
            permit(stage)
        permit(stage, chain_id=1)
    finally:
        stage.rpc.call("anvil_setChainId", CHAIN_ID)
    assert stage.token_view("DOMAIN_SEPARATOR") == before
