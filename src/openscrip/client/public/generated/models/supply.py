"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.chain_supply import ChainSupply


T = TypeVar("T", bound="Supply")


@_attrs_define
class Supply:
    """Raw tokens, and the shares that they claim (rounded up). `underWay` left a chain and has not arrived on another.

    Attributes:
        symbol (str):
        raw (str): a decimal number, exact
        shares (str): a decimal number, exact
        under_way (str): a decimal number, exact
        as_of (None | str):
        chains (list[ChainSupply]):
    """

    symbol: str
    raw: str
    shares: str
    under_way: str
    as_of: None | str
    chains: list[ChainSupply]

    def to_dict(self) -> dict[str, Any]:
        from ..models.chain_supply import ChainSupply  # noqa: PLC0415

        symbol = self.symbol

        raw = self.raw

        shares = self.shares

        under_way = self.under_way

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
                "raw": raw,
                "shares": shares,
                "underWay": under_way,
                "asOf": as_of,
                "chains": chains,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.chain_supply import ChainSupply  # noqa: PLC0415

        d = dict(src_dict)
        symbol = d.pop("symbol")

        raw = d.pop("raw")

        shares = d.pop("shares")

        under_way = d.pop("underWay")

        def _parse_as_of(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        as_of = _parse_as_of(d.pop("asOf"))

        chains = []
        _chains = d.pop("chains")
        for chains_item_data in _chains:
            chains_item = ChainSupply.from_dict(chains_item_data)

            chains.append(chains_item)

        supply = cls(
            symbol=symbol,
            raw=raw,
            shares=shares,
            under_way=under_way,
            as_of=as_of,
            chains=chains,
        )

        return supply
