"""What the paper network keeps: accounts, journals, requests, and the faults that are switched on."""

from dataclasses import dataclass, field

FAULTS = frozenset({
    "callback_403", "callback_403_short", "callback_422", "callback_429", "callback_500", "callback_lost",
    "callback_500_after", "redeem_rejected", "redeem_held", "fresh_404", "poll_429", "journal_rejected",
    "confirm_twice", "confirm_otherwise", "confirm_early", "as_id", "fees_as_number",
})  # fmt: skip


@dataclass(slots=True)
class Fault:
    """A fault that strikes the next `times` cases whose request id or client starts with `only`."""

    name: str
    times: int = 1
    only: str = ""


@dataclass(slots=True)
class Account:
    """An account with shares by symbol, in atoms; `client` is the participant's id with the issuer once it is linked."""

    id: str
    mail: str = ""
    client: str = ""
    positions: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Journal:
    """Shares that moved from one account to another for a request."""

    request: str
    source: str
    target: str
    symbol: str
    qty: str


@dataclass(slots=True)
class Request:
    """A participant's request and where it stands."""

    id: str
    type: str
    account: str
    symbol: str
    token: str
    qty: str
    network: str
    wallet: str
    issuer_request_id: str = ""
    client_request_id: str = ""
    client: str = ""
    tx_hash: str = ""
    status: str = "pending"
    reason: str = ""
    created_at: str = ""
    told: list[str] = field(default_factory=list)
    answers: int = 0
