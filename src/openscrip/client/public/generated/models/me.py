"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="Me")


@_attrs_define
class Me:
    """Whose key it is.

    Attributes:
        client (str):
        key_id (str):
        scopes (list[str]):
    """

    client: str
    key_id: str
    scopes: list[str]

    def to_dict(self) -> dict[str, Any]:
        client = self.client

        key_id = self.key_id

        scopes = self.scopes

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "client": client,
                "keyId": key_id,
                "scopes": scopes,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        client = d.pop("client")

        key_id = d.pop("keyId")

        scopes = cast(list[str], d.pop("scopes"))

        me = cls(
            client=client,
            key_id=key_id,
            scopes=scopes,
        )

        return me
