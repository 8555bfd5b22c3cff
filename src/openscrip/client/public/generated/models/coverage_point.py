"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.coverage_point_state import CoveragePointState
from typing import cast


T = TypeVar("T", bound="CoveragePoint")


@_attrs_define
class CoveragePoint:
    """What was held and owed; nulls are a gap: nothing was known then, and nothing is drawn over it.

    Attributes:
        at (str):
        held (None | str):
        owed (None | str):
        ratio (None | str):
        state (CoveragePointState):
    """

    at: str
    held: None | str
    owed: None | str
    ratio: None | str
    state: CoveragePointState

    def to_dict(self) -> dict[str, Any]:
        at = self.at

        held: None | str
        held = self.held

        owed: None | str
        owed = self.owed

        ratio: None | str
        ratio = self.ratio

        state = self.state.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "at": at,
                "held": held,
                "owed": owed,
                "ratio": ratio,
                "state": state,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        at = d.pop("at")

        def _parse_held(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        held = _parse_held(d.pop("held"))

        def _parse_owed(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        owed = _parse_owed(d.pop("owed"))

        def _parse_ratio(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        ratio = _parse_ratio(d.pop("ratio"))

        state = CoveragePointState(d.pop("state"))

        coverage_point = cls(
            at=at,
            held=held,
            owed=owed,
            ratio=ratio,
            state=state,
        )

        return coverage_point
