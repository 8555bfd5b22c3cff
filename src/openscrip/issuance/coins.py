"""Stablecoins in the primary market: what is asked of the treasury on a chain, and what is heard from it.

A coin counts as one dollar in the books; what it is worth in dollars is known when the bank has converted it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from openscrip.assets import accounts
from openscrip.issuance.actions import Rejected
from openscrip.issuance.chain import Call
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.ledger import Phase, Transfer
from openscrip.runtime.store import Command

PAID_BEFORE = ("treasury.payout_was_made_before", "solana.in_use")
"""How chains refuse a payout whose id was used: it has happened."""


@dataclass(frozen=True, slots=True)
class Stablecoin:
    """Row: a registered coin on one chain; its id is `asset:chain`. `treasury` receives it, `bank` is who converts it."""

    id: str
    asset: str
    chain: str
    token: str
    treasury: str
    bank: str
    stock: str = ""
    state: str = "accepted"


@dataclass(frozen=True, slots=True)
class CoinView:
    """What a decision about coins may know beside its row: market time and the coin."""

    now: int
    coin: Stablecoin


@dataclass(frozen=True, slots=True)
class PayCoins:
    """Pay `amount` of a coin out of the treasury to `to`, signed by two keys, once for `payment_id`.

    `reference` is what it is paid for: the id of a deposit, a redemption or a conversion.
    """

    chain: str
    asset: str
    payment_id: str
    to: str
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True)
class PayTokens:
    """Pay `raw` of a stock token out of a treasury to `to`, as `PayCoins`. Raw: the multiplier does not enter."""

    chain: str
    asset: str
    payment_id: str
    to: str
    raw: RawAmount
    reference: str


@dataclass(frozen=True, slots=True)
class VoidPayout:
    """See to it that a payout which both keys have signed is never made; it lands only if it was not and never will be."""

    chain: str
    asset: str
    payment_id: str
    reference: str


@dataclass(frozen=True, slots=True)
class CoinsReceived:
    """A final deposit is this row's: its exact amount, in time, from the wallet that was named."""

    deposit_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class CoinsSeen:
    """Coins reached the treasury in a final block. `id` is chain, transaction and place in it."""

    chain: str
    token: str
    sender: str
    amount: Money
    tx_id: str
    place: int
    block: int

    @property
    def id(self) -> str:
        """Once for ever."""
        return f"{self.chain}:{self.tx_id}:{self.place}"


@dataclass(frozen=True, slots=True)
class Payout:
    """What treasurer and approver sign: as `PayCoins` or `PayTokens`, with coin or token by its address."""

    id: str
    chain: str
    asset: str
    token: str
    to: str
    amount: Money | RawAmount
    reference: str


class PayoutApprover(Protocol):
    """The second key under a payout. It refuses with `Refused` and its rule what it cannot find a reason for."""

    def approve_payout(self, payout: Payout, transaction: bytes | None) -> str:
        """The signature: hex under the payout on EVM, base58 under the whole transaction on Solana."""
        ...


class Treasury(Protocol):
    """The coins of one chain, which leave only under two keys, each payout once for its id.

    Safe if: the chain refuses a payout id that was used, whatever is signed or sent how often.
    """

    address: str

    def prepare_payout(self, payout: Payout) -> tuple[Call, ...]:
        """The calls that pay, signed by treasurer and approver. Nothing is sent."""
        ...

    def balance(self, token: str) -> Money:
        """Coins in the treasury, final."""
        ...


class VoidApprover(PayoutApprover, Protocol):
    """A second key that ends payouts, too."""

    def approve_void(self, payment_id: str, chain: str, reference: str) -> str:
        """The signature under a void, in hex. From here on it signs the payout no more."""
        ...


class VoidingTreasury(Treasury, Protocol):
    """A treasury whose payouts can be ended."""

    def prepare_void(self, payment_id: str, reference: str) -> tuple[Call, ...]:
        """The calls that end a payout, signed by both; none where it can never be made any more.

        Raises `Refused("treasury.payout_was_made_before")`.
        """
        ...


def pay_coins(kind: str, row_id: str, action: PayCoins, tries: int) -> Command:
    """The `tries`th attempt at one payout: another command, the same payment id."""
    return Command(attempt_of(action.payment_id, tries), kind, row_id, action)


def attempt_of(payment_id: str, tries: int) -> str:
    """The command's key."""
    return f"{payment_id}#try{tries}"


def was_paid(event: Rejected) -> bool:
    """The chain refused because it had paid: an attempt that was given up had landed after all."""
    return event.code in PAID_BEFORE


def held(payment_id: str, payable: str, action: PayCoins, row_id: str) -> Transfer:
    """Set aside what is being paid out."""
    stable = accounts.stable(action.asset, action.chain)
    return Transfer(payment_id, payable, stable, action.amount.atoms, row_id, Phase.PENDING)


def sent(payment_id: str, payable: str, stable: str, amount: Money, row_id: str) -> Transfer:
    """It is paid."""
    return Transfer(f"{payment_id}:sent", payable, stable, amount.atoms, row_id, Phase.POST, payment_id)


def total(amounts: Sequence[Money]) -> Money:
    """The sum."""
    return Money(sum(each.atoms for each in amounts))
