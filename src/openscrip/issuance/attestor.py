"""Client of the independent watch: its attestor's second signature, and its payout approver's.

The watch refuses with its own rule codes; they come back as `Refused`, silence as `Unavailable`.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from openscrip.assets.bank import Conversion, Payment
from openscrip.assets.custody import Instruction
from openscrip.assets.wire import to_json
from openscrip.issuance.coins import Payout
from openscrip.issuance.voucher import ActionCancel, ActionFinish, Evidence, MintVoucher, MultiplierChange, chain_hash
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.runtime.connections import Connections

TIMEOUT_S = 20.0


class WatchClient:
    """The watch at `url`."""

    def __init__(self, url: str) -> None:
        self._connections = Connections("watch", url, TIMEOUT_S)

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def attest_mint(self, voucher: MintVoucher, evidence: Evidence, transaction: bytes | None) -> Mapping[str, object]:
        """As `Attestor.attest_mint`."""
        body: dict[str, object] = {
            "chain": voucher.chain,
            "stock": voucher.stock,
            "voucher": {
                "token": voucher.token,
                "receiver": voucher.receiver,
                "raw": str(voucher.raw),
                "kind": int(voucher.kind),
                "request_id": voucher.mint_id,
                "epoch": voucher.epoch,
                "multiplier": str(voucher.multiplier),
                "deadline": voucher.deadline,
                "origin": voucher.origin,
                "signer_epoch": voucher.signer_epoch,
            },
            "evidence": dict(evidence),
        }
        return self._ask("/v1/mints", _with_transaction(body, transaction))

    def attest_multiplier(
        self, change: MultiplierChange, event: Mapping[str, object], transaction: bytes | None
    ) -> Mapping[str, object]:
        """As `Attestor.attest_multiplier`."""
        body: dict[str, object] = {
            "chain": change.chain,
            "stock": change.stock,
            "change": {
                "token": change.token,
                "expected": str(change.expected),
                "multiplier": str(change.multiplier),
                "effective_at": change.effective_at,
                "epoch_after": change.epoch_after,
                "action_id": chain_hash(change.action_id).hex(),
                "version": change.multiplier.version,
                "ratio_new": change.ratio_new,
                "ratio_old": change.ratio_old,
                "paused_from": change.paused_from,
            },
            "event": dict(event),
        }
        return self._ask("/v1/multipliers", _with_transaction(body, transaction))

    def attest_finish(self, finish: ActionFinish, transaction: bytes | None = None) -> str:
        """As `Attestor.attest_finish`."""
        return self._ending("/v1/finishes", finish, {"evidence": finish.evidence}, transaction)

    def attest_cancel(self, cancel: ActionCancel, transaction: bytes | None = None) -> str:
        """As `Attestor.attest_cancel`."""
        return self._ending("/v1/cancellations", cancel, {"reason": cancel.reason}, transaction)

    def attest_report(self, chain: str, stock: str, transaction: bytes | None) -> Mapping[str, object]:
        """As `Attestor.attest_report`."""
        return self._ask("/v1/reports", _with_transaction({"chain": chain, "stock": stock}, transaction))

    def attest_transaction(self, purpose: str, request_id: str, transaction: bytes) -> Mapping[str, object]:
        """As `Attestor.attest_transaction`."""
        body: dict[str, object] = {"chain": "solana", "purpose": purpose, "request_id": request_id}
        return self._ask("/v1/transactions", _with_transaction(body, transaction))

    def approve(self, kind: str, asked: Instruction | Payment | Conversion) -> str:
        """The payout approver's signature under a delivery, a payment or a conversion, in base64."""
        return str(self._ask("/v1/releases", {"kind": kind, "instruction": to_json(asked)})["signature"])

    def approve_payout(self, payout: Payout, transaction: bytes | None) -> str:
        """The approver's signature under a payout of coins: hex on EVM, base58 under the transaction on Solana."""
        words = {name: str(getattr(payout, name)) for name in ("id", "chain", "asset", "token", "to", "amount", "reference")}
        return str(self._ask("/v1/payouts", _with_transaction({"payout": words}, transaction))["signature"])

    def push_clock(self, now: int) -> None:
        """Push accelerated market time."""
        self._ask("/v1/clock", {"now": now})

    def public(self) -> dict[str, Any]:
        """What the watch says of itself: its public keys and its clock."""
        status, found = self._exchange("GET", "/v1/health", None)
        if status != 200:
            raise Unavailable(f"watch: its health was answered with status {status}")
        return found

    def _ending(
        self, path: str, ending: ActionFinish | ActionCancel, document: dict[str, str], transaction: bytes | None
    ) -> str:
        """The signature under a corporate action's end, which rests on a document's hash."""
        action: dict[str, object] = {
            "chain": ending.chain,
            "stock": ending.stock,
            "action_id": chain_hash(ending.action_id).hex(),
        }
        return str(self._ask(path, _with_transaction(action | document, transaction))["signature"])

    def _ask(self, path: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        status, answer = self._exchange("POST", path, json.dumps(body).encode())
        if status == 200:
            return answer
        code, text = str(answer.get("code", "watch.unknown")), str(answer.get("text", f"status {status}"))
        if status >= 500:
            raise Unavailable(f"watch: {code}: {text}")
        raise Malformed(code, text) if status == 400 else Refused(code, text)

    def _exchange(self, method: str, path: str, content: bytes | None) -> tuple[int, dict[str, Any]]:
        status, answer = self._connections.exchange(method, path, content)
        try:
            return status, json.loads(answer)
        except ValueError as error:
            raise Unavailable(f"watch: {path} was answered {status} without JSON") from error


def _with_transaction(body: dict[str, object], transaction: bytes | None) -> dict[str, object]:
    return body if transaction is None else body | {"transaction": base64.b64encode(transaction).decode()}
