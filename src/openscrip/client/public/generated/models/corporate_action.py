"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.phase import Phase
    from ..models.source import Source


T = TypeVar("T", bound="CorporateAction")


@_attrs_define
class CorporateAction:
    """A corporate action. `eventId` is the same on chains, in notices, in reports and in every list here.

    `status`: ANNOUNCED > CORROBORATED > SCHEDULED > FROZEN > STAGED > EFFECTIVE > RESUMED > FINAL; besides CONFLICT
    (sources
    differ), HELD (a person is asked), CANCELLED and CORRECTED, which like FINAL nothing follows.

        Attributes:
            event_id (str):
            version (int):
            symbol (str):
            token_symbol (str):
            isin (str):
            ca_type (str):
            status (str):
            is_final (bool):
            announced_on (str):
            ex_date (str):
            record_date (None | str):
            pay_date (None | str):
            effective_at (None | str):
            frozen_at (None | str):
            from_units (int | None):
            to_units (int | None):
            gross_cashflow_usd_per_share (None | str):
            withholding_tax_rate (None | str):
            net_cashflow_usd (None | str):
            received_cashflow_usd (None | str):
            multiplier_old (None | str):
            multiplier_new (None | str):
            multiplier_version (int | None):
            corrects (None | str):
            notes (str):
            sources (list[Source]):
            history (list[Phase]):
    """

    event_id: str
    version: int
    symbol: str
    token_symbol: str
    isin: str
    ca_type: str
    status: str
    is_final: bool
    announced_on: str
    ex_date: str
    record_date: None | str
    pay_date: None | str
    effective_at: None | str
    frozen_at: None | str
    from_units: int | None
    to_units: int | None
    gross_cashflow_usd_per_share: None | str
    withholding_tax_rate: None | str
    net_cashflow_usd: None | str
    received_cashflow_usd: None | str
    multiplier_old: None | str
    multiplier_new: None | str
    multiplier_version: int | None
    corrects: None | str
    notes: str
    sources: list[Source]
    history: list[Phase]

    def to_dict(self) -> dict[str, Any]:
        from ..models.phase import Phase  # noqa: PLC0415
        from ..models.source import Source  # noqa: PLC0415

        event_id = self.event_id

        version = self.version

        symbol = self.symbol

        token_symbol = self.token_symbol

        isin = self.isin

        ca_type = self.ca_type

        status = self.status

        is_final = self.is_final

        announced_on = self.announced_on

        ex_date = self.ex_date

        record_date: None | str
        record_date = self.record_date

        pay_date: None | str
        pay_date = self.pay_date

        effective_at: None | str
        effective_at = self.effective_at

        frozen_at: None | str
        frozen_at = self.frozen_at

        from_units: int | None
        from_units = self.from_units

        to_units: int | None
        to_units = self.to_units

        gross_cashflow_usd_per_share: None | str
        gross_cashflow_usd_per_share = self.gross_cashflow_usd_per_share

        withholding_tax_rate: None | str
        withholding_tax_rate = self.withholding_tax_rate

        net_cashflow_usd: None | str
        net_cashflow_usd = self.net_cashflow_usd

        received_cashflow_usd: None | str
        received_cashflow_usd = self.received_cashflow_usd

        multiplier_old: None | str
        multiplier_old = self.multiplier_old

        multiplier_new: None | str
        multiplier_new = self.multiplier_new

        multiplier_version: int | None
        multiplier_version = self.multiplier_version

        corrects: None | str
        corrects = self.corrects

        notes = self.notes

        sources = []
        for sources_item_data in self.sources:
            sources_item = sources_item_data.to_dict()
            sources.append(sources_item)

        history = []
        for history_item_data in self.history:
            history_item = history_item_data.to_dict()
            history.append(history_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "eventId": event_id,
                "version": version,
                "symbol": symbol,
                "tokenSymbol": token_symbol,
                "isin": isin,
                "caType": ca_type,
                "status": status,
                "isFinal": is_final,
                "announcedOn": announced_on,
                "exDate": ex_date,
                "recordDate": record_date,
                "payDate": pay_date,
                "effectiveAt": effective_at,
                "frozenAt": frozen_at,
                "fromUnits": from_units,
                "toUnits": to_units,
                "grossCashflowUsdPerShare": gross_cashflow_usd_per_share,
                "withholdingTaxRate": withholding_tax_rate,
                "netCashflowUsd": net_cashflow_usd,
                "receivedCashflowUsd": received_cashflow_usd,
                "multiplierOld": multiplier_old,
                "multiplierNew": multiplier_new,
                "multiplierVersion": multiplier_version,
                "corrects": corrects,
                "notes": notes,
                "sources": sources,
                "history": history,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.phase import Phase  # noqa: PLC0415
        from ..models.source import Source  # noqa: PLC0415

        d = dict(src_dict)
        event_id = d.pop("eventId")

        version = d.pop("version")

        symbol = d.pop("symbol")

        token_symbol = d.pop("tokenSymbol")

        isin = d.pop("isin")

        ca_type = d.pop("caType")

        status = d.pop("status")

        is_final = d.pop("isFinal")

        announced_on = d.pop("announcedOn")

        ex_date = d.pop("exDate")

        def _parse_record_date(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        record_date = _parse_record_date(d.pop("recordDate"))

        def _parse_pay_date(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        pay_date = _parse_pay_date(d.pop("payDate"))

        def _parse_effective_at(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        effective_at = _parse_effective_at(d.pop("effectiveAt"))

        def _parse_frozen_at(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        frozen_at = _parse_frozen_at(d.pop("frozenAt"))

        def _parse_from_units(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        from_units = _parse_from_units(d.pop("fromUnits"))

        def _parse_to_units(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        to_units = _parse_to_units(d.pop("toUnits"))

        def _parse_gross_cashflow_usd_per_share(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        gross_cashflow_usd_per_share = _parse_gross_cashflow_usd_per_share(d.pop("grossCashflowUsdPerShare"))

        def _parse_withholding_tax_rate(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        withholding_tax_rate = _parse_withholding_tax_rate(d.pop("withholdingTaxRate"))

        def _parse_net_cashflow_usd(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        net_cashflow_usd = _parse_net_cashflow_usd(d.pop("netCashflowUsd"))

        def _parse_received_cashflow_usd(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        received_cashflow_usd = _parse_received_cashflow_usd(d.pop("receivedCashflowUsd"))

        def _parse_multiplier_old(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        multiplier_old = _parse_multiplier_old(d.pop("multiplierOld"))

        def _parse_multiplier_new(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        multiplier_new = _parse_multiplier_new(d.pop("multiplierNew"))

        def _parse_multiplier_version(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        multiplier_version = _parse_multiplier_version(d.pop("multiplierVersion"))

        def _parse_corrects(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        corrects = _parse_corrects(d.pop("corrects"))

        notes = d.pop("notes")

        sources = []
        _sources = d.pop("sources")
        for sources_item_data in _sources:
            sources_item = Source.from_dict(sources_item_data)

            sources.append(sources_item)

        history = []
        _history = d.pop("history")
        for history_item_data in _history:
            history_item = Phase.from_dict(history_item_data)

            history.append(history_item)

        corporate_action = cls(
            event_id=event_id,
            version=version,
            symbol=symbol,
            token_symbol=token_symbol,
            isin=isin,
            ca_type=ca_type,
            status=status,
            is_final=is_final,
            announced_on=announced_on,
            ex_date=ex_date,
            record_date=record_date,
            pay_date=pay_date,
            effective_at=effective_at,
            frozen_at=frozen_at,
            from_units=from_units,
            to_units=to_units,
            gross_cashflow_usd_per_share=gross_cashflow_usd_per_share,
            withholding_tax_rate=withholding_tax_rate,
            net_cashflow_usd=net_cashflow_usd,
            received_cashflow_usd=received_cashflow_usd,
            multiplier_old=multiplier_old,
            multiplier_new=multiplier_new,
            multiplier_version=multiplier_version,
            corrects=corrects,
            notes=notes,
            sources=sources,
            history=history,
        )

        return corporate_action
