"""The arithmetic of winding down, pure: raw and claims in, shares for each address out, never more than are held.

An address is owed floor(raw x multiplier) shares and its open claims. Where less is held than owed, everybody gets the
same part of what it is owed, rounded down. What is left of the shares is the remainder, and is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from openscrip_watch.amounts import SHARE, shares_down, show
from openscrip_watch.refusal import refuse_unless

Owner = tuple[str, str]
"""A chain and an address on it."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some raw of an owner and why: `wallet`, `escrow <request>`, `crossing <key>`, or the venue that it is in."""

    owner: Owner
    raw: int
    how: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Shares of the statement's epoch that a burn made due and nobody delivered; `epoch` is the burn's."""

    owner: Owner
    request: str
    shares: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Payment:
    """What one address gets: `shares` in 1e-9, of `owed`. `apart` says why nobody can be paid there yet, empty for most."""

    owner: Owner
    raw: int
    claimed: int
    owed: int
    shares: int
    how: tuple[str, ...]
    apart: str = ""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Every payment of a stock. `held` = paid + apart + remainder, to the atom of 1e-9 share."""

    held: int
    payments: tuple[Payment, ...]

    @property
    def paid(self) -> int:
        """To addresses that can be paid."""
        return sum(each.shares for each in self.payments if not each.apart)

    @property
    def apart(self) -> int:
        """To addresses that wait for an explanation."""
        return sum(each.shares for each in self.payments if each.apart)

    @property
    def owed(self) -> int:
        """All that is owed."""
        return sum(each.owed for each in self.payments)

    @property
    def remainder(self) -> int:
        """What nobody is owed: the issuer's surplus and what was lost by rounding down."""
        return self.held - self.paid - self.apart


def distribute(
    held: int, parts: Sequence[Part], claims: Sequence[Claim], multiplier: int, factor: Fraction, apart: Mapping[Owner, str]
) -> Distribution:
    """The payments for `parts` and `claims` out of `held`.

    `factor` is what one share of the token's epoch is in shares of the statement's; `apart` names owners who wait, and why.
    Raises `wind_down.sum` if the parts were more than what is held: a bug.
    """
    raw: dict[Owner, int] = {}
    claimed: dict[Owner, int] = {}
    how: dict[Owner, list[str]] = {}
    for part in parts:
        raw[part.owner] = raw.get(part.owner, 0) + part.raw
        how.setdefault(part.owner, []).append(part.how)
    for claim in claims:
        claimed[claim.owner] = claimed.get(claim.owner, 0) + claim.shares
        how.setdefault(claim.owner, []).append(f"claim {claim.request} of epoch {claim.epoch}")
    owed = {
        owner: shares_down(raw.get(owner, 0), multiplier) * factor.numerator // factor.denominator + claimed.get(owner, 0)
        for owner in sorted(how)
    }
    total = sum(owed.values())
    short = total > held
    payments = tuple(
        Payment(
            owner,
            raw.get(owner, 0),
            claimed.get(owner, 0),
            due,
            due * held // total if short else due,
            tuple(dict.fromkeys(how[owner])),
            apart.get(owner, ""),
        )
        for owner, due in owed.items()
    )
    given = sum(each.shares for each in payments)
    text = f"wind-down: {show(given, SHARE)} shares would be paid of {show(held, SHARE)}"
    refuse_unless(given <= held, "wind_down.sum", text)
    return Distribution(held, payments)
