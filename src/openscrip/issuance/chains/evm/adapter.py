"""The port `issuance.chain.Chain` on an EVM chain."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from openscrip.issuance.chain import (
    AnyChainEvent,
    Attestor,
    Call,
    ChainMultiplier,
    Head,
    Landing,
    Outcome,
    SignedCall,
)
from openscrip.issuance.chains.evm.deployment import EvmDeployment
from openscrip.issuance.chains.evm.events import decode_event, topics
from openscrip.issuance.chains.evm.node import Node, address
from openscrip.issuance.chains.evm.signing import Signer
from openscrip.issuance.chains.evm.transaction import Transaction, nonce_of
from openscrip.issuance.chains.evm.typed_data import (
    ACTION_CANCEL,
    ACTION_FINISH,
    ACTIONS,
    CORPORATE_ACTION,
    ISSUER,
    MINT_VOUCHER,
    MULTIPLIER_CHANGE,
    action_values,
    cancel_values,
    change_values,
    digest,
    finish_values,
    redemption_key,
    report_values,
    voucher_values,
)
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.voucher import (
    NO_HASH,
    ActionCancel,
    ActionFinish,
    Evidence,
    MintKind,
    MintVoucher,
    MultiplierChange,
    chain_hash,
)
from openscrip.kernel.errors import Malformed
from openscrip.kernel.quantities import RawAmount

# What a call may burn, fixed. Measured: a mint for a new holder 184,000, with the first report 302,000; burn 79,000; refund to
# an emptied account 97,000; an action with its first change 843,000; its end 55,000. The room is for larger signer sets.
_MINT_GAS, _REPORT_GAS, _BURN_GAS, _REFUND_GAS = 400_000, 300_000, 200_000, 200_000
_STAGE_GAS, _FINISH_GAS = 1_500_000, 200_000
_BLOCKS_AT_ONCE = 5_000


class EvmChain:
    """A chain with our contracts. Holds the issuer's and the corporate-action key; the attestor signs elsewhere."""

    counts_nonces = True

    def __init__(
        self,
        name: str,
        node: Node,
        deployment: EvmDeployment,
        issuer: Signer,
        corporate_action: Signer,
        attestor: Attestor,
        *,
        finality_s_max: float = 30,
    ) -> None:
        self.name = name
        self.finality_s_max = finality_s_max
        self._node = node
        self._deployment = deployment
        self._issuer = issuer
        self._corporate_action = corporate_action
        self._attestor = attestor

    def caip2(self) -> str:
        """As `Chain.caip2`."""
        return f"eip155:{self._node.chain_id}"

    def word_of(self, wallet: str) -> str:
        """The address, zeros before it. Raises `Malformed("address.malformed")`."""
        return address(wallet, "wallet").removeprefix("0x").lower().rjust(64, "0")

    def wallet_of(self, word: str) -> str:
        """The address in 32 bytes, with checksum. Raises `Malformed("address.malformed")` for what is no address."""
        if len(word) != 64 or word[:24] != "0" * 24 or word == NO_HASH:
            raise Malformed("address.malformed", f"address: {word:.64} was not an EVM address behind 12 zero bytes")
        return address("0x" + word[24:].lower(), "wallet")

    def head(self) -> Head:
        """The newest final block."""
        block = self._node.final(self._node.rpc.call("eth_getBlockByNumber", self._node.finality, False))
        return Head(int(block["number"], 16), str(block["hash"]), int(block["timestamp"], 16))

    def supply(self, token: str) -> RawAmount:
        """Total raw supply at the newest final block."""
        return RawAmount(self._node.read(own("StockToken"), token, "totalSupply")[0])

    def balance(self, token: str, wallet: str) -> RawAmount:
        """A wallet's raw balance. Raises `Malformed("address.malformed")`."""
        return RawAmount(self._node.read(own("StockToken"), token, "balanceOf", address(wallet, "wallet"))[0])

    def multiplier(self, token: str) -> ChainMultiplier:
        """The multiplier in force and the scheduled one, as of one block."""
        _, current, new, effective_at, epoch, _, version = self._node.read(own("StockToken"), token, "standing")[0]
        return ChainMultiplier(current, new if effective_at else 0, effective_at, epoch, version)

    def next_nonce(self) -> int:
        """The first nonce of the issuer's account that has not landed."""
        return self._node.nonce(self._issuer.address)

    def prepare_mint(self, voucher: MintVoucher, evidence: Evidence) -> tuple[Call, ...]:
        """One call that mints, and brings the attestor's reserve report if it sent one."""
        address(voucher.receiver, "receiver")
        voucher = replace(voucher, origin=_origin(voucher, evidence), signer_epoch=self._signer_epoch())
        values = voucher_values(voucher)
        domain = (ISSUER, self._node.chain_id, self._deployment.issuer)
        signature = self._issuer.sign_digest(digest(*domain, MINT_VOUCHER, values))
        answer = self._attestor.attest_mint(voucher, evidence, None)
        signatures = (signature, _signature(answer["signature"]))
        report = answer.get("report")
        label = f"mint {voucher.raw} of {voucher.stock} for {voucher.mint_id}"
        if not isinstance(report, Mapping):
            return (self._call(label, "Issuer", "mint", values, *signatures, gas=_MINT_GAS),)
        reported = (report_values(voucher.token, report), _signature(report["signature"]))
        gas = _MINT_GAS + _REPORT_GAS
        return (self._call(label, "Issuer", "report_and_mint", *reported, values, *signatures, gas=gas),)

    def prepare_report(self, stock: str, token: str) -> tuple[Call, ...]:
        """One call that brings the attestor's reserve report, or none where the feed's own is enough."""
        report = self._attestor.attest_report(self.name, stock, None).get("report")
        if not isinstance(report, Mapping):
            return ()
        feed = str(self._node.read(own("Issuer"), self._deployment.issuer, "feed_of", token)[0])
        data = own("ReserveFeed").call("report", report_values(token, report), _signature(report["signature"])).hex()
        body = json.dumps({"to": feed, "data": data, "gas": _REPORT_GAS}).encode()
        return (Call(self.name, f"report {report['allocation']} shares for {stock}", body),)

    def prepare_burn(self, token: str, request_id: str, holder: str, raw: RawAmount) -> tuple[Call, ...]:
        """One call that burns what the redemption holds in escrow."""
        label = f"burn {raw} of {token} for {request_id}"
        return (self._call(label, "Issuer", "burn", address(holder, "holder"), chain_hash(request_id), gas=_BURN_GAS),)

    def prepare_refund(self, token: str, request_id: str, holder: str, raw: RawAmount) -> tuple[Call, ...]:
        """One call that gives escrowed tokens back."""
        label = f"refund {raw} of {token} to {holder} for {request_id}"
        return (self._call(label, "Issuer", "refund", address(holder, "holder"), chain_hash(request_id), gas=_REFUND_GAS),)

    def prepare_multiplier(self, change: MultiplierChange, event: Mapping[str, object]) -> tuple[Call, ...]:
        """One call that announces the action and stages its multiplier, each signed by two keys."""
        action, values = action_values(change.token, change.action), change_values(change)
        announced, staged = self._sign_action(CORPORATE_ACTION, action), self._sign_action(MULTIPLIER_CHANGE, values)
        answer = self._attestor.attest_multiplier(change, event, None)
        first = (action, announced, _signature(answer["action_signature"]))
        second = (values, staged, _signature(answer["signature"]))
        label = f"schedule multiplier {change.multiplier} of {change.stock} for {change.action_id}"
        return (self._call(label, "CorporateActions", "announce_and_stage", *first, *second, gas=_STAGE_GAS),)

    def prepare_finish(self, finish: ActionFinish) -> tuple[Call, ...]:
        """One call that declares an applied action final, signed by the corporate-action key and the attestor."""
        values = finish_values(finish)
        signatures = (self._sign_action(ACTION_FINISH, values), _signature(self._attestor.attest_finish(finish)))
        label = f"finish {finish.action_id} of {finish.stock}"
        return (self._call(label, "CorporateActions", "finish", values, *signatures, gas=_FINISH_GAS),)

    def prepare_cancel(self, cancel: ActionCancel) -> tuple[Call, ...]:
        """One call that takes an action back before it takes effect, signed by the corporate-action key and the attestor.

        Only here: what other chains were told of it stays, and mints stop until all show the same again (I6).
        """
        values = cancel_values(cancel)
        signatures = (self._sign_action(ACTION_CANCEL, values), _signature(self._attestor.attest_cancel(cancel)))
        label = f"cancel {cancel.action_id} of {cancel.stock}"
        return (self._call(label, "CorporateActions", "cancel", values, *signatures, gas=_FINISH_GAS),)

    def sign(self, call: Call, nonce: int) -> SignedCall:
        """Sign with the issuer's key. The caller stores the result before it submits it."""
        body = json.loads(call.body)
        transaction = Transaction(body["to"], bytes.fromhex(body["data"]), body["gas"])
        signed = self._node.sign(transaction, self._issuer, nonce)
        return SignedCall(self.name, signed.tx_id, signed.raw)

    def submit(self, signed: SignedCall) -> None:
        """Broadcast. Sending the same bytes again is harmless."""
        self._node.submit(signed.raw)

    def outcomes(self, signed: Sequence[SignedCall]) -> list[Outcome]:
        """What became of each: one request, and another only for what was not found though its nonce is gone."""
        count, ids, finality = len(signed), [each.tx_id for each in signed], self._node.finality
        head, landed, *found = self._node.batch(
            [
                ("eth_getBlockByNumber", [finality, False]),
                ("eth_getTransactionCount", [self._issuer.address, finality]),
                *(("eth_getTransactionReceipt", [tx_id]) for tx_id in ids),
                *(("eth_getTransactionByHash", [tx_id]) for tx_id in ids),
            ]
        )
        final = int(self._node.final(head)["number"], 16)
        known = [receipt or waiting for receipt, waiting in zip(found[:count], found[count:], strict=True)]
        passed = [each for each, seen in zip(signed, known, strict=True) if not seen and self._is_passed(each, landed)]
        # asked after the count: whichever transaction took the nonce has a receipt by now
        late = dict(zip(passed, self._node.receipts([each.tx_id for each in passed]), strict=True))
        return [self._outcome(each, seen, final, late) for each, seen in zip(signed, known, strict=True)]

    def events(self, cursor: str) -> tuple[list[AnyChainEvent], str]:
        """Final events of all listed tokens from block `cursor` on, and the first block that was not read."""
        start = int(cursor or "0")
        end = min(self.head().number, start + _BLOCKS_AT_ONCE - 1)
        if end < start:
            return [], str(start)
        logs = self._node.rpc.call(
            "eth_getLogs",
            {
                "address": self._deployment.issuer,
                "fromBlock": hex(start),
                "toBlock": hex(end),
                "topics": [list(topics())],
            },
        )
        times = self._times(sorted({log["blockNumber"] for log in logs if not log.get("blockTimestamp")}))
        logs.sort(key=lambda log: (int(log["blockNumber"], 16), int(log["logIndex"], 16)))
        facts = [decode_event(self.name, log, int(log.get("blockTimestamp") or times[log["blockNumber"]], 16)) for log in logs]
        return facts, str(end + 1)

    def _times(self, blocks: Sequence[str]) -> dict[str, str]:
        answers = self._node.batch([("eth_getBlockByNumber", [block, False]) for block in blocks])
        return {block: str(answer["timestamp"]) for block, answer in zip(blocks, answers, strict=True)}

    def _is_passed(self, signed: SignedCall, landed: str) -> bool:
        return nonce_of(signed.raw) < int(landed, 16)

    def _outcome(
        self,
        signed: SignedCall,
        seen: Mapping[str, str] | None,
        final: int,
        late: Mapping[SignedCall, Mapping[str, str] | None],
    ) -> Outcome:
        """`seen` is a receipt, or the transaction as the node holds it; `late` what was found at a second look."""
        if not seen:
            if signed not in late:
                return Outcome(Landing.UNKNOWN)
            return Outcome(Landing.PENDING if late[signed] else Landing.DEAD)
        if "status" not in seen or int(seen["blockNumber"], 16) > final:
            return Outcome(Landing.PENDING)
        if int(seen["status"], 16) == 1:
            return Outcome(Landing.FINAL)
        return Outcome(Landing.REVERTED, self._node.revert_reason(signed.tx_id))

    def _sign_action(self, type_string: str, values: tuple[object, ...]) -> bytes:
        domain = (ACTIONS, self._node.chain_id, self._deployment.actions)
        return self._corporate_action.sign_digest(digest(*domain, type_string, values))

    def _signer_epoch(self) -> int:
        """The generation of keys: what was signed under an earlier one is void."""
        return int(self._node.read(own("Signers"), self._deployment.signers, "signerEpoch")[0])

    def _call(self, label: str, contract: str, function: str, *arguments: object, gas: int) -> Call:
        at = self._deployment.issuer if contract == "Issuer" else self._deployment.actions
        data = own(contract).call(function, *arguments).hex()
        return Call(self.name, label, json.dumps({"to": at, "data": data, "gas": gas}).encode())


def _origin(voucher: MintVoucher, evidence: Evidence) -> str:
    """The redemption or crossing that a restitution gives back, under the key that the issuer contract keeps it by."""
    if voucher.kind is not MintKind.RESTITUTION:
        return voucher.origin
    crossing = evidence.get("crossing")
    if isinstance(crossing, Mapping):
        return str(crossing["key"])
    return redemption_key(voucher.receiver, str(evidence.get("redemption_id", ""))).hex()


def _signature(text: object) -> bytes:
    """The bytes of a hex signature, whatever they are: the contract judges them."""
    return bytes.fromhex(str(text).removeprefix("0x"))
