"""Stopping at once, and undoing slowly: the guardian's acts, and the timelock's that wait a day and need two keys."""

from dataclasses import dataclass
from pathlib import Path

from openscrip.issuance.chains.evm.deployment import TIMELOCK_DELAY_S_MIN, EvmDeployment, land
from openscrip.issuance.chains.evm.node import Node, address
from openscrip.issuance.chains.evm.signing import Signer
from openscrip.issuance.chains.evm.transaction import Transaction
from openscrip.issuance.contracts.artifact import openzeppelin, own

_GAS = 300_000
_NO_PREDECESSOR = b"\0" * 32


class EvmGuardian:
    """The guardian's key: stops at once, alone, and can undo nothing."""

    def __init__(self, node: Node, deployment: EvmDeployment, signer: Signer) -> None:
        self._node = node
        self._deployment = deployment
        self._signer = signer

    def pause(self, token: str) -> str:
        """Stop a token's transfers and mints; exits stay open. Returns the transaction id."""
        return self._act(token, own("StockToken").call("pause"))

    def list_address(self, account: str) -> str:
        """Let an address move nothing from now on. Returns the transaction id."""
        return self._act(self._deployment.policy, own("Policy").call("list_address", address(account, "account")))

    def _act(self, contract: str, data: bytes) -> str:
        transaction = Transaction(contract, data, _GAS)
        self._node.simulate(transaction, self._signer.address)
        return str(land(self._node, self._signer, transaction)["transactionHash"])


@dataclass(frozen=True, slots=True)
class Undoing:
    """A call that only the timelock may make; `salt` tells two of the same apart."""

    contract: str
    data: bytes
    salt: bytes = b"\0" * 32


def unpausing(token: str, salt: bytes = b"\0" * 32) -> Undoing:
    """Let a token move again."""
    return Undoing(token, own("StockToken").call("unpause"), salt)


def unlisting(deployment: EvmDeployment, account: str, salt: bytes = b"\0" * 32) -> Undoing:
    """Let a listed address move tokens again."""
    return Undoing(deployment.policy, own("Policy").call("unlist_address", address(account, "account")), salt)


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
        transaction = Transaction(self._place, data, _GAS)
        self._node.simulate(transaction, signer.address)
        return str(land(self._node, signer, transaction)["transactionHash"])
