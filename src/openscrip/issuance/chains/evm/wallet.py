"""What a holder does with a wallet: transfer, approve, escrow for redemption, cross to another chain, permit."""

from typing import Any

from openscrip.issuance.chains.evm.deployment import EvmDeployment, land
from openscrip.issuance.chains.evm.node import Node, address
from openscrip.issuance.chains.evm.signing import Signer
from openscrip.issuance.chains.evm.transaction import Transaction
from openscrip.issuance.chains.evm.typed_data import PERMIT, digest
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.voucher import RedemptionKind, chain_hash
from openscrip.kernel.quantities import RawAmount

_GAS = 300_000
_DEPARTURE_GAS = 500_000


class EvmWallet:
    """One account. Each act is refused with the contract's words before it is sent, else waits until it has landed.

    The account pays for gas: on a local chain `EvmNode.fund` gives it some.
    """

    def __init__(self, node: Node, deployment: EvmDeployment, signer: Signer) -> None:
        self._node = node
        self._deployment = deployment
        self._signer = signer

    @property
    def address(self) -> str:
        """The account."""
        return self._signer.address

    def balance(self, token: str) -> RawAmount:
        """This account's raw balance."""
        return RawAmount(self._node.read(own("StockToken"), token, "balanceOf", self.address)[0])

    def transfer(self, token: str, receiver: str, raw: RawAmount) -> str:
        """Send tokens; returns the transaction id."""
        return self._act(token, own("StockToken").call("transfer", address(receiver, "receiver"), raw.atoms))

    def approve(self, token: str, spender: str, raw: RawAmount) -> str:
        """Let `spender` move up to `raw`; returns the transaction id."""
        return self._act(token, own("StockToken").call("approve", address(spender, "spender"), raw.atoms))

    def escrow(self, token: str, raw: RawAmount, kind: RedemptionKind, request_id: str) -> str:
        """Approve the issuer contract and put tokens into its escrow for a redemption; returns the escrow's id."""
        self.approve(token, self._deployment.issuer, raw)
        call = own("Issuer").call("escrow", token, raw.atoms, int(kind), chain_hash(request_id))
        return self._act(self._deployment.issuer, call)

    def depart(self, token: str, raw: RawAmount, destination: str, receiver: str, request_id: str) -> str:
        """Approve the issuer contract and burn tokens for as many on another chain, by its CAIP-2 name.

        `receiver` is the 32 bytes of the wallet there as hex, an EVM address with zeros on its left. Returns the id.
        """
        self.approve(token, self._deployment.issuer, raw)
        words = (chain_hash(f"chain:{destination}"), bytes.fromhex(receiver), chain_hash(request_id))
        return self._act(self._deployment.issuer, own("Issuer").call("depart", token, raw.atoms, *words), _DEPARTURE_GAS)

    def sign_permit(self, token: str, spender: str, raw: RawAmount, deadline: int) -> tuple[int, bytes, bytes]:
        """An EIP-2612 permit for this account's next nonce: v, r, s."""
        contract = own("StockToken")
        nonce = self._node.read(contract, token, "nonces", self.address)[0]
        name = str(self._node.read(contract, token, "name")[0])
        values = (self.address, spender, raw.atoms, nonce, deadline)
        signature = self._signer.sign_digest(digest(name, self._node.chain_id, token, PERMIT, values))
        return signature[64], signature[:32], signature[32:64]

    def submit_permit(self, token: str, owner: str, spender: str, raw: RawAmount, deadline: int, vrs: Any) -> str:
        """Bring anybody's permit to the token; returns the transaction id."""
        return self._act(token, own("StockToken").call("permit", owner, spender, raw.atoms, deadline, *vrs))

    def _act(self, contract: str, data: bytes, gas: int = _GAS) -> str:
        transaction = Transaction(contract, data, gas)
        self._node.simulate(transaction, self.address)
        return str(land(self._node, self._signer, transaction)["transactionHash"])
