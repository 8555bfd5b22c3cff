"""One instrument's trading floor: its book, its state, its prices, and who makes a market there."""

from openscrip.markets.accounts import MARKET, Order, hold_price
from openscrip.markets.books import BookFace, make_book
from openscrip.markets.commands import Cause, State
from openscrip.markets.fees import RATE_ONE, hold_of
from openscrip.markets.instruments import FULL_BPS, Instrument
from openscrip.markets.makers import Programme
from openscrip.markets.orders import PRICE_MAX, Phase

PHASES = {
    State.CLOSED: Phase.HALTED,
    State.PRE_OPEN: Phase.CALL,
    State.CALL: Phase.CALL,
    State.OPEN: Phase.CONTINUOUS,
    State.POST_ONLY: Phase.CONTINUOUS,
    State.CANCEL_ONLY: Phase.HALTED,
    State.REDUCE_ONLY: Phase.CONTINUOUS,
    State.HALTED: Phase.HALTED,
    State.CORP_ACTION: Phase.HALTED,
    State.DELISTED: Phase.HALTED,
}
"""What the book does in each state."""


class Floor:
    """Mutable; `low` and `high` are the prices between which trades may print (`band` around `band_price`)."""

    __slots__ = (
        "band_at_us",
        "band_price",
        "base",
        "book",
        "bounds",
        "breached",
        "cause",
        "expiries",
        "high",
        "instrument",
        "last",
        "last_order",
        "lot_units",
        "low",
        "makers",
        "quote",
        "quote_at_us",
        "quoted",
        "scale",
        "schedule",
        "since_us",
        "state",
        "until_us",
        "usd_micros",
    )

    def __init__(self, instrument: Instrument, book: BookFace | None = None) -> None:
        self.book = make_book() if book is None else book
        self.state = State.CLOSED
        self.cause = Cause.SCHEDULE
        self.since_us = self.until_us = 0
        self.last = 0
        self.last_order = self.book.last_id
        """The highest id that the book has seen."""
        self.quoted = self.quote_at_us = 0
        self.band_price = self.band_at_us = 0
        self.low, self.high = 0, PRICE_MAX
        self.breached = False
        """A trade printed outside the band, or the book halted by itself, in the record at hand."""
        self.makers: dict[int, Programme] = {}
        self.expiries: list[tuple[int, int]] = []
        """A heap of times and the orders that expire then, those that ended before among them."""
        self.take_terms(instrument)

    def take_terms(self, instrument: Instrument) -> None:
        """Go by these terms; numbers that every order needs are kept at hand."""
        self.instrument = instrument
        self.base, self.quote = instrument.base.number, instrument.quote.number
        self.scale, self.lot_units = instrument.value_scale, instrument.lot_units
        self.usd_micros, self.schedule = instrument.quote.usd_micros, instrument.fees
        self.bounds = (
            instrument.number, instrument.tick, instrument.lots_min, instrument.cost_min, instrument.orders_max,
            instrument.reasonable_bps, instrument.stale_us,
        )  # fmt: skip
        self.set_band(self.band_price, self.band_at_us)

    def reference(self, now_us: int) -> int:
        """The price that collars stand around, in ticks: the quoted one while it is fresh, else the last trade's; or 0."""
        if self.quoted and not self.is_stale(now_us):
            return self.quoted
        return self.last or self.quoted

    def is_stale(self, now_us: int) -> bool:
        """Whether the quoted price is older than orders may take by."""
        stale_us = self.instrument.stale_us
        return stale_us > 0 and now_us - self.quote_at_us > stale_us

    def set_band(self, price: int, at_us: int) -> None:
        """Let trades print around `price` from now; 0: at any."""
        self.band_price, self.band_at_us = price, at_us
        bps = self.instrument.band_bps
        if price and bps:
            self.low = -(-price * (FULL_BPS - bps) // FULL_BPS)
            self.high = price * (FULL_BPS + bps) // FULL_BPS
        else:
            self.low, self.high = 0, PRICE_MAX

    def set_hold(self, order: Order) -> None:
        """Set what an order holds. A buy holds each lot's value and fee, rounded up, so that the fees of any fills fit in."""
        if order.side:
            order.hold_per_lot = self.lot_units
            order.held = self.lot_units * order.left
            return
        row = order.row
        if row[4] == MARKET and row[7]:
            # A market buy that spends: so many fills at most, the fee of each rounded up by less than one unit.
            order.hold_per_lot = 0
            order.held = hold_of(row[7] * self.scale, order.rate_max) + order.lots
            return
        ticks = hold_price(row[4], row[6], row[7], order.trigger) if order.is_waiting else order.price
        value = ticks * self.scale
        order.hold_per_lot = value - (-value * order.rate_max // RATE_ONE)
        order.held = order.hold_per_lot * order.left

    def needed(self, order: Order, price: int, left: int) -> int:
        """What a resting order would hold with that price and rest."""
        return self._per_lot(order, price) * left

    def needed_waiting(self, order: Order, trigger: int, price: int, lots: int) -> int:
        """What a waiting order would hold; a trigger or a limit of 0 stays as it is."""
        row = order.row
        return self._per_lot(order, hold_price(row[4], trigger or row[6], price or row[7], trigger or order.trigger)) * lots

    def _per_lot(self, order: Order, ticks: int) -> int:
        if order.side:
            return self.lot_units
        value = ticks * self.scale
        return value - (-value * order.rate_max // RATE_ONE)
