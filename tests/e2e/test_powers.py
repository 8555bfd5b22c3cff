"""`openscrip powers` on real chains: every power with its holders, and each way to one key alone found, with exit code 1."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from eth_utils.crypto import keccak
from tests.e2e.stack import Up, eventually

from openscrip.bootstrap.npm import node_modules
from openscrip.issuance.chains.evm.deployment import SignerRole
from openscrip.issuance.contracts.artifact import openzeppelin, own
from openscrip.issuance.contracts.compile import ARTIFACTS
from openscrip.issuance.rpc import JsonRpc

pytestmark = pytest.mark.parts

EXECUTOR = keccak(text="EXECUTOR_ROLE")
OWNED = ("upgrade", "unpause", "unfreeze", "seize", "change roles", "raise a limit", "move money out")
"""What only the timelock may do."""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("powers"), "--accelerated", "--start", "2024-06-03T12:00:00Z", "--list", "TSLA")
    yield running
    running.stop()


@pytest.fixture
def evm(up: Up) -> Iterator[JsonRpc]:
    rpc = JsonRpc(up.doors["evm_rpc"], timeout_s=20)
    yield rpc
    rpc.close()


def contracts(up: Up) -> dict[str, str]:
    return dict(json.loads((up.data / "platform" / "wiring.json").read_text())["deployment"])


def found(up: Up) -> set[tuple[str, str]]:
    """Power and chain of each finding; there are none when the exit code is 0."""
    done = up.say("powers", "--json")
    told: dict[str, Any] = json.loads(done.out)
    assert (done.code, told["ok"]) == ((1, False) if told["findings"] else (0, True)), done.err
    return {(each["power"], each["chain"]) for each in told["findings"]}


def test_every_power_is_told_with_its_holders_by_name_and_none_is_one_keys(up: Up) -> None:
    told = up.told_by("powers")
    assert (told["ok"], told["findings"]) == (True, [])
    held = {(each["name"], each["chain"]): each for each in told["powers"]}

    def holders(power: str, chain: str) -> list[str]:
        return [key["name"] for seat in held[power, chain]["seats"] for key in seat["keys"]]

    assert holders("mint", "evm") == holders("raise a reserve", "evm") == ["issuer", "attestor"]
    for power in ("change a multiplier", "convert or wind down", "open a distribution"):
        assert holders(power, "evm") == ["corporate-action", "attestor"]
    assert holders("report a price", "evm") == ["issuer"]
    for power in OWNED:
        assert (holders(power, "evm"), held[power, "evm"]["delay_s"]) == (["issuer", "timelock-executor"], 86_400)
    assert holders("pause", "evm") == holders("freeze", "evm") == ["guardian"]
    assert holders("register a token", "evm") == ["lister"]
    for power in ("mint", "raise a reserve", "register a token"):
        assert (holders(power, "solana"), held[power, "solana"]["delay_s"]) == (["issuer", "attestor"], 0)
    for power in ("upgrade", "unpause", "unfreeze", "seize", "change roles", "raise a limit"):
        assert (holders(power, "solana"), held[power, "solana"]["delay_s"]) == (["issuer", "attestor"], 86_400)
    assert holders("change a multiplier", "solana") == ["corporate-action", "attestor"]
    assert holders("pause", "solana") == holders("freeze", "solana") == ["guardian"]
    for power in ("move shares out", "move money out"):
        assert holders(power, "custodian") == ["treasury", "approver"]
    for chain in ("evm", "solana"):
        assert holders("move money out", f"treasury on {chain}") == ["treasury", "watch approver"]
    words = up.say("powers").out
    assert "No single key could break I7." in words
    assert "unknown" not in words


def test_an_attestor_that_became_the_issuer_is_found(up: Up, evm: JsonRpc) -> None:
    place = contracts(up)["signers"]
    layout = json.loads((ARTIFACTS / "Signers.json").read_text())["storage_layout"]

    def first_member(role: SignerRole) -> str:
        """The slot of the first member: behind the length of the list that stands at keccak256(slot of the map, role)."""
        at = keccak(int(layout["sets"]["slot"]).to_bytes(32) + role.to_bytes(32))
        return f"0x{int.from_bytes(at) + 1:064x}"

    def stored(slot: str) -> str:
        return str(evm.call("eth_getStorageAt", place, slot, "latest"))

    slot = first_member(SignerRole.ATTESTOR)
    honest, issuer = stored(slot), stored(first_member(SignerRole.ISSUER))
    evm.call("anvil_setStorageAt", place, slot, issuer)
    try:
        assert found(up) == {("mint", "evm"), ("raise a reserve", "evm")}
        assert "it sits as issuer and attestor" in up.say("powers").out
    finally:
        evm.call("anvil_setStorageAt", place, slot, honest)
    assert found(up) == set()


def test_a_proposer_that_may_also_execute_is_found(up: Up, evm: JsonRpc) -> None:
    timelock, code = contracts(up)["timelock"], openzeppelin("TimelockController", node_modules())
    issuer = next(each for each in up.told_by("powers")["powers"] if each["name"] == "mint")["seats"][0]["keys"][0]["address"]
    evm.call("anvil_setBalance", timelock, hex(10**18))
    evm.call("anvil_impersonateAccount", timelock)

    def as_timelock(function: str) -> None:
        data = "0x" + code.call(function, EXECUTOR, issuer).hex()
        sent = evm.call("eth_sendTransaction", {"from": timelock, "to": timelock, "data": data, "gas": hex(200_000)})
        assert eventually(lambda: evm.call("eth_getTransactionReceipt", sent) is not None)

    as_timelock("grantRole")
    try:
        assert found(up) == {(power, "evm") for power in OWNED}
    finally:
        as_timelock("revokeRole")
        evm.call("anvil_stopImpersonatingAccount", timelock)
    assert found(up) == set()


def test_an_owner_that_is_one_key_is_found(up: Up, evm: JsonRpc) -> None:
    policy, owner_slot = contracts(up)["policy"], f"0x{0:064x}"
    guardian = evm.call("eth_call", {"to": policy, "data": "0x" + own("Policy").call("guardian").hex()}, "latest")
    honest = evm.call("eth_getStorageAt", policy, owner_slot, "latest")
    assert honest[-40:] == contracts(up)["timelock"].removeprefix("0x").lower()
    evm.call("anvil_setStorageAt", policy, owner_slot, guardian)
    try:
        assert found(up) == {(power, "evm") for power in OWNED if power != "upgrade"}
    finally:
        evm.call("anvil_setStorageAt", policy, owner_slot, honest)
    assert found(up) == set()


def test_a_timelock_whose_code_is_another_is_found(up: Up, evm: JsonRpc) -> None:
    timelock = contracts(up)["timelock"]
    honest = evm.call("eth_getCode", timelock, "latest")
    evm.call("anvil_setCode", timelock, honest + "00" * 8)
    try:
        assert found(up) == {(power, "evm") for power in OWNED}
        assert "unknown contract" in up.say("powers").out
    finally:
        evm.call("anvil_setCode", timelock, honest)
    assert found(up) == set()


def test_a_treasury_of_another_code__or_of_one_key_twice__is_found(up: Up, evm: JsonRpc) -> None:
    """The code behind the address decides who may pay: what it says of its keys counts only while it is ours."""
    coins = json.loads((up.data / "platform" / "coins.json").read_text())
    treasury = next(each["treasury"] for each in coins if each["chain"] == "evm")
    honest = str(evm.call("eth_getCode", treasury, "latest"))
    held = next(each for each in up.told_by("powers")["powers"] if each["chain"] == "treasury on evm")
    treasurer, approver = (seat["keys"][0]["address"].removeprefix("0x").lower() for seat in held["seats"])
    for code in (honest[:-2] + ("00" if honest[-2:] != "00" else "01") + "fe" * 300, honest.replace(approver, treasurer)):
        evm.call("anvil_setCode", treasury, code)
        try:
            assert found(up) == {("move money out", "treasury on evm")}
        finally:
            evm.call("anvil_setCode", treasury, honest)
    assert found(up) == set()
