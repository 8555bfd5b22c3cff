"""States of markets: entered, halted, reopened; reference prices; the band that trades print in."""

from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Answer, Cause, Quote, State
from openscrip.markets.facts import Entered, Indicated, Referenced
from openscrip.markets.floors import PHASES, Floor
from openscrip.markets.indicative import indicated
from openscrip.markets.orders import PRICE_MAX, Phase
from openscrip.markets.records import Kind
from openscrip.markets.rows import Row
from openscrip.markets.writing import Writing

CAUSE_STEP = 256
_UNCROSS, _ENTER, _INDEX = 7, 6, 5


class Sessions(Writing):
    """The part of the venue that opens and halts markets."""

    def _enter(self, floor: Floor, state: State, cause: Cause, until_us: int = 0) -> None:
        """Go to a state; out of a call to trading by an auction. What a book does then may halt it at once."""
        opens = PHASES[state] is Phase.CONTINUOUS and PHASES[floor.state] is Phase.CALL
        row: Row = (
            (_UNCROSS, 0, 0, 0, 0, 0, floor.reference(self.time_us), 0, 0, 0) if opens
            else (_ENTER, 0, 0, 0, 0, 0, int(PHASES[state]), 0, 0, 0)
        )  # fmt: skip
        self._write(Kind.ENTER, floor.instrument.number, row, until_us, state + CAUSE_STEP * cause)
        self._do_enter(floor, state, cause, until_us, row)
        if floor.breached:
            self._halt(floor)

    def _do_enter(self, floor: Floor, state: State, cause: Cause, until_us: int, row: Row) -> None:
        floor.state, floor.cause, floor.since_us, floor.until_us = state, cause, self.time_us, until_us
        if self.is_telling:
            self.facts.append(Entered(self.sequence, self.time_us, floor.instrument.number, state, cause, until_us))
        floor.breached = False
        if row[0] != _UNCROSS:
            self.clear(floor, floor.book.apply_row(row))
            return
        # The auction finds its price by itself; the band stands around it afterwards.
        floor.low, floor.high = 0, PRICE_MAX
        self.clear(floor, floor.book.apply_row(row))
        floor.set_band(floor.last or floor.reference(self.time_us), self.time_us)

    def _halt(self, floor: Floor) -> None:
        """A trade printed outside the band, or would have: stop, and meet again in an auction."""
        self._enter(floor, State.HALTED, Cause.VOLATILITY, self.time_us + max(1, floor.instrument.halt_us))

    def _quote(self, quote: Quote) -> Answer:
        floor = self._floor(quote.instrument)
        if not 0 < quote.price <= PRICE_MAX:
            raise Refused("quote.price", f"quote: {quote.price} was no price")
        if quote.at_us < floor.quote_at_us or quote.at_us > self.time_us:
            raise Refused("quote.time", f"quote: {quote.at_us} was before the last, {floor.quote_at_us}, or after the clock")
        row = (_INDEX, 0, 0, 0, 0, 0, quote.price, 0, 0, 0)
        self._write(Kind.QUOTE, quote.instrument, row, 0, quote.at_us)
        self._do_quote(floor, quote.price, quote.at_us, row)
        if floor.breached:
            self._halt(floor)
        elif floor.cause is Cause.STALE and not floor.is_stale(self.time_us):
            if floor.state is State.POST_ONLY:
                self._enter(floor, State.OPEN, Cause.SCHEDULE)
            elif floor.state is State.HALTED:
                self._enter(floor, State.CALL, Cause.SCHEDULE)
        return Answer()

    def _do_quote(self, floor: Floor, price: int, at_us: int, row: Row) -> None:
        floor.quoted, floor.quote_at_us = price, at_us
        if self.is_telling:
            self.facts.append(Referenced(self.sequence, self.time_us, floor.instrument.number, price, at_us))
        self.clear(floor, floor.book.apply_row(row))

    def _enter_if_stale(self, floor: Floor) -> None:
        """A reference that grows old lets orders only make, then halts."""
        if not floor.quoted or floor.state not in (State.OPEN, State.POST_ONLY):
            return
        age_us, halt_us = self.time_us - floor.quote_at_us, floor.instrument.stale_halt_us
        if halt_us and age_us > halt_us:
            self._enter(floor, State.HALTED, Cause.STALE)
        elif floor.state is State.OPEN and floor.is_stale(self.time_us):
            self._enter(floor, State.POST_ONLY, Cause.STALE)

    def _indicate(self, floor: Floor) -> None:
        """Tell where the auction would be now."""
        number = floor.instrument.number
        cross = indicated(
            (order for order in self.orders.values() if order.instrument == number), floor.reference(self.time_us)
        )  # fmt: skip
        price, lots, surplus = (cross.price, cross.lots, cross.surplus) if cross else (0, 0, 0)
        self.facts.append(Indicated(self.sequence, self.time_us, number, price, lots, surplus))
