"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.proof_state import ProofState
from typing import cast

if TYPE_CHECKING:
    from ..models.custody_holding import CustodyHolding
    from ..models.reserve_on_chain import ReserveOnChain


T = TypeVar("T", bound="Proof")


@_attrs_define
class Proof:
    """Shares held against shares owed: supply x multiplier rounded up, and claims of redemptions that are not delivered.

    Attributes:
        symbol (str):
        state (ProofState):
        timestamp (None | str):
        since (None | str):
        stale (bool):
        shares_held (str): a decimal number, exact
        shares_owed (str): a decimal number, exact
        claims (str): a decimal number, exact
        circulating_supply (str): a decimal number, exact
        ratio (None | str):
        epoch (int):
        holdings (list[CustodyHolding]):
        on_chain (list[ReserveOnChain]):
    """

    symbol: str
    state: ProofState
    timestamp: None | str
    since: None | str
    stale: bool
    shares_held: str
    shares_owed: str
    claims: str
    circulating_supply: str
    ratio: None | str
    epoch: int
    holdings: list[CustodyHolding]
    on_chain: list[ReserveOnChain]

    def to_dict(self) -> dict[str, Any]:
        from ..models.custody_holding import CustodyHolding  # noqa: PLC0415
        from ..models.reserve_on_chain import ReserveOnChain  # noqa: PLC0415

        symbol = self.symbol

        state = self.state.value

        timestamp: None | str
        timestamp = self.timestamp

        since: None | str
        since = self.since

        stale = self.stale

        shares_held = self.shares_held

        shares_owed = self.shares_owed

        claims = self.claims

        circulating_supply = self.circulating_supply

        ratio: None | str
        ratio = self.ratio

        epoch = self.epoch

        holdings = []
        for holdings_item_data in self.holdings:
            holdings_item = holdings_item_data.to_dict()
            holdings.append(holdings_item)

        on_chain = []
        for on_chain_item_data in self.on_chain:
            on_chain_item = on_chain_item_data.to_dict()
            on_chain.append(on_chain_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "symbol": symbol,
                "state": state,
                "timestamp": timestamp,
                "since": since,
                "stale": stale,
                "sharesHeld": shares_held,
                "sharesOwed": shares_owed,
                "claims": claims,
                "circulatingSupply": circulating_supply,
                "ratio": ratio,
                "epoch": epoch,
                "holdings": holdings,
                "onChain": on_chain,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.custody_holding import CustodyHolding  # noqa: PLC0415
        from ..models.reserve_on_chain import ReserveOnChain  # noqa: PLC0415

        d = dict(src_dict)
        symbol = d.pop("symbol")

        state = ProofState(d.pop("state"))

        def _parse_timestamp(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        timestamp = _parse_timestamp(d.pop("timestamp"))

        def _parse_since(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        since = _parse_since(d.pop("since"))

        stale = d.pop("stale")

        shares_held = d.pop("sharesHeld")

        shares_owed = d.pop("sharesOwed")

        claims = d.pop("claims")

        circulating_supply = d.pop("circulatingSupply")

        def _parse_ratio(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        ratio = _parse_ratio(d.pop("ratio"))

        epoch = d.pop("epoch")

        holdings = []
        _holdings = d.pop("holdings")
        for holdings_item_data in _holdings:
            holdings_item = CustodyHolding.from_dict(holdings_item_data)

            holdings.append(holdings_item)

        on_chain = []
        _on_chain = d.pop("onChain")
        for on_chain_item_data in _on_chain:
            on_chain_item = ReserveOnChain.from_dict(on_chain_item_data)

            on_chain.append(on_chain_item)

        proof = cls(
            symbol=symbol,
            state=state,
            timestamp=timestamp,
            since=since,
            stale=stale,
            shares_held=shares_held,
            shares_owed=shares_owed,
            claims=claims,
            circulating_supply=circulating_supply,
            ratio=ratio,
            epoch=epoch,
            holdings=holdings,
            on_chain=on_chain,
        )

        return proof
