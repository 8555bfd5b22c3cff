"""News finds the row that waits for it, in today's shares; what nobody asked for is kept for an operator."""

from dataclasses import replace
from datetime import date

import pytest

from openscrip.assets import accounts, bank, broker, custody
from openscrip.assets.acquisition import Acquisition, acquire
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.disposal import Disposal, dispose
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import build_books
from openscrip.issuance.chain import RedemptionEscrowed
from openscrip.issuance.distribution import Distribution
from openscrip.issuance.news import ChainName, EarlyNotice, News, NewsMissed, UnplacedCash, UnplacedEscrow, owner
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.terms import Terms
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.clock import new_york_instant
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.memory import MemoryStore

ISIN = "US67066G1040"
PRICE = PricePerShare.parse("1000")
STOCK = Stock("NVDA", ISIN, "SEGREGATED", "NVDAx", (("evm", "0x1"),), price=PRICE)
TEN = Shares.whole(10)
EX_DATE = date(2024, 6, 10)
NOTICE = Notice(
    "NVDA.SPLF.2024-06-10", "NVDA", ISIN, ActionEvent.FORWARD_SPLIT, date(2024, 5, 22), EX_DATE, None, None, 10, 1,
    None, "custodian",
)  # fmt: skip
SUBSCRIPTION = Subscription("sub-1", "NVDA", "ann", "evm", "0xa", TEN, PRICE, Money.parse("11000"), at_once=False, asked_at=0)
REDEMPTION = Redemption("red-1", "NVDA", "ann", "evm", "0xa", RawAmount.parse("2"), RedemptionKind.CASH, "", 0, 0)
FILL = broker.Fill(1, 0, "sub-1:buy:o1", "x1", "NVDA", broker.Side.BUY, TEN, PRICE, Money(5), date(2024, 6, 7))


class Room:
    """The news, a store with one stock, a subscription that buys and a redemption that sells."""

    def __init__(self) -> None:
        self.store, self.now = MemoryStore(accounts.CHART), 1_717_000_000
        self.books = build_books(Terms(), lambda: self.now)
        self.news = News(self.books, new_york_calendar())
        with self.store.transaction() as unit:
            for row in (STOCK, SUBSCRIPTION, REDEMPTION, ChainName("ab", "red-1", "NVDA")):
                unit.put(row)
            self.books.record(unit, acquire("sub-1:buy", STOCK, "sub-1", TEN))
            unit.put(dispose("red-1:sell", STOCK, "red-1", Shares.whole(2)).rows[0])

    def tells(self, *events: object) -> None:
        """Tell events of the broker, the custodian or a chain."""
        for event in events:
            with self.store.transaction() as unit:
                if isinstance(event, custody.CustodianEvent):
                    self.news.from_custodian(unit, event)
                elif isinstance(event, bank.BankEvent):
                    self.news.from_bank(unit, event)
                elif isinstance(event, broker.BrokerEvent):
                    self.news.from_broker(unit, event)
                elif isinstance(event, RedemptionEscrowed):
                    self.news.from_chain(unit, event)

    def acquisition(self) -> Acquisition:
        """The purchase of the subscription."""
        with self.store.view() as view:
            found = view.row(Acquisition, "sub-1:buy")
        assert found is not None
        return found

    def stock(self) -> Stock:
        """The one stock."""
        with self.store.view() as view:
            found = view.row(Stock, "NVDA")
        assert found is not None
        return found

    def facts(self) -> list[object]:
        """Everything that happened."""
        with self.store.view() as view:
            return [fact for _, _, fact in view.facts()]


@pytest.fixture
def room() -> Room:
    """A fresh room."""
    return Room()


def split_at_broker(epoch: int = 1) -> broker.PositionSplit:
    """The broker booked the split."""
    at = new_york_instant(EX_DATE, 6)
    return broker.PositionSplit(2, at, "NVDA", ISIN, NOTICE.event_id, 10, 1, epoch, TEN, Shares.whole(100))


def split_at_custodian() -> custody.SplitBooked:
    """The custodian booked the split."""
    at = new_york_instant(EX_DATE, 6)
    return custody.SplitBooked(2, at, ISIN, NOTICE.event_id, 10, 1, 1, TEN, Shares.whole(100), Money(0))


@pytest.mark.parametrize(
    ("outside_id", "kind", "row_id"),
    [
        ("sub-1:buy:o12", Acquisition, "sub-1:buy"),
        ("sub-1:buy:t3", Acquisition, "sub-1:buy"),
        ("red-1:sell:r", Disposal, "red-1:sell"),
        ("red-1:sell:o1", Disposal, "red-1:sell"),
        ("red-1:deliver", Redemption, "red-1"),
        ("red-1:pay", Redemption, "red-1"),
        ("sub-1:refund:2", Subscription, "sub-1"),
    ],
)
def test_an_id_given_outside_names_the_row_that_gave_it(room: Room, outside_id: str, kind: type[object], row_id: str) -> None:
    with room.store.transaction() as unit:
        assert owner(unit, outside_id) == (kind, row_id)


def test_news_of_an_effect_that_nobody_asked_for_is_a_bug(room: Room) -> None:
    with pytest.raises(NewsMissed):
        room.tells(broker.OrderDone(1, 0, "stranger:o1", TEN, ""))


def test_a_fill_costs_its_price_and_fee_and_sets_the_last_price(room: Room) -> None:
    dearer = PricePerShare.parse("1100")
    room.tells(broker.Fill(1, 0, "sub-1:buy:o1", "x1", "NVDA", broker.Side.BUY, TEN, dearer, Money(5), EX_DATE))
    assert room.acquisition().fills[0].cost == Money(Money.parse("11000").atoms + 5)
    assert room.stock().price == dearer


def test_quantities_from_before_a_split_are_told_in_todays_shares(room: Room) -> None:
    room.tells(split_at_custodian(), FILL)
    assert room.acquisition().filled == Shares.whole(100)
    room.tells(split_at_broker())
    assert (room.stock().epoch, room.stock().broker_epoch) == (1, 1)
    assert room.acquisition().filled == Shares.whole(100)


def test_fills_after_the_broker_split_are_counted_as_they_come(room: Room) -> None:
    room.tells(split_at_broker(), FILL)
    assert room.acquisition().filled == TEN


def test_a_booking_is_a_source_of_its_own(room: Room) -> None:
    room.tells(split_at_custodian(), split_at_broker())
    with room.store.view() as view:
        (row,) = view.rows(Distribution)
    assert {notice.source for notice in row.notices} == {"custodian", "broker"}
    assert row.corroborated


def test_a_notice_freezes_at_the_last_close_before_the_ex_date(room: Room) -> None:
    room.tells(custody.ActionNotified(1, 0, NOTICE))
    with room.store.view() as view:
        (row,) = view.rows(Distribution)
    assert row.freeze_at == new_york_instant(date(2024, 6, 7), 16)
    assert row.effective_at == new_york_instant(EX_DATE, 9, 30)


def test_notices_of_a_stock_that_is_listed_later_are_kept_for_it() -> None:
    room = Room()
    other = Notice(
        "AAPL.DVCA.2024-08-12", "AAPL", "US0378331005", ActionEvent.CASH_DIVIDEND, date(2024, 8, 1), date(2024, 8, 12),
        None, None, None, None, PricePerShare.parse("0.26"), "custodian",
    )  # fmt: skip
    room.tells(custody.ActionNotified(1, 0, other))
    with room.store.transaction() as unit:
        assert [row.state for row in unit.rows(EarlyNotice)] == ["waiting"]
        unit.put(Stock("AAPL", "US0378331005", "SEGREGATED", "AAPLx", (("evm", "0x2"),)))
        room.news.listed(unit, "AAPL", room.now)
        assert [row.state for row in unit.rows(EarlyNotice)] == ["told"]
        assert unit.row(Distribution, other.event_id) is not None


def test_money_with_a_known_reference_is_paid_to_its_request(room: Room) -> None:
    room.tells(bank.CashReceived(1, 0, "p1", "sub-1", Money(7), "ann"))
    with room.store.view() as view:
        paid = view.row(Subscription, "sub-1")
    assert paid is not None
    assert paid.paid == Money(7)


def test_money_that_nobody_knows_waits_for_an_operator(room: Room) -> None:
    room.tells(bank.CashReceived(1, 0, "p1", "sub-9", Money(7), "zoe"))
    assert room.facts() == [UnplacedCash("p1", "sub-9", Money(7), "zoe")]
    room.tells(bank.CashReceived(2, 0, "p2", "capital", Money(7), "issuer"))
    assert len(room.facts()) == 1


def test_escrowed_tokens_start_the_redemption_that_announced_them(room: Room) -> None:
    with room.store.transaction() as unit:
        unit.put(replace(STOCK, frozen_by=("x",)))
    room.tells(RedemptionEscrowed("evm", "0x1", "0xe", 1, 0, "ab", "0xa", REDEMPTION.raw, RedemptionKind.CASH))
    with room.store.view() as view:
        started = view.row(Redemption, "red-1")
    assert started is not None
    assert (started.state, started.escrowed) == ("escrowed", REDEMPTION.raw)


def test_tokens_that_another_wallet_escrows_under_a_known_id_leave_the_request_as_it_was(room: Room) -> None:
    raw = RawAmount.parse("0.00000001")
    room.tells(RedemptionEscrowed("evm", "0x1", "0xe", 1, 0, "ab", "0xz", raw, RedemptionKind.CASH))
    assert room.facts() == [UnplacedEscrow("evm", "ab", "0xz", raw, "0xe")]
    with room.store.view() as view:
        assert view.row(Redemption, "red-1") == REDEMPTION


def test_escrowed_tokens_that_nobody_announced_wait_for_an_operator(room: Room) -> None:
    raw = RawAmount.parse("1")
    room.tells(RedemptionEscrowed("evm", "0x1", "0xe", 1, 0, "cd", "0xz", raw, RedemptionKind.CASH))
    assert room.facts() == [UnplacedEscrow("evm", "cd", "0xz", raw, "0xe")]
