"""A world without faults in which corporate actions run: memory chains, paper parties, and the operators' queue."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, cast

from openscrip.assets.notice import Notice
from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import DECIDES
from openscrip.bootstrap.simulated import build_world
from openscrip.bootstrap.simulated_parts import Scenario
from openscrip.issuance.action_queue import Answer, QueueItem, answer
from openscrip.issuance.distribution import Distribution
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import new_york_instant
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Books

PEOPLE = ("ines", "otto")


class ActionsWorld:
    """The product's books, worker and ledger over memory chains and paper parties, moved by a test."""

    def __init__(self, scenario: Scenario) -> None:
        self.world = build_world(1, scenario, faults=False, decides=DECIDES)
        self.worker = self.world.new_worker(self.world)
        self.books = cast(Books, cast(Any, self.world.tell).__self__)
        self.resolved: list[QueueItem] = []

    @property
    def now(self) -> int:
        """Market time."""
        return self.world.clock.now()

    def subscribe(self, symbol: str, chain: str, shares: int, wallet: str = "alice") -> None:
        """Ask for whole shares and pay for them."""
        request_id = f"sub-{symbol}-{chain}-{self.now}"
        whole = Shares.whole(shares)
        asked = Subscription(
            request_id, symbol, wallet, chain, wallet, whole, self.stock(symbol).price, Money(0), False, self.now
        )
        self.world.subscribe(asked)
        with self.world.store.view() as view:
            row = view.row(Subscription, request_id)
        assert row is not None, request_id
        assert row.state != "refused", row.reason
        self.world.parties.deposit(f"{request_id}-paid", request_id, row.deposit, wallet)

    def advance(self, day: date, hour: int = 20) -> None:
        """Let market time pass to `hour` New York of `day`, doing everything that is due on the way."""
        until = new_york_instant(day, hour)
        while True:
            self.drain()
            if self.now >= until:
                return
            known = (self.world.parties.next_due(), self.world.store.next_due())
            due = [at for at in known if at is not None and at > self.now]
            self.world.clock.advance_to(min([*due, until]))
            self.world.parties.advance_to(self.now)
            self.look()

    def drain(self) -> None:
        """Work until nothing is left to do now."""
        while self.worker.step(50):
            self.world.machine_s += 0.01
        self.world.observe()

    def look(self) -> None:
        """Every chain shows the same version of one multiplier (I6)."""
        for stock in self.stocks():
            for chain, token in stock.tokens:
                self.world.observer.shows(stock.id, chain, self.world.chains[chain].multiplier(token))
            self.world.observer.check_one_multiplier(stock.id)

    def announce(self, notice: Notice, *sources: str) -> None:
        """Have sources tell a notice now."""
        parties: dict[str, Any] = {"custodian": self.world.custodian, "broker": self.world.broker}
        for source in sources:
            parties[source].announce(_by(notice, source))
        self.world.parties.advance_to(self.now)
        self.drain()

    def stock(self, symbol: str) -> Stock:
        """One listed stock."""
        return next(stock for stock in self.stocks() if stock.id == symbol)

    def stocks(self) -> Sequence[Stock]:
        """All listed stocks."""
        with self.world.store.view() as view:
            return view.rows(Stock)

    def actions(self) -> dict[str, Distribution]:
        """All corporate actions by id."""
        with self.world.store.view() as view:
            return {row.id: row for row in view.rows(Distribution)}

    def queue(self, state: str = "open") -> list[QueueItem]:
        """The operators' questions in one state."""
        with self.world.store.view() as view:
            return view.rows(QueueItem, state=state)

    def resolve(self, item: QueueItem, said: Answer, people: Sequence[str] = PEOPLE) -> None:
        """People answer a question alike, one after the other."""
        for person in people:
            with self.world.store.transaction() as unit:
                item = answer(unit, self.books, item.id, said, person, "read and compared", "memo 12", self.now)
        self.resolved.append(item)
        self.drain()

    def recount(self) -> None:
        """Ledger, custody and chains agree, from scratch."""
        with self.world.store.transaction() as unit:
            self.world.observer.recount(unit.balances(), {})


class Closes:
    """Prices that a test sets: from a day on."""

    def __init__(self, prices: dict[str, list[tuple[date, str]]]) -> None:
        self._prices = prices

    def on(self, symbol: str, day: date) -> PricePerShare | None:
        """The last price on or before `day`."""
        known = [price for since, price in self._prices.get(symbol, ()) if since <= day]
        return PricePerShare.parse(known[-1]) if known else None


def _by(notice: Notice, source: str) -> Notice:
    return replace(notice, source=source)
