"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.oracle_feedtype import OracleFeedtype
from typing import cast
from typing import Literal, cast


T = TypeVar("T", bound="Oracle")


@_attrs_define
class Oracle:
    """A feed on a chain. `managedBy` says who signs: here the issuer's attestor, no third party.

    Attributes:
        id (str):
        symbol (str):
        network (str):
        address (str):
        name (str):
        feed_type (OracleFeedtype):
        managed_by (Literal['Internal']):
        created_at (None | str):
    """

    id: str
    symbol: str
    network: str
    address: str
    name: str
    feed_type: OracleFeedtype
    managed_by: Literal["Internal"]
    created_at: None | str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        symbol = self.symbol

        network = self.network

        address = self.address

        name = self.name

        feed_type = self.feed_type.value

        managed_by = self.managed_by

        created_at: None | str
        created_at = self.created_at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "symbol": symbol,
                "network": network,
                "address": address,
                "name": name,
                "feedType": feed_type,
                "managedBy": managed_by,
                "createdAt": created_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        symbol = d.pop("symbol")

        network = d.pop("network")

        address = d.pop("address")

        name = d.pop("name")

        feed_type = OracleFeedtype(d.pop("feedType"))

        managed_by = cast(Literal["Internal"], d.pop("managedBy"))
        if managed_by != "Internal":
            raise ValueError(f"managedBy must match const 'Internal', got '{managed_by}'")

        def _parse_created_at(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        created_at = _parse_created_at(d.pop("createdAt"))

        oracle = cls(
            id=id,
            symbol=symbol,
            network=network,
            address=address,
            name=name,
            feed_type=feed_type,
            managed_by=managed_by,
            created_at=created_at,
        )

        return oracle
