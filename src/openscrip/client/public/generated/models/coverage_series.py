"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.coverage_point import CoveragePoint


T = TypeVar("T", bound="CoverageSeries")


@_attrs_define
class CoverageSeries:
    """Coverage over time, thinned so that the least and the greatest of each stretch stay.

    Attributes:
        symbol (str):
        since (str):
        until (str):
        least (None | str):
        points (list[CoveragePoint]):
    """

    symbol: str
    since: str
    until: str
    least: None | str
    points: list[CoveragePoint]

    def to_dict(self) -> dict[str, Any]:
        from ..models.coverage_point import CoveragePoint  # noqa: PLC0415

        symbol = self.symbol

        since = self.since

        until = self.until

        least: None | str
        least = self.least

        points = []
        for points_item_data in self.points:
            points_item = points_item_data.to_dict()
            points.append(points_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "symbol": symbol,
                "since": since,
                "until": until,
                "least": least,
                "points": points,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.coverage_point import CoveragePoint  # noqa: PLC0415

        d = dict(src_dict)
        symbol = d.pop("symbol")

        since = d.pop("since")

        until = d.pop("until")

        def _parse_least(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        least = _parse_least(d.pop("least"))

        points = []
        _points = d.pop("points")
        for points_item_data in _points:
            points_item = CoveragePoint.from_dict(points_item_data)

            points.append(points_item)

        coverage_series = cls(
            symbol=symbol,
            since=since,
            until=until,
            least=least,
            points=points,
        )

        return coverage_series
