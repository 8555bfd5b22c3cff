"""The token as collateral in a real Morpho Blue: a split and a dividend change no position, and liquidate nobody.

Morpho is compiled from its own npm package and put on the local chain as the program of somebody else. Its market asks our
price feed, through an oracle of the shape that Morpho wants; while the feed waits, nobody can borrow or be liquidated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.issuance.contracts.stage import NOBODY, ONE, Stage, account, reverts
from tests.thirdparty.actions import DAY, DIVIDEND, CorporateActions
from tests.thirdparty.foreign import Contract, Packages, put
from tests.thirdparty.solidity import compile_package
from vyper.compiler import compile_code

from openscrip.issuance.contracts.artifact import Artifact, own

pytestmark = pytest.mark.soak
USD = 10**6
CENT = 10**6  # of a price with 8 decimals
RAW_PRICE = 250_00 * CENT
DEBT = 14_000 * USD  # against 100 tokens at 250.00: 56 %
LIQUIDATED_ABOVE = 65 * 10**16
SCALE = 10 ** (36 + 6 - 18 - 8)  # loan's decimals - collateral's - the price's
HEALTHY, UNCOVERED = "position is healthy", "insufficient collateral"
WAITS = "price: waits for a corporate action"


@dataclass
class Lender:
    """Morpho with a market without interest and one with: bob lends dollars, alice owes them against all her stock."""

    stage: Stage
    morpho: Contract
    stock: Contract
    dollars: Contract
    oracle: str
    rates: str
    interest: bool = False

    @property
    def market(self) -> tuple[str, str, str, str, int]:
        """The market's parameters; their hash is its name."""
        return self.dollars.at, self.stock.at, self.oracle, self.rates if self.interest else NOBODY, LIQUIDATED_ABOVE

    def open(self) -> None:
        self.morpho.send("stranger", "createMarket", self.market)
        self.morpho.send("bob", "supply", self.market, 20_000 * USD, 0, account("bob"), b"")
        self.morpho.send("alice", "supplyCollateral", self.market, 100 * ONE, account("alice"), b"")
        self.borrow(DEBT)

    def amounts(self) -> dict[str, object]:
        """Everything that Morpho knows of the market, of alice and of bob, and what all three hold."""
        kept: dict[str, object] = {"market": self.totals()}
        for who in (self.morpho.at, "alice", "bob", "stranger"):
            kept[f"position of {who}"] = self.position(who)
            kept[f"held by {who}"] = [token.view("balanceOf", account(who)) for token in (self.stock, self.dollars)]
        return kept

    def totals(self) -> tuple[int, ...]:
        """Lent, its shares, borrowed, its shares, when interest was last added, fee."""
        return tuple(self.morpho.view("market", self._name()))

    def position(self, who: str) -> tuple[int, int, int]:
        """Shares of what is lent, shares of what is borrowed, collateral."""
        lent, borrowed, collateral = self.morpho.view("position", self._name(), account(who))
        return lent, borrowed, collateral

    def _name(self) -> bytes:
        return keccak(encode(["address"] * 4 + ["uint256"], self.market))

    def borrow(self, dollars: int) -> None:
        self.morpho.send("alice", "borrow", self.market, dollars, 0, account("alice"), account("alice"))

    def liquidate(self) -> None:
        """Bob tries to take ten tokens for alice's debt."""
        self.morpho.send("bob", "liquidate", self.market, account("alice"), 10 * ONE, 0, b"")

    def repay_all(self) -> None:
        """Alice pays by shares of the debt, as a debt that grows must be, and takes her stock; bob takes his dollars."""
        _, owed, collateral = self.position("alice")
        lent, _, _ = self.position("bob")
        self.morpho.send("alice", "repay", self.market, 0, owed, account("alice"), b"")
        self.morpho.send("alice", "withdrawCollateral", self.market, collateral, account("alice"), account("alice"))
        self.morpho.send("bob", "withdraw", self.market, 0, lent, account("bob"), account("bob"))

    def held(self) -> list[int]:
        return [token.view("balanceOf", account(who)) for token in (self.stock, self.dollars) for who in ("alice", "bob")]


@pytest.fixture(scope="module")
def put_up(deployed: Stage, packages: Packages, dollars: Contract) -> Lender:
    built = compile_package("@morpho-org/morpho-blue", {"Morpho": "src/Morpho.sol", "IrmMock": "src/mocks/IrmMock.sol"})
    morpho, rates = put(deployed, built["Morpho"], account("stranger")), put(deployed, built["IrmMock"])
    for each in (NOBODY, rates.at):
        morpho.send("stranger", "enableIrm", each)
    morpho.send("stranger", "enableLltv", LIQUIDATED_ABOVE)
    source = compile_code((Path(__file__).parent / "morpho_oracle.vy").read_text(), output_formats=["abi", "bytecode"])
    oracle = Artifact("morpho_oracle", tuple(source["abi"]), bytes.fromhex(source["bytecode"][2:]))
    stock = Contract(deployed, own("StockToken"), deployed.token)
    for name in ("alice", "bob"):
        for token in (stock, dollars):
            token.send(name, "approve", morpho.at, 2**255)
    deployed.price(price=RAW_PRICE)
    return Lender(deployed, morpho, stock, dollars, put(deployed, oracle, deployed.price_feed, SCALE).at, rates.at)


@pytest.fixture(params=[False, True], ids=["without interest", "with interest"])
def lender(put_up: Lender, request: pytest.FixtureRequest) -> Iterator[Lender]:
    snapshot = put_up.stage.rpc.call("evm_snapshot")
    put_up.interest = request.param
    put_up.open()
    yield put_up
    put_up.stage.rpc.call("evm_revert", snapshot)


@pytest.fixture
def actions(deployed: Stage) -> CorporateActions:
    """A split and a dividend, with a price that runs on."""
    return CorporateActions(deployed, RAW_PRICE)


def test_split_and_dividend__stock_lent_out__no_position_moves_and_nobody_is_liquidated(
    lender: Lender, actions: CorporateActions
) -> None:
    amounts, shown = lender.amounts(), lender.stock.view("toUIAmount", 100 * ONE)

    def nothing_moved(waits: bool) -> None:
        assert lender.amounts() == amounts
        with reverts(WAITS if waits else HEALTHY):
            lender.liquidate()
        with reverts(WAITS if waits else UNCOVERED):
            lender.borrow(3_000 * USD)

    actions.pass_one(2, 1, nothing_moved)
    lender.stage.price(price=RAW_PRICE)  # 125.00 a share, and two of them
    nothing_moved(False)
    actions.pass_one(*DIVIDEND, nothing_moved)
    lender.stage.price(price=RAW_PRICE)  # what the share lost is in the multiplier
    nothing_moved(False)
    assert lender.stock.view("toUIAmount", 100 * ONE) == shown * 2 * 12_521 // 12_500


def test_split_and_dividend__debt_bears_interest__it_grows_as_it_would_have_without_them(
    lender: Lender, actions: CorporateActions
) -> None:
    later = lender.stage.now() + 2 * DAY
    snapshot = lender.stage.rpc.call("evm_snapshot")
    lender.stage.evm.set_time(later)
    lender.morpho.send("stranger", "accrueInterest", lender.market)
    without = lender.amounts()
    lender.stage.rpc.call("evm_revert", snapshot)
    actions.pass_both(lambda _: None)
    assert lender.stage.now() == later
    lender.morpho.send("stranger", "accrueInterest", lender.market)
    assert lender.amounts() == without
    owed = lender.totals()[2]
    assert owed > DEBT if lender.interest else owed == DEBT


def test_repay_and_withdraw__after_split_and_dividend__gives_the_stock_back_to_the_atom(
    lender: Lender, actions: CorporateActions
) -> None:
    """Even while the price waits: whoever owes nothing needs none."""
    actions.pass_both(lambda _: None)
    with reverts(WAITS):
        lender.liquidate()
    lender.repay_all()
    stock_of_alice, stock_of_bob, dollars_of_alice, dollars_of_bob = lender.held()
    assert (stock_of_alice, stock_of_bob) == (100 * ONE, 50 * ONE)
    assert lender.stock.view("balanceOf", lender.morpho.at) == 0
    paid = 100_000 * USD - dollars_of_alice
    assert paid > 0 if lender.interest else paid == 0
    left = lender.dollars.view("balanceOf", lender.morpho.at)
    assert (dollars_of_bob - 100_000 * USD) + left == paid
    assert left <= 1  # what Morpho's rounding keeps


def test_split__price_given_per_share__is_refused_or_liquidates_a_healthy_borrower(
    lender: Lender, actions: CorporateActions
) -> None:
    """What the rule guards against, so that the tests above are seen to be able to fail."""
    actions.pass_one(2, 1, lambda _: None)
    with reverts("price: move was large"):
        lender.stage.price(price=125_00 * CENT)
    lender.stage.price(price=125_00 * CENT, large_move=True, signers=("price", "attestor"))  # two keys err alike
    lender.liquidate()
    assert lender.stock.view("balanceOf", account("bob")) == 60 * ONE
