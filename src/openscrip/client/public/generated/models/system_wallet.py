"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


T = TypeVar("T", bound="SystemWallet")


@_attrs_define
class SystemWallet:
    """An address of the issuer's own that holders send to.

    Attributes:
        id (str):
        network (str):
        address (str):
        purpose (str):
    """

    id: str
    network: str
    address: str
    purpose: str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        network = self.network

        address = self.address

        purpose = self.purpose

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "network": network,
                "address": address,
                "purpose": purpose,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        network = d.pop("network")

        address = d.pop("address")

        purpose = d.pop("purpose")

        system_wallet = cls(
            id=id,
            network=network,
            address=address,
            purpose=purpose,
        )

        return system_wallet
