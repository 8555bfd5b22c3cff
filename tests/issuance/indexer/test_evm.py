"""The index of a real chain: after hundreds of transfers, reorganisations and kills it tells what the contract tells."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.issuance.contracts.stage import NODE_MODULES, ONE, START, Stage, account
from tests.issuance.reorg import HandMined

from openscrip.issuance.chains.evm.snapshot import take_snapshot
from openscrip.issuance.indexer.evm import EvmHistory
from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.movements import ALL
from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.database import sqlite_url

pytestmark = pytest.mark.parts
PEOPLE = [account(name) for name in ("ann", "ben", "cem", "dora", "emil")]
KILLS = 4
TAIL = 12


class Market:
    """A token that people trade, on blocks that can be taken back."""

    def __init__(self, evm: EvmNode) -> None:
        self.stage, self.dice = Stage(evm), random.Random(41)
        self.token, self.node = self.stage.token, self.stage.node
        self.blocks = HandMined(evm)
        self.stage.report()
        for who in PEOPLE[:3]:
            self.stage.mint(self.stage.voucher(raw=20 * ONE, receiver=who))

    def trade(self, times: int) -> None:
        for _ in range(times):
            sender = self.dice.choice([who for who in PEOPLE if self._balance(who)])
            atoms = self.dice.choice([0, 1, self._balance(sender), self.dice.randint(0, self._balance(sender))])
            self.stage.send(sender, "StockToken", "transfer", self.dice.choice(PEOPLE), atoms)

    def _balance(self, who: str) -> int:
        return int(self.stage.view("StockToken", "balanceOf", who))

    def agrees(self, store: IndexStore, *blocks: int) -> None:
        """The index at these blocks is what logs and contract tell of them."""
        for block in blocks:
            told = take_snapshot(self.node, self.token, block)
            holders = {who.lower(): raw.atoms for who, raw in told.holdings.items()}
            assert dict(store.holders("evm", self.token, block).entries) == holders
            assert store.supply("evm", self.token, block) == told.supply


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with EvmNode(tmp_path_factory.mktemp("evm"), NODE_MODULES, start_at=START) as evm:
        made = Market(evm)
        made.trade(60)
        yield made
        made.blocks.close()
        made.stage.rpc.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IndexStore]:
    opened = IndexStore.open(sqlite_url(tmp_path / "index.db"))
    yield opened
    opened.close()


def history(market: Market, rpc: JsonRpc | None = None, **more: Any) -> EvmHistory:
    return EvmHistory("evm", rpc or market.stage.rpc, tail_blocks=TAIL, **more)


def test_reorganisations__of_any_depth_kept__are_taken_back_exactly(market: Market, store: IndexStore) -> None:
    store.follow("evm", [market.token])
    indexer = Indexer(store, history(market))
    assert indexer.catch_up()
    undone = 0
    for depth in (1, 2, 5, TAIL - 1, 3):
        market.trade(4)
        assert indexer.catch_up()
        before = store.supply("evm", market.token), market.blocks.head()
        gone = market.blocks.reorganise(depth, longer_by=market.dice.choice([0, 1]))
        undone += len(gone.transactions)
        market.trade(market.dice.randint(0, 2))
        assert indexer.catch_up()
        head = market.blocks.head()
        assert store.cursors("evm")[0].number == head
        market.agrees(store, head, before[1] - depth, head // 2)
    assert undone > 10
    assert all(number > market.blocks.head() - TAIL - 2 for number, _ in store.tail("evm"))


def test_a_mint_that_was_undone__leaves_no_holder_behind(market: Market, store: IndexStore) -> None:
    store.follow("evm", [market.token])
    indexer, newcomer = Indexer(store, history(market)), account("newcomer")
    before = market.stage.view("StockToken", "totalSupply")
    market.stage.report()
    market.stage.mint(market.stage.voucher(raw=5 * ONE, receiver=newcomer))
    indexer.catch_up()
    assert store.held("evm", market.token, newcomer.lower()) == RawAmount(5 * ONE)
    market.blocks.reorganise(1)
    indexer.catch_up()
    assert store.held("evm", market.token, newcomer.lower()) == RawAmount(0)
    assert store.supply("evm", market.token) == RawAmount(before)


def test_a_burn__is_a_transfer_to_nobody(market: Market, store: IndexStore) -> None:
    holder = max(PEOPLE, key=market._balance)
    market.stage.escrow(holder, ONE, b"\x07" * 32)
    market.stage.send("issuer", "Issuer", "burn", holder, b"\x07" * 32)
    store.follow("evm", [market.token])
    Indexer(store, history(market)).catch_up()
    head = market.blocks.head()
    [(_, burned)] = store.transfers("evm", market.token, head, head)
    assert (burned.sender, burned.receiver, burned.atoms) == (market.stage.at.issuer.lower(), ALL, ONE)
    market.agrees(store, head)


class Short(JsonRpc):
    """A node that tells no more than `most` logs at once, and now and then nothing."""

    most, silent = 5, 0

    def batch(self, calls: Any) -> list[Any]:
        self.silent -= 1
        if self.silent == 0:
            raise Unavailable("node: was silent")
        refused = RpcError(-32005, "query returned more results")
        return [
            refused if method == "eth_getLogs" and isinstance(answer, list) and len(answer) > self.most else answer
            for (method, _), answer in zip(calls, super().batch(calls), strict=True)
        ]


def test_a_node_of_few_words__gives_the_same_index(market: Market, store: IndexStore) -> None:
    rpc = Short(market.stage.rpc.url)
    store.follow("evm", [market.token])
    indexer = Indexer(store, history(market, rpc))
    for silent in (3, 2, 4):
        rpc.silent = silent
        with pytest.raises(Unavailable, match="was silent"):
            indexer.catch_up()
    assert indexer.catch_up()
    market.agrees(store, market.blocks.head(), market.blocks.head() - 20)
    rpc.close()


@pytest.mark.parametrize("finality", ["latest", "finalized", 3])
def test_finality_of_any_kind__reads_up_to_the_newest_block(market: Market, store: IndexStore, finality: str | int) -> None:
    store.follow("evm", [market.token])
    past = history(market, finality=finality)
    assert Indexer(store, past).catch_up()
    newest, final = past.heads()
    assert final <= newest - TAIL
    market.agrees(store, newest)


def test_killed_at_any_point__the_index_goes_on__and_is_the_same(market: Market, store: IndexStore, tmp_path: Path) -> None:
    database = sqlite_url(tmp_path / "killed.db")
    command = [sys.executable, "-m", "tests.issuance.indexer.child", market.stage.rpc.url, market.token, database]
    lived = 0
    for kill in range(KILLS):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as child:
            assert child.stdout is not None
            for _ in range(1 + kill % 2):  # dies in its first or its second page
                lived += child.stdout.readline() == "page\n"
            child.kill()
            child.stdout.close()
    assert lived > KILLS // 2
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=Path(__file__).parents[3])
    assert done.stdout.endswith("done\n")
    killed = IndexStore.open(database)
    store.follow("evm", [market.token])
    Indexer(store, history(market)).catch_up()
    head = market.blocks.head()
    for block in range(0, head + 1, 9):
        assert killed.holders("evm", market.token, block) == store.holders("evm", market.token, block)
    assert killed.transfers("evm", market.token, 0, head) == store.transfers("evm", market.token, 0, head)
    killed.close()
