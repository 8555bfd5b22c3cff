"""The drill: a platform with holders, a pool, a claim, an escrow and a crossing; then its processes and its database are
gone, and the security agent's command pays whoever the books would have paid, from the public record alone."""

import csv
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.issuance.contracts.stage import account
from tests.thirdparty.foreign import Packages

from openscrip.assets.compliance.persons import Person, PersonKind
from openscrip.bootstrap.capital import pay_in_capital
from openscrip.bootstrap.investors import Investor, cross, onboard, pay, put_into_escrow, send
from openscrip.bootstrap.lanes import open_lanes, propose_lanes
from openscrip.bootstrap.places import Places
from openscrip.bootstrap.platform import build_platform
from openscrip.bootstrap.reporting import coverage_of
from openscrip.bootstrap.running import CAPITAL, Running
from openscrip.bootstrap.stack import Stack
from openscrip.issuance.indexer.indexer import Indexer
from openscrip.issuance.indexer.solana import SolanaHistory
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.voucher import RedemptionKind, chain_hash
from openscrip.kernel.clock import instant
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.settings import Market, Settings

pytestmark = pytest.mark.parts
START, DIVIDEND_OVER = "2024-08-05T12:00:00Z", "2024-08-14T14:00:00Z"
ONE = 10**18
V2 = "@uniswap/v2-core/build"


@dataclass
class Drill:
    """What the books said, and what the agent found when they were gone."""

    people: dict[str, Investor]
    tokens: dict[str, str]
    owed: dict[tuple[str, str], int]
    """Shares (1e-9) of AAPL that the books owed to each (chain, address), by the issuer's own index, rows and multiplier."""
    held: Shares
    multiplier: str
    told: dict[str, Any]
    folder: Path
    pair: str

    def stock(self, symbol: str) -> dict[str, Any]:
        return next(each for each in self.told["stocks"] if each["symbol"] == symbol)

    def payments(self, symbol: str) -> dict[tuple[str, str], dict[str, Any]]:
        return {(each["chain"], each["address"].lower()): each for each in self.stock(symbol)["payments"]}


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    data = tmp_path_factory.mktemp("issuer")
    settings = Settings(data, market=Market("accelerated", START))
    stack = Stack(settings, Places(data))
    run = Running(stack, build_platform(settings, Places(data), stack.start()))
    try:
        pay_in_capital(run.platform, CAPITAL)
        run.start()
        people = played(run)
        pair = pooled(run, people["alice"])
        stop_working(run)
        left = left_behind(run, people)
        owed, shown = books_say(run, people, pair, left), coverage_of(run.platform, "AAPL")
        token = run.platform.stock("AAPL").tokens
        run.platform.close()
        stack.watch.stop()
        stack.broker.stop()
        agent = tmp_path_factory.mktemp("agent")
        shutil.copy(data / "watch" / "config.json", agent / "config.json")
        for folder in ("platform", "keys", "public", "reports", "watch", "wallets"):
            shutil.rmtree(data / folder, ignore_errors=True)
        told = wound_down(agent, pair)
        yield Drill(people, dict(token), owed, shown.held, str(shown.multiplier), told, agent, pair)
    finally:
        stop_working(run)
        stack.stop()


def stop_working(run: Running) -> None:
    """The issuer's workers are gone; its books can still be read."""
    for child in run.workers:
        child.stop()
    run._stop.set()
    if run._thread.is_alive():
        run.worker.nudge()
        run._thread.join(60)
    run.tenure.stop()


def played(run: Running) -> dict[str, Investor]:
    """Four hold AAPL on two chains through a dividend; bob's redemption in kind is burned and not delivered."""
    platform = run.platform
    run.list_stock("AAPL")
    propose_lanes(platform, platform.stock("AAPL"))
    people = {}
    for name in ("alice", "bob", "carla", "dora"):
        person = Person(name, f"{name.title()} Brandt", PersonKind.NATURAL, "DE", "DE", "DE")
        people[name] = onboard(platform, run.stack, person)
    for name, chain, shares in (("alice", "evm", "40"), ("bob", "solana", "30.5"), ("dora", "evm", "7.123456789")):
        wallet = people[name].address(chain)
        pay(platform, platform.market.subscribe(f"buy-{name}", name, "AAPL", chain, wallet, Shares.parse(shares)))
    run.advance_to(instant("2024-08-09T21:00:00Z"))
    open_lanes(platform, platform.stock("AAPL"))
    send(platform, people["alice"], "evm", "AAPL", people["carla"].address("evm"), RawAmount.parse("1.00000003"))
    send(platform, people["bob"], "solana", "AAPL", people["carla"].address("solana"), RawAmount.parse("0.25"))
    run.advance_to(instant(DIVIDEND_OVER))
    asked = ("claim-bob", "bob", "AAPL", "solana", people["bob"].address("solana"), RawAmount.parse("5"))
    put_into_escrow(platform, people["bob"], platform.market.redeem(*asked, RedemptionKind.IN_KIND, "ACCOUNT-OF-BOB"))
    burned(run, "claim-bob")
    return people


def burned(run: Running, request: str) -> None:
    """Wait for the burn. Nothing is in flight before the escrow is seen either, so being idle does not tell."""
    ends = time.monotonic() + 60
    while True:
        run.settle()
        with run.platform.store.view() as view:
            row = view.row(Redemption, request)
            if row is not None and row.burn_tx:
                return
        assert time.monotonic() < ends, f"never burned: {request}; {run.worker.troubles()}"
        time.sleep(0.05)


def pooled(run: Running, alice: Investor) -> str:
    """Alice's ten tokens in a Uniswap pair, all of whose liquidity is hers; the pair's address."""
    rpc, token = run.platform.evm_node.rpc, run.platform.stock("AAPL").token("evm")
    me = alice.address("evm")
    for each in (me, account("stranger")):
        rpc.call("anvil_setBalance", each, hex(ONE))
        rpc.call("anvil_impersonateAccount", each)
    packages = Packages(SimpleNamespace(rpc=rpc, node=run.platform.evm_node))  # type: ignore[arg-type]  # all that it uses
    dollars = packages.deploy("@aave/core-v3/artifacts/contracts/mocks/tokens/MintableERC20", "Dollars", "USDX", 6)
    factory = packages.deploy(f"{V2}/UniswapV2Factory", account("stranger"))
    factory.send("stranger", "createPair", token, dollars.at)
    pair = packages.at(f"{V2}/UniswapV2Pair", factory.view("getPair", token, dollars.at))
    dollars.send("stranger", "mint", pair.at, 2_000 * 10**6)
    send(run.platform, alice, "evm", "AAPL", pair.at, RawAmount.parse("10"))
    pair.send(me, "mint", me)
    return str(pair.at)


def left_behind(run: Running, people: dict[str, Investor]) -> dict[str, int]:
    """What holders did when nobody of the issuer's was there: an escrow and a departure that nobody ends. Raw, 1e-18."""
    platform = run.platform
    asked = ("escrow-dora", "dora", "AAPL", "evm", people["dora"].address("evm"), RawAmount.parse("2"))
    put_into_escrow(platform, people["dora"], platform.market.redeem(*asked, RedemptionKind.IN_KIND, "ACCOUNT-OF-DORA"))
    cross(platform, people["alice"], "AAPL", "evm", "solana", RawAmount.parse("3"), "cross-alice")
    return {"escrow": 2 * ONE, "crossing": 3 * ONE}


def books_say(run: Running, people: dict[str, Investor], pair: str, left: dict[str, int]) -> dict[tuple[str, str], int]:
    """Who is owed how many shares, by the issuer's index and rows before they are gone."""
    platform = run.platform
    look, stock = platform.reconciler, platform.stock("AAPL")
    for indexer in look._indexers.values():
        read_all_that_landed(indexer)
    raw: dict[tuple[str, str], int] = {}
    for chain, token in stock.tokens:
        for holder, atoms in look._indexers[chain].store.holders(chain, token).entries:
            raw[chain, holder.lower()] = atoms
    issuer = platform.wiring.evm_chains["evm"].contracts.issuer.lower()
    raw.pop(("evm", issuer))
    raw.pop(("evm", pair.lower()))
    for who, more in (("dora", left["escrow"]), ("alice", left["crossing"])):
        raw["evm", people[who].address("evm").lower()] += more
    multiplier = coverage_of(platform, "AAPL").multiplier
    owed = {who: multiplier.to_shares_down(RawAmount(atoms)).atoms for who, atoms in raw.items()}
    with platform.store.view() as view:
        for row in view.rows(Redemption, stock="AAPL"):
            if row.burn_tx:
                owed[row.chain, row.wallet.lower()] += row.claim.atoms
    return owed


def read_all_that_landed(indexer: Indexer) -> None:
    """A slot of Solana that is not over yet is not read: wait until it is, and read it."""
    if isinstance(indexer.history, SolanaHistory):
        newest = indexer.history._call("getSlot", {"commitment": "processed"})
        while indexer.history.heads()[0] < newest:
            time.sleep(0.05)
    assert indexer.catch_up(), f"{indexer.chain} was not read to its end"


def wound_down(agent: Path, pair: str) -> dict[str, Any]:
    """The agent's command, as a process that knows the configuration alone."""
    venues = {"venues": [{"chain": "evm", "address": pair, "kind": "shares"}]}
    (agent / "venues.json").write_text(json.dumps(venues))
    command = [sys.executable, "-m", "openscrip_watch", "wind-down", "--config", str(agent / "config.json")]
    command += ["--resolvers", str(agent / "venues.json"), "--out", str(agent / "lists"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"][0] == str(agent / "lists" / "wind-down.json")
    found: dict[str, Any] = json.loads((agent / "lists" / "wind-down.json").read_text())
    return found


def test_everybody_gets_what_the_books_would_have_paid(drill: Drill) -> None:
    paid = {who: Shares.parse(each["shares"]).atoms for who, each in drill.payments("AAPL").items()}
    alice = ("evm", drill.people["alice"].address("evm").lower())
    in_pool = paid.pop(alice) - drill.owed.pop(alice)
    assert paid == drill.owed
    whole = Fraction(10 * ONE) * Fraction(drill.multiplier) / 10**9
    assert abs(whole - in_pool) <= 1, "all of the pair is alice's, but for less than an atom that is nobody's"


def test_a_claim_an_escrow_and_a_crossing_are_their_holders(drill: Drill) -> None:
    how = {who: each["how"] for who, each in drill.payments("AAPL").items()}
    address = {name: drill.people[name].address for name in drill.people}
    assert f"escrow {chain_hash('escrow-dora').hex()}" in how["evm", address["dora"]("evm").lower()]
    assert any(each.startswith("crossing ") for each in how["evm", address["alice"]("evm").lower()])
    assert f"shares {drill.pair.lower()}" in how["evm", address["alice"]("evm").lower()]
    claimed = drill.payments("AAPL")["solana", address["bob"]("solana").lower()]
    assert f"claim {chain_hash('claim-bob').hex()} of epoch 0" in claimed["how"]
    assert Shares.parse(claimed["claimed"]) > Shares.whole(5), "five raw at a multiplier above one"


def test_all_payments_and_the_remainder_are_the_shares_that_are_held(drill: Drill) -> None:
    stock = drill.stock("AAPL")
    paid = sum(Shares.parse(each["shares"]).atoms for each in stock["payments"])
    apart = sum(Shares.parse(each["shares"]).atoms for each in stock["held_apart"])
    assert Shares.parse(stock["held"]) == drill.held
    assert paid + apart + Shares.parse(stock["remainder"]).atoms == drill.held.atoms
    assert (Shares.parse(stock["paid"]).atoms, Shares.parse(stock["apart"]).atoms) == (paid, apart)
    assert not stock["short"]
    assert stock["multiplier"] == drill.multiplier != "1"
    assert [each["why"] for each in stock["held_apart"]] == ["what the venue gives to nobody"]


def test_the_list_for_the_bank_says_the_same(drill: Drill) -> None:
    with (drill.folder / "lists" / "payments-AAPL.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["apart"]]
    listed = {(row["chain"], row["address"].lower()): row["shares"] for row in rows}
    assert listed == {who: each["shares"] for who, each in drill.payments("AAPL").items()}
