"""A simulated world, founded and run: the whole main job in memory, under a seed."""

from collections.abc import Mapping
from typing import Any

from openscrip.assets import accounts
from openscrip.assets.custodians.paper_bank import Deposit
from openscrip.assets.custody import SEGREGATED_ACCOUNT
from openscrip.assets.listings import daily_closes, instrument
from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import DECIDES
from openscrip.bootstrap.simulated_parts import CAPITAL, SYMBOLS, Parts, build_parts
from openscrip.issuance.news import CAPITAL_REFERENCE
from openscrip.issuance.primary_market import PrimaryMarket
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import new_york_date
from openscrip.lab.parties import OutsideWorld
from openscrip.lab.simulation import Simulation, SimulationResult
from openscrip.lab.world import World
from openscrip.runtime.decision import Decide
from openscrip.runtime.ledger import Transfer


def simulate(
    seed: int, subscriptions: int, *, faults: bool = True, decides: Mapping[type[Any], Decide] = DECIDES
) -> SimulationResult:
    """Run one seed. `decides` may be replaced, to show that the simulation finds what a removed check lets through."""
    return Simulation(build_world(seed, faults=faults, decides=decides), seed, subscriptions).run()


def build_world(seed: int, *, faults: bool, decides: Mapping[type[Any], Decide]) -> World:
    """Everything a simulation needs, with the issuer's capital paid in and the stocks listed."""
    parts = build_parts(seed, faults=faults, decides=decides)
    clock, custodian = parts.clock, parts.custodian
    market = PrimaryMarket(parts.store, parts.books, lambda unit, asked: None, parts.terms, clock.now)
    world = World(
        clock,
        parts.store,
        parts.chains,
        parts.broker,
        custodian,
        OutsideWorld((parts.broker, custodian), lambda *deposit: custodian.deposit(Deposit(*deposit))),
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
        for symbol in SYMBOLS:
            tokens = tuple((name, symbol) for name in world.chains)
            for chain in world.chains.values():
                chain.create(symbol)
            price = daily_closes().on(symbol, new_york_date(world.clock.now()))
            if price is None:
                raise LookupError(f"simulation: {symbol} had no close")
            stock = instrument(symbol)
            unit.put(Stock(symbol, stock.isin, SEGREGATED_ACCOUNT, stock.token_symbol, tokens, price=price))
            parts.news.listed(unit, symbol, world.clock.now())
            world.token_stock[symbol] = symbol
        at_broker = Transfer("capital:broker", accounts.BROKER_CASH, accounts.CAPITAL, CAPITAL.atoms, "capital")
        at_bank = Transfer("capital:bank", accounts.BANK, accounts.CAPITAL, CAPITAL.atoms, "capital")
        unit.post((at_broker, at_bank))
    parts.custodian.deposit(Deposit("capital", CAPITAL_REFERENCE, CAPITAL, "issuer"))
