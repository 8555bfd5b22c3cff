"""`IsoCustodian`: the custodian port in ISO 20022, over whatever carries messages.

What we ask is kept before it is sent and sent with the same bytes for ever; what the custodian tells is kept, with its exact
bytes, before anything of it counts. The epoch of a line follows from the confirmed corporate actions (seev.036); a statement
of another epoch counts for nothing.
"""

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from openscrip.assets.calendar import Calendar
from openscrip.assets.custodians.iso_envelope import Envelope
from openscrip.assets.custodians.iso_reading import Reading, read_event
from openscrip.assets.custodians.iso_statement import statement_of
from openscrip.assets.custodians.iso_store import IsoStore, Row
from openscrip.assets.custodians.iso_words import MOVEMENT, short, to_message, whole
from openscrip.assets.custody import (
    CustodianEvent,
    Instruction,
    InstructionAnswer,
    InstructionState,
    Movement,
    Signatures,
    Statement,
)
from openscrip.assets.iso20022.cancellation import CancellationRequest
from openscrip.assets.iso20022.codes import PaymentType
from openscrip.assets.iso20022.holdings import StatementPage
from openscrip.assets.iso20022.messages import Message, read_lately, type_of, write_message
from openscrip.assets.paper import transfer_day
from openscrip.assets.wire import canonical, from_json, to_json
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Conflict, Refused, Unavailable

CLIENT = "OPENSCRIP"
AT_ONCE = 500
SERVES_S = 0.1
INSTRUCTION_TYPE = "sese.023.001.11"


class Carrier(Protocol):
    """Carries messages both ways. Each method raises `Unavailable` when the custodian does not answer."""

    @property
    def refused(self) -> Mapping[str, int]:
        """How much that came was refused before it reached the stream, by rule."""
        ...

    def send(self, envelope: Envelope, signatures: Signatures | None) -> None:
        """Hand a message over until it is acknowledged. Raises what the custodian refused it for."""
        ...

    def after(self, number: int, limit: int) -> Sequence[Envelope]:
        """The custodian's messages numbered above `number`, in order, up to `limit`."""
        ...

    def acknowledge(self, envelope: Envelope) -> None:
        """Everything up to this message is kept here."""
        ...

    def state(self, isin: str) -> int:
        """Ask for the newest statement of a line; its number in the stream."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


@dataclass(frozen=True, slots=True)
class _Asked:
    """The statement of a line that was asked for last: its number in the stream, in market time and in the machine's."""

    number: int
    at: int
    asked_s: float


class IsoCustodian:
    """The `Custodian` port. `key` is the custodian's public key, `sign` signs what we send (base64), `now` is market time."""

    def __init__(
        self,
        name: str,
        carrier: Carrier,
        store: IsoStore,
        key: bytes,
        sign: Callable[[bytes], str],
        now: Callable[[], int],
        calendar: Calendar,
    ) -> None:
        self.name = name
        self._carrier, self._store, self._key, self._sign = carrier, store, key, sign
        self._now, self._calendar = now, calendar
        self._reading = Reading(name)
        self._lock = threading.RLock()
        self.serves_s = SERVES_S
        """How long by the machine's clock a statement may serve several who ask in one instant of market time."""
        self._asked: dict[str, _Asked] = {}

    # the port

    def instruct(self, instruction: Instruction, signatures: Signatures | None = None) -> InstructionAnswer:
        """Instruct a movement; the answer is what the custodian has told of it so far."""
        terms, message_id = canonical(to_json(instruction)).decode(), short(instruction.id)
        sent = self._store.sent(self.name, INSTRUCTION_TYPE, message_id)
        if sent is None:
            today = new_york_date(self._now())
            message = to_message(instruction, today, transfer_day(self._calendar, self._now()))
            sent = self._store.keep(self.name, self._enveloped(message, message_id), terms)
        if sent.terms != terms:
            raise Conflict("instruction.conflict", f"instruction: {instruction.id} was used for another movement")
        self._carrier.send(_from_us(sent.envelope), signatures)
        if not sent.taken:
            self._store.taken(self.name, INSTRUCTION_TYPE, message_id)
        self.catch_up()
        return self.instruction(instruction.id) or InstructionAnswer(instruction.id, InstructionState.PENDING, "")

    def cancel(self, instruction_id: str) -> InstructionAnswer:
        """Call a pending instruction off; the answer is its state afterwards."""
        sent = self._store.sent(self.name, INSTRUCTION_TYPE, short(instruction_id))
        if sent is None:
            raise Refused("instruction.unknown", f"instruction: {instruction_id} was never sent")
        instruction = from_json(Instruction, json.loads(sent.terms))
        message = CancellationRequest(
            short(instruction_id),
            MOVEMENT[instruction.kind],
            PaymentType.FREE,
            instruction.account,
            own_id=whole(instruction_id),
        )
        message_id = "c" + hashlib.sha256(instruction_id.encode()).hexdigest()[:30]
        kind = type_of(message).id
        asked = self._store.sent(self.name, kind, message_id)
        asked = asked or self._store.keep(self.name, self._enveloped(message, message_id), sent.terms)
        self._carrier.send(_from_us(asked.envelope), None)
        self._store.taken(self.name, kind, message_id)
        self.catch_up()
        return self.instruction(instruction_id) or InstructionAnswer(instruction_id, InstructionState.PENDING, "")

    def instruction(self, instruction_id: str) -> InstructionAnswer | None:
        """The state of an instruction as last told; None if the custodian never took it."""
        known = self._store.standing(self.name, instruction_id)
        if known is None:
            return None
        return InstructionAnswer(instruction_id, InstructionState(known[0]), known[1])

    def events(self, after: int, limit: int) -> Sequence[CustodianEvent]:
        """Up to `limit` events numbered above `after`, in order; what is new is fetched first."""
        self.catch_up()
        if after >= self._reading.seq:
            return []
        return [read_event(body) for body in self._store.events(self.name, after, limit)]

    def latest_statement(self, isin: str) -> Statement:
        """The newest statement, if it is right. Raises `Unavailable` naming the rule while it is not."""
        with self._lock:
            number = self._stated(isin)
        row = self._store.message(self.name, number)
        if row is None or row.trouble or row.isin != isin:
            self._asked.pop(isin, None)
            rule = row.trouble if row and row.trouble else "statement.missing"
            text = f"custody: the newest statement of {isin} at {self.name} was refused ({rule}); a right one is awaited"
            raise Unavailable(text)
        return _statement(row)

    def statements(self, isin: str, after: int) -> Sequence[Statement]:
        """The statements of a line that are right, with `sequence` above `after`."""
        self.catch_up()
        return [_statement(row) for row in self._store.statements(self.name, isin, after)]

    def movements(self, after: int) -> Sequence[Movement]:
        """All movements numbered above `after`; their numbers are those of their messages."""
        self.catch_up()
        return [from_json(Movement, body) for body in self._store.movements(self.name, after)]

    def public_key(self) -> bytes:
        """The key that everything of this custodian is signed with."""
        return self._key

    # beside the port

    def message(self, number: int) -> bytes:
        """The exact bytes of the custodian's message `number`. Raises `Refused("message.unknown")`."""
        row = self._store.message(self.name, number)
        if row is None:
            raise Refused("message.unknown", f"message: {number} of {self.name} was not kept here")
        return row.envelope.raw

    def troubles(self) -> dict[str, int]:
        """How many of the custodian's messages counted for nothing, by rule, with what never reached the stream."""
        return dict(Counter(self._store.troubles(self.name)) + Counter(self._carrier.refused))

    def catch_up(self, until: int = 0) -> None:
        """Read what came since, at least up to message `until`.

        Raises `Refused("envelope.…")` for a stream that is not the custodian's: then nothing of it is kept.
        """
        with self._lock:
            while True:
                page = self._carrier.after(self._reading.number, AT_ONCE)
                if page and self._follow():
                    continue  # it is kept already
                if page and self._keep(page):
                    self._carrier.acknowledge(page[-1])
                if len(page) < AT_ONCE and self._reading.number >= until:
                    return
                if not page:
                    raise Unavailable(f"custody: message {until} of {self.name} has not come yet")

    def close(self) -> None:
        """Close the carrier and the store."""
        self._carrier.close()
        self._store.close()

    def _stated(self, isin: str) -> int:
        """The number of a statement made now. One of this market instant serves while the custodian says nothing after it."""
        now, machine = self._now(), time.monotonic()
        last = self._asked.get(isin)
        if last is not None and last.at == now and machine - last.asked_s < self.serves_s:
            self.catch_up(last.number)
            if self._reading.number == last.number:
                return last.number
        self._asked.pop(isin, None)
        before = self._reading.number
        number = self._carrier.state(isin)
        self.catch_up(number)
        if number > before:  # made for us, not an earlier one
            self._asked[isin] = _Asked(number, now, machine)
        return number

    def _follow(self) -> bool:
        """Remember what is kept already, by this process before it was started or by another; whether there was any."""
        before = self._reading.number
        while rows := self._store.rows(self.name, self._reading.number):
            for row in rows:
                self._reading.follow(row)
        return self._reading.number > before

    def _keep(self, page: Sequence[Envelope]) -> bool:
        """Read a page and keep it, all or nothing; False if another process had kept some of it before.

        Whatever goes wrong, the reading is ahead of what is kept then, and begins anew from there.
        """
        is_kept = False
        try:
            for envelope in page:
                envelope.refuse_unless_signed(self._key)
            is_kept = self._store.add(self.name, [self._reading.read(envelope) for envelope in page])
        except Refused as refusal:
            raise Unavailable(f"custody: {self.name}: {refusal.text} ({refusal.code})") from refusal
        finally:
            if not is_kept:
                self._reading = Reading(self.name)
        return is_kept

    def _enveloped(self, message: Message, message_id: str) -> Envelope:
        plain = Envelope(0, CLIENT, type_of(message).id, message_id, self._now(), write_message(message))
        signature = self._sign(plain.signed_text().encode())
        return Envelope(0, CLIENT, plain.type, plain.id, plain.created, plain.raw, signature)


def _from_us(envelope: Envelope) -> Envelope:
    return Envelope(0, CLIENT, envelope.type, envelope.id, envelope.created, envelope.raw, envelope.signature)


def _statement(row: Row) -> Statement:
    page = read_lately(row.envelope.raw)
    if not isinstance(page, StatementPage):
        raise Unavailable(f"custody: message {row.envelope.number} was no statement")
    return statement_of(page, row.envelope)
