"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.status_clock import StatusClock
from ..models.status_state import StatusState
from typing import cast

if TYPE_CHECKING:
    from ..models.component import Component


T = TypeVar("T", bound="Status")


@_attrs_define
class Status:
    """Whether something is wrong now. `simulated` names what of this run is played.

    Attributes:
        state (StatusState):
        market_time (str):
        clock (StatusClock):
        simulated (list[str]):
        facts (int):
        stocks (int):
        short (list[str]):
        halted (list[str]):
        open_breaks (int):
        components (list[Component]):
    """

    state: StatusState
    market_time: str
    clock: StatusClock
    simulated: list[str]
    facts: int
    stocks: int
    short: list[str]
    halted: list[str]
    open_breaks: int
    components: list[Component]

    def to_dict(self) -> dict[str, Any]:
        from ..models.component import Component  # noqa: PLC0415

        state = self.state.value

        market_time = self.market_time

        clock = self.clock.value

        simulated = self.simulated

        facts = self.facts

        stocks = self.stocks

        short = self.short

        halted = self.halted

        open_breaks = self.open_breaks

        components = []
        for components_item_data in self.components:
            components_item = components_item_data.to_dict()
            components.append(components_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "state": state,
                "marketTime": market_time,
                "clock": clock,
                "simulated": simulated,
                "facts": facts,
                "stocks": stocks,
                "short": short,
                "halted": halted,
                "openBreaks": open_breaks,
                "components": components,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.component import Component  # noqa: PLC0415

        d = dict(src_dict)
        state = StatusState(d.pop("state"))

        market_time = d.pop("marketTime")

        clock = StatusClock(d.pop("clock"))

        simulated = cast(list[str], d.pop("simulated"))

        facts = d.pop("facts")

        stocks = d.pop("stocks")

        short = cast(list[str], d.pop("short"))

        halted = cast(list[str], d.pop("halted"))

        open_breaks = d.pop("openBreaks")

        components = []
        _components = d.pop("components")
        for components_item_data in _components:
            components_item = Component.from_dict(components_item_data)

            components.append(components_item)

        status = cls(
            state=state,
            market_time=market_time,
            clock=clock,
            simulated=simulated,
            facts=facts,
            stocks=stocks,
            short=short,
            halted=halted,
            open_breaks=open_breaks,
            components=components,
        )

        return status
