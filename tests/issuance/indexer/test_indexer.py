"""The index tells what the chain's blocks left at every height, whatever was undone, restarted or read late meanwhile."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.issuance.indexer.histories import PEOPLE, TOKENS, Fickle

from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.movements import ALL, IndexBroken, Moved
from openscrip.issuance.indexer.schema import metadata
from openscrip.issuance.indexer.snapshot import tree_of
from openscrip.issuance.indexer.store import IndexStore, Overtaken
from openscrip.kernel.errors import Refused
from openscrip.kernel.merkle_sum import check_proof
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.database import open_database, sqlite_url, upgrade

HUGE = 2**200 + 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IndexStore]:
    opened = IndexStore.open(sqlite_url(tmp_path / "index.db"))
    yield opened
    opened.close()


def minted(atoms: int, receiver: str = "ann", token: str = "red") -> Moved:
    return Moved(token, ALL, receiver, atoms, 0, "tx")


def agrees(store: IndexStore, chain: Fickle) -> None:
    """Every height of every token, by holders, one by one, and as a whole."""
    for token in TOKENS:
        for block in range(len(chain.moved)):
            expected = chain.held(token, block)
            supply = expected.pop(ALL, 0)
            found = store.holders("fickle", token, block)
            assert (dict(found.entries), found.block) == (expected, block)
            assert store.supply("fickle", token, block) == RawAmount(supply) == RawAmount(sum(expected.values()))
            for who in PEOPLE:
                assert store.held("fickle", token, who, block) == RawAmount(expected.get(who, 0))
        told = [moved for _, moved in store.transfers("fickle", token, 0, len(chain.moved) - 1)]
        assert told == [moved for block in chain.moved for moved in block if moved.token == token]


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.tuples(st.integers(1, 5), st.integers(0, 7), st.booleans()), min_size=1, max_size=8))
def test_any_history__with_reorganisations__is_told_at_every_height(
    tmp_path_factory: pytest.TempPathFactory, seed: int, turns: list[tuple[int, int, bool]]
) -> None:
    dice, chain = random.Random(seed), Fickle()
    url = sqlite_url(tmp_path_factory.mktemp("index") / "index.db")
    store = IndexStore.open(url)
    store.follow("fickle", TOKENS)
    for grow, depth, restarts in turns:
        chain.undo(min(depth, len(chain.moved)))
        for _ in range(grow):
            chain.busy_block(dice)
        if restarts:
            store.close()
            store = IndexStore.open(url)
        if dice.random() < 0.3:  # undone again in the middle of catching up
            Indexer(store, chain).step()
            chain.undo(min(2, len(chain.moved)))
            chain.busy_block(dice)
        assert Indexer(store, chain).catch_up()
    agrees(store, chain)
    store.close()


def test_an_undone_block__of_the_same_height__is_seen_though_nothing_came_after_it(store: IndexStore) -> None:
    chain = Fickle()
    store.follow("fickle", ["red"])
    chain.mine(minted(5))
    chain.mine(minted(7))
    Indexer(store, chain).catch_up()
    chain.undo(1)
    chain.mine(minted(2))
    Indexer(store, chain).catch_up()
    assert store.supply("fickle", "red") == RawAmount(7)
    chain.undo(1)  # and shorter than before
    Indexer(store, chain).catch_up()
    assert (store.supply("fickle", "red"), store.cursors("fickle")[0].number) == (RawAmount(5), 0)


def test_another_chain__is_read_from_the_beginning(store: IndexStore) -> None:
    store.follow("fickle", ["red"])
    first, second = Fickle(tail=1), Fickle(tail=1, count=100)
    for _ in range(20):
        first.mine(minted(1))
    Indexer(store, first).catch_up()
    assert len(store.tail("fickle")) <= 4
    second.mine(minted(3))
    for _ in range(30):
        second.mine()
    Indexer(store, second).catch_up()
    assert store.holders("fickle", "red").entries == (("ann", 3),)
    assert store.supply("fickle", "red", 0) == RawAmount(3)


def test_a_token_listed_later__is_read_from_the_beginning_and_then_beside_the_others(store: IndexStore) -> None:
    chain, dice = Fickle(), random.Random(5)
    store.follow("fickle", ["red"])
    for _ in range(12):
        chain.busy_block(dice)
    Indexer(store, chain).catch_up()
    store.follow("fickle", ["red", "blue"])
    chain.busy_block(dice)
    Indexer(store, chain).catch_up()
    agrees(store, chain)
    assert {cursor.number for cursor in store.cursors("fickle")} == {12}


def test_amounts_of_any_size__come_back_to_the_atom(store: IndexStore) -> None:
    chain = Fickle()
    store.follow("fickle", ["red"])
    chain.mine(minted(HUGE), minted(1, "ben"))
    chain.mine(Moved("red", "ann", "ben", HUGE - 1, 0, "tx"))
    Indexer(store, chain).catch_up()
    assert store.holders("fickle", "red").entries == (("ann", 1), ("ben", HUGE))
    assert store.holders("fickle", "red", 0).entries == (("ann", HUGE), ("ben", 1))
    assert store.supply("fickle", "red", 0) == store.supply("fickle", "red") == RawAmount(HUGE + 1)


def test_whoever_spent_what_nobody_gave__breaks_the_index__which_is_read_anew(store: IndexStore) -> None:
    chain = Fickle(at_once=1)
    store.follow("fickle", ["red"])
    chain.mine(minted(5))
    chain.mine(Moved("red", "ben", "cem", 1, 0, "tx"))
    with pytest.raises(IndexBroken, match="ben of red was -1 atoms after block 1"):
        Indexer(store, chain).catch_up()
    assert store.cursors("fickle")[0].number == -1
    assert store.holders("fickle", "red").entries == ()


def test_what_is_asked_too_early__is_refused(store: IndexStore) -> None:
    store.follow("fickle", ["red"])
    for asked, code in (
        (lambda: store.supply("fickle", "red", 0), "index.behind"),
        (lambda: store.holders("fickle", "green"), "index.unknown"),
        (lambda: store.held("other", "red", "ann"), "index.unknown"),
    ):
        with pytest.raises(Refused) as refusal:
            asked()
        assert refusal.value.code == code


def test_two_indexers__never_write_the_same_page_twice(store: IndexStore, tmp_path: Path) -> None:
    chain = Fickle()
    store.follow("fickle", ["red"])
    other = IndexStore.open(sqlite_url(tmp_path / "index.db"))
    for number in range(6):
        chain.mine(minted(2**number))
    [cursor] = store.cursors("fickle")
    page = chain.page(["red"], (-1, ""), 5, -1)
    other.append("fickle", [cursor], page, -1)
    with pytest.raises(Overtaken):
        store.append("fickle", [cursor], page, -1)
    for turn in range(4):  # each finds balances that the other wrote
        chain.mine(Moved("red", "ann", "ben", 1, 0, "tx"))
        Indexer((store, other)[turn % 2], chain).catch_up()
    assert other.holders("fickle", "red").entries == (("ann", 59), ("ben", 4))
    other.close()


def test_a_kill_between_pages__loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    chain, dice, url = Fickle(at_once=2), random.Random(11), sqlite_url(tmp_path / "index.db")
    for _ in range(9):
        chain.busy_block(dice)
    whole: list[bool] = []
    while not whole or not whole[-1]:
        store = IndexStore.open(url)  # a process that lives for one page
        store.follow("fickle", TOKENS)
        whole.append(Indexer(store, chain).step())
        store.close()
    store = IndexStore.open(url)
    agrees(store, chain)
    store.close()


class Dies(Exception):
    """The process ends here."""


@pytest.mark.parametrize("table", ["index_history", "index_balance", "index_transfer", "index_tail", "index_deployment"])
def test_a_page_that_ends_half_way__leaves_nothing_behind(tmp_path: Path, table: str) -> None:
    from sqlalchemy import event  # noqa: PLC0415

    engine = open_database(sqlite_url(tmp_path / "index.db"))
    store, chain = IndexStore(engine), Fickle()
    store.follow("fickle", ["red"])
    chain.mine(minted(5), minted(6, "ben"))
    armed = [True]

    @event.listens_for(engine, "after_cursor_execute")
    def die(_c: object, _d: object, statement: str, *_: object) -> None:
        if armed[0] and statement.startswith(("INSERT INTO " + table, "UPDATE " + table)):
            raise Dies

    with pytest.raises(Dies):
        Indexer(store, chain).step()
    assert (store.cursors("fickle")[0].number, store.holders("fickle", "red").entries, store.tail("fickle")) == (-1, (), [])
    armed[0] = False
    Indexer(store, chain).catch_up()
    assert store.holders("fickle", "red").entries == (("ann", 5), ("ben", 6))
    store.close()


def test_a_snapshot__has_a_root_and_proves_each_holder(store: IndexStore) -> None:
    chain = Fickle()
    store.follow("fickle", ["red"])
    chain.mine(minted(5), minted(6, "ben"), minted(7, "cem"))
    chain.mine(minted(1))
    Indexer(store, chain).catch_up()
    tree = tree_of(store.holders("fickle", "red", 0))
    assert (tree.about, tree.total, tree.count) == ("holders of red on fickle at block 0, in 1e-18 raw", 18, 3)
    check_proof(tree.proof("ben"), tree.root, 18)
    assert tree_of(store.holders("fickle", "red")).root != tree.root


def test_the_tables__are_what_the_migration_makes(tmp_path: Path) -> None:
    from openscrip.issuance.indexer import migrations  # noqa: PLC0415

    engine = open_database(sqlite_url(tmp_path / "index.db"))
    upgrade(engine, migrations)
    upgrade(engine)  # the books in the same database: neither sees the other's history
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _is_of_the_index})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def _is_of_the_index(_: object, name: str | None, kind: str, *__: object) -> bool:
    return kind != "table" or ((name or "").startswith("index_") and name != "index_version")


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_every_statement__can_be_said_to_both_databases(dialect: str, compiled: Callable[[str], list[str]]) -> None:
    said = compiled(dialect)
    assert len(said) == 2
    assert all("ON CONFLICT" in each for each in said)


@pytest.fixture
def compiled() -> Callable[[str], list[str]]:
    from sqlalchemy.dialects import postgresql, sqlite  # noqa: PLC0415

    from openscrip.issuance.indexer.store import put_balance, put_tail  # noqa: PLC0415

    def say(dialect: str) -> list[str]:
        of = {"postgresql": postgresql, "sqlite": sqlite}[dialect]
        return [str(statement(dialect).compile(dialect=of.dialect())) for statement in (put_balance, put_tail)]

    return say
