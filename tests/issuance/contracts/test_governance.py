"""What the guardian stops alone at once, and what the timelock undoes after its wait, through the wrappers of Python."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.issuance.contracts.stage import (
    NOBODY,
    NODE_MODULES,
    ONE,
    TSLA,
    Reverted,
    Stage,
    account,
    key,
    reverts,
)

from openscrip.issuance.chains.evm import governance
from openscrip.issuance.chains.evm.deployment import TIMELOCK_DELAY_S_MIN, SignerRole, SignerSet, TokenLimits
from openscrip.issuance.chains.evm.governance import (
    EvmGuardian,
    EvmTimelock,
    FreezeReason,
    Lane,
    PauseScope,
    Undoing,
)
from openscrip.issuance.chains.evm.registry import OtherDeployment, read_deployments
from openscrip.issuance.chains.evm.wallet import EvmWallet
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.voucher import chain_hash
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.quantities import RawAmount

LOWER = TokenLimits(*(RawAmount.parse(text) for text in ("1000", "100", "10")))
HIGHER = TokenLimits(*(RawAmount.parse(text) for text in ("200000000", "20000000", "2000000")))


@pytest.fixture
def guardian(stage: Stage) -> EvmGuardian:
    stage.evm.fund(account("guardian"))
    return EvmGuardian(stage.node, stage.at, key("guardian"))


@pytest.fixture
def timelock(stage: Stage) -> EvmTimelock:
    for name in ("issuer", "approver"):
        stage.evm.fund(account(name))
    return EvmTimelock(stage.node, stage.at, NODE_MODULES)


def do(stage: Stage, timelock: EvmTimelock, what: Undoing) -> dict[str, Any]:
    """Propose, wait, be refused a second early, execute by the second key; the receipt."""
    timelock.propose(what, key("issuer"))
    stage.pass_time(TIMELOCK_DELAY_S_MIN - 1)
    with pytest.raises(Refused):
        timelock.execute(what, key("approver"))
    stage.pass_time(1)
    with pytest.raises(Refused):
        timelock.execute(what, key("issuer"))
    (receipt,) = stage.node.receipts([timelock.execute(what, key("approver"))])
    assert receipt is not None
    return receipt


# ------------------------------------------------------------------ at once, by the guardian


@pytest.mark.parametrize("scope", [PauseScope.TRANSFERS, PauseScope.PRIMARY, PauseScope.BRIDGE, PauseScope.ALL])
def test_pause__of_a_scope__stands_until_the_timelock_lifts_it(
    stage: Stage, guardian: EvmGuardian, timelock: EvmTimelock, scope: PauseScope
) -> None:
    guardian.pause(stage.token, scope)
    assert stage.token_view("pauses") == int(scope)
    with pytest.raises(Refused, match="token: was paused"):
        guardian.pause(stage.token, scope)
    do(stage, timelock, governance.unpausing(stage.token, scope=scope))
    assert stage.token_view("pauses") == 0


def test_pause__without_a_scope__is_of_everything(stage: Stage, guardian: EvmGuardian, timelock: EvmTimelock) -> None:
    guardian.pause(stage.token)
    assert stage.token_view("pauses") == 7
    with reverts("token: was paused"):
        stage.send("alice", "StockToken", "transfer", account("bob"), ONE)
    do(stage, timelock, governance.unpausing(stage.token))
    stage.send("alice", "StockToken", "transfer", account("bob"), ONE)


def test_lane__opened_by_the_timelock_and_lowered_by_the_guardian__lets_a_wallet_depart(
    stage: Stage, guardian: EvmGuardian, timelock: EvmTimelock
) -> None:
    stage.evm.fund(account("alice"))
    open_lane = Lane("eip155:8453", RawAmount.parse("2"), 600)
    wallet, there = EvmWallet(stage.node, stage.at, key("alice")), ("eip155:8453", "00" * 31 + "01")
    with pytest.raises(Refused, match="issuer: lane was closed"):
        wallet.depart(stage.token, RawAmount.parse("1"), *there, "crossing-1")
    do(stage, timelock, governance.setting_lane(stage.at, stage.token, open_lane))
    wallet.depart(stage.token, RawAmount.parse("1"), *there, "crossing-1")
    assert wallet.balance(stage.token) == RawAmount.parse("99")
    guardian.lower_lane(stage.token, replace(open_lane, hour_cap=RawAmount.parse("1.5")))
    with pytest.raises(Refused, match="issuer: hourly departure cap was reached"):
        wallet.depart(stage.token, RawAmount.parse("1"), *there, "crossing-2")
    destination = chain_hash("chain:eip155:8453")
    assert stage.view("Issuer", "lane_of", stage.token, destination)[:2] == (3 * ONE // 2, 600)
    key_of_it = stage.view("Issuer", "redemption_key", account("alice"), chain_hash("crossing-1"))
    assert stage.view("Issuer", "crossing_of", key_of_it)[1:] == (destination, bytes(31) + b"\1")


def test_freeze__and_recovery__and_unfreezing(stage: Stage, guardian: EvmGuardian, timelock: EvmTimelock) -> None:
    guardian.freeze(stage.token, account("alice"), FreezeReason.THEFT_OR_LOST_KEY)
    assert stage.token_view("freeze_reason", "alice") == 3
    seizing = governance.recovering(
        stage.token, account("alice"), account("carol"), RawAmount(40 * ONE), b"\5" * 32, FreezeReason.ORDER
    )
    do(stage, timelock, seizing)
    assert (stage.token_view("balanceOf", "alice"), stage.token_view("balanceOf", "carol")) == (60 * ONE, 40 * ONE)
    do(stage, timelock, governance.unfreezing(stage.token, account("alice"), FreezeReason.MISTAKE))
    stage.send("alice", "StockToken", "transfer", account("bob"), 60 * ONE)


def test_list__stands_until_the_timelock_takes_it_off(stage: Stage, guardian: EvmGuardian, timelock: EvmTimelock) -> None:
    guardian.list_address(account("alice"))
    with reverts("policy: sender was listed"):
        stage.send("alice", "StockToken", "transfer", account("bob"), ONE)
    do(stage, timelock, governance.unlisting(stage.at, account("alice")))
    stage.send("alice", "StockToken", "transfer", account("bob"), ONE)


def test_limits__the_guardian_lowers_and_the_timelock_raises(
    stage: Stage, guardian: EvmGuardian, timelock: EvmTimelock
) -> None:
    guardian.lower_limits(stage.token, LOWER)
    assert stage.view("Issuer", "limits_of", stage.token) == (1_000 * ONE, 100 * ONE, 10 * ONE)
    with pytest.raises(Refused, match="issuer: guardian only lowers limits"):
        guardian.lower_limits(stage.token, HIGHER)
    do(stage, timelock, governance.setting_limits(stage.at, stage.token, HIGHER))
    assert stage.view("Issuer", "limits_of", stage.token) == (2 * 10**8 * ONE, 2 * 10**7 * ONE, 2 * 10**6 * ONE)


def test_price__halted_by_the_guardian__is_read_again_after_the_wait(
    stage: Stage, guardian: EvmGuardian, timelock: EvmTimelock
) -> None:
    stage.price()
    guardian.halt_price(stage.price_feed)
    with reverts("price: was halted"):
        stage.view("PriceFeed", "latestRoundData")
    do(stage, timelock, governance.resuming_price(stage.price_feed))
    stage.price()
    assert stage.view("PriceFeed", "latestRoundData")[1] == 200 * 10**8


# ------------------------------------------------------------------ after the wait, by two keys


def test_terms__of_the_longest_length__fit_in_a_transaction(stage: Stage, timelock: EvmTimelock) -> None:
    terms, uri = "t" * 512, "u" * 512
    receipt = do(stage, timelock, governance.setting_terms(stage.token, terms))
    assert stage.token_view("terms") == terms
    # sixteen words of storage: what a fixed limit of 300,000 could not pay
    assert int(receipt["gasUsed"], 16) > 300_000
    do(stage, timelock, governance.setting_contract_uri(stage.token, uri))
    assert stage.token_view("contractURI") == uri


def test_signers__replaced__void_what_the_old_signed(stage: Stage, timelock: EvmTimelock) -> None:
    names = ("first attestor", "second attestor", "third attestor")
    do(stage, timelock, governance.setting_signers(
        stage.at, SignerRole.ATTESTOR, SignerSet(tuple(account(name) for name in names), 2)
    ))  # fmt: skip
    assert stage.view("Signers", "threshold", 2) == 2
    assert set(stage.view("Signers", "members", 2)) == {account(name).lower() for name in names}
    stage.report(signer=names[:2])
    stage.mint(signers=("issuer", names[1:]))
    with reverts("issuer: attestor signature was wrong"):
        stage.mint()
    with reverts("issuer: attestor signature was wrong"):
        stage.mint(signers=("issuer", names[0]))
    with reverts("issuer: attestor signature was wrong"):
        stage.mint(signers=("issuer", names))


def test_pool__named__mints_within_its_bucket__and_removed_no_more(stage: Stage, timelock: EvmTimelock) -> None:
    capacity = RawAmount(30 * ONE)
    do(stage, timelock, governance.setting_pool(stage.token, account("pool"), capacity, RawAmount(10**10)))
    stage.report()
    stage.send("pool", "StockToken", "mint", account("carol"), 5 * ONE)
    removal = governance.setting_pool(stage.token, account("pool"), RawAmount(0), RawAmount(0))
    do(stage, timelock, removal)
    with pytest.raises(Reverted):
        stage.send("pool", "StockToken", "mint", account("carol"), 5 * ONE)


def test_mirror_and_source__named__and_taken_away_again(stage: Stage, timelock: EvmTimelock) -> None:
    do(stage, timelock, governance.setting_mirror(stage.at, account("keeper"), 3_600))
    assert (stage.view("Policy", "keeper"), stage.view("Policy", "mirror_age_s_max")) == (account("keeper").lower(), 3_600)
    do(stage, timelock, governance.setting_mirror(stage.at, NOBODY, 0))
    assert stage.view("Policy", "keeper") == NOBODY
    code = own("Policy").creation(account("stranger"), account("stranger"))
    source = stage.send_data("stranger", None, code)["contractAddress"]
    do(stage, timelock, governance.setting_source(stage.at, source))
    assert stage.view("Policy", "source") == source
    do(stage, timelock, governance.setting_source(stage.at, NOBODY))
    assert stage.view("Policy", "source") == NOBODY


def test_guardian__replaced__stops_no_more(stage: Stage, guardian: EvmGuardian, timelock: EvmTimelock) -> None:
    do(stage, timelock, governance.setting_guardian(stage.at, account("new guardian")))
    with pytest.raises(Refused, match="token: caller was not the guardian"):
        guardian.pause(stage.token)
    stage.send("new guardian", "StockToken", "pause")


def test_deployment__elsewhere__is_added(stage: Stage, timelock: EvmTimelock) -> None:
    do(stage, timelock, governance.adding_deployment(stage.at, TSLA.isin, "eip155:1", stage.token))
    found = [OtherDeployment("eip155:1", stage.token)]
    assert read_deployments(stage.node, stage.at.registry, TSLA.isin) == found


def test_salt__tells_two_of_the_same_apart(stage: Stage, guardian: EvmGuardian, timelock: EvmTimelock) -> None:
    undoing = governance.unlisting(stage.at, account("alice"))
    for salt in (b"\0" * 32, b"\1" * 32):
        guardian.list_address(account("alice"))
        do(stage, timelock, undoing.salted(salt))
    guardian.list_address(account("alice"))
    with pytest.raises(Refused):
        timelock.propose(undoing, key("issuer"))


# ------------------------------------------------------------------ nobody else


@pytest.mark.parametrize("name", ["issuer", "lister", "approver", "attestor", "stranger"])
def test_guardian__by_another_key__is_refused_before_anything_is_sent(stage: Stage, name: str) -> None:
    other = EvmGuardian(stage.node, stage.at, key(name))
    before = stage.node.nonce(account(name))
    acts: list[Callable[[], str]] = [
        lambda: other.pause(stage.token),
        lambda: other.freeze(stage.token, account("alice"), FreezeReason.ORDER),
        lambda: other.list_address(account("alice")),
        lambda: other.lower_limits(stage.token, LOWER),
        lambda: other.halt_price(stage.price_feed),
    ]
    for act in acts:
        with pytest.raises(Refused, match="caller was n"):
            act()
    assert stage.node.nonce(account(name)) == before


def test_timelock__what_it_does__is_refused_to_every_key(stage: Stage) -> None:
    at, token, alice = stage.at, stage.token, account("alice")
    acts = [
        governance.unpausing(token), governance.unlisting(at, alice), governance.resuming_price(stage.price_feed),
        governance.unfreezing(token, alice, FreezeReason.MISTAKE), governance.setting_terms(token, "t"),
        governance.recovering(token, alice, account("bob"), RawAmount(1), b"\1" * 32, FreezeReason.ORDER),
        governance.setting_contract_uri(token, "u"), governance.setting_guardian(at, alice),
        governance.setting_pool(token, alice, RawAmount(1), RawAmount(1)), governance.setting_mirror(at, alice, 1),
        governance.setting_signers(at, SignerRole.ISSUER, SignerSet((alice,))), governance.setting_source(at, NOBODY),
        governance.adding_deployment(at, TSLA.isin, "eip155:1", token),
    ]  # fmt: skip
    for act in acts:
        for caller in ("issuer", "approver", "guardian", "lister", "stranger"):
            with pytest.raises(Reverted, match="caller was not the owner"):
                stage.send_data(caller, act.contract, act.data)
    upgrade = governance.upgrading(at, at.implementation, NODE_MODULES)
    raising = governance.setting_limits(at, token, HIGHER)
    for caller in ("issuer", "approver", "lister", "stranger"):
        with pytest.raises(Reverted, match="revert"):
            stage.send_data(caller, upgrade.contract, upgrade.data)
        with pytest.raises(Reverted, match="issuer: caller was neither owner nor guardian"):
            stage.send_data(caller, raising.contract, raising.data)


def test_governance__of_what_is_no_address__is_refused(stage: Stage, guardian: EvmGuardian) -> None:
    with pytest.raises(Malformed, match="was not an EVM address"):
        guardian.freeze(stage.token, "alice", FreezeReason.ORDER)
    with pytest.raises(Malformed, match="was not an EVM address"):
        governance.setting_guardian(stage.at, "alice")
