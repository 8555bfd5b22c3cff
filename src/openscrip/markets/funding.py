"""Money in and out of the venue: what is held where, what the venue is told, and who may bring and take it.

Amounts are integers of the venue's units: 1e-8 of a raw token, 1e-6 of a coin or a currency. A token's multiplier never
enters: what is deposited, held and withdrawn is raw.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from openscrip.assets.compliance.sanctions import normalised_address
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import Money
from openscrip.markets import money_chart

BANK_PLACE = "bank"
DAY_S = 86_400
_ID_LENGTH = 30


class Nature(StrEnum):
    """What an asset is where it is held."""

    COIN = "coin"
    TOKEN = "token"  # noqa: S105  # a kind of asset
    CASH = "cash"


@dataclass(frozen=True, slots=True)
class Holding:
    """An asset at one place, a chain's name or `bank`, and what may leave from there.

    `token` is its contract or mint, `treasury` who holds it; `atoms_per_unit` is how many of the indexer's atoms (1e-18 of a
    token) make one of the venue's units. `day_max` is for all customers, `customer_day_max` for one, by UTC date and over all
    places of the asset; above `review_above` a person looks first.
    """

    asset: str
    place: str
    nature: Nature
    token: str = ""
    treasury: str = ""
    withdraw_min: int = 1
    customer_day_max: int = 2**62
    day_max: int = 2**62
    review_above: int = 2**62
    atoms_per_unit: int = 1

    @property
    def id(self) -> str:
        """Asset and place."""
        return f"{self.asset}:{self.place}"

    @property
    def ledger(self) -> str:
        """The account that counts it."""
        return money_chart.bank(self.asset) if self.nature is Nature.CASH else money_chart.chain(self.asset, self.place)


@dataclass(frozen=True, slots=True)
class FundingTerms:
    """What is held, by `asset:place`, and how long things take: market seconds."""

    holdings: Mapping[str, Holding]
    address_delay_s: int = DAY_S
    retry_s: int = 300
    short_tries_max: int = 288
    """So often a payout is tried while the treasury has too little; then it is given back."""
    sent_tries_max: int = 12
    """So often one is tried that was sent and refused by its chain; then it is ended there, and given back."""

    def holding(self, asset: str, place: str) -> Holding:
        """Raises `Refused("funding.unknown")`."""
        found = self.holdings.get(f"{asset}:{place}")
        if found is None:
            raise Refused("funding.unknown", f"funding: {asset!a:.20} was not accepted at {place!a:.20}")
        return found


@dataclass(frozen=True, slots=True)
class WithdrawnOn:
    """Row: what was asked of an asset on one UTC day by one account, or by all of them (0), and not given back."""

    id: str
    amount: int
    stock: str = ""
    state: str = "counted"


@dataclass(frozen=True, slots=True)
class FundingView:
    """What a decision may know beside its row.

    `free` is what the row's holding has and nothing else waits for; `mine` and `everyone` count a withdrawal's day.
    """

    now: int
    terms: FundingTerms
    free: int = 0
    mine: WithdrawnOn | None = None
    everyone: WithdrawnOn | None = None


@dataclass(frozen=True, slots=True)
class CreditCustomer:
    """Tell the venue: `amount` came for an account, once for `reference`."""

    account: int
    asset: str
    amount: int
    reference: str


@dataclass(frozen=True, slots=True)
class ReserveFunds:
    """Tell the venue: set `amount` of an account aside, once for `reference`."""

    account: int
    asset: str
    amount: int
    reference: str


@dataclass(frozen=True, slots=True)
class PayOutFunds:
    """Tell the venue: what was reserved has left."""

    reference: str


@dataclass(frozen=True, slots=True)
class GiveBackFunds:
    """Tell the venue: what was reserved is free again."""

    reference: str


VenueAction = CreditCustomer | ReserveFunds | PayOutFunds | GiveBackFunds


@dataclass(frozen=True, slots=True)
class PayCash:
    """Pay money out of the bank account of one currency, signed by two keys, once for `payment_id`."""

    payment_id: str
    currency: str
    to: str
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True)
class Told:
    """The venue has done it, durably."""

    command: str


@dataclass(frozen=True, slots=True)
class Unsent:
    """A payout was refused before it was signed: nothing is on its way."""

    command: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class CustomerWallet:
    """Row: who brings money from where: a wallet on a chain that its owner signed for, or a sender's name at the bank.

    Its id is `place:address`. It stays one customer's.
    """

    id: str
    account: int
    proof: str
    since: int
    stock: str = ""
    state: str = "registered"


@dataclass(frozen=True, slots=True)
class PayAddress:
    """Row: where a customer's money may go, usable from `usable_at` on; its id is `account:place:address`."""

    id: str
    account: int
    place: str
    address: str
    label: str
    added_at: int
    usable_at: int
    stock: str = ""
    state: str = "listed"


@dataclass(frozen=True, slots=True)
class AddressListed:
    """Fact: a customer has named an address for withdrawals. They are told, so that they can object before it is usable."""

    account: int
    place: str
    address: str
    usable_at: int


def wallet_id(place: str, address: str) -> str:
    """The id of a wallet's row."""
    return f"{place}:{address.strip().casefold() if place == BANK_PLACE else normalised_address(address)}"


def pay_address_id(account: int, place: str, address: str) -> str:
    """The id of an allow-listed address."""
    return f"{account}:{wallet_id(place, address)}"


def count_id(asset: str, account: int, at: int) -> str:
    """The id of a day's count; account 0 is everybody."""
    return f"{asset}:{account}:{at // DAY_S}"


def short_id(letter: str, *parts: object) -> str:
    """A name that the venue can carry, the same for the same parts for ever: a letter and 120 bits of their SHA-256."""
    return f"{letter}-{hashlib.sha256(chr(0).join(map(str, parts)).encode()).hexdigest()[:_ID_LENGTH]}"


def bank_reference(account: int) -> str:
    """What a customer writes on a payment: their account and two digits that tell it from a mistyped one (ISO 7064)."""
    return f"OSV{account}-{98 - account * 100 % 97:02d}"


def account_of(reference: str) -> int:
    """The account that a payment names. Raises `Malformed("deposit.reference")`."""
    number = reference.strip().upper().removeprefix("OSV").partition("-")[0]
    if (
        not (number.isascii() and number.isdigit() and len(number) <= 18)
        or bank_reference(int(number)) != reference.strip().upper()
    ):
        raise Malformed(
            "deposit.reference", f"deposit: {reference!a:.40} named no account; it should read like {bank_reference(17)}"
        )
    return int(number)
