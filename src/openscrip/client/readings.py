"""What a reading answers. Each is of one block or slot, which it names in `at_block`."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import ONE, Multiplier
from openscrip.kernel.quantities import ATOMS_PER_RAW, RawAmount, Shares, UiAmount

_E8_PER_USD, _MICROS_PER_USD = 10**8, 10**6


class Session(IntEnum):
    """The trading session that a price is of."""

    REGULAR = 1
    PRE_MARKET = 2
    POST_MARKET = 3
    OVERNIGHT = 4
    CLOSED = 5


class ActionState(IntEnum):
    """Where a corporate action stands on a chain."""

    ANNOUNCED = 1
    STAGED = 2
    APPLIED = 3
    FINAL = 4
    CANCELLED = 5
    CORRECTED = 6


@dataclass(frozen=True, slots=True)
class MultiplierReading:
    """The multiplier in force, and the next one if it waits for `effective_at` (UTC seconds), with its epoch.

    A pending split is what `pending` and `pending_epoch` say; from `effective_at` on it is in force, without a transaction.
    """

    in_force: Multiplier
    pending: Multiplier | None
    effective_at: int | None
    version: int
    epoch: int
    pending_epoch: int | None
    at_block: int

    def shares(self, raw: RawAmount) -> Shares:
        """Shares that `raw` may claim now, rounded down to 1e-9."""
        return self.in_force.to_shares_down(raw)

    def to_raw_down(self, shares: Shares) -> RawAmount:
        """The raw amount that `shares` may back, rounded down to 1e-8 raw."""
        return self.in_force.to_raw_down(shares)

    def to_ui_down(self, raw: RawAmount) -> UiAmount:
        """What people read for `raw`, rounded down."""
        return self.in_force.to_ui_down(raw)

    def from_ui_down(self, ui: UiAmount) -> RawAmount:
        """The most raw that stands for no more than `ui`."""
        return self.in_force.from_ui_down(ui)

    def from_ui_up(self, ui: UiAmount) -> RawAmount:
        """The least raw that stands for at least `ui`."""
        return self.in_force.from_ui_up(ui)


@dataclass(frozen=True, slots=True)
class Reserve:
    """The last reserve report; `as_of` in UTC seconds. Encumbered and in-transit shares do not count."""

    shares: Shares
    encumbered: Shares
    in_transit: Shares
    allocation: Shares
    epoch: int
    as_of: int
    fresh: bool
    at_block: int


@dataclass(frozen=True, slots=True, order=True)
class PricePerRaw:
    """US dollars for one raw token, in 1e-8 USD. A price per share is another thing: only the multiplier leads there."""

    e8: int

    def value_down(self, raw: RawAmount) -> Money:
        """What `raw` is worth, rounded down."""
        return Money(self.e8 * raw.atoms * _MICROS_PER_USD // (_E8_PER_USD * ATOMS_PER_RAW))

    def per_share_down(self, multiplier: Multiplier) -> PricePerShare:
        """The price of one share, rounded down: a raw token at 375 USD and 1.5 shares a token are 250 USD a share."""
        return PricePerShare(self.e8 * _MICROS_PER_USD * ONE // (_E8_PER_USD * multiplier.value))

    def __str__(self) -> str:
        return format_decimal(self.e8, 8)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one raw token, of `session`, as of the multiplier's `version`."""

    usd: PricePerRaw
    session: Session
    version: int
    observed_at: int
    at_block: int


@dataclass(frozen=True, slots=True)
class Action:
    """A registered corporate action: `kind` as ISO 20022 says it; dates and amounts that it has not are None or zero.

    `id`, `sources` and `corrects` are hashes in hex; `into` the token that it converts into, or empty. `multiplier` (no
    version is told with it) and `effective_at` are there once it was staged.
    """

    id: str
    kind: str
    state: ActionState
    ex_date: date | None
    record_date: date | None
    pay_date: date | None
    ratio_new: int
    ratio_old: int
    cash_per_share: PricePerShare
    into: str
    sources: str
    corrects: str
    multiplier: Multiplier | None
    effective_at: int | None
    at_block: int


def date_of(number: int) -> date | None:
    """The date in YYYYMMDD; None for 0."""
    return date(number // 10_000, number // 100 % 100, number % 100) if number else None
