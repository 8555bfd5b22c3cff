"""The auction's price told during a call is the one that the auction finds."""

import hypothesis.strategies as st
from hypothesis import given

from openscrip.markets.accounts import Account, Order
from openscrip.markets.auction import crossing
from openscrip.markets.indicative import indicated
from openscrip.markets.ladder import Ladder, Resting
from openscrip.markets.orders import SelfTrade, Side

some = st.lists(st.tuples(st.integers(0, 1), st.integers(90, 110), st.integers(1, 9)), max_size=12)


@given(given_orders=some, reference=st.integers(0, 200))
def test_the_indicated_auction__of_any_orders__is_the_books(given_orders: list[tuple[int, int, int]], reference: int) -> None:
    owner, sides = Account(1, "somebody"), (Ladder(Side.BUY), Ladder(Side.SELL))
    orders = []
    for number, (side, price, lots) in enumerate(given_orders, 1):
        orders.append(Order((1, number, 1, side, 0, lots, price, 0, 0, 0), owner, 1, 1, 0, 0))
        sides[side].add(Resting(number, 1, Side(side), price, lots, SelfTrade.CANCEL_NEWEST))
    assert indicated(orders, reference) == crossing(*sides, reference)


def test_orders_that_wait_for_a_price__take_no_part() -> None:
    owner = Account(1, "somebody")
    buy = Order((1, 1, 1, 0, 0, 5, 100, 0, 0, 0), owner, 1, 1, 0, 0)
    stop = Order((1, 2, 1, 1, 3, 5, 100, 1, 0, 0), owner, 1, 1, 0, 0)
    assert indicated([buy, stop], 100) is None
