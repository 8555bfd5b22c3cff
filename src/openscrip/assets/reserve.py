"""I1 in one place: shares held are never fewer than shares owed, comparing like with like."""

from dataclasses import dataclass

from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares


@dataclass(frozen=True, slots=True)
class Reserve:
    """One stock at one cut. `raw` is the supply on all chains with mints signed and not dead and crossings in flight.

    `held` are settled, unencumbered shares in segregated custody; `claims` are burned for and not delivered.
    Each figure carries its corporate-action epoch.
    """

    stock: str
    held: Shares
    held_epoch: int
    raw: RawAmount
    multiplier: Multiplier
    chain_epoch: int
    claims: Shares

    @property
    def owed(self) -> Shares:
        """Shares that must be held: supply x multiplier, rounded up, and undelivered claims."""
        return self.multiplier.to_shares_up(self.raw) + self.claims

    @property
    def surplus(self) -> Shares:
        """Held less owed; negative is a shortfall."""
        return self.held - self.owed


def reserve_covers(reserve: Reserve) -> bool:
    """Shares held are never fewer than shares owed, and both count the same kind of share."""
    return reserve.held_epoch == reserve.chain_epoch and reserve.held >= reserve.owed


def refuse_uncovered(reserve: Reserve) -> None:
    """Raise `Refused("covered.epoch")` or `Refused("covered.shortfall")` unless the reserve covers."""
    refuse_unless(
        reserve.held_epoch == reserve.chain_epoch,
        "covered.epoch",
        f"reserve: {reserve.stock} was counted at epoch {reserve.held_epoch} in custody and {reserve.chain_epoch} on chain",
    )
    if not reserve_covers(reserve):
        raise Refused("covered.shortfall", f"reserve: {reserve.stock} held {reserve.held} shares, owed {reserve.owed}")
