"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.coverage_state import CoverageState
from typing import cast


T = TypeVar("T", bound="Coverage")


@_attrs_define
class Coverage:
    """Whether every token is backed: shares held for each owed, rounded down; null where nothing is owed or comparable.

    Attributes:
        state (CoverageState):
        ratio (None | str):
        since (None | str):
        as_of (None | str):
        stale (bool):
    """

    state: CoverageState
    ratio: None | str
    since: None | str
    as_of: None | str
    stale: bool

    def to_dict(self) -> dict[str, Any]:
        state = self.state.value

        ratio: None | str
        ratio = self.ratio

        since: None | str
        since = self.since

        as_of: None | str
        as_of = self.as_of

        stale = self.stale

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "state": state,
                "ratio": ratio,
                "since": since,
                "asOf": as_of,
                "stale": stale,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        state = CoverageState(d.pop("state"))

        def _parse_ratio(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        ratio = _parse_ratio(d.pop("ratio"))

        def _parse_since(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        since = _parse_since(d.pop("since"))

        def _parse_as_of(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        as_of = _parse_as_of(d.pop("asOf"))

        stale = d.pop("stale")

        coverage = cls(
            state=state,
            ratio=ratio,
            since=since,
            as_of=as_of,
            stale=stale,
        )

        return coverage
