"""What happened to a token, in one form for all chains, and the book that adds it up."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from openscrip_watch.canonical import request_hash

What = Literal[
    "minted", "escrowed", "burned", "refunded", "departed", "surrendered", "scheduled", "cancelled", "opened", "loose"
]
"""`loose` is a change of supply that no voucher or redemption explains; its `raw` may be negative.
`departed` is burned to be minted on another chain, or minted back.
`surrendered` is burned in a conversion, without a claim on shares; `opened` is a corporate action under whose id tokens
come into being for what is surrendered of another, a fact of the token that comes.
"""
IN_KIND, CASH = 1, 2
ISSUANCE, ARRIVAL, RESTITUTION, SUCCESSION = 1, 2, 3, 4


def is_evm(chain: str) -> bool:
    """Whether a chain is an EVM chain: `evm`, `evm-2`, and so on."""
    return chain == "evm" or chain.startswith("evm-")


@dataclass(frozen=True, slots=True)
class Fact:
    """One final event. `raw` in 1e-18; `request`, `evidence`, `origin`, `action` 64 hex digits; `at` chain's UTC seconds.

    `party` is the receiver of a mint, the holder of a redemption; `account` the token account it came from (Solana).
    `multiplier` (1e-18) and `epoch` are those of the event where the chain states them; for `scheduled` they are the
    values from `effective_at` on, and on Solana `f64` is what the mint was told to show. Of a departure, and of a burn
    on Solana, `key` is the name of its record on its chain; `destination` and `receiver` are 32 bytes in hex, `block` is
    where it happened.
    """

    chain: str
    token: str
    what: What
    tx: str
    at: int
    request: str = ""
    raw: int = 0
    kind: int = 0
    party: str = ""
    account: str = ""
    evidence: str = ""
    origin: str = ""
    epoch: int = -1
    multiplier: int = 0
    version: int = -1
    effective_at: int = 0
    action: str = ""
    f64: float = 0.0
    key: str = ""
    destination: str = ""
    receiver: str = ""
    arrive_by: int = 0
    block: int = 0


@dataclass(slots=True)
class TokenFacts:
    """All facts of one token on one chain. Each request id appears at most once in each table."""

    minted: dict[str, Fact] = field(default_factory=dict)
    escrowed: dict[str, Fact] = field(default_factory=dict)
    burned: dict[str, Fact] = field(default_factory=dict)
    refunded: dict[str, Fact] = field(default_factory=dict)
    scheduled: list[Fact] = field(default_factory=list)
    loose: list[Fact] = field(default_factory=list)
    departed: dict[str, Fact] = field(default_factory=dict)
    """Crossings by the key of their record on this chain."""
    afloat: dict[str, Fact] = field(default_factory=dict)
    """Those of them whose arrival or restitution was not seen yet."""
    afloat_raw: int = 0
    ends: dict[str, str] = field(default_factory=dict)
    """The hashes of the mints that would end them -> their key."""
    ended: list[str] = field(default_factory=list)
    """Hashes of mints here that may end a crossing and were not held against the departures yet."""
    surrendered: list[Fact] = field(default_factory=list)
    opened: dict[str, Fact] = field(default_factory=dict)
    """Conversions into this token, by their action."""
    supply: int = 0
    """Sum of mints minus burns, loose ones included, in 1e-18 raw."""

    def add(self, fact: Fact) -> None:
        """Take one fact in. What repeats a request id is loose: a request explains one event.

        Escrow and refund change nothing, and on chain an id belongs to its holder: others may use the same.
        """
        tables = {
            "minted": (self.minted, fact.raw),
            "escrowed": (self.escrowed, 0),
            "burned": (self.burned, -fact.raw),
            "refunded": (self.refunded, 0),
        }
        if fact.what in tables:
            table, change = tables[fact.what]
            if fact.request not in table:
                table[fact.request] = fact
                if fact.what == "minted" and fact.kind in (ARRIVAL, RESTITUTION):
                    self.ended.append(fact.request)
            elif change:
                self.loose.append(fact)
            self.supply += change
        elif fact.what == "departed":
            self.departed[fact.key] = fact
            self._float(fact)
            self.supply -= fact.raw
        elif fact.what == "surrendered":
            self.surrendered.append(fact)
            self.supply -= fact.raw
        elif fact.what == "opened":
            self.opened[fact.action] = fact
        elif fact.what == "scheduled":
            self.scheduled.append(fact)
        elif fact.what == "cancelled":
            self.scheduled = [each for each in self.scheduled if each.action != fact.action]
        else:
            self.loose.append(fact)
            self.supply += fact.raw

    def _float(self, fact: Fact) -> None:
        self.afloat[fact.key] = fact
        self.afloat_raw += fact.raw
        for kind in ("arrival", "restitution"):
            self.ends[request_hash(crossing_mint(kind, fact.chain, fact.key))] = fact.key

    def end(self, request: str) -> bool:
        """Note that a departure from here ended by the mint behind a hash; whether it was one."""
        key = self.ends.pop(request, "")
        if not key:
            return False
        fact = self.afloat.pop(key, None)
        self.afloat_raw -= fact.raw if fact else 0
        return True

    def refloat(self) -> None:
        """Hold everything against everything once more: another chain was read anew."""
        self.afloat_raw = 0
        for fact in self.departed.values():
            self._float(fact)
        self.ended = [request for request, fact in self.minted.items() if fact.kind in (ARRIVAL, RESTITUTION)]

    def succeeds(self, mint: Fact) -> bool:
        """Whether a mint came out of a conversion that was in force: no voucher stands behind such a one."""
        opened = self.opened.get(mint.evidence)
        return mint.kind == SUCCESSION and opened is not None and opened.effective_at <= mint.at


def crossing_mint(kind: str, source: str, key: str) -> str:
    """The id of the mint that ends a crossing: its `arrival`, or its `restitution` on the source."""
    return f"{kind}:{source}:{key}"


class ChainBook:
    """The facts of one chain by token, with the reader's cursors and what the store does not know yet."""

    def __init__(self) -> None:
        self.tokens: dict[str, TokenFacts] = {}
        self.cursors: dict[str, str] = {}
        self.unsaved: list[Fact] = []
        self.saved: dict[str, str] = {}
        self.anew = False
        """Everything was read again from the beginning; what the store holds is void."""

    def token(self, token: str) -> TokenFacts:
        """The facts of a token; empty for one that is new."""
        return self.tokens.setdefault(token, TokenFacts())

    def extend(self, facts: Iterable[Fact]) -> None:
        """Take facts in, oldest first."""
        for fact in facts:
            self.token(fact.token).add(fact)
            self.unsaved.append(fact)

    def mark_saved(self) -> None:
        """The store knows everything now."""
        self.unsaved.clear()
        self.saved = dict(self.cursors)
        self.anew = False

    def forget(self) -> None:
        """Begin anew: the chain is not the one that was read."""
        for each in (self.tokens, self.cursors, self.unsaved, self.saved):
            each.clear()
        self.anew = True


@dataclass(frozen=True, slots=True)
class Feed:
    """The reserve feed on chain: shares in 1e-9."""

    shares: int
    allocation: int
    epoch: int
    as_of: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A token at one cut. `supply` in 1e-18 raw; `multiplier` in force; `pending` the same when nothing is scheduled.

    On Solana `multiplier` and `pending` are what the program keeps, `f64` and `pending_f64` what the mint shows.
    """

    supply: int
    multiplier: int
    pending: int
    effective_at: int
    at: int
    epoch: int = -1
    pending_epoch: int = -1
    version: int = -1
    f64: float = 0.0
    pending_f64: float = 0.0
    feed: Feed | None = None
