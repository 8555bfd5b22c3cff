"""One side of a session: its terms, its store, its application, its limits, and what time it is."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from openscrip.kernel.clock import Clock
from openscrip.runtime.fix.codec import MESSAGE_BYTES_MAX, Message
from openscrip.runtime.fix.effects import Draft, Moment, Terms
from openscrip.runtime.fix.store import SessionStore

B = TypeVar("B")
B_contra = TypeVar("B_contra", contravariant=True)

Now = Callable[[], Moment]
"""The moment as the shell sees it: UTC for messages, machine time for waiting, the session period for resets."""


class Application(Protocol[B_contra]):
    """Whose messages travel. Each method is called inside the session's transaction, and books there and nowhere else.

    Safe if: nothing is done outside, since the transaction may still be undone and the message come again.
    Warning: what is raised here stops the session; a message that cannot be booked is kept and worked on later.
    """

    def received(self, books: B_contra, message: Message) -> None:
        """A message of the counterparty, once for ever: an application message, or a reject (3) of one of ours."""
        ...

    def due(self, books: B_contra) -> Iterable[Draft]:
        """What waits to be sent; returned here it counts as sent. Asked whenever the link is up and something happened."""
        ...

    def expired(self, books: B_contra, message: Message) -> None:
        """A message of ours was too old to be sent again; told each time that it is asked for.

        Warning: it may have arrived the first time. Ask for the order's status before cancelling it.
        """
        ...

    def link_lost(self, books: B_contra, cancel_open_orders: bool) -> None:
        """The link that was up is gone; the mark is what the parties agreed on. What to cancel is decided here."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What a counterparty, or whoever knocks, may cost us. Spans are machine seconds."""

    message_bytes_max: int = MESSAGE_BYTES_MAX
    garbled_max: int = 1_000
    """Skipped places on one connection before it is dropped."""
    inbox_max: int = 1_000
    """Messages read and not yet taken; then reading pauses."""
    group_max: int = 256
    """Messages taken in one transaction."""
    strangers_max: int = 32
    """Connections that have not logged on."""
    write_s: float = 10.0
    """How long the counterparty may leave what we write unread."""
    tick_s: float = 0.2
    gather_s: float = 0.0
    """From the beginning of one transaction to the next, at least, so that what comes meanwhile shares it."""
    backoff_s_min: float = 0.05
    backoff_s_max: float = 10.0


def live_moments(clock: Clock, period: Callable[[int], str] = lambda _: "") -> Now:
    """Moments of a clock; `period` names the session period of a UTC second, for instance by its trade date."""

    def now() -> Moment:
        at = clock.now()
        return Moment(at * 1_000, time.monotonic(), period(at))

    return now


def no_probe(_: str) -> None:
    """A probe that does nothing; a crash test passes one that raises at a named point."""


def no_look(_books: object, _messages: Sequence[Message]) -> None:
    """Looks at nothing."""


@dataclass(frozen=True, slots=True)
class Passing:
    """The bytes that really leave; with `cut`, the connection is closed after them."""

    wires: list[bytes]
    cut: bool = False


@dataclass(slots=True)
class Party(Generic[B]):
    """One side of one session with everything it needs."""

    terms: Terms
    store: SessionStore[B]
    application: Application[B]
    now: Now
    limits: Limits = field(default_factory=Limits)
    probe: Callable[[str], None] = no_probe
    ahead: Callable[[B, Sequence[Message]], None] = no_look
    """Called with all that one transaction takes before any of it was checked, so that the application can read ahead."""
    passes: Callable[[list[bytes]], Passing] = Passing
    """What the network does to what is written; a broker for tests loses, repeats and garbles here."""
    refused: Counter[str] = field(default_factory=Counter)
    """What came and counted for nothing since the start: `fix.garbled` bytes, and `fix.told`, of which the log says why."""
