"""One turn of a session: all that came and all that waits, in one transaction, and the bytes that may leave after it."""

import logging
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from openscrip.runtime.fix.codec import Message, decode
from openscrip.runtime.fix.effects import (
    Alert,
    Deliver,
    Drop,
    Effect,
    Expired,
    Kept,
    LinkLost,
    LinkUp,
    Replay,
    Resend,
    Restart,
    Send,
)
from openscrip.runtime.fix.party import Party
from openscrip.runtime.fix.session import Session
from openscrip.runtime.fix.store import SessionUnit

log = logging.getLogger(__name__)

B = TypeVar("B")


class Turn(Generic[B]):
    """What one transaction of a session did. Read it only after the transaction committed."""

    def __init__(self, party: Party[B], unit: SessionUnit[B], session: Session) -> None:
        self._party, self._unit, self._session = party, unit, session
        self._now = party.now()
        self._before = session.counters
        self._new: list[Kept] = []
        self.wires: list[bytes] = []
        self.up = False
        self.dropped: str | None = None

    def open(self) -> None:
        """The connection is there."""
        self._perform(self._session.connected(self._now))

    def take(self, messages: Sequence[Message]) -> None:
        """Take what came."""
        if messages:
            self._party.ahead(self._unit.books, messages)
        for message in messages:
            self._perform(self._session.receive(message, self._now))

    def send_due(self) -> None:
        """Send what waits, if the link is up."""
        if self._session.ready:
            for draft in self._party.application.due(self._unit.books):
                self._perform(self._session.send(draft, self._now))

    def test(self) -> None:
        """Ask for a sign of life."""
        self._perform(self._session.ask_for_a_sign(self._now))

    def leave(self, reason: str) -> None:
        """Say goodbye."""
        self._perform(self._session.logout(reason, self._now))

    def lose(self) -> None:
        """The connection is gone."""
        self._perform(self._session.disconnected())

    def end(self) -> None:
        """Do what silence brings, and store what is new: the last thing before the commit."""
        self._perform(self._session.tick(self._now))
        self._flush()
        if self._session.counters != self._before:
            self._unit.move(self._before, self._session.counters)

    def _perform(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(kept):
                    self._new.append(kept)
                    self.wires.append(kept.wire)
                case Resend(wire):
                    self.wires.append(wire)
                case Deliver(message):
                    self._party.application.received(self._unit.books, message)
                case _:
                    self._perform_rare(effect)

    def _perform_rare(self, effect: Replay | Expired | Restart | LinkUp | LinkLost | Alert | Drop) -> None:
        match effect:
            case Replay(first, last):
                self._flush()
                self._perform(self._session.replay(first, last, self._unit.kept(first, last), self._now))
            case Expired(kept):
                self._party.application.expired(self._unit.books, decode(kept.wire))
            case Restart():
                self._flush()
                self._unit.restart()
            case LinkUp():
                self.up = True
            case LinkLost(cancel_open_orders):
                self._party.application.link_lost(self._unit.books, cancel_open_orders)
            case Alert(text):
                self._party.refused["fix.told"] += 1
                log.warning("fix %s: %s", self._party.terms.identity, text)
            case Drop(reason):
                self.dropped = reason

    def _flush(self) -> None:
        if self._new:
            self._unit.keep(self._new)
            self._new = []
