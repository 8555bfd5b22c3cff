"""The venue's approver from outside: its client, and the process as a child."""

import base64
import json
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

from openscrip.assets.bank import Payment
from openscrip.issuance.coins import Payout
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.markets.funding_approval import units_of
from openscrip.runtime.connections import Connections

TIMEOUT_S, START_S = 20.0, 120.0
MODULE = "openscrip.bootstrap.venue_approver_server"


class VenueApproverClient:
    """`VoidApprover` and `ApprovesPayments` over HTTP. Its refusals come back with their rules, silence as `Unavailable`."""

    def __init__(self, url: str) -> None:
        self._connections = Connections("approver", url, TIMEOUT_S)

    def approve_payout(self, payout: Payout, transaction: bytes | None) -> str:
        """As `PayoutApprover.approve_payout`."""
        told: dict[str, object] = {
            "id": payout.id, "place": payout.chain, "asset": payout.asset, "token": payout.token, "to": payout.to,
            "units": str(units_of(payout.amount)), "reference": payout.reference,
        }  # fmt: skip
        body: dict[str, object] = {"payout": told}
        if transaction is not None:
            body["transaction"] = base64.b64encode(transaction).decode()
        return str(self._ask("/v1/payouts", body)["signature"])

    def approve_void(self, payment_id: str, chain: str, reference: str) -> str:
        """As `VoidApprover.approve_void`."""
        body: dict[str, object] = {"id": payment_id, "place": chain, "reference": reference}
        return str(self._ask("/v1/voids", body)["signature"])

    def approve_payment(self, currency: str, payment: Payment) -> str:
        """As `ApprovesPayments.approve_payment`."""
        body: dict[str, object] = {
            "currency": currency, "id": payment.id, "to": payment.to, "units": str(payment.amount.atoms),
            "reference": payment.reference,
        }  # fmt: skip
        return str(self._ask("/v1/payments", body)["signature"])

    def know(self, place: str, to: str) -> None:
        """A customer has named an address; its delay begins when the approver first hears of it."""
        self._ask("/v1/addresses", {"place": place, "address": to})

    def forget(self, place: str, to: str) -> None:
        """It is no customer's any more."""
        self._ask("/v1/addresses/forget", {"place": place, "address": to})

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def _ask(self, path: str, body: dict[str, object]) -> dict[str, Any]:
        status, answer = self._connections.exchange("POST", path, json.dumps(body).encode())
        try:
            told: dict[str, Any] = json.loads(answer)
        except ValueError as error:
            raise Unavailable(f"approver: {path} was answered {status} without JSON") from error
        if status == 200:
            return told
        code, text = str(told.get("code", "approver.silent")), str(told.get("text", f"status {status}"))
        if status >= 500:
            raise Unavailable(f"approver: {code}: {text}")
        raise Malformed(code, text) if status == 400 else Refused(code, text)


class VenueApproverProcess:
    """The approver as a child, known by its address and public keys alone. The port stays over restarts."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self._command = [sys.executable, "-m", MODULE, "--data", str(folder), "--die-with-parent"]
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port
        self.url = ""
        self.keys: dict[str, str] = {}

    @property
    def pid(self) -> int:
        """The process id, 0 when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def start(self) -> None:
        """Start it and wait for its ready line. Raises `Unavailable`."""
        command = [*self._command, "--port", str(self.port)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        out = self._process.stdout
        ready = select.select([out], [], [], START_S)[0] if out else ()
        line = out.readline() if out and ready else b""
        if not line:
            self.stop()
            raise Unavailable(f"approver: was not ready within {START_S:.0f} s")
        told = json.loads(line)
        self.url, self.keys = told["url"], told["keys"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self, timeout_s: float = 10.0) -> None:
        """Ask it to end and wait; what does not end in time is killed."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        if self._process.stdout:
            self._process.stdout.close()
