"""A listed stock as the books know it: identifiers, multiplier, corporate-action epoch, and the issuer's inventory."""

from dataclasses import dataclass, replace
from datetime import date

from openscrip.kernel.errors import Refused
from openscrip.kernel.instrument import InstrumentKind
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import Shares

_REMEMBERED_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Lot:
    """Shares in segregated custody that arrived with one settled instruction, as far as they are still free."""

    receipt: str
    shares: Shares


@dataclass(frozen=True, slots=True)
class SplitRatio:
    """A split that raised the epoch to `epoch`: `new` shares for `old`."""

    epoch: int
    new: int
    old: int


@dataclass(frozen=True, slots=True)
class Moved:
    """The multiplier that was in force until `at`."""

    before: Multiplier
    at: int


@dataclass(frozen=True, slots=True)
class PriceMoved:
    """Fact: the price of a share that the primary market goes by is another now."""

    stock: str
    price: PricePerShare


@dataclass(frozen=True, slots=True)
class Stock:
    """One stock. `frozen_by` names the corporate actions for which its primary market waits; `epoch` counts its splits
    in the books, `chain_epoch` on the chains, `broker_epoch` in what the broker told so far.

    `inventory` are the issuer's own settled shares in custody, oldest first; `price` is the last close per share;
    `moved_lately` are the multiplier's latest changes; `payout` is what each unit of a bond that has matured is redeemed
    for, on `matures_on`; `last_coupon` a unit is paid with it and not reinvested; `withheld` is the tax on its income where
    no source names another.
    """

    id: str
    isin: str
    account: str
    token_symbol: str
    tokens: tuple[tuple[str, str], ...]
    multiplier: Multiplier = Multiplier.one()
    epoch: int = 0
    chain_epoch: int = 0
    broker_epoch: int = 0
    frozen_by: tuple[str, ...] = ()
    splits: tuple[SplitRatio, ...] = ()
    inventory: tuple[Lot, ...] = ()
    price: PricePerShare = PricePerShare(0)
    moved_lately: tuple[Moved, ...] = ()
    payout: PricePerShare = PricePerShare(0)
    matures_on: date | None = None
    last_coupon: PricePerShare = PricePerShare(0)
    last_coupon_due: Money = Money(0)
    withheld: Bps = Bps(3_000)
    kind: InstrumentKind = InstrumentKind.EQUITY

    @property
    def stock(self) -> str:
        """The symbol itself."""
        return self.id

    @property
    def state(self) -> str:
        """`open`, or `waiting` while a corporate action holds the primary market."""
        return "waiting" if self.frozen_by else "open"

    @property
    def is_open(self) -> bool:
        """Whether the primary market runs: nothing freezes it and books and chains agree about the epoch."""
        return not self.frozen_by and self.epoch == self.chain_epoch

    @property
    def is_redeemable(self) -> bool:
        """Whether redemptions are executed: the primary market runs, or a matured bond pays out."""
        return self.is_open or bool(self.payout.micros)

    def moved(self, after: Multiplier, at: int) -> "Stock":
        """The stock with the multiplier `after`, in force from `at` on; changes of the days before are forgotten."""
        lately = tuple(each for each in self.moved_lately if each.at > at - _REMEMBERED_S)
        return replace(self, multiplier=after, moved_lately=(*lately, Moved(self.multiplier, at)))

    def multiplier_since(self, at: int) -> Multiplier:
        """The multiplier that was in force at `at`."""
        return next((each.before for each in self.moved_lately if each.at > at), self.multiplier)

    @property
    def free(self) -> Shares:
        """The issuer's free inventory."""
        return Shares(sum(lot.shares.atoms for lot in self.inventory))

    def token(self, chain: str) -> str:
        """The token's address or mint on `chain`. Raises `Refused("chain.unknown")`."""
        for name, address in self.tokens:
            if name == chain:
                return address
        raise Refused("chain.unknown", f"stock: {self.id} was not listed on chain {chain!r}")

    def taking(self, wanted: Shares) -> tuple["Stock", tuple[Lot, ...]]:
        """The stock without `wanted` of its inventory, oldest lots first, and the parts taken.

        Raises `Refused("inventory.short")`.
        """
        if wanted > self.free:
            raise Refused("inventory.short", f"stock: {self.id} had {self.free} shares of inventory, {wanted} were wanted")
        taken, left, missing = [], [], wanted.atoms
        for lot in self.inventory:
            part = min(missing, lot.shares.atoms)
            missing -= part
            if part:
                taken.append(Lot(lot.receipt, Shares(part)))
            if part < lot.shares.atoms:
                left.append(Lot(lot.receipt, Shares(lot.shares.atoms - part)))
        return replace(self, inventory=tuple(left)), tuple(taken)

    def adding(self, lots: tuple[Lot, ...]) -> "Stock":
        """The stock with more inventory; parts of one receipt are joined."""
        known = {lot.receipt: lot.shares for lot in self.inventory}
        for lot in lots:
            if lot.shares:
                known[lot.receipt] = known.get(lot.receipt, Shares(0)) + lot.shares
        return replace(self, inventory=tuple(Lot(receipt, shares) for receipt, shares in known.items()))

    def scaled(self, shares: Shares, epoch: int) -> Shares:
        """`shares` counted at `epoch`, in today's shares, rounded down."""
        for split in self.splits:
            if split.epoch > epoch:
                shares = shares.times_down(split.new, split.old)
        return shares

    def scaled_up(self, shares: Shares, epoch: int) -> Shares:
        """As `scaled`, rounded up."""
        for split in self.splits:
            if split.epoch > epoch:
                shares = shares.times_up(split.new, split.old)
        return shares
