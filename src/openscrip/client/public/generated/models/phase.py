"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


T = TypeVar("T", bound="Phase")


@_attrs_define
class Phase:
    """A phase that was reached.

    Attributes:
        status (str):
        at (str):
    """

    status: str
    at: str

    def to_dict(self) -> dict[str, Any]:
        status = self.status

        at = self.at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "status": status,
                "at": at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        status = d.pop("status")

        at = d.pop("at")

        phase = cls(
            status=status,
            at=at,
        )

        return phase
