"""Contracts and model take the same calls; after each, both allowed it or both refused it, and both show the same."""

import hashlib
from collections.abc import Callable
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.issuance.contracts.model import GRAIN, Change, Model
from tests.issuance.contracts.stage import ONE, Reverted, Stage, account, key

from openscrip.issuance.contracts.artifact import own
from openscrip.kernel.quantities import RawAmount

HOLDERS = ("alice", "bob", "carol")
holders = st.sampled_from(HOLDERS)
ids = st.integers(0, 5).map(lambda number: hashlib.sha256(bytes([number])).digest())
mint_ids = st.integers(0, 60).map(lambda number: hashlib.sha256(b"mint" + bytes([number])).digest())
raws = st.one_of(st.integers(0, 40 * ONE // GRAIN).map(lambda grains: grains * GRAIN), st.integers(0, 40 * ONE))
aheads = st.sampled_from([600, 3_600, 7_200, 7_200, 60, 61 * 86_400])
multipliers = st.one_of(
    st.sampled_from([ONE // 10, ONE // 3, ONE, 2 * ONE, 3 * ONE, 10 * ONE]), st.integers(10**16, 10**20),
    st.integers(10**11, 10**25),
)  # fmt: skip
rarely = st.sampled_from([False, False, False, True])


class Machine(RuleBasedStateMachine):
    """One stage and one model."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        stage = self.stage
        self.snapshot = stage.rpc.call("evm_snapshot")
        stage.sequence = 0
        self.model = Model(stage.now())
        self.watched = [*(account(holder) for holder in HOLDERS), stage.at.issuer]

    def both(self, allowed: bool, act: Callable[[], object]) -> None:
        """The contract must do as the model did."""
        words = ""
        try:
            act()
        except Reverted as refusal:
            words = str(refusal) or "evm: nothing was said"
        assert allowed is (words == ""), f"the model allowed: {allowed}; the contract said: {words}"
        assert not words.startswith("evm: "), "a refusal must have the contract's words"

    @initialize()
    def first_report(self) -> None:
        self.model.report(100 * 10**9, 0)
        self.stage.report(shares=100 * 10**9, allocation=100 * 10**9)

    @rule(more=st.integers(0, 60 * 10**9), back=st.sampled_from([0, 0, 0, 1]))
    def report(self, more: int, back: int) -> None:
        # near what is owed, so that the limit is met from both sides
        shares, epoch = self.model.multiplier.to_shares_up(RawAmount(self.model.supply)).atoms + more, self.model.epoch
        epoch = max(0, epoch - back)
        allowed = self.model.report(shares, epoch)
        self.both(allowed, lambda: self.stage.report(shares=shares, allocation=shares, epoch=epoch))

    @rule(receiver=holders, raw=raws, request=mint_ids, evidence=mint_ids, late=st.sampled_from([60, 60, 60, -1]))
    def mint(self, receiver: str, raw: int, request: bytes, evidence: bytes, late: int) -> None:
        request, evidence = b"r" + request[1:], b"e" + evidence[1:]
        epoch, deadline = self.model.epoch, self.model.now + late
        allowed = self.model.mint(receiver, raw, request, evidence, epoch, deadline)
        voucher = self.stage.voucher(
            receiver=key(receiver).address, raw=raw, request=request, evidence=evidence, epoch=epoch, deadline=deadline
        )
        self.both(allowed, lambda: self.stage.mint(voucher))

    @rule(sender=holders, receiver=holders, raw=raws)
    def transfer(self, sender: str, receiver: str, raw: int) -> None:
        allowed = self.model.transfer(sender, receiver, raw)
        self.both(allowed, lambda: self.stage.send(sender, "StockToken", "transfer", account(receiver), raw))

    @rule(holder=holders, raw=raws, request=ids)
    def escrow(self, holder: str, raw: int, request: bytes) -> None:
        allowed = self.model.escrow(holder, raw, request)
        self.both(allowed, lambda: self.stage.escrow(holder, raw, request))

    @rule(request=ids)
    def burn(self, request: bytes) -> None:
        self.both(self.model.burn(request), lambda: self.stage.send("issuer", "Issuer", "burn", request))

    @rule(request=ids)
    def refund(self, request: bytes) -> None:
        self.both(self.model.refund(request), lambda: self.stage.send("issuer", "Issuer", "refund", request))

    @rule(multiplier=multipliers, ahead=aheads, step=st.sampled_from([0, 1, 1, 2]), action=ids)
    def schedule(self, multiplier: int, ahead: int, step: int, action: bytes) -> None:
        change = Change(b"a" + action[1:], multiplier, self.model.now + ahead, self.model.epoch + step)
        expected = self.model.multiplier.value
        allowed = self.model.schedule(expected, change)
        signed = self.stage.change(
            expected=expected, multiplier=multiplier, effective_at=change.at, epoch_after=change.epoch,
            action=change.action,
        )  # fmt: skip
        self.both(allowed, lambda: self.stage.schedule(signed))

    @rule(action=ids)
    def cancel(self, action: bytes) -> None:
        action = b"a" + action[1:]
        self.both(self.model.cancel(action), lambda: self.stage.cancel(action))

    @rule(seconds=st.sampled_from([1, 60, 900, 3_600]))
    def pass_time(self, seconds: int) -> None:
        self.model.pass_time(seconds)
        self.stage.pass_time(seconds)

    @rule(paused=rarely)
    def pause_or_unpause(self, paused: bool) -> None:
        if paused != self.model.paused:
            self.model.paused = paused
            sender, function = ("guardian", "pause") if paused else (self.stage.at.timelock, "unpause")
            self.stage.send(sender, "StockToken", function)

    @rule(who=holders, listed=rarely)
    def list_or_unlist(self, who: str, listed: bool) -> None:
        if listed != (who in self.model.listed):
            self.model.listed ^= {who}
            sender, function = ("guardian", "list_address") if listed else (self.stage.at.timelock, "unlist_address")
            self.stage.send(sender, "Policy", function, account(who))

    @rule(who=holders, frozen=rarely)
    def freeze_or_unfreeze(self, who: str, frozen: bool) -> None:
        if frozen != (who in self.model.frozen):
            self.model.frozen ^= {who}
            sender, function = ("guardian", "freeze") if frozen else (self.stage.at.timelock, "unfreeze")
            self.stage.send(sender, "StockToken", function, account(who), 1)

    @invariant()
    def same(self) -> None:
        token, model = own("StockToken"), self.model
        asked = [token.call("standing"), *(token.call("balanceOf", each) for each in self.watched)]
        answers = self.stage.rpc.batch([
            ("eth_call", [{"to": self.stage.token, "data": "0x" + data.hex()}, "latest"]) for data in asked
        ])
        standing = token.result("standing", bytes.fromhex(answers[0][2:]))[0]
        balances = [int(answer, 16) for answer in answers[1:]]
        assert balances == [*(model.balances.get(holder, 0) for holder in HOLDERS), model.escrowed]
        assert standing[0] == model.supply == sum(balances)
        pending = model.pending
        current = model.multiplier.value
        assert standing[1:4] == (current, pending.multiplier if pending else current, pending.at if pending else 0)
        assert standing[4:] == (model.epoch, pending.epoch if pending else model.epoch, model.multiplier.version)

    def teardown(self) -> None:
        self.stage.rpc.call("evm_revert", self.snapshot)


def test_contracts_and_model__any_calls_in_any_order__agree(deployed: Stage) -> None:
    Machine.stage = deployed
    run_state_machine_as_test(Machine, settings=settings(stateful_step_count=40))
