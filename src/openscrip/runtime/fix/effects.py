"""What a session is told and what it asks of the shell that runs it: plain data, no machinery.

The shell performs the effects of one call in order, inside one transaction, and lets bytes leave only after it committed.
"""

from dataclasses import dataclass
from enum import Enum

from openscrip.runtime.fix.codec import Field, Message


@dataclass(frozen=True, slots=True)
class Identity:
    """One session: our CompID and the counterparty's."""

    sender: str
    target: str

    def __str__(self) -> str:
        return f"{self.sender}-{self.target}"


class Role(Enum):
    """Who opens the connection and logs on first."""

    INITIATOR = "initiator"
    ACCEPTOR = "acceptor"


@dataclass(frozen=True, slots=True)
class Terms:
    """What two parties agreed about their session. Spans are seconds."""

    identity: Identity
    role: Role
    heartbeat_s: int = 30
    """An initiator asks for it; an acceptor takes what it is asked for, up to `heartbeat_s_max`."""
    heartbeat_s_max: int = 300
    slack_s: float = 5.0
    """Added to the heartbeat before silence is taken for trouble."""
    answer_s: float = 10.0
    """How long we wait for a logon, a logout, and for progress in a resend."""
    clock_bound_ms: int = 120_000
    resets: bool = True
    """Whether an initiator starts each period with 141=Y."""
    cancel_on_disconnect: bool = False
    """Only a mark on `LinkLost`: the application decides what it means."""
    queued_max: int = 10_000
    """Messages held above a gap before the link is given up."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Now: UTC milliseconds for what is written on messages, machine seconds for waiting, the session period's name.

    `period` changes at the agreed start of a session (say, with the trade date): only there may numbers begin again.
    """

    utc_ms: int
    machine_s: float
    period: str = ""


@dataclass(frozen=True, slots=True)
class Counters:
    """What of a session is durable, apart from its messages.

    `spoken` says that an application message was sent or taken since the last reset; `linked` that a logon was completed
    and its end was not recorded; `period` is the last one in which somebody logged on.
    """

    next_out: int = 1
    next_in: int = 1
    period: str = ""
    spoken: bool = False
    linked: bool = False


def moved(was: Counters, *, next_out: int | None = None, next_in: int | None = None) -> Counters:
    """The counters one message on: as `replace`, at a fraction of its cost."""
    ahead_out = was.next_out if next_out is None else next_out
    return Counters(ahead_out, was.next_in if next_in is None else next_in, was.period, was.spoken, was.linked)


@dataclass(frozen=True, slots=True)
class Draft:
    """An application message to be sent. After `valid_until_ms` (UTC) it is not sent again: its number is gap-filled."""

    type: str
    fields: tuple[Field, ...]
    valid_until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A sent message as it is stored."""

    number: int
    wire: bytes
    valid_until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """A new message: to be stored, then written."""

    kept: Kept


@dataclass(frozen=True, slots=True)
class Resend:
    """Bytes that repeat or replace what is stored: written, not stored."""

    wire: bytes


@dataclass(frozen=True, slots=True)
class Replay:
    """The counterparty asks for numbers `first` to `last`: read what is stored and give it to `Session.replay`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message for the application, once for ever: its effect is booked in this transaction."""

    message: Message


@dataclass(frozen=True, slots=True)
class Expired:
    """A stored message was too old to be sent again and was gap-filled.

    Warning: the counterparty may have received it the first time. Ask for the order's status before cancelling it here.
    """

    kept: Kept


@dataclass(frozen=True, slots=True)
class Restart:
    """Numbers begin again at 1: what was stored before belongs to an older era."""


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Both sides logged on."""


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The link that was up is gone. `cancel_open_orders` is what the terms say."""

    cancel_open_orders: bool


@dataclass(frozen=True, slots=True)
class Alert:
    """A person should know."""

    text: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection, after what was to be written."""

    reason: str


Effect = Send | Resend | Replay | Deliver | Expired | Restart | LinkUp | LinkLost | Alert | Drop
