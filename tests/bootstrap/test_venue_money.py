"""Money in and out of the venue on the real chains and the paper bank, each way once through."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from tests.bootstrap.money_stage import MoneyStage, Place, TakingDoor, a_stage
from tests.markets.money_room import BookVenue

from openscrip.assets.paper import Deposit
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.markets.funding import bank_reference
from openscrip.markets.funding_deposits import Settled

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(480)]
ONE_TOKEN, ONE_COIN = 10**8, 10**6
PLACES = ("evm", "solana")


@dataclass
class Bench:
    """A stage with its venue."""

    stage: MoneyStage
    venue: BookVenue

    def place(self, name: str) -> Place:
        return next(each for each in self.stage.places if each.name == name)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, stock_so: bytes) -> Iterator[Bench]:
    venue = BookVenue()
    with a_stage(tmp_path_factory.mktemp("money"), stock_so, TakingDoor(venue)) as stage:
        yield Bench(stage, venue)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize(("asset", "units"), [("TSLAx", 3 * ONE_TOKEN + 7), ("TUSD", 250 * ONE_COIN)])
def test_tokens_and_coins__in_and_out__are_equal_on_chain_and_in_the_books(
    bench: Bench, name: str, asset: str, units: int
) -> None:
    place, stage, venue = bench.place(name), bench.stage, bench.venue
    alice, bob = place.wallets["alice"], place.wallets["bob"]
    before = venue.free(1, asset)
    came = stage.deposited(place.send("alice", asset, units))
    assert (came.state, came.account, came.amount) == ("credited", 1, units)
    assert venue.free(1, asset) == before + units
    stage.agree(venue)
    request = f"out-{name}-{asset}"
    if asset == "TSLAx":
        with pytest.raises(Refused) as refused:
            stage.money.desk.withdraw(1, request, asset, name, bob, units)
        assert refused.value.code == "withdrawal.address"
        stage.allow(1, name, bob)
    there = place.balance(asset, bob)
    stage.money.desk.withdraw(1, request, asset, name, bob, units - 5)
    stage.settle(lambda: stage.withdrawal(1, request).state == "paying", "reserved")
    assert venue.free(1, asset) == before + 5
    done = stage.withdrawn(1, request)
    assert (done.state, bool(done.paid_by)) == ("done", True)
    assert place.balance(asset, bob) == there + units - 5
    assert place.balance(asset, alice) > 0
    stage.agree(venue)


@pytest.mark.parametrize("name", PLACES)
def test_a_strangers_coins__wait__and_go_back_to_their_sender_alone(bench: Bench, name: str) -> None:
    place, stage = bench.place(name), bench.stage
    stranger = place.wallets["stranger"]
    before = place.balance("TUSD", stranger)
    came = stage.deposited(place.send("stranger", "TUSD", 9 * ONE_COIN))
    assert (came.state, came.rule) == ("suspense", "deposit.sender")
    stage.money.desk.settle(came.id, Settled("return", "olga", "asked by letter"))
    back = stage.deposited(came.tx_id, "returned", "return_waits")
    assert (back.state, back.by) == ("returned", "olga")
    assert place.balance("TUSD", stranger) == before
    stage.agree(bench.venue)


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_cash__in_and_out__is_equal_at_the_bank_and_in_the_books(bench: Bench, currency: str) -> None:
    stage, venue, bank = bench.stage, bench.venue, bench.stage.banks[currency]
    bank.deposit(Deposit(f"wire-1-{currency}", bank_reference(1), Money.parse("100"), "ANNA"))
    bank.deposit(Deposit(f"wire-2-{currency}", bank_reference(1), Money.parse("7"), "BERTA"))
    assert stage.deposited(f"wire-1-{currency}").state == "credited"
    third = stage.deposit(f"wire-2-{currency}")
    assert third is not None
    assert (third.state, third.rule) == ("suspense", "deposit.sender")
    assert venue.free(1, currency) == 100 * ONE_COIN
    stage.allow(1, "bank", "DE89 3704 0044")
    stage.money.desk.withdraw(1, f"out-{currency}", currency, "bank", "DE89 3704 0044", 60 * ONE_COIN)
    assert stage.withdrawn(1, f"out-{currency}").state == "done"
    assert bank.balance() == Money.parse("47")
    stage.money.desk.settle(third.id, Settled("return", "olga", "third party"))
    assert stage.deposited(f"wire-2-{currency}", "returned", "return_waits").state == "returned"
    assert (bank.balance(), venue.free(1, currency)) == (Money.parse("40"), 40 * ONE_COIN)
    stage.agree(venue)


@pytest.mark.parametrize("name", PLACES)
def test_what_came_of_an_asset__before_the_venue_had_heard_of_it__is_credited_once_it_has(bench: Bench, name: str) -> None:
    """As with a stock that is listed while the venue runs: its first deposit may be quicker than the news."""
    place, stage = bench.place(name), bench.stage
    everything = stage.terms
    without = {key: each for key, each in everything.holdings.items() if (each.asset, each.place) != ("TUSD", name)}
    stage.terms = replace(everything, holdings=without)
    stage.reopen()
    early = place.send("alice", "TUSD", 4 * ONE_COIN)
    stage.deposited(place.send("alice", "TSLAx", ONE_TOKEN))
    assert stage.deposit(early) is None
    stage.terms = everything
    stage.reopen()
    assert stage.deposited(early).state == "credited"
    stage.agree(bench.venue)
    later = stage.deposited(place.send("alice", "TUSD", 3 * ONE_COIN))
    assert (later.state, later.amount) == ("credited", 3 * ONE_COIN)
    stage.agree(bench.venue)
