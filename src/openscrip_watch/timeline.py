"""I1 through time: after each mint, what the statement in force then held against what was owed and claimed. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from openscrip_watch.amounts import RAW, show
from openscrip_watch.chains.facts import Fact
from openscrip_watch.custody import Line
from openscrip_watch.held import Held, moments
from openscrip_watch.proof import Claims, Cover, InForce, cover, in_force
from openscrip_watch.statement import Statement

CLOCKS_DIFFER_S = 15
"""Chains and custodian each have a clock; a statement this much later may still be the one that a mint stood on."""


@dataclass(frozen=True, slots=True)
class Mint:
    """A mint in history: the fact, and the raw supply of all chains after it."""

    fact: Fact
    supply: int


def mints_in_order(facts: Sequence[Fact]) -> Iterator[Mint]:
    """Every mint with the supply after it; `facts` are the mints and burns of all chains in order of time."""
    supply = 0
    for fact in facts:
        supply += fact.raw if fact.what == "minted" else -fact.raw
        if fact.what == "minted":
            yield Mint(fact, supply)


@dataclass(slots=True)
class Past:
    """What one stock's mints are judged on: statements, movements, multipliers, burns, what closed each claim when."""

    statements: Sequence[Statement]
    line: Line
    in_force: Sequence[InForce]
    facts: Sequence[Fact]
    closed_at: Mapping[str, int]
    more: Sequence[Sequence[Statement]] = ()
    """The statements of further custodians, each oldest first."""
    burns: list[Fact] = field(init=False)

    def __post_init__(self) -> None:
        self.burns = [fact for fact in self.facts if fact.what == "burned"]

    def uncovered(self) -> str:
        """The first mint that was not covered, as a sentence; empty if all were."""
        for mint in mints_in_order(self.facts):
            at, stood_on = mint.fact.at, list[Cover | str]()
            for statement in self._statements_at(at):
                stood_on.append(self.judge(mint, statement))
                if holds(stood_on[-1]):
                    break
            else:
                why = "no statement was in force" if not stood_on else str(stood_on[-1])
                return f"mint {mint.fact.request} of {show(mint.fact.raw, RAW)} on {mint.fact.chain} at {at}: {why}"
        return ""

    def judge(self, mint: Mint, statement: Held) -> Cover | str:
        """I1 after a mint on a statement, or why the two cannot be compared."""
        now = in_force(self.in_force, mint.fact.at)
        if now.epoch != statement.epoch:
            return f"the token was in epoch {now.epoch}, statement {statement.number} in {statement.epoch}"
        multiplier = max(now.multiplier, mint.fact.multiplier)
        return cover(mint.supply, multiplier, self._claims(mint.fact.at, statement), statement.unencumbered)

    def _statements_at(self, at: int) -> Iterator[Held]:
        """The statements in force of all custodians, then those that the clocks' difference allows."""
        return moments((self.statements, *self.more), at, CLOCKS_DIFFER_S)

    def _claims(self, at: int, statement: Held) -> int:
        claims, total = Claims(), 0
        for fact in self.burns:
            if fact.at > at:
                break
            if self.closed_at.get(fact.request, at + 1) > at:
                claims.burn(fact.request, fact.raw, at_burn(fact, self.in_force))
                total += claims.remaining(fact.request, self.line, statement.epoch, statement.reach)
        return total


def holds(found: Cover | str) -> bool:
    """Whether a mint was covered by one statement."""
    return isinstance(found, Cover) and found.holds


def at_burn(fact: Fact, past: Sequence[InForce]) -> InForce:
    """Multiplier and epoch of a burn: as the chain says, or as they were in force then."""
    return InForce(fact.at, fact.multiplier, fact.epoch) if fact.multiplier else in_force(past, fact.at)
