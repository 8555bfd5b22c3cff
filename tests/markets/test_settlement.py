"""Every record of the venue is posted once, through kills and lost answers, and the ledger has what the venue has."""

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from tests.databases import PLACES, url_of
from tests.markets.venue_told import EUR, TSLA, TSLA_USD, USD, TellingVenue, directory

from openscrip.kernel.errors import Unavailable
from openscrip.markets.facts import Moved, OrderTraded, What
from openscrip.markets.following import FACTS_MAX, Facts
from openscrip.markets.money_chart import MONEY_SIDES, chain, clearing, customer, fees, transit
from openscrip.markets.settlement import (
    SETTLEMENT_REGISTERED,
    Settlement,
    VenueBreak,
    VenueBreakClosed,
    VenueBreakOpened,
    netted,
    position_of,
    transfers_of,
)
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.ledger import LedgerBroken, Transfer, unbalanced
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.sql import SqlStore
from openscrip.runtime.store import Store

ALICE, BOB = 1, 2
NOW = 1_700_000_000


@pytest.fixture(params=["memory", *PLACES])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore(MONEY_SIDES)
        return
    engine = open_database(url_of(PLACES[request.param](tmp_path)))
    upgrade(engine)
    found = SqlStore(engine, MONEY_SIDES, SETTLEMENT_REGISTERED)
    yield found
    problems = verify_ledger(engine)
    found.close()
    assert problems == []


def settled(store: Store, venue: TellingVenue, facts_max: int = FACTS_MAX) -> Settlement:
    return Settlement(store, directory(), venue.again, lambda: NOW, facts_max=facts_max)


def credit(store: Store, account: str) -> int:
    with store.view() as view:
        return view.balance(account).credit


def breaks(store: Store, state: str = "open") -> list[VenueBreak]:
    with store.view() as view:
        return view.rows(VenueBreak, state=state)


def check(store: Store, venue: TellingVenue) -> None:
    """The ledger has each of the venue's balances, nothing is left in clearing, and it balances."""
    names = {asset.number: asset.altname for asset in directory().assets.values()}
    for (account, asset), balance in venue.balances.items():
        name = customer(names[asset], account) if account else fees(names[asset])
        assert credit(store, name) == balance, name
    with store.view() as view:
        assert unbalanced(view.balances()) == []
    assert {credit(store, clearing(name)) for name in names.values()} == {0}


def test_a_trade__is_posted_between_its_accounts_with_both_fees(store: Store) -> None:
    venue = TellingVenue()
    settlement = settled(store, venue)
    settlement.start(0, {})
    settlement.hear(venue.credit(ALICE, USD.number, 10**12, "deposit:1"))
    settlement.hear(venue.credit(BOB, TSLA.number, 10**12, "deposit:2"))
    settlement.hear(venue.trade(TSLA_USD, ALICE, BOB, 30_000, 5_000, fees=(400, -100)))
    assert settlement.reached(3, 60)
    settlement.stop()
    assert credit(store, customer("USD", ALICE)) == 10**12 - 150_000_000 - 400
    assert credit(store, customer("USD", BOB)) == 150_000_000 + 100
    assert credit(store, customer("TSLAx", ALICE)) == 5_000 * 10_000
    assert credit(store, fees("USD")) == 300
    assert credit(store, transit("USD", "deposit:1")) == -(10**12)
    check(store, venue)


def test_a_deposit_and_a_withdrawal__once_the_holding_moved_too__leave_nothing_in_transit(store: Store) -> None:
    venue = TellingVenue()
    settlement = settled(store, venue)
    settlement.start(0, {})
    settlement.hear(venue.credit(ALICE, TSLA.number, 900, "deposit:1"))
    settlement.hear(venue.moved(ALICE, TSLA.number, -300, What.PAY_OUT, "withdrawal:1"))
    assert settlement.reached(2, 60)
    settlement.stop()
    there = chain("TSLAx", "evm")
    came = Transfer("d:1", there, transit("TSLAx", "deposit:1"), 900, "deposit:1")
    left = Transfer("w:1", transit("TSLAx", "withdrawal:1"), there, 300, "withdrawal:1")
    with store.transaction() as unit:
        unit.post((came, left))
    assert [credit(store, transit("TSLAx", each)) for each in ("deposit:1", "withdrawal:1")] == [0, 0]
    assert -credit(store, there) == credit(store, customer("TSLAx", ALICE)) == 600


def test_a_thousand_trades__in_any_batches__leave_the_ledger_with_the_venue_s_balances(store: Store) -> None:
    venue = TellingVenue()
    settlement = settled(store, venue, facts_max=200)
    settlement.start(0, {})
    for facts in venue.random_trades(11, 1_000):
        settlement.hear(facts)
    assert settlement.reached(venue.sequence, 60)
    assert settlement.compare(venue.sequence, venue.balances) == []
    settlement.stop()
    check(store, venue)
    assert breaks(store) == []


def test_records__told_again_after_a_restart__are_posted_once(store: Store) -> None:
    venue = TellingVenue()
    told = venue.random_trades(12, 300)
    for _ in range(4):
        settlement = settled(store, venue)
        assert settlement.start(venue.sequence, venue.balances, 30) == []
        for facts in itertools.islice(told, 70):
            settlement.hear(facts)
        settlement.stop()
        for _ in itertools.islice(told, 20):
            pass
    settlement = settled(store, venue)
    assert settlement.start(venue.sequence, venue.balances, 30) == []
    settlement.stop()
    check(store, venue)


def test_a_balance__that_the_ledger_has_not__is_a_break_until_they_agree(store: Store) -> None:
    venue = TellingVenue()
    seen: list[VenueBreak] = []
    settlement = Settlement(store, directory(), venue.again, lambda: NOW, on_break=seen.append)
    settlement.start(0, {})
    [moved] = venue.credit(ALICE, USD.number, 1_000, "deposit:1")
    assert isinstance(moved, Moved)
    wrong = msgspec.structs.replace(moved, balance=1_001)
    settlement.hear([wrong])
    assert settlement.reached(1, 60)
    [found] = breaks(store)
    assert (found.account, found.stock, found.venue, found.ledger, found.sequence) == (ALICE, "USD", 1_001, 1_000, 1)
    assert [each.id for each in seen] == ["1:USD"]
    settlement.hear(venue.credit(ALICE, USD.number, 5, "deposit:2"))
    assert settlement.reached(2, 60)
    settlement.stop()
    assert breaks(store) == []
    assert breaks(store, "closed") == [replace(found, state="closed", closed_at=NOW)]
    with store.view() as view:
        assert [type(fact) for _, _, fact in view.facts()] == [VenueBreakOpened, VenueBreakClosed]


def test_at_the_start__money_that_only_the_venue_or_only_the_ledger_has__is_a_break(store: Store) -> None:
    venue = TellingVenue()
    with store.transaction() as unit:
        unit.post((Transfer("x", chain("EUR", "evm"), customer("EUR", BOB), 7, "by hand"),))
    settlement = settled(store, venue)
    found = settlement.start(0, {(ALICE, USD.number): 5, (0, TSLA.number): 9})
    settlement.stop()
    assert sorted((each.account, each.stock, each.venue, each.ledger) for each in found) == [
        (0, "TSLAx", 9, 0), (ALICE, "USD", 5, 0), (BOB, "EUR", 0, 7),
    ]  # fmt: skip
    again = settled(store, venue)
    assert len(again.start(0, {(BOB, EUR.number): 7})) == 0
    again.stop()
    assert breaks(store) == []


def test_a_comparison__with_balances_of_another_moment__is_not_made(store: Store) -> None:
    venue = TellingVenue()
    settlement = settled(store, venue)
    settlement.start(0, {})
    before = dict(venue.balances)
    settlement.hear(venue.credit(ALICE, USD.number, 5, "deposit:1"))
    assert settlement.reached(1, 60)
    assert settlement.compare(0, before) is None
    assert settlement.compare(1, venue.balances) == []
    settlement.hear(venue.silence())
    assert settlement.compare(2, venue.balances) == []
    settlement.stop()


def test_trades__that_make_money_out_of_nothing__are_not_posted(store: Store) -> None:
    venue, seen = TellingVenue(), list[BaseException]()
    settlement = Settlement(store, directory(), venue.again, lambda: NOW, on_trouble=seen.append)
    settlement.start(0, {})
    one_side = OrderTraded(
        1, NOW, 1, 1, ALICE, TSLA_USD.number, 1, "", 0, True, 30_000, 10, 300_000, 0, 0, 10, 300_000, 0, 1, 0, 300_000
    )
    settlement.hear([one_side])
    assert not settlement.reached(1, 10)
    settlement.stop()
    assert isinstance(settlement.trouble, LedgerBroken)
    assert "did not add up to zero" in str(seen[0])
    with store.view() as view:
        assert (position_of(view), dict(view.balances())) == (0, {})


def test_netted_payers__come_before_receivers_and_deposits_before_both() -> None:
    venue = TellingVenue()
    facts: list[object] = []
    facts += venue.credit(ALICE, USD.number, 3_000_000, "deposit:1")
    facts += venue.credit(BOB, TSLA.number, 10**6, "deposit:2")
    facts += venue.trade(TSLA_USD, ALICE, BOB, 30_000, 100)
    facts += venue.moved(BOB, USD.number, -3_000_000, What.PAY_OUT, "withdrawal:1")
    found = netted(facts, directory())  # type: ignore[arg-type]  # they are facts
    names = {asset.number: asset.altname for asset in directory().assets.values()}
    store = MemoryStore(MONEY_SIDES)
    with store.transaction() as unit:
        unit.post(transfers_of(found, 1, 4, names))
    check(store, venue)


@pytest.mark.slow
def test_a_database__that_answers_again_later__gets_every_record_once() -> None:
    venue, inner, failures = TellingVenue(), MemoryStore(MONEY_SIDES), [3]

    class Failing:
        def __getattr__(self, name: str) -> object:
            return getattr(inner, name)

        def transaction(self) -> object:
            if failures[0]:
                failures[0] -= 1
                raise Unavailable("database: gone")
            return inner.transaction()

    settlement = settled(Failing(), venue)  # type: ignore[arg-type]  # a store that fails
    settlement._follower.start(0)  # without the comparison, which would fail first
    settlement.hear(venue.credit(ALICE, EUR.number, 3, "deposit:1"))
    assert settlement.reached(1, 60)
    settlement.stop()
    check(inner, venue)


def test_reserves_and_cancels__post_nothing() -> None:
    facts: Facts = [Moved(1, NOW, 0, ALICE, USD.number, 5, 100, What.RESERVE, "withdrawal:1")]
    found = netted(facts, directory())
    assert (found.net, found.outside, found.told) == ({}, [], {})


CHILD = """
import sys
from openscrip.markets.money_chart import MONEY_SIDES
from openscrip.markets.settlement import SETTLEMENT_REGISTERED, Settlement
from openscrip.runtime.database import open_database
from openscrip.runtime.sql import SqlStore
from tests.markets.venue_told import TellingVenue, directory
venue = TellingVenue()
for _ in venue.random_trades(5, 12000):
    pass
store = SqlStore(open_database(sys.argv[1]), MONEY_SIDES, SETTLEMENT_REGISTERED)
settlement = Settlement(store, directory(), venue.again, lambda: 1)
print("started", settlement.position, flush=True)
found = settlement.start(venue.sequence, venue.balances)
settlement.stop()
print("done", len(found), flush=True)
"""


@pytest.mark.slow
@pytest.mark.crash
@pytest.mark.parts
@pytest.mark.parametrize("place", list(PLACES))
def test_a_settlement__killed_again_and_again__posts_each_record_once(tmp_path: Path, place: str) -> None:
    url, delays = url_of(PLACES[place](tmp_path)), itertools.cycle((0.01, 0.05, 0.12, 0.02, 0.09))
    engine = open_database(url)
    upgrade(engine)
    positions = [0]
    for _ in range(8):
        child = subprocess.Popen([sys.executable, "-c", CHILD, url], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        positions.append(int(child.stdout.readline().split()[1]))
        try:
            child.wait(next(delays))
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
            child.wait(60)
        child.stdout.close()
    assert positions == sorted(positions)
    done = subprocess.run([sys.executable, "-c", CHILD, url], check=True, timeout=120, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "done 0"
    venue = TellingVenue()
    for _ in venue.random_trades(5, 12_000):
        pass
    store = SqlStore(engine, MONEY_SIDES, SETTLEMENT_REGISTERED)
    check(store, venue)
    assert verify_ledger(engine) == []
    store.close()
