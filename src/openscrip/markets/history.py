"""The venue's history: it hears facts and keeps them in a column store (DuckDB), and answers what REST and WebSocket ask.

Writing is done by a thread in batches, each fact once; what was missed is taken from the journal (`following`). Reading is
done by another; every question waits until what was told before it is written.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import duckdb

from openscrip.kernel.errors import Unavailable
from openscrip.markets import history_questions as questions
from openscrip.markets.candles import Tape, begin_of, refuse_unknown, without_gaps
from openscrip.markets.compact import is_rows
from openscrip.markets.facts import Printed
from openscrip.markets.following import FACTS_MAX, Facts, Follower, Passing
from openscrip.markets.history_reader import CANDLES_MAX, PAGE, TRADES_MAX
from openscrip.markets.history_recording import Recorder
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
from openscrip.markets.history_tables import open_tables, position_of, write
from openscrip.markets.instruments import Directory

READERS = 2
BATCH_MAX, GATHER_S = 40_000, 0.5
"""An insert costs as much as a thousand rows, so rows that nobody asks for are written seldom and many at once."""
PAUSE_S = 0.002
"""After each piece of a batch, unless somebody waits for it: turning a whole one at once held up orders for 20 ms."""
WRITTEN_WITHIN_S = 10.0
"""A question waits so long for what was told before it; then the store is taken for unavailable."""
SECOND_US = 1_000_000

T = TypeVar("T")


class History:
    """Consumer and `HistoryReader` in one, over the file at `path`.

    `again(sequence)` gives the facts after that record out of the journal, all those of one record in one list. Call
    `start` before the first fact, `hear` with what is durable, and `stop` in the end.
    """

    def __init__(
        self,
        path: Path,
        directory: Directory,
        again: Callable[[int], Iterator[Facts]],
        *,
        facts_max: int = FACTS_MAX,
        on_trouble: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        self._connection = open_tables(path)
        self._recorder = Recorder(directory, questions.last_since(self._connection), self._pause)
        self._follower = Follower(
            "history", position_of(self._connection), self._write, again, facts_max=facts_max, batch_max=BATCH_MAX,
            gather_s=GATHER_S, on_trouble=on_trouble,
        )  # fmt: skip
        self._pool = ThreadPoolExecutor(READERS, "history-reader")
        self._tapes: dict[int, Tape] = {}

    # a consumer

    @property
    def position(self) -> int:
        """The last record whose facts are kept. The journal must hold what came after it."""
        return self._follower.position

    @property
    def trouble(self) -> BaseException | None:
        """Why nothing is written now; None while all is well."""
        return self._follower.trouble

    def start(self, up_to: int, timeout_s: float | None = None) -> None:
        """Catch up with the journal to the record `up_to`, and go on from there. Raises `Unavailable`."""
        self._follower.start(up_to)
        if not self._follower.reached(up_to, timeout_s):
            raise Unavailable(f"history: could not catch up to {up_to}: {self.trouble}")
        self._tapes = questions.tapes(self._connection.cursor())

    def hear(self, facts: Facts) -> None:
        """Take facts that are durable; returns at once."""
        for fact in facts:
            if is_rows(fact):
                for instrument, time_us, *rest, last_lots in fact.traded():
                    self._tape(instrument).traded(Candle(begin_of(time_us // SECOND_US, 1), *rest), last_lots)
            elif type(fact) is Printed:
                self._tape(fact.instrument).trade(fact.time_us, fact.price, fact.lots)
        self._follower.hear(facts)

    def quoted(self, instrument: int, time_us: int, bid: int, ask: int) -> None:
        """The best bid and ask of an instrument changed."""
        self._tape(instrument).quoted(time_us, bid, ask)

    def stop(self) -> None:
        """Write what waits, and close the store."""
        self._follower.stop()
        self._pool.shutdown()
        self._connection.close()

    def _write(self, facts: Facts, last: int) -> None:
        try:
            write(self._connection, self._recorder.columns(facts), last)
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise Passing(f"history: {error}") from error

    def _pause(self) -> None:
        if not self._follower.is_waited_for:
            time.sleep(PAUSE_S)

    def _tape(self, instrument: int) -> Tape:
        tape = self._tapes.get(instrument)
        if tape is None:
            tape = self._tapes[instrument] = Tape()
        return tape

    # a reader

    def ticker(self, instrument: int, now_us: int) -> Ticker:
        """As `HistoryReader.ticker`."""
        return self._tape(instrument).ticker(now_us)

    def candle(self, instrument: int, interval_min: int) -> Candle | None:
        """As `HistoryReader.candle`."""
        refuse_unknown(interval_min)
        return self._tape(instrument).candle(interval_min)

    def spreads(self, instrument: int, since_us: int = 0) -> list[Spread]:
        """As `HistoryReader.spreads`."""
        return self._tape(instrument).spreads(since_us)

    async def _asked(self, question: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """The answer of a thread, once everything that was told so far is written. Raises `Unavailable`."""
        told = self._follower.heard

        def answered() -> T:
            if not self._follower.reached(told, WRITTEN_WITHIN_S):
                raise Unavailable(f"history: is behind at {self.position}, {told} was asked for: {self.trouble}")
            with self._connection.cursor() as cursor:
                return question(cursor)

        return await asyncio.get_running_loop().run_in_executor(self._pool, answered)

    async def trades(self, instrument: int, since: int | None = None, count: int = TRADES_MAX) -> list[Trade]:
        """As `HistoryReader.trades`."""
        return await self._asked(lambda cursor: questions.trades(cursor, instrument, since, min(count, TRADES_MAX)))

    async def candles(self, instrument: int, interval_min: int, since_s: int | None, now_us: int) -> list[Candle]:
        """As `HistoryReader.candles`."""
        refuse_unknown(interval_min)
        now_s = now_us // SECOND_US
        found = await self._asked(lambda cursor: questions.candles(cursor, instrument, interval_min, now_s, CANDLES_MAX))
        return [each for each in without_gaps(found, interval_min, now_s) if since_s is None or each.begin_s >= since_s]

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
        """As `HistoryReader.closed_orders`."""
        asked = questions.Closed(account, start_us, end_us, by_open, by_close, user_reference, client_id)
        return await self._asked(lambda cursor: questions.closed_orders(cursor, asked, offset, limit))

    async def orders(self, account: int, orders: Sequence[int]) -> list[ClosedOrder]:
        """As `HistoryReader.orders`."""
        return await self._asked(lambda cursor: questions.orders(cursor, account, orders))

    async def orders_named(self, account: int, *, client_id: str = "", user_reference: int = 0) -> list[ClosedOrder]:
        """As `HistoryReader.orders_named`."""
        asked = questions.Closed(account, user_reference=user_reference or None, client_id=client_id or None)
        return (await self._asked(lambda cursor: questions.closed_orders(cursor, asked, 0, PAGE)))[0]

    async def amendments(self, account: int, order: int) -> list[Amendment]:
        """As `HistoryReader.amendments`."""
        return await self._asked(lambda cursor: questions.amendments(cursor, account, order))

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
        """As `HistoryReader.executions`."""
        asked = account, start_us, end_us, is_maker
        return await self._asked(lambda cursor: questions.executions(cursor, asked, offset, limit))

    async def executions_by_id(self, account: int, ids: Sequence[int]) -> list[Execution]:
        """As `HistoryReader.executions_by_id`."""
        return await self._asked(lambda cursor: questions.executions_with(cursor, account, "id", ids))

    async def executions_of(self, account: int, orders: Sequence[int]) -> list[Execution]:
        """As `HistoryReader.executions_of`."""
        return await self._asked(lambda cursor: questions.executions_with(cursor, account, "order", orders))

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
        """As `HistoryReader.ledgers`."""
        asked = account, list(assets), kind, start_us, end_us
        return await self._asked(lambda cursor: questions.ledgers(cursor, asked, offset, limit))

    async def ledgers_by_id(self, account: int, ids: Sequence[int]) -> list[LedgerRow]:
        """As `HistoryReader.ledgers_by_id`."""
        return await self._asked(lambda cursor: questions.ledgers_by_id(cursor, account, ids))

    async def volume_30d(self, account: int, now_us: int) -> dict[int, int]:
        """As `HistoryReader.volume_30d`."""
        found = await self._asked(lambda cursor: questions.volumes(cursor, account, now_us))
        return self._recorder.by_quote(found)
