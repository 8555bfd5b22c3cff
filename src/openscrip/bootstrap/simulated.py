"""A simulated world: the product's decisions, worker, ledger, paper parties and port of the chain, all in memory."""

import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from openscrip.assets import accounts
from openscrip.assets.actions import Instruct, Pay, PlaceOrder, Wake
from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.calendar import Calendar, new_york_calendar
from openscrip.assets.custodians.paper_bank import Deposit
from openscrip.assets.custodians.paper_core import PaperCustodian
from openscrip.assets.custody import SEGREGATED_ACCOUNT
from openscrip.assets.desk import Desk
from openscrip.assets.listings import broker_announcements, custodian_notices, daily_closes, instrument
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.assets.paper import Switch, Switches
from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import DECIDES, HEARS, view_of
from openscrip.issuance.actions import Burn, Mint, Refund, Rejected, Schedule, Verify
from openscrip.issuance.calls import Calls, Verification
from openscrip.issuance.chains.memory import MemoryChain
from openscrip.issuance.news import CAPITAL_REFERENCE, News
from openscrip.issuance.primary_market import PrimaryMarket
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.terms import Terms
from openscrip.kernel.clock import SteppedClock, instant, new_york_date
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.lab.invariants import InvariantBroken, Observer
from openscrip.lab.parties import (
    EXPLAINED,
    OutsideWorld,
    RepeatingBooks,
    Slow,
    StrictStore,
    WillingKeys,
    said,
    unreliable,
)
from openscrip.lab.simulation import Simulation, SimulationResult, World
from openscrip.runtime.decision import Decide
from openscrip.runtime.feed import Feed
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command, Lease, Unit
from openscrip.runtime.worker import Retries, Worker

SYMBOLS = ("AAPL", "MSFT", "MSTR", "NVDA", "SPY", "TSLA")
START = "2024-05-20T12:00:00Z"
CAPITAL = Money(10**15)
BROKER_FAULTS = (
    Switch("bust_fill", 20),
    Switch("fill_pieces", 100, size=5),
    Switch("unfilled_rest", 20),
    Switch("fail_settlement", 30),
    Switch("reject_order", 10, only="sub-"),
)
CUSTODIAN_FAULTS = (
    Switch("fail_transfer", 30),
    Switch("late_transfer", 20),
    Switch("refuse_transfer", 15),
    Switch("late_payment", 30),
)


def simulate(
    seed: int, subscriptions: int, *, faults: bool = True, decides: Mapping[type[Any], Decide] = DECIDES
) -> SimulationResult:
    """Run one seed. `decides` may be replaced, to show that the simulation finds what a removed check lets through."""
    return Simulation(build_world(seed, faults=faults, decides=decides), seed, subscriptions).run()


def surprises(calendar: Calendar, source: str) -> tuple[Notice, ...]:
    """Splits that are announced only on their ex-date, two hours after the holdings were split."""
    day, notices = new_york_date(instant(START)) + timedelta(days=20), []
    for number in range(24):
        day = calendar.session_on_or_after(day + timedelta(days=23)).day
        symbol = ("TSLA", "SPY", "MSFT")[number % 3]
        event_id = f"{symbol}.SPLF.{day.isoformat()}"
        isin = instrument(symbol).isin
        notices.append(
            Notice(
                event_id, symbol, isin, ActionEvent.FORWARD_SPLIT, day, day, None, None, 2 + number % 2, 1, None, source
            )
        )
    return tuple(notices)


def build_world(seed: int, *, faults: bool, decides: Mapping[type[Any], Decide]) -> World:
    """Everything a simulation needs, with the issuer's capital paid in and the stocks listed."""
    chance = random.Random(seed)  # noqa: S311  # a simulation, not a secret
    clock, calendar, keys = SteppedClock(instant(START)), new_york_calendar(), WillingKeys()
    broker = PaperBroker(
        clock.now(), daily_closes(), (*broker_announcements(), *surprises(calendar, "broker")), calendar
    )
    custodian = PaperCustodian(
        clock.now(),
        daily_closes(),
        (*custodian_notices(), *surprises(calendar, "custodian")),
        broker,
        keys,
        keys,
        calendar,
    )
    if faults:
        broker.turn(Switches(seed, BROKER_FAULTS))
        custodian.turn(Switches(seed, CUSTODIAN_FAULTS))
    store, terms = StrictStore(accounts.CHART), Terms()
    chains = {name: MemoryChain(clock.now, name) for name in ("evm", "solana")}
    observer = Observer({instrument(symbol).isin: symbol for symbol in SYMBOLS})
    books = RepeatingBooks(decides, HEARS, view_of(terms, clock.now), clock.now)
    books.chance = chance if faults else None
    news = News(books, calendar)
    market = PrimaryMarket(store, books, lambda unit, asked: None, terms, clock.now)
    desk = Desk(broker, custodian, keys)

    def apply(unit: Unit, command: Command, answer: Any) -> None:
        if isinstance(answer, Refused | Rejected) and not any(words in answer.text for words in EXPLAINED):
            raise InvariantBroken(said(f"{command.key} was refused outside: {answer.text}"))
        world.progressed(command.key)
        books.tell(unit, command.row_kind, command.row_id, answer)

    late: dict[str, int] = {}

    def slowly(kind: type[Any], perform: Callable[[Lease], Any]) -> Callable[[Lease], Any]:
        """Mints and refunds whose answer is late, burns and freezes that are late themselves."""
        if kind in (Mint, Refund):
            return Slow(perform, chance, clock, late, 0.02, 20 * 3_600, before=False)
        if kind is Burn:
            return Slow(perform, chance, clock, late, 0.05, 30 * 3_600, before=True)
        if kind is Wake:
            return Slow(perform, chance, clock, late, 0.8, 4 * 3_600, before=True, strikes=_is_freeze)
        return perform

    def new_worker(world: World) -> Worker:
        calls = Calls(store, chains, observer.published, world.probe, lambda _: None, 0.0)
        isin = {symbol: instrument(symbol).isin for symbol in SYMBOLS}
        check = Verification(
            chains,
            lambda stock: dict.fromkeys(chains, stock),
            lambda stock: custodian.latest_statement(isin[stock]).epoch,
        )
        outside: dict[type[Any], Callable[[Lease], Any]] = {
            PlaceOrder: desk.place_order,
            Instruct: desk.instruct,
            Pay: desk.pay,
            Mint: calls.perform,
            Burn: calls.perform,
            Refund: calls.perform,
            Schedule: calls.perform,
            Verify: check.perform,
        }
        outside = {**outside, Wake: desk.wake}
        if faults:
            outside = {kind: slowly(kind, unreliable(perform, chance)) for kind, perform in outside.items()}
        return Worker(
            store,
            clock,
            outside,
            apply,
            probe=world.probe,
            feeds=_feeds(world, news),
            retries=Retries(limit=10_000),
            machine=lambda: world.machine_s,
        )

    outside_world = OutsideWorld((broker, custodian), lambda *deposit: custodian.deposit(Deposit(*deposit)))
    world = World(
        clock,
        store,
        chains,
        broker,
        custodian,
        outside_world,
        calendar,
        observer,
        new_worker,
        lambda s: _drop(market.subscribe(s.id, s.person, s.stock, s.chain, s.wallet, s.shares, s.at_once)),
        lambda r: _drop(market.redeem(r.id, r.person, r.stock, r.chain, r.wallet, r.raw, r.kind, r.deliver_to)),
        books.tell,
        chance,
        faults=faults,
    )
    _found(world, news, custodian)
    return world


def _is_freeze(command: Command) -> bool:
    return isinstance(command.action, Wake) and command.action.why == "freeze"


def _drop(row: Subscription | Redemption) -> None:
    """The simulation reads the row itself."""


def _found(world: World, news: News, custodian: PaperCustodian) -> None:
    """Pay the capital in and list the stocks."""
    with world.store.transaction() as unit:
        for symbol in SYMBOLS:
            tokens = tuple((name, symbol) for name in world.chains)
            for chain in world.chains.values():
                chain.create(symbol)
            price = daily_closes().on(symbol, new_york_date(world.clock.now()))
            if price is None:
                raise LookupError(f"simulation: {symbol} had no close")
            stock = instrument(symbol)
            unit.put(Stock(symbol, stock.isin, SEGREGATED_ACCOUNT, stock.token_symbol, tokens, price=price))
            news.listed(unit, symbol, world.clock.now())
            world.token_stock[symbol] = symbol
        at_broker = Transfer("capital:broker", accounts.BROKER_CASH, accounts.CAPITAL, CAPITAL.atoms, "capital")
        at_bank = Transfer("capital:bank", accounts.BANK, accounts.CAPITAL, CAPITAL.atoms, "capital")
        unit.post((at_broker, at_bank))
    custodian.deposit(Deposit("capital", CAPITAL_REFERENCE, CAPITAL, "issuer"))


def _feeds(world: World, news: News) -> tuple[Feed, ...]:
    """News from everywhere; sometimes a feed says nothing for a while."""

    def numbered(events: Any) -> Any:
        def poll(cursor: str) -> tuple[Any, str]:
            if world.faults and world.random.random() < 0.15:
                world.silenced = True
                return (), cursor
            found = events(int(cursor or 0), 50)
            return found, str(found[-1].seq) if found else cursor

        return poll

    def told(name: str, apply: Callable[[Unit, Any], None]) -> Callable[[Unit, Any], None]:
        def applied(unit: Unit, event: Any) -> None:
            world.progressed(f"{name}: {type(event).__name__}")
            apply(unit, event)

        return applied

    broker = Feed("broker", numbered(world.broker.events), told("broker", news.from_broker))
    custodian = Feed("custodian", numbered(world.custodian.events), told("custodian", news.from_custodian))
    chains = (Feed(f"chain:{name}", chain.events, told(name, news.from_chain)) for name, chain in world.chains.items())
    return (broker, custodian, *chains)
