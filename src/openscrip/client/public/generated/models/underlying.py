"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


T = TypeVar("T", bound="Underlying")


@_attrs_define
class Underlying:
    """The share itself.

    Attributes:
        symbol (str):
        name (str):
        isin (str):
        type_ (str):
        currency (str):
        listing_country (str):
    """

    symbol: str
    name: str
    isin: str
    type_: str
    currency: str
    listing_country: str

    def to_dict(self) -> dict[str, Any]:
        symbol = self.symbol

        name = self.name

        isin = self.isin

        type_ = self.type_

        currency = self.currency

        listing_country = self.listing_country

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "symbol": symbol,
                "name": name,
                "isin": isin,
                "type": type_,
                "currency": currency,
                "listingCountry": listing_country,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        symbol = d.pop("symbol")

        name = d.pop("name")

        isin = d.pop("isin")

        type_ = d.pop("type")

        currency = d.pop("currency")

        listing_country = d.pop("listingCountry")

        underlying = cls(
            symbol=symbol,
            name=name,
            isin=isin,
            type_=type_,
            currency=currency,
            listing_country=listing_country,
        )

        return underlying
