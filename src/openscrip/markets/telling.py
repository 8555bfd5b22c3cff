"""Facts of orders and trades, made where they happen: the part of the clearing that tells."""

from collections.abc import Sequence

from openscrip.markets.accounts import MARKETS, Order
from openscrip.markets.commands import Cause
from openscrip.markets.compact import Rows
from openscrip.markets.facts import (
    Ending,
    Fact,
    OrderAmended,
    OrderDone,
    OrderNew,
    OrderRefilled,
    OrderTraded,
    OrderTriggered,
    Printed,
)
from openscrip.markets.floors import Floor
from openscrip.markets.orders import SelfTrade

_SELF_TRADES = tuple(SelfTrade)


class Telling:
    """Facts since somebody asked. `sequence` and `time_us` are those of the record at hand."""

    def __init__(self) -> None:
        self.facts: list[Fact | Rows] = []
        self.is_telling = True
        self.sequence = 0
        self.time_us = 0
        self.trades = 0
        self.entries = 0

    def _tell_new(self, order: Order) -> None:
        self.facts.append(
            OrderNew(
                self.sequence, self.time_us, order.id, order.owner.number, order.instrument, order.side, order.lots,
                order.terms, _SELF_TRADES[order.row[8] >> 4], order.client_id, order.user_reference, order.reduce_only,
                order.held,
            )
        )  # fmt: skip

    def _tell_done(self, order: Order, ending: Ending, cause: Cause) -> None:
        self.facts.append(
            OrderDone(
                self.sequence, self.time_us, order.id, order.owner.number, order.instrument, order.side, order.client_id,
                order.user_reference, ending, cause, order.left, order.filled, order.cost, order.fees,
            )
        )  # fmt: skip

    def _tell_amended(self, order: Order, kept: bool) -> None:
        self.facts.append(
            OrderAmended(
                self.sequence, self.time_us, order.id, order.owner.number, order.instrument, order.client_id,
                order.user_reference, order.lots, order.left, order.price, order.display, order.trigger, kept,
            )
        )  # fmt: skip

    def _tell_triggered(self, order: Order, price: int) -> None:
        self.facts.append(
            OrderTriggered(
                self.sequence, self.time_us, order.id, order.owner.number, order.instrument, order.client_id,
                order.user_reference, price,
            )
        )  # fmt: skip

    def _tell_refilled(self, order: Order, lots: int, left: int) -> None:
        self.facts.append(
            OrderRefilled(
                self.sequence, self.time_us, order.id, order.owner.number, order.instrument, order.client_id,
                order.user_reference, lots, left,
            )
        )  # fmt: skip

    def _tell_trade(
        self, floor: Floor, both: tuple[Order, Order], side: int, price: int, lots: int, value: int, fees: Sequence[int],
        in_auction: bool,
    ) -> None:  # fmt: skip
        """Two sides, then the print. Four rows of ledgers were counted before."""
        sequence, time_us, trade, instrument = self.sequence, self.time_us, self.trades, floor.instrument.number
        taker, maker = both
        takes, makes, base, quote, entry = taker.owner, maker.owner, floor.base, floor.quote, self.entries - 3
        self.facts += (
            OrderTraded(
                sequence, time_us, trade, taker.id, takes.number, instrument, taker.side, taker.client_id,
                taker.user_reference, in_auction, price, lots, value, fees[0], taker.left, taker.filled, taker.cost, taker.fees,
                entry, takes.balances[base], takes.balances[quote],
            ),
            OrderTraded(
                sequence, time_us, trade, maker.id, makes.number, instrument, maker.side, maker.client_id,
                maker.user_reference, True, price, lots, value, fees[1], maker.left, maker.filled, maker.cost, maker.fees,
                entry + 2, makes.balances[base], makes.balances[quote],
            ),
            Printed(sequence, time_us, trade, instrument, side, price, lots, value, taker.row[4] in MARKETS, in_auction),
        )  # fmt: skip
