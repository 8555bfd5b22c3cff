"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.delivery_shape_state import DeliveryShapeState
from typing import cast


T = TypeVar("T", bound="DeliveryShape")


@_attrs_define
class DeliveryShape:
    """One telling: waiting, delivered or dead. `lastStatus` is null where nobody answered.

    Attributes:
        id (int):
        event (str):
        state (DeliveryShapeState):
        attempts (int):
        last_status (int | None):
        last_error (None | str):
        at (str):
    """

    id: int
    event: str
    state: DeliveryShapeState
    attempts: int
    last_status: int | None
    last_error: None | str
    at: str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        event = self.event

        state = self.state.value

        attempts = self.attempts

        last_status: int | None
        last_status = self.last_status

        last_error: None | str
        last_error = self.last_error

        at = self.at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "event": event,
                "state": state,
                "attempts": attempts,
                "lastStatus": last_status,
                "lastError": last_error,
                "at": at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        event = d.pop("event")

        state = DeliveryShapeState(d.pop("state"))

        attempts = d.pop("attempts")

        def _parse_last_status(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        last_status = _parse_last_status(d.pop("lastStatus"))

        def _parse_last_error(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        last_error = _parse_last_error(d.pop("lastError"))

        at = d.pop("at")

        delivery_shape = cls(
            id=id,
            event=event,
            state=state,
            attempts=attempts,
            last_status=last_status,
            last_error=last_error,
            at=at,
        )

        return delivery_shape
