"""Accounts as a view of the SQL store lists them and adds them up."""

from collections.abc import Sequence

from openscrip.runtime.ledger import Balance
from openscrip.runtime.prepared import Session
from openscrip.runtime.statements import HALF, Statements
from openscrip.runtime.store import PAGE_ROWS

GREATEST = "\U0010ffff"
"""After every text that begins with the same letters."""


class SqlAccounts:
    """What `SqlView` reads of accounts, many at once."""

    _session: Session
    _statements: Statements

    def flush(self) -> None:
        """Before what reads many."""

    def accounts(self, begins: str, after: str = "", limit: int = PAGE_ROWS) -> list[tuple[str, Balance]]:
        """As `View.accounts`."""
        self.flush()
        asked = {"first": begins, "end": begins + GREATEST, "after": after, "most": limit}
        return [(found[0], Balance(*found[1:])) for found in self._session.all(self._statements.accounts_page, asked)]

    def accounts_named(self, names: Sequence[str]) -> list[tuple[str, Balance]]:
        """As `View.accounts_named`."""
        self.flush()
        asked = {"among": self._statements.many(names)}
        return [(found[0], Balance(*found[1:])) for found in self._session.all(self._statements.accounts, asked)]

    def totals(self, unit: str) -> Balance:
        """As `View.totals`."""
        self.flush()
        found = [int(each) for each in self._session.first(self._statements.unit_totals, {"unit": unit})]
        return Balance(*(above * HALF + below for above, below in zip(found[::2], found[1::2], strict=True)))
