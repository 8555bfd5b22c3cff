"""The chain port on a real node: two keys mint, one does not; each id lands once; events come from what moved."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import Transaction
from tests.issuance.solana.conftest import START_AT, TSLA, Desk, WillingAttestor

from openscrip.issuance.chain import Burned, Landing, Minted, RedemptionEscrowed, Refunded, SignedCall
from openscrip.issuance.chains.solana.accounts import decode_mint
from openscrip.issuance.chains.solana.adapter import SolanaChain, floor_f64
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.cosigned import Envelope, compose, sign
from openscrip.issuance.chains.solana.founding import FOUNDING, land
from openscrip.issuance.chains.solana.memo import MintMemo, RedeemMemo, memo_instruction
from openscrip.issuance.chains.solana.token_program import Authority, associated_account, transfer_checked
from openscrip.issuance.chains.solana.wallet import SolanaWallet
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.voucher import AnnouncedAction, Evidence, MintVoucher, MultiplierChange, RedemptionKind, chain_hash
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount

pytestmark = pytest.mark.parts
RAW = RawAmount.parse


def change(desk: Desk, expected: str, multiplier: str, effective_at: int, action: str, epoch: int) -> MultiplierChange:
    version = desk.chain.multiplier(desk.token).version
    return MultiplierChange(
        desk.chain.name,
        "TSLAx",
        desk.token,
        Multiplier.parse(expected, version),
        Multiplier.parse(multiplier, version + 1),
        effective_at,
        epoch,
        AnnouncedAction(action, "SPLF", date(2024, 6, 10), None, None, 10, 1, 0, "11" * 32),
        10,
        1,
        effective_at,
    )


def test_founding_gives_every_power_to_the_multisig_and_is_repeated_safely(desk: Desk) -> None:
    mint = decode_mint(desk.chain.cluster.account(Pubkey.from_string(desk.token)) or b"")
    assert str(mint.mint_authority) == str(mint.freeze_authority) == desk.chain.multisig
    assert (mint.metadata.symbol, mint.metadata.field("isin")) == ("TSLAx", "US88160R1014")
    assert desk.chain.list_token(TSLA) == desk.token == desk.chain.token_address("TSLAx")
    again = SolanaChain(desk.chain.cluster, desk.issuer, str(desk.attestor.key.pubkey()), desk.attestor)
    assert again.list_token(TSLA) == desk.token


def test_founding_with_an_attestor_of_another_key_is_refused(node: SolanaNode) -> None:
    issuer = Keypair()
    node.fund(str(issuer.pubkey()))
    cluster = Cluster(node.url)
    chain = SolanaChain(cluster, issuer, str(Keypair().pubkey()), WillingAttestor())
    with pytest.raises(Refused) as refusal:
        chain.list_token(TSLA)
    assert refusal.value.code == "attestor.signature"
    cluster.close()


def test_a_mint_by_issuer_and_attestor_is_final_and_heard_of_once(desk: Desk) -> None:
    alice = str(Keypair().pubkey())
    mint_id = desk.mint(alice, "10.5")
    assert (desk.chain.supply(desk.token), desk.chain.balance(desk.token, alice)) == (RAW("10.5"), RAW("10.5"))
    events, cursor = desk.chain.events("")
    (minted,) = events
    assert isinstance(minted, Minted)
    assert (minted.hash, minted.receiver, minted.raw) == (chain_hash(mint_id).hex(), alice, RAW("10.5"))
    assert (minted.token, minted.chain, minted.seen_at >= START_AT) == (desk.token, "solana", True)
    assert desk.chain.events(cursor) == ([], cursor)


def test_the_same_mint_submitted_again_lands_once(desk: Desk) -> None:
    (signed,) = desk.signed(desk.chain.prepare_mint(*desk.voucher(str(Keypair().pubkey()), "3", "sub-a/1")))
    assert desk.chain.outcomes([signed])[0].landing is Landing.UNKNOWN
    for _ in range(3):
        desk.chain.submit(signed)
    assert desk.chain.outcomes([signed])[0].landing is Landing.FINAL
    assert desk.chain.supply(desk.token) == RAW("3")


def test_two_equal_mints_of_two_ids_are_two_and_one_id_twice_is_refused(desk: Desk) -> None:
    alice = str(Keypair().pubkey())
    desk.mint(alice, "1")
    first = desk.mint(alice, "1")
    assert desk.chain.supply(desk.token) == RAW("2")
    with pytest.raises(Refused) as refusal:
        desk.chain.prepare_mint(*desk.voucher(alice, "1", first))
    assert refusal.value.code == "voucher.used"


def test_a_mint_that_the_attestor_did_not_sign_reverts(desk: Desk) -> None:
    (call,) = desk.chain.prepare_mint(*desk.voucher(str(Keypair().pubkey()), "3", "sub-b/1"))
    envelope = Envelope.read(desk.chain.sign(call, 0).raw)
    signatures = list(envelope.transaction.signatures)
    signatures[1] = Signature.default()
    single = Envelope(envelope.last_height, Transaction.populate(envelope.transaction.message, signatures))
    with pytest.raises(Refused) as refusal:
        desk.chain.submit(SignedCall("solana", single.tx_id, bytes(single)))
    assert refusal.value.code == "solana.not_authorised"
    assert not desk.chain.supply(desk.token)


def test_a_voucher_for_another_chain_epoch_multiplier_or_time_is_refused(desk: Desk) -> None:
    voucher, evidence = desk.voucher(str(Keypair().pubkey()), "3", "sub-c/1")
    wrong = {
        "voucher.chain": replace(voucher, chain="evm"),
        "voucher.amount": replace(voucher, raw=RawAmount(0)),
        "voucher.expired": replace(voucher, deadline=START_AT - 1),
        "epoch.differs": replace(voucher, epoch=1),
        "multiplier.differs": replace(voucher, multiplier=Multiplier.parse("1.0000001")),
        "amount.grain": replace(voucher, raw=RawAmount(1)),
        "solana.address": replace(voucher, receiver="0x12"),
        "token.unknown": replace(voucher, token=str(Keypair().pubkey())),
    }
    for code, altered in wrong.items():
        with pytest.raises(Refused) as refusal:
            desk.chain.prepare_mint(altered, evidence)
        assert refusal.value.code == code


def test_a_transaction_not_sent_in_time_is_dead_and_another_takes_its_place(desk: Desk) -> None:
    voucher = desk.voucher(str(Keypair().pubkey()), "3", "sub-d/1")
    (late,) = desk.signed(desk.chain.prepare_mint(*voucher))
    desk.chain.cluster.rpc.call("openscrip_skipSlots", 151)
    desk.chain.submit(late)
    assert desk.chain.outcomes([late])[0].landing is Landing.DEAD
    assert desk.do(desk.chain.prepare_mint(*voucher)).landing is Landing.FINAL
    assert [outcome.landing for outcome in desk.chain.outcomes([late])] == [Landing.DEAD]
    assert desk.chain.supply(desk.token) == RAW("3")


def test_a_paused_token_reverts_with_its_reason_and_resumes(desk: Desk) -> None:
    alice = desk.wallet()
    desk.mint(alice.address, "5")
    assert desk.do(desk.chain.prepare_pause(desk.token, paused=True)).landing is Landing.FINAL
    outcome = desk.do(desk.chain.prepare_mint(*desk.voucher(alice.address, "1", "sub-e/1")))
    assert (outcome.landing, "was paused" in outcome.reason) == (Landing.REVERTED, True)
    with pytest.raises(Refused) as refusal:
        alice.transfer(desk.token, str(Keypair().pubkey()), RAW("1"))
    assert refusal.value.code == "solana.paused"
    desk.do(desk.chain.prepare_pause(desk.token, paused=False))
    alice.transfer(desk.token, str(Keypair().pubkey()), RAW("1"))
    assert alice.balance(desk.token) == RAW("4")


def test_redemptions_are_escrowed_then_burned_or_refunded(desk: Desk) -> None:
    alice, chain = desk.wallet(), desk.chain
    desk.mint(alice.address, "10")
    _, cursor = chain.events("")
    alice.redeem(desk.token, chain.multisig, "red-1", RAW("4"), RedemptionKind.IN_KIND)
    alice.redeem(desk.token, chain.multisig, "red-2", RAW("1.5"), RedemptionKind.CASH)
    assert chain.escrowed(desk.token) == RAW("5.5")
    stranger = str(Keypair().pubkey())
    for wrong in (
        ("red-3", alice.address, RAW("4")), ("red-1", alice.address, RAW("5.5")), ("red-1", stranger, RAW("4")),
    ):  # fmt: skip
        with pytest.raises(Refused, match="not in escrow"):
            chain.prepare_burn(desk.token, *wrong)
    with pytest.raises(Refused, match="not in escrow"):
        chain.prepare_refund(desk.token, "red-2", stranger, RAW("1.5"))
    assert desk.do(chain.prepare_burn(desk.token, "red-1", alice.address, RAW("4"))).landing is Landing.FINAL
    assert desk.do(chain.prepare_refund(desk.token, "red-2", alice.address, RAW("1.5"))).landing is Landing.FINAL
    with pytest.raises(Refused, match="not in escrow"):
        chain.prepare_burn(desk.token, "red-1", alice.address, RAW("4"))
    assert (chain.supply(desk.token), chain.escrowed(desk.token)) == (RAW("6"), RAW("0"))
    assert alice.balance(desk.token) == RAW("6")
    events, _ = chain.events(cursor)
    first, second, burned, refunded = events
    assert isinstance(first, RedemptionEscrowed)
    assert (first.hash, first.holder, first.raw, first.kind) == (
        chain_hash("red-1").hex(),
        alice.address,
        RAW("4"),
        RedemptionKind.IN_KIND,
    )
    assert isinstance(second, RedemptionEscrowed)
    assert isinstance(burned, Burned)
    assert (burned.hash, burned.raw) == (first.hash, RAW("4"))
    assert isinstance(refunded, Refunded)
    assert (refunded.hash, refunded.holder, refunded.raw) == (second.hash, alice.address, RAW("1.5"))


def test_a_memo_without_its_movement_is_no_event(desk: Desk) -> None:
    mallory, key = desk.wallet(), Keypair()
    desk.node.fund(str(key.pubkey()))
    desk.mint(str(key.pubkey()), "2")
    desk.mint(mallory.address, "2")
    _, cursor = desk.chain.events("")
    mint, me, cluster = Pubkey.from_string(desk.token), key.pubkey(), desk.chain.cluster
    mine, theirs = (associated_account(owner, mint) for owner in (me, Pubkey.from_string(mallory.address)))
    escrow = associated_account(Pubkey.from_string(desk.chain.multisig), mint)
    forged = memo_instruction(MintMemo(chain_hash("sub-x/1"), bytes(32), 1))
    redeem = memo_instruction(RedeemMemo(chain_hash("red-x"), 1))

    def move(to: Pubkey, grains: int) -> object:
        return transfer_checked(mine, mint, to, Authority(me), grains, 8)

    for steps in (
        [move(theirs, 5), forged],
        [move(theirs, 5), redeem],
        [move(escrow, 0), redeem],
        [move(escrow, 5), redeem, redeem],
        [move(escrow, 5), move(theirs, 5), redeem],
        [move(escrow, 5), memo_instruction(RedeemMemo(chain_hash("red-x"), 7))],
    ):
        land(cluster, sign(compose(me, steps, cluster.lease()), key))  # type: ignore[arg-type]  # Instruction lists
    assert desk.chain.events(cursor)[0] == []


def test_a_multiplier_is_scheduled_takes_effect_on_market_time_and_is_numbered(desk: Desk) -> None:
    chain, now = desk.chain, desk.chain.head().at
    ten = change(desk, "1", "10", now + 600, "split-1", 1)
    assert desk.do(chain.prepare_multiplier(ten, {})).landing is Landing.FINAL
    waiting = chain.multiplier(desk.token)
    assert (waiting.current, waiting.pending, waiting.effective_at) == (10**18, 10**19, now + 600)
    assert (waiting.epoch, waiting.version) == (0, 0)
    with pytest.raises(Refused) as refusal:
        chain.prepare_multiplier(change(desk, "1", "20", now + 900, "split-2", 2), {})
    assert refusal.value.code == "multiplier.pending"
    desk.node.set_time(now + 600)
    shown = chain.multiplier(desk.token)
    assert (shown.current, shown.pending, shown.effective_at) == (10**19, 0, 0)
    assert (shown.epoch, shown.version) == (1, 1)
    odd = "10.009128755586901999"
    dividend = change(desk, "10", odd, now + 700, "dividend-1", 1)
    assert desk.do(chain.prepare_multiplier(dividend, {})).landing is Landing.FINAL
    desk.node.set_time(now + 700)
    shown = chain.multiplier(desk.token)
    book = Multiplier.parse(odd)
    assert shown.current == floor_f64(book.to_f64_bytes()) <= book.value < shown.current + 2000
    assert (shown.epoch, shown.version) == (1, 2)
    fresh = SolanaChain(chain.cluster, desk.issuer, str(desk.attestor.key.pubkey()), desk.attestor)
    fresh.watch_token(desk.token)
    assert fresh.multiplier(desk.token) == shown


def test_a_multiplier_change_that_does_not_fit_is_refused(desk: Desk) -> None:
    now = desk.chain.head().at
    done = change(desk, "1", "2", now + 10, "split-3", 1)
    wrong = {
        "multiplier.expected": change(desk, "3", "4", now + 10, "split-4", 1),
        "multiplier.late": change(desk, "1", "4", now, "split-5", 1),
    }
    for code, altered in wrong.items():
        with pytest.raises(Refused) as refusal:
            desk.chain.prepare_multiplier(altered, {})
        assert refusal.value.code == code
    desk.do(desk.chain.prepare_multiplier(done, {}))
    desk.node.set_time(now + 10)
    with pytest.raises(Refused) as refusal:
        desk.chain.prepare_multiplier(done, {})
    assert refusal.value.code == "action.used"


def test_a_stored_call_survives_the_death_of_node_and_adapter(tmp_path_factory: pytest.TempPathFactory) -> None:
    with SolanaNode(tmp_path_factory.mktemp("own"), start_at=START_AT) as node:
        issuer, attestor = Keypair(), WillingAttestor()
        node.fund(str(issuer.pubkey()))
        cluster = Cluster(node.url)
        chain = SolanaChain(cluster, issuer, str(attestor.key.pubkey()), attestor)
        desk = Desk(node, chain, issuer, attestor, chain.list_token(TSLA))
        sent, unsent = (
            desk.signed(chain.prepare_mint(*desk.voucher(str(Keypair().pubkey()), "3", f"sub-{name}/1")))[0]
            for name in "fg"
        )
        chain.submit(sent)
        node.kill()
        with pytest.raises(Unavailable):
            chain.submit(unsent)
        node.start()
        assert [outcome.landing for outcome in chain.outcomes([sent, unsent])] == [Landing.FINAL, Landing.UNKNOWN]
        chain.submit(sent)
        chain.submit(unsent)
        assert chain.supply(desk.token) == RAW("6")
        assert len(chain.events("")[0]) == 2
        cluster.close()


def test_an_issuer_without_lamports_is_unavailable_not_refused(node: SolanaNode) -> None:
    cluster, attestor = Cluster(node.url), WillingAttestor()
    chain = SolanaChain(cluster, Keypair(), str(attestor.key.pubkey()), attestor)
    with pytest.raises(Unavailable, match="no funds"):
        chain.list_token(TSLA)
    cluster.close()


def test_a_malformed_address_is_named(desk: Desk) -> None:
    with pytest.raises(Malformed, match="not a Solana address"):
        desk.chain.balance(desk.token, "0xabc")


class RememberingAttestor(WillingAttestor):
    """Answers a second question about the same mint with the transaction that it signed first."""

    def __init__(self) -> None:
        super().__init__()
        self.signed: dict[str, bytes] = {}

    def attest_mint(self, voucher: MintVoucher, evidence: Evidence, transaction: bytes | None) -> Mapping[str, object]:
        first = self.signed.setdefault(voucher.mint_id, transaction or b"")
        return {**super().attest_mint(voucher, evidence, first), "transaction": base64.b64encode(first).decode()}

    def attest_transaction(self, purpose: str, request_id: str, transaction: bytes) -> Mapping[str, object]:
        if purpose == FOUNDING:
            return super().attest_transaction(purpose, request_id, transaction)
        first = self.signed.setdefault(f"{purpose}:{request_id}", transaction)
        answer = super().attest_transaction(purpose, request_id, first)
        return {**answer, "transaction": base64.b64encode(first).decode()}


def test_a_burn_that_was_signed_and_forgotten_is_prepared_again_as_the_same_transaction(node: SolanaNode) -> None:
    issuer, holder, attestor = Keypair(), Keypair(), RememberingAttestor()
    for key in (issuer, holder):
        node.fund(str(key.pubkey()))
    cluster = Cluster(node.url)
    chain = SolanaChain(cluster, issuer, str(attestor.key.pubkey()), attestor)
    desk = Desk(node, chain, issuer, attestor, chain.list_token(TSLA))
    desk.do(chain.prepare_mint(*desk.voucher(str(holder.pubkey()), "3", "sub-k/1")))
    SolanaWallet(cluster, holder).redeem(desk.token, chain.multisig, "red-k", RAW("2"), RedemptionKind.CASH)
    forgotten = desk.signed(chain.prepare_burn(desk.token, "red-k", str(holder.pubkey()), RAW("2")))
    cluster.rpc.call("openscrip_skipSlots", 10)
    again = desk.signed(chain.prepare_burn(desk.token, "red-k", str(holder.pubkey()), RAW("2")))
    assert [one.tx_id for one in forgotten] == [one.tx_id for one in again]
    cluster.close()


def test_a_crash_after_the_attestor_signed_leaves_one_transaction_that_can_land(node: SolanaNode) -> None:
    issuer, attestor = Keypair(), RememberingAttestor()
    node.fund(str(issuer.pubkey()))
    cluster = Cluster(node.url)
    chain = SolanaChain(cluster, issuer, str(attestor.key.pubkey()), attestor)
    desk = Desk(node, chain, issuer, attestor, chain.list_token(TSLA))
    voucher = desk.voucher(str(Keypair().pubkey()), "3", "sub-h/1")
    forgotten = desk.signed(chain.prepare_mint(*voucher))
    cluster.rpc.call("openscrip_skipSlots", 10)
    again = desk.signed(chain.prepare_mint(*voucher))
    assert [one.tx_id for one in forgotten] == [one.tx_id for one in again]
    other = desk.voucher(str(Keypair().pubkey()), "4", "sub-h/1")
    with pytest.raises(Refused) as refusal:
        chain.prepare_mint(*other)
    assert refusal.value.code == "attestor.signature"
    cluster.close()
