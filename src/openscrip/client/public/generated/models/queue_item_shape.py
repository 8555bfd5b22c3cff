"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="QueueItemShape")


@_attrs_define
class QueueItemShape:
    """One thing that waits for a person. In a queue of the venue's, `symbol` is the asset and `client` the account there.

    Attributes:
        id (str):
        kind (str):
        symbol (None | str):
        client (None | str):
        text (str):
        since (None | str):
    """

    id: str
    kind: str
    symbol: None | str
    client: None | str
    text: str
    since: None | str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        kind = self.kind

        symbol: None | str
        symbol = self.symbol

        client: None | str
        client = self.client

        text = self.text

        since: None | str
        since = self.since

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "kind": kind,
                "symbol": symbol,
                "client": client,
                "text": text,
                "since": since,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        kind = d.pop("kind")

        def _parse_symbol(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        symbol = _parse_symbol(d.pop("symbol"))

        def _parse_client(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        client = _parse_client(d.pop("client"))

        text = d.pop("text")

        def _parse_since(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        since = _parse_since(d.pop("since"))

        queue_item_shape = cls(
            id=id,
            kind=kind,
            symbol=symbol,
            client=client,
            text=text,
            since=since,
        )

        return queue_item_shape
