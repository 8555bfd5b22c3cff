"""The multiplier's whole history from version 0 on, what each chain shows of it now, and what is scheduled."""

from dataclasses import dataclass

from openscrip.assets.stock import Stock
from openscrip.issuance.coverage import Coverage
from openscrip.issuance.distribution_row import Distribution
from openscrip.kernel.multiplier import Multiplier
from openscrip.records.networks import Network, Networks
from openscrip.runtime.store import View

IN_FORCE = ("verifying", "resumed", "final", "corrected")
SCHEDULED = ("staging", "staged")


@dataclass(frozen=True, slots=True)
class Version:
    """A multiplier in force from `since` on (0: from the beginning), and the corporate action that it came of, if any."""

    multiplier: Multiplier
    since: int
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class OnChain:
    """What one chain shows at a final block: the multiplier in force, and the one that it will show from `scheduled_at`."""

    network: Network
    token: str
    block: int
    multiplier: Multiplier
    scheduled: Multiplier | None
    scheduled_at: int
    equal: bool


@dataclass(frozen=True, slots=True)
class MultiplierRecord:
    """A stock's multiplier in the books, what is scheduled, what the chains show at `as_of`, and all versions, oldest first."""

    stock: str
    current: Multiplier
    scheduled: Version | None
    chains: tuple[OnChain, ...]
    as_of: int
    history: tuple[Version, ...]

    def at(self, instant: int) -> Version:
        """The version that was in force at an instant."""
        return [each for each in self.history if each.since <= instant][-1]


def multiplier_record(view: View, symbol: str, networks: Networks) -> MultiplierRecord | None:
    """The multiplier of a stock, or None for an unknown one: three questions."""
    stock = view.row(Stock, symbol)
    if stock is None:
        return None
    rows = [row for row in view.rows(Distribution, stock=symbol) if row.after != row.before]
    first = min((row.before for row in rows), key=lambda one: one.version, default=stock.multiplier)
    start = Version(Multiplier.one() if first.version == 0 else first, 0, "", "")
    moved = sorted((row for row in rows if row.state in IN_FORCE), key=lambda row: row.after.version)
    history = (start, *(Version(row.after, row.effective_at, row.id, str(row.standing.event)) for row in moved))
    ahead = next((row for row in rows if row.state in SCHEDULED), None)
    scheduled = Version(ahead.after, ahead.effective_at, ahead.id, str(ahead.standing.event)) if ahead else None
    seen = view.row(Coverage, symbol)
    chains = tuple(
        OnChain(
            networks[line.chain], line.token, line.block, line.multiplier, line.scheduled, line.scheduled_at,
            line.multiplier.version == stock.multiplier.version,
        )
        for line in (seen.chains if seen else ())
        if line.chain in networks
    )  # fmt: skip
    return MultiplierRecord(symbol, stock.multiplier, scheduled, chains, seen.at if seen else 0, history)
