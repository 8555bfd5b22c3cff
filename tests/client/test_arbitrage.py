"""When the keeper trades, rule by rule; what it does in a simulated market; and what it does after a crash."""

import asyncio
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.client.makers import CASH_MICROS, NOW, PAIR, PayingIssuer

from openscrip.client.arbitrage.decision import (
    BuyAndRedeem,
    Held,
    Level,
    Limits,
    SellAndSubscribe,
    Values,
    buy_ticks_max,
    decide,
    sell_ticks_min,
)
from openscrip.client.arbitrage.keeper import Keeper
from openscrip.client.kraken import KrakenRest, VenueRefused
from openscrip.client.line_file import LineFile
from openscrip.kernel.clock import SteppedClock
from openscrip.kernel.errors import Malformed, Unavailable
from openscrip.kernel.quantities import RawAmount

LIMITS = Limits(lots_max=50_000, lots_day_max=200_000)
VALUES = Values(300_000_000, 301_000_000)
RICH = Held(venue_lots=1_000_000, venue_cash_micros=CASH_MICROS, wallet_lots=1_000_000)


def test_limits_of_price__fees_and_margin_on_both_sides() -> None:
    assert buy_ticks_max(VALUES, LIMITS, PAIR) == 29940
    assert sell_ticks_min(VALUES, LIMITS, PAIR) == 30161  # 301 x 1.001 / 0.999 = 301.6026


def test_decide__an_offer_below_redemption__buys_all_levels_that_gain() -> None:
    asks = [Level(29900, 10_000), Level(29940, 20_000), Level(29941, 20_000)]
    assert decide(asks, [], VALUES, RICH, LIMITS, PAIR, 0) == BuyAndRedeem(29940, 30_000)


def test_decide__a_bid_above_subscription__sells_into_it() -> None:
    bids = [Level(30300, 10_000), Level(30161, 20_000), Level(30160, 20_000)]
    assert decide([], bids, VALUES, RICH, LIMITS, PAIR, 0) == SellAndSubscribe(30161, 30_000)


def test_decide__a_fair_book__does_nothing() -> None:
    assert decide([Level(30000, 10_000)], [Level(29990, 10_000)], VALUES, RICH, LIMITS, PAIR, 0) is None


def test_decide__the_issuer_does_not_redeem_or_issue_now__does_nothing() -> None:
    asks, bids = [Level(100, 10_000)], [Level(90_000, 10_000)]
    assert decide(asks, bids, Values(None, None), RICH, LIMITS, PAIR, 0) is None


@pytest.mark.parametrize(
    ("held", "lots"),
    [
        (RICH, 50_000),
        (replace(RICH, wallet_lots=7_000), 7_000),
        (replace(RICH, venue_cash_micros=299_699_400), 10_000),
        (replace(RICH, venue_cash_micros=299_699_399), 9_999),
    ],
)
def test_decide__buys_no_more_than_limit_wallet_and_money_allow(held: Held, lots: int) -> None:
    trade = decide([Level(29900, 900_000)], [], VALUES, held, LIMITS, PAIR, 0)
    assert trade == BuyAndRedeem(29940, lots)


def test_decide__the_day_is_used_up__does_nothing() -> None:
    asks = [Level(29900, 900_000)]
    assert decide(asks, [], VALUES, RICH, LIMITS, PAIR, 190_000) == BuyAndRedeem(29940, 10_000)
    assert decide(asks, [], VALUES, RICH, LIMITS, PAIR, 200_000) is None


def test_decide__less_than_the_issuer_takes__does_nothing() -> None:
    assert decide([Level(29900, 9_999)], [], VALUES, RICH, replace(LIMITS, lots_min=10_000), PAIR, 0) is None


def test_limits__that_contradict_themselves__are_refused() -> None:
    with pytest.raises(Malformed) as refused:
        Limits(lots_max=10, lots_day_max=5)
    assert refused.value.code == "keeper.limits"


@pytest.mark.parametrize("seed", range(5))
def test_a_simulated_market__every_trade_gains_and_no_limit_is_passed(seed: int) -> None:
    chance = random.Random(seed)
    held, done, trades, gain = RICH, 0, 0, 0
    limits = replace(LIMITS, lots_day_max=1_000_000)
    for _ in range(5_000):
        fair = 300_000_000 + chance.randint(-500_000, 500_000)
        values = Values(fair * 995 // 1000, fair * 1005 // 1000)
        mid = fair // 10_000 + chance.randint(-500, 500)
        asks = [Level(mid + 1 + 10 * level, chance.randint(1, 30_000)) for level in range(5)]
        bids = [Level(mid - 1 - 10 * level, chance.randint(1, 30_000)) for level in range(5)]
        trade = decide(asks, bids, values, held, limits, PAIR, done)
        if trade is None:
            continue
        levels = asks if isinstance(trade, BuyAndRedeem) else bids
        left, value_micros = trade.lots, 0
        for each in levels:
            lots = min(left, each.lots)
            left -= lots
            value_micros += lots * each.ticks
        assert left == 0, "what was decided was there"
        fee_micros = -(-value_micros * limits.taker_fee_ppm // 10**6)
        if isinstance(trade, BuyAndRedeem):
            gain_now = trade.lots * (values.redeem_micros_down or 0) // 10**4 - value_micros - fee_micros
            held = replace(held, venue_cash_micros=held.venue_cash_micros - value_micros - fee_micros)
        else:
            gain_now = value_micros - fee_micros - -(-trade.lots * (values.subscribe_micros_up or 0) // 10**4)
        assert gain_now > 0
        assert held.venue_cash_micros >= 0
        gain, done, trades = gain + gain_now, done + trade.lots, trades + 1
    assert done <= limits.lots_day_max
    assert trades > 10
    assert gain > 0


# At work, on a venue that is a dictionary


class PaperVenue(KrakenRest):
    """The calls that the keeper makes, answered from memory."""

    def __init__(self) -> None:
        self.asks = [["299.00", "3.0000", 1]]
        self.bids: list[list[Any]] = []
        self.orders: dict[str, dict[str, Any]] = {}
        self.history_lags = self.dies_after_order = False
        self.refuses = ""

    async def public(self, name: str, **asked: str) -> Any:
        assert name == "Depth"
        return {"TSLAxUSD": {"asks": self.asks, "bids": self.bids}}

    async def private(self, name: str, **asked: str) -> Any:
        match name:
            case "BalanceEx":
                return {
                    "ZUSD": {"balance": "100000.0000", "hold_trade": "0.0000"},
                    "TSLAx": {"balance": "50.00000000", "hold_trade": "1.00000000"},
                }
            case "AddOrder":
                if self.refuses:
                    raise VenueRefused(self.refuses)
                executed = min(PAIR.lots(asked["volume"]), 20_000)
                order = {"cl_ord_id": asked["cl_ord_id"], "vol_exec": PAIR.quantity_text(executed)}
                self.orders[asked["cl_ord_id"]] = order
                if self.dies_after_order:
                    raise Unavailable("venue: the connection ended")
                return {"txid": ["O1"]}
            case "OpenOrders":
                return {"open": {}}
            case _:
                return {"closed": {} if self.history_lags else self.orders, "count": len(self.orders)}


def keeper(venue: PaperVenue, issuer: PayingIssuer, folder: Path, clock: SteppedClock, *, dry_run: bool = False) -> Keeper:
    async def wallet_raw() -> RawAmount:
        return RawAmount.parse("40")

    file = LineFile(folder / "keeper.jsonl")
    return Keeper("arb", venue, PAIR, issuer, wallet_raw, LIMITS, file, clock, print, dry_run=dry_run)


def test_a_keeper__an_offer_below_redemption__redeems_exactly_what_was_executed(tmp_path: Path) -> None:
    venue, issuer = PaperVenue(), PayingIssuer()
    asyncio.run(keeper(venue, issuer, tmp_path, SteppedClock(NOW)).step())
    assert issuer.redeemed == {"arb-1": RawAmount.parse("2")}


def test_a_keeper__a_bid_above_subscription__subscribes_to_what_was_sold(tmp_path: Path) -> None:
    venue, issuer = PaperVenue(), PayingIssuer()
    venue.asks, venue.bids = [], [["305.00", "1.5000", 1]]
    asyncio.run(keeper(venue, issuer, tmp_path, SteppedClock(NOW)).step())
    assert issuer.subscribed == {"arb-1": RawAmount.parse("1.5")}


def test_a_keeper__in_a_dry_run__decides_and_does_nothing(tmp_path: Path) -> None:
    venue, issuer = PaperVenue(), PayingIssuer()
    trade = asyncio.run(keeper(venue, issuer, tmp_path, SteppedClock(NOW), dry_run=True).step())
    assert trade == BuyAndRedeem(29940, 30_000)
    assert (venue.orders, issuer.redeemed) == ({}, {})


def test_a_keeper__the_venue_refuses__does_no_primary_leg(tmp_path: Path) -> None:
    venue, issuer = PaperVenue(), PayingIssuer()
    venue.refuses = "EOrder:Insufficient funds"
    asyncio.run(keeper(venue, issuer, tmp_path, SteppedClock(NOW)).step())
    assert issuer.redeemed == {}


def test_a_keeper__died_after_its_order__does_the_primary_leg_once_after_its_restart(tmp_path: Path) -> None:
    venue, issuer = PaperVenue(), PayingIssuer()
    venue.dies_after_order = True
    with pytest.raises(Unavailable):
        asyncio.run(keeper(venue, issuer, tmp_path, SteppedClock(NOW)).step())
    venue.dies_after_order, venue.asks = False, []
    for _ in range(3):
        asyncio.run(keeper(venue, issuer, tmp_path, SteppedClock(NOW + 5)).step())
    assert issuer.redeemed == {"arb-1": RawAmount.parse("2")}


def test_a_keeper__an_order_that_is_not_told_of_yet__is_not_taken_for_one_that_never_was(tmp_path: Path) -> None:
    venue, issuer, clock = PaperVenue(), PayingIssuer(), SteppedClock(NOW)
    venue.history_lags = True
    at_work = keeper(venue, issuer, tmp_path, clock)
    with pytest.raises(Unavailable):
        asyncio.run(at_work.step())
    venue.history_lags, venue.asks = False, []
    asyncio.run(at_work.step())
    assert issuer.redeemed == {"arb-1": RawAmount.parse("2")}


def test_a_keeper__an_order_that_never_reached_the_venue__is_given_up_after_a_minute(tmp_path: Path) -> None:
    venue, issuer, clock = PaperVenue(), PayingIssuer(), SteppedClock(NOW)
    file = LineFile(tmp_path / "keeper.jsonl")
    file.append({"type": "begun", "id": "arb-1", "side": "buy", "at": NOW, "lots": 10, "ticks": 29900})
    venue.asks = []
    at_work = keeper(venue, issuer, tmp_path, clock)
    with pytest.raises(Unavailable):
        asyncio.run(at_work.step())
    clock.advance_to(NOW + 60)
    asyncio.run(at_work.step())
    assert issuer.redeemed == {}


def test_a_keeper__the_issuer_refuses_the_leg__says_so_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    venue, issuer = PaperVenue(), PayingIssuer(refuses=True)
    asyncio.run(keeper(venue, issuer, tmp_path, SteppedClock(NOW)).step())
    assert "arb-1 traded 2 and the issuer refused the other leg: policy.country" in capsys.readouterr().out
