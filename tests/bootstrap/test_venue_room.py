"""A venue in its room: what it owes and what its ledger says are compared while it runs."""

import asyncio
from pathlib import Path

import pytest

from openscrip.bootstrap.venue_money import open_money_store
from openscrip.bootstrap.venue_room import VenueFiles, VenueRoom, venue_room
from openscrip.markets.commands import Admit, Clock, Credit, List, Open, Place
from openscrip.markets.instruments import Instrument, money, token
from openscrip.markets.money_chart import customer, fees
from openscrip.markets.orders import Limit, Side
from openscrip.markets.settlement import SETTLEMENT_REGISTERED
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.settings import Settings
from openscrip.runtime.sql import SqlStore

pytestmark = pytest.mark.parts

START_US = 1_780_000_000_000_000
USD, TSLA = money(1, "USD", "ZUSD"), token(2, "TSLAx")
ALICE, BOB = 1, 2


async def traded(room: VenueRoom) -> None:
    submit = room.sequencer.submit
    for each in (Admit(USD), Admit(TSLA), List(Instrument(1, TSLA, USD, pre_open_us=0, call_us=0, cost_min=100))):
        submit(each)
    for account, asset in ((ALICE, USD), (BOB, TSLA)):
        submit(Open(account, f"customer {account}"))
        submit(Credit(account, asset.number, 10**12, f"first {account}"))
    submit(Clock(START_US))
    submit(Place(BOB, 1, Side.SELL, 100, Limit(30_000)))
    submit(Place(ALICE, 1, Side.BUY, 100, Limit(30_000)))
    await room.durable()


async def compared(room: VenueRoom) -> None:
    """As soon as the ledger has caught up."""
    await asyncio.to_thread(room.settlement.reached, room.settlement.heard, 10)
    while not await room.reconcile():  # noqa: ASYNC110  # what it waits for has no event
        await asyncio.sleep(0.01)


def in_room(folder: Path, store: SqlStore, what: object) -> None:
    async def run() -> None:
        files, line = VenueFiles(folder / "venue"), Settings(data=folder).venue
        async with venue_room(files, line, store, lambda: START_US, lambda: START_US // 10**6) as room:
            await what(room)  # type: ignore[operator]  # a coroutine function

    asyncio.run(run())


@pytest.fixture
def store(tmp_path: Path) -> object:
    made = open_money_store(tmp_path / "venue", lambda: START_US // 10**6, SETTLEMENT_REGISTERED)
    yield made
    made.close()


def test_a_venue_that_trades__has_its_balances_in_its_ledger__also_after_a_restart(tmp_path: Path, store: SqlStore) -> None:
    async def first(room: VenueRoom) -> None:
        await traded(room)
        await compared(room)
        assert room.settlement.breaks == []

    async def again(room: VenueRoom) -> None:
        await compared(room)
        assert room.settlement.breaks == []
        assert len(await room.history.trades(1)) == 1
        assert len(await room.history.orders(ALICE, [1, 2])) == 1

    in_room(tmp_path, store, first)
    in_room(tmp_path, store, again)


def test_a_posting__that_the_venue_knows_nothing_of__is_found_while_it_runs(tmp_path: Path, store: SqlStore) -> None:
    async def altered(room: VenueRoom) -> None:
        await traded(room)
        await compared(room)
        with store.transaction() as unit:
            unit.post((Transfer("by hand", customer("USD", ALICE), fees("USD"), 5, "by hand"),))
        await compared(room)
        assert room.settlement.breaks == ["0:USD", "1:USD"]

    in_room(tmp_path, store, altered)
