"""The registry of stocks, and the addresses that are the same on every EVM chain.

The canonical CREATE2 deployer puts `Genesis`, `Registry` and the beacon where their creation code alone says; the registry
puts each token where the ISIN says. Nothing of one chain enters: neither a policy nor a day's multiplier.
"""

from dataclasses import dataclass
from pathlib import Path

import rlp  # type: ignore[import-untyped]  # rlp ships no types
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.contracts.artifact import openzeppelin, own
from openscrip.issuance.token_list import ListToken
from openscrip.kernel.errors import Refused

CREATE2_DEPLOYER = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
"""Takes salt and creation code as call data; stands at this address on most EVM chains, on local ones from genesis."""
SALT = bytes(32)
"""Of `Genesis`, `Registry` and the beacon: their creation code tells them apart."""
BLUEPRINT = bytes.fromhex("fe7100")
"""ERC-5202: what comes before the creation code in a blueprint."""

_EVM = "eip155"


@dataclass(frozen=True, slots=True)
class Commons:
    """The contracts that have the same address on every chain, for one admin."""

    genesis: str
    registry: str
    beacon: str


@dataclass(frozen=True, slots=True)
class ListedStock:
    """A stock in the registry, with its contracts on this chain."""

    isin: str
    symbol: str
    token: str
    reserve_feed: str
    price_feed: str


@dataclass(frozen=True, slots=True)
class OtherDeployment:
    """The token of a stock on another chain: `network` is its CAIP-2 name, `account` the token there."""

    network: str
    account: str


def create2_address(deployer: str, salt: bytes, creation: bytes) -> str:
    """Where `deployer` puts a contract with CREATE2 (EIP-1014)."""
    return to_checksum_address(keccak(b"\xff" + bytes.fromhex(deployer[2:]) + salt + keccak(creation))[12:])


def create_address(deployer: str, nonce: int) -> str:
    """Where an account's transaction of this nonce puts a contract."""
    return to_checksum_address(keccak(rlp.encode([bytes.fromhex(deployer[2:]), nonce]))[12:])


def commons_creation(admin: str, node_modules: Path) -> tuple[bytes, bytes, bytes]:
    """The creation code of genesis, registry and beacon."""
    genesis, registry = own("Genesis").creation(), own("Registry").creation(admin)
    beacon = openzeppelin("UpgradeableBeacon", node_modules).creation(
        create2_address(CREATE2_DEPLOYER, SALT, genesis), create2_address(CREATE2_DEPLOYER, SALT, registry)
    )
    return genesis, registry, beacon


def commons_of(admin: str, node_modules: Path) -> Commons:
    """Where genesis, registry and beacon stand, or will stand, on every chain."""
    return Commons(*(
        create2_address(CREATE2_DEPLOYER, SALT, creation) for creation in commons_creation(admin, node_modules)
    ))  # fmt: skip


def token_address(admin: str, isin: str, node_modules: Path) -> str:
    """Where the token of a share stands, or will stand, on every chain."""
    at = commons_of(admin, node_modules)
    proxy = openzeppelin("BeaconProxy", node_modules).creation(at.beacon, own("StockToken").call("begin", isin))
    return create2_address(at.registry, keccak(text=isin), proxy)


def blueprint_creation(creation: bytes) -> bytes:
    """The creation code of a blueprint (ERC-5202) of `creation`."""
    code = BLUEPRINT + creation
    return b"\x61" + len(code).to_bytes(2) + bytes.fromhex("3d81600a3d39f3") + code


def refuse_without_deployer(node: Node) -> None:
    """Raises `Refused("create2.missing")` where the canonical deployer has no code."""
    if node.rpc.call("eth_getCode", CREATE2_DEPLOYER, node.finality) in {"", "0x"}:
        raise Refused(
            "create2.missing",
            f"evm: chain {node.chain_id} had no CREATE2 deployer at {CREATE2_DEPLOYER}; put it there first: addresses "
            "would differ from those on other chains",
        )


def read_stocks(node: Node, registry: str) -> list[ListedStock]:
    """Every stock in the order of listing. Raises `Refused("contract.missing")` without a registry there."""
    contract = own("Registry")
    count = int(node.read(contract, registry, "count")[0])
    rows = (node.read(contract, registry, "stock_at", number)[0] for number in range(count))
    return [ListedStock(isin, symbol, *map(to_checksum_address, places)) for isin, symbol, *places in rows]


def read_deployments(node: Node, registry: str, isin: str) -> list[OtherDeployment]:
    """The stock's tokens on other chains. Raises `Refused` for a stock that is not listed."""
    contract = own("Registry")
    count = int(node.read(contract, registry, "deployments_of", isin)[0])
    return [OtherDeployment(*node.read(contract, registry, "deployments", isin, number)[0]) for number in range(count)]


def read_list_tokens(node: Node, registry: str) -> list[ListToken]:
    """Every stock's token here, then on the other EVM chains that the registry knows, as a token list wants them."""
    found: list[ListToken] = []
    for stock in read_stocks(node, registry):
        name = str(node.read(own("StockToken"), stock.token, "name")[0])
        here = {"isin": stock.isin, "reserveFeed": stock.reserve_feed, "priceFeed": stock.price_feed}
        found.append(ListToken(node.chain_id, stock.token, name, stock.symbol, here))
        for other in read_deployments(node, registry, stock.isin):
            family, _, reference = other.network.partition(":")
            if family == _EVM and int(reference) != node.chain_id:
                found.append(ListToken(int(reference), other.account, name, stock.symbol, {"isin": stock.isin}))
    return found
