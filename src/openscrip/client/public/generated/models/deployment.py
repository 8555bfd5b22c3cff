"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.coin import Coin
    from ..models.multiplier import Multiplier


T = TypeVar("T", bound="Deployment")


@_attrs_define
class Deployment:
    """The token on one chain. `rawSupply` are base units over 10^decimals; `block` is the final block that was read.

    Attributes:
        id (str): CAIP-10: the same address on another chain is another token
        network (str): CAIP-2
        network_name (str):
        address (str):
        decimals (int):
        raw_supply (None | str):
        multiplier (Multiplier | None):
        block (int | None):
        stablecoins (list[Coin]):
    """

    id: str
    network: str
    network_name: str
    address: str
    decimals: int
    raw_supply: None | str
    multiplier: Multiplier | None
    block: int | None
    stablecoins: list[Coin]

    def to_dict(self) -> dict[str, Any]:
        from ..models.coin import Coin  # noqa: PLC0415
        from ..models.multiplier import Multiplier  # noqa: PLC0415

        id = self.id

        network = self.network

        network_name = self.network_name

        address = self.address

        decimals = self.decimals

        raw_supply: None | str
        raw_supply = self.raw_supply

        multiplier: dict[str, Any] | None
        if isinstance(self.multiplier, Multiplier):
            multiplier = self.multiplier.to_dict()
        else:
            multiplier = self.multiplier

        block: int | None
        block = self.block

        stablecoins = []
        for stablecoins_item_data in self.stablecoins:
            stablecoins_item = stablecoins_item_data.to_dict()
            stablecoins.append(stablecoins_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "network": network,
                "networkName": network_name,
                "address": address,
                "decimals": decimals,
                "rawSupply": raw_supply,
                "multiplier": multiplier,
                "block": block,
                "stablecoins": stablecoins,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.coin import Coin  # noqa: PLC0415
        from ..models.multiplier import Multiplier  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        network = d.pop("network")

        network_name = d.pop("networkName")

        address = d.pop("address")

        decimals = d.pop("decimals")

        def _parse_raw_supply(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        raw_supply = _parse_raw_supply(d.pop("rawSupply"))

        def _parse_multiplier(data: object) -> Multiplier | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                multiplier_type_0 = Multiplier.from_dict(data)

                return multiplier_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Multiplier | None, data)

        multiplier = _parse_multiplier(d.pop("multiplier"))

        def _parse_block(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        block = _parse_block(d.pop("block"))

        stablecoins = []
        _stablecoins = d.pop("stablecoins")
        for stablecoins_item_data in _stablecoins:
            stablecoins_item = Coin.from_dict(stablecoins_item_data)

            stablecoins.append(stablecoins_item)

        deployment = cls(
            id=id,
            network=network,
            network_name=network_name,
            address=address,
            decimals=decimals,
            raw_supply=raw_supply,
            multiplier=multiplier,
            block=block,
            stablecoins=stablecoins,
        )

        return deployment
