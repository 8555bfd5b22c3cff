"""What all custodians together hold of a stock: one newest statement of each, as one reserve. Pure."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from openscrip_watch.refusal import refuse_unless
from openscrip_watch.statement import Statement

NO_EPOCH = -1
"""Stands where custodians count different epochs: no token has it, so nothing compares and nothing is minted."""


@dataclass(frozen=True, slots=True)
class Held:
    """The statements of one line at every custodian; sums in 1e-9 share."""

    parts: tuple[Statement, ...]

    @property
    def isin(self) -> str:
        """The line."""
        return self.parts[0].isin

    @property
    def epoch(self) -> int:
        """The epoch that all statements count in; `NO_EPOCH` while they differ."""
        epochs = {part.epoch for part in self.parts}
        return epochs.pop() if len(epochs) == 1 else NO_EPOCH

    @property
    def as_of(self) -> int:
        """The time of the oldest of them: the whole is as old as that."""
        return min(part.as_of for part in self.parts)

    @property
    def unencumbered(self) -> int:
        """Settled shares that back tokens."""
        return sum(part.unencumbered for part in self.parts)

    @property
    def encumbered(self) -> int:
        """Held and promised to others, or on the way out."""
        return sum(part.encumbered for part in self.parts)

    @property
    def pending_receipt(self) -> int:
        """On the way in; counts for nothing."""
        return sum(part.pending_receipt for part in self.parts)

    @property
    def reach(self) -> Mapping[str, int]:
        """The last movement that each custodian's statement closes over."""
        return {part.keeper: part.movement_seq for part in self.parts}

    @property
    def number(self) -> str:
        """Which statements they are, in words."""
        return " and ".join(part.number for part in self.parts)

    def refuse_unless_one_epoch(self) -> None:
        """Raise `epoch.custodians` while custodians count different shares."""
        told = ", ".join(f"{part.keeper} {part.epoch}" for part in self.parts)
        refuse_unless(self.epoch != NO_EPOCH, "epoch.custodians", f"epoch: custodians count different ones ({told})")


def moments(lines: Sequence[Sequence[Statement]], at: int, later_s: int) -> Iterator[Held]:
    """What was held at `at`: of every line the statement in force, or one of up to `later_s` later; none if one had none."""
    found = []
    for statements in lines:
        first = bisect_right(statements, at, key=lambda each: each.as_of)
        last = bisect_right(statements, at + later_s, lo=first, key=lambda each: each.as_of)
        found.append(statements[max(0, first - 1) : last])
    for parts in product(*found):
        yield Held(parts)


def stated_sums(lines: Sequence[Sequence[Statement]]) -> set[tuple[int, int]]:
    """Every (unencumbered, epoch) that statements of all custodians together ever said, at any moment that had one of each."""
    times = sorted({each.as_of for statements in lines for each in statements})
    found: set[tuple[int, int]] = set()
    places = [0] * len(lines)
    for at in times:
        valid = []
        for place, statements in enumerate(lines):
            first = places[place]
            while places[place] < len(statements) and statements[places[place]].as_of <= at:
                places[place] += 1
            valid.append(statements[max(0, first - 1) : places[place]])
        for parts in product(*valid):
            whole = Held(parts)
            found.add((whole.unencumbered, whole.epoch))
    return found
