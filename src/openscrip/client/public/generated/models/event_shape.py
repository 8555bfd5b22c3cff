"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="EventShape")


@_attrs_define
class EventShape:
    """What happened with an order; `transaction` proves it on `network`.

    Attributes:
        at (str):
        name (str):
        label (str):
        network (None | str):
        transaction (None | str):
    """

    at: str
    name: str
    label: str
    network: None | str
    transaction: None | str

    def to_dict(self) -> dict[str, Any]:
        at = self.at

        name = self.name

        label = self.label

        network: None | str
        network = self.network

        transaction: None | str
        transaction = self.transaction

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "at": at,
                "name": name,
                "label": label,
                "network": network,
                "transaction": transaction,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        at = d.pop("at")

        name = d.pop("name")

        label = d.pop("label")

        def _parse_network(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        network = _parse_network(d.pop("network"))

        def _parse_transaction(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        transaction = _parse_transaction(d.pop("transaction"))

        event_shape = cls(
            at=at,
            name=name,
            label=label,
            network=network,
            transaction=transaction,
        )

        return event_shape
