"""Corporate actions at their edges: half days, cash in lieu, duplicates, and a worker that dies at every step."""

from dataclasses import replace
from datetime import date
from typing import cast

import pytest
from tests.issuance.actions_world import ActionsWorld

from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.listings import daily_closes
from openscrip.assets.notice import ActionEvent, Notice, NoticeFunction
from openscrip.bootstrap.simulated_parts import Scenario
from openscrip.issuance.action_queue import Answer
from openscrip.kernel.clock import new_york_instant
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip.lab.world import Crash

BOTH = ("custodian", "broker")
REVERSE = Notice(
    "NVDA.SPLR.2025-08-11", "NVDA", "US67066G1040", ActionEvent.REVERSE_SPLIT, date(2025, 7, 21), date(2025, 8, 11), None, None,
    1, 8, None, "custodian",
)  # fmt: skip
DIVIDEND = Notice(
    "AAPL.DVCA.2025-08-11", "AAPL", "US0378331005", ActionEvent.CASH_DIVIDEND, date(2025, 7, 21), date(2025, 8, 11),
    date(2025, 8, 11), date(2025, 8, 14), None, None, PricePerShare.parse("0.26"), "custodian",
)  # fmt: skip


def world_in(start: str, *, symbols: tuple[str, ...] = ("AAPL", "NVDA")) -> ActionsWorld:
    """Two stocks, of which somebody holds tokens on two chains."""
    made = ActionsWorld(Scenario(start, symbols, new_york_calendar(), daily_closes(), (), ()))
    for symbol in symbols:
        made.subscribe(symbol, "evm", 600)
        made.subscribe(symbol, "solana", 403)
    return made


def approve(world: ActionsWorld) -> None:
    """Two people approve whatever waits."""
    for item in world.queue():
        world.resolve(item, Answer())


@pytest.mark.parametrize(
    ("ex_date", "freeze_day", "hour"),
    [
        (date(2025, 12, 26), date(2025, 12, 24), 13),  # the last close before it is a half day's
        (date(2025, 11, 28), date(2025, 11, 26), 16),  # it is a half day itself, after a holiday
    ],
)
def test_a_dividend_around_a_half_day__freezes_at_the_real_close_and_pays_all_the_same(
    ex_date: date, freeze_day: date, hour: int
) -> None:
    world = world_in("2025-11-10T14:00:00Z")
    notice = replace(
        DIVIDEND, event_id=f"AAPL.DVCA.{ex_date}", announced_on=date(2025, 11, 12), ex_date=ex_date, record_date=ex_date,
        pay_date=date(2026, 1, 15),
    )  # fmt: skip
    world.advance(date(2025, 11, 12))
    world.announce(notice, *BOTH)
    world.advance(freeze_day, hour - 1)
    assert world.stock("AAPL").is_open
    world.advance(freeze_day, hour)
    assert not world.stock("AAPL").is_open
    frozen = next(step.at for step in world.actions()[notice.event_id].trail if step.phase == "FROZEN")
    assert frozen == new_york_instant(freeze_day, hour)
    world.advance(date(2026, 1, 16))
    assert world.actions()[notice.event_id].state == "final"
    world.recount()


def test_a_reverse_split__buys_what_custody_will_lose_and_gives_the_cash_for_the_fraction_to_capital() -> None:
    world = world_in("2025-07-14T14:00:00Z")
    world.advance(date(2025, 7, 21))
    world.announce(REVERSE, *BOTH)
    approve(world)
    world.advance(date(2025, 7, 28))
    assert world.stock("NVDA").free == Shares.whole(8), "bought before the freeze, so that claims stay exact"
    world.advance(date(2025, 8, 12))
    stock, row = world.stock("NVDA"), world.actions()[REVERSE.event_id]
    assert (row.state, str(stock.multiplier), stock.is_open, stock.epoch) == ("final", "0.125", True, 1)
    # 1,011 shares become 126.375: 126 whole ones stay, and what backs the tokens is 125.375 of them.
    assert str(world.world.custodian.latest_statement(stock.isin).aggregate) == "126"
    assert stock.free == Shares.parse("0.625")
    with world.world.store.view() as view:
        booked = view.balance("NVDA/outstanding").credit
    assert booked == Shares.parse("125.375").atoms
    world.recount()


def test_messages_told_twice__change_nothing() -> None:
    worlds = []
    for times in (1, 3):
        world = world_in("2025-07-14T14:00:00Z")
        world.advance(date(2025, 7, 21))
        for _ in range(times):
            world.announce(DIVIDEND, *BOTH)
            world.announce(replace(DIVIDEND, revision=2, function=NoticeFunction.REPLACEMENT), *BOTH)
        world.advance(date(2025, 8, 20))
        worlds.append((world.stock("AAPL"), world.actions()[DIVIDEND.event_id].state))
    assert worlds[0] == worlds[1]
    assert worlds[0][1] == "final"


class DiesOnce:
    """A chance that strikes at one call, and never else."""

    def __init__(self, at: int) -> None:
        self.at, self.calls = at, 0

    def random(self) -> float:
        """One call."""
        self.calls += 1
        return 0.0 if self.calls == self.at else 1.0


def live(kill_at: int) -> tuple[ActionsWorld, int, int]:
    """A split corrected when it is staged, and a dividend, with the worker killed once; also how often it might have been."""
    world = world_in("2025-07-14T14:00:00Z")
    chance, killed = DiesOnce(kill_at), 0
    world.world.faults, world.world.random = True, cast("object", chance)  # type: ignore[assignment]  # it only asks random()

    def survive(act: object) -> None:
        nonlocal killed
        while True:
            try:
                act()  # type: ignore[operator]  # a step of the story
                return
            except Crash:
                killed += 1
                world.world.machine_s += 31.0
                world.worker = world.world.new_worker(world.world)

    split = replace(REVERSE, event_id="NVDA.SPLF.2025-08-11", event=ActionEvent.FORWARD_SPLIT, ratio_new=10, ratio_old=1)
    survive(lambda: world.advance(date(2025, 7, 21)))
    survive(lambda: world.announce(split, *BOTH))
    survive(lambda: world.announce(DIVIDEND, *BOTH))
    survive(lambda: approve(world))
    survive(lambda: world.advance(date(2025, 8, 8), 19))
    corrected = replace(split, function=NoticeFunction.REPLACEMENT, revision=2, ratio_new=4)
    survive(lambda: world.announce(corrected, *BOTH))
    survive(lambda: world.advance(date(2025, 8, 8), 21))
    survive(lambda: approve(world))
    survive(lambda: world.advance(date(2025, 8, 20)))
    return world, chance.calls, killed


def test_a_worker_killed_at_any_step__loses_and_doubles_nothing() -> None:
    whole, calls, _ = live(0)
    assert str(whole.stock("NVDA").multiplier) == "4"
    kills = 0
    for at in range(1, calls, max(1, calls // 40)):
        world, _, killed = live(at)
        kills += killed
        for symbol in ("AAPL", "NVDA"):
            assert world.stock(symbol).multiplier == whole.stock(symbol).multiplier, f"killed at {at}"
        assert {row.state for row in world.actions().values()} == {"final"}, f"killed at {at}"
        world.recount()
    assert kills >= 20, "most calls of the chance are the worker's"
