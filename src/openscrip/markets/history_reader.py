"""What REST and WebSocket may ask of the venue's history.

Every question sees all that was told to the history before it was asked: an order that was just filled is found. What is
`async` is read from the column store in a thread; the rest is kept in memory and answers at once.
"""

from collections.abc import Sequence
from typing import Protocol

from openscrip.markets.history_rows import (
    Amendment,
    Candle,
    ClosedOrder,
    Execution,
    LedgerRow,
    Spread,
    Ticker,
    Trade,
)

INTERVALS_MIN = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)
"""Candle intervals in minutes; each begins at a whole multiple since 1970, as Kraken's do."""
CANDLES_MAX, TRADES_MAX, SPREADS_MAX, PAGE = 720, 1_000, 200, 50


class HistoryReader(Protocol):
    """Reading what happened. `account` limits every private question to that account's own rows."""

    # market data

    def ticker(self, instrument: int, now_us: int) -> Ticker:
        """Trades of today and of the last 24 hours, from memory."""
        ...

    def candle(self, instrument: int, interval_min: int) -> Candle | None:
        """The newest candle of an interval, from memory; None before the first trade."""
        ...

    def spreads(self, instrument: int, since_us: int = 0) -> list[Spread]:
        """The newest changes of the best bid and ask after `since_us`, oldest first, at most `SPREADS_MAX`; from memory."""
        ...

    async def trades(self, instrument: int, since: int | None = None, count: int = TRADES_MAX) -> list[Trade]:
        """Trades whose `Trade.since` is above `since`, oldest first; with None the newest `count`, oldest first."""
        ...

    async def candles(self, instrument: int, interval_min: int, since_s: int | None, now_us: int) -> list[Candle]:
        """The newest candles, oldest first, at most `CANDLES_MAX`, those that begin at `since_s` or later.

        From the first trade on none is missing: where nothing traded, all four prices are the close before, `lots` is 0.
        The last one is not over yet. Raises `Malformed("interval.unknown")`.
        """
        ...

    # an account's own

    async def closed_orders(
        self,
        account: int,
        *,
        start_us: int = 0,
        end_us: int = 2**62,
        offset: int = 0,
        limit: int = PAGE,
        by_open: bool = False,
        by_close: bool = True,
        user_reference: int | None = None,
        client_id: str | None = None,
    ) -> tuple[list[ClosedOrder], int]:
        """A page, newest first, and how many there are in all, after `start_us` up to `end_us` of opening or closing."""
        ...

    async def orders(self, account: int, orders: Sequence[int]) -> list[ClosedOrder]:
        """Closed orders by their ids, as far as they are this account's."""
        ...

    async def orders_named(self, account: int, *, client_id: str = "", user_reference: int = 0) -> list[ClosedOrder]:
        """Closed orders by the client's own id or reference, newest first, at most `PAGE`."""
        ...

    async def amendments(self, account: int, order: int) -> list[Amendment]:
        """The changes of an order, oldest first; the first row is the order as it was placed."""
        ...

    async def executions(
        self,
        account: int,
        *,
        start_us: int = 0,
        end_us: int = 2**62,
        offset: int = 0,
        limit: int = PAGE,
        is_maker: bool | None = None,
    ) -> tuple[list[Execution], int]:
        """A page, newest first, and how many there are in all, after `start_us` up to `end_us`."""
        ...

    async def executions_by_id(self, account: int, ids: Sequence[int]) -> list[Execution]:
        """Executions by their ids, as far as they are this account's."""
        ...

    async def executions_of(self, account: int, orders: Sequence[int]) -> list[Execution]:
        """The executions of some orders, open ones too, oldest first."""
        ...

    async def ledgers(
        self,
        account: int,
        *,
        assets: Sequence[int] = (),
        kind: str = "",
        start_us: int = 0,
        end_us: int = 2**62,
        offset: int = 0,
        limit: int = PAGE,
    ) -> tuple[list[LedgerRow], int]:
        """A page of the account's ledger, newest first, and how many there are in all; no `assets` are all of them."""
        ...

    async def ledgers_by_id(self, account: int, ids: Sequence[int]) -> list[LedgerRow]:
        """Ledger rows by their ids, as far as they are this account's."""
        ...

    async def volume_30d(self, account: int, now_us: int) -> dict[int, int]:
        """What an account traded in the last 30 days, in units of the quote, by the number of the quote asset."""
        ...
