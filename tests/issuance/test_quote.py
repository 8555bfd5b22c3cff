"""Quotes: promised for a while, pinned to a version of the terms, used once and for what they say; prices by the hour."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.assets import accounts
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.inventory import Level, missing
from openscrip.assets.stock import Lot, Stock
from openscrip.bootstrap.books import build_books
from openscrip.bootstrap.market_terms import levels_of, pinned, terms_of
from openscrip.issuance.primary_market import Asked, PrimaryMarket
from openscrip.issuance.quote import Quote, QuoteMode, QuoteSide
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.terms import Hours, HourTerms, Rates, Terms, TermsVersion, hours_at
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.settings import load_settings
from openscrip.runtime.store import Unit

PRICE = PricePerShare.parse("200")
STOCK = Stock("AAPL", "US0378331005", "SEG", "AAPLx", (("evm", "0x1"),), price=PRICE, inventory=(Lot("r0", Shares.whole(12)),))
TERMS = Terms(
    market=HourTerms(Bps(50), Money.parse("1"), Bps(100), Money.parse("10"), Money.parse("5000"), 60),
    extended=HourTerms(Bps(80), Money.parse("2"), Bps(150), Money.parse("500"), Money.parse("2000"), 30),
    version=4,
)
TEN = Shares.whole(10)
INSTANT, THROUGH = QuoteMode.INSTANT, QuoteMode.ORDER_THROUGH


def screen(unit: Unit, asked: Asked) -> None:
    """A compliance of one rule."""
    if asked.person == "bob":
        raise Refused("residence.us", "screening: bob was resident in the United States")


class Door:
    """A primary market whose hours and clock are set by hand."""

    def __init__(self) -> None:
        self.now, self.hours, self.store = 1_000, Hours.MARKET, MemoryStore(accounts.CHART)
        books = build_books(TERMS, lambda: self.now)
        self.market = PrimaryMarket(self.store, books, screen, TERMS, lambda: self.now, lambda at: self.hours)
        with self.store.transaction() as unit:
            unit.put(STOCK)  # inventory stands in the ledger as it does in the row
            unit.post((Transfer("c", "AAPL/custody", "AAPL/inventory", Shares.whole(12).atoms, "c"),))

    def quote(
        self, wanted: Shares | Money = TEN, mode: QuoteMode = INSTANT, side: QuoteSide = QuoteSide.SUBSCRIBE, name: str = "q1"
    ) -> Quote:
        return self.market.quote(name, "ann", "AAPL", side, mode, wanted)

    def subscribe(
        self, quote: str = "q1", person: str = "ann", shares: Shares = TEN, at_once: bool = True, name: str = "sub-1"
    ) -> Subscription:
        return self.market.subscribe(name, person, "AAPL", "evm", "0xa", shares, at_once, quote)

    def row(self, name: str = "q1") -> Quote:
        with self.store.view() as view:
            found = view.row(Quote, name)
        assert found is not None
        return found


@pytest.fixture
def door() -> Door:
    """A fresh door."""
    return Door()


def test_an_instant_quote__fixes_price_fees_and_the_version_of_the_terms(door: Door) -> None:
    quote = door.quote()
    # 10 x 202 (1 % spread) = 2020; fee 0.5 % = 10.10 and 1 fixed
    assert [str(each) for each in (quote.unit_price, quote.amount)] == ["202", "2031.1"]
    assert quote.rates == Rates(4, "market", Bps(50), Money.parse("1"), Bps(100))
    assert quote.expires_at == 1_060


def test_an_order_through_quote__names_the_deposit_and_the_most_that_a_share_may_cost(door: Door) -> None:
    quote = door.quote(mode=THROUGH)
    assert [str(each) for each in (quote.unit_price, quote.amount)] == ["220", "2212"]
    taken = door.subscribe(at_once=False)
    assert (taken.state, taken.limit, taken.deposit) == ("awaiting_payment", PricePerShare.parse("220"), quote.amount)


def test_hours_that_are_not_the_exchange_s__have_their_own_rates_limits_and_lives(door: Door) -> None:
    door.hours = Hours.EXTENDED
    assert (door.quote().rates.fee, door.row().expires_at) == (Bps(80), 1_030)
    small = door.quote(Shares.whole(2), name="q2")
    large = door.quote(Shares.whole(11), name="q3")
    assert [(each.state, each.rule) for each in (small, large)] == [
        ("refused", "hours.minimum"), ("refused", "hours.maximum"),
    ]  # fmt: skip
    assert door.subscribe("", shares=Shares.whole(2)).rule == "hours.minimum"


@pytest.mark.parametrize(
    ("at", "hours"),
    [
        ("2024-06-03T14:00:00Z", Hours.MARKET),
        ("2024-06-03T12:00:00Z", Hours.EXTENDED),
        ("2024-06-03T21:00:00Z", Hours.EXTENDED),
        ("2024-06-04T03:00:00Z", Hours.OVERNIGHT),
        ("2024-06-01T14:00:00Z", Hours.CLOSED),
        ("2024-07-04T14:00:00Z", Hours.CLOSED),
    ],
)
def test_the_hours_are_those_of_the_exchange_s_calendar(at: str, hours: Hours) -> None:
    assert hours_at(new_york_calendar(), instant(at)) is hours


def test_a_quote__used_in_time_for_what_it_says__prices_the_request_once(door: Door) -> None:
    quote = door.quote()
    taken = door.subscribe()
    assert (taken.state, taken.deposit, taken.rates) == ("awaiting_payment", quote.amount, quote.rates)
    assert (door.row().state, door.row().used_by) == ("used", "sub-1")
    again = door.subscribe(name="sub-2", shares=TEN)
    assert (again.state, again.rule) == ("refused", "quote.used")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"person": "cid"}, "quote.content"),
        ({"shares": Shares.whole(9)}, "quote.content"),
        ({"at_once": False}, "quote.content"),
        ({"quote": "q9"}, "quote.unknown"),
        ({"person": "bob"}, "quote.content"),
    ],
)
def test_a_quote__used_for_something_else__is_refused_and_stays_open(door: Door, changes: dict[str, object], rule: str) -> None:
    door.quote()
    refused = door.subscribe(**changes)  # type: ignore[arg-type]  # fields by name
    assert (refused.state, refused.rule) == ("refused", rule)
    assert door.row().state == "open"


def test_a_quote__expired__is_refused_with_its_rule(door: Door) -> None:
    door.quote()
    door.now = 1_060
    assert door.subscribe().rule == "quote.expired"


def test_a_refusal_by_compliance__leaves_the_quote_open(door: Door) -> None:
    quote = door.market.quote("q1", "bob", "AAPL", QuoteSide.SUBSCRIBE, INSTANT, TEN)
    assert quote.state == "open"
    assert door.subscribe(person="bob").rule == "residence.us"
    assert door.row().state == "open"


def test_the_same_quote_twice__is_the_same_and_with_other_content_a_conflict(door: Door) -> None:
    assert door.quote() == door.quote()
    with pytest.raises(Conflict) as conflict:
        door.quote(Shares.whole(9))
    assert conflict.value.code == "request.conflict"


def test_more_than_inventory_holds__is_not_quoted_at_once(door: Door) -> None:
    assert door.quote(Shares.whole(13)).rule == "inventory.short"
    assert door.quote(Shares.whole(13), THROUGH, name="q2").state == "open"


def test_a_stock_that_waits__is_not_quoted(door: Door) -> None:
    with door.store.transaction() as unit:
        unit.put(replace(STOCK, frozen_by=("AAPL.SPLF",)))
    assert door.quote().rule == "quote.waiting"


def test_a_redemption__with_a_quote__pins_its_fees(door: Door) -> None:
    door.hours = Hours.EXTENDED
    quote = door.quote(Shares.whole(3), THROUGH, QuoteSide.REDEEM)
    assert str(quote.amount) == "593.2"  # 600 less 0.8 % and 2
    door.hours = Hours.MARKET
    red = door.market.redeem("red-1", "ann", "AAPL", "evm", "0xa", RawAmount.parse("3"), RedemptionKind.CASH, quote="q1")
    assert (red.state, red.rates) == ("requested", quote.rates)
    other = door.market.redeem("red-2", "ann", "AAPL", "evm", "0xa", RawAmount.parse("2"), RedemptionKind.CASH, quote="q1")
    assert isinstance(other, Redemption)
    assert other.rule == "quote.used"


@given(st.integers(1, 10**12), st.integers(1, 10**9), st.booleans(), st.sampled_from(list(Hours)))
def test_an_amount_buys_the_most_shares_whose_price_is_no_more(amount: int, micros: int, instant_: bool, hours: Hours) -> None:
    money, price, rates = Money(amount), PricePerShare(micros), TERMS.rates(hours)

    def costs(shares: Shares) -> Money:
        return rates.instant_up(shares, price) if instant_ else TERMS.deposit_up(shares, price, rates)

    shares = TERMS.shares_down(money, price, rates, instant=instant_)
    assert not shares or costs(shares) <= money
    slack = Shares(shares.atoms + max(2, 20 * 10**9 // micros) + shares.atoms // 1_000)
    assert costs(slack) > money, "no fewer than could be had, but for rounding"


def test_terms__that_change__get_the_next_version_and_all_are_kept() -> None:
    store = MemoryStore(accounts.CHART)
    assert pinned(store, Terms(), 1).version == 1
    assert pinned(store, Terms(), 2).version == 1
    assert pinned(store, Terms(cushion=Bps(5)), 3).version == 2
    with store.view() as view:
        assert [(row.terms.version, row.since) for row in view.rows(TermsVersion)] == [(1, 1), (2, 3)]


def test_settings__of_each_hours__become_its_terms(tmp_path: Path) -> None:
    told = {"EXTENDED_SPREAD_BPS": "175", "CLOSED_USD_MAX": "10000", "INVENTORY_LEVELS": "TSLA:5:9"}
    terms = terms_of(load_settings({f"OPENSCRIP_{name}": value for name, value in told.items()}, tmp_path))
    assert terms.extended.spread == Bps(175)
    assert terms.closed.usd_max == Money.parse("10000")
    assert terms.level("TSLA") == Level("TSLA", Shares.whole(5), Shares.whole(9))


@pytest.mark.parametrize("text", ["TSLA", "TSLA:5", "TSLA:9:5", "TSLA:x:5", ":1:2"])
def test_levels__that_cannot_be_read__are_refused(text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        levels_of(text)
    assert refusal.value.code == "inventory.levels"


@pytest.mark.parametrize(
    ("free", "on_order", "ordered"), [("12", "0", "0"), ("10", "0", "0"), ("9.5", "0", "11"), ("4", "6", "0"), ("4", "5", "11")]
)
def test_inventory__under_its_reorder_level__is_filled_up_to_its_target(free: str, on_order: str, ordered: str) -> None:
    level = Level("AAPL", Shares.whole(10), Shares.whole(20))
    assert missing(Shares.parse(free), Shares.parse(on_order), level, TEN) == Shares.parse(ordered)
    assert missing(Shares.parse(free), Shares.parse(on_order), None, Shares.parse("1.5")) == Shares.whole(2)
