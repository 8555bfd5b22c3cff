"""The market maker and the keeper as clients of a started venue: what they quote, trade, hedge and leave behind."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.client.makers import FillingBroker, PayingIssuer
from tests.clients.connections import PAIR, until
from tests.clients.venue_server import ALICE, MAKER, TSLAX_USD, RunningVenue

from openscrip.assets.broker import Side as BrokerSide
from openscrip.client.arbitrage import Keeper, Limits
from openscrip.client.kraken import KrakenRest, VenueRefused
from openscrip.client.line_file import LineFile
from openscrip.client.market_maker import HedgeDesk, MarketMaker, Reference, Terms
from openscrip.issuance.terms import Hours
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.markets.commands import Take
from openscrip.markets.venue import Venue

pytestmark = pytest.mark.parts

TERMS = Terms(10_000, 10_000_000, 100_000, levels=2, dead_man_s=3)
PERIOD_S = 0.05
SECRET = "c2VjcmV0"


@dataclass
class GivenSource:
    """A reference price that the test sets; None is an outage."""

    price: str | None = "300"

    async def read(self, symbol: str) -> Reference:
        if self.price is None:
            raise Unavailable("reference: no answer")
        return Reference(PricePerShare.parse(self.price), Multiplier.one(), LiveClock().now(), Hours.MARKET)


def rest_of(venue: RunningVenue, account: int) -> KrakenRest:
    key = venue.key(account)
    return KrakenRest(venue.addresses.rest, lambda: time.time_ns() // 1_000, key.key, key.secret_text)


@dataclass
class Stage:
    """A market maker at work, and what is around it."""

    maker: MarketMaker
    source: GivenSource
    broker: FillingBroker
    desk: HedgeDesk


@asynccontextmanager
async def at_work(venue: RunningVenue, folder: Path, terms: Terms = TERMS) -> AsyncIterator[Stage]:
    source, broker = GivenSource(), FillingBroker()
    desk = HedgeDesk("mm", "TSLA", broker, LineFile(folder / "hedges.jsonl"))
    async with rest_of(venue, MAKER) as rest:
        pair = await rest.pair(PAIR)
        socket = f"{venue.addresses.private}/v2"
        maker = MarketMaker(rest, socket, pair, "TSLA", terms, source, desk, LiveClock(), print, PERIOD_S)
        running = asyncio.create_task(maker.run())
        try:
            yield Stage(maker, source, broker, desk)
        finally:
            maker.stop()
            await running


def shown(venue: RunningVenue) -> list[list[str]]:
    """Bids and offers, each as `lots at ticks`."""

    def levels(of: Venue) -> list[list[str]]:
        return [[f"{lots} at {ticks}" for ticks, lots in of.depth(TSLAX_USD.number, side, 5)] for side in (0, 1)]

    return venue.read(levels)


async def trade(venue: RunningVenue, side: str, volume: str) -> None:
    async with rest_of(venue, ALICE) as rest:
        await rest.private("AddOrder", pair="TSLAxUSD", type=side, ordertype="market", volume=volume)


EVEN = [["10000 at 29970", "10000 at 29940"], ["10000 at 30030", "10000 at 30060"]]


def test_a_market_maker__quotes_follows_hedges_and_leaves_nothing_behind(own_venue: RunningVenue, tmp_path: Path) -> None:
    async def story() -> None:
        async with at_work(own_venue, tmp_path) as stage:
            await until(lambda: shown(own_venue) == EVEN)
            stage.source.price = "310"
            await until(lambda: shown(own_venue)[0] == ["10000 at 30969", "10000 at 30938"])
            await trade(own_venue, "buy", "2")  # takes both offers: the market maker sold two tokens
            await until(lambda: [(each.side, each.quantity) for each in stage.broker.orders.values()] != [])
            await until(lambda: stage.desk.exposure_grains == 0)
            bought = sum(each.quantity.atoms for each in stage.broker.orders.values())
            assert {each.side for each in stage.broker.orders.values()} == {BrokerSide.BUY}
            assert Shares(bought) == Shares.whole(2)
            await until(lambda: len(stage.maker.resting) == 4)
            assert int(shown(own_venue)[0][0].split()[-1]) > 30_969, "too few tokens: both sides lean up"
            stage.source.price = None
            await until(lambda: shown(own_venue) == [[], []])
            stage.source.price = "300"
            await until(lambda: all(shown(own_venue)))
        assert shown(own_venue) == [[], []]

    asyncio.run(story())


def test_a_market_maker__cancelled_by_the_venue__quotes_again(own_venue: RunningVenue, tmp_path: Path) -> None:
    async def story() -> None:
        async with at_work(own_venue, tmp_path) as stage:
            await until(lambda: len(stage.maker.resting) == 4)
            await asyncio.to_thread(own_venue.submit, Take(MAKER))
            await until(lambda: shown(own_venue) == EVEN)

    asyncio.run(story())


def test_a_market_maker__whose_connection_is_cut__comes_back_and_quotes_once(own_venue: RunningVenue, tmp_path: Path) -> None:
    async def story() -> None:
        async with at_work(own_venue, tmp_path) as stage:
            await until(lambda: shown(own_venue) == EVEN)
            before = {each.order_id for each in stage.maker.resting}
            await asyncio.to_thread(own_venue.cut)
            await until(lambda: bool(stage.maker.resting) and before.isdisjoint(each.order_id for each in stage.maker.resting))
            await until(lambda: shown(own_venue) == EVEN)

    asyncio.run(story())


def test_a_market_maker__that_hangs__has_its_orders_cancelled_by_the_dead_mans_switch(
    own_venue: RunningVenue, tmp_path: Path
) -> None:
    """Its loop stands still, as a hung program's does: the connection stays open, and nothing is said any more."""
    ready, hung = threading.Event(), threading.Event()

    async def story() -> None:
        async with at_work(own_venue, tmp_path, replace(TERMS, dead_man_s=1)):
            await until(lambda: shown(own_venue) == EVEN)
            ready.set()
            hung.wait(30)

    thread = threading.Thread(target=lambda: asyncio.run(story()))
    thread.start()
    assert ready.wait(30)
    try:
        wait_for(lambda: shown(own_venue) == [[], []])
    finally:
        hung.set()
        thread.join(30)


def wait_for(holds: Callable[[], bool], within_s: float = 60.0) -> None:
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_restarted_market_maker__hedges_what_was_traded_while_nobody_looked(own_venue: RunningVenue, tmp_path: Path) -> None:
    async def story() -> None:
        async with at_work(own_venue, tmp_path) as stage:
            await until(lambda: shown(own_venue) == EVEN)
            stage.broker.rejects = True  # so that nothing is hedged before the end
            await trade(own_venue, "sell", "1")
            await until(lambda: stage.desk.exposure_grains != 0)
        (tmp_path / "hedges.jsonl").unlink()  # the disk of the first one is lost: only the venue knows
        async with at_work(own_venue, tmp_path) as stage:
            await until(lambda: bool(stage.broker.orders) and stage.desk.exposure_grains == 0)
            (order,) = stage.broker.orders.values()
            assert (order.side, order.quantity) == (BrokerSide.SELL, Shares.whole(1))

    asyncio.run(story())


def test_a_keeper__an_offer_below_redemption__buys_it_and_redeems_what_it_got(own_venue: RunningVenue, tmp_path: Path) -> None:
    issuer = PayingIssuer()

    async def wallet_raw() -> RawAmount:
        return RawAmount.parse("100")

    async def story() -> None:
        async with rest_of(own_venue, ALICE) as seller, rest_of(own_venue, MAKER) as rest:
            offer = {"pair": "TSLAxUSD", "type": "sell", "ordertype": "limit"}
            await seller.private("AddOrder", **offer, price="298.00", volume="1.5")
            await seller.private("AddOrder", **offer, price="299.90", volume="1")
            pair, limits, file = await rest.pair(PAIR), Limits(50_000, 100_000), LineFile(tmp_path / "arb.jsonl")
            keeper = Keeper("arb", rest, pair, issuer, wallet_raw, limits, file, LiveClock(), print)
            assert await keeper.step() is not None
            assert issuer.redeemed == {"arb-1": RawAmount.parse("1.5")}
            assert await keeper.step() is None

    asyncio.run(story())
    assert shown(own_venue) == [[], ["10000 at 29990"]]


def test_the_small_client__refused__raises_the_venues_text(own_venue: RunningVenue) -> None:
    async def story() -> None:
        async with rest_of(own_venue, ALICE) as rest:
            with pytest.raises(VenueRefused, match="EOrder:Unknown order"):
                await rest.private("CancelOrder", txid="OAAAAA-AAAAA-AAAZZZ")
            assert (await rest.balances())["TSLAx"] == "1000.00000000"

    asyncio.run(story())
