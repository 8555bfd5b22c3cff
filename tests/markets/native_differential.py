"""A process of its own that compares a build of the native book with the reference book: `FOLDER SECONDS [SEED]`.

The build with sanitizers must be loaded into a process that began with their runtime; the suite's own has not.
"""

import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

from tests.markets.test_book_machine import commands
from tests.markets.test_native_book import SMALLEST, SPREADS, WIDEST, agree

from openscrip.markets.book import Book

COMMANDS = 4_000


def loaded(folder: Path) -> ModuleType:
    """The extension of that folder."""
    found = next(folder.glob("native_book*.so"))
    spec = importlib.util.spec_from_file_location("native_book", found)
    if spec is None or spec.loader is None:
        raise ImportError(f"native book: {found} could not be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(folder: str, seconds: str, seed: str = "0") -> None:
    """Compare on one seed after another until the time is over; prints how many commands were compared."""
    native, number, end = loaded(Path(folder)), int(seed), time.monotonic() + float(seconds)
    while True:
        given = commands(number, COMMANDS, SPREADS[number % len(SPREADS)])
        bits, activations = (SMALLEST, WIDEST)[number % 2], 3 if number % 5 == 0 else 10_000
        agree(Book(300, activations), native.NativeBook(bits, 300, activations), given)
        number += 1
        if time.monotonic() >= end:
            break
    print((number - int(seed)) * COMMANDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
