"""`FixBroker` over a real socket to a paper broker's process: orders, trades, settlements, and every failure it can show."""

from pathlib import Path

import pytest
from tests.assets.brokers.fix_market import a_market, buy

from openscrip.assets.broker import Fill, OrderDone, OrderState, Settled

pytestmark = pytest.mark.parts


def test_an_order__over_a_real_socket__is_filled_and_settled_in_our_books(tmp_path: Path) -> None:
    with a_market(tmp_path) as market:
        assert market.place(buy()).status is OrderState.ACCEPTED
        market.advance_to("2024-06-03T20:00:00Z")
        assert [str(each.quantity) for each in market.told(Fill)] == ["3", "2"]
        assert [(str(each.filled), each.reason) for each in market.told(OrderDone)] == [("5", "")]
        market.advance_to("2024-06-04T16:00:00Z")
        assert [str(each.amount) for each in market.told(Settled)] == ["881.538145"]
        assert str(market.broker.positions()["TSLA"].settled) == "5"
