"""Clients of the primary market as rows: who they are (sealed), what rules say of them, their wallets, papers and owners."""

from dataclasses import dataclass
from datetime import date

from openscrip.assets.compliance.control import Stake
from openscrip.assets.compliance.persons import Paper, Wallet
from openscrip.assets.compliance.rules import May
from openscrip.assets.compliance.sanctions import normalised_address
from openscrip.assets.compliance.screening import Refusal
from openscrip.assets.compliance.vault import Sealed
from openscrip.kernel.money import Money

WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Client:
    """Row: a person or entity that was onboarded, and when; `related` are owners of entities, who may not subscribe.

    `inputs` is the vault's digest of the particulars: the same particulars, the same digest.
    """

    id: str
    sealed: Sealed
    inputs: str
    since: int
    stock: str = ""
    state: str = "onboarded"


@dataclass(frozen=True, slots=True)
class ClientStanding:
    """Row: what rules and lists said of a client when they were last asked. The door asks again when a version differs.

    `until` is the market time from which evidence has expired; `record` is the decision record behind it.
    """

    id: str
    policy: str
    lists: str
    inputs: str
    refusals: tuple[Refusal, ...]
    redeem: May
    hold: May
    score: int
    listed: str
    until: int
    at: int
    record: str
    stock: str = ""
    state: str = "clear"


@dataclass(frozen=True, slots=True)
class ListUsed:
    """A list that a decision stood on: its publisher, the hash of its file, and when it was fetched."""

    publisher: str
    sha256: str
    retrieved_at: int


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """Row: one decision about a client, never changed. `by` is a named person, or `rules` where no person decided."""

    id: str
    person: str
    policy: str
    rules_sha256: str
    lists: tuple[ListUsed, ...]
    lists_digest: str
    scorer: str
    inputs: str
    score: int
    listed: str
    decision: str
    rules: tuple[str, ...]
    by: str
    reason: str
    at: int
    stock: str = ""
    state: str = "recorded"


@dataclass(frozen=True, slots=True)
class ClientWallet:
    """Row: an address that a client has signed for; its id is `chain:address`. `proof` says by which signature, and when."""

    id: str
    wallet: Wallet
    stock: str = ""
    state: str = "attested"
    proof: str = ""
    proven_at: int = 0

    @property
    def person(self) -> str:
        """Whose it is."""
        return self.wallet.person_id


@dataclass(frozen=True, slots=True)
class Challenge:
    """Row: a sentence that a wallet is asked to sign, once and before `expires_at`; its id is the nonce in it."""

    id: str
    person: str
    chain: str
    address: str
    asked_at: int
    expires_at: int
    stock: str = ""
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Row: a paper of a client. `sealed` holds what is personal of it: its number and its issuer.

    `stock` is the one indexed field beside the state: here it carries the client's id, so that their papers are found by it.
    """

    id: str
    person: str
    paper: Paper
    sealed: Sealed
    by: str
    at: int
    stock: str = ""
    state: str = "valid"


@dataclass(frozen=True, slots=True)
class Owners:
    """Row: who owns an entity; its id is the entity's. Owners are clients of the state `related`, or clients themselves."""

    id: str
    stakes: tuple[Stake, ...]
    by: str
    at: int
    stock: str = ""
    state: str = "told"


@dataclass(frozen=True, slots=True)
class Cleared:
    """An entry of a list that is somebody else, as long as its hash and the client's particulars are these."""

    listed: str
    entry: str
    inputs: str
    case: str


@dataclass(frozen=True, slots=True)
class Clearance:
    """Row: the entries that two persons found to be somebody else; its id is the client's."""

    id: str
    entries: tuple[Cleared, ...]
    stock: str = ""
    state: str = "cleared"


@dataclass(frozen=True, slots=True)
class Flow:
    """What went one way and the other in one stock on one day."""

    stock: str
    subscribed: Money
    redeemed: Money


@dataclass(frozen=True, slots=True)
class Day:
    """A client's requests of one New York date; `under` counts those just under the threshold that monitoring watches."""

    on: date
    subscribed: Money = Money(0)
    orders: int = 0
    under: int = 0
    flows: tuple[Flow, ...] = ()


@dataclass(frozen=True, slots=True)
class Conduct:
    """Row: a client's requests of the last seven New York dates, newest first; for limits and for monitoring."""

    id: str
    days: tuple[Day, ...] = ()
    stock: str = ""
    state: str = "counted"

    def today(self, on: date) -> Day:
        """The day `on`, empty if nothing was asked."""
        return next((day for day in self.days if day.on == on), Day(on))

    def week(self, on: date) -> tuple[Day, ...]:
        """The days that are at most six days older than `on`."""
        return tuple(day for day in self.days if 0 <= (on - day.on).days < WEEK_DAYS)


def wallet_id(chain: str, address: str) -> str:
    """The id of a wallet's row."""
    return f"{chain}:{normalised_address(address)}"
