"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.health_indexed import HealthIndexed
    from ..models.stuck_command import StuckCommand


T = TypeVar("T", bound="Health")


@_attrs_define
class Health:
    """Whether the parts work: what waits, and how far the chains were read.

    Attributes:
        market_time (str):
        facts (int):
        commands_waiting (int):
        commands_parked (int):
        oldest (list[StuckCommand]):
        indexed (HealthIndexed):
    """

    market_time: str
    facts: int
    commands_waiting: int
    commands_parked: int
    oldest: list[StuckCommand]
    indexed: HealthIndexed

    def to_dict(self) -> dict[str, Any]:
        from ..models.health_indexed import HealthIndexed  # noqa: PLC0415
        from ..models.stuck_command import StuckCommand  # noqa: PLC0415

        market_time = self.market_time

        facts = self.facts

        commands_waiting = self.commands_waiting

        commands_parked = self.commands_parked

        oldest = []
        for oldest_item_data in self.oldest:
            oldest_item = oldest_item_data.to_dict()
            oldest.append(oldest_item)

        indexed = self.indexed.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "marketTime": market_time,
                "facts": facts,
                "commandsWaiting": commands_waiting,
                "commandsParked": commands_parked,
                "oldest": oldest,
                "indexed": indexed,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.health_indexed import HealthIndexed  # noqa: PLC0415
        from ..models.stuck_command import StuckCommand  # noqa: PLC0415

        d = dict(src_dict)
        market_time = d.pop("marketTime")

        facts = d.pop("facts")

        commands_waiting = d.pop("commandsWaiting")

        commands_parked = d.pop("commandsParked")

        oldest = []
        _oldest = d.pop("oldest")
        for oldest_item_data in _oldest:
            oldest_item = StuckCommand.from_dict(oldest_item_data)

            oldest.append(oldest_item)

        indexed = HealthIndexed.from_dict(d.pop("indexed"))

        health = cls(
            market_time=market_time,
            facts=facts,
            commands_waiting=commands_waiting,
            commands_parked=commands_parked,
            oldest=oldest,
            indexed=indexed,
        )

        return health
