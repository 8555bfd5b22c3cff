"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.price_data_session import PriceDataSession
from typing import cast


T = TypeVar("T", bound="PriceData")


@_attrs_define
class PriceData:
    """A price, never without what it is a price of: per share, and per raw token. Null where none is known; never made up.

    Attributes:
        symbol (str):
        currency (str):
        per_share (None | str):
        per_raw_token (None | str):
        as_of (None | str):
        source (str):
        session (PriceDataSession):
        stale (bool):
    """

    symbol: str
    currency: str
    per_share: None | str
    per_raw_token: None | str
    as_of: None | str
    source: str
    session: PriceDataSession
    stale: bool

    def to_dict(self) -> dict[str, Any]:
        symbol = self.symbol

        currency = self.currency

        per_share: None | str
        per_share = self.per_share

        per_raw_token: None | str
        per_raw_token = self.per_raw_token

        as_of: None | str
        as_of = self.as_of

        source = self.source

        session = self.session.value

        stale = self.stale

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "symbol": symbol,
                "currency": currency,
                "perShare": per_share,
                "perRawToken": per_raw_token,
                "asOf": as_of,
                "source": source,
                "session": session,
                "stale": stale,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        symbol = d.pop("symbol")

        currency = d.pop("currency")

        def _parse_per_share(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        per_share = _parse_per_share(d.pop("perShare"))

        def _parse_per_raw_token(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        per_raw_token = _parse_per_raw_token(d.pop("perRawToken"))

        def _parse_as_of(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        as_of = _parse_as_of(d.pop("asOf"))

        source = d.pop("source")

        session = PriceDataSession(d.pop("session"))

        stale = d.pop("stale")

        price_data = cls(
            symbol=symbol,
            currency=currency,
            per_share=per_share,
            per_raw_token=per_raw_token,
            as_of=as_of,
            source=source,
            session=session,
            stale=stale,
        )

        return price_data
