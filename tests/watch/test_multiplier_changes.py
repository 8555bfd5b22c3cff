"""The attestor through a split and a dividend on real chains."""

from dataclasses import replace

import pytest
from tests.watch.asks import (
    SPLIT_BOOKED,
    SPLIT_DAY,
    SPLIT_OPEN,
    ask,
    change,
    delivery,
    notice,
    post,
    refused,
    release,
    schedule,
)
from tests.watch.stage import ISIN, STOCK, Stage

from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount

pytestmark = pytest.mark.parts


def test_tokens_are_out_before_the_split(stage: Stage) -> None:
    stage.mint("evm", "sub-1/1", "20", {"r-1": "20"})
    stage.mint("solana", "sub-2/1", "30", {"r-1": "30"})


def test_a_split_moves_the_multiplier_exactly_and_on_both_chains_alike(stage: Stage) -> None:
    told = notice("SPLF", SPLIT_DAY, ratio_new=10, ratio_old=1)
    action, event = (
        told["event_id"],
        {name: told[name] for name in ("event_id", "symbol", "event", "ex_date", "ratio_new", "ratio_old", "cash_usd")},
    )
    good = change(stage, "evm", action, "10", SPLIT_OPEN, 1)
    attest = stage.attestor.attest_multiplier
    refused("event.unknown", lambda: attest(good, event, None))
    stage.custodian.event("corporate_action", notice=told)
    refused("event.differs", lambda: attest(good, event | {"ratio_new": 9}, None))
    refused("event.action", lambda: attest(replace(good, action_id="other"), event, None))
    refused("multiplier.arithmetic", lambda: attest(change(stage, "evm", action, "11", SPLIT_OPEN, 1), event, None))
    refused("multiplier.epoch", lambda: attest(change(stage, "evm", action, "10", SPLIT_OPEN, 0), event, None))
    refused("multiplier.time", lambda: attest(change(stage, "evm", action, "10", SPLIT_OPEN - 1, 1), event, None))
    refused("multiplier.expected", lambda: attest(replace(good, expected=Multiplier.parse("2")), event, None))
    refused("multiplier.version", lambda: attest(replace(good, multiplier=Multiplier.parse("10", 7)), event, None))
    schedule(stage, good, event)
    refused("multiplier.differs", lambda: post(stage, ask(stage, "sub-40/1")))
    refused("multiplier.conflict", lambda: attest(replace(good, effective_at=SPLIT_OPEN + 60), event, None))
    later = change(stage, "solana", action, "10", SPLIT_OPEN + 60, 1)
    refused("multiplier.conflict", lambda: schedule(stage, later, event))
    schedule(stage, change(stage, "solana", action, "10", SPLIT_OPEN, 1), event)
    text = refused("covered.shortfall", lambda: post(stage, ask(stage, "sub-40/1", "100")))
    assert "owed" in text, "until the split is booked the higher multiplier counts"


def test_while_the_epochs_differ_nothing_is_minted_and_afterwards_receipts_count_ten_fold(stage: Stage) -> None:
    stage.set_time(SPLIT_BOOKED)
    stage.custodian.move("split", f"{STOCK}.SPLF.{SPLIT_DAY}", ISIN, 0, "10/1", "DEPOSITORY")
    refused("epoch.differs", lambda: post(stage, ask(stage, "sub-41/1")))
    refused("epoch.differs", lambda: post(stage, ask(stage, "sub-41/1", epoch=0, evidence__epoch=0)))
    stage.set_time(SPLIT_OPEN)
    refused(
        "evidence.used",
        lambda: post(stage, ask(stage, "sub-41/1", "1", evidence__receipts=[{"receipt": "r-1", "shares": "9999"}])),
    )
    receipts = [{"receipt": "r-1", "shares": "30"}]
    evidence = stage.evidence("sub-41/1", {"r-1": "30"})
    answer = post(stage, ask(stage, "sub-41/1", "3", evidence__receipts=receipts))
    assert answer["report"]["epoch"] == 1
    stage.publish(evidence)
    stage.land("evm", stage.evm.prepare_mint(stage.voucher("evm", "sub-41/1", "3", evidence), evidence))
    stage.mint("solana", "sub-42/1", "0.7", {"r-1": "7"})


def test_a_claim_of_the_old_epoch_is_worth_ten_times_the_shares(stage: Stage) -> None:
    """Burned before the split it would be 1 share; the release is judged in shares of the statement's epoch."""
    stage.evm_wallet().escrow(stage.listed.token, RawAmount.parse("1"), RedemptionKind.IN_KIND, "red-5")
    stage.land("evm", stage.evm.prepare_burn(stage.listed.token, "red-5", RawAmount.parse("1")))
    refused("release.claim", lambda: release(stage, delivery("red-5", "11")))
    assert release(stage, delivery("red-5", "10"))


def test_a_dividend_raises_the_multiplier_only_when_its_shares_are_in_custody(stage: Stage) -> None:
    day = "2024-06-11"
    told = notice("DVCA", day, cash_usd="0.01", pay_date="2024-06-28")
    stage.custodian.event("corporate_action", notice=told)
    action, event = (
        told["event_id"],
        {name: told[name] for name in ("event_id", "symbol", "event", "ex_date", "ratio_new", "ratio_old", "cash_usd")},
    )
    stage.set_time(SPLIT_OPEN + 86_400)
    at = SPLIT_OPEN + 86_400 + 900
    attest = stage.attestor.attest_multiplier
    refused("multiplier.epoch", lambda: attest(change(stage, "evm", action, "10.01", at, 2), event, None))
    refused("multiplier.arithmetic", lambda: attest(change(stage, "evm", action, "9.99", at, 1), event, None))
    refused("covered.shortfall", lambda: attest(change(stage, "evm", action, "1000", at, 1), event, None))
    told_more = event | {"bought": "0.5", "eligible": "500"}
    refused("multiplier.arithmetic", lambda: attest(change(stage, "evm", action, "10.02", at, 1), told_more, None))
    for chain in ("evm", "solana"):
        schedule(stage, change(stage, chain, action, "10.01", at, 1), told_more)
    stage.set_time(at)
    stage.mint("evm", "sub-50/1", "1", {"r-1": "10.01"})
