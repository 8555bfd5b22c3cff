"""Creation in kind, both sides over real sockets: journal, custody, mint, and a network that hears of it in the end."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.issuance.in_kind.stage import ACCOUNT, AP, WALLET, Stage, staged

from openscrip.assets.networks.paper import ISSUER_ACCOUNT
from openscrip.assets.stock import Stock
from openscrip.issuance.in_kind import MOVES_MAX
from openscrip.issuance.in_kind_row import InKindCreated, InKindHeld


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as found:
        found.link()
        yield found
        found.check()


def test_shares_of_a_participant_become_tokens_once_the_custodian_has_them(stage: Stage) -> None:
    told = stage.mint("3")
    assert (told["http"], told["status"]) == (200, "pending")
    stage.run()
    assert (stage.creation().state, stage.tokens()) == ("journaled", "0")
    assert stage.balance("in_transit") == "3"
    stage.advance(1)
    row = stage.creation()
    assert (row.state, stage.tokens()) == ("completed", "3")
    (request,) = stage.network.requests.values()
    assert (request.status, request.tx_hash) == ("completed", row.tx)
    assert [fact.shares for fact in stage.facts(InKindCreated)] == [row.shares]
    assert stage.network.accounts[ACCOUNT].positions["TSLA"] == 97 * 10**9
    assert stage.network.accounts[ISSUER_ACCOUNT].positions["TSLA"] == 0


def test_the_older_paths_and_names_do_the_same() -> None:
    with staged(older=True) as stage:
        stage.link()
        stage.mint("2")
        stage.advance(1)
        assert (stage.creation().state, stage.tokens()) == ("completed", "2")


def test_the_fraction_comes_from_inventory_and_stays_as_the_issuers_own_at_the_network(stage: Stage) -> None:
    stage.stock_up("5")
    stage.mint("1.23")
    stage.advance(1)
    assert (stage.creation().state, stage.tokens()) == ("completed", "1.23")
    assert (stage.balance("network_float"), stage.balance("at_network"), stage.balance("inventory")) == ("0.23", "0.23", "4.77")


def test_without_inventory_a_share_is_bought_for_the_fraction(stage: Stage) -> None:
    stage.mint("1.5")
    stage.advance(5)
    assert (stage.creation().state, stage.tokens()) == ("completed", "1.5")
    assert (stage.balance("network_float"), stage.balance("inventory")) == ("0.5", "0.5")


def test_less_than_a_share_moves_nothing_and_is_minted_on_inventory(stage: Stage) -> None:
    stage.stock_up("1")
    stage.mint("0.25")
    stage.run()
    assert (stage.creation().state, stage.tokens(), stage.creation().moves) == ("completed", "0.25", ())


def test_a_transfer_that_fails_for_good_is_instructed_again_and_nothing_is_minted_before(stage: Stage) -> None:
    stage.custody_fault("refuse_transfer")
    stage.mint("2")
    stage.advance(1)
    row = stage.creation()
    assert [(move.state, str(move.arrived)) for move in row.moves] == [("failed", "0"), ("moving", "0")]
    assert (row.state, stage.tokens()) == ("journaled", "0")
    stage.advance(2)
    assert (stage.creation().state, stage.tokens()) == ("completed", "2")


def test_shares_that_never_reach_custody_are_a_persons_matter_and_go_on_at_their_word(stage: Stage) -> None:
    stage.custody_fault("refuse_transfer", times=MOVES_MAX)
    stage.mint("2")
    stage.advance(12)
    row = stage.creation()
    assert (row.state, row.rule, stage.tokens(), stage.balance("at_network")) == ("held", "in_kind.custody", "0", "2")
    assert [fact.rule for fact in stage.facts(InKindHeld)] == ["in_kind.custody"]
    stage.market.resume(row.id, "ops", "the network found the shares")
    stage.advance(4)
    assert (stage.creation().state, stage.tokens()) == ("completed", "2")


def test_custody_that_settles_in_parts_is_counted_by_part_and_minted_once_whole(stage: Stage) -> None:
    stage.custody_fault("partial_transfer")
    stage.mint("4")
    stage.advance(1)
    assert (str(stage.creation().arrived), stage.tokens()) == ("2", "0")
    stage.advance(2)
    assert (stage.creation().state, stage.tokens()) == ("completed", "4")
    assert [str(lot.shares) for lot in stage.creation().moves[0].receipts] == ["2", "2"]


def test_a_rejected_journal_ends_the_creation_and_moves_nothing(stage: Stage) -> None:
    stage.fault("journal_rejected")
    told = stage.mint("3")
    stage.advance(1)
    row = stage.creation()
    assert (told["status"], row.state, row.rule) == ("pending", "rejected", "network.rejected")
    assert row.reason == "insufficient position"
    assert (stage.balance("at_network"), stage.tokens()) == ("0", "0")


def test_a_journal_that_is_confirmed_twice_counts_once(stage: Stage) -> None:
    stage.fault("confirm_twice")
    stage.mint("3")
    (request,) = stage.network.requests.values()
    assert request.told == ["completed:200", "completed:200"]
    assert stage.balance("bought") == "3"
    stage.advance(1)
    assert stage.tokens() == "3"


def test_a_journal_that_is_told_with_another_outcome_changes_nothing_and_a_person_is_told(stage: Stage) -> None:
    stage.fault("confirm_otherwise")
    stage.mint("3")
    (request,) = stage.network.requests.values()
    assert request.told == ["completed:200", "rejected:409"]
    assert [fact.rule for fact in stage.facts(InKindHeld)] == ["itn.conflict"]
    stage.advance(1)
    assert (stage.creation().state, stage.tokens()) == ("completed", "3")


@pytest.mark.parametrize(
    "fault", ["callback_500", "callback_403", "callback_422", "callback_429", "callback_lost", "callback_500_after"]
)
def test_a_mint_is_told_until_the_network_has_heard_it_and_is_never_undone(stage: Stage, fault: str) -> None:
    stage.fault(fault, times=3)
    stage.mint("1")
    stage.advance(1)
    assert (stage.creation().state, stage.tokens()) == ("completed", "1")
    (request,) = stage.network.requests.values()
    assert request.status == "completed"
    assert len({heard["tx_hash"] for heard in stage.network.heard}) == 1


def test_a_network_that_never_hears_leaves_the_tokens_and_shows_why(stage: Stage) -> None:
    stage.fault("callback_422", times=10_000)
    stage.mint("1")
    stage.advance(3)
    row = stage.creation()
    assert (row.state, stage.tokens()) == ("minted", "1")
    [(key, error)] = stage.waiting()
    assert (key, "42210001 invalid request parameters" in error) == (f"{row.id}:confirm", True)
    stage.network.faults.clear()
    stage.run()
    assert stage.creation().state == "completed"


def test_a_request_is_taken_once_for_its_id(stage: Stage) -> None:
    body = {
        "tokenization_request_id": "r-1", "qty": "2", "underlying_symbol": "TSLA", "token_symbol": "TSLAx",
        "network": "ethereum", "client_external_account_id": AP, "wallet_address": WALLET,
    }  # fmt: skip
    first = stage.call("POST", "/tokenization/mint", body)
    assert (first.status_code, first.json()["status"]) == (200, "created")
    assert stage.call("POST", "/inkind/issuance", body).json() == first.json()
    other = stage.call("POST", "/tokenization/mint", body | {"qty": "3"})
    assert (other.status_code, other.json()["code"]) == (409, "itn.conflict")
    assert len(stage.creations()) == 1
    assert str(stage.creation().shares) == "2"


def test_a_split_between_request_and_journal_waits_for_a_person(stage: Stage) -> None:
    body = {
        "tokenization_request_id": "r-1", "qty": "2", "underlying_symbol": "TSLA", "token_symbol": "TSLAx",
        "network": "ethereum", "client_external_account_id": AP, "wallet_address": WALLET,
    }  # fmt: skip
    request_id = stage.call("POST", "/tokenization/mint", body).json()["issuer_request_id"]
    with stage.store.transaction() as unit:
        stock = unit.row(Stock, "TSLA")
        assert stock is not None
        unit.put(replace(stock, epoch=1, chain_epoch=1))
    confirm = {"tokenization_request_id": "r-1", "issuer_request_id": request_id, "status": "completed"}
    assert stage.call("POST", "/tokenization/mint/confirm", confirm).status_code == 200
    assert (stage.creation().state, stage.creation().rule, stage.balance("at_network")) == ("held", "in_kind.epoch", "0")
