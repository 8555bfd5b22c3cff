"""The real venue and what follows it: the ledger has its balances, the history its orders, whatever happened."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.markets.venue_room import AAPL_USD, ALICE, BOB, CAROL, SECOND_US, TSLA_USD, USD, Room

from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Change, Command, Enrol, GiveBack, PayOut, Place, Reserve, Take
from openscrip.markets.facts import Ending, Fact, Measured, OrderDone, OrderNew, OrderTraded
from openscrip.markets.following import Facts
from openscrip.markets.history import History
from openscrip.markets.instruments import Instrument
from openscrip.markets.money_chart import MONEY_SIDES
from openscrip.markets.orders import Iceberg, Limit, Market, Side, Stop, Terms, TimeInForce
from openscrip.markets.settlement import Settlement
from openscrip.markets.venue import Venue
from openscrip.runtime.memory import MemoryStore

DAY_S = 86_400


class Followed:
    """A venue, and a history and a settlement that take its beginning from its records and hear the rest."""

    def __init__(self, folder: Path, *instruments: Instrument) -> None:
        self.room = Room(*instruments)
        venue = self.room.venue
        self.facts: list[Fact] = []
        self.history = History(folder / "history.duckdb", venue.instruments, self.again)
        self.settlement = Settlement(MemoryStore(MONEY_SIDES), venue.instruments, self.again, lambda: 1)
        self.history.start(venue.sequence, 10)
        assert self.settlement.start(venue.sequence, self.balances(), 10) == []

    def again(self, sequence: int) -> Iterator[Facts]:
        """The whole life of the venue out of its records, told by another."""
        other = Venue()
        other.replay(self.room.rows(), tell=True)
        yield [fact for fact in other.told() if fact.sequence > sequence]

    def hear(self) -> None:
        facts = self.room.told()
        self.facts += facts
        self.history.hear(facts)
        self.settlement.hear(facts)

    def do(self, *commands: Command) -> None:
        for command in commands:
            with suppress(Refused):
                self.room.do(command)
        self.hear()

    def balances(self) -> dict[tuple[int, int], int]:
        accounts = self.room.venue.accounts
        return {(number, asset): amount for number, each in accounts.items() for asset, amount in each.balances.items()}

    def agree(self) -> None:
        """The ledger has each of the venue's balances, the house's too."""
        heard = self.facts[-1].sequence
        assert self.settlement.reached(heard, 60), self.settlement.trouble
        assert self.settlement.compare(heard, self.balances()) == []
        assert self.settlement.breaks == []

    def stop(self) -> None:
        self.history.stop()
        self.settlement.stop()


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    made = Followed(tmp_path, TSLA_USD, AAPL_USD)
    yield made
    made.stop()


def chosen(chance: random.Random, number: int) -> Command:
    """Anything that a customer may ask for."""
    account, side, lots = chance.choice((ALICE, BOB, CAROL)), Side(chance.randrange(2)), chance.randrange(1, 400)
    price, instrument, x = 30_000 + chance.randrange(-15, 16), chance.choice((1, 2)), chance.random()
    terms: Terms = Limit(price)
    if x < 0.08:
        return Take(account, chance.randrange(1, number + 2))
    if x < 0.16:
        return Change(account, chance.randrange(1, number + 2), chance.randrange(1, 500), price)
    if x < 0.19:
        return Reserve(account, USD.number, chance.randrange(1, 10**6), f"out {number}")
    if x < 0.23:
        return (PayOut if x < 0.21 else GiveBack)(f"out {number - chance.randrange(1, 40)}")
    if x < 0.30:
        terms = Market(0)
    elif x < 0.38:
        terms = Iceberg(price, max(1, lots // 3))
    elif x < 0.43:
        terms = Stop(price, 0)
    elif x < 0.50:
        terms = Limit(price, chance.choice((TimeInForce.IOC, TimeInForce.FOK)))
    return Place(account, instrument, side, lots, terms)


def test_whatever_customers_do__ledger_and_history_have_it(followed: Followed) -> None:
    chance = random.Random(8)
    for number in range(1_500):
        followed.do(chosen(chance, number))
        if number % 400 == 0:
            followed.agree()
    followed.agree()
    new = {each.order: each for each in followed.facts if isinstance(each, OrderNew)}
    done = [each for each in followed.facts if isinstance(each, OrderDone)]
    traded = [each for each in followed.facts if isinstance(each, OrderTraded)]
    assert len(traded) > 300
    for account in (ALICE, BOB, CAROL):
        mine = {each.order: each for each in done if each.account == account}
        closed = asyncio.run(followed.history.orders(account, list(mine)))
        assert {each.order for each in closed} == mine.keys()
        for each in closed:
            told, placed = mine[each.order], new[each.order]
            assert (each.filled, each.value, each.fee) == (told.filled, told.cost, told.fees)
            assert (each.side, each.opened_us, each.closed_us) == (placed.side, placed.time_us, told.time_us)
            assert each.lots == told.filled + told.left
            assert (each.status == "closed") is (told.ending is Ending.FILLED)
        executions = asyncio.run(followed.history.executions_of(account, list(new)))
        told_of = sorted((each for each in traded if each.account == account), key=lambda each: 2 * each.trade + each.side)
        assert [(each.order, each.trade, each.price, each.lots, each.fee) for each in executions] == [
            (each.order, each.trade, each.price, each.lots, each.fee) for each in told_of
        ]


def test_a_maker_s_rebate__paid_by_the_house__is_settled(tmp_path: Path) -> None:
    followed = Followed(tmp_path, TSLA_USD)
    followed.do(Enrol(ALICE, 1, 1_000, 1, 0, 1_000))
    followed.do(Place(ALICE, 1, Side.SELL, 900, Limit(30_010)), Place(ALICE, 1, Side.BUY, 900, Limit(29_990)))
    followed.do(Place(BOB, 1, Side.BUY, 500, Limit(30_010)))
    followed.agree()
    followed.room.now_us += DAY_S * SECOND_US
    followed.room.tick()
    followed.hear()
    [measured] = [each for each in followed.facts if isinstance(each, Measured)]
    assert measured.paid > 0
    followed.agree()
    rows, count = asyncio.run(followed.history.ledgers(ALICE, kind="adjustment"))
    assert (count, rows[0].amount) == (1, measured.paid)
    followed.stop()
