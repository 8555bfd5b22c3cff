"""The index of a real cluster: what the local node's blocks tell is what its accounts hold."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.issuance.solana.conftest import Desk, desk, node, unused

from openscrip.issuance.chain import Landing
from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.movements import ALL
from openscrip.issuance.indexer.solana import SolanaHistory
from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.database import sqlite_url

__all__ = ["desk", "node", "unused"]
pytestmark = pytest.mark.parts


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IndexStore]:
    opened = IndexStore.open(sqlite_url(tmp_path / "index.db"))
    yield opened
    opened.close()


def told(indexer: Indexer, token: str, supply: RawAmount) -> None:
    """A block is told when its slot is over: read until the supply is the one that is expected."""
    ends = time.monotonic() + 60
    while not indexer.catch_up() or indexer.store.supply("solana", token) != supply:
        assert time.monotonic() < ends
        time.sleep(0.02)


def raw(text: str) -> RawAmount:
    return RawAmount.parse(text)


def test_mints_transfers_escrows_and_burns__are_told_by_the_blocks(desk: Desk, store: IndexStore) -> None:
    alice, bob, token = desk.wallet(), desk.wallet(), desk.token
    indexer = Indexer(store, SolanaHistory("solana", desk.chain.cluster.rpc))
    store.follow("solana", [token])
    desk.mint(alice.address, "10")
    told(indexer, token, raw("10"))
    assert store.holders("solana", token).entries == ((alice.address, raw("10").atoms),)
    before = store.cursors("solana")[0].number
    alice.transfer(token, bob.address, raw("2.5"))
    bob.redeem(token, "red-1", raw("1"), RedemptionKind.CASH)
    done = desk.do(desk.chain.prepare_burn(token, "red-1", bob.address, raw("1")))
    assert done.landing is Landing.FINAL
    told(indexer, token, raw("9"))
    escrow = str(desk.chain.program.stock(desk.chain.stock_account(token).mint))
    expected = {alice.address: raw("7.5").atoms, bob.address: raw("1.5").atoms}
    assert dict(store.holders("solana", token).entries) == expected
    assert store.supply("solana", token) == desk.chain.supply(token) == raw("9")
    last = store.cursors("solana")[0].number
    moved = [(one.sender, one.receiver, one.atoms) for _, one in store.transfers("solana", token, before + 1, last)]
    assert moved == [
        (alice.address, bob.address, raw("2.5").atoms),
        (bob.address, escrow, raw("1").atoms),
        (escrow, ALL, raw("1").atoms),
    ]
    assert store.holders("solana", token, before).entries == ((alice.address, raw("10").atoms),)
