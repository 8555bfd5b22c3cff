"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.trading_currentperiod import TradingCurrentperiod
from typing import cast
from typing import Literal, cast

if TYPE_CHECKING:
    from ..models.trading_limitsperperiod import TradingLimitsperperiod


T = TypeVar("T", bound="Trading")


@_attrs_define
class Trading:
    """When the primary market takes requests: always; what it charges depends on the hours.

    Attributes:
        currency (str):
        trading_hours_mode (Literal['Always']):
        current_period (TradingCurrentperiod):
        open_now (bool):
        next_change_at (None | str):
        exchange (str):
        limits_per_period (TradingLimitsperperiod):
    """

    currency: str
    trading_hours_mode: Literal["Always"]
    current_period: TradingCurrentperiod
    open_now: bool
    next_change_at: None | str
    exchange: str
    limits_per_period: TradingLimitsperperiod

    def to_dict(self) -> dict[str, Any]:
        from ..models.trading_limitsperperiod import TradingLimitsperperiod  # noqa: PLC0415

        currency = self.currency

        trading_hours_mode = self.trading_hours_mode

        current_period = self.current_period.value

        open_now = self.open_now

        next_change_at: None | str
        next_change_at = self.next_change_at

        exchange = self.exchange

        limits_per_period = self.limits_per_period.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "currency": currency,
                "tradingHoursMode": trading_hours_mode,
                "currentPeriod": current_period,
                "openNow": open_now,
                "nextChangeAt": next_change_at,
                "exchange": exchange,
                "limitsPerPeriod": limits_per_period,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.trading_limitsperperiod import TradingLimitsperperiod  # noqa: PLC0415

        d = dict(src_dict)
        currency = d.pop("currency")

        trading_hours_mode = cast(Literal["Always"], d.pop("tradingHoursMode"))
        if trading_hours_mode != "Always":
            raise ValueError(f"tradingHoursMode must match const 'Always', got '{trading_hours_mode}'")

        current_period = TradingCurrentperiod(d.pop("currentPeriod"))

        open_now = d.pop("openNow")

        def _parse_next_change_at(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_change_at = _parse_next_change_at(d.pop("nextChangeAt"))

        exchange = d.pop("exchange")

        limits_per_period = TradingLimitsperperiod.from_dict(d.pop("limitsPerPeriod"))

        trading = cls(
            currency=currency,
            trading_hours_mode=trading_hours_mode,
            current_period=current_period,
            open_now=open_now,
            next_change_at=next_change_at,
            exchange=exchange,
            limits_per_period=limits_per_period,
        )

        return trading
