"""Alpaca's Instant Tokenization Network as the issuer calls it: two callbacks, and what became of a request.

Source: the vendor's issuer guide of September 2026 and the notes in the reference (6.1). Where guide and older notes differ,
both spellings are read: `id` for `tokenization_request_id`, `client_id` for the participant's id.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from openscrip.assets.alpaca_http import AlpacaHttp, decimal_text, instant_of, object_of, text_of
from openscrip.assets.network import (
    CallRedeem,
    ConfirmMint,
    NetworkRequest,
    NetworkStatus,
    RequestFilter,
    RequestType,
)
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.quantities import Shares

NAME = "network"
IDEMPOTENCY_KEY_MAX = 128
ClientField = Literal["client_external_account_id", "client_account_id"]
E = TypeVar("E", RequestType, NetworkStatus)


class AlpacaNetwork:
    """`TokenizationNetwork` over Alpaca's Broker API. `account` is the issuer's tokenisation account there.

    `client_field` is how participants are named, as agreed with the network: by our own id or by their account there.
    """

    def __init__(self, http: AlpacaHttp, account: str, client_field: ClientField = "client_external_account_id") -> None:
        self._http = http
        self._root = f"/v1/accounts/{quote(account, safe='')}/tokenization"
        self._client_field: ClientField = client_field

    def confirm_mint(self, confirmation: ConfirmMint) -> None:
        """As `TokenizationNetwork.confirm_mint`."""
        body = {
            "tokenization_request_id": confirmation.tokenization_request_id,
            self._client_field: confirmation.client,
            "wallet_address": confirmation.wallet,
            "tx_hash": confirmation.tx_hash,
            "network": confirmation.network,
        }
        self._http.post(f"{self._root}/callback/mint", body)

    def redeem(self, call: CallRedeem) -> NetworkRequest:
        """As `TokenizationNetwork.redeem`. Our own id is also the idempotency key: a repetition is answered as the first.

        Raises `Refused("network.insufficient")` where the account does not hold the shares (yet), else as `AlpacaHttp`.
        """
        body = {
            "issuer_request_id": call.issuer_request_id,
            "underlying_symbol": call.underlying,
            "token_symbol": call.token,
            self._client_field: call.client,
            "qty": str(call.shares),
            "network": call.network,
            "wallet_address": call.wallet,
            "tx_hash": call.tx_hash,
        }
        key = call.issuer_request_id[:IDEMPOTENCY_KEY_MAX]
        try:
            answer = self._http.post(f"{self._root}/callback/redeem", body, {"Idempotency-Key": key})
        except Refused as refusal:
            # Two refusals share the status 403; only the words tell them apart.
            if refusal.code == f"{NAME}.403" and "insufficient" in refusal.text.lower():
                raise Refused("network.insufficient", refusal.text) from refusal
            raise
        return _request_or_silence(answer)

    def request(self, tokenization_request_id: str) -> NetworkRequest | None:
        """As `TokenizationNetwork.request`."""
        found = self._http.find(f"{self._root}/requests/{quote(tokenization_request_id, safe='')}")
        return None if found is None else _request_or_silence(found)

    def by_issuer_request_id(self, issuer_request_id: str) -> NetworkRequest | None:
        """As `TokenizationNetwork.by_issuer_request_id`."""
        return self._by("issuer_request_id", issuer_request_id)

    def by_client_request_id(self, client_request_id: str) -> NetworkRequest | None:
        """As `TokenizationNetwork.by_client_request_id`."""
        return self._by("client_request_id", client_request_id)

    def requests(self, chosen: RequestFilter) -> Sequence[NetworkRequest]:
        """As `TokenizationNetwork.requests`."""
        told = self._http.get(f"{self._root}/requests", asdict(chosen))
        if not isinstance(told, list):
            raise Malformed("answer.form", "network: the list of requests was none")
        return [read_request(each) for each in told]

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _by(self, name: str, value: str) -> NetworkRequest | None:
        found = self._http.find(f"{self._root}/requests:by_{name}", {name: value})
        return None if found is None else _request_or_silence(found)


def _request_or_silence(document: object) -> NetworkRequest:
    """A request; an answer that cannot be read says nothing of what was done, so it counts as none."""
    try:
        return read_request(document)
    except Malformed as unread:
        raise Unavailable(f"network: its answer could not be read: {unread.text}") from unread


def read_request(document: object) -> NetworkRequest:
    """A tokenisation request of the network's. Raises `Malformed` with the field that could not be read."""
    told = object_of(document, "network")
    fees: Any = told.get("fees")
    created = text_of(told, "created_at")
    return NetworkRequest(
        _named(told, "tokenization_request_id", "id"),
        text_of(told, "issuer_request_id"),
        text_of(told, "client_external_account_id", "client_account_id", "client_id"),
        _one_of(RequestType, text_of(told, "type")),
        _one_of(NetworkStatus, text_of(told, "status")),
        _named(told, "underlying_symbol"),
        text_of(told, "token_symbol"),
        Shares.parse(decimal_text(told.get("qty"), "network: qty")),
        text_of(told, "issuer"),
        text_of(told, "network"),
        text_of(told, "wallet_address"),
        text_of(told, "tx_hash"),
        "" if fees is None or fees == "" else decimal_text(fees, "network: fees"),
        instant_of(created, "network: created_at") if created else 0,
    )


def _named(told: dict[str, Any], *names: str) -> str:
    text = text_of(told, *names)
    if not text:
        raise Malformed("answer.field", f"network: {names[0]} was missing")
    return text


def _one_of(kind: type[E], text: str) -> E:
    try:
        return kind(text)
    except ValueError:
        raise Malformed("answer.code", f"network: {text!r:.40} was no {kind.__name__}") from None
