"""What every part of this package asks of a node, and how a contract's refusal becomes ours."""

from collections.abc import Mapping, Sequence
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address

from openscrip.issuance.chains.evm.signing import Signer
from openscrip.issuance.chains.evm.transaction import Fees, SignedTransaction, Transaction, sign_transaction
from openscrip.issuance.contracts.artifact import Artifact
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Malformed, Refused, Unavailable

_ERROR_STRING = "0x08c379a0"
_HARMLESS = ("already known", "already imported", "nonce too low", "underpriced")


def refusal(reason: str) -> Refused:
    """A contract's words `issuer: voucher was expired` as `Refused("issuer.voucher_was_expired", words)`."""
    where, _, rest = (reason or "evm: call was reverted without a reason").partition(": ")
    return Refused(f"{where}.{rest}".replace(" ", "_").replace("'", ""), f"{where}: {rest}")


def reason_of(output: object) -> str:
    """The words in the answer of a reverted call; empty when it had none."""
    text = str(output or "")
    if not text.startswith(_ERROR_STRING):
        return "" if text in {"", "0x"} else f"evm: call was reverted with {text[:74]}"
    try:
        return str(decode(["string"], bytes.fromhex(text[10:]))[0])
    except DecodingError:
        return f"evm: call was reverted with {text[:74]}"


def address(text: str, what: str) -> str:
    """`text` as an address with checksum. Raises `Malformed("address.malformed")`, also for a wrong checksum."""
    digits = text.removeprefix("0x")
    if len(digits) != 40 or not text.startswith("0x") or not all(each in "0123456789abcdefABCDEF" for each in digits):
        raise Malformed("address.malformed", f"{what}: {text!r} was not an EVM address")
    checked = to_checksum_address(text)
    if digits not in {digits.lower(), digits.upper()} and text != checked:
        raise Malformed("address.malformed", f"{what}: {text!r} had a wrong checksum")
    return checked


class Node:
    """A node of one chain, read at the newest block that is never undone."""

    def __init__(self, rpc: JsonRpc, chain_id: int, fees: Fees, finality: str | int = "latest") -> None:
        """`finality` says which block that is: by the node's own tag, or with so many blocks on top of it."""
        self.rpc = rpc
        self.chain_id = chain_id
        self.fees = fees
        self._finality = finality
        self._final_number = 0

    @property
    def finality(self) -> str:
        """The newest final block, as requests name it. Where confirmations are counted this asks the node for its head.

        Read it once for answers that belong together.
        """
        if isinstance(self._finality, str):
            return self._finality
        # A chain that is undone may be shorter for a moment; what was final stays so.
        self._final_number = max(self._final_number, int(self.rpc.call("eth_blockNumber"), 16) - self._finality)
        return hex(self._final_number)

    def final(self, block: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """The final block as it was answered. Raises `Unavailable` where the node has none there."""
        if block is None:
            raise Unavailable(f"evm: {self.rpc.url} had no final block; it is behind, or more was undone than is allowed for")
        return block

    def check(self) -> None:
        """Raises `Refused("chain.wrong")` if the node serves another chain."""
        found = int(self.rpc.call("eth_chainId"), 16)
        if found != self.chain_id:
            raise Refused("chain.wrong", f"evm: {self.rpc.url} served chain {found}, expected {self.chain_id}")

    def read(self, contract: Artifact, at: str, function: str, *arguments: object) -> tuple[Any, ...]:
        """What a view answered at the final block. Raises `Refused` with the contract's words."""
        call = {"to": at, "data": "0x" + contract.call(function, *arguments).hex()}
        try:
            answer = self.rpc.call("eth_call", call, self.finality)
        except RpcError as error:
            raise self.refused(error) from error
        if answer == "0x":
            raise Refused("contract.missing", f"evm: no {contract.name} was found at {at}")
        return contract.result(function, bytes.fromhex(answer[2:]))

    def simulate(self, transaction: Transaction, sender: str) -> None:
        """Raises `Refused` with the contract's words if the transaction would fail on top of the newest block."""
        call = {"from": sender, "to": transaction.to, "data": "0x" + transaction.data.hex()}
        try:
            self.rpc.call("eth_call", call, "latest")
        except RpcError as error:
            raise self.refused(error) from error

    def estimate(self, to: str, data: bytes, sender: str) -> Transaction:
        """A call with the gas that it needs on top of the newest block, and a quarter more.

        Raises `Refused` with the contract's words if it would fail.
        """
        call = {"from": sender, "to": to, "data": "0x" + data.hex()}
        try:
            needed = int(self.rpc.call("eth_estimateGas", call), 16)
        except RpcError as error:
            raise self.refused(error) from error
        return Transaction(to, data, needed * 5 // 4)

    def sign(self, transaction: Transaction, signer: Signer, nonce: int) -> SignedTransaction:
        """Sign for this chain."""
        return sign_transaction(transaction, signer, nonce, self.chain_id, self.fees)

    def nonce(self, account: str, tag: str | None = None) -> int:
        """How many transactions of an account have landed at the final block, or at `tag`."""
        return int(self.rpc.call("eth_getTransactionCount", account, tag or self.finality), 16)

    def submit(self, raw: bytes) -> None:
        """Broadcast. A node that has the transaction already, or another at its nonce, is not an error here."""
        try:
            self.rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
        except RpcError as error:
            if not any(words in error.message.lower() for words in _HARMLESS):
                raise Unavailable(f"evm: {self.rpc.url} did not take the transaction: {error.message}") from error

    def batch(self, calls: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        """The results of many calls in one request. The node may answer them in any order of its own."""
        answers = self.rpc.batch(calls)
        for answer in answers:
            if isinstance(answer, RpcError):
                raise Unavailable(f"evm: {self.rpc.url} answered {answer.message}")
        return answers

    def receipts(self, tx_ids: Sequence[str]) -> list[dict[str, Any] | None]:
        """The receipt of each transaction that is in a block; one request."""
        return self.batch([("eth_getTransactionReceipt", [tx_id]) for tx_id in tx_ids])

    def revert_reason(self, tx_id: str) -> str:
        """The contract's words for a transaction that failed in a block; empty if the node cannot tell."""
        tracer = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}
        try:
            return reason_of(self.rpc.call("debug_traceTransaction", tx_id, tracer).get("output"))
        except RpcError:
            return ""

    def refused(self, error: RpcError) -> Exception:
        """The refusal in a call's error, or `Unavailable` when the node itself failed."""
        data = error.data.get("data") if isinstance(error.data, dict) else error.data
        if error.code == 3 or "revert" in error.message.lower():
            return refusal(reason_of(data))
        return Unavailable(f"evm: {self.rpc.url} answered {error.message}")
