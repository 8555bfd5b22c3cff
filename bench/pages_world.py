"""A world for the pages: the records' 1,000 stocks, 100,000 clients and 1,000,000 orders, with an account and a transfer for
each order, acts, differences, cases, corporate actions, two sessions, and an index of everybody's balances and 60 days.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from bench.records_world import FAST, NOW, Size, address, fill, symbol
from openscrip.assets.accounts import client_payable
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.issuance.break_row import Break
from openscrip.issuance.cases import Case
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.distribution_row import Distribution
from openscrip.issuance.indexer.days import DAY_S
from openscrip.issuance.indexer.movements import ALL
from openscrip.issuance.indexer.store import IndexStore
from openscrip.kernel.money import PricePerShare
from openscrip.runtime.codec import Codec
from openscrip.runtime.database import sqlite_url
from openscrip.runtime.samples import person_of
from openscrip.web.shell.rows import DeskOperator, Session
from openscrip.web.shell.sessions import hashed

AGENT = "openscrip-bench"
MACHINE_NOW = 1_800_000_000
INVESTOR, OPERATOR = "i" * 43, "o" * 43
"""What the browsers of the client with very many orders, and of an operator, carry."""
OTHER = "n" * 43
"""That of a client with few orders."""
DAYS = 60
TODAY = NOW // DAY_S
BREAKS_OPEN, BREAKS_CLOSED, CASES, ACTS = 20, 2_000, 500, 100_000
HELD_EACH = 3
ROW = "INSERT INTO row (kind, id, stock, state, body, person) VALUES (?, ?, ?, ?, ?, ?)"
ACCOUNT = "INSERT INTO account VALUES (?, 'USD', ?, 0, 0, 0, ?)"
TRANSFER = "INSERT INTO transfer (id, debit, credit, amount, cause, phase, seal, at) VALUES (?, ?, ?, ?, '', 'posted', '', ?)"
ACT = "INSERT INTO audit_entry VALUES (?, ?, ?, ?, ?, ?, '{}', ?, ?)"


def build(folder: Path, kinds: tuple[type, ...], size: Size) -> None:
    """Make `world.db` and `index.db`, unless both are there. `kinds` are the classes of rows."""
    world, index = folder / "world.db", folder / "index.db"
    if not (folder / "done").exists():
        for left in (world, index):
            left.unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        fill(world, size)
        _more(world, kinds, size)
        _index(index, size)
        (folder / "done").touch()


def _more(file: Path, kinds: tuple[type, ...], size: Size) -> None:
    codec = Codec(kinds)
    with closing(sqlite3.connect(file)) as database:
        for pragma in FAST:
            database.execute(pragma)
        rows = (*_desk(size), *_sessions(), *_actions(size))
        database.executemany(ROW, ((codec.kind(r), r.id, r.stock, str(r.state), codec.encode(r), person_of(r)) for r in rows))
        database.execute(ACCOUNT, ("USD/bank", "debit", 0))
        names = [client_payable(f"o{number}") for number in range(size.orders)]
        database.executemany(ACCOUNT, ((name, "credit", 380 * 10**6) for name in names))
        database.execute("UPDATE account SET debits_posted = ? WHERE id = 'USD/bank'", (380 * 10**6 * size.orders,))
        moved = ((f"{name}:paid", "USD/bank", name, 380 * 10**6, NOW - 5_000) for name in names)
        database.executemany(TRANSFER, moved)
        acts = min(ACTS, size.orders)
        database.executemany(ACT, _acts(acts))
        database.execute("INSERT INTO counter VALUES ('audit', ?)", (acts,))
        database.execute("ANALYZE")
        database.commit()


def _acts(count: int) -> Iterator[tuple[object, ...]]:
    last = ""
    for number in range(1, count + 1):
        this = hashlib.sha256(f"{number}{last}".encode()).hexdigest()
        yield number, MACHINE_NOW - count + number, NOW, f"client:c{number % 997}", "order.sent", f"o{number}", last, this
        last = this


def _desk(size: Size) -> Iterator[Any]:
    for number in range(BREAKS_OPEN + BREAKS_CLOSED):
        name = symbol(number % size.stocks)
        ended = ("closed", NOW - number * 600, "agreement") if number >= BREAKS_OPEN else ("open", 0, "")
        row = f"{name}:supply:evm:{number}"
        yield Break(row, name, "supply", "evm", "100", "99", "1", NOW - number * 700, *ended)
    for number in range(CASES):
        yield Case(f"case-{number}", f"c{number}", "name", "sanctions.name", "alike", f"g{number}", NOW - number, True)
    yield Stablecoin("tusd:evm", "tusd", "evm", address(1 << 90), address(1 << 91), address(1 << 92))


def _sessions() -> Iterator[Any]:
    ends, idle_s = MACHINE_NOW + 10**6, 10**6
    for raw, number in ((INVESTOR, 7), (OTHER, 5)):
        owner, proof = f"wallet:evm:{address(number)}", "eip-191:bench"
        told = ("", "evm", address(number), proof, AGENT, MACHINE_NOW, MACHINE_NOW, ends, idle_s)
        yield Session(hashed(raw), "wallet", owner, *told)
    yield DeskOperator("ada", ("operator", "approver", "compliance", "admin"), (), MACHINE_NOW, "bench")
    told = ("ada", "", "", "passkey", AGENT, MACHINE_NOW, MACHINE_NOW, ends, idle_s)
    yield Session(hashed(OPERATOR), "operator", "operator:ada", *told)


def _actions(size: Size) -> Iterator[Any]:
    """Four dividends of each stock, the last of them not paid yet."""
    cash = PricePerShare.parse("0.25")
    for place, (month, state) in enumerate(((9, "final"), (12, "final"), (3, "final"), (7, "announced"))):
        day = date(2023 + place // 2, month, 3)
        for number in range(size.stocks):
            name = symbol(number)
            event = f"{name}.DVCA.{day.isoformat()}"
            rest = ("PAPER",)
            notice = Notice(
                event, name, f"US{number:09d}0", ActionEvent.CASH_DIVIDEND, day, day, day, day, None, None, cash, *rest
            )
            at = NOW - (3 - place) * 90 * DAY_S + 30 * DAY_S
            yield Distribution(event, name, (notice,), at - 3_600, at, state=state)


def _index(file: Path, size: Size) -> None:
    store = IndexStore.open(sqlite_url(file))
    places = [("evm", address(number)) for number in range(size.stocks)]
    places += [("solana", f"So{number:040d}") for number in range(size.stocks)]
    for chain in ("evm", "solana"):
        store.follow(chain, [token for name, token in places if name == chain])
    ids = {(chain, cursor.token): cursor.id for chain, cursor in store.deployments()}
    store.close()
    held, supply = (10**18).to_bytes(32, "big"), (10**21).to_bytes(32, "big")
    moved, made = (7 * 10**18).to_bytes(32, "big"), (10**18).to_bytes(32, "big")
    with closing(sqlite3.connect(file)) as database:
        for pragma in FAST:
            database.execute(pragma)
        database.execute("UPDATE index_deployment SET number = 900, hash = '0x9'")
        database.executemany("INSERT INTO index_balance VALUES (?, ?, ?)", ((ids[place], ALL, supply) for place in places))
        spread = (
            (ids["evm", address((n * 31 + k * 77) % size.stocks)], address(n))
            for n in range(size.clients)
            for k in range(HELD_EACH)
        )
        database.executemany("INSERT OR IGNORE INTO index_balance VALUES (?, ?, ?)", ((*each, held) for each in spread))
        for scope in (*map(str, ids.values()), "evm", "solana"):
            rows = ((scope, TODAY - day, moved, made, made, 40 + day % 7, 30 + day % 7, 25, 3) for day in range(DAYS))
            database.executemany("INSERT INTO index_day VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        database.execute("ANALYZE")
        database.commit()


def venue_answers(size: Size) -> dict[str, str]:
    """What a venue with two pairs of each stock answers, by method."""
    pairs = [(f"{symbol(n)}x{quote}", f"{symbol(n)}x") for n in range(size.stocks) for quote in ("USD", "TUSD")]
    ticker = {"t": [40, 50], "p": ["187.40", "187.40"], "v": ["120.5", "150.5"], "c": ["187.43", "1"]}
    days = [[(TODAY - day) * DAY_S, "187", "188", "186", "187", "187.4", "120.5", 40] for day in range(DAYS)]
    ladder = {
        "asks": [[f"{188 + step / 10:.2f}", "3", NOW] for step in range(100)],
        "bids": [[f"{187 - step / 10:.2f}", "3", NOW] for step in range(100)],
    }
    return {
        "AssetPairs": json.dumps({"error": [], "result": {name: {"altname": name, "base": base} for name, base in pairs}}),
        "Ticker": json.dumps({"error": [], "result": {name: ticker for name, _ in pairs}}),
        "OHLC": json.dumps({"error": [], "result": {"PAIR": days[::-1]}}),
        "Depth": json.dumps({"error": [], "result": {"PAIR": ladder}}),
    }
