"""What the market maker sold is bought at a broker over FIX, and the session's numbers go on after a crash."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.client.makers import reference

from openscrip.assets.broker import Broker
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.paper_child import BROKER_MODULE, PaperChild
from openscrip.bootstrap.hedge_line import FixHedge, hedging
from openscrip.client.line_file import LineFile
from openscrip.client.market_maker import HedgeDesk, Reference
from openscrip.kernel.clock import instant
from openscrip.kernel.quantities import Shares

pytestmark = pytest.mark.parts

NOW = instant("2024-08-20T14:00:00Z")
WAIT_S = 60.0


class Clock:
    """Market time that stands."""

    def now(self) -> int:
        return NOW


@pytest.fixture
def child(tmp_path: Path) -> Iterator[PaperChild]:
    made = PaperChild(BROKER_MODULE, tmp_path / "broker", ["--start-time", str(NOW), "--target", "MAKER", "--at-once"])
    made.start()
    yield made
    made.stop()


def test_without_a_broker__nothing_hedges(tmp_path: Path) -> None:
    with hedging(None, tmp_path / "liquidity", Clock()) as broker:
        assert broker is None
    assert not (tmp_path / "liquidity").exists()


def test_what_was_sold__is_bought_over_fix__and_after_a_restart_too(tmp_path: Path, child: PaperChild) -> None:
    line = FixHedge(f"127.0.0.1:{child.fix_port}", child.url, "MAKER", "PAPERBROKER", live=False)
    price = reference("222.72", at=NOW)
    file = tmp_path / "hedges.jsonl"
    for sold in (2, 3):
        with hedging(line, tmp_path / "liquidity", Clock()) as broker:
            assert broker is not None
            desk = HedgeDesk("mm", "TSLA", broker, LineFile(file))
            assert desk.exposure_grains == 0
            assert desk.record(f"fill-{sold}", False, sold, 0)
            until_hedged(desk, price)
    office = PaperBrokerClient(child.url)
    try:
        assert office.positions()["TSLA"].pending_in == Shares.whole(5)
    finally:
        office.close()


def test_an_order_beyond_its_limit__stays_unhedged__and_is_sent_anew(tmp_path: Path, child: PaperChild) -> None:
    """The broker's price is a tenth above our reference: the order ends unfilled, and the exposure stays."""
    line = FixHedge(f"127.0.0.1:{child.fix_port}", child.url, "MAKER", "PAPERBROKER", live=False)
    with hedging(line, tmp_path / "liquidity", Clock()) as broker:
        assert broker is not None
        desk = HedgeDesk("mm", "TSLA", broker, LineFile(tmp_path / "hedges.jsonl"))
        desk.record("fill", False, 1, 0)
        stepped_until(desk, reference("200", at=NOW), lambda: known(broker, "mm-2"))
        assert desk.exposure_grains == -(10**8)
        until_hedged(desk, reference("222.72", at=NOW))


def until_hedged(desk: HedgeDesk, price: Reference) -> None:
    stepped_until(desk, price, lambda: desk.exposure_grains == 0)


def stepped_until(desk: HedgeDesk, price: Reference, is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < ends, f"{desk.exposure_grains} x 1e-8 tokens are not hedged"
        desk.step(price)
        time.sleep(0.02)


def known(broker: Broker, order: str) -> bool:
    return broker.order(order) is not None
