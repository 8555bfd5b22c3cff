"""What the books remember of creations and redemptions in kind for authorised participants, what they hear and tell."""

from dataclasses import dataclass

from openscrip.assets.acquisition import AcquisitionFailed, MoveFailed, SharesArrived, SharesMoving
from openscrip.assets.actions import Acknowledged, InstructionFailed, InstructionSettled, Rescaled, Resumed, Woken
from openscrip.assets.network import MintConfirmed, NetworkAnswered, NetworkOverdue, NetworkRefused
from openscrip.assets.stock import Lot
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.redemption import RedemptionCompleted, TokensRestored
from openscrip.kernel.quantities import RawAmount, Shares


@dataclass(frozen=True, slots=True)
class Participant:
    """Row: a client that may create and redeem in kind; its id is the client's, and what the network calls it.

    `mail_hash` is the SHA-256 of the address by which the network asks for it, `account` its account at the network,
    `redemptions` how many ids for redemptions were named so far.
    """

    id: str
    mail_hash: str
    account: str = ""
    redemptions: int = 0
    since: int = 0
    stock: str = ""
    state: str = "registered"


@dataclass(frozen=True, slots=True)
class MoveIn:
    """One free-of-payment transfer from the tokenisation account into custody; `receipts` are what the custodian confirmed."""

    instruction_id: str
    shares: Shares
    receipts: tuple[Lot, ...] = ()
    state: str = "moving"

    @property
    def arrived(self) -> Shares:
        """In custody by the receipts."""
        return Shares(sum(lot.shares.atoms for lot in self.receipts))


@dataclass(frozen=True, slots=True)
class InKindCreation:
    """A participant's request to turn `shares` of `stock` into tokens on `chain`, for `wallet`.

    `request` is the network's id for it and `network` its name for the chain; `counterparty` is the tokenisation account as
    the custodian knows it. `lots` are the fraction of a share, out of the issuer's inventory. With an `origin`, the shares
    come back from that redemption, which the network refused: nobody waits for a journal, and nobody is called back.
    """

    id: str
    stock: str
    client: str
    chain: str
    wallet: str
    shares: Shares
    request: str
    network: str
    counterparty: str
    asked_at: int
    epoch: int = 0
    origin: str = ""
    moves: tuple[MoveIn, ...] = ()
    lots: tuple[Lot, ...] = ()
    purchases: int = 0
    buying: bool = False
    raw: RawAmount = RawAmount(0)
    attempts: int = 0
    tx: str = ""
    minted_at: int = 0
    state: str = "created"
    reason: str = ""
    rule: str = ""

    @property
    def mint_id(self) -> str:
        """The business id of the one mint, once for ever."""
        return f"{self.id}/1"

    @property
    def arrived(self) -> Shares:
        """In segregated custody so far, by the custodian's word."""
        return Shares(sum(move.arrived.atoms for move in self.moves))

    @property
    def fraction(self) -> Shares:
        """The part of a share that cannot move and comes from inventory."""
        return self.shares - self.shares.whole_down()


@dataclass(frozen=True, slots=True)
class InKindRedemption:
    """The network's side of a participant's redemption: its tokens are escrowed and burned by the `Redemption` of the same id.

    `tx` is the transaction that put them into escrow; `shares` what is at the network for the participant; `request` the
    network's own id.
    """

    id: str
    stock: str
    client: str
    chain: str
    wallet: str
    token: str
    network: str
    counterparty: str
    tx: str
    asked_at: int
    epoch: int = 0
    shares: Shares = Shares(0)
    request: str = ""
    calls: int = 0
    state: str = "redeeming"
    reason: str = ""
    rule: str = ""


# Events of their own.


@dataclass(frozen=True, slots=True)
class JournalConfirmed:
    """The network journaled the participant's shares to the issuer's tokenisation account."""


@dataclass(frozen=True, slots=True)
class JournalRejected:
    """The network did not journal, and will not."""

    reason: str


# Facts.


@dataclass(frozen=True, slots=True)
class InKindMinted:
    """Fact: tokens for a participant's shares are final on their chain; with an `origin`, for shares that came back."""

    id: str
    stock: str
    chain: str
    shares: Shares
    raw: RawAmount
    tx_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class InKindCreated:
    """Fact: a creation is complete: the network knows of its mint."""

    id: str
    stock: str
    client: str
    shares: Shares


@dataclass(frozen=True, slots=True)
class InKindRedeemed:
    """Fact: the network journaled the shares of a redemption to the participant."""

    id: str
    stock: str
    client: str
    shares: Shares


@dataclass(frozen=True, slots=True)
class InKindReturned:
    """Fact: the network refused a redemption; its shares are in custody again and tokens for them were minted back."""

    id: str
    stock: str
    client: str
    rule: str


@dataclass(frozen=True, slots=True)
class InKindHeld:
    """Fact: something came out that no rule explains; a person must look at the row."""

    id: str
    stock: str
    rule: str
    text: str


CreationEvent = (
    JournalConfirmed | JournalRejected | Resumed | InstructionSettled | InstructionFailed | SharesMoving | MoveFailed
    | SharesArrived | AcquisitionFailed | Landed | Rejected | MintConfirmed | Woken | Acknowledged | Rescaled
)  # fmt: skip
NetworkRedemptionEvent = (
    RedemptionCompleted | TokensRestored | NetworkAnswered | NetworkRefused | NetworkOverdue | InKindMinted | Resumed
    | Woken | Acknowledged | Rescaled
)  # fmt: skip
