"""Hedges at the broker, through crashes: every fill and every order is on the disk before anything is done because of it."""

from threading import Lock

from openscrip.assets.broker import Broker, Order, OrderProgress, OrderState
from openscrip.client.line_file import LineFile
from openscrip.client.market_maker.hedging import after, done_line, fill_line, hedge, order_line, standing_of
from openscrip.client.market_maker.reference import Reference
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Bps
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import Shares

LIMIT_BPS = Bps(100)


class HedgeDesk:
    """One stock's exposure and the orders against it. `name` makes the orders' ids, and is never used for another file.

    An order that may or may not have reached the broker is sent again under its id, which the broker executes once.
    """

    def __init__(self, name: str, symbol: str, broker: Broker, file: LineFile, limit_bps: Bps = LIMIT_BPS) -> None:
        self._name, self._symbol, self._broker, self._file, self._limit_bps = name, symbol, broker, file, limit_bps
        # Fills are recorded by the loop while a thread waits for the broker.
        self._writing = Lock()
        self._standing = standing_of(file)
        self._fills = {line["id"] for line in file if line["type"] == "fill"}

    @property
    def exposure_grains(self) -> int:
        """Tokens bought and not yet hedged, in 1e-8 raw; below zero, sold."""
        return self._standing.exposure_grains

    def knows(self, fill_id: str) -> bool:
        """Whether a trade at the venue was recorded."""
        return fill_id in self._fills

    def record(self, fill_id: str, bought: bool, lots: int, lot_decimals: int) -> bool:
        """A trade at the venue, and whether it is new: the same id again changes nothing."""
        if fill_id in self._fills:
            return False
        self._fills.add(fill_id)
        self._write(fill_line(fill_id, bought, lots, lot_decimals))
        return True

    def step(self, reference: Reference) -> None:
        """Look after the order under way, or send the next one. Raises `Unavailable`; then nothing was forgotten."""
        order = self._standing.under_way
        if order is None:
            order = hedge(self._name, self._symbol, self._standing, reference, self._limit_bps)
            if order is None:
                return
            self._write(order_line(order))
        progress = self._broker.order(order.client_order_id)
        if progress is None:
            self._send(order, reference.multiplier)
        elif progress.status in {OrderState.DONE, OrderState.REJECTED}:
            self._finish(order, progress, reference.multiplier)

    def _send(self, order: Order, multiplier: Multiplier) -> None:
        try:
            self._broker.place(order)
        except Refused:
            self._write(done_line(order, Shares(0), multiplier))

    def _finish(self, order: Order, progress: OrderProgress, multiplier: Multiplier) -> None:
        self._write(done_line(order, progress.filled, multiplier))

    def _write(self, line: dict[str, object]) -> None:
        with self._writing:
            self._file.append(line)
            self._standing = after(self._standing, line)
