"""What the books remember of a subscription, what it hears, and the facts that it tells."""

from dataclasses import dataclass, replace

from openscrip.assets.acquisition import AcquisitionFailed, MoveFailed, SharesArrived, SharesMoving
from openscrip.assets.actions import (
    Acknowledged,
    CancelAsked,
    CashReceived,
    PaymentFailed,
    PaymentSent,
    Rescaled,
    Resumed,
    Woken,
)
from openscrip.assets.stock import Lot
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.coins import CoinsReceived
from openscrip.issuance.terms import Rates
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares


@dataclass(frozen=True, slots=True)
class Parcel:
    """A part of a subscription that is minted as one: shares with the receipts that prove them.

    States: promised (set aside), moving (on the way into custody), in_custody, minting, minted, held.
    """

    number: int
    shares: Shares
    receipts: tuple[Lot, ...]
    raw: RawAmount = RawAmount(0)
    attempts: int = 0
    state: str = "moving"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A request to turn money into tokens: `shares` of `stock`, delivered on `chain` to `wallet`.

    `deposit` is what the client must pay in; `charged` what the shares cost so far;
    `receipts` are the bank's ids of what was paid in, or the chain's; `at_once` asks for settled inventory, which is set
    aside for `promised` until `expires_at`. `limit` is what a quote lets a share cost at the most. Where `funding` names a
    stablecoin, `pay_wallet` on `pay_chain` sends it, and `deposit_id` is what came; `returning` is on its way
    back, in coins for the `tries`th time.
    """

    id: str
    stock: str
    person: str
    chain: str
    wallet: str
    shares: Shares
    price: PricePerShare
    deposit: Money
    at_once: bool
    asked_at: int
    epoch: int = 0
    paid: Money = Money(0)
    charged: Money = Money(0)
    allotted: Shares = Shares(0)
    parcels: tuple[Parcel, ...] = ()
    receipts: tuple[str, ...] = ()
    payments: int = 0
    state: str = "awaiting_payment"
    reason: str = ""
    rule: str = ""
    rates: Rates = Rates()
    quote: str = ""
    limit: PricePerShare | None = None
    expires_at: int = 0
    promised: Money = Money(0)
    funding: str = "bank"
    pay_chain: str = ""
    pay_wallet: str = ""
    deposit_id: str = ""
    returning: Money = Money(0)
    tries: int = 0

    @property
    def in_coins(self) -> bool:
        """Paid in a stablecoin, and paid back in it."""
        return self.funding != "bank"

    def mint_id(self, parcel: Parcel) -> str:
        """The business id of one parcel's mint, once for ever."""
        return f"{self.id}/{parcel.number}"


@dataclass(frozen=True, slots=True)
class SubscriptionMinted:
    """Fact: a parcel is final on its chain."""

    id: str
    stock: str
    chain: str
    shares: Shares
    raw: RawAmount
    tx_id: str


@dataclass(frozen=True, slots=True)
class SubscriptionCompleted:
    """Fact: tokens delivered, unused money on its way back."""

    id: str
    stock: str
    chain: str
    shares: Shares
    raw: RawAmount


SubscriptionEvent = (
    CashReceived | SharesMoving | MoveFailed | SharesArrived | AcquisitionFailed | Landed | Rejected | Woken | PaymentSent
    | PaymentFailed | Acknowledged | Rescaled | CoinsReceived | Resumed | CancelAsked
)  # fmt: skip


def with_parcel(row: Subscription, shares: Shares, receipts: tuple[Lot, ...], state: str) -> Subscription:
    """The subscription with one parcel more."""
    number = max((p.number for p in row.parcels), default=0) + 1
    parcel = Parcel(number, shares, receipts, state=state)
    return replace(row, allotted=row.allotted + shares, parcels=(*row.parcels, parcel))
