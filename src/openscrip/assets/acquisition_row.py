"""The row of an acquisition, and the facts that others hear of it."""

from dataclasses import dataclass, replace

from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares

BROKER = "BROKER"


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution: its shares, and what they cost or brought, fee included."""

    exec_id: str
    order_id: str
    shares: Shares
    cost: Money
    settled: bool = False


def settled_now(fills: tuple[Fill, ...], exec_ids: tuple[str, ...]) -> tuple[Fill, ...] | None:
    """The fills with those named marked as settled; None if that was told before."""
    if all(fill.settled for fill in fills if fill.exec_id in exec_ids):
        return None
    return tuple(replace(fill, settled=True) if fill.exec_id in exec_ids else fill for fill in fills)


@dataclass(frozen=True, slots=True)
class Working:
    """An order that may still be filled, with its size."""

    order_id: str
    shares: Shares


@dataclass(frozen=True, slots=True)
class Move:
    """One transfer of settled shares into custody, by its instruction; `custodian` where it is one part of several."""

    instruction_id: str
    shares: Shares
    cost: Money
    state: str = "moving"
    custodian: str = ""


@dataclass(frozen=True, slots=True)
class Acquisition:
    """Whole `shares` of `stock` to be bought for `wanted_by`: a request, a corporate action, or `inventory`."""

    id: str
    stock: str
    wanted_by: str
    shares: Shares
    epoch: int = 0
    orders: int = 0
    working: tuple[Working, ...] = ()
    fills: tuple[Fill, ...] = ()
    settled: Shares = Shares(0)
    moves: tuple[Move, ...] = ()
    state: str = "ordering"
    reason: str = ""
    lost: Shares = Shares(0)
    """Settled with a loan and sold by the broker before they were released."""
    heard: tuple[str, ...] = ()
    """Releases and sales of pledged shares that were told before."""

    @property
    def filled(self) -> Shares:
        """Executed so far, less what was busted or sold by the broker."""
        return Shares(sum(fill.shares.atoms for fill in self.fills) - self.lost.atoms)

    @property
    def arrived(self) -> Shares:
        """In segregated custody so far."""
        return Shares(sum(move.shares.atoms for move in self.moves if move.state == "arrived"))


@dataclass(frozen=True, slots=True)
class SharesMoving:
    """Fact: settled shares are on their way into custody with instruction `receipt`; they count for nothing yet."""

    stock: str
    wanted_by: str
    receipt: str
    shares: Shares


@dataclass(frozen=True, slots=True)
class SharesPledged:
    """Fact: `shares` settled with `lent` of the broker's and stay with it until `loan` is repaid; they count for nothing."""

    stock: str
    acquisition: str
    loan: str
    shares: Shares
    cost: Money
    lent: Money


@dataclass(frozen=True, slots=True)
class MoveFailed:
    """Fact: the transfer with instruction `receipt` failed for good; another is on its way."""

    stock: str
    wanted_by: str
    receipt: str


@dataclass(frozen=True, slots=True)
class SharesArrived:
    """Fact: settled shares of an acquisition reached segregated custody with instruction `receipt`; they cost `cost`."""

    stock: str
    wanted_by: str
    receipt: str
    shares: Shares
    cost: Money


@dataclass(frozen=True, slots=True)
class AcquisitionFailed:
    """Fact: the broker refused to buy (more); `coming` was executed and will still move and arrive."""

    stock: str
    wanted_by: str
    reason: str
    coming: Shares = Shares(0)
