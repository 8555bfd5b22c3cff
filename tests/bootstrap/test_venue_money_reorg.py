"""Deposits on a chain whose blocks are undone: none is credited before it is final, none twice, and none is left."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bootstrap.money_stage import MoneyStage, TakingDoor, evm_place, evm_scene
from tests.issuance.reorg import HandMined
from tests.issuance.test_evm_chain import KEYS, Scene
from tests.markets.money_room import BookVenue

from openscrip.issuance.chains.evm.transaction import Transaction
from openscrip.issuance.contracts.artifact import own
from openscrip.kernel.quantities import RawAmount
from openscrip.markets.funding_deposits import VenueDeposit

pytestmark = [pytest.mark.parts, pytest.mark.slow]
DEPTH = 3
ONE = 10**8


class Undoing:
    """A venue that waits for three blocks, over a chain mined by hand."""

    def __init__(self, stage: MoneyStage, venue: BookVenue, scene: Scene, blocks: HandMined) -> None:
        self.stage, self.venue, self.scene, self.blocks = stage, venue, scene, blocks

    def signed(self, who: str, units: int, nonce: int | None = None) -> bytes:
        """A transfer of stock tokens to the treasury, not sent."""
        holding = self.stage.terms.holding("TSLAx", "evm")
        data = own("StockToken").call("transfer", holding.treasury, RawAmount.from_grains(units).atoms)
        at = self.scene.node.nonce(KEYS[who].address, "latest") if nonce is None else nonce
        return self.scene.node.sign(Transaction(holding.token, data, 300_000), KEYS[who], at).raw

    def look(self) -> list[tuple[int, int]]:
        """What the venue has heard of: account and amount."""
        for _ in range(4):
            self.stage.worker.step()
        with self.stage.money.store.view() as view:
            return [(row.account, row.amount) for row in view.rows(VenueDeposit)]


@pytest.fixture
def undoing(tmp_path: Path) -> Iterator[Undoing]:
    venue = BookVenue()
    with evm_scene(tmp_path / "evm") as (evm, scene):
        place = evm_place(scene, evm.url, DEPTH)
        stage = MoneyStage(tmp_path, (place,), {}, TakingDoor(venue))
        for account, name in ((1, "alice"), (2, "bob")):
            stage.money.desk.register_wallet(account, "evm", place.wallets[name], "signed")
        blocks = HandMined(evm)
        blocks.bury(DEPTH)
        yield Undoing(stage, venue, scene, blocks)
        blocks.close()
        stage.close()


def test_a_deposit__is_credited_only_with_so_many_blocks_on_top(undoing: Undoing) -> None:
    undoing.blocks.mine(undoing.signed("alice", ONE))
    for _ in range(DEPTH):
        assert undoing.look() == []
        undoing.blocks.bury(1)
    assert undoing.look() == [(1, ONE)]
    assert undoing.venue.free(1, "TSLAx") == ONE
    undoing.stage.agree(undoing.venue)


def test_a_deposit_that_is_undone__is_not_credited__and_once_when_it_comes_again(undoing: Undoing) -> None:
    raw = undoing.signed("alice", ONE)
    undoing.blocks.mine(raw)
    undoing.blocks.bury(DEPTH - 1)
    assert undoing.look() == []
    undoing.blocks.reorganise(DEPTH)
    undoing.blocks.bury(DEPTH)
    assert undoing.look() == []
    undoing.blocks.mine(undoing.signed("bob", 2 * ONE), raw)  # elsewhere in another block
    undoing.blocks.bury(DEPTH)
    assert sorted(undoing.look()) == [(1, ONE), (2, 2 * ONE)]
    assert undoing.look() == undoing.look()
    assert (undoing.venue.free(1, "TSLAx"), undoing.venue.free(2, "TSLAx")) == (ONE, 2 * ONE)
    undoing.stage.agree(undoing.venue)


def test_a_deposit_whose_nonce_another_took__leaves_only_the_other(undoing: Undoing) -> None:
    nonce = undoing.scene.node.nonce(KEYS["alice"].address, "latest")
    undoing.blocks.mine(undoing.signed("alice", 5 * ONE, nonce))
    undoing.look()
    undoing.blocks.reorganise(1, [undoing.signed("alice", ONE, nonce)])
    undoing.blocks.bury(DEPTH)
    assert undoing.look() == [(1, ONE)]
    undoing.stage.agree(undoing.venue)


def test_more_undone_than_was_allowed_for__stops_the_reading_and_says_so(undoing: Undoing) -> None:
    undoing.blocks.mine(undoing.signed("alice", ONE))
    undoing.blocks.bury(DEPTH)
    assert undoing.look() == [(1, ONE)]
    undoing.blocks.reorganise(DEPTH + 1, longer_by=2)
    undoing.blocks.mine(undoing.signed("bob", ONE))
    undoing.blocks.bury(DEPTH)
    assert undoing.look() == [(1, ONE)], "nothing is believed any more"
    [reader] = [each for each in undoing.stage.worker._readers if each.feed.name == "venue:evm"]  # its trouble
    assert "took back block" in reader.error
