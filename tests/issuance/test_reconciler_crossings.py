"""The reconciler beside tokens that cross between real chains: whatever is under way is no difference, and a theft is one."""

from collections import Counter
from collections.abc import Sequence
from threading import Lock
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from tests.issuance.crossing.machine import Machine
from tests.issuance.crossing.observer import Observer
from tests.issuance.crossing.places import HOLDERS
from tests.issuance.crossing.setting import Setting
from tests.issuance.test_crossings_machine import SLACK_SHARES, setting
from tests.watch.stage import ISIN, STOCK

from openscrip.assets import accounts
from openscrip.issuance.bridge_row import Crossing
from openscrip.issuance.reconciler import Reconciler
from openscrip.issuance.reconciliation import Finding
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.ledger import Transfer

__all__ = ["setting"]
pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]
RUNS, STEPS = 3, 16
OFTEN = 7
"""How many waits for a chain pass between two looks."""


class NoCustody:
    """Custody is another's matter here."""

    def latest_statement(self, isin: str) -> Any:
        raise Unavailable("custodian: was not asked")


def differences(setting: Setting, reconciler: Reconciler) -> Sequence[Finding]:
    """What a look finds of supply."""
    [look] = reconciler.look(setting.clock.now(), [])
    return [finding for finding in look.findings if finding.kind == "supply"]


class Between:
    """Looks now and then while mints are on their way, in the worker's own threads."""

    def __init__(self, setting: Setting, reconciler: Reconciler, states: Counter[str]) -> None:
        self._setting, self._reconciler, self._states = setting, reconciler, states
        self._lock, self._pass_by, self.calls = Lock(), setting.pass_by, 0
        self.found: list[Finding] = []

    def __call__(self) -> None:
        self.calls += 1
        if self.calls % OFTEN == 0 and self._lock.acquire(blocking=False):
            try:
                self.found += differences(self._setting, self._reconciler)
                with self._setting.store.view() as view:
                    self._states.update(row.state for row in view.rows(Crossing))
            finally:
                self._lock.release()
        self._pass_by()


class Watched(Machine):
    """The same acts, with a look after each."""

    reconciler: Reconciler
    states: Counter[str]

    @invariant()
    def nothing_differs(self) -> None:
        """What departed, arrives or is given back is in the books, or told by a chain and not heard yet."""
        assert differences(self.setting, self.reconciler) == []
        with self.setting.store.view() as view:
            self.states.update(row.state for row in view.rows(Crossing))


def test_what_crosses__is_never_a_break__and_what_is_stolen_is(setting: Setting) -> None:
    custodian: Any = NoCustody()
    reconciler = Reconciler(setting.store, setting.books, setting.chains, custodian, setting.clock)
    done, states = Counter[str](), Counter[str]()
    between = Between(setting, reconciler, states)
    setting.pass_by = between  # type: ignore[method-assign]  # what is called while a mint is waited for
    setting.custodian.move("receipt", "inventory", ISIN, SLACK_SHARES)
    for name in setting.places:
        for holder in HOLDERS:
            done["issued"] += 1
            setting.issue(name, holder, RawAmount.parse("300"), f"sub-{done['issued']}/1")
    names = {
        "setting": setting, "observer": Observer(), "done": done, "refused": Counter[str](), "reconciler": reconciler,
        "states": states,
    }  # fmt: skip
    machine: type[Watched] = type("Played", (Watched,), names)
    run_state_machine_as_test(
        seed(7)(machine),
        settings=settings(
            max_examples=RUNS, stateful_step_count=STEPS, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    print(f"reconciler: {machine.observer.arrived} arrived, {machine.observer.restored} given back; seen {dict(states)}")
    assert machine.observer.arrived > 10
    assert (between.found, differences(setting, reconciler)) == ([], [])
    assert min(states[state] for state in ("arriving", "restoring", "arrived", "restored")) > 0
    stolen = {name: chain.supply(setting.places[name].token) for name, chain in setting.chains.items()}
    with setting.store.transaction() as unit:  # as if a chain had a token more than the books
        names_of = accounts.raw_supply(STOCK, "evm"), accounts.raw_issuer(STOCK, "evm")
        unit.post((Transfer("unexplained", *names_of, 1, "test"),))
    [found] = differences(setting, reconciler)
    assert (found.chain, found.difference, found.seen) == ("evm", "+0.00000001", f"{stolen['evm']} raw")
