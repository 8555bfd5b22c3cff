"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="WebhookAsked")


@_attrs_define
class WebhookAsked:
    """Tell `url` of `events`. `requestId` is yours: the same request again is the same webhook.

    Attributes:
        request_id (str):
        url (str):
        events (list[str]):
    """

    request_id: str
    url: str
    events: list[str]

    def to_dict(self) -> dict[str, Any]:
        request_id = self.request_id

        url = self.url

        events = self.events

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "requestId": request_id,
                "url": url,
                "events": events,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        request_id = d.pop("requestId")

        url = d.pop("url")

        events = cast(list[str], d.pop("events"))

        webhook_asked = cls(
            request_id=request_id,
            url=url,
            events=events,
        )

        return webhook_asked
