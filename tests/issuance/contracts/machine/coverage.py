"""Which functions were seen to succeed and to refuse."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openscrip.issuance.contracts.artifact import own, selector, signature

CONTRACTS = (
    "Signers", "Policy", "StockToken", "ReserveFeed", "Issuer", "CorporateActions", "Conversion", "PriceFeed", "Registry",
    "Genesis", "Distributor",
)  # fmt: skip


def functions() -> dict[tuple[str, bytes], str]:
    """Every external function that changes state, of every contract: (contract, selector) to its signature."""
    return {
        (contract, selector(entry)): f"{contract}.{signature(entry)}"
        for contract in CONTRACTS
        for entry in own(contract).abi
        if entry["type"] == "function" and entry["stateMutability"] not in {"view", "pure"}
    }


@dataclass
class Coverage:
    """Calls that were done, that were refused, and that another contract made in one that was done.

    `places` says which contract stands at an address.
    """

    places: dict[str, str] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    within: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.names = functions()

    @property
    def calls(self) -> int:
        """How many there were, not counting those that contracts made in turn."""
        return sum(self.done.values()) + sum(self.refused.values())

    @property
    def done_percent(self) -> int:
        """How many of them were done, rounded down."""
        return 100 * sum(self.done.values()) // max(1, self.calls)

    def name(self, at: str, data: bytes) -> str:
        """The function that a call asks for; empty if it is none of these."""
        return self.names.get((self.places.get(at.lower(), ""), data[:4]), "")

    def note(self, name: str, words: str) -> None:
        """A call and the words of its refusal."""
        if words:
            self.refused[name] += 1
            self.words[words] += 1
        else:
            self.done[name] += 1

    def note_within(self, trace: Mapping[str, Any]) -> None:
        """Every call that a call of the crowd made in turn: transaction, account, call, and what is below it."""
        for act in _children(trace):
            for call in _children(act):
                for inner in _children(_behind(call)):
                    self.note_deployed(inner)

    def note_deployed(self, trace: Mapping[str, Any]) -> None:
        """Every call in a tree of calls, as far as nothing above it was undone."""
        if "error" in trace:
            return
        name = self.name(str(trace.get("to", "")), bytes.fromhex(str(trace.get("input", "0x"))[2:]))
        if name:
            self.within[name] += 1
        for inner in _children(_behind(trace)):
            self.note_deployed(inner)

    def missing(self) -> list[str]:
        """What was not seen both ways."""
        return [
            f"{name}: {what}"
            for name in self.names.values()
            for what, seen in (("never done", self.done[name] + self.within[name]), ("never refused", self.refused[name]))
            if not seen
        ]

    def table(self) -> str:
        """A line for each function."""
        head = f"{'done':>8} {'within':>7} {'refused':>8}  function"
        lines = (f"{self.done[name]:>8} {self.within[name]:>7} {self.refused[name]:>8}  {name}" for name in self.names.values())
        return "\n".join((head, *lines))


def _children(trace: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The calls that a call made, none of one that was undone."""
    calls: list[Mapping[str, Any]] = trace.get("calls", [])
    return [] if "error" in trace else calls


def _behind(trace: Mapping[str, Any]) -> Mapping[str, Any]:
    """The implementation's part of a proxy's call, or the call itself."""
    same = (each for each in _children(trace) if each["type"] == "DELEGATECALL" and each["input"] == trace["input"])
    return next(same, trace)
