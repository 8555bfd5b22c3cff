"""The FIX 4.2 session as a state machine: messages and moments in, effects out. No clock, no socket, no store.

One `Session` lives as long as one connection. It begins with the stored `Counters`, and the shell stores `counters` after
each call in the transaction in which it performs the effects. If that transaction fails, the session is thrown away with
its connection.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import Enum

from openscrip.kernel.errors import Refused
from openscrip.runtime.fix.codec import Field, Message
from openscrip.runtime.fix.composing import compose, repeat
from openscrip.runtime.fix.dictionary import (
    BUSINESS_REJECT,
    HEADER,
    HEARTBEAT,
    LOGON,
    LOGOUT,
    REJECT,
    RESEND_REQUEST,
    SEQUENCE_RESET,
    SHAPES,
    TEST_REQUEST,
    Fault,
    Reason,
    fault_in,
    header_fault,
)
from openscrip.runtime.fix.doubts import addressed, header_doubt
from openscrip.runtime.fix.effects import (
    Alert,
    Counters,
    Deliver,
    Draft,
    Drop,
    Effect,
    Kept,
    LinkLost,
    LinkUp,
    Moment,
    Replay,
    Restart,
    Role,
    Send,
    Terms,
    moved,
)


class Phase(Enum):
    """Where a connection stands."""

    CONNECTED = "connected"
    """Nobody has logged on; an initiator waits for the answer."""
    ACTIVE = "active"
    LEAVING = "leaving"
    """We said Logout and wait for the counterparty's."""
    OVER = "over"


class Session:
    """One connection's worth of a session. Every method returns the effects to perform, in order."""

    def __init__(self, terms: Terms, counters: Counters, now: Moment) -> None:
        self.terms = terms
        self.counters = counters
        self.phase = Phase.CONNECTED
        self.heartbeat_s = terms.heartbeat_s
        self.holding = False
        """After a reset the acceptor sends no application message until the initiator proved that it saw the reset."""
        self._began_s = self._heard_s = self._sent_s = now.machine_s
        self._test_text: str | None = None
        self._tested_s = now.machine_s
        self._above: dict[int, Message] = {}
        self._asked_s: float | None = None
        self._gap_to = 0
        self._asked_reset = False

    @property
    def ready(self) -> bool:
        """Whether application messages may be sent."""
        return self.phase is Phase.ACTIVE and not self.holding

    # What the shell and the application ask for

    def connected(self, now: Moment) -> list[Effect]:
        """The connection is there: an initiator logs on, an acceptor waits."""
        if self.terms.role is Role.ACCEPTOR:
            return []
        # Until the answer was booked the period stays the old one, so a reset whose answer was lost is asked for again.
        self._asked_reset = self.terms.resets and now.period != self.counters.period
        begin = self._restart() if self._asked_reset else []
        return [*begin, self._send(LOGON, self._logon_fields(self._asked_reset), now)]

    def send(self, draft: Draft, now: Moment) -> list[Effect]:
        """Send an application message. Raises `Refused("fix.link")` if nobody is logged on."""
        if not self.ready:
            raise Refused("fix.link", f"fix {self.terms.identity}: the link was not up; keep the message and send it later")
        if not self.counters.spoken:
            self.counters = replace(self.counters, spoken=True)
        return [self._send(draft.type, draft.fields, now, draft.valid_until_ms)]

    def logout(self, text: str, now: Moment) -> list[Effect]:
        """Say goodbye; the connection is dropped on the answer, or when none comes."""
        if self.phase is not Phase.ACTIVE:
            return self._over("logout before logon")
        self.phase, self._began_s = Phase.LEAVING, now.machine_s
        return [self._send(LOGOUT, ((58, text),), now)]

    def ask_for_a_sign(self, now: Moment) -> list[Effect]:
        """Ask for a sign of life: the answer's number shows whether anything was lost before it."""
        return [self._test(now)] if self.phase is Phase.ACTIVE and self._test_text is None else []

    def disconnected(self) -> list[Effect]:
        """The connection is gone, whoever closed it."""
        self.phase = Phase.OVER
        if not self.counters.linked:
            return []
        self.counters = replace(self.counters, linked=False)
        return [LinkLost(self.terms.cancel_on_disconnect)]

    def tick(self, now: Moment) -> list[Effect]:
        """What silence brings: heartbeats, test requests, and the end of patience. To be called a few times a second."""
        waited_s = now.machine_s - self._began_s
        if self.phase is Phase.OVER:
            return []
        if self.phase is not Phase.ACTIVE:
            return self._over(f"no answer to {self.phase.value}") if waited_s >= self.terms.answer_s else []
        if self._asked_s is not None and now.machine_s - self._asked_s >= self.terms.answer_s:
            return self._refuse("the resend that was asked for did not come", now)
        patience_s = self.heartbeat_s + self.terms.slack_s
        if self._test_text is not None and now.machine_s - self._tested_s >= patience_s:
            return [Alert("a test request was not answered"), *self._over("silence")]
        if self._test_text is None and now.machine_s - self._heard_s >= patience_s:
            return [self._test(now)]
        if now.machine_s - self._sent_s >= self.heartbeat_s:
            return [self._send(HEARTBEAT, (), now)]
        return []

    def replay(self, first: int, last: int, kept: Iterable[Kept], now: Moment) -> list[Effect]:
        """Answer a resend request for `first` to `last` with what is stored of it, in the order of numbers."""
        self._sent_s = now.machine_s
        return repeat(self.terms.identity, first, last, kept, now.utc_ms)

    # What the counterparty sends

    def receive(self, message: Message, now: Moment) -> list[Effect]:
        """Take one message."""
        if self.phase is Phase.OVER:
            return []
        self._heard_s = now.machine_s
        return list(self._admit(message, now))

    def _admit(self, message: Message, now: Moment) -> Iterator[Effect]:
        """Check from whom, when and with which number a message comes, before anything in it counts."""
        first = {LOGON, LOGOUT} if self.terms.role is Role.INITIATOR else {LOGON}
        if self.phase is Phase.CONNECTED and not (message.type in first and addressed(message, self.terms.identity)):
            yield from self._over("the first message was no logon from the counterparty")
            return
        fault = header_fault(message) or header_doubt(message, self.terms, now)
        if fault is not None and (self.phase is Phase.CONNECTED or fault.tag == 34):
            yield from self._refuse(fault.text, now)
            return
        number = int(message.get(34) or 0)
        if fault is not None and fault.reason in {Reason.COMP_ID, Reason.SENDING_TIME}:
            yield from self._reject(message, number, fault, now)
            yield from self._refuse(fault.text, now)
        elif message.type == LOGON:
            yield from self._on_logon(message, number, now)
        elif self.phase is Phase.CONNECTED:
            self._consume(number)
            yield Alert(f"the logon was refused: {message.get(58) or 'without a reason'}")
            yield from self._over("logon refused")
        else:
            yield from self._place(message, number, fault, now)

    def _place(self, message: Message, number: int, fault: Fault | None, now: Moment) -> Iterator[Effect]:
        """Take a message of a session that is up, according to its number."""
        if message.type == HEARTBEAT and message.get(112) == self._test_text:
            self._test_text = None
        if message.type == SEQUENCE_RESET and not message.flag(123) and fault_in(message) is None:
            yield from self._on_reset(message, now)
        elif number > self.counters.next_in:
            yield from self._on_high(message, number, now)
        elif number < self.counters.next_in:
            yield from self._on_low(message, number, fault, now)
        else:
            self.holding = False
            yield from self._take(message, fault, now)
            yield from self._take_what_waits(now)

    def _take_what_waits(self, now: Moment) -> Iterator[Effect]:
        """Take the queued messages that follow, and close the gap."""
        for seen in [number for number in self._above if number < self.counters.next_in]:
            del self._above[seen]
        while self.phase is not Phase.OVER and self.counters.next_in in self._above:
            yield from self._take(self._above.pop(self.counters.next_in), None, now)
        if self._asked_s is not None:
            self._asked_s = now.machine_s if self.counters.next_in <= self._gap_to else None

    def _take(self, message: Message, fault: Fault | None, now: Moment) -> Iterator[Effect]:
        """Consume the expected number and do what the message asks."""
        number = self.counters.next_in
        fault = fault or fault_in(message)
        if fault is not None:
            yield from self._reject(message, number, fault, now)
            return
        self.counters = moved(self.counters, next_in=number + 1)
        match message.type:
            case "0":
                return
            case "1":
                yield self._send(HEARTBEAT, ((112, message.get(112) or ""),), now)
            case "2":
                yield from self._on_resend_request(message, number, now)
            case "4":
                yield from self._on_gap_fill(message, number, now)
            case "5":
                yield from self._on_logout(message, now)
            case "3":
                yield Alert(f"our message {message.get(45)} was rejected: {message.get(58) or message.get(373) or 'no reason'}")
                yield Deliver(message)
            case kind if kind in SHAPES:
                if not self.counters.spoken:
                    self.counters = replace(self.counters, spoken=True)
                yield Deliver(message)
            case kind:
                fields = ((45, str(number)), (372, kind), (380, "3"), (58, f"{kind}: we do not speak this message type"))
                yield self._send(BUSINESS_REJECT, fields, now)

    # Logon and logout

    def _on_logon(self, message: Message, number: int, now: Moment) -> Iterator[Effect]:
        if self.phase is not Phase.CONNECTED:
            yield from self._refuse("a logon came in a session that was up", now)
            return
        doubt = fault_in(message)
        heartbeat_s = int(message.get(108) or 0) if doubt is None else 0
        reset = message.flag(141)
        if doubt is not None:
            yield from self._refuse(doubt.text, now)
        elif message.get(98) != "0":
            yield from self._refuse("98: encryption was asked for; only 0 is spoken", now)
        elif (trouble := self._terms_trouble(heartbeat_s, reset, number, now)) is not None:
            yield from self._refuse(trouble, now)
        elif number < self.counters.next_in and not reset:
            yield from self._too_low(number, now)
        else:
            yield from self._log_on(number, heartbeat_s, reset, now)

    def _terms_trouble(self, heartbeat_s: int, reset: bool, number: int, now: Moment) -> str | None:
        """Why the counterparty's logon does not fit the terms, or None."""
        initiator = self.terms.role is Role.INITIATOR
        if initiator and heartbeat_s != self.terms.heartbeat_s:
            return f"108: the answer was {heartbeat_s}, asked was {self.terms.heartbeat_s}"
        if not 1 <= heartbeat_s <= self.terms.heartbeat_s_max:
            return f"108: {heartbeat_s} was not within 1 and {self.terms.heartbeat_s_max}"
        if initiator and reset != self._asked_reset:
            return "141: the two sides did not agree on a reset"
        if reset and number != 1:
            return f"141: a reset came with number {number}; it carries 1"
        if reset and not initiator and not self._reset_allowed(now):
            return "141: numbers begin again only at the agreed start of the session"
        return None

    def _log_on(self, number: int, heartbeat_s: int, reset: bool, now: Moment) -> Iterator[Effect]:
        self.phase, self.heartbeat_s, self._began_s = Phase.ACTIVE, heartbeat_s, now.machine_s
        acceptor = self.terms.role is Role.ACCEPTOR
        if reset and acceptor:
            yield from self._restart()
        self._consume(number)
        self.counters = replace(self.counters, period=now.period, linked=True)
        if acceptor:
            self.holding = reset
            yield self._send(LOGON, self._logon_fields(reset), now)
        yield LinkUp()
        if reset and acceptor:
            yield self._test(now)
        if number >= self.counters.next_in:
            yield self._ask_again(number, now)

    def _on_logout(self, message: Message, now: Moment) -> Iterator[Effect]:
        if self.phase is not Phase.LEAVING:
            yield self._send(LOGOUT, (), now)
        yield from self._over(f"logout: {message.get(58) or 'no reason'}")

    # Numbers

    def _on_high(self, message: Message, number: int, now: Moment) -> Iterator[Effect]:
        """Messages are missing: ask for them, and keep this one until they are there."""
        if message.type == LOGOUT:  # whoever leaves does not send again; the gap is filled after the next logon
            yield from self._on_logout(message, now)
            return
        if message.type == RESEND_REQUEST and fault_in(message) is None and number not in self._above:
            # Both sides may miss something: waiting for each other would be for ever. Answered now, it keeps only its place.
            yield from self._on_resend_request(message, number, now)
            message = Message(HEARTBEAT, tuple(each for each in message.fields if each[0] in HEADER))
        if len(self._above) >= self.terms.queued_max:
            yield from self._refuse("too many messages came above a gap", now)
            return
        self._above[number] = message
        if self._asked_s is None:
            yield self._ask_again(number, now)
        self._gap_to = max(self._gap_to, number)

    def _on_low(self, message: Message, number: int, fault: Fault | None, now: Moment) -> Iterator[Effect]:
        """Seen before: ignored if it says so itself."""
        if not message.flag(43):
            yield from self._too_low(number, now)
        elif fault is not None:
            yield from self._reject(message, number, fault, now)

    def _too_low(self, number: int, now: Moment) -> Iterator[Effect]:
        yield Alert(f"number {number} was lower than {self.counters.next_in}, which was expected: the two sides disagree")
        yield from self._refuse(f"MsgSeqNum too low, expecting {self.counters.next_in} but received {number}", now)

    def _on_gap_fill(self, message: Message, number: int, now: Moment) -> Iterator[Effect]:
        to = int(message.get(36) or 0)
        if to <= number:
            fault = Fault(Reason.WRONG_VALUE, 36, f"36: {to} was not above the message's own number {number}")
            yield from self._reject(message, number, fault, now)
        else:
            self.counters = replace(self.counters, next_in=to)

    def _on_reset(self, message: Message, now: Moment) -> Iterator[Effect]:
        """SequenceReset in reset mode: whatever its own number, it moves forward or is refused."""
        to, expected = int(message.get(36) or 0), self.counters.next_in
        if to < expected:
            fault = Fault(Reason.WRONG_VALUE, 36, f"36: {to} was lower than {expected}; numbers never go back")
            yield from self._reject(message, int(message.get(34) or 0), fault, now)
            return
        if to > expected:
            yield Alert(f"the counterparty skipped numbers {expected} to {to - 1}: compare the orders")
        self.counters = replace(self.counters, next_in=to)
        yield from self._take_what_waits(now)

    def _on_resend_request(self, message: Message, number: int, now: Moment) -> Iterator[Effect]:
        first, last, sent = int(message.get(7) or 0), int(message.get(16) or 0), self.counters.next_out - 1
        if first > sent or 0 < last < first:
            fault = Fault(Reason.WRONG_VALUE, 7, f"7: {first} to {last} was not a range of the {sent} messages sent")
            yield from self._reject(message, number, fault, now)
        else:
            yield Replay(first, sent if last == 0 else min(last, sent))

    def _ask_again(self, gap_to: int, now: Moment) -> Effect:
        """Ask for everything from the expected number on, once for a gap."""
        self._asked_s, self._gap_to = now.machine_s, gap_to
        return self._send(RESEND_REQUEST, ((7, str(self.counters.next_in)), (16, "0")), now)

    def _consume(self, number: int) -> None:
        if number == self.counters.next_in:
            self.counters = replace(self.counters, next_in=number + 1)

    # Refusing

    def _reject(self, message: Message, number: int, fault: Fault, now: Moment) -> Iterator[Effect]:
        """Tell the counterparty what is wrong; its number is consumed if it was the expected one."""
        self._consume(number)
        blamed = ((371, str(fault.tag)),) if fault.tag else ()
        kind = ((372, message.type),) if fault.reason is not Reason.INVALID_TYPE else ()
        reason = ((373, str(int(fault.reason))), (58, fault.text))
        yield Alert(f"message {number} of type {message.type!r:.20} was rejected: {fault.text}")
        if message.type == REJECT:  # two sides that reject each other's rejects would never stop
            return
        yield self._send(REJECT, ((45, str(number)), *blamed, *kind, *reason), now)

    def _refuse(self, text: str, now: Moment) -> list[Effect]:
        """Log out with a reason and drop the connection."""
        return [Alert(text), self._send(LOGOUT, ((58, text),), now), *self._over(text)]

    def _over(self, reason: str) -> list[Effect]:
        self.phase = Phase.OVER
        return [Drop(reason)]

    # Sending

    def _send(self, kind: str, fields: tuple[Field, ...], now: Moment, valid_until_ms: int | None = None) -> Send:
        number = self.counters.next_out
        self.counters = moved(self.counters, next_out=number + 1)
        self._sent_s = now.machine_s
        return Send(Kept(number, compose(self.terms.identity, kind, number, fields, now.utc_ms), valid_until_ms))

    def _test(self, now: Moment) -> Send:
        """Ask for a sign of life."""
        self._test_text, self._tested_s = f"test-{self.counters.next_out}", now.machine_s
        return self._send(TEST_REQUEST, ((112, self._test_text),), now)

    def _logon_fields(self, reset: bool) -> tuple[Field, ...]:
        return ((98, "0"), (108, str(self.heartbeat_s)), *(((141, "Y"),) if reset else ()))

    def _reset_allowed(self, now: Moment) -> bool:
        """At the agreed start, or as long as a reset can lose nothing."""
        return now.period != self.counters.period or not self.counters.spoken

    def _restart(self) -> list[Effect]:
        self.counters = replace(self.counters, next_out=1, next_in=1, spoken=False)
        return [Restart()]
