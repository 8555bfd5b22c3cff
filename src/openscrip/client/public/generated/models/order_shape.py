"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.order_shape_side import OrderShapeSide
from typing import cast

if TYPE_CHECKING:
    from ..models.event_shape import EventShape
    from ..models.step_shape import StepShape


T = TypeVar("T", bound="OrderShape")


@_attrs_define
class OrderShape:
    """A subscription or a redemption, and where it stands. `sentence` says it in words, `next` who does what.

    `chargedUsd` is what it cost so far; null once what was left over has been sent back. `canCancel` says whether its
    owner may
    still take it back.

        Attributes:
            id (str):
            side (OrderShapeSide):
            kind (str):
            symbol (str):
            network (str):
            wallet (str):
            code (str):
            label (str):
            sentence (str):
            next_ (str):
            is_final (bool):
            steps (list[StepShape]):
            shares (str): a decimal number, exact
            raw (str): a decimal number, exact
            price_per_share (None | str):
            deposit_usd (None | str):
            paid_usd (None | str):
            charged_usd (None | str):
            paid_out_usd (None | str):
            delivered_shares (None | str):
            place (int | None):
            pay_by (None | str):
            asked_at (str):
            rule (None | str):
            reason (None | str):
            can_cancel (bool):
            events (list[EventShape]):
    """

    id: str
    side: OrderShapeSide
    kind: str
    symbol: str
    network: str
    wallet: str
    code: str
    label: str
    sentence: str
    next_: str
    is_final: bool
    steps: list[StepShape]
    shares: str
    raw: str
    price_per_share: None | str
    deposit_usd: None | str
    paid_usd: None | str
    charged_usd: None | str
    paid_out_usd: None | str
    delivered_shares: None | str
    place: int | None
    pay_by: None | str
    asked_at: str
    rule: None | str
    reason: None | str
    can_cancel: bool
    events: list[EventShape]

    def to_dict(self) -> dict[str, Any]:
        from ..models.event_shape import EventShape  # noqa: PLC0415
        from ..models.step_shape import StepShape  # noqa: PLC0415

        id = self.id

        side = self.side.value

        kind = self.kind

        symbol = self.symbol

        network = self.network

        wallet = self.wallet

        code = self.code

        label = self.label

        sentence = self.sentence

        next_ = self.next_

        is_final = self.is_final

        steps = []
        for steps_item_data in self.steps:
            steps_item = steps_item_data.to_dict()
            steps.append(steps_item)

        shares = self.shares

        raw = self.raw

        price_per_share: None | str
        price_per_share = self.price_per_share

        deposit_usd: None | str
        deposit_usd = self.deposit_usd

        paid_usd: None | str
        paid_usd = self.paid_usd

        charged_usd: None | str
        charged_usd = self.charged_usd

        paid_out_usd: None | str
        paid_out_usd = self.paid_out_usd

        delivered_shares: None | str
        delivered_shares = self.delivered_shares

        place: int | None
        place = self.place

        pay_by: None | str
        pay_by = self.pay_by

        asked_at = self.asked_at

        rule: None | str
        rule = self.rule

        reason: None | str
        reason = self.reason

        can_cancel = self.can_cancel

        events = []
        for events_item_data in self.events:
            events_item = events_item_data.to_dict()
            events.append(events_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "side": side,
                "kind": kind,
                "symbol": symbol,
                "network": network,
                "wallet": wallet,
                "code": code,
                "label": label,
                "sentence": sentence,
                "next": next_,
                "isFinal": is_final,
                "steps": steps,
                "shares": shares,
                "raw": raw,
                "pricePerShare": price_per_share,
                "depositUsd": deposit_usd,
                "paidUsd": paid_usd,
                "chargedUsd": charged_usd,
                "paidOutUsd": paid_out_usd,
                "deliveredShares": delivered_shares,
                "place": place,
                "payBy": pay_by,
                "askedAt": asked_at,
                "rule": rule,
                "reason": reason,
                "canCancel": can_cancel,
                "events": events,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.event_shape import EventShape  # noqa: PLC0415
        from ..models.step_shape import StepShape  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        side = OrderShapeSide(d.pop("side"))

        kind = d.pop("kind")

        symbol = d.pop("symbol")

        network = d.pop("network")

        wallet = d.pop("wallet")

        code = d.pop("code")

        label = d.pop("label")

        sentence = d.pop("sentence")

        next_ = d.pop("next")

        is_final = d.pop("isFinal")

        steps = []
        _steps = d.pop("steps")
        for steps_item_data in _steps:
            steps_item = StepShape.from_dict(steps_item_data)

            steps.append(steps_item)

        shares = d.pop("shares")

        raw = d.pop("raw")

        def _parse_price_per_share(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        price_per_share = _parse_price_per_share(d.pop("pricePerShare"))

        def _parse_deposit_usd(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        deposit_usd = _parse_deposit_usd(d.pop("depositUsd"))

        def _parse_paid_usd(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        paid_usd = _parse_paid_usd(d.pop("paidUsd"))

        def _parse_charged_usd(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        charged_usd = _parse_charged_usd(d.pop("chargedUsd"))

        def _parse_paid_out_usd(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        paid_out_usd = _parse_paid_out_usd(d.pop("paidOutUsd"))

        def _parse_delivered_shares(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        delivered_shares = _parse_delivered_shares(d.pop("deliveredShares"))

        def _parse_place(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        place = _parse_place(d.pop("place"))

        def _parse_pay_by(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        pay_by = _parse_pay_by(d.pop("payBy"))

        asked_at = d.pop("askedAt")

        def _parse_rule(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        rule = _parse_rule(d.pop("rule"))

        def _parse_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reason = _parse_reason(d.pop("reason"))

        can_cancel = d.pop("canCancel")

        events = []
        _events = d.pop("events")
        for events_item_data in _events:
            events_item = EventShape.from_dict(events_item_data)

            events.append(events_item)

        order_shape = cls(
            id=id,
            side=side,
            kind=kind,
            symbol=symbol,
            network=network,
            wallet=wallet,
            code=code,
            label=label,
            sentence=sentence,
            next_=next_,
            is_final=is_final,
            steps=steps,
            shares=shares,
            raw=raw,
            price_per_share=price_per_share,
            deposit_usd=deposit_usd,
            paid_usd=paid_usd,
            charged_usd=charged_usd,
            paid_out_usd=paid_out_usd,
            delivered_shares=delivered_shares,
            place=place,
            pay_by=pay_by,
            asked_at=asked_at,
            rule=rule,
            reason=reason,
            can_cancel=can_cancel,
            events=events,
        )

        return order_shape
