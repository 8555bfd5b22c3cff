"""Whatever is asked of the venue in whatever order: balances are never below zero, nothing is made or lost, and it replays."""

from collections import Counter
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from tests.markets.venue_room import AAPL_USD, SECOND_US, TSLA_USD, Room, check, reference_venue, small_book

from openscrip.kernel.errors import Refused
from openscrip.markets import orders
from openscrip.markets.commands import (
    CancelAfter,
    Cause,
    Change,
    Clock,
    Command,
    Credit,
    Enrol,
    Enter,
    GiveBack,
    PayOut,
    Place,
    Quote,
    Reserve,
    SetFees,
    State,
    Stop,
    Take,
    Tier,
)
from openscrip.markets.facts import Fact, Indicated
from openscrip.markets.orders import (
    Iceberg,
    Limit,
    Market,
    Reference,
    SelfTrade,
    Side,
    StopLimit,
    TakeProfit,
    TakeProfitLimit,
    Terms,
    TimeInForce,
    Trailing,
    TrailingLimit,
)
from openscrip.markets.venue import Venue

OPERATIONS_MIN = 50_000
MIDDLE, FAR = 10_000, 1_400
ACCOUNTS = st.integers(1, 3)
INSTRUMENTS = st.integers(1, 2)
near = st.integers(MIDDLE - 20, MIDDLE + 20)
amounts = st.integers(1, 10**11)
STATES = (State.HALTED, State.CALL, State.OPEN, State.OPEN, State.REDUCE_ONLY, State.CANCEL_ONLY, State.CLOSED)
counts: Counter[str] = Counter()


def some_terms(random: Random) -> Terms:
    """Any kind of order, mostly near the middle."""
    price = MIDDLE + (random.randint(-20, 20) if random.random() < 0.9 else random.randint(-FAR, FAR))
    span, reference = random.randint(0, 30), random.choice(list(Reference))
    kinds: tuple[Terms, ...] = (
        Limit(price),
        Limit(price, random.choice((TimeInForce.IOC, TimeInForce.FOK))),
        Limit(price, post_only=True),
        Iceberg(price, 1 + span),
        Market(0),
        orders.Stop(price, span, reference),
        StopLimit(price, price + span, reference),
        TakeProfit(price, span, reference),
        TakeProfitLimit(price, price - span, reference),
        Trailing(1 + span, span, reference),
        TrailingLimit(1 + span, span - 15, reference),
    )
    return random.choices(kinds, (40, 8, 6, 6, 8, 5, 5, 5, 5, 5, 5))[0]


def some_place(random: Random) -> Place:
    """An order of anybody; now and then far too large, or for a sum."""
    lots = random.randint(1, 400) if random.random() < 0.95 else random.choice((300_000, 9_000_000, 10**13))
    spends = random.random() < 0.05
    return Place(
        random.randint(1, 3),
        random.randint(1, 2),
        random.choice((Side.BUY, Side.SELL)),
        0 if spends else lots,
        Market(0) if spends else some_terms(random),
        random.choices(list(SelfTrade), (4, 2, 1))[0],
        random.choice((*[""] * 8, "mine", "yours")),
        random.randint(-(2**31), 2**31 - 1),
        3_000_000 if spends else 0,
        random.random() < 0.1,
    )


class Machine(RuleBasedStateMachine):
    """One venue on the native book, one on the reference book; they do and tell the same."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room(TSLA_USD, AAPL_USD)
        self.other = Room(TSLA_USD, AAPL_USD, venue=reference_venue())
        self.references = 0
        self.facts: list[Fact] = []

    def do(self, *commands: Command) -> None:
        """Both do it or both refuse it with the same words."""
        for command in commands:
            counts["operations"] += 1
            answers = []
            for room in (self.room, self.other):
                try:
                    answers.append(str(room.do(command)))
                except Refused as refused:
                    answers.append(f"{refused.code}: {refused.text}")
                    counts["refused"] += 1
                    counts[refused.code] += 1
            assert answers[0] == answers[1]
        told = self.room.told()
        counts.update(type(fact).__name__ for fact in told)
        assert told == self.other.told()
        self.facts += (fact for fact in told if not isinstance(fact, Indicated))
        assert self.room.venue.digest == self.other.venue.digest

    @rule(seed=st.integers(0, 2**32), count=st.integers(60, 250))
    def trade(self, seed: int, count: int) -> None:
        """Most of what happens at a venue: orders, cancels, amendments."""
        random = Random(seed)
        for instrument in (1, 2):
            if random.random() < 0.8 and self.room.venue.state_of(instrument) not in (State.OPEN, State.POST_ONLY):
                self.reopen(instrument)
        for _ in range(count):
            chosen = random.random()
            found = list(self.room.venue.orders.values())
            if chosen < 0.72 or not found:
                self.do(some_place(random))
                continue
            order = random.choice(found)
            if chosen < 0.87:
                self.do(Take(order.account, order.id))
                continue
            price = random.choice((0, MIDDLE + random.randint(-20, 20)))
            display = random.randint(0, 10) if order.display else 0
            trigger = MIDDLE + random.randint(-20, 20) if order.is_waiting and random.random() < 0.5 else 0
            self.do(Change(order.account, order.id, random.choice((0, 1, 50, 500)), price, display, trigger))

    @rule(instrument=INSTRUMENTS)
    def reopen(self, instrument: int) -> None:
        """As an operator would after a halt."""
        self.do(Enter(instrument, State.CALL), Enter(instrument, State.OPEN), Quote(instrument, MIDDLE, self.room.now_us))

    @rule(account=st.integers(0, 3), instrument=st.integers(0, 2), place=st.integers(0, 50))
    def take(self, account: int, instrument: int, place: int) -> None:
        found = sorted(self.room.venue.orders)
        order = found[place] if place < len(found) else 0
        self.do(Take(account, order, instrument, Cause.DISCONNECTED))

    @rule(account=ACCOUNTS, asset=st.integers(1, 3), amount=amounts)
    def credit(self, account: int, asset: int, amount: int) -> None:
        self.references += 1
        self.do(Credit(account, asset, amount, f"credit {self.references}"))

    @rule(account=ACCOUNTS, asset=st.integers(1, 3), amount=amounts)
    def reserve(self, account: int, asset: int, amount: int) -> None:
        self.references += 1
        self.do(Reserve(account, asset, amount, f"withdrawal {self.references}"))

    @precondition(lambda self: self.room.venue.reserved)
    @rule(pays=st.booleans())
    def settle(self, pays: bool) -> None:
        reference = next(iter(self.room.venue.reserved))
        self.do(PayOut(reference) if pays else GiveBack(reference))

    @rule(taker=st.integers(0, 4_000), maker=st.integers(-1_000, 1_000), account=ACCOUNTS, schedule=st.integers(-1, 1))
    def fees(self, taker: int, maker: int, account: int, schedule: int) -> None:
        self.do(SetFees(1, ((0, taker, maker), (10**9, taker // 2, maker))), Tier(account, schedule))

    @rule(instrument=INSTRUMENTS, price=near)
    def quote(self, instrument: int, price: int) -> None:
        self.do(Quote(instrument, price, self.room.now_us))

    @rule(seconds=st.sampled_from((1, 1, 1, 10, 400, 90_000)))
    def clock(self, seconds: int) -> None:
        for room in (self.room, self.other):
            room.now_us += seconds * SECOND_US
        self.do(Clock(self.room.now_us))

    @rule(instrument=INSTRUMENTS, state=st.sampled_from(STATES))
    def enter(self, instrument: int, state: State) -> None:
        self.do(Enter(instrument, state))

    @rule(account=st.integers(0, 3), span=st.integers(0, 5))
    def switches(self, account: int, span: int) -> None:
        self.do(
            CancelAfter(max(1, account), self.room.now_us + span * SECOND_US), Stop(account, True), Stop(account, False),
            Enrol(max(1, account), 1, 500, 1, 1_000, 500),
        )  # fmt: skip

    def teardown(self) -> None:
        """From the records, fast and slowly, and from the state: the same venue again."""
        venue, rows = self.room.venue, self.room.rows()
        state, digest = venue.state(), venue.digest
        for tell in (False, True):
            again = Venue(small_book)
            middle = len(rows) // 2
            while rows[middle - 1, 0] == 1:
                middle -= 1
            again.replay(rows[:middle], tell=tell)
            again.replay(rows[middle:], tell=tell)
            assert again.digest == digest
            assert again.state() == state
            if tell:
                told = again.told()
                assert told[len(told) - len(self.facts) :] == self.facts
        loaded = reference_venue()
        loaded.load(state)
        assert loaded.digest == digest
        assert loaded.state() == state
        check(loaded)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_venue__whatever_is_asked_of_it__keeps_its_sums() -> None:
    counts.clear()
    chosen = settings(
        max_examples=180, stateful_step_count=40, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Machine, settings=chosen)
    assert counts["operations"] >= OPERATIONS_MIN, counts
    assert min(counts[each] for each in ("OrderTraded", "OrderTriggered", "OrderRefilled", "OrderAmended", "Moved")) > 100, (
        counts
    )
