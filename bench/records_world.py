"""The records and the second API over 1,000 stocks, 100,000 clients and 1,000,000 orders: questions asked and time taken.

`python -m bench.records_world` fills a SQLite database of its own, or takes the one of `--kept FOLDER`, filling it if it is not
there. Time is this process's CPU time, so that a busy machine does not show; questions are counted at the database.
"""

import argparse
import gc
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from openscrip.api.public.limits import Rate
from openscrip.api.v2 import api_v2
from openscrip.assets.accounts import CHART
from openscrip.assets.compliance.persons import Wallet
from openscrip.assets.stock import Stock
from openscrip.bootstrap.platform import REGISTERED
from openscrip.issuance.clients import ClientWallet
from openscrip.issuance.coverage import ChainLine, Coverage, CustodyLine, series_of
from openscrip.issuance.journey import Journey, Milestone
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Parcel, Subscription
from openscrip.issuance.terms import Terms
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.clock import SteppedClock, instant
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.records.networks import Network
from openscrip.runtime.api_keys import Scope, make_key
from openscrip.runtime.codec import Codec
from openscrip.runtime.database import open_database, sqlite_url, upgrade
from openscrip.runtime.prepared import Session
from openscrip.runtime.samples import person_of
from openscrip.runtime.sql import SqlStore

STOCKS, CLIENTS, ORDERS = 1_000, 100_000, 1_000_000
NOW = instant("2024-06-28T15:00:00Z")
NETWORKS = {"evm": Network("evm", "eip155:31337", 18, "Ethereum"), "solana": Network("solana", "solana:local", 8, "Solana")}
ASKED = 40
INSERT = "INSERT INTO row (kind, id, stock, state, body, person) VALUES (?, ?, ?, ?, ?, ?)"
SAMPLE = "INSERT INTO sample (series, at, until, value, body) VALUES (?, ?, ?, ?, ?)"
FAST = ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000")
"""How a database is filled that is made anew if anything goes wrong."""
SAMPLES_EACH, SAMPLES_MANY = 40, 30_000


def symbol(number: int) -> str:
    """`S0042`."""
    return f"S{number:04d}"


def address(number: int) -> str:
    """An address that nobody has the key of."""
    return f"0x{number:040x}"


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of everything."""

    stocks: int = STOCKS
    clients: int = CLIENTS
    orders: int = ORDERS


def stock_rows(count: int) -> Iterator[Any]:
    """Stocks, each as it was seen last."""
    for number in range(count):
        name, multiplier = symbol(number), Multiplier.parse("1.000912875558", 3)
        tokens = (("evm", address(number)), ("solana", f"So{number:040d}"))
        yield Stock(name, f"US{number:09d}0", "SEG", f"{name}x", tokens, multiplier, price=PricePerShare.parse("187.43"))
        chains = tuple(ChainLine(chain, token, 900, RawAmount.parse("500"), multiplier, 0) for chain, token in tokens)
        said: Any = ("PAPER", "SEG", 77, NOW - 20, 0, Shares.whole(1_002), *[Shares(0)] * 9, "ab" * 32, True)
        custody = CustodyLine(*said)
        yield Coverage(
            name, name, "covered", NOW - 10, NOW - 9_000, Shares.whole(1_002), Shares.parse("1000.912875558"), 0, 0,
            RawAmount(0), Shares(0), multiplier, chains, (custody,),
        )  # fmt: skip


def client_rows(count: int) -> Iterator[Any]:
    """Clients' wallets."""
    for number in range(count):
        wallet = Wallet("evm", address(number), f"c{number}", True)
        yield ClientWallet(f"evm:{address(number)}", wallet)


def order_rows(chance: random.Random, size: Size) -> Iterator[Any]:
    """Orders, one in ten a redemption, each with its journey. One client has very many."""
    trail = tuple(Milestone(name, NOW - 5_000) for name in ("awaiting_payment", "buying", "minting", "completed"))
    parcel = Parcel(1, Shares.whole(2), (), RawAmount.parse("1.9981"), 1, "minted")
    bought = Subscription(
        "o", "S", "p", "evm", "0x1", Shares.whole(2), PricePerShare.parse("187.43"), Money.parse("400"), False, NOW - 5_000,
        paid=Money.parse("400"), charged=Money.parse("380"), parcels=(parcel,), state="completed",
    )  # fmt: skip
    given = Redemption(
        "o", "S", "p", "evm", "0x1", RawAmount.parse("2"), RedemptionKind.CASH, "", 1, NOW - 5_000, state="completed"
    )
    for number in range(size.orders):
        client = f"c{chance.randrange(size.clients)}" if number % 20 else "c7"
        name, stock = f"o{number}", symbol(chance.randrange(size.stocks))
        row: Any = given if number % 10 == 3 else bought
        yield replace(row, id=name, stock=stock, person=client)
        yield Journey(name, stock, client, trail)


def fill(file: Path, size: Size = Size()) -> None:
    """Write the world into a new database, as the store would."""
    engine = open_database(sqlite_url(file))
    upgrade(engine)
    engine.dispose()
    codec, chance = Codec(REGISTERED), random.Random(7)
    with closing(sqlite3.connect(file)) as database:
        for pragma in FAST:
            database.execute(pragma)
        for rows in (stock_rows(size.stocks), client_rows(size.clients), order_rows(chance, size)):
            database.executemany(INSERT, (_values(codec, row) for row in rows))
        for number in range(size.stocks):
            many = SAMPLES_MANY if number == 42 else SAMPLES_EACH
            step = 30 * 86_400 // many
            body = f"{Shares.whole(1_002).atoms} {Shares.whole(1_001).atoms} 1000 0 covered"
            ends = [NOW - place * step for place in range(many)]
            samples = ((series_of(symbol(number)), at - 1, at, 10**8 + at % 9, body) for at in ends)
            database.executemany(SAMPLE, samples)
        database.commit()


def _values(codec: Codec, row: Any) -> tuple[str, ...]:
    return codec.kind(row), row.id, row.stock, str(row.state), codec.encode(row), person_of(row)


class NoBalances:
    """An index that knows nothing: it is measured elsewhere (`bench.index`)."""

    def held_by(self, holders: Sequence[str]) -> Mapping[tuple[str, str, str], RawAmount]:
        """Nothing."""
        return {}


class Office:
    """As much of an office as reading needs."""

    def __init__(self, store: SqlStore) -> None:
        self.store, self.clock = store, SteppedClock(NOW)
        self.terms, self.networks, self.balances, self.reports = Terms(), NETWORKS, NoBalances(), Path("nowhere")
        self.clock_mode, self.simulated, self.webhook_master = "live", (), b"x" * 32

    def now(self) -> int:
        """Market time."""
        return self.clock.now()

    def read_up_to(self) -> Mapping[str, int]:
        """How far the index was read."""
        return {"evm": 900}


class Counted:
    """Counts what is asked of the database."""

    def __init__(self) -> None:
        self.count = 0
        plain: Callable[..., list[Any]] = Session.all

        def counted(session: Session, prepared: Any, given: Any) -> list[Any]:
            self.count += 1
            return plain(session, prepared, given)

        Session.all = counted  # type: ignore[method-assign,assignment]  # counting is what this process is for


def paths() -> dict[str, Callable[[int], str]]:
    """What is asked, by its name."""
    return {
        "assets, a page of 50": lambda n: f"/public/assets?limit=50&after={_after(n)}",
        "one asset": lambda n: f"/public/assets/{symbol(n)}",
        "proof of reserves, a page": lambda n: f"/public/proof-of-reserves?after={_after(n)}",
        "proof of one": lambda n: f"/public/proof-of-reserves/{symbol(n)}",
        "coverage, 30,000 samples": lambda n: "/public/assets/S0042/coverage",
        "coverage, few samples": lambda n: f"/public/assets/{symbol(n)}/coverage",
        "system status": lambda n: "/public/system/status",
        "orders of a client with 50,000": lambda n: "/client/orders",
        "one order": lambda n: "/client/orders/o0",
        "queues of the desk": lambda n: "/desk/queues",
    }


def _after(number: int) -> str:
    from openscrip.api.public.paging import cursor_of  # noqa: PLC0415

    return cursor_of(symbol(number * 20 % STOCKS))


def measure(store: SqlStore) -> dict[str, dict[str, float]]:
    """Questions, and CPU milliseconds at the median and the 95th percentile, of each path."""
    office: Any = Office(store)
    office.market = None
    with store.transaction() as unit:
        key = make_key(unit, "c7", "bench", tuple(Scope), "bench", NOW)[1]
    api = TestClient(api_v2(office, rate=Rate(10**6, 10.0**6), key_rate=Rate(10**6, 10.0**6)), base_url="http://127.0.0.1")
    asked, found = Counted(), {}
    api.get("/public/assets")
    gc.collect()
    gc.freeze()  # as the process of the pages does once it has started
    for name, path in paths().items():
        took_ms: list[float] = []
        questions = 0
        for number in range(ASKED + 3):
            asked.count, began = 0, time.process_time()
            answer = api.get(path(number), headers={"X-API-Key": key})
            if answer.status_code != 200:
                raise SystemExit(f"{path(number)} was answered {answer.status_code}: {answer.text}")
            if number >= 3:
                took_ms.append((time.process_time() - began) * 1_000)
            questions = max(questions, asked.count)
        took_ms.sort()
        middle, late = statistics.median(took_ms), took_ms[int(ASKED * 0.95) - 1]
        found[name] = {"questions": questions, "p50_ms": round(middle, 1), "p95_ms": round(late, 1)}
    return found


def main() -> None:
    """Fill, measure, tell."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kept", type=Path, default=None, help="a folder to keep the database in")
    kept = options.parse_args().kept
    with tempfile.TemporaryDirectory() as folder:
        file = (kept or Path(folder)) / "world.db"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            fill(file)
        store = SqlStore(open_database(sqlite_url(file)), CHART, REGISTERED)
        try:
            print(json.dumps(measure(store), indent=1))
        finally:
            store.close()


if __name__ == "__main__":
    main()
