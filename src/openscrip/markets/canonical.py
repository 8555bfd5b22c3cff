"""The whole venue as bytes, the same from every venue with the same history; and a venue from them.

MessagePack of nested lists in a fixed order: by number, by id, by name. A book's part is `state.state_of`.
"""

from typing import Any

import msgspec

from openscrip.markets.accounts import Account, Order
from openscrip.markets.cashier import Reserved
from openscrip.markets.commands import Cause, State
from openscrip.markets.fees import Schedule
from openscrip.markets.floors import Floor
from openscrip.markets.instruments import Asset, Instrument
from openscrip.markets.makers import Programme
from openscrip.markets.records import Kind
from openscrip.markets.timing import Timing

FORM = 1


class Canonical(Timing):
    """The part of the venue that is kept in snapshots."""

    def state(self) -> bytes:
        """Everything that decides what the venue will do and tell."""
        directory = self.instruments
        return msgspec.msgpack.encode(
            [
                FORM,
                [
                    self.sequence,
                    self.time_us,
                    self.last_order,
                    self.trades,
                    self.entries,
                    self.chain,
                    self.day,
                    self.is_stopped,
                ],
                [msgspec.json.encode(asset) for _number, asset in sorted(directory.assets.items())],
                [[number, each.tiers] for number, each in sorted(self.schedules.items())],
                [_account_list(each) for _number, each in sorted(self.accounts.items())],
                [_floor_list(each) for _number, each in sorted(self.floors.items())],
                [_order_list(each) for _number, each in sorted(self.orders.items())],
                sorted(self.totals.items()),
                sorted((key, value) for key, value in self.nonces.items()),
                sorted((name, int(kind)) for name, kind in self.references.items()),
                sorted((name, each.account, each.asset, each.amount) for name, each in self.reserved.items()),
            ]
        )

    def load(self, state: bytes) -> None:
        """Take over a state; only a new venue does. Raises `ValueError` for what is no state."""
        if self.sequence or len(self.accounts) > 1:
            raise ValueError("state: the venue was not new")
        try:
            found = msgspec.msgpack.decode(state)
        except msgspec.DecodeError as error:
            raise ValueError(f"state: it was not the state of a venue: {error}") from None
        if not isinstance(found, list) or len(found) != 11 or found[0] != FORM:
            raise ValueError("state: it was not the state of a venue")
        _form, head, assets, schedules, accounts, floors, orders, totals, nonces, references, reserved = found
        self.sequence, self.time_us, self.last_order, self.trades, self.entries, self.chain, self.day, self.is_stopped = head
        for text in assets:
            self.instruments.admit(msgspec.json.decode(text, type=Asset))
        self.schedules = {number: Schedule(tuple(tuple(tier) for tier in tiers)) for number, tiers in schedules}
        for each in accounts:
            self._load_account(each)
        for each in floors:
            self._load_floor(each)
        for each in orders:
            self._load_order(each)
        self.totals, self.nonces = dict(totals), dict(nonces)
        self.references = {name: Kind(kind) for name, kind in references}
        self.reserved = {name: Reserved(account, asset, amount) for name, account, asset, amount in reserved}
        self.find_expiries()

    def _load_account(self, fields: list[Any]) -> None:
        number, name, money, schedule, volume, volumes, stopped, dead_man_us = fields
        account = self.house if not number else Account(number, name)
        self.accounts[number] = account
        if number:
            self.names[name] = number
        for asset, balance, held in money:
            account.balances[asset], account.held[asset] = balance, held
        account.schedule, account.volume, account.volumes = schedule, volume, volumes
        account.volume_before, account.stopped, account.dead_man_us = sum(volumes), stopped, dead_man_us
        if dead_man_us:
            self.dead_men[number] = dead_man_us
        self.touched.add(account)

    def _load_floor(self, fields: list[Any]) -> None:
        terms, book, numbers, makers = fields
        instrument = msgspec.json.decode(terms, type=Instrument)
        self.instruments.list(instrument)
        floor = self.floors[instrument.number] = Floor(instrument, self._make_book())
        floor.book.load(book)
        floor.last_order = floor.book.last_id
        state, cause, floor.since_us, floor.until_us, floor.last, floor.quoted, floor.quote_at_us, price, at_us = numbers
        floor.state, floor.cause = State(state), Cause(cause)
        floor.set_band(price, at_us)
        floor.makers = {number: Programme(*rest) for number, *rest in makers}

    def _load_order(self, fields: list[Any]) -> None:
        row, account, numbers, client_id = fields
        instrument, asset, rate_max, placed_us, *rest = numbers
        order = Order(tuple(row), self.accounts[account], instrument, asset, rate_max, placed_us)
        order.lots, order.left, order.filled, order.cost, order.fees, order.price, order.trigger, order.display = rest[:8]
        order.is_waiting, order.hold_per_lot, order.held, order.user_reference, order.reduce_only = rest[8:]
        order.client_id = client_id
        owner = order.owner
        self.orders[order.id] = owner.orders[order.id] = order
        owner.counts[instrument] = owner.counts.get(instrument, 0) + 1
        if client_id:
            owner.client_ids[client_id] = order.id


def _account_list(account: Account) -> list[Any]:
    held = account.held
    money = [(asset, balance, held.get(asset, 0)) for asset, balance in sorted(account.balances.items()) if balance]
    return [
        account.number, account.name, money, account.schedule, account.volume, account.volumes, account.stopped,
        account.dead_man_us,
    ]  # fmt: skip


def _floor_list(floor: Floor) -> list[Any]:
    numbers = [
        int(floor.state), int(floor.cause), floor.since_us, floor.until_us, floor.last, floor.quoted, floor.quote_at_us,
        floor.band_price, floor.band_at_us,
    ]  # fmt: skip
    makers = [
        [number, each.spread_bps_max, each.lots_min, each.presence_bps, each.rebate_rate, each.samples, each.kept, each.value]
        for number, each in sorted(floor.makers.items())
    ]
    return [msgspec.json.encode(floor.instrument), floor.book.state(), numbers, makers]


def _order_list(order: Order) -> list[Any]:
    numbers = [
        order.instrument, order.asset, order.rate_max, order.placed_us, order.lots, order.left, order.filled, order.cost,
        order.fees, order.price, order.trigger, order.display, order.is_waiting, order.hold_per_lot, order.held,
        order.user_reference, order.reduce_only,
    ]  # fmt: skip
    return [[int(number) for number in order.row], order.owner.number, numbers, order.client_id]
