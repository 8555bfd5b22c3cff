"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


T = TypeVar("T", bound="Multiplier")


@_attrs_define
class Multiplier:
    """Shares for one raw token, with 18 decimals, and the number of its version: 0 is the first.

    Attributes:
        value (str): a decimal number, exact
        version (int):
    """

    value: str
    version: int

    def to_dict(self) -> dict[str, Any]:
        value = self.value

        version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "value": value,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        value = d.pop("value")

        version = d.pop("version")

        multiplier = cls(
            value=value,
            version=version,
        )

        return multiplier
