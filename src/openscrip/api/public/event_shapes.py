"""What is answered of corporate actions, reports and the whole: amounts as decimal strings, nothing known as null."""

from typing import Any, Literal

from openscrip.api.public.shapes import Amount, Day, Instant, Report, Shape, State


class Source(Shape):
    """Who told of a corporate action, and the SHA-256 of what they sent."""

    source: str
    revision: int
    announced_on: Day
    document_sha256: str | None
    withdrawn: bool


class Phase(Shape):
    """A phase that was reached."""

    status: str
    at: Instant


class CorporateAction(Shape):
    """A corporate action. `eventId` is the same on chains, in notices, in reports and in every list here.

    `status`: ANNOUNCED > CORROBORATED > SCHEDULED > FROZEN > STAGED > EFFECTIVE > RESUMED > FINAL; besides CONFLICT (sources
    differ), HELD (a person is asked), CANCELLED and CORRECTED, which like FINAL nothing follows.
    """

    event_id: str
    version: int
    symbol: str
    token_symbol: str
    isin: str
    ca_type: str
    status: str
    is_final: bool
    announced_on: Day
    ex_date: Day
    record_date: Day | None
    pay_date: Day | None
    effective_at: Instant | None
    frozen_at: Instant | None
    from_units: int | None
    to_units: int | None
    gross_cashflow_usd_per_share: Amount | None
    withholding_tax_rate: Amount | None
    net_cashflow_usd: Amount | None
    received_cashflow_usd: Amount | None
    multiplier_old: Amount | None
    multiplier_new: Amount | None
    multiplier_version: int | None
    corrects: str | None
    notes: str
    sources: list[Source]
    history: list[Phase]


class ActionPage(Shape):
    """Corporate actions, the newest first."""

    items: list[CorporateAction]
    next: str | None
    total: int


class ReportPage(Shape):
    """Reports, the newest first."""

    items: list[Report]
    next: str | None
    total: int


class HolderProof(Shape):
    """One holder's place in the tree of a report, as `openscrip report --proof` writes it: whoever has it can check it alone.

    It tells what the chain tells everybody: an address and its balance at the cut.
    """

    format: str
    stock: str
    chain: str
    token: str
    holder: str
    salt: str
    proof: dict[str, Any]


class HolderProofs(Shape):
    """The proofs of all holders in one bucket: nobody learns which of them was wanted."""

    items: list[HolderProof]
    next: None
    total: int


class Bridge(Shape):
    """A way between two chains: tokens are burned on one and minted on the other, the same raw amount."""

    id: str
    kind: Literal["burn-and-mint"]
    networks: list[str]
    under_way: Amount


class BridgeList(Shape):
    """Every way."""

    items: list[Bridge]
    next: None
    total: int


class Component(Shape):
    """A part of the system."""

    name: str
    state: Literal["operational", "degraded"]
    detail: str


class Status(Shape):
    """Whether something is wrong now. `simulated` names what of this run is played."""

    state: Literal["operational", "degraded"]
    market_time: Instant
    clock: Literal["live", "accelerated"]
    simulated: list[str]
    facts: int
    stocks: int
    short: list[str]
    halted: list[str]
    open_breaks: int
    components: list[Component]


class AssetStatus(Shape):
    """Whether one stock's tokens are made and redeemed now."""

    symbol: str
    minting: bool
    redeeming: bool
    coverage: State
    halt_reasons: list[str]
    open_breaks: list[str]


class SystemWallet(Shape):
    """An address of the issuer's own that holders send to."""

    id: str
    network: str
    address: str
    purpose: str


class WalletList(Shape):
    """Every such address."""

    items: list[SystemWallet]
    next: None
    total: int
