"""Tokens cross between two EVM chains and Solana while the worker's process is killed around every effect (SIGKILL).

Each crossing must end once, by the chains' own records: minted where it was sent, or given back, never both, and as much
as left. The watch proves afterwards that every token is covered.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.crash.outside import agrees_with_itself
from tests.crash.stage import DAY_S, STOCK, Life, Stage

from openscrip.bootstrap.investors import cross
from openscrip.bootstrap.lanes import LIFE_S, open_lanes, propose_lanes
from openscrip.issuance.bridge import GRACE_S
from openscrip.issuance.bridge_row import Crossing
from openscrip.issuance.chain import AnyChainEvent, Departed, Minted
from openscrip.issuance.voucher import chain_hash
from openscrip.kernel.quantities import RawAmount

pytestmark = [pytest.mark.crash, pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

KILLS_MIN = 40
FIRST = (("evm", "evm-2", "4"), ("evm", "solana", "5"), ("evm", "evm-2", "0.00000001"))
SECOND = (("evm-2", "solana", "1"), ("solana", "evm", "2"), ("solana", "evm-2", "0.5"))
LATE = (("evm", "solana", "1.5"), ("solana", "evm", "0.25"))
"""Heard of when they can arrive no more."""
ENDED = {"arrived", "restored"}


@dataclass(frozen=True, slots=True)
class Story:
    stage: Stage
    rows: list[Crossing]
    told: list[AnyChainEvent]
    deaths: list[tuple[str, str]]
    kills: int


def rows_of(stage: Stage) -> list[Crossing]:
    with stage.platform.store.view() as view:
        return view.rows(Crossing)


def leave(stage: Stage, prefix: str, ways: tuple[tuple[str, str, str], ...]) -> None:
    for place, (source, destination, raw) in enumerate(ways):
        cross(stage.platform, stage.alice, STOCK, source, destination, RawAmount.parse(raw), f"{prefix}-{place}")


def end_all(stage: Stage, life: Life, count: int) -> None:
    """One life after another, from one due instant to the next, until so many crossings have ended."""
    ends = stage.platform.clock.now() + 3 * DAY_S
    stage.settle(lambda: life)
    while len([row for row in rows_of(stage) if row.state in ENDED]) < count or stage.platform.store.waiting():
        due = stage.platform.store.next_due()
        assert due is not None, f"nothing will come for {[(row.id, row.state, row.reason) for row in rows_of(stage)]}"
        assert due <= ends, f"after three days: {[(row.id, row.state, row.reason) for row in rows_of(stage)]}"
        stage.stack.advance_to(max(due, stage.platform.clock.now()))
        stage.settle(lambda: life)


def events_of(stage: Stage) -> list[AnyChainEvent]:
    found: list[AnyChainEvent] = []
    for chain in stage.platform.chains.values():
        cursor = ""
        while page := chain.events(cursor)[0]:
            found += page
            cursor = chain.events(cursor)[1]
    return found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    data = tmp_path_factory.mktemp("crossings")
    deaths = data / "deaths"
    life = {"deaths": str(deaths)}
    with Stage(data, solana_slot_ms=40, evm_chains=2) as stage:
        stock = stage.platform.stock(STOCK)
        propose_lanes(stage.platform, stock)
        stage.keep_inventory(5)
        stage.subscribe("sub-evm", "evm", "20")
        stage.play(dict)
        stage.stack.advance_to(stage.platform.clock.now() + DAY_S + 1)
        open_lanes(stage.platform, stock)
        before = stage.kills
        leave(stage, "first", FIRST)
        end_all(stage, life, len(FIRST))
        leave(stage, "second", SECOND)
        end_all(stage, life, len(FIRST) + len(SECOND))
        leave(stage, "late", LATE)
        stage.stack.advance_to(stage.platform.clock.now() + LIFE_S + GRACE_S + 1)
        end_all(stage, life, len(FIRST) + len(SECOND) + len(LATE))
        lines = [line.partition("\t") for line in Path(deaths).read_text().splitlines()]
        died = [(point, subject) for point, _, subject in lines]
        yield Story(stage, rows_of(stage), events_of(stage), died, stage.kills - before)


def test_a_worker_was_killed_around_every_effect_of_every_crossing(story: Story) -> None:
    print(f"crossings: {story.kills} kills in {story.stage.lives} lives at {len(set(story.deaths))} points")
    assert story.kills >= KILLS_MIN
    for row in story.rows:
        key = f"{row.id}:{'arrive' if row.state == 'arrived' else 'restore'}:{row.attempts}"
        for point, subject in (
            ("before effect", key), ("signed", f"{key}#1"), ("submitted", f"{key}#1"), ("after effect", key),
            ("before transaction", key),
        ):  # fmt: skip
            assert (point, subject) in story.deaths, (point, subject)


def test_every_crossing_ended_as_it_should(story: Story) -> None:
    ended = Counter((row.source, row.destination, str(row.raw), row.state) for row in story.rows)
    assert ended == Counter([*((*way, "arrived") for way in FIRST + SECOND), *((*way, "restored") for way in LATE)])


def test_each_crossing_ended_once__by_the_chains_own_records(story: Story) -> None:
    minted = Counter((event.chain, event.hash, event.raw) for event in story.told if isinstance(event, Minted))
    departed = {f"{event.chain}:{event.key}": event for event in story.told if isinstance(event, Departed)}
    assert set(departed) == {row.id for row in story.rows}
    for row in story.rows:
        arrived = minted[row.destination, chain_hash(row.arrival_id).hex(), row.raw]
        restored = minted[row.source, chain_hash(row.restitution_id).hex(), row.raw]
        assert (arrived, restored) == ((1, 0) if row.state == "arrived" else (0, 1)), row.id
    assert sum(minted.values()) == len(story.rows) + 1, "nothing else was minted but the subscription"


def test_raw_is_neither_lost_nor_made_and_all_agree(story: Story) -> None:
    stock = story.stage.platform.stock(STOCK)
    supply = {name: str(story.stage.platform.chains[name].supply(token)) for name, token in stock.tokens}
    assert supply == {"evm": "12.99999999", "evm-2": "3.50000001", "solana": "3.5"}
    agrees_with_itself(story.stage)
