"""What each day brought is what the chain's blocks say, however the index came to it."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.issuance.indexer.histories import BLOCK_S, TOKENS, Fickle

from openscrip.issuance.indexer.days import DAY_S, Day
from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.movements import ALL, Moved
from openscrip.issuance.indexer.store import IndexStore
from openscrip.kernel.errors import Refused
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.database import sqlite_url

FOR_EVER = 10**6


def counted(chain: Fickle, token: str = "") -> list[Day]:
    """Every day of a token, or of all of them and then without amounts, counted from the blocks the plain way."""
    days: list[Day] = []
    seen: set[str] = set()
    by_day: dict[int, list[Moved]] = {}
    for number, block in enumerate(chain.moved):
        by_day.setdefault(number * BLOCK_S // DAY_S, []).extend(one for one in block if one.token == token or not token)
    for day, moved in by_day.items():
        users = {who for one in moved for who in (one.sender, one.receiver)} - {ALL}

        def total(kind: Callable[[Moved], bool], moved: list[Moved] = moved) -> RawAmount:
            return RawAmount(sum(one.atoms for one in moved if kind(one)) if token else 0)

        if moved:
            days.append(
                Day(
                    day,
                    total(lambda one: ALL not in {one.sender, one.receiver}),
                    total(lambda one: one.sender == ALL),
                    total(lambda one: one.receiver == ALL),
                    len(moved),
                    len({one.tx_id for one in moved}),
                    len(users),
                    len(users - seen),
                )
            )
        seen |= users
    return days


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.tuples(st.integers(1, 5), st.integers(0, 7)), min_size=1, max_size=6))
def test_days__of_any_history_with_reorganisations__are_those_of_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, seed: int, turns: list[tuple[int, int]]
) -> None:
    dice, chain = random.Random(seed), Fickle()
    store = IndexStore.open(sqlite_url(tmp_path_factory.mktemp("index") / "index.db"))
    store.follow("fickle", TOKENS)
    for grow, depth in turns:
        chain.undo(min(depth, len(chain.moved)))
        for _ in range(grow):
            chain.busy_block(dice)
        assert Indexer(store, chain).catch_up()
    for token in TOKENS:
        expected = counted(chain, token)
        assert store.days("fickle", token, 0, FOR_EVER) == expected
    assert store.days("fickle", "", 0, FOR_EVER) == counted(chain)
    store.close()


def test_days__of_a_span__leave_out_the_others(tmp_path: Path) -> None:
    store, chain = IndexStore.open(sqlite_url(tmp_path / "index.db")), Fickle()
    store.follow("fickle", ["red"])
    for _ in range(9):
        chain.mine(Moved("red", ALL, "ann", 5, 0, "tx"))
    Indexer(store, chain).catch_up()
    days = store.days("fickle", "red", 1, 1)
    assert store.days_between(1, 1)["fickle", "red"] == days
    assert [(each.day, each.transfers, each.users, each.new_users) for each in days] == [(1, 3, 1, 0)]
    with pytest.raises(Refused, match="not followed"):
        store.days("fickle", "green", 0, 1)
    store.close()


def test_the_mark_of_days__changes_with_what_they_brought__and_with_nothing_else(tmp_path: Path) -> None:
    store, chain = IndexStore.open(sqlite_url(tmp_path / "index.db")), Fickle()
    store.follow("fickle", ["red", "green"])
    indexer = Indexer(store, chain)

    def read(token: str, holder: str, blocks: int = 1) -> tuple[object, object]:
        for _ in range(blocks):
            chain.mine(Moved(token, ALL, holder, 5, 0, "tx"))
        indexer.catch_up()
        return store.days_mark(0, 1), store.days_mark(2, 3)

    before = read("red", "ann", 2 * DAY_S // BLOCK_S + 1)
    later = read("red", "ann")
    assert later[0] == before[0], "the third day is not within the first two"
    assert later[1] != before[1]
    chain.undo(1)
    other = read("green", "ann")
    assert other[1] != later[1], "another token's, though as many"
    assert store.days_mark(2, 3) == other[1]
    store.close()
