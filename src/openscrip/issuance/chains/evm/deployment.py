"""Puts the contracts on a chain and lists stocks there.

The timelock owns the policy and the beacon from their first block; nobody holds a deployer's power afterwards. The
lister, who signs here, can only add tokens; not the issuer's account while a worker counts that one's nonces.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address

from openscrip.issuance.chains.evm.node import Node, refusal
from openscrip.issuance.chains.evm.signing import Signer
from openscrip.issuance.chains.evm.transaction import Transaction
from openscrip.issuance.contracts.artifact import openzeppelin, own
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.instrument import Instrument

TIMELOCK_DELAY_S_MIN = 86_400
FEED_AGE_S_MAX = 3_600
_DEPLOY_GAS = 6_000_000
_CALL_GAS = 1_000_000
_LANDING_S_MAX = 30
_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class EvmRoles:
    """Which account holds which power."""

    issuer: str
    attestor: str
    corporate_action: str
    guardian: str
    approver: str
    lister: str


@dataclass(frozen=True, slots=True)
class EvmDeployment:
    """Where the contracts of one chain stand."""

    chain_id: int
    timelock: str
    policy: str
    issuer: str
    implementation: str
    beacon: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "EvmDeployment":
        """From what `to_json` gave."""
        return cls(**document)


@dataclass(frozen=True, slots=True)
class ListedToken:
    """A stock's token on this chain, and the feed of its reserve."""

    token: str
    feed: str


def land(node: Node, signer: Signer, transaction: Transaction) -> dict[str, Any]:
    """Sign at the account's next nonce, send, and wait for the receipt.

    Raises `Refused` with the contract's words if it failed, `Unavailable` if it did not land in time.
    """
    signed = node.sign(transaction, signer, node.nonce(signer.address, "pending"))
    node.submit(signed.raw)
    end = time.monotonic() + _LANDING_S_MAX
    while time.monotonic() < end:
        receipt = node.receipts([signed.tx_id])[0]
        if receipt is None:
            time.sleep(_POLL_S)
            continue
        if int(receipt["status"], 16) != 1:
            raise refusal(node.revert_reason(signed.tx_id))
        return receipt
    raise Unavailable(f"evm: {signed.tx_id} did not land within {_LANDING_S_MAX} s")


def deploy_platform(node: Node, deployer: Signer, roles: EvmRoles, node_modules: Path) -> EvmDeployment:
    """Put timelock, policy, issuer contract, token implementation and beacon on the chain.

    The timelock's proposer is the issuer and its executor the approver: what waits needs two keys (I7). Raises
    `Refused` if a part is missing or not the pinned one.
    """
    node.check()
    timelock = _create(
        node, deployer,
        openzeppelin("TimelockController", node_modules)
        .creation(TIMELOCK_DELAY_S_MIN, [roles.issuer], [roles.approver], "0x" + "00" * 20),
    )  # fmt: skip
    policy = _create(node, deployer, own("Policy").creation(timelock, roles.guardian))
    keys = (roles.issuer, roles.attestor, roles.corporate_action, roles.lister)
    issuer = _create(node, deployer, own("Issuer").creation(policy, *keys))
    implementation = _create(node, deployer, own("StockToken").creation(policy, issuer))
    beacon_code = openzeppelin("UpgradeableBeacon", node_modules).creation(implementation, timelock)
    beacon = _create(node, deployer, beacon_code)
    return EvmDeployment(node.chain_id, timelock, policy, issuer, implementation, beacon)


def list_token(
    node: Node,
    lister: Signer,
    deployment: EvmDeployment,
    instrument: Instrument,
    node_modules: Path,
    *,
    epoch: int = 0,
    feed_age_s_max: int = FEED_AGE_S_MAX,
) -> ListedToken:
    """Put a stock's token and reserve feed on the chain and register them.

    `epoch` is the custodian's corporate-action epoch of the stock; a report backs mints for `feed_age_s_max` seconds.
    """
    set_up = own("StockToken").call(
        "initialize", f"{instrument.name} (Openscrip)"[:64], instrument.token_symbol, instrument.isin, epoch
    )
    proxy = openzeppelin("BeaconProxy", node_modules)
    token = _create(node, lister, proxy.creation(deployment.beacon, set_up))
    if node.read(own("StockToken"), token, "isin")[0] != instrument.isin:
        raise Refused("contract.uninitialized", f"evm: token {token} was not set up for {instrument.isin}")
    feed = _create(node, lister, own("ReserveFeed").creation(token, deployment.issuer, feed_age_s_max))
    land(node, lister, Transaction(deployment.issuer, own("Issuer").call("register", token, feed), _CALL_GAS))
    return ListedToken(token, feed)


def _create(node: Node, signer: Signer, code: bytes) -> str:
    receipt = land(node, signer, Transaction("", code, _DEPLOY_GAS))
    return to_checksum_address(str(receipt["contractAddress"]))
