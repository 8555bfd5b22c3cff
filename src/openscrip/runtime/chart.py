"""What a chart of accounts says of each kind of account: its code, class, normal side, measure and purpose.

The ledger itself needs only names and sides (`ledger.Chart`); whoever reads the books needs the rest.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from openscrip.kernel.decimals import format_decimal
from openscrip.runtime.ledger import Chart, LedgerBroken, Side, unit_of


class Class(StrEnum):
    """What an account is to an accountant."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    MEMO = "memo"
    """The counter-account of something that is only counted: the world outside, a token's supply."""


class Measure(StrEnum):
    """What the atoms of an account count."""

    SHARES = "shares"
    MONEY = "money"
    RAW = "raw"

    @property
    def decimals(self) -> int:
        """How many decimals one atom has: a share counts 1e9, a dollar 1e6, a raw token 1e8 of them."""
        return {Measure.SHARES: 9, Measure.MONEY: 6, Measure.RAW: 8}[self]


@dataclass(frozen=True, slots=True)
class Kind:
    """One line of the chart. Accounts of this kind are `unit/name` or `unit/name:party`."""

    code: int
    name: str
    title: str
    type: Class
    side: Side
    measure: Measure
    purpose: str


class ChartOfAccounts:
    """The kinds of accounts by name, in the order of their codes. `money` are the units that are currencies."""

    def __init__(self, kinds: Iterable[Kind], money: Iterable[str]) -> None:
        self._kinds = {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.code)}
        self._money = frozenset(money)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())

    @property
    def sides(self) -> Chart:
        """The chart as the ledger wants it."""
        return {kind.name: kind.side for kind in self}

    def kind(self, account: str) -> Kind:
        """The kind of an account. Raises `LedgerBroken` for a name or a unit that is not in the chart."""
        kind = self._kinds.get(account.partition("/")[2].partition(":")[0])
        if kind is None or (unit_of(account) in self._money) != (kind.measure is Measure.MONEY) or not unit_of(account):
            raise LedgerBroken(f"ledger: account {account!r} was not in the chart of accounts")
        return kind

    def written(self, account: str, atoms: int) -> str:
        """An amount of an account as a decimal string."""
        return format_decimal(atoms, self.kind(account).measure.decimals)

    def problems(self, accounts: Mapping[str, Side]) -> list[str]:
        """What is wrong with opened accounts: names and units that the chart does not know, sides that are not its own."""
        found = []
        for account, side in accounts.items():
            try:
                kind = self.kind(account)
            except LedgerBroken:
                found.append(f"account {account}: was not in the chart of accounts")
                continue
            if kind.side is not side:
                found.append(f"account {account}: its side was {side}, in the chart it is {kind.side}")
        return found
