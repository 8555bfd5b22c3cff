"""What the books remember of a difference between them, the chains, the index and custody; and what it stops.

open > closed      accepted > closed

A break closes when the next comparison agrees. An operator may accept one, with a reason: then it is closed as it is, and
opens again when it becomes another. While one is open, no mint of the stock is asked for but what gives back.
"""

from dataclasses import dataclass

from openscrip.issuance.voucher import MintKind
from openscrip.kernel.errors import Refused
from openscrip.runtime.store import View

RULE = "reconciliation.break"


@dataclass(frozen=True, slots=True)
class Break:
    """A difference of one kind on one chain (empty: on all, or in custody). Times are market time.

    `difference` is the same as long as the break is the same; `expected` and `seen` are for people.
    """

    id: str
    stock: str
    kind: str
    chain: str
    expected: str
    seen: str
    difference: str
    since: int
    state: str = "open"
    closed_at: int = 0
    closed_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BreakOpened:
    """Fact, and an alarm: a comparison did not agree."""

    id: str
    stock: str
    kind: str
    chain: str
    expected: str
    seen: str


@dataclass(frozen=True, slots=True)
class BreakClosed:
    """Fact: the comparison agrees again (`by` is `agreement`), or an operator accepted the difference for a reason."""

    id: str
    stock: str
    by: str
    reason: str


def refuse_while_broken(view: View, stock: str, kind: MintKind) -> None:
    """Raise `Refused("reconciliation.break")` for a mint of a stock with an open break.

    A restitution is an exit that failed: it goes on. An arrival waits, for what it brings may come of the break itself.
    """
    if kind is MintKind.RESTITUTION:
        return
    broken = view.rows(Break, stock=stock, state="open")
    if broken:
        first = broken[0]
        where = f" on {first.chain}" if first.chain else ""
        raise Refused(
            RULE,
            f"reconciliation: {first.kind} of {stock}{where} was {first.seen}, expected {first.expected} (break {first.id});"
            " mints wait until it is closed",
        )
