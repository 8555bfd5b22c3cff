"""The monthly reserve report: what it says of each stock, as one HTML file that asks nobody for anything, and as JSON.

Whoever makes a report fills `ReserveReport` from signed statements, chain readings and the facts of the month. The
figures that follow from others (owed, surplus, coverage) are computed here, by `assets.reserve`, and nowhere given.
"""

import re
from dataclasses import dataclass
from datetime import date

from openscrip.assets.reserve import Reserve, reserve_covers
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class CustodyLine:
    """One custodian's signed statement of one stock: the sub-balances, and what the figures are traced to.

    `available` counts `pending_delivery` until it leaves; `pending_receipt` does not count yet; what is blocked, pledged,
    lent or otherwise kept never counts. `sha256` is of the statement's bytes as they were served, `as_of` is UTC seconds
    of market time.
    """

    custodian: str
    account: str
    available: Shares
    pending_receipt: Shares
    pending_delivery: Shares
    blocked: Shares
    pledged: Shares
    epoch: int
    as_of: int
    sequence: int
    sha256: str
    signature: str
    lent: Shares = Shares(0)
    borrowed: Shares = Shares(0)
    in_transit: Shares = Shares(0)
    restricted: Shares = Shares(0)
    other: Shares = Shares(0)

    @property
    def aggregate(self) -> Shares:
        """All settled shares of the line."""
        kept = self.blocked + self.pledged + self.lent + self.borrowed
        return self.available + kept + self.in_transit + self.restricted + self.other


@dataclass(frozen=True, slots=True)
class StatementDocument:
    """A custodian's statement byte for byte, so that whoever has the report can check it without asking anybody.

    `envelope` is what was signed where it was not the bytes themselves, and `signature` (base64) is empty where it is a
    part of the bytes. Whose key it is, the report's signers say.
    """

    sha256: str
    custodian: str
    media: str
    content: str
    """The bytes in base64."""
    envelope: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """Who does what for the issuer's products, and with whom they contract."""

    role: str
    name: str
    contracts_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signer:
    """Who has to sign a report: `role` is issuer, custodian or auditor; `public_key` is ed25519 in base64."""

    role: str
    name: str
    public_key: str


@dataclass(frozen=True, slots=True)
class PreviousReport:
    """The report before this one: its label and the SHA-256 of its canonical body."""

    label: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a chain was cut: the last block (on Solana: slot) that counts."""

    chain: str
    token: str
    block: int


@dataclass(frozen=True, slots=True)
class HolderTree:
    """The Merkle-sum tree over all holders on all chains at one cut; `total` in 1e-18 raw. Names are salted hashes."""

    about: str
    count: int
    root: str
    total: str
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class MintInFlight:
    """A mint that was decided and is not final: its tokens are owed already."""

    mint_id: str
    chain: str
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class RedemptionInFlight:
    """Tokens that were burned and whose shares were not delivered by the cut: a claim."""

    redemption_id: str
    claim: Shares


@dataclass(frozen=True, slots=True)
class DividendReceivable:
    """A dividend whose shares were bought and whose cash has not come yet, net of tax."""

    event_id: str
    amount: Money
    pay_date: date | None


@dataclass(frozen=True, slots=True)
class ChainSupply:
    """The final raw supply of a stock's token on one chain."""

    chain: str
    token: str
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class Flow:
    """The month's movements of one kind: how many, and their raw tokens. Across a split raw adds up; shares do not."""

    count: int = 0
    raw: RawAmount = RawAmount(0)


@dataclass(frozen=True, slots=True)
class Movements:
    """Raw supply from the start of the month to the cut. Redemptions count when their tokens are burned."""

    opening: RawAmount = RawAmount(0)
    minted: Flow = Flow()
    restored: Flow = Flow()
    redeemed_in_kind: Flow = Flow()
    redeemed_for_cash: Flow = Flow()
    cash_paid: Money = Money(0)

    @property
    def closing(self) -> RawAmount:
        """Opening and what was minted or restored, less what was burned."""
        burned = self.redeemed_in_kind.raw + self.redeemed_for_cash.raw
        return self.opening + self.minted.raw + self.restored.raw - burned


@dataclass(frozen=True, slots=True)
class ActionLine:
    """A corporate action: `event` is SPLF, SPLR or DVCA; a split has `ratio` (new, old), a dividend `gross`, `net`."""

    event_id: str
    event: str
    ex_date: date
    state: str
    ratio: tuple[int, int] | None = None
    gross: PricePerShare | None = None
    net: Money | None = None
    pay_date: date | None = None
    effective_at: int | None = None
    before: Multiplier | None = None
    after: Multiplier | None = None


@dataclass(frozen=True, slots=True)
class CoverPoint:
    """Shares held and owed from `at` (UTC seconds of market time) until the next point.

    `comparable` is false while custody and chains count different epochs: then there is no surplus to speak of.
    """

    at: int
    held: Shares
    owed: Shares
    comparable: bool = True


@dataclass(frozen=True, slots=True)
class StockReserve:
    """One stock at the cut: `claims` are burned for and not delivered, `in_flight` mints are signed and not final."""

    symbol: str
    name: str
    token_symbol: str
    isin: str
    multiplier: Multiplier
    chain_epoch: int
    custody: tuple[CustodyLine, ...]
    supply: tuple[ChainSupply, ...]
    claims: Shares = Shares(0)
    in_flight: RawAmount = RawAmount(0)
    movements: Movements = Movements()
    actions: tuple[ActionLine, ...] = ()
    history: tuple[CoverPoint, ...] = ()
    holders: HolderTree | None = None
    mints_in_flight: tuple[MintInFlight, ...] = ()
    redemptions_in_flight: tuple[RedemptionInFlight, ...] = ()
    dividends_receivable: tuple[DividendReceivable, ...] = ()

    @property
    def raw(self) -> RawAmount:
        """Final raw supply of all chains."""
        return RawAmount(sum(line.raw.atoms for line in self.supply))

    @property
    def reserve(self) -> Reserve:
        """The stock as invariant I1 sees it; if one custodian differs from the chains in epoch, so does the reserve."""
        held = Shares(sum(line.available.atoms for line in self.custody))
        epochs = {line.epoch for line in self.custody} - {self.chain_epoch}
        held_epoch = min(epochs, default=self.chain_epoch)
        raw = self.raw + self.in_flight
        return Reserve(self.symbol, held, held_epoch, raw, self.multiplier, self.chain_epoch, self.claims)

    @property
    def covered(self) -> bool:
        """I1 at the cut: held is never less than owed, like with like."""
        return reserve_covers(self.reserve)

    @property
    def coverage_down(self) -> int | None:
        """Held / owed in millionths, rounded down; None when nothing is owed."""
        reserve = self.reserve
        return reserve.held.atoms * 10**6 // reserve.owed.atoms if reserve.owed else None

    @property
    def movements_explain_supply(self) -> bool:
        """Whether the month's movements lead from the opening supply to the one that the chains show."""
        return self.movements.closing == self.raw


@dataclass(frozen=True, slots=True)
class ReserveReport:
    """A month of one issuer: `month` is YYYY-MM, `as_of` the cut in UTC seconds, `simulated` how market time ran.

    `label` names one report for ever, `number` counts them, and each names the hash of the one before it.
    Raises `Malformed("report.month")`.
    """

    issuer: str
    month: str
    as_of: int
    simulated: bool
    stocks: tuple[StockReserve, ...] = ()
    number: int = 1
    label: str = ""
    previous: PreviousReport | None = None
    entities: tuple[Entity, ...] = ()
    signers: tuple[Signer, ...] = ()
    statements: tuple[StatementDocument, ...] = ()

    def __post_init__(self) -> None:
        if not _MONTH.fullmatch(self.month):
            raise Malformed("report.month", f"report: month {self.month!r:.20} was not like 2024-06")

    @property
    def first_day(self) -> date:
        """The first day of the month."""
        return date.fromisoformat(f"{self.month}-01")

    @property
    def next_month(self) -> date:
        """The first day after the month."""
        year, month = self.first_day.year, self.first_day.month
        return date(year + month // 12, month % 12 + 1, 1)
