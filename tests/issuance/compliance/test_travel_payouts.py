"""Coins leave when the Travel Rule has had its word: exempt with a reason that is kept, accepted, or released by two."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.issuance.compliance.office import WALLETS, Desk

from openscrip.issuance.cases import decide_case
from openscrip.issuance.coins import PayCoins, Stablecoin
from openscrip.issuance.travel_payouts import told_first
from openscrip.issuance.travel_rule import TravelExchange, TravelRule
from openscrip.kernel.errors import NotYet
from openscrip.kernel.money import Money
from openscrip.runtime.store import Command, Lease

STRANGER, BANK = "0x" + "99" * 20, "0x" + "77" * 20


class Payouts:
    """A desk whose payouts in coins are told first; `made` are those that went on to the chain."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.desk.take_on()
        with self.desk.store.transaction() as unit:
            unit.put(Stablecoin("tusd:evm", "tusd", "evm", "0x" + "55" * 20, "0x" + "66" * 20, BANK))
        self.made: list[Any] = []
        travel = TravelRule(self.desk.store, self.desk.compliance, {}, self.desk.clock.now)
        self.perform: Callable[[Lease], Any] = told_first(
            self.desk.store, travel, self.desk.clock.now, lambda lease: self.made.append(lease.command.action)
        )

    def pay(self, to: str, usd: str, payment_id: str = "red-1:pay") -> None:
        action = PayCoins("evm", "tusd", payment_id, to, Money.parse(usd), "red-1")
        self.perform(Lease(Command(f"{payment_id}:1", "Redemption", "red-1", action), 1, 0))

    def exchange(self, payment_id: str = "red-1:pay") -> TravelExchange | None:
        with self.desk.store.view() as view:
            return view.row(TravelExchange, payment_id)

    def release(self, *names: str) -> None:
        [case] = self.desk.cases()
        for by in names:
            with self.desk.store.transaction() as unit:
                decide_case(unit, case.id, by, "release", "the sender's provider was asked by hand", self.desk.clock.now())


@pytest.fixture
def payouts() -> Payouts:
    return Payouts()


def test_coins_to_the_clients_own_proven_wallet__leave_at_any_value__and_the_proof_is_kept(payouts: Payouts) -> None:
    payouts.pay(WALLETS["evm"], "500000")
    payouts.pay(WALLETS["evm"], "500000")
    assert len(payouts.made) == 2, "asked again after a crash, it goes on"
    exchange = payouts.exchange()
    assert exchange is not None
    assert (exchange.state, exchange.transfer.client) == ("exempt", "c1")
    assert exchange.reason.startswith("the client's own wallet")
    assert payouts.desk.cases() == []


def test_coins_back_to_a_stranger__below_the_value__leave(payouts: Payouts) -> None:
    payouts.pay(STRANGER, "999.99")
    assert len(payouts.made) == 1
    exchange = payouts.exchange()
    assert exchange is not None
    assert exchange.reason == "below 1000 USD"


def test_coins_back_to_a_stranger__from_the_value_on__wait_for_two_persons(payouts: Payouts) -> None:
    for _ in range(2):
        with pytest.raises(NotYet, match="the funds stay"):
            payouts.pay(STRANGER, "1000")
    payouts.release("olga")
    with pytest.raises(NotYet):
        payouts.pay(STRANGER, "1000")
    payouts.release("pavel")
    payouts.pay(STRANGER, "1000")
    assert len(payouts.made) == 1


def test_coins_to_the_issuers_own_account_at_its_bank__are_nobodys_to_be_told_of(payouts: Payouts) -> None:
    payouts.pay(BANK, "5000000", "convert-1:send")
    assert len(payouts.made) == 1
    assert payouts.exchange("convert-1:send") is None
