"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


T = TypeVar("T", bound="PeriodLimit")


@_attrs_define
class PeriodLimit:
    """The least and the most that one request may be worth in these hours, and what it costs.

    Attributes:
        min_order_fiat_value (str): a decimal number, exact
        max_order_fiat_value (str): a decimal number, exact
        fee_bps (int):
        fixed_fee (str): a decimal number, exact
        instant_spread_bps (int):
        quote_life_seconds (int):
    """

    min_order_fiat_value: str
    max_order_fiat_value: str
    fee_bps: int
    fixed_fee: str
    instant_spread_bps: int
    quote_life_seconds: int

    def to_dict(self) -> dict[str, Any]:
        min_order_fiat_value = self.min_order_fiat_value

        max_order_fiat_value = self.max_order_fiat_value

        fee_bps = self.fee_bps

        fixed_fee = self.fixed_fee

        instant_spread_bps = self.instant_spread_bps

        quote_life_seconds = self.quote_life_seconds

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "minOrderFiatValue": min_order_fiat_value,
                "maxOrderFiatValue": max_order_fiat_value,
                "feeBps": fee_bps,
                "fixedFee": fixed_fee,
                "instantSpreadBps": instant_spread_bps,
                "quoteLifeSeconds": quote_life_seconds,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        min_order_fiat_value = d.pop("minOrderFiatValue")

        max_order_fiat_value = d.pop("maxOrderFiatValue")

        fee_bps = d.pop("feeBps")

        fixed_fee = d.pop("fixedFee")

        instant_spread_bps = d.pop("instantSpreadBps")

        quote_life_seconds = d.pop("quoteLifeSeconds")

        period_limit = cls(
            min_order_fiat_value=min_order_fiat_value,
            max_order_fiat_value=max_order_fiat_value,
            fee_bps=fee_bps,
            fixed_fee=fixed_fee,
            instant_spread_bps=instant_spread_bps,
            quote_life_seconds=quote_life_seconds,
        )

        return period_limit
