"""Settlement: what the venue tells of trades, deposits and withdrawals, posted to the double-entry ledger, each record once.

Trades are netted: of everything between two postings, each account pays or gets one amount of an asset, through `clearing`,
which is empty before and after. Deposits and withdrawals are posted one by one under their own references. The ledger's
cursor moves in the same transaction, so a kill leaves both or neither; every balance that the venue told is compared there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from openscrip.kernel.errors import Unavailable
from openscrip.markets import money_chart
from openscrip.markets.compact import first_of, unfolded
from openscrip.markets.facts import Moved, OrderTraded, What
from openscrip.markets.following import FACTS_MAX, Facts, Follower, Passing
from openscrip.markets.instruments import Directory
from openscrip.runtime.ledger import LedgerBroken, Transfer
from openscrip.runtime.store import Store, Unit, View

HOUSE: Final = 0
"""The venue's own account: fees come to it."""
SOURCE: Final = "venue:settlement"
BATCH_MAX, GATHER_S = 20_000, 0.25
"""The more records are netted together, the fewer postings each needs."""
ONE_BY_ONE_MAX = 20
"""So many balances of an asset are read one by one; more are read all together."""

Held = tuple[int, int]
"""Whose balance of what: account, asset."""


@dataclass(frozen=True, slots=True)
class VenueBreak:
    """Row: the venue and the ledger differ about one account's balance of an asset. `stock` is the asset's name."""

    id: str
    stock: str
    account: int
    venue: int
    ledger: int
    sequence: int
    """The record after which they differed."""
    since: int
    """Market time."""
    state: str = "open"
    closed_at: int = 0


@dataclass(frozen=True, slots=True)
class VenueBreakOpened:
    """Fact, and an alarm: the venue's balance is not the ledger's."""

    id: str
    asset: str
    account: int
    venue: int
    ledger: int
    sequence: int


@dataclass(frozen=True, slots=True)
class VenueBreakClosed:
    """Fact: they agree again."""

    id: str
    sequence: int


SETTLEMENT_REGISTERED: Final = (VenueBreak, VenueBreakOpened, VenueBreakClosed)
"""What the venue's store keeps of settlement."""


@dataclass(slots=True)
class Netted:
    """What some records did together."""

    net: dict[Held, int] = field(default_factory=dict)
    """What trades and rebates brought, fees taken off; the house's fees with them. Adds up to 0 for each asset."""
    outside: list[Moved] = field(default_factory=list)
    """Deposits and withdrawals."""
    told: dict[Held, int] = field(default_factory=dict)
    """The last balances that the venue told."""


def netted(facts: Facts, directory: Directory) -> Netted:
    """What facts did together."""
    found = Netted()
    net, told, fees = found.net, found.told, dict[int, int]()
    known: dict[int, tuple[int, int, int]] = {}
    for fact in unfolded(facts):
        if isinstance(fact, OrderTraded):
            units = known.get(fact.instrument)
            if units is None:
                listed = directory.instruments[fact.instrument]
                units = known[fact.instrument] = listed.base.number, listed.quote.number, listed.lot_units
            base, quote = (fact.account, units[0]), (fact.account, units[1])
            tokens, money = fact.lots * units[2], fact.value
            if fact.side:
                tokens = -tokens
            else:
                money = -money
            net[base] = net.get(base, 0) + tokens
            net[quote] = net.get(quote, 0) + money - fact.fee
            fees[units[1]] = fees.get(units[1], 0) + fact.fee
            told[base], told[quote] = fact.base_balance, fact.quote_balance
        elif isinstance(fact, Moved) and fact.entry:
            held = (fact.account, fact.asset)
            told[held] = fact.balance
            if fact.what == What.REBATE:
                net[held] = net.get(held, 0) + fact.amount
            else:
                found.outside.append(fact)
    for asset, fee in fees.items():
        net[HOUSE, asset] = net.get((HOUSE, asset), 0) + fee
        told.pop((HOUSE, asset), None)  # trades do not tell what the house has
    return found


def transfers_of(found: Netted, first: int, last: int, names: Mapping[int, str]) -> list[Transfer]:
    """The postings of records `first` to `last`, in an order in which no account goes below zero on the way.

    Raises `LedgerBroken` if trades made or lost anything.
    """
    sums: dict[int, int] = {}
    for (_, asset), amount in found.net.items():
        sums[asset] = sums.get(asset, 0) + amount
    lost = {names[asset]: total for asset, total in sums.items() if total}
    if lost:
        raise LedgerBroken(f"settlement: records {first} to {last} did not add up to zero: {lost}")
    cause, paid, got = f"venue:{first}-{last}", list[Transfer](), list[Transfer]()
    for (account, asset), amount in found.net.items():
        name = names[asset]
        whose, clearing = _account(name, account), money_chart.clearing(name)
        entry = f"venue:{last}:{name}:{account}"
        if amount < 0:
            paid.append(Transfer(entry, whose, clearing, -amount, cause))
        elif amount > 0:
            got.append(Transfer(entry, clearing, whose, amount, cause))
    came, went = list[Transfer](), list[Transfer]()
    for each in found.outside:
        name = names[each.asset]
        whose, transit = _account(name, each.account), money_chart.transit(name, each.reference)
        entry = f"venue:entry:{each.entry}"
        if each.amount > 0:
            came.append(Transfer(entry, transit, whose, each.amount, each.reference))
        elif each.amount < 0:
            went.append(Transfer(entry, whose, transit, -each.amount, each.reference))
    return came + paid + got + went


def _account(asset: str, account: int) -> str:
    return money_chart.customer(asset, account) if account != HOUSE else money_chart.fees(asset)


class Settlement:
    """Follows the venue and posts what it tells into `store`, whose chart holds `money_chart`; `now` is market time.

    `again(sequence)` gives the facts after that record out of the journal.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        again: Callable[[int], Iterator[Facts]],
        now: Callable[[], int],
        *,
        facts_max: int = FACTS_MAX,
        on_trouble: Callable[[BaseException], None] = lambda error: None,
        on_break: Callable[[VenueBreak], None] = lambda found: None,
    ) -> None:
        self._store, self._directory, self._now, self._on_break = store, directory, now, on_break
        self.transfers = 0
        """Posted since the start."""
        with store.view() as view:
            position = position_of(view)
            self._broken = {each.id for each in view.rows(VenueBreak, state="open")}
        self._follower = Follower(
            "settlement", position, self._write, again, facts_max=facts_max, batch_max=BATCH_MAX, gather_s=GATHER_S,
            on_trouble=on_trouble,
        )  # fmt: skip

    @property
    def position(self) -> int:
        """The last record that is posted. The journal must hold what came after it."""
        return self._follower.position

    @property
    def trouble(self) -> BaseException | None:
        """Why nothing is posted now; None while all is well."""
        return self._follower.trouble

    @property
    def heard(self) -> int:
        """The last record that it was told of."""
        return self._follower.heard

    @property
    def breaks(self) -> list[str]:
        """The open breaks, `account:asset`."""
        return sorted(self._broken)

    def start(self, up_to: int, balances: Mapping[Held, int], timeout_s: float | None = None) -> list[VenueBreak]:
        """Catch up with the journal to the record `up_to`, compare everything with the venue's balances there, and go on.

        What differs is a row and a fact, and given back. Raises `Unavailable` if it could not catch up.
        """
        self._follower.start(up_to)
        found = self.compare(up_to, balances) if self._follower.reached(up_to, timeout_s) else None
        if found is None:
            raise Unavailable(f"settlement: could not catch up to {up_to}, is at {self.position}: {self.trouble}")
        return found

    def hear(self, facts: Facts) -> None:
        """Take facts that are durable; returns at once."""
        self._follower.hear(facts)

    def reached(self, sequence: int, timeout_s: float | None = None) -> bool:
        """Wait until a record is posted; False if that took too long or will not happen."""
        return self._follower.reached(sequence, timeout_s)

    def compare(self, sequence: int, balances: Mapping[Held, int]) -> list[VenueBreak] | None:
        """Compare the ledger with all of the venue's balances after the record `sequence`, and note what differs.

        Everything that was told up to that record must have been heard. None if the ledger is not there: behind, or on already.
        """
        heard = self._follower.heard
        if heard > sequence or self.position < heard:
            return None
        names = self._names()
        assets = {name: number for number, name in names.items()}
        with self._store.transaction() as unit:
            if position_of(unit) > sequence:
                return None
            posted = {(account, assets[asset]): balance for account, asset, balance in liabilities(unit) if asset in assets}
            broken = {(int(account), assets[name]) for account, _, name in (each.partition(":") for each in self._broken)}
            every = {held: balances.get(held, 0) for held in posted.keys() | balances.keys() | broken}
            return self._note(unit, every, posted, sequence, names)

    def stop(self) -> None:
        """Post what waits, and end."""
        self._follower.stop()

    def _names(self) -> dict[int, str]:
        return {number: asset.altname for number, asset in list(self._directory.assets.items())}

    def _write(self, facts: Facts, last: int) -> None:
        found, names = netted(facts, self._directory), self._names()
        transfers = transfers_of(found, first_of(facts[0]), last, names)
        try:
            with self._store.transaction() as unit:
                at = position_of(unit)
                if at == last:  # the commit's answer was lost on the way
                    return
                if at > self.position:
                    raise LedgerBroken(f"settlement: the ledger was at {at}, this process at {self.position}; who else posts?")
                unit.post(transfers)
                unit.set_cursor(SOURCE, str(last))
                if found.told:
                    self._note(unit, found.told, _posted(unit, found.told, names), last, names)
        except Unavailable as error:
            raise Passing(f"settlement: {error}") from error
        self.transfers += len(transfers)

    def _note(
        self, unit: Unit, told: Mapping[Held, int], posted: Mapping[Held, int], sequence: int, names: Mapping[int, str]
    ) -> list[VenueBreak]:
        """Open a break for each balance that differs, close those that agree again; what differs now."""
        found = []
        for held, venue in told.items():
            account, asset = held
            name, ledger = f"{account}:{names[asset]}", posted.get(held, 0)
            if venue == ledger and name not in self._broken:
                continue
            before = unit.row(VenueBreak, name)
            if venue == ledger:
                self._broken.discard(name)
                if before is not None and before.state == "open":
                    unit.put(replace(before, state="closed", closed_at=self._now()))
                    unit.record(VenueBreakClosed(name, sequence), self._now())
                continue
            row = VenueBreak(name, names[asset], account, venue, ledger, sequence, self._now())
            found.append(row)
            if before is None or before.state != "open":
                unit.put(row)
                unit.record(VenueBreakOpened(name, row.stock, account, venue, ledger, sequence), row.since)
                self._on_break(row)
            self._broken.add(name)
        return found


def position_of(view: View) -> int:
    """The last record that a ledger has the postings of."""
    return int(view.cursor(SOURCE) or 0)


def liabilities(view: View) -> Iterator[tuple[int, str, int]]:
    """What the ledger owes: account (the house is 0), asset, balance; of everybody who ever had something."""
    for name, balance in view.balances().items():
        asset, _, rest = name.partition("/")
        kind, _, party = rest.partition(":")
        if kind == money_chart.CUSTOMER:
            yield int(party), asset, balance.credit
        elif kind == money_chart.FEES:
            yield HOUSE, asset, balance.credit


def _posted(unit: View, told: Mapping[Held, int], names: Mapping[int, str]) -> dict[Held, int]:
    """What the ledger says of balances: one by one where there are few, an asset at a time where there are many."""
    by_asset: dict[int, list[int]] = {}
    for account, asset in told:
        by_asset.setdefault(asset, []).append(account)
    found: dict[Held, int] = {}
    for asset, accounts in by_asset.items():
        name = names[asset]
        few: Sequence[int] = accounts if len(accounts) <= ONE_BY_ONE_MAX else ()
        every = {} if few else unit.balances(name)
        for account in accounts:
            whose = _account(name, account)
            balance = unit.balance(whose) if few else every.get(whose)
            found[account, asset] = balance.credit if balance else 0
    return found
