"""The custodian's movements by what they mean to us: receipts, deliveries by redemption, splits, ended instructions."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from openscrip_watch.canonical import request_hash, revisions
from openscrip_watch.refusal import Refusal, refuse_unless
from openscrip_watch.statement import Movement

ENDED = ("cancelled", "failed", "rejected")


@dataclass(slots=True)
class Line:
    """One stock's movements."""

    receipts: dict[str, Movement] = field(default_factory=dict)
    deliveries: dict[str, list[Movement]] = field(default_factory=dict)
    """By the hash of the redemption that they name as reference."""
    splits: dict[int, Fraction] = field(default_factory=dict)
    """New shares for one old, by the epoch that the split began."""
    twice: set[str] = field(default_factory=set)
    """Receipts under one name at two custodians: neither proves anything."""
    split_actions: set[str] = field(default_factory=set)
    """Hashes of the event ids of booked splits, as chains name them, also where they come again after a correction."""

    def factor(self, start: int, end: int) -> Fraction:
        """What one share of epoch `start` is in shares of epoch `end`. Raises `epoch.unknown`."""
        factor = Fraction(1)
        for epoch in range(min(start, end) + 1, max(start, end) + 1):
            refuse_unless(epoch in self.splits, "epoch.unknown", f"custody: no split was booked for epoch {epoch}")
            factor *= self.splits[epoch]
        return factor if end >= start else 1 / factor


class Custody:
    """All lines, built from the movement log in order."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self.ended: dict[str, Movement] = {}
        """Instructions that never will move anything."""
        self.moved: dict[str, Movement] = {}
        """Settled instructions."""

    def line(self, isin: str) -> Line:
        """The movements of one stock."""
        return self._lines.setdefault(isin, Line())

    def extend(self, movements: Iterable[Movement]) -> None:
        """Take movements in. A split's terms stand in its reference as new/old."""
        for each in movements:
            line = self.line(each.isin)
            if each.type == "receipt":
                before = line.receipts.setdefault(each.instruction, each)
                if before.keeper != each.keeper:
                    line.twice.add(each.instruction)
                self.moved[each.instruction] = each
            elif each.type == "delivery":
                line.deliveries.setdefault(request_hash(each.reference), []).append(each)
                self.moved[each.instruction] = each
            elif each.type == "split":
                ratio = _ratio(each)
                text = f"movements: {each.keeper} booked epoch {each.epoch} of {each.isin} as {ratio}, another otherwise"
                refuse_unless(line.splits.setdefault(each.epoch, ratio) == ratio, "movement.split", text)
                line.split_actions |= {request_hash(name) for name in revisions(each.instruction)}
            elif each.type in ENDED:
                self.ended[each.instruction] = each


def _ratio(split: Movement) -> Fraction:
    new, _, old = split.reference.partition("/")
    if not (new.isdigit() and old.isdigit() and int(new) and int(old)):
        raise Refusal("movement.split", f"movements: split {split.seq} did not state its ratio as new/old")
    return Fraction(int(new), int(old))
