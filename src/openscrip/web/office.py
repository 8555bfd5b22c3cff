"""What the pages need of a running platform; the composition root brings it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from openscrip.assets.calendar import Calendar
from openscrip.assets.compliance.ownership import ContractCall
from openscrip.assets.reserve import Reserve
from openscrip.issuance.compliance_room import ComplianceRoom
from openscrip.issuance.crossings import Crossings
from openscrip.issuance.primary_market import PrimaryMarket
from openscrip.issuance.terms import Terms
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.decision import Books
from openscrip.runtime.store import Store
from openscrip.web.public_office import PublicOffice
from openscrip.web.rails import Practice, Rails
from openscrip.web.trading import TradingLine
from openscrip.web.venue_desk import VenueDesk
from openscrip.web.venue_money import VenueMoneyLine


class Door(Protocol):
    """The operator's door of the `openscrip up` beside us. Raises `Malformed`, `Refused`, `Unavailable`, as it answers."""

    def get(self, path: str, **query: str) -> Any:
        """The answer to a question, such as `/v1/parts`."""
        ...

    def post(self, path: str, **body: Any) -> Any:
        """The answer to a request."""
        ...


class Standing(Protocol):
    """One stock now, read from chains and custody: raw supply by chain, and I1's two sides."""

    @property
    def supply(self) -> Mapping[str, RawAmount]:
        """Raw tokens on each chain."""
        ...

    @property
    def reserve(self) -> Reserve:
        """Shares held and shares owed."""
        ...


class Office(Protocol):
    """A running platform as its pages see it. Every method may be called from any thread.

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
    def crossings(self) -> Crossings:
        """Tokens under way between chains."""
        ...

    @property
    def terms(self) -> Terms:
        """Fees, limits and hours in force."""
        ...

    @property
    def calendar(self) -> Calendar:
        """Sessions and holidays of the listings."""
        ...

    @property
    def contracts(self) -> Mapping[str, ContractCall]:
        """Reads of contracts on each EVM chain, for wallets that are contracts (EIP-1271)."""
        ...

    @property
    def chain_ids(self) -> Mapping[str, int]:
        """The EIP-155 id of each EVM chain, by its name."""
        ...

    @property
    def solana_cluster(self) -> str:
        """What wallets call the Solana cluster that we are on: `localnet`, `devnet`, `mainnet`."""
        ...

    @property
    def door(self) -> Door:
        """What only the process that started the platform can do."""
        ...

    @property
    def public(self) -> PublicOffice:
        """What the public pages need beside the books."""
        ...

    @property
    def rails(self) -> Rails:
        """The chains as wallets use them."""
        ...

    @property
    def trading(self) -> TradingLine:
        """The venue beside us."""
        ...

    @property
    def venue_money(self) -> VenueMoneyLine:
        """What comes to the venue, and goes from it."""
        ...

    @property
    def venue_desk(self) -> VenueDesk:
        """What of the venue's money waits for the desk."""
        ...

    @property
    def practice(self) -> Practice | None:
        """What a paper run plays for visitors; None where it is none."""
        ...

    @property
    def clock_mode(self) -> str:
        """`live` or `accelerated`."""
        ...

    @property
    def simulated(self) -> Sequence[str]:
        """What of this run is played: `broker`, `custodian`, `clock`; empty where everything is real."""
        ...

    def now(self) -> int:
        """Market time."""
        ...

    def standing(self, symbol: str) -> Standing:
        """Read chains and custody. Raises `Refused("symbol.unknown")`."""
        ...

    def nudge(self) -> None:
        """Something was recorded: let the workers look for it now. Never raises; they would find it anyway."""
        ...
