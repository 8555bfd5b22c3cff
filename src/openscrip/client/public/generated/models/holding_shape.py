"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="HoldingShape")


@_attrs_define
class HoldingShape:
    """Raw tokens in one wallet, and the shares that they claim, rounded down. `valueUsd` is null where no price is known.

    Attributes:
        symbol (str):
        network (str):
        wallet (str):
        raw (str): a decimal number, exact
        shares (str): a decimal number, exact
        multiplier (str): a decimal number, exact
        multiplier_version (int):
        price_per_share (None | str):
        price_as_of (None | str):
        value_usd (None | str):
    """

    symbol: str
    network: str
    wallet: str
    raw: str
    shares: str
    multiplier: str
    multiplier_version: int
    price_per_share: None | str
    price_as_of: None | str
    value_usd: None | str

    def to_dict(self) -> dict[str, Any]:
        symbol = self.symbol

        network = self.network

        wallet = self.wallet

        raw = self.raw

        shares = self.shares

        multiplier = self.multiplier

        multiplier_version = self.multiplier_version

        price_per_share: None | str
        price_per_share = self.price_per_share

        price_as_of: None | str
        price_as_of = self.price_as_of

        value_usd: None | str
        value_usd = self.value_usd

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "symbol": symbol,
                "network": network,
                "wallet": wallet,
                "raw": raw,
                "shares": shares,
                "multiplier": multiplier,
                "multiplierVersion": multiplier_version,
                "pricePerShare": price_per_share,
                "priceAsOf": price_as_of,
                "valueUsd": value_usd,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        symbol = d.pop("symbol")

        network = d.pop("network")

        wallet = d.pop("wallet")

        raw = d.pop("raw")

        shares = d.pop("shares")

        multiplier = d.pop("multiplier")

        multiplier_version = d.pop("multiplierVersion")

        def _parse_price_per_share(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        price_per_share = _parse_price_per_share(d.pop("pricePerShare"))

        def _parse_price_as_of(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        price_as_of = _parse_price_as_of(d.pop("priceAsOf"))

        def _parse_value_usd(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        value_usd = _parse_value_usd(d.pop("valueUsd"))

        holding_shape = cls(
            symbol=symbol,
            network=network,
            wallet=wallet,
            raw=raw,
            shares=shares,
            multiplier=multiplier,
            multiplier_version=multiplier_version,
            price_per_share=price_per_share,
            price_as_of=price_as_of,
            value_usd=value_usd,
        )

        return holding_shape
