"""I1 through time: after each mint, what the statement in force then held against what was owed and claimed. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from openscrip_watch.amounts import RAW, show
from openscrip_watch.chains.facts import Fact
from openscrip_watch.custody import Line
from openscrip_watch.proof import Claims, Cover, InForce, cover, in_force
from openscrip_watch.statement import Statement

CLOCKS_DIFFER_S = 120
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


@dataclass(frozen=True, slots=True)
class Past:
    """What one stock's mints are judged on: statements, movements, multipliers, burns, what closed each claim when."""

    statements: Sequence[Statement]
    line: Line
    in_force: Sequence[InForce]
    facts: Sequence[Fact]
    closed_at: Mapping[str, int]

    def uncovered(self) -> str:
        """The first mint that was not covered, as a sentence; empty if all were."""
        for mint in mints_in_order(self.facts):
            at = mint.fact.at
            stood_on = [self.judge(mint, statement) for statement in self._statements_at(at)]
            if not any(isinstance(each, Cover) and each.holds for each in stood_on):
                why = "no statement was in force" if not stood_on else str(stood_on[-1])
                return f"mint {mint.fact.request} of {show(mint.fact.raw, RAW)} on {mint.fact.chain} at {at}: {why}"
        return ""

    def judge(self, mint: Mint, statement: Statement) -> Cover | str:
        """I1 after a mint on a statement, or why the two cannot be compared."""
        now = in_force(self.in_force, mint.fact.at)
        if now.epoch != statement.epoch:
            return f"the token was in epoch {now.epoch}, statement {statement.sequence} in {statement.epoch}"
        multiplier = max(now.multiplier, mint.fact.multiplier)
        return cover(mint.supply, multiplier, self._claims(mint.fact.at, statement), statement.unencumbered)

    def _statements_at(self, at: int) -> list[Statement]:
        """The statement in force, then those that the clocks' difference allows."""
        before = [each for each in self.statements if each.as_of <= at]
        near = [each for each in self.statements if at < each.as_of <= at + CLOCKS_DIFFER_S]
        return [*before[-1:], *near]

    def _claims(self, at: int, statement: Statement) -> int:
        claims, total = Claims(), 0
        for fact in self.facts:
            if fact.at > at:
                break
            if fact.what == "burned" and self.closed_at.get(fact.request, at + 1) > at:
                claims.burn(fact.request, fact.raw, at_burn(fact, self.in_force))
                total += claims.remaining(fact.request, self.line, statement.epoch, statement.movement_seq)
        return total


def at_burn(fact: Fact, past: Sequence[InForce]) -> InForce:
    """Multiplier and epoch of a burn: as the chain says, or as they were in force then."""
    return InForce(fact.at, fact.multiplier, fact.epoch) if fact.multiplier else in_force(past, fact.at)
