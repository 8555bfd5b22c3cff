"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.asset_status_coverage import AssetStatusCoverage
from typing import cast


T = TypeVar("T", bound="AssetStatus")


@_attrs_define
class AssetStatus:
    """Whether one stock's tokens are made and redeemed now.

    Attributes:
        symbol (str):
        minting (bool):
        redeeming (bool):
        coverage (AssetStatusCoverage):
        halt_reasons (list[str]):
        open_breaks (list[str]):
    """

    symbol: str
    minting: bool
    redeeming: bool
    coverage: AssetStatusCoverage
    halt_reasons: list[str]
    open_breaks: list[str]

    def to_dict(self) -> dict[str, Any]:
        symbol = self.symbol

        minting = self.minting

        redeeming = self.redeeming

        coverage = self.coverage.value

        halt_reasons = self.halt_reasons

        open_breaks = self.open_breaks

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "symbol": symbol,
                "minting": minting,
                "redeeming": redeeming,
                "coverage": coverage,
                "haltReasons": halt_reasons,
                "openBreaks": open_breaks,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        symbol = d.pop("symbol")

        minting = d.pop("minting")

        redeeming = d.pop("redeeming")

        coverage = AssetStatusCoverage(d.pop("coverage"))

        halt_reasons = cast(list[str], d.pop("haltReasons"))

        open_breaks = cast(list[str], d.pop("openBreaks"))

        asset_status = cls(
            symbol=symbol,
            minting=minting,
            redeeming=redeeming,
            coverage=coverage,
            halt_reasons=halt_reasons,
            open_breaks=open_breaks,
        )

        return asset_status
