"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


T = TypeVar("T", bound="ReserveOnChain")


@_attrs_define
class ReserveOnChain:
    """The reserve that a chain was last shown, signed by the attestor.

    Attributes:
        network (str):
        shares (str): a decimal number, exact
        as_of (str):
    """

    network: str
    shares: str
    as_of: str

    def to_dict(self) -> dict[str, Any]:
        network = self.network

        shares = self.shares

        as_of = self.as_of

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "network": network,
                "shares": shares,
                "asOf": as_of,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        network = d.pop("network")

        shares = d.pop("shares")

        as_of = d.pop("asOf")

        reserve_on_chain = cls(
            network=network,
            shares=shares,
            as_of=as_of,
        )

        return reserve_on_chain
