"""Redemption in kind, both sides over real sockets: escrow, burn, delivery to the network, journal; and what is refused."""

from collections.abc import Iterator

import pytest
from tests.issuance.in_kind.stage import ACCOUNT, AP, WALLET, Stage, staged

from openscrip.assets.networks.paper import ISSUER_ACCOUNT
from openscrip.issuance.in_kind_row import InKindHeld, InKindRedeemed, InKindReturned
from openscrip.issuance.news import UnplacedEscrow
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.quantities import RawAmount


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as found:
        found.link()
        found.stock_up("5")
        found.mint("4.5")
        found.advance(1)
        assert found.tokens() == "4.5"
        yield found
        found.check()


def held(stage: Stage, account: str = ACCOUNT) -> int:
    """The shares of an account at the network, in atoms."""
    return stage.network.accounts[account].positions["TSLA"]


def test_tokens_are_burned_then_shares_are_delivered_then_the_network_is_asked(stage: Stage) -> None:
    request_id = stage.redeem("3", 1)
    stage.run()
    assert (stage.redemption(request_id).state, stage.side(request_id).state) == ("delivering", "redeeming")
    assert (stage.tokens(), stage.chain.supply("TSLA").grains) == ("1.5", 15 * 10**7)
    assert [each for each in stage.network.heard if each["callback"] == "redeem"] == []
    stage.advance(1)
    assert (stage.redemption(request_id).state, stage.side(request_id).state) == ("completed", "completed")
    assert held(stage) == 98_500_000_000
    (fact,) = stage.facts(InKindRedeemed)
    assert (fact.id, str(fact.shares)) == (request_id, "3")
    (heard,) = [each for each in stage.network.heard if each["callback"] == "redeem"]
    escrow = stage.side(request_id).tx
    assert heard == {
        "callback": "redeem", "issuer_request_id": request_id, "underlying_symbol": "TSLA", "token_symbol": "TSLAx",
        "client_external_account_id": AP, "qty": "3", "network": "ethereum", "wallet_address": WALLET, "tx_hash": escrow,
    }  # fmt: skip


def test_the_fraction_of_a_share_is_handed_over_from_the_issuers_own_at_the_network(stage: Stage) -> None:
    request_id = stage.redeem("2.3", 1)
    stage.advance(1)
    assert (stage.side(request_id).state, str(stage.side(request_id).shares)) == ("completed", "2.3")
    assert (stage.balance("network_float"), held(stage)) == ("0.2", 97_800_000_000)


def test_a_fraction_that_the_issuer_does_not_have_there_is_paid_in_money(stage: Stage) -> None:
    request_id = stage.redeem("2.7", 1)
    stage.advance(2)
    side, redemption = stage.side(request_id), stage.redemption(request_id)
    assert (side.state, str(side.shares), redemption.state, str(redemption.owed)) == ("completed", "2", "completed", "123.403")


def test_less_than_a_share_without_a_float_is_only_paid(stage: Stage) -> None:
    stage.redeem("0.5", 1)
    request_id = stage.redeem("0.25", 2)
    stage.advance(2)
    assert (stage.side(request_id).state, stage.redemption(request_id).state) == ("paid", "completed")


@pytest.mark.parametrize("fault", ["callback_lost", "callback_500_after", "callback_500", "callback_429", "fresh_404"])
def test_a_redemption_is_journaled_once_through_lost_and_late_answers(stage: Stage, fault: str) -> None:
    stage.fault(fault, times=3)
    request_id = stage.redeem("2", 1)
    stage.advance(1)
    assert stage.side(request_id).state == "completed"
    journals = [each for each in stage.network.journals if each.source == ISSUER_ACCOUNT]
    assert [journal.qty for journal in journals] == ["2"]


def test_a_position_that_the_network_sees_late_is_asked_for_again(stage: Stage) -> None:
    stage.fault("callback_403_short", times=3)
    request_id = stage.redeem("2", 1)
    stage.advance(1)
    assert (stage.side(request_id).state, stage.side(request_id).rule) == ("completed", "")


@pytest.mark.parametrize(
    ("fault", "rule"),
    [("redeem_rejected", "network.rejected"), ("callback_403", "network.403"), ("callback_422", "network.422")],
)
def test_what_the_network_refuses_goes_back_into_custody_and_is_minted_again(stage: Stage, fault: str, rule: str) -> None:
    stage.fault(fault)
    request_id = stage.redeem("2", 1)
    stage.advance(1)
    side = stage.side(request_id)
    assert (side.state, side.rule, stage.tokens()) == ("returning", rule, "2.5")
    stage.advance(1)
    assert (stage.side(request_id).state, stage.tokens(), stage.chain.supply("TSLA").grains) == ("returned", "4.5", 45 * 10**7)
    (fact,) = stage.facts(InKindReturned)
    assert (fact.id, fact.rule) == (request_id, rule)
    assert (stage.balance("network_claim"), held(stage)) == ("0", 95_500_000_000)


def test_a_refused_redemption_with_a_fraction_is_minted_back_whole(stage: Stage) -> None:
    stage.fault("redeem_rejected")
    request_id = stage.redeem("2.25", 1)
    stage.advance(2)
    assert (stage.side(request_id).state, stage.tokens(), stage.balance("network_float")) == ("returned", "4.5", "0.5")


def test_a_delivery_that_custody_refuses_is_given_back_by_voucher_and_the_network_hears_nothing(stage: Stage) -> None:
    stage.custody_fault("refuse_transfer", only="itn-")
    request_id = stage.redeem("2", 1)
    stage.advance(2)
    assert (stage.side(request_id).state, stage.redemption(request_id).state, stage.tokens()) == ("restored", "refunded", "4.5")
    assert [each for each in stage.network.heard if each["callback"] == "redeem"] == []


def test_silence_is_no_refusal_and_after_an_hour_a_person_looks() -> None:
    with staged(limit_s=600.0) as stage:
        stage.link()
        stage.mint("2")
        stage.advance(1)
        stage.fault("redeem_held")
        request_id = stage.redeem("2", 1)
        stage.advance(1)
        side = stage.side(request_id)
        assert (side.state, side.rule, stage.tokens(), stage.balance("network_claim")) == ("held", "network.overdue", "0", "2")
        assert [fact.rule for fact in stage.facts(InKindHeld)] == ["network.overdue"]
        stage.network.release(request_id)
        stage.market.resume(request_id, "ops", "the network says that it is done")
        stage.run()
        assert stage.side(request_id).state == "completed"
        stage.check()


def test_tokens_under_an_id_that_is_no_participants_wait_for_a_person(stage: Stage) -> None:
    stage.chain.escrow("TSLA", WALLET, RawAmount.parse("1"), RedemptionKind.IN_KIND, "itn-somebody-1")
    stage.chain.escrow("TSLA", WALLET, RawAmount.parse("1"), RedemptionKind.CASH, f"itn-{AP}-2")
    stage.run()
    assert [fact.holder for fact in stage.facts(UnplacedEscrow)] == [WALLET, WALLET]


def test_tokens_of_another_wallet_are_not_a_participants(stage: Stage) -> None:
    stage.chain.transfer("TSLA", WALLET, "stranger", RawAmount.parse("1"))
    stage.chain.escrow("TSLA", "stranger", RawAmount.parse("1"), RedemptionKind.IN_KIND, f"itn-{AP}-1")
    stage.run()
    assert [fact.holder for fact in stage.facts(UnplacedEscrow)] == ["stranger"]
    request_id = stage.redeem("2", 1)
    stage.advance(1)
    assert stage.side(request_id).state == "completed"


def test_a_participant_has_more_ids_whenever_it_used_some(stage: Stage) -> None:
    for number in (1, 16, 17):
        stage.redeem("0.1", number)
        stage.run()
    assert stage.facts(UnplacedEscrow) == []
