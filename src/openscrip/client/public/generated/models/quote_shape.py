"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.quote_shape_mode import QuoteShapeMode
from ..models.quote_shape_side import QuoteShapeSide
from typing import cast


T = TypeVar("T", bound="QuoteShape")


@_attrs_define
class QuoteShape:
    """A promise until `expiresAt`, to be used once. `amountUsd` is what to pay in, or about what is paid out.

    Attributes:
        id (str):
        symbol (str):
        side (QuoteShapeSide):
        mode (QuoteShapeMode):
        state (str):
        shares (str): a decimal number, exact
        price_per_share (str): a decimal number, exact
        unit_price_per_share (str): a decimal number, exact
        amount_usd (str): a decimal number, exact
        fee_bps (int):
        fixed_fee_usd (str): a decimal number, exact
        hours (str):
        asked_at (str):
        expires_at (str):
        used_by (None | str):
    """

    id: str
    symbol: str
    side: QuoteShapeSide
    mode: QuoteShapeMode
    state: str
    shares: str
    price_per_share: str
    unit_price_per_share: str
    amount_usd: str
    fee_bps: int
    fixed_fee_usd: str
    hours: str
    asked_at: str
    expires_at: str
    used_by: None | str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        symbol = self.symbol

        side = self.side.value

        mode = self.mode.value

        state = self.state

        shares = self.shares

        price_per_share = self.price_per_share

        unit_price_per_share = self.unit_price_per_share

        amount_usd = self.amount_usd

        fee_bps = self.fee_bps

        fixed_fee_usd = self.fixed_fee_usd

        hours = self.hours

        asked_at = self.asked_at

        expires_at = self.expires_at

        used_by: None | str
        used_by = self.used_by

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "symbol": symbol,
                "side": side,
                "mode": mode,
                "state": state,
                "shares": shares,
                "pricePerShare": price_per_share,
                "unitPricePerShare": unit_price_per_share,
                "amountUsd": amount_usd,
                "feeBps": fee_bps,
                "fixedFeeUsd": fixed_fee_usd,
                "hours": hours,
                "askedAt": asked_at,
                "expiresAt": expires_at,
                "usedBy": used_by,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        symbol = d.pop("symbol")

        side = QuoteShapeSide(d.pop("side"))

        mode = QuoteShapeMode(d.pop("mode"))

        state = d.pop("state")

        shares = d.pop("shares")

        price_per_share = d.pop("pricePerShare")

        unit_price_per_share = d.pop("unitPricePerShare")

        amount_usd = d.pop("amountUsd")

        fee_bps = d.pop("feeBps")

        fixed_fee_usd = d.pop("fixedFeeUsd")

        hours = d.pop("hours")

        asked_at = d.pop("askedAt")

        expires_at = d.pop("expiresAt")

        def _parse_used_by(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        used_by = _parse_used_by(d.pop("usedBy"))

        quote_shape = cls(
            id=id,
            symbol=symbol,
            side=side,
            mode=mode,
            state=state,
            shares=shares,
            price_per_share=price_per_share,
            unit_price_per_share=unit_price_per_share,
            amount_usd=amount_usd,
            fee_bps=fee_bps,
            fixed_fee_usd=fixed_fee_usd,
            hours=hours,
            asked_at=asked_at,
            expires_at=expires_at,
            used_by=used_by,
        )

        return quote_shape
