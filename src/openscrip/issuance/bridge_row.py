"""What the books remember of a crossing, what it hears, and the facts that it tells."""

from dataclasses import dataclass

from openscrip.assets.actions import Acknowledged, Woken
from openscrip.issuance.actions import Landed, Rejected
from openscrip.issuance.chain import Departed
from openscrip.issuance.voucher import chain_hash
from openscrip.kernel.quantities import RawAmount

OPEN = ("departed", "held", "arriving", "dead", "restoring")
"""States in which the tokens are neither at their destination nor back."""


def crossing_id(source: str, key: str) -> str:
    """The business id of a crossing: the chain that it left and the name of its record there."""
    return f"{source}:{key}"


def destination_hash(caip2: str) -> str:
    """What a departure calls a chain, hex."""
    return chain_hash(f"chain:{caip2}").hex()


@dataclass(frozen=True, slots=True)
class Crossing:
    """Tokens of `stock` that left `source` to be `raw` again on `destination`, at the latest at `arrive_by`.

    `token_to` and `receiver` are in the destination's own spelling; `request` is the hash under which the holder left.
    `booked` says that the ledger knows of the departure; `awaits` are chains whose reports make room for it; `rule` and
    `reason` why it waits, or why it cannot arrive.
    """

    id: str
    stock: str
    source: str
    token_from: str
    holder: str
    raw: RawAmount
    request: str
    key: str
    arrive_by: int
    tx: str
    block: int
    departed_at: int
    destination: str = ""
    token_to: str = ""
    receiver: str = ""
    booked: bool = False
    attempts: int = 0
    reports: int = 0
    awaits: tuple[str, ...] = ()
    arrival_tx: str = ""
    state: str = "departed"
    rule: str = ""
    reason: str = ""

    @property
    def arrival_id(self) -> str:
        """The business id of the mint at the destination, once for ever."""
        return f"arrival:{self.id}"

    @property
    def restitution_id(self) -> str:
        """The business id of the mint that gives back what did not arrive, once for ever."""
        return f"restitution:{self.id}"


def crossing_of(event: Departed, stock: str) -> Crossing:
    """The row of a departure that was just heard of."""
    return Crossing(
        crossing_id(event.chain, event.key), stock, event.chain, event.token, event.holder, event.raw, event.hash, event.key,
        event.arrive_by, event.tx_id, event.block, event.seen_at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """Where a departure leads: to `receiver` of `token` on `destination`, or not, by `rule`.

    With a rule of `HELD_RULES` a person decides; any other forbids the arrival for good.
    """

    destination: str
    token: str
    receiver: str
    rule: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Released:
    """A person of compliance let a held crossing go on, for a reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class CrossingDeparted:
    """Fact: tokens were burned on `chain` to be minted elsewhere."""

    id: str
    stock: str
    chain: str
    destination: str
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class CrossingArrived:
    """Fact: as many were minted on `chain`."""

    id: str
    stock: str
    chain: str
    source: str
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class CrossingRestored:
    """Fact: they could not arrive, and were given back on `chain`, where they came from."""

    id: str
    stock: str
    chain: str
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class CrossingRefused:
    """Fact: a crossing is held or cannot arrive, by which rule."""

    id: str
    stock: str
    rule: str
    text: str


CrossingEvent = Heard | Woken | Landed | Rejected | Released | Acknowledged
