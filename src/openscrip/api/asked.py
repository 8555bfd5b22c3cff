"""What may be sent: each body as a strict model. Amounts are strings; they are parsed by the quantity that they are."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from openscrip.assets.compliance.persons import Person, PersonKind, UsEvidence
from openscrip.kernel.errors import Malformed

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", examples=["sub-1"])]
Symbol = Annotated[str, Field(min_length=1, max_length=12, pattern=r"^[A-Z0-9.]+$", examples=["TSLA"])]
ChainName = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[a-z0-9-]+$", examples=["evm", "solana"])]
Address = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9]+$")]
Amount = Annotated[str, Field(min_length=1, max_length=64, examples=["12.5"])]
Words = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Country = Annotated[str, Field(min_length=2, max_length=2, pattern=r"^[A-Z]{2}$", examples=["DE"])]

UsMark = Literal["W-9", "green_card", "us_birthplace", "us_address", "us_phone", "us_bank", "self_certified"]


class Asked(BaseModel):
    """A body: no field more, none of another type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ListingAsked(Asked):
    """List a stock."""

    symbol: Symbol


class SubscriptionAsked(Asked):
    """Money into tokens: `shares` of `stock`, to `wallet` on `chain`. `request_id` is the client's own, once for ever."""

    request_id: Name
    client: Name
    stock: Symbol
    chain: ChainName
    wallet: Address
    shares: Amount
    at_once: bool = False
    quote: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    funding: Name = "bank"
    """`bank`, or the stablecoin that `pay_wallet` sends on `pay_chain`; without those, `wallet` on `chain`."""
    pay_chain: Annotated[str, Field(max_length=20, pattern=r"^[a-z0-9-]*$")] = ""
    pay_wallet: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9]*$")] = ""


class RedemptionAsked(Asked):
    """Tokens into shares (`in_kind`, to the account `deliver_to`) or money (`cash`)."""

    request_id: Name
    client: Name
    stock: Symbol
    chain: ChainName
    wallet: Address
    raw: Amount
    kind: Literal["in_kind", "cash"]
    deliver_to: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    quote: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    paid_in: Name = "bank"
    """`bank`, or the stablecoin that reaches `wallet` on `chain`."""


class QuoteAsked(Asked):
    """What `shares` cost or bring, or how many an `amount_usd` buys: one of the two. `id` is the client's own, once."""

    id: Name
    client: Name
    stock: Symbol
    side: Literal["subscribe", "redeem"] = "subscribe"
    mode: Literal["instant", "order_through"] = "order_through"
    shares: Annotated[str, Field(max_length=64)] = ""
    amount_usd: Annotated[str, Field(max_length=64)] = ""


class DepositDecision(Asked):
    """An operator's word on a deposit in suspense, in their name and for a reason."""

    id: Annotated[str, Field(min_length=1, max_length=160, pattern=r"^[A-Za-z0-9:-]+$")]
    decision: Literal["return", "keep"]
    by: Name
    reason: Words


class ConversionAsked(Asked):
    """Coins of the treasury into dollars at the bank, or back, in an operator's name and for a reason."""

    id: Name
    side: Literal["to_dollars", "to_stable"]
    asset: Name
    chain: ChainName
    amount_usd: Amount
    by: Name
    reason: Words


class PersonAsked(Asked):
    """A person or entity as the onboarding file describes them. Countries are ISO 3166 alpha-2."""

    id: Name
    name: Words
    kind: Literal["natural", "legal"] = "natural"
    nationality: Country
    residence: Country
    tax_residence: Country
    verified: bool = True
    us_evidence: Annotated[list[UsMark], Field(max_length=7)] = []
    documents: Annotated[list[Country], Field(max_length=20)] = []
    controllers: Annotated[list[Country], Field(max_length=20)] = []
    aliases: Annotated[list[Words], Field(max_length=20)] = []
    born_on: Annotated[str, Field(max_length=10, pattern=r"^([12][0-9]{3}-[01][0-9]-[0-3][0-9])?$")] = ""
    address_country: Annotated[str, Field(max_length=2, pattern=r"^([A-Z]{2})?$")] = ""
    phone_country: Annotated[str, Field(max_length=2, pattern=r"^([A-Z]{2})?$")] = ""
    bank_country: Annotated[str, Field(max_length=2, pattern=r"^([A-Z]{2})?$")] = ""

    def person(self) -> Person:
        """As compliance knows a person."""
        return Person(
            self.id,
            self.name,
            PersonKind(self.kind),
            self.nationality,
            self.residence,
            self.tax_residence,
            self.verified,
            tuple(UsEvidence(each) for each in self.us_evidence),
            tuple(self.documents),
            tuple(self.controllers),
            tuple(self.aliases),
            self._birth(),
            self.address_country,
            self.phone_country,
            self.bank_country,
        )

    def _birth(self) -> date | None:
        try:
            return date.fromisoformat(self.born_on) if self.born_on else None
        except ValueError:
            raise Malformed("person.born", f"person: {self.id} was born on a day that does not exist") from None


class WalletSigned(Asked):
    """A wallet and its signature under the fixed sentence of ownership."""

    chain: ChainName
    address: Address
    signature: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9]+$")]


class ClientAsked(PersonAsked):
    """Take a client on, with the wallets that they signed for."""

    wallets: Annotated[list[WalletSigned], Field(max_length=20)] = []


class AcceptanceAsked(Asked):
    """An operator closes a break as it is, in their name and for a reason."""

    by: Name
    reason: Words


class WayAsked(Asked):
    """A way between two chains that a holder wants to take."""

    stock: Symbol
    source: ChainName
    destination: ChainName
    holder: Address
    receiver: Address


class ReleaseAsked(Asked):
    """A person of compliance lets a held crossing go on, in their name and for a reason."""

    by: Name
    reason: Words


class LanesAsked(Asked):
    """Propose the lanes between all chains of a stock, or open those whose wait is over."""

    step: Literal["propose", "open"]


class ClockAsked(Asked):
    """Move accelerated market time to an instant such as `2024-06-05T21:00:00Z`."""

    advance_to: Annotated[str, Field(max_length=40)]


class ReportAsked(Asked):
    """Write the reserve report of a month such as `2024-06`; empty for the month that market time is in, up to now.

    `signed`: the custodians and the auditor that are played on this machine check and sign it at once.
    """

    month: Annotated[str, Field(max_length=7, pattern=r"^([12][0-9]{3}-[0-9]{2})?$")] = ""
    signed: bool = False


class CancelAsked(Asked):
    """Take an order back: whose, and which."""

    client: Name
    request_id: Name


class RequestNamed(Asked):
    """A subscription or redemption, by its id."""

    request_id: Name
