"""A redemption from the request to the delivered share or the paid dollar.

    requested > escrowed > burning > burned > delivering | selling > paying > completed
                   |                              |
                   +> refunding > refunded        +> restituting > refunded        held

The tokens are burned first, then the shares leave (I3). The request is always taken and keeps its place in line (I8): while
a corporate action holds the primary market it waits in `escrowed`. The issuer's inventory buys fractions of a share.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from openscrip.assets import accounts
from openscrip.assets.actions import (
    Acknowledged,
    Instruct,
    InstructionFailed,
    InstructionSettled,
    Pay,
    PaymentFailed,
    PaymentSent,
    Rescaled,
    Wake,
    Woken,
)
from openscrip.assets.custody import InstructionKind
from openscrip.assets.disposal import DisposalFailed, SharesReleased, SharesSold, dispose
from openscrip.issuance.actions import Burn, Landed, Mint, Refund, Rejected
from openscrip.issuance.chain import RedemptionEscrowed
from openscrip.issuance.terms import View
from openscrip.issuance.voucher import MintKind, MintVoucher, RedemptionKind, canonical, evidence_hash
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase, Transfer
from openscrip.runtime.store import Command

SETTLING_S = 60
CLOSED = ("completed", "refunded")


@dataclass(frozen=True, slots=True)
class Redemption:
    """A request to exchange `raw` tokens of `stock`, held by `wallet` on `chain`, for shares or cash.

    `claim` are the shares that the burn gives a right to, counted at `epoch`, less what was delivered;
    `leaving` is its part on the way out; `place` is its place in line; `restored` was minted back.
    """

    id: str
    stock: str
    person: str
    chain: str
    wallet: str
    raw: RawAmount
    kind: RedemptionKind
    deliver_to: str
    place: int
    asked_at: int
    epoch: int = 0
    escrowed: RawAmount = RawAmount(0)
    claim: Shares = Shares(0)
    leaving: Shares = Shares(0)
    delivered: Shares = Shares(0)
    owed: Money = Money(0)
    burn_tx: str = ""
    restored: RawAmount = RawAmount(0)
    attempts: int = 0
    state: str = "requested"
    reason: str = ""
    rule: str = ""

    @property
    def instruction_id(self) -> str:
        """The delivery in kind."""
        return f"{self.id}:deliver"


@dataclass(frozen=True, slots=True)
class ClaimArose:
    """Fact: tokens were burned; `shares` of `stock`, counted at `epoch`, are owed until they are delivered or sold."""

    id: str
    stock: str
    chain: str
    raw: RawAmount
    shares: Shares
    epoch: int


@dataclass(frozen=True, slots=True)
class TokensRestored:
    """Fact: a delivery failed for good, and what the claim was worth was minted back."""

    id: str
    stock: str
    chain: str
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class RedemptionCompleted:
    """Fact: shares delivered or cash paid."""

    id: str
    stock: str
    chain: str
    kind: RedemptionKind
    raw: RawAmount
    shares: Shares
    paid: Money


RedemptionEvent = (
    RedemptionEscrowed
    | Woken
    | Landed
    | Rejected
    | Acknowledged
    | InstructionSettled
    | InstructionFailed
    | SharesReleased
    | SharesSold
    | DisposalFailed
    | PaymentSent
    | PaymentFailed
    | Rescaled
)


def decide(row: Redemption, event: RedemptionEvent, view: View) -> Decision:
    """What follows from `event`. News that was told before changes nothing."""
    match event:
        case RedemptionEscrowed():
            return _escrowed(row, event, view)
        case Woken():
            return _proceed(row, view)
        case Landed():
            return _landed(row, event, view)
        case Rejected():
            return _rejected(row, event, view)
        case Acknowledged():
            return Decision()
        case InstructionSettled():
            return _delivered(row, event, view)
        case InstructionFailed():
            return _delivery_failed(row, event, view)
        case SharesReleased():
            return Decision(rows=(_left(row, event.shares),)) if row.leaving else Decision()
        case SharesSold():
            sold = replace(row, owed=row.owed + event.proceeds)
            return _settle_fraction(sold, view) if row.state == "selling" else Decision()
        case DisposalFailed():
            return _restitute(row, view) if row.state == "selling" else Decision()
        case PaymentSent():
            return _paid(row, event)
        case PaymentFailed():
            return Decision(rows=(replace(row, state="held", reason=event.reason),))
        case Rescaled():
            return _rescaled(row, event)
        case _:
            assert_never(event)


# escrowed > burned


def _escrowed(row: Redemption, event: RedemptionEscrowed, view: View) -> Decision:
    """Take the tokens into the line. What another wallet sent, or another amount or kind, goes back."""
    if row.state != "requested":
        return Decision()
    after = replace(row, escrowed=event.raw, state="escrowed")
    if (event.holder, event.raw, event.kind) == (row.wallet, row.raw, row.kind):
        return _proceed(after, view)
    text = f"redemption: {event.raw} from {event.holder} was not what {row.id} announced"
    action = Refund(row.chain, event.token, row.id, event.holder, event.raw)
    refund = Command(f"{row.id}:refund", "Redemption", row.id, action)
    return Decision(rows=(replace(after, state="refunding", reason=text),), commands=(refund,))


def _proceed(row: Redemption, view: View) -> Decision:
    """Burn when the primary market runs; otherwise keep the place in line. What is burned is released."""
    if row.state in ("burning", "burned"):
        return release(row, view)
    if row.state == "owed_back":
        return _restitute(row, view)
    if row.state != "escrowed" or not view.stock.is_open:
        return Decision(rows=(row,))
    if view.burnable is not None and row.escrowed > view.burnable:  # tokens whose mint we have not heard of yet
        again = Command(f"{row.id}:unheard:{view.now}", "Redemption", row.id, Wake("unheard"), view.now + SETTLING_S)
        return Decision(rows=(row,), commands=(again,))
    claim = view.stock.multiplier.to_shares_down(row.escrowed)
    after = replace(row, state="burning", attempts=row.attempts + 1, claim=claim, epoch=view.stock.epoch)
    action = Burn(row.chain, view.stock.token(row.chain), row.id, row.wallet, row.escrowed)
    key = f"{row.id}:burn:{after.attempts}"
    held = Transfer(key, *_raw(row), row.escrowed.grains, row.id, Phase.PENDING)
    return Decision(rows=(after,), transfers=(held,), commands=(Command(key, "Redemption", row.id, action),))


def _raw(row: Redemption) -> tuple[str, str]:
    return accounts.raw_supply(row.stock, row.chain), accounts.raw_issuer(row.stock, row.chain)


def _raw_back(row: Redemption) -> tuple[str, str]:
    return accounts.raw_issuer(row.stock, row.chain), accounts.raw_supply(row.stock, row.chain)


def _landed(row: Redemption, event: Landed, view: View) -> Decision:
    if row.state == "burning" and event.command == f"{row.id}:burn:{row.attempts}":
        return _burned(row, event, view)
    if row.state == "refunding" and event.command == f"{row.id}:refund":
        return Decision(rows=(replace(row, state="refunded"),))
    if row.state == "restituting" and event.command == f"{row.id}:restitute:{row.attempts}":
        return _restituted(row, view)
    return Decision()


def _burned(row: Redemption, event: Landed, view: View) -> Decision:
    """The claim stands: raw x multiplier, rounded down, as fixed before the burn; only now may shares leave."""
    claim = row.claim
    after = replace(row, state="burned", burn_tx=event.tx_id)
    transfers = (
        Transfer(f"{event.command}:post", *_raw(row), row.escrowed.grains, row.id, Phase.POST, event.command),
        Transfer(f"{row.id}:claim", f"{row.stock}/outstanding", f"{row.stock}/redemption_claim", claim.atoms, row.id),
    )
    arose = ClaimArose(row.id, row.stock, row.chain, row.escrowed, claim, view.stock.epoch)
    return Decision((after,), transfers, (arose,)) + release(after, view)


def _rejected(row: Redemption, event: Rejected, view: View) -> Decision:
    """A burn or mint that was refused is asked again later; its place in line stays."""
    again = Command(f"{event.command}:again", "Redemption", row.id, Wake(event.code), view.now + view.terms.retry_s)
    if row.state == "burning" and event.command == f"{row.id}:burn:{row.attempts}":
        voided = Transfer(f"{event.command}:void", *_raw(row), 0, row.id, Phase.VOID, event.command)
        waiting = replace(row, state="escrowed", reason=event.text, claim=Shares(0))
        return Decision((waiting,), (voided,), commands=(again,))
    if row.state == "restituting" and event.command == f"{row.id}:restitute:{row.attempts}":
        voided = Transfer(f"{event.command}:void", *_raw_back(row), 0, row.id, Phase.VOID, event.command)
        return Decision((replace(row, state="owed_back", reason=event.text),), (voided,), commands=(again,))
    if row.state == "refunding" and event.command == f"{row.id}:refund":
        return Decision(rows=(replace(row, state="held", reason=event.text),))
    return Decision()


# burned > delivered or sold


def is_burned(row: Redemption) -> bool:
    """Shares leave the reserve only after the tokens they covered are burned (I3)."""
    return row.state == "burned" and bool(row.burn_tx)


def release(row: Redemption, view: View) -> Decision:
    """Deliver or sell the whole shares of the claim; a claim of less than a share is paid at once."""
    if not is_burned(row):
        return Decision(rows=(row,))
    whole = row.claim.whole_down()
    after = replace(row, leaving=whole)
    if not whole:
        return _settle_fraction(after, view)
    if row.kind is RedemptionKind.CASH:
        return Decision(rows=(replace(after, state="selling"),)) + dispose(f"{row.id}:sell", view.stock, row.id, whole)
    stock, instruction_id = view.stock, row.instruction_id
    action = Instruct(
        instruction_id, InstructionKind.DELIVER, stock.isin, whole, stock.account, row.deliver_to, row.id
    )
    held = Transfer(instruction_id, f"{row.stock}/delivering", f"{row.stock}/custody", whole.atoms, row.id)
    command = Command(instruction_id, "Redemption", row.id, action)
    return Decision((replace(after, state="delivering"),), (held,), commands=(command,))


def _delivered(row: Redemption, event: InstructionSettled, view: View) -> Decision:
    if row.state != "delivering" or event.instruction_id != row.instruction_id:
        return Decision()
    key, gone, back = f"{row.id}:delivered", event.shares, row.leaving - event.shares
    transfers = (
        Transfer(key, f"{row.stock}/redemption_claim", f"{row.stock}/delivering", gone.atoms, row.id),
        Transfer(key + ":back", f"{row.stock}/custody", f"{row.stock}/delivering", back.atoms, row.id),
    )
    return Decision(transfers=tuple(t for t in transfers if t.amount)) + _settle_fraction(_left(row, gone), view)


def _left(row: Redemption, shares: Shares) -> Redemption:
    return replace(row, claim=row.claim - shares, delivered=row.delivered + shares, leaving=Shares(0))


def _settle_fraction(row: Redemption, view: View) -> Decision:
    """The issuer's inventory buys the fraction of a share that cannot move, at the last close; then pay."""
    fraction, price = row.claim, view.stock.price.proceeds_down(row.claim)
    key, payable = f"{row.id}:fraction", accounts.client_payable(row.id)
    transfers = (
        Transfer(key, f"{row.stock}/redemption_claim", f"{row.stock}/inventory", fraction.atoms, row.id),
        Transfer(key + ":price", accounts.CAPITAL, payable, price.atoms, row.id),
    )
    after = replace(row, claim=Shares(0), owed=row.owed + price)
    return Decision(transfers=tuple(t for t in transfers if t.amount)) + _pay(after, view)


def _delivery_failed(row: Redemption, event: InstructionFailed, view: View) -> Decision:
    """A delivery that failed for good leaves the shares in custody: what they are worth is minted back (restitution)."""
    if row.state != "delivering" or event.instruction_id != row.instruction_id or not event.final:
        return Decision()
    key = f"{row.id}:delivery-failed"
    back = Transfer(key, f"{row.stock}/custody", f"{row.stock}/delivering", row.leaving.atoms, row.id)
    return Decision(transfers=(back,)) + _restitute(row, view)


def _restitute(row: Redemption, view: View) -> Decision:
    """Mint what the claim is worth back to the holder, on the evidence of the burn and the cancelled delivery.

    While a corporate action holds the primary market the claim waits, and follows its split.
    """
    stock = view.stock
    if not stock.is_open:
        return Decision(rows=(replace(row, state="owed_back", leaving=Shares(0)),))
    raw = min(stock.multiplier.to_raw_down(row.claim), row.escrowed)  # never more than was burned, as the chain asks
    mint_id = f"{row.id}/restitution"
    cancelled = f"{row.id}:sell:r" if row.kind is RedemptionKind.CASH else row.instruction_id
    evidence = {
        "kind": "restitution",
        "mint_id": mint_id,
        "stock": row.stock,
        "isin": stock.isin,
        "epoch": stock.epoch,
        "redemption_id": row.id,
        "burn": row.burn_tx,
        "cancelled": cancelled,
    }
    digest = evidence_hash(evidence)
    voucher = MintVoucher(
        row.chain, row.stock, stock.token(row.chain), row.wallet, raw, MintKind.RESTITUTION, mint_id, digest, stock.epoch,
        stock.multiplier, view.now + view.terms.voucher_life_s,
    )  # fmt: skip
    after = replace(row, state="restituting", attempts=row.attempts + 1, leaving=Shares(0), restored=raw)
    key = f"{row.id}:restitute:{after.attempts}"
    held = Transfer(key, *_raw_back(row), raw.grains, row.id, Phase.PENDING)
    command = Command(key, "Redemption", row.id, Mint(voucher, canonical(evidence).decode()))
    return Decision((after,), (held,), commands=(command,), uses=(("evidence", digest, mint_id),))


def _restituted(row: Redemption, view: View) -> Decision:
    key = f"{row.id}:restitute:{row.attempts}"
    transfers = (
        Transfer(f"{key}:post", *_raw_back(row), row.restored.grains, row.id, Phase.POST, key),
        Transfer(f"{key}:claim", f"{row.stock}/redemption_claim", f"{row.stock}/outstanding", row.claim.atoms, row.id),
    )
    booked = Decision(transfers=transfers, facts=(TokensRestored(row.id, row.stock, row.chain, row.restored),))
    return booked + _pay(replace(row, claim=Shares(0)), view, end="refunded")


# delivered or sold > paid


def _pay(row: Redemption, view: View, end: str = "completed") -> Decision:
    """Pay what is owed in cash, less the fee; with nothing owed the redemption ends."""
    fee = row.owed.fee_up(view.terms.fee) if row.kind is RedemptionKind.CASH else Money(0)
    net = row.owed - fee
    charged = Transfer(f"{row.id}:fee", accounts.client_payable(row.id), accounts.FEES_INCOME, fee.atoms, row.id)
    booked = Decision(transfers=(charged,) if fee else ())
    if not net:
        return booked + _ended(row, end)
    payment_id = f"{row.id}:pay"
    held = Transfer(payment_id, accounts.client_payable(row.id), accounts.BANK, net.atoms, row.id, Phase.PENDING)
    pay = Command(payment_id, "Redemption", row.id, Pay(payment_id, row.person, net, row.id))
    paying = replace(row, owed=net, state="paying" if end == "completed" else "paying_refund")
    return booked + Decision((paying,), (held,), commands=(pay,))


def _paid(row: Redemption, event: PaymentSent) -> Decision:
    if row.state not in ("paying", "paying_refund") or event.payment_id != f"{row.id}:pay":
        return Decision()
    payable = accounts.client_payable(row.id)
    key = f"{row.id}:pay:sent"
    posted = Transfer(key, payable, accounts.BANK, event.amount.atoms, row.id, Phase.POST, event.payment_id)
    return Decision(transfers=(posted,)) + _ended(row, "completed" if row.state == "paying" else "refunded")


def _ended(row: Redemption, end: str) -> Decision:
    done = replace(row, state=end)
    if end != "completed":
        return Decision(rows=(done,))
    fact = RedemptionCompleted(row.id, row.stock, row.chain, row.kind, row.escrowed, row.delivered, row.owed)
    return Decision(rows=(done,), facts=(fact,))


# a split before delivery


def _rescaled(row: Redemption, event: Rescaled) -> Decision:
    """A split that comes before delivery rescales the claim."""
    if row.epoch >= event.epoch or not row.claim:
        return Decision()
    claim, leaving = (shares.times_down(event.new, event.old) for shares in (row.claim, row.leaving))
    return Decision(rows=(replace(row, claim=claim, leaving=leaving, epoch=event.epoch),))

