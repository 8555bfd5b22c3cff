"""What follows from single messages of a broker: adopted, refused, asked for, questioned; without a session or a socket."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from openscrip.assets.broker import BrokerEvent, Fill, Order, OrderAccepted, OrderDone, OrderRejected, Side
from openscrip.assets.brokers import fix_migrations
from openscrip.assets.brokers.fix_books import FixBooks, new_orders
from openscrip.assets.brokers.fix_desk import FixDesk
from openscrip.assets.brokers.fix_tables import event, metadata
from openscrip.assets.brokers.paper import broker_event
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.database import open_database, sqlite_url, upgrade
from openscrip.runtime.fix import codes
from openscrip.runtime.fix.codec import Message
from openscrip.runtime.fix.effects import Draft, Identity
from openscrip.runtime.fix.orders import BusinessReject, ExecutionReport, OrderMessage, to_draft
from openscrip.runtime.prepared import Session

NOW, UNTIL = 1_717_425_000, 1_717_444_800
ACK = ExecutionReport(
    order_id="b-1",
    client_order_id="buy-1",
    exec_id="r-1",
    trans_type=codes.TransType.NEW,
    exec_type=codes.ExecType.NEW,
    status=codes.OrderStatus.NEW,
    symbol="TSLA",
    side=codes.Side.BUY,
    quantity=Shares.whole(5),
    leaves=Shares.whole(5),
    filled=Shares(0),
    average_price_down=PricePerShare(0),
)
FILL = replace(
    ACK,
    exec_id="e-1",
    exec_type=codes.ExecType.FILL,
    status=codes.OrderStatus.FILLED,
    leaves=Shares(0),
    filled=Shares.whole(5),
    last_quantity=Shares.whole(5),
    last_price=PricePerShare.parse("176.29"),
    trade_date=date(2024, 6, 3),
)
REJECT = replace(ACK, exec_type=codes.ExecType.REJECTED, status=codes.OrderStatus.REJECTED, leaves=Shares(0), order_id="NONE")


class Desk:
    """A desk with its books; each call is a transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.now, self.machine = engine, NOW, 0.0
        self.desk = FixDesk(Identity("US", "THEM"), lambda: self.now, lambda: self.machine, 5.0, live=False)

    def place(self, *cases: str) -> list[Draft]:
        with self.engine.begin() as connection:
            books = FixBooks(Session(connection))
            orders = [(Order(case, "TSLA", Side.BUY, Shares.whole(5), PricePerShare.parse("200")), UNTIL) for case in cases]
            new_orders(books, orders)
            books.flush()
        return self.due()

    def due(self) -> list[Draft]:
        with self.engine.begin() as connection:
            books = FixBooks(Session(connection))
            drafts = list(self.desk.due(books))
            books.flush()
        return drafts

    def hear(self, told: OrderMessage | Message) -> list[Draft]:
        """Take a message; gives what is sent then."""
        draft = told if isinstance(told, Message) else to_draft(told)
        with self.engine.begin() as connection:
            books = FixBooks(Session(connection))
            self.desk.received(books, draft if isinstance(draft, Message) else Message(draft.type, draft.fields))
            books.flush()
        return self.due()

    def events(self) -> list[BrokerEvent]:
        with self.engine.connect() as connection:
            return [broker_event(json.loads(row.body)) for row in connection.execute(event.select().order_by(event.c.seq))]

    def doubts(self) -> list[str]:
        with self.engine.connect() as connection:
            return [reason for _, _, reason in FixBooks(Session(connection)).questions(10)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    engine = open_database(sqlite_url(tmp_path / "fix.db"))
    upgrade(engine, fix_migrations)
    made = Desk(engine)
    assert [draft.type for draft in made.place("buy-1")] == ["D"]
    yield made
    engine.dispose()


def kinds(desk: Desk) -> list[str]:
    return [type(each).__name__ for each in desk.events()]


def test_a_reject_as_a_duplicate__is_taken_for_accepted_and_asked_for(desk: Desk) -> None:
    (asked,) = desk.hear(replace(REJECT, reject_reason=6))
    assert asked.type == "H"
    assert kinds(desk) == []
    desk.hear(replace(ACK, trans_type=codes.TransType.STATUS))
    desk.hear(FILL)
    assert kinds(desk) == ["OrderAccepted", "Fill", "OrderDone"]


def test_a_broker_that_never_received_an_order__is_sent_it_again_under_its_own_id(desk: Desk) -> None:
    unknown = replace(REJECT, trans_type=codes.TransType.STATUS, reject_reason=5)
    (again,) = desk.hear(unknown)
    assert (again.type, dict(again.fields)[11]) == ("D", "buy-1")
    desk.now = UNTIL + 1
    assert desk.hear(unknown) == []
    (rejected,) = desk.events()
    assert isinstance(rejected, OrderRejected)
    assert rejected.reason == "stale_order"


def test_an_order_without_an_answer__is_asked_for_after_a_while_and_again(desk: Desk) -> None:
    assert desk.due() == []
    desk.machine = 6.0
    assert [draft.type for draft in desk.due()] == ["H"]
    assert desk.due() == []
    desk.machine = 12.0
    assert [draft.type for draft in desk.due()] == ["H"]
    desk.hear(ACK)
    desk.machine = 30.0
    assert desk.due() == []


def test_a_fill_before_its_acknowledgement__accepts_the_order_first(desk: Desk) -> None:
    desk.hear(FILL)
    desk.hear(ACK)
    assert kinds(desk) == ["OrderAccepted", "Fill", "OrderDone"]


def test_the_same_trade_twice__is_booked_once(desk: Desk) -> None:
    for _ in range(2):
        desk.hear(FILL)
    assert kinds(desk).count("Fill") == 1
    later = replace(FILL, trade_date=date(2024, 6, 4))
    (answer,) = desk.hear(later)
    # The same ExecID on another date is another trade, and there is nothing left to fill.
    assert dict(answer.fields)[127] == "C"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"client_order_id": "buy-9"}, "D"),
        ({"symbol": "AAPL"}, "A"),
        ({"side": codes.Side.SELL}, "B"),
        ({"last_quantity": Shares(5_000_000_001)}, "C"),
        ({"last_price": PricePerShare.parse("200.000001")}, "E"),
        ({"last_quantity": None}, "Z"),
        ({"leaves": Shares(1)}, "Z"),
        ({"filled": Shares.whole(6)}, "Z"),
    ],
)
def test_a_trade_that_does_not_fit__is_questioned_and_kept_in_doubt(desk: Desk, change: dict[str, object], reason: str) -> None:
    (answer,) = desk.hear(replace(FILL, **change))  # type: ignore[arg-type]  # fields by name
    assert (answer.type, dict(answer.fields)[127], dict(answer.fields)[17]) == ("Q", reason, "e-1")
    assert kinds(desk) == []
    assert len(desk.doubts()) == 1
    bust = replace(FILL, trans_type=codes.TransType.BUST, ref_exec_id="e-1", exec_id="e-1.bust")
    if reason != "D":
        desk.hear(bust)
        assert desk.doubts() == []


def test_an_order_that_is_refused_as_a_message__never_reached_the_market(desk: Desk) -> None:
    desk.hear(BusinessReject(ref_type="D", ref_id="buy-1", reason=3, text="we do not speak D today"))
    (rejected,) = desk.events()
    assert isinstance(rejected, OrderRejected)
    assert rejected.reason == "we do not speak D today"


@pytest.mark.parametrize(
    "fields",
    [
        ((37, "b-1"), (17, "e-1")),
        (*to_draft(FILL).fields[:-1], (75, "yesterday")),
        tuple((tag, "176.1234567" if tag == 31 else value) for tag, value in to_draft(FILL).fields),
        tuple((tag, "9" * 28 if tag == 31 else value) for tag, value in to_draft(FILL).fields),
        tuple((tag, "x" * 120 if tag == 17 else value) for tag, value in to_draft(FILL).fields),
    ],
)
def test_what_cannot_be_read_or_kept__is_put_aside_and_books_nothing(desk: Desk, fields: tuple[tuple[int, str], ...]) -> None:
    desk.hear(Message("8", fields))
    assert kinds(desk) == []
    assert len(desk.doubts()) == 1


def test_the_end_of_an_order_before_its_last_trade__waits_for_it(desk: Desk) -> None:
    part = replace(
        FILL,
        exec_type=codes.ExecType.PARTIAL_FILL,
        status=codes.OrderStatus.PARTIALLY_FILLED,
        leaves=Shares.whole(2),
        filled=Shares.whole(3),
        last_quantity=Shares.whole(3),
    )
    desk.hear(replace(FILL, exec_id="e-2", last_quantity=Shares.whole(2)))
    assert kinds(desk) == ["OrderAccepted", "Fill"]
    desk.hear(part)
    assert [type(each) for each in desk.events()] == [OrderAccepted, Fill, Fill, OrderDone]


def test_an_order_that_is_past_its_hours__is_not_sent(desk: Desk) -> None:
    desk.now = UNTIL + 1
    assert desk.place("buy-2") == []
    assert [type(each) for each in desk.events()] == [OrderRejected]


def test_the_statements_tables__are_those_that_the_migrations_make(desk: Desk) -> None:
    found = inspect(desk.engine)
    for table in metadata.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert columns == {each.name: bool(each.nullable) for each in table.columns}, table.name
        key = found.get_pk_constraint(table.name)["constrained_columns"]
        assert key == [each.name for each in table.primary_key.columns], table.name
        indexes = {(each["name"], tuple(each["column_names"])) for each in found.get_indexes(table.name)}
        assert indexes == {(each.name, tuple(column.name for column in each.columns)) for each in table.indexes}, table.name
