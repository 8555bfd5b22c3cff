"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast
from typing import Literal, cast


T = TypeVar("T", bound="Bridge")


@_attrs_define
class Bridge:
    """A way between two chains: tokens are burned on one and minted on the other, the same raw amount.

    Attributes:
        id (str):
        kind (Literal['burn-and-mint']):
        networks (list[str]):
        under_way (str): a decimal number, exact
    """

    id: str
    kind: Literal["burn-and-mint"]
    networks: list[str]
    under_way: str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        kind = self.kind

        networks = self.networks

        under_way = self.under_way

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "kind": kind,
                "networks": networks,
                "underWay": under_way,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        kind = cast(Literal["burn-and-mint"], d.pop("kind"))
        if kind != "burn-and-mint":
            raise ValueError(f"kind must match const 'burn-and-mint', got '{kind}'")

        networks = cast(list[str], d.pop("networks"))

        under_way = d.pop("underWay")

        bridge = cls(
            id=id,
            kind=kind,
            networks=networks,
            under_way=under_way,
        )

        return bridge
