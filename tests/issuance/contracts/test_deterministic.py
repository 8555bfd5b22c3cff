"""A token's address hangs on its ISIN and the admin alone: two chains that differ in everything else agree on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.issuance.contracts.stage import NODE_MODULES, START, TSLA, key

from openscrip.issuance.chains.evm.deployment import (
    EvmDeployment,
    EvmRoles,
    ListedToken,
    TokenLimits,
    deploy_platform,
    land,
    list_token,
)
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.registry import (
    CREATE2_DEPLOYER,
    SALT,
    Commons,
    commons_creation,
    commons_of,
    token_address,
)
from openscrip.issuance.chains.evm.transaction import Fees, Transaction
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.errors import Refused
from openscrip.kernel.instrument import Instrument, InstrumentKind
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount

APPLE = Instrument("AAPL", "Apple", "US0378331005", "XNAS", "USD", InstrumentKind.EQUITY, "AAPLx")
ADMIN = key("lister")
FIRST = EvmRoles(*(key(name).address for name in (
    "issuer", "attestor", "corporate_action", "guardian", "approver", "lister",
)))  # fmt: skip
SECOND = EvmRoles(*(key(f"{name} of the second chain").address for name in (
    "issuer", "attestor", "corporate_action", "guardian", "approver", "lister", "price",
)))  # fmt: skip


@contextmanager
def chain(folder: Path, chain_id: int) -> Iterator[tuple[Node, EvmNode]]:
    """An empty chain on which the admin and both listers can pay."""
    with EvmNode(folder, NODE_MODULES, chain_id=chain_id, start_at=START, recalls=False) as evm:
        for signer in (ADMIN, key("stranger"), key("lister of the second chain")):
            evm.fund(signer.address)
        rpc = JsonRpc(evm.url)
        yield Node(rpc, chain_id, Fees()), evm
        rpc.close()


@pytest.mark.slow
def test_tokens__on_two_chains_that_differ_in_all_else__have_the_same_addresses(tmp_path: Path) -> None:
    with chain(tmp_path / "first", 31337) as (node, _):
        first = deploy_platform(node, ADMIN, FIRST, NODE_MODULES)
        tesla = list_token(node, ADMIN, first, TSLA, NODE_MODULES)
        apple = list_token(node, ADMIN, first, APPLE, NODE_MODULES)
    with chain(tmp_path / "second", 4663) as (node, _):
        # other nonces, so other policies, timelocks and issuer contracts; the registry was put there by a stranger
        _, registry, _ = commons_creation(ADMIN.address, NODE_MODULES)
        land(node, key("stranger"), Transaction(CREATE2_DEPLOYER, SALT + registry, 8_000_000))
        for _ in range(2):
            land(node, ADMIN, Transaction(key("stranger").address, b"", 30_000))
        second = deploy_platform(node, ADMIN, SECOND, NODE_MODULES, feed_age_s_max=60)
        lister = key("lister of the second chain")
        other_apple = list_token(
            node, lister, second, APPLE, NODE_MODULES, epoch=5, multiplier=Multiplier.parse("4", 3), terms="other terms",
            limits=TokenLimits(*(RawAmount.parse(text) for text in ("30", "20", "10"))),
        )  # fmt: skip
        other_tesla = list_token(node, lister, second, TSLA, NODE_MODULES, multiplier=Multiplier.parse("1.1", 1))
        told = [node.read(own("StockToken"), other_apple.token, name)[0] for name in ("epoch", "uiMultiplier")]
        assert told == [5, 4 * 10**18]
    _compare(first, second, (tesla, apple), (other_tesla, other_apple))


def _compare(
    first: EvmDeployment, second: EvmDeployment, listed: tuple[ListedToken, ...], other: tuple[ListedToken, ...]
) -> None:
    commons = commons_of(ADMIN.address, NODE_MODULES)
    for at in (first, second):
        assert Commons(commons.genesis, at.registry, at.beacon) == commons
    for name in ("timelock", "policy", "signers", "issuer", "actions", "conversion", "implementation", "distributor"):
        assert getattr(first, name) != getattr(second, name)
    assert [each.token for each in listed] == [each.token for each in other]
    assert [each.token for each in listed] == [
        token_address(ADMIN.address, instrument.isin, NODE_MODULES) for instrument in (TSLA, APPLE)
    ]
    assert token_address(key("stranger").address, TSLA.isin, NODE_MODULES) != listed[0].token


def test_deploy__where_the_create2_deployer_is_missing__is_refused(tmp_path: Path) -> None:
    with chain(tmp_path, 31337) as (node, _):
        node.rpc.call("anvil_setCode", CREATE2_DEPLOYER, "0x")
        with pytest.raises(Refused, match="had no CREATE2 deployer at 0x4e59b44847b379578588920cA78FbF26c0B4956C"):
            deploy_platform(node, ADMIN, FIRST, NODE_MODULES)
        assert node.nonce(ADMIN.address) == 0


def test_deploy__twice_by_one_admin__is_refused(tmp_path: Path) -> None:
    with chain(tmp_path, 31337) as (node, _):
        at = deploy_platform(node, ADMIN, FIRST, NODE_MODULES)
        before = node.nonce(ADMIN.address)
        with pytest.raises(Refused, match=f"registry {at.registry} was open"):
            deploy_platform(node, ADMIN, FIRST, NODE_MODULES)
        assert node.nonce(ADMIN.address) == before
