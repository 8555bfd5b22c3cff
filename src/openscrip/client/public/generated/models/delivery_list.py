"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.delivery_shape import DeliveryShape


T = TypeVar("T", bound="DeliveryList")


@_attrs_define
class DeliveryList:
    """Tellings of a webhook, the newest first. A page may be short: others' stand between them.

    Attributes:
        items (list[DeliveryShape]):
        next_ (None | str):
        total (None):
    """

    items: list[DeliveryShape]
    next_: None | str
    total: None

    def to_dict(self) -> dict[str, Any]:
        from ..models.delivery_shape import DeliveryShape  # noqa: PLC0415

        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        next_: None | str
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
        from ..models.delivery_shape import DeliveryShape  # noqa: PLC0415

        d = dict(src_dict)
        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = DeliveryShape.from_dict(items_item_data)

            items.append(items_item)

        def _parse_next_(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_ = _parse_next_(d.pop("next"))

        total = d.pop("total")

        delivery_list = cls(
            items=items,
            next_=next_,
            total=total,
        )

        return delivery_list
