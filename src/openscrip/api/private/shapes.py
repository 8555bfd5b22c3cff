"""What clients and the desk ask and are answered. Amounts are decimal strings; a body has no field more."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from openscrip.api.public.asset_shapes import when
from openscrip.api.public.shapes import Amount, Instant, Shape
from openscrip.issuance.quote import Quote
from openscrip.kernel.clock import iso
from openscrip.records.orders import OrderRecord

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", examples=["sub-1"])]
Symbol = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9.\-]+$", examples=["TSLAx"])]
Network = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,8}:[A-Za-z0-9]{1,32}$", description="CAIP-2", examples=["eip155:31337"])]
Address = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9]+$")]
Wanted = Annotated[str, Field(max_length=40, pattern=r"^[0-9]{1,20}(\.[0-9]{1,18})?$", examples=["12.5"])]


class AskedShape(Shape):
    """A body."""

    model_config = ConfigDict(strict=True, frozen=True, **Shape.model_config)


class Me(Shape):
    """Whose key it is."""

    client: str
    key_id: str
    scopes: list[str]


class HoldingShape(Shape):
    """Raw tokens in one wallet, and the shares that they claim, rounded down. `valueUsd` is null where no price is known."""

    symbol: str
    network: str
    wallet: str
    raw: Amount
    shares: Amount
    multiplier: Amount
    multiplier_version: int
    price_per_share: Amount | None
    price_as_of: Instant | None
    value_usd: Amount | None


class HoldingList(Shape):
    """Everything that a client holds in the wallets they signed for."""

    items: list[HoldingShape]
    next: None
    total: int


class StepShape(Shape):
    """A step of an order."""

    label: str
    state: Literal["done", "now", "next", "stopped"]


class EventShape(Shape):
    """What happened with an order; `transaction` proves it on `network`."""

    at: Instant
    name: str
    label: str
    network: str | None
    transaction: str | None


class OrderShape(Shape):
    """A subscription or a redemption, and where it stands. `sentence` says it in words, `next` who does what.

    `chargedUsd` is what it cost so far; null once what was left over has been sent back. `canCancel` says whether its owner may
    still take it back.
    """

    id: str
    side: Literal["subscribe", "redeem"]
    kind: str
    symbol: str
    network: str
    wallet: str
    code: str
    label: str
    sentence: str
    next: str
    is_final: bool
    steps: list[StepShape]
    shares: Amount
    raw: Amount
    price_per_share: Amount | None
    deposit_usd: Amount | None
    paid_usd: Amount | None
    charged_usd: Amount | None
    paid_out_usd: Amount | None
    delivered_shares: Amount | None
    place: int | None
    pay_by: Instant | None
    asked_at: Instant
    rule: str | None
    reason: str | None
    can_cancel: bool
    events: list[EventShape]


class OrderList(Shape):
    """Orders, the newest first. `total` is null: it is not counted."""

    items: list[OrderShape]
    next: str | None
    total: None


class QuoteAsked(AskedShape):
    """What `shares` cost or bring, or how many shares `amountUsd` buys: one of the two. `id` is yours, once for ever."""

    id: Name
    symbol: Symbol
    side: Literal["subscribe", "redeem"] = "subscribe"
    mode: Literal["instant", "order_through"] = "order_through"
    shares: Wanted | None = None
    amount_usd: Wanted | None = None


class QuoteShape(Shape):
    """A promise until `expiresAt`, to be used once. `amountUsd` is what to pay in, or about what is paid out."""

    id: str
    symbol: str
    side: Literal["subscribe", "redeem"]
    mode: Literal["instant", "order_through"]
    state: str
    shares: Amount
    price_per_share: Amount
    unit_price_per_share: Amount
    amount_usd: Amount
    fee_bps: int
    fixed_fee_usd: Amount
    hours: str
    asked_at: Instant
    expires_at: Instant
    used_by: str | None


class SubscriptionAsked(AskedShape):
    """Money into tokens. `requestId` is yours, once for ever: the same request again is the same answer.

    `funding` is `bank`, or the stablecoin that `payWallet` sends on `payNetwork`; without those, `wallet` on `network`.
    """

    request_id: Name
    symbol: Symbol
    network: Network
    wallet: Address
    shares: Wanted
    at_once: bool = False
    quote: Name | None = None
    funding: Name = "bank"
    pay_network: Network | None = None
    pay_wallet: Address | None = None


class RedemptionAsked(AskedShape):
    """Tokens into shares (`in_kind`, to the account `deliverTo`) or money (`cash`)."""

    request_id: Name
    symbol: Symbol
    network: Network
    wallet: Address
    raw: Wanted
    kind: Literal["in_kind", "cash"]
    deliver_to: Name | None = None
    quote: Name | None = None
    paid_in: Name = "bank"


class Document(Shape):
    """A paper that can be read: a receipt of an order that is done."""

    id: str
    kind: Literal["receipt"]
    title: str
    at: Instant


class DocumentList(Shape):
    """Papers, the newest first."""

    items: list[Document]
    next: str | None
    total: None


class QueueShape(Shape):
    """How many wait in a queue of the desk; `count` is null for a queue of the venue's while its store does not answer."""

    name: str
    title: str
    count: int | None


class QueueList(Shape):
    """Every queue of the desk."""

    items: list[QueueShape]
    next: None
    total: int


class QueueItemShape(Shape):
    """One thing that waits for a person. In a queue of the venue's, `symbol` is the asset and `client` the account there."""

    id: str
    kind: str
    symbol: str | None
    client: str | None
    text: str
    since: Instant | None


class QueueItemList(Shape):
    """Items of a queue, the newest first."""

    items: list[QueueItemShape]
    next: str | None
    total: int


class StuckCommand(Shape):
    """A command that is not done."""

    key: str
    action: str
    status: Literal["due", "leased", "parked"]
    attempts: int
    error: str


class Health(Shape):
    """Whether the parts work: what waits, and how far the chains were read."""

    market_time: Instant
    facts: int
    commands_waiting: int
    commands_parked: int
    oldest: list[StuckCommand]
    indexed: dict[str, int]


def order_shape(row: OrderRecord, network: str) -> OrderShape:
    """An order as it is answered."""
    asked = row.side == "subscribe"
    return OrderShape(
        id=row.id, side=row.side, kind=row.kind, symbol=row.stock, network=network, wallet=row.wallet, code=row.code,  # type: ignore[arg-type]  # one of two sides
        label=row.label, sentence=row.sentence, next=row.next, is_final=row.is_final,
        steps=[StepShape(label=step.label, state=step.state) for step in row.steps],  # type: ignore[arg-type]  # a step's states
        shares=str(row.shares), raw=str(row.raw), price_per_share=str(row.price) if row.price else None,
        deposit_usd=str(row.deposit) if asked else None, paid_usd=str(row.paid) if asked else None,
        charged_usd=None if row.charged is None else str(row.charged), paid_out_usd=None if asked else str(row.owed),
        delivered_shares=None if asked else str(row.delivered), place=row.place, pay_by=when(row.expires_at),
        asked_at=iso(row.asked_at), rule=row.rule or None, reason=row.reason or None, can_cancel=row.can_cancel,
        events=[
            EventShape(at=iso(each.at), name=each.name, label=each.label, network=network if each.tx else None,
                       transaction=each.tx or None)
            for each in row.events
        ],
    )  # fmt: skip


def quote_shape(row: Quote) -> QuoteShape:
    """A quote as it is answered."""
    return QuoteShape(
        id=row.id, symbol=row.stock, side=row.side.value, mode=row.mode.value, state=row.state, shares=str(row.shares),
        price_per_share=str(row.price), unit_price_per_share=str(row.unit_price), amount_usd=str(row.amount),
        fee_bps=row.rates.fee.count, fixed_fee_usd=str(row.rates.fixed), hours=row.rates.hours, asked_at=iso(row.asked_at),
        expires_at=iso(row.expires_at), used_by=row.used_by or None,
    )  # fmt: skip
