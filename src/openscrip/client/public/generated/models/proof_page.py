"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.proof import Proof
    from ..models.report import Report


T = TypeVar("T", bound="ProofPage")


@_attrs_define
class ProofPage:
    """Proofs by symbol, and the reports that they were cut into.

    Attributes:
        items (list[Proof]):
        next_ (None | str):
        total (int):
        latest_report (None | Report):
    """

    items: list[Proof]
    next_: None | str
    total: int
    latest_report: None | Report

    def to_dict(self) -> dict[str, Any]:
        from ..models.proof import Proof  # noqa: PLC0415
        from ..models.report import Report  # noqa: PLC0415

        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        next_: None | str
        next_ = self.next_

        total = self.total

        latest_report: dict[str, Any] | None
        if isinstance(self.latest_report, Report):
            latest_report = self.latest_report.to_dict()
        else:
            latest_report = self.latest_report

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "items": items,
                "next": next_,
                "total": total,
                "latestReport": latest_report,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.proof import Proof  # noqa: PLC0415
        from ..models.report import Report  # noqa: PLC0415

        d = dict(src_dict)
        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = Proof.from_dict(items_item_data)

            items.append(items_item)

        def _parse_next_(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_ = _parse_next_(d.pop("next"))

        total = d.pop("total")

        def _parse_latest_report(data: object) -> None | Report:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                latest_report_type_0 = Report.from_dict(data)

                return latest_report_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Report, data)

        latest_report = _parse_latest_report(d.pop("latestReport"))

        proof_page = cls(
            items=items,
            next_=next_,
            total=total,
            latest_report=latest_report,
        )

        return proof_page
