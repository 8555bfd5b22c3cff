"""A local chain with the contracts on it: any account may send, and every transaction is mined at once."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from openscrip.issuance.chains.evm.deployment import EvmRoles, deploy_platform, list_token
from openscrip.issuance.chains.evm.node import Node, reason_of
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.typed_data import (
    FEED,
    ISSUER,
    MINT_VOUCHER,
    MULTIPLIER_CANCEL,
    MULTIPLIER_CHANGE,
    RESERVE_REPORT,
    digest,
)
from openscrip.issuance.contracts.artifact import Artifact, own
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.instrument import Instrument, InstrumentKind
from openscrip.runtime.keys import KeyKind, LocalKey

NODE_MODULES = Path(__file__).parents[3] / "node_modules"
CHAIN_ID = 31337
START = 1_717_400_000
ONE = 10**18
GRAIN = 10**10
TSLA = Instrument("TSLA", "Tesla", "US88160R1014", "XNAS", "USD", InstrumentKind.EQUITY, "TSLAx")
NOBODY = "0x" + "00" * 20
_GAS = hex(6_000_000)


def key(name: str) -> EvmAccount:
    """The key of whoever is called `name`."""
    return EvmAccount(LocalKey(KeyKind.SECP256K1, hashlib.sha256(name.encode()).digest()))


ROLES = EvmRoles(*(key(name).address for name in (
    "issuer", "attestor", "corporate_action", "guardian", "approver", "lister",
)))  # fmt: skip


class Reverted(Exception):
    """A call or a transaction was refused by a contract; the message is the contract's words."""


@contextmanager
def reverts(reason: str) -> Iterator[None]:
    """The block must be refused with exactly this reason."""
    with pytest.raises(Reverted) as caught:
        yield
    assert str(caught.value) == reason


class Stage:
    """One deployment with one listed token."""

    def __init__(self, evm: EvmNode) -> None:
        self.evm = evm
        self.rpc = JsonRpc(evm.url)
        self.node = Node(self.rpc, CHAIN_ID, Fees())
        evm.fund(ROLES.lister)
        self.at = deploy_platform(self.node, key("lister"), ROLES, NODE_MODULES)
        listed = list_token(self.node, key("lister"), self.at, TSLA, NODE_MODULES)
        self.token, self.feed = listed.token, listed.feed
        self.places = {
            "StockToken": self.token, "ReserveFeed": self.feed, "Issuer": self.at.issuer, "Policy": self.at.policy,
        }  # fmt: skip
        self.rpc.call("anvil_autoImpersonateAccount", True)
        self.sequence = 0
        self.count = 0

    # ---------------------------------------------------------------- acting

    def send(self, sender: str, contract: str, function: str, *arguments: object, to: str = "") -> dict[str, Any]:
        """Send as `sender` (a name or an address) and mine; the receipt, or `Reverted`."""
        data = own(contract).call(function, *arguments)
        return self.send_data(sender, to or self.places[contract], data)

    def send_data(self, sender: str, to: str | None, data: bytes) -> dict[str, Any]:
        """As `send`, for bare call data; `to` None deploys."""
        call = {"from": account(sender), "data": "0x" + data.hex(), "gas": _GAS, "gasPrice": "0x0"}
        call |= {"to": to} if to else {}
        tx_id = self.rpc.call("eth_sendTransaction", call)
        for _ in range(100):
            self.rpc.call("evm_mine")  # not in one batch with the call: the order there is the node's
            receipt: dict[str, Any] | None = self.rpc.call("eth_getTransactionReceipt", tx_id)
            if receipt is not None:
                break
        else:
            raise AssertionError(f"stage: {tx_id} was not mined")
        if receipt["status"] != "0x1":
            raise Reverted(self.node.revert_reason(tx_id))
        return receipt

    def view(self, contract: str, function: str, *arguments: object, to: str = "") -> Any:
        """What a view answers, or `Reverted`; a single value as itself."""
        call = {"to": to or self.places[contract], "data": "0x" + own(contract).call(function, *arguments).hex()}
        try:
            answer = self.rpc.call("eth_call", call, "latest")
        except RpcError as error:
            raise Reverted(reason_of(error.data)) from error
        values = own(contract).result(function, bytes.fromhex(answer[2:]))
        return values[0] if len(values) == 1 else values

    def token_view(self, function: str, *arguments: object) -> Any:
        """A view of the token."""
        return self.view("StockToken", function, *(account(each) for each in arguments))

    def now(self) -> int:
        """The newest block's time."""
        return int(self.rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def pass_time(self, seconds: int) -> None:
        """Let market time pass."""
        self.evm.set_time(self.now() + seconds)

    # ---------------------------------------------------------------- signing

    def voucher(self, **changes: Any) -> dict[str, Any]:
        """A voucher that would be accepted, for 5 tokens to alice, with `changes`."""
        self.count += 1
        fields: dict[str, Any] = {
            "token": self.token, "receiver": key("alice").address, "raw": 5 * ONE, "kind": 1,
            "request": hashlib.sha256(f"request {self.count}".encode()).digest(),
            "evidence": hashlib.sha256(f"evidence {self.count}".encode()).digest(),
            "epoch": self.token_view("epoch"), "multiplier": self.token_view("uiMultiplier"),
            "deadline": self.now() + 3_600,
        }  # fmt: skip
        return fields | changes

    def signed(self, name: str, type_string: str, values: tuple[object, ...], signer: str, **domain: Any) -> bytes:
        """A signature by the key called `signer`; `chain_id` and `contract` may be wrong on purpose."""
        contract = domain.get("contract", self.feed if name == FEED else self.at.issuer)
        return key(signer).sign_digest(digest(name, domain.get("chain_id", CHAIN_ID), contract, type_string, values))

    def mint(
        self, voucher: dict[str, Any] | None = None, signers: tuple[str, str] = ("issuer", "attestor"), **domain: Any
    ) -> dict[str, Any]:
        """Sign a voucher with two keys and relay it as a stranger."""
        values = tuple((voucher or self.voucher()).values())
        signatures = (self.signed(ISSUER, MINT_VOUCHER, values, signer, **domain) for signer in signers)
        return self.send("stranger", "Issuer", "mint", values, *signatures)

    def reported(self, **changes: Any) -> tuple[object, ...]:
        """A report that would be accepted: 1,000 shares, all allotted to this chain."""
        self.sequence += 1
        fields: dict[str, Any] = {
            "token": self.token, "shares": 1_000 * 10**9, "allocation": 1_000 * 10**9,
            "epoch": self.token_view("epoch"), "as_of": self.now(), "sequence": self.sequence,
        }  # fmt: skip
        return tuple((fields | changes).values())

    def report(
        self, sender: str = "issuer", signer: str = "attestor", domain: dict[str, Any] | None = None, **changes: Any
    ) -> dict[str, Any]:
        """Report reserves."""
        values = self.reported(**changes)
        signature = self.signed(FEED, RESERVE_REPORT, values, signer, **(domain or {}))
        return self.send(sender, "ReserveFeed", "report", values, signature)

    def change(self, **changes: Any) -> dict[str, Any]:
        """A 10:1 split that would be accepted, effective in a day."""
        self.count += 1
        fields: dict[str, Any] = {
            "token": self.token, "expected": self.token_view("uiMultiplier"), "multiplier": 10 * ONE,
            "effective_at": self.now() + 86_400, "epoch_after": self.token_view("epoch") + 1,
            "action": hashlib.sha256(f"action {self.count}".encode()).digest(),
        }  # fmt: skip
        return fields | changes

    def schedule(
        self, change: dict[str, Any] | None = None, signers: tuple[str, str] = ("corporate_action", "attestor")
    ) -> dict[str, Any]:
        """Sign a multiplier change with two keys and relay it as a stranger."""
        values = tuple((change or self.change()).values())
        signatures = (self.signed(ISSUER, MULTIPLIER_CHANGE, values, signer) for signer in signers)
        return self.send("stranger", "Issuer", "schedule_multiplier", values, *signatures)

    def cancel(self, action: bytes, signers: tuple[str, str] = ("corporate_action", "attestor")) -> dict[str, Any]:
        """Sign a cancellation with two keys and relay it as a stranger."""
        signatures = (self.signed(ISSUER, MULTIPLIER_CANCEL, (self.token, action), signer) for signer in signers)
        return self.send("stranger", "Issuer", "cancel_multiplier", (self.token, action), *signatures)

    def escrow(self, holder: str, raw: int, request: bytes, kind: int = 1) -> dict[str, Any]:
        """Approve and escrow as a holder."""
        self.send(holder, "StockToken", "approve", self.at.issuer, raw)
        return self.send(holder, "Issuer", "escrow", self.token, raw, kind, request)


def account(name: object) -> Any:
    """The address of whoever is called `name`; what is no name stays as it is."""
    return key(name).address if isinstance(name, str) and not name.startswith("0x") else name


def events(receipt: dict[str, Any], contract: str, name: str) -> list[tuple[list[str], dict[str, Any]]]:
    """Indexed topics and other fields of each event called `name` in a receipt."""
    artifact: Artifact = own(contract)
    return [
        (log["topics"][1:], artifact.event_data(name, bytes.fromhex(log["data"][2:])))
        for log in receipt["logs"]
        if log["topics"][0] == artifact.topic(name)
    ]
