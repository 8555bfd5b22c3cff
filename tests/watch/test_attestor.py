"""The running attestor on real chains: which mints it signs, which it refuses by which rule, what it remembers."""

import json
import sqlite3
from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import Transaction
from tests.watch.asks import ask, post, refused
from tests.watch.stage import ISIN, NOON, HttpAttestor, Stage

from openscrip.issuance.chain import Landing
from openscrip.issuance.chains.solana import program_operations as operations
from openscrip.issuance.chains.solana.adapter import SolanaChain
from openscrip.issuance.chains.solana.founding import Listing
from openscrip.issuance.chains.solana.governance import SolanaTimelock
from openscrip.issuance.chains.solana.program import local_program
from openscrip.issuance.voucher import Evidence, MintVoucher
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import RawAmount

pytestmark = pytest.mark.parts


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
        ("body.field", {"kind": 2}),
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
        ("voucher.signers", {"signer_epoch": 2}),
        ("voucher.signers", {"signer_epoch": 0}),
        ("voucher.origin", {"origin": "11" * 32}),
        ("body.hex", {"origin": ""}),
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


def test_only_the_transaction_that_was_judged_is_signed_on_solana(stage: Stage) -> None:
    """The report's figures are told first; then every byte is compared."""
    body = ask(stage, "sub-13/1", chain="solana")
    told = post(stage, body)
    assert (told["signature"], told["report"]["epoch"]) == ("", 0)
    evidence, keys = stage.evidence("sub-13/1", {"r-1": "1"}), stage.solana_keys
    voucher = stage.voucher("solana", "sub-13/1", "1", evidence)
    spy = SpyingAttestor(stage.attestor)
    chain = SolanaChain(
        stage.cluster, local_program(), keys.issuer, keys.corporate_action, str(stage.keys.solana.pubkey()), spy
    )
    chain.watch_token(stage.mint_address)
    chain.prepare_mint(voucher, evidence)
    good = Transaction.from_bytes(spy.transaction).message
    steps = [_step(good, place) for place in range(3)]
    issuer, stranger = keys.issuer.pubkey(), Keypair().pubkey()
    steal = transfer(TransferParams(from_pubkey=issuer, to_pubkey=stranger, lamports=1))
    dearer = Instruction(steps[2].program_id, steps[2].data[:2] + b"\xff" + steps[2].data[3:], steps[2].accounts)
    fuller = Instruction(steps[1].program_id, steps[1].data[:1] + b"\xff" + steps[1].data[2:], steps[1].accounts)
    for wrong in (
        [*steps, steal],
        steps[1:],
        [steps[1], steps[0], steps[2]],
        [*steps[:2], dearer],
        [steps[0], fuller, steps[2]],
    ):
        body["transaction"] = _composed(wrong, issuer)
        refused("transaction.content", lambda: post(stage, body))
    other = AccountMeta(stranger, is_signer=True, is_writable=False)
    signed_by_more = Instruction(steps[2].program_id, steps[2].data, [*steps[2].accounts, other])
    for wrong, payer in (([*steps[:2], signed_by_more], issuer), (steps, stranger)):
        body["transaction"] = _composed(wrong, payer)
        refused("transaction.signers", lambda: post(stage, body))
    body["transaction"] = "AAAA"
    refused("transaction.malformed", lambda: post(stage, body))
    body["transaction"] = b64encode(spy.transaction).decode()
    assert post(stage, body)["signature"]


class SpyingAttestor(HttpAttestor):
    """The attestor's doors, and the transaction that went through them last."""

    def __init__(self, other: HttpAttestor) -> None:
        self.client, self.transaction = other.client, b""

    def attest_mint(self, voucher: MintVoucher, evidence: Evidence, transaction: bytes | None) -> Mapping[str, object]:
        self.transaction = transaction or self.transaction
        return super().attest_mint(voucher, evidence, transaction)


def _step(message: Message, place: int) -> Instruction:
    """An instruction of a message, as one can be put into another. Which accounts are writable is no matter here."""
    one, keys = message.instructions[place], message.account_keys
    accounts = [AccountMeta(keys[each], message.is_signer(each), is_writable=True) for each in one.accounts]
    return Instruction(keys[one.program_id_index], bytes(one.data), accounts)


def _composed(steps: list[Instruction], payer: Pubkey) -> str:
    message = Message.new_with_blockhash(steps, payer, Hash.default())
    return b64encode(bytes(Transaction.new_unsigned(message))).decode()


def test_a_solana_mint_prepared_again_lands_once(stage: Stage) -> None:
    evidence = stage.evidence("sub-14/1", {"r-1": "1"})
    voucher = stage.voucher("solana", "sub-14/1", "1", evidence)
    first = stage.solana.prepare_mint(voucher, evidence)
    stage.cluster.rpc.call("openscrip_skipSlots", 1)
    second = stage.solana.prepare_mint(voucher, evidence)
    assert first[0].body != second[0].body
    other = replace(voucher, raw=RawAmount.parse("0.5"))
    refused("mint.conflict", lambda: stage.solana.prepare_mint(other, evidence))
    stage.publish(evidence)
    stage.land("solana", second)
    (signed,) = (stage.solana.sign(call, 0) for call in first)
    stage.solana.submit(signed)
    assert stage.solana.outcomes([signed])[0].landing is Landing.REVERTED
    refused("mint.conflict", lambda: stage.solana.prepare_mint(replace(voucher, deadline=voucher.deadline + 1), evidence))


def test_a_solana_mint_past_its_deadline_frees_its_receipts(stage: Stage) -> None:
    evidence = stage.evidence("sub-15/1", {"r-1": "800"})
    stage.solana.prepare_mint(stage.voucher("solana", "sub-15/1", "800", evidence), evidence)
    refused("evidence.used", lambda: post(stage, ask(stage, "sub-16/1", "800")))
    stage.set_time(stage.now + 3_601)
    assert post(stage, ask(stage, "sub-16/1", "800"))["signature"]
    stage.set_time(stage.now + 3_601)


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("voucher.deadline", {"deadline": 5}),
        ("voucher.signers", {"signer_epoch": 2}),
        ("voucher.origin", {"origin": "11" * 32}),
        ("multiplier.differs", {"multiplier": "1.000000000000000001"}),
    ],
)
def test_a_solana_mint_that_breaks_a_rule_is_refused_by_its_name(stage: Stage, code: str, changed: dict[str, Any]) -> None:
    refused(code, lambda: post(stage, ask(stage, "sub-17/1", chain="solana", **changed)))


def test_what_was_signed_and_read_survives_a_kill(stage: Stage) -> None:
    stage.restart_attestor()
    stage.mint("solana", "sub-60/1", "1", {"r-1": "1"})
    with closing(sqlite3.connect(stage.folder / "watch" / "watch.sqlite")) as store:
        live = store.execute("select count(*) from signed where what = 'mint' and state = 'live'").fetchone()
        minted = store.execute("select count(*) from facts where body like '%\"minted\"%'").fetchone()
        given = store.execute("select count(*) from signatures where what = 'mint'").fetchone()
    assert live[0] <= 1 < minted[0] <= given[0]


def test_requests_at_the_same_moment_never_share_the_same_shares(stage: Stage) -> None:
    stage.receive("r-7", 10)
    receipts = [{"receipt": "r-7", "shares": "3"}]
    bodies = [ask(stage, f"sub-at-once-{n}/1", "3", evidence__receipts=receipts) for n in range(8)]
    with ThreadPoolExecutor(8) as together:
        answers = list(together.map(lambda body: stage.attestor.client.post("/v1/mints", json=body), bodies))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 5
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"evidence.used"}
    sequences = [answer.json()["report"]["sequence"] for answer in answers if answer.status_code == 200]
    assert len(set(sequences)) == 3


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/v1/mints", b"nothing", 400, "body.json"),
        ("/v1/mints", b"[]", 400, "body.object"),
        ("/v1/mints", b'{"voucher": 1.5}', 400, "body.number"),
        ("/v1/mints", b'{"chain": "evm", "chain": "evm"}', 400, "body.field"),
        ("/v1/mints", b"[" * 60_000, 400, "body.json"),
        ("/v1/mints", b" " * 70_000, 400, "body.size"),
        ("/v1/releases", b'{"kind": "gift", "instruction": {}}', 400, "body.field"),
        ("/v1/finishes", b'{"chain": "solana"}', 400, "transaction.malformed"),
        ("/v1/finishes", b'{"chain": "evm", "stock": "NVDA", "action_id": "00"}', 400, "body.hex"),
        ("/v1/cancellations", b'{"chain": "solana"}', 400, "transaction.malformed"),
        ("/v1/transactions", b'{"chain": "solana", "purpose": "steal"}', 400, "body.value"),
        ("/v1/clock", b'{"now": "5"}', 400, "body.integer"),
        ("/v1/clock", b'{"now": 5}', 409, "clock.backwards"),
        ("/v1/unknown", b"{}", 404, "route.unknown"),
    ],
)
def test_hostile_input_is_named_and_changes_nothing(stage: Stage, path: str, content: bytes, status: int, code: str) -> None:
    answer = stage.attestor.client.post(path, content=content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert stage.attestor.client.get("/v1/health").json()["now"] == stage.now


def test_a_local_chain_that_lost_blocks_is_read_anew_and_its_mints_may_land_again(stage: Stage) -> None:
    rpc = stage.node.rpc
    before = rpc.call("evm_snapshot")
    stage.mint("evm", "sub-80/1", "1", {"r-1": "1"})
    post(stage, ask(stage, "sub-81/1"))
    assert state_of(stage, "sub-80/1") == "landed"
    rpc.call("evm_revert", before)
    rpc.call("evm_mine")
    post(stage, ask(stage, "sub-82/1"))
    assert state_of(stage, "sub-80/1") == "live"
    stage.restart_attestor()
    stage.mint("evm", "sub-83/1", "1", {"r-1": "1"})


def state_of(stage: Stage, mint_id: str) -> str:
    """The state of a signed mint in the attestor's own store."""
    with closing(sqlite3.connect(stage.folder / "watch" / "watch.sqlite")) as store:
        rows = store.execute("select state from signed where what = 'mint' and id = ?", (mint_id,)).fetchall()
    return str(rows[0][0])


def test_an_operation_is_put_into_the_timelock_only_with_the_operators_consent(stage: Stage) -> None:
    mint, good = Pubkey.from_string(stage.mint_address), stage.config.read_text()
    limits = operations.limits(local_program(), salt=b"operator", mint=mint, supply_cap=9, day_cap=8, hour_cap=7)
    attestor = (str(stage.keys.solana.pubkey()), stage.attestor)
    timelock = SolanaTimelock(stage.cluster, local_program(), stage.solana_keys.issuer, *attestor)
    refused("queue.consent", lambda: timelock.propose(limits))
    body = json.loads(good)
    stage.config.write_text(json.dumps(body | {"solana": body["solana"] | {"operations": [limits.hash.hex()]}}))
    assert timelock.propose(limits)
    stage.config.write_text(good)


def test_a_token_is_opened_only_on_the_terms_of_its_listing(stage: Stage) -> None:
    refused("voucher.token", lambda: stage.solana.list_token(Listing("AAPLx", "Apple", "US0378331005")))
    found = stage.solana.token_address("AAPLx")
    body = json.loads(stage.config.read_text())
    line = {"isin": "US0378331005", "account": "SEG", "solana": {"mint": found}, "epoch": 2}
    stage.config.write_text(json.dumps(body | {"stocks": body["stocks"] | {"AAPL": line}}))
    refused("founding.terms", lambda: stage.solana.list_token(Listing("AAPLx", "Apple", "US0378331005")))
    assert stage.solana.list_token(Listing("AAPLx", "Apple", "US0378331005", epoch=2)) == found
    refused("transaction.malformed", lambda: stage.attestor.attest_transaction("founding", "AAPLx", b"nothing"))


def test_a_changed_listing_stops_everything_until_it_is_put_right(stage: Stage) -> None:
    good = stage.config.read_text()
    stage.config.write_text(good.replace(ISIN, "US0378331005"))
    with pytest.raises(Unavailable, match="only stocks may be added"):
        post(stage, ask(stage, "sub-70/1"))
    stage.config.write_text(good)
    assert post(stage, ask(stage, "sub-70/1"))["signature"]
