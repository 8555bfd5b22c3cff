"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


T = TypeVar("T", bound="ChainSupply")


@_attrs_define
class ChainSupply:
    """Supply on one chain.

    Attributes:
        network (str):
        address (str):
        raw (str): a decimal number, exact
        block (int):
    """

    network: str
    address: str
    raw: str
    block: int

    def to_dict(self) -> dict[str, Any]:
        network = self.network

        address = self.address

        raw = self.raw

        block = self.block

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "network": network,
                "address": address,
                "raw": raw,
                "block": block,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        network = d.pop("network")

        address = d.pop("address")

        raw = d.pop("raw")

        block = d.pop("block")

        chain_supply = cls(
            network=network,
            address=address,
            raw=raw,
            block=block,
        )

        return chain_supply
