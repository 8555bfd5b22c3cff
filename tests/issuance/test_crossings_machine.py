"""A Hypothesis machine over two EVM chains and Solana: tokens cross in bursts while blocks are undone, vouchers replayed,
multipliers changed, splits booked, chains halted and workers asleep.

After every act, at the final cut of every chain: raw is neither lost nor made except by mint and burn, with what is under
way counted, each crossing ends once, with what left, and every token is covered (I1). All of it is real: the contracts on
two anvils that are mined and undone by hand, the program on the embedded Solana node (LiteSVM), and the product's books,
worker, adapters and watch. None of the operations that are counted ran on the memory chain, which the conformance suite
holds to the same rules. Solana's blocks are not undone: its embedded node has no forks.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.issuance.crossing.machine import CAP, Machine
from tests.issuance.crossing.observer import Observer
from tests.issuance.crossing.places import HOLDERS, EvmPlace
from tests.issuance.crossing.setting import Setting
from tests.issuance.crossing.solana_place import SolanaPlace
from tests.watch.stage import ISIN, NOON, NVDA

from openscrip.issuance.chains.solana.founding import Listing
from openscrip.kernel.quantities import RawAmount
from openscrip_watch.keys import create_keys, load_keys

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

OPERATIONS = 5_000
STEPS, RUNS = 30, 3
SLACK_SHARES = 150
"""The issuer's own: small crossings find room without a report from the source, large bursts do not."""


@pytest.fixture
def setting(tmp_path: Path, stock_so: bytes) -> Iterator[Setting]:
    """Three chains with lanes between all, and three holders with 300 tokens on each."""
    create_keys(tmp_path / "keys")
    keys = load_keys(tmp_path / "keys")
    public = keys.public()
    evms = [EvmPlace(name, tmp_path / name, 31_337 + n, NOON, "machine") for n, name in enumerate(("evm", "evm-2"))]
    for evm in evms:
        evm.found(public["evm"], NVDA)
    listing = Listing("NVDAx", "NVIDIA", ISIN, arrival_hour=RawAmount.parse("2000"))
    solana = SolanaPlace(tmp_path / "solana", stock_so, NOON, public["solana"], listing)
    made = Setting(tmp_path / "setting", [*evms, solana], keys)
    chains = {evm.name: evm.config() for evm in evms} | {"solana": solana.config([evm.caip2 for evm in evms], CAP)}
    tokens = {evm.name: {"token": evm.token, "feed": evm.listed.feed} for evm in evms}
    made.begin(chains, tokens | {"solana": {"mint": solana.mint_address()}})
    solana.list_token()
    made.open_lanes(CAP)
    yield made
    made.close()


def test_what_crosses_is_neither_lost_nor_made__whatever_happens_on_the_way(setting: Setting) -> None:
    done = Counter[str]()
    setting.custodian.move("receipt", "inventory", ISIN, SLACK_SHARES)
    for name in setting.places:
        for holder in HOLDERS:
            done["issued"] += 1
            setting.issue(name, holder, RawAmount.parse("300"), f"sub-{done['issued']}/1")
    names = {"setting": setting, "observer": Observer(), "done": done, "refused": Counter[str]()}
    names |= {"enough": OPERATIONS}
    machine: type[Machine] = type("Played", (Machine,), names)
    number = 1
    while machine.operations() < OPERATIONS:
        run_state_machine_as_test(
            seed(number)(machine),
            settings=settings(
                max_examples=RUNS, stateful_step_count=STEPS, deadline=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
        number += 1
    print(f"crossings: {machine.operations()} operations: {dict(done)}")
    seen = machine.observer
    print(f"crossings: {seen.arrived} arrived, {seen.restored} given back, {seen.cuts} cuts")
    print(f"crossings: refused {machine.refused.most_common()}")
    assert min(seen.arrived, seen.restored) >= 200
    for act in ("replayed", "undone", "reorganised", "split", "halted", "slept", "screened"):
        assert done[act] > 0, f"never {act}"
    for words in ("issuer: voucher was used", "issuer: receiver was zero", "issuer: lane was closed"):
        assert machine.refused[words] > 0, words
