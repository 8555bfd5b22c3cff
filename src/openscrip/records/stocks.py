"""Every listed stock, and one of them: supply by chain, shares held, whether it is covered, since when, and who says so."""

from collections.abc import Mapping
from dataclasses import dataclass

from openscrip.assets.listings import instruments
from openscrip.assets.stock import Stock
from openscrip.issuance.break_row import Break
from openscrip.issuance.coverage import ChainLine, Coverage, CustodyLine
from openscrip.kernel.instrument import Instrument
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.records.networks import Network, Networks
from openscrip.records.prices import Hour, Price, hour_at, last_close_at, price_within
from openscrip.runtime.store import View

STALE_S, STALE_S_PUSHED = 1_800, 5 * 86_400
"""A look older than this is stale; market time that is pushed jumps over long week-ends."""


@dataclass(frozen=True, slots=True)
class Supply:
    """A stock's token on one chain. `shares_up` is what its supply claims; the look's block is `block`."""

    network: Network
    token: str
    raw: RawAmount
    shares_up: Shares
    block: int
    multiplier: Multiplier
    scheduled: Multiplier | None
    scheduled_at: int
    epoch: int
    reported: Shares | None
    reported_at: int

    @property
    def caip10(self) -> str:
        """The token's address among all chains."""
        return self.network.caip10(self.token)


@dataclass(frozen=True, slots=True)
class StockRecord:
    """One stock as it was seen last, at `as_of`; `since` is when its coverage became what it is.

    `coverage` is `covered`, `short`, `in_progress` (a corporate action is under way: nothing is compared, nothing minted) or
    `unknown`. `held` counts for holders; `owed` is `claimed` (all raw x multiplier, rounded up) and `claims` (burned for, not
    delivered); `under_way` is raw supply between chains. `ratio_down` is held for each owed in 1e-8, rounded down. `waits_for`
    are the corporate actions that hold the primary market, `breaks` the differences that stop minting.
    """

    symbol: str
    token_symbol: str
    instrument: Instrument | None
    isin: str
    coverage: str
    held: Shares
    owed: Shares
    claimed: Shares
    claims: Shares
    raw: RawAmount
    under_way: RawAmount
    ratio_down: int | None
    as_of: int
    since: int
    stale: bool
    multiplier: Multiplier
    epoch: int
    waits_for: tuple[str, ...]
    breaks: tuple[Break, ...]
    supplies: tuple[Supply, ...]
    custody: tuple[CustodyLine, ...]
    price: Price

    @property
    def name(self) -> str:
        """The company's or fund's name, else the symbol."""
        return self.instrument.name if self.instrument else self.symbol

    @property
    def is_halted(self) -> bool:
        """Whether minting is stopped: by a corporate action, by a difference, or because nothing can be compared."""
        return bool(self.waits_for or self.breaks) or self.coverage in ("in_progress", "short")

    @property
    def signers(self) -> tuple[str, ...]:
        """Who signed what is held: custodians, by their statements."""
        return tuple(line.custodian for line in self.custody if line.signed)

    @property
    def stated_at(self) -> int:
        """How old the oldest custodian's statement is: its instant; 0 before the first."""
        return min((line.as_of for line in self.custody), default=0)


def stocks(view: View, now: int, networks: Networks, *, pushed: bool = False) -> list[StockRecord]:
    """Every listed stock, by symbol: three questions. `pushed` is accelerated market time."""
    seen = {row.id: row for row in view.rows(Coverage)}
    broken: dict[str, list[Break]] = {}
    for row in view.rows(Break, state="open"):
        broken.setdefault(row.stock, []).append(row)
    listed = sorted(view.rows(Stock), key=lambda row: row.id)
    at = Instant(now, hour_at(now), last_close_at(now), pushed)
    return [_record(row, seen.get(row.id), tuple(broken.get(row.id, ())), at, networks) for row in listed]


def stock(view: View, symbol: str, now: int, networks: Networks, *, pushed: bool = False) -> StockRecord | None:
    """One listed stock, or None: three questions."""
    row = view.row(Stock, symbol)
    if row is None:
        return None
    breaks = tuple(view.rows(Break, stock=symbol, state="open"))
    at = Instant(now, hour_at(now), last_close_at(now), pushed)
    return _record(row, view.row(Coverage, symbol), breaks, at, networks)


def symbol_of(view: View, name: str) -> str | None:
    """The stock with this symbol, token symbol or ISIN, in whatever case; None for an unknown one."""
    wanted = name.upper()
    if view.row(Stock, wanted) is not None:
        return wanted
    for row in view.rows(Stock):
        if wanted in (row.id.upper(), row.token_symbol.upper(), row.isin):
            return row.id
    return None


def least_covered(found: list[StockRecord]) -> StockRecord | None:
    """The stock with the least coverage of those that can be compared; None where nothing is issued."""
    known = [each for each in found if each.ratio_down is not None]
    return min(known, key=lambda each: (each.ratio_down or 0, each.symbol), default=None)


@dataclass(frozen=True, slots=True)
class Instant:
    """When it is asked: market time, its hours, the last close, and whether market time is pushed."""

    now: int
    hour: Hour
    closed_at: int | None
    pushed: bool


def _record(row: Stock, seen: Coverage | None, breaks: tuple[Break, ...], at: Instant, networks: Networks) -> StockRecord:
    lines: Mapping[str, ChainLine] = {line.chain: line for line in seen.chains} if seen else {}
    supplies = tuple(
        _supply(networks[name], token, lines.get(name), row.multiplier) for name, token in row.tokens if name in networks
    )
    multiplier = seen.multiplier if seen and seen.chains else row.multiplier
    claims = seen.claims if seen else Shares(0)
    owed = seen.owed if seen else Shares(0)
    under_way = seen.under_way if seen else RawAmount(0)
    limit_s = STALE_S_PUSHED if at.pushed else STALE_S
    return StockRecord(
        row.id,
        row.token_symbol,
        instruments().get(row.id),
        row.isin,
        seen.state if seen else "unknown",
        seen.held if seen else Shares(0),
        owed,
        owed - claims,
        claims,
        RawAmount(sum(each.raw.atoms for each in supplies) + under_way.atoms),
        under_way,
        seen.ratio_down if seen else None,
        seen.at if seen else 0,
        seen.since if seen else 0,
        seen is None or at.now - seen.at > limit_s,
        multiplier,
        row.epoch,
        row.frozen_by,
        breaks,
        supplies,
        seen.custody if seen else (),
        price_within(row, multiplier, at.now, at.hour, at.closed_at),
    )


def _supply(network: Network, token: str, line: ChainLine | None, book: Multiplier) -> Supply:
    if line is None:
        return Supply(network, token, RawAmount(0), Shares(0), 0, book, None, 0, 0, None, 0)
    shares = line.multiplier.to_shares_up(line.supply)
    return Supply(
        network, token, line.supply, shares, line.block, line.multiplier, line.scheduled, line.scheduled_at, line.epoch,
        line.reported, line.reported_at,
    )  # fmt: skip
