"""The token in real Uniswap pools: a split and a dividend move no reserve, no raw price and no liquidity provider."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

import httpx
import pytest
from eth_utils.address import to_checksum_address
from tests.issuance.contracts.stage import NOBODY, ONE, Stage, account
from tests.thirdparty.actions import CorporateActions
from tests.thirdparty.foreign import Contract, Packages, struct

from openscrip.issuance.chains.evm.distribution_tree import distribution
from openscrip.issuance.chains.evm.snapshot import holders_at, take_snapshot, transferred
from openscrip.issuance.contracts.artifact import own
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount
from openscrip_watch.chains.rpc import Rpc
from openscrip_watch.winding.looking import At, Venue, shares, uniswap_v3

pytestmark = pytest.mark.parts
USD = 10**6
CORE = "@uniswap/v3-core/artifacts/contracts"
PERIPHERY = "@uniswap/v3-periphery/artifacts/contracts"
V2 = "@uniswap/v2-core/build"
FEE, TICK = 3_000, 887_220
PRICE = 250  # dollars for one raw token
DEADLINE = 2**64
POOLED = {"stock": 80 * ONE, "dollars": 80 * PRICE * USD}


@dataclass
class Exchange:
    """A v3 pool of stock and dollars over the whole range, all of it alice's; and a v2 pair of the same, bob's."""

    stage: Stage
    stock: Contract
    dollars: Contract
    factory: Contract
    positions: Contract
    router: Contract
    pool: Contract
    pair: Contract
    position: int = 0

    def reserves(self) -> dict[str, object]:
        """Everything that the v3 pool and the v2 pair know and hold."""
        names = ("slot0", "liquidity", "feeGrowthGlobal0X128", "feeGrowthGlobal1X128", "protocolFees")
        kept: dict[str, object] = {name: self.pool.view(name) for name in names}
        kept["position"] = self.positions.view("positions", self.position)
        kept["v2 reserves"] = self.pair.view("getReserves")
        kept["v2 supply"] = self.pair.view("totalSupply")
        for who in (self.pool.at, self.pair.at, "alice", "bob", "stranger"):
            kept[f"held by {who}"] = self.held(who)
        return kept

    def held(self, who: str) -> tuple[int, int]:
        return self.stock.view("balanceOf", account(who)), self.dollars.view("balanceOf", account(who))

    def quote(self) -> int:
        """The dollars that bob would get for one raw token, fee and impact included."""
        return int(self.router.view("exactInputSingle", self._order(), sender="bob"))

    def sell_one(self) -> int:
        before = self.held("bob")[1]
        self.router.send("bob", "exactInputSingle", self._order())
        return self.held("bob")[1] - before

    def withdraw(self) -> tuple[int, int]:
        """Take all of alice's liquidity out; the stock and the dollars that came back."""
        before = self.held("alice")
        liquidity = self.positions.named("positions", self.position)["liquidity"]
        out = {"tokenId": self.position, "liquidity": liquidity, "amount0Min": 0, "amount1Min": 0, "deadline": DEADLINE}
        artifact = self.positions.artifact
        self.positions.send("alice", "decreaseLiquidity", struct(artifact, "decreaseLiquidity", **out))
        most = {"tokenId": self.position, "recipient": account("alice"), "amount0Max": 2**127, "amount1Max": 2**127}
        self.positions.send("alice", "collect", struct(artifact, "collect", **most))
        after = self.held("alice")
        return after[0] - before[0], after[1] - before[1]

    def _order(self) -> tuple[object, ...]:
        return struct(
            self.router.artifact, "exactInputSingle", tokenIn=self.stock.at, tokenOut=self.dollars.at, fee=FEE,
            recipient=account("bob"), deadline=DEADLINE, amountIn=ONE, amountOutMinimum=0, sqrtPriceLimitX96=0,
        )  # fmt: skip


@pytest.fixture(scope="module")
def opened(deployed: Stage, packages: Packages, dollars: Contract) -> Exchange:
    stock = Contract(deployed, own("StockToken"), deployed.token)
    factory = packages.deploy(f"{CORE}/UniswapV3Factory")
    positions = packages.deploy(f"{PERIPHERY}/NonfungiblePositionManager", factory.at, NOBODY, NOBODY)
    router = packages.deploy(f"{PERIPHERY}/SwapRouter", factory.at, NOBODY)
    sides = sorted([(stock.at, POOLED["stock"]), (dollars.at, POOLED["dollars"])], key=lambda side: int(side[0], 16))
    (token0, amount0), (token1, amount1) = sides
    factory.send("stranger", "createPool", token0, token1, FEE)
    pool = packages.at(f"{CORE}/UniswapV3Pool", factory.view("getPool", token0, token1, FEE))
    pool.send("stranger", "initialize", isqrt(amount1 * 2**192 // amount0))
    old = packages.deploy(f"{V2}/UniswapV2Factory", NOBODY)
    old.send("stranger", "createPair", token0, token1)
    pair = packages.at(f"{V2}/UniswapV2Pair", old.view("getPair", token0, token1))
    exchange = Exchange(deployed, stock, dollars, factory, positions, router, pool, pair)
    for token in (stock, dollars):
        token.send("alice", "approve", positions.at, 2**255)
        token.send("bob", "approve", router.at, 2**255)
    positions.send("alice", "mint", struct(
        positions.artifact, "mint", token0=token0, token1=token1, fee=FEE, tickLower=-TICK, tickUpper=TICK,
        amount0Desired=amount0, amount1Desired=amount1, amount0Min=0, amount1Min=0, recipient=account("alice"),
        deadline=DEADLINE,
    ))  # fmt: skip
    exchange.position = 1
    stock.send("bob", "transfer", pair.at, 40 * ONE)
    dollars.send("bob", "transfer", pair.at, 40 * PRICE * USD)
    pair.send("bob", "mint", account("bob"))
    return exchange


@pytest.fixture
def exchange(opened: Exchange) -> Iterator[Exchange]:
    snapshot = opened.stage.rpc.call("evm_snapshot")
    yield opened
    opened.stage.rpc.call("evm_revert", snapshot)


def test_split_and_dividend__stock_in_uniswap__no_reserve_no_raw_price_no_balance_moves(
    exchange: Exchange, actions: CorporateActions
) -> None:
    before, quote, shown = exchange.reserves(), exchange.quote(), exchange.stock.view("balanceOfUI", exchange.pool.at)
    pooled = exchange.held(exchange.pool.at)
    assert POOLED["stock"] - 10**6 <= pooled[0] <= POOLED["stock"]
    assert POOLED["dollars"] - 1 <= pooled[1] <= POOLED["dollars"]

    def nothing_moved(_: bool) -> None:
        assert exchange.reserves() == before
        assert exchange.quote() == quote

    actions.pass_both(nothing_moved)
    # What the same raw tokens stand for did grow: that is what the liquidity provider is owed, and gets.
    assert exchange.stock.view("balanceOfUI", exchange.pool.at) == shown * 2 * 12_521 // 12_500


def test_swap__after_split_and_dividend__fills_at_the_quote_from_before(exchange: Exchange, actions: CorporateActions) -> None:
    quote = exchange.quote()
    assert 245 * USD < quote < PRICE * USD
    actions.pass_both(lambda _: None)
    assert exchange.sell_one() == quote


def test_withdraw__after_split_and_dividend__gives_what_it_gave_before_them(
    exchange: Exchange, actions: CorporateActions
) -> None:
    put_in = exchange.held(exchange.pool.at)
    snapshot = exchange.stage.rpc.call("evm_snapshot")
    unsplit = exchange.withdraw()
    exchange.stage.rpc.call("evm_revert", snapshot)
    actions.pass_both(lambda _: None)
    assert exchange.withdraw() == unsplit
    # Uniswap rounds a deposit up and a withdrawal down, by an atom each: that atom, and no more, stays.
    left = exchange.held(exchange.pool.at)
    assert (unsplit[0] + left[0], unsplit[1] + left[1]) == put_in
    assert max(left) <= 1


def test_skim__after_split_and_dividend__finds_nothing(exchange: Exchange, actions: CorporateActions) -> None:
    def skimmed(_: bool) -> None:
        before = exchange.reserves()
        exchange.pair.send("stranger", "skim", account("stranger"))
        exchange.pair.send("stranger", "sync")
        after = exchange.reserves()
        assert after["held by stranger"] == (0, 0)
        assert {**after, "v2 reserves": 0} == {**before, "v2 reserves": 0}
        assert after["v2 reserves"][:2] == before["v2 reserves"][:2]  # type: ignore[index]  # the third is the time

    actions.pass_both(skimmed)
    exchange.pair.send("bob", "transfer", exchange.pair.at, exchange.pair.view("balanceOf", account("bob")))
    before = exchange.held("bob")
    exchange.pair.send("bob", "burn", account("bob"))
    after, left = exchange.held("bob"), exchange.held(exchange.pair.at)
    assert left[0] < 10**8  # the least liquidity, which v2 keeps of every pair for ever
    assert (after[0] - before[0] + left[0], after[1] - before[1] + left[1]) == (40 * ONE, 40 * PRICE * USD)


def test_dividend_in_money__stock_in_pools__is_due_to_the_providers_behind_them(exchange: Exchange) -> None:
    """The pools' own records say whose the stock is: of v2 its token, of v3 the position."""
    stage = exchange.stage
    block = int(stage.rpc.call("eth_blockNumber"), 16)
    snapshot = take_snapshot(stage.node, stage.token, block)
    pair, pool = (to_checksum_address(contract.at) for contract in (exchange.pair, exchange.pool))
    assert snapshot.holdings[pair].atoms == 40 * ONE
    assert set(snapshot.holdings) == {pair, pool, account("alice"), account("bob")}
    where = {"address": exchange.pair.at, "topics": [exchange.pair.artifact.topic("Transfer")], "fromBlock": "0x0"}
    shares = holders_at(block, map(transferred, stage.rpc.call("eth_getLogs", where)))
    position = exchange.positions.named("positions", exchange.position)["liquidity"]
    owner = exchange.positions.view("ownerOf", exchange.position)
    seen = snapshot.look_through({
        pair: {who: share.atoms for who, share in shares.items()}, pool: {owner: position},
    })  # fmt: skip
    assert seen.holdings == {account("alice"): RawAmount(100 * ONE), account("bob"): RawAmount(50 * ONE)}
    due = distribution(seen, Fraction(21, 100), Multiplier(ONE)).due
    assert due == {account("alice"): 21 * USD, account("bob"): 105 * USD // 10}


def test_wind_down__stock_in_pools__goes_to_whoever_stands_behind_each_position(exchange: Exchange) -> None:
    exchange.sell_one()  # so that fees are due
    stage, pool, pair = exchange.stage, exchange.pool.at.lower(), exchange.pair.at.lower()
    pooled, paired = exchange.held(pool)[0], exchange.held(pair)[0]
    with httpx.Client(trust_env=False) as client:
        block = int(stage.rpc.call("eth_blockNumber"), 16)
        at = At(Rpc(stage.rpc.url, client), exchange.stock.at.lower(), block)
        behind = uniswap_v3(at, Venue("evm", pool, "uniswap-v3", exchange.positions.at.lower()), pooled)
        sharing = shares(at, Venue("evm", pair, "shares"), paired)
    given = exchange.withdraw()[0]
    assert behind == {account("alice").lower(): given}
    assert POOLED["stock"] < given <= pooled
    total, bobs = exchange.pair.view("totalSupply"), exchange.pair.view("balanceOf", account("bob"))
    assert sharing == {account("bob").lower(): paired * bobs // total}
    assert 0 < paired - sum(sharing.values()) < 10**9, "the first thousand of a pair's own tokens are nobody's"
