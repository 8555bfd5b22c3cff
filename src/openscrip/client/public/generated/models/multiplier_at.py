"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="MultiplierAt")


@_attrs_define
class MultiplierAt:
    """The multiplier that was in force at a block of a chain.

    Attributes:
        symbol (str):
        network (str):
        block (int):
        block_at (str):
        value (str): a decimal number, exact
        version (int):
        since (None | str):
        event_id (None | str):
    """

    symbol: str
    network: str
    block: int
    block_at: str
    value: str
    version: int
    since: None | str
    event_id: None | str

    def to_dict(self) -> dict[str, Any]:
        symbol = self.symbol

        network = self.network

        block = self.block

        block_at = self.block_at

        value = self.value

        version = self.version

        since: None | str
        since = self.since

        event_id: None | str
        event_id = self.event_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "symbol": symbol,
                "network": network,
                "block": block,
                "blockAt": block_at,
                "value": value,
                "version": version,
                "since": since,
                "eventId": event_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        symbol = d.pop("symbol")

        network = d.pop("network")

        block = d.pop("block")

        block_at = d.pop("blockAt")

        value = d.pop("value")

        version = d.pop("version")

        def _parse_since(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        since = _parse_since(d.pop("since"))

        def _parse_event_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        event_id = _parse_event_id(d.pop("eventId"))

        multiplier_at = cls(
            symbol=symbol,
            network=network,
            block=block,
            block_at=block_at,
            value=value,
            version=version,
            since=since,
            event_id=event_id,
        )

        return multiplier_at
