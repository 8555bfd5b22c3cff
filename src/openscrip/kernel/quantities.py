"""Quantities that do not mix: shares, raw token amounts and the UI amounts that people read.

`Shares` count what custody holds, `RawAmount` what a token balance stores, `UiAmount` raw times the multiplier.
Only `Multiplier` converts between them.
"""

from dataclasses import dataclass
from typing import Self

from openscrip.kernel.decimals import format_decimal, parse_decimal
from openscrip.kernel.errors import Refused

ATOMS_PER_SHARE = 10**9
ATOMS_PER_RAW = 10**18
ATOMS_PER_GRAIN = 10**10
"""Atoms in 1e-8 raw, the finest amount that is minted or crosses chains (Solana's unit)."""


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """An integer count of atoms of one kind. Kinds add and compare only with themselves."""

    atoms: int

    def __add__(self, other: Self) -> Self:
        if type(other) is not type(self):
            return NotImplemented
        return type(self)(self.atoms + other.atoms)

    def __sub__(self, other: Self) -> Self:
        if type(other) is not type(self):
            return NotImplemented
        return type(self)(self.atoms - other.atoms)

    def __bool__(self) -> bool:
        return self.atoms != 0


@dataclass(frozen=True, slots=True, order=True)
class Shares(Quantity):
    """Shares of one underlying, in atoms of 1e-9 share."""

    @classmethod
    def parse(cls, text: object) -> "Shares":
        """Shares from a decimal string of at most 9 decimals."""
        return cls(parse_decimal(text, 9, "shares"))

    @classmethod
    def whole(cls, count: int) -> "Shares":
        """`count` whole shares."""
        return cls(count * ATOMS_PER_SHARE)

    def whole_down(self) -> "Shares":
        """The whole shares in this quantity; only whole shares move between accounts."""
        return Shares(self.atoms - self.atoms % ATOMS_PER_SHARE)

    def whole_up(self) -> "Shares":
        """The fewest whole shares that contain this quantity."""
        return Shares(-(-self.atoms // ATOMS_PER_SHARE) * ATOMS_PER_SHARE)

    def times_down(self, new: int, old: int) -> "Shares":
        """This quantity x new / old, rounded down to an atom."""
        return Shares(self.atoms * new // old)

    def times_up(self, new: int, old: int) -> "Shares":
        """This quantity x new / old, rounded up to an atom."""
        return Shares(-(-self.atoms * new // old))

    def __str__(self) -> str:
        return format_decimal(self.atoms, 9)


@dataclass(frozen=True, slots=True, order=True)
class RawAmount(Quantity):
    """What a token balance stores, in atoms of 1e-18 token. A split or dividend never changes it."""

    @classmethod
    def parse(cls, text: object) -> "RawAmount":
        """A raw amount from a decimal string of at most 18 decimals."""
        return cls(parse_decimal(text, 18, "raw amount"))

    @classmethod
    def from_grains(cls, grains: int) -> "RawAmount":
        """`grains` x 1e-8 raw: the unit of mints, crossings, the ledger and Solana."""
        return cls(grains * ATOMS_PER_GRAIN)

    @property
    def grains(self) -> int:
        """This amount in 1e-8 raw. Refuses a remainder (`amount.grain`): nothing is rounded silently."""
        grains, rest = divmod(self.atoms, ATOMS_PER_GRAIN)
        if rest:
            raise Refused("amount.grain", f"raw amount: {self} was not a whole multiple of 0.00000001")
        return grains

    def __str__(self) -> str:
        return format_decimal(self.atoms, 18)


@dataclass(frozen=True, slots=True, order=True)
class UiAmount(Quantity):
    """Raw times the multiplier, in atoms of 1e-18: what people read. Never transferred, never stored as a balance."""

    @classmethod
    def parse(cls, text: object) -> "UiAmount":
        """A UI amount from a decimal string of at most 18 decimals."""
        return cls(parse_decimal(text, 18, "UI amount"))

    def __str__(self) -> str:
        return format_decimal(self.atoms, 18)
