"""Messages of every kind that the profile can hold, made by its own tables and made to fit the rules between fields."""

from collections.abc import Callable
from dataclasses import fields
from datetime import date
from enum import StrEnum
from typing import Any

from hypothesis import strategies as st

from openscrip.assets.iso20022 import codes, values
from openscrip.assets.iso20022.cancellation import CancellationStatus
from openscrip.assets.iso20022.corporate_action import CashToCome, EventNotification, Option, SharesToCome
from openscrip.assets.iso20022.entitlement import CashExpected, CashPosted, ExpectedOption, MovementAdvice, MovementConfirmation
from openscrip.assets.iso20022.holdings import (
    OUTSIDE_AGGREGATE,
    Holding,
    IntraPositionConfirmation,
    IntraPositionMovement,
    StatementPage,
)
from openscrip.assets.iso20022.messages import TYPES, Message, MessageType
from openscrip.assets.iso20022.profile import Group, Leaf, Part
from openscrip.assets.iso20022.settlement import SettlementConfirmation, SettlementInstruction, Status
from openscrip.assets.iso20022.shared import Party, SettlementParties
from openscrip.assets.iso20022.values import Kind
from openscrip.kernel.instrument import isin_check_digit
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.quantities import Shares

LINES_DRAWN_MAX = 4


def lei_of(stem: str) -> str:
    return f"{stem}{98 - int(''.join(str(int(each, 36)) for each in stem) + '00') % 97:02}"


def isin_of(stem: str) -> str:
    return f"{stem}{isin_check_digit(stem)}"


def upper(pattern: str) -> st.SearchStrategy[str]:
    return st.from_regex(pattern, fullmatch=True)


shares = st.one_of(st.integers(1, 10**18 - 1), st.sampled_from([1, 10**9, 10**17])).map(Shares)
DRAWN: dict[Kind, st.SearchStrategy[Any]] = {
    values.IDENTIFIER: upper(r"[!-~]([ -~]{0,33}[!-~])?"),
    values.LONG_IDENTIFIER: upper(r"[!-~]([ -~]{0,198}[!-~])?"),
    values.NARRATIVE: st.text(min_size=1, max_size=210).filter(lambda text: text.isprintable() and text == text.strip()),
    values.ISIN: upper(r"[A-Z]{2}[A-Z0-9]{9}").map(isin_of),
    values.BIC: upper(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?"),
    values.LEI: upper(r"[A-Z0-9]{18}").map(lei_of),
    values.MIC: upper(r"[A-Z0-9]{4}"),
    values.DATE: st.dates(date(1970, 1, 1)),
    values.INSTANT: st.integers(0, values.INSTANT_MAX),
    values.BOOLEAN: st.booleans(),
    values.NATURAL: st.integers(0, values.INTEGER_MAX),
    values.PAGE: st.integers(1, 99_999),
    values.OPTION: upper(r"[0-9]{3}"),
    values.HASH: upper(r"[0-9a-f]{64}"),
    values.QUANTITY: shares,
    values.BALANCE: shares | st.just(Shares(0)),
    values.PER_SHARE: st.integers(0, 10**15).map(PricePerShare),
    values.PERCENT: st.integers(0, 10_000).map(Bps),
    values.RATIO_PART: st.integers(1, values.RATIO_MAX),
    values.MONEY: st.integers(0, 10**16).map(lambda units: Money(units * 10)),
}


def value_of(part: Leaf | Group) -> st.SearchStrategy[Any]:
    if isinstance(part, Group):
        one = record_of(part.record, part.parts, dict(part.preset))
        return st.lists(one, max_size=min(part.many, LINES_DRAWN_MAX)).map(tuple) if part.many else one
    if part.kind in DRAWN:
        return DRAWN[part.kind]
    return st.sampled_from(list(part.kind.type)) if issubclass(part.kind.type, StrEnum) else st.none()


@st.composite
def record_of(draw: st.DrawFn, record: Any, parts: tuple[Part, ...], preset: dict[str, object]) -> Any:
    """A record with a value from the table for every field, or none where none is needed."""
    drawn: dict[str, Any] = dict(preset)
    for each in fields(record):
        places = [part for part in parts if isinstance(part, Leaf | Group) and part.name == each.name]
        if each.name in drawn or not places:
            continue
        place = draw(st.sampled_from(places))
        optional = each.default is None and draw(st.booleans())
        drawn[each.name] = None if optional else draw(value_of(place))
    for kind, fit in FITS:
        if record is kind:
            fit(drawn, draw)
    return record(**drawn)


def fit_sides(drawn: dict[str, Any], draw: st.DrawFn) -> None:
    receives = drawn["movement"] is codes.Movement.RECEIVE
    parties = drawn["delivering"] or drawn["receiving"]
    if parties is None:
        proprietary = draw(DRAWN[values.BIC])
        parties = SettlementParties(proprietary, "A", bic=proprietary)
    drawn["delivering"], drawn["receiving"] = (parties, None) if receives else (None, parties)
    paid = drawn["payment"] is codes.PaymentType.AGAINST_PAYMENT
    way = codes.Direction.DEBIT if receives else codes.Direction.CREDIT
    drawn["amount"], drawn["amount_direction"] = (draw(DRAWN[values.MONEY]), way) if paid else (None, None)
    if "settles_on" in drawn:
        drawn["traded_on"] = min(drawn["traded_on"], drawn["settles_on"])


def fit_part(drawn: dict[str, Any], draw: st.DrawFn) -> None:
    if drawn["part"] is None:
        drawn.update(settled_before=None, remaining=None, previous_part_id=None)
    elif drawn["part"] is codes.PartOfSettlement.LAST:
        drawn["remaining"] = draw(st.sampled_from([None, Shares(0)]))
    else:
        drawn["remaining"] = draw(shares)


def fit_status(drawn: dict[str, Any], draw: st.DrawFn) -> None:
    kind = drawn["kind"]
    reasons = sorted(codes.REASONS[kind] if isinstance(kind, codes.StatusKind) else codes.CANCELLATION_REASONS[kind])
    drawn["reason"] = draw(st.sampled_from([codes.NO_REASON, *reasons])) if reasons else ""
    if drawn["reason"] == codes.NO_REASON:
        drawn["information"] = None


def fit_holding(drawn: dict[str, Any], draw: st.DrawFn) -> None:
    drawn["sub_balances"] = tuple({each.type: each for each in drawn["sub_balances"]}.values())
    inside = sum(each.quantity.atoms for each in drawn["sub_balances"] if each.type not in OUTSIDE_AGGREGATE)
    if drawn["available"].atoms + inside >= 10**18:
        drawn["sub_balances"], inside = (), 0
    drawn["aggregate"] = Shares(drawn["available"].atoms + inside)
    drawn["not_available"] = draw(st.sampled_from([None, Shares(inside)]))
    drawn["epoch"] = draw(DRAWN[values.NATURAL]) if drawn["chain"] else drawn["epoch"]


def fit_page(drawn: dict[str, Any], _: st.DrawFn) -> None:
    drawn["holdings"] = tuple({each.isin: each for each in drawn["holdings"]}.values())
    drawn["activity"] = bool(drawn["holdings"])


def fit_position(drawn: dict[str, Any], draw: st.DrawFn) -> None:
    drawn["target"] = draw(st.sampled_from([each for each in codes.PositionType if each is not drawn["source"]]))


def fit_party(drawn: dict[str, Any], draw: st.DrawFn) -> None:
    if (drawn["bic"] is None) == (drawn["proprietary"] is None):
        drawn["bic"], drawn["proprietary"] = draw(DRAWN[values.BIC]), None


def fit_ratio(drawn: dict[str, Any], _: st.DrawFn) -> None:
    if drawn["exchanged"] is not None:
        drawn["added"] = None


def fit_cash(drawn: dict[str, Any], _: st.DrawFn) -> None:
    if drawn.get("gross") is not None and drawn.get("net") is not None:
        drawn["gross"], drawn["net"] = max(drawn["gross"], drawn["net"]), min(drawn["gross"], drawn["net"])
    if None not in {drawn.get("net_amount"), drawn.get("withheld_amount")}:
        drawn["gross_amount"] = drawn["net_amount"] + drawn["withheld_amount"]


def fit_event(drawn: dict[str, Any], draw: st.DrawFn) -> None:
    options = {each.number: each for each in drawn["options"]}
    option = (ExpectedOption if "advice" in drawn else Option)("001", codes.OptionType.CASH, by_default=True)
    drawn["options"] = tuple(options.values()) or (option,)
    drawn["previous_id"] = drawn["previous_id"] or draw(DRAWN[values.IDENTIFIER])
    if drawn["account"] is None:
        drawn["eligible"] = None


def fit_moved(drawn: dict[str, Any], _: st.DrawFn) -> None:
    if not drawn["shares"] and not drawn["cash"]:
        drawn["cash"] = (CashPosted(codes.Direction.CREDIT, Money(10), date(2026, 8, 13)),)


FITS: tuple[tuple[Any, Callable[[dict[str, Any], st.DrawFn], None]], ...] = (
    (SettlementInstruction, fit_sides),
    (SettlementConfirmation, fit_sides),
    (SettlementConfirmation, fit_part),
    (Status, fit_status),
    (CancellationStatus, fit_status),
    (Holding, fit_holding),
    (StatementPage, fit_page),
    (IntraPositionMovement, fit_position),
    (IntraPositionConfirmation, fit_position),
    (Party, fit_party),
    (SettlementParties, fit_party),
    (SharesToCome, fit_ratio),
    (CashToCome, fit_cash),
    (CashExpected, fit_cash),
    (CashPosted, fit_cash),
    (EventNotification, fit_event),
    (MovementAdvice, fit_event),
    (MovementConfirmation, fit_moved),
)


def message_of(kind: MessageType) -> st.SearchStrategy[Message]:
    """Any message of one type."""
    return record_of(kind.record, kind.parts, {})


any_message = st.sampled_from(TYPES).flatmap(message_of)
