"""Subscriptions and redemptions in a stablecoin on the real parts: both nodes, the watch, the bank; each chain once through."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from openscrip.api.market import suspense_json
from openscrip.assets import accounts
from openscrip.assets.bank import ConversionSide
from openscrip.assets.compliance.persons import Person, PersonKind
from openscrip.bootstrap.coin_faucet import coin_on, coins_held, deliver_bank_coins, drip, send_coins
from openscrip.bootstrap.investors import Investor, onboard, put_into_escrow
from openscrip.bootstrap.platform import Platform
from openscrip.bootstrap.running import Running, running
from openscrip.issuance.coins import Payout
from openscrip.issuance.conversion import Conversion
from openscrip.issuance.deposits import CoinDeposit, Judged
from openscrip.issuance.primary_market import PaidBy
from openscrip.issuance.quote import QuoteMode, QuoteSide
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.audit import verify_ledger
from openscrip.runtime.settings import load_settings

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(480)]
ALICE = Person("alice", "Alice Example", PersonKind.NATURAL, "DE", "DE", "DE")
CHAINS = ("evm", "solana")
DAY_S = 86_400
WAIT_S, LOOK_S = 60.0, 0.01
START = Money.parse("10000")


@dataclass
class Market:
    """A running stack with one stock and one client who has coins on both chains."""

    run: Running
    alice: Investor

    @property
    def platform(self) -> Platform:
        return self.run.platform

    def settled(self, is_so: Callable[[], bool], what: str) -> None:
        """Blocks become final in machine time, on a busy machine late: look until it is so."""
        ends = time.monotonic() + WAIT_S
        while time.monotonic() < ends:
            self.run.settle()
            if is_so():
                return
            time.sleep(LOOK_S)
        raise AssertionError(f"never: {what}; {self.run.worker.troubles()}")

    def deposits(self, chain: str) -> list[CoinDeposit]:
        with self.platform.store.view() as view:
            return [row for row in view.rows(CoinDeposit) if row.chain == chain]

    def deposit(self, chain: str, tx_id: str) -> CoinDeposit:
        def known() -> list[CoinDeposit]:
            return [row for row in self.deposits(chain) if row.tx_id == tx_id]

        self.settled(lambda: bool(known()) and known()[0].state not in ("returning", "return_waits"), f"deposit {tx_id}")
        return known()[0]

    def send(self, chain: str, amount: Money, who: str = "alice") -> CoinDeposit:
        """Coins to the treasury, as the books have them in the end."""
        return self.deposit(chain, send_coins(self.platform, chain, who, coin_on(self.platform, chain).treasury, amount))

    def agree(self, chain: str) -> None:
        """Books and chain count the same coins, suspense is what its rows say (L8), and the ledger adds up."""
        with self.platform.store.view() as view:
            booked = Money(view.balance(accounts.stable("tusd", chain)).debit)
            assert suspense_json(view)["agrees"]
        coin = coin_on(self.platform, chain)
        assert self.platform.coins.treasuries[chain].balance(coin.token) == booked
        assert verify_ledger(self.platform.engine) == []


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    settings = load_settings({"OPENSCRIP_MARKET_CLOCK": "accelerated"}, tmp_path_factory.mktemp("coins"))
    with running(settings) as run:
        run.list_stock("TSLA")
        alice = onboard(run.platform, run.stack, ALICE)
        for chain in CHAINS:
            drip(run.platform, chain, alice.address(chain), START)
            drip(run.platform, chain, _mallory(run.platform, chain), START)
        yield Market(run, alice)


def _mallory(platform: Platform, chain: str) -> str:
    """Somebody with coins and fuel who is no client: the paper bank's neighbour, whose wallet nobody signed for."""
    return platform.coins.coins[CHAINS.index(chain)].bank


@pytest.mark.parametrize("chain", CHAINS)
def test_coins__wrong_right_twice_and_late__are_taken_once_and_the_rest_goes_back(market: Market, chain: str) -> None:
    wallet = market.alice.address(chain)
    asked = market.platform.market.subscribe(
        f"sub-{chain}", "alice", "TSLA", chain, wallet, Shares.whole(2), paid_by=PaidBy("tusd", chain, wallet)
    )
    assert (asked.state, asked.funding) == ("awaiting_payment", "tusd")
    assert _ended(market.send(chain, Money.parse("5"))) == ("returned", "deposit.amount")
    assert _ended(market.send(chain, asked.deposit + Money(1))) == ("returned", "deposit.amount")
    assert _ended(market.send(chain, asked.deposit)) == ("credited", "")
    assert _ended(market.send(chain, asked.deposit)) == ("returned", "deposit.twice")
    late = market.platform.market.subscribe(
        f"late-{chain}", "alice", "TSLA", chain, wallet, Shares.whole(3), paid_by=PaidBy("tusd", chain, wallet)
    )
    market.run.advance_to(late.expires_at + 2)
    assert _subscription(market, late.id).rule == "payment.expired"
    assert _ended(market.send(chain, late.deposit)) == ("returned", "deposit.late")
    assert coins_held(market.platform, chain, "alice") == START - asked.deposit
    market.run.advance_to(market.platform.clock.now() + 4 * DAY_S)
    done = _subscription(market, asked.id)
    assert done.state == "completed"
    left = coins_held(market.platform, chain, "alice")
    assert Money(0) < START - left < asked.deposit, "the cushion came back in coins, to the wallet that had paid"
    assert str(market.alice.on(chain).balance(market.platform.stock("TSLA").token(chain))) == "2"
    market.agree(chain)


@pytest.mark.parametrize("chain", CHAINS)
def test_coins__of_a_stranger__wait_for_an_operator_who_sends_them_back(market: Market, chain: str) -> None:
    came = market.send(chain, Money.parse("7"), "paper-bank")
    assert _ended(came) == ("suspense", "deposit.sender")
    market.agree(chain)
    with market.platform.store.transaction() as unit:
        market.platform.books.tell(unit, CoinDeposit, came.id, Judged("return", "olga", "asked by letter"))
    back = market.deposit(chain, came.tx_id)
    assert (back.state, back.by, back.why) == ("returned", "olga", "asked by letter")
    market.agree(chain)


@pytest.mark.parametrize("chain", CHAINS)
def test_coins__to_dollars_and_back__are_recorded_steps_less_the_bank_fee(market: Market, chain: str) -> None:
    before, dollars = _stable(market, chain), market.platform.bank.balance()
    market.platform.coins.desk.convert(
        f"out-{chain}", ConversionSide.TO_DOLLARS, "tusd", chain, Money.parse("100"), "tom", "to pay the broker"
    )
    market.settled(lambda: _conversion(market, f"out-{chain}").state == "done", "conversion to dollars")
    assert str(market.platform.bank.balance() - dollars) == "99.95"
    assert before - _stable(market, chain) == Money.parse("100")
    market.platform.coins.desk.convert(
        f"in-{chain}", ConversionSide.TO_STABLE, "tusd", chain, Money.parse("200"), "tom", "for redemptions"
    )
    market.settled(lambda: _conversion(market, f"in-{chain}").state == "arriving", "conversion to coins")
    assert deliver_bank_coins(market.platform) == 1
    market.settled(lambda: _conversion(market, f"in-{chain}").state == "done", "coins from the bank")
    assert _stable(market, chain) - before == Money.parse("99.9")
    with market.platform.store.view() as view:
        assert not view.balance(accounts.converting(f"out-{chain}")).debit
        assert not view.balance(accounts.converting(f"in-{chain}")).debit
    market.agree(chain)


@pytest.mark.parametrize("chain", CHAINS)
def test_a_redemption__asked_in_coins_with_a_quote__is_paid_to_the_wallet_that_burned(market: Market, chain: str) -> None:
    platform, wallet = market.platform, market.alice.address(chain)
    stock = platform.stock("TSLA")
    token = stock.token(chain)
    raw = market.alice.on(chain).balance(token)
    shares = stock.multiplier.to_shares_down(raw)
    platform.coins.desk.convert(
        f"more-{chain}", ConversionSide.TO_STABLE, "tusd", chain, Money.parse("1000"), "tom", "for redemptions"
    )
    market.settled(lambda: _conversion(market, f"more-{chain}").state == "arriving", "conversion to coins")
    deliver_bank_coins(platform)
    quote = platform.market.quote(f"q-{chain}", "alice", "TSLA", QuoteSide.REDEEM, QuoteMode.ORDER_THROUGH, shares)
    assert quote.state == "open"
    before = coins_held(platform, chain, "alice")
    asked = platform.market.redeem(
        f"red-{chain}", "alice", "TSLA", chain, wallet, raw, RedemptionKind.CASH, quote=quote.id, paid_in="tusd"
    )
    assert (asked.state, asked.rates) == ("requested", quote.rates)
    put_into_escrow(platform, market.alice, asked)
    market.run.settle()
    market.run.advance_to(platform.clock.now() + 5 * DAY_S)
    with platform.store.view() as view:
        done = view.row(Redemption, asked.id)
    assert done is not None
    assert (done.state, done.reason) == ("completed", "")
    assert coins_held(platform, chain, "alice") - before == done.owed
    market.agree(chain)


@pytest.mark.parametrize("chain", CHAINS)
def test_the_approver__without_a_reason_on_the_chain__signs_no_payout(market: Market, chain: str) -> None:
    coin = coin_on(market.platform, chain)
    credited = next(row for row in market.deposits(chain) if row.state == "credited")

    def refused(payout_id: str, to: str, amount: Money, reference: str) -> str:
        with pytest.raises(Refused) as refusal:
            market.platform.coins.treasuries[chain].prepare_payout(
                Payout(payout_id, chain, "tusd", coin.token, to, amount, reference)
            )
        return refusal.value.code

    wallet, one = market.alice.address(chain), Money.parse("1")
    assert refused(f"{credited.id}:x", _stranger(chain), one, credited.id) == "payout.receiver"
    assert refused(f"{credited.id}:y", wallet, credited.amount + Money(1), credited.id) == "payout.refund"
    assert refused("gift:pay", wallet, one, "gift") == "payout.reason"
    assert refused("gift:pay", coin.bank, one, "gift") == "payout.conversion"
    assert refused(f"red-{chain}:again", wallet, one, f"red-{chain}") == "release.once"
    assert refused(f"red-{chain}:pay", wallet, one, f"red-{chain}") == "treasury.payout_was_made_before"


def _ended(row: CoinDeposit) -> tuple[str, str]:
    return row.state, row.rule


def _subscription(market: Market, request_id: str) -> Subscription:
    with market.platform.store.view() as view:
        found = view.row(Subscription, request_id)
    assert found is not None
    return found


def _conversion(market: Market, conversion_id: str) -> Conversion:
    with market.platform.store.view() as view:
        found = view.row(Conversion, conversion_id)
    assert found is not None
    return found


def _stable(market: Market, chain: str) -> Money:
    with market.platform.store.view() as view:
        return Money(view.balance(accounts.stable("tusd", chain)).debit)


def _stranger(chain: str) -> str:
    return "0x" + "77" * 20 if chain == "evm" else "Stake11111111111111111111111111111111111111"
