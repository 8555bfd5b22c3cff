"""The machine, and how many of its runs are played until enough calls were made."""

import time
from collections.abc import Callable

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test
from tests.issuance.contracts.machine.cash_rules import CashRules
from tests.issuance.contracts.machine.choices import Choices, acts_of, turns
from tests.issuance.contracts.machine.coverage import Coverage
from tests.issuance.contracts.machine.setting import HOLDERS, Setting, who
from tests.issuance.contracts.model.issuer import ISSUANCE, SignedVoucher, Voucher
from tests.issuance.contracts.model.reasons import NO_HASH
from tests.issuance.contracts.model.signers import ATTESTOR, ISSUER
from tests.issuance.contracts.stage import ONE

ACTS = acts_of(CashRules)
STOPPING = (
    "pause_or_unpause", "freeze_or_unfreeze", "recover", "list_or_unlist", "set_limits", "set_mirror", "mirror", "sync",
    "set_signers", "open_conversion", "fund", "redeem", "return_what_is_left_of_a_pot", "convert",
)  # fmt: skip
"""What stops much else from happening; each is left out of half of the runs."""
RUNS = 10
"""Played from one seed: from the eleventh on, Hypothesis would repeat earlier runs with parts of them doubled."""
STEPS = 240


class Machine(CashRules):
    """Any act, in any order."""

    @initialize(turn=turns)
    def begin(self, turn: bytes) -> None:
        """A reserve, and a holding each for three people; and what will not happen in this run."""
        choices, token = Choices(turn), next(iter(self.world.tokens.values()))
        self.left_out = {act for act in STOPPING if choices.below(2)}
        report, by = self._report(Choices(), token, 400 * 10**9)
        self._send_report(token, self.member(ISSUER), report, by)
        for name in HOLDERS[:3]:
            voucher = Voucher(
                token.at, who(name), 100 * ONE, ISSUANCE, self.unique("request"), self.unique("evidence"), NO_HASH, token.epoch,
                token.multiplier.value, self.world.signers.epoch, self.world.block.now + 60,
            )  # fmt: skip
            signed = SignedVoucher(voucher, self.by(ISSUER), self.by(ATTESTOR))
            self.issuer(who("stranger"), "mint", self._signed(signed), self.world.issuer.mint(signed))

    @rule(act=st.sampled_from(ACTS), turn=turns)
    def happens(self, act: str, turn: bytes) -> None:
        """One act."""
        self.do(act, turn)


def play(setting: Setting, calls: int, first_seed: int, tell: Callable[[str], None]) -> Coverage:
    """Play until so many calls were made, ten runs to a seed, and half as many again if something rare was not seen yet."""
    coverage, number, begun = setting.coverage, first_seed, time.monotonic()
    while coverage.calls < calls or (coverage.missing() and 2 * coverage.calls < 3 * calls):
        machine = seed(number)(type("Machine", (Machine,), {"setting": setting}))
        run_state_machine_as_test(machine, settings=settings(
            max_examples=RUNS, stateful_step_count=STEPS, deadline=None, report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ))  # fmt: skip
        number += 1
        rate = coverage.calls / (time.monotonic() - begun)
        tell(f"machine: {coverage.calls} calls, {coverage.done_percent} % done, {rate:.0f} a second, seed {number - 1}")
    return coverage
