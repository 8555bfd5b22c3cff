"""A loop is kept awake between requests only while that pays."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from openscrip.runtime.awake import PAYS_FROM, Awake

AGES_S = 30.0


def run(work: Coroutine[Any, Any, None], loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(asyncio.wait_for(work, 30))


def ask(awake: Awake) -> bool:
    """One request and its answer; whether the loop is kept awake after it."""
    awake.came()
    awake.answered()
    return awake.looks


async def asleep(awake: Awake) -> None:
    while awake.looks:  # noqa: ASYNC110  # what it waits for has no event
        await asyncio.sleep(0)


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def test_a_loop_is_kept_awake_once_requests_came_right_after_one_another(loop: Callable[[], Any]) -> None:
    async def work() -> None:
        awake = Awake(asyncio.get_running_loop(), AGES_S)
        assert [ask(awake) for _ in range(PAYS_FROM + 2)] == [False] * PAYS_FROM + [True] * 2
        awake.came()
        await asleep(awake)
        assert ask(awake)

    run(work(), loop)


def test_looking_in_vain_ends_by_itself_and_is_not_begun_again_soon() -> None:
    async def work() -> None:
        awake = Awake(asyncio.get_running_loop(), 0.05)
        while not ask(awake):  # a busy machine may be late for some
            pass
        await asleep(awake)
        assert not any(ask(awake) for _ in range(2 * PAYS_FROM))

    run(work())


def test_requests_that_come_late_keep_nothing_awake() -> None:
    async def work() -> None:
        awake = Awake(asyncio.get_running_loop(), 0.0005)
        for _ in range(4 * PAYS_FROM):
            assert not ask(awake)
            late_s = time.monotonic() + 0.001
            while time.monotonic() < late_s:
                pass

    run(work())
