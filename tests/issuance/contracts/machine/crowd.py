"""Many calls of many accounts in one transaction, each with what the contracts said to it and showed after it.

Every account gets code at its own address that calls for it (`Puppet.vy`); what its key signs stays signed by its key. One
transaction runs a list of calls in order (`Crowd.vy`), so a call costs a fraction of what a transaction of its own does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from eth_utils.crypto import keccak
from tests.issuance.contracts.stage import Stage, mined
from vyper.cli.vyper_compile import compile_files

from openscrip.issuance.chains.evm.node import reason_of
from openscrip.issuance.contracts.artifact import Artifact, selector
from openscrip.issuance.rpc import RpcError

CROWD = "0x" + "c0" * 20
SENDER = "0x" + "c1" * 20
CALLS_MAX = 48
GAS = 190_000_000


@dataclass(frozen=True, slots=True)
class Compiled:
    """A contract of the tests: what it takes to call it, and the code that it runs."""

    artifact: Artifact
    runtime: str


@cache
def compiled(name: str) -> Compiled:
    """One of the contracts beside this file."""
    path = Path(__file__).with_name(f"{name}.vy")
    built = next(iter(compile_files([str(path)], ["abi", "bytecode", "bytecode_runtime"]).values()))
    code = bytes.fromhex(built["bytecode"][2:])
    return Compiled(Artifact(name, tuple(built["abi"]), code), built["bytecode_runtime"])


class Ask(NamedTuple):
    """A view that is read after a call."""

    target: str
    data: bytes


class Call(NamedTuple):
    """What one account asks one contract for."""

    actor: str
    target: str
    data: bytes


@dataclass(slots=True)
class Outcome:
    """What became of a call: `words` of its refusal, empty if it was done; `state` as `state_hash`; logs in order."""

    done: bool
    words: str
    answer: bytes
    state: bytes
    logs: list[dict[str, Any]] = field(default_factory=list)


class Crowd:
    """Sends lists of calls to the chain of a stage."""

    def __init__(self, stage: Stage) -> None:
        self.rpc, self.at = stage.rpc, 0
        self._crowd, self._puppet = compiled("Crowd").artifact, compiled("Puppet").artifact
        self._run, self._look = (selector_of(self._crowd, name) for name in ("run", "look"))
        self._act = selector_of(self._puppet, "act")
        self._topic = self._crowd.topic("Called")
        self.rpc.call("anvil_setCode", CROWD, compiled("Crowd").runtime)

    def give_code(self, accounts: Iterable[str]) -> None:
        """Let these accounts take part."""
        for account in accounts:
            self.rpc.call("anvil_setCode", account, compiled("Puppet").runtime)

    def run(self, calls: Sequence[Call], always: Sequence[Ask], at: int) -> tuple[str, list[Outcome]]:
        """Make all calls in one block at time `at`; the transaction's hash, and an outcome for each call."""
        acts = [(call.actor, self._act + _call_tail(call.target, call.data)) for call in calls]
        first, second = _pairs(acts), _pairs(always)
        data = self._run + _word(64) + _word(64 + len(first)) + first + second
        if at != self.at:  # else blocks follow each other in the same second by themselves
            self.rpc.call("evm_setNextBlockTimestamp", at)
            self.at = at
        transaction = {"from": SENDER, "to": CROWD, "data": "0x" + data.hex(), "gas": hex(GAS), "gasPrice": "0x0"}
        tx_id = self.rpc.call("eth_sendTransaction", transaction)
        receipt = mined(self.rpc, tx_id)
        assert receipt["status"] == "0x1", f"crowd: the transaction of {len(calls)} calls was undone"
        outcomes = list(self._outcomes(receipt["logs"]))
        assert len(outcomes) == len(calls)
        return tx_id, outcomes

    def look(self, asks: Sequence[Ask]) -> bytes:
        """`state_hash` of what the contracts answer now; at most 300 views."""
        data = self._look + _word(32) + _pairs(asks)
        answer = self.rpc.call("eth_call", {"to": CROWD, "data": "0x" + data.hex(), "gas": hex(GAS)}, "latest")
        return bytes.fromhex(answer[2:])

    def ask(self, each: Ask) -> bytes:
        """What one view answers now, or how it refuses."""
        try:
            answer = self.rpc.call("eth_call", {"to": each.target, "data": "0x" + each.data.hex()}, "latest")
        except RpcError as error:
            answer = error.data
        return bytes.fromhex(str(answer)[2:])

    def _outcomes(self, logs: Iterable[dict[str, Any]]) -> Iterable[Outcome]:
        before: list[dict[str, Any]] = []
        for log in logs:
            if log["topics"][0] != self._topic:
                before.append(log)
                continue
            words = bytes.fromhex(log["data"][2:])
            done, state = words[31] == 1, words[64:96]
            length = int.from_bytes(words[96:128], "big")
            answer = words[128 : 128 + length]
            yield Outcome(done, "" if done else reason_of("0x" + answer.hex()), answer, state, before)
            before = []


def selector_of(artifact: Artifact, function: str) -> bytes:
    """The selector of a function that is there once."""
    return next(selector(entry) for entry in artifact.abi if entry.get("name") == function and entry["type"] == "function")


def _word(number: int) -> bytes:
    return number.to_bytes(32)


def _bytes(content: bytes) -> bytes:
    return _word(len(content)) + content + bytes(-len(content) % 32)


def _call_tail(target: str, data: bytes) -> bytes:
    """The ABI's (address, bytes)."""
    return bytes(12) + bytes.fromhex(target[2:]) + _word(64) + _bytes(data)


def _pairs(pairs: Iterable[tuple[str, bytes]]) -> bytes:
    """The ABI's (address, bytes)[]: by hand, since the library takes longer than the chain."""
    parts = [_call_tail(*pair) for pair in pairs]
    offsets, place = [], 32 * len(parts)
    for part in parts:
        offsets.append(_word(place))
        place += len(part)
    return _word(len(parts)) + b"".join(offsets) + b"".join(parts)


_answers: dict[bytes, bytes] = {}


def state_hash(answers: Iterable[bytes]) -> bytes:
    """What `Crowd.vy` logs after a call if the contracts answer so: keccak256 of the answers' hashes, as an array."""
    hashes = []
    for answer in answers:
        found = _answers.get(answer)
        if found is None:
            if len(_answers) > 200_000:
                _answers.clear()
            found = _answers[answer] = keccak(answer)
        hashes.append(found)
    return keccak((32).to_bytes(32, "big") + len(hashes).to_bytes(32, "big") + b"".join(hashes))
