"""The token as collateral in a real Aave v3: a split and a dividend change no balance, no debt and no health factor.

The lender's price source gives the price of one raw token: share price x multiplier, which runs on through a split.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.issuance.contracts.stage import ONE, Reverted, Stage, account
from tests.thirdparty.actions import DAY, CorporateActions
from tests.thirdparty.foreign import Contract, Packages, put
from tests.thirdparty.lender import AAVE, Lender
from vyper.compiler import compile_code

from openscrip.issuance.contracts.artifact import Artifact, own

pytestmark = pytest.mark.parts
USD = 10**6
CENT = 10**6  # of a price with 8 decimals
VARIABLE = 2
DEBT = 14_000 * USD  # against 100 tokens at 250.00: 56 %
HEALTHY = "45"  # Aave's word: health factor not below the threshold
RAW_PRICE = 250_00 * CENT


@dataclass
class Market:
    """Bob lends dollars; alice lends all her stock and owes dollars."""

    lender: Lender
    stock: Contract
    dollars: Contract
    feed: Contract

    def standing(self) -> dict[str, object]:
        """Everything that the lender knows of alice, bob and the two reserves."""
        pool, tokens = self.lender.pool, (self.stock, self.dollars)
        kept: dict[str, object] = {"alice": pool.named("getUserAccountData", account("alice"))}
        kept["bob"] = pool.named("getUserAccountData", account("bob"))
        kept["prices"] = [self.lender.oracle.view("getAssetPrice", token.at) for token in tokens]
        for token in tokens:
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


def price_feed(stage: Stage) -> Contract:
    """The source of the price of a raw token, compiled from beside this file."""
    built = compile_code((Path(__file__).parent / "price_feed.vy").read_text(), output_formats=["abi", "bytecode"])
    artifact = Artifact("price_feed", tuple(built["abi"]), bytes.fromhex(built["bytecode"][2:]))
    return put(stage, artifact, stage.token)


@pytest.fixture(scope="module")
def opened(deployed: Stage, packages: Packages, dollars: Contract) -> Market:
    stock, feed = Contract(deployed, own("StockToken"), deployed.token), price_feed(deployed)
    feed.send("stranger", "publish", RAW_PRICE)
    dollar = packages.deploy(f"{AAVE}/mocks/oracle/CLAggregators/MockAggregator", 10**8)
    prices = {stock.at: feed.at, dollars.at: dollar.at}
    lender = Lender(deployed, packages, prices, {stock.at: 18, dollars.at: 6})
    lender.accept(stock.at)
    lender.lend(dollars.at)
    for name in ("alice", "bob"):
        for token in (stock, dollars):
            token.send(name, "approve", lender.pool.at, 2**255)
    lender.pool.send("bob", "supply", dollars.at, 50_000 * USD, account("bob"), 0)
    lender.pool.send("alice", "supply", stock.at, 100 * ONE, account("alice"), 0)
    lender.pool.send("alice", "borrow", dollars.at, DEBT, VARIABLE, 0, account("alice"))
    return Market(lender, stock, dollars, feed)


@pytest.fixture
def market(opened: Market) -> Iterator[Market]:
    snapshot = opened.stock.stage.rpc.call("evm_snapshot")
    yield opened
    opened.stock.stage.rpc.call("evm_revert", snapshot)


def test_split_and_dividend__stock_lent_out__no_balance_no_debt_no_health_factor_changes(
    market: Market, actions: CorporateActions
) -> None:
    before, shown = market.standing(), market.stock.view("toUIAmount", 100 * ONE)
    assert market.health() == 25_000 * 65 * 10**16 // 14_000

    def nothing_moved() -> None:
        assert market.standing() == before
        with pytest.raises(Reverted, match=f"^{HEALTHY}$"):
            market.liquidate()

    actions.pass_one(2, 1, nothing_moved)
    market.feed.send("stranger", "publish", 125_00 * CENT)
    nothing_moved()
    # A dividend of 0.21 net: the share falls to 124.79 and something, the multiplier rises, the raw price runs on.
    actions.pass_one(12_521, 12_500, nothing_moved)
    ex_dividend = -(-RAW_PRICE * ONE // market.stock.view("uiMultiplier"))
    market.feed.send("stranger", "publish", ex_dividend)
    nothing_moved()
    assert market.stock.view("toUIAmount", 100 * ONE) == shown * 2 * 12_521 // 12_500


def test_split_and_dividend__debt_bears_interest__it_grows_as_it_would_have_without_them(
    market: Market, actions: CorporateActions
) -> None:
    stage, owed = market.stock.stage, market.lender.debt_token(market.dollars.at)
    market.lender.charge_interest(market.dollars.at)
    market.lender.pool.send("bob", "supply", market.dollars.at, USD, account("bob"), 0)  # the new rate begins
    later = stage.now() + 2 * DAY
    snapshot = stage.rpc.call("evm_snapshot")
    stage.evm.set_time(later)
    without = market.standing()
    stage.rpc.call("evm_revert", snapshot)
    actions.pass_both(lambda: None)
    assert stage.now() == later
    assert market.standing() == without
    assert owed.view("balanceOf", account("alice")) > DEBT


def test_repay_and_withdraw__after_split_and_dividend__gives_back_exactly_what_was_put_in(
    market: Market, actions: CorporateActions
) -> None:
    actions.pass_both(lambda: None)
    market.lender.pool.send("alice", "repay", market.dollars.at, 2**256 - 1, VARIABLE, account("alice"))
    market.lender.pool.send("alice", "withdraw", market.stock.at, 2**256 - 1, account("alice"))
    market.lender.pool.send("bob", "withdraw", market.dollars.at, 2**256 - 1, account("bob"))
    held = [token.view("balanceOf", account(name)) for token in (market.stock, market.dollars) for name in ("alice", "bob")]
    assert held == [100 * ONE, 50 * ONE, 100_000 * USD, 100_000 * USD]
    assert market.stock.view("balanceOf", market.lender.receipt_token(market.stock.at).at) == 0


def test_split__price_given_per_share__liquidates_a_healthy_borrower(market: Market, actions: CorporateActions) -> None:
    """What the rule guards against, so that the tests above are seen to be able to fail."""
    actions.pass_one(2, 1, lambda: None)
    market.feed.send("stranger", "publish_as_it_is", 125_00 * CENT)
    assert market.health() < ONE
    market.liquidate()
    assert market.stock.view("balanceOf", account("bob")) > 50 * ONE
