"""The reconciler beside the whole main job: no false alarm in a hostile world, and every injected difference found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from openscrip.assets import accounts
from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import DECIDES, build_books
from openscrip.bootstrap.simulated import build_world
from openscrip.bootstrap.simulated_parts import summer_of_2024
from openscrip.issuance.break_row import Break, BreakClosed, BreakOpened, refuse_while_broken
from openscrip.issuance.chain import Chain, Head
from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.movements import ALL, Block, Moved
from openscrip.issuance.indexer.reading import Page
from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.reconciler import PortReader, Reconciler
from openscrip.issuance.reconciliation import ChainSeen, ReportedReserve, accept
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.terms import Terms
from openscrip.issuance.voucher import MintKind, RedemptionKind
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.multiplier import ONE
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.lab.simulation import SESSIONS_MIN, Simulation
from openscrip.lab.world import WorkerOnce, World
from openscrip.runtime.ledger import Phase, Transfer

STOCK = "TSLA"
FIVE = RawAmount.parse("5")


def reconciler_of(world: World, **more: Any) -> Reconciler:
    books = build_books(Terms(), world.clock.now)
    return Reconciler(world.store, books, world.chains, world.custodian, world.clock, often_s=0.0, **more)


def looks(world: World, reconciler: Reconciler) -> int:
    """Look once and record what is new; how many looks changed something."""
    found, _ = reconciler.poll("")
    for look in found:
        with world.store.transaction() as unit:
            reconciler.apply(unit, look)
    return len(found)


def breaks(world: World, state: str | None = None) -> list[Break]:
    with world.store.view() as view:
        return view.rows(Break, state=state)


class Beside:
    """A worker after each of whose steps the reconciler looks."""

    def __init__(self, worker: WorkerOnce, look: Callable[[], object]) -> None:
        self._worker, self._look = worker, look

    def step(self, limit: int = 16) -> bool:
        done = self._worker.step(limit)
        self._look()
        return done


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (11, 29))])
def test_a_hostile_world__never_raises_a_false_alarm(seed: int) -> None:
    world = build_world(seed, summer_of_2024(), faults=True, decides=DECIDES)
    reconciler, new_worker, count = reconciler_of(world, machine=lambda: world.machine_s), world.new_worker, [0]

    def look() -> None:
        count[0] += 1
        looks(world, reconciler)
        assert breaks(world) == []

    world.new_worker = lambda made: Beside(new_worker(made), look)
    result = Simulation(world, seed, 120, SESSIONS_MIN).run()
    assert result.ok, result.broken
    assert result.redemptions > 0
    assert count[0] > 500


@pytest.fixture
def world() -> World:
    """A friendly world in which a client holds tokens on both chains and nothing is under way."""
    world = build_world(7, summer_of_2024(), faults=False, decides=DECIDES)
    result = Simulation(world, 7, 60, SESSIONS_MIN).run()
    assert result.ok, result.broken
    return world


@pytest.fixture
def stock(world: World) -> Stock:
    """The stock with the most to lose: one that has supply on both chains and a change of multiplier behind it."""
    with world.store.view() as view:
        stocks = view.rows(Stock)
    return max(stocks, key=lambda one: min(chain.supply(one.id).atoms for chain in world.chains.values()))


@pytest.fixture
def reconciler(world: World, stock: Stock) -> Reconciler:
    made = reconciler_of(world)
    assert looks(world, made) == 0
    assert stock.id in made.looks
    return made


def later(world: World) -> None:
    world.clock.advance_to(world.clock.now() + 30)


Inject = Callable[[World, Stock], Callable[[], None]]


def foreign_mint(world: World, stock: Stock) -> Callable[[], None]:
    token = world.chains["evm"].tokens[stock.id]  # type: ignore[attr-defined]  # a memory chain
    token.supply += FIVE.grains

    def undo() -> None:
        token.supply -= FIVE.grains

    return undo


def vanished(world: World, stock: Stock) -> Callable[[], None]:
    token = world.chains["solana"].tokens[stock.id]  # type: ignore[attr-defined]  # a memory chain
    token.supply -= 1

    def undo() -> None:
        token.supply += 1

    return undo


def drifted(world: World, stock: Stock) -> Callable[[], None]:
    token = world.chains["solana"].tokens[stock.id]  # type: ignore[attr-defined]  # a memory chain
    before = token.shown
    token.shown = replace(before, current=before.current + 10**6)

    def undo() -> None:
        token.shown = before

    return undo


def another_version(world: World, stock: Stock) -> Callable[[], None]:
    token = world.chains["evm"].tokens[stock.id]  # type: ignore[attr-defined]  # a memory chain
    before = token.shown
    token.shown = replace(before, version=before.version + 1)

    def undo() -> None:
        token.shown = before

    return undo


def another_epoch(world: World, stock: Stock) -> Callable[[], None]:
    token = world.chains["evm"].tokens[stock.id]  # type: ignore[attr-defined]  # a memory chain
    before = token.shown
    token.shown = replace(before, epoch=before.epoch + 1)

    def undo() -> None:
        token.shown = before

    return undo


def foreign_schedule(world: World, stock: Stock) -> Callable[[], None]:
    token = world.chains["evm"].tokens[stock.id]  # type: ignore[attr-defined]  # a memory chain
    before = token.shown
    token.shown = replace(before, pending=2 * ONE, effective_at=world.clock.now() + 10_000)

    def undo() -> None:
        token.shown = before

    return undo


CHAIN_BREAKS = {
    "a foreign mint": (foreign_mint, "supply", "evm", "+5"),
    "a foreign burn": (vanished, "supply", "solana", "-0.00000001"),
    "a drifted multiplier": (drifted, "multiplier", "solana", ""),
    "another version": (another_version, "multiplier", "evm", ""),
    "another epoch": (another_epoch, "multiplier", "evm", ""),
    "a foreign schedule": (foreign_schedule, "multiplier", "evm", ""),
}


@pytest.mark.parametrize("name", CHAIN_BREAKS)
def test_a_difference_on_a_chain__opens_a_break_within_a_minute__and_closes_when_it_is_gone(
    world: World, stock: Stock, reconciler: Reconciler, name: str
) -> None:
    inject, kind, chain, difference = CHAIN_BREAKS[name]
    undo, injected_at = inject(world, stock), world.clock.now()
    later(world)
    assert looks(world, reconciler) == 1
    [found] = [row for row in breaks(world, "open") if row.kind == kind]
    assert (found.stock, found.chain) == (stock.id, chain)
    assert found.since - injected_at <= 60
    assert not difference or found.difference == difference
    with world.store.view() as view, pytest.raises(Refused) as refusal:
        refuse_while_broken(view, stock.id, MintKind.ISSUANCE)
    assert refusal.value.code == "reconciliation.break"
    with world.store.view() as view:
        refuse_while_broken(view, stock.id, MintKind.RESTITUTION)
        refuse_while_broken(view, "AAPL" if stock.id != "AAPL" else "NVDA", MintKind.ISSUANCE)
    assert looks(world, reconciler) == 0
    later(world)
    assert looks(world, reconciler) == 0  # told once
    undo()
    later(world)
    assert looks(world, reconciler) == 1
    assert breaks(world, "open") == []
    [closed] = [row for row in breaks(world, "closed") if row.kind == kind]
    assert (closed.closed_by, closed.closed_at) == ("agreement", world.clock.now())
    with world.store.view() as view:
        refuse_while_broken(view, stock.id, MintKind.ISSUANCE)
        facts = [fact for _, _, fact in view.facts(limit=100_000) if isinstance(fact, BreakOpened | BreakClosed)]
    assert {fact.stock for fact in facts} == {stock.id}
    assert [type(fact) for fact in facts if fact.id == closed.id] == [BreakOpened, BreakClosed]


class Custody:
    """The custodian, whose newest statement says something else."""

    def __init__(self, real: Any, **wrong: Any) -> None:
        self._real, self.wrong = real, wrong

    def latest_statement(self, isin: str) -> Any:
        return replace(self._real.latest_statement(isin), **self.wrong)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_a_statement_of_fewer_shares__breaks_custody_and_cover(world: World, stock: Stock) -> None:
    custody = Custody(world.custodian)
    world.custodian = custody
    reconciler = reconciler_of(world)
    assert looks(world, reconciler) == 0
    held = world.custodian.latest_statement(stock.isin).available
    custody.wrong = {"available": Shares(held.atoms // 2), "aggregate": Shares(held.atoms // 2)}
    later(world)
    looks(world, reconciler)
    mine = {row.kind: row for row in breaks(world, "open") if row.stock == stock.id}
    assert set(mine) == {"statement", "cover"}
    assert mine["statement"].expected == f"{held} shares by the books"
    custody.wrong = {"epoch": stock.epoch + 1}
    later(world)
    looks(world, reconciler)
    [found] = [row for row in breaks(world, "open") if row.stock == stock.id]
    assert (found.kind, found.expected) == ("statement", f"epoch {stock.epoch} by the books")
    custody.wrong = {}
    later(world)
    looks(world, reconciler)
    assert breaks(world, "open") == []


def test_shares_that_are_pledged__are_not_cover__though_the_books_have_them(world: World, stock: Stock) -> None:
    world.custodian = Custody(world.custodian, available=Shares(0))
    looks(world, reconciler_of(world))
    assert {row.kind for row in breaks(world, "open") if row.stock == stock.id} == {"cover"}


class Reporting(PortReader):
    """A chain on which the reserve of one stock is reported."""

    def __init__(self, chain: Chain, stock: str, feed: list[ReportedReserve]) -> None:
        super().__init__(chain)
        self._stock, self._feed = stock, feed

    def read(self, tokens: Sequence[str]) -> Mapping[str, ChainSeen]:
        shown = super().read(tokens)
        return {**shown, self._stock: replace(shown[self._stock], reserve=self._feed[0])}


def test_a_reserve_that_custody_never_stated__is_a_break(world: World, stock: Stock) -> None:
    statement = world.custodian.latest_statement(stock.isin)
    told = ReportedReserve(statement.available, statement.available, statement.epoch, statement.as_of)
    feed = [told]
    reconciler = reconciler_of(world, readers={"evm": Reporting(world.chains["evm"], stock.id, feed)})
    assert looks(world, reconciler) == 0
    for wrong, kind in (
        (replace(told, shares=told.shares + Shares.whole(1)), "reserve"),
        (replace(told, epoch=told.epoch + 1), "reserve"),
        (replace(told, allocation=told.shares + Shares(1)), "allocation"),
    ):
        feed[0] = wrong
        later(world)
        assert looks(world, reconciler) == 1
        [found] = breaks(world, "open")
        assert (found.kind, found.chain) == (kind, "evm")
        feed[0] = told
        later(world)
        looks(world, reconciler)
        assert breaks(world, "open") == []


def test_allocations_of_all_chains_above_the_newest_report__are_a_break(world: World, stock: Stock) -> None:
    statement = world.custodian.latest_statement(stock.isin)
    all_of_it = ReportedReserve(statement.available, statement.available, statement.epoch, statement.as_of)
    readers = {name: Reporting(chain, stock.id, [all_of_it]) for name, chain in world.chains.items()}
    looks(world, reconciler_of(world, readers=readers))
    [found] = breaks(world, "open")
    assert (found.kind, found.chain, found.stock) == ("allocation", "", stock.id)


def test_an_accepted_break__lets_mints_go_on_until_it_becomes_another(
    world: World, stock: Stock, reconciler: Reconciler
) -> None:
    undo = foreign_mint(world, stock)
    later(world)
    looks(world, reconciler)
    for row in breaks(world, "open"):
        with world.store.transaction() as unit:
            build_books(Terms(), world.clock.now).record(unit, accept(row, "olga", "known", world.clock.now()))
    later(world)
    looks(world, reconciler)
    with world.store.view() as view:
        refuse_while_broken(view, stock.id, MintKind.ISSUANCE)
    again = foreign_mint(world, stock)
    later(world)
    looks(world, reconciler)
    assert [(row.difference, row.state) for row in breaks(world) if row.kind == "supply"] == [("+5", "closed"), ("+10", "open")]
    again()
    undo()
    later(world)
    looks(world, reconciler)
    assert breaks(world, "open") == breaks(world, "accepted") == []


class Silent:
    """A chain that does not answer."""

    def __init__(self, chain: Any) -> None:
        self._chain = chain

    def head(self) -> Any:
        raise Unavailable(f"{self._chain.name}: did not answer")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chain, name)


def test_a_silent_chain__neither_hides_the_others_nor_closes_its_own_breaks(
    world: World, stock: Stock, reconciler: Reconciler
) -> None:
    vanished(world, stock)
    later(world)
    looks(world, reconciler)
    [old] = breaks(world, "open")
    half = replace(world, chains={**world.chains, "solana": Silent(world.chains["solana"])})
    blind = reconciler_of(half)
    with pytest.raises(Unavailable, match="solana: did not answer"):
        blind.poll("")
    foreign_mint(world, stock)
    later(world)
    assert looks(half, blind) == 1
    assert {row.chain for row in breaks(world, "open")} >= {"evm", "solana"}
    assert old in breaks(world, "open")


class Moving(PortReader):
    """A chain during whose reading the books move: a mint of the issuer's is reserved, and given up again."""

    def __init__(self, chain: Chain, world: World, stock: str) -> None:
        super().__init__(chain)
        self._world, self._stock, self.count = world, stock, 0

    def read(self, tokens: Sequence[str]) -> Mapping[str, ChainSeen]:
        self.count += 1
        names = accounts.raw_issuer(self._stock, "evm"), accounts.raw_supply(self._stock, "evm")
        with self._world.store.transaction() as unit:
            if self.count % 2:
                unit.post((Transfer(f"{self.count}", *names, 1, "mint", Phase.PENDING),))
            else:
                unit.post((Transfer(f"{self.count}v", *names, 0, "mint", Phase.VOID, f"{self.count - 1}"),))
        return super().read(tokens)


def test_books_that_never_stand_still__delay_an_alarm_by_three_looks_and_hide_nothing(world: World, stock: Stock) -> None:
    moving = Moving(world.chains["evm"], world, stock.id)
    reconciler = reconciler_of(world, readers={"evm": moving})
    for _ in range(4):
        later(world)
        assert looks(world, reconciler) == 0
    undo = foreign_mint(world, stock)
    for changed in (0, 0, 1):
        later(world)
        assert looks(world, reconciler) == changed
    found = {row.kind: row for row in breaks(world, "open")}
    assert found["supply"].difference == "+4.99999999"  # what is under way may be a part of it
    undo()
    later(world)
    assert looks(world, reconciler) == 0  # agreement counts only while the books stand still and nothing is under way
    assert "supply" in {row.kind for row in breaks(world, "open")}
    still = reconciler_of(world)
    assert moving.count % 2 == 0
    later(world)
    looks(world, still)
    assert breaks(world, "open") == []


def test_a_redemption_asked_while_a_break_is_open__is_carried_out(world: World, stock: Stock, reconciler: Reconciler) -> None:
    """Exits stay open (I8): escrow, burn and delivery go on; only mints wait."""
    drifted(world, stock)
    later(world)
    looks(world, reconciler)
    assert breaks(world, "open") != []
    holders = [(name, who) for name, chain in world.chains.items() for who in chain.tokens[stock.id].balances]  # type: ignore[attr-defined]  # memory chains
    chain, holder = next((name, who) for name, who in holders if world.chains[name].balance(stock.id, who) >= FIVE)
    with world.store.view() as view:
        person = next(row.person for row in view.rows(Subscription) if row.wallet == holder)
    before = world.chains[chain].supply(stock.id)
    world.observer.announced("red-late")
    world.redeem(Redemption("red-late", stock.id, person, chain, holder, RawAmount.parse("2"), RedemptionKind.CASH, "", 0, 0))
    world.chains[chain].escrow(stock.id, holder, RawAmount.parse("2"), RedemptionKind.CASH, "red-late")
    worker = world.new_worker(world)
    for _ in range(20):
        worker.step()
    assert world.chains[chain].supply(stock.id) == before - RawAmount.parse("2")
    with world.store.view() as view:
        supply = view.balance(accounts.raw_supply(stock.id, chain))
    assert RawAmount.from_grains(supply.credit) == world.chains[chain].supply(stock.id)


class Slots:
    """Blocks of one chain that are told only once they are over, with what each left of the stock."""

    def __init__(self, name: str, supply: int) -> None:
        self.name, self.supplies, self.over = name, [supply], 0

    def heads(self) -> tuple[int, int]:
        return self.over, self.over

    def page(self, tokens: Sequence[str], read: tuple[int, str], last: int, final: int) -> Page:
        number = read[0] + 1
        before = self.supplies[number - 1] if number else 0
        change = self.supplies[number] - before
        parties = (ALL, "holder") if change > 0 else ("holder", ALL)
        moved = tuple(Moved(token, *parties, abs(change), place, "tx") for place, token in enumerate(tokens) if change)
        blocks = (Block(number, moved),) if moved else ()
        return Page(blocks, (number, f"hash {number}"), ((number, f"hash {number}"),))

    def stands(self, number: int, hashed: str) -> bool:
        return True


class Told:
    """A chain that says what the test says of its head and supply."""

    def __init__(self, chain: Any, slots: Slots, stock: str) -> None:
        self._chain, self._slots, self._stock, self.supplied = chain, slots, stock, slots.supplies[-1]

    def head(self) -> Head:
        return Head(len(self._slots.supplies) - 1, "", 0)

    def supply(self, token: str) -> RawAmount:
        return RawAmount(self.supplied) if token == self._stock else self._chain.supply(token)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chain, name)


def test_an_index_that_tells_another_supply__is_a_break__even_where_blocks_are_told_late(
    world: World, stock: Stock, tmp_path: Path
) -> None:
    real = world.chains["solana"].supply(stock.id).atoms
    slots = Slots("solana", real)
    chain = Told(world.chains["solana"], slots, stock.id)
    with world.store.transaction() as unit:  # one stock is enough
        for other in unit.rows(Stock):
            if other.id != stock.id:
                unit.put(replace(other, tokens=()))
    store = IndexStore.open(f"sqlite:///{tmp_path / 'index.db'}")
    world.chains = {**world.chains, "solana": chain}
    reconciler = reconciler_of(world, indexers=[Indexer(store, slots)])
    slots.supplies.append(real)  # slot 1 is under way, slot 0 is over
    assert looks(world, reconciler) == 0
    for number in range(2, 6):  # the chain and the index agree, though the index is always one slot behind
        slots.over, slots.supplies = number - 1, [*slots.supplies, real]
        later(world)
        assert looks(world, reconciler) == 0
    slots.supplies[5] = real - 7 * 10**10  # what the blocks tell is another story
    for number in range(6, 9):
        slots.over, slots.supplies = number - 1, [*slots.supplies, real - 7 * 10**10]
        later(world)
        looks(world, reconciler)
    [found] = breaks(world, "open")
    assert (found.kind, found.chain, found.stock) == ("index", "solana", stock.id)
    slots.supplies[8] = real
    for number in range(9, 12):
        slots.over, slots.supplies = number - 1, [*slots.supplies, real]
        later(world)
        looks(world, reconciler)
    assert breaks(world, "open") == []
    store.close()
