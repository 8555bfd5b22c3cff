"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.chain_multiplier import ChainMultiplier
    from ..models.multiplier import Multiplier
    from ..models.scheduled import Scheduled


T = TypeVar("T", bound="MultiplierNow")


@_attrs_define
class MultiplierNow:
    """A stock's multiplier: in the books, scheduled, and on every chain.

    Attributes:
        symbol (str):
        current (Multiplier): Shares for one raw token, with 18 decimals, and the number of its version: 0 is the first.
        scheduled (None | Scheduled):
        reason (None | str):
        as_of (None | str):
        chains (list[ChainMultiplier]):
    """

    symbol: str
    current: Multiplier
    scheduled: None | Scheduled
    reason: None | str
    as_of: None | str
    chains: list[ChainMultiplier]

    def to_dict(self) -> dict[str, Any]:
        from ..models.chain_multiplier import ChainMultiplier  # noqa: PLC0415
        from ..models.multiplier import Multiplier  # noqa: PLC0415
        from ..models.scheduled import Scheduled  # noqa: PLC0415

        symbol = self.symbol

        current = self.current.to_dict()

        scheduled: dict[str, Any] | None
        if isinstance(self.scheduled, Scheduled):
            scheduled = self.scheduled.to_dict()
        else:
            scheduled = self.scheduled

        reason: None | str
        reason = self.reason

        as_of: None | str
        as_of = self.as_of

        chains = []
        for chains_item_data in self.chains:
            chains_item = chains_item_data.to_dict()
            chains.append(chains_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "symbol": symbol,
                "current": current,
                "scheduled": scheduled,
                "reason": reason,
                "asOf": as_of,
                "chains": chains,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.chain_multiplier import ChainMultiplier  # noqa: PLC0415
        from ..models.multiplier import Multiplier  # noqa: PLC0415
        from ..models.scheduled import Scheduled  # noqa: PLC0415

        d = dict(src_dict)
        symbol = d.pop("symbol")

        current = Multiplier.from_dict(d.pop("current"))

        def _parse_scheduled(data: object) -> None | Scheduled:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                scheduled_type_0 = Scheduled.from_dict(data)

                return scheduled_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Scheduled, data)

        scheduled = _parse_scheduled(d.pop("scheduled"))

        def _parse_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reason = _parse_reason(d.pop("reason"))

        def _parse_as_of(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        as_of = _parse_as_of(d.pop("asOf"))

        chains = []
        _chains = d.pop("chains")
        for chains_item_data in _chains:
            chains_item = ChainMultiplier.from_dict(chains_item_data)

            chains.append(chains_item)

        multiplier_now = cls(
            symbol=symbol,
            current=current,
            scheduled=scheduled,
            reason=reason,
            as_of=as_of,
            chains=chains,
        )

        return multiplier_now
