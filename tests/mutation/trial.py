"""The trial of one mutant: compile it, point the contract suite at it, and see whether a test fails."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from tests.issuance.contracts import stage
from tests.mutation.build import affected, compiled, write_sources
from tests.mutation.operators import Mutant
from vyper.exceptions import CompilerPanic, VyperException

from openscrip.issuance.contracts.compile import CONTRACTS

ROOT = stage.NODE_MODULES.parent
SUITE = Path(__file__).parents[1] / "issuance" / "contracts"
LAST = "test_machine.py"
# What says nothing about behaviour: the artifacts of the package, and what calls cost.
LEFT_OUT = ("test_gas.py", "test_constant_cost.py", "test_evm_powers.py", "test_governance.py")
NOT_ABOUT_BEHAVIOUR = "not test_artifact__is_what and not test_storage__keeps and not test_openzeppelin"
# Which files catch a fault soonest. The others follow, the state machine last.
_TOKEN = ("test_token.py", "test_policy.py", "test_pause.py", "test_freeze.py", "test_can_transfer.py", "test_pools.py")
_ISSUER = ("test_voucher.py", "test_mint_rules.py", "test_kinds.py", "test_limits.py", "test_redemption.py", "test_batch.py")
_ACTIONS = ("test_action_steps.py", "test_action_ends.py", "test_actions.py", "test_conversion.py", "test_action_locks.py")
KILLERS = {
    "Issuer.vy": (*_ISSUER, "test_covers.py", "test_crossings.py", "test_lanes.py"),
    "vouchers.vy": _ISSUER,
    "escrow.vy": ("test_redemption.py", "test_crossings.py", *_ISSUER),
    "crossings.vy": ("test_crossings.py", "test_lanes.py"),
    "windows.vy": ("test_lanes.py", "test_limits.py", "test_crossings.py"),
    "once.vy": ("test_kinds.py", "test_voucher.py", "test_crossings.py"),
    "feeds.vy": ("test_registry.py", "test_crossings.py", *_ISSUER),
    "limits.vy": ("test_limits.py", "test_covers.py", *_ISSUER),
    "Signers.vy": ("test_signers.py", "test_voucher.py"),
    "Policy.vy": ("test_policy.py", "test_policy_sources.py", "test_token.py"),
    "ReserveFeed.vy": ("test_feed.py", "test_voucher.py", "test_covers.py"),
    "StockToken.vy": (*_TOKEN, "test_permit.py", "test_signed.py", "test_recovery.py", "test_multiplier.py"),
    "balances.vy": (*_TOKEN, "test_permit.py"),
    "rights.vy": (*_TOKEN, "test_recovery.py"),
    "pausing.vy": ("test_pause.py", *_TOKEN),
    "pools.vy": ("test_pools.py", *_TOKEN),
    "freeze.vy": ("test_freeze.py", "test_recovery.py", "test_permit.py"),
    "history.vy": ("test_history.py", "test_token.py"),
    "identity.vy": ("test_terms.py", "test_token.py", "test_permit.py"),
    "interfaces.vy": ("test_interop.py", "test_token.py"),
    "multiplier.vy": ("test_multiplier.py", "test_token.py", "test_conversions.py", "test_history.py"),
    "signatures.vy": ("test_signed.py", "test_permit.py"),
    "typed_data.vy": ("test_permit.py", "test_signed.py", "test_can_transfer.py", "test_signers.py", "test_voucher.py"),
    "CorporateActions.vy": _ACTIONS,
    "action_rules.vy": _ACTIONS,
    "Conversion.vy": ("test_conversion.py", "test_wind_down.py"),
    "PriceFeed.vy": ("test_price_feed.py", "test_price_window.py"),
    "Distributor.vy": ("test_distributor.py", "test_distributor_claims.py"),
    "Registry.vy": ("test_registry.py", "test_deterministic.py"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant: killed, survived, late, same (equal code), refused (by the compiler) or broken."""

    name: str
    operator: str
    outcome: str
    by: str
    seconds: int


class FirstFailure:
    """Remembers the first test that failed, as a plug-in of a run."""

    def __init__(self) -> None:
        self.test = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.test:
            self.test = report.nodeid.rpartition("/")[2]


def in_order(file: str) -> Sequence[Path]:
    """The suite's files, those first that know most of `file`."""
    first = list(dict.fromkeys(KILLERS.get(file, ())))
    rest = [path.name for path in sorted(SUITE.glob("test_*.py")) if path.name not in (*first, LAST, *LEFT_OUT)]
    return [SUITE / name for name in (*first, *rest, LAST)]


def build(mutant: Mutant, folder: Path, originals: Path) -> str:
    """Artifacts of a mutant in `folder`/artifacts; `refused` or `same` if it is not worth a run, else nothing."""
    write_sources(folder / "sources", mutant.file, mutant.source)
    artifacts = folder / "artifacts"
    artifacts.mkdir()
    changed = affected(mutant.file)
    same = True
    for contract in CONTRACTS:
        text = original = (originals / f"{contract}.json").read_text()
        if contract in changed:
            try:
                text = compiled(folder / "sources", contract)
            except (VyperException, CompilerPanic, ArithmeticError):  # it divides by the logarithm of a folded 1 ** n
                return "refused"
        same = same and text == original
        (artifacts / f"{contract}.json").write_text(text)
    return "same" if same and mutant.operator != "nothing" else ""


def suite_result(artifacts: Path, data: Path, file: str) -> tuple[str, str]:
    """Whether the suite passes over these artifacts, and which test failed first."""
    failure = FirstFailure()
    options = [
        "-x", "-q", "--tb=line", "--assert=plain", "-p", "no:xdist", "-p", "no:unraisableexception",
        "-o", f"cache_dir={data}.cache", "--contracts", str(artifacts), "--timeout", "30",
        "--basetemp", str(data), "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"),
        "--hypothesis-profile", "mutation", "-k", NOT_ABOUT_BEHAVIOUR,
    ]  # fmt: skip
    code = pytest.main([*options, *map(str, in_order(file))], plugins=[failure])
    return {0: "survived", 1: "killed"}.get(int(code), "broken"), failure.test


def try_mutant(mutant: Mutant, folder: Path, originals: Path) -> None:
    """One trial from compiler to verdict, which is left in `folder`; for a process of its own."""
    begun = time.monotonic()
    folder.mkdir(parents=True)
    with (folder / "log").open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    outcome, by = build(mutant, folder, originals), ""
    if not outcome:
        outcome, by = suite_result(folder / "artifacts", folder / "data", mutant.file)
    verdict = Verdict(mutant.name, mutant.operator, outcome, by, round(time.monotonic() - begun))
    (folder / "verdict.part").write_text(json.dumps(asdict(verdict)))
    (folder / "verdict.part").rename(folder / "verdict.json")
