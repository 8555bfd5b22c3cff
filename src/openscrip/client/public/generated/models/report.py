"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.holder_tree import HolderTree


T = TypeVar("T", bound="Report")


@_attrs_define
class Report:
    """A reserve report. `follows` says that it names the one before by its hash; a report is never taken away.

    Attributes:
        number (int):
        label (str):
        as_of (None | str):
        sha256 (str):
        previous_sha_256 (None | str):
        follows (bool):
        signers (list[str]):
        trees (list[HolderTree]):
    """

    number: int
    label: str
    as_of: None | str
    sha256: str
    previous_sha_256: None | str
    follows: bool
    signers: list[str]
    trees: list[HolderTree]

    def to_dict(self) -> dict[str, Any]:
        from ..models.holder_tree import HolderTree  # noqa: PLC0415

        number = self.number

        label = self.label

        as_of: None | str
        as_of = self.as_of

        sha256 = self.sha256

        previous_sha_256: None | str
        previous_sha_256 = self.previous_sha_256

        follows = self.follows

        signers = self.signers

        trees = []
        for trees_item_data in self.trees:
            trees_item = trees_item_data.to_dict()
            trees.append(trees_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "number": number,
                "label": label,
                "asOf": as_of,
                "sha256": sha256,
                "previousSha256": previous_sha_256,
                "follows": follows,
                "signers": signers,
                "trees": trees,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.holder_tree import HolderTree  # noqa: PLC0415

        d = dict(src_dict)
        number = d.pop("number")

        label = d.pop("label")

        def _parse_as_of(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        as_of = _parse_as_of(d.pop("asOf"))

        sha256 = d.pop("sha256")

        def _parse_previous_sha_256(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        previous_sha_256 = _parse_previous_sha_256(d.pop("previousSha256"))

        follows = d.pop("follows")

        signers = cast(list[str], d.pop("signers"))

        trees = []
        _trees = d.pop("trees")
        for trees_item_data in _trees:
            trees_item = HolderTree.from_dict(trees_item_data)

            trees.append(trees_item)

        report = cls(
            number=number,
            label=label,
            as_of=as_of,
            sha256=sha256,
            previous_sha_256=previous_sha_256,
            follows=follows,
            signers=signers,
            trees=trees,
        )

        return report
