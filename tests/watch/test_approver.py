"""The approver and the co-signer on real chains: what leaves escrow and custody, once, and what may come back."""

import json
from base64 import b64decode
from typing import Any

import pytest
from solders.keypair import Keypair
from tests.watch.asks import ask, delivery, payment, post, refused, release
from tests.watch.stage import ISIN, SIGNERS, STOCK, Stage, mint_body

from openscrip.issuance.chain import Burned
from openscrip.issuance.chains.evm.typed_data import redemption_key
from openscrip.issuance.voucher import NO_HASH, RedemptionKind, chain_hash
from openscrip.kernel.quantities import RawAmount

pytestmark = pytest.mark.parts
ALICE = SIGNERS["alice"].address


def test_tokens_are_out_to_be_redeemed(stage: Stage) -> None:
    stage.mint("evm", "sub-1/1", "20", {"r-1": "20"})
    stage.mint("solana", "sub-2/1", "30", {"r-1": "30"})


def test_shares_leave_only_for_burned_tokens_and_up_to_their_claim(stage: Stage) -> None:
    refused("release.burn", lambda: release(stage, delivery("red-1", "5")))
    stage.evm_wallet().escrow(stage.listed.token, RawAmount.parse("5"), RedemptionKind.IN_KIND, "red-1")
    refused("release.burn", lambda: release(stage, delivery("red-1", "5")))
    stage.land("evm", stage.evm.prepare_burn(stage.listed.token, "red-1", ALICE, RawAmount.parse("5")))
    refused("release.claim", lambda: release(stage, delivery("red-1", "6")))
    refused("release.account", lambda: release(stage, delivery("red-1", "5", account="OTHER")))
    refused("release.counterparty", lambda: release(stage, delivery("red-1", "5", counterparty="BROKER")))
    signature = release(stage, delivery("red-1", "5"))
    instruction = delivery("red-1", "5")["instruction"]
    stage.keys.approver.public_key().verify(
        b64decode(signature),
        json.dumps(instruction, sort_keys=True, separators=(",", ":")).encode(),
    )
    assert release(stage, delivery("red-1", "5")) == signature
    refused("release.conflict", lambda: release(stage, delivery("red-1", "4")))
    refused("release.live", lambda: release(stage, delivery("red-1", "5", id="red-1:deliver/1")))
    stage.custodian.move("cancelled", "red-1:deliver", ISIN, 5, "red-1")
    assert release(stage, delivery("red-1", "5", id="red-1:deliver/1"))
    stage.custodian.move("delivery", "red-1:deliver/1", ISIN, 5, "red-1", "ACCOUNT-7")
    refused("release.claim", lambda: release(stage, delivery("red-1", "1", id="red-1:deliver/2")))


def test_an_undelivered_claim_counts_until_it_is_delivered(stage: Stage) -> None:
    """A burn moves shares from owed to claimed, the delivery takes them away: cover never improves in between."""
    room = 100
    stage.receive("r-2", 200)
    line = stage.custodian.line(ISIN)
    owed = int(float(str(stage.evm.supply(stage.listed.token))) + float(str(stage.solana.supply(stage.mint_address))))
    line["pledged"], line["available"] = line["available"] - owed - room, owed + room
    r_2 = [{"receipt": "r-2", "shares": "101"}]
    stage.custodian.dirty.add(ISIN)
    stage.evm_wallet().escrow(stage.listed.token, RawAmount.parse("4"), RedemptionKind.CASH, "red-2")
    stage.land("evm", stage.evm.prepare_burn(stage.listed.token, "red-2", ALICE, RawAmount.parse("4")))
    refused("covered.shortfall", lambda: post(stage, ask(stage, "sub-20/1", "101", evidence__receipts=r_2)))
    assert release(stage, delivery("red-2", "4", counterparty="BROKER", id="red-2:sell:r"))
    stage.custodian.move("delivery", "red-2:sell:r", ISIN, 4, "red-2")
    refused("covered.shortfall", lambda: post(stage, ask(stage, "sub-20/1", "101", evidence__receipts=r_2)))
    line["available"], line["pledged"] = line["available"] + line["pledged"], 0
    stage.custodian.dirty.add(ISIN)


def test_proceeds_are_paid_once_and_up_to_the_sale(stage: Stage) -> None:
    refused("release.proceeds", lambda: release(stage, payment("red-2", "400")))
    order = {"client_order_id": "red-2:sell:o1", "symbol": STOCK, "side": "sell", "fee": "1"}
    stage.broker.event("fill", exec_id="e-1", quantity="3", price="100", **order)
    stage.broker.event("fill", exec_id="e-2", quantity="1", price="90", **order)
    stage.broker.event("bust", exec_id="e-3", ref_exec_id="e-2", quantity="1", price="90")
    stage.broker.event("fill", exec_id="e-4", quantity="1", price="102", **order)
    refused("release.proceeds", lambda: release(stage, payment("red-2", "400.000001")))
    assert release(stage, payment("red-2", "400"))
    assert release(stage, payment("red-2", "400"))
    refused("release.conflict", lambda: release(stage, payment("red-2", "399")))
    refused("release.once", lambda: release(stage, payment("red-2", "400", id="red-2:pay/1")))
    stage.custodian.payments["red-2:pay"] = "failed"
    assert release(stage, payment("red-2", "400", id="red-2:pay/1"))
    stage.custodian.payments["red-2:pay/1"] = "sent"


def test_a_loan__is_repaid_to_the_broker_up_to_what_the_broker_lent_and_charged(stage: Stage) -> None:
    loan, to = "sub-40:buy:o1/l1", {"to": "BROKER"}
    refused("release.loan", lambda: release(stage, payment(loan, "600", **to)))
    stage.broker.event("settled", client_order_id="sub-40:buy:o1", side="buy", loan=loan, lent="600")
    stage.broker.event("loan_charged", loan=loan, id=f"{loan}/i1", amount="0.12")
    refused("release.loan", lambda: release(stage, payment(loan, "600.120001", **to)))
    refused("release.refund", lambda: release(stage, payment(loan, "600")))
    assert release(stage, payment(loan, "600", **to, id=f"{loan}:p1"))
    refused("release.loan", lambda: release(stage, payment(loan, "600", **to, id=f"{loan}:p2")))
    stage.custodian.payments[f"{loan}:p1"] = "failed"
    assert release(stage, payment(loan, "600.12", **to, id=f"{loan}:p2"))


def test_refunds_never_pass_what_was_received(stage: Stage) -> None:
    refused("release.refund", lambda: release(stage, payment("sub-30", "1")))
    stage.custodian.received["sub-30"] = "100"
    assert release(stage, payment("sub-30", "60"))
    refused("release.refund", lambda: release(stage, payment("sub-30", "41", id="sub-30:pay/1")))
    assert release(stage, payment("sub-30", "40", id="sub-30:pay/1"))


def test_a_redemption_on_solana_is_burned_once_or_refunded(stage: Stage) -> None:
    """The program keeps amount, holder and once; shares leave only for what it burned."""
    wallet, holder = stage.solana_wallet(), str(stage.holder.pubkey())
    for request, kind in (("red-3", RedemptionKind.IN_KIND), ("red-4", RedemptionKind.CASH)):
        wallet.redeem(stage.mint_address, request, RawAmount.parse("3"), kind)
    refused("release.burn", lambda: release(stage, delivery("red-3", "3")))
    stage.land("solana", stage.solana.prepare_burn(stage.mint_address, "red-3", holder, RawAmount.parse("3")))
    stage.land("solana", stage.solana.prepare_refund(stage.mint_address, "red-4", holder, RawAmount.parse("3")))
    refused("release.burn", lambda: release(stage, delivery("red-4", "3")))
    refused("release.counterparty", lambda: release(stage, delivery("red-3", "3", counterparty="BROKER")))
    assert release(stage, delivery("red-3", "3"))


def restitution(stage: Stage, chain: str, redemption: str) -> dict[str, str]:
    """The evidence of a redemption whose delivery failed."""
    request = chain_hash(redemption).hex()
    told = stage.chain(chain).events("")[0]
    burned = next(each for each in told if isinstance(each, Burned) and each.hash == request)
    return {
        "kind": "restitution", "mint_id": f"{redemption}/restitution", "redemption_id": redemption,
        "burn": burned.tx_id, "cancelled": f"{redemption}:deliver",
    }  # fmt: skip


def test_a_failed_delivery_may_be_minted_back_once_where_it_was_burned(stage: Stage) -> None:
    evidence = restitution(stage, "solana", "red-3")

    def ask_solana(raw: str, **changed: Any) -> object:
        told = evidence | changed
        return stage.solana.prepare_mint(stage.voucher("solana", str(told["mint_id"]), raw, told), told)

    refused("evidence.delivery", lambda: ask_solana("3"))
    stage.custodian.move("failed", "red-3:deliver", ISIN, 3, "red-3")
    refused("evidence.burn", lambda: ask_solana("3", burn="0x00"))
    refused("evidence.burn", lambda: ask_solana("3", redemption_id="red-77"))
    elsewhere = mint_body(stage.voucher("evm", evidence["mint_id"], "3", evidence), evidence)
    refused("evidence.burn", lambda: post(stage, elsewhere))
    for raw, changed in (("3.00000001", {}), ("3", {"receiver": str(Keypair().pubkey())})):
        asked = stage.voucher("solana", "red-3/restitution", raw, evidence, **changed)
        refused("evidence.burn", lambda asked=asked: stage.solana.prepare_mint(asked, evidence))  # type: ignore[misc]  # bound now
    stage.publish(evidence)
    stage.land("solana", stage.solana.prepare_mint(stage.voucher("solana", "red-3/restitution", "3", evidence), evidence))
    refused("evidence.used", lambda: ask_solana("3", mint_id="red-3/restitution/2"))
    refused("release.claim", lambda: release(stage, delivery("red-3", "3", id="red-3:deliver/1")))


def test_on_evm_what_is_minted_back_names_its_redemption_and_goes_to_its_holder(stage: Stage) -> None:
    stage.evm_wallet().escrow(stage.listed.token, RawAmount.parse("2"), RedemptionKind.IN_KIND, "red-6")
    stage.land("evm", stage.evm.prepare_burn(stage.listed.token, "red-6", ALICE, RawAmount.parse("2")))
    evidence = restitution(stage, "evm", "red-6")

    def asked(raw: str = "2", **changed: Any) -> object:
        return post(stage, mint_body(stage.voucher("evm", "red-6/restitution", raw, evidence, **changed), evidence))

    refused("evidence.burn", lambda: asked(origin=NO_HASH))
    refused("evidence.burn", lambda: asked(origin=redemption_key(ALICE, "red-1").hex()))
    refused("evidence.burn", lambda: asked(receiver=SIGNERS["issuer"].address))
    refused("evidence.burn", lambda: asked("2.00000001"))
    refused("voucher.signers", lambda: asked(signer_epoch=2))
    stage.publish(evidence)
    stage.land("evm", stage.evm.prepare_mint(stage.voucher("evm", "red-6/restitution", "2", evidence), evidence))
    refused("release.claim", lambda: release(stage, delivery("red-6", "2")))
