"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.redemption_asked_kind import RedemptionAskedKind
from ..types import UNSET, Unset
from typing import cast


T = TypeVar("T", bound="RedemptionAsked")


@_attrs_define
class RedemptionAsked:
    """Tokens into shares (`in_kind`, to the account `deliverTo`) or money (`cash`).

    Attributes:
        request_id (str):
        symbol (str):
        network (str): CAIP-2
        wallet (str):
        raw (str):
        kind (RedemptionAskedKind):
        deliver_to (None | str | Unset):
        quote (None | str | Unset):
        paid_in (str | Unset):  Default: 'bank'.
    """

    request_id: str
    symbol: str
    network: str
    wallet: str
    raw: str
    kind: RedemptionAskedKind
    deliver_to: None | str | Unset = UNSET
    quote: None | str | Unset = UNSET
    paid_in: str | Unset = "bank"

    def to_dict(self) -> dict[str, Any]:
        request_id = self.request_id

        symbol = self.symbol

        network = self.network

        wallet = self.wallet

        raw = self.raw

        kind = self.kind.value

        deliver_to: None | str | Unset
        if isinstance(self.deliver_to, Unset):
            deliver_to = UNSET
        else:
            deliver_to = self.deliver_to

        quote: None | str | Unset
        if isinstance(self.quote, Unset):
            quote = UNSET
        else:
            quote = self.quote

        paid_in = self.paid_in

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "requestId": request_id,
                "symbol": symbol,
                "network": network,
                "wallet": wallet,
                "raw": raw,
                "kind": kind,
            }
        )
        if deliver_to is not UNSET:
            field_dict["deliverTo"] = deliver_to
        if quote is not UNSET:
            field_dict["quote"] = quote
        if paid_in is not UNSET:
            field_dict["paidIn"] = paid_in

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        request_id = d.pop("requestId")

        symbol = d.pop("symbol")

        network = d.pop("network")

        wallet = d.pop("wallet")

        raw = d.pop("raw")

        kind = RedemptionAskedKind(d.pop("kind"))

        def _parse_deliver_to(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        deliver_to = _parse_deliver_to(d.pop("deliverTo", UNSET))

        def _parse_quote(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        quote = _parse_quote(d.pop("quote", UNSET))

        paid_in = d.pop("paidIn", UNSET)

        redemption_asked = cls(
            request_id=request_id,
            symbol=symbol,
            network=network,
            wallet=wallet,
            raw=raw,
            kind=kind,
            deliver_to=deliver_to,
            quote=quote,
            paid_in=paid_in,
        )

        return redemption_asked
