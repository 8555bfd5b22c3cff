"""A storm of any length: workers die at random instants while many requests are in flight. `make soak MINUTES=10`.

`OPENSCRIP_STORM_SEED` repeats the requests and the lengths of the lives of an earlier storm; where exactly in the code a
life of 0.213 s ends is the machine's own chance.
"""

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from tests.crash.outside import Seen, agrees_with_itself, each_once, look
from tests.crash.stage import Life, Stage

from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.voucher import RedemptionKind

pytestmark = [pytest.mark.soak, pytest.mark.crash, pytest.mark.parts, pytest.mark.slow]

CHAINS = ("evm", "solana")
ROUNDS = 3
"""On one stage; then a new one starts, so that market time stays within the data."""
SHARES_FIRST = 5


@dataclass(slots=True)
class Weather:
    """How long each life lasts: some end while they start, most amid their work, one in eight lives until idle."""

    random: Random

    def next_life(self) -> Life:
        match self.random.randrange(8):
            case 0:
                return {}
            case 1 | 2 | 3:
                return {"die_after_s": round(self.random.uniform(0.02, 0.25), 3)}
            case _:
                return {"die_at_probe": self.random.randint(1, 12)}


def subscribe_all(stage: Stage, random: Random, prefix: str) -> None:
    for n in range(random.randint(2, 5)):
        stage.subscribe(f"sub-{prefix}-{n}", random.choice(CHAINS), f"{random.randint(12, 40)}.{random.randint(0, 99):02}")


def redeem_all(stage: Stage, random: Random, prefix: str) -> None:
    """One or two redemptions out of each subscription of the round."""
    fresh = [one for one in stage.asked if isinstance(one, Subscription) and one.id.startswith(f"sub-{prefix}-")]
    for subscription in fresh:
        for n in range(random.randint(1, 2)):
            kind = random.choice(tuple(RedemptionKind))
            raw = f"{random.randint(1, 5)}.{random.randint(0, 99):02}"
            stage.redeem(f"{subscription.id}-red-{n}", subscription.chain, raw, kind)


def adds_up(stage: Stage, seen: Seen) -> None:
    """Everything that was asked for was minted, burned and ordered, and nothing else."""
    subscriptions = [one for one in stage.asked if isinstance(one, Subscription)]
    redemptions = [one for one in stage.asked if isinstance(one, Redemption)]
    for chain in CHAINS:
        minted = sum(one.shares.atoms for one in subscriptions if one.chain == chain)
        burned = sum(one.raw.grains * 10 for one in redemptions if one.chain == chain)
        supply = stage.platform.chains[chain].supply(stage.platform.stock("TSLA").token(chain))
        assert supply.grains * 10 == minted - burned
    assert [line.split()[0] for line in seen["burns"]] == sorted(one.id for one in redemptions)
    bought = {f"{one.id}:buy:o1" for one in subscriptions} | {"inv-first:o1"}
    assert {line.split()[0] for line in seen["orders"] if " buy " in line} == bought
    assert len(seen["payments"]) == len({line.split()[0] for line in seen["payments"]})


def blow(folder: Path, random: Random, ends: float) -> int:
    """A few rounds on a stage of their own; the number of deaths."""
    life: Callable[[], Life] = Weather(random).next_life
    with Stage(folder, solana_slot_ms=40) as stage:
        stage.keep_inventory(SHARES_FIRST)
        for number in range(ROUNDS):
            subscribe_all(stage, random, f"r{number}")
            stage.play(life)
            redeem_all(stage, random, f"r{number}")
            stage.play(life)
            seen = look(stage)
            each_once(seen)
            adds_up(stage, seen)
            agrees_with_itself(stage)
            if time.monotonic() > ends:
                break
        return stage.kills


def test_no_storm_of_deaths_repeats_or_loses_an_effect(tmp_path: Path, soak_s: int) -> None:
    seed = int(os.environ.get("OPENSCRIP_STORM_SEED") or secrets.randbelow(10**6))
    print(f"storm: seed {seed}", flush=True)
    random, ends, kills, stages = Random(seed), time.monotonic() + soak_s, 0, 0
    while time.monotonic() < ends:
        folder = tmp_path / f"stage-{stages}"
        folder.mkdir()
        kills += blow(folder, random, ends)
        stages += 1
        print(f"storm: {kills} kills on {stages} stages", flush=True)
    assert kills > 0
