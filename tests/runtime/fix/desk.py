"""One side of a session without socket, store or clock: a session, what it kept and what its application was told."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from openscrip.runtime.fix.codec import Field, Message, decode, encode, format_utc
from openscrip.runtime.fix.effects import (
    Alert,
    Counters,
    Deliver,
    Draft,
    Drop,
    Effect,
    Expired,
    Identity,
    Kept,
    LinkLost,
    LinkUp,
    Moment,
    Replay,
    Resend,
    Restart,
    Role,
    Send,
    Terms,
)
from openscrip.runtime.fix.session import Session

START_MS = 1_772_461_800_000  # 2026-03-02 14:30 UTC
US, THEM = Identity("ISSUER", "BROKER"), Identity("BROKER", "ISSUER")
DAY_1, DAY_2 = "2026-03-02", "2026-03-03"
ORDER: tuple[Field, ...] = (
    (11, "o-1"), (21, "1"), (55, "AAPL"), (54, "1"), (60, "20260302-14:30:00.000"), (38, "1.5"), (40, "1"),
)  # fmt: skip


def order(number: int) -> tuple[Field, ...]:
    """The fields of an order of its own id."""
    return ((11, f"o-{number}"), *ORDER[1:])


def at(seconds: float = 0.0, period: str = DAY_1) -> Moment:
    """So many seconds after the start, on both clocks."""
    return Moment(START_MS + int(seconds * 1_000), seconds, period)


@dataclass
class Desk:
    """Performs effects as the shell does, in memory."""

    terms: Terms
    counters: Counters = field(default_factory=Counters)
    now: Moment = field(default_factory=at)
    kept: dict[int, Kept] = field(default_factory=dict)
    received: list[Message] = field(default_factory=list)
    expired: list[int] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    dropped: str | None = None
    ups: int = 0
    lost: list[bool] = field(default_factory=list)
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        self.connect()

    def connect(self) -> list[Message]:
        """A new connection; gives what is said first."""
        self.dropped = None
        self.session = Session(self.terms, self.counters, self.now)
        return self.perform(self.session.connected(self.now))

    def take(self, *messages: Message) -> list[Message]:
        """Receive messages; gives what is sent in answer."""
        sent = []
        for message in messages:
            sent += self.perform(self.session.receive(message, self.now))
        return sent

    def send(self, fields: Iterable[Field] = ORDER, kind: str = "D", valid_until_ms: int | None = None) -> list[Message]:
        """Send an application message."""
        return self.perform(self.session.send(Draft(kind, tuple(fields), valid_until_ms), self.now))

    def tick(self, seconds: float) -> list[Message]:
        """Let time pass to `seconds` after the start; gives what is sent."""
        self.now = at(seconds, self.now.period)
        return self.perform(self.session.tick(self.now))

    def perform(self, effects: Iterable[Effect]) -> list[Message]:
        """What the effects send."""
        sent: list[Message] = []
        for effect in effects:
            match effect:
                case Send(kept):
                    assert kept.number not in self.kept
                    self.kept[kept.number] = kept
                    sent.append(decode(kept.wire))
                case Resend(wire):
                    sent.append(decode(wire))
                case Replay(first, last):
                    found = [self.kept[number] for number in sorted(self.kept) if first <= number <= last]
                    sent += self.perform(self.session.replay(first, last, found, self.now))
                case Deliver(message):
                    self.received.append(message)
                case Expired(kept):
                    self.expired.append(kept.number)
                case Restart():
                    self.kept = {}
                case LinkUp():
                    self.ups += 1
                case LinkLost(cancel):
                    self.lost.append(cancel)
                case Alert(text):
                    self.alerts.append(text)
                case Drop(reason):
                    self.dropped = reason
        self.counters = self.session.counters
        return sent

    @property
    def ids(self) -> list[str | None]:
        """The ClOrdIDs of what the application was given."""
        return [message.get(11) for message in self.received]


def initiator(**changes: object) -> Desk:
    """The issuer's side; numbers go on from day to day unless told otherwise."""
    return Desk(replace(Terms(US, Role.INITIATOR, resets=False), **changes))  # type: ignore[arg-type]  # fields by name


def acceptor(counters: Counters | None = None, **changes: object) -> Desk:
    """The broker's side."""
    terms = replace(Terms(THEM, Role.ACCEPTOR), **changes)  # type: ignore[arg-type]  # fields by name
    return Desk(terms, counters or Counters())


def theirs(kind: str, number: int, *fields: Field, to: Desk, when: str | None = None, **marks: str) -> Message:
    """A message of the counterparty of `to`."""
    header = [(49, to.terms.identity.target), (56, to.terms.identity.sender), (34, str(number))]
    header += [(43, "Y")] if "first_sent" in marks else []
    header += [(52, when or format_utc(to.now.utc_ms))]
    header += [(122, marks["first_sent"])] if marks.get("first_sent") else []
    return decode(encode(Message(kind, (*header, *fields))))


def logon(number: int, *fields: Field, to: Desk, heartbeat: int = 30) -> Message:
    """The counterparty's logon."""
    return theirs("A", number, (98, "0"), (108, str(heartbeat)), *fields, to=to)


def linked(desk: Desk, number: int = 1) -> Desk:
    """The desk after a logon of number `number`."""
    desk.take(logon(number, to=desk))
    assert desk.ups == 1
    return desk


def told(messages: Iterable[Message], *tags: int) -> list[tuple[str, ...]]:
    """The type and some fields of messages, for comparing; a field that is not there is empty."""
    return [(message.type, *(message.get(tag) or "" for tag in tags)) for message in messages]
