"""Every page of all faces over 1,000 stocks, 100,000 holders and 1,000,000 orders: what the server spends on it.

`python -m bench.pages_scale` fills databases of its own; `--kept FOLDER` keeps them, `--only TEXT` asks the pages whose name
holds it, `--postgres` asks them over a PostgreSQL server. Time is this process's CPU time (a busy machine does not show) and
the wall's, questions are counted at the database, weight is the page's as it goes over the wire. The books, the index,
sessions, routes and templates are the real ones, the venue a process that answers as one with two pairs of each stock; chains
answer each balance after a millisecond.
"""

import argparse
import gc
import json
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bench.pages_postgres import Databases, in_postgres
from bench.pages_venue import a_venue
from bench.pages_world import AGENT, INVESTOR, MACHINE_NOW, OPERATOR, OTHER, build
from bench.records_world import NETWORKS, NOW, Size, symbol
from openscrip.assets.accounts import CHART
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.compliance.identities.paper import PaperIdentity
from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import build_books
from openscrip.bootstrap.compliance import build_compliance
from openscrip.bootstrap.npm import node_modules
from openscrip.bootstrap.platform import REGISTERED
from openscrip.bootstrap.web_rails import PlatformRails
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.deposits import owner_of_wallet
from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.primary_market import PrimaryMarket
from openscrip.issuance.terms import Terms, hours_at
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.database import open_database, sqlite_url
from openscrip.runtime.settings import Settings
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.web_settings import WebLine
from openscrip.web.app import web_application
from openscrip.web.public_office import ChainRead, PowersSeen
from openscrip.web.rails import ChainFacts
from openscrip.web.shell.assets import read_assets
from openscrip.web.shell.current import Shell
from openscrip.web.shell.limits import Limits
from openscrip.web.shell.render import environment
from openscrip.web.shell.rows import SHELL_ROWS
from openscrip.web.trading import Candle, MarketNow, TradedPair
from openscrip.web.venue_door import VenueDoor

ORIGIN = "https://localhost:8443"
ASKED, FIRST = 30, 3
BESIDE = ("activity past", "venue past")
"""Threads that read what is over beside the first requests: the others are measured when they are done."""
CHAIN_S = 0.001
KINDS = tuple(dict.fromkeys((*SHELL_ROWS, *REGISTERED)))
CHAINS = {"evm": ChainFacts("evm", "evm", "EVM chain", 31_337), "solana": ChainFacts("solana", "solana", "Solana", 0)}
TOLD = re.compile(r'app;dur=([0-9.]+), db;dur=[0-9.]+;desc="([0-9]+)"')


class BenchRails:
    """Chains that answer after a millisecond; what the ledger says is read as the platform reads it."""

    booked_at, movements = PlatformRails.booked_at, PlatformRails.movements

    def __init__(self, index: IndexStore, platform: Any) -> None:
        self._index, self._platform = index, platform

    def chains(self) -> Mapping[str, ChainFacts]:
        """Both."""
        return CHAINS

    def tokens(self, stock: Stock, chain: str, wallet: str) -> RawAmount:
        """As the index has it."""
        time.sleep(CHAIN_S)
        return self._index.held(chain, stock.token(chain), wallet)

    def coins(self, coin: Stablecoin, wallet: str) -> Money:
        """None."""
        time.sleep(CHAIN_S)
        return Money(0)


class BenchTrading:
    """A line to a venue with two pairs of each stock, as it is known a second long."""

    is_open, gives_play_money, public_socket, private_socket = True, False, "ws://127.0.0.1:1", "ws://127.0.0.1:2"

    def __init__(self, size: Size) -> None:
        names = [f"{symbol(number)}x" for number in range(size.stocks)]
        known = [(name, quote) for name in names for quote in ("USD", "TUSD")]
        self._pairs = [TradedPair(f"{n}{q}", f"{n}/{q}", n, q, 2, 8, 2_600, (3, 2)) for n, q in known]

    def pairs(self) -> Sequence[TradedPair]:
        """All."""
        return self._pairs

    def markets(self) -> Sequence[MarketNow]:
        """All."""
        return [MarketNow(pair, "open", 18_743, 18_740, None) for pair in self._pairs]

    def candles(self, pair: str, minutes: int) -> Sequence[Candle]:
        """A venue's whole answer."""
        return [Candle(NOW - n * 60, "187.40", "187.50", "187.30", "187.43", "12.5") for n in range(720)]

    def seat(self, person: str) -> None:
        """Nobody's."""


@dataclass
class BenchPublic:
    """`PublicOffice`."""

    index: IndexStore
    reports: Path
    venue: VenueDoor
    networks: Any = None
    entities_file: str = ""

    def __post_init__(self) -> None:
        self.networks = NETWORKS

    def read_up_to(self) -> Sequence[ChainRead]:
        """As the platform's."""
        found: dict[str, int] = {}
        for chain, cursor in self.index.deployments():
            found[chain] = min(found.get(chain, cursor.number), cursor.number)
        return [ChainRead(chain, block) for chain, block in found.items()]

    def powers(self) -> PowersSeen:
        """None that could be read."""
        return PowersSeen(NOW)


class Door:
    """Nothing runs beside."""

    def get(self, path: str, **_: str) -> Any:
        """Nobody answers."""
        raise Unavailable(f"platform: nobody answers {path}")


class NoVenueMoney:
    """`VenueDesk` where no venue was founded."""

    is_founded = False


class BenchOffice:
    """`Office` over the world."""

    solana_cluster, clock_mode, simulated, practice, nudges = "localnet", "live", ("broker",), None, 0
    chain_ids: Mapping[str, int] = {"evm": 31_337}

    def __init__(self, folder: Path, venue: VenueDoor, size: Size, databases: Databases) -> None:
        self.engine = open_database(databases.world)
        self.store = SqlStore(self.engine, CHART, KINDS, self.now)
        index = IndexStore.open(databases.index)
        (folder / "reports").mkdir(exist_ok=True)
        self.public = BenchPublic(index, folder / "reports", venue)
        self.terms, self.calendar, self.door = Terms(), new_york_calendar(), Door()
        self.contracts: dict[str, Any] = {}
        self.books = build_books(self.terms, self.now)
        PaperIdentity(folder / "identity").open()
        self.room = build_compliance(Settings(folder), self.store, self.now)
        self.market = PrimaryMarket(
            self.store, self.books, self.room.compliance.screen, self.terms, self.now,
            lambda at: hours_at(self.calendar, at), owner_of_wallet,
        )  # fmt: skip
        self.clock = self
        self.rails, self.trading, self.venue_desk = BenchRails(index, self), BenchTrading(size), NoVenueMoney()

    def now(self) -> int:
        """Market time stands."""
        return NOW

    def nudge(self) -> None:
        """Nobody works here."""

    def close(self) -> None:
        """Close what was opened."""
        self.public.venue.close()
        self.public.index.close()
        self.store.close()


@dataclass(frozen=True, slots=True)
class Asked:
    """A page by its name: where it is for the n-th time, and what the browser carries."""

    path: Callable[[int], str]
    who: str = ""


def pages(size: Size) -> dict[str, Asked]:
    """Every page that grows with anything, and some that do not."""

    def of(text: str) -> Callable[[int], str]:
        return lambda n: text.format(symbol(n * 37 % size.stocks), n * 1_009 % size.orders, n * 311 % size.clients)

    public = {
        "home": "/", "home, last page": f"/?after={max(0, size.stocks - 50)}", "home, search": "/?q=s00",
        "stocks.csv": "/stocks.csv",
        "stock": "/stocks/{0}", "stock, 30,000 samples": f"/stocks/{symbol(42 % size.stocks)}",
        "coverage": "/stocks/{0}/coverage",
        "coverage.json": "/stocks/{0}/coverage.json", "multiplier": "/stocks/{0}/multiplier", "actions": "/actions",
        "actions of a stock": "/actions?stock={0}", "actions.csv": "/actions.csv", "reports": "/reports", "check": "/check",
        "who": "/who", "who.csv": "/who.csv", "terms": "/terms", "status": "/status", "status.atom": "/status.atom",
        "activity": "/activity", "activity, 365 days": "/activity?days=365", "activity of a token": "/activity/{0}",
        "activity, days.csv": "/activity/all/days.csv", "activity, days.json": "/activity/all/days.json?metric=users",
        "activity, venue.csv": "/activity/all/venue.csv", "activity, venue.json": "/activity/all/venue.json",
        "markets": "/trade", "market": "/trade/{0}xUSD", "candles": "/trade/{0}xUSD/candles", "sign-in": "/sign-in",
    }  # fmt: skip
    investor = {
        "holdings": "/holdings", "orders": "/orders", "order": "/orders/o{many}", "dividends": "/dividends",
        "notices": "/notices", "documents": "/documents", "subscribe": "/subscribe", "redeem": "/redeem", "join": "/join",
        "security": "/security",
    }  # fmt: skip
    desk = {
        "desk": "/desk", "desk, differences": "/desk/queues/breaks", "desk, cases": "/desk/queues/cases",
        "desk, a case": "/desk/items/cases/case-{n}", "desk, an order": "/desk/items/held-subscriptions/o{sub}",
        "desk, approvals": "/desk/approvals", "desk, audit": "/desk/audit", "desk, audit of one": "/desk/audit?who=client:c7",
        "desk, ledger": "/desk/ledger", "desk, ledger, one account": "/desk/ledger?account=client_payable:o{sub}",
        "desk, health": "/desk/health", "desk, search an order": "/desk/search?q=o{sub}",
        "desk, search nothing": "/desk/search?q=nobody",
    }  # fmt: skip
    found = {name: Asked(of(path)) for name, path in public.items()}

    def at(text: str) -> Callable[[int], str]:
        def path(n: int) -> str:
            mine, other = n * 20 % size.orders, (n * 1_010 + 1) % size.orders
            return text.replace("{many}", str(mine)).replace("{sub}", str(other)).replace("{n}", str(n % 400))

        return path

    for name, path in investor.items():
        found[f"{name}, a client with 50,000 orders"] = Asked(at(path), INVESTOR)
        if name not in ("order", "join", "security"):
            found[f"{name}, a client with few"] = Asked(at(path), OTHER)
    return found | {name: Asked(at(path), OPERATOR) for name, path in desk.items()}


class Unlimited(Limits):
    """Nobody is too many."""

    def spend(self, *_: Any) -> None:
        """Nothing."""


def shell_of(office: BenchOffice) -> Shell:
    """What all pages share."""
    assets, whole = read_assets(node_modules()), 10**6
    known: Any = office
    lives = WebLine(operator_idle_s=whole, operator_most_s=whole, investor_idle_s=whole, investor_most_s=whole)
    return Shell(known, ORIGIN, lambda: MACHINE_NOW, assets, environment(assets), lives, Unlimited())


class Begun:
    """When the first bytes of an answer's body were sent, in this process's CPU seconds, and in how many parts the body was."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.first_s, self.parts = 0.0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        self.first_s, self.parts = 0.0, 0

        async def sent(message: Message) -> None:
            if message.get("body"):
                self.first_s, self.parts = self.first_s or time.process_time(), self.parts + 1
            await send(message)

        await self._app(scope, receive, sent)


@contextmanager
def databases_of(folder: Path, size: Size, *, on_server: bool) -> Iterator[Databases]:
    """The world, made where it is not there: in SQLite's files, or on a PostgreSQL of its own."""
    build(folder, KINDS, size)
    if on_server:
        with in_postgres(folder) as found:
            yield found
    else:
        yield Databases(sqlite_url(folder / "world.db"), sqlite_url(folder / "index.db"))


def measure(
    folder: Path, size: Size, only: str = "", asked: int = ASKED, *, on_server: bool = False
) -> Iterator[tuple[str, dict[str, float]]]:
    """For each page: statements, CPU and wall milliseconds at the median and the 95th percentile, KiB over the wire.

    A file that is sent while it is made counts until its first bytes are on the way; `whole_cpu_ms` is all of it. On a
    PostgreSQL server (`on_server`) its processes' time is told, too.
    """
    with databases_of(folder, size, on_server=on_server) as databases, a_venue(folder, size) as venue:
        office = BenchOffice(folder, venue, size, databases)
        shell = shell_of(office)
        app = Begun(web_application(shell))
        http = TestClient(app, base_url=ORIGIN, follow_redirects=False)
        for name, each in pages(size).items():
            if only in name:
                cookie = {"cookie": f"{shell.cookie}={each.who}"} if each.who else {}
                headers = {"user-agent": AGENT, "accept-encoding": "gzip", **cookie}
                yield name, _one(http, app, databases, name, each, headers, asked)
        office.close()


def _one(
    http: TestClient, app: Begun, databases: Databases, name: str, each: Asked, headers: Mapping[str, str], asked: int
) -> dict[str, float]:
    cpu: list[float] = []
    whole: list[float] = []
    wall: list[float] = []
    server: list[float] = []
    statements, kib, first = 0, 0.0, 0.0
    for number in range(asked + FIRST):
        if number == FIRST:
            for beside in threading.enumerate():
                if beside.name in BESIDE:
                    beside.join()
            gc.collect()
            gc.freeze()  # as the process of the pages does once it has started
        at_first, began = databases.spent_ns(), time.process_time()
        answer = http.get(each.path(number), headers=dict(headers))
        ended = time.process_time()
        spent = ((app.first_s if app.parts > 1 else ended) - began) * 1_000
        if answer.status_code != 200:
            raise SystemExit(f"{name}: {each.path(number)} was answered {answer.status_code}: {answer.text[:400]}")
        told = TOLD.search(answer.headers["server-timing"])
        if told is None:
            raise SystemExit(f"{name}: the answer did not say what it took")
        statements = max(statements, int(told[2]))
        kib = max(kib, int(answer.headers.get("content-length", len(answer.content))) / 1_024)
        if number == 0:
            first = spent
        if number >= FIRST:
            cpu.append(spent)
            whole.append((ended - began) * 1_000)
            wall.append(float(told[1]))
            server.append((databases.spent_ns() - at_first) / 1_000_000)
    late = int(len(cpu) * 0.95) - 1
    found = {
        "statements": statements, "first_cpu_ms": round(first, 1), "cpu_p50_ms": round(statistics.median(cpu), 1),
        "cpu_p95_ms": round(sorted(cpu)[late], 1), "wall_p50_ms": round(statistics.median(wall), 1),
        "wall_p95_ms": round(sorted(wall)[late], 1), "kib": round(kib, 1),
    }  # fmt: skip
    if app.parts > 1:
        found["whole_cpu_ms"] = round(statistics.median(whole), 1)
    if databases.server:
        found |= {"database_p50_ms": round(statistics.median(server), 1), "database_p95_ms": round(sorted(server)[late], 1)}
    return found


def main() -> None:
    """Fill, measure, tell."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kept", type=Path, default=None, help="a folder to keep the databases in")
    options.add_argument("--only", default="", help="pages whose name holds this")
    options.add_argument("--small", action="store_true", help="3 stocks, 10 clients, 100 orders")
    options.add_argument("--postgres", action="store_true", help="over a PostgreSQL server of its own, kept with the databases")
    asked = options.parse_args()
    size = Size(3, 10, 100) if asked.small else Size()
    with tempfile.TemporaryDirectory() as folder:
        for name, row in measure(asked.kept or Path(folder), size, asked.only, on_server=asked.postgres):
            print(f"{name:44} {json.dumps(row)}", flush=True)


if __name__ == "__main__":
    main()
