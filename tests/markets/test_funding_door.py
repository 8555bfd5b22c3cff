"""How money reaches the venue in its loop: done and durable, refused, or asked again."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from openscrip.kernel.errors import Refused, Unavailable
from openscrip.markets.commands import Command, Credit, GiveBack, PayOut, Reserve
from openscrip.markets.funding import CreditCustomer, GiveBackFunds, PayOutFunds, ReserveFunds, VenueAction
from openscrip.markets.funding_door import SequencerDoor

ACTIONS: list[tuple[VenueAction, Command]] = [
    (CreditCustomer(1, "USD", 5, "D-1"), Credit(1, 7, 5, "D-1")),
    (ReserveFunds(1, "USD", 5, "W-1"), Reserve(1, 7, 5, "W-1")),
    (PayOutFunds("W-1"), PayOut("W-1")),
    (GiveBackFunds("W-1"), GiveBack("W-1")),
]


class Slow:
    """A sequencer whose disk answers when it is told to."""

    def __init__(self) -> None:
        self.told: list[Command] = []
        self.waiting: list[Callable[[], None]] = []
        self.refusing: Exception | None = None
        self.is_durable = True

    def submit(self, command: Command) -> None:
        if self.refusing is not None:
            raise self.refusing
        self.told.append(command)

    def when_durable(self, call: Callable[[], None]) -> None:
        if self.is_durable:
            call()
        else:
            self.waiting.append(call)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join()
    made.close()


@pytest.fixture
def slow() -> Slow:
    return Slow()


def door(slow: Slow, loop: asyncio.AbstractEventLoop, timeout_s: float = 60.0) -> SequencerDoor:
    return SequencerDoor(slow, loop, {"USD": 7}.__getitem__, timeout_s)


@pytest.mark.parametrize(("action", "command"), ACTIONS)
def test_an_action__is_the_venues_command_of_the_same_name(
    slow: Slow, loop: asyncio.AbstractEventLoop, action: VenueAction, command: Command
) -> None:
    door(slow, loop).tell(action)
    assert slow.told == [command]


def test_an_action__is_done_when_it_is_on_the_disk__not_before(slow: Slow, loop: asyncio.AbstractEventLoop) -> None:
    slow.is_durable = False
    with pytest.raises(Unavailable):
        door(slow, loop, 0.05).tell(ACTIONS[0][0])
    assert len(slow.waiting) == 1
    teller = threading.Thread(target=door(slow, loop).tell, args=(ACTIONS[0][0],))
    teller.start()
    while len(slow.waiting) < 2:
        teller.join(0.01)
    assert teller.is_alive()
    loop.call_soon_threadsafe(slow.waiting[1])
    teller.join(60)
    assert not teller.is_alive()


@pytest.mark.parametrize("code", ["credit.known", "withdrawal.known", "withdrawal.paid", "withdrawal.given_back"])
def test_what_the_venue_has_done_before__is_done(slow: Slow, loop: asyncio.AbstractEventLoop, code: str) -> None:
    slow.refusing = Refused(code, "venue: before")
    door(slow, loop).tell(ACTIONS[0][0])


@pytest.mark.parametrize("code", ["venue.stopped", "venue.busy"])
def test_a_venue_that_takes_nothing_now__is_asked_again(slow: Slow, loop: asyncio.AbstractEventLoop, code: str) -> None:
    slow.refusing, slow.is_durable = Refused(code, "venue: not now"), False
    with pytest.raises(Unavailable):
        door(slow, loop).tell(ACTIONS[0][0])
    assert slow.waiting == [], "a venue that stopped never calls back"


@pytest.mark.parametrize("code", ["withdrawal.funds", "withdrawal.unknown", "account.unknown"])
def test_a_refusal__is_the_venues_own(slow: Slow, loop: asyncio.AbstractEventLoop, code: str) -> None:
    slow.refusing = Refused(code, "venue: no")
    with pytest.raises(Refused) as refused:
        door(slow, loop).tell(ACTIONS[1][0])
    assert refused.value.code == code


def test_a_bug_of_the_venue__is_loud(slow: Slow, loop: asyncio.AbstractEventLoop) -> None:
    slow.refusing = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        door(slow, loop).tell(ACTIONS[0][0])


def test_an_unknown_asset__is_loud(slow: Slow, loop: asyncio.AbstractEventLoop) -> None:
    with pytest.raises(KeyError):
        door(slow, loop).tell(CreditCustomer(1, "GBP", 5, "D-1"))
