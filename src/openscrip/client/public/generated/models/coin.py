"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


T = TypeVar("T", bound="Coin")


@_attrs_define
class Coin:
    """A stablecoin that pays for tokens on this chain, and is paid out for them.

    Attributes:
        id (str): CAIP-10
        symbol (str):
        currency (str):
        network (str):
        address (str):
        decimals (int):
        issuance (bool):
        redemption (bool):
    """

    id: str
    symbol: str
    currency: str
    network: str
    address: str
    decimals: int
    issuance: bool
    redemption: bool

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        symbol = self.symbol

        currency = self.currency

        network = self.network

        address = self.address

        decimals = self.decimals

        issuance = self.issuance

        redemption = self.redemption

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "symbol": symbol,
                "currency": currency,
                "network": network,
                "address": address,
                "decimals": decimals,
                "issuance": issuance,
                "redemption": redemption,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        symbol = d.pop("symbol")

        currency = d.pop("currency")

        network = d.pop("network")

        address = d.pop("address")

        decimals = d.pop("decimals")

        issuance = d.pop("issuance")

        redemption = d.pop("redemption")

        coin = cls(
            id=id,
            symbol=symbol,
            currency=currency,
            network=network,
            address=address,
            decimals=decimals,
            issuance=issuance,
            redemption=redemption,
        )

        return coin
