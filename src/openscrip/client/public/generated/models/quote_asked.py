"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.quote_asked_mode import QuoteAskedMode
from ..models.quote_asked_side import QuoteAskedSide
from ..types import UNSET, Unset
from typing import cast


T = TypeVar("T", bound="QuoteAsked")


@_attrs_define
class QuoteAsked:
    """What `shares` cost or bring, or how many shares `amountUsd` buys: one of the two. `id` is yours, once for ever.

    Attributes:
        id (str):
        symbol (str):
        side (QuoteAskedSide | Unset):  Default: QuoteAskedSide.SUBSCRIBE.
        mode (QuoteAskedMode | Unset):  Default: QuoteAskedMode.ORDER_THROUGH.
        shares (None | str | Unset):
        amount_usd (None | str | Unset):
    """

    id: str
    symbol: str
    side: QuoteAskedSide | Unset = QuoteAskedSide.SUBSCRIBE
    mode: QuoteAskedMode | Unset = QuoteAskedMode.ORDER_THROUGH
    shares: None | str | Unset = UNSET
    amount_usd: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        symbol = self.symbol

        side: str | Unset = UNSET
        if not isinstance(self.side, Unset):
            side = self.side.value

        mode: str | Unset = UNSET
        if not isinstance(self.mode, Unset):
            mode = self.mode.value

        shares: None | str | Unset
        if isinstance(self.shares, Unset):
            shares = UNSET
        else:
            shares = self.shares

        amount_usd: None | str | Unset
        if isinstance(self.amount_usd, Unset):
            amount_usd = UNSET
        else:
            amount_usd = self.amount_usd

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "symbol": symbol,
            }
        )
        if side is not UNSET:
            field_dict["side"] = side
        if mode is not UNSET:
            field_dict["mode"] = mode
        if shares is not UNSET:
            field_dict["shares"] = shares
        if amount_usd is not UNSET:
            field_dict["amountUsd"] = amount_usd

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        symbol = d.pop("symbol")

        _side = d.pop("side", UNSET)
        side: QuoteAskedSide | Unset
        if isinstance(_side, Unset):
            side = UNSET
        else:
            side = QuoteAskedSide(_side)

        _mode = d.pop("mode", UNSET)
        mode: QuoteAskedMode | Unset
        if isinstance(_mode, Unset):
            mode = UNSET
        else:
            mode = QuoteAskedMode(_mode)

        def _parse_shares(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        shares = _parse_shares(d.pop("shares", UNSET))

        def _parse_amount_usd(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        amount_usd = _parse_amount_usd(d.pop("amountUsd", UNSET))

        quote_asked = cls(
            id=id,
            symbol=symbol,
            side=side,
            mode=mode,
            shares=shares,
            amount_usd=amount_usd,
        )

        return quote_asked
