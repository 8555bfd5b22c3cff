"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.webhook_made_state import WebhookMadeState
from typing import cast


T = TypeVar("T", bound="WebhookMade")


@_attrs_define
class WebhookMade:
    """A new webhook, with the secret that its tellings are signed with.

    Attributes:
        id (str):
        url (str):
        events (list[str]):
        state (WebhookMadeState):
        failures_in_a_row (int):
        made_at (str):
        secret (str):
    """

    id: str
    url: str
    events: list[str]
    state: WebhookMadeState
    failures_in_a_row: int
    made_at: str
    secret: str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        url = self.url

        events = self.events

        state = self.state.value

        failures_in_a_row = self.failures_in_a_row

        made_at = self.made_at

        secret = self.secret

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "url": url,
                "events": events,
                "state": state,
                "failuresInARow": failures_in_a_row,
                "madeAt": made_at,
                "secret": secret,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        url = d.pop("url")

        events = cast(list[str], d.pop("events"))

        state = WebhookMadeState(d.pop("state"))

        failures_in_a_row = d.pop("failuresInARow")

        made_at = d.pop("madeAt")

        secret = d.pop("secret")

        webhook_made = cls(
            id=id,
            url=url,
            events=events,
            state=state,
            failures_in_a_row=failures_in_a_row,
            made_at=made_at,
            secret=secret,
        )

        return webhook_made
