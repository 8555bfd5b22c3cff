"""What the HTTP face needs of a running platform; the composition root brings it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from openscrip.assets.compliance.persons import Person
from openscrip.assets.reserve import Reserve
from openscrip.assets.stock import Stock
from openscrip.issuance.coin_desk import CoinDesk
from openscrip.issuance.compliance_room import ComplianceRoom
from openscrip.issuance.crossings import Crossings
from openscrip.issuance.in_kind_market import InKindMarket
from openscrip.issuance.primary_market import PrimaryMarket
from openscrip.issuance.reconciler import Look
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.decision import Books
from openscrip.runtime.store import Store


@dataclass(frozen=True, slots=True)
class Standing:
    """One stock now, read from chains and custody: raw supply by chain, and I1's two sides."""

    supply: Mapping[str, RawAmount]
    reserve: Reserve


class FrontOffice(Protocol):
    """A running platform as its HTTP face sees it. Every method may be called from any thread.

    `Unavailable` from any of them means that a part did not answer.
    """

    @property
    def store(self) -> Store:
        """The books."""
        ...

    @property
    def books(self) -> Books:
        """Who decides and who hears."""
        ...

    @property
    def market(self) -> PrimaryMarket:
        """Where requests are taken."""
        ...

    @property
    def room(self) -> ComplianceRoom:
        """Who is taken on, who may what, and everything that this stands on."""
        ...

    @property
    def clock_mode(self) -> str:
        """`live` or `accelerated`."""
        ...

    def now(self) -> int:
        """Market time."""
        ...

    def next_due(self) -> int | None:
        """When the next thing happens by itself, in accelerated time."""
        ...

    def advance_to(self, at: int) -> None:
        """Move accelerated time. Raises `Refused("clock.live")`."""
        ...

    def list_stock(self, symbol: str) -> Stock:
        """List a stock on both chains, once. Raises `Refused("symbol.unknown")`."""
        ...

    def standing(self, symbol: str) -> Standing:
        """Read chains and custody."""
        ...

    def looks(self) -> Mapping[str, Look]:
        """What the reconciler saw last of each stock, by its symbol; empty before its first look."""
        ...

    def indexed(self) -> Sequence[tuple[str, str, int]]:
        """How far the index was read: (chain, token, block)."""
        ...

    def troubles(self) -> Mapping[str, str]:
        """Feeds that cannot be read at the moment, with their last error."""
        ...

    def process_ids(self) -> Mapping[str, int]:
        """Every process of the stack."""
        ...

    @property
    def coins(self) -> CoinDesk:
        """Where deposits of stablecoin are heard and conversions asked for."""
        ...

    @property
    def crossings(self) -> Crossings:
        """Where departures are heard."""
        ...

    def way(self, symbol: str, source: str, destination: str, holder: str, receiver: str) -> Mapping[str, str]:
        """A way between two chains in the words of a departure. Raises what the crossing would be refused for."""
        ...

    def lanes(self, symbol: str, step: str) -> Sequence[Mapping[str, str]]:
        """Every lane of a stock with what may leave by it, after a step: `propose`, `open`, or none."""
        ...

    @property
    def in_kind(self) -> InKindMarket | None:
        """Where a tokenisation network's requests are taken; None while none is set."""
        ...

    @property
    def network_refused(self) -> Mapping[str, int]:
        """What was turned away at the network's door, by rule."""
        ...

    def counterparties_refused(self) -> Mapping[str, Mapping[str, int]]:
        """What the broker and each custodian sent that counted for nothing, by who it was and by rule."""
        ...

    def nudge(self) -> None:
        """Something was recorded: look for work."""
        ...

    def write_report(self, month: str, *, signed: bool) -> Mapping[str, str]:
        """Write the reserve report of a month; its files by form. `signed`: by the played parties, too.

        Raises `Malformed`, `Refused`.
        """
        ...


class PaperInvestors(Protocol):
    """Investors of a paper run, whose wallets and bank the platform plays. Absent where the money is real."""

    def take_on(self, person: Person) -> Mapping[str, str]:
        """Make and fund wallets and enter the client; the address by chain. Raises `Conflict`."""
        ...

    def pay(self, subscription: Subscription) -> None:
        """Send the deposit, once."""
        ...

    def escrow(self, redemption: Redemption) -> str:
        """Put the tokens into escrow; the transaction's id. Raises `Refused` with the chain's reason."""
        ...
