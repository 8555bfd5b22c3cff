"""What a rule chooses, out of a few bytes that Hypothesis draws: it shrinks them to zero, the first of every choice."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
turns = st.binary(min_size=24, max_size=24)


class Choices:
    """Takes choices off the bytes of a turn, until they are used up; from there on everything is the first."""

    def __init__(self, turn: bytes = b"") -> None:
        self._left = turn

    def below(self, count: int) -> int:
        """A number from 0."""
        size = 1 if count <= 64 else 4
        taken, self._left = self._left[:size], self._left[size:]
        return int.from_bytes(taken) % count

    def one(self, options: Sequence[T]) -> T:
        """One of these; the first is the plainest."""
        return options[self.below(len(options))]

    def rarely(self, one_in: int) -> bool:
        """True once in so many times."""
        return self.below(one_in) == one_in - 1

    def flaw(self, *flaws: str) -> str:
        """Nothing wrong most of the time, or one of these."""
        return flaws[self.below(len(flaws))] if self.rarely(FLAWED) else ""


def act(method: Callable[[Any, Choices], None]) -> Callable[[Any, Choices], None]:
    """Mark a method as an act of the machine."""
    method.__dict__["is_act"] = True
    return method


def acts_of(machine: type) -> list[str]:
    """The names of all acts of a machine, in order."""
    return [name for name in dir(machine) if getattr(getattr(machine, name), "is_act", False)]


FLAWED = 7
"""One call in so many is made wrong on purpose; others are refused by what happened before."""
