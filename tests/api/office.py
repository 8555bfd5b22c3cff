"""The HTTP face over the product's own memory store: no process, no chain; the market, the books and screening are real."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from openscrip.api.app import application
from openscrip.api.office import Standing
from openscrip.assets.accounts import CHART
from openscrip.assets.compliance.ownership import ContractCall
from openscrip.assets.compliance.sanctions import demonstration_lists
from openscrip.assets.compliance.screening import DEMONSTRATION_POLICY
from openscrip.assets.compliance.vault import passing_vault
from openscrip.assets.custody import SEGREGATED_ACCOUNT
from openscrip.assets.listings import daily_closes, instrument
from openscrip.assets.reserve import Reserve
from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import build_books
from openscrip.issuance.chains.memory import MemoryChain
from openscrip.issuance.coin_desk import CoinDesk
from openscrip.issuance.compliance import Compliance
from openscrip.issuance.compliance_room import ComplianceRoom
from openscrip.issuance.crossings import Crossings
from openscrip.issuance.deposits import owner_of_wallet
from openscrip.issuance.identity_inbox import IdentityInbox
from openscrip.issuance.in_kind_market import InKindMarket
from openscrip.issuance.list_keeping import ListKeeper
from openscrip.issuance.primary_market import PrimaryMarket
from openscrip.issuance.reconciler import Look
from openscrip.issuance.rescreening import Rescreener
from openscrip.issuance.terms import Terms
from openscrip.issuance.travel_rule import TravelRule
from openscrip.kernel.clock import SteppedClock, instant, new_york_date
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.memory import MemoryStore


def room_of(
    store: MemoryStore,
    compliance: Compliance,
    now: Callable[[], int],
    incoming: Path = Path(),
    keeper: ListKeeper | None = None,
    contracts: Mapping[str, ContractCall] | None = None,
) -> ComplianceRoom:
    """Compliance on the demonstration's lists; its webhooks are signed with `secret`."""
    rescreener = Rescreener(store, compliance, lambda: None)
    inbox = IdentityInbox(store, compliance, {}, {"persona": (b"secret",), "sumsub": (b"secret",)}, now)
    travel = TravelRule(store, compliance, {}, now)
    return ComplianceRoom(compliance, rescreener, keeper, inbox, travel, incoming, contracts or {})


class MemoryOffice:
    """`FrontOffice` with a clock that is moved by hand. `silent` makes the chains not answer."""

    def __init__(self) -> None:
        self.clock = SteppedClock(instant("2024-06-03T12:00:00Z"))
        self.store = MemoryStore(CHART)
        self.books = build_books(Terms(), self.clock.now)
        self.compliance = Compliance(DEMONSTRATION_POLICY, demonstration_lists, passing_vault(), self.clock.now)
        self.room = room_of(self.store, self.compliance, self.clock.now)
        self.market = PrimaryMarket(self.store, self.books, self.compliance.screen, Terms(), self.clock.now)
        self.clock_mode = "accelerated"
        self.silent = False
        self.seen: dict[str, Look] = {}
        self.chains = {name: MemoryChain(self.clock.now, name) for name in ("evm", "solana")}
        self.listed: set[str] = set()

    @property
    def coins(self) -> CoinDesk:
        return CoinDesk(self.store, self.books, {}, self._screen, owner_of_wallet, self.clock.now)

    @property
    def crossings(self) -> Crossings:
        return Crossings(self.books, self.chains, self._screen)

    def _screen(self, chain: str, wallet: str) -> None:
        if wallet in self.listed:
            raise Refused("compliance.sanctioned_address", f"compliance: {wallet} was listed")

    def way(self, symbol: str, source: str, destination: str, holder: str, receiver: str) -> Mapping[str, str]:
        with self.store.view() as view:
            stock = view.row(Stock, symbol)
        assert stock is not None
        return {"receiver": self.crossings.route(stock, source, destination, holder, receiver)}

    def lanes(self, symbol: str, step: str) -> Sequence[Mapping[str, str]]:
        return [{"source": "evm", "destination": "solana", "left": "0" if step != "open" else "5"}]

    def now(self) -> int:
        return self.clock.now()

    def next_due(self) -> int | None:
        return self.store.next_due()

    def advance_to(self, at: int) -> None:
        self.clock.advance_to(at)

    def list_stock(self, symbol: str) -> Stock:
        found = instrument(symbol)
        price = daily_closes().on(symbol, new_york_date(self.now())) or PricePerShare.parse("1")
        tokens = tuple((chain, f"{symbol}-{chain}") for chain in ("evm", "solana"))
        stock = Stock(symbol, found.isin, SEGREGATED_ACCOUNT, found.token_symbol, tokens, price=price)
        with self.store.transaction() as unit:
            unit.put(stock)
        return stock

    def standing(self, symbol: str) -> Standing:
        if self.silent:
            raise Unavailable("evm: did not answer")
        with self.store.view() as view:
            stock = view.row(Stock, symbol)
        if stock is None:
            raise LookupError(symbol)
        nothing = RawAmount(0)
        reserve = Reserve(symbol, Shares(0), stock.epoch, nothing, stock.multiplier, stock.epoch, Shares(0))
        return Standing({"evm": nothing, "solana": nothing}, reserve)

    def looks(self) -> Mapping[str, Look]:
        return self.seen

    def indexed(self) -> Sequence[tuple[str, str, int]]:
        return [("evm", "TSLA-evm", 41)]

    def troubles(self) -> Mapping[str, str]:
        return {}

    def process_ids(self) -> Mapping[str, int]:
        return {}

    @property
    def in_kind(self) -> InKindMarket | None:
        return InKindMarket(self.store, self.books, self.compliance.screen, Terms(), self.clock.now, {"evm": "ethereum"}, "ITN")

    @property
    def network_refused(self) -> Mapping[str, int]:
        return {"itn.wallet": 2}

    def counterparties_refused(self) -> Mapping[str, Mapping[str, int]]:
        return {"broker": {"fix.garbled": 3}, "custodian": {"statement.epoch": 1}}

    def nudge(self) -> None:
        return

    def write_report(self, month: str, *, signed: bool) -> Mapping[str, str]:
        return {"html": f"{month}.html"}


class Standby:
    """Whose office it is now: one application serves the offices of all tests of a process, one after the other.

    To build the routes anew takes longer than most tests.
    """

    office: object = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.office, name)


@cache
def _shared() -> tuple[Standby, FastAPI]:
    standby = Standby()
    return standby, application(standby)  # it is whatever office it stands for


def client_of(office: MemoryOffice) -> TestClient:
    """A client of the face; what would be a 500 is answered, not raised. The newest client's office answers."""
    standby, app = _shared()
    standby.office = office
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
