"""The EVM adapter against the port's promises, on a real chain with the real contracts and a signing attestor."""

import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from openscrip.issuance.chain import Burned, Call, Landing, Minted, Outcome, RedemptionEscrowed, Refunded, SignedCall
from openscrip.issuance.chains.evm.adapter import EvmChain
from openscrip.issuance.chains.evm.deployment import EvmDeployment, EvmRoles, ListedToken, deploy_platform, list_token
from openscrip.issuance.chains.evm.governance import EvmGuardian, EvmTimelock, unlisting, unpausing
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.typed_data import (
    ACTION_CANCEL,
    ACTION_FINISH,
    ACTIONS,
    CORPORATE_ACTION,
    FEED,
    ISSUER,
    MINT_VOUCHER,
    MULTIPLIER_CHANGE,
    RESERVE_REPORT,
    action_values,
    cancel_values,
    change_values,
    digest,
    finish_values,
    report_values,
    voucher_values,
)
from openscrip.issuance.chains.evm.wallet import EvmWallet
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.rpc import JsonRpc
from openscrip.issuance.voucher import (
    ActionCancel,
    ActionFinish,
    AnnouncedAction,
    Evidence,
    MintKind,
    MintVoucher,
    MultiplierChange,
    RedemptionKind,
    chain_hash,
    evidence_hash,
)  # fmt: skip
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.instrument import Instrument, InstrumentKind
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.keys import KeyKind, LocalKey

pytestmark = pytest.mark.parts
NODE_MODULES = Path(__file__).parents[2] / "node_modules"
NOON, CHAIN_ID = 1_717_416_000, 31337
NAMES = ("issuer", "attestor", "corporate_action", "guardian", "approver", "lister")
KEYS = {name: EvmAccount(LocalKey(KeyKind.SECP256K1, chain_hash(name))) for name in (*NAMES, "alice", "bob", "stranger")}
TSLA = Instrument("TSLA", "Tesla", "US88160R1014", "XNAS", "USD", InstrumentKind.EQUITY, "TSLAx")


class SigningAttestor:
    """Signs everything, with a report of 1,000 shares before each mint."""

    def __init__(self, node: Node) -> None:
        self.node, self.sequence = node, 0
        self.deployment: EvmDeployment
        self.listed: ListedToken

    def attest_mint(self, voucher: MintVoucher, evidence: Evidence, transaction: bytes | None) -> Mapping[str, object]:
        self.sequence += 1
        at = int(self.node.rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        report = {
            "shares": "1000", "encumbered": "7", "in_transit": "8", "allocation": "1000", "as_of": at,
            "sequence": self.sequence, "epoch": voucher.epoch,
        }  # fmt: skip
        values = report_values(voucher.token, report)
        signed = KEYS["attestor"].sign_digest(digest(FEED, CHAIN_ID, self.listed.feed, RESERVE_REPORT, values))
        return {
            "signature": self._sign(ISSUER, self.deployment.issuer, MINT_VOUCHER, voucher_values(voucher)),
            "report": report | {"signature": "0x" + signed.hex()},
        }

    def attest_multiplier(
        self, change: MultiplierChange, event: Mapping[str, object], transaction: bytes | None
    ) -> Mapping[str, object]:
        action = action_values(change.token, change.action)
        return {
            "signature": self._sign(ACTIONS, self.deployment.actions, MULTIPLIER_CHANGE, change_values(change)),
            "action_signature": self._sign(ACTIONS, self.deployment.actions, CORPORATE_ACTION, action),
        }

    def attest_finish(self, finish: ActionFinish, transaction: bytes | None = None) -> str:
        return self._sign(ACTIONS, self.deployment.actions, ACTION_FINISH, finish_values(finish))

    def attest_cancel(self, cancel: ActionCancel, transaction: bytes | None = None) -> str:
        return self._sign(ACTIONS, self.deployment.actions, ACTION_CANCEL, cancel_values(cancel))

    def attest_report(self, chain: str, stock: str, transaction: bytes | None) -> Mapping[str, object]:
        raise AssertionError("these tests report with their mints")

    def attest_transaction(self, purpose: str, request_id: str, transaction: bytes) -> Mapping[str, object]:
        raise AssertionError("an EVM chain asks for no co-signature of a transaction")

    def _sign(self, domain: str, contract: str, type_string: str, values: tuple[object, ...]) -> str:
        return "0x" + KEYS["attestor"].sign_digest(digest(domain, CHAIN_ID, contract, type_string, values)).hex()


def scheduled(
    token: str, expected: Multiplier, ratio: tuple[int, int], at: int, action_id: str = "act-1", epoch_after: int = 1
) -> MultiplierChange:
    """A split by `ratio` on the EVM chain, with what is announced of it."""
    new, old = ratio
    action = AnnouncedAction(
        action_id, "SPLF" if new > old else "SPLR", date(2024, 6, 10), date(2024, 6, 7), None, new, old, 0, "11" * 32
    )  # fmt: skip
    return MultiplierChange(
        "evm", "TSLAx", token, expected, expected.times_down(new, old), at, epoch_after, action, new, old, at - 60
    )  # fmt: skip


class Scene:
    """A chain with one listed token, the adapter, and wallets. Its deployer is new, so a node can hold many."""

    def __init__(self, evm: EvmNode) -> None:
        deployer = EvmAccount(LocalKey(KeyKind.SECP256K1, secrets.token_bytes(32)))
        for signer in (*KEYS.values(), deployer):
            evm.fund(signer.address)
        self.evm, self.node = evm, Node(JsonRpc(evm.url), CHAIN_ID, Fees())
        roles = EvmRoles(*(KEYS[name].address for name in NAMES))
        self.deployment = deploy_platform(self.node, deployer, roles, NODE_MODULES)
        listed = list_token(self.node, KEYS["lister"], self.deployment, TSLA, NODE_MODULES)
        self.token, self.count, attestor = listed.token, 0, SigningAttestor(self.node)
        attestor.deployment, attestor.listed = self.deployment, listed
        self.chain = EvmChain("evm", self.node, self.deployment, KEYS["issuer"], KEYS["corporate_action"], attestor)

    def voucher(self, mint_id: str, who: str = "alice", raw: str = "5", epoch: int = 0) -> MintVoucher:
        hashed = evidence_hash({"mint_id": mint_id})
        deadline = self.chain.head().at + 3_600
        return MintVoucher(
            "evm", "TSLAx", self.token, KEYS[who].address, RawAmount.parse(raw), MintKind.ISSUANCE, mint_id, hashed,
            epoch, Multiplier.one(), deadline,
        )  # fmt: skip

    def land(self, *calls: Call) -> tuple[SignedCall, Outcome]:
        """Sign at the next nonces, submit, wait; the last call's outcome."""
        nonce = self.chain.next_nonce()
        signed = [self.chain.sign(call, nonce + place) for place, call in enumerate(calls)]
        for each in signed:
            self.chain.submit(each)
        return signed[-1], self.settle(signed[-1])

    def settle(self, signed: SignedCall) -> Outcome:
        end = time.monotonic() + 60
        while (outcome := self.chain.outcomes([signed])[0]).landing in {Landing.PENDING, Landing.UNKNOWN}:
            assert time.monotonic() < end, "the call did not land in time"
            time.sleep(0.005)
        return outcome

    def mint(self, mint_id: str, who: str = "alice", raw: str = "5") -> tuple[SignedCall, Outcome]:
        return self.land(*self.chain.prepare_mint(self.voucher(mint_id, who, raw), {}))

    def wallet(self, who: str) -> EvmWallet:
        return EvmWallet(self.node, self.deployment, KEYS[who])


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with EvmNode(tmp_path, NODE_MODULES, start_at=NOON) as evm:
        made = Scene(evm)
        yield made
        made.node.rpc.close()


def test_a_mint_becomes_final_once_however_often_it_is_sent(scene: Scene) -> None:
    signed, outcome = scene.mint("sub-1/1")
    assert outcome == Outcome(Landing.FINAL)
    scene.chain.submit(signed)
    again, outcome = scene.mint("sub-1/1")
    assert (again.tx_id != signed.tx_id, outcome) == (True, Outcome(Landing.REVERTED, "issuer: voucher was used"))
    assert scene.chain.supply(scene.token) == scene.wallet("alice").balance(scene.token) == RawAmount.parse("5")


def test_reports_that_land_in_another_order_do_no_harm(scene: Scene) -> None:
    first, second = (scene.chain.prepare_mint(scene.voucher(f"sub-{n}/1"), {})[0] for n in (1, 2))
    nonce = scene.chain.next_nonce()
    late, early = scene.chain.sign(first, nonce + 1), scene.chain.sign(second, nonce)
    scene.chain.submit(late)
    assert scene.chain.outcomes([late, early]) == [Outcome(Landing.PENDING), Outcome(Landing.UNKNOWN)]
    scene.chain.submit(early)
    assert [scene.settle(late), scene.settle(early)] == [Outcome(Landing.FINAL)] * 2


def test_a_call_whose_nonce_another_took_is_dead(scene: Scene) -> None:
    first, second = (scene.chain.prepare_mint(scene.voucher(f"sub-{n}/1"), {})[0] for n in (1, 2))
    nonce = scene.chain.next_nonce()
    landed, dead = scene.chain.sign(first, nonce), scene.chain.sign(second, nonce)
    assert scene.chain.outcomes([landed, dead]) == [Outcome(Landing.UNKNOWN)] * 2
    scene.chain.submit(landed)
    assert scene.settle(landed) == Outcome(Landing.FINAL)
    scene.chain.submit(dead)
    assert scene.chain.outcomes([landed, dead]) == [Outcome(Landing.FINAL), Outcome(Landing.DEAD)]
    assert scene.chain.next_nonce() == nonce + 1


def test_a_redemption_is_escrowed_burned_or_refunded_and_told_in_order(scene: Scene) -> None:
    alice, bob = scene.wallet("alice"), scene.wallet("bob")
    mints = [scene.mint("sub-1/1", "alice")[0].tx_id, scene.mint("sub-2/1", "bob")[0].tx_id]
    heard, cursor = scene.chain.events("")
    assert [(each.tx_id, type(each)) for each in heard] == [(tx_id, Minted) for tx_id in mints]
    assert scene.chain.events(cursor) == ([], cursor)
    two, more = RawAmount.parse("2"), RawAmount.parse("1.5")
    escrow = alice.escrow(scene.token, two, RedemptionKind.CASH, "red-1")
    bob.escrow(scene.token, more, RedemptionKind.IN_KIND, "red-2")
    burn, _ = scene.land(*scene.chain.prepare_burn(scene.token, "red-1", alice.address, two))
    back, _ = scene.land(*scene.chain.prepare_refund(scene.token, "red-2", bob.address, more))
    heard, _ = scene.chain.events(cursor)
    first, second = chain_hash("red-1").hex(), chain_hash("red-2").hex()
    assert heard == [
        RedemptionEscrowed(
            "evm", scene.token, escrow, heard[0].block, NOON, first, alice.address, two, RedemptionKind.CASH
        ),
        RedemptionEscrowed(
            "evm", scene.token, heard[1].tx_id, heard[1].block, NOON, second, bob.address, more, RedemptionKind.IN_KIND
        ),
        Burned("evm", scene.token, burn.tx_id, heard[2].block, NOON, first, two),
        Refunded("evm", scene.token, back.tx_id, heard[3].block, NOON, second, bob.address, more),
    ]  # fmt: skip
    assert scene.chain.supply(scene.token) == RawAmount.parse("8")
    assert scene.chain.balance(scene.token, bob.address.lower()) == RawAmount.parse("5")


def test_a_multiplier_is_scheduled_shown_and_takes_effect_on_its_second(scene: Scene) -> None:
    one = Multiplier.one()
    change = scheduled(scene.token, one, (10, 1), NOON + 7_200)
    assert scene.land(*scene.chain.prepare_multiplier(change, {}))[1] == Outcome(Landing.FINAL)
    shown = scene.chain.multiplier(scene.token)
    assert (shown.current, shown.pending, shown.effective_at) == (10**18, 10**19, NOON + 7_200)
    assert (shown.epoch, shown.version) == (0, 0)
    scene.evm.set_time(NOON + 7_200)
    shown = scene.chain.multiplier(scene.token)
    assert (shown.current, shown.pending, shown.effective_at, shown.epoch, shown.version) == (10**19, 0, 0, 1, 1)


def test_an_action_is_registered_with_its_facts_and_declared_final(scene: Scene) -> None:
    change = scheduled(scene.token, Multiplier.one(), (10, 1), NOON + 7_200)
    scene.land(*scene.chain.prepare_multiplier(change, {}))
    contract, at, action_id = own("CorporateActions"), scene.deployment.actions, chain_hash("act-1")

    def told(view: str) -> object:
        return scene.node.read(contract, at, view, action_id)[0]

    facts = (b"SPLF", 20240610, 20240607, 0, 10, 1, 0, "0x" + "00" * 20, b"\x11" * 32, bytes(32))
    assert told("action") == (action_id, scene.token.lower(), *facts)
    assert told("change_of") == (
        scene.token.lower(), 10**18, 10**19, NOON + 7_200, 1, action_id, 10, 1, NOON + 7_140,
    )  # fmt: skip
    scene.evm.set_time(NOON + 7_200)
    assert told("state_of") == 3
    end = ActionFinish("evm", "TSLAx", scene.token, "act-1", "ab" * 32)
    assert scene.land(*scene.chain.prepare_finish(end))[1] == Outcome(Landing.FINAL)
    assert told("state_of") == 4


def test_an_action_is_taken_back_before_it_takes_effect_and_not_after(scene: Scene) -> None:
    change = scheduled(scene.token, Multiplier.one(), (10, 1), NOON + 7_200)
    scene.land(*scene.chain.prepare_multiplier(change, {}))
    cancel = ActionCancel("evm", "TSLAx", scene.token, "act-1", "cd" * 32)
    assert scene.land(*scene.chain.prepare_cancel(cancel))[1] == Outcome(Landing.FINAL)
    assert scene.chain.multiplier(scene.token).pending == 0
    again = scheduled(scene.token, Multiplier.one(), (10, 1), NOON + 7_200, "act-2")
    scene.land(*scene.chain.prepare_multiplier(again, {}))
    scene.evm.set_time(NOON + 7_200)
    late = scene.land(*scene.chain.prepare_cancel(replace(cancel, action_id="act-2")))[1]
    assert late == Outcome(Landing.REVERTED, "actions: action was not pending")


def test_what_is_minted_back_names_its_burned_redemption(scene: Scene) -> None:
    scene.mint("sub-1/1")
    alice, two = scene.wallet("alice"), RawAmount.parse("2")
    alice.escrow(scene.token, two, RedemptionKind.IN_KIND, "red-1")
    back = replace(scene.voucher("red-1/restitution", raw="2"), kind=MintKind.RESTITUTION)
    evidence = {"redemption_id": "red-1"}
    unburned = scene.land(*scene.chain.prepare_mint(back, evidence))[1]
    assert unburned == Outcome(Landing.REVERTED, "issuer: origin was no burned redemption")
    scene.land(*scene.chain.prepare_burn(scene.token, "red-1", alice.address, two))
    assert scene.land(*scene.chain.prepare_mint(back, evidence))[1] == Outcome(Landing.FINAL)
    assert alice.balance(scene.token) == RawAmount.parse("5")


def test_a_holder_is_refused_in_the_contracts_words_and_nothing_is_sent(scene: Scene) -> None:
    alice = scene.wallet("alice")
    nonce = scene.node.nonce(alice.address)
    with pytest.raises(Refused) as caught:
        alice.transfer(scene.token, KEYS["bob"].address, RawAmount.parse("1"))
    assert (caught.value.code, caught.value.text) == ("token.balance_was_too_small", "token: balance was too small")
    assert scene.node.nonce(alice.address) == nonce


def test_a_permit_signed_by_the_wallet_lets_another_spend(scene: Scene) -> None:
    scene.mint("sub-1/1")
    alice, bob = scene.wallet("alice"), scene.wallet("bob")
    vrs = alice.sign_permit(scene.token, bob.address, RawAmount.parse("2"), NOON + 60)
    bob.submit_permit(scene.token, alice.address, bob.address, RawAmount.parse("2"), NOON + 60, vrs)
    with pytest.raises(Refused, match="token: permit was not signed by the owner"):
        bob.submit_permit(scene.token, alice.address, bob.address, RawAmount.parse("2"), NOON + 60, vrs)


def test_the_guardian_stops_at_once_and_two_keys_undo_after_a_day(scene: Scene) -> None:
    scene.mint("sub-1/1")
    guardian = EvmGuardian(scene.node, scene.deployment, KEYS["guardian"])
    timelock = EvmTimelock(scene.node, scene.deployment, NODE_MODULES)
    guardian.pause(scene.token)
    guardian.list_address(KEYS["bob"].address)
    with pytest.raises(Refused, match="token: was paused"):
        scene.wallet("alice").transfer(scene.token, KEYS["bob"].address, RawAmount.parse("1"))
    undoings = (unpausing(scene.token), unlisting(scene.deployment, KEYS["bob"].address))
    for each in undoings:
        timelock.propose(each, KEYS["issuer"])
        with pytest.raises(Refused):
            timelock.execute(each, KEYS["approver"])
    scene.evm.set_time(NOON + 86_400)
    for each in undoings:
        with pytest.raises(Refused):
            timelock.execute(each, KEYS["issuer"])
        timelock.execute(each, KEYS["approver"])
    scene.wallet("alice").transfer(scene.token, KEYS["bob"].address, RawAmount.parse("1"))


def test_addresses_are_read_strictly(scene: Scene) -> None:
    good = KEYS["alice"].address
    for bad in ("", "alice", good[2:], good[:-1], good[:-1] + "g", good.swapcase().replace("0X", "0x")):
        with pytest.raises(Malformed) as caught:
            scene.chain.balance(scene.token, bad)
        assert caught.value.code == "address.malformed"


def test_another_chain_or_no_chain_is_said_so(scene: Scene) -> None:
    with pytest.raises(Refused, match="served chain 31337, expected 1"):
        Node(scene.node.rpc, 1, Fees()).check()
    scene.evm.stop()
    with pytest.raises(Unavailable):
        scene.chain.head()


def test_a_deployment_reads_back_from_its_json(scene: Scene) -> None:
    assert EvmDeployment.from_json(scene.deployment.to_json()) == scene.deployment
