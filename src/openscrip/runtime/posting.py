"""Posting: the ledger's rules applied to balances held in dictionaries, with every change written to an undo log.

The memory store keeps its whole ledger in one `Books`; the SQL store loads the accounts and transfers that a batch
touches into one, posts, and writes the difference. So both stores share each rule.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from openscrip.kernel.errors import Conflict
from openscrip.runtime.ledger import (
    Balance,
    Chart,
    Side,
    Transfer,
    checked,
    credited,
    debited,
    refuse_over_limit,
    side_of,
)

MISSING: Any = object()
"""Stands in an undo log for a key that was absent."""

Undo = list[tuple[dict[Any, Any], Any, Any]]
"""What to restore, newest last: dictionary, key, value before (or `MISSING`)."""

_ZERO = Balance()


def assign(undo: Undo, where: dict[Any, Any], key: Any, value: Any) -> None:
    """Set `where[key]`, remembering what was there."""
    undo.append((where, key, where.get(key, MISSING)))
    where[key] = value


def remove(undo: Undo, where: dict[Any, Any], key: Any) -> None:
    """Delete `where[key]`, remembering what was there."""
    undo.append((where, key, where.pop(key)))


def rewind(undo: Undo, mark: int = 0) -> None:
    """Take back every change after `mark`, newest first."""
    while len(undo) > mark:
        where, key, before = undo.pop()
        if before is MISSING:
            where.pop(key, None)
        else:
            where[key] = before


class Books:
    """Transfers by id, which pending ones are resolved and by whom, and the balance of each account."""

    __slots__ = ("_sides", "balances", "chart", "expiring", "resolved", "transfers")

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.transfers: dict[str, Transfer] = {}
        self.resolved: dict[str, str] = {}
        self.balances: dict[str, Balance] = {}
        self.expiring: dict[str, Transfer] = {}
        self._sides: dict[str, Side] = {}

    def post(self, transfers: Iterable[Transfer], undo: Undo, at: int = 0) -> Sequence[Transfer]:
        """Apply all transfers in order at market time `at`, or none; returns those that were new. Raises as `Unit.post`."""
        mark, new = len(undo), []
        try:
            for transfer in transfers:
                if self._is_new(transfer):
                    self._apply(transfer, undo, at)
                    new.append(transfer)
        except BaseException:
            rewind(undo, mark)
            raise
        return new

    def _is_new(self, transfer: Transfer) -> bool:
        known = self.transfers.get(transfer.id)
        if known is None:
            return True
        if known != transfer:
            raise Conflict("ledger.conflict", f"ledger: transfer {transfer.id} was {known}, came again as {transfer}")
        return False

    def _apply(self, transfer: Transfer, undo: Undo, at: int) -> None:
        pending_id, balances = transfer.pending_id, self.balances
        pending = self.transfers.get(pending_id) if pending_id else None
        checked(transfer, pending, pending_id in self.resolved, at)
        debit, credit = transfer.debit, transfer.credit
        debit_after = debited(balances.get(debit, _ZERO), transfer, pending)
        credit_after = credited(balances.get(credit, _ZERO), transfer, pending)
        refuse_over_limit(debit, debit_after, self._side(debit))
        refuse_over_limit(credit, credit_after, self._side(credit))
        assign(undo, balances, debit, debit_after)
        assign(undo, balances, credit, credit_after)
        assign(undo, self.transfers, transfer.id, transfer)
        if pending_id:
            assign(undo, self.resolved, pending_id, transfer.id)
            if pending_id in self.expiring:
                remove(undo, self.expiring, pending_id)
        elif transfer.expires_at:
            assign(undo, self.expiring, transfer.id, transfer)

    def _side(self, account: str) -> Side:
        side = self._sides.get(account)
        if side is None:
            side = self._sides[account] = side_of(account, self.chart)
        return side
