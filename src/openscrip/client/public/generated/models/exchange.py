"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.exchange_currentperiod import ExchangeCurrentperiod
from typing import cast


T = TypeVar("T", bound="Exchange")


@_attrs_define
class Exchange:
    """Where the share is listed (ISO 10383).

    Attributes:
        mic (str):
        name (str):
        timezone (str):
        open_now (bool):
        current_period (ExchangeCurrentperiod):
        next_change_at (None | str):
    """

    mic: str
    name: str
    timezone: str
    open_now: bool
    current_period: ExchangeCurrentperiod
    next_change_at: None | str

    def to_dict(self) -> dict[str, Any]:
        mic = self.mic

        name = self.name

        timezone = self.timezone

        open_now = self.open_now

        current_period = self.current_period.value

        next_change_at: None | str
        next_change_at = self.next_change_at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "mic": mic,
                "name": name,
                "timezone": timezone,
                "openNow": open_now,
                "currentPeriod": current_period,
                "nextChangeAt": next_change_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        mic = d.pop("mic")

        name = d.pop("name")

        timezone = d.pop("timezone")

        open_now = d.pop("openNow")

        current_period = ExchangeCurrentperiod(d.pop("currentPeriod"))

        def _parse_next_change_at(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_change_at = _parse_next_change_at(d.pop("nextChangeAt"))

        exchange = cls(
            mic=mic,
            name=name,
            timezone=timezone,
            open_now=open_now,
            current_period=current_period,
            next_change_at=next_change_at,
        )

        return exchange
