"""Two worker processes on one database: one is killed and never comes back, and PostgreSQL falls over under load.

The other takes over within 30 seconds, and what broker, custodian, bank, watch and chains saw is what they see in peace.
"""

import gc
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from tests.crash.outside import agrees_with_itself, each_once, look
from tests.crash.stage import Stage
from tests.databases import PLACES

import postgres
from openscrip.bootstrap.workers import WorkerChild
from openscrip.issuance import proving
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.errors import Unavailable
from openscrip.runtime.leases import Leases
from openscrip.runtime.tenure import FEED

pytestmark = [pytest.mark.crash, pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

T = TypeVar("T")
TAKEN_OVER_S_MAX = 30.0
STEP_S_MAX = 60.0
SLOT_MS = 40
DAY_S = 86_400


def wait_until(what: str, holds: Callable[[], bool], most_s: float = STEP_S_MAX) -> float:
    """How long it took. A database that does not answer is asked again."""
    began = time.monotonic()
    while True:
        try:
            if holds():
                return time.monotonic() - began
        except Unavailable as outage:
            what = f"{what} ({outage})"
        assert time.monotonic() - began < most_s, f"{what}: not after {most_s} s"
        time.sleep(0.05)


def is_quiet(stage: Stage) -> bool:
    """Whether nothing is due and every feed was read to its end."""
    platform = stage.platform
    for _ in range(2):  # what a command did outside before the first look, a feed shows by the second
        due_at = platform.store.next_due()
        if due_at is not None and due_at <= platform.clock.now():
            return False
        for feed in platform._feeds():
            if feed.name.startswith(("broker", "custodian", "bank", "chain:")):
                with platform.store.view() as view:
                    cursor = view.cursor(feed.name)
                if feed.poll(cursor)[0]:
                    return False
    return True


def is_settled(stage: Stage) -> bool:
    """Quiet, and the broker has heard everything and is heard: an order must not wait until its hours are over."""
    stage.platform.broker.catch_up(STEP_S_MAX)
    return is_quiet(stage)


def is_proven(stage: Stage) -> bool:
    """Whether each chain shows the reserve that custody states, and no command waits."""
    proofs = next(feed for feed in stage.platform._feeds() if feed.name == proving.FEED)
    return not proofs.poll("")[0] and not stage.platform.store.waiting()


def play_on(stage: Stage, days: int = 8) -> None:
    """Move market time from one due instant to the next until every request is completed."""
    clock = stage.platform.clock
    ends = clock.now() + days * DAY_S
    wait_until("quiet", lambda: is_settled(stage))
    while stage.open_rows():
        due = [at for at in (stage.stack.next_due(), stage.platform.store.next_due()) if at is not None]
        next_at = min((at for at in due if at > clock.now()), default=ends + 1)
        assert next_at <= ends, f"still open: {stage.open_rows()}"
        stage.stack.advance_to(next_at)
        wait_until("quiet", lambda: is_settled(stage))
    # Reserves that moved are looked at once a minute of market time, and proven anew: not after whoever plays on has gone.
    stage.stack.advance_to(clock.now() + proving.LOOK_S)
    wait_until("proven", lambda: is_settled(stage) and is_proven(stage))


def reader_of(stage: Stage, feed: str) -> str:
    """Who reads a feed now."""
    found = {one.name: one for one in Leases(stage.platform.engine).standing()}.get(FEED + feed)
    return found.holder if found is not None and found.left_s else ""


def has_ordered(stage: Stage) -> bool:
    """Whether the broker has an order for every subscription."""
    return all(stage.platform.broker.order(f"{one.id}:buy:o1") is not None for one in stage.asked)


@pytest.fixture
def workers() -> Iterator[list[WorkerChild]]:
    begun: list[WorkerChild] = []
    yield begun
    for each in begun:
        each.kill()


def start(stage: Stage, workers: list[WorkerChild], *names: str) -> None:
    for name in names:
        child = WorkerChild(stage.settings, name)
        workers.append(child)
        child.start()
        child.wait_ready()


@pytest.mark.parametrize("on", list(PLACES))
def test_one_of_two_workers__killed_and_never_restarted__is_replaced_within_30_s(
    tmp_path: Path, workers: list[WorkerChild], on: str
) -> None:
    with Stage(tmp_path, solana_slot_ms=SLOT_MS, on=PLACES[on]) as stage:
        start(stage, workers, "a", "b")
        assert reader_of(stage, "broker") == "a"
        stage.subscribe("sub-evm", "evm", "30")
        stage.subscribe("sub-sol", "solana", "20")
        wait_until("ordered", lambda: has_ordered(stage))
        workers[0].kill()
        took_s = wait_until("taken over", lambda: reader_of(stage, "broker") == "b", TAKEN_OVER_S_MAX)
        print(f"takeover: {took_s:.1f} s on {on}")
        play_on(stage)
        stage.redeem("kind-evm", "evm", "10", RedemptionKind.IN_KIND)
        play_on(stage)
        assert workers[1].stop() == 0
        seen = look(stage)
        each_once(seen)
        assert seen["supplies"] == ["evm 20", "solana 20"]
        assert [line.split()[0] for line in seen["orders"]] == ["sub-evm:buy:o1", "sub-sol:buy:o1"]
        agrees_with_itself(stage)


def answered(ask: Callable[[], T]) -> T:
    """The answer of a database that was away; the first that asks hears of it."""
    try:
        return ask()
    except Unavailable:
        return ask()


def asked_until_taken(stage: Stage, request_id: str, chain: str, shares: str) -> None:
    """As a client asks: again, with the same id, while the database is away."""
    ends = time.monotonic() + TAKEN_OVER_S_MAX
    while True:
        try:
            stage.subscribe(request_id, chain, shares)
        except Unavailable:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_postgresql__crashed_and_started_again_under_load__loses_and_doubles_nothing(
    tmp_path: Path, workers: list[WorkerChild]
) -> None:
    server = postgres.Server()
    server.start()

    def on(folder: Path) -> Path:
        (folder / "url").write_text(server.url())
        return folder

    try:
        with Stage(tmp_path, solana_slot_ms=SLOT_MS, on=on) as stage:
            start(stage, workers, "a", "b")
            for number in range(4):
                asked_until_taken(stage, f"sub-{number}", ("evm", "solana")[number % 2], "12")
                if number % 2:
                    server.stop(signal.SIGQUIT, keep=True)
                    server.start()
            wait_until("ordered", lambda: has_ordered(stage))
            server.stop(signal.SIGQUIT, keep=True)
            server.start()
            play_on(stage)
            assert [worker.stop() for worker in workers] == [0, 0]
            seen = answered(lambda: look(stage))
            each_once(seen)
            assert seen["supplies"] == ["evm 24", "solana 24"]
            agrees_with_itself(stage)
    finally:
        server.stop()
        gc.collect()  # a connection that was cut off while it was made is the collector's; let it be of this test
