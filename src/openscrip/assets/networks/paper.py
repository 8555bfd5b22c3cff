"""`PaperNetwork`: a tokenisation network of our own, as its participants and its issuer see it, faults included.

It keeps accounts with shares, journals them, calls the issuer's door as the real one does (with retries after 5xx and silence,
none after 4xx), and answers the issuer's callbacks by the guide's rules. What goes wrong is switched on by `Fault`s. It runs as
a process (`python -m openscrip.assets.networks.paper_server`) or in a thread.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from openscrip.assets.network import CHAIN_NAMES
from openscrip.assets.networks.paper_parts import Account, Fault, Journal, Request
from openscrip.assets.paper_rest import Answer, bare
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.quantities import Shares
from openscrip.runtime.connections import Connections

ISSUER, ISSUER_ACCOUNT = "openscrip", "issuer-tokenisation"
NEW_YORK_SUMMER = timezone(timedelta(hours=-4))
CONFIRM_ATTEMPTS = 40


class PaperNetwork:
    """State and rules; `issuer_url` and `issuer_key` say where the issuer's door is. `older` uses the older paths and names."""

    def __init__(self, *, credential: str = "", older: bool = False, retry_s: float = 0.05) -> None:
        self._lock = threading.RLock()
        self._credential = credential
        self._older = older
        self._retry_s = retry_s
        self.issuer_url = ""
        self.issuer_key = ""
        self.accounts: dict[str, Account] = {ISSUER_ACCOUNT: Account(ISSUER_ACCOUNT)}
        self.requests: dict[str, Request] = {}
        self.journals: list[Journal] = []
        self.faults: list[Fault] = []
        self.deliveries: set[str] = set()
        self.heard: list[dict[str, Any]] = []
        self._keys: dict[str, tuple[bytes, str]] = {}
        self._mints: dict[str, str] = {}
        self._threads: list[threading.Thread] = []

    # faults

    def strikes(self, name: str, *cases: str) -> bool:
        """Whether a fault strikes now; striking uses it up."""
        with self._lock:
            for fault in self.faults:
                if fault.name == name and fault.times and any(case.startswith(fault.only) for case in cases):
                    fault.times -= 1
                    return True
        return False

    # the issuer's door

    def connect(self, account_id: str) -> tuple[int, dict[str, Any]]:
        """The handshake: link an account to the participant that the issuer knows by its mail address."""
        account = self.accounts[account_id]
        if self._older:
            status, told = self._call("POST", "/accounts/connect", {"email": account.mail, "account": account.id})
        else:
            body = {"email": account.mail, "client_account_number": account.id}
            status, told = self._call("POST", "/tokenization/accounts/connect", body)
        if status == 200:
            with self._lock:
                account.client = str(told.get("client_id") or told.get("client_external_account_id"))
        return status, told

    def tokens(self) -> tuple[int, dict[str, Any]]:
        """What the issuer offers."""
        return self._call("GET", "/tokenized-assets" if self._older else "/tokenization/tokens", None)

    def _call(self, method: str, path: str, body: object) -> tuple[int, dict[str, Any]]:
        """One call at the issuer's door. Raises `Unavailable`."""
        door = Connections("issuer", self.issuer_url, 10.0)
        try:
            content = None if body is None else json.dumps(body).encode()
            reply = door.ask(method, path, content, {"X-API-KEY": self.issuer_key})
        finally:
            door.close()
        try:
            told = json.loads(reply.content)
        except ValueError:
            told = {}
        return reply.status, told if isinstance(told, dict) else {}

    # a participant's mint

    def mint(self, account_id: str, body: Mapping[str, Any], key: str) -> Answer:
        """A participant asks for tokens against shares. Answered `pending`; the rest happens by itself."""
        with self._lock:
            if key and key in self._mints:
                return Answer(200, self.told(self.requests[self._mints[key]]))
            account = self.accounts.get(account_id)
            if account is None or not account.client:
                return _error(403, 40310000, "account not enabled for tokenization")
            try:
                qty = Shares.parse(body.get("qty"))
            except Refused:
                return _error(422, 42210001, "invalid qty")
            if body.get("network") not in CHAIN_NAMES:
                return _error(422, 42210001, "invalid network")
            symbol = str(body.get("underlying_symbol"))
            if account.positions.get(symbol, 0) < qty.atoms:
                return _error(403, 40310000, "insufficient position")
            request = Request(
                str(uuid.uuid4()), "mint", account_id, symbol, str(body.get("token_symbol") or ""), str(body["qty"]),
                str(body["network"]), str(body.get("wallet_address")), "", str(body.get("client_request_id") or ""),
                account.client, created_at=_now(),
            )  # fmt: skip
            self.requests[request.id] = request
            if key:
                self._mints[key] = request.id
            answer = Answer(200, self.told(request))
        self._run(lambda: self._drive_mint(request))
        return answer

    def _drive_mint(self, request: Request) -> None:
        """Ask the issuer, journal, and tell the outcome until the issuer has heard it."""
        status, told = self._until_heard("/inkind/issuance", "/tokenization/mint", self._mint_body(request))
        if status != 200:
            self._reject(request, str(told.get("message", f"status {status}")))
            return
        with self._lock:
            request.issuer_request_id = str(told["issuer_request_id"])
            symbol, qty = request.symbol, Shares.parse(request.qty).atoms
            source, target = self.accounts[request.account], self.accounts[ISSUER_ACCOUNT]
            short = source.positions.get(symbol, 0) < qty or self.strikes("journal_rejected", request.client, request.id)
            outcome = "rejected" if short else "completed"
            if not short:
                self._journal(request, source, target)
        self._confirm(request, outcome)
        if self.strikes("confirm_twice", request.client, request.id):
            self._confirm(request, outcome)
        if self.strikes("confirm_otherwise", request.client, request.id):
            self._confirm(request, "rejected" if outcome == "completed" else "completed")
        if outcome == "rejected":
            self._reject(request, "the journal was rejected")

    def _mint_body(self, request: Request) -> dict[str, Any]:
        return {
            "tokenization_request_id": request.id,
            "qty": request.qty,
            "underlying_symbol": request.symbol,
            "token_symbol": request.token or self._token_of(request.symbol),
            "network": request.network,
            "client_id" if self._older else "client_external_account_id": request.client,
            "wallet_address": request.wallet,
        }

    def _token_of(self, symbol: str) -> str:
        _, told = self.tokens()
        return next((str(each["token"]) for each in told.get("tokens", ()) if each["underlying"] == symbol), "")

    def _confirm(self, request: Request, outcome: str) -> None:
        body = {
            "tokenization_request_id": request.id,
            "issuer_request_id": request.issuer_request_id,
            "status": outcome,
            **({"reason": "insufficient position"} if outcome == "rejected" else {}),
        }
        status, _ = self._until_heard("/inkind/issuance/confirm", "/tokenization/mint/confirm", body)
        with self._lock:
            request.told.append(f"{outcome}:{status}")

    def _until_heard(self, older: str, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Call until the issuer answers anything but 5xx; 429 waits as it is told."""
        for _ in range(CONFIRM_ATTEMPTS):
            try:
                status, told = self._call("POST", older if self._older else path, body)
            except Unavailable:
                status, told = 503, {}
            if status < 500 and status != 429:
                return status, told
            time.sleep(self._retry_s)
        return 503, {}

    def _journal(self, request: Request, source: Account, target: Account) -> None:
        qty = Shares.parse(request.qty).atoms
        source.positions[request.symbol] = source.positions.get(request.symbol, 0) - qty
        target.positions[request.symbol] = target.positions.get(request.symbol, 0) + qty
        self.journals.append(Journal(request.id, source.id, target.id, request.symbol, request.qty))

    def _reject(self, request: Request, reason: str) -> None:
        with self._lock:
            request.status, request.reason = "rejected", reason

    # the issuer's callbacks

    def callback_mint(self, body: Mapping[str, Any]) -> Answer:
        """The issuer says that it minted."""
        client, wrong = _client_of(body)
        request = self.requests.get(str(body.get("tokenization_request_id")))
        fault = self._before(str(body.get("tokenization_request_id")), client)
        if fault is not None:
            return fault
        if wrong or request is None or client != request.client or body.get("network") != request.network:
            return _error(422, 42210001, "invalid request parameters")
        with self._lock:
            if request.status == "rejected" or not body.get("tx_hash"):
                return _error(400, 40010000, "mint confirmation could not be processed")
            self.heard.append({"callback": "mint", **body})
            request.tx_hash, request.status = str(body["tx_hash"]), "completed"
        return self._after(request, Answer(200))

    def callback_redeem(self, body: Mapping[str, Any], raw: bytes, key: str) -> Answer:
        """The issuer asks for the journal of a redemption, once for its own id."""
        client, wrong = _client_of(body)
        issuer_id = str(body.get("issuer_request_id"))
        fault = self._before(issuer_id, client)
        if fault is not None:
            return fault
        with self._lock:
            if key:
                known = self._keys.get(key)
                if known is not None and known[0] != raw:
                    return _error(422, 42210001, "idempotency key was used with another body")
                if known is not None:
                    first = self.requests[known[1]]
                    status = 400 if first.status == "rejected" else 200
                    return Answer(status, self.told(first), {"Idempotent-Replayed": "true"})
            if any(each.issuer_request_id == issuer_id and each.type == "redeem" for each in self.requests.values()):
                return _error(422, 42210001, "issuer_request_id was used before")
            account = next((each for each in self.accounts.values() if each.client == client), None)
            if wrong or account is None or body.get("network") not in CHAIN_NAMES or not body.get("tx_hash"):
                return _error(422, 42210001, "invalid request parameters")
            try:
                symbol, qty = str(body["underlying_symbol"]), Shares.parse(body.get("qty")).atoms
            except (KeyError, Refused):
                return _error(422, 42210001, "invalid request parameters")
            if self.accounts[ISSUER_ACCOUNT].positions.get(symbol, 0) < qty:
                return _error(403, 40310000, "insufficient position")
            request = Request(
                str(uuid.uuid4()), "redeem", account.id, symbol, str(body["token_symbol"]), str(body["qty"]),
                str(body["network"]), str(body["wallet_address"]), issuer_id, "", client, str(body["tx_hash"]),
                created_at=_now(),
            )  # fmt: skip
            self.requests[request.id] = request
            self.heard.append({"callback": "redeem", **body})
            if key:
                self._keys[key] = (raw, request.id)
            answer = Answer(200, self.told(request))
            if not self.strikes("redeem_held", client, issuer_id):
                self._settle(request)
        return self._after(request, answer)

    def _settle(self, request: Request) -> None:
        """Journal to the participant, or reject."""
        if self.strikes("redeem_rejected", request.client, request.issuer_request_id):
            self._reject(request, "rejected")
            return
        self._journal(request, self.accounts[ISSUER_ACCOUNT], self.accounts[request.account])
        request.status = "completed"

    def release(self, issuer_request_id: str) -> None:
        """Let a redemption that was held go on."""
        with self._lock:
            for request in self.requests.values():
                if request.issuer_request_id == issuer_request_id and request.status == "pending":
                    self._settle(request)

    def _before(self, *cases: str) -> Answer | None:
        """Faults that strike before anything is taken."""
        if self.strikes("callback_429", *cases):
            return _error(429, 42910000, "too many requests", {"Retry-After": "1"})
        for name, status, code, message in (
            ("callback_403", 403, 40310000, "account not enabled for tokenization"),
            ("callback_403_short", 403, 40310000, "insufficient position"),
            ("callback_422", 422, 42210001, "invalid request parameters"),
            ("callback_500", 500, 50010000, "internal server error occurred"),
        ):
            if self.strikes(name, *cases):
                return _error(status, code, message)
        return None

    def _after(self, request: Request, answer: Answer) -> Answer:
        """Faults that strike after it was taken: the answer is lost."""
        cases = (request.client, request.issuer_request_id, request.id)
        if self.strikes("callback_lost", *cases):
            return Answer(cut=True)
        if self.strikes("callback_500_after", *cases):
            return _error(500, 50010000, "internal server error occurred")
        return answer

    # reading

    def told(self, request: Request) -> dict[str, Any]:
        """A request as it is told, with the quirks of the real one."""
        fees = bare("0.567") if self.strikes("fees_as_number", request.client, request.issuer_request_id) else "0.567"
        named = "id" if self.strikes("as_id", request.client, request.issuer_request_id) else "tokenization_request_id"
        return {
            named: request.id,
            "issuer_request_id": request.issuer_request_id,
            "client_external_account_id": request.client,
            "created_at": request.created_at,
            "updated_at": request.created_at,
            "type": request.type,
            "status": request.status,
            "underlying_symbol": request.symbol,
            "token_symbol": request.token,
            "qty": request.qty,
            "issuer": ISSUER,
            "network": request.network,
            "wallet_address": request.wallet,
            "tx_hash": request.tx_hash,
            "fees": fees,
        }

    def found(self, chosen: Callable[[Request], bool], *cases: str) -> Answer:
        """The one request that is meant; a fresh one may not be found yet."""
        if self.strikes("poll_429", *cases):
            return _error(429, 42910000, "too many requests", {"Retry-After": "0"})
        if self.strikes("fresh_404", *cases):
            return _error(404, 40410000, "request not found")
        with self._lock:
            for request in self.requests.values():
                if chosen(request):
                    return Answer(200, self.told(request))
        return _error(404, 40410000, "request not found")

    def deliver(self, delivery_id: str, symbol: str, atoms: int) -> None:
        """The depository moved shares into (or out of) the issuer's account, once for the id."""
        with self._lock:
            if delivery_id not in self.deliveries:
                self.deliveries.add(delivery_id)
                positions = self.accounts[ISSUER_ACCOUNT].positions
                positions[symbol] = positions.get(symbol, 0) + atoms

    def authorised(self, headers: Mapping[str, str]) -> bool:
        """Whether a call carries the agreed credential, in whichever of the three forms."""
        given = {headers.get("authorization", ""), headers.get("apca-api-key-id", "")}
        return not self._credential or self._credential in given

    def wait(self, timeout_s: float = 30.0) -> None:
        """Until everything that was begun has ended."""
        ends = time.monotonic() + timeout_s
        for thread in list(self._threads):
            thread.join(max(0.0, ends - time.monotonic()))

    def _run(self, act: Callable[[], None]) -> None:
        thread = threading.Thread(target=act, name="network", daemon=True)
        self._threads.append(thread)
        thread.start()


def _client_of(body: Mapping[str, Any]) -> tuple[str, bool]:
    """The participant that a callback names, and whether it did so wrongly."""
    given = [str(body[name]) for name in ("client_external_account_id", "client_account_id", "client_id") if body.get(name)]
    return (given[0] if given else "", len(given) != 1)


def _error(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, {"code": code, "message": message}, headers or {})


def _now() -> str:
    return datetime.fromtimestamp(LiveClock().now(), NEW_YORK_SUMMER).strftime("%Y-%m-%dT%H:%M:%S.642437-04:00")
