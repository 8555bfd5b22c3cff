"""A platform for the public pages without a process: a played quarter, an index, a signed report, powers, and a venue."""

import atexit
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jinja2 import Environment
from starlette.testclient import TestClient
from tests.issuance.indexer.histories import Fickle
from tests.records.world import NETWORKS, quarter
from tests.watch.report_sample import EVM, SECRET, SOLANA, Sample
from tests.web.stage import ORIGIN, StageOffice

from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.stock import Stock
from openscrip.bootstrap.npm import node_modules
from openscrip.bootstrap.report_files import with_tree
from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.movements import ALL, Block, Moved
from openscrip.issuance.indexer.reading import Page
from openscrip.issuance.indexer.report_tree import holder_proof
from openscrip.issuance.indexer.store import Holders, IndexStore
from openscrip.issuance.powers import Key, Power, PowerName, Seat, breaks_i7
from openscrip.issuance.terms import Terms
from openscrip.kernel.errors import Malformed, Unavailable
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.records.activity import Ladder, TokenPrice, VenueDay, VenueTotal, day_of, venue_total
from openscrip.runtime.database import sqlite_url
from openscrip.runtime.web_settings import WebLine
from openscrip.web.app import web_application
from openscrip.web.public_office import ChainRead, PowersSeen
from openscrip.web.report_shelf import bucket_of
from openscrip.web.shell.assets import Assets, read_assets
from openscrip.web.shell.current import Shell
from openscrip.web.shell.render import environment

DAY_S = 86_400
ANN, BEN, CEM = ("0x" + each * 20 for each in ("a1", "b2", "c3"))
SUN = "So11111111111111111111111111111111111111112"
HELD = (
    Holders("evm", EVM, 700, ((ANN, 1_000_000 * 10**18), (BEN, 234_585 * 10**18))),
    Holders("solana", SOLANA, 900, ((SUN, 400 * 10**18),)),
)
ISSUER, ATTESTOR, GUARDIAN = (
    Key("0x" + "11" * 20, "issuer"),
    Key("0x" + "22" * 20, "attestor"),
    Key("0x" + "33" * 20, "guardian"),
)
TWO = (Seat("issuer", 1, (ISSUER,)), Seat("attestor", 1, (ATTESTOR,)))
POWERS = (
    Power(PowerName.MINT, "evm", TWO, 0, "Issuer.mint"),
    Power(PowerName.MINT, "solana", TWO, 0, "mint"),
    Power(PowerName.PAUSE, "evm", (Seat("guardian", 1, (GUARDIAN,)),), 0, "StockToken.pause"),
    Power(PowerName.UPGRADE, "evm", TWO, 86_400, "UpgradeableBeacon.upgradeTo"),
    Power(PowerName.MOVE_SHARES, "custodian", TWO, 0, "deliver_free"),
)


class Chain(Fickle):
    """One block a day up to yesterday, from tokens that people pass on."""

    def __init__(self, name: str, tokens: Sequence[str], until: int) -> None:
        super().__init__(name=name, at_once=100)
        self.first_at = (until // DAY_S - 40) * DAY_S + 9 * 3_600
        for day in range(40):
            self.mine(*(moved for place, token in enumerate(tokens) for moved in self.of_day(token, day, place)))

    def of_day(self, token: str, day: int, place: int) -> list[Moved]:
        amount = (1 + (day * 7 + place * 3) % 11) * 10**17
        moves = [Moved(token, ALL, ANN, 3 * amount, 0, f"mint {token} {day}")]
        if day % (place + 2):
            moves.append(Moved(token, ANN, BEN, amount, 0, f"give {token} {day}"))
        if day % 5 == 0:
            moves.append(Moved(token, ANN, CEM, amount // 2, 0, f"pass {token} {day}"))
        return moves

    def page(self, tokens: Sequence[str], read: tuple[int, str], last: int, final: int) -> Page:
        found = super().page(tokens, read, last, final)
        blocks = tuple(Block(each.number, each.moved, self.first_at + each.number * DAY_S) for each in found.blocks)
        return replace(found, blocks=blocks)


LADDER = Ladder(
    tuple((TokenPrice(250_000_000 - step * 400_000), RawAmount((step + 1) * 10**18)) for step in range(12)),
    tuple((TokenPrice(250_500_000 + step * 400_000), RawAmount((step + 1) * 10**18)) for step in range(12)),
)


@dataclass
class PlayedVenue:
    """Two pairs of TSLA. `answers` as long as it is up."""

    now: int
    answers: bool = True
    unread: int = 0
    ladder_shown: Ladder = field(default_factory=lambda: LADDER)

    def pairs(self) -> Mapping[str, str]:
        self._up()
        return {"TSLAxUSD": "TSLAx", "TSLAxTUSD": "TSLAx", "NVDAxUSD": "NVDAx"}

    def days(self, pairs: Collection[str], first: date, last: date) -> list[VenueDay]:
        self._up()
        days = [day_of(self.now - place * DAY_S) for place in range(8)]
        tokens = RawAmount(10**18)
        known = [each for each in days if first <= each <= last]
        return [VenueDay(each, pair, tokens, Money(250 * 10**6), 3) for pair in pairs for each in known]

    def totals(self, pairs: Collection[str], first: date, last: date) -> list[VenueTotal]:
        return [venue_total(pair, self.days([pair], first, last)) for pair in pairs]

    def behind(self, pairs: Collection[str], last: date) -> int:
        return self.unread

    def ladder(self, pair: str) -> Ladder:
        self._up()
        return self.ladder_shown

    def _up(self) -> None:
        if not self.answers:
            raise Unavailable("venue: it does not answer")


@cache
def played_index() -> IndexStore:
    """Forty days of the quarter's tokens, for all tests that only read."""
    folder = TemporaryDirectory()
    index = IndexStore.open(sqlite_url(Path(folder.name) / "index.db"))
    atexit.register(folder.cleanup)
    atexit.register(index.close)
    world = quarter()
    with world.store.view() as view:
        stocks = view.rows(Stock)
    for chain in ("evm", "solana"):
        tokens = [stock.token(chain) for stock in stocks]
        index.follow(chain, tokens)
        Indexer(index, Chain(chain, tokens, world.clock.now())).catch_up()
    return index


@cache
def templates() -> tuple[Assets, Environment]:
    """Compiled once."""
    assets = read_assets(node_modules())
    return assets, environment(assets)


class PlayedPublic:
    """`PublicOffice`."""

    networks = NETWORKS
    entities_file = ""

    def __init__(self, folder: Path, now: int) -> None:
        self.index = played_index()
        self.reports = folder / "reports"
        self.reports.mkdir()
        self.sample = Sample(self.reports)
        self.venue = PlayedVenue(now)
        self.seen = PowersSeen(now, POWERS, tuple(breaks_i7(POWERS)))

    def write_report(self, *, signed: tuple[str, ...] = ("issuer", "custodian", "custodian-2", "auditor")) -> dict[str, Any]:
        """The first report, and its line in the chain of reports; its document."""
        report = replace(self.sample.report, number=1, previous=None)
        self.sample.report = replace(report, stocks=(with_tree(report.stocks[0], list(HELD), report, SECRET),))
        path = self.sample.write(signed=signed)
        self.sample.page()
        document: dict[str, Any] = json.loads(path.read_text())
        line = {"number": 1, "label": "2024-06", "sha256": document["sha256"], "file": "reserve-2024-06.html"}
        (self.reports / "reports.jsonl").write_text(json.dumps(line) + "\n")
        return document

    def read_up_to(self) -> Sequence[ChainRead]:
        return [ChainRead("evm", 39), ChainRead("solana", 39)]

    def powers(self) -> PowersSeen:
        return self.seen

    def proof(self, chain: str, holder: str) -> dict[str, Any]:
        about = str(json.loads(self.sample.path.read_text())["report"]["stocks"][0]["holders"]["about"])
        token = {"evm": EVM, "solana": SOLANA}[chain]
        return holder_proof("TSLA", about, HELD, SECRET, chain, token, holder)

    def proofs(self, label: str, stock: str, bucket: str) -> list[Mapping[str, Any]]:
        if (label, stock) != ("2024-06", "TSLA"):
            raise Malformed("report.unknown", "report: it was never written")
        found = [(each.chain, holder) for each in HELD for holder, _ in each.entries]
        return [self.proof(chain, holder) for chain, holder in found if bucket_of(holder, 3) == bucket]


class PublicStage:
    """The pages over the quarter; `store` may be another one."""

    def __init__(self, folder: Path, store: Any = None, now: int = 0) -> None:
        world = quarter()
        at = now or world.clock.now()
        self.office = StageOffice.__new__(StageOffice)
        office: Any = self.office
        office.store, office.contracts, office.now = store or world.store, {}, lambda: at
        office.public = self.public = PlayedPublic(folder, at)
        office.calendar, office.terms = new_york_calendar(), Terms()
        self.shell = Shell(office, ORIGIN, lambda: 1_800_000_000, *templates(), WebLine())
        self.door = self.opened(ORIGIN)

    def opened(self, origin: str) -> TestClient:
        """Whoever asks at an address."""
        app = web_application(replace(self.shell, origin=origin))
        return TestClient(app, base_url=origin, raise_server_exceptions=False, follow_redirects=False)

    def text(self, path: str, status: int = 200, *, partial: bool = False) -> str:
        """What a path answers; `partial` as htmx asks for a block."""
        answer = self.door.get(path, headers={"hx-request": "true"} if partial else {})
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2_000])
        return answer.text
