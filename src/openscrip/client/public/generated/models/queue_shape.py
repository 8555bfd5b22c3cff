"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="QueueShape")


@_attrs_define
class QueueShape:
    """How many wait in a queue of the desk; `count` is null for a queue of the venue's while its store does not answer.

    Attributes:
        name (str):
        title (str):
        count (int | None):
    """

    name: str
    title: str
    count: int | None

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        title = self.title

        count: int | None
        count = self.count

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "title": title,
                "count": count,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        title = d.pop("title")

        def _parse_count(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        count = _parse_count(d.pop("count"))

        queue_shape = cls(
            name=name,
            title=title,
            count=count,
        )

        return queue_shape
