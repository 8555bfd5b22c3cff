"""Reads the numbered stream of a custodian that speaks ISO 20022, and believes only what is right in itself and chained.

Every message is signed, and numbered from 1 without a gap. A statement closes over all messages before it: it names the
number of the last of them and h(n) = SHA-256(h(n-1) || SHA-256(message n)) with h(0) = 32 zero bytes, and the hash of the
statement of its line before it. It must hold what the movements add up to, in the epoch that they count. A statement that
does not is set aside: nothing is minted on its line until one comes that does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openscrip_watch import fields
from openscrip_watch.custodian import HttpSource
from openscrip_watch.custody import Custody
from openscrip_watch.iso import words
from openscrip_watch.iso.letters import Letter, read_letter
from openscrip_watch.iso.tree import Element, read_tree
from openscrip_watch.refusal import BadInput, Refusal, refuse_unless
from openscrip_watch.statement import MOVEMENTS_START, Movement, Statement, public_key

PAGE = 500


@dataclass(slots=True)
class Line:
    """What one line's messages add up to, and which statements of it were sent."""

    moved: int = 0
    epoch: int = 0
    opening: int | None = None
    """What was held before the first message; known from the first statement."""
    last: int = 0
    """The number of the last statement that was right."""
    aside: int = 0
    """How many were set aside since."""
    sent: set[str] = field(default_factory=lambda: {MOVEMENTS_START})
    """The hashes of that one and of those; zero before the first."""
    as_of: int = 0
    fault: Refusal | None = None
    """Why the newest statement was set aside."""


class MessageLog:
    """The messages as they were served, for the store."""

    def __init__(self) -> None:
        self.bodies: list[Mapping[str, Any]] = []

    def __len__(self) -> int:
        return len(self.bodies)


class IsoCustodianReader:
    """As `CustodianReader`, over messages. `keep` keeps every statement that was right, oldest first."""

    def __init__(self, source: HttpSource, key: str, custody: Custody, *, name: str = "", keep: bool = False) -> None:
        self.source = source
        self.name = name
        self.custody = custody
        self.kept: dict[str, list[Statement]] = {}
        self.statements: dict[str, Statement] = {}
        self.bodies: dict[str, Mapping[str, Any]] = {}
        self.notices: dict[str, Mapping[str, Any]] = {}
        self.told: dict[str, list[Mapping[str, Any]]] = {}
        self.log = MessageLog()
        self._keep = keep
        self._key = public_key(key)
        self._sender = ""
        self._hash = MOVEMENTS_START
        self._lines: dict[str, Line] = {}
        self._seen: dict[tuple[str, str], str] = {}
        self._parts: dict[str, int] = {}
        self._revisions: dict[str, int] = {}

    def statement(self, isin: str) -> Statement:
        """The newest statement of a line, after everything before it was read.

        Raises the rule by which it was set aside, `statement.missing`, or what is wrong with the stream.
        """
        asked = self.source.post("/v1/statement-requests", {"isin": isin})
        refuse_unless(asked is not None, "statement.missing", f"statement: {self.name} keeps no line {isin:.20}")
        due = fields.integer(fields.mapping(asked, "statement request"), "number", 1)
        self.read_events()
        text = f"letter: {self.name} named number {due}, {len(self.log)} were served"
        refuse_unless(due <= len(self.log), "letter.missing", text)
        fault = self._line(isin).fault
        if fault is not None:
            raise fault
        refuse_unless(isin in self.statements, "statement.missing", f"statement: {self.name} sent none of {isin:.20}")
        return self.statements[isin]

    def read_events(self) -> None:
        """Read on from where the last reading ended."""
        while True:
            page = fields.mapping(self.source.get("/v1/messages", after=len(self.log), limit=PAGE), "messages")
            bodies = fields.rows(page, "messages", PAGE)
            for body in bodies:
                self._take(body)
            if not bodies or len(self.log) >= fields.integer(page, "last"):
                return

    def restore(self, messages: Sequence[Mapping[str, Any]], statements: Mapping[str, Mapping[str, Any]]) -> None:
        """Go on from what was verified before a restart."""
        for body in messages:
            self._take(body)

    def _take(self, body: Mapping[str, Any]) -> None:
        """One message. What is wrong with its envelope or number stops the reading: nothing after it can be believed."""
        letter = read_letter(body, self._key)
        due = len(self.log) + 1
        refuse_unless(letter.number == due, "letter.sequence", f"letter: {self.name} sent {letter.number}, {due} was due")
        self._sender = self._sender or letter.sender
        text = f"letter: {letter.number} was sent by {letter.sender:.40}, those before it by {self._sender:.40}"
        refuse_unless(letter.sender == self._sender, "letter.sender", text)
        kind, tree = read_tree(letter.raw)
        text = f"letter: {letter.number} said it was {letter.type:.20} and is {kind:.20}"
        refuse_unless(kind == letter.type, "letter.type", text)
        repeated = self._seen.setdefault(letter.identity, letter.sha256) if letter.id else letter.sha256
        if kind == words.STATEMENT:
            self._state(letter, tree, conflict=repeated != letter.sha256)
        else:
            text = f"letter: {letter.type} {letter.id:.40} was sent before with other bytes"
            refuse_unless(repeated == letter.sha256, "letter.conflict", text)
            self._hear(letter, tree)
        self._hash = hashlib.sha256(bytes.fromhex(self._hash) + bytes.fromhex(letter.sha256)).hexdigest()
        self.log.bodies.append(body)

    def _line(self, isin: str) -> Line:
        return self._lines.setdefault(isin, Line())

    def _state(self, letter: Letter, tree: Element, *, conflict: bool) -> None:
        """A statement: believed, or set aside with its rule; either way it was sent, and the next one is chained to it."""
        isin = tree.told("BalForAcct/FinInstrmId/ISIN")
        line = self._line(isin)
        try:
            stated = words.read_statement(letter, tree, self.name)
            text = f"statement: {letter.id:.40} of {self.name} was sent before with other bytes"
            refuse_unless(not conflict, "statement.conflict", text)
            self._refuse_unchained(stated, line, letter)
            self._refuse_other_holding(stated, line)
        except Refusal as fault:
            line.fault = fault
            line.aside += 1
            line.sent.add(letter.sha256)
            return
        line.fault, line.last, line.as_of, line.aside = None, stated.sequence, stated.as_of, 0
        line.sent = {letter.sha256}
        self.statements[isin] = stated
        if self._keep:
            self.kept.setdefault(isin, []).append(stated)

    def _refuse_unchained(self, stated: Statement, line: Line, letter: Letter) -> None:
        where = f"statement: {stated.isin} number {stated.sequence} of {self.name}"
        due = line.last + 1
        follows = due <= stated.sequence <= due + line.aside
        refuse_unless(follows, "statement.sequence", f"{where} came where {due} was due")
        text = f"{where} did not name the hash of the one before it"
        refuse_unless(stated.previous_hash in line.sent, "statement.chain", text)
        closed = (stated.movement_seq, stated.movements_hash) == (letter.number - 1, self._hash)
        refuse_unless(closed, "movement.chain", f"{where} does not close over the {letter.number - 1} messages before it")
        text = f"{where} was of {stated.as_of}, it was sent at {letter.created}, the one before at {line.as_of}"
        refuse_unless(line.as_of <= stated.as_of <= letter.created, "statement.time", text)

    def _refuse_other_holding(self, stated: Statement, line: Line) -> None:
        """It holds what the movements add up to, in the epoch that they count."""
        where = f"statement: {stated.isin} number {stated.sequence} of {self.name}"
        if line.opening is None:
            line.opening = stated.aggregate - line.moved
            line.epoch = line.epoch or stated.epoch
        text = f"{where} is of epoch {stated.epoch}, the movements of {line.epoch}"
        refuse_unless(stated.epoch == line.epoch, "statement.epoch", text)
        due = line.opening + line.moved
        text = f"{where} holds {stated.aggregate} of 1e-9 share, the movements add up to {due}"
        refuse_unless(stated.aggregate == due, "statement.balance", text)

    def _hear(self, letter: Letter, tree: Element) -> None:
        """A movement, the end of an instruction, or an event."""
        if letter.type == words.CONFIRMATION:
            part = self._part(tree)
            if (movement := words.read_confirmation(letter, tree, part, self.name)) is not None:
                self._move(movement)
        elif letter.type in (words.STATUS, words.CANCELLED):
            if (ended := words.read_end(letter, tree, self.name)) is not None:
                self.custody.extend([ended])
        elif letter.type == words.POSTED:
            self._post(letter, tree)
        elif letter.type == words.NOTICE:
            self._notice(letter, tree)
        elif letter.type == words.CALLED_OFF:
            event = words.event_of(tree)
            self._revisions[event] = self._revisions.get(event, 0) + 1
            self.notices.pop(event, None)

    def _notice(self, letter: Letter, tree: Element) -> None:
        """A word on an event; `revision` counts them. What is not confirmed yet says nothing."""
        event, notice = words.event_of(tree), words.read_notice(letter, tree)
        self._revisions[event] = self._revisions.get(event, 0) + 1
        if notice is None:
            return
        notice["revision"] = self._revisions[event]
        self.notices[event] = notice
        self.told.setdefault(event, []).append(notice)

    def _part(self, tree: Element) -> int:
        if not words.is_part(tree):
            return 0
        own = words.instruction_of(tree, "TxIdDtls/AcctOwnrTxId")
        self._parts[own] = self._parts.get(own, 0) + 1
        return self._parts[own]

    def _move(self, movement: Movement) -> None:
        line = self._line(movement.isin)
        line.moved += movement.quantity if movement.type == "receipt" else -movement.quantity
        self.custody.extend([movement])

    def _post(self, letter: Letter, tree: Element) -> None:
        """A split, which begins an epoch, or shares that left for good."""
        posted = words.read_posted(tree)
        if posted is None:
            return
        line = self._line(posted.isin)
        opening = line.opening or 0
        text = f"event: {posted.event:.80} was booked on {posted.before} of 1e-9 share, the movements add up to"
        refuse_unless(
            line.opening is None or posted.before == opening + line.moved, "event.balance", f"{text} {opening + line.moved}"
        )
        line.moved += posted.after - posted.before
        if not posted.ratio:
            return
        new, _, old = posted.ratio.partition("/")
        if not (new.isdigit() and old.isdigit()):
            raise BadInput("event.ratio", f"event: {posted.event:.80} had no ratio in whole numbers")
        line.epoch = posted.epoch
        booked = (letter.number, letter.created, "split", posted.event, posted.isin, posted.after, posted.account)
        self.custody.extend([Movement(*booked, "", posted.ratio, posted.epoch, self.name)])
