"""The payout approver: shares and cash leave only for burned redemptions or as refunds, each once (I3, I4, I7)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openscrip_watch import fields
from openscrip_watch.amounts import DOLLAR, SHARE, parse, show
from openscrip_watch.canonical import canonical, request_hash
from openscrip_watch.chains.facts import CASH, Fact
from openscrip_watch.refusal import BadInput, Refusal, refuse_unless
from openscrip_watch.register import SignedRelease
from openscrip_watch.view import StockView

BROKER = "BROKER"
"""Counterparty of sales, and who is paid where a loan is repaid."""
_DELIVERY = {"id", "kind", "isin", "quantity", "account", "counterparty", "reference"}
_PAYMENT = {"id", "to", "amount", "reference"}
_CONVERSION = {"id", "side", "asset", "chain", "amount", "address", "transfer"}


@dataclass(frozen=True, slots=True)
class ReleaseAsked:
    """An instruction to the custodian that wants the approver's signature."""

    kind: str
    instruction: Mapping[str, Any]
    id: str
    reference: str
    amount: int

    @property
    def content(self) -> str:
        """The bytes that are signed, as text."""
        return canonical(dict(self.instruction)).decode()

    @property
    def request(self) -> str:
        """The hash of the request behind it."""
        return request_hash(self.reference)


def read_release(body: Mapping[str, Any]) -> ReleaseAsked:
    """The request in a JSON body. Raises `BadInput`."""
    kind, instruction = fields.text(body, "kind", 20), fields.inner(body, "instruction")
    known = {"delivery": _DELIVERY, "payment": _PAYMENT, "conversion": _CONVERSION}.get(kind)
    if known is None or set(instruction) != known:
        raise BadInput("body.field", "instruction: its fields were not those of a delivery or a payment")
    amount = (
        parse(instruction["quantity"], SHARE, "instruction: quantity")
        if kind == "delivery"
        else parse(instruction["amount"], DOLLAR, "instruction: amount")
    )
    if amount <= 0 or not all(isinstance(value, str) for value in instruction.values()):
        raise BadInput("body.value", "instruction: an amount was zero or a field was no text")
    reference = "id" if kind == "conversion" else "reference"
    identity = (fields.text(instruction, "id", 200), fields.text(instruction, reference, 200))
    return ReleaseAsked(kind, instruction, *identity, amount)


def earlier_release(asked: ReleaseAsked, releases: Mapping[str, SignedRelease]) -> SignedRelease | None:
    """The same instruction if it was approved before. Raises `release.conflict` for other content."""
    before = releases.get(asked.id)
    if before is None:
        return None
    text = f"release: {asked.id:.80} was approved with other content"
    refuse_unless(before.content == asked.content, "release.conflict", text)
    return before


def judge_delivery(asked: ReleaseAsked, view: StockView) -> None:
    """Shares leave for a burned redemption alone, up to its claim, on one instruction at a time."""
    instruction, where = asked.instruction, f"release: {asked.id:.80}"
    refuse_unless(instruction["kind"] == "deliver_free", "release.kind", f"{where} was no delivery")
    own = {view.stock.account_at(part.keeper) for part in view.statement.parts}
    refuse_unless(instruction["account"] in own, "release.account", f"{where} left another account")
    fact = burned_fact([view], asked.request)
    refuse_unless(fact is not None, "release.burn", f"{where}: redemption {asked.reference:.80} was not burned")
    to_broker = instruction["counterparty"] == BROKER
    kind_agrees = fact is not None and to_broker == (_kind(fact, view) == CASH)
    text = f"{where}: counterparty {instruction['counterparty']:.40} did not fit the redemption's kind"
    refuse_unless(kind_agrees, "release.counterparty", text)
    _refuse_while_live(asked, view.register.releases_for(asked.reference))
    left = view.remaining(asked.request)
    text = f"{where}: {show(asked.amount, SHARE)} shares were asked, {show(left, SHARE)} were owed"
    refuse_unless(asked.amount <= left, "release.claim", text)


def judge_payment(
    asked: ReleaseAsked,
    view: StockView | None,
    releases: Sequence[SignedRelease],
    received: Callable[[str], int],
    sold: Callable[[str], tuple[int, int]] | None,
    fraction_usd_max: int,
) -> None:
    """Cash leaves as the proceeds of a burned redemption, or as a refund of what came in under the same reference.

    `received` gives 1e-6 dollars by reference; `sold` (shares in 1e-9, proceeds in 1e-6 dollars) of executed sales.
    """
    payments = [each for each in releases if each.kind in {"payment", "payout"} and each.state != "failed"]
    if view is None:
        total, paid_in = sum(each.amount for each in payments) + asked.amount, received(asked.reference)
        text = f"release: {show(total, DOLLAR)} would go back under {asked.reference:.80}, {show(paid_in, DOLLAR)} came in"
        refuse_unless(total <= paid_in, "release.refund", text)
        return
    fact = burned_fact([view], asked.request)
    where = f"release: {asked.id:.80}"
    if fact is None:
        raise Refusal("release.burn", f"{where}: redemption {asked.reference:.80} was not burned")
    refuse_unless(not payments, "release.once", f"{where}: {asked.reference:.80} was paid before")
    left = view.remaining(asked.request)
    text = f"{where}: {show(left, SHARE)} shares were not delivered or sold yet"
    refuse_unless(left < SHARE, "release.claim", text)
    allowed = fraction_usd_max * DOLLAR if left or _fractional(view, asked.request) else 0
    if _kind(fact, view) == CASH and sold is not None:
        shares, proceeds = sold(asked.reference)
        if shares:
            fraction = view.claims.burned[asked.request][0] % SHARE
            allowed = proceeds + (2 * proceeds * fraction // shares if fraction else 0)
    elif _kind(fact, view) == CASH:
        return
    text = f"{where}: {show(asked.amount, DOLLAR)} dollars were asked, the sale allows {show(allowed, DOLLAR)}"
    refuse_unless(asked.amount <= allowed, "release.proceeds", text)


def judge_repayment(asked: ReleaseAsked, releases: Sequence[SignedRelease], lent: Callable[[str], int]) -> None:
    """Cash goes to the broker for a loan that the broker itself told of, all payments together up to what it lent and charged.

    `lent` gives 1e-6 dollars by the loan's id, which is the payment's reference.
    """
    paid = sum(each.amount for each in releases if each.kind == "payment" and each.state != "failed")
    owed = lent(asked.reference)
    said = f"{show(paid + asked.amount, DOLLAR)} dollars would be repaid, {show(owed, DOLLAR)} were lent and charged"
    text = f"release: {asked.id:.80}: {said}; ask again when the broker told of the loan"
    refuse_unless(paid + asked.amount <= owed, "release.loan", text)


def judge_conversion(
    asked: ReleaseAsked, releases: Mapping[str, SignedRelease], treasury: str, gone_today: int, day_usd_max: int
) -> None:
    """Coins are converted after they were approved to go to the bank; dollars only into coins for our own treasury.

    Raises `conversion.payout`, `conversion.address` or `conversion.limit`.
    """
    instruction, where = asked.instruction, f"conversion: {asked.id:.80}"
    refuse_unless(instruction["address"].lower() == treasury.lower() != "", "conversion.address", f"{where} named no treasury")
    if instruction["side"] == "to_dollars":
        sent = releases.get(f"{asked.id}:send")
        same = sent is not None and sent.kind == "payout" and sent.amount == asked.amount
        refuse_unless(same, "conversion.payout", f"{where}: as many coins were not approved to go to the bank")
        return
    total = gone_today + asked.amount
    text = f"{where}: {show(total, DOLLAR)} would be converted in a day, {show(day_usd_max * DOLLAR, DOLLAR)} may"
    refuse_unless(total <= day_usd_max * DOLLAR, "conversion.limit", text)


def burned_fact(views: Sequence[StockView], request: str) -> Fact | None:
    """The burn of a redemption on any chain."""
    found = (facts.burned.get(request) for view in views for facts in view.facts.values())
    return next((fact for fact in found if fact), None)


def _kind(fact: Fact, view: StockView) -> int:
    """Solana's burn does not repeat the kind; its escrow said it."""
    escrowed = view.facts[fact.chain].escrowed.get(fact.request)
    return fact.kind or (escrowed.kind if escrowed else 0)


def _fractional(view: StockView, request: str) -> bool:
    return view.claims.burned[request][0] % SHARE != 0


def _refuse_while_live(asked: ReleaseAsked, releases: Sequence[SignedRelease]) -> None:
    """Another instruction for the same redemption only after the earlier one was cancelled or failed for good."""
    live = next((each for each in releases if each.kind == "delivery" and each.state == "live"), None)
    text = f"release: {live.id if live else '':.80} was approved for {asked.reference:.80} and may still settle"
    refuse_unless(live is None, "release.live", text)
