"""Puts the contracts on a chain and lists stocks there.

The timelock owns the policy and the beacon from their first block; nobody holds a deployer's power afterwards. The
lister, who signs here, can only add tokens; not the issuer's account while a worker counts that one's nonces.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address

from openscrip.issuance.chains.evm.node import Node, refusal
from openscrip.issuance.chains.evm.registry import (
    CREATE2_DEPLOYER,
    SALT,
    blueprint_creation,
    commons_creation,
    create2_address,
    create_address,
    refuse_without_deployer,
    token_address,
)
from openscrip.issuance.chains.evm.signing import Signer
from openscrip.issuance.chains.evm.transaction import Transaction
from openscrip.issuance.contracts.artifact import openzeppelin, own
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.instrument import Instrument
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount

TIMELOCK_DELAY_S_MIN = 86_400
FEED_AGE_S_MAX = 3_600
NOBODY = "0x" + "00" * 20
_DEPLOY_GAS = 8_000_000
_CALL_GAS = 1_000_000
_LANDING_S_MAX = 30
_POLL_S = 0.01


class SignerRole(IntEnum):
    """The roles of the signer sets."""

    ISSUER = 1
    ATTESTOR = 2
    CORPORATE_ACTION = 3
    PRICE = 4
    LISTER = 5


@dataclass(frozen=True, slots=True)
class SignerSet:
    """`threshold` of `members` sign for a role."""

    members: tuple[str, ...]
    threshold: int = 1

    def values(self) -> tuple[object, ...]:
        """As the contract reads it: members ascending by address."""
        return (sorted(self.members, key=lambda member: int(member, 16)), self.threshold)


@dataclass(frozen=True, slots=True)
class EvmRoles:
    """Which account holds which power: one key a role, or what `sets` says instead.

    `price` is the issuer's key when it is not named. The timelock's proposer is the issuer, its executor the approver.
    """

    issuer: str
    attestor: str
    corporate_action: str
    guardian: str
    approver: str
    lister: str
    price: str = ""
    sets: Mapping[SignerRole, SignerSet] = field(default_factory=dict, kw_only=True)

    def signer_sets(self) -> list[SignerSet]:
        """The set of each role, in the order of the roles' numbers."""
        single = (self.issuer, self.attestor, self.corporate_action, self.price or self.issuer, self.lister)
        return [self.sets.get(role, SignerSet((key,))) for role, key in zip(SignerRole, single, strict=True)]


@dataclass(frozen=True, slots=True)
class EvmDeployment:
    """Where the contracts of one chain stand. Registry and beacon have the same address on every chain."""

    chain_id: int
    timelock: str
    policy: str
    signers: str
    registry: str
    issuer: str
    actions: str
    conversion: str
    implementation: str
    beacon: str
    distributor: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "EvmDeployment":
        """From what `to_json` gave."""
        return cls(**document)


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """How much of one token may stand, be issued in a day, and arrive from other chains in an hour."""

    supply: RawAmount = RawAmount.parse("100000000")
    day: RawAmount = RawAmount.parse("10000000")
    arrival_hour: RawAmount = RawAmount.parse("1000000")


@dataclass(frozen=True, slots=True)
class ListedToken:
    """A stock's token on this chain, the feed of its reserve and the feed of its price."""

    token: str
    feed: str
    price_feed: str


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


def deploy_platform(
    node: Node, deployer: Signer, roles: EvmRoles, node_modules: Path, *, feed_age_s_max: int = FEED_AGE_S_MAX
) -> EvmDeployment:
    """Put every contract on the chain and open the registry.

    What waits in the timelock needs two keys (I7): its proposer is the issuer, its executor the approver. A reserve report
    backs mints for `feed_age_s_max` seconds. The deployer is the registry's admin, whose address decides all addresses that
    are the same on every chain. Raises `Refused` if a part is missing or not the pinned one, without the CREATE2 deployer,
    and where this deployer's registry was opened before.
    """
    node.check()
    refuse_without_deployer(node)
    _, registry, beacon = (
        _create_once(node, deployer, creation) for creation in commons_creation(deployer.address, node_modules)
    )
    if node.read(own("Registry"), registry, "parts")[0][0] != NOBODY:
        raise Refused("registry.was_open", f"evm: registry {registry} was open; its stocks stand on another deployment")
    nonce = node.nonce(deployer.address, "pending")
    names = ("timelock", "policy", "signers", "issuer", "actions", "conversion", "implementation", "distributor")
    planned = {name: create_address(deployer.address, nonce + place) for place, name in enumerate(names)}
    at = EvmDeployment(chain_id=node.chain_id, registry=registry, beacon=beacon, **planned)
    for name, creation in zip(names, _creations(at, roles, node_modules), strict=True):
        if (found := _create(node, deployer, creation)) != planned[name]:
            raise Refused("contract.moved", f"evm: {name} stood at {found}, planned at {planned[name]}; was the key shared?")
    blueprints = (
        _create(node, deployer, blueprint_creation(contract.bytecode))
        for contract in (openzeppelin("BeaconProxy", node_modules), own("ReserveFeed"), own("PriceFeed"))
    )
    parts = (at.beacon, at.policy, at.signers, at.issuer, at.actions, at.implementation, *blueprints, feed_age_s_max)
    land(node, deployer, Transaction(registry, own("Registry").call("open", parts), _CALL_GAS))
    return at


def list_token(
    node: Node,
    lister: Signer,
    deployment: EvmDeployment,
    instrument: Instrument,
    node_modules: Path,
    *,
    epoch: int = 0,
    multiplier: Multiplier | None = None,
    terms: str = "",
    limits: TokenLimits | None = None,
) -> ListedToken:
    """Put a stock's token and feeds on the chain and register them, in one transaction.

    `epoch` is the custodian's corporate-action epoch of the stock, `multiplier` the book's.
    """
    caps, scale = limits or TokenLimits(), multiplier or Multiplier.one()
    listing = (
        instrument.isin, f"{instrument.name} (Openscrip)"[:64], instrument.token_symbol, epoch, scale.value, scale.version,
        terms, caps.supply.atoms, caps.day.atoms, caps.arrival_hour.atoms,
    )  # fmt: skip
    registry = own("Registry")
    land(node, lister, Transaction(deployment.registry, registry.call("list_stock", listing), _DEPLOY_GAS))
    _, _, *places = node.read(registry, deployment.registry, "stock", instrument.isin)[0]
    listed = ListedToken(*map(to_checksum_address, places))
    admin = node.read(registry, deployment.registry, "admin")[0]
    if listed.token != token_address(admin, instrument.isin, node_modules):
        raise Refused("contract.moved", f"evm: token of {instrument.isin} stood at {listed.token}, which was not predicted")
    return listed


def _creations(at: EvmDeployment, roles: EvmRoles, node_modules: Path) -> Iterator[bytes]:
    """What the deployer's transactions create, in the order of the plan."""
    timelock = openzeppelin("TimelockController", node_modules)
    yield timelock.creation(TIMELOCK_DELAY_S_MIN, [roles.issuer], [roles.approver], NOBODY)
    yield own("Policy").creation(at.timelock, roles.guardian)
    yield own("Signers").creation(at.policy, [each.values() for each in roles.signer_sets()])
    yield own("Issuer").creation(at.policy, at.signers, at.registry, at.actions, at.conversion)
    yield own("CorporateActions").creation(at.signers, at.issuer)
    yield own("Conversion").creation(at.policy, at.issuer, at.actions)
    yield own("StockToken").creation(at.policy, at.issuer, at.actions, at.registry)
    yield own("Distributor").creation(at.policy, at.signers, at.issuer)


def _create(node: Node, signer: Signer, code: bytes) -> str:
    receipt = land(node, signer, Transaction("", code, _DEPLOY_GAS))
    return to_checksum_address(str(receipt["contractAddress"]))


def _create_once(node: Node, signer: Signer, creation: bytes) -> str:
    """Through the canonical deployer; whoever put the same code there before did our work."""
    place = create2_address(CREATE2_DEPLOYER, SALT, creation)
    if node.rpc.call("eth_getCode", place, "latest") in {"", "0x"}:
        land(node, signer, Transaction(CREATE2_DEPLOYER, SALT + creation, _DEPLOY_GAS))
    return place
