"""The worker is killed at every deposit of coins and around every payout: each counts once, and is made once."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from tests.crash.outside import agrees_with_itself
from tests.crash.stage import STOCK, Stage

from openscrip.api.market import suspense_json
from openscrip.assets import accounts
from openscrip.bootstrap.coin_faucet import coin_on, coins_held, drip, send_coins
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.deposits import CoinDeposit
from openscrip.issuance.primary_market import PaidBy
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.schema import outbox

pytestmark = [pytest.mark.crash, pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(600)]

CHAINS = ("evm", "solana")
START, WRONG = Money.parse("5000"), Money.parse("3")


def _next_blockhash(cluster: Cluster) -> None:
    """Two equal transfers under one blockhash are one transaction there."""
    before, ends = cluster.lease().blockhash, time.monotonic() + 60
    while cluster.lease().blockhash == before and time.monotonic() < ends:
        time.sleep(0.05)


def subscribe(stage: Stage, chain: str) -> Subscription:
    """Ask for two shares; send a wrong amount first, then the right one, then the right one again."""
    wallet = stage.alice.address(chain)
    drip(stage.platform, chain, wallet, START)
    asked = stage.platform.market.subscribe(
        f"sub-{chain}", "alice", STOCK, chain, wallet, Shares.whole(2), paid_by=PaidBy("tusd", chain, wallet)
    )
    assert asked.state == "awaiting_payment", asked
    stage.asked.append(asked)
    for amount in (WRONG, asked.deposit, asked.deposit):
        send_coins(stage.platform, chain, "alice", coin_on(stage.platform, chain).treasury, amount)
        if chain == "solana":
            _next_blockhash(stage.platform.solana.cluster)
    return asked


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, set[tuple[str, str]]]]:
    deaths = tmp_path_factory.mktemp("coins") / "deaths"
    with Stage(deaths.parent / "data", solana_slot_ms=40) as played:
        for chain in CHAINS:
            subscribe(played, chain)
        played.play(lambda: {"deaths": str(deaths), "among": ["#try", "deposits:"]})
        parts = (line.partition("\t") for line in deaths.read_text().splitlines())
        yield played, {(point, subject) for point, _, subject in parts}


def test_a_worker_was_killed_around_every_payout_and_every_deposit(stage: tuple[Stage, set[tuple[str, str]]]) -> None:
    played, died = stage
    with played.platform.engine.connect() as connection:
        rows = connection.execute(select(outbox.c.key, outbox.c.kind)).all()
    payouts = [str(key) for key, kind in rows if kind == "PayCoins"]
    assert len(payouts) == 3 * len(CHAINS)  # each chain: the wrong amount, the second deposit, what was not needed
    for key in payouts:
        assert {("before effect", key), ("after effect", key), ("before transaction", key)} <= died, key
        assert {("signed", f"{key}#1"), ("submitted", f"{key}#1")} <= died, key
    for chain in CHAINS:
        assert any(point == "before transaction" and subject.startswith(f"deposits:{chain}@") for point, subject in died)
        assert any(point == "after record" and subject.startswith(f"deposits:{chain}@") for point, subject in died)
    print(f"crash: {played.kills} kills in {played.lives} lives")


@pytest.mark.parametrize("chain", CHAINS)
def test_every_coin_is_where_it_belongs(stage: tuple[Stage, set[tuple[str, str]]], chain: str) -> None:
    played, _ = stage
    platform = played.platform
    with platform.store.view() as view:
        deposits = [row for row in view.rows(CoinDeposit) if row.chain == chain]
        asked = view.row(Subscription, f"sub-{chain}")
        fees_and_shares = view.balance(accounts.client_payable(f"sub-{chain}"))
        booked = Money(view.balance(accounts.stable("tusd", chain)).debit)
        assert suspense_json(view) == {"deposits": [], "total": "0", "ledger": "0", "agrees": True}
    assert asked is not None
    assert [(row.state, row.rule) for row in deposits] == [
        ("returned", "deposit.amount"), ("credited", ""), ("returned", "deposit.twice"),
    ]  # fmt: skip
    assert asked.state == "completed"
    assert fees_and_shares.credits_posted == fees_and_shares.debits_posted
    kept = platform.coins.treasuries[chain].balance(coin_on(platform, chain).token)
    assert kept == booked
    assert coins_held(platform, chain, "alice") == START - kept


def test_books_and_watch_agree_after_all(stage: tuple[Stage, set[tuple[str, str]]]) -> None:
    agrees_with_itself(stage[0])
