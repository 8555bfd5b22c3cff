"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.multiplier import Multiplier
    from ..models.scheduled import Scheduled


T = TypeVar("T", bound="ChainMultiplier")


@_attrs_define
class ChainMultiplier:
    """What one chain shows at a final block. `equalsBooks` is false while a change is on its way.

    Attributes:
        network (str):
        address (str):
        block (int):
        current (Multiplier): Shares for one raw token, with 18 decimals, and the number of its version: 0 is the first.
        scheduled (None | Scheduled):
        equals_books (bool):
    """

    network: str
    address: str
    block: int
    current: Multiplier
    scheduled: None | Scheduled
    equals_books: bool

    def to_dict(self) -> dict[str, Any]:
        from ..models.multiplier import Multiplier  # noqa: PLC0415
        from ..models.scheduled import Scheduled  # noqa: PLC0415

        network = self.network

        address = self.address

        block = self.block

        current = self.current.to_dict()

        scheduled: dict[str, Any] | None
        if isinstance(self.scheduled, Scheduled):
            scheduled = self.scheduled.to_dict()
        else:
            scheduled = self.scheduled

        equals_books = self.equals_books

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "network": network,
                "address": address,
                "block": block,
                "current": current,
                "scheduled": scheduled,
                "equalsBooks": equals_books,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.multiplier import Multiplier  # noqa: PLC0415
        from ..models.scheduled import Scheduled  # noqa: PLC0415

        d = dict(src_dict)
        network = d.pop("network")

        address = d.pop("address")

        block = d.pop("block")

        current = Multiplier.from_dict(d.pop("current"))

        def _parse_scheduled(data: object) -> None | Scheduled:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                scheduled_type_0 = Scheduled.from_dict(data)

                return scheduled_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Scheduled, data)

        scheduled = _parse_scheduled(d.pop("scheduled"))

        equals_books = d.pop("equalsBooks")

        chain_multiplier = cls(
            network=network,
            address=address,
            block=block,
            current=current,
            scheduled=scheduled,
            equals_books=equals_books,
        )

        return chain_multiplier
