"""Reserve reports from the record: the custodian's statements and movements, the chains, and the facts of the month."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from openscrip.assets.custody import Custodian, Movement, MovementType, Statement
from openscrip.assets.listings import instrument
from openscrip.assets.reserve import Reserve, refuse_uncovered
from openscrip.assets.stock import Stock
from openscrip.bootstrap.platform import Platform
from openscrip.issuance.bridge_row import OPEN, Crossing, CrossingArrived, CrossingDeparted, CrossingRestored
from openscrip.issuance.distribution import Distribution, MultiplierChanged
from openscrip.issuance.redemption import ClaimArose, Redemption, RedemptionCompleted, TokensRestored
from openscrip.issuance.subscription import Subscription, SubscriptionMinted
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.web.reserve import (
    ActionLine,
    ChainSupply,
    CoverPoint,
    CustodyLine,
    DividendReceivable,
    Flow,
    MintInFlight,
    Movements,
    RedemptionInFlight,
    ReserveReport,
    StockReserve,
)

UNDER_WAY = "under way"
"""Where a report puts what has left one chain and not arrived on another."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One stock now: what custody's newest statement holds against what chains and claims ask for."""

    supply: dict[str, RawAmount]
    multiplier: Multiplier
    epoch: int
    reserve: Reserve

    @property
    def held(self) -> Shares:
        """Settled and unencumbered in segregated custody."""
        return self.reserve.held

    @property
    def owed(self) -> Shares:
        """Supply x multiplier rounded up, and undelivered claims."""
        return self.reserve.owed

    def refuse_uncovered(self) -> None:
        """Raise `Refused` where I1 does not hold; while epochs differ there is nothing to compare."""
        if self.reserve.held_epoch == self.reserve.chain_epoch:
            refuse_uncovered(self.reserve)


def coverage_of(platform: Platform, symbol: str) -> Coverage:
    """Read chains and custodian now. What is under way is read first: what arrives meanwhile counts twice, never not."""
    stock = platform.stock(symbol)
    with platform.store.view() as view:
        crossing = sum(row.raw.atoms for state in OPEN for row in view.rows(Crossing, stock=symbol, state=state))
    shown = platform.evm.multiplier(stock.token("evm"))
    supply = {name: platform.chains[name].supply(token) for name, token in stock.tokens}
    statements = [custodian.latest_statement(stock.isin) for custodian in custodians_of(platform).values()]
    available = Shares(sum(each.available.atoms for each in statements))
    epochs = {each.epoch for each in statements} - {shown.epoch}
    with platform.store.view() as view:
        waiting = [r for r in view.rows(Redemption, stock=symbol) if r.burn_tx]
    claims = Shares(sum(row.claim.atoms for row in waiting))
    multiplier = Multiplier(shown.current, shown.version)
    raw = RawAmount(crossing + sum(each.atoms for each in supply.values()))
    reserve = Reserve(symbol, available, min(epochs, default=shown.epoch), raw, multiplier, shown.epoch, claims)
    return Coverage(supply, multiplier, shown.epoch, reserve)


def reserve_report(platform: Platform, month: str) -> ReserveReport:
    """The report of `month` (YYYY-MM), cut at its end or now, whichever is earlier. Raises `Malformed`, `Refused`.

    Holders, signers, entities and the report before it are not in it yet: `report_files.py` adds them.
    """
    empty = ReserveReport(platform.settings.reports.issuer, month, 0, platform.settings.market.clock != "live")
    start, end = _instant(empty.first_day), _instant(empty.next_month)
    cut = min(end, platform.clock.now())
    if cut <= start:
        raise Refused("report.future", f"report: {month} has not begun in market time")
    with platform.store.view() as view:
        facts = _facts(view)
        actions = view.rows(Distribution)
        minting = [
            (row.stock, MintInFlight(row.mint_id(parcel), row.chain, parcel.raw))
            for row in view.rows(Subscription)
            for parcel in row.parcels
            if parcel.state == "minting" and row.asked_at <= cut
        ]
    custodians = custodians_of(platform)
    movements = {name: custodian.movements(0) for name, custodian in custodians.items()}
    stocks = []
    for stock in platform.stocks():
        history = History(stock, facts, movements)
        mine = [action for action in actions if action.stock == stock.id]
        flying = tuple(mint for symbol, mint in minting if symbol == stock.id)
        stocks.append(_stock(stock, history, _statements(custodians, stock, cut), mine, flying, start, cut))
    return replace(empty, as_of=cut, stocks=tuple(stocks))


def custodians_of(platform: Platform) -> Mapping[str, Custodian]:
    """Every custodian by its name in the configuration."""
    several: Mapping[str, Custodian] | None = getattr(platform, "custodians", None)
    return several or {"custodian": platform.custodian}


def newest_statements(platform: Platform, cut: int) -> list[tuple[Custodian, Statement]]:
    """Of each custodian and stock the newest statement at `cut`, with whom it can be had from."""
    custodians = custodians_of(platform)
    return [each for stock in platform.stocks() for each in _statements(custodians, stock, cut)]


def _statements(custodians: Mapping[str, Custodian], stock: Stock, cut: int) -> list[tuple[Custodian, Statement]]:
    found = []
    for custodian in custodians.values():
        before = [each for each in custodian.statements(stock.isin, 0) if each.as_of <= cut]
        found += [(custodian, each) for each in before[-1:]]
    return found


def _instant(day: Any) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _facts(view: Any) -> list[tuple[int, Any]]:
    """Every fact with its market time, in order."""
    found: list[tuple[int, Any]] = []
    number = 0
    while page := view.facts(number):
        found += [(at, fact) for _, at, fact in page]
        number = page[-1][0]
    return found


@dataclass(slots=True)
class History:
    """One stock's record, read forwards."""

    stock: Stock
    facts: list[tuple[int, Any]]
    movements: Mapping[str, Any]
    """Every custodian's, by its name."""
    supply: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    claims: dict[str, Shares] = field(default_factory=dict)
    at: dict[str, Shares] = field(default_factory=dict)
    """What each custodian holds, with its epoch in `epochs`."""
    epochs: dict[str, int] = field(default_factory=dict)
    multiplier: Multiplier = Multiplier.one()
    chain_epoch: int = 0

    def points(self, start: int, cut: int) -> tuple[CoverPoint, ...]:
        """Held and owed at the start and at each change up to `cut`; afterwards the fields stand as at `cut`."""
        changes: list[tuple[int, int, Any]] = [(at, 1, fact) for at, fact in self._timed_facts()]
        changes += [(m.at, 0, (name, m)) for name, moved in self.movements.items() for m in moved if m.isin == self.stock.isin]
        found: list[CoverPoint] = []
        for at, _, change in sorted(changes, key=lambda each: each[:2]):
            if at > cut:
                break
            before = self.owed, self.held, self.held_epoch, self.chain_epoch
            self._apply(change)
            if (self.owed, self.held, self.held_epoch, self.chain_epoch) != before:
                point = CoverPoint(max(at, start), self.held, self.owed, self.held_epoch == self.chain_epoch)
                if found and found[-1].at == point.at:
                    found.pop()
                found.append(point)
        if not found or found[0].at > start:
            found.insert(0, CoverPoint(start, Shares(0), Shares(0)))
        return tuple(found)

    @property
    def held(self) -> Shares:
        """What all custodians hold."""
        return Shares(sum(each.atoms for each in self.at.values()))

    @property
    def held_epoch(self) -> int:
        """The lowest epoch that a custodian counts in: what differs between them does not compare with anything."""
        return min((self.epochs.get(name, 0) for name in self.at), default=0)

    @property
    def owed(self) -> Shares:
        """Supply x multiplier, rounded up, and undelivered claims."""
        raw = RawAmount(sum(self.supply.values()))
        return self.multiplier.to_shares_up(raw) + Shares(sum(each.atoms for each in self.claims.values()))

    def _timed_facts(self) -> list[tuple[int, Any]]:
        mine = [(at, fact) for at, fact in self.facts if getattr(fact, "stock", "") == self.stock.id]
        return [(fact.effective_at if isinstance(fact, MultiplierChanged) else at, fact) for at, fact in mine]

    def _apply(self, change: Any) -> None:
        match change:
            case SubscriptionMinted() | TokensRestored():
                self.supply[change.chain] += change.raw.atoms
                self.claims.pop(change.id, None)
            case CrossingDeparted():
                self.supply[change.chain] -= change.raw.atoms
                self.supply[UNDER_WAY] += change.raw.atoms
            case CrossingArrived() | CrossingRestored():
                self.supply[UNDER_WAY] -= change.raw.atoms
                self.supply[change.chain] += change.raw.atoms
            case ClaimArose():
                self.supply[change.chain] -= change.raw.atoms
                self.claims[change.id] = change.shares
            case RedemptionCompleted():
                self.claims.pop(change.id, None)
            case MultiplierChanged():
                self.multiplier, self.chain_epoch = change.multiplier, change.epoch
            case (str() as name, Movement() as movement):
                self._move(name, movement)

    def _move(self, name: str, movement: Movement) -> None:
        before = self.at.get(name, Shares(0))
        match movement.type:
            case MovementType.RECEIPT:
                self.at[name] = before + movement.quantity
            case MovementType.DELIVERY:
                self.at[name] = before - movement.quantity
                claim = self.claims.get(movement.reference)
                if claim is not None:
                    self.claims[movement.reference] = Shares(max(0, claim.atoms - movement.quantity.atoms))
            case MovementType.SPLIT:
                if movement.epoch > max(self.epochs.values(), default=0):  # the first custodian to book it
                    new, _, old = movement.reference.partition("/")
                    self.claims = {key: claim.times_down(int(new), int(old)) for key, claim in self.claims.items()}
                self.at[name], self.epochs[name] = movement.quantity, movement.epoch
            case _:
                return


def _stock(
    stock: Stock,
    history: History,
    statements: Sequence[tuple[Custodian, Statement]],
    actions: list[Distribution],
    flying: tuple[MintInFlight, ...],
    start: int,
    cut: int,
) -> StockReserve:
    points = history.points(start, cut)
    opening = _supply_before(history, start)
    listed = instrument(stock.id)
    claims = tuple(RedemptionInFlight(name, claim) for name, claim in sorted(history.claims.items()) if claim)
    return StockReserve(
        stock.id,
        listed.name,
        stock.token_symbol,
        stock.isin,
        history.multiplier,
        history.chain_epoch,
        tuple(_custody(statement) for _, statement in statements),
        _supplies(stock, history),
        Shares(sum(each.claim.atoms for each in claims)),
        in_flight=RawAmount(sum(each.raw.atoms for each in flying)),
        movements=_flows(history, opening, start, cut),
        actions=tuple(_action(row) for row in actions if _in_month(row, start, cut)),
        history=points,
        mints_in_flight=flying,
        redemptions_in_flight=claims,
        dividends_receivable=tuple(each for row in actions for each in _receivable(row, cut)),
    )


def _receivable(row: Distribution, cut: int) -> Iterator[DividendReceivable]:
    """Cash that is due for shares which were bought already."""
    notice = row.notices[0]
    if row.net > row.cash and _instant(notice.ex_date) <= cut:
        yield DividendReceivable(row.id, row.net - row.cash, notice.pay_date)


def _supplies(stock: Stock, history: History) -> tuple[ChainSupply, ...]:
    """The supply of each chain, and what is under way between them if there is anything."""
    lines = [ChainSupply(name, token, RawAmount(history.supply[name])) for name, token in stock.tokens]
    under_way = RawAmount(history.supply[UNDER_WAY])
    return (*lines, *((ChainSupply(UNDER_WAY, "", under_way),) if under_way else ()))


def _supply_before(history: History, start: int) -> RawAmount:
    earlier = History(history.stock, history.facts, history.movements)
    earlier.points(0, start - 1)
    return RawAmount(sum(earlier.supply.values()))


def _flows(history: History, opening: RawAmount, start: int, cut: int) -> Movements:
    """What the month's facts moved."""
    kinds = {fact.id: fact.kind for _, fact in history.facts if isinstance(fact, RedemptionCompleted)}
    found: dict[str, Flow] = defaultdict(Flow)
    paid = Money(0)
    for at, fact in history.facts:
        if not start <= at <= cut or getattr(fact, "stock", "") != history.stock.id:
            continue
        match fact:
            case SubscriptionMinted():
                _add(found, "minted", fact.raw)
            case TokensRestored():
                _add(found, "restored", fact.raw)
            case ClaimArose():
                cash = kinds.get(fact.id) is RedemptionKind.CASH
                _add(found, "redeemed_for_cash" if cash else "redeemed_in_kind", fact.raw)
            case RedemptionCompleted():
                paid += fact.paid
            case _:
                continue
    return Movements(opening, **found, cash_paid=paid)


def _add(found: dict[str, Flow], name: str, raw: RawAmount) -> None:
    found[name] = Flow(found[name].count + 1, found[name].raw + raw)


def _custody(statement: Statement) -> CustodyLine:
    return CustodyLine(
        statement.custodian,
        statement.account,
        statement.available,
        statement.pending_receipt,
        statement.pending_delivery,
        statement.blocked,
        statement.pledged,
        statement.epoch,
        statement.as_of,
        statement.sequence,
        statement.hash,
        statement.signature,
        statement.lent,
        statement.borrowed,
        statement.in_transit,
        statement.restricted,
        statement.other,
    )


def _in_month(row: Distribution, start: int, cut: int) -> bool:
    return start <= _instant(row.notices[0].ex_date) <= cut


def _action(row: Distribution) -> ActionLine:
    notice = row.notices[0]
    changed = row.after != row.before
    return ActionLine(
        row.id,
        str(notice.event),
        notice.ex_date,
        row.state,
        notice.ratio,
        notice.cash_usd,
        row.net if row.net else None,
        notice.pay_date,
        row.effective_at if changed else None,
        row.before if changed else None,
        row.after if changed else None,
    )
