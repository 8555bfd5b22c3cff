"""Commands as rows of ten integers, and a book's whole state as one list of them: the journal's and the native book's form.

| op | id | owner | side | kind | lots | a | b | flags | until |
|---|---|---|---|---|---|---|---|---|---|
| 1 new | its own | its own | 0 buy, 1 sell | see `KINDS` | | price, worst, trigger, offset | see below | see below | expiry |
| 2 cancel, 3 amend | its own | | | | whole quantity | price | display | | trigger |
| 4 expire, 5 index, 6 enter, 7 uncross | | | | | | price, phase or reference | | | now |

`b` is an iceberg's display, a market order's budget, the slippage or the limit of what waits. Flags: bits 0 and 1 time in
force, 2 post-only, 3 the index as reference, 4 and 5 self-trade prevention.
"""

from typing import assert_never

from openscrip.markets.orders import (
    Amend,
    Cancel,
    Command,
    Enter,
    Expire,
    Iceberg,
    Index,
    Limit,
    Market,
    New,
    Phase,
    Reference,
    SelfTrade,
    Side,
    Stop,
    StopLimit,
    TakeProfit,
    TakeProfitLimit,
    Terms,
    TimeInForce,
    Trailing,
    TrailingLimit,
    Uncross,
    Waiting,
)

Row = tuple[int, int, int, int, int, int, int, int, int, int]

KINDS = (Limit, Iceberg, Market, Stop, StopLimit, TakeProfit, TakeProfitLimit, Trailing, TrailingLimit)
"""The number of a kind is its place."""
_POST_ONLY, _INDEX, _SELF_TRADE = 4, 8, 4


def to_row(command: Command) -> Row:
    """The row of a command."""
    match command:
        case New():
            a, b, flags, until = _numbers(command.terms)
            kind, flags = KINDS.index(type(command.terms)), flags | command.self_trade << _SELF_TRADE
            return 1, command.id, command.owner, command.side, kind, command.lots, a, b, flags, until
        case Cancel():
            return 2, command.id, 0, 0, 0, 0, 0, 0, 0, 0
        case Amend():
            return 3, command.id, 0, 0, 0, command.lots, command.price, command.display, 0, command.trigger
        case Expire():
            return 4, 0, 0, 0, 0, 0, 0, 0, 0, command.now
        case Index():
            return 5, 0, 0, 0, 0, 0, command.price, 0, 0, 0
        case Enter():
            return 6, 0, 0, 0, 0, 0, command.phase, 0, 0, 0
        case Uncross():
            return 7, 0, 0, 0, 0, 0, command.reference, 0, 0, 0
        case _:
            assert_never(command)


def from_row(row: Row) -> Command:
    """The command of a row. Raises `ValueError` for a row that `to_row` cannot have made."""
    op, number, owner, side, kind, lots, a, b, flags, until = row
    match op:
        case 1:
            self_trade = SelfTrade(flags >> _SELF_TRADE)
            return New(number, owner, Side(side), lots, _terms(kind, a, b, flags, until), self_trade)
        case 2:
            return Cancel(number)
        case 3:
            return Amend(number, lots, a, b, until)
        case 4:
            return Expire(until)
        case 5:
            return Index(a)
        case 6:
            return Enter(Phase(a))
        case 7:
            return Uncross(a)
        case _:
            raise ValueError(f"rows: operation {op} was not known")


def waiting_numbers(terms: Waiting) -> tuple[int, int, int, int]:
    """Kind, a, b and reference of an order that waits."""
    a, b, _flags, _until = _numbers(terms)
    return KINDS.index(type(terms)), a, b, terms.reference


def _numbers(terms: Terms) -> tuple[int, int, int, int]:
    """a, b, flags and until."""
    match terms:
        case Limit():
            return terms.price, 0, terms.time_in_force | _POST_ONLY * terms.post_only, terms.expires_at
        case Iceberg():
            return terms.price, terms.display, _POST_ONLY * terms.post_only, terms.expires_at
        case Market():
            return terms.worst, terms.budget, 0, 0
        case Stop() | TakeProfit():
            return terms.trigger, terms.slippage, _INDEX * terms.reference, terms.expires_at
        case StopLimit() | TakeProfitLimit():
            return terms.trigger, terms.price, _INDEX * terms.reference, terms.expires_at
        case Trailing():
            return terms.offset, terms.slippage, _INDEX * terms.reference, terms.expires_at
        case TrailingLimit():
            return terms.offset, terms.limit_offset, _INDEX * terms.reference, terms.expires_at
        case _:
            assert_never(terms)


def _terms(kind: int, a: int, b: int, flags: int, until: int) -> Terms:
    if not 0 <= kind < len(KINDS):
        raise ValueError(f"rows: order kind {kind} was not known")
    chosen = KINDS[kind]
    if chosen is Limit:
        return Limit(a, TimeInForce(flags & 3), until, bool(flags & _POST_ONLY))
    if chosen is Iceberg:
        return Iceberg(a, b, until, bool(flags & _POST_ONLY))
    if chosen is Market:
        return Market(a, b)
    return waiting_terms(kind, a, b, Reference(bool(flags & _INDEX)), until)


def waiting_terms(kind: int, a: int, b: int, reference: Reference, until: int) -> Waiting:
    """The terms of an order that waits."""
    chosen = KINDS[kind]
    if chosen in (Limit, Iceberg, Market):
        raise ValueError(f"rows: {chosen.__name__} orders do not wait")
    return chosen(a, b, reference, until)  # type: ignore[return-value,arg-type,call-arg]  # the three others were refused
