"""What the tests of the liquidity tools share: a pair, a reference price, a broker that fills, an issuer that pays."""

from dataclasses import dataclass, field

from openscrip.assets.broker import BrokerEvent, Order, OrderAnswer, OrderProgress, OrderState, Position
from openscrip.client.kraken import Pair
from openscrip.client.market_maker.quoting import Terms
from openscrip.client.market_maker.reference import Reference
from openscrip.issuance.terms import Hours
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares

PAIR = Pair("TSLAxUSD", "TSLAx/USD", "TSLAx", "USD", 2, 4, 1, "online")
NOW = 1_770_000_000
CASH_MICROS = 10**13
"""Ten million dollars."""


def reference(price: str = "300", multiplier: str = "1", at: int = NOW, hours: Hours = Hours.MARKET) -> Reference:
    return Reference(PricePerShare.parse(price), Multiplier.parse(multiplier), at, hours)


def terms(
    lots_per_level: int = 10_000, inventory_lots: int = 1_000_000, band_lots: int = 100_000, levels: int = 3, skew_bps: int = 20
) -> Terms:
    return Terms(lots_per_level, inventory_lots, band_lots, levels=levels, skew_bps_max=skew_bps)


@dataclass
class FillingBroker:
    """Fills every order whole, or as much as it is told; may lose the next answer after it took the order."""

    part: int = 100
    loses_answer: bool = False
    rejects: bool = False
    orders: dict[str, Order] = field(default_factory=dict)

    def place(self, order: Order) -> OrderAnswer:
        if self.rejects:
            raise Refused("order.session", "order: no session was open")
        known = self.orders.setdefault(order.client_order_id, order)
        if known != order:
            raise Refused("order.conflict", "order: the id was used for another order")
        if self.loses_answer:
            self.loses_answer = False
            raise Unavailable("broker: no answer")
        return OrderAnswer(order.client_order_id, f"b-{len(self.orders)}", OrderState.ACCEPTED, "")

    def order(self, client_order_id: str) -> OrderProgress | None:
        order = self.orders.get(client_order_id)
        if order is None:
            return None
        filled = Shares(order.quantity.atoms * self.part // 100)
        return OrderProgress(
            client_order_id, "b", OrderState.DONE, "", order.symbol, order.side, order.quantity, filled, Shares(0)
        )

    def cancel(self, client_order_id: str) -> None:
        del client_order_id

    def events(self, after: int, limit: int) -> list[BrokerEvent]:
        return []

    def positions(self) -> dict[str, Position]:
        return {}


@dataclass
class PayingIssuer:
    """Redeems at one price and issues at another; keeps every request by its id, as the real one does."""

    redeem_micros: int | None = 300_000_000
    subscribe_micros: int | None = 301_000_000
    redeemed: dict[str, RawAmount] = field(default_factory=dict)
    subscribed: dict[str, RawAmount] = field(default_factory=dict)
    refuses: bool = False

    async def redeem_micros_down(self, quote_id: str, raw: RawAmount) -> int | None:
        return self.redeem_micros

    async def subscribe_micros_up(self, quote_id: str, raw: RawAmount) -> int | None:
        return self.subscribe_micros

    async def redeem(self, request_id: str, raw: RawAmount) -> None:
        if self.refuses:
            raise Refused("policy.country", "policy: blocked")
        self.redeemed.setdefault(request_id, raw)

    async def subscribe(self, request_id: str, raw: RawAmount) -> None:
        self.subscribed.setdefault(request_id, raw)
