"""An office with something of everything in it, so that requests made up from its schema meet rows that exist."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.api.office import MemoryOffice, Standby

from openscrip.api.app import application
from openscrip.assets.compliance.persons import Person
from openscrip.assets.stock import Stock
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.errors import Malformed, Refused

WALLET = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
PERSON = {"id": "alice", "name": "Alice Brandt", "nationality": "DE", "residence": "DE", "tax_residence": "DE"}
KNOWN = ("alice", "TSLA", "evm", "sub-1", "red-1", "quote-1", "bob", "persona")
"""What stands in the office: a client, a stock, a chain, requests, an examination's provider."""


class WholeOffice(MemoryOffice):
    """Refuses a stock that is not listed where the chains would be asked, as the platform does; plays paper investors."""

    def way(self, symbol: str, source: str, destination: str, holder: str, receiver: str) -> Mapping[str, str]:
        with self.store.view() as view:
            if view.row(Stock, symbol) is None:
                raise Malformed("symbol.unknown", f"symbol: {symbol!a:.20} was not listed")
        return super().way(symbol, source, destination, holder, receiver)

    def take_on(self, person: Person) -> Mapping[str, str]:
        with self.store.transaction() as unit:
            self.compliance.take_on(unit, person, {"evm": WALLET} if person.id == "alice" else {})
        return {"evm": WALLET}

    def pay(self, subscription: Subscription) -> None:
        return

    def escrow(self, redemption: Redemption) -> str:
        if redemption.person != "alice":
            raise Refused("paper.wallet", f"paper: the wallets of {redemption.person} were not in the data folder")
        return "0xe5"


@cache
def _shared() -> tuple[Standby, FastAPI]:
    standby = Standby()
    return standby, application(standby, standby)  # it is whatever office it stands for


@cache
def whole_document() -> dict[str, Any]:
    """The application's own document; making it takes a second, and it is the same for every office."""
    return _shared()[1].openapi()


def serve(office: WholeOffice) -> TestClient:
    """Its door; whatever is not caught is answered 500 and not raised."""
    standby, app = _shared()
    standby.office = office
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


def serve_alone(office: WholeOffice) -> TestClient:
    """The same over an application of its own, whose counts begin at 0."""
    return TestClient(application(office, office), base_url="http://127.0.0.1", raise_server_exceptions=False)


def furnish(door: TestClient) -> None:
    """A listed stock, two clients, a subscription, a redemption, a quote, a paper, a participant, an examination."""
    order = {"client": "alice", "stock": "TSLA", "chain": "evm", "wallet": WALLET}
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("stocks", {"symbol": "TSLA"}),
        ("paper/clients", PERSON),
        ("paper/clients", PERSON | {"id": "bob", "kind": "legal"}),
        ("subscriptions", {**order, "request_id": "sub-1", "shares": "10"}),
        ("redemptions", {**order, "request_id": "red-1", "raw": "2", "kind": "cash"}),
        ("quotes", {"id": "quote-1", "client": "alice", "stock": "TSLA", "shares": "1"}),
        ("participants", {"client": "alice", "mail": "ap@broker.example"}),
        ("paper/pay", {"request_id": "sub-1"}),
        ("paper/escrow", {"request_id": "red-1"}),
        ("compliance/persons/alice/examinations", {"provider": "persona", "subject": "inq_1"}),
    ]
    for path, body in bodies:
        answer = door.post(f"/v1/{path}", json=body)
        assert answer.status_code == 200, (path, answer.text)
