"""`PaperBrokerClient`: the broker port over HTTP to the paper broker's process."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from openscrip.assets.broker import (
    ActionAnnounced,
    BrokerEvent,
    Bust,
    Fill,
    Order,
    OrderAccepted,
    OrderAnswer,
    OrderDone,
    OrderProgress,
    OrderRejected,
    Position,
    PositionDividend,
    PositionSplit,
    Settled,
    SettlementFailed,
)
from openscrip.assets.notice import Notice
from openscrip.assets.paper import CashIn, Switches, Transfer, TransferAnswer
from openscrip.assets.paper_client import TIMEOUT_S, PaperConnection
from openscrip.assets.wire import from_json, to_json
from openscrip.kernel.errors import Malformed

EVENTS: Mapping[str, type[BrokerEvent]] = {
    each.TYPE: each
    for each in (
        OrderAccepted,
        OrderRejected,
        Fill,
        Bust,
        OrderDone,
        Settled,
        SettlementFailed,
        ActionAnnounced,
        PositionSplit,
        PositionDividend,
    )
}


class PaperBrokerClient:
    """The `Broker` port, and beside it what only a paper broker has: pushed time, switches, notices."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url
        self._connection = PaperConnection("paper broker", url, timeout_s)

    def place(self, order: Order) -> OrderAnswer:
        """Send an order."""
        return from_json(OrderAnswer, self._connection.post("/v1/orders", to_json(order)))

    def order(self, client_order_id: str) -> OrderProgress | None:
        """What has become of an order."""
        found = self._connection.find(f"/v1/orders/{quote(client_order_id, safe='')}")
        return None if found is None else from_json(OrderProgress, found)

    def events(self, after: int, limit: int) -> Sequence[BrokerEvent]:
        """Up to `limit` (at most 1000) events numbered above `after`."""
        return [broker_event(each) for each in self._connection.get("/v1/events", after=after, limit=limit)["events"]]

    def positions(self) -> Mapping[str, Position]:
        """Positions by symbol."""
        rows = [from_json(Position, each) for each in self._connection.get("/v1/positions")["positions"]]
        return {each.symbol: each for each in rows}

    def deliver(self, transfer: Transfer) -> TransferAnswer:
        """Shares leave for custody."""
        return from_json(TransferAnswer, self._connection.post("/v1/deliveries", to_json(transfer)))

    def receive(self, transfer: Transfer) -> TransferAnswer:
        """Shares arrive from custody."""
        return from_json(TransferAnswer, self._connection.post("/v1/receipts", to_json(transfer)))

    def pay_in(self, cash: CashIn) -> TransferAnswer:
        """Money arrives from the bank."""
        return from_json(TransferAnswer, self._connection.post("/v1/deposits", to_json(cash)))

    def advance_to(self, now: int) -> None:
        """Push market time; returns when all that is due by then has happened."""
        self._connection.post("/v1/clock", {"now": now})

    def next_due(self) -> int | None:
        """The next instant at which something happens by itself."""
        due_at: int | None = self._connection.get("/v1/clock")["next_due"]
        return due_at

    def turn(self, switches: Switches) -> None:
        """Replace the failure switches."""
        self._connection.post("/v1/paper/faults", to_json(switches))

    def announce(self, notice: Notice) -> None:
        """Have the broker announce a corporate action."""
        self._connection.post("/v1/paper/notices", to_json(notice))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def broker_event(body: Mapping[str, object]) -> BrokerEvent:
    """The event in a JSON object. Raises `Malformed("event.type")` for a type that is not known."""
    kind = EVENTS.get(str(body.get("type")))
    if kind is None:
        raise Malformed("event.type", f"event: broker event type {body.get('type')!r:.40} was not known")
    return from_json(kind, body)
