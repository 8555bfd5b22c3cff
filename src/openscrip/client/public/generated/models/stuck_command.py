"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.stuck_command_status import StuckCommandStatus


T = TypeVar("T", bound="StuckCommand")


@_attrs_define
class StuckCommand:
    """A command that is not done.

    Attributes:
        key (str):
        action (str):
        status (StuckCommandStatus):
        attempts (int):
        error (str):
    """

    key: str
    action: str
    status: StuckCommandStatus
    attempts: int
    error: str

    def to_dict(self) -> dict[str, Any]:
        key = self.key

        action = self.action

        status = self.status.value

        attempts = self.attempts

        error = self.error

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "key": key,
                "action": action,
                "status": status,
                "attempts": attempts,
                "error": error,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        key = d.pop("key")

        action = d.pop("action")

        status = StuckCommandStatus(d.pop("status"))

        attempts = d.pop("attempts")

        error = d.pop("error")

        stuck_command = cls(
            key=key,
            action=action,
            status=status,
            attempts=attempts,
            error=error,
        )

        return stuck_command
