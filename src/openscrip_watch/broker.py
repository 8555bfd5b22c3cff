"""What the broker executed and lent, read from its numbered events: only sales and loans matter here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openscrip_watch.amounts import DOLLAR, SHARE, parse
from openscrip_watch.custodian import HttpSource


@dataclass(slots=True)
class Sales:
    """Executed sales by order, busts taken out. Shares in 1e-9, proceeds after fees in 1e-6 dollars, rounded up."""

    fills: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    loans: dict[str, int] = field(default_factory=dict)
    """What was lent and charged for each loan, in 1e-6 dollars."""
    read: int = 0

    def update(self, source: HttpSource) -> None:
        """Read on from where the last reading ended."""
        for event in source.events(self.read):
            self.take(event)

    def take(self, event: Mapping[str, Any]) -> None:
        """Take one event in."""
        self.read = int(event["seq"])
        if event["type"] in {"bust", "correction"}:
            self.fills.pop(str(event["ref_exec_id"]), None)
        if event["type"] in {"fill", "correction"} and event["side"] == "sell":
            shares = parse(event["quantity"], SHARE, "fill: quantity")
            price = parse(event["price"], DOLLAR, "fill: price")
            fee = parse(event.get("fee", "0"), DOLLAR, "fill: fee")
            proceeds = -(-shares * price // SHARE) - fee
            self.fills[str(event["exec_id"])] = (str(event["client_order_id"]), shares, proceeds)

        if event["type"] == "settled" and event.get("loan"):
            self._owe(event, "lent")
        if event["type"] == "loan_charged":
            self._owe(event, "amount")

    def _owe(self, event: Mapping[str, Any], name: str) -> None:
        loan = str(event["loan"])
        self.loans[loan] = self.loans.get(loan, 0) + parse(event[name], DOLLAR, f"{event['type']}: {name}")

    def of(self, reference: str) -> tuple[int, int]:
        """(shares, proceeds) of all orders whose id is `reference` or begins with it and a `:` or `/`."""
        found = [
            (shares, proceeds)
            for order, shares, proceeds in self.fills.values()
            if order == reference or order.startswith((reference + ":", reference + "/"))
        ]
        return sum(shares for shares, _ in found), sum(proceeds for _, proceeds in found)
