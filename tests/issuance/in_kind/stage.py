"""An issuer and a tokenisation network that call each other over real sockets; books, custodian and chain are in memory.

Market time and machine time are moved by hand, so that an hour of polling and a night at the depository take no time.
"""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpx
import uvicorn

from openscrip.api.itn import ItnDoor, itn_application
from openscrip.api.itn_guard import Failures, Guard, KeyAuth, read_networks
from openscrip.assets.accounts import CHART, SHARE_ASSETS, SHARE_CLAIMS, SHARES_IN_CUSTODY
from openscrip.assets.actions import Instruct, Pay, PlaceOrder, Wake
from openscrip.assets.alpaca_http import AlpacaHttp, Auth, Credentials
from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.compliance.persons import Person, PersonKind
from openscrip.assets.compliance.sanctions import demonstration_lists
from openscrip.assets.compliance.screening import DEMONSTRATION_POLICY
from openscrip.assets.compliance.vault import passing_vault
from openscrip.assets.custodians.paper_core import PaperCustodian
from openscrip.assets.custody import SEGREGATED_ACCOUNT
from openscrip.assets.desk import Desk
from openscrip.assets.listings import daily_closes, instrument
from openscrip.assets.network import AskRequest, CallRedeem, ConfirmMint
from openscrip.assets.network_desk import NetworkDesk, Polling
from openscrip.assets.networks.alpaca import AlpacaNetwork
from openscrip.assets.networks.paper import ISSUER_ACCOUNT, PaperNetwork
from openscrip.assets.networks.paper_parts import Account, Fault
from openscrip.assets.networks.paper_server import network_routes
from openscrip.assets.paper import Deposit, Switch, Switches
from openscrip.assets.paper_rest import PaperRest
from openscrip.assets.stock import Lot, Stock
from openscrip.bootstrap.books import build_books
from openscrip.issuance.actions import Burn, Mint, Refund
from openscrip.issuance.calls import Calls
from openscrip.issuance.chains.memory import MemoryChain
from openscrip.issuance.compliance import Compliance
from openscrip.issuance.in_kind_market import InKindMarket
from openscrip.issuance.in_kind_row import InKindCreation, InKindRedemption
from openscrip.issuance.news import CAPITAL_REFERENCE, News
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.terms import Terms
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.clock import SteppedClock, instant
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.lab.parties import WillingKeys
from openscrip.runtime.feed import Feed
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.store import Command, Unit
from openscrip.runtime.worker import Worker, no_probe

KEY = "door-key-1"
AP, MAIL, ACCOUNT, WALLET = "ap-1", "desk@ap.example", "AP-ACCOUNT", "apwallet"
TSLA = instrument("TSLA").isin
COUNTERPARTY = "ITN"
AUTHORISED = {"APCA-API-KEY-ID": ACCOUNT}


HTTP = httpx.Client(trust_env=False, verify=False, timeout=10.0)  # one for all stages: a new one costs more than a test


class CommandRefused(Exception):
    """A command was refused that no row can decide about."""


class Stage:
    """Both sides. `network` is the paper network; `door` counts what the issuer's door refused."""

    def __init__(self, url: str, network: PaperNetwork, *, limit_s: float = 3_600.0) -> None:
        self.url, self.network = url, network
        self.clock = SteppedClock(instant("2024-06-03T12:00:00Z"))
        self.machine_s = 0.0
        self.store, self.chain = MemoryStore(CHART), MemoryChain(self.clock.now, "evm")
        self.calendar, keys, terms = new_york_calendar(), WillingKeys(), Terms()
        self.broker: Any = PaperBroker(self.clock.now(), daily_closes(), ())
        self.custodian = PaperCustodian(self.clock.now(), daily_closes(), (), self.broker, keys, keys)
        self.books = build_books(terms, self.clock.now)
        self.compliance = Compliance(DEMONSTRATION_POLICY, demonstration_lists, passing_vault(), self.clock.now)
        self.market = InKindMarket(
            self.store, self.books, self.compliance.screen, terms, self.clock.now, {"evm": "ethereum"}, COUNTERPARTY
        )
        self.news = News(self.books, self.calendar, None, self.market.escrowed)
        self.desk = Desk(self.broker, self.custodian, self.custodian.bank, keys)
        http = AlpacaHttp("network", url, Credentials(Auth.BASIC, "issuer", "secret"), timeout_s=2.0)
        self.adapter = AlpacaNetwork(http, ISSUER_ACCOUNT)
        self.polling = Polling(limit_s=limit_s)
        guard = Guard(read_networks("127.0.0.1"), KeyAuth([KEY]), Failures(time.monotonic))
        self.door = ItnDoor(self.market, guard, "issuer-account")
        self.moved = 0
        self.worker = self.new_worker()
        self._list()

    def _list(self) -> None:
        self.chain.create("TSLA")
        with self.store.transaction() as unit:
            unit.put(Stock("TSLA", TSLA, SEGREGATED_ACCOUNT, "TSLAx", (("evm", "TSLA"),), price=PricePerShare.parse("176.29")))
            self.compliance.take_on(unit, Person(AP, "AP One", PersonKind.LEGAL, "DE", "DE", "DE"), {"evm": WALLET})
            own = Transfer("capital", "USD/bank", "USD/capital", 10**15, "capital")
            at_broker = Transfer("capital:broker", "USD/broker_cash", "USD/capital", 10**15, "capital")
            unit.post((own, at_broker))
        self.custodian.bank.deposit(Deposit("capital", CAPITAL_REFERENCE, Money(10**15), "issuer"))

    def new_worker(self, probe: Any = no_probe) -> Worker:
        """A worker as in the product; a new one is what stands up after a crash."""
        calls = Calls(self.store, {"evm": self.chain}, wait=lambda _: None, probe=probe)
        desk = NetworkDesk(self.adapter, self.polling)

        def apply(unit: Unit, command: Command, answer: Any) -> None:
            if isinstance(answer, Refused):
                raise CommandRefused(f"{command.key}: {answer.text}")
            self.books.tell(unit, command.row_kind, command.row_id, answer)

        perform = {
            PlaceOrder: self.desk.place_order, Instruct: self.desk.instruct, Pay: self.desk.pay, Wake: self.desk.wake,
            Mint: calls.perform, Burn: calls.perform, Refund: calls.perform,
            ConfirmMint: desk.confirm_mint, CallRedeem: desk.redeem, AskRequest: desk.ask,
        }  # fmt: skip
        self.worker = Worker(
            self.store, self.clock, perform, apply, feeds=self._feeds(), machine=lambda: self.machine_s, probe=probe
        )
        return self.worker

    def _feeds(self) -> tuple[Feed, ...]:
        def numbered(events: Any) -> Any:
            def poll(cursor: str) -> tuple[Any, str]:
                found = events(int(cursor or 0), 100)
                return found, str(found[-1].seq) if found else cursor

            return poll

        return (
            Feed("broker", numbered(self.broker.events), self.news.from_broker),
            Feed("custodian", numbered(self.custodian.events), self.news.from_custodian),
            Feed("bank", numbered(self.custodian.bank.events), self.news.from_bank),
            Feed("chain", self.chain.events, self.news.from_chain),
        )

    # participants

    def link(self) -> None:
        """Register the participant and let the network link it."""
        self.market.register(AP, MAIL)
        status, told = self.network.connect(ACCOUNT)
        assert (status, AP in told.values()) == (200, True), told

    def stock_up(self, shares: str) -> None:
        """The issuer's own settled shares in custody, of which fractions are taken."""
        with self.store.transaction() as unit:
            stock = unit.row(Stock, "TSLA")
            assert stock is not None
            amount = Shares.parse(shares)
            unit.post(
                (
                    Transfer("own", "TSLA/custody", "TSLA/inventory", amount.atoms, "own"),
                    Transfer("own:cost", "USD/acquisitions", "USD/capital", 1, "own"),
                )
            )
            unit.put(stock.adding((Lot("own-receipt", amount),)))

    def mint(self, qty: str, **more: object) -> dict[str, Any]:
        """The participant asks the network for tokens; the network's answer."""
        body = {"underlying_symbol": "TSLA", "qty": qty, "issuer": "openscrip", "network": "ethereum", "wallet_address": WALLET}
        answer = HTTP.post(f"{self.url}/v2/tokenization/mint", json=body | more, headers=AUTHORISED)
        self.network.wait()
        told: dict[str, Any] = answer.json() | {"http": answer.status_code}
        return told

    def redeem(self, raw: str, number: int) -> str:
        """The participant puts tokens into escrow under its id of that number."""
        request_id = f"itn-{AP}-{number}"
        self.chain.escrow("TSLA", WALLET, RawAmount.parse(raw), RedemptionKind.IN_KIND, request_id)
        return request_id

    # time

    def run(self, steps: int = 200) -> None:
        """Work until nothing moves; machine time runs so that nobody waits to ask again."""
        quiet = 0
        for _ in range(steps):
            self.machine_s += 40.0
            busy = self.worker.step()
            self.deliver()
            self.network.wait()
            quiet = 0 if busy else quiet + 1
            if quiet >= 2:
                return

    def deliver(self) -> None:
        """What the custodian moved from or to the tokenisation account shows there."""
        for movement in self.custodian.movements(self.moved):
            self.moved += 1
            if movement.counterparty == COUNTERPARTY and movement.type in ("receipt", "delivery"):
                sign = 1 if movement.type == "delivery" else -1
                self.network.deliver(f"{movement.instruction}:{movement.seq}", "TSLA", sign * movement.quantity.atoms)

    def advance(self, days: int = 1) -> None:
        """So many days, stopping wherever something is due."""
        until = self.clock.now() + days * 86_400
        self.run()
        while True:
            due = [at for at in (self.broker.next_due(), self.custodian.next_due(), self.store.next_due()) if at is not None]
            coming = min([at for at in due if at > self.clock.now()] + [until])
            at = min(coming, until)
            self.clock.advance_to(at)
            self.broker.advance_to(at)
            self.custodian.advance_to(at)
            self.run()
            if at >= until:
                return

    # looking

    def creation(self) -> InKindCreation:
        """The one creation that a participant asked for."""
        with self.store.view() as view:
            (row,) = [each for each in view.rows(InKindCreation) if not each.origin]
        return row

    def creations(self) -> list[InKindCreation]:
        """All creations."""
        with self.store.view() as view:
            return view.rows(InKindCreation)

    def side(self, request_id: str) -> InKindRedemption:
        """The network's side of a redemption."""
        with self.store.view() as view:
            row = view.row(InKindRedemption, request_id)
        assert row is not None
        return row

    def redemption(self, request_id: str) -> Redemption:
        """A redemption."""
        with self.store.view() as view:
            row = view.row(Redemption, request_id)
        assert row is not None
        return row

    def balance(self, name: str) -> str:
        """An account of TSLA in shares."""
        with self.store.view() as view:
            found = view.balance(f"TSLA/{name}")
        return str(Shares(found.debit if name in SHARE_ASSETS else found.credit))

    def tokens(self, wallet: str = WALLET) -> str:
        """What a wallet holds, raw."""
        return str(self.chain.balance("TSLA", wallet))

    def facts(self, kind: type[Any]) -> list[Any]:
        """All facts of a kind."""
        with self.store.view() as view:
            return [fact for _, _, fact in view.facts(0, 10_000) if isinstance(fact, kind)]

    def waiting(self) -> list[tuple[str, str]]:
        """Commands that are not done, each with its last error."""
        return [(command.key, error) for command, _, _, error in self.store.waiting()]

    def fault(self, name: str, times: int = 1) -> None:
        """Switch a fault of the network on."""
        self.network.faults.append(Fault(name, times))

    def custody_fault(self, name: str, only: str = "", times: int = 1) -> None:
        """Switch a fault of the custodian on."""
        self.custodian.turn(Switches(1, (Switch(name, only=only, times=times),)))

    def call(self, method: str, path: str, body: object = None, key: str = KEY, **headers: str) -> httpx.Response:
        """A call at the issuer's door."""
        content = {} if body is None else ({"content": body} if isinstance(body, bytes) else {"json": body})
        given = {**({"X-API-KEY": key} if key else {}), **headers}
        return HTTP.request(method, f"{self.network.issuer_url}{path}", headers=given, **content)

    def check(self) -> None:
        """The invariants: assets equal claims, and what custody holds covers tokens and claims on it (I1)."""
        with self.store.view() as view:
            assets = sum(view.balance(f"TSLA/{name}").debit for name in SHARE_ASSETS)
            claims = sum(view.balance(f"TSLA/{name}").credit for name in SHARE_CLAIMS)
            held = sum(view.balance(f"TSLA/{name}").debit for name in SHARES_IN_CUSTODY)
            owed = sum(view.balance(f"TSLA/{name}").credit for name in ("outstanding", "redemption_claim"))
        assert assets == claims
        assert held >= owed


@contextmanager
def staged(*, older: bool = False, positions: Mapping[str, str] | None = None, limit_s: float = 3_600.0) -> Iterator[Stage]:
    """A stage with one participant whose account holds shares."""
    network = PaperNetwork(older=older, retry_s=0.01)
    held = {symbol: Shares.parse(qty).atoms for symbol, qty in (positions or {"TSLA": "100"}).items()}
    network.accounts[ACCOUNT] = Account(ACCOUNT, MAIL, positions=held)
    with shared_network(network) as at:
        stage = Stage(at, network, limit_s=limit_s)
        with serving(itn_application(stage.door)) as url:
            network.issuer_url, network.issuer_key = url, KEY
            try:
                yield stage
            finally:
                network.wait(60)
                stage.adapter.close()


class SharedDoor:
    """One server on a real socket for all stages of a test process; `app` is what it serves at the moment."""

    def __init__(self) -> None:
        self.app: Any = None
        door = socket.socket()
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what it accepts takes this over
        door.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{door.getsockname()[1]}"
        config = uvicorn.Config(
            self._serve, interface="asgi3", log_level="critical", access_log=False, lifespan="off", ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [door]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.005)

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@cache
def shared_door() -> SharedDoor:
    """The server, started when it is first needed."""
    return SharedDoor()


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """An application on a real socket."""
    door = shared_door()
    before, door.app = door.app, app
    try:
        yield door.url
    finally:
        door.app = before


@contextmanager
def shared_network(network: PaperNetwork) -> Iterator[str]:
    """The paper network on a real socket."""
    rest = _shared_rest()
    rest.routes(network_routes(network))
    yield rest.url


@cache
def _shared_rest() -> PaperRest:
    return PaperRest(()).__enter__()
