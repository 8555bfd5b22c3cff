"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="Scheduled")


@_attrs_define
class Scheduled:
    """The multiplier that will be in force from an instant on.

    Attributes:
        value (str): a decimal number, exact
        version (int):
        activation_at (str):
        event_id (None | str):
        reason (None | str):
    """

    value: str
    version: int
    activation_at: str
    event_id: None | str
    reason: None | str

    def to_dict(self) -> dict[str, Any]:
        value = self.value

        version = self.version

        activation_at = self.activation_at

        event_id: None | str
        event_id = self.event_id

        reason: None | str
        reason = self.reason

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "value": value,
                "version": version,
                "activationAt": activation_at,
                "eventId": event_id,
                "reason": reason,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        value = d.pop("value")

        version = d.pop("version")

        activation_at = d.pop("activationAt")

        def _parse_event_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        event_id = _parse_event_id(d.pop("eventId"))

        def _parse_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reason = _parse_reason(d.pop("reason"))

        scheduled = cls(
            value=value,
            version=version,
            activation_at=activation_at,
            event_id=event_id,
            reason=reason,
        )

        return scheduled
