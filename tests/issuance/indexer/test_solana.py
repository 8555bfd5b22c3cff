"""What a Solana block's token balances say was moved."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.movements import ALL
from openscrip.issuance.indexer.reading import Undone
from openscrip.issuance.indexer.solana import SolanaHistory, paired
from openscrip.issuance.indexer.store import IndexStore
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import RawAmount

MINT, OTHER = "mint", "another mint"


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(-20, 20)))
def test_changes__are_paired_so_that_nobody_gains_or_loses_an_atom(changes: dict[str, int]) -> None:
    found: dict[str, int] = {}
    for giver, taker, grains in paired(changes):
        assert grains > 0
        assert giver != taker
        found[giver] = found.get(giver, 0) - grains
        found[taker] = found.get(taker, 0) + grains
    found.pop(ALL, None)
    assert found == {who: change for who, change in changes.items() if change}


def test_changes__of_a_mint_and_a_transfer__are_told_apart() -> None:
    assert paired({"a": -3, "b": 5}) == [("a", "b", 3), (ALL, "b", 2)]
    assert paired({"a": -3}) == [("a", ALL, 3)]


def balance(owner: str, grains: int, mint: str = MINT, place: int = 0) -> dict[str, Any]:
    return {"accountIndex": place, "mint": mint, "owner": owner, "uiTokenAmount": {"amount": str(grains), "decimals": 8}}


def landed(before: list[dict[str, Any]], after: list[dict[str, Any]], err: object = None) -> dict[str, Any]:
    meta = {"err": err, "preTokenBalances": before, "postTokenBalances": after}
    return {"meta": meta, "transaction": {"signatures": ["signature"]}}


class Told(JsonRpc):
    """A node that tells these blocks by slot."""

    def __init__(self, blocks: dict[int, list[dict[str, Any]]]) -> None:
        super().__init__("http://127.0.0.1:9")
        self.blocks, self.slot = blocks, max(blocks)

    def call(self, method: str, *params: Any) -> Any:
        if method == "getSlot":
            return self.slot
        assert method == "getBlocks"
        return [slot for slot in sorted(self.blocks) if params[0] <= slot <= params[1]]

    def batch(self, calls: Any) -> list[Any]:
        return [self._block(slot) for _, (slot, _) in calls]

    def _block(self, slot: int) -> Any:
        if slot not in self.blocks:
            return RpcError(-32009, "slot was skipped")
        before = max((each for each in self.blocks if each < slot), default=-1)
        return {
            "blockhash": f"hash {slot}", "previousBlockhash": f"hash {before}", "transactions": self.blocks[slot],
        }  # fmt: skip


def indexed(store: IndexStore, rpc: Told) -> dict[str, int]:
    store.follow("solana", [MINT])
    assert Indexer(store, SolanaHistory("solana", rpc)).catch_up()
    return dict(store.holders("solana", MINT).entries)


@pytest.fixture
def store(tmp_path: Any) -> Any:
    opened = IndexStore.open(f"sqlite:///{tmp_path / 'index.db'}")
    yield opened
    opened.close()


def raw(grains: int) -> int:
    return RawAmount.from_grains(grains).atoms


def test_an_owners_accounts__are_one_holder__and_other_mints_and_failures_are_nothing(store: IndexStore) -> None:
    rpc = Told({
        3: [landed([], [balance("ann", 50)])],  # minted into a new account
        7: [
            landed([balance("ann", 50)], [balance("ann", 20), balance("ann", 30, place=1)]),  # to her own second account
            landed([balance("ann", 30)], [balance("ben", 30)], err={"InstructionError": [0, "Custom"]}),
            landed([balance("ann", 5, OTHER)], [balance("ben", 5, OTHER)]),
        ],
        9: [
            landed([balance("ann", 30, place=1)], [balance("ben", 30)]),
            landed([balance("ben", 30)], []),  # burned, and the account closed
        ],
    })  # fmt: skip
    assert indexed(store, rpc) == {"ann": raw(20)}
    assert store.holders("solana", MINT, 8).entries == (("ann", raw(50)),)
    moved = [(one.sender, one.receiver, one.atoms) for _, one in store.transfers("solana", MINT, 0, 9)]
    assert moved == [(ALL, "ann", raw(50)), ("ann", "ben", raw(30)), ("ben", ALL, raw(30))]
    assert store.supply("solana", MINT) == RawAmount(raw(20))


def test_slots_without_blocks__are_passed__and_a_restart_goes_on(store: IndexStore) -> None:
    rpc = Told({1: [landed([], [balance("ann", 1)])]})
    rpc.slot = 40
    indexed(store, rpc)
    assert store.cursors("solana")[0].number == 40
    rpc.blocks[41], rpc.slot = [landed([], [balance("ben", 2)])], 41
    assert indexed(store, rpc) == {"ann": raw(1), "ben": raw(2)}


def test_another_cluster__is_read_from_the_beginning(store: IndexStore) -> None:
    indexed(store, Told({1: [landed([], [balance("ann", 1)])], 2: []}))
    assert indexed(store, Told({5: [landed([], [balance("ben", 3)])], 6: []})) == {"ben": raw(3)}


class Forgetful(Told):
    """It names blocks that it does not tell."""

    def batch(self, calls: Any) -> list[Any]:
        return [None for _ in calls]


def test_a_block_that_is_not_told__is_waited_for(store: IndexStore) -> None:
    store.follow("solana", [MINT])
    with pytest.raises(Unavailable, match="did not tell block 1"):
        Indexer(store, SolanaHistory("solana", Forgetful({1: [], 2: []}))).catch_up()
    assert store.cursors("solana")[0].number == -1


def test_a_block_of_another_parent__says_that_what_was_read_is_undone() -> None:
    with pytest.raises(Undone):
        SolanaHistory("solana", Told({1: [], 2: []})).page([MINT], (0, "hash of another"), 2, 2)
