"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.step_shape_state import StepShapeState


T = TypeVar("T", bound="StepShape")


@_attrs_define
class StepShape:
    """A step of an order.

    Attributes:
        label (str):
        state (StepShapeState):
    """

    label: str
    state: StepShapeState

    def to_dict(self) -> dict[str, Any]:
        label = self.label

        state = self.state.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "label": label,
                "state": state,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        label = d.pop("label")

        state = StepShapeState(d.pop("state"))

        step_shape = cls(
            label=label,
            state=state,
        )

        return step_shape
