"""The ground of the state machine: what calls are made with, when they are compared, and what must always hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine
from tests.issuance.contracts.machine.crowd import CALLS_MAX, Call, Outcome, state_hash
from tests.issuance.contracts.machine.setting import ACCOUNTS, Setting, who
from tests.issuance.contracts.machine.views import View, after_every_block, after_every_call, of_everything
from tests.issuance.contracts.model.reasons import NOBODY, Reasons
from tests.issuance.contracts.model.world import World
from tests.issuance.contracts.stage import CHAIN_ID, key

from openscrip.issuance.chains.evm.distribution_tree import DistributionTree
from openscrip.issuance.chains.evm.typed_data import digest
from openscrip.issuance.contracts.artifact import own

WRONG = bytes(range(1, 65)) + b"\x1b"
"""65 bytes that no key of ours signed."""
LOOK_MAX = 300
BY_THE_OWNER = {"StockToken.transfer", "StockToken.burn", "Issuer.escrow"}
BY_SOMEBODY_ELSE = {
    "StockToken.transferFrom", "StockToken.burnFrom", "StockToken.delegatedTransfer", "StockToken.recover",
}  # fmt: skip
"""On an allowance, a signature, or the recovery's right; nothing else takes from anybody."""
ORDERED = {"StockToken.transfer", "StockToken.transferFrom"}
"""What promises the order of its refusals: the first rule broken is the one that is told."""


@dataclass(slots=True)
class Made:
    """A call with what the model says of it."""

    call: Call
    name: str
    reasons: Reasons
    moved: list[tuple[str, str, str, int]]
    barred: set[tuple[str, str]]
    state: bytes = b""
    views: list[View] = field(default_factory=list)


_NAMES = {who(name): name for name in ACCOUNTS}
_KEYS = {address: key(name) for address, name in _NAMES.items()}


class Ground(RuleBasedStateMachine):
    """One chain with all contracts and one model of them. Calls are made in blocks; see `settle` for what is compared."""

    setting: ClassVar[Setting]

    def __init__(self) -> None:
        super().__init__()
        self.rpc, self.crowd, self.coverage = self.setting.stage.rpc, self.setting.crowd, self.setting.coverage
        self.snapshot = self.rpc.call("evm_snapshot")
        self.world: World = self.setting.world()
        self.made: list[Made] = []
        self.count = 0
        self.sound = True
        self.left_out: set[str] = set()
        self.blocks: list[tuple[int, list[Call]]] = []
        self.minted: set[object] = set()
        self.asked: list[tuple[bytes, str]] = []
        self.trees: dict[bytes, DistributionTree] = {}

    # ---------------------------------------------------------------- making calls

    def unique(self, what: str) -> bytes:
        """32 bytes that were not there before."""
        self.count += 1
        return what.encode().ljust(24, b"\0") + self.count.to_bytes(8)

    def sign(self, name: str, contract: str, type_string: str, values: Sequence[object], by: Iterable[str]) -> bytes:
        """What these accounts sign, one after the other; whoever has no key signs nonsense."""
        hashed = digest(name, CHAIN_ID, contract, type_string, tuple(values))
        return b"".join(_KEYS[each].sign_digest(hashed) if each in _KEYS else WRONG for each in by)

    def make(self, actor: str, contract: str, at: str, function: str, arguments: Sequence[object], reasons: Reasons) -> bool:
        """Note a call that the model judged; it is sent with the others of its block. Whether it is allowed."""
        data = own(contract).call(function, *arguments)
        moved, self.world.block.moved = self.world.block.moved, []
        self._holds_in_the_model(moved)
        made = Made(Call(actor, at, data), self.coverage.name(at, data), Reasons(reasons), moved, self._barred())
        made.views = list(after_every_call(self.world, self.setting.holders))
        made.state = state_hash(view.answer for view in made.views)
        self._note(made)
        return not reasons

    def make_foreign(self, actor: str, at: str, data: bytes) -> None:
        """A call of a contract that is not ours; it is done, and counts for nothing."""
        made = Made(Call(actor, at, data), "", Reasons(), [], set())
        made.views = list(after_every_call(self.world, self.setting.holders))
        made.state = state_hash(view.answer for view in made.views)
        self._note(made)

    def _note(self, made: Made) -> None:
        self.made.append(made)
        if len(self.made) == CALLS_MAX:
            self.settle()

    def all_or_nothing(self, act: Any) -> Reasons:
        """An act of several parts on the model."""
        self.world, reasons = self.world.all_or_nothing(act)
        return reasons

    def _barred(self) -> set[tuple[str, str]]:
        """Who moves nothing, by token."""
        listed = {account for account, lists in self.world.policy.lists.items() if lists}
        return {
            (token.at, account)
            for token in self.world.tokens.values()
            for account in (*listed, *token.frozen)
            if account != token.issuer
        }

    def _holds_in_the_model(self, moved: Sequence[tuple[str, str, str, int]]) -> None:
        """Nobody has less than nothing or holds tokens unwatched; and a mint left shares enough for the supply (I1)."""
        issuer = self.world.issuer
        for token in self.world.tokens.values():
            assert all(raw >= 0 for raw in token.balances.values())
            holding = {account for account, raw in token.balances.items() if raw}
            assert holding <= set(self.setting.holders), "machine: somebody unwatched holds tokens"
        for at in {token for token, sender, _, _ in moved if sender == NOBODY}:
            held, last = self.world.tokens[at], issuer.feeds[at].last
            assert last is not None
            owed = -(-held.supply * max(held.multiplier.value, held.multiplier_next) // 10**27)
            assert owed <= last.allocation <= last.shares, "machine: a mint left the supply uncovered"

    # ---------------------------------------------------------------- comparing

    def pass_time(self, seconds: int) -> None:
        """The next block is so much later."""
        self.settle()
        self.world.pass_time(seconds)

    def settle(self) -> None:
        """Send what is noted as one block, and compare.

        For every call: whether it was done, the words of its refusal, every `Transfer` it caused, and after it every balance,
        supply and multiplier of every token. After the block also all powers, lists, caps, pauses, freezes, nonces, pools,
        feeds, prices and actions; at the end of a run (`teardown`) everything that was ever touched.
        """
        if not self.made:
            return
        made, self.made = self.made, []
        calls, now = [each.call for each in made], self.world.block.now
        self.blocks.append((now, calls))
        tx_id, outcomes = self.crowd.run(calls, [view.ask for view in made[-1].views], now)
        for place, (each, outcome) in enumerate(zip(made, outcomes, strict=True)):
            self._agree(each, outcome)
            if outcome.state != each.state:
                self._show(made[: place + 1])
        self._look(after_every_block(self.world, self.setting.accounts))
        self._trace(tx_id, made)

    def _agree(self, made: Made, outcome: Outcome) -> None:
        """The contract did as the model did."""
        words = outcome.words if not outcome.done else ""
        told = f"{made.name}: the model said {made.reasons or 'yes'}; the contract said {words or outcome.done}"
        assert outcome.done is (not made.reasons), told
        if not outcome.done:
            expected = made.reasons[:1] if made.name.split("(")[0] in ORDERED else made.reasons
            assert words in expected, told
        if made.name:
            self.coverage.note(made.name, words)
        self._moves(made, outcome)
        self._mints_once(outcome)

    def _moves(self, made: Made, outcome: Outcome) -> None:
        """What moved is what the model moved on somebody's authority; whoever is listed or frozen took no part."""
        moved = [
            (token, sender, receiver, raw) for token, sender, receiver, raw in map(self._transferred, outcome.logs) if token
        ]
        assert moved == made.moved, f"{made.name}: moved {moved}, not {made.moved}"
        function = made.name.split("(")[0]
        for _, sender, _, _ in moved:
            assert sender in {NOBODY, *self._authority(function, made.call.actor)} or function in BY_SOMEBODY_ELSE, (
                f"{made.name}: {sender} gave, and nobody was entitled"
            )
        recovery = made.name.startswith("StockToken.recover(")
        for token, sender, receiver, _ in moved:
            assert recovery or (token, sender) not in made.barred, f"{made.name}: {sender} was barred and gave"
            assert (token, receiver) not in made.barred, f"{made.name}: {receiver} was barred and took"

    def _authority(self, function: str, actor: str) -> set[str]:
        """Whose own act it is to give; the issuer contract gives what is in its escrow, and what it takes to burn."""
        if function in {"Issuer.burn", "Issuer.refund"}:
            return {self.world.issuer.at}
        if function in {"Conversion.convert", "Conversion.redeem", "Issuer.depart"}:
            return {actor, self.world.issuer.at}
        return {actor} if function in BY_THE_OWNER else set()

    def _transferred(self, log: dict[str, Any]) -> tuple[str, str, str, int]:
        token = self.setting.checksums.get(log["address"], "")
        if log["topics"][0] != self.setting.transfer or token not in self.world.tokens:
            return "", "", "", 0
        sender, receiver = (self.setting.checksums["0x" + topic[-40:]] for topic in log["topics"][1:3])
        return token, sender, receiver, int(log["data"], 16)

    def _mints_once(self, outcome: Outcome) -> None:
        """No voucher and no evidence mints twice, whatever the model thinks (I2); a succession's evidence is its action."""
        for log in outcome.logs:
            if log["topics"][0] == self.setting.minted:
                fields = own("Issuer").event_data("Minted", bytes.fromhex(log["data"][2:]))
                ids = {log["topics"][1]} | ({(fields["kind"], fields["evidence"])} if fields["kind"] != 4 else set())
                assert not ids & self.minted, "machine: a voucher or its evidence minted twice"
                self.minted |= ids

    def _look(self, views: Iterable[View]) -> None:
        """What views answer now; if it is not what they must, all that differ are named."""
        rest = iter(views)
        while some := list(islice(rest, LOOK_MAX)):
            if self.crowd.look([view.ask for view in some]) != state_hash(view.answer for view in some):
                wrong = [difference for view in some if (difference := self._difference(view))]
                raise AssertionError("\n".join(("machine: the contracts and the model differ", *wrong)))

    def _difference(self, view: View) -> str:
        answer = self.crowd.ask(view.ask)
        return "" if answer == view.answer else f"{view.contract}.{view.function}{view.arguments}: {answer.hex()}, not {view}"

    def _show(self, made: Sequence[Made]) -> None:
        """Repeat the run up to the call after which the contracts showed something else, and say what."""
        self._go_back()
        self.snapshot = self.rpc.call("evm_snapshot")
        for at, calls in self.blocks[:-1]:
            self.crowd.run(calls, [], at)
        self.crowd.run([each.call for each in made], [], self.world.block.now)
        wrong = [difference for view in made[-1].views if (difference := self._difference(view))]
        raise AssertionError("\n".join((f"machine: after {made[-1].name} the contracts and the model differ", *wrong)))

    def _trace(self, tx_id: str, made: Sequence[Made]) -> None:
        """Look into a block where a function was done for the first time, for what it called in turn."""
        done = {each.name for each in made if not each.reasons}
        if not done <= self.setting.traced:
            self.setting.traced |= done
            self.coverage.note_within(self.rpc.call("debug_traceTransaction", tx_id, {"tracer": "callTracer"}))

    def teardown(self) -> None:
        """Compare all there is, and give the chain back as it was."""
        try:
            if self.sound:
                self.settle()
                self._look(of_everything(self.world))
        finally:
            self._go_back()

    def _go_back(self) -> None:
        """The chain as it was before the run."""
        assert self.rpc.call("evm_revert", self.snapshot), "machine: the chain did not go back"
        self.crowd.at = 0
