"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.webhook_shape import WebhookShape


T = TypeVar("T", bound="WebhookList")


@_attrs_define
class WebhookList:
    """Your webhooks, the newest first.

    Attributes:
        items (list[WebhookShape]):
        next_ (None):
        total (int):
    """

    items: list[WebhookShape]
    next_: None
    total: int

    def to_dict(self) -> dict[str, Any]:
        from ..models.webhook_shape import WebhookShape  # noqa: PLC0415

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
        from ..models.webhook_shape import WebhookShape  # noqa: PLC0415

        d = dict(src_dict)
        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = WebhookShape.from_dict(items_item_data)

            items.append(items_item)

        next_ = d.pop("next")

        total = d.pop("total")

        webhook_list = cls(
            items=items,
            next_=next_,
            total=total,
        )

        return webhook_list
