"""Stopping at once, and undoing slowly: the guardian's acts, and the timelock's that wait a day and need two keys."""

from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from pathlib import Path

from openscrip.issuance.chains.evm.deployment import (
    TIMELOCK_DELAY_S_MIN,
    EvmDeployment,
    SignerRole,
    SignerSet,
    TokenLimits,
    land,
)
from openscrip.issuance.chains.evm.node import Node, address
from openscrip.issuance.chains.evm.signing import Signer
from openscrip.issuance.contracts.artifact import openzeppelin, own
from openscrip.issuance.voucher import chain_hash
from openscrip.kernel.quantities import RawAmount

_NO_PREDECESSOR = b"\0" * 32
_NO_SALT = b"\0" * 32


class PauseScope(IntFlag):
    """What of a token stands still."""

    TRANSFERS = 1
    PRIMARY = 2
    BRIDGE = 4
    ALL = 7


class FreezeReason(IntEnum):
    """Why an account moves nothing."""

    SANCTIONS = 1
    ORDER = 2
    THEFT_OR_LOST_KEY = 3
    SUSPECTED_FRAUD = 4
    MISTAKE = 5


@dataclass(frozen=True, slots=True)
class Lane:
    """The way of one token to another chain, by its CAIP-2 name: raw that may leave in an hour, none for a closed one, and
    the seconds that each crossing has to arrive (600 to 604,800).
    """

    destination: str
    hour_cap: RawAmount
    life_s: int


class EvmGuardian:
    """The guardian's key: stops at once, alone, and can undo nothing. Each act returns the transaction id."""

    def __init__(self, node: Node, deployment: EvmDeployment, signer: Signer) -> None:
        self._node = node
        self._deployment = deployment
        self._signer = signer

    def pause(self, token: str, scope: PauseScope = PauseScope.ALL) -> str:
        """Stop a token's transfers, the issuer's mints, or the pools; exits stay open."""
        return self._act(token, own("StockToken").call("pause", int(scope)))

    def freeze(self, token: str, account: str, reason: FreezeReason) -> str:
        """Let an account move nothing of one token from now on."""
        return self._act(token, own("StockToken").call("freeze", address(account, "account"), int(reason)))

    def list_address(self, account: str) -> str:
        """Let an address move nothing of any token from now on."""
        return self._act(self._deployment.policy, own("Policy").call("list_address", address(account, "account")))

    def lower_limits(self, token: str, limits: TokenLimits) -> str:
        """Let less be minted from now on."""
        return self._act(self._deployment.issuer, _limits_call(token, limits))

    def lower_lane(self, token: str, lane: Lane) -> str:
        """Let less leave by a lane from now on; its life stays."""
        return self._act(self._deployment.issuer, _lane_call(token, lane))

    def halt_price(self, price_feed: str) -> str:
        """Let nobody read a price from now on."""
        return self._act(price_feed, own("PriceFeed").call("halt"))

    def _act(self, contract: str, data: bytes) -> str:
        transaction = self._node.estimate(contract, data, self._signer.address)
        return str(land(self._node, self._signer, transaction)["transactionHash"])


@dataclass(frozen=True, slots=True)
class Undoing:
    """A call that only the timelock may make; `salt` tells two of the same apart."""

    contract: str
    data: bytes
    salt: bytes = _NO_SALT

    def salted(self, salt: bytes) -> "Undoing":
        """The same call, once more."""
        return replace(self, salt=salt)


def unpausing(token: str, salt: bytes = _NO_SALT, scope: PauseScope = PauseScope.ALL) -> Undoing:
    """Let a token move again."""
    return Undoing(token, own("StockToken").call("unpause", int(scope)), salt)


def unlisting(deployment: EvmDeployment, account: str, salt: bytes = _NO_SALT) -> Undoing:
    """Let a listed address move tokens again."""
    return Undoing(deployment.policy, own("Policy").call("unlist_address", address(account, "account")), salt)


def unfreezing(token: str, account: str, reason: FreezeReason) -> Undoing:
    """Let a frozen account move a token again."""
    return Undoing(token, own("StockToken").call("unfreeze", address(account, "account"), int(reason)))


def resuming_price(price_feed: str) -> Undoing:
    """Let a halted price be read again."""
    return Undoing(price_feed, own("PriceFeed").call("resume"))


def recovering(token: str, account: str, to: str, raw: RawAmount, case_id: bytes, reason: FreezeReason) -> Undoing:
    """Move tokens off a frozen account for a documented case."""
    parties = (address(account, "account"), address(to, "receiver"))
    return Undoing(token, own("StockToken").call("recover", *parties, raw.atoms, case_id, int(reason)))


def setting_terms(token: str, terms: str) -> Undoing:
    """Name the terms of a token, or where they stand."""
    return Undoing(token, own("StockToken").call("set_terms", terms))


def setting_contract_uri(token: str, uri: str) -> Undoing:
    """Name where a token's metadata stand (ERC-7572)."""
    return Undoing(token, own("StockToken").call("set_contract_uri", uri))


def setting_pool(token: str, pool: str, capacity: RawAmount, refill_per_s: RawAmount) -> Undoing:
    """Let a bridge's pool mint and burn a token, at most `capacity` at once; a capacity of zero takes that away."""
    terms = (address(pool, "pool"), capacity.atoms, refill_per_s.atoms)
    return Undoing(token, own("StockToken").call("set_pool", *terms))


def setting_signers(deployment: EvmDeployment, role: SignerRole, signers: SignerSet) -> Undoing:
    """Replace the keys of a role; what the old signed and nobody used is void."""
    return Undoing(deployment.signers, own("Signers").call("set_signers", int(role), *signers.values()))


def setting_limits(deployment: EvmDeployment, token: str, limits: TokenLimits) -> Undoing:
    """Let more, or less, of a token be minted."""
    return Undoing(deployment.issuer, _limits_call(token, limits))


def setting_lane(deployment: EvmDeployment, token: str, lane: Lane) -> Undoing:
    """Open, change or close the way of a token to another chain."""
    return Undoing(deployment.issuer, _lane_call(token, lane))


def setting_guardian(deployment: EvmDeployment, guardian: str) -> Undoing:
    """Replace the key that stops."""
    return Undoing(deployment.policy, own("Policy").call("set_guardian", address(guardian, "guardian")))


def setting_mirror(deployment: EvmDeployment, keeper: str, age_s_max: int) -> Undoing:
    """Name who mirrors sanctions lists, and how old they may be for a mint. Zero address and age: nobody does."""
    return Undoing(deployment.policy, own("Policy").call("set_mirror", address(keeper, "keeper"), age_s_max))


def setting_source(deployment: EvmDeployment, source: str) -> Undoing:
    """Name the contract on this chain that answers `isSanctioned`; the zero address: none."""
    return Undoing(deployment.policy, own("Policy").call("set_source", address(source, "source")))


def upgrading(deployment: EvmDeployment, implementation: str, node_modules: Path) -> Undoing:
    """Put another implementation behind every token."""
    call = openzeppelin("UpgradeableBeacon", node_modules).call("upgradeTo", address(implementation, "implementation"))
    return Undoing(deployment.beacon, call)


def adding_deployment(deployment: EvmDeployment, isin: str, network: str, account: str) -> Undoing:
    """Say where else a stock has a token: `network` is the chain's CAIP-2 name, `account` the token there."""
    return Undoing(deployment.registry, own("Registry").call("add_deployment", isin, network, account))


class EvmTimelock:
    """The timelock: the issuer proposes, a day passes on the chain, the approver executes."""

    def __init__(self, node: Node, deployment: EvmDeployment, node_modules: Path) -> None:
        self._node = node
        self._place = deployment.timelock
        self._contract = openzeppelin("TimelockController", node_modules)

    def propose(self, what: Undoing, proposer: Signer) -> str:
        """Start the wait. Returns the transaction id."""
        terms = (what.contract, 0, what.data, _NO_PREDECESSOR, what.salt, TIMELOCK_DELAY_S_MIN)
        return self._act(self._contract.call("schedule", *terms), proposer)

    def execute(self, what: Undoing, executor: Signer) -> str:
        """Do it after the wait. Raises `Refused` before. Returns the transaction id."""
        terms = (what.contract, 0, what.data, _NO_PREDECESSOR, what.salt)
        return self._act(self._contract.call("execute", *terms), executor)

    def _act(self, data: bytes, signer: Signer) -> str:
        transaction = self._node.estimate(self._place, data, signer.address)
        return str(land(self._node, signer, transaction)["transactionHash"])


def _limits_call(token: str, limits: TokenLimits) -> bytes:
    caps = (limits.supply.atoms, limits.day.atoms, limits.arrival_hour.atoms)
    return own("Issuer").call("set_limits", token, *caps)


def _lane_call(token: str, lane: Lane) -> bytes:
    return own("Issuer").call("set_lane", token, chain_hash(f"chain:{lane.destination}"), lane.hour_cap.atoms, lane.life_s)
