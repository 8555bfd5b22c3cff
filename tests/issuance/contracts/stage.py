"""A local chain with the contracts on it: any account may send, and every transaction is mined at once."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from openscrip.issuance.chains.evm.deployment import EvmRoles, ListedToken, deploy_platform, list_token
from openscrip.issuance.chains.evm.node import Node, reason_of
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.typed_data import (
    ACTION_CANCEL,
    ACTION_FINISH,
    ACTION_OPENING,
    ACTIONS,
    CORPORATE_ACTION,
    FEED,
    ISSUER,
    MINT_VOUCHER,
    MULTIPLIER_CHANGE,
    PRICE,
    PRICE_REPORT,
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
MINED_S = 60.0
ONE = 10**18
GRAIN = 10**10
TSLA = Instrument("TSLA", "Tesla", "US88160R1014", "XNAS", "USD", InstrumentKind.EQUITY, "TSLAx")
NOBODY = "0x" + "00" * 20
NOTHING = bytes(32)
Names = str | tuple[str, ...]
"""One key by its name, or those that sign together."""
_GAS = hex(8_000_000)


def key(name: str) -> EvmAccount:
    """The key of whoever is called `name`."""
    return EvmAccount(LocalKey(KeyKind.SECP256K1, hashlib.sha256(name.encode()).digest()))


ROLES = EvmRoles(*(key(name).address for name in (
    "issuer", "attestor", "corporate_action", "guardian", "approver", "lister", "price",
)))  # fmt: skip


class Reverted(Exception):
    """A call or a transaction was refused by a contract; the message is the contract's words."""


@contextmanager
def reverts(reason: str) -> Iterator[None]:
    """The block must be refused with exactly this reason."""
    with pytest.raises(Reverted) as caught:
        yield
    assert str(caught.value) == reason


def mined(rpc: JsonRpc, tx_id: str) -> dict[str, Any]:
    """Mine until a transaction is in a block: the pool may take a moment to have it ready."""
    ends = time.monotonic() + MINED_S
    while time.monotonic() < ends:
        rpc.call("evm_mine")  # not in one batch with the call: the order there is the node's
        receipt: dict[str, Any] | None = rpc.call("eth_getTransactionReceipt", tx_id)
        if receipt is not None:
            return receipt
    raise AssertionError(f"{tx_id} was not mined within {MINED_S} s")


class MiningNode(Node):
    """A node that mines whenever somebody waits for a receipt."""

    def receipts(self, tx_ids: Sequence[str]) -> list[dict[str, Any] | None]:
        """The receipt of each transaction that could be mined."""
        self.rpc.call("evm_mine")
        return super().receipts(tx_ids)


class Stage:
    """One deployment with one listed token, on a chain that mines only when it is asked to."""

    def __init__(self, evm: EvmNode) -> None:
        self.evm = evm
        evm.rest()
        self.rpc = JsonRpc(evm.url)
        self.node: Node = MiningNode(self.rpc, CHAIN_ID, Fees())
        evm.fund(ROLES.lister)
        self.at = deploy_platform(self.node, key("lister"), ROLES, NODE_MODULES)
        listed = list_token(self.node, key("lister"), self.at, TSLA, NODE_MODULES)
        self.token, self.feed, self.price_feed = listed.token, listed.feed, listed.price_feed
        self.places = {
            "StockToken": self.token, "ReserveFeed": self.feed, "PriceFeed": self.price_feed,
            "Issuer": self.at.issuer, "Policy": self.at.policy, "Signers": self.at.signers,
            "CorporateActions": self.at.actions, "Conversion": self.at.conversion, "Registry": self.at.registry,
            "Distributor": self.at.distributor,
        }  # fmt: skip
        self.domains = {ISSUER: self.at.issuer, FEED: self.feed, ACTIONS: self.at.actions, PRICE: self.price_feed}
        self.rpc.call("anvil_autoImpersonateAccount", True)
        self.sequence = 0
        self.price_sequence = 0
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
        receipt = mined(self.rpc, tx_id)
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

    def list_stock(self, instrument: Instrument, **terms: Any) -> ListedToken:
        """List another stock."""
        return list_token(self.node, key("lister"), self.at, instrument, NODE_MODULES, **terms)

    def unique(self, what: str) -> bytes:
        """32 bytes that no call before gave."""
        self.count += 1
        return hashlib.sha256(f"{what} {self.count}".encode()).digest()

    # ---------------------------------------------------------------- signing

    def signed(self, name: str, type_string: str, values: tuple[object, ...], signer: Names, **domain: Any) -> bytes:
        """A signature by the key called `signer`, or of several in the order of their addresses.

        `chain_id` and `contract` may be wrong on purpose.
        """
        signers = [signer] if isinstance(signer, str) else sorted(signer, key=lambda each: int(key(each).address, 16))
        contract = domain.get("contract", self.domains[name])
        hashed = digest(name, domain.get("chain_id", CHAIN_ID), contract, type_string, values)
        return b"".join(key(each).sign_digest(hashed) for each in signers)

    def twice(
        self, name: str, type_string: str, values: tuple[object, ...], signers: tuple[Names, Names], **domain: Any
    ) -> tuple[bytes, bytes]:
        """What two roles sign."""
        first, second = (self.signed(name, type_string, values, signer, **domain) for signer in signers)
        return first, second

    # ---------------------------------------------------------------- mints and reports

    def voucher(self, **changes: Any) -> dict[str, Any]:
        """A voucher that would be accepted, for 5 tokens to alice, with `changes`."""
        fields: dict[str, Any] = {
            "token": self.token, "receiver": key("alice").address, "raw": 5 * ONE, "kind": 1,
            "request": self.unique("request"), "evidence": self.unique("evidence"), "origin": NOTHING,
            "epoch": self.token_view("epoch"), "multiplier": self.token_view("uiMultiplier"),
            "signer_epoch": self.view("Signers", "signerEpoch"), "deadline": self.now() + 3_600,
        }  # fmt: skip
        return fields | changes

    def signed_voucher(
        self, voucher: dict[str, Any] | None = None, signers: tuple[Names, Names] = ("issuer", "attestor"), **domain: Any
    ) -> tuple[tuple[object, ...], bytes, bytes]:
        """A voucher's values with the signatures of both roles."""
        values = tuple((voucher or self.voucher()).values())
        return (values, *self.twice(ISSUER, MINT_VOUCHER, values, signers, **domain))

    def mint(
        self, voucher: dict[str, Any] | None = None, signers: tuple[Names, Names] = ("issuer", "attestor"), **domain: Any
    ) -> dict[str, Any]:
        """Sign a voucher with two keys and relay it as a stranger."""
        return self.send("stranger", "Issuer", "mint", *self.signed_voucher(voucher, signers, **domain))

    def mint_batch(self, *vouchers: dict[str, Any]) -> dict[str, Any]:
        """Sign vouchers and relay them in one transaction."""
        return self.send("stranger", "Issuer", "mint_batch", [self.signed_voucher(each) for each in vouchers])

    def reported(self, **changes: Any) -> tuple[object, ...]:
        """A report that would be accepted: 1,000 shares, all allotted to this chain."""
        self.sequence += 1
        fields: dict[str, Any] = {
            "token": self.token, "shares": 1_000 * 10**9, "encumbered": 0, "in_transit": 0,
            "allocation": 1_000 * 10**9, "epoch": self.token_view("epoch"), "as_of": self.now(),
            "sequence": self.sequence,
        }  # fmt: skip
        return tuple((fields | changes).values())

    def report(
        self, sender: str = "issuer", signer: Names = "attestor", domain: dict[str, Any] | None = None, **changes: Any
    ) -> dict[str, Any]:
        """Report reserves."""
        values = self.reported(**changes)
        signature = self.signed(FEED, RESERVE_REPORT, values, signer, **(domain or {}))
        return self.send(sender, "ReserveFeed", "report", values, signature)

    def escrow(self, holder: str, raw: int, request: bytes, kind: int = 1) -> dict[str, Any]:
        """Approve and escrow as a holder."""
        self.send(holder, "StockToken", "approve", self.at.issuer, raw)
        return self.send(holder, "Issuer", "escrow", self.token, raw, kind, request)

    # ---------------------------------------------------------------- prices

    def priced(self, **changes: Any) -> tuple[object, ...]:
        """A price report that would be accepted: 200 USD in the regular session."""
        self.price_sequence += 1
        fields: dict[str, Any] = {
            "token": self.token, "price": 200 * 10**8, "session": 1, "halted": False, "large_move": False,
            "version": self.token_view("multiplierVersion"), "observed_at": self.now(),
            "sequence": self.price_sequence,
        }  # fmt: skip
        return tuple((fields | changes).values())

    def price(
        self, signers: tuple[Names, Names | None] = ("price", None), domain: dict[str, Any] | None = None, **changes: Any
    ) -> dict[str, Any]:
        """Report a price, with the attestor's signature where `signers` names one, relayed by a stranger."""
        values = self.priced(**changes)
        first, second = (self.signed(PRICE, PRICE_REPORT, values, each, **(domain or {})) if each else b"" for each in signers)
        return self.send("stranger", "PriceFeed", "report", values, first, second)

    # ---------------------------------------------------------------- corporate actions

    def action(self, **changes: Any) -> dict[str, Any]:
        """A 10:1 split that could be announced."""
        fields: dict[str, Any] = {
            "id": self.unique("action"), "token": self.token, "kind": b"SPLF", "ex_date": 20240610,
            "record_date": 20240607, "pay_date": 20240610, "ratio_new": 10, "ratio_old": 1, "cash": 0, "into": NOBODY,
            "sources": self.unique("sources"), "corrects": NOTHING,
        }  # fmt: skip
        return fields | changes

    def change(self, **changes: Any) -> dict[str, Any]:
        """A 10:1 split that would be accepted, effective in a day; the ratio is that of the two multipliers."""
        fields: dict[str, Any] = {
            "token": self.token, "expected": self.token_view("uiMultiplier"), "multiplier": 10 * ONE,
            "effective_at": self.now() + 86_400, "epoch_after": self.token_view("epoch") + 1,
            "action": self.unique("action"),
        }  # fmt: skip
        fields |= changes
        ratio = {"ratio_new": fields["multiplier"], "ratio_old": fields["expected"]}
        return fields | ratio | {"paused_from": max(fields["effective_at"] - 3_600, 0)} | changes

    def action_of(self, change: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """The action that a change could carry out: a split, a reverse split, or a dividend when the epoch stays."""
        ratio = {"ratio_new": change["ratio_new"], "ratio_old": change["ratio_old"], "cash": 0}
        if change["epoch_after"] == self.token_view("epoch"):
            found: dict[str, Any] = {"kind": b"DVCA", "ratio_new": 0, "ratio_old": 0, "cash": 250_000}
        else:
            found = ratio | {"kind": b"SPLF" if change["ratio_new"] > change["ratio_old"] else b"SPLR"}
        return self.action(**({"id": change["action"], "token": change["token"]} | found | changes))

    def announce(
        self, action: dict[str, Any] | None = None, signers: tuple[Names, Names] = ("corporate_action", "attestor")
    ) -> dict[str, Any]:
        """Sign an action with two keys and relay it as a stranger."""
        return self._signed_action("announce", CORPORATE_ACTION, action or self.action(), signers)

    def stage_change(
        self, change: dict[str, Any] | None = None, signers: tuple[Names, Names] = ("corporate_action", "attestor")
    ) -> dict[str, Any]:
        """Sign the multiplier change of an announced action and relay it as a stranger."""
        return self._signed_action("stage", MULTIPLIER_CHANGE, change or self.change(), signers)

    def schedule(
        self,
        change: dict[str, Any] | None = None,
        signers: tuple[Names, Names] = ("corporate_action", "attestor"),
        action: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Announce an action and stage its change in one transaction."""
        change = change or self.change()
        announced, staged = tuple((action or self.action_of(change)).values()), tuple(change.values())
        return self.send(
            "stranger", "CorporateActions", "announce_and_stage",
            announced, *self.twice(ACTIONS, CORPORATE_ACTION, announced, signers),
            staged, *self.twice(ACTIONS, MULTIPLIER_CHANGE, staged, signers),
        )  # fmt: skip

    def open_conversion(
        self, action: bytes, effective_at: int, signers: tuple[Names, Names] = ("corporate_action", "attestor")
    ) -> dict[str, Any]:
        """Open what holders do about a merger, a change or a delisting that was announced."""
        opening = {"action": action, "effective_at": effective_at}
        return self._signed_action("open_conversion", ACTION_OPENING, opening, signers)

    def cancel(
        self, action: bytes, signers: tuple[Names, Names] = ("corporate_action", "attestor"), reason: bytes = b"\1" * 32
    ) -> dict[str, Any]:
        """Sign a cancellation with two keys and relay it as a stranger."""
        return self._signed_action("cancel", ACTION_CANCEL, {"action": action, "reason": reason}, signers)

    def finish(
        self, action: bytes, signers: tuple[Names, Names] = ("corporate_action", "attestor"), evidence: bytes = b"\2" * 32
    ) -> dict[str, Any]:
        """Say that an applied action is verified everywhere."""
        return self._signed_action("finish", ACTION_FINISH, {"action": action, "evidence": evidence}, signers)

    def _signed_action(
        self, function: str, type_string: str, fields: dict[str, Any], signers: tuple[Names, Names]
    ) -> dict[str, Any]:
        values = tuple(fields.values())
        signatures = self.twice(ACTIONS, type_string, values, signers)
        return self.send("stranger", "CorporateActions", function, values, *signatures)


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
