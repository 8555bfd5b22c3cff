"""Who armed cancel-on-disconnect keeps their orders for as long as they are there by the machine's clock, and no longer."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.api.kraken.socket_room import Room as SocketRoom
from tests.api.kraken.socket_room import run
from tests.markets.venue_room import ALICE, BOB, SECOND_US, Room

from openscrip.api.kraken.socket.switches import Switches
from openscrip.kernel.errors import Refused
from openscrip.markets.commands import Answer, CancelAfter, Cause, Clock, Command
from openscrip.markets.facts import OrderDone
from openscrip.markets.orders import Side

LINE, OTHER_LINE = 7, 8
DAY_S, TIMEOUT_S = 86_400, 60


class Desk:
    """A venue without a disk, whose clock and machine are moved by hand."""

    def __init__(self) -> None:
        self.room, self.machine_s, self.is_behind = Room(), 0.0, False
        sequencer: Any = self
        self.switches = Switches(sequencer, self.room.venue, lambda: self.machine_s)
        self.room.limit(ALICE, Side.BUY, 100, 10_000)

    def submit(self, command: Command) -> Answer:
        if self.is_behind:
            raise Refused("venue.busy", "venue: its disk was behind")
        return self.room.do(command)

    def arm(self, line: int = LINE, account: int = ALICE) -> None:
        """As a page that is there does every twenty seconds."""
        until_us = self.room.now_us + TIMEOUT_S * SECOND_US
        self.room.do(CancelAfter(account, until_us))
        self.switches.arm(line, account, TIMEOUT_S, until_us)

    def jump(self, seconds: int) -> None:
        """Market time goes on at once; the machine's does not."""
        with self.switches.held():
            self.room.tick(seconds)

    def pass_both(self, seconds: int) -> None:
        """Both clocks go on."""
        self.machine_s += seconds
        self.jump(seconds)

    def is_open(self, account: int = ALICE) -> bool:
        return bool(self.room.venue.open_orders(account))

    def causes(self) -> set[Cause]:
        return {fact.cause for fact in self.room.told(OrderDone) if isinstance(fact, OrderDone)}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_armed__market_time_jumps_a_day__orders_stand_and_the_switch_has_the_time_it_had(desk: Desk) -> None:
    desk.arm()
    desk.pass_both(20)
    desk.jump(DAY_S)
    assert desk.is_open()
    left_us = desk.room.venue.accounts[ALICE].dead_man_us - desk.room.venue.time_us
    assert 39 * SECOND_US < left_us <= 40 * SECOND_US
    desk.pass_both(39)
    assert desk.is_open()
    desk.pass_both(2)
    assert (desk.is_open(), desk.causes()) == (False, {Cause.DEAD_MAN})


def test_set_without_a_connection__market_time_jumps__fires_as_krakens(desk: Desk) -> None:
    desk.room.limit(BOB, Side.BUY, 100, 10_000)
    desk.arm()
    desk.room.do(CancelAfter(BOB, desk.room.now_us + TIMEOUT_S * SECOND_US))
    desk.jump(DAY_S)
    assert (desk.is_open(), desk.is_open(BOB)) == (True, False)


def test_set_anew_by_a_program__after_the_page_armed_it__is_the_programs(desk: Desk) -> None:
    desk.arm()
    desk.room.do(CancelAfter(ALICE, desk.room.now_us + 5 * SECOND_US))
    desk.jump(6)
    assert not desk.is_open()


def test_silent__while_market_time_stands__fires_by_the_machines_clock(desk: Desk) -> None:
    desk.arm()
    desk.machine_s += TIMEOUT_S - 1
    desk.switches.look()
    assert desk.is_open()
    desk.machine_s += 1
    desk.switches.look()
    assert (desk.is_open(), desk.causes()) == (False, {Cause.DEAD_MAN})


def test_lost__fires_once_and_leaves_what_is_placed_later(desk: Desk) -> None:
    desk.arm()
    desk.switches.lost(OTHER_LINE)
    assert desk.is_open()
    desk.switches.lost(LINE)
    assert (desk.is_open(), desk.causes()) == (False, {Cause.DISCONNECTED})
    desk.room.limit(ALICE, Side.BUY, 100, 10_000)
    desk.pass_both(2 * TIMEOUT_S)
    desk.switches.look()
    assert desk.is_open()


def test_disarmed_or_ended__a_loss_cancels_nothing(desk: Desk) -> None:
    desk.arm()
    desk.arm(OTHER_LINE)
    desk.switches.disarm(LINE, ALICE)
    desk.switches.lost(LINE)
    desk.switches.clear()
    desk.switches.lost(OTHER_LINE)
    assert desk.is_open()


def test_two_pages__one_of_them_silent__the_other_still_guards(desk: Desk) -> None:
    desk.arm()
    desk.machine_s += TIMEOUT_S / 2
    desk.arm(OTHER_LINE)
    desk.machine_s += TIMEOUT_S / 2
    desk.switches.look()
    desk.jump(DAY_S)
    assert desk.is_open()
    desk.switches.lost(LINE)
    assert not desk.is_open()


def test_lost__while_the_venue_is_behind_its_disk__fires_when_it_is_not_any_more(desk: Desk) -> None:
    desk.arm()
    desk.is_behind = True
    desk.switches.lost(LINE)
    desk.switches.look()
    assert desk.is_open()
    desk.is_behind = False
    desk.switches.look()
    assert (desk.is_open(), desk.causes()) == (False, {Cause.DISCONNECTED})


def test_a_connected_client__market_time_jumps__keeps_its_orders_on_a_real_socket(tmp_path: Path) -> None:
    async def story(room: SocketRoom) -> None:
        plain, guarded = await room.client(1), await room.client(2)
        for client, more in ((plain, {}), (guarded, {"cancel_on_disconnect": True})):
            asked: dict[str, Any] = {"timeout": 60, "token": client.token, **more}
            assert (await client.ask("cancel_all_orders_after", **asked))["success"]
            assert (await client.order("buy", 1, 250))["success"]
        room.time.at_us += DAY_S * SECOND_US
        with room.server.switches.held():
            room.sequencer.submit(Clock(room.time()))
        assert (room.venue.open_orders(1), len(room.venue.open_orders(2))) == ([], 1)
        assert (await guarded.ask("ping"))["method"] == "pong"
        await guarded.connection.close()
        while room.venue.open_orders(2):  # noqa: ASYNC110  # what it waits for has no event
            await asyncio.sleep(0.005)
        assert not room.venue.accounts[2].dead_man_us

    run(story, tmp_path)
