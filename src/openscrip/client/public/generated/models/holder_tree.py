"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


T = TypeVar("T", bound="HolderTree")


@_attrs_define
class HolderTree:
    """The Merkle-sum tree over all holders of a stock in a report.

    Attributes:
        symbol (str):
        holders (int):
        root (str):
    """

    symbol: str
    holders: int
    root: str

    def to_dict(self) -> dict[str, Any]:
        symbol = self.symbol

        holders = self.holders

        root = self.root

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "symbol": symbol,
                "holders": holders,
                "root": root,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        symbol = d.pop("symbol")

        holders = d.pop("holders")

        root = d.pop("root")

        holder_tree = cls(
            symbol=symbol,
            holders=holders,
            root=root,
        )

        return holder_tree
