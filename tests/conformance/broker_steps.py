"""What the suite of the brokers asks of one again and again; each adapter is open for one test."""

from typing import TypeVar

from tests.conformance.brokers import AnyBroker

from openscrip.assets.broker import (
    BrokerEvent,
    Order,
    Side,
)
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.quantities import Shares

EventT = TypeVar("EventT")


def buy(case: str = "buy-1", symbol: str = "TSLA", quantity: str = "5") -> Order:
    return Order(case, symbol, Side.BUY, Shares.parse(quantity))


def sell(case: str = "sell-1", quantity: str = "5", **terms: object) -> Order:
    return Order(case, "TSLA", Side.SELL, Shares.parse(quantity), **terms)  # type: ignore[arg-type]  # terms by name


def limited(price: str, case: str = "buy-1", quantity: str = "5", **terms: object) -> Order:
    limit = PricePerShare.parse(price)
    return Order(case, "TSLA", Side.BUY, Shares.parse(quantity), limit, **terms)  # type: ignore[arg-type]  # terms by name


def told(broker: AnyBroker, kind: type[EventT]) -> list[EventT]:
    events: list[BrokerEvent] = list(broker.events(0, 1000))
    return [each for each in events if isinstance(each, kind)]


def held(broker: AnyBroker, symbol: str) -> str:
    positions = broker.positions()
    return str(positions[symbol].settled) if symbol in positions else "0"
