"""`PaperBrokerClient`: the paper broker's back office over HTTP. Orders go over FIX."""

from collections.abc import Mapping, Sequence

from openscrip.assets.broker import (
    ActionAnnounced,
    BrokerEvent,
    Bust,
    Correction,
    Fill,
    LoanCharged,
    MarginCall,
    OrderAccepted,
    OrderDone,
    OrderRejected,
    PledgeReleased,
    PledgeSold,
    Position,
    PositionDividend,
    PositionSplit,
    ReleaseRefused,
    Settled,
    SettlementFailed,
)
from openscrip.assets.brokers.fix_office import OfficeNews, OfficeStanding
from openscrip.assets.brokers.paper_margin import PaperCredit
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
        Correction,
        OrderDone,
        Settled,
        SettlementFailed,
        ActionAnnounced,
        PositionSplit,
        PositionDividend,
        LoanCharged,
        MarginCall,
        PledgeReleased,
        ReleaseRefused,
        PledgeSold,
    )
}


class PaperBrokerClient:
    """As `BackOffice` and `Depository`; and what only a paper broker has: pushed time, switches, notices, a drop copy."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url
        self._connection = PaperConnection("paper broker", url, timeout_s)

    def events(self, after: int, limit: int) -> Sequence[BrokerEvent]:
        """The drop copy: up to `limit` (at most 1000) of everything that happened, trades too, numbered above `after`."""
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

    def news(self, after: int, limit: int) -> Sequence[OfficeNews]:
        """As `BackOffice.news`."""
        found = self._connection.get("/v1/news", after=after, limit=limit)["news"]
        return [OfficeNews(int(each["number"]), int(each["said"]), broker_event(each["event"])) for each in found]

    def standing(self) -> OfficeStanding:
        """As `BackOffice.standing`."""
        told = self._connection.get("/v1/clock")
        return OfficeStanding(int(told["heard"]), int(told["said"]), int(told["news"]))

    def told(self) -> Mapping[str, str]:
        """The id of the newest event of each stream of a broker that speaks as Alpaca."""
        found = self._connection.get("/v1/clock")
        return {name: str(found[name]) for name in ("trades", "nta")}

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

    def struck(self) -> list[tuple[str, str]]:
        """Which switch struck which case so far, in order, since the switches were set."""
        return [(each["switch"], each["case"]) for each in self._connection.get("/v1/paper/faults")["struck"]]

    def agree(self, credit: PaperCredit) -> None:
        """Have the broker lend by `credit` from now on; what it lends by already is not said again."""
        if from_json(PaperCredit, self._connection.get("/v1/paper/credit")) != credit:
            self._connection.post("/v1/paper/credit", to_json(credit))

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
