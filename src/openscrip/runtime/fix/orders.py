"""The application's messages as types: frozen dataclasses to FIX fields and back, amounts as integers in our units.

Each attribute names its tag. A field that our profile does not know is passed over when reading and never written. What
cannot be represented exactly (a price finer than 1e-6 USD, a share finer than 1e-9) is `Malformed`, never rounded; the one
exception is the average price, which is information and says so in its name.
"""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from datetime import date
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, NewType, Union, get_args, get_origin, get_type_hints

from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.fix.codec import Field, Message, format_utc, parse_date, parse_utc
from openscrip.runtime.fix.codes import (
    TERMINAL,
    CancelRejectOf,
    DoubtReason,
    ExecType,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    TransType,
)
from openscrip.runtime.fix.effects import Draft

UtcMs = NewType("UtcMs", int)
"""An instant in UTC milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrderSingle:
    """An order: exactly one of `quantity` and `cash`; `limit` with limit orders and only with them."""

    TYPE: ClassVar[str] = "D"
    client_order_id: Annotated[str, 11]
    account: Annotated[str | None, 1] = None
    handling: Annotated[str, 21] = "1"
    symbol: Annotated[str, 55]
    security_id: Annotated[str | None, 48] = None
    security_id_source: Annotated[str | None, 22] = None
    exchange: Annotated[str | None, 207] = None
    side: Annotated[Side, 54]
    transact_at: Annotated[UtcMs, 60]
    quantity: Annotated[Shares | None, 38] = None
    cash: Annotated[Money | None, 152] = None
    order_type: Annotated[OrderType, 40]
    limit: Annotated[PricePerShare | None, 44] = None
    time_in_force: Annotated[TimeInForce, 59] = TimeInForce.DAY
    sessions: Annotated[int | None, 386] = None
    """1 before `session`: in orders FIX 4.2 has it in a group, and engines that know the group want its count."""
    session: Annotated[str | None, 336] = None
    text: Annotated[str | None, 58] = None

    def __post_init__(self) -> None:
        _check_size_and_limit(self.client_order_id, (self.quantity, self.cash), self.order_type, self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """Cancel `original_client_order_id`; the request has an id of its own."""

    TYPE: ClassVar[str] = "F"
    original_client_order_id: Annotated[str, 41]
    order_id: Annotated[str | None, 37] = None
    client_order_id: Annotated[str, 11]
    account: Annotated[str | None, 1] = None
    symbol: Annotated[str, 55]
    side: Annotated[Side, 54]
    transact_at: Annotated[UtcMs, 60]
    quantity: Annotated[Shares | None, 38] = None
    text: Annotated[str | None, 58] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceRequest:
    """Replace `original_client_order_id` by what stands here, under an id of its own."""

    TYPE: ClassVar[str] = "G"
    order_id: Annotated[str | None, 37] = None
    original_client_order_id: Annotated[str, 41]
    client_order_id: Annotated[str, 11]
    account: Annotated[str | None, 1] = None
    handling: Annotated[str, 21] = "1"
    symbol: Annotated[str, 55]
    side: Annotated[Side, 54]
    transact_at: Annotated[UtcMs, 60]
    quantity: Annotated[Shares, 38]
    order_type: Annotated[OrderType, 40]
    limit: Annotated[PricePerShare | None, 44] = None
    time_in_force: Annotated[TimeInForce, 59] = TimeInForce.DAY
    sessions: Annotated[int | None, 386] = None
    """1 before `session`: in orders FIX 4.2 has it in a group, and engines that know the group want its count."""
    session: Annotated[str | None, 336] = None
    text: Annotated[str | None, 58] = None

    def __post_init__(self) -> None:
        _check_size_and_limit(self.client_order_id, (self.quantity,), self.order_type, self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    """What has become of an order?"""

    TYPE: ClassVar[str] = "H"
    order_id: Annotated[str | None, 37] = None
    client_order_id: Annotated[str, 11]
    account: Annotated[str | None, 1] = None
    symbol: Annotated[str, 55]
    side: Annotated[Side, 54]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport:
    """What happened to an order; dedupe on (broker, `trade_date`, `exec_id`). See `adds_up`."""

    TYPE: ClassVar[str] = "8"
    order_id: Annotated[str, 37]
    client_order_id: Annotated[str | None, 11] = None
    original_client_order_id: Annotated[str | None, 41] = None
    exec_id: Annotated[str, 17]
    trans_type: Annotated[TransType, 20]
    ref_exec_id: Annotated[str | None, 19] = None
    exec_type: Annotated[ExecType, 150]
    status: Annotated[OrderStatus, 39]
    reject_reason: Annotated[int | None, 103] = None
    restatement: Annotated[int | None, 378] = None
    account: Annotated[str | None, 1] = None
    symbol: Annotated[str, 55]
    side: Annotated[Side, 54]
    quantity: Annotated[Shares | None, 38] = None
    cash: Annotated[Money | None, 152] = None
    limit: Annotated[PricePerShare | None, 44] = None
    last_quantity: Annotated[Shares | None, 32] = None
    last_price: Annotated[PricePerShare | None, 31] = None
    last_market: Annotated[str | None, 30] = None
    session: Annotated[str | None, 336] = None
    leaves: Annotated[Shares, 151]
    filled: Annotated[Shares, 14]
    average_price_down: Annotated[PricePerShare, 6, "down"]
    """Cut to 1e-6 USD."""
    trade_date: Annotated[date | None, 75] = None
    transact_at: Annotated[UtcMs | None, 60] = None
    settles_on: Annotated[date | None, 64] = None
    commission: Annotated[Money | None, 12] = None
    commission_type: Annotated[str | None, 13] = None
    """Only 3, an absolute amount, is money."""
    news_before: Annotated[int | None, 9901] = None
    """How many news of the broker's back office came before it; only a broker that speaks our profile says it."""
    text: Annotated[str | None, 58] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReject:
    """A cancel or replace request was refused; `reason` 0 is too late, which means the order was filled."""

    TYPE: ClassVar[str] = "9"
    order_id: Annotated[str, 37]
    client_order_id: Annotated[str, 11]
    original_client_order_id: Annotated[str, 41]
    status: Annotated[OrderStatus, 39]
    rejected: Annotated[CancelRejectOf, 434]
    reason: Annotated[int | None, 102] = None
    text: Annotated[str | None, 58] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DontKnowTrade:
    """We refuse a trade that was reported to us."""

    TYPE: ClassVar[str] = "Q"
    order_id: Annotated[str, 37]
    exec_id: Annotated[str, 17]
    reason: Annotated[DoubtReason, 127]
    symbol: Annotated[str, 55]
    side: Annotated[Side, 54]
    quantity: Annotated[Shares | None, 38] = None
    last_quantity: Annotated[Shares | None, 32] = None
    last_price: Annotated[PricePerShare | None, 31] = None
    text: Annotated[str | None, 58] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessReject:
    """A message was understood by the session and cannot be worked on by the application."""

    TYPE: ClassVar[str] = "j"
    ref_number: Annotated[int | None, 45] = None
    ref_type: Annotated[str, 372]
    ref_id: Annotated[str | None, 379] = None
    reason: Annotated[int, 380]
    text: Annotated[str | None, 58] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReject:
    """A message of ours broke the rules of the session; it will not be worked on. Only read, never sent from here."""

    TYPE: ClassVar[str] = "3"
    ref_number: Annotated[int, 45]
    ref_tag: Annotated[int | None, 371] = None
    ref_type: Annotated[str | None, 372] = None
    reason: Annotated[int | None, 373] = None
    text: Annotated[str | None, 58] = None


Ask = NewOrderSingle | CancelRequest | ReplaceRequest | StatusRequest | DontKnowTrade
Answer = ExecutionReport | CancelReject
OrderMessage = Ask | Answer | BusinessReject | SessionReject
KINDS: dict[str, type[OrderMessage]] = {kind.TYPE: kind for kind in get_args(OrderMessage)}


def adds_up(report: ExecutionReport) -> bool:
    """An order's quantity is what was filled and what is left; nothing is left of an order that is over."""
    if report.status in TERMINAL:
        return not report.leaves and (report.quantity is None or report.filled <= report.quantity)
    return report.quantity is None or report.filled + report.leaves == report.quantity


def to_draft(message: OrderMessage, valid_until_ms: int | None = None) -> Draft:
    """The message as the session sends it."""
    body: list[Field] = []
    for name, place in _places(_kind_of(message)).items():
        value = getattr(message, name)
        if value is not None:
            body.append((place.tag, place.write(value)))
    return Draft(message.TYPE, tuple(body), valid_until_ms)


def from_message(message: Message) -> OrderMessage:
    """The typed form of a message. Raises `Malformed("fix.type")`, `("fix.missing")`, `("fix.value")` or `amount.…`."""
    kind: Any = KINDS.get(message.type)
    if kind is None:
        raise Malformed("fix.type", f"fix: {message.type!r:.20} was no message type of orders")
    values: dict[str, Any] = {}
    found = dict(reversed(message.fields))
    for name, place in _places(kind).items():
        value = found.get(place.tag)
        if value is not None:
            values[name] = _read(place, value, message.type)
        elif place.required:
            raise Malformed("fix.missing", f"fix {message.type}: tag {place.tag} was missing; our profile needs it")
    made: OrderMessage = kind(**values)
    return made


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an attribute stands in a message, and how it is read and written."""

    tag: int
    required: bool
    read: Callable[[str], Any]
    write: Callable[[Any], str]


def _read(place: _Place, value: str, kind: str) -> Any:
    try:
        return place.read(value)
    except Refused:
        raise
    except ValueError as error:
        raise Malformed(
            "fix.value", f"fix {kind}: tag {place.tag} was {value!r:.40}, which our profile does not know"
        ) from error


def _kind_of(message: OrderMessage) -> Any:
    return type(message)


@cache
def _places(kind: Any) -> dict[str, _Place]:
    hints = get_type_hints(kind, include_extras=True)
    places = {}
    for each in fields(kind):
        hint, tag, *options = get_args(hints[each.name])
        if get_origin(hint) in {UnionType, Union}:
            hint = next(part for part in get_args(hint) if part is not NoneType)
        read, write = _AVERAGE if options else _CONVERSIONS.get(hint, (hint, str))
        places[each.name] = _Place(tag, each.default is MISSING, read, write)
    return places


def _plain(value: str) -> str:
    """A FIX decimal without what our amounts do not take: leading zeros, a bare point."""
    whole, point, fraction = value.partition(".")
    if not whole and not fraction:
        return value
    fraction = fraction.rstrip("0") if point else ""
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


def _cut(value: str) -> PricePerShare:
    whole, _, fraction = _plain(value).partition(".")
    return PricePerShare.parse(f"{whole}.{fraction[:6]}" if fraction else whole)


def _text(value: str) -> str:
    return value


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 10):
        raise ValueError(value)
    return int(value)


_AVERAGE: tuple[Callable[[str], Any], Callable[[Any], str]] = (_cut, str)
_CONVERSIONS: dict[Any, tuple[Callable[[str], Any], Callable[[Any], str]]] = {
    str: (_text, _text),
    int: (_count, str),
    UtcMs: (parse_utc, format_utc),
    date: (parse_date, lambda on: on.strftime("%Y%m%d")),
    Shares: (lambda value: Shares.parse(_plain(value)), str),
    Money: (lambda value: Money.parse(_plain(value)), str),
    PricePerShare: (lambda value: PricePerShare.parse(_plain(value)), str),
}


def _check_size_and_limit(
    order: str, sizes: tuple[Shares | Money | None, ...], kind: OrderType, limit: PricePerShare | None
) -> None:
    given = [each for each in sizes if each is not None]
    if len(given) != 1 or given[0].atoms <= 0:
        raise Malformed("fix.order_size", f"fix order {order}: it had not exactly one positive size; give shares or cash")
    limited = kind in {OrderType.LIMIT, OrderType.LIMIT_ON_CLOSE}
    if limited != (limit is not None) or (limit is not None and limit.micros <= 0):
        raise Malformed("fix.order_limit", f"fix order {order}: its price did not fit its type; limit orders alone have one")
