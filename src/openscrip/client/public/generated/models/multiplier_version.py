"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="MultiplierVersion")


@_attrs_define
class MultiplierVersion:
    """A version of the multiplier; version 0 is in force from the beginning (`since` null).

    Attributes:
        value (str): a decimal number, exact
        version (int):
        since (None | str):
        event_id (None | str):
        reason (None | str):
    """

    value: str
    version: int
    since: None | str
    event_id: None | str
    reason: None | str

    def to_dict(self) -> dict[str, Any]:
        value = self.value

        version = self.version

        since: None | str
        since = self.since

        event_id: None | str
        event_id = self.event_id

        reason: None | str
        reason = self.reason

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "value": value,
                "version": version,
                "since": since,
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

        def _parse_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reason = _parse_reason(d.pop("reason"))

        multiplier_version = cls(
            value=value,
            version=version,
            since=since,
            event_id=event_id,
            reason=reason,
        )

        return multiplier_version
