"""Statements of holdings as messages (semt.002), one line each, numbered and chained; and wrong ones on demand.

Switches: `statement_short` and `statement_over` (one share), `statement_late` (none is made), `statement_twice` (a second one
with the same id and other bytes follows), `statement_swapped` (the next but one comes first, the skipped one with the one
after), `statement_epoch` (one too high), `statement_code` (a sub-balance code that nobody knows). A case is `ISIN/number`.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from openscrip.assets.custodians import paper_words as words
from openscrip.assets.custodians.iso_envelope import Envelope
from openscrip.assets.custodians.paper_account import FIRST_HASH, Holding
from openscrip.assets.custodians.paper_stream import Post
from openscrip.assets.custody import Statement
from openscrip.assets.iso20022.messages import message_hash, type_of, write_message
from openscrip.assets.paper import Switchboard
from openscrip.kernel.quantities import Shares

STATEMENT_SWITCHES = (
    "statement_short",
    "statement_over",
    "statement_late",
    "statement_twice",
    "statement_swapped",
    "statement_epoch",
    "statement_code",
)
STATEMENT_AGE_S_MAX = 60
ONE = Shares.whole(1)


class Account(Protocol):
    """What is stated: the custodian's holdings at its market time."""

    now: int
    switchboard: Switchboard

    def holding(self, isin: str) -> Holding:
        """One line. Raises `Refused("isin.unknown")`."""
        ...


@dataclass(slots=True)
class _Line:
    """What was stated of a line so far."""

    sequence: int = 0
    hash: str = FIRST_HASH
    as_of: int = -1
    figures: tuple[int, ...] = ()
    newest: Envelope | None = None
    held_back: Statement | None = None


class StatementDesk:
    """Makes statements when they are asked for."""

    def __init__(self, account: Account, post: Post, servicer: str, account_id: str) -> None:
        self._account, self._post = account, post
        self._servicer, self._account_id = servicer, account_id
        self._lines: dict[str, _Line] = {}

    def is_due(self, isin: str) -> bool:
        """Whether `state` would send something."""
        line = self._lines.get(isin)
        figures = _figures(self._account.holding(isin))
        return line is None or line.figures != figures or self._account.now - line.as_of > STATEMENT_AGE_S_MAX

    def state(self, isin: str) -> Envelope:
        """The newest statement of the line, made now if one is due."""
        line = self._lines.setdefault(isin, _Line())
        if line.newest is not None and not self.is_due(isin):
            return line.newest
        if line.held_back is not None:
            self._send(line.held_back)
            line.held_back = None
        case = f"{isin}/{line.sequence + 1}"
        if line.newest is not None and self._strikes("late", case):
            return line.newest
        holding = self._account.holding(isin)
        right = self._next(isin, line, holding)
        line.figures = _figures(holding)
        if self._strikes("swapped", case):
            line.held_back = self._counted(line, right, write_message(words.page(right, self._servicer)))
            right = self._next(isin, line, holding)
        line.newest = self._send_struck(line, right, case)
        return line.newest

    def _next(self, isin: str, line: _Line, holding: Holding) -> Statement:
        number, chain = self._post.head()
        return Statement(
            self._servicer,
            self._account_id,
            isin,
            line.sequence + 1,
            self._account.now,
            holding.epoch,
            Shares(holding.available),
            Shares(holding.pending_receipt),
            Shares(holding.pending_delivery),
            Shares(holding.blocked),
            Shares(holding.pledged),
            Shares(holding.aggregate),
            number,
            chain,
            line.hash,
            lent=Shares(holding.lent),
            borrowed=Shares(holding.borrowed),
            in_transit=Shares(holding.in_transit),
            restricted=Shares(holding.restricted),
            other=Shares(holding.other),
        )

    def _counted(self, line: _Line, statement: Statement, raw: bytes) -> Statement:
        line.sequence, line.hash, line.as_of = statement.sequence, message_hash(raw), statement.as_of
        return statement

    def _send_struck(self, line: _Line, right: Statement, case: str) -> Envelope:
        """Send the statement, as a switch would have it."""
        told, raw_code = right, False
        if self._strikes("short", case) and right.available >= ONE:
            told = _with(right, right.available - ONE)
        if self._strikes("over", case):
            told = _with(right, right.available + ONE)
        if self._strikes("epoch", case):
            told = replace(right, epoch=right.epoch + 1)
        if self._strikes("code", case) and right.available >= ONE:
            told = replace(right, available=right.available - ONE, other=right.other + ONE)
            raw_code = True
        sent = self._send(told, unknown_code=raw_code)
        self._counted(line, told, sent.raw)
        if self._strikes("twice", case):
            self._send(_with(right, right.available + ONE))
        return sent

    def _send(self, statement: Statement, *, unknown_code: bool = False) -> Envelope:
        page = words.page(statement, self._servicer)

        def write() -> bytes:
            raw = write_message(page)
            return raw.replace(b"<Cd>OTHR</Cd>", b"<Cd>ZZZZ</Cd>") if unknown_code else raw

        return self._post.send(write, type_of(page).id, page.id, self._account.now)

    def _strikes(self, name: str, case: str) -> bool:
        return self._account.switchboard.strike(f"statement_{name}", case) is not None


def _with(statement: Statement, available: Shares) -> Statement:
    """The statement with another available balance, right in itself."""
    aggregate = statement.aggregate.atoms - statement.available.atoms + available.atoms
    return replace(statement, available=available, aggregate=Shares(aggregate))


def _figures(holding: Holding) -> tuple[int, ...]:
    """What makes a statement out of date when it changes."""
    parts = (holding.available, holding.blocked, holding.pledged, holding.lent, holding.borrowed, holding.in_transit)
    return (*parts, holding.restricted, holding.other, holding.pending_receipt, holding.pending_delivery, holding.epoch)
