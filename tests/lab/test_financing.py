"""A hostile market in which the broker lends for most purchases: the invariants hold, and every loan ends."""

from collections import Counter

import pytest

from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.financing import Loan
from openscrip.assets.paper import Switch, Switches
from openscrip.bootstrap.books import DECIDES
from openscrip.bootstrap.simulated import build_world
from openscrip.bootstrap.simulated_parts import BROKER_FAULTS, summer_of_2024
from openscrip.lab.simulation import Simulation

FAILURES = ("forced_sale", "partial_release", "refuse_release")
LENDING = (Switch("finance", 800, size=50), *(Switch(name, 150) for name in FAILURES))


@pytest.mark.slow
def test_a_market_on_margin__holds_every_invariant_and_ends_with_no_loan_and_nothing_pledged() -> None:
    seed = 4
    world = build_world(seed, summer_of_2024(), faults=True, decides=DECIDES)
    others = tuple(each for each in BROKER_FAULTS if each.name not in {lending.name for lending in LENDING})
    assert isinstance(world.broker, PaperBroker)
    world.broker.turn(Switches(seed, (*others, *LENDING)))
    result = Simulation(world, seed, 150, 60).run()
    assert result.ok, result.broken
    happened = Counter(name for name, _ in world.broker.switchboard.struck)
    assert min(happened[each.name] for each in LENDING) > 0
    with world.store.view() as view:
        loans, balances = view.rows(Loan), view.balances()
    assert len(loans) == happened["finance"] > 20
    assert {loan.state for loan in loans} <= {"released", "sold"}
    ended = [each for name, each in balances.items() if "/broker_loan:" in name or name.endswith("/pledged")]
    assert len(ended) > len(loans)
    assert [each for each in ended if each.debit or each.credit] == []
