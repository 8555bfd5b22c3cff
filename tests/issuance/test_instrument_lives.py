"""A fund, a bond and a property trust live through a year: subscription, income, maturity, and the end of their tokens."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.issuance.actions_world import ActionsWorld, Closes

from openscrip.assets import accounts
from openscrip.assets.bonds import accrued_down
from openscrip.assets.calendar import Calendar, new_york_calendar
from openscrip.assets.exchanges import calendar_of, london_calendar
from openscrip.assets.listings import products
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.bootstrap.simulated_parts import Scenario
from openscrip.issuance.action_queue import Answer
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.instrument import InstrumentKind
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares

NOTE = products()["DEMO26"]
TERMS = NOTE.bond
BOTH = ("custodian", "broker")


def told(symbol: str, event: ActionEvent, ex_date: date, cash: str, **more: object) -> Notice:
    """A notice of a payment three weeks before it, on an instrument of the package."""
    isin, pay_date = products()[symbol].instrument.isin, more.pop("pay_date", ex_date)
    made = Notice(
        f"{symbol}.{event}.{ex_date}", symbol, isin, event, ex_date - timedelta(days=21), ex_date, ex_date, None, None, None,
        PricePerShare.parse(cash), "custodian",
    )  # fmt: skip
    return replace(made, pay_date=pay_date, **more)  # type: ignore[arg-type]  # any field


def world_of(
    symbol: str, start: date, calendar: Calendar, prices: list[tuple[date, str]], notices: list[Notice]
) -> ActionsWorld:
    """One instrument with its prices, and both sources telling its notices."""
    by = {source: tuple(replace(notice, source=source) for notice in notices) for source in BOTH}
    closes = Closes({symbol: prices})
    return ActionsWorld(Scenario(f"{start}T12:00:00Z", (symbol,), calendar, closes, by["broker"], by["custodian"]))


def redeem(world: ActionsWorld, symbol: str, chain: str, kind: RedemptionKind) -> str:
    """Ask for everything that the one holder has on a chain, and put it into escrow."""
    held = world.world.chains[chain].balance(symbol, "alice")
    request_id = f"red-{chain}"
    asked = Redemption(request_id, symbol, "alice", chain, "alice", held, kind, "AP-1", 0, world.now)
    world.world.observer.announced(request_id)
    world.world.redeem(asked)
    world.world.chains[chain].escrow(symbol, "alice", held, kind, request_id)
    world.drain()
    return request_id


def redeemed(world: ActionsWorld, request_id: str) -> Redemption:
    """A redemption as it stands."""
    with world.world.store.view() as view:
        row = view.row(Redemption, request_id)
    assert row is not None
    return row


def test_an_accumulating_fund__through_a_year_in_london__keeps_its_multiplier_and_gives_its_shares_back() -> None:
    calendar, start = london_calendar(), date(2025, 7, 1)
    assert calendar_of(products()["CSPX"].instrument.mic) is calendar
    prices = [(date(2025, 6, 2), "640"), (date(2025, 12, 1), "690"), (date(2026, 6, 1), "730")]
    world = world_of("CSPX", start, calendar, prices, [])
    world.subscribe("CSPX", "evm", 40)
    world.subscribe("CSPX", "solana", 60)
    world.advance(start)
    world.advance(date(2025, 7, 2))
    assert world.world.chains["evm"].supply("CSPX") == RawAmount(0), "London settles two days after the trade"
    world.advance(date(2025, 7, 4))
    assert world.world.chains["evm"].supply("CSPX") == RawAmount.parse("40")
    world.advance(date(2026, 6, 30))
    stock = world.stock("CSPX")
    assert (str(stock.multiplier), stock.multiplier.version, world.actions()) == ("1", 0, {}), "its income is in its price"
    in_kind = redeem(world, "CSPX", "evm", RedemptionKind.IN_KIND)
    cash = redeem(world, "CSPX", "solana", RedemptionKind.CASH)
    world.advance(date(2026, 7, 10))
    assert (redeemed(world, in_kind).state, str(redeemed(world, in_kind).delivered)) == ("completed", "40")
    assert redeemed(world, cash).state == "completed"
    assert redeemed(world, cash).owed > Money.parse(str(60 * 720)), "at the price of that day, less the fee"
    world.recount()


def test_a_bond__through_its_last_year__pays_its_coupon_matures_and_its_tokens_are_redeemed_for_the_payout() -> None:
    assert TERMS is not None
    assert (TERMS.coupon, TERMS.coupon_dates()) == (PricePerShare.parse("2.125"), (date(2025, 11, 15), date(2026, 5, 15)))
    coupon = told("DEMO26", ActionEvent.COUPON, date(2025, 11, 14), "2.125", pay_date=date(2025, 11, 17))
    last = told("DEMO26", ActionEvent.COUPON, date(2026, 5, 14), "2.125", pay_date=date(2026, 5, 15))
    end = told("DEMO26", ActionEvent.MATURITY, date(2026, 5, 15), "100", pay_date=date(2026, 5, 15))
    world = world_of("DEMO26", date(2025, 7, 1), new_york_calendar(), [(date(2025, 6, 2), "100")], [coupon, last, end])
    assert world.stock("DEMO26").kind is InstrumentKind.BOND
    world.subscribe("DEMO26", "evm", 600)
    world.subscribe("DEMO26", "solana", 400)
    world.advance(date(2025, 8, 15))
    assert accrued_down(TERMS, date(2025, 8, 15)) == PricePerShare(1_062_500), "half a coupon after half of the period"
    for day in (date(2025, 11, 11), date(2025, 11, 21), date(2026, 5, 12), date(2026, 5, 14)):
        world.advance(day)
        for item in world.queue():
            world.resolve(item, Answer())
    first = world.actions()[coupon.event_id]
    assert (first.state, str(first.net)) == ("final", "2125")
    assert first.after.value == 10**18 * (1_000 * 10**9 + first.bought.atoms) // (1_000 * 10**9), "more units behind each token"
    world.advance(date(2026, 5, 29))
    for item in world.queue():
        world.resolve(item, Answer())
    world.advance(date(2026, 5, 30))
    stock, row = world.stock("DEMO26"), world.actions()[end.event_id]
    assert (row.state, stock.payout, stock.is_open) == ("final", PricePerShare.parse("102.125"), False)
    assert world.actions()[last.event_id].bought == Shares(0), "the last coupon is paid with the nominal"
    with pytest.raises(AssertionError, match="can only be redeemed"):
        world.subscribe("DEMO26", "evm", 1)
    owed = stock.multiplier.to_shares_up(RawAmount.parse("1000"))
    with world.world.store.view() as view:
        assert view.balance(accounts.MATURITY_PAYABLE).credit >= stock.payout.proceeds_down(owed).atoms
        assert view.balance("DEMO26/custody").debit == 0
    requests = [redeem(world, "DEMO26", "evm", RedemptionKind.CASH), redeem(world, "DEMO26", "solana", RedemptionKind.IN_KIND)]
    world.advance(date(2026, 6, 5))
    paid = [redeemed(world, each) for each in requests]
    assert [each.state for each in paid] == ["completed", "completed"]
    expected = [stock.payout.proceeds_down(stock.multiplier.to_shares_down(RawAmount.parse(raw))) for raw in ("600", "400")]
    assert [each.owed for each in paid] == expected, "the whole payout, without a fee"
    assert sum(world.world.chains[chain].supply("DEMO26").atoms for chain in ("evm", "solana")) == 0
    with world.world.store.view() as view:
        assert view.balance("DEMO26/outstanding").credit < 10, "only the dust of rounding up is left"
    world.recount()


def test_a_property_trust__that_returns_capital__is_taxed_on_the_rest_alone() -> None:
    dividend = told("DEMORE", ActionEvent.CASH_DIVIDEND, date(2025, 8, 11), "1", pay_date=date(2025, 8, 14))
    dividend = replace(dividend, capital_usd=PricePerShare.parse("0.4"))
    world = world_of("DEMORE", date(2025, 7, 1), new_york_calendar(), [(date(2025, 6, 2), "40")], [dividend])
    world.subscribe("DEMORE", "evm", 1_000)
    for day in (date(2025, 8, 8), date(2025, 8, 13), date(2025, 8, 20)):
        world.advance(day)
        for item in world.queue():
            world.resolve(item, Answer())
    row = world.actions()[dividend.event_id]
    assert (row.state, str(row.net)) == ("final", "820"), "0.6 less 30 %, and 0.4 whole, on a thousand shares"
    world.recount()


def test_a_coupon_told_of_a_share__is_for_an_operator() -> None:
    coupon = told("DEMORE", ActionEvent.COUPON, date(2025, 8, 11), "1")
    world = world_of("DEMORE", date(2025, 7, 1), new_york_calendar(), [(date(2025, 6, 2), "40")], [coupon])
    world.advance(date(2025, 8, 11))
    (item,) = world.queue()
    assert (item.question, world.actions()[coupon.event_id].state) == ("terms", "frozen")
    assert "INTR was told of a line of kind reit" in item.text
