"""The multiplier: how many shares one raw token stands for, as fixed point with 18 decimals and a version.

Formula: UI amount = raw x multiplier (ERC-8056 on EVM, ScaledUiAmount on Solana). Each change is computed exactly from
integers and floored once to 1e-18; the version counts the changes, so that all chains can be compared.
Worked example: 10 shares at 1.000912875558 are 9.99087957 raw, floored to 1e-8; redeemed, they give 9.999999999 shares.
"""

import math
import struct
from dataclasses import dataclass

from openscrip.kernel.decimals import format_decimal, parse_decimal
from openscrip.kernel.errors import refuse_unless
from openscrip.kernel.quantities import ATOMS_PER_GRAIN, RawAmount, Shares, UiAmount

ONE = 10**18
MULTIPLIER_MIN, MULTIPLIER_MAX = 10**12, 10**24
# atoms of 1e-18 raw x 1e-18 multiplier = 1e-36 share; an atom of a share is 1e-9
_PER_SHARE_ATOM = 10**27


@dataclass(frozen=True, slots=True)
class Multiplier:
    """`value` x 1e-18 shares for one raw token; `version` rises by one with every change."""

    value: int
    version: int = 0

    @classmethod
    def one(cls) -> "Multiplier":
        """The multiplier of a new token."""
        return cls(ONE, 0)

    @classmethod
    def parse(cls, text: object, version: int = 0) -> "Multiplier":
        """A multiplier from a decimal string of at most 18 decimals."""
        return cls(parse_decimal(text, 18, "multiplier"), version)

    def to_shares_up(self, raw: RawAmount) -> Shares:
        """Shares that must be held for `raw`: rounded up."""
        return Shares(-(-raw.atoms * self.value // _PER_SHARE_ATOM))

    def to_shares_down(self, raw: RawAmount) -> Shares:
        """Shares that `raw` may claim: rounded down."""
        return Shares(raw.atoms * self.value // _PER_SHARE_ATOM)

    def to_raw_down(self, shares: Shares) -> RawAmount:
        """The raw amount that `shares` may back, rounded down to 1e-8 raw, so that the reserve never falls short."""
        return RawAmount.from_grains(shares.atoms * _PER_SHARE_ATOM // (self.value * ATOMS_PER_GRAIN))

    def to_ui_down(self, raw: RawAmount) -> UiAmount:
        """What people read for `raw`: floor(raw x multiplier), as ERC-8056 `toUIAmount`."""
        return UiAmount(raw.atoms * self.value // ONE)

    def from_ui_down(self, ui: UiAmount) -> RawAmount:
        """The most raw that stands for no more than `ui`, as ERC-8056 `fromUIAmount`."""
        return RawAmount(ui.atoms * ONE // self.value)

    def from_ui_up(self, ui: UiAmount) -> RawAmount:
        """The least raw that stands for at least `ui`."""
        return RawAmount(-(-ui.atoms * ONE // self.value))

    def times_down(self, new: int, old: int) -> "Multiplier":
        """The next version: this value x new / old, floored once to 1e-18.

        Raises `Refused("multiplier.bounds")` outside 1e-6 … 1e6, the range that every chain and bridge accepts.
        """
        value = self.value * new // old
        refuse_unless(
            MULTIPLIER_MIN <= value <= MULTIPLIER_MAX,
            "multiplier.bounds",
            f"multiplier: {format_decimal(value, 18)} was outside 0.000001 to 1000000",
        )
        return Multiplier(value, self.version + 1)

    def to_f64_down(self) -> float:
        """The nearest IEEE-754 double not above this value: what Solana's ScaledUiAmount can hold."""
        near = self.value / ONE
        numerator, denominator = near.as_integer_ratio()
        return math.nextafter(near, 0.0) if numerator * ONE > self.value * denominator else near

    def to_f64_bytes(self) -> bytes:
        """`to_f64_down` as 8 little-endian bytes, the form in a mint account."""
        return struct.pack("<d", self.to_f64_down())

    def __str__(self) -> str:
        return format_decimal(self.value, 18)
