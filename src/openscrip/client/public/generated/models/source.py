"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="Source")


@_attrs_define
class Source:
    """Who told of a corporate action, and the SHA-256 of what they sent.

    Attributes:
        source (str):
        revision (int):
        announced_on (str):
        document_sha_256 (None | str):
        withdrawn (bool):
    """

    source: str
    revision: int
    announced_on: str
    document_sha_256: None | str
    withdrawn: bool

    def to_dict(self) -> dict[str, Any]:
        source = self.source

        revision = self.revision

        announced_on = self.announced_on

        document_sha_256: None | str
        document_sha_256 = self.document_sha_256

        withdrawn = self.withdrawn

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "source": source,
                "revision": revision,
                "announcedOn": announced_on,
                "documentSha256": document_sha_256,
                "withdrawn": withdrawn,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        source = d.pop("source")

        revision = d.pop("revision")

        announced_on = d.pop("announcedOn")

        def _parse_document_sha_256(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        document_sha_256 = _parse_document_sha_256(d.pop("documentSha256"))

        withdrawn = d.pop("withdrawn")

        source = cls(
            source=source,
            revision=revision,
            announced_on=announced_on,
            document_sha_256=document_sha_256,
            withdrawn=withdrawn,
        )

        return source
