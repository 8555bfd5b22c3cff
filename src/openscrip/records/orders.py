"""Subscriptions and redemptions as those who asked see them: six steps, plain words, times, amounts and evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

from openscrip.assets.acquisition_row import Acquisition
from openscrip.assets.disposal import Disposal
from openscrip.issuance.calls import SentCalls
from openscrip.issuance.cancelling import is_cancellable
from openscrip.issuance.journey import Journey, Milestone
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Subscription
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.records.order_words import (
    ENDS,
    REDEMPTION_STEPS,
    SUBSCRIPTION_STEPS,
    Said,
    said_of_redemption,
    said_of_subscription,
)
from openscrip.runtime.store import View

ATTEMPTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One of the steps of an order: `done`, `now`, `next` or `stopped`."""

    label: str
    state: str


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """Something that happened with an order; `tx` is the transaction that proves it, on `chain`, where one does."""

    at: int
    label: str
    name: str
    chain: str = ""
    tx: str = ""


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """A subscription or a redemption (`side`): what was asked, where it stands, what happened.

    `code` is the state for machines, `state` the books' own (for operators). `shares` are asked for or claimed, `raw` minted
    or redeemed; `deposit` is what to pay in, `paid` what came, `charged` what it cost so far (None once the rest was sent back:
    the books close both at once); `owed` what is paid out. `can_cancel` says whether its owner may still take it back.
    """

    id: str
    side: str
    person: str
    stock: str
    chain: str
    wallet: str
    kind: str
    code: str
    state: str
    label: str
    sentence: str
    next: str
    steps: tuple[OrderStep, ...]
    is_final: bool
    asked_at: int
    expires_at: int
    shares: Shares
    raw: RawAmount
    price: PricePerShare | None
    deposit: Money
    paid: Money
    charged: Money | None
    owed: Money
    delivered: Shares
    place: int | None
    funding: str
    pay_chain: str
    pay_wallet: str
    quote: str
    rule: str
    reason: str
    events: tuple[OrderEvent, ...]
    can_cancel: bool


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Some orders, newest first; `next` is what to ask `before` for the rest, None after the last."""

    orders: tuple[OrderRecord, ...]
    next: int | None


def orders(
    view: View, *, person: str | None = None, stock: str | None = None, before: int | None = None, limit: int = 50
) -> OrderPage:
    """A page of orders of both sides, newest first: five questions, whatever `limit` is."""
    page = view.page(Journey, person=person, stock=stock, before=before, limit=limit)
    ids = [row.id for row in page.rows]
    asked, given = view.several(Subscription, ids), view.several(Redemption, ids)
    bought = view.several(Acquisition, [f"{name}:buy" for name in asked])
    sold = view.several(Disposal, [f"{name}:sell" for name in given])
    found: list[OrderRecord] = []
    for journey in page.rows:
        if journey.id in asked:
            found.append(_subscription(asked[journey.id], bought.get(f"{journey.id}:buy"), journey.milestones, ()))
        elif journey.id in given:
            found.append(_redemption(given[journey.id], sold.get(f"{journey.id}:sell"), journey.milestones))
    return OrderPage(tuple(found), page.next)


def order(view: View, order_id: str) -> OrderRecord | None:
    """One order with everything that happened, or None: four questions. Whose it is, is for who asks to look at."""
    journey = view.row(Journey, order_id)
    milestones = journey.milestones if journey else ()
    row = view.row(Subscription, order_id)
    if row is not None:
        names = [
            f"{row.mint_id(parcel)}:mint:{parcel.attempts}#{attempt}"
            for parcel in row.parcels
            for attempt in range(1, ATTEMPTS_SHOWN + 1)
        ]
        sent = tuple(view.several(SentCalls, names).items())
        return _subscription(row, view.row(Acquisition, f"{order_id}:buy"), milestones, sent)
    redemption = view.row(Redemption, order_id)
    if redemption is None:
        return None
    return _redemption(redemption, view.row(Disposal, f"{order_id}:sell"), milestones)


def _subscription(
    row: Subscription, order: Acquisition | None, milestones: Sequence[Milestone], sent: Sequence[tuple[str, SentCalls]]
) -> OrderRecord:
    said = said_of_subscription(row, order)
    minted = RawAmount(sum(parcel.raw.atoms for parcel in row.parcels if parcel.state == "minted"))
    return OrderRecord(
        row.id, "subscribe", row.person, row.stock, row.chain, row.wallet, "instant" if row.at_once else "order_through",
        said.code, row.state, said.label, said.sentence, said.next, _steps(SUBSCRIPTION_STEPS, said), said.code in ENDS,
        row.asked_at, row.expires_at, row.shares, minted, row.price, row.deposit, row.paid,
        None if row.payments else row.charged, Money(0), Shares(0), None, row.funding, row.pay_chain, row.pay_wallet,
        row.quote, row.rule, row.reason,
        _events(row.asked_at, milestones, row.chain, _mint_txs(row, sent), "", _ended(said)), is_cancellable(row),
    )  # fmt: skip


def _redemption(row: Redemption, sale: Disposal | None, milestones: Sequence[Milestone]) -> OrderRecord:
    said = said_of_redemption(row, sale)
    return OrderRecord(
        row.id, "redeem", row.person, row.stock, row.chain, row.wallet, row.kind.name.lower(), said.code, row.state,
        said.label, said.sentence, said.next, _steps(REDEMPTION_STEPS, said), said.code in ENDS, row.asked_at, 0,
        row.claim, row.raw, None, Money(0), Money(0), None, row.owed, row.delivered, row.place, row.paid_in, "", "",
        row.quote, row.rule, row.reason,
        _events(row.asked_at, milestones, row.chain, {}, row.burn_tx, _ended(said) | {"refunding": "Tokens on their way back"}),
        is_cancellable(row),
    )  # fmt: skip


def _steps(labels: Sequence[str], said: Said) -> tuple[OrderStep, ...]:
    stopped = said.code in ("HELD", "REJECTED", "REFUSED", "EXPIRED", "CANCELLED", "RETURNED", "DELIVERY_FAILED")
    done = min(said.step, len(labels))

    def state(place: int) -> str:
        if place < done:
            return "done"
        return "next" if place > done else "stopped" if stopped else "now"

    return tuple(OrderStep(label, state(place)) for place, label in enumerate(labels))


def _mint_txs(row: Subscription, sent: Sequence[tuple[str, SentCalls]]) -> dict[int, str]:
    """The transaction of each minted parcel: of its last attempt."""
    found: dict[int, str] = {}
    for parcel in row.parcels:
        key = f"{row.mint_id(parcel)}:mint:{parcel.attempts}#"
        attempts = sorted((name, calls) for name, calls in sent if name.startswith(key))
        if parcel.state == "minted" and attempts:
            found[parcel.number] = attempts[-1][1].calls[-1].tx_id
    return found


_LABELS = {
    "awaiting_payment": "Order received", "buying": "Payment complete", "minting": "Signing the tokens",
    "refunding": "Money on its way back", "refund_waits": "The refund waits", "completed": "Done", "refused": "Not accepted",
    "held": "On hold", "requested": "Request received", "escrowed": "Tokens received", "burning": "Destroying the tokens",
    "burned": "Tokens destroyed", "delivering": "Shares on their way", "selling": "Selling", "paying": "Paying",
    "paying_refund": "Paying what could not be given back", "owed_back": "Delivery did not work",
    "restituting": "Tokens are being made again", "refunded": "Tokens sent back",
    "order:ordering": "Preparing to buy", "order:working": "Order at the broker", "order:releasing": "Released from custody",
    "order:selling": "Sale in the market", "order:settled": "Delivered at the broker", "order:financed": "Financed",
    "order:moving": "On the way into custody", "order:arrived": "In custody", "order:part_filled": "Partly executed",
    "order:filled": "Executed", "order:held": "On hold at the broker", "order:failed": "The broker could not",
    "promised": "Set aside for you", "moving": "On the way into custody", "in_custody": "In custody",
    "parcel:minting": "Sent to the chain", "parcel:minted": "Tokens in your wallet",
}  # fmt: skip


def _ended(said: Said) -> dict[str, str]:
    """What the books call refused is, for who asked, what ended it."""
    return {"refused": said.label} if said.code in ("CANCELLED", "EXPIRED") else {}


def _events(
    asked_at: int, milestones: Sequence[Milestone], chain: str, mints: dict[int, str], burn_tx: str, own: dict[str, str]
) -> tuple[OrderEvent, ...]:
    found: list[OrderEvent] = []
    for each in milestones or (Milestone("requested", asked_at),):
        group, _, rest = each.name.partition(":")
        if not group.startswith("parcel-"):
            burned = each.name in ("burned", "delivering", "selling") and burn_tx and not any(e.tx for e in found)
            found.append(
                OrderEvent(
                    each.at,
                    own.get(each.name) or _LABELS.get(each.name, each.name),
                    each.name,
                    chain if burned else "",
                    burn_tx if burned else "",
                )
            )
            continue
        number = int(group.removeprefix("parcel-"))
        label = _LABELS.get(f"parcel:{rest}") or _LABELS.get(rest, rest)
        tx = mints.get(number, "") if rest == "minted" else ""
        found.append(OrderEvent(each.at, label, each.name, chain if tx else "", tx))
    return tuple(found)
