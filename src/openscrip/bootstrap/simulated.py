"""A simulated world, founded and run: the whole main job in memory, under a seed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from openscrip.assets import accounts
from openscrip.assets.custody import SEGREGATED_ACCOUNT
from openscrip.assets.listings import instrument, products
from openscrip.assets.paper import Deposit
from openscrip.assets.products import product_in
from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import DECIDES
from openscrip.bootstrap.simulated_parts import CAPITAL, Parts, Scenario, build_parts, summer_of_2024, years_of_market
from openscrip.issuance.news import CAPITAL_REFERENCE
from openscrip.issuance.primary_market import PrimaryMarket
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import new_york_date
from openscrip.lab.parties import OutsideWorld
from openscrip.lab.simulation import SESSIONS_MIN, Simulation, SimulationResult
from openscrip.lab.world import World
from openscrip.runtime.decision import Decide
from openscrip.runtime.ledger import Transfer

SESSIONS_A_QUARTER = 63


def simulate(
    seed: int, subscriptions: int, *, faults: bool = True, decides: Mapping[type[Any], Decide] = DECIDES
) -> SimulationResult:
    """Run one seed. `decides` may be replaced, to show that the simulation finds what a removed check lets through."""
    world = build_world(seed, summer_of_2024(), faults=faults, decides=decides)
    return Simulation(world, seed, subscriptions, max(SESSIONS_MIN, min(500, subscriptions // 40))).run()


def simulate_years(
    seed: int, quarters: int, subscriptions: int, progress: Callable[[int], None] = lambda sessions: None
) -> SimulationResult:
    """Run one seed over so many quarters of 63 sessions, in which all corporate actions of the data come again and again."""
    scenario = years_of_market(-(-quarters // 4))
    world = build_world(seed, scenario, faults=True, decides=DECIDES)
    return Simulation(world, seed, subscriptions, quarters * SESSIONS_A_QUARTER, progress).run()


def build_world(seed: int, scenario: Scenario, *, faults: bool, decides: Mapping[type[Any], Decide]) -> World:
    """Everything a simulation needs, with the issuer's capital paid in and the stocks listed."""
    parts = build_parts(seed, scenario, faults=faults, decides=decides)
    clock, custodian = parts.clock, parts.custodian
    market = PrimaryMarket(parts.store, parts.books, lambda unit, asked: None, parts.terms, clock.now)
    world = World(
        clock,
        parts.store,
        parts.chains,
        parts.broker,
        custodian,
        custodian.bank,
        OutsideWorld((parts.broker, custodian), lambda *deposit: custodian.bank.deposit(Deposit(*deposit))),
        parts.calendar,
        parts.observer,
        parts.worker,
        lambda s: _drop(market.subscribe(s.id, s.person, s.stock, s.chain, s.wallet, s.shares, s.at_once)),
        lambda r: _drop(market.redeem(r.id, r.person, r.stock, r.chain, r.wallet, r.raw, r.kind, r.deliver_to)),
        parts.books.tell,
        parts.chance,
        faults=faults,
    )
    _found(world, parts)
    return world


def _drop(row: Subscription | Redemption) -> None:
    """The simulation reads the row itself."""


def _found(world: World, parts: Parts) -> None:
    """Pay the capital in and list the stocks."""
    with world.store.transaction() as unit:
        for symbol in parts.scenario.symbols:
            tokens = tuple((name, symbol) for name in world.chains)
            for chain in world.chains.values():
                chain.create(symbol)
            price = parts.scenario.closes.on(symbol, new_york_date(world.clock.now()))
            if price is None:
                raise LookupError(f"simulation: {symbol} had no close")
            product, stock = product_in(products(), symbol), instrument(symbol)
            line = Stock(symbol, stock.isin, SEGREGATED_ACCOUNT, stock.token_symbol, tokens, price=price)
            matures_on = product.bond.matures_on if product.bond else None
            unit.put(replace(line, withheld=product.withheld, kind=stock.kind, matures_on=matures_on))
            parts.news.listed(unit, symbol, world.clock.now())
            world.token_stock[symbol] = symbol
        at_broker = Transfer("capital:broker", accounts.BROKER_CASH, accounts.CAPITAL, CAPITAL.atoms, "capital")
        at_bank = Transfer("capital:bank", accounts.BANK, accounts.CAPITAL, CAPITAL.atoms, "capital")
        unit.post((at_broker, at_bank))
    parts.custodian.bank.deposit(Deposit("capital", CAPITAL_REFERENCE, CAPITAL, "issuer"))
