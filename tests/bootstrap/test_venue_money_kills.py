"""The venue's money dies at every step of every way in and out, once each: all is paid once, credited once, and adds up."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from tests.bootstrap.money_stage import MoneyStage, TakingDoor, a_stage
from tests.markets.money_room import BookVenue

from openscrip.assets.paper import Deposit
from openscrip.kernel.money import Money
from openscrip.markets.funding import bank_reference
from openscrip.markets.funding_deposits import Settled, VenueDeposit
from openscrip.markets.funding_withdrawals import VenueWithdrawal

pytestmark = [pytest.mark.parts, pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(600)]
TOKEN, COIN = 10**8, 10**6
PLACES = ("evm", "solana")


class Died(BaseException):
    """The process is gone: nothing above catches it."""


@dataclass
class Reaper:
    """A probe that kills at every (point, subject) at which nobody has died yet."""

    died: set[tuple[str, str]] = field(default_factory=set)
    kills: int = 0

    def __call__(self, told: str) -> None:
        point, _, subjects = told.partition(": ")
        new = {(point, subject) for subject in subjects.split(", ")} - self.died
        if new:
            self.died |= new
            self.kills += 1
            raise Died(told)


@dataclass
class Grave:
    """What was played, and where everybody died."""

    stage: MoneyStage
    venue: BookVenue
    reaper: Reaper
    deposits: list[VenueDeposit]
    withdrawals: list[VenueWithdrawal]
    before: dict[tuple[str, str], int]


def rows(stage: MoneyStage) -> tuple[list[VenueDeposit], list[VenueWithdrawal]]:
    with stage.money.store.view() as view:
        return view.rows(VenueDeposit), view.rows(VenueWithdrawal)


def dying(stage: MoneyStage, is_so: Callable[[], bool], what: str) -> None:
    """Work until it is so, in as many lives as it takes."""
    while True:
        try:
            stage.settle(is_so, what)
            return
        except Died:
            stage.reopen()


@pytest.fixture(scope="module")
def grave(tmp_path_factory: pytest.TempPathFactory, stock_so: bytes) -> Iterator[Grave]:
    venue, reaper = BookVenue(), Reaper()
    with a_stage(tmp_path_factory.mktemp("kills"), stock_so, TakingDoor(venue, reaper)) as stage:
        stage.probe = reaper
        stage.reopen()
        for place in stage.places:
            for asset, units in (("TSLAx", 5 * TOKEN), ("TUSD", 400 * COIN)):
                place.send("alice", asset, units)
            place.send("stranger", "TUSD", 30 * COIN)
        for currency, bank in stage.banks.items():
            bank.deposit(Deposit(f"wire-{currency}", bank_reference(1), Money.parse("90"), "ANNA"))
            bank.deposit(Deposit(f"third-{currency}", bank_reference(1), Money.parse("8"), "BERTA"))

        def all_in() -> bool:
            found, _ = rows(stage)
            return len(found) == 10 and {row.state for row in found} == {"credited", "suspense"}

        dying(stage, all_in, "ten deposits")
        for place in stage.places:
            stage.allow(1, place.name, place.wallets["bob"])
        stage.allow(1, "bank", "DE89")
        before = {
            (place.name, asset): place.balance(asset, place.wallets["bob"])
            for place in stage.places
            for asset in ("TSLAx", "TUSD")
        }
        for place in stage.places:
            stage.money.desk.withdraw(1, f"t-{place.name}", "TSLAx", place.name, place.wallets["bob"], 2 * TOKEN)
            stage.money.desk.withdraw(1, f"c-{place.name}", "TUSD", place.name, place.wallets["bob"], 150 * COIN)
        for currency in stage.banks:
            stage.money.desk.withdraw(1, f"f-{currency}", currency, "bank", "DE89", 40 * COIN)
        for row in rows(stage)[0]:
            if row.state == "suspense":
                stage.money.desk.settle(row.id, Settled("return", "olga", "stranger"))

        def all_out() -> bool:
            found, asked = rows(stage)
            return {row.state for row in found} == {"credited", "returned"} and {row.state for row in asked} == {"done"}

        dying(stage, all_out, "six withdrawals and four returns")
        yield Grave(stage, venue, reaper, *rows(stage), before)


def test_everything__was_killed_before_and_after_every_effect_and_every_transaction(grave: Grave) -> None:
    told = [f"CreditCustomer {row.id}" for row in grave.deposits if row.state == "credited"]
    told += [f"{action} {row.id}" for row in grave.withdrawals for action in ("ReserveFunds", "PayOutFunds")]
    for subject in told:
        assert {("before venue", subject), ("after venue", subject)} <= grave.reaper.died
    paid = [row.id for row in grave.withdrawals] + [row.id for row in grave.deposits if row.state == "returned"]
    on_chain = {row.id for row in grave.withdrawals if row.place != "bank"}
    on_chain |= {row.id for row in grave.deposits if row.place != "bank"}
    for row_id in paid:
        command = f"{row_id}:pay1#try1"
        for point in ("before effect", "after effect", "before transaction", "after record"):
            assert (point, command) in grave.reaper.died, (point, command)
        if row_id in on_chain:
            assert {("signed", f"{command}#1"), ("submitted", f"{command}#1")} <= grave.reaper.died
    print(f"money: {grave.reaper.kills} kills, {len(paid)} payouts")


def test_every_payout__arrived_exactly_once(grave: Grave) -> None:
    for place in grave.stage.places:
        for asset, units in (("TSLAx", 2 * TOKEN), ("TUSD", 150 * COIN)):
            assert place.balance(asset, place.wallets["bob"]) == grave.before[place.name, asset] + units
        assert place.balance("TUSD", place.wallets["stranger"]) == 10_000 * COIN
    for bank in grave.stage.banks.values():
        assert bank.balance() == Money.parse("50")


def test_the_venue__owes_what_came_less_what_left(grave: Grave) -> None:
    assert {asset: grave.venue.free(1, asset) for asset in ("TSLAx", "TUSD", "USD", "EUR")} == {
        "TSLAx": 6 * TOKEN, "TUSD": 500 * COIN, "USD": 50 * COIN, "EUR": 50 * COIN,
    }  # fmt: skip
    assert grave.venue.held == {}
    grave.stage.agree(grave.venue)
