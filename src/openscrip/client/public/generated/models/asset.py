"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.coverage import Coverage
    from ..models.deployment import Deployment
    from ..models.multiplier import Multiplier
    from ..models.trading import Trading
    from ..models.underlying import Underlying


T = TypeVar("T", bound="Asset")


@_attrs_define
class Asset:
    """A stock and its token.

    Attributes:
        id (str):
        symbol (str):
        name (str):
        isin (str):
        description (str):
        logo (None | str):
        underlying (Underlying): The share itself.
        is_trading_halted (bool):
        halt_reasons (list[str]):
        trading (Trading): When the primary market takes requests: always; what it charges depends on the hours.
        multiplier (Multiplier): Shares for one raw token, with 18 decimals, and the number of its version: 0 is the
            first.
        epoch (int):
        coverage (Coverage): Whether every token is backed: shares held for each owed, rounded down; null where nothing
            is owed or comparable.
        deployments (list[Deployment]):
    """

    id: str
    symbol: str
    name: str
    isin: str
    description: str
    logo: None | str
    underlying: Underlying
    is_trading_halted: bool
    halt_reasons: list[str]
    trading: Trading
    multiplier: Multiplier
    epoch: int
    coverage: Coverage
    deployments: list[Deployment]

    def to_dict(self) -> dict[str, Any]:
        from ..models.coverage import Coverage  # noqa: PLC0415
        from ..models.deployment import Deployment  # noqa: PLC0415
        from ..models.multiplier import Multiplier  # noqa: PLC0415
        from ..models.trading import Trading  # noqa: PLC0415
        from ..models.underlying import Underlying  # noqa: PLC0415

        id = self.id

        symbol = self.symbol

        name = self.name

        isin = self.isin

        description = self.description

        logo: None | str
        logo = self.logo

        underlying = self.underlying.to_dict()

        is_trading_halted = self.is_trading_halted

        halt_reasons = self.halt_reasons

        trading = self.trading.to_dict()

        multiplier = self.multiplier.to_dict()

        epoch = self.epoch

        coverage = self.coverage.to_dict()

        deployments = []
        for deployments_item_data in self.deployments:
            deployments_item = deployments_item_data.to_dict()
            deployments.append(deployments_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "symbol": symbol,
                "name": name,
                "isin": isin,
                "description": description,
                "logo": logo,
                "underlying": underlying,
                "isTradingHalted": is_trading_halted,
                "haltReasons": halt_reasons,
                "trading": trading,
                "multiplier": multiplier,
                "epoch": epoch,
                "coverage": coverage,
                "deployments": deployments,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.coverage import Coverage  # noqa: PLC0415
        from ..models.deployment import Deployment  # noqa: PLC0415
        from ..models.multiplier import Multiplier  # noqa: PLC0415
        from ..models.trading import Trading  # noqa: PLC0415
        from ..models.underlying import Underlying  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        symbol = d.pop("symbol")

        name = d.pop("name")

        isin = d.pop("isin")

        description = d.pop("description")

        def _parse_logo(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        logo = _parse_logo(d.pop("logo"))

        underlying = Underlying.from_dict(d.pop("underlying"))

        is_trading_halted = d.pop("isTradingHalted")

        halt_reasons = cast(list[str], d.pop("haltReasons"))

        trading = Trading.from_dict(d.pop("trading"))

        multiplier = Multiplier.from_dict(d.pop("multiplier"))

        epoch = d.pop("epoch")

        coverage = Coverage.from_dict(d.pop("coverage"))

        deployments = []
        _deployments = d.pop("deployments")
        for deployments_item_data in _deployments:
            deployments_item = Deployment.from_dict(deployments_item_data)

            deployments.append(deployments_item)

        asset = cls(
            id=id,
            symbol=symbol,
            name=name,
            isin=isin,
            description=description,
            logo=logo,
            underlying=underlying,
            is_trading_halted=is_trading_halted,
            halt_reasons=halt_reasons,
            trading=trading,
            multiplier=multiplier,
            epoch=epoch,
            coverage=coverage,
            deployments=deployments,
        )

        return asset
