"""A payout that its chain refuses after both keys signed it: ended on the chain, given back, and never made by anybody."""

from pathlib import Path

import pytest
from tests.bootstrap.money_stage import MoneyStage, TakingDoor, evm_place, evm_scene
from tests.issuance.test_evm_chain import KEYS
from tests.markets.money_room import BookVenue

from openscrip.issuance.calls import SentCalls
from openscrip.issuance.chains.evm.governance import EvmGuardian, FreezeReason
from openscrip.issuance.chains.evm.transaction import Transaction
from openscrip.kernel.errors import Refused
from openscrip.markets.funding_withdrawals import VenueWithdrawal, withdrawal_id

pytestmark = [pytest.mark.parts, pytest.mark.slow]
ONE = 10**8


@pytest.fixture
def venue() -> BookVenue:
    return BookVenue()


def test_a_payout__refused_by_its_chain__is_ended_there_and_given_back__and_nobody_can_make_it(
    tmp_path: Path, venue: BookVenue
) -> None:
    with evm_scene(tmp_path / "evm") as (evm, scene):
        place = evm_place(scene, evm.url, looks_first=False)
        stage = MoneyStage(tmp_path, (place,), {}, TakingDoor(venue))
        bob = place.wallets["bob"]
        stage.money.desk.register_wallet(1, "evm", place.wallets["alice"], "signed")
        stage.deposited(place.send("alice", "TSLAx", 3 * ONE))
        stage.allow(1, "evm", bob)
        there = place.balance("TSLAx", bob)
        EvmGuardian(scene.node, scene.deployment, KEYS["guardian"]).freeze(scene.token, bob, FreezeReason.ORDER)
        row = stage.money.desk.withdraw(1, "w", "TSLAx", "evm", bob, ONE)
        while stage.withdrawal(1, "w").state != "given_back":
            stage.settle(lambda: stage.withdrawal(1, "w").state in ("pay_waits", "given_back"), "refused or given back")
            assert venue.owed("TSLAx") == 3 * ONE
            stage.now += stage.terms.retry_s
            stage.worker.step()
        after = stage.withdrawal(1, "w")
        assert (after.was_sent, after.tries) == (True, stage.terms.sent_tries_max + 1)
        assert "frozen" in after.reason
        assert (venue.free(1, "TSLAx"), place.balance("TSLAx", bob)) == (3 * ONE, there)
        stage.agree(venue)
        with stage.money.store.view() as view:
            sent = view.row(SentCalls, f"{row.id}:pay1#try1#1")
        assert sent is not None
        was = scene.node.rpc.call("eth_getTransactionByHash", sent.calls[0].tx_id)
        again = Transaction(was["to"], bytes.fromhex(was["input"][2:]), 300_000)
        with pytest.raises(Refused) as refused:
            scene.node.simulate(again, KEYS["stranger"].address)
        assert refused.value.code == "treasury.payout_was_voided", "the signatures are public and worth nothing"
        with pytest.raises(Refused) as refused:
            stage.approver.approve_void(f"{row.id}:pay9", "evm", row.id)
        assert refused.value.code == "approver.unsigned"
        stage.close()


def test_a_receiver_that_cannot_take_it__is_found_out_before_anything_is_signed_away(tmp_path: Path, venue: BookVenue) -> None:
    with evm_scene(tmp_path / "evm") as (evm, scene):
        place = evm_place(scene, evm.url)
        stage = MoneyStage(tmp_path, (place,), {}, TakingDoor(venue))
        bob = place.wallets["bob"]
        stage.money.desk.register_wallet(1, "evm", place.wallets["alice"], "signed")
        stage.deposited(place.send("alice", "TSLAx", 3 * ONE))
        stage.allow(1, "evm", bob)
        EvmGuardian(scene.node, scene.deployment, KEYS["guardian"]).freeze(scene.token, bob, FreezeReason.ORDER)
        stage.money.desk.withdraw(1, "w", "TSLAx", "evm", bob, ONE)
        after = stage.withdrawn(1, "w")
        assert (after.state, after.was_sent, venue.free(1, "TSLAx")) == ("given_back", False, 3 * ONE)
        with stage.money.store.view() as view:
            assert view.rows(SentCalls) == []
            assert view.row(VenueWithdrawal, withdrawal_id(1, "w")) == after
        stage.agree(venue)
        stage.close()
