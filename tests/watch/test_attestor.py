"""The running attestor on real chains: what it signs, what it refuses with which rule, what it remembers."""

import json
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from solders.keypair import Keypair
from solders.message import Message
from solders.system_program import TransferParams, transfer
from solders.transaction import Transaction

from openscrip.issuance.chains.solana.memo import BurnMemo, memo_instruction
from openscrip.issuance.voucher import MintKind, MultiplierChange, RedemptionKind, chain_hash, evidence_hash
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount
from tests.watch.stage import ISIN, NOON, STOCK, Stage, mint_body

pytestmark = pytest.mark.parts
SPLIT_DAY, SPLIT_OPEN = "2024-06-10", 1_718_026_200
SPLIT_BOOKED = SPLIT_OPEN - 12_600


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("watch"))
    made.start()
    made.receive("r-1", 1_000)
    yield made
    made.stop()


def refused(code: str, act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    assert refusal.value.code == code, refusal.value.text
    return refusal.value.text


def ask(stage: Stage, mint_id: str, raw: str = "1", chain: str = "evm", **changed: Any) -> dict[str, Any]:
    """The body of a mint request; `evidence__x` changes the evidence, others the voucher."""
    evidence = dict(stage.evidence(mint_id, {"r-1": raw}))
    evidence |= {name.removeprefix("evidence__"): value for name, value in changed.items() if "__" in name}
    body = mint_body(stage.voucher(chain, mint_id, raw, evidence), evidence)
    body["voucher"] |= {name: value for name, value in changed.items() if "__" not in name}
    return body


def post(stage: Stage, body: dict[str, Any]) -> dict[str, Any]:
    return stage.attestor.post("/v1/mints", body)


def test_shares_in_custody_are_minted_once_on_either_chain(stage: Stage) -> None:
    stage.mint("evm", "sub-1/1", "20", {"r-1": "20"})
    stage.mint("solana", "sub-2/1", "30", {"r-1": "30"})
    assert stage.evm.supply(stage.listed.token) == RawAmount.parse("20")
    assert stage.solana.supply(stage.mint_address) == RawAmount.parse("30")


def test_the_same_request_gives_the_same_signature_and_other_content_a_conflict(stage: Stage) -> None:
    body = ask(stage, "sub-3/1")
    first = post(stage, body)
    assert post(stage, body)["signature"] == first["signature"]
    receiver = {"receiver": "0x" + "11" * 20}
    refused("mint.conflict", lambda: post(stage, body | {"voucher": body["voucher"] | receiver}))
    refused("mint.conflict", lambda: post(stage, ask(stage, "sub-3/1", "2")))
    stage.restart_attestor()
    assert post(stage, body)["signature"] == first["signature"]
    refused("mint.conflict", lambda: post(stage, ask(stage, "sub-3/1", "2")))


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("evidence.kind", {"kind": 2}),
        ("evidence.kind", {"kind": 4}),
        ("evidence.form", {"evidence__kind": "arrival", "kind": 1}),
        ("evidence.form", {"evidence__mint_id": "sub-other/1"}),
        ("evidence.form", {"evidence__isin": "US0378331005"}),
        ("evidence.form", {"evidence__stock": "AAPL"}),
        ("evidence.form", {"evidence__epoch": 1}),
        ("evidence.receipt", {"evidence__receipts": [{"receipt": "never", "shares": "1"}]}),
        ("evidence.receipt", {"evidence__receipts": [{"receipt": "r-1", "shares": "0.5"}] * 2}),
        ("evidence.short", {"evidence__receipts": [{"receipt": "r-1", "shares": "0.999999999"}]}),
        ("evidence.short", {"evidence__receipts": []}),
        ("evidence.used", {"evidence__receipts": [{"receipt": "r-1", "shares": "1001"}]}),
        ("evidence.used", {"evidence__receipts": [{"receipt": "r-1", "shares": "0"}]}),
        ("epoch.differs", {"epoch": 1, "evidence__epoch": 1}),
        ("multiplier.differs", {"multiplier": "1.000000000000000001"}),
        ("voucher.token", {"token": "0x" + "22" * 20}),
        ("voucher.grain", {"raw": "0.999999999"}),
        ("voucher.deadline", {"deadline": NOON - 1}),
        ("voucher.deadline", {"deadline": NOON + 8 * 86_400}),
        ("amount.malformed", {"raw": "1e3"}),
        ("amount.malformed", {"raw": "-1"}),
        ("amount.malformed", {"raw": 1}),
        ("voucher.amount", {"raw": "0"}),
        ("address.malformed", {"receiver": "0x12"}),
        ("body.integer", {"epoch": True}),
        ("body.text", {"request_id": ""}),
    ],
)  # fmt: skip
def test_a_mint_that_breaks_a_rule_is_refused_by_its_name(stage: Stage, code: str, changed: dict[str, Any]) -> None:
    refused(code, lambda: post(stage, ask(stage, "sub-4/1", **changed)))


def test_evidence_serves_one_mint(stage: Stage) -> None:
    body = ask(stage, "sub-3/1")
    body["voucher"]["request_id"] = "sub-5/1"
    refused("evidence.form", lambda: post(stage, body))


def test_a_stock_or_chain_that_is_not_configured_is_refused(stage: Stage) -> None:
    refused("stock.unknown", lambda: post(stage, ask(stage, "sub-6/1") | {"stock": "AAPL"}))
    refused("voucher.token", lambda: post(stage, ask(stage, "sub-6/1", token=stage.listed.feed)))


def test_more_than_custody_holds_is_never_signed_for(stage: Stage) -> None:
    line = stage.custodian.line(ISIN)
    line["available"], line["pledged"] = 51, 949
    stage.custodian.dirty.add(ISIN)
    text = refused("covered.shortfall", lambda: post(stage, ask(stage, "sub-7/1")))
    assert "52 owed and 0 claimed, 51 held" in text
    line["available"], line["pledged"] = 1_000, 0
    stage.custodian.dirty.add(ISIN)
    assert post(stage, ask(stage, "sub-7/1"))["signature"]


def test_a_statement_that_is_old_or_forged_backs_nothing(stage: Stage) -> None:
    chain = stage.custodian.statements[ISIN]
    stage.attestor.post("/v1/clock", {"now": NOON + 400})
    refused("statement.stale", lambda: post(stage, ask(stage, "sub-8/1")))
    refused("clock.backwards", lambda: stage.attestor.post("/v1/clock", {"now": NOON}))
    good = stage.custodian.statement(ISIN, chain)
    for code, forged in (
        ("statement.signature", good | {"available": "2000"}),
        ("statement.sequence", stage.custodian.statement(ISIN, chain, sequence=99)),
        ("statement.chain", stage.custodian.statement(ISIN, chain, previous_hash="11" * 32)),
        ("movement.chain", stage.custodian.statement(ISIN, chain, movements_hash="22" * 32)),
    ):
        chain.append(forged)
        refused(code, lambda: post(stage, ask(stage, "sub-8/1")))
        chain.pop()
    stage.set_time(NOON + 400)
    assert post(stage, ask(stage, "sub-8/1"))["signature"]


def test_the_feed_is_renewed_when_it_is_too_small_or_old_and_its_sequence_rises(stage: Stage) -> None:
    first, second = post(stage, ask(stage, "sub-9/1"))["report"], post(stage, ask(stage, "sub-10/1"))["report"]
    assert second["sequence"] > first["sequence"]
    assert float(second["allocation"]) == float(first["allocation"]) + 1
    assert (second["shares"], second["epoch"]) == ("1000", 0)
    stage.mint("evm", "sub-11/1", "1", {"r-1": "1"})
    again = post(stage, ask(stage, "sub-10/1"))
    assert again["report"] is None, "the feed on chain covers every mint that was signed for"
    stage.set_time(NOON + 2_300)
    assert post(stage, ask(stage, "sub-10/1"))["report"]["as_of"] == NOON + 2_300


def test_a_voucher_past_its_deadline_frees_its_receipts(stage: Stage) -> None:
    refused("evidence.used", lambda: post(stage, ask(stage, "sub-12/1", "949")))
    stage.set_time(NOON + 86_400)
    assert post(stage, ask(stage, "sub-12/1", "949"))["signature"]
    stage.set_time(NOON + 2 * 86_400)


def solana_transaction(stage: Stage, mint_id: str, *extra: Any) -> dict[str, Any]:
    """A Solana mint request made by the issuer's adapter, with instructions added to its transaction."""
    caught: list[dict[str, Any]] = []

    class Catching(Exception):
        pass

    def catch(_: str, body: dict[str, Any]) -> dict[str, Any]:
        caught.append(body)
        raise Catching

    evidence = stage.evidence(mint_id, {"r-1": "1"})
    keep, stage.attestor.post = stage.attestor.post, catch  # type: ignore[method-assign, assignment]  # the stage's own
    try:
        with pytest.raises(Catching):
            stage.solana.prepare_mint(stage.voucher("solana", mint_id, "1", evidence), evidence)
    finally:
        stage.attestor.post = keep  # type: ignore[method-assign]  # the stage's own
    return caught[0]


def test_a_solana_transaction_with_one_instruction_more_is_not_signed(stage: Stage) -> None:
    body = ask(stage, "sub-13/1", chain="solana")
    issuer = stage.solana_issuer.pubkey()
    steal = transfer(TransferParams(from_pubkey=issuer, to_pubkey=Keypair().pubkey(), lamports=1))
    message = Message.new_with_blockhash([steal], issuer, stage.cluster.lease().blockhash)
    body["transaction"] = b64encode(bytes(Transaction.new_unsigned(message))).decode()
    refused("transaction.signers", lambda: post(stage, body))
    body["transaction"] = "AAAA"
    refused("transaction.malformed", lambda: post(stage, body))


def test_a_solana_mint_prepared_again_is_the_earlier_transaction(stage: Stage) -> None:
    evidence = stage.evidence("sub-14/1", {"r-1": "1"})
    voucher = stage.voucher("solana", "sub-14/1", "1", evidence)
    first = stage.solana.prepare_mint(voucher, evidence)
    second = stage.solana.prepare_mint(voucher, evidence)
    assert first[0].body[8:] == second[0].body[8:]
    other = replace(voucher, raw=RawAmount.parse("0.5"))
    refused("mint.conflict", lambda: stage.solana.prepare_mint(other, evidence))
    stage.publish(evidence)
    stage.land("solana", second)
    refused("voucher.used", lambda: stage.solana.prepare_mint(voucher, evidence))


def delivery(reference: str, quantity: str, **changed: str) -> dict[str, Any]:
    instruction = {
        "id": f"{reference}:deliver", "kind": "deliver_free", "isin": ISIN, "quantity": quantity, "account": "SEG",
        "counterparty": "ACCOUNT-7", "reference": reference,
    }  # fmt: skip
    return {"kind": "delivery", "instruction": instruction | changed}


def payment(reference: str, amount: str, **changed: str) -> dict[str, Any]:
    instruction = {"id": f"{reference}:pay", "to": "alice", "amount": amount, "reference": reference}
    return {"kind": "payment", "instruction": instruction | changed}


def release(stage: Stage, body: dict[str, Any]) -> str:
    return str(stage.attestor.post("/v1/releases", body)["signature"])


def test_shares_leave_only_for_burned_tokens_and_up_to_their_claim(stage: Stage) -> None:
    refused("release.burn", lambda: release(stage, delivery("red-1", "5")))
    stage.evm_wallet().escrow(stage.listed.token, RawAmount.parse("5"), RedemptionKind.IN_KIND, "red-1")
    refused("release.burn", lambda: release(stage, delivery("red-1", "5")))
    stage.land("evm", stage.evm.prepare_burn(stage.listed.token, "red-1", RawAmount.parse("5")))
    refused("release.claim", lambda: release(stage, delivery("red-1", "6")))
    refused("release.account", lambda: release(stage, delivery("red-1", "5", account="OTHER")))
    refused("release.counterparty", lambda: release(stage, delivery("red-1", "5", counterparty="BROKER")))
    signature = release(stage, delivery("red-1", "5"))
    instruction = delivery("red-1", "5")["instruction"]
    stage.keys.approver.public_key().verify(
        __import__("base64").b64decode(signature),
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
    stage.land("evm", stage.evm.prepare_burn(stage.listed.token, "red-2", RawAmount.parse("4")))
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


def test_refunds_never_pass_what_was_received(stage: Stage) -> None:
    refused("release.refund", lambda: release(stage, payment("sub-30", "1")))
    stage.custodian.received["sub-30"] = "100"
    assert release(stage, payment("sub-30", "60"))
    refused("release.refund", lambda: release(stage, payment("sub-30", "41", id="sub-30:pay/1")))
    assert release(stage, payment("sub-30", "40", id="sub-30:pay/1"))


def test_a_redemption_on_solana_is_burned_once_or_refunded(stage: Stage) -> None:
    wallet = stage.solana_wallet()
    for request, kind in (("red-3", RedemptionKind.IN_KIND), ("red-4", RedemptionKind.CASH)):
        wallet.redeem(stage.mint_address, stage.solana.multisig, request, RawAmount.parse("3"), kind)
    burn = stage.solana.prepare_burn(stage.mint_address, "red-3", RawAmount.parse("3"))
    issuer = stage.solana_issuer.pubkey()
    only_memo = Message.new_with_blockhash(
        [memo_instruction(BurnMemo(chain_hash("red-4")))], issuer, stage.cluster.lease().blockhash
    )
    refused(
        "transaction.malformed",
        lambda: stage.attestor.attest_transaction("burn", "red-4", bytes(Transaction.new_unsigned(only_memo))),
    )
    refused("escrow.unknown", lambda: stage.attestor.attest_transaction("burn", "red-9", bytes_of(burn[0].body)))
    refused("transaction.content", lambda: stage.attestor.attest_transaction("burn", "red-4", bytes_of(burn[0].body)))
    stage.land("solana", burn)
    holder = str(stage.holder.pubkey())
    stage.land("solana", stage.solana.prepare_refund(stage.mint_address, "red-4", holder, RawAmount.parse("3")))
    refused("escrow.conflict", lambda: stage.attestor.attest_transaction("refund", "red-3", bytes_of(burn[0].body)))
    assert release(stage, delivery("red-3", "3"))


def bytes_of(envelope: bytes) -> bytes:
    """A transaction with a blockhash of its own would be judged anew; this is the one in a stored call."""
    return envelope[8:]


def test_a_failed_delivery_may_be_minted_back_once(stage: Stage) -> None:
    burned = next(
        row
        for row in stage.solana.events("")[0]
        if getattr(row, "hash", "") == chain_hash("red-3").hex() and type(row).__name__ == "Burned"
    )  # noqa: E501  one look-up, one line
    evidence = {
        "kind": "restitution", "mint_id": "red-3/restitution", "redemption_id": "red-3", "burn": burned.tx_id,
        "cancelled": "red-3:deliver",
    }  # fmt: skip

    def body(raw: str, **changed: Any) -> dict[str, Any]:
        told = evidence | changed
        return mint_body(stage.voucher("evm", str(told["mint_id"]), raw, told), told)

    refused("evidence.delivery", lambda: post(stage, body("3")))
    stage.custodian.move("failed", "red-3:deliver", ISIN, 3, "red-3")
    refused("evidence.burn", lambda: post(stage, body("3", burn="0x00")))
    refused("evidence.burn", lambda: post(stage, body("3", redemption_id="red-77")))
    refused("evidence.used", lambda: post(stage, body("3.00000001")))
    stage.publish(evidence)
    stage.land("evm", stage.evm.prepare_mint(stage.voucher("evm", "red-3/restitution", "3", evidence), evidence))
    refused("evidence.used", lambda: post(stage, body("3", mint_id="red-3/restitution/2")))
    refused("release.claim", lambda: release(stage, delivery("red-3", "3", id="red-3:deliver/1")))


def notice(event: str, day: str, **terms: Any) -> dict[str, Any]:
    return {
        "event_id": f"{STOCK}.{event}.{day}", "symbol": STOCK, "isin": ISIN, "event": event, "announced_on": day,
        "ex_date": day, "record_date": None, "pay_date": None, "ratio_new": None, "ratio_old": None, "cash_usd": None,
        "source": "fake", **terms,
    }  # fmt: skip


def change(stage: Stage, chain: str, action: str, new: str, at: int, epoch: int, **changed: Any) -> MultiplierChange:
    old = stage.node_multiplier()
    token = stage.listed.token if chain == "evm" else stage.mint_address
    multiplier = Multiplier.parse(new, old.version + 1)
    return replace(MultiplierChange(chain, STOCK, token, old, multiplier, at, epoch, action), **changed)


def schedule(stage: Stage, asked: MultiplierChange, event: dict[str, Any]) -> None:
    stage.land(asked.chain, stage.chain(asked.chain).prepare_multiplier(asked, event))


def test_a_split_moves_the_multiplier_exactly_and_on_both_chains_alike(stage: Stage) -> None:
    told = notice("SPLF", SPLIT_DAY, ratio_new=10, ratio_old=1)
    action, event = (
        told["event_id"],
        {name: told[name] for name in ("event_id", "symbol", "event", "ex_date", "ratio_new", "ratio_old", "cash_usd")},
    )  # noqa: E501  as the issuer sends it
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
    )  # noqa: E501  one refusal
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
    )  # noqa: E501  as the issuer sends it
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


def test_what_was_signed_and_read_survives_a_kill(stage: Stage) -> None:
    stage.restart_attestor()
    stage.mint("solana", "sub-60/1", "1", {"r-1": "10.01"})
    with sqlite3.connect(stage.folder / "watch" / "watch.sqlite") as store:
        live = store.execute("select count(*) from signed where what = 'mint' and state = 'live'").fetchone()
        minted = store.execute("select count(*) from facts where body like '%\"minted\"%'").fetchone()
        given = store.execute("select count(*) from signatures where what = 'mint'").fetchone()
    store.close()
    assert live[0] <= 1 < minted[0] <= given[0]


def test_a_pause_is_co_signed_and_a_resume_needs_the_operator(stage: Stage) -> None:
    stage.land("solana", stage.solana.prepare_pause(stage.mint_address, paused=True))
    refused("resume.consent", lambda: stage.solana.prepare_pause(stage.mint_address, paused=False))


def test_a_changed_listing_stops_everything_until_it_is_put_right(stage: Stage) -> None:
    good = stage.config.read_text()
    stage.config.write_text(good.replace(ISIN, "US0378331005"))
    with pytest.raises(Unavailable, match="only stocks may be added"):
        post(stage, ask(stage, "sub-70/1"))
    stage.config.write_text(good)
    assert MintKind.ISSUANCE and evidence_hash({})
    assert post(stage, ask(stage, "sub-70/1", "1", evidence__receipts=[{"receipt": "r-1", "shares": "10.01"}]))
