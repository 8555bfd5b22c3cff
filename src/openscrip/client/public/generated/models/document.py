"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import Literal, cast


T = TypeVar("T", bound="Document")


@_attrs_define
class Document:
    """A paper that can be read: a receipt of an order that is done.

    Attributes:
        id (str):
        kind (Literal['receipt']):
        title (str):
        at (str):
    """

    id: str
    kind: Literal["receipt"]
    title: str
    at: str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        kind = self.kind

        title = self.title

        at = self.at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "kind": kind,
                "title": title,
                "at": at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        kind = cast(Literal["receipt"], d.pop("kind"))
        if kind != "receipt":
            raise ValueError(f"kind must match const 'receipt', got '{kind}'")

        title = d.pop("title")

        at = d.pop("at")

        document = cls(
            id=id,
            kind=kind,
            title=title,
            at=at,
        )

        return document
