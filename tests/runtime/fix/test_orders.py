"""Typed order messages: to fields and back without loss; what cannot be exact is refused."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.runtime.fix.desk import START_MS, acceptor, theirs

from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.fix.codec import Message, decode, encode
from openscrip.runtime.fix.codes import (
    CancelRejectOf,
    DoubtReason,
    ExecType,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    TransType,
)
from openscrip.runtime.fix.dictionary import fault_in
from openscrip.runtime.fix.orders import (
    BusinessReject,
    CancelReject,
    CancelRequest,
    DontKnowTrade,
    ExecutionReport,
    NewOrderSingle,
    OrderMessage,
    ReplaceRequest,
    StatusRequest,
    UtcMs,
    adds_up,
    from_message,
    to_draft,
)

AT = UtcMs(START_MS)
IDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
TEXTS = st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60)
TIMES = st.integers(0, 4_102_444_799_999).map(UtcMs)
SOME = st.integers(1, 10**18).map(Shares)
SHARES = st.integers(0, 10**18).map(Shares)
PRICES = st.integers(1, 10**12).map(PricePerShare)
SIDES = st.sampled_from(Side)
DATES = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def order(**changes: object) -> NewOrderSingle:
    fields: dict[str, object] = {
        "client_order_id": "o-1", "symbol": "AAPL", "side": Side.BUY, "transact_at": AT,
        "quantity": Shares(1_500_000_000), "order_type": OrderType.MARKET,
    } | changes  # fmt: skip
    return NewOrderSingle(**fields)  # type: ignore[arg-type]  # fields by name


def report(**changes: object) -> ExecutionReport:
    fields: dict[str, object] = {
        "order_id": "b-1", "client_order_id": "o-1", "exec_id": "e-1", "trans_type": TransType.NEW,
        "exec_type": ExecType.PARTIAL_FILL, "status": OrderStatus.PARTIALLY_FILLED, "symbol": "AAPL", "side": Side.BUY,
        "quantity": Shares.whole(3), "last_quantity": Shares.whole(1), "last_price": PricePerShare.parse("187.4"),
        "leaves": Shares.whole(2), "filled": Shares.whole(1), "average_price_down": PricePerShare.parse("187.4"),
        "trade_date": date(2026, 3, 2), "settles_on": date(2026, 3, 3), "commission": Money.parse("0.01"),
        "commission_type": "3", "transact_at": AT,
    } | changes  # fmt: skip
    return ExecutionReport(**fields)  # type: ignore[arg-type]  # fields by name


MESSAGES: st.SearchStrategy[OrderMessage] = st.one_of(
    st.builds(order, client_order_id=IDS, quantity=SOME, side=SIDES, transact_at=TIMES, text=TEXTS, account=TEXTS),
    st.builds(order, quantity=st.none(), cash=st.integers(1, 10**15).map(Money)),
    st.builds(order, order_type=st.just(OrderType.LIMIT), limit=PRICES, time_in_force=st.sampled_from(TimeInForce)),
    st.builds(
        CancelRequest, original_client_order_id=IDS, client_order_id=IDS, symbol=IDS, side=SIDES, transact_at=TIMES,
        order_id=st.none() | IDS, quantity=st.none() | SOME,
    ),
    st.builds(
        ReplaceRequest, original_client_order_id=IDS, client_order_id=IDS, symbol=IDS, side=SIDES, transact_at=TIMES,
        quantity=SOME, order_type=st.just(OrderType.LIMIT), limit=PRICES, order_id=st.none() | IDS, text=TEXTS,
    ),
    st.builds(StatusRequest, client_order_id=IDS, symbol=IDS, side=SIDES, order_id=st.none() | IDS),
    st.builds(
        report, exec_id=IDS, trans_type=st.sampled_from(TransType), exec_type=st.sampled_from(ExecType),
        status=st.sampled_from(OrderStatus), quantity=st.none() | SOME, leaves=SHARES, filled=SHARES,
        last_price=st.none() | PRICES, average_price_down=PRICES, trade_date=DATES, ref_exec_id=st.none() | IDS,
        reject_reason=st.none() | st.integers(0, 8), restatement=st.none() | st.integers(0, 5), transact_at=st.none() | TIMES,
    ),
    st.builds(
        CancelReject, order_id=IDS, client_order_id=IDS, original_client_order_id=IDS, status=st.sampled_from(OrderStatus),
        rejected=st.sampled_from(CancelRejectOf), reason=st.none() | st.integers(0, 3), text=TEXTS,
    ),
    st.builds(
        DontKnowTrade, order_id=IDS, exec_id=IDS, reason=st.sampled_from(DoubtReason), symbol=IDS, side=SIDES,
        quantity=st.none() | SOME, last_quantity=st.none() | SOME, last_price=st.none() | PRICES, text=TEXTS,
    ),
    st.builds(BusinessReject, ref_type=IDS, reason=st.integers(0, 7), ref_number=st.none() | st.integers(1, 10**9), text=TEXTS),
)  # fmt: skip


@given(message=MESSAGES)
def test_any_message__over_the_wire__is_the_same_and_passes_the_dictionary(message: OrderMessage) -> None:
    draft = to_draft(message)
    received = decode(encode(theirs(draft.type, 1, *draft.fields, to=acceptor())))
    assert fault_in(received) is None
    assert from_message(received) == message


def test_order__on_the_wire__has_decimals_of_shares_and_dollars() -> None:
    limited = order(order_type=OrderType.LIMIT, limit=PricePerShare.parse("187.43"), quantity=Shares(1))
    fields = dict(to_draft(limited).fields)
    assert (fields[38], fields[44], fields[40], fields[60]) == ("0.000000001", "187.43", "2", "20260302-14:30:00.000")


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": None},
        {"cash": Money.parse("5")},
        {"quantity": Shares(0)},
        {"quantity": Shares(-1)},
        {"limit": PricePerShare.parse("1")},
        {"order_type": OrderType.LIMIT},
        {"order_type": OrderType.LIMIT, "limit": PricePerShare(0)},
    ],
)
def test_order__without_exactly_one_size_or_the_price_of_its_type__is_malformed(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed, match="fix order o-1"):
        order(**changes)


def changed(tag: int, value: str) -> Message:
    draft = to_draft(report())
    return Message(draft.type, tuple((found, value if found == tag else text) for found, text in draft.fields))


@pytest.mark.parametrize(("text", "atoms"), [("1", 10**9), ("1.0000000000", 10**9), ("01.50", 15 * 10**8), ("1.", 10**9)])
def test_quantity__however_a_broker_writes_it__is_the_same(text: str, atoms: int) -> None:
    read = from_message(changed(14, text))
    assert isinstance(read, ExecutionReport)
    assert read.filled.atoms == atoms


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (32, "0.0000000001"),
        (31, "1.0000001"),
        (14, "-1"),
        (6, "1e3"),
        (54, "5"),
        (39, "Z"),
        (75, "20261301"),
        (60, "noon"),
        (12, ""),
    ],
)
def test_report__a_value_that_is_finer_than_our_units_or_not_in_our_profile__is_malformed(tag: int, value: str) -> None:
    with pytest.raises(Malformed):
        from_message(changed(tag, value))


def test_average_price__finer_than_a_millionth__is_cut() -> None:
    read = from_message(changed(6, "187.4233339999"))
    assert isinstance(read, ExecutionReport)
    assert str(read.average_price_down) == "187.423333"


def test_message__without_a_field_that_our_profile_needs__is_malformed() -> None:
    with pytest.raises(Malformed, match="tag 55"):
        from_message(Message("H", ((11, "o-1"), (54, "1"))))


def test_message__of_another_kind__is_malformed() -> None:
    with pytest.raises(Malformed, match="'R'"):
        from_message(Message("R", ()))


@pytest.mark.parametrize(
    ("status", "filled", "leaves", "holds"),
    [
        (OrderStatus.NEW, 0, 3, True),
        (OrderStatus.PARTIALLY_FILLED, 1, 2, True),
        (OrderStatus.PARTIALLY_FILLED, 1, 1, False),
        (OrderStatus.FILLED, 3, 0, True),
        (OrderStatus.FILLED, 4, 0, False),
        (OrderStatus.CANCELED, 1, 0, True),
        (OrderStatus.CANCELED, 1, 2, False),
        (OrderStatus.REJECTED, 0, 0, True),
        (OrderStatus.EXPIRED, 0, 1, False),
    ],
)
def test_report__adds_up__when_filled_and_left_make_the_quantity(
    status: OrderStatus, filled: int, leaves: int, holds: bool
) -> None:
    assert adds_up(report(status=status, filled=Shares.whole(filled), leaves=Shares.whole(leaves))) is holds
