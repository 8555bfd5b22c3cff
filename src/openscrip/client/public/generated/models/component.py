"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.component_state import ComponentState


T = TypeVar("T", bound="Component")


@_attrs_define
class Component:
    """A part of the system.

    Attributes:
        name (str):
        state (ComponentState):
        detail (str):
    """

    name: str
    state: ComponentState
    detail: str

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        state = self.state.value

        detail = self.detail

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "state": state,
                "detail": detail,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        state = ComponentState(d.pop("state"))

        detail = d.pop("detail")

        component = cls(
            name=name,
            state=state,
            detail=detail,
        )

        return component
