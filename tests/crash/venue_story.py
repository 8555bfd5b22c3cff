"""What clients tell the venue that is killed: the same for the same seed and the same answers."""

from collections.abc import Iterator
from random import Random

from tests.markets.venue_room import AAPL, AAPL_USD, TSLA, TSLA_USD, USD, small_book

from openscrip.markets.commands import (
    Admit,
    CancelAfter,
    Change,
    Clock,
    Command,
    Credit,
    GiveBack,
    List,
    Nonce,
    Open,
    PayOut,
    Place,
    Quote,
    Reserve,
    SetFees,
    Take,
)
from openscrip.markets.orders import Iceberg, Limit, Market, SelfTrade, Side, Stop, Terms, TimeInForce, Trailing
from openscrip.markets.venue import Venue

START_US = 1_790_000_000_000_000
ACCOUNTS = range(1, 7)
FIRST_AMOUNT = 10**13
PRICE = 10_000


def new_venue() -> Venue:
    return Venue(small_book)


def opening() -> Iterator[Command]:
    """What the venue is told first of all, once."""
    for asset in (USD, TSLA, AAPL):
        yield Admit(asset)
    yield SetFees(0, ((0, 1_000, -200),))
    for instrument in (TSLA_USD, AAPL_USD):
        yield List(instrument)
    for account in ACCOUNTS:
        yield Open(account, f"customer {account}")
        for asset in (USD, TSLA, AAPL):
            yield Credit(account, asset.number, FIRST_AMOUNT, f"first {account} {asset.name}")
    yield Clock(START_US)
    for instrument in (TSLA_USD, AAPL_USD):
        yield Quote(instrument.number, PRICE, START_US)


def next_command(random: Random, name: str, venue: Venue, now_us: int) -> Command:
    """Orders of many kinds for the most part, three times in ten about one that is open, sometimes money, time or a price."""
    account, instrument = random.choice(ACCOUNTS), random.randint(1, 2)
    chance = random.random()
    if chance < 0.02:
        return Clock(now_us)
    if chance < 0.04:
        return Quote(instrument, PRICE + random.randint(-20, 20), now_us)
    if chance < 0.06:
        return Credit(account, random.randint(1, 3), random.randint(1, 10**6), f"credit {name}")
    if chance < 0.08:
        return Nonce(account, venue.nonce(account) + random.randint(1, 99))
    if chance < 0.10:
        return Reserve(account, 1, random.randint(1, 10**6), f"withdrawal {name}")
    if chance < 0.12 and venue.reserved:
        reference = random.choice(sorted(venue.reserved))
        return PayOut(reference) if random.random() < 0.5 else GiveBack(reference)
    if chance < 0.13:
        return CancelAfter(account, now_us + random.randint(10**3, 10**6))
    orders = venue.open_orders(account)
    if chance < 0.35 and orders:
        return Take(account, random.choice(orders).id)
    if chance < 0.42 and orders:
        return Change(account, random.choice(orders).id, lots=random.randint(1, 300), price=PRICE + random.randint(-20, 20))
    if chance < 0.43:
        return Take(account)
    side, lots = Side(random.randint(0, 1)), random.randint(1, 300)
    return Place(account, instrument, side, lots, _terms(random, side, lots, now_us), random.choice(list(SelfTrade)), name)


def _terms(random: Random, side: Side, lots: int, now_us: int) -> Terms:
    price = PRICE + random.randint(-25, 10) * (1 if side is Side.BUY else -1)
    match random.randrange(12):
        case 0:
            return Iceberg(price, max(1, lots // 3))
        case 1:
            return Market(0, 0)
        case 2:
            return Stop(price, 0)
        case 3:
            return Trailing(random.randint(1, 30), 0)
        case 4:
            return Limit(price, TimeInForce.IOC)
        case 5:
            return Limit(price, TimeInForce.GTC, now_us + random.randint(10**3, 10**7))
        case _:
            return Limit(price)
