"""The token as collateral in a real Aave v3: a split and a dividend change no balance, no debt and no health factor.

The lender's price source is our own price feed: dollars for one raw token, which run on through a split. While it waits for
the first price after a corporate action, nothing that needs a price can be done: no loan, and no liquidation.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from tests.issuance.contracts.stage import ONE, Stage, account, reverts
from tests.thirdparty.actions import DAY, DIVIDEND, CorporateActions
from tests.thirdparty.foreign import Contract, Packages
from tests.thirdparty.lender import AAVE, Lender

from openscrip.issuance.contracts.artifact import own
from openscrip_watch.chains.rpc import Rpc
from openscrip_watch.winding.looking import At, Venue, shares

pytestmark = pytest.mark.parts
USD = 10**6
CENT = 10**6  # of a price with 8 decimals
VARIABLE = 2
DEBT = 14_000 * USD  # against 100 tokens at 250.00: 56 %
HEALTHY = "45"  # Aave's word: health factor not below the threshold
WAITS = "price: waits for a corporate action"
RAW_PRICE = 250_00 * CENT


@dataclass
class Market:
    """Bob lends dollars; alice lends all her stock and owes dollars."""

    lender: Lender
    stock: Contract
    dollars: Contract

    @property
    def stage(self) -> Stage:
        return self.stock.stage

    def standing(self) -> dict[str, object]:
        """Everything that the lender knows of alice, bob and the two reserves, with what the price makes of it."""
        pool, kept = self.lender.pool, self.amounts()
        kept |= {who: pool.named("getUserAccountData", account(who)) for who in ("alice", "bob")}
        kept["prices"] = [self.lender.oracle.view("getAssetPrice", token.at) for token in (self.stock, self.dollars)]
        return kept

    def amounts(self) -> dict[str, object]:
        """As `standing`, without a price."""
        kept: dict[str, object] = {}
        for token in (self.stock, self.dollars):
            lent = self.lender.receipt_token(token.at)
            kept[f"pooled {token.at}"] = token.view("balanceOf", lent.at)
            kept[f"owed {token.at}"] = self.lender.debt_token(token.at).view("balanceOf", account("alice"))
            for who in ("alice", "bob", "stranger"):
                kept[f"{who} lent {token.at}"] = lent.view("balanceOf", account(who))
                kept[f"{who} holds {token.at}"] = token.view("balanceOf", account(who))
        return kept

    def health(self) -> int:
        return int(self.lender.pool.named("getUserAccountData", account("alice"))["healthFactor"])

    def liquidate(self) -> None:
        """Bob tries to pay half of alice's debt for her stock."""
        order = (self.stock.at, self.dollars.at, account("alice"), DEBT // 2, False)
        self.lender.pool.send("bob", "liquidationCall", *order)

    def borrow(self) -> None:
        """Alice tries to borrow a dollar more."""
        self.lender.pool.send("alice", "borrow", self.dollars.at, USD, VARIABLE, 0, account("alice"))

    def publish(self, share_price: int) -> int:
        """Report what the price of a share makes a raw token worth, at the multiplier in force; that price."""
        raw_price: int = share_price * self.stock.view("uiMultiplier") // ONE
        self.stage.price(price=raw_price)
        return raw_price


@pytest.fixture(scope="module")
def opened(deployed: Stage, packages: Packages, dollars: Contract) -> Market:
    stock = Contract(deployed, own("StockToken"), deployed.token)
    deployed.price(price=RAW_PRICE)
    dollar = packages.deploy(f"{AAVE}/mocks/oracle/CLAggregators/MockAggregator", 10**8)
    prices = {stock.at: deployed.price_feed, dollars.at: dollar.at}
    lender = Lender(deployed, packages, prices, {stock.at: 18, dollars.at: 6})
    lender.accept(stock.at)
    lender.lend(dollars.at)
    for name in ("alice", "bob"):
        for token in (stock, dollars):
            token.send(name, "approve", lender.pool.at, 2**255)
    lender.pool.send("bob", "supply", dollars.at, 50_000 * USD, account("bob"), 0)
    lender.pool.send("alice", "supply", stock.at, 100 * ONE, account("alice"), 0)
    lender.pool.send("alice", "borrow", dollars.at, DEBT, VARIABLE, 0, account("alice"))
    return Market(lender, stock, dollars)


@pytest.fixture
def market(opened: Market) -> Iterator[Market]:
    snapshot = opened.stock.stage.rpc.call("evm_snapshot")
    yield opened
    opened.stock.stage.rpc.call("evm_revert", snapshot)


@pytest.fixture
def actions(deployed: Stage) -> CorporateActions:
    """A split and a dividend, with a price that runs on."""
    return CorporateActions(deployed, RAW_PRICE)


def test_split_and_dividend__stock_lent_out__no_balance_no_debt_no_health_factor_changes(
    market: Market, actions: CorporateActions
) -> None:
    before, amounts, shown = market.standing(), market.amounts(), market.stock.view("toUIAmount", 100 * ONE)
    assert market.health() == 25_000 * 65 * 10**16 // 14_000

    def nothing_moved(waits: bool) -> None:
        assert market.amounts() == amounts
        for act in (market.health, market.liquidate, market.borrow) if waits else ():
            with reverts(WAITS):
                act()
        if not waits:
            assert market.standing() == before
            with reverts(HEALTHY):
                market.liquidate()

    actions.pass_one(2, 1, nothing_moved)
    assert market.publish(125_00 * CENT) == RAW_PRICE
    nothing_moved(False)
    # A dividend of 0.21 net: the share falls to 124.79 and something, the multiplier rises, the raw price runs on.
    actions.pass_one(*DIVIDEND, nothing_moved)
    ex_dividend = -(-RAW_PRICE * ONE // market.stock.view("uiMultiplier"))
    assert 124_79 * CENT < ex_dividend < 124_80 * CENT
    assert market.publish(ex_dividend) == RAW_PRICE
    nothing_moved(False)
    assert market.stock.view("toUIAmount", 100 * ONE) == shown * 2 * 12_521 // 12_500


def test_split_and_dividend__debt_bears_interest__it_grows_as_it_would_have_without_them(
    market: Market, actions: CorporateActions
) -> None:
    stage, owed = market.stage, market.lender.debt_token(market.dollars.at)
    market.lender.charge_interest(market.dollars.at)
    market.lender.pool.send("bob", "supply", market.dollars.at, USD, account("bob"), 0)  # the new rate begins
    later = stage.now() + 2 * DAY
    snapshot = stage.rpc.call("evm_snapshot")
    stage.evm.set_time(later)
    stage.price(price=RAW_PRICE)
    without = market.standing()
    stage.rpc.call("evm_revert", snapshot)
    actions.pass_both(lambda _: None)
    assert stage.now() == later
    stage.price(price=RAW_PRICE)
    assert market.standing() == without
    assert owed.view("balanceOf", account("alice")) > DEBT


def test_repay_and_withdraw__after_split_and_dividend__gives_back_exactly_what_was_put_in(
    market: Market, actions: CorporateActions
) -> None:
    """Even while the price waits: whoever owes nothing needs none."""
    actions.pass_both(lambda _: None)
    with reverts(WAITS):
        market.health()
    market.lender.pool.send("alice", "repay", market.dollars.at, 2**256 - 1, VARIABLE, account("alice"))
    market.lender.pool.send("alice", "withdraw", market.stock.at, 2**256 - 1, account("alice"))
    market.lender.pool.send("bob", "withdraw", market.dollars.at, 2**256 - 1, account("bob"))
    held = [token.view("balanceOf", account(name)) for token in (market.stock, market.dollars) for name in ("alice", "bob")]
    assert held == [100 * ONE, 50 * ONE, 100_000 * USD, 100_000 * USD]
    assert market.stock.view("balanceOf", market.lender.receipt_token(market.stock.at).at) == 0


def test_split__price_from_before_it__is_taken_by_nobody(market: Market) -> None:
    version = market.stock.view("multiplierVersion")
    CorporateActions(market.stage).pass_one(2, 1, lambda _: None)
    market.stage.pass_time(1)
    with reverts("price: version was not the token's"):
        market.stage.price(price=RAW_PRICE, version=version)
    market.stage.price(price=RAW_PRICE, observed_at=market.stage.now() - 2)  # seen in the last second before it
    with reverts(WAITS):
        market.health()
    market.stage.price(price=RAW_PRICE, observed_at=market.stage.now() - 1)  # seen in the second of the effect
    assert market.health() > ONE


def test_split__price_given_per_share__is_refused_or_liquidates_a_healthy_borrower(
    market: Market, actions: CorporateActions
) -> None:
    """What the rule guards against, so that the tests above are seen to be able to fail."""
    actions.pass_one(2, 1, lambda _: None)
    with reverts("price: move was large"):
        market.stage.price(price=125_00 * CENT)
    market.stage.price(price=125_00 * CENT, large_move=True, signers=("price", "attestor"))  # two keys err alike
    assert market.health() < ONE
    market.liquidate()
    assert market.stock.view("balanceOf", account("bob")) > 50 * ONE


def test_wind_down__stock_lent_out__goes_to_whoever_lent_it(market: Market) -> None:
    stage, lent = market.stage, market.lender.receipt_token(market.stock.at).at.lower()
    pooled = market.stock.view("balanceOf", lent)
    with httpx.Client(trust_env=False) as client:
        block = int(stage.rpc.call("eth_blockNumber"), 16)
        at = At(Rpc(stage.rpc.url, client), market.stock.at.lower(), block)
        behind = shares(at, Venue("evm", lent, "shares"), pooled)
    assert behind == {account("alice").lower(): 100 * ONE}
    assert pooled == 100 * ONE
