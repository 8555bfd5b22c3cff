"""The venue: commands in, facts out. Pure and deterministic: no clock, no file, no thread; one sequencer drives one venue.

`submit` checks a command against everything, and only then writes records and does them; a refused command changes nothing.
"""

from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import Any, assert_never

from openscrip.markets.accounts import Account, Order, VenueBroken
from openscrip.markets.books import BookFace, make_book
from openscrip.markets.commands import (
    Admit,
    Answer,
    CancelAfter,
    Cause,
    Change,
    Clock,
    Command,
    Credit,
    Enrol,
    Enter,
    GiveBack,
    List,
    Nonce,
    Open,
    PayOut,
    Place,
    Quote,
    Reserve,
    SetFees,
    State,
    Stop,
    Take,
    Tier,
)
from openscrip.markets.compact import Rows, unfolded
from openscrip.markets.facts import Fact
from openscrip.markets.floors import Floor
from openscrip.markets.native import built_module
from openscrip.markets.orders import LOTS_MAX, PRICE_MAX, Limit
from openscrip.markets.replaying import Replaying
from openscrip.markets.state_hash import MASK, account_mark, folded_numbers


@lru_cache(maxsize=1)
def _clearing() -> ModuleType | None:
    """The native clearing, told which classes it works on; None where it was not built."""
    module = built_module()
    if module is not None:
        module.set_up(Order, Account, Floor, VenueBroken)
    return module


class Venue(Replaying):
    """A group of instruments with the accounts that trade them. `books` makes the book of each.

    Plain orders, most of all that comes, are done by the native clearing where it was built and `native` does not say no: the
    same objects in the same way, in a tenth of the time. It leaves to the code here whatever it does not know.
    """

    def __init__(self, books: Callable[[], BookFace] = make_book, *, native: bool = True) -> None:
        super().__init__()
        self._make_book = books
        clearing = _clearing() if native else None
        self.is_native = clearing is not None
        self._native_place = clearing.place if clearing else _left_to_python
        self._native_take = clearing.take if clearing else _left_to_python
        self._native_run = clearing.clear_run if clearing else None
        self._account_mark: Callable[[Account], int] = clearing.account_mark if clearing else account_mark
        self._marks = 0
        self.touched.add(self.house)

    def submit(self, command: Command, now_us: int) -> Answer:
        """Do a command at `now_us`, or at the latest time if that is later. Raises `Refused`: then nothing was done."""
        kind = type(command)
        if kind is Place:
            done = self._place_natively(command, now_us)  # type: ignore[arg-type]  # by its kind
            if done:
                return Answer(done, 1)
        elif kind is Take and command.order and self.take_plain(command.account, command.order, command.cause, now_us):  # type: ignore[union-attr]  # by its kind
            return Answer(command.order, 1)  # type: ignore[union-attr]  # by its kind
        before_us, sequence = self.time_us, self.sequence
        if now_us > before_us:
            self.time_us = now_us
        try:
            return self._submit_other(command)
        finally:
            if self.sequence == sequence:
                # Nothing was written: a replay will not know of this moment.
                self.time_us = before_us

    def _place_natively(self, place: Place, now_us: int) -> int:
        terms = place.terms
        if (
            type(terms) is not Limit or terms.time_in_force or terms.post_only or terms.expires_at or place.self_trade
            or place.spend or place.reduce_only or place.deadline_us or place.lots > LOTS_MAX or terms.price > PRICE_MAX
        ):  # fmt: skip
            return 0  # a number that is beyond every order may be beyond 64 bits too
        return self.place_plain(
            place.account, place.instrument, place.side, place.lots, terms.price, place.client_id, place.user_reference, now_us
        )

    def place_plain(
        self, account: int, instrument: int, side: int, lots: int, price: int, client_id: str, user_reference: int, now_us: int
    ) -> int:  # fmt: skip
        """A limit order until cancelled, in one call: its number, or 0 where it is for `submit` to do or to refuse."""
        number: int = self._native_place(self, account, instrument, side, lots, price, client_id, user_reference, now_us)
        if number < 0:
            self.left_band(instrument)
            return -number
        return number

    def left_band(self, instrument: int) -> None:
        """A plain order traded outside the band: halt."""
        self._halt(self.floors[instrument])

    def take_plain(self, account: int, order: int, cause: Cause, now_us: int) -> bool:
        """Cancel an order in one call; False where it is for `submit` to do or to refuse."""
        return bool(self._native_take(self, account, order, cause, now_us))

    def _submit_other(self, command: Command) -> Answer:
        match command:
            case Place():
                return self._place(command)
            case Take():
                return self._take(command)
            case Change():
                return self._change(command)
            case Nonce():
                return self._nonce(command)
            case Quote():
                return self._quote(command)
            case Clock():
                return self._clock(command)
            case CancelAfter():
                return self._cancel_after(command)
            case _:
                return self._submit_rare(command)

    def _submit_rare(
        self, command: Open | Credit | Reserve | PayOut | GiveBack | SetFees | Tier | Enrol | Stop | Admit | List | Enter
    ) -> Answer:
        match command:
            case Open():
                return self._open(command)
            case Credit():
                return self._credit(command)
            case Reserve():
                return self._reserve(command)
            case PayOut():
                return self._pay_out(command)
            case GiveBack():
                return self._give_back(command)
            case SetFees():
                return self._set_fees(command)
            case Tier():
                return self._tier(command)
            case Enrol():
                return self._enrol(command)
            case Stop():
                return self._stop(command)
            case Admit():
                return self._admit(command)
            case List():
                return self._list(command)
            case Enter():
                return self._enter_state(command)
            case _:
                assert_never(command)

    def check(self, command: Place | Change, now_us: int) -> None:
        """Raise what `submit` would refuse, and do nothing."""
        before_us = self.time_us
        self.time_us = max(before_us, now_us)
        try:
            if isinstance(command, Place):
                self._order_of(command)
            else:
                self._checked(command)
        finally:
            self.time_us = before_us

    def told(self) -> list[Fact]:
        """The facts since the last call."""
        return unfolded(self.told_rows())

    def told_rows(self) -> list[Fact | Rows]:
        """As `told`, with those of plain orders as rows."""
        facts, self.facts = self.facts, []
        return facts

    @property
    def digest(self) -> int:
        """A hash below 2^64 over everything: books, balances, what was done besides. It costs what changed since the last."""
        self.touched.add(self.house)
        mark_of = self._account_mark
        for account in self.touched:
            mark = mark_of(account)
            self._marks = (self._marks + mark - account.mark) & MASK
            account.mark = mark
        self.touched.clear()
        numbers = [self.sequence, self.last_order, self.trades, self.entries, self.chain, self._marks]
        for number, floor in sorted(self.floors.items()):
            numbers += [
                number,
                floor.book.digest,
                floor.book.sequence,
                floor.state,
                floor.last,
                floor.quoted,
                floor.quote_at_us,
            ]
        return folded_numbers(numbers)

    # what readers ask

    def order(self, number: int) -> Order | None:
        """An open order."""
        return self.orders.get(number)

    def open_orders(self, account: int) -> list[Order]:
        """The open orders of an account, oldest first."""
        found = self.accounts.get(account)
        return list(found.orders.values()) if found else []

    def order_of_client(self, account: int, client_id: str) -> int:
        """The number of the account's open order with that client id; 0 for none."""
        found = self.accounts.get(account)
        return found.client_ids.get(client_id, 0) if found else 0

    def balances(self, account: int) -> dict[int, tuple[int, int]]:
        """By asset: the balance, and how much of it is held for orders and withdrawals."""
        found = self.accounts.get(account)
        return {asset: (balance, found.held.get(asset, 0)) for asset, balance in found.balances.items()} if found else {}

    def state_of(self, instrument: int) -> State:
        """What the instrument's market does now."""
        return self._floor(instrument).state

    def reference_of(self, instrument: int) -> int:
        """The price that collars stand around, in ticks; 0 for none."""
        return self._floor(instrument).reference(self.time_us)

    def last_of(self, instrument: int) -> int:
        """The last price that traded, in ticks; 0 for none."""
        return self._floor(instrument).last

    def depth(self, instrument: int, side: int, levels: int) -> list[tuple[int, int]]:
        """The best prices of a side with the lots that show there."""
        return self._floor(instrument).book.depth(side, levels)

    def volume_30d(self, account: int) -> int:
        """What an account traded in 30 days with today, in 1e-6 USD."""
        found = self._account(account)
        return found.volume_before + found.volume

    def rates_of(self, account: int, instrument: int) -> tuple[int, int]:
        """What an account pays there now as taker and as maker, in 1e-6."""
        return self.rates(self._account(account), self._floor(instrument).schedule)[:2]

    def nonce(self, key: int) -> int:
        """The last nonce of an API key."""
        return self.nonces.get(key, 0)


def _left_to_python(*_plain: Any) -> int:
    """In place of the native clearing."""
    return 0
