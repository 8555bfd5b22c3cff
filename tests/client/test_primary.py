"""The issuer as the liquidity tools see it, over its own operator interface on a socket."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from tests.api.whole_office import WALLET, WholeOffice, furnish, serve

from openscrip.api.app import application
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.stock import Stock
from openscrip.client.arbitrage import HttpPrimary
from openscrip.client.market_maker.reference import PlatformSource, Reference
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.terms import Hours
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.quantities import RawAmount

OPEN_AT = 1_717_423_200  # 14:00 UTC, half an hour after the opening


class WalletsElsewhere(WholeOffice):
    """Whoever trades a premium away keeps the wallets elsewhere."""

    def escrow(self, redemption: Redemption) -> str:
        if redemption.id.startswith("arb-"):
            raise Refused("paper.wallet", f"paper: the wallets of {redemption.person} were not in the data folder")
        return super().escrow(redemption)


@dataclass
class Issuer:
    office: WholeOffice
    url: str


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    office = WalletsElsewhere()
    furnish(serve(office))
    door = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application(office, office), log_level="error", lifespan="off"))
    thread = threading.Thread(target=lambda: server.run([door]))
    thread.start()
    yield Issuer(office, f"http://127.0.0.1:{door.getsockname()[1]}")
    server.should_exit = True
    thread.join(10)
    door.close()


def read(issuer: Issuer, symbol: str) -> Reference:
    async def asked() -> Reference:
        source = PlatformSource(issuer.url, new_york_calendar())
        try:
            reference = await source.read(symbol)
            assert source.now() == reference.at
            return reference
        finally:
            await source.close()

    return asyncio.run(asked())


def test_the_platforms_price__is_the_reference_with_multiplier_time_and_hours(issuer: Issuer) -> None:
    found = read(issuer, "TSLA")
    with issuer.office.store.view() as view:
        stock = view.row(Stock, "TSLA")
    assert stock is not None
    assert (found.price, found.multiplier, found.at) == (stock.price, stock.multiplier, issuer.office.now())
    assert found.hours is Hours.EXTENDED
    issuer.office.advance_to(OPEN_AT)
    assert read(issuer, "TSLA").hours is Hours.MARKET


@pytest.mark.parametrize("symbol", ["NOPE", ""])
def test_a_stock_that_is_not_listed__has_no_reference(issuer: Issuer, symbol: str) -> None:
    with pytest.raises(Unavailable):
        read(issuer, symbol)


def test_a_platform_that_does_not_answer__has_no_reference() -> None:
    with pytest.raises(Unavailable):
        read(Issuer(WholeOffice(), "http://127.0.0.1:9"), "TSLA")


def test_values__are_net_of_fees_for_one_raw_token_and_none_when_refused(issuer: Issuer) -> None:
    async def story() -> tuple[int | None, int | None]:
        primary = HttpPrimary(issuer.url, "alice", "TSLA", "evm", WALLET)
        raw = RawAmount.parse("2")
        found = await primary.redeem_micros_down("k-1", raw), await primary.subscribe_micros_up("k-2", raw)
        await primary.close()
        return found

    redeem, subscribe = asyncio.run(story())
    price = read(issuer, "TSLA").price.micros
    assert redeem == price * 9_950 // 10_000, "the fee of 50 bps is off"
    assert subscribe is None, "no inventory, no fixed price"


def test_requests__asked_twice_under_one_id__are_one_row(issuer: Issuer) -> None:
    async def story() -> None:
        primary = HttpPrimary(issuer.url, "alice", "TSLA", "evm", WALLET)
        for _ in range(2):
            await primary.redeem("arb-1", RawAmount.parse("1.5"))
        with pytest.raises(Refused):
            await primary.subscribe("arb-2", RawAmount.parse("1.5"))
        await primary.close()

    asyncio.run(story())
    with issuer.office.store.view() as view:
        assert [row.raw for row in view.rows(Redemption) if row.id == "arb-1"] == [RawAmount.parse("1.5")]
        assert [row.state for row in view.rows(Subscription) if row.id == "arb-2"] == ["refused"]


def test_paper_parties__escrow_what_is_redeemed_or_say_why_not(issuer: Issuer) -> None:
    async def story() -> None:
        primary = HttpPrimary(issuer.url, "alice", "TSLA", "evm", WALLET, paper=True)
        with pytest.raises(Refused, match="not in the data folder"):
            await primary.redeem("arb-3", RawAmount.parse("1"))
        await primary.close()

    asyncio.run(story())
