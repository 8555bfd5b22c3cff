"""`PaperBankClient`: the bank port over HTTP to the account that the paper custodian's process keeps."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from openscrip.assets.bank import (
    BankEvent,
    CashReceived,
    CashTotals,
    Conversion,
    ConversionAnswer,
    ConversionDone,
    ConversionFailed,
    Payment,
    PaymentAnswer,
    PaymentFailed,
    PaymentSent,
)
from openscrip.assets.custody import Signatures
from openscrip.assets.paper import Deposit
from openscrip.assets.paper_client import TIMEOUT_S, PaperConnection
from openscrip.assets.wire import from_json, to_json
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Money

EVENTS: Mapping[str, type[BankEvent]] = {
    each.TYPE: each for each in (CashReceived, PaymentSent, PaymentFailed, ConversionDone, ConversionFailed)
}


class PaperBankClient:
    """The `Bank` port, and beside it what only a paper bank has: deposits made from outside."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url
        self._connection = PaperConnection("paper bank", url, timeout_s)

    def pay(self, payment: Payment, signatures: Signatures) -> PaymentAnswer:
        """As `Bank.pay`."""
        body = {**to_json(payment), "signatures": to_json(signatures)}
        return from_json(PaymentAnswer, self._connection.post("/v1/payments", body))

    def payment(self, payment_id: str) -> PaymentAnswer | None:
        """As `Bank.payment`."""
        found = self._connection.find(f"/v1/payments/{quote(payment_id, safe='')}")
        return None if found is None else from_json(PaymentAnswer, found)

    def convert(self, conversion: Conversion, signatures: Signatures) -> ConversionAnswer:
        """As `Bank.convert`."""
        body = {**to_json(conversion), "signatures": to_json(signatures)}
        return from_json(ConversionAnswer, self._connection.post("/v1/conversions", body))

    def conversion(self, conversion_id: str) -> ConversionAnswer | None:
        """As `Bank.conversion`."""
        found = self._connection.find(f"/v1/conversions/{quote(conversion_id, safe='')}")
        return None if found is None else from_json(ConversionAnswer, found)

    def events(self, after: int, limit: int) -> Sequence[BankEvent]:
        """Up to `limit` (at most 1000) events numbered above `after`."""
        rows = self._connection.get("/v1/bank/events", after=after, limit=limit)["events"]
        return [bank_event(each) for each in rows]

    def cash(self, reference: str) -> CashTotals:
        """As `Bank.cash`."""
        return from_json(CashTotals, self._connection.get("/v1/cash", reference=reference))

    def balance(self) -> Money:
        """As `Bank.balance`."""
        return Money.parse(self._connection.get("/v1/balance")["balance"])

    def deposit(self, deposit: Deposit) -> None:
        """Have somebody outside send money."""
        self._connection.post("/v1/paper/deposits", to_json(deposit))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def bank_event(body: Mapping[str, object]) -> BankEvent:
    """The event in a JSON object. Raises `Malformed("event.type")` for a type that is not known."""
    kind = EVENTS.get(str(body.get("type")))
    if kind is None:
        raise Malformed("event.type", f"event: bank event type {body.get('type')!r:.40} was not known")
    return from_json(kind, body)
