"""What a custodian's messages mean: events and movements of the port, statements, and why one counts for nothing.

`Reading` goes through the stream in order and remembers what later messages are held against: names with their hashes, the
chain over all messages, the statements of each line, and each line's corporate-action epoch.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from openscrip.assets.custodians.iso_envelope import Envelope
from openscrip.assets.custodians.iso_statement import place_of, statement_of
from openscrip.assets.custodians.iso_store import Row, numbered
from openscrip.assets.custodians.iso_words import KIND, SUB_BALANCE_OF, counterparty_of
from openscrip.assets.custody import (
    ActionNotified,
    CustodianEvent,
    DividendPaid,
    InstructionCancelled,
    InstructionFailed,
    InstructionKind,
    InstructionSettled,
    InstructionState,
    Matured,
    Movement,
    MovementType,
    SplitBooked,
    Statement,
)
from openscrip.assets.iso20022 import codes
from openscrip.assets.iso20022.cancellation import CancellationAdvice
from openscrip.assets.iso20022.corporate_action import EventCancellationAdvice, EventNotification
from openscrip.assets.iso20022.entitlement import MovementConfirmation
from openscrip.assets.iso20022.holdings import IntraPositionConfirmation, StatementPage
from openscrip.assets.iso20022.messages import Message, read_lately, type_of
from openscrip.assets.iso20022.settlement import SettlementConfirmation, StatusAdvice
from openscrip.assets.listings import instrument_of_isin
from openscrip.assets.notice import ActionEvent, Notice, NoticeFunction
from openscrip.assets.wire import from_json, to_json
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares

FIRST_HASH = "00" * 32
STATEMENT = "semt.002.001.11"
EVENTS: Mapping[str, type[CustodianEvent]] = {
    each.TYPE: each
    for each in (
        InstructionSettled,
        InstructionFailed,
        InstructionCancelled,
        ActionNotified,
        SplitBooked,
        DividendPaid,
        Matured,
    )
}
_SPLITS = (codes.EventType.FORWARD_SPLIT, codes.EventType.REVERSE_SPLIT, codes.EventType.STOCK_DIVIDEND, codes.EventType.BONUS)


@dataclass(slots=True)
class Meaning:
    """What one message says; the number of an event is given when it is kept."""

    event: CustodianEvent | None = None
    movement: Movement | None = None
    statement: Statement | None = None
    instruction: str = ""
    status: str = ""
    reason: str = ""


@dataclass(slots=True)
class _Line:
    """The statements of a line as they were sent, by number, and the newest that is right."""

    sent: dict[int, str] = field(default_factory=dict)
    right: int = 0
    as_of: int = -1


class Reading:
    """The stream of one custodian, message after message. `source` is how notices from it are called."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.number, self.seq = 0, 0
        self._hashes = [FIRST_HASH]
        self._names: dict[tuple[str, str, str], str] = {}
        self._lines: dict[str, _Line] = {}
        self._epochs: dict[str, int] = {}
        self._parts: dict[str, int] = {}
        self._unread: set[str] = set()
        self._notices: dict[str, Notice] = {}

    def read(self, envelope: Envelope) -> Row:
        """What the next message of the stream means. Raises `Refused("envelope.number")` for one that is not the next."""
        text = f"envelope: {envelope.number} came where {self.number + 1} was due"
        refuse_unless(envelope.number == self.number + 1, "envelope.number", text)
        isin = sequence = None
        try:
            known = self._names.get(envelope.identity)
            if known is not None:
                rule = "message.again" if known == envelope.hash else "message.conflict"
                raise Refused(rule, f"message: {envelope.type} {envelope.id:.40} had come before")
            message = read_lately(envelope.raw)
            refuse_unless(type_of(message).id == envelope.type, "message.type", f"message: {envelope.type:.40} was another")
            if isinstance(message, StatementPage):
                isin, sequence = place_of(message)
            row = self._row(envelope, self._meaning(message, envelope))
        except Refused as refusal:
            row = Row(envelope, trouble=refusal.code, isin=isin or "", sequence=sequence or 0)
        self.follow(row)
        return row

    def _row(self, envelope: Envelope, meaning: Meaning) -> Row:
        stated = meaning.statement
        row = Row(
            envelope,
            event="" if meaning.event is None else json.dumps(to_json(meaning.event)),
            movement="" if meaning.movement is None else json.dumps(to_json(meaning.movement)),
            isin=stated.isin if stated else "",
            sequence=stated.sequence if stated else 0,
            instruction=meaning.instruction,
            status=meaning.status,
            reason=meaning.reason,
        )
        return numbered(row, self.seq + 1) if row.event else row

    def follow(self, row: Row) -> None:
        """Remember a message that was read, here or by another process."""
        envelope = row.envelope
        self.number = envelope.number
        self._hashes.append(hashlib.sha256(bytes.fromhex(self._hashes[-1]) + bytes.fromhex(envelope.hash)).hexdigest())
        self._names.setdefault(envelope.identity, envelope.hash)
        if row.trouble and not row.isin and envelope.type == STATEMENT:
            self._unread.add(envelope.hash)
        if row.isin and row.trouble != "message.conflict":
            line = self._lines.setdefault(row.isin, _Line())
            line.sent[row.sequence] = envelope.hash
            if not row.trouble:
                line.right = row.sequence
        if row.seq is not None:
            self.seq = row.seq
            event = read_event(json.loads(row.event))
            if isinstance(event, InstructionSettled) and event.part:
                self._parts[event.id] = event.part
            elif isinstance(event, SplitBooked):
                self._epochs[event.isin] = event.epoch
            elif isinstance(event, ActionNotified):
                self._notices[event.notice.event_id] = event.notice

    def _meaning(self, message: Message, envelope: Envelope) -> Meaning:
        match message:
            case SettlementConfirmation():
                return self._settled(message, envelope)
            case StatusAdvice():
                return self._status(message, envelope)
            case CancellationAdvice():
                return _called_off(message)
            case StatementPage():
                return Meaning(statement=self._stated(message, envelope))
            case IntraPositionConfirmation():
                return _moved(message, envelope)
            case EventNotification():
                return Meaning(event=ActionNotified(0, envelope.created, self._notice(message, envelope)))
            case EventCancellationAdvice():
                return Meaning(event=ActionNotified(0, envelope.created, self._withdrawn(message, envelope)))
            case MovementConfirmation():
                return self._booked(message, envelope)
            case _:
                return Meaning()

    def _settled(self, message: SettlementConfirmation, envelope: Envelope) -> Meaning:
        if not message.settles:
            return Meaning()
        name = message.own_id or message.id
        part = self._parts.get(name, 0) + 1 if message.part else 0
        settled = InstructionSettled(
            0,
            envelope.created,
            name,
            KIND[message.movement],
            message.isin,
            message.quantity,
            message.account,
            counterparty_of(message),
            message.own_reference or message.reference or "",
            message.epoch if message.epoch is not None else self._epochs.get(message.isin, 0),
            part,
            message.remaining or Shares(0),
        )
        kind = MovementType.RECEIPT if settled.kind is InstructionKind.RECEIVE else MovementType.DELIVERY
        movement = Movement(
            envelope.number, envelope.created, kind, settled.receipt, settled.isin, settled.quantity, settled.account,
            settled.counterparty, settled.reference, settled.epoch,
        )  # fmt: skip
        open_still = message.part is codes.PartOfSettlement.NEXT
        state = InstructionState.PENDING if open_still else InstructionState.SETTLED
        return Meaning(settled, movement, None, name, state)

    def _status(self, message: StatusAdvice, envelope: Envelope) -> Meaning:
        name, said = message.own_id or message.id, message.status
        reason = said.information or said.reason
        ended = {codes.StatusKind.REJECTED: MovementType.REJECTED, codes.StatusKind.CANCELLED: MovementType.FAILED}
        kind = ended.get(said.kind)
        if kind is None:
            pending = Meaning(instruction=name, status=InstructionState.PENDING)
            if said.kind is codes.StatusKind.FAILING:
                day = message.details.expected_on if message.details else None
                pending.event = InstructionFailed(0, envelope.created, name, reason, False, day)
            return pending
        if said.kind is codes.StatusKind.CANCELLED and said.reason == "CANI":
            kind = MovementType.CANCELLED
        state = {
            MovementType.REJECTED: InstructionState.REJECTED,
            MovementType.FAILED: InstructionState.FAILED,
            MovementType.CANCELLED: InstructionState.CANCELLED,
        }[kind]
        event: CustodianEvent = InstructionFailed(0, envelope.created, name, reason, True, None)
        if kind is MovementType.CANCELLED:
            event = InstructionCancelled(0, envelope.created, name)
        details, reference = message.details, message.own_reference or message.reference or ""
        movement = None
        if details is not None:
            movement = Movement(
                envelope.number, envelope.created, kind, name, details.isin, details.quantity, details.account or "", "",
                reference, self._epochs.get(details.isin, 0),
            )  # fmt: skip
        return Meaning(event, movement, None, name, state, reason)

    def _stated(self, page: StatementPage, envelope: Envelope) -> Statement:
        """A statement that is right: complete, settled, chained to what was sent, and of the epoch that was confirmed."""
        statement = statement_of(page, envelope)
        line = self._lines.get(statement.isin, _Line())
        name = f"{statement.isin} number {statement.sequence}"
        before = FIRST_HASH if statement.sequence == 1 else line.sent.get(statement.sequence - 1)
        if before is None and statement.previous_hash in self._unread:
            before = statement.previous_hash  # the one before it could not be read, and was sent
        refuse_unless(statement.sequence > line.right, "statement.sequence", f"statement: {name} came after {line.right}")
        refuse_unless(before is not None, "statement.sequence", f"statement: {name} came before the one that it follows")
        follows = statement.previous_hash == before
        refuse_unless(follows, "statement.chain", f"statement: {name} did not follow the one before it")
        reached = statement.movement_seq
        closed = reached < envelope.number and self._hashes[reached] == statement.movements_hash
        refuse_unless(closed, "statement.chain", f"statement: {name} did not close over the messages up to {reached}")
        epoch = self._epochs.get(statement.isin, 0)
        text = f"statement: {name} was of epoch {statement.epoch}, the movements of corporate actions make it {epoch}"
        refuse_unless(statement.epoch == epoch, "statement.epoch", text)
        return statement

    def _notice(self, message: EventNotification, envelope: Envelope) -> Notice:
        event_id = message.official_id or message.event_id
        before = self._notices.get(event_id)
        option = message.options[0]
        ratio = option.shares[0].exchanged if option.shares else None
        cash = option.cash[0] if option.cash else None
        paid_on = cash.paid_on if cash else option.shares[0].paid_on if option.shares else None
        again = message.notification is codes.Notification.REPLACEMENT
        first_day = message.announced_on or message.ex_on
        ex_on = message.ex_on or message.effective_on
        if ex_on is None or first_day is None:
            raise Refused("notice.date", f"notice: {event_id:.40} named no ex-date")
        return Notice(
            event_id,
            _symbol(message.isin),
            message.isin,
            ActionEvent(message.type.value),
            first_day,
            ex_on,
            message.record_on,
            paid_on,
            ratio.new if ratio else None,
            ratio.old if ratio else None,
            cash.gross if cash else None,
            self._source,
            NoticeFunction.REPLACEMENT if again else NoticeFunction.NEW,
            before.revision + 1 if before else 1,
            withheld_bps=cash.withheld.count if cash and cash.withheld is not None else None,
            complete=message.completeness is codes.Completeness.COMPLETE,
            confirmed=message.confirmation is codes.Confirmation.CONFIRMED,
            document=envelope.hash,
        )

    def _withdrawn(self, message: EventCancellationAdvice, envelope: Envelope) -> Notice:
        event_id = message.official_id or message.event_id
        before = self._notices.get(event_id)
        if before is None:
            raise Refused("notice.unknown", f"notice: {event_id:.40} was called off and never announced")
        body = to_json(before) | {"function": "CANC", "revision": before.revision + 1, "document": envelope.hash}
        return from_json(Notice, body)

    def _booked(self, message: MovementConfirmation, envelope: Envelope) -> Meaning:
        event_id, at = message.official_id or message.event_id, envelope.created
        known = self._epochs.get(message.isin, 0)
        cash = sum((each.posted.atoms for each in message.cash), 0)
        if message.type in _SPLITS:
            return self._split(message, envelope, event_id, known + 1, Money(cash))
        if message.type is codes.EventType.REDEMPTION:
            out = message.shares[0].quantity if message.shares else Shares(0)
            matured = Matured(0, at, message.isin, event_id, out, Money(cash), known)
            movement = _corporate(MovementType.MATURITY, message, envelope, out, event_id, known)
            return Meaning(matured, movement)
        paid = message.cash[0]
        gross, withheld = paid.gross_amount or paid.posted, paid.withheld_amount or Money(0)
        return Meaning(DividendPaid(0, at, message.isin, event_id, gross, paid.posted, withheld, message.confirmed))

    def _split(self, message: MovementConfirmation, envelope: Envelope, event_id: str, epoch: int, cash: Money) -> Meaning:
        refuse_unless(bool(message.shares), "event.shares", f"confirmation: {event_id:.40} moved no shares")
        told = message.epoch if message.epoch is not None else epoch
        text = f"confirmation: {event_id:.40} raised the epoch to {told}, {epoch} was due"
        refuse_unless(told == epoch, "event.epoch", text)
        posted = message.shares[0]
        ratio = posted.exchanged or posted.added
        if ratio is None:
            raise Refused("event.ratio", f"confirmation: {event_id:.40} told no ratio")
        sign = 1 if posted.direction is codes.Direction.CREDIT else -1
        after = Shares(message.confirmed.atoms + sign * posted.quantity.atoms)
        booked = SplitBooked(
            0, envelope.created, message.isin, event_id, ratio.new, ratio.old, epoch, message.confirmed, after, cash
        )
        way = f"{ratio.new}/{ratio.old}"
        return Meaning(booked, _corporate(MovementType.SPLIT, message, envelope, after, way, epoch, event_id))


def read_event(body: Mapping[str, object]) -> CustodianEvent:
    """The event in its JSON."""
    return from_json(EVENTS[str(body["type"])], body)


def _called_off(message: CancellationAdvice) -> Meaning:
    name = message.own_id or message.id
    if message.status.kind is not codes.CancellationKind.CANCELLED:
        return Meaning()
    # The status advice beside it carries the terms, and is what counts.
    return Meaning(instruction=name, status=InstructionState.CANCELLED, reason="CANI")


def _moved(message: IntraPositionConfirmation, envelope: Envelope) -> Meaning:
    way = f"{SUB_BALANCE_OF[message.source]}>{SUB_BALANCE_OF[message.target]}"
    movement = Movement(
        envelope.number, envelope.created, MovementType.INTRA_POSITION, message.id, message.isin, message.quantity,
        message.account, "", way, message.epoch or 0,
    )  # fmt: skip
    return Meaning(movement=movement)


def _corporate(
    kind: MovementType,
    message: MovementConfirmation,
    envelope: Envelope,
    quantity: Shares,
    reference: str,
    epoch: int,
    event_id: str = "",
) -> Movement:
    name = event_id or reference
    return Movement(
        envelope.number, envelope.created, kind, name, message.isin, quantity, message.account, "DEPOSITORY", reference, epoch
    )


def _symbol(isin: str) -> str:
    found = instrument_of_isin(isin)
    if found is None:
        raise Refused("notice.symbol", f"notice: {isin} was not a known line")
    return found.symbol
