"""What the books remember of a redemption, and the facts that it tells."""

from dataclasses import dataclass

from openscrip.issuance.terms import Rates
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount, Shares

CLOSED = ("completed", "refunded")


@dataclass(frozen=True, slots=True)
class Redemption:
    """A request to exchange `raw` tokens of `stock`, held by `wallet` on `chain`, for shares or cash.

    `claim` are the shares that the burn gives a right to, counted at `epoch`, less what was delivered;
    `leaving` is its part on the way out; `place` is its place in line; `restored` was minted back. With `via`, a network
    hands the shares over, and the fraction of a share comes from the issuer's own there, as far as those last. `paid_in`
    names the stablecoin, if the money is to reach the wallet as one. `sender` is who put the tokens into escrow; `payments`
    counts what the bank refused to pay.
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
    via: str = ""
    rates: Rates = Rates()
    quote: str = ""
    paid_in: str = "bank"
    tries: int = 0
    payments: int = 0
    sender: str = ""

    @property
    def payment_id(self) -> str:
        """What is paid in dollars or coins: another one after each payment that the bank refused."""
        return f"{self.id}:pay{self.payments + 1}" if self.payments else f"{self.id}:pay"

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
