"""The trial balance: every account's net balance on its side, by unit, and whether debits equal credits."""

from collections.abc import Mapping
from dataclasses import dataclass

from openscrip.runtime.chart import ChartOfAccounts, Class, Kind
from openscrip.runtime.ledger import Balance, unit_of


@dataclass(frozen=True, slots=True)
class TrialLine:
    """All accounts of one kind and unit: how many, their posted net on its side, and what is held by pending transfers."""

    unit: str
    kind: Kind
    accounts: int
    debit: int
    credit: int
    pending_debit: int
    pending_credit: int


@dataclass(frozen=True, slots=True)
class UnitTotal:
    """The sums of one unit; both pairs are equal in a sound ledger (I5)."""

    unit: str
    debit: int
    credit: int
    pending_debit: int
    pending_credit: int

    @property
    def is_balanced(self) -> bool:
        """Whether debits equal credits, posted and pending."""
        return self.debit == self.credit and self.pending_debit == self.pending_credit


def trial_lines(chart: ChartOfAccounts, balances: Mapping[str, Balance]) -> list[TrialLine]:
    """A line for each unit and kind, by unit, then class, then code."""
    groups: dict[tuple[str, str], list[Balance]] = {}
    kinds: dict[tuple[str, str], Kind] = {}
    for account, balance in balances.items():
        kind = chart.kind(account)
        kinds[unit_of(account), kind.name] = kind  # a kind may count otherwise in another unit
        groups.setdefault((unit_of(account), kind.name), []).append(balance)
    lines = [_line(group[0], kinds[group], held) for group, held in groups.items()]
    order = list(Class)
    return sorted(lines, key=lambda line: (line.unit, order.index(line.kind.type), line.kind.code))


def _line(unit: str, kind: Kind, balances: list[Balance]) -> TrialLine:
    return TrialLine(
        unit,
        kind,
        len(balances),
        sum(max(balance.debit, 0) for balance in balances),
        sum(max(balance.credit, 0) for balance in balances),
        sum(balance.debits_pending for balance in balances),
        sum(balance.credits_pending for balance in balances),
    )


def unit_totals(lines: list[TrialLine]) -> list[UnitTotal]:
    """The sums of each unit, in the order of the lines."""
    totals: dict[str, list[int]] = {}
    for line in lines:
        sums = totals.setdefault(line.unit, [0, 0, 0, 0])
        for place, amount in enumerate((line.debit, line.credit, line.pending_debit, line.pending_credit)):
            sums[place] += amount
    return [UnitTotal(unit, *sums) for unit, sums in totals.items()]
