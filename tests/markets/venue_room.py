"""A room to try the venue in: two assets against one, a few customers, and what must always be true of it."""

from collections import Counter

import numpy as np

from openscrip.markets.accounts import HOUSE
from openscrip.markets.books import BookFace, ReferenceBook, make_book
from openscrip.markets.commands import Admit, Answer, Clock, Command, Credit, List, Open, Place
from openscrip.markets.facts import Entered, Fact, OrderDone, OrderTraded
from openscrip.markets.instruments import Instrument, money, token
from openscrip.markets.orders import Limit, Side
from openscrip.markets.venue import Venue

START_US = 1_780_000_000_000_000
SECOND_US = 1_000_000
USD, TSLA, AAPL = money(1, "USD", "ZUSD"), token(2, "TSLAx"), token(3, "AAPLx")
TSLA_USD = Instrument(1, TSLA, USD, pre_open_us=0, call_us=0, cost_min=100, orders_max=1_000)
AAPL_USD = Instrument(2, AAPL, USD, pre_open_us=0, call_us=0, cost_min=100, orders_max=1_000)
ALICE, BOB, CAROL = 1, 2, 3
TOKENS, MONEY = 10**11, 10**11
"""1,000 tokens, 100,000 USD."""


def small_book() -> BookFace:
    """The native book in a window of 64 ticks, so that its overflow is at work."""
    return make_book(6)


class Room:
    """A venue with customers, and a clock that goes on by itself."""

    def __init__(self, *instruments: Instrument, venue: Venue | None = None, is_open: bool = True) -> None:
        self.venue = Venue(small_book) if venue is None else venue
        self.now_us = START_US
        self.records = b""
        for asset in (USD, TSLA, AAPL):
            self.do(Admit(asset))
        for instrument in instruments or (TSLA_USD,):
            self.do(List(instrument))
        for number, name in ((ALICE, "alice"), (BOB, "bob"), (CAROL, "carol")):
            self.do(Open(number, name))
            for asset, amount in ((USD, MONEY), (TSLA, TOKENS), (AAPL, TOKENS)):
                self.do(Credit(number, asset.number, amount, f"first {name} {asset.name}"))
        if is_open:
            self.tick()
        self.told()

    def do(self, command: Command) -> Answer:
        """Submit; whatever comes of it, the venue's sums are right."""
        self.now_us += 1
        try:
            return self.venue.submit(command, self.now_us)
        finally:
            self.records += self.venue.written()
            check(self.venue)

    def tick(self, seconds: int = 1) -> Answer:
        """Let time pass and tell the venue."""
        self.now_us += seconds * SECOND_US
        return self.do(Clock(self.now_us + 1))

    def told(self, *kinds: type) -> list[Fact]:
        """The facts since the last call, of these kinds."""
        return [fact for fact in self.venue.told() if not kinds or isinstance(fact, kinds)]

    def limit(self, account: int, side: Side, lots: int, price: int, **more: object) -> int:
        """Place a limit order; its number."""
        terms = {name: more.pop(name) for name in ("time_in_force", "expires_at", "post_only") if name in more}
        place = Place(account, 1, side, lots, Limit(price, **terms), **more)  # type: ignore[arg-type]  # names as in the call
        return self.do(place).order

    def ended(self) -> list[tuple[int, str]]:
        """Orders that ended since the last call, with how."""
        return [(fact.order, fact.ending.name) for fact in self.told(OrderDone) if isinstance(fact, OrderDone)]

    def traded(self) -> list[tuple[int, int, int, int]]:
        """Sides of trades since the last call: order, price, lots, fee."""
        facts = self.told(OrderTraded)
        return [(each.order, each.price, each.lots, each.fee) for each in facts if isinstance(each, OrderTraded)]

    def states(self) -> list[str]:
        """States entered since the last call."""
        return [fact.state.name for fact in self.told(Entered) if isinstance(fact, Entered)]

    def rows(self) -> np.ndarray:
        """The records so far."""
        return np.frombuffer(self.records, dtype="<i8").reshape(-1, 16)


def check(venue: Venue) -> None:
    """Conservation of every asset; no balance below its holds; holds are what open orders and withdrawals need."""
    sums: Counter[int] = Counter()
    for number, account in venue.accounts.items():
        needed: Counter[int] = Counter()
        for order in account.orders.values():
            needed[order.asset] += order.held
            assert order.left > 0
            if order.hold_per_lot:
                assert order.held == order.hold_per_lot * order.left
        for reserved in venue.reserved.values():
            if reserved.account == number:
                needed[reserved.asset] += reserved.amount
        for asset, balance in account.balances.items():
            held = account.held.get(asset, 0)
            sums[asset] += balance
            assert 0 <= held <= balance, f"account {number}, asset {asset}: balance {balance}, held {held}"
        for asset in {*needed, *account.held}:
            assert needed[asset] == account.held.get(asset, 0), f"account {number}, asset {asset}: {needed}"
    assert sums == Counter(venue.totals)
    assert venue.accounts[HOUSE].number == HOUSE


def reference_venue() -> Venue:
    """A venue on the reference book."""
    return Venue(ReferenceBook)
