"""The chain port on a real node: two keys mint, one does not; each id lands once; events come from what moved."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import Transaction
from tests.issuance.solana.conftest import DEPLOYER, START_AT, TSLA, Desk, Keys, WillingAttestor, at_genesis, chain_of, found

from openscrip.issuance.chain import Burned, Departed, Landing, Minted, RedemptionEscrowed, Refunded, SignedCall
from openscrip.issuance.chains.solana import program_operations as operations
from openscrip.issuance.chains.solana.accounts import decode_mint
from openscrip.issuance.chains.solana.adapter import floor_f64
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.cosigned import Envelope, compose, sign
from openscrip.issuance.chains.solana.founding import SolanaRoles, found_program, land, upgrade_authority
from openscrip.issuance.chains.solana.governance import SolanaGuardian, SolanaTimelock
from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.token_program import associated_account
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.voucher import (
    ActionCancel,
    ActionFinish,
    AnnouncedAction,
    MintKind,
    MultiplierChange,
    RedemptionKind,
    chain_hash,
)
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares

pytestmark = pytest.mark.parts
RAW = RawAmount.parse
DAY_S = 86_400


@pytest.fixture
def timelock(desk: Desk) -> SolanaTimelock:
    """The desk's own way through the timelock."""
    attestor = (str(desk.attestor.key.pubkey()), desk.attestor)
    return SolanaTimelock(desk.chain.cluster, desk.chain.program, desk.keys.issuer, *attestor)


@pytest.fixture
def guardian(desk: Desk) -> SolanaGuardian:
    """The desk's guardian."""
    return SolanaGuardian(desk.chain.cluster, desk.chain.program, desk.keys.guardian)


def change(desk: Desk, expected: str, multiplier: str, ratio: tuple[int, int], action: str) -> MultiplierChange:
    """A split in twenty minutes."""
    version, now = desk.chain.multiplier(desk.token).version, desk.chain.head().at
    kind = "SPLF" if ratio[0] > ratio[1] else "SPLR"
    split = AnnouncedAction(action, kind, date(2024, 6, 10), None, None, *ratio, 0, "11" * 32)
    before, after = Multiplier.parse(expected, version), Multiplier.parse(multiplier, version + 1)
    named = (desk.chain.name, "TSLAx", desk.token)
    return MultiplierChange(*named, before, after, now + 1_200, version + 1, split, *ratio, now)


def pass_time(desk: Desk, seconds: int) -> int:
    """Push the node's market time, and its slots, so that equal acts are two transactions; what the time is then."""
    now = desk.chain.head().at + seconds
    desk.node.set_time(now)
    desk.chain.cluster.rpc.call("openscrip_skipSlots", 1)
    return now


def test_founding_gives_every_power_to_the_program_and_is_repeated_safely(desk: Desk) -> None:
    chain, address = desk.chain, Pubkey.from_string(desk.token)
    mint = decode_mint(chain.cluster.account(address) or b"")
    assert mint.mint_authority == mint.freeze_authority == mint.scaled.authority == chain.program.stock(address)
    assert (mint.metadata.symbol, mint.metadata.field("isin")) == ("TSLAx", "US88160R1014")
    assert upgrade_authority(chain.cluster, chain.program) == chain.program.issuer()
    assert chain.list_token(TSLA) == desk.token == chain.token_address("TSLAx")
    again = found(desk.node, chain.cluster, chain.program, desk.keys, desk.attestor)
    assert again.list_token(TSLA) == desk.token


def test_founding_a_program_for_other_roles_than_it_has_is_refused(desk: Desk) -> None:
    others = SolanaRoles.single(*(Keypair().pubkey() for _ in range(4)))
    with pytest.raises(Refused, match="founded for other roles"):
        found_program(desk.chain.cluster, desk.chain.program, DEPLOYER, others)


def test_founding_with_an_attestor_of_another_key_is_refused(node: SolanaNode, unused: Iterator[Program]) -> None:
    cluster, program = Cluster(node.url), next(unused)
    attestor = WillingAttestor(cluster, program)
    chain = found(node, cluster, program, Keys(), attestor)
    attestor.key = Keypair()
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
    kept = desk.chain.stock_account(desk.token)
    assert (kept.sequence, kept.allocation, kept.day_used) == (1, Shares.whole(1_000_000).atoms, RAW("10.5").grains)


def test_a_mint_above_the_allocation_is_refused_by_the_chain(desk: Desk) -> None:
    desk.attestor.shares = Shares.parse("10")
    alice = str(Keypair().pubkey())
    desk.mint(alice, "10")
    outcome = desk.do(desk.chain.prepare_mint(*desk.voucher(alice, "0.00000001", "sub-z/1")))
    assert (outcome.landing, outcome.reason) == (Landing.REVERTED, "issuer: allocation was too small")


def test_the_same_mint_submitted_again_lands_once(desk: Desk) -> None:
    (signed,) = desk.signed(desk.chain.prepare_mint(*desk.voucher(str(Keypair().pubkey()), "3", "sub-a/1")))
    assert desk.chain.outcomes([signed])[0].landing is Landing.UNKNOWN
    for _ in range(3):
        desk.chain.submit(signed)
    assert desk.chain.outcomes([signed])[0].landing is Landing.FINAL
    assert desk.chain.supply(desk.token) == RAW("3")


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


def test_a_mint_signed_by_a_key_that_is_no_attestor_is_refused_by_the_program(desk: Desk) -> None:
    stranger = WillingAttestor(desk.chain.cluster, desk.chain.program)
    chain = chain_of(desk.chain.cluster, desk.chain.program, desk.keys, stranger)
    chain.watch_token(desk.token)
    outcome = desk.do(chain.prepare_mint(*desk.voucher(str(Keypair().pubkey()), "3", "sub-b/1")))
    assert (outcome.landing, "attestor" in outcome.reason) == (Landing.REVERTED, True)
    assert not desk.chain.supply(desk.token)


def test_what_cannot_be_a_voucher_is_refused_before_anybody_signs(desk: Desk) -> None:
    voucher, evidence = desk.voucher(str(Keypair().pubkey()), "3", "sub-c/1")
    wrong = {
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


def test_a_guardian_stops_a_token_alone_and_only_two_keys_and_a_day_resume_it(
    desk: Desk, guardian: SolanaGuardian, timelock: SolanaTimelock
) -> None:
    alice, chain = desk.wallet(), desk.chain
    desk.mint(alice.address, "5")
    alice.redeem(desk.token, "red-1", RAW("1"), RedemptionKind.CASH)
    guardian.pause(desk.token)
    outcome = desk.do(chain.prepare_mint(*desk.voucher(alice.address, "1", "sub-e/1")))
    assert (outcome.landing, outcome.reason) == (Landing.REVERTED, "token: was paused")
    with pytest.raises(Refused) as refusal:
        alice.transfer(desk.token, str(Keypair().pubkey()), RAW("1"))
    assert refusal.value.code == "solana.paused"
    alice.redeem(desk.token, "red-2", RAW("1"), RedemptionKind.CASH)
    assert desk.do(chain.prepare_refund(desk.token, "red-1", alice.address, RAW("1"))).landing is Landing.FINAL
    assert desk.do(chain.prepare_burn(desk.token, "red-2", alice.address, RAW("1"))).landing is Landing.FINAL
    mint = Pubkey.from_string(desk.token)
    resume = operations.resume(chain.program, salt=b"resume-1", mint=mint, scope=7)
    with pytest.raises(Refused):
        timelock.execute(resume)
    timelock.propose(resume)
    with pytest.raises(Refused):
        timelock.execute(resume)
    pass_time(desk, DAY_S)
    timelock.execute(resume)
    alice.transfer(desk.token, str(Keypair().pubkey()), RAW("1"))
    assert alice.balance(desk.token) == RAW("3")


def test_an_operation_that_the_guardian_called_off_is_done_only_when_it_was_queued_again(
    desk: Desk, guardian: SolanaGuardian, timelock: SolanaTimelock
) -> None:
    mint = Pubkey.from_string(desk.token)
    limits = operations.limits(desk.chain.program, salt=b"limits-1", mint=mint, supply_cap=9, day_cap=8, hour_cap=7)
    timelock.propose(limits)
    guardian.call_off(limits)
    pass_time(desk, DAY_S)
    with pytest.raises(Refused):
        timelock.execute(limits)
    timelock.propose(limits)
    pass_time(desk, DAY_S)
    timelock.execute(limits)
    kept = desk.chain.stock_account(desk.token)
    assert (kept.supply_cap, kept.day_cap, kept.hour_cap) == (9, 8, 7)


def test_a_frozen_account_moves_nothing(desk: Desk, guardian: SolanaGuardian) -> None:
    alice = desk.wallet()
    desk.mint(alice.address, "5")
    guardian.freeze(desk.token, alice.address, 1)
    with pytest.raises(Refused, match="frozen"):
        alice.transfer(desk.token, str(Keypair().pubkey()), RAW("1"))


def test_redemptions_are_escrowed_then_burned_or_refunded(desk: Desk) -> None:
    alice, chain = desk.wallet(), desk.chain
    desk.mint(alice.address, "10")
    _, cursor = chain.events("")
    alice.redeem(desk.token, "red-1", RAW("4"), RedemptionKind.IN_KIND)
    alice.redeem(desk.token, "red-2", RAW("1.5"), RedemptionKind.CASH)
    assert chain.escrowed(desk.token) == RAW("5.5")
    for request, holder in (("red-3", alice.address), ("red-1", str(Keypair().pubkey()))):
        assert desk.do(chain.prepare_burn(desk.token, request, holder, RAW("4"))).landing is Landing.REVERTED
    assert desk.do(chain.prepare_burn(desk.token, "red-1", alice.address, RAW("4"))).landing is Landing.FINAL
    assert desk.do(chain.prepare_refund(desk.token, "red-2", alice.address, RAW("1.5"))).landing is Landing.FINAL
    again = desk.do(chain.prepare_refund(desk.token, "red-1", alice.address, RAW("4")))
    assert (again.landing, again.reason) == (Landing.REVERTED, "issuer: request was not in escrow")
    assert (chain.supply(desk.token), chain.escrowed(desk.token)) == (RAW("6"), RAW("0"))
    assert alice.balance(desk.token) == RAW("6")
    first, second, burned, refunded = chain.events(cursor)[0]
    assert isinstance(first, RedemptionEscrowed)
    told = (first.hash, first.holder, first.raw, first.kind)
    assert told == (chain_hash("red-1").hex(), alice.address, RAW("4"), RedemptionKind.IN_KIND)
    assert isinstance(second, RedemptionEscrowed)
    assert isinstance(burned, Burned)
    assert (burned.hash, burned.raw) == (first.hash, RAW("4"))
    assert isinstance(refunded, Refunded)
    assert (refunded.hash, refunded.holder, refunded.raw) == (second.hash, alice.address, RAW("1.5"))


def test_one_id_of_two_holders_names_two_redemptions(desk: Desk) -> None:
    alice, bob, chain = desk.wallet(), desk.wallet(), desk.chain
    for wallet in (alice, bob):
        desk.mint(wallet.address, "3")
        wallet.redeem(desk.token, "red-1", RAW("2"), RedemptionKind.CASH)
    assert desk.do(chain.prepare_burn(desk.token, "red-1", bob.address, RAW("2"))).landing is Landing.FINAL
    assert chain.escrowed(desk.token) == RAW("2")
    assert desk.do(chain.prepare_refund(desk.token, "red-1", alice.address, RAW("2"))).landing is Landing.FINAL
    assert (alice.balance(desk.token), bob.balance(desk.token)) == (RAW("3"), RAW("1"))


def test_a_relayer_may_pay_for_a_holders_escrow(desk: Desk) -> None:
    holder, relayer, cluster = Keypair(), Keypair(), desk.chain.cluster
    desk.node.fund(str(relayer.pubkey()))
    desk.mint(str(holder.pubkey()), "3")
    mint, me = Pubkey.from_string(desk.token), holder.pubkey()
    step = desk.chain.program.escrow(
        payer=relayer.pubkey(),
        mint=mint,
        holder=me,
        source=associated_account(me, mint),
        kind=1,
        raw=RAW("2").grains,
        request=chain_hash("red-1"),
    )
    land(cluster, sign(compose(relayer.pubkey(), [step], cluster.lease()), holder, relayer))
    event = desk.chain.events("")[0][-1]
    assert isinstance(event, RedemptionEscrowed)
    assert (event.holder, event.raw, event.kind) == (str(me), RAW("2"), RedemptionKind.IN_KIND)


def test_tokens_sent_to_the_escrow_account_by_hand_are_no_redemption(desk: Desk) -> None:
    mallory, chain = desk.wallet(), desk.chain
    desk.mint(mallory.address, "2")
    _, cursor = chain.events("")
    mallory.transfer(desk.token, str(chain.program.stock(Pubkey.from_string(desk.token))), RAW("1"))
    assert (chain.events(cursor)[0], chain.escrowed(desk.token)) == ([], RAW("0"))


def test_a_departure_is_told_with_all_that_its_arrival_needs(desk: Desk, timelock: SolanaTimelock) -> None:
    alice, chain, mint = desk.wallet(), desk.chain, Pubkey.from_string(desk.token)
    desk.mint(alice.address, "5")
    there = chain_hash("chain:eip155:31337")
    with pytest.raises(Refused):
        alice.depart(desk.token, RAW("2"), "eip155:31337", "ab" * 32, "cross-1")
    lane = operations.lane(chain.program, salt=b"lane-one", mint=mint, destination=there, hour_cap=3 * 10**8, life_s=3_600)
    timelock.propose(lane)
    now = pass_time(desk, DAY_S)
    timelock.execute(lane)
    alice.depart(desk.token, RAW("2"), "eip155:31337", "ab" * 32, "cross-1")
    assert (chain.supply(desk.token), alice.balance(desk.token)) == (RAW("3"), RAW("3"))
    departed = chain.events("")[0][-1]
    assert isinstance(departed, Departed)
    told = (departed.hash, departed.holder, departed.raw, departed.destination, departed.receiver)
    assert told == (chain_hash("cross-1").hex(), alice.address, RAW("2"), there.hex(), "ab" * 32)
    holder = Pubkey.from_string(alice.address)
    assert departed.key == str(chain.program.redemption(holder, chain_hash("cross-1")))
    assert departed.arrive_by == now + 3_600


def test_an_arrival_names_its_origin_and_one_origin_serves_once(desk: Desk) -> None:
    voucher, evidence = desk.voucher(str(Keypair().pubkey()), "2", "arrival:evm:aa")
    arrival = replace(voucher, kind=MintKind.ARRIVAL, origin=chain_hash("departure:evm:aa").hex())
    assert desk.do(desk.chain.prepare_mint(arrival, evidence)).landing is Landing.FINAL
    again = replace(arrival, mint_id="arrival:evm:bb", evidence_hash="cd" * 32)
    assert desk.do(desk.chain.prepare_mint(again, evidence)).landing is Landing.REVERTED
    assert desk.chain.supply(desk.token) == RAW("2")


def test_a_restitution_gives_a_burned_redemption_back_to_its_holder_once(desk: Desk) -> None:
    alice, chain = desk.wallet(), desk.chain
    desk.mint(alice.address, "3")
    alice.redeem(desk.token, "red-1", RAW("2"), RedemptionKind.IN_KIND)
    voucher, _ = desk.voucher(alice.address, "2", "red-1/restitution")
    back, evidence = replace(voucher, kind=MintKind.RESTITUTION), {"redemption_id": "red-1"}
    assert desk.do(chain.prepare_mint(back, evidence)).reason == "issuer: origin was no burned redemption"
    desk.do(chain.prepare_burn(desk.token, "red-1", alice.address, RAW("2")))
    desk.chain.cluster.rpc.call("openscrip_skipSlots", 1)
    assert desk.do(chain.prepare_mint(back, evidence)).landing is Landing.FINAL
    assert alice.balance(desk.token) == RAW("3")
    again = replace(back, mint_id="red-1/again", evidence_hash="cd" * 32)
    assert desk.do(chain.prepare_mint(again, evidence)).landing is Landing.REVERTED


def test_a_multiplier_is_scheduled_takes_effect_on_market_time_and_is_numbered(desk: Desk) -> None:
    chain = desk.chain
    ten = change(desk, "1", "10", (10, 1), "split-1")
    assert desk.do(chain.prepare_multiplier(ten, {})).landing is Landing.FINAL
    waiting = chain.multiplier(desk.token)
    assert (waiting.current, waiting.pending, waiting.effective_at) == (10**18, 10**19, ten.effective_at)
    assert (waiting.epoch, waiting.version) == (0, 0)
    more = desk.do(chain.prepare_multiplier(change(desk, "1", "20", (20, 1), "split-2"), {}))
    assert more.landing is Landing.REVERTED
    desk.node.set_time(ten.effective_at)
    shown = chain.multiplier(desk.token)
    assert (shown.current, shown.pending, shown.effective_at) == (10**19, 0, 0)
    assert (shown.epoch, shown.version) == (1, 1)
    third = change(desk, "10", "3.333333333333333333", (1, 3), "split-3")
    assert desk.do(chain.prepare_multiplier(third, {})).landing is Landing.FINAL
    desk.node.set_time(third.effective_at)
    shown = chain.multiplier(desk.token)
    assert shown.current == floor_f64(third.multiplier.to_f64_bytes()) <= third.multiplier.value < shown.current + 2000
    assert (shown.epoch, shown.version) == (2, 2)
    assert chain.stock_account(desk.token).multiplier_at(third.effective_at) == third.multiplier.value


def test_an_action_is_taken_back_while_it_is_pending_and_declared_final_once_it_applied(desk: Desk) -> None:
    chain, named = desk.chain, (desk.chain.name, "TSLAx", desk.token)
    desk.do(chain.prepare_multiplier(change(desk, "1", "2", (2, 1), "split-1"), {}))
    assert desk.do(chain.prepare_cancel(ActionCancel(*named, "split-1", "ef" * 32))).landing is Landing.FINAL
    assert chain.multiplier(desk.token).pending == 0
    second = change(desk, "1", "2", (2, 1), "split-2")
    desk.do(chain.prepare_multiplier(second, {}))
    desk.node.set_time(second.effective_at)
    late = desk.do(chain.prepare_cancel(ActionCancel(*named, "split-2", "ef" * 32)))
    assert late.landing is Landing.REVERTED
    assert desk.do(chain.prepare_finish(ActionFinish(*named, "split-2", "ab" * 32))).landing is Landing.FINAL
    assert chain.multiplier(desk.token).current == 2 * 10**18


def test_new_keys_void_what_was_signed_under_the_old(desk: Desk, timelock: SolanaTimelock) -> None:
    rotation = operations.signers(salt=b"rotate-1", role=2, keys=desk.chain.issuer_account().attestor)
    timelock.propose(rotation)
    pass_time(desk, DAY_S)
    voucher, evidence = desk.voucher(str(Keypair().pubkey()), "3", "sub-k/1")
    (signed,) = desk.signed(desk.chain.prepare_mint(voucher, evidence))
    timelock.execute(rotation)
    desk.chain.submit(signed)
    (outcome,) = desk.chain.outcomes([signed])
    assert (outcome.landing, outcome.reason) == (Landing.REVERTED, "issuer: signer epoch was not in force")
    assert desk.do(desk.chain.prepare_mint(voucher, evidence)).landing is Landing.FINAL


def test_a_stored_call_survives_the_death_of_node_and_adapter(
    tmp_path_factory: pytest.TempPathFactory, stock_so: bytes, unused: Iterator[Program]
) -> None:
    folder = tmp_path_factory.mktemp("own")
    with SolanaNode(folder, start_at=START_AT, programs=at_genesis(stock_so)) as node:
        cluster, program, keys = Cluster(node.url), next(unused), Keys()
        attestor = WillingAttestor(cluster, program)
        chain = found(node, cluster, program, keys, attestor)
        desk = Desk(node, chain, keys, attestor, chain.list_token(TSLA))
        sent, unsent = (
            desk.signed(chain.prepare_mint(*desk.voucher(str(Keypair().pubkey()), "3", f"sub-{name}/1")))[0] for name in "fg"
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


def test_an_issuer_without_lamports_is_unavailable_not_refused(desk: Desk) -> None:
    poor = chain_of(desk.chain.cluster, desk.chain.program, Keys(), desk.attestor)
    with pytest.raises(Unavailable, match="no funds"):
        poor.list_token(TSLA)


def test_a_malformed_address_is_named(desk: Desk) -> None:
    with pytest.raises(Malformed, match="not a Solana address"):
        desk.chain.balance(desk.token, "0xabc")
    with pytest.raises(Malformed, match="not a Solana address"):
        desk.chain.word_of("0xabc")
    with pytest.raises(Malformed, match="not 32 bytes"):
        desk.chain.wallet_of("abc")


def test_a_wallet_is_the_same_after_a_trip_through_its_word(desk: Desk) -> None:
    wallet = str(Keypair().pubkey())
    assert desk.chain.wallet_of(desk.chain.word_of(wallet)) == wallet
    caip2 = desk.chain.caip2()
    assert caip2.startswith("solana:")
    assert len(caip2) == len("solana:") + 32
