"""Which facts reach browsers, as which topic, with which of their fields: the one table. What is not named stays inside.

A topic of state says what is so now: only the newest event of a key counts. A topic of facts says what happened: each
event counts. `order:<id>` is one topic for each order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

STATE = frozenset({"coverage", "supply", "price", "health", "status"})
FACTS = frozenset({"actions", "queues", "alarms"})
PUBLIC = frozenset({"coverage", "supply", "price", "status", "actions", "alarms"})
"""What anybody may follow; `queues` and `health` are for operators, an order for whose it is.

`status` tells which part runs, as everybody may know it, `health` which feed cannot be read and why: no facts of the books,
but what `web.parts_watch` sees.
"""
ORDER = "order:"


@dataclass(frozen=True, slots=True)
class Telling:
    """A fact's event on one topic: its key and the fields that are told. `key` and an order's id are fields of the fact."""

    topic: str
    key: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """One event of one fact."""

    topic: str
    key: str
    body: Mapping[str, Any]

    @property
    def is_state(self) -> bool:
        """Whether a newer event of the same key makes this one superfluous."""
        return self.topic in STATE


_ORDER = "order"
_SUPPLY = ("chain",)

TABLE: Mapping[str, tuple[Telling, ...]] = {
    "CoverageChanged": (
        Telling("coverage", "stock", ("state", "held", "owed", "raw")),
        Telling("supply", "stock", ("raw",)),
    ),
    "OrderMoved": (Telling(_ORDER, "id", ("state",)), Telling("queues", "id", ("state",))),
    "RequestRefused": (Telling(_ORDER, "id", ("rule",)), Telling("queues", "id", ("rule",))),
    "SubscriptionMinted": (Telling(_ORDER, "id", ("chain", "raw", "tx_id")), Telling("supply", "stock", _SUPPLY)),
    "SubscriptionCompleted": (Telling(_ORDER, "id", ("chain", "raw")),),
    "SharesMoving": (Telling(_ORDER, "wanted_by", ("shares",)),),
    "SharesArrived": (Telling(_ORDER, "wanted_by", ("shares",)), Telling("coverage", "stock")),
    "AcquisitionFailed": (Telling(_ORDER, "wanted_by"), Telling("queues", "wanted_by")),
    "ClaimArose": (Telling(_ORDER, "id", ("raw", "shares")), Telling("supply", "stock", _SUPPLY)),
    "SharesReleased": (Telling(_ORDER, "wanted_by", ("shares",)),),
    "SharesSold": (Telling(_ORDER, "wanted_by", ("shares", "proceeds")),),
    "DisposalFailed": (Telling(_ORDER, "wanted_by"), Telling("queues", "wanted_by")),
    "RedemptionCompleted": (Telling(_ORDER, "id", ("kind", "shares", "paid")),),
    "TokensRestored": (Telling(_ORDER, "id", ("raw",)), Telling("supply", "stock", _SUPPLY)),
    "InKindMinted": (Telling("supply", "stock", _SUPPLY),),
    "CrossingDeparted": (Telling("supply", "stock", ("chain", "destination", "raw")),),
    "CrossingArrived": (Telling("supply", "stock", ("chain", "source", "raw")),),
    "CrossingRestored": (Telling("supply", "stock", ("chain", "raw")),),
    "CrossingRefused": (Telling("queues", "id", ("rule",)),),
    "StockFrozen": (Telling("actions", "stock", ("event_id",)), Telling("coverage", "stock")),
    "StockSplit": (
        Telling("actions", "stock", ("epoch", "new", "old")),
        Telling("coverage", "stock"),
        Telling("price", "stock"),
    ),
    "PriceMoved": (Telling("price", "stock", ("price",)),),
    "StockResumed": (Telling("actions", "stock", ("event_id",)), Telling("coverage", "stock")),
    "StockMatured": (Telling("actions", "stock", ("event_id",)),),
    "MultiplierChanged": (
        Telling("actions", "stock", ("event_id", "multiplier", "epoch", "effective_at")),
        Telling("supply", "stock"),
    ),
    "BreakOpened": (Telling("alarms", "stock", ("id", "kind", "chain")), Telling("queues", "id", ("kind",))),
    "BreakClosed": (Telling("alarms", "stock", ("id",)), Telling("queues", "id")),
    "QuestionOpened": (Telling("actions", "stock", ("question",)), Telling("queues", "item", ("question",))),
    "QuestionClosed": (Telling("queues", "item"),),
    "CaseOpened": (Telling("queues", "id", ("kind", "rule")),),
    "CaseClosed": (Telling("queues", "id", ("state",)),),
    "ListStopped": (Telling("queues", "publisher"),),
    "NotificationDead": (Telling("queues", "id"),),
    "UnplacedCash": (Telling("queues", "payment_id"),),
    "UnplacedEscrow": (Telling("queues", "hash", ("chain",)),),
    "DepositInSuspense": (Telling("queues", "id", ("rule",)),),
    "InKindHeld": (Telling("queues", "id", ("rule",)),),
    "SharesPledged": (Telling("coverage", "stock"),),
}


def tell(fact: object) -> Iterable[Told]:
    """The events of a fact; none for what is not in the table."""
    for telling in TABLE.get(type(fact).__name__, ()):
        key = str(getattr(fact, telling.key))
        body = {name: _text(getattr(fact, name)) for name in telling.fields}
        is_order = telling.topic == _ORDER
        yield Told(ORDER + key.partition(":")[0] if is_order else telling.topic, key, body)


def _text(value: object) -> Any:
    """Amounts as decimal strings; words and counts as they are."""
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, str | int | bool) or value is None else str(value)


def is_topic(name: str) -> bool:
    """Whether something may be followed under that name."""
    return name in STATE or name in FACTS or (name.startswith(ORDER) and 0 < len(name) - len(ORDER) <= 80)
