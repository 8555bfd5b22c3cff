"""The native order book on the made streams: messages per CPU-second, of every way in, and what the other order types cost.

Run alone: `python -m bench.book`. Each timed run's hash of all events is compared with that of another book, so a rate of
wrong events is no rate. Books that are compared run turn by turn. The clock is that of the thread's CPU.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from openscrip.markets.native import built_module
from openscrip.markets.streams import Rows, deep_stream, play, stream

TOOL = Path(__file__).resolve().parent.parent / "tools" / "native_book.py"
MESSAGES, DEEP_RESTING = 1_000_000, 200_000
BATCH, SMALL_BATCH, ROOM = 1_024, 64, 8_192
CALLS = 300_000
BUILD_S_MAX = 900


def book_figures(runs: int = 5) -> dict[str, list[float]]:
    """Millions of messages a CPU-second by name, nanoseconds of single messages, bytes an order, and the cost of all types."""
    module, rows = _built(), stream(MESSAGES)
    alone = _of_limits_alone()
    wanted = play(rows, module.NativeBook()).digest
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        every = _batches(module.NativeBook(), rows, BATCH, wanted)
        limits = _batches(alone.NativeBook(), rows, BATCH, wanted)
        measured = {
            "plain": every,
            "plain.limits_alone": limits,
            "plain.cost_of_every_type": limits / every,
            "batch_64": _batches(module.NativeBook(), rows, SMALL_BATCH, wanted),
            "calls": _calls(module, rows[:CALLS], "enter", "leave"),
            "calls.with_events": _calls(module, rows[:CALLS], "add", "cancel"),
            "calls.empty": _empty_calls(rows[:CALLS]),
            **_latency(module.NativeBook(), rows),
        }
        for name, value in measured.items():
            found.setdefault(name, []).append(value)
    filling, then = deep_stream(MESSAGES, DEEP_RESTING)
    for _ in range(runs):
        for name, value in _deep(module, filling, then).items():
            found.setdefault(name, []).append(value)
    return found


def _built() -> Any:
    module = built_module()
    if module is None:
        raise RuntimeError("bench: the native book was not built: run tools/native_book.py")
    return module


def _of_limits_alone() -> Any:
    """The same sources, built with limit orders alone."""
    command = [sys.executable, str(TOOL), "--limits-alone"]
    built = subprocess.run(command, capture_output=True, text=True, check=True, timeout=BUILD_S_MAX).stdout.strip()
    spec = spec_from_file_location("native_book", built)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"bench: {built} could not be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _batches(book: Any, rows: Rows, size: int, wanted: int | None = None) -> float:
    """Millions a CPU-second in batches, their slices of the table included. Events are stored, every one."""
    events = np.zeros((ROOM, 8), dtype=np.int64)
    batch, count = book.batch, len(rows)
    done, began = 0, time.thread_time()
    while done < count:
        done += batch(rows[done : done + size], events)[0]
    rate = count / (time.thread_time() - began) / 1e6
    if wanted is not None and book.digest != wanted:
        raise RuntimeError("bench: the events were not those of the stream")
    return rate


def _calls(module: Any, rows: Rows, add: str, cancel: str) -> float:
    """Millions a CPU-second with one call a message, the loop included."""
    book = module.NativeBook()
    rate = _looped(rows, getattr(book, add), getattr(book, cancel))
    if book.digest != play(rows, module.NativeBook()).digest:
        raise RuntimeError("bench: the events were not those of the stream")
    return rate


def _empty_calls(rows: Rows) -> float:
    """The same loop around methods that do nothing: what no book can be faster than."""

    class Empty:
        def add(self, order: int, owner: int, side: int, price: int, lots: int) -> None:
            pass

        def cancel(self, order: int) -> None:
            pass

    return _looped(rows, Empty().add, Empty().cancel)


def _looped(rows: Rows, add: Callable[..., Any], cancel: Callable[..., Any]) -> float:
    given = [(row[0], row[1], row[2], row[3], row[6], row[5]) for row in rows.tolist()]
    began = time.thread_time()
    for op, order, owner, side, price, lots in given:
        if op == 1:
            add(order, owner, side, price, lots)
        else:
            cancel(order)
    return len(given) / (time.thread_time() - began) / 1e6


def _latency(book: Any, rows: Rows) -> dict[str, float]:
    """Wall nanoseconds of each single message, the clock's own included."""
    taken = np.array(book.batch_timed(rows))
    return {f"message.p{share}": float(np.percentile(taken, share)) for share in (50, 99, 99.9)}


def _deep(module: Any, filling: Rows, then: Rows) -> dict[str, float]:
    before, book = _resident_bytes(), module.NativeBook()
    _batches(book, filling, BATCH)
    bytes_each = (_resident_bytes() - before) / book.resting
    return {"deep": _batches(book, then, BATCH), "deep.bytes_an_order": bytes_each, "deep.resting": float(book.resting)}


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    figures = book_figures(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    print(json.dumps({name: [round(statistics.median(values), 2), round(max(values), 2)] for name, values in figures.items()}))
