"""A delisted token is paid at a fixed price from a pot: the token burns first, and the pot never pays what was not paid in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.issuance.contracts.corporate import (
    BOTH,
    CASH,
    DAY,
    META,
    NOTICE,
    POT,
    WindDown,
    ask,
    balance,
    change_by,
    delisting,
    deploy_coin,
    give,
    looking_at,
    merger,
    open_now,
    tell,
)
from tests.issuance.contracts.dividend import stablecoin
from tests.issuance.contracts.stage import NOBODY, NOTHING, ONE, Stage, account, events, reverts

from openscrip.assets.listings import instruments
from openscrip.issuance.chains.evm.deployment import ListedToken
from openscrip.issuance.contracts.artifact import own


@pytest.fixture
def ended(stage: Stage) -> WindDown:
    return WindDown(stage)


@pytest.fixture
def funded(ended: WindDown) -> WindDown:
    ended.fund()
    return ended


# The pot


def test_fund__what_arrives__is_in_the_pot_and_told(ended: WindDown) -> None:
    receipt = ended.fund(7)
    [(topics, said)] = events(receipt, "Conversion", "Funded")
    assert topics[0] == "0x" + ended.id.hex()
    assert topics[1][-40:] == account("payer")[2:].lower()
    assert said == {"amount": 7}
    ended.fund(5)
    assert (ended.pot(), ended.held(ended.stage.at.conversion)) == (12, 12)


def test_fund__nothing__reverts(ended: WindDown) -> None:
    with reverts("conversion: amount was zero"):
        ended.fund(0)


@pytest.mark.parametrize("fee", [1, -1])
def test_fund__another_amount_arrives__reverts(ended: WindDown, fee: int) -> None:
    ended.misbehave(fee=fee)
    with reverts("conversion: another amount was received"):
        ended.fund(100)
    assert ended.pot() == 0


def test_fund__stablecoin_answers_false__reverts(ended: WindDown) -> None:
    ended.misbehave(lies=True)
    with reverts("conversion: transfer failed"):
        ended.fund(100)


def test_fund_and_redeem__stablecoin_answers_nothing__are_accepted(ended: WindDown) -> None:
    ended.misbehave(silent=True)
    ended.fund()
    ended.redeem("alice", ONE)
    assert ended.held("alice") == CASH


def test_fund_and_redeem__before_its_effect__revert(stage: Stage) -> None:
    coin = deploy_coin(stage)
    action = delisting(stage, coin)
    open_now(stage, action, wait=False)
    stage.pass_time(NOTICE - 1)
    for function, argument in (("fund", 1), ("redeem", ONE)):
        with reverts("conversion: action was not in force"):
            stage.send("alice", "Conversion", function, action["id"], argument)
    with reverts("conversion: action was not in force"):
        stage.send(stage.at.timelock, "Conversion", "return_remainder", action["id"], account("treasury"))
    tell(stage, coin, "mint", "payer", 10)
    tell(stage, coin, "approve", stage.at.conversion, 10, sender="payer")
    stage.pass_time(1)
    stage.send("payer", "Conversion", "fund", action["id"], 10)
    assert stage.view("Conversion", "pot", action["id"]) == 10


def test_fund_and_redeem__by_an_action_of_another_kind__revert(stage: Stage) -> None:
    split = stage.action(ratio_new=2, ratio_old=1)
    stage.schedule(change_by(stage, split, 2, 1), BOTH, split)
    stage.pass_time(DAY)
    merged = merger(stage, stage.list_stock(META).token)
    open_now(stage, merged)
    for action in (split, merged):
        for function in ("fund", "redeem"):
            with reverts("conversion: action paid no cash"):
                stage.send("alice", "Conversion", function, action["id"], ONE)


# Paying out


def test_redeem__pays_the_fixed_price_for_what_it_burns_and_tells(funded: WindDown) -> None:
    raw = 40 * ONE + 1
    receipt = funded.redeem("alice", raw)
    [(topics, said)] = events(receipt, "Conversion", "WoundDown")
    assert topics[0] == "0x" + funded.id.hex()
    assert topics[1][-40:] == account("alice")[2:].lower()
    assert said == {"raw": raw, "paid": 40 * CASH}
    [(topics, said)] = events(receipt, "Issuer", "Surrendered")
    assert topics[2][-40:] == account("alice")[2:].lower()
    assert said == {"rawAmount": raw}
    assert balance(funded.stage, funded.stage.token, "alice") == 100 * ONE - raw
    assert funded.stage.token_view("totalSupply") == 150 * ONE - raw
    assert (funded.held("alice"), funded.pot()) == (40 * CASH, POT - 40 * CASH)
    funded.stage.finish(funded.id)
    funded.redeem("bob", 50 * ONE)
    assert funded.held("bob") == 50 * CASH


def test_redeem__burns_before_it_pays(funded: WindDown) -> None:
    receipt = funded.redeem("alice", ONE)
    trace = funded.stage.rpc.call("debug_traceTransaction", receipt["transactionHash"], {"tracer": "callTracer"})
    called = [(call["to"].lower(), call["input"][:10]) for call in trace["calls"]]
    surrender = "0x" + own("Issuer").call("surrender", NOBODY, NOBODY, 0, NOTHING)[:4].hex()
    transfer = "0x" + stablecoin().call("transfer", NOBODY, 0)[:4].hex()
    assert called.index((funded.stage.at.issuer.lower(), surrender)) < called.index((funded.coin.lower(), transfer))


def test_redeem__what_is_worth_nothing__reverts(funded: WindDown) -> None:
    least = -(-ONE // CASH)
    for raw in (0, least - 1):
        with reverts("conversion: amount was too small"):
            funded.redeem("alice", raw)
    funded.redeem("alice", least)
    assert funded.held("alice") == 1


def test_redeem__more_than_the_pot__reverts_and_burns_nothing(ended: WindDown) -> None:
    ended.fund(10 * CASH - 1)
    with reverts("conversion: pot was too small"):
        ended.redeem("alice", 10 * ONE)
    assert balance(ended.stage, ended.stage.token, "alice") == 100 * ONE
    tell(ended.stage, ended.coin, "mint", ended.stage.at.conversion, 10**12)
    with reverts("conversion: pot was too small"):
        ended.redeem("alice", 10 * ONE)
    ended.fund(1)
    ended.redeem("alice", 10 * ONE)
    assert ended.pot() == 0


def test_redeem__more_than_could_ever_be__reverts(stage: Stage) -> None:
    dearest = WindDown(stage, cash=2**128 - 1)
    with reverts("conversion: amount was too large"):
        dearest.redeem("alice", 2**128)
    with reverts("conversion: pot was too small"):
        dearest.redeem("alice", 2**128 - 1)


def test_redeem__more_than_one_holds__reverts(ended: WindDown) -> None:
    ended.fund(2 * POT)
    with reverts("token: balance was too small"):
        ended.redeem("alice", 100 * ONE + 1)
    with reverts("token: allowance was too small"):
        ended.stage.send("bob", "Conversion", "redeem", ended.id, ONE)
    assert ended.pot() == 2 * POT


def test_redeem__by_who_is_listed__reverts(funded: WindDown) -> None:
    funded.stage.send("guardian", "Policy", "list_address", account("alice"))
    with reverts("policy: sender was listed"):
        funded.redeem("alice", ONE)


@pytest.mark.parametrize(
    ("fee", "surcharge", "reason"),
    [
        (1, 0, "conversion: another amount was received"),
        (-1, 0, "conversion: another amount was received"),
        (0, 1, "conversion: another amount was sent"),
        (0, -1, "conversion: another amount was sent"),
    ],
)
def test_redeem__another_amount_moves__reverts(funded: WindDown, fee: int, surcharge: int, reason: str) -> None:
    funded.misbehave(fee=fee, surcharge=surcharge)
    with reverts(reason):
        funded.redeem("alice", ONE)
    assert (funded.pot(), balance(funded.stage, funded.stage.token, "alice")) == (POT, 100 * ONE)


def test_redeem__stablecoin_answers_false__reverts(funded: WindDown) -> None:
    funded.misbehave(lies=True)
    with reverts("conversion: transfer failed"):
        funded.redeem("alice", ONE)


@pytest.mark.parametrize(
    ("moved_by", "way_in"),
    [
        ("fund", "fund"), ("fund", "redeem"), ("fund", "convert"), ("redeem", "fund"), ("redeem", "redeem"),
        ("redeem", "convert"), ("redeem", "return_remainder"), ("return_remainder", "fund"),
    ],
)  # fmt: skip
def test_contract__stablecoin_that_comes_back__is_refused_until_it_is_over(
    funded: WindDown, moved_by: str, way_in: str
) -> None:
    if moved_by == "return_remainder" or way_in == "return_remainder":
        funded.fund(9)
        funded.redeem("bob", 50 * ONE)
    if moved_by == "return_remainder":
        funded.redeem("alice", 100 * ONE)
    again = way_back(funded, way_in)
    funded.again(funded.stage.at.conversion, again)
    before = funded.pot()
    if moved_by == "fund":
        funded.fund(3)
    elif moved_by == "redeem":
        funded.redeem("alice", 100 * ONE)
    else:
        funded.return_remainder()
    assert ask(funded.stage, funded.coin, "entered") == 0
    assert funded.pot() == {"fund": before + 3, "redeem": before - 100 * CASH, "return_remainder": 0}[moved_by]
    funded.again(funded.stage.at.conversion, again)
    tell(funded.stage, funded.coin, "transfer", "stranger", 0)
    assert ask(funded.stage, funded.coin, "entered") == 1


def way_back(funded: WindDown, way_in: str) -> bytes:
    """The call with which the stablecoin comes back, once it has what the call needs."""
    stage, coin, at = funded.stage, funded.coin, funded.stage.at
    if way_in == "fund":
        tell(stage, coin, "mint", coin, 10)
        funded.do(coin, stablecoin().call("approve", at.conversion, 10))
        return own("Conversion").call("fund", funded.id, 10)
    if way_in == "redeem":
        stage.send("bob", "StockToken", "transfer", coin, ONE)
        funded.do(stage.token, own("StockToken").call("approve", at.issuer, ONE))
        return own("Conversion").call("redeem", funded.id, ONE)
    if way_in == "return_remainder":
        stage.send(at.timelock, "Policy", "transferOwnership", coin)
        funded.do(at.policy, own("Policy").call("acceptOwnership"))
        return own("Conversion").call("return_remainder", funded.id, account("mallory"))
    old, new = (stage.list_stock(instruments()[symbol]) for symbol in ("NVDA", "META"))
    give(stage, old, "bob", ONE)
    give(stage, new, "carol", ONE)
    with looking_at(stage, old):
        action = merger(stage, new.token)
        open_now(stage, action)
        stage.send("bob", "StockToken", "transfer", coin, ONE)
        funded.do(stage.token, own("StockToken").call("approve", at.issuer, ONE))
    return own("Conversion").call("convert", action["id"], ONE)


def test_pots__of_two_delistings__do_not_mix(stage: Stage) -> None:
    first = WindDown(stage)
    first.fund(CASH)
    listed = stage.list_stock(META)
    give(stage, listed, "carol", 10 * ONE)
    with looking_at(stage, listed):
        second = delisting(stage, first.coin, cash=2 * CASH)
        open_now(stage, second)
        stage.send("carol", "StockToken", "approve", stage.at.issuer, 10 * ONE)
        with reverts("conversion: pot was too small"):
            stage.send("carol", "Conversion", "redeem", second["id"], ONE)
        stage.send("payer", "Conversion", "fund", second["id"], 2 * CASH)
        stage.send("carol", "Conversion", "redeem", second["id"], ONE)
    assert (first.held("carol"), first.pot(), stage.view("Conversion", "pot", second["id"])) == (2 * CASH, CASH, 0)


@pytest.mark.slow
@settings(max_examples=15)
@given(cash=st.integers(1, 10**12), raws=st.lists(st.integers(1, 25 * ONE), min_size=1, max_size=4))
def test_redeem__any_amounts__pays_the_floor_of_each(deployed: Stage, cash: int, raws: list[int]) -> None:
    snapshot = deployed.rpc.call("evm_snapshot")
    give(deployed, ListedToken(deployed.token, deployed.feed, deployed.price_feed), "alice", 100 * ONE)
    down = WindDown(deployed, cash=cash)
    down.fund(100 * cash)
    due = 0
    for raw in raws:
        if raw * cash < ONE:
            with reverts("conversion: amount was too small"):
                down.redeem("alice", raw)
        else:
            down.redeem("alice", raw)
            due += raw * cash // ONE
    assert (down.held("alice"), down.pot()) == (due, 100 * cash - due)
    assert due <= sum(raws) * cash // ONE
    deployed.rpc.call("evm_revert", snapshot)


# What is left


@pytest.mark.parametrize(("less", "worthless"), [(1, True), (0, False)])
def test_remainder__once_all_that_is_held_is_worth_nothing__goes_out(stage: Stage, less: int, worthless: bool) -> None:
    ended, least = WindDown(stage, cash=10**6), 10**12
    ended.fund(150 * 10**6 + 9)
    ended.redeem("alice", 100 * ONE)
    with reverts("conversion: tokens were left"):
        ended.return_remainder()
    dust = least - less
    ended.redeem("bob", 50 * ONE - dust)
    assert stage.token_view("totalSupply") == dust
    if worthless:
        with reverts("conversion: amount was too small"):
            ended.redeem("bob", dust)
        ended.return_remainder()
        assert (ended.pot(), ended.held("treasury")) == (0, 10)
    else:
        with reverts("conversion: tokens were left"):
            ended.return_remainder()
        ended.redeem("bob", dust)
        assert ended.held("bob") == 50 * 10**6


def test_remainder__of_an_empty_supply__is_sent_once_and_told(ended: WindDown) -> None:
    ended.fund(POT + 1)
    ended.redeem("alice", 100 * ONE)
    ended.redeem("bob", 50 * ONE)
    receipt = ended.return_remainder()
    [(topics, said)] = events(receipt, "Conversion", "RemainderReturned")
    assert topics[0] == "0x" + ended.id.hex()
    assert topics[1][-40:] == account("treasury")[2:].lower()
    assert said == {"amount": 1}
    assert (ended.held("treasury"), ended.pot(), ended.held(ended.stage.at.conversion)) == (1, 0, 0)
    with reverts("conversion: nothing was left"):
        ended.return_remainder()


def test_remainder__by_anyone_but_the_owner__reverts(stage: Stage) -> None:
    ended = WindDown(stage)
    ended.fund(POT + 9)
    ended.redeem("alice", 100 * ONE)
    ended.redeem("bob", 50 * ONE)
    for sender in ("guardian", "corporate_action", "payer"):
        with reverts("conversion: caller was not the owner"):
            ended.return_remainder(sender=sender)


def test_remainder__to_nobody_or_a_listed_account__reverts(ended: WindDown) -> None:
    ended.fund(POT + 9)
    ended.redeem("alice", 100 * ONE)
    ended.redeem("bob", 50 * ONE)
    for nobody in (NOBODY, ended.stage.at.conversion):
        with reverts("conversion: receiver was nobody"):
            ended.return_remainder(nobody)
    ended.stage.send("guardian", "Policy", "list_address", account("mallory"))
    with reverts("conversion: receiver was listed"):
        ended.return_remainder("mallory")
    assert ended.pot() == 9


def test_remainder__of_tokens_in_escrow__waits_for_them(ended: WindDown) -> None:
    ended.fund(POT)
    ended.redeem("alice", 100 * ONE)
    ended.stage.escrow("bob", 50 * ONE, b"\3" * 32)
    with reverts("conversion: tokens were left"):
        ended.return_remainder()
    ended.stage.send("issuer", "Issuer", "burn", account("bob"), b"\3" * 32)
    ended.return_remainder()
    assert ended.held("treasury") == 50 * CASH
