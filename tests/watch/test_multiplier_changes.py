"""The attestor through a split and a dividend on real chains."""

import json
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
    terms,
)
from tests.watch.stage import ISIN, STOCK, Stage

from openscrip.issuance.voucher import ActionCancel, ActionFinish, RedemptionKind, chain_hash
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount

pytestmark = pytest.mark.parts


def test_tokens_are_out_before_the_split(stage: Stage) -> None:
    stage.mint("evm", "sub-1/1", "20", {"r-1": "20"})
    stage.mint("solana", "sub-2/1", "30", {"r-1": "30"})


def test_a_split_moves_the_multiplier_exactly_and_on_both_chains_alike(stage: Stage) -> None:
    told = notice("SPLF", SPLIT_DAY, ratio_new=10, ratio_old=1, record_date="2024-06-07")
    event = terms(told)
    good = change(stage, "evm", told, "10", SPLIT_OPEN, 1)
    attest = stage.attestor.attest_multiplier
    refused("event.unknown", lambda: attest(good, event, None))
    stage.custodian.event("corporate_action", notice=told)
    for code, other in (
        ("event.differs", {"ratio_new": 9}),
        ("event.differs", {"record_date": None}),
        ("event.differs", {"pay_date": "2024-06-28"}),
        ("event.sources", {"sources": []}),
        ("event.sources", {"sources": ["11" * 32]}),
        ("event.sources", {"sources": event["sources"] * 2}),
        ("event.sources", {"sources": event["sources"][0]}),
    ):
        refused(code, lambda other=other: attest(good, event | other, None))  # type: ignore[misc]  # bound now
    for code, changed in (
        ("event.action", {"action": replace(good.action, id="other")}),
        ("multiplier.arithmetic", {"multiplier": Multiplier.parse("11", 1)}),
        ("multiplier.arithmetic", {"ratio_new": 20, "ratio_old": 2}),
        ("multiplier.epoch", {"epoch_after": 0}),
        ("multiplier.time", {"effective_at": SPLIT_OPEN - 1}),
        ("multiplier.expected", {"expected": Multiplier.parse("2"), "multiplier": Multiplier.parse("20", 1)}),
        ("multiplier.version", {"multiplier": Multiplier.parse("10", 7)}),
        ("multiplier.pause", {"paused_from": stage.now - 7 * 86_400 - 1}),
        ("multiplier.pause", {"paused_from": SPLIT_OPEN - 34_200}),
        ("multiplier.pause", {"paused_from": SPLIT_OPEN + 1}),
    ):
        asked = replace(good, **changed)
        refused(code, lambda asked=asked: attest(asked, event, None))  # type: ignore[misc]  # bound now
    schedule(stage, good, event)
    assert attest(good, event, None) == attest(good, event, None), "the same question has the same answer"
    refused("multiplier.differs", lambda: post(stage, ask(stage, "sub-40/1")))
    refused("multiplier.conflict", lambda: attest(replace(good, effective_at=SPLIT_OPEN + 60), event, None))
    refused("multiplier.conflict", lambda: attest(replace(good, paused_from=good.paused_from - 1), event, None))
    later = change(stage, "solana", told, "10", SPLIT_OPEN + 60, 1)
    refused("multiplier.conflict", lambda: schedule(stage, later, event))
    there = change(stage, "solana", told, "10", SPLIT_OPEN, 1)
    refused("transaction.malformed", lambda: attest(there, event, None))
    schedule(stage, there, event)
    text = refused("covered.shortfall", lambda: post(stage, ask(stage, "sub-40/1", "100")))
    assert "owed" in text, "until the split is booked the higher multiplier counts"


def test_a_pending_change_is_taken_back_only_with_the_operators_consent(stage: Stage) -> None:
    """Asked on a copy of the chain: the story goes on with the split."""
    cancel = ActionCancel("evm", STOCK, stage.listed.token, f"{STOCK}.SPLF.{SPLIT_DAY}", "ef" * 32)
    attest, good = stage.attestor.attest_cancel, stage.config.read_text()
    refused("cancel.consent", lambda: attest(cancel))
    consents = [chain_hash(cancel.action_id).hex(), "12" * 32]
    body = json.loads(good)
    stage.config.write_text(json.dumps(body | {"evm": body["evm"] | {"cancel": consents}}))
    before = stage.node.rpc.call("evm_snapshot")
    call = stage.evm.prepare_cancel(cancel)
    refused("cancel.conflict", lambda: attest(replace(cancel, reason="00" * 32)))
    stage.land("evm", call)
    assert stage.evm.multiplier(stage.listed.token).pending == 0
    stage.node.rpc.call("evm_revert", before)
    stage.config.write_text(good)


def test_a_split_is_finished_once_it_is_in_force_and_booked(stage: Stage) -> None:
    finish = ActionFinish("evm", STOCK, stage.listed.token, f"{STOCK}.SPLF.{SPLIT_DAY}", "ab" * 32)
    refused("finish.unapplied", lambda: stage.attestor.attest_finish(finish))
    refused("finish.unapplied", lambda: stage.attestor.attest_finish(replace(finish, action_id="other")))


def test_a_pending_change_on_solana_needs_the_operators_consent_too(stage: Stage) -> None:
    cancel = ActionCancel("solana", STOCK, stage.mint_address, f"{STOCK}.SPLF.{SPLIT_DAY}", "ef" * 32)
    refused("cancel.consent", lambda: stage.solana.prepare_cancel(cancel))
    good = stage.config.read_text()
    body = json.loads(good)
    consents = [chain_hash(cancel.action_id).hex()]
    stage.config.write_text(json.dumps(body | {"solana": body["solana"] | {"cancel": consents}}))
    assert stage.solana.prepare_cancel(cancel), "signed, and not sent: the story goes on with the split"
    refused("cancel.conflict", lambda: stage.solana.prepare_cancel(replace(cancel, reason="00" * 32)))
    stage.config.write_text(good)


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
    finish = ActionFinish("evm", STOCK, stage.listed.token, f"{STOCK}.SPLF.{SPLIT_DAY}", "ab" * 32)
    stage.land("evm", stage.evm.prepare_finish(finish))
    there = replace(finish, chain="solana", token=stage.mint_address)
    stage.land("solana", stage.solana.prepare_finish(there))
    refused("finish.conflict", lambda: stage.attestor.attest_finish(replace(finish, evidence="cd" * 32)))
    answer = post(stage, ask(stage, "sub-41/1", "3", evidence__receipts=receipts))
    assert answer["report"]["epoch"] == 1
    stage.publish(evidence)
    stage.land("evm", stage.evm.prepare_mint(stage.voucher("evm", "sub-41/1", "3", evidence), evidence))
    stage.mint("solana", "sub-42/1", "0.7", {"r-1": "7"})


def test_a_claim_of_the_old_epoch_is_worth_ten_times_the_shares(stage: Stage) -> None:
    """Burned before the split it would be 1 share; the release is judged in shares of the statement's epoch."""
    stage.evm_wallet().escrow(stage.listed.token, RawAmount.parse("1"), RedemptionKind.IN_KIND, "red-5")
    burn = stage.evm.prepare_burn(stage.listed.token, "red-5", stage.evm_wallet().address, RawAmount.parse("1"))
    stage.land("evm", burn)
    refused("release.claim", lambda: release(stage, delivery("red-5", "11")))
    assert release(stage, delivery("red-5", "10"))


def test_a_dividend_raises_the_multiplier_only_when_its_shares_are_in_custody(stage: Stage) -> None:
    day = "2024-06-11"
    told = notice("DVCA", day, cash_usd="0.01", pay_date="2024-06-28")
    stage.custodian.event("corporate_action", notice=told)
    event = terms(told, "0.5", "500")
    stage.set_time(SPLIT_OPEN + 86_400)
    at = SPLIT_OPEN + 86_400 + 900
    attest = stage.attestor.attest_multiplier
    refused("multiplier.epoch", lambda: attest(change(stage, "evm", told, "10.01", at, 2), event, None))
    refused("multiplier.arithmetic", lambda: attest(change(stage, "evm", told, "9.99", at, 1), event, None))
    refused("multiplier.arithmetic", lambda: attest(change(stage, "evm", told, "10.02", at, 1), event, None))
    refused("multiplier.arithmetic", lambda: attest(change(stage, "evm", told, "10.01", at, 1), terms(told, "1", "0"), None))
    refused("amount.malformed", lambda: attest(change(stage, "evm", told, "10.01", at, 1), terms(told), None))
    hundredfold = terms(told, "49500", "500")
    refused("covered.shortfall", lambda: attest(change(stage, "evm", told, "1000", at, 1), hundredfold, None))
    for chain in ("evm", "solana"):
        schedule(stage, change(stage, chain, told, "10.01", at, 1), event)
    stage.set_time(at)
    stage.mint("evm", "sub-50/1", "1", {"r-1": "10.01"})
