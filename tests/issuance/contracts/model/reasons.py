"""What a call breaks, in the contracts' words."""

from dataclasses import dataclass, field

NOBODY = "0x" + "00" * 20
NO_HASH = bytes(32)
GRAIN = 10**10
"""1e-8 raw in atoms: what is minted, escrowed or crosses chains is a whole multiple of it."""


@dataclass
class Block:
    """The block that is next: its time in UTC seconds, and what the call at hand moved, as (token, sender, receiver, raw)."""

    now: int
    moved: list[tuple[str, str, str, int]] = field(default_factory=list)


class Reasons(list[str]):
    """The words of every rule that a call breaks, as far as they can be judged; empty if the call is allowed.

    A contract stops at the first rule it looks at; which one that is, is its own matter, except where an order is promised.
    """

    def unless(self, holds: bool, words: str) -> None:
        """Note a rule that does not hold."""
        if not holds:
            self.append(words)

    def needs(self, other: "Reasons") -> None:
        """What another call that this one makes breaks."""
        self.extend(other)


def refuse_unless_grains(reasons: Reasons, raw: int, where: str = "issuer") -> None:
    """A positive amount that every chain can hold."""
    reasons.unless(raw > 0, f"{where}: amount was zero")
    reasons.unless(raw % GRAIN == 0, f"{where}: amount was finer than 1e-8")
