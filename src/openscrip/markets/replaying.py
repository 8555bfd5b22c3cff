"""From records back to the venue: the fast way, whole runs of orders through each book, and the slow way that tells again."""

import gc
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from openscrip.markets.accounts import Order, VenueBroken
from openscrip.markets.canonical import Canonical
from openscrip.markets.commands import Cause, State
from openscrip.markets.fees import Tiers
from openscrip.markets.floors import Floor
from openscrip.markets.instruments import Asset, Instrument
from openscrip.markets.records import COLUMNS, FOR_A_BOOK, REDUCE_ONLY, Kind, pack, text_of, user_reference
from openscrip.markets.sessions import CAUSE_STEP
from openscrip.markets.state_hash import chained

RUN_RECORDS_MAX = 16_384
ROOM_EVENTS = 4 * RUN_RECORDS_MAX
LIGHT = (Kind.OPEN, Kind.CREDIT, Kind.RESERVE, Kind.PAY_OUT, Kind.GIVE_BACK, Kind.CANCEL_AFTER, Kind.NONCE, Kind.STOP)
"""Kinds that may be done before the orders around them: adding to balances has no order, and all was checked before."""
_FIRST_ROW, _AFTER_ROW = 4, 14
_in_run = np.zeros(256, dtype=bool)
_in_run[[int(kind) for kind in (Kind.TEXT, *FOR_A_BOOK, *LIGHT)]] = True


class Replaying(Canonical):
    """The part of the venue that recovers."""

    _native_run: Callable[..., tuple[int, int]] | None = None
    """The native way of clearing many commands' events (see `native/clearing.cpp`)."""

    def replay(self, records: Any, tell: bool = False) -> None:
        """Do what these records (n x 16 of int64, in order, from the next sequence on) say; nothing is checked again.

        With `tell` one by one, and the facts are told again. Raises `VenueBroken` for records that do not go on from here.
        """
        if not len(records):
            return
        if records.shape[1] != COLUMNS or records[0, 1] != self.sequence + 1 or records[-1, 1] != self.sequence + len(records):
            raise VenueBroken(f"replay: the records did not go on after {self.sequence}")
        was_telling, self.is_telling = self.is_telling, tell
        # Millions of new objects that live on: the collector would walk them again and again and find nothing.
        collects = gc.isenabled()
        gc.disable()
        try:
            if tell:
                self._replay_rows(records.tolist())
            else:
                self._replay_runs(records)
        finally:
            self.is_telling = was_telling
            if collects:
                gc.enable()
        self._put_in_order()
        self.find_expiries()
        for floor in self.floors.values():
            floor.breached = False
            floor.last_order = floor.book.last_id

    def _put_in_order(self) -> None:
        """Books were led one after another: put all orders in their line again, and say whose client ids are in use."""
        self.orders = dict(sorted(self.orders.items()))
        for account in self.accounts.values():
            account.orders, account.client_ids = {}, {}
        for number, order in self.orders.items():
            order.owner.orders[number] = order
            if order.client_id:
                order.owner.client_ids[order.client_id] = number

    def _replay_rows(self, records: Sequence[Sequence[int]]) -> None:
        pending: list[Sequence[int]] = []
        for record in records:
            if record[0] == Kind.TEXT:
                pending.append(record)
                continue
            self.sequence, self.time_us = record[1], record[2]
            self._redo(record, text_of(pending))
            pending = []

    def _replay_runs(self, records: Any) -> None:
        """Runs of orders go through their books at once; what changes rates, states or terms ends a run."""
        ends = np.flatnonzero(~_in_run[records[:, 0]])
        begin = 0
        for end in [*ends.tolist(), len(records)]:
            while begin < end:
                upto = min(end, begin + RUN_RECORDS_MAX)
                while upto > begin and records[upto - 1, 0] == Kind.TEXT:
                    upto -= 1
                if upto == begin:
                    break
                self._replay_run(records[begin:upto])
                begin = upto
            if end < len(records):
                self._replay_rows(records[begin : end + 1].tolist())
                begin = end + 1

    def _replay_run(self, run: Any) -> None:
        texts = _texts_of(run)
        kinds = run[:, 0]
        for place in np.flatnonzero(kinds >= Kind.CANCEL_AFTER).tolist():
            record = run[place].tolist()
            self.sequence, self.time_us = record[1], record[2]
            self._redo(record, texts.get(record[1], ""))
        of_books = run[(kinds > Kind.TEXT) & (kinds < Kind.CANCEL_AFTER)]
        for number in np.unique(of_books[:, 3]).tolist():
            self._replay_book(self.floors[number], of_books[of_books[:, 3] == number], texts)
        self.sequence, self.time_us = int(run[-1, 1]), int(run[-1, 2])

    def _replay_book(self, floor: Floor, records: Any, texts: dict[int, str]) -> None:
        rows = np.ascontiguousarray(records[:, _FIRST_ROW:_AFTER_ROW])
        kinds = records[:, 0]
        places = _Places(np.ascontiguousarray(records[kinds == Kind.PLACE]), texts)
        changes: Iterator[Sequence[int]] = iter(rows[kinds == Kind.CHANGE].tolist())
        events = np.empty((ROOM_EVENTS, 8), dtype=np.int64)
        done, told = 0, ROOM_EVENTS
        while done < len(rows) or told == ROOM_EVENTS:
            count, told = floor.book.batch(rows[done:], events)
            if not count and not told:
                raise VenueBroken(f"replay: book {floor.instrument.number} took no row")
            done += count
            self._clear_run(floor, events, told, places, changes)
        quotes = records[kinds == Kind.QUOTE]
        if len(quotes):
            floor.quoted, floor.quote_at_us = int(quotes[-1, 10]), int(quotes[-1, 15])
        placed = rows[kinds == Kind.PLACE]
        if len(placed):
            self.last_order = max(self.last_order, int(placed[-1, 1]))

    def _clear_run(self, floor: Floor, events: Any, told: int, places: "_Places", changes: Iterator[Sequence[int]]) -> None:
        """Do the first `told` events: natively as far as they are usual, the others one by one here."""
        native = self._native_run
        if native is None:
            incoming = self._orders_of(floor, places.left().tolist(), places.texts)
            self.clear(floor, events[:told].tolist(), places.counted(incoming), changes)
            return
        at = 0
        while at < told:
            at, places.done = native(self, floor, events, at, told, places.records, places.done, places.texts)
            if at < told:
                incoming = self._orders_of(floor, places.left()[:1].tolist(), places.texts)
                self.clear(floor, events[at : at + 1].tolist(), places.counted(incoming), changes)
                at += 1

    def _orders_of(self, floor: Floor, records: list[list[int]], texts: dict[int, str]) -> Iterator[Order]:
        """The orders of PLACE records, each when the book accepts it."""
        accounts, schedule, number = self.accounts, floor.schedule, floor.instrument.number
        rates: dict[int, int] = {}
        for record in records:
            account = record[14]
            rate_max = rates.get(account)
            if rate_max is None:
                rate_max = rates[account] = self.rates(accounts[account], schedule)[2]
            asset = floor.base if record[7] else floor.quote
            order = Order(record[_FIRST_ROW:_AFTER_ROW], accounts[account], number, asset, rate_max, record[2])
            if not order.is_waiting:
                floor.set_hold(order)
            extra = record[15]
            if extra:
                order.user_reference, order.reduce_only = user_reference(extra), bool(extra & REDUCE_ONLY)
            if texts:
                order.client_id = texts.get(record[1], "")
            yield order

    def _redo(self, record: Sequence[int], text: str) -> None:
        """Do one record again."""
        kind, number, account, extra = Kind(record[0]), record[3], record[14], record[15]
        if kind in FOR_A_BOOK:
            self._redo_row(kind, self.floors[number], record, text)
            return
        self.chain = chained(self.chain, pack(*record), text)
        match kind:
            case Kind.CANCEL_AFTER:
                self._do_cancel_after(self.accounts[account], extra)
            case Kind.OPEN:
                self._do_open(account, text)
            case Kind.CREDIT:
                self._do_credit(self.accounts[account], number, extra, text)
            case Kind.RESERVE:
                self._do_reserve(self.accounts[account], number, extra, text)
            case Kind.PAY_OUT:
                self._do_pay_out(text)
            case Kind.GIVE_BACK:
                self._do_give_back(text)
            case Kind.STOP:
                self._do_stop(self.accounts[account], bool(extra & 1), Cause(extra >> 1))
            case Kind.NONCE:
                self.nonces[account] = extra % 2**64
            case Kind.CLOCK:
                self._do_clock()
            case _:
                self._redo_rules(kind, record, text)

    def _redo_rules(self, kind: Kind, record: Sequence[int], text: str) -> None:
        """Do again what changes states, rates or terms."""
        number, account, extra = record[3], record[14], record[15]
        match kind:
            case Kind.ENTER:
                state, cause = State(extra % CAUSE_STEP), Cause(extra // CAUSE_STEP)
                self._do_enter(self.floors[number], state, cause, account, _row(record))
            case Kind.SET_FEES:
                self._do_set_fees(account, msgspec.json.decode(text, type=Tiers))
            case Kind.TIER:
                self._do_tier(self.accounts[account], extra)
            case Kind.ENROL:
                self._do_enrol(self.floors[number], account, (record[4], record[5], record[6], record[7]))
            case Kind.ADMIT:
                self._do_admit(msgspec.json.decode(text, type=Asset))
            case Kind.LIST:
                self._do_list(msgspec.json.decode(text, type=Instrument))
            case _:
                raise VenueBroken(f"replay: record {record[1]} was of kind {kind.name}, which stands before others")

    def _redo_row(self, kind: Kind, floor: Floor, record: Sequence[int], text: str) -> None:
        row = _row(record)
        if kind is Kind.PLACE:
            order = next(self._orders_of(floor, [list(record)], {record[1]: text}))
            self._do_place(floor, order)
        elif kind is Kind.QUOTE:
            self._do_quote(floor, row[6], record[15], row)
        elif kind is Kind.TAKE:
            self.clear(floor, floor.book.apply_row(row), cause=Cause(record[15]))
        else:
            self.clear(floor, floor.book.apply_row(row), changes=iter((row,)))


class _Places:
    """PLACE records of one book and how many of them the book has taken; client ids by sequence."""

    def __init__(self, records: Any, texts: dict[int, str]) -> None:
        self.records, self.texts, self.done = records, texts, 0

    def left(self) -> Any:
        """Those that the book has not told of."""
        return self.records[self.done :]

    def counted(self, orders: Iterator[Order]) -> Iterator[Order]:
        """These orders, counted when they are taken."""
        for order in orders:
            self.done += 1
            yield order


def _row(record: Sequence[int]) -> Any:
    return tuple(record[_FIRST_ROW:_AFTER_ROW])


def _texts_of(run: Any) -> dict[int, str]:
    """Texts by the sequence of the record that they stand before."""
    places = np.flatnonzero(run[:, 0] == Kind.TEXT).tolist()
    found: dict[int, list[Sequence[int]]] = {}
    following = 0
    for place in places:
        if place >= following:
            following = place + 1
            while following < len(run) and run[following, 0] == Kind.TEXT:
                following += 1
        found.setdefault(int(run[following, 1]), []).append(run[place].tolist())
    return {sequence: text_of(records) for sequence, records in found.items()}
