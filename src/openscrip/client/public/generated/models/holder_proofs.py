"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.holder_proof import HolderProof


T = TypeVar("T", bound="HolderProofs")


@_attrs_define
class HolderProofs:
    """The proofs of all holders in one bucket: nobody learns which of them was wanted.

    Attributes:
        items (list[HolderProof]):
        next_ (None):
        total (int):
    """

    items: list[HolderProof]
    next_: None
    total: int

    def to_dict(self) -> dict[str, Any]:
        from ..models.holder_proof import HolderProof  # noqa: PLC0415

        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        next_ = self.next_

        total = self.total

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "items": items,
                "next": next_,
                "total": total,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.holder_proof import HolderProof  # noqa: PLC0415

        d = dict(src_dict)
        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = HolderProof.from_dict(items_item_data)

            items.append(items_item)

        next_ = d.pop("next")

        total = d.pop("total")

        holder_proofs = cls(
            items=items,
            next_=next_,
            total=total,
        )

        return holder_proofs
