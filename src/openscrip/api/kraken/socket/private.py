"""The private channels: executions and balances, to each connection of the account that they are about and to nobody else.

A snapshot is what the venue knows at one sequence number; it leaves when that is on the disk, and facts up to that number are
not told again. What happens in between waits behind it.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from openscrip.api.kraken.names import LEDGER, TRADE, id_text
from openscrip.api.kraken.socket.connection import Connection
from openscrip.api.kraken.socket.executions import (
    PLAIN_ORDERS,
    About,
    Units,
    about_of,
    about_standing,
    changed,
    ended,
    executed,
    opened,
    plain_about,
    plain_executions,
    plain_units,
    standing,
    traded,
)
from openscrip.api.kraken.socket.wire import message, number_text, quoted, time_text
from openscrip.markets.compact import Rows, unfolded
from openscrip.markets.facts import (
    Moved,
    OrderAmended,
    OrderDone,
    OrderNew,
    OrderRefilled,
    OrderTraded,
    OrderTriggered,
    What,
)
from openscrip.markets.history_reader import HistoryReader
from openscrip.markets.history_recording import KINDS, execution_id
from openscrip.markets.instruments import Asset, Instrument
from openscrip.markets.sequencer import Sequencer
from openscrip.markets.venue import Venue

ITEMS_MAX = 50
"""So many items at most share a message."""
TRADES_SHOWN = 50
EXECUTIONS, BALANCES = "executions", "balances"
OrderFact = OrderNew | OrderTraded | OrderDone | OrderAmended | OrderTriggered | OrderRefilled
ORDER_FACTS = frozenset({OrderNew, OrderTraded, OrderDone, OrderAmended, OrderTriggered, OrderRefilled})
Counts = Callable[[int, int], int]


class Listener:
    """One connection's subscription to one private channel."""

    def __init__(self, connection: Connection, account: int, after: int, *, rebased: bool) -> None:
        self.connection, self.account, self.after, self.rebased = connection, account, after, rebased
        self.transitions = True
        """Whether every step of an order is told, or its beginning and end alone."""
        self.counts = False
        """Whether the rate counter is told."""
        self.sequence = 0
        self.waiting: list[tuple[str, Sequence[str]]] | None = []
        """What happened before the snapshot left; None once it has."""

    @property
    def is_usual(self) -> bool:
        """Whether it hears raw quantities, every step, no counter, and is past its snapshot."""
        return self.transitions and self.waiting is None and not self.rebased and not self.counts

    def say(self, channel: str, kind: str, data: Sequence[str]) -> None:
        """Number a message and say it, or have it wait for the snapshot."""
        if self.waiting is not None:
            self.waiting.append((kind, data))
            return
        self.sequence += 1
        self.connection.say(message(channel, kind, data, f',"sequence":{self.sequence}'))

    def begin(self, channel: str, snapshots: Sequence[Sequence[str]]) -> None:
        """The snapshot may leave, and what waited behind it."""
        waiting, self.waiting = self.waiting or [], None
        for data in snapshots:
            self.say(channel, "snapshot", data)
        for kind, data in waiting:
            self.say(channel, kind, data)
        self.connection.flush()


class Row(NamedTuple):
    """One row of an account's ledger: what stands before the amounts, and these in units of the asset."""

    sequence: int
    head: str
    asset: Asset
    amount: int
    fee: int
    balance: int


class Private:
    """All accounts' listeners."""

    def __init__(self, sequencer: Sequencer, venue: Venue, history: HistoryReader, counts: Counts) -> None:
        """`counts` gives the rate counter of an account in an instrument."""
        self._sequencer, self._venue, self._history, self._counts = sequencer, venue, history, counts
        self._executions: dict[int, dict[Connection, Listener]] = {}
        self._balances: dict[int, dict[Connection, Listener]] = {}
        self._about: dict[int, dict[int, About]] = {}
        self._units: dict[tuple[int, bool], Units] = {}
        self._plain_units: dict[int, tuple[object, ...]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # what happened

    @property
    def heard(self) -> frozenset[int] | set[int]:
        """The accounts that somebody listens for."""
        return self._executions.keys() | self._balances.keys()

    def hear_orders(self, facts: Mapping[int, Sequence[OrderFact]]) -> None:
        """Tell what happened to orders, by account."""
        for account, own in facts.items():
            listeners = self._executions.get(account)
            if listeners:
                about = self._about[account]
                for fact in own:
                    if type(fact) is OrderNew:
                        about[fact.order] = about_of(fact)
                for listener in listeners.values():
                    self._tell(listener, own, about)
                for fact in own:
                    if type(fact) is OrderDone:
                        about.pop(fact.order, None)
                for listener in list(listeners.values()):
                    listener.connection.flush()
            if account in self._balances:
                rows = [row for fact in own if isinstance(fact, OrderTraded) for row in self._legs(fact)]
                if rows:
                    self._tell_balances(account, rows)

    def hear_rows(self, rows: Rows) -> None:
        """Tell what happened to plain orders: all that a listener hears in one call, where he hears it the usual way."""
        if len(self._plain_units) != len(self._venue.instruments.instruments):
            self._plain_units = {number: plain_units(each) for number, each in self._venue.instruments.instruments.items()}
        rest = set(self._balances)
        for account, listeners in list(self._executions.items()):
            if account in rest or not all(each.is_usual for each in listeners.values()):
                rest.add(account)
            elif plain_about(rows, account, self._about[account], *PLAIN_ORDERS):
                for listener in list(listeners.values()):
                    connection = listener.connection
                    told = plain_executions(
                        rows, account, listener.after, listener.sequence, connection.spellings, self._plain_units
                    )
                    listener.sequence += len(told)
                    connection.out += told
                    connection.flush()
        if rest:
            own: dict[int, list[OrderFact]] = {}
            for fact in unfolded([rows]):
                if type(fact) in ORDER_FACTS and fact.account in rest:
                    own.setdefault(fact.account, []).append(fact)
            self.hear_orders(own)

    def hear_money(self, moved: Sequence[Moved]) -> None:
        """Tell what moved in accounts, trades apart."""
        for fact in moved:
            if fact.entry and fact.account in self._balances:
                self._tell_balances(fact.account, [self._moved(fact)])

    def _tell(self, listener: Listener, facts: Iterable[OrderFact], about: Mapping[int, About]) -> None:
        spellings, units, rebased, after = listener.connection.spellings, self._units, listener.rebased, listener.after
        every, counts = listener.transitions, listener.counts
        items: list[str] = []
        trades = False
        for fact in facts:
            if fact.sequence <= after:
                continue
            number, kind = fact.instrument, type(fact)
            its = units.get((number, rebased)) or self._units_of(number, rebased=rebased)
            symbol = spellings.get(number) or self._venue.instruments.instruments[number].symbol
            if kind is OrderTraded:
                if not every:
                    continue
                if (items and not trades) or len(items) >= ITEMS_MAX:
                    listener.say(EXECUTIONS, "update", items)
                    items = []
                trades = True
                items.append(traded(fact, about.get(fact.order), its, symbol))  # type: ignore[arg-type]  # by its kind
                continue
            if (items and trades) or len(items) >= ITEMS_MAX:
                listener.say(EXECUTIONS, "update", items)
                items = []
            trades = False
            if kind is OrderNew:
                item = opened(fact, its, symbol, pending=every)  # type: ignore[arg-type]  # by its kind
            elif kind is OrderDone:
                item = ended(fact, about.get(fact.order), its, symbol)  # type: ignore[arg-type]  # by its kind
            elif every:
                item = changed(fact, about.get(fact.order), its, symbol)  # type: ignore[arg-type]  # what is left
            else:
                continue
            items.append(f'{item[:-1]},"ratecount":{self._counts(listener.account, number)}}}' if counts else item)
        if items:
            listener.say(EXECUTIONS, "update", items)

    def _units_of(self, number: int, *, rebased: bool) -> Units:
        units = self._units[number, rebased] = Units(self._venue.instruments.instruments[number], rebased=rebased)
        return units

    def listed(self, instrument: Instrument) -> None:
        """New terms of an instrument, such as its multiplier."""
        self._units.pop((instrument.number, False), None)
        self._units.pop((instrument.number, True), None)
        self._plain_units.clear()

    def _tell_balances(self, account: int, rows: Sequence[Row]) -> None:
        for listener in list(self._balances[account].values()):
            data = [self._balance(listener, row) for row in rows if row.sequence > listener.after]
            for start in range(0, len(data), ITEMS_MAX):
                listener.say(BALANCES, "update", data[start : start + ITEMS_MAX])
            listener.connection.flush()

    def _legs(self, fact: OrderTraded) -> tuple[Row, Row]:
        """A trade makes two rows."""
        instrument = self._venue.instruments.instruments[fact.instrument]
        way, reference = (1 if fact.side == 0 else -1), id_text(TRADE, execution_id(fact.trade, fact.side))
        base, quote = (_head(fact.entry + leg, reference, "trade", fact.time_us) for leg in (0, 1))
        lots = way * fact.lots * instrument.lot_units
        return (
            Row(fact.sequence, base, instrument.base, lots, 0, fact.base_balance),
            Row(fact.sequence, quote, instrument.quote, -way * fact.value, fact.fee, fact.quote_balance),
        )

    def _moved(self, fact: Moved) -> Row:
        head = _head(fact.entry, fact.reference, KINDS[What(fact.what)], fact.time_us)
        return Row(fact.sequence, head, self._venue.instruments.assets[fact.asset], fact.amount, 0, fact.balance)

    def _balance(self, listener: Listener, row: Row) -> str:
        amount, fee, balance = (
            self._amount(each, row.asset, rebased=listener.rebased) for each in (row.amount, row.fee, row.balance)
        )
        named = f'"asset":"{row.asset.altname}","asset_class":"{row.asset.kind}"'
        return f'{{{row.head},{named},"amount":{amount},"fee":{fee},"balance":{balance}}}'

    def _amount(self, amount: int, asset: Asset, *, rebased: bool) -> str:
        if rebased and asset.decimals:
            up, down = self._multiplier(asset)
            amount = amount * up // down
        return number_text(amount, asset.decimals)

    def _multiplier(self, asset: Asset) -> tuple[int, int]:
        for instrument in self._venue.instruments.instruments.values():
            if instrument.base.number == asset.number:
                return instrument.multiplier
        return 1, 1

    # who listens

    def executions(
        self,
        connection: Connection,
        account: int,
        *,
        orders: bool,
        trades: bool,
        transitions: bool,
        rebased: bool,
        counts: bool,
    ) -> None:
        """Have a connection hear of an account's orders, after a snapshot of what is open, or of the last trades too."""
        listener = Listener(connection, account, self._venue.sequence, rebased=rebased)
        listener.transitions, listener.counts = transitions, counts
        self._executions.setdefault(account, {})[connection] = listener
        about = self._about.setdefault(account, {})
        shown: list[str] = []
        for order in self._venue.open_orders(account):
            about[order.id] = about_standing(order)
            symbol = self._spelling(connection, order.instrument)
            shown.append(standing(order, self._units_of(order.instrument, rebased=rebased), symbol))
        if not orders:
            shown = []
        if trades:
            task = asyncio.get_running_loop().create_task(self._with_trades(listener, shown))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._sequencer.when_durable(lambda: listener.begin(EXECUTIONS, [shown]))

    async def _with_trades(self, listener: Listener, shown: list[str]) -> None:
        rows, _count = await self._history.executions(listener.account, limit=TRADES_SHOWN)
        trades = []
        for row in rows:
            units = self._units_of(row.instrument, rebased=listener.rebased)
            trades.append(executed(row, units, self._spelling(listener.connection, row.instrument)))
        snapshots = [trades, shown] if trades else [shown]
        self._sequencer.when_durable(lambda: listener.begin(EXECUTIONS, snapshots))

    def _spelling(self, connection: Connection, number: int) -> str:
        return connection.spellings.get(number) or self._venue.instruments.instruments[number].symbol

    def balances(self, connection: Connection, account: int, *, snapshot: bool, rebased: bool) -> None:
        """Have a connection hear of an account's balances."""
        listener = Listener(connection, account, self._venue.sequence, rebased=rebased)
        self._balances.setdefault(account, {})[connection] = listener
        shown = self._all_balances(self._venue.balances(account), rebased=rebased) if snapshot else None
        self._sequencer.when_durable(lambda: listener.begin(BALANCES, [] if shown is None else [shown]))

    def _all_balances(self, balances: Mapping[int, tuple[int, int]], *, rebased: bool) -> list[str]:
        items = []
        for number, (balance, _held) in sorted(balances.items()):
            asset = self._venue.instruments.assets[number]
            amount = self._amount(balance, asset, rebased=rebased)
            wallet = f'"wallets":[{{"type":"spot","id":"main","balance":{amount}}}]'
            items.append(f'{{"asset":"{asset.altname}","asset_class":"{asset.kind}","balance":{amount},{wallet}}}')
        return items

    def unsubscribe(self, connection: Connection, channel: str, account: int) -> bool:
        """Have a connection hear no more; whether it did."""
        listeners = self._executions if channel == EXECUTIONS else self._balances
        own = listeners.get(account, {})
        found = own.pop(connection, None) is not None
        if not own:
            listeners.pop(account, None)
            if channel == EXECUTIONS:
                self._about.pop(account, None)
        return found

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        for channel, listeners in ((EXECUTIONS, self._executions), (BALANCES, self._balances)):
            for account in [account for account, own in listeners.items() if connection in own]:
                self.unsubscribe(connection, channel, account)


def _head(entry: int, reference: str, kind: str, time_us: int) -> str:
    ledger, at = id_text(LEDGER, entry), time_text(time_us)
    return f'"ledger_id":"{ledger}","ref_id":{quoted(reference)},"timestamp":"{at}","type":"{kind}","subtype":"","category":""'
