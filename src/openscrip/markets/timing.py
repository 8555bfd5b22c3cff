"""What happens by itself: expiries, dead men, sessions, stale prices, samples of makers, tiers. And what is listed."""

from heapq import heappop, heappush

import msgspec

from openscrip.kernel.errors import Malformed
from openscrip.markets.cashier import Cashier
from openscrip.markets.commands import Admit, Answer, CancelAfter, Cause, Clock, Enrol, List, State
from openscrip.markets.facts import Admitted, Listed, Measured, What
from openscrip.markets.fees import RATE_ONE, day_of
from openscrip.markets.floors import PHASES, Floor
from openscrip.markets.hours import due_state
from openscrip.markets.instruments import FULL_BPS, Asset, Instrument
from openscrip.markets.makers import Programme
from openscrip.markets.orders import LOTS_MAX, Phase
from openscrip.markets.records import Kind

_STATES_MAX = 4
"""So many states may follow one another in one moment: CLOSED, PRE_OPEN, CALL, OPEN with spans of 0."""


class Timing(Cashier):
    """The part of the venue that is driven by `Clock`, and by the operator's lists."""

    def __init__(self) -> None:
        super().__init__()
        self.day = 0

    def _clock(self, clock: Clock) -> Answer:
        """First what is due, each as its own record; then the tick itself, which measures."""
        count = 0
        # By number, not as they came: a venue out of a snapshot knows no other order, and has to do the same.
        for number in sorted(each for each, until_us in self.dead_men.items() if until_us <= self.time_us):
            count += self._take_all(self.accounts[number].orders.values(), Cause.DEAD_MAN)
            self._cancel_after(CancelAfter(number, 0))
        for floor in self.floors.values():
            if self._is_due(floor):
                count += self._expire(floor)
            self._enter_if_stale(floor)
            for _ in range(_STATES_MAX):
                state = due_state(floor.instrument, floor.state, floor.since_us, floor.until_us, self.time_us)
                if state is None:
                    break
                self._enter(floor, state, Cause.SCHEDULE)
        self._write(Kind.CLOCK, extra=clock.now_us)
        self._do_clock()
        if self.is_telling:
            for floor in self.floors.values():
                if floor.state is State.CALL:
                    self._indicate(floor)
        return Answer(0, count)

    def _expire(self, floor: Floor) -> int:
        before = len(self.orders)
        row = (4, 0, 0, 0, 0, 0, 0, 0, 0, self.time_us)
        self._write(Kind.EXPIRE, floor.instrument.number, row)
        self.clear(floor, floor.book.apply_row(row))
        return before - len(self.orders)

    def _is_due(self, floor: Floor) -> bool:
        """Whether an open order has had its time."""
        expiries = floor.expiries
        while expiries and expiries[0][1] not in self.orders:
            heappop(expiries)
        return bool(expiries) and expiries[0][0] <= self.time_us

    def find_expiries(self) -> None:
        """Look among the open orders for those that expire."""
        for floor in self.floors.values():
            floor.expiries = []
        for order in self.orders.values():
            if order.row[9]:
                heappush(self.floors[order.instrument].expiries, (order.row[9], order.id))

    def _do_clock(self) -> None:
        for floor in self.floors.values():
            if PHASES[floor.state] is not Phase.CONTINUOUS:
                continue
            if self.time_us - floor.band_at_us >= floor.instrument.band_window_us:
                floor.set_band(floor.reference(self.time_us), self.time_us)
            if floor.state is State.OPEN:
                for number, programme in floor.makers.items():
                    orders = self.accounts[number].orders.values()
                    programme.sample(each for each in orders if each.instrument == floor.instrument.number)
        day = day_of(self.time_us)
        if self.day and day > self.day:
            self._end_day(min(day - self.day, 31))
        self.day = day

    def _end_day(self, days: int) -> None:
        """Midnight in UTC: makers are paid, and tiers follow the volume of 30 days."""
        for floor in self.floors.values():
            for number, programme in floor.makers.items():
                self._pay_maker(floor, number, programme)
        for account in self.accounts.values():
            for _ in range(days):
                account.next_day()
            self.touched.add(account)

    def _pay_maker(self, floor: Floor, number: int, programme: Programme) -> None:
        """The rebate for what a maker that kept its obligation made; the house pays no more than its fees."""
        earned = programme.value * programme.rebate_rate // RATE_ONE if programme.is_kept else 0
        paid = min(earned, self.house.free(floor.quote))
        if self.is_telling:
            told = (number, floor.instrument.number, programme.samples, programme.kept, programme.value, paid)
            self.facts.append(Measured(self.sequence, self.time_us, *told))
        programme.next_period()
        if paid > 0:
            reference = f"maker {floor.instrument.number}"
            for account, amount in ((self.house, -paid), (self.accounts[number], paid)):
                self._moved(account, floor.quote, amount, account.add(floor.quote, amount), What.REBATE, reference)

    # lists

    def _enrol(self, command: Enrol) -> Answer:
        floor = self._floor(command.instrument)
        self._account(command.account)
        bounds = command.spread_bps_max, command.presence_bps
        if not (0 <= command.lots_min <= LOTS_MAX and all(0 <= each <= FULL_BPS for each in bounds)):
            raise Malformed("maker.malformed", "maker: an obligation was outside what can be")
        if not 0 <= command.rebate_rate < RATE_ONE or not command.account:
            raise Malformed("maker.malformed", "maker: a rebate was outside what can be")
        numbers = (command.spread_bps_max, command.lots_min, command.presence_bps, command.rebate_rate)
        self._write(Kind.ENROL, command.instrument, (*numbers, 0, 0, 0, 0, 0, 0), command.account)
        self._do_enrol(floor, command.account, numbers)
        return Answer()

    def _do_enrol(self, floor: Floor, number: int, numbers: tuple[int, int, int, int]) -> None:
        floor.makers.pop(number, None)
        if numbers[1]:
            floor.makers = dict(sorted((floor.makers | {number: Programme(*numbers)}).items()))

    def _admit(self, command: Admit) -> Answer:
        self.instruments.refuse_asset(command.asset)
        self._write(Kind.ADMIT, text=msgspec.json.encode(command.asset).decode())
        self._do_admit(command.asset)
        return Answer()

    def _do_admit(self, asset: Asset) -> None:
        self.instruments.admit(asset)
        if self.is_telling:
            self.facts.append(Admitted(self.sequence, self.time_us, asset))

    def _list(self, command: List) -> Answer:
        instrument = command.instrument
        self.instruments.refuse_instrument(instrument)
        if instrument.fees not in self.schedules:
            raise Malformed("fees.unknown", f"instrument: schedule {instrument.fees} was not set")
        self._write(Kind.LIST, text=msgspec.json.encode(instrument).decode())
        self._do_list(instrument)
        return Answer()

    def _do_list(self, instrument: Instrument) -> None:
        self.instruments.list(instrument)
        floor = self.floors.get(instrument.number)
        if floor is None:
            floor = self.floors[instrument.number] = Floor(instrument, self._make_book())
            self.floors = dict(sorted(self.floors.items()))
            # A new book trades at once; a market opens through a call.
            floor.book.apply_row((6, 0, 0, 0, 0, 0, int(Phase.HALTED), 0, 0, 0))
        else:
            floor.take_terms(instrument)
        if self.is_telling:
            self.facts.append(Listed(self.sequence, self.time_us, instrument))
