"""The worker's process is killed around every effect and every transaction of the primary market, on both chains.

The same story is played twice: in peace, and with a worker that dies (SIGKILL) once at each point that it comes by. Market
time stands still while anything is open, so both leave the same prices, and broker, bank, custodian, watch and chains
must have seen the same, each effect once.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.crash.outside import Seen, agrees_with_itself, each_once, look
from tests.crash.stage import Life, Stage
from tests.databases import PLACES

from openscrip.issuance.calls import SentCalls
from openscrip.issuance.chain import Landing
from openscrip.issuance.voucher import RedemptionKind
from openscrip.runtime.schema import outbox

pytestmark = [pytest.mark.crash, pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(900)]

KILLS_MIN = 100
SLOT_MS = 40
"""Ten times faster than a live cluster: a blockhash ends after 6 s, so that a transaction can die in a test."""
ABANDONED = "sub-sol/1:mint:1#1"
"""Killed between its signature and its sending, and left until it can never land."""


def play(stage: Stage, life: Life | None = None, deaths: Path | None = None) -> None:
    """Two subscriptions, then on each chain a redemption in kind and one for cash."""

    def next_life() -> Life:
        if deaths is not None and deaths.exists() and deaths.read_text().endswith(f"signed\t{ABANDONED}\n"):
            wait_until_dead(stage, ABANDONED)
        return life or {}

    stage.keep_inventory(5)
    stage.subscribe("sub-evm", "evm", "30.5")
    stage.subscribe("sub-sol", "solana", "20.25")
    stage.play(next_life)
    for chain in ("evm", "solana"):
        stage.redeem(f"kind-{chain}", chain, "10", RedemptionKind.IN_KIND)
        stage.redeem(f"cash-{chain}", chain, "5.5", RedemptionKind.CASH)
    stage.play(next_life)


def wait_until_dead(stage: Stage, sent_id: str) -> None:
    with stage.platform.store.view() as view:
        sent = view.row(SentCalls, sent_id)
    assert sent is not None
    chain, ends = stage.platform.chains[sent.chain], time.monotonic() + 60
    while chain.outcomes(sent.calls)[0].landing is not Landing.DEAD:
        assert time.monotonic() < ends, f"{sent_id}: was not dead"
        time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Story:
    stage: Stage
    seen: Seen
    seen_in_peace: Seen
    deaths: list[tuple[str, str]]


@pytest.fixture(scope="module", params=list(PLACES))
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    on = PLACES[request.param]
    with Stage(tmp_path_factory.mktemp("peace"), solana_slot_ms=SLOT_MS, on=on) as peaceful:
        play(peaceful)
        assert peaceful.kills == 0
        seen_in_peace = look(peaceful)
    data = tmp_path_factory.mktemp("deaths")
    deaths = data / "deaths"
    with Stage(data, solana_slot_ms=SLOT_MS, on=on) as stage:
        play(stage, {"deaths": str(deaths)}, deaths)
        lines = [line.partition("\t") for line in deaths.read_text().splitlines()]
        yield Story(stage, look(stage), seen_in_peace, [(point, subject) for point, _, subject in lines])


def test_a_worker_was_killed_around_every_effect_and_every_transaction(story: Story) -> None:
    with story.stage.platform.engine.connect() as connection:
        commands = {str(key): str(kind) for key, kind in connection.execute(select(outbox.c.key, outbox.c.kind))}
    died = set(story.deaths)
    print(f"crash: {story.stage.kills} kills in {story.stage.lives} lives at {len(died)} points")
    assert story.stage.kills >= KILLS_MIN
    for key, kind in commands.items():
        assert {("before effect", key), ("after effect", key), ("before transaction", key)} <= died, key
        if kind in {"Mint", "Burn"}:
            assert {("signed", f"{key}#1"), ("submitted", f"{key}#1")} <= died, key
    # A death elsewhere may come between a commit and its probe: the same death under another name.
    recorded = {commands[subject] for point, subject in died if point == "after record" and subject in commands}
    assert recorded == {"PlaceOrder", "Instruct", "Mint", "Burn", "Pay", "Report"} == set(commands.values())
    for feed in ("broker", "custodian", "chain:evm", "chain:solana"):
        for point in ("before transaction", "after record"):
            assert any(where == point and subject.startswith(f"{feed}@") for where, subject in died), (point, feed)


def test_every_request_ended_by_itself(story: Story) -> None:
    assert story.stage.open_rows() == []
    agrees_with_itself(story.stage)


def test_every_effect_happened_once(story: Story) -> None:
    each_once(story.seen)
    assert story.seen["orders"] == [
        "cash-evm:sell:o1 sell 5 filled 5 settled 5",
        "cash-solana:sell:o1 sell 5 filled 5 settled 5",
        "inv-first:o1 buy 5 filled 5 settled 5",
        "sub-evm:buy:o1 buy 31 filled 31 settled 31",
        "sub-sol:buy:o1 buy 21 filled 21 settled 21",
    ]
    assert story.seen["movements"] == [
        "cash-evm:sell:r delivery 5 to BROKER",
        "cash-solana:sell:r delivery 5 to BROKER",
        "inv-first:t1 receipt 5 to BROKER",
        "kind-evm:deliver delivery 10 to AP-1",
        "kind-solana:deliver delivery 10 to AP-1",
        "sub-evm:buy:t1 receipt 31 to BROKER",
        "sub-sol:buy:t1 receipt 21 to BROKER",
    ]
    assert story.seen["burns"] == [
        "cash-evm 5.5 on evm",
        "cash-solana 5.5 on solana",
        "kind-evm 10 on evm",
        "kind-solana 10 on solana",
    ]
    assert story.seen["held"] == ["available 27 aggregate 27"]
    assert story.seen["supplies"] == ["evm 15", "solana 4.75"]
    assert [line.split()[0] for line in story.seen["payments"]] == [
        "cash-evm:pay",
        "cash-solana:pay",
        "sub-evm:refund:1",
        "sub-sol:refund:1",
    ]


def test_the_others_saw_what_they_see_in_peace(story: Story) -> None:
    without_wallets = [
        {**seen, "mints": [line.partition(" to ")[0] for line in seen["mints"]]} for seen in (story.seen, story.seen_in_peace)
    ]
    assert without_wallets[0] == without_wallets[1]


def test_a_transaction_that_can_never_land_is_replaced_by_one(story: Story) -> None:
    with story.stage.platform.store.view() as view:
        abandoned, sent = view.row(SentCalls, ABANDONED), view.row(SentCalls, ABANDONED[:-1] + "2")
        assert view.row(SentCalls, ABANDONED[:-1] + "3") is None
    assert abandoned is not None
    assert sent is not None
    outcomes = story.stage.platform.chains["solana"].outcomes([*abandoned.calls, *sent.calls])
    assert [outcome.landing for outcome in outcomes] == [Landing.DEAD, Landing.FINAL]
