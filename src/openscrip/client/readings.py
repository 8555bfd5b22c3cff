"""What a reading answers. Each is of one block or slot, which it names in `at_block`."""

from dataclasses import dataclass

from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares


@dataclass(frozen=True, slots=True)
class MultiplierReading:
    """The multiplier in force, and the next one if it waits for `effective_at` (UTC seconds).

    On Solana `version` and `epoch` are None: the mint does not keep them.
    """

    in_force: Multiplier
    pending: Multiplier | None
    effective_at: int | None
    version: int | None
    epoch: int | None
    at_block: int

    def shares(self, raw: RawAmount) -> Shares:
        """Shares that `raw` may claim now, rounded down to 1e-9."""
        return self.in_force.to_shares_down(raw)

    def to_raw_down(self, shares: Shares) -> RawAmount:
        """The raw amount that `shares` may back, rounded down to 1e-8 raw."""
        return self.in_force.to_raw_down(shares)


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


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one raw token in 1e-8 USD; `session` 1 regular, 2 pre, 3 post, 4 overnight, 5 closed."""

    usd_e8_per_raw: int
    session: int
    version: int
    observed_at: int
    at_block: int


@dataclass(frozen=True, slots=True)
class Action:
    """A registered corporate action: `kind` as ISO 20022 says it, dates as YYYYMMDD, `state` as the contract counts it."""

    id: str
    kind: str
    ex_date: int
    record_date: int
    pay_date: int
    ratio_new: int
    ratio_old: int
    state: int
    at_block: int
