"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..types import UNSET, Unset
from typing import cast


T = TypeVar("T", bound="SubscriptionAsked")


@_attrs_define
class SubscriptionAsked:
    """Money into tokens. `requestId` is yours, once for ever: the same request again is the same answer.

    `funding` is `bank`, or the stablecoin that `payWallet` sends on `payNetwork`; without those, `wallet` on `network`.

        Attributes:
            request_id (str):
            symbol (str):
            network (str): CAIP-2
            wallet (str):
            shares (str):
            at_once (bool | Unset):  Default: False.
            quote (None | str | Unset):
            funding (str | Unset):  Default: 'bank'.
            pay_network (None | str | Unset):
            pay_wallet (None | str | Unset):
    """

    request_id: str
    symbol: str
    network: str
    wallet: str
    shares: str
    at_once: bool | Unset = False
    quote: None | str | Unset = UNSET
    funding: str | Unset = "bank"
    pay_network: None | str | Unset = UNSET
    pay_wallet: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        request_id = self.request_id

        symbol = self.symbol

        network = self.network

        wallet = self.wallet

        shares = self.shares

        at_once = self.at_once

        quote: None | str | Unset
        if isinstance(self.quote, Unset):
            quote = UNSET
        else:
            quote = self.quote

        funding = self.funding

        pay_network: None | str | Unset
        if isinstance(self.pay_network, Unset):
            pay_network = UNSET
        else:
            pay_network = self.pay_network

        pay_wallet: None | str | Unset
        if isinstance(self.pay_wallet, Unset):
            pay_wallet = UNSET
        else:
            pay_wallet = self.pay_wallet

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "requestId": request_id,
                "symbol": symbol,
                "network": network,
                "wallet": wallet,
                "shares": shares,
            }
        )
        if at_once is not UNSET:
            field_dict["atOnce"] = at_once
        if quote is not UNSET:
            field_dict["quote"] = quote
        if funding is not UNSET:
            field_dict["funding"] = funding
        if pay_network is not UNSET:
            field_dict["payNetwork"] = pay_network
        if pay_wallet is not UNSET:
            field_dict["payWallet"] = pay_wallet

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        request_id = d.pop("requestId")

        symbol = d.pop("symbol")

        network = d.pop("network")

        wallet = d.pop("wallet")

        shares = d.pop("shares")

        at_once = d.pop("atOnce", UNSET)

        def _parse_quote(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        quote = _parse_quote(d.pop("quote", UNSET))

        funding = d.pop("funding", UNSET)

        def _parse_pay_network(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        pay_network = _parse_pay_network(d.pop("payNetwork", UNSET))

        def _parse_pay_wallet(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        pay_wallet = _parse_pay_wallet(d.pop("payWallet", UNSET))

        subscription_asked = cls(
            request_id=request_id,
            symbol=symbol,
            network=network,
            wallet=wallet,
            shares=shares,
            at_once=at_once,
            quote=quote,
            funding=funding,
            pay_network=pay_network,
            pay_wallet=pay_wallet,
        )

        return subscription_asked
