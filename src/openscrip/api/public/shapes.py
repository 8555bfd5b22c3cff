"""What is answered to everybody: amounts as decimal strings, instants in ISO 8601, nothing known as null and never as 0."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Amount = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["10.5"], description="a decimal number, exact")]
Instant = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", examples=["2024-06-03T13:30:00Z"])
]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples=["2024-06-03"])]
Session = Literal["market", "extended", "overnight", "closed"]
State = Literal["covered", "short", "in_progress", "unknown"]


class Shape(BaseModel):
    """Names in camel case; nothing beside what is named."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Underlying(Shape):
    """The share itself."""

    symbol: str
    name: str
    isin: str
    type: str
    currency: str
    listing_country: str


class Exchange(Shape):
    """Where the share is listed (ISO 10383)."""

    mic: str
    name: str
    timezone: str
    open_now: bool
    current_period: Session
    next_change_at: Instant | None


class PeriodLimit(Shape):
    """The least and the most that one request may be worth in these hours, and what it costs."""

    min_order_fiat_value: Amount
    max_order_fiat_value: Amount
    fee_bps: int
    fixed_fee: Amount
    instant_spread_bps: int
    quote_life_seconds: int


class Trading(Shape):
    """When the primary market takes requests: always; what it charges depends on the hours."""

    currency: str
    trading_hours_mode: Literal["Always"]
    current_period: Session
    open_now: bool
    next_change_at: Instant | None
    exchange: str
    limits_per_period: dict[str, PeriodLimit]


class Coin(Shape):
    """A stablecoin that pays for tokens on this chain, and is paid out for them."""

    id: str = Field(description="CAIP-10", examples=["eip155:31337:0x5FbDB2315678afecb367f032d93F642f64180aa3"])
    symbol: str
    currency: str
    network: str
    address: str
    decimals: int
    issuance: bool
    redemption: bool


class Multiplier(Shape):
    """Shares for one raw token, with 18 decimals, and the number of its version: 0 is the first."""

    value: Amount
    version: int


class Scheduled(Shape):
    """The multiplier that will be in force from an instant on."""

    value: Amount
    version: int
    activation_at: Instant
    event_id: str | None
    reason: str | None


class Deployment(Shape):
    """The token on one chain. `rawSupply` are base units over 10^decimals; `block` is the final block that was read."""

    id: str = Field(description="CAIP-10: the same address on another chain is another token")
    network: str = Field(description="CAIP-2")
    network_name: str
    address: str
    decimals: int
    raw_supply: Amount | None
    multiplier: Multiplier | None
    block: int | None
    stablecoins: list[Coin]


class Coverage(Shape):
    """Whether every token is backed: shares held for each owed, rounded down; null where nothing is owed or comparable."""

    state: State
    ratio: Amount | None
    since: Instant | None
    as_of: Instant | None
    stale: bool


class Asset(Shape):
    """A stock and its token."""

    id: str
    symbol: str
    name: str
    isin: str
    description: str
    logo: str | None
    underlying: Underlying
    is_trading_halted: bool
    halt_reasons: list[str]
    trading: Trading
    multiplier: Multiplier
    epoch: int
    coverage: Coverage
    deployments: list[Deployment]


class AssetPage(Shape):
    """Some assets, by symbol."""

    items: list[Asset]
    next: str | None
    total: int


class ChainMultiplier(Shape):
    """What one chain shows at a final block. `equalsBooks` is false while a change is on its way."""

    network: str
    address: str
    block: int
    current: Multiplier
    scheduled: Scheduled | None
    equals_books: bool


class MultiplierNow(Shape):
    """A stock's multiplier: in the books, scheduled, and on every chain."""

    symbol: str
    current: Multiplier
    scheduled: Scheduled | None
    reason: str | None
    as_of: Instant | None
    chains: list[ChainMultiplier]


class MultiplierAt(Shape):
    """The multiplier that was in force at a block of a chain."""

    symbol: str
    network: str
    block: int
    block_at: Instant
    value: Amount
    version: int
    since: Instant | None
    event_id: str | None


class MultiplierVersion(Shape):
    """A version of the multiplier; version 0 is in force from the beginning (`since` null)."""

    value: Amount
    version: int
    since: Instant | None
    event_id: str | None
    reason: str | None


class MultiplierPage(Shape):
    """Versions, the newest first."""

    items: list[MultiplierVersion]
    next: str | None
    total: int


class PriceData(Shape):
    """A price, never without what it is a price of: per share, and per raw token. Null where none is known; never made up."""

    symbol: str
    currency: str
    per_share: Amount | None
    per_raw_token: Amount | None
    as_of: Instant | None
    source: str
    session: Session
    stale: bool


class ChainSupply(Shape):
    """Supply on one chain."""

    network: str
    address: str
    raw: Amount
    block: int


class Supply(Shape):
    """Raw tokens, and the shares that they claim (rounded up). `underWay` left a chain and has not arrived on another."""

    symbol: str
    raw: Amount
    shares: Amount
    under_way: Amount
    as_of: Instant | None
    chains: list[ChainSupply]


class CustodyHolding(Shape):
    """What a custodian states. Only `available` counts; the others are in the account, or on their way, and do not."""

    provider: str
    account: str
    available: Amount
    pending_receipt: Amount
    pending_delivery: Amount
    blocked: Amount
    pledged: Amount
    lent: Amount
    borrowed: Amount
    in_transit: Amount
    restricted: Amount
    other: Amount
    epoch: int
    statement_sequence: int
    statement_sha256: str
    signed: bool
    as_of: Instant


class ReserveOnChain(Shape):
    """The reserve that a chain was last shown, signed by the attestor."""

    network: str
    shares: Amount
    as_of: Instant


class Proof(Shape):
    """Shares held against shares owed: supply x multiplier rounded up, and claims of redemptions that are not delivered."""

    symbol: str
    state: State
    timestamp: Instant | None
    since: Instant | None
    stale: bool
    shares_held: Amount
    shares_owed: Amount
    claims: Amount
    circulating_supply: Amount
    ratio: Amount | None
    epoch: int
    holdings: list[CustodyHolding]
    on_chain: list[ReserveOnChain]


class HolderTree(Shape):
    """The Merkle-sum tree over all holders of a stock in a report."""

    symbol: str
    holders: int
    root: str


class Report(Shape):
    """A reserve report. `follows` says that it names the one before by its hash; a report is never taken away."""

    number: int
    label: str
    as_of: Instant | None
    sha256: str
    previous_sha256: str | None
    follows: bool
    signers: list[str]
    trees: list[HolderTree]


class ProofPage(Shape):
    """Proofs by symbol, and the reports that they were cut into."""

    items: list[Proof]
    next: str | None
    total: int
    latest_report: Report | None


class CoveragePoint(Shape):
    """What was held and owed; nulls are a gap: nothing was known then, and nothing is drawn over it."""

    at: Instant
    held: Amount | None
    owed: Amount | None
    ratio: Amount | None
    state: State


class CoverageSeries(Shape):
    """Coverage over time, thinned so that the least and the greatest of each stretch stay."""

    symbol: str
    since: Instant
    until: Instant
    least: Amount | None
    points: list[CoveragePoint]


class Oracle(Shape):
    """A feed on a chain. `managedBy` says who signs: here the issuer's attestor, no third party."""

    id: str
    symbol: str
    network: str
    address: str
    name: str
    feed_type: Literal["ProofOfReserve", "Multiplier"]
    managed_by: Literal["Internal"]
    created_at: Instant | None


class OraclePage(Shape):
    """Feeds by symbol."""

    items: list[Oracle]
    next: str | None
    total: int
