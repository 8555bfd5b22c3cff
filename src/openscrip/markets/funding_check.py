"""Whether what chains and banks hold is what the venue's ledger says, to the atom."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from openscrip.markets import money_chart
from openscrip.markets.funding import FundingTerms
from openscrip.markets.funding_desk import Dust
from openscrip.runtime.ledger import unit_of
from openscrip.runtime.store import Store, Unit, View


@dataclass(frozen=True, slots=True)
class Held:
    """What a chain or a bank says: whole units of the venue's, and atoms below one."""

    units: int
    dust_atoms: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A holding has something else than the ledger says; `under_way` units of it may just have left."""

    holding: str
    held: int
    booked: int
    under_way: int

    @property
    def text(self) -> str:
        """In words."""
        more = self.held - self.booked
        what = f"{more} units more" if more > 0 else f"{-more} units less"
        return f"money: {self.holding} held {what} than the ledger's {self.booked}, of which {self.under_way} were under way"


def differences(view: View, held: Mapping[str, Held], terms: FundingTerms) -> list[Difference]:
    """What does not agree. `held` was read before `view` was opened: what is booked has happened.

    Between ledger and holding there may be payouts that have landed and are not heard of, and deposits that are not yet read;
    only the first are known here. Whoever asks calls a difference one that lasts (`Reconciliation`).
    """
    found = []
    for name, there in held.items():
        holding = terms.holdings[name]
        balance = view.balance(holding.ledger)
        dust = view.row(Dust, name)
        is_equal = balance.debit - balance.credits_pending <= there.units <= balance.debit
        is_equal &= there.dust_atoms == (dust.atoms if dust else 0)
        if not is_equal:
            found.append(Difference(name, there.units, balance.debit, balance.credits_pending))
    return found


def owed(view: View, asset: str) -> Mapping[str, int]:
    """One asset by what it is owed for: the names of `money_chart` with their sums; holdings below zero, all adding up to 0."""
    sums: dict[str, int] = {}
    for account, balance in view.balances(asset).items():
        if unit_of(account) == asset:
            name = account.partition("/")[2].partition(":")[0]
            sums[name] = sums.get(name, 0) + balance.credit
    return sums


def in_transit(view: View, asset: str) -> Mapping[str, int]:
    """What is between a holding and the venue, by reference; empty when nothing is."""
    prefix = money_chart.transit(asset, "")
    return {
        account.removeprefix(prefix): balance.credit
        for account, balance in view.balances(asset).items()
        if account.startswith(prefix) and balance.credit
    }


@dataclass(frozen=True, slots=True)
class HoldingBreak:
    """Row: what a holding has is not what the ledger says, and has not been for a while; its id is the holding's."""

    id: str
    held: int
    booked: int
    under_way: int
    since: int
    """Market time."""
    closed_at: int = 0
    stock: str = ""
    state: str = "open"


@dataclass(frozen=True, slots=True)
class HoldingBreakOpened:
    """Fact, and an alarm."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class HoldingBreakClosed:
    """Fact: they agree again."""

    id: str


CHECK_REGISTERED = (HoldingBreak, HoldingBreakOpened, HoldingBreakClosed)
"""What the venue's store keeps of it."""


class Reconciliation:
    """Looks at every holding, as a feed of the venue's worker: `poll` tells what has changed, `apply` writes it.

    A difference counts when it stands unchanged over looks that are `lasting_s` apart: what has just landed or arrived is
    heard of in between. `held` asks chains and banks.
    """

    def __init__(
        self, store: Store, terms: FundingTerms, held: Callable[[], Mapping[str, Held]], now: Callable[[], int],
        machine: Callable[[], float] = time.monotonic, *, every_s: float = 10.0, lasting_s: float = 30.0,
    ) -> None:  # fmt: skip
        self._store = store
        self._terms = terms
        self._held = held
        self._now = now
        self._machine = machine
        self._every_s = every_s
        self._lasting_s = lasting_s
        self._first_seen_s: dict[Difference, float] = {}
        self._looks_at_s = 0.0

    def look(self) -> list[Difference]:
        """The differences that last. Raises `Unavailable` where a chain or a bank does not answer."""
        held = self._held()
        with self._store.view() as view:
            now_there = differences(view, held, self._terms)
        at = self._machine()
        self._first_seen_s = {each: self._first_seen_s.get(each, at) for each in now_there}
        return [each for each, since in self._first_seen_s.items() if at - since >= self._lasting_s]

    def poll(self, cursor: str) -> tuple[list[Difference | str], str]:
        """Differences that last and are not noted, and holdings that agree again; nothing before the next look is due."""
        if self._machine() < self._looks_at_s:
            return [], cursor
        lasting = {each.holding: each for each in self.look()}
        self._looks_at_s = self._machine() + self._every_s
        still = {each.holding for each in self._first_seen_s}
        with self._store.view() as view:
            noted = {row.id for row in view.rows(HoldingBreak, state="open")}
        new = [each for name, each in lasting.items() if name not in noted]
        return [*new, *sorted(noted - still)], cursor

    def apply(self, unit: Unit, told: Difference | str) -> None:
        """Open or close a break."""
        now = self._now()
        if isinstance(told, Difference):
            unit.put(HoldingBreak(told.holding, told.held, told.booked, told.under_way, now))
            unit.record(HoldingBreakOpened(told.holding, told.text), now)
            return
        before = unit.row(HoldingBreak, told)
        if before is not None:
            unit.put(replace(before, state="closed", closed_at=now))
            unit.record(HoldingBreakClosed(told), now)
