"""The parts of a simulated world: the product's decisions, worker, ledger, paper parties and chains, all in memory."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from openscrip.assets import accounts
from openscrip.assets.actions import Instruct, Pay, PlaceOrder, Wake
from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.calendar import Calendar, new_york_calendar
from openscrip.assets.custodians.paper_core import PaperCustodian
from openscrip.assets.desk import Desk
from openscrip.assets.listings import broker_announcements, custodian_notices, daily_closes, instrument
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.assets.paper import Closes, Switch, Switches
from openscrip.bootstrap.books import HEARS, view_of
from openscrip.issuance.actions import Burn, Cancel, Finish, Mint, Refund, Rejected, Schedule, Verify
from openscrip.issuance.calls import Calls, Verification
from openscrip.issuance.chains.memory import MemoryChain
from openscrip.issuance.journey import note
from openscrip.issuance.news import News
from openscrip.issuance.terms import Terms
from openscrip.kernel.clock import SteppedClock, instant, new_york_date
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.lab.invariants import InvariantBroken, Observer
from openscrip.lab.market_years import FIRST_DAY, AfterSplits, MarketYears
from openscrip.lab.parties import EXPLAINED, RepeatingBooks, Slow, StrictStore, WillingKeys, said, unreliable
from openscrip.lab.world import World
from openscrip.runtime.decision import Decide
from openscrip.runtime.feed import Feed
from openscrip.runtime.store import Command, Lease, Unit
from openscrip.runtime.worker import Retries, Worker

SYMBOLS = ("AAPL", "MSFT", "MSTR", "NVDA", "SPY", "TSLA")
YEARS_SYMBOLS = ("AAPL", "AMZN", "COIN", "GOOGL", "HOOD", "META", "MSFT", "MSTR", "NVDA", "QQQ", "SPY", "TSLA")
CAPITAL = Money(10**15)
BROKER_FAULTS = (
    Switch("bust_fill", 20),
    Switch("fill_pieces", 100, size=5),
    Switch("unfilled_rest", 20),
    Switch("fail_settlement", 30),
    Switch("reject_order", 10, only="sub-"),
    Switch("finance", 80, size=60),
    Switch("forced_sale", 200),
    Switch("partial_release", 200),
    Switch("refuse_release", 200),
)
CUSTODIAN_FAULTS = (
    Switch("fail_transfer", 30),
    Switch("late_transfer", 20),
    Switch("refuse_transfer", 15),
    Switch("late_payment", 30),
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What market a simulated world lives through: from when, which lines, at which prices, with which announcements."""

    start: str
    symbols: tuple[str, ...]
    calendar: Calendar
    closes: Closes
    announced: tuple[Notice, ...]
    notified: tuple[Notice, ...]


def summer_of_2024() -> Scenario:
    """From May 2024 on, six lines, and a split every five weeks that nobody announced in time."""
    calendar, start = new_york_calendar(), "2024-05-20T12:00:00Z"
    return Scenario(
        start,
        SYMBOLS,
        calendar,
        daily_closes(),
        (*broker_announcements(), *surprises(calendar, start, "broker")),
        (*custodian_notices(), *surprises(calendar, start, "custodian")),
    )


def years_of_market(years: int) -> Scenario:
    """Twelve lines through so many years: the package's prices and all their corporate actions, again and again."""
    told = (*broker_announcements(), *custodian_notices())
    market = MarketYears(years, new_york_calendar(), daily_closes(), told)
    start = f"{FIRST_DAY.isoformat()}T12:00:00Z"
    splits = surprises(market.calendar, start, "custodian")
    closes = AfterSplits(market, splits)
    return Scenario(
        start,
        YEARS_SYMBOLS,
        market.calendar,
        closes,
        (*closes.notices(market.notices("broker")), *surprises(market.calendar, start, "broker")),
        (*closes.notices(market.notices("custodian")), *splits),
    )


@dataclass(slots=True)
class Parts:
    """What a simulated world is made of; `late` remembers which commands answer hours later."""

    seed: int
    faults: bool
    chance: random.Random
    clock: SteppedClock
    calendar: Calendar
    broker: PaperBroker
    custodian: PaperCustodian
    store: StrictStore
    terms: Terms
    chains: dict[str, MemoryChain]
    observer: Observer
    books: RepeatingBooks
    news: News
    desk: Desk
    scenario: Scenario
    late: dict[str, int] = field(default_factory=dict)

    def worker(self, world: World) -> Worker:
        """A worker as in the product, whose outside is unreliable."""

        def apply(unit: Unit, command: Command, answer: Any) -> None:
            if isinstance(answer, Refused | Rejected) and not any(words in answer.text for words in EXPLAINED):
                raise InvariantBroken(said(f"{command.key} was refused outside: {answer.text}"))
            world.progressed(command.key)
            self.books.tell(unit, command.row_kind, command.row_id, answer)

        outside = self._outside(world)
        if self.faults:
            outside = {kind: self._slowly(kind, unreliable(act, self.chance)) for kind, act in outside.items()}
        return Worker(
            self.store,
            self.clock,
            outside,
            apply,
            probe=world.probe,
            feeds=_feeds(world, self.news),
            retries=Retries(limit=10_000),
            machine=lambda: world.machine_s,
        )

    def _outside(self, world: World) -> dict[type[Any], Callable[[Lease], Any]]:
        """Who performs what."""
        calls = Calls(self.store, self.chains, self.observer.published, world.probe, lambda _: None, 0.0)
        isin = {symbol: instrument(symbol).isin for symbol in self.scenario.symbols}
        check = Verification(
            self.chains,
            lambda stock: dict.fromkeys(self.chains, stock),
            lambda stock: self.custodian.latest_statement(isin[stock]).epoch,
        )
        return {
            PlaceOrder: self.desk.place_order,
            Instruct: self.desk.instruct,
            Pay: self.desk.pay,
            Mint: calls.perform,
            Burn: calls.perform,
            Refund: calls.perform,
            Schedule: calls.perform,
            Finish: calls.perform,
            Cancel: calls.perform,
            Verify: check.perform,
            Wake: self.desk.wake,
        }

    def _slowly(self, kind: type[Any], perform: Callable[[Lease], Any]) -> Callable[[Lease], Any]:
        """Mints and refunds whose answer is late, burns and freezes that are late themselves."""
        if kind in (Mint, Refund):
            return Slow(perform, self.chance, self.clock, self.late, 0.02, 20 * 3_600, before=False)
        if kind is Burn:
            return Slow(perform, self.chance, self.clock, self.late, 0.05, 30 * 3_600, before=True)
        if kind is Wake:
            return Slow(perform, self.chance, self.clock, self.late, 0.8, 4 * 3_600, before=True, strikes=_is_freeze)
        return perform


def build_parts(seed: int, scenario: Scenario, *, faults: bool, decides: Mapping[type[Any], Decide]) -> Parts:
    """All parts, wired as `bootstrap` wires the real ones."""
    chance = random.Random(seed)  # noqa: S311  # a simulation, not a secret
    clock, calendar, keys = SteppedClock(instant(scenario.start)), scenario.calendar, WillingKeys()
    broker = PaperBroker(clock.now(), scenario.closes, scenario.announced, calendar)
    custodian = PaperCustodian(clock.now(), scenario.closes, scenario.notified, broker, keys, keys, calendar)
    if faults:
        broker.turn(Switches(seed, BROKER_FAULTS))
        custodian.turn(Switches(seed, CUSTODIAN_FAULTS))
    terms = Terms()
    books = RepeatingBooks(decides, HEARS, view_of(terms, clock.now), clock.now, note)
    books.chance = chance if faults else None
    return Parts(
        seed,
        faults,
        chance,
        clock,
        calendar,
        broker,
        custodian,
        StrictStore(accounts.CHART),
        terms,
        {name: MemoryChain(clock.now, name) for name in ("evm", "solana")},
        Observer({instrument(symbol).isin: symbol for symbol in scenario.symbols}),
        books,
        News(books, calendar),
        Desk(broker, custodian, custodian.bank, keys),
        scenario,
    )


def surprises(calendar: Calendar, start: str, source: str) -> tuple[Notice, ...]:
    """Splits that are announced only on their ex-date, two hours after the holdings were split."""
    day, notices = new_york_date(instant(start)) + timedelta(days=20), []
    for number in range(24):
        day = calendar.session_on_or_after(day + timedelta(days=23)).day
        symbol = ("TSLA", "SPY", "MSFT")[number % 3]
        event_id = f"{symbol}.SPLF.{day.isoformat()}"
        isin = instrument(symbol).isin
        notices.append(
            Notice(event_id, symbol, isin, ActionEvent.FORWARD_SPLIT, day, day, None, None, 2 + number % 2, 1, None, source)
        )
    return tuple(notices)


def _is_freeze(command: Command) -> bool:
    return isinstance(command.action, Wake) and command.action.why == "freeze"


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
    bank = Feed("bank", numbered(world.bank.events), told("bank", news.from_bank))
    chains = (Feed(f"chain:{name}", chain.events, told(name, news.from_chain)) for name, chain in world.chains.items())
    return (broker, custodian, bank, *chains)
