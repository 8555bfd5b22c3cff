"""Deposits out of a chain's history: final blocks alone, to the treasury alone, each once, whatever the pages."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.issuance.indexer.deposits import PAGES_AT_ONCE, REST_S, DepositFeed
from openscrip.issuance.indexer.movements import ALL, Block, Moved
from openscrip.issuance.indexer.reading import Page, Undone
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import ATOMS_PER_GRAIN

TOKEN, TREASURY = "0xtoken", "0xTreasury"


class Told:
    """A chain of blocks that is told in pages of `size`; `final` is as far as it will not change."""

    name = "evm"

    def __init__(self, blocks: Sequence[tuple[Moved, ...]], size: int = 2) -> None:
        self.blocks, self.size, self.final, self.undone = blocks, size, len(blocks) - 1, False

    def heads(self) -> tuple[int, int]:
        return len(self.blocks) - 1, self.final

    def page(self, tokens: Sequence[str], read: tuple[int, str], last: int, final: int) -> Page:
        assert list(tokens) == [TOKEN]
        assert last <= self.final, "nothing is read that may yet be undone"
        if self.undone:
            raise Undone
        end = min(last, read[0] + self.size)
        found = tuple(Block(n, self.blocks[n]) for n in range(read[0] + 1, end + 1) if self.blocks[n])
        return Page(found, (end, f"h{end}"), ())

    def stands(self, number: int, hashed: str) -> bool:
        return True


def moved(atoms: int, place: int = 0, receiver: str = "0xtreasury", sender: str = "0xa", tx: str = "0x1") -> Moved:
    return Moved(TOKEN, sender, receiver, atoms, place, tx)


def feed(told: Told, per_unit: int = 1) -> DepositFeed:
    return DepositFeed(told, {TOKEN: TREASURY}, per_unit)


def test_only_what_reaches_the_treasury__is_told_with_its_own_id() -> None:
    told = Told([(moved(5), moved(7, 1, receiver="0xb"), moved(9, 2, tx="0x2"))])
    found, cursor = feed(told).poll("")
    assert [(each.id, each.amount, each.sender, each.block) for each in found] == [
        ("evm:0x1:0", Money(5), "0xa", 0), ("evm:0x2:2", Money(9), "0xa", 0),
    ]  # fmt: skip
    assert cursor == "0:h0"
    assert feed(told).poll(cursor) == ([], cursor)


def test_blocks_that_may_be_undone__wait() -> None:
    told = Told([(moved(1),), (moved(2),), (moved(3),)])
    told.final = 1
    found, cursor = feed(told).poll("")
    assert [each.amount for each in found] == [Money(1), Money(2)]
    told.final = 2
    assert [each.amount for each in feed(told).poll(cursor)[0]] == [Money(3)]


def test_a_final_block_that_was_taken_back__stops_the_feed_and_says_so() -> None:
    told = Told([(moved(1),), (moved(2),)])
    told.final = 0
    _, cursor = feed(told).poll("")
    told.final, told.undone = 1, True
    with pytest.raises(Unavailable, match="took back block 0"):
        feed(told).poll(cursor)


def test_grains_of_solana__are_units_of_the_coin_and_dust_is_nothing() -> None:
    told = Told([(moved(3 * ATOMS_PER_GRAIN), moved(ATOMS_PER_GRAIN - 1, 1))])
    assert [each.amount for each in feed(told, ATOMS_PER_GRAIN).poll("")[0]] == [Money(3)]


def test_coins_that_were_minted_to_the_treasury__have_no_sender() -> None:
    assert [each.sender for each in feed(Told([(moved(3, sender=ALL),)])).poll("")[0]] == [""]


@given(st.lists(st.lists(st.integers(1, 99), max_size=3), min_size=1, max_size=40), st.integers(1, 9))
def test_every_deposit_is_told_once__however_the_pages_fall(amounts: list[list[int]], size: int) -> None:
    blocks = [tuple(moved(atoms, place) for place, atoms in enumerate(block)) for block in amounts]
    told, cursor, found = Told(blocks, size), "", []
    for _ in range(len(blocks) // PAGES_AT_ONCE + 2):
        more, cursor = feed(told).poll(cursor)
        found += more
    assert [each.amount.atoms for each in found] == [atoms for block in amounts for atoms in block]


def test_while_nobody_is_expected__the_chain_is_asked_twice_a_second_and_then_tells_all() -> None:
    told, at = Told([(moved(1),)]), [10.0]
    slow = DepositFeed(told, {TOKEN: TREASURY}, expected=lambda: False, machine=lambda: at[0])
    found, cursor = slow.poll("")
    assert len(found) == 1
    told.blocks, told.final = [(moved(1),), (moved(2),)], 1
    at[0] += REST_S - 0.01
    assert slow.poll(cursor) == ([], cursor)
    at[0] += 0.02
    assert [each.amount for each in slow.poll(cursor)[0]] == [Money(2)]
    eager = DepositFeed(told, {TOKEN: TREASURY}, expected=lambda: True, machine=lambda: at[0])
    assert eager.poll("")[0] == eager.poll("")[0]
