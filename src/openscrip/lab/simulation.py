"""The whole main job under a seeded, hostile world, as fast as Python goes.

The decisions, the worker, the ledger rules, the paper broker and custodian and the port of the chain are the product's own.
The world drops, repeats, delays and reorders messages, busts trades, fails settlements and transfers, splits stocks by
surprise and kills the worker around every effect; the observer checks I1 to I6 after every event. The same seed gives the
same digest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from openscrip.assets.actions import CancelAsked, Woken
from openscrip.assets.calendar import Session
from openscrip.assets.stock import Stock
from openscrip.issuance.action_queue import QueueItem
from openscrip.issuance.cancelling import is_cancellable
from openscrip.issuance.distribution import Distribution, Resolved
from openscrip.issuance.redemption import Redemption, RedemptionCompleted
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.lab.invariants import InvariantBroken
from openscrip.lab.parties import said
from openscrip.lab.world import Crash, World
from openscrip.runtime.store import Unit

SESSIONS_MIN = 60
RECOUNT_EVERY = 1_000
STALLED_SESSIONS_MAX = 30
PROGRESS_MAX = 20_000
IDLE_MAX = 8
LOOK_AGAIN_S = 1_800


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What a run gave. The same seed and the same code give the same digest."""

    ok: bool
    seed: int
    subscriptions: int
    redemptions: int
    refused: int
    events: int
    checks: int
    crashes: int
    sessions: int
    digest: str
    broken: str = ""


class Simulation:
    """One run. `subscriptions` are spread over so many `sessions` of the calendar from the clock's time on.

    `progress` hears the number of sessions played.
    """

    def __init__(
        self,
        world: World,
        seed: int,
        subscriptions: int,
        sessions: int,
        progress: Callable[[int], None] = lambda sessions: None,
    ) -> None:
        self._world = world
        self._seed = seed
        self._wanted = subscriptions
        self._planned = sessions
        self._progress = progress
        self._random = world.random
        self._worker = world.new_worker(world)
        self._asked = self._redeemed = self._refused = self._crashes = self._sessions = 0
        self._recounted = self._heard = 0
        self._holders: list[tuple[str, str, str]] = []

    def run(self) -> SimulationResult:
        """Run to the end, or to the first broken invariant."""
        broken = ""
        try:
            self._run_sessions()
            self._finish()
        except InvariantBroken as error:
            broken = str(error)
        except Exception as error:  # noqa: BLE001  # whatever ends a worker ends the run, and is named
            broken = said(f"{type(error).__name__}: {error}")
        world = self._world
        return SimulationResult(
            not broken,
            self._seed,
            self._asked,
            self._redeemed,
            self._refused,
            world.events,
            world.observer.checks,
            self._crashes,
            self._sessions,
            world.digest.hexdigest(),
            broken,
        )

    def _run_sessions(self) -> None:
        per_session = max(1, -(-self._wanted // self._planned))
        session = self._world.calendar.session_on_or_after(self._day())
        while self._asked < self._wanted or self._sessions < self._planned:
            self._play(session, per_session)
            self._progress(self._sessions)
            session = self._world.calendar.next_session(session.day)

    def _play(self, session: Session, per_session: int) -> None:
        """One day: requests at random instants between six in the morning and the evening."""
        self._sessions += 1
        self._operate()
        count = min(per_session, self._wanted - self._asked)
        first, last = session.open_at - 3 * 3_600, session.close_at + 3_600
        instants = sorted(self._random.randrange(first, last) for _ in range(count))
        for at in instants:
            self._advance(at)
            self._ask()
            if self._holders and self._random.random() < 0.4:
                self._redeem()
            if self._world.faults and self._random.random() < 0.3:
                self._disturb()
            if self._random.random() < 0.3:
                self._step()
        self._advance(session.close_at + 4 * 3_600)
        if self._asked - self._recounted >= RECOUNT_EVERY:
            self._recount()

    def _operate(self) -> None:
        """The operators' morning: one source's word is taken where no other spoke, dates are read, changes approved."""
        with self._world.store.transaction() as unit:
            for item in unit.rows(QueueItem, state="open"):
                row = unit.row(Distribution, item.action)
                if row is None:
                    continue
                notice = row.notices[0]
                said = Resolved(
                    notice.source, "read by the operators", item.question, notice.ex_date, notice.ex_date, ("ann", "ben")
                )
                self._world.tell(unit, Distribution, row.id, said)

    def _disturb(self) -> None:
        """Wake one of the latest requests for nothing; or its client takes it back, where that is still possible."""
        requests = ((Subscription, "sub", self._asked), (Redemption, "red", self._redeemed))
        kind, prefix, count = self._random.choice(requests)
        row_id = f"{prefix}-{self._random.randrange(max(1, count - 60), count + 2)}"
        with self._world.store.transaction() as unit:
            if unit.row(kind, row_id) is not None:
                self._world.tell(unit, kind, row_id, Woken("spurious"))
        if self._random.random() < 0.5:
            self._cancel(kind, row_id)

    def _day(self) -> date:
        return new_york_date(self._world.clock.now())

    def _ask(self) -> None:
        """A subscription with a random size, stock and chain; its deposit may come late, twice, or in two parts."""
        world, pick = self._world, self._random
        self._asked += 1
        request_id = f"sub-{self._asked}"
        stock = self._picked()
        symbol = stock.id
        whole = pick.random() < 0.6
        shares = Shares.whole(pick.randrange(1, 40)) if whole else Shares(pick.randrange(10**7, 30 * 10**9))
        if pick.random() < 0.05:
            shares += Shares(pick.randrange(1, 10))  # too little to be minted by itself
        chain = pick.choice(sorted(world.chains))
        wallet = f"wallet-{pick.randrange(200)}"
        at_once = pick.random() < 0.15
        asked = Subscription(
            request_id, symbol, "person", chain, wallet, shares, stock.price, Money(0), at_once, world.clock.now()
        )
        try:
            world.subscribe(asked)
        except Refused:
            self._refused += 1
            return
        with world.store.transaction() as unit:
            row = unit.row(Subscription, request_id)
        if row is None or row.state == "refused":
            self._refused += 1
            return
        if world.faults and pick.random() < 0.05:
            self._cancel(Subscription, request_id)  # the money comes all the same
        first = Money(row.deposit.atoms // 2) if pick.random() < 0.05 else row.deposit
        world.parties.deposit(f"{request_id}-a", request_id, first, "person")
        if first != row.deposit:
            world.parties.deposit(f"{request_id}-b", request_id, row.deposit - first, "person")
        self._holders.append((chain, symbol, wallet))

    def _cancel(self, kind: type[Subscription] | type[Redemption], request_id: str) -> None:
        with self._world.store.transaction() as unit:
            row = unit.row(kind, request_id)
            if isinstance(row, Subscription | Redemption) and is_cancellable(row):
                self._world.tell(unit, kind, request_id, CancelAsked())

    def _picked(self) -> Stock:
        """Any stock; rather one that is being split, while books and chains differ about it."""
        with self._world.store.transaction() as unit:
            stocks = unit.rows(Stock)
        torn = [stock for stock in stocks if stock.epoch != stock.chain_epoch]
        return self._random.choice(torn if torn and self._random.random() < 0.5 else stocks)

    def _redeem(self) -> None:
        """A holder asks for a part of what they have, in kind or in cash."""
        world, pick = self._world, self._random
        chain_name, symbol, wallet = pick.choice(self._holders)
        chain = world.chains[chain_name]
        with world.store.transaction() as unit:
            stock = unit.row(Stock, symbol)
        token = stock.token(chain_name) if stock else ""
        balance = chain.balance(token, wallet).grains
        if balance < 10**6:
            return
        raw = RawAmount.from_grains(balance if pick.random() < 0.3 else pick.randrange(10**5, balance + 1))
        kind = pick.choice((RedemptionKind.IN_KIND, RedemptionKind.CASH))
        self._redeemed += 1
        request_id = f"red-{self._redeemed}"
        asked = Redemption(request_id, symbol, "person", chain_name, wallet, raw, kind, "AP-ACCOUNT", 0, world.clock.now())
        world.observer.announced(request_id)
        try:
            world.redeem(asked)
        except Refused:
            self._refused += 1
            return
        if world.faults and pick.random() < 0.05:
            self._cancel(Redemption, request_id)  # the tokens come all the same
        chain.escrow(token, wallet, raw, kind, request_id)

    def _step(self, limit: int = 4) -> None:
        """One step of the worker; a crash leaves its leases, and another worker of the same name takes over."""
        world = self._world
        try:
            self._worker.step(limit)
        except Crash:
            self._crashes += 1
            world.machine_s += 31.0
            self._worker = world.new_worker(world)
        finally:
            world.machine_s += 0.01
            world.observe()
            self._hear()

    def _hear(self) -> None:
        """Whole shares were delivered; the fraction of a completed redemption is owed no more."""
        with self._world.store.transaction() as unit:
            for number, _at, fact in unit.facts(self._heard):
                self._heard = number
                if isinstance(fact, RedemptionCompleted):
                    self._world.observer.served_fraction(fact.stock, fact.id)

    def _drain(self) -> None:
        """Work until nothing is due; retries come with machine time. What never ends is broken."""
        world, idle = self._world, 0
        ends = world.progress + PROGRESS_MAX
        while True:
            before, world.silenced = world.progress, False
            self._step(16)
            if world.progress != before:
                idle = 0
                if world.progress > ends:
                    raise InvariantBroken(f"live: {world.latest} kept coming, {PROGRESS_MAX} answers at one instant")
                continue
            idle += 1
            due = world.store.next_due()
            if idle >= IDLE_MAX or (not world.silenced and (due is None or due > world.clock.now())):
                return
            world.machine_s += 5.0

    def _advance(self, until: int) -> None:
        """Let market time pass, stopping at everything that is due, draining in between."""
        world = self._world
        while True:
            self._drain()
            now = world.clock.now()
            if now >= until:
                return
            overdue = now + LOOK_AGAIN_S
            due = [at for at in (world.parties.next_due(), world.store.next_due()) if at is not None]
            world.clock.advance_to(min([at if at > now else overdue for at in due] + [until]))
            world.parties.advance_to(world.clock.now())
            self._look()

    def _look(self) -> None:
        """Read what the chains show after time has passed."""
        world = self._world
        world.observe()
        with world.store.transaction() as unit:
            stocks = unit.rows(Stock)
        for stock in stocks:
            for chain, token in stock.tokens:
                world.observer.shows(stock.id, chain, world.chains[chain].multiplier(token))
            world.observer.check_one_multiplier(stock.id)

    def _recount(self) -> None:
        """Everything from scratch: ledger, custody and chains must agree with the observer."""
        world = self._world
        self._recounted = self._asked
        self._drain()
        with world.store.transaction() as unit:
            for row in unit.rows(Redemption, state="paying"):
                world.observer.served_fraction(row.stock, row.id)
            restored: dict[str, int] = {}
            for row in unit.rows(Redemption, state="restituting"):
                if world.observer.has_minted(f"{row.id}/restitution"):
                    restored[row.stock] = restored.get(row.stock, 0) + row.claim.atoms
            world.observer.recount(unit.balances(), restored)

    def _finish(self) -> None:
        """Let everything that was asked come to its end, then recount; what never ends is broken too."""
        world = self._world
        for _ in range(STALLED_SESSIONS_MAX):
            session = world.calendar.next_session(self._day())
            self._operate()
            self._advance(session.close_at + 4 * 3_600)
        self._recount()
        with world.store.transaction() as unit:
            stuck = [
                f"{row.id} in {row.state} ({row.reason})"
                for kind in (Subscription, Redemption)
                for row in _all(unit, kind)
                if row.state not in ("completed", "refused", "refunded")
            ]
        if stuck:
            raise InvariantBroken(f"I8 exit stays open: {len(stuck)} requests never ended, such as {stuck[0]}")


def _all(unit: Unit, kind: type[Subscription] | type[Redemption]) -> Sequence[Subscription | Redemption]:
    return unit.rows(kind)
