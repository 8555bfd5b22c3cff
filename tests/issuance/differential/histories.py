"""One history on both chains: played on Solana while it is chosen, then at once on EVM, and compared step by step."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from random import Random

from tests.issuance.differential import steps
from tests.issuance.differential.evm_side import EvmSide
from tests.issuance.differential.facts import Facts, Known
from tests.issuance.differential.memory import Memory
from tests.issuance.differential.plan import THEMES, Plan, begun
from tests.issuance.differential.solana_side import SolanaSide
from tests.issuance.differential.steps import Happened, Step

STEPS_MIN, STEPS_MAX = 4, 14
SIGNING = {
    "issuer signature was wrong", "attestor signature was wrong", "corporate action signature was wrong",
    "caller was not the issuer", "caller was not the guardian",
}  # fmt: skip
"""What the program asks before anything else, so that a call which is wrong in two ways is told this one; and so is"""
MISSING: dict[type, str] = {
    steps.Burn: "request was not in escrow", steps.Refund: "request was not in escrow",
    steps.Depart: "lane was closed", steps.SetLane: "lane was closed",
    **dict.fromkeys((steps.Stage, steps.Cancel, steps.Finish, steps.End), "action was not announced"),
}  # fmt: skip
"""that a record is missing, which a step names."""
LAST_ON_SOLANA = {(steps.Recover, "receiver was frozen")}
"""What Token-2022 looks at, after everything that the program looks at."""


class Differed(AssertionError):
    """The two chains did not answer or end alike."""


@dataclass
class Coverage:
    """How often each step was done and refused, and with which words."""

    histories: int = 0
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)

    def note(self, history: Sequence[Happened]) -> None:
        """Count a history."""
        self.histories += 1
        for each in history:
            name = name_of(each.step)
            (self.refused if each.words else self.done)[name] += 1
            if each.words:
                self.words[each.words] += 1

    def table(self) -> str:
        """A line for each step, then one for each refusal."""
        names = sorted({*self.done, *self.refused})
        rows = [f"{self.done[name]:>8} {self.refused[name]:>8}  {name}" for name in names]
        said = [f"{count:>8}  {words}" for words, count in sorted(self.words.items())]
        return "\n".join((f"{self.histories} histories", "    done  refused  step", *rows, *said))


def name_of(step: Step) -> str:
    """The step's name; a mint's with its kind, and what the guardian does apart from what the timelock does."""
    name = type(step).__name__
    match step:
        case steps.Mint():
            kinds = {steps.ISSUANCE: "issuance", steps.ARRIVAL: "arrival", steps.RESTITUTION: "restitution"}
            return f"{name} {kinds.get(step.kind, 'of no kind')}{' with report' if step.report else ''}"
        case steps.Limits() | steps.SetLane():
            return f"{name} {'by the guardian' if step.by else 'by the timelock'}"
        case _:
            return name


class Both:
    """The two sides, standing alike."""

    def __init__(self, evm: EvmSide, solana: SolanaSide) -> None:
        self.evm, self.solana = evm, solana
        self.coverage = Coverage()
        evm.settle(begun())
        solana.settle(begun())

    def play(self, seed: int) -> None:
        """The history of a seed. Raises `Differed` with the shortest part of it that still differs."""
        self.solana.go_back()
        random = Random(seed)
        plan, history = Plan(self.solana, random, str(seed)), list[Happened]()
        plan.theme = random.choice(THEMES)
        for _ in range(random.randint(STEPS_MIN, STEPS_MAX)):
            history.append(self._happens(plan, plan.next()))
        difference = self._difference(history, plan.known, self.solana.facts(plan.known))
        if difference:
            raise Differed(f"seed {seed}: {self._shortest(history, plan.known, difference)}")
        self.coverage.note(history)

    def _happens(self, memory: Memory, step: Step) -> Happened:
        """Do it on Solana, and remember it."""
        signed, there = memory.is_signed(step), memory.is_there(step)
        words = self.solana.do(step)
        memory.learn(step, words)
        return Happened(self.solana.at, step, words, signed, there)

    def _difference(self, history: Sequence[Happened], known: Known, solana: Facts) -> str:
        """What was not alike; empty if everything was."""
        said, evm = self.evm.play(history, known, self.solana.at)
        for each, words in zip(history, said, strict=True):
            if not alike(each, words):
                return f"at {each.at} {each.step}: EVM {words or 'did it'!r}, Solana {each.words or 'did it'!r}"
        differing = (
            f"{name}: EVM {getattr(evm, name)}, Solana {getattr(solana, name)}"
            for name in (each.name for each in fields(Facts))
            if getattr(evm, name) != getattr(solana, name)
        )
        return "; ".join(differing)

    def _shortest(self, history: Sequence[Happened], known: Known, difference: str) -> str:
        """The history without every step that is not needed for a difference, as text."""
        chosen = [each.step for each in history]
        place = len(chosen) - 1
        while place >= 0:
            fewer = [*chosen[:place], *chosen[place + 1 :]]
            again = self._again(fewer, known)
            if again:
                chosen, difference = fewer, again
            place -= 1
        told = "\n".join(f"  {step}" for step in chosen)
        return f"{difference}\n{told}"

    def _again(self, chosen: Sequence[Step], known: Known) -> str:
        """What is not alike when these steps are taken."""
        self.solana.go_back()
        memory = Memory(self.solana, Random(0), "again")
        history = [self._happens(memory, step) for step in chosen]
        return self._difference(history, known, self.solana.facts(known))


def alike(happened: Happened, evm: str) -> bool:
    """Both did it, or both refused it with the same words; which of several contracts kept the rule on EVM is left out."""
    step, solana = happened.step, happened.words
    if not evm or not solana:
        return evm == solana
    evm, solana = evm.partition(": ")[2], solana.partition(": ")[2]
    if solana == "account was frozen" and not isinstance(step, steps.Freeze):
        solana = evm if evm in {"sender was frozen", "receiver was frozen"} else solana  # Token-2022 does not say which
    if isinstance(step, steps.Transfer):
        return True  # Token-2022's own rules, in its own order
    asked_first = not happened.signed and solana in SIGNING
    missing = not happened.there and solana == MISSING.get(type(step))
    return evm == solana or asked_first or missing or (type(step), evm) in LAST_ON_SOLANA
