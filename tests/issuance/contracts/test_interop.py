"""What wallets, bridges and explorers find by number: selectors, interface ids, topics and type hashes as published."""

from functools import reduce

import pytest
from eth_utils.crypto import keccak
from tests.issuance.contracts.direct import name_pool
from tests.issuance.contracts.stage import GRAIN, ONE, Stage, account

from openscrip.issuance.chains.evm.typed_data import DELEGATED_TRANSFER, PERMIT
from openscrip.issuance.contracts.artifact import own, selector, signature

TOKEN = [entry for entry in own("StockToken").abi if entry["type"] == "function"]
SELECTORS = {signature(entry): selector(entry).hex() for entry in TOKEN}
TOPICS = {signature(entry): keccak(text=signature(entry)).hex() for entry in own("StockToken").abi if entry["type"] == "event"}
# interface id -> its functions; the id is their selectors, one over the other
INTERFACES = {
    "01ffc9a7": ["supportsInterface(bytes4)"],
    "36372b07": ["totalSupply()", "balanceOf(address)", "transfer(address,uint256)", "allowance(address,address)",
                 "approve(address,uint256)", "transferFrom(address,address,uint256)"],
    "a219a025": ["name()", "symbol()", "decimals()"],
    "9d8ff7da": ["permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", "nonces(address)", "DOMAIN_SEPARATOR()"],
    "84b0196e": ["eip712Domain()"],
    "e8a3d485": ["contractURI()"],
    "8fd6a6ac": ["getCCIPAdmin()"],
    "a60bf13d": ["uiMultiplier()"],
    "4bd27648": ["newUIMultiplier()", "effectiveAt()"],
    "57854fc3": ["toUIAmount(uint256)", "fromUIAmount(uint256)"],
    "d890fd71": ["balanceOfUI(address)", "totalSupplyUI()"],
}  # fmt: skip


@pytest.mark.parametrize("interface", INTERFACES)
def test_interface__said_to_be_there__is_there_function_by_function(fresh: Stage, interface: str) -> None:
    folded = reduce(lambda id_, name: id_ ^ int(SELECTORS[name], 16), INTERFACES[interface], 0)
    assert f"{folded:08x}" == interface
    assert fresh.token_view("supportsInterface", bytes.fromhex(interface)) is True


@pytest.mark.parametrize("other", ["ffffffff", "00000000", "7f5828d0", "7965db0b", "01ffc9a6", "a60bf13c"])
def test_interface__not_there__is_denied(fresh: Stage, other: str) -> None:
    assert fresh.token_view("supportsInterface", bytes.fromhex(other)) is False


@pytest.mark.parametrize(("function", "published"), [
    ("mint(address,uint256)", "40c10f19"), ("burn(uint256)", "42966c68"), ("burnFrom(address,uint256)", "79cc6790"),
    ("uiMultiplier()", "a60bf13d"), ("newUIMultiplier()", "dc767007"), ("effectiveAt()", "97a4064f"),
    ("toUIAmount(uint256)", "3248d4ff"), ("fromUIAmount(uint256)", "65cd9b3c"), ("balanceOfUI(address)", "437a9958"),
    ("totalSupplyUI()", "9bea6429"), ("getCCIPAdmin()", "8fd6a6ac"), ("pause()", "8456cb59"), ("unpause()", "3f4ba83a"),
    ("paused()", "5c975abb"),
])  # fmt: skip
def test_selector__is_the_published_one(function: str, published: str) -> None:
    assert SELECTORS[function] == published


def test_selectors__of_functions_that_mislead__are_not_there() -> None:
    """No second form of burn or permit, no wrapper, and no setter of a multiplier at once."""
    absent = ("burn(address,uint256)", "permit(address,address,uint256,uint256,bytes)", "setUIMultiplier(uint256,uint256)",
              "deposit(uint256,address)", "renounceOwnership()")  # fmt: skip
    assert [name for name in absent if name in SELECTORS] == []


def test_policy__answers_the_selector_of_the_sanctions_oracle() -> None:
    [asked] = [entry for entry in own("Policy").abi if entry.get("name") == "isSanctioned"]
    assert selector(asked).hex() == "df592f7d"


@pytest.mark.parametrize(("event", "published"), [
    ("Transfer(address,address,uint256)", "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"),
    ("Approval(address,address,uint256)", "8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"),
    ("UIMultiplierUpdated(uint256,uint256,uint256)", "2205df4534432b2f60654a3fdb48737ffdaf3e9edb1a498bd985bc026b15b055"),
    ("UIMultiplierUpdateCancelled(uint256,uint256)", "883856335ba5f60c18b9817c4505d3c7d3f6223dcf39516b30c508c46a5e1cad"),
    ("ContractURIUpdated()", "a5d4097edda6d87cb9329af83fb3712ef77eeb13738ffe43cc35a4ce305ad962"),
])  # fmt: skip
def test_topic__is_the_published_one(event: str, published: str) -> None:
    assert TOPICS[event] == published


def test_event__of_four_arguments_from_early_drafts__is_never_emitted() -> None:
    assert [name for name in TOPICS if name.startswith("UIMultiplierUpdated")] == [
        "UIMultiplierUpdated(uint256,uint256,uint256)"
    ]


@pytest.mark.parametrize(("type_string", "published"), [
    (PERMIT, "6e71edae12b1b97f4d1f60370fef10105fa2faae0126114a169c64845d6126c9"),
    (DELEGATED_TRANSFER, "4eba51a08f56c21035fcbda11b779f91748d3ae295b24c3e032d1eeff84edc2e"),
])  # fmt: skip
def test_type_hash__is_the_published_one(type_string: str, published: str) -> None:
    assert keccak(text=type_string).hex() == published


def test_cross_chain_pool__finds_all_that_it_needs(stage: Stage) -> None:
    """Named by the owner, a burn and mint pool takes on one side what it gives on the other, in raw units."""
    name_pool(stage)
    assert stage.token_view("decimals") == 18
    stage.send("alice", "StockToken", "transfer", account("pool"), 3 * GRAIN)
    stage.send("pool", "StockToken", "burn", 3 * GRAIN)
    stage.send("pool", "StockToken", "mint", account("bob"), 3 * GRAIN)
    assert stage.token_view("balanceOf", "pool") == 0
    assert stage.token_view("balanceOf", "bob") == 50 * ONE + 3 * GRAIN
    assert stage.token_view("totalSupply") == 150 * ONE
