"""`PostingCustodian`: the paper custodian that speaks ISO 20022. It takes our messages and numbers and signs its own.

One stream of messages, numbered from 1 without a gap: status advices, confirmations, corporate actions, statements. Each is
written the moment that something happens, from the same commands, so that a replay gives the same bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from openscrip.assets.calendar import Calendar
from openscrip.assets.custodians import paper_words as words
from openscrip.assets.custodians.iso_envelope import Envelope
from openscrip.assets.custodians.iso_words import SUB_BALANCE_OF, from_message
from openscrip.assets.custodians.paper_core import PaperCustodian, SubBalanceMove
from openscrip.assets.custodians.paper_statements import STATEMENT_SWITCHES, StatementDesk
from openscrip.assets.custodians.paper_stream import Post
from openscrip.assets.custodians.two_keys import StatementKey, TwoKeys
from openscrip.assets.custody import (
    SEGREGATED_ACCOUNT,
    ActionNotified,
    CustodianEvent,
    DividendPaid,
    Instruction,
    InstructionCancelled,
    InstructionFailed,
    InstructionSettled,
    InstructionState,
    Matured,
    Signatures,
    SplitBooked,
)
from openscrip.assets.iso20022 import codes
from openscrip.assets.iso20022.cancellation import CancellationRequest, CancellationStatus
from openscrip.assets.iso20022.holdings import IntraPositionMovement
from openscrip.assets.iso20022.messages import Message, read_message, type_of, write_message
from openscrip.assets.iso20022.settlement import SettlementInstruction, Status
from openscrip.assets.notice import Notice
from openscrip.assets.paper import Closes, Depository, transfer_day
from openscrip.assets.wire import canonical, to_json
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.kernel.quantities import Shares

CUSTODIAN = "PAPER-CUSTODIAN"
ENTITLING = frozenset((codes.EventType.CASH_DIVIDEND, codes.EventType.INTEREST, codes.EventType.CAPITAL_DISTRIBUTION))


@dataclass(frozen=True, slots=True)
class Taken:
    """What the transport answers to a message: it was taken, now or `again` by the same bytes."""

    message: str
    id: str
    sha256: str
    again: bool


class PostingCustodian(PaperCustodian):
    """A `PaperCustodian` whose clients speak ISO 20022.

    Switches beside its own are those for wrong statements, in `paper_statements`. A case is `ISIN/number`.
    """

    SWITCHES = (*PaperCustodian.SWITCHES, *STATEMENT_SWITCHES)

    def __init__(
        self,
        start_at: int,
        closes: Closes,
        notices: Iterable[Notice],
        depository: Depository,
        two_keys: TwoKeys,
        statement_key: StatementKey,
        calendar: Calendar | None = None,
        account: str = SEGREGATED_ACCOUNT,
        name: str = CUSTODIAN,
        kept: Mapping[int, Envelope] | None = None,
    ) -> None:
        self.name = name
        self.post = Post(name, statement_key, kept or {})
        self._taken: dict[tuple[str, str, str], str] = {}
        self._parts: dict[str, tuple[str, Shares]] = {}
        self._told: dict[str, str] = {}
        self._due_on: dict[str, date] = {}
        self._keys = two_keys
        super().__init__(start_at, closes, notices, depository, two_keys, statement_key, calendar, account)
        self.statement_desk = StatementDesk(self, self.post, name, account)

    # what comes in

    def again(self, envelope: Envelope) -> bool:
        """Whether this message was taken before. Raises `Conflict("message.conflict")` for other bytes under its name."""
        known = self._taken.get(envelope.identity)
        if known is not None and known != envelope.hash:
            text = f"message: {envelope.type} {envelope.id:.40} came again with other bytes; nothing of it was used"
            raise Conflict("message.conflict", text)
        return known is not None

    def take(self, envelope: Envelope, signatures: Signatures | None) -> Taken:
        """Do what a message asks, once. Raises `Refused` and `Malformed` with the rule; then nothing happened."""
        again = self.again(envelope)
        if not again:
            self._act(read_message(envelope.raw), envelope, signatures)
            self._taken[envelope.identity] = envelope.hash
        return Taken(envelope.type, envelope.id, envelope.hash, again)

    def _act(self, message: Message, envelope: Envelope, signatures: Signatures | None) -> None:
        kind = type_of(message)
        if kind.id != envelope.type:
            raise Malformed("message.type", f"message: {kind.id} came as {envelope.type:.40}")
        match message:
            case SettlementInstruction():
                self._instructed(message, envelope, signatures)
            case CancellationRequest():
                self._called_off(message, envelope)
            case IntraPositionMovement():
                self._moved(message, signatures)
            case _:
                raise Malformed("message.way", f"message: {kind.id} is for custodians to send, not to get")

    def _instructed(self, message: SettlementInstruction, envelope: Envelope, signatures: Signatures | None) -> None:
        if message.payment is not codes.PaymentType.FREE or envelope.id != message.id:
            raise Malformed("message.instruction", f"message: {message.id} was not free of payment, or not the one it named")
        terms = from_message(message)
        self._due_on[terms.id] = transfer_day(self.calendar, self.now)
        answer = self.instruct(terms, signatures)
        if answer.status is InstructionState.PENDING:
            self._advise(terms, Status(codes.StatusKind.ACCEPTED, codes.NO_REASON))

    def _called_off(self, message: CancellationRequest, envelope: Envelope) -> None:
        known = self._open.get(message.own_id or message.id)
        if known is None:
            raise Refused("instruction.unknown", f"instruction: {message.id} was never received")
        before = known.state
        self._told[known.instruction.id] = envelope.id
        after = self.cancel(known.instruction.id).status
        if before is not InstructionState.PENDING:
            cancelled = after is InstructionState.CANCELLED
            said = CancellationStatus(codes.CancellationKind.DENIED, "DCAN" if cancelled else "DSET")
            self._send(words.cancelled(known.instruction, envelope.id, said))

    def _moved(self, message: IntraPositionMovement, signatures: Signatures | None) -> None:
        way = SUB_BALANCE_OF[message.source], SUB_BALANCE_OF[message.target]
        move = SubBalanceMove(message.id, message.isin, *way, message.quantity)
        leaves = message.source is codes.PositionType.AVAILABLE and message.target is not codes.PositionType.BLOCKED
        if leaves and not self._keys.signed(canonical(to_json(move)), signatures):
            raise Refused("movement.signatures", f"movement: {message.id} was not signed by treasury and approver")
        self.move_sub_balance(move)

    # what goes out

    def move_sub_balance(self, move: SubBalanceMove) -> None:
        """As `PaperCustodian`, and confirmed by semt.015."""
        known = move.id in self._sub_balance_moves
        super().move_sub_balance(move)
        if not known:
            day, epoch = new_york_date(self.now), self.holding(move.isin).epoch
            way = move.source, move.target
            self._send(words.moved(move.id, self._next_id(), self._account, move.isin, move.quantity, way, day, epoch))

    def _said(self, event: CustodianEvent) -> None:
        match event:
            case InstructionSettled():
                self._confirmed(event)
            case InstructionFailed():
                known = self._open[event.id]
                rejected = known.state is InstructionState.REJECTED
                self._advise(known.instruction, words.failure(event, rejected=rejected), event.retry_on)
            case InstructionCancelled():
                said = CancellationStatus(codes.CancellationKind.CANCELLED, "CANI")
                terms, request = self._open[event.id].instruction, self._told.get(event.id)
                if request is not None:
                    self._send(words.cancelled(terms, request, said))
                self._advise(terms, Status(codes.StatusKind.CANCELLED, "CANI"))
            case ActionNotified():
                self._notified(event.notice)
            case SplitBooked():
                self._send(words.split(event, self._next_id(), self._account))
            case DividendPaid():
                notice, epoch = self._notices[event.event_id], self.holding(event.isin).epoch
                kind = codes.EventType(notice.event.value)
                self._send(words.paid(event, kind, self._next_id(), self._account, epoch))
            case Matured():
                self._send(words.matured(event, self._next_id(), self._account))
            case _:
                assert_never(event)

    def _entitle(self, notice: Notice) -> None:
        super()._entitle(notice)
        eligible = Shares(self._entitled[notice.event_id])
        if codes.EventType(notice.event.value) in ENTITLING:
            self._send(words.entitled(notice, self._next_id(), self._account, eligible))

    def _confirmed(self, event: InstructionSettled) -> None:
        previous, before = self._parts.get(event.id, (None, Shares(0)))
        servicer_id = self._next_id()
        due_on = self._due_on.get(event.id, new_york_date(event.at))
        self._send(words.settled(event, servicer_id, previous, before, due_on))
        if event.part:
            self._parts[event.id] = servicer_id, before + event.quantity

    def _notified(self, notice: Notice) -> None:
        if notice.is_withdrawn:
            self._send(words.called_off(notice))
            return
        message_id, previous = self._next_id(), self._told.get(notice.event_id)
        self._told[notice.event_id] = message_id
        self._send(words.notified(notice, message_id, previous))

    def _advise(self, instruction: Instruction, said: Status, expected_on: date | None = None) -> None:
        due = self._due_on.get(instruction.id, new_york_date(self.now))
        self._send(words.status(instruction, said, self._next_id(), due, expected_on))

    def _next_id(self) -> str:
        return f"M{len(self.post.letters) + 1}"

    def _send(self, message: Message) -> None:
        self.post.send(lambda: write_message(message), type_of(message).id, self._next_id(), self.now)

    def letters(self, after: int, limit: int) -> Sequence[Envelope]:
        """Up to `limit` messages numbered above `after`."""
        return self.post.letters[after : after + limit]

    def state(self, isin: str) -> Envelope:
        """The newest statement of a line; a new one where something changed or the last is over 60 s old."""
        return self.statement_desk.state(isin)
