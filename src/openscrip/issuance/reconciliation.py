"""Whether the books, the chains, the index and custody say the same of a stock. Pure: what each said in, findings out.

Each comparison allows what is under way and nothing else: a mint that may have landed without our having heard of it, a
burn, a crossing, a corporate action that is being staged. Whatever else differs is a break.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from openscrip.assets.custody import Statement
from openscrip.assets.stock import Stock
from openscrip.issuance.break_row import Break, BreakClosed, BreakOpened
from openscrip.issuance.chain import ChainMultiplier
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.multiplier import ONE, Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Decision

AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class ChainBooks:
    """What the books say a chain's supply is: what is posted, and the least and the most that it may be meanwhile."""

    posted: RawAmount
    least: RawAmount
    most: RawAmount


@dataclass(frozen=True, slots=True)
class StockBooks:
    """What the books say of a stock. `in_flight` left a chain and did not arrive; `staged` are actions under way.

    A staged action is (multiplier, epoch) that a chain may show as pending, or in force already.
    """

    stock: Stock
    chains: Mapping[str, ChainBooks]
    in_flight: RawAmount
    custody: Shares
    claims: Shares
    staged: tuple[tuple[Multiplier, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ReportedReserve:
    """What a reserve feed on a chain says; `as_of` in UTC seconds."""

    shares: Shares
    allocation: Shares
    epoch: int
    as_of: int


@dataclass(frozen=True, slots=True)
class Indexed:
    """A supply that was read of a chain, and every supply that the token had at that moment by the index."""

    supply: RawAmount
    known: frozenset[RawAmount]


@dataclass(frozen=True, slots=True)
class ChainSeen:
    """What a chain shows at its final block. `indexed` is None while the index cannot tell; it may judge an earlier reading."""

    block: int
    supply: RawAmount
    multiplier: ChainMultiplier
    indexed: Indexed | None = None
    reserve: ReportedReserve | None = None


@dataclass(frozen=True, slots=True)
class StockSeen:
    """What the world showed of a stock. `statement` is None while the books have not heard all that custody told.

    `held_before` are (epoch, available) of the statements that a reserve report may stand on; `parts` are the statements of
    the single custodians that `statement` sums, by name.
    """

    chains: Mapping[str, ChainSeen]
    statement: Statement | None
    held_before: frozenset[tuple[int, Shares]] = frozenset()
    parts: Mapping[str, Statement] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, in words and as a key that stays the same while it does."""

    kind: str
    chain: str
    expected: str
    seen: str
    difference: str


def compare(books: StockBooks, seen: StockSeen) -> list[Finding]:
    """Every difference between the books and what was seen."""
    found: list[Finding] = []
    for name, shown in sorted(seen.chains.items()):
        found += _index(name, shown)
        found += _supply(name, books.chains[name], shown)
        found += _multiplier(name, books, shown.multiplier)
        found += _reserve(name, shown.reserve, seen)
    found += _allocations(seen)
    if seen.statement is not None:
        found += _custody(books, seen.statement, seen.parts)
        found += _cover(books, seen, seen.statement)
    return found


def _index(name: str, shown: ChainSeen) -> Iterable[Finding]:
    indexed = shown.indexed
    if indexed is not None and indexed.supply not in indexed.known:
        known = ", ".join(str(raw) for raw in sorted(indexed.known))
        yield Finding("index", name, f"{indexed.supply} raw, as the chain says", f"{known} raw in the index", known)


def _supply(name: str, books: ChainBooks, shown: ChainSeen) -> Iterable[Finding]:
    nearest = min(max(shown.supply, books.least), books.most)
    if shown.supply != nearest:
        allowed = f"{books.least}" if books.least == books.most else f"{books.least} to {books.most}"
        difference = format_decimal(abs(shown.supply.atoms - nearest.atoms), 18)
        sign = "+" if shown.supply > nearest else "-"
        yield Finding("supply", name, f"{allowed} raw by the books", f"{shown.supply} raw", sign + difference)


def _multiplier(name: str, books: StockBooks, shown: ChainMultiplier) -> Iterable[Finding]:
    """In force is what the books say, or what is staged; nothing is pending but what is staged."""
    stock = books.stock
    now = [(stock.multiplier, stock.chain_epoch), *books.staged]
    fits = any(_shows(name, shown.current, one) and shown.version == one.version and shown.epoch == epoch for one, epoch in now)
    waits = not shown.pending or any(_shows(name, shown.pending, one) for one, _ in books.staged)
    if fits and waits:
        return
    seen = f"{format_decimal(shown.current, 18)} version {shown.version} epoch {shown.epoch}"
    if shown.pending:
        seen += f", {format_decimal(shown.pending, 18)} pending from {shown.effective_at}"
    expected = " or ".join(f"{one} version {one.version} epoch {epoch}" for one, epoch in now)
    yield Finding("multiplier", name, expected, seen, f"{expected}: {seen}")


def _shows(chain: str, shown: int, wanted: Multiplier) -> bool:
    """Equal, or on Solana what the nearest double below is, floored to 1e-18."""
    if shown == wanted.value:
        return True
    numerator, denominator = wanted.to_f64_down().as_integer_ratio()
    return chain.startswith("solana") and shown == numerator * ONE // denominator


def _reserve(name: str, reserve: ReportedReserve | None, seen: StockSeen) -> Iterable[Finding]:
    """What a feed reports is what custody stated, and it allots no more than it reports."""
    if reserve is None:
        return
    if seen.held_before and (reserve.epoch, reserve.shares) not in seen.held_before:
        stated = " or ".join(f"{held} at epoch {epoch}" for epoch, held in sorted(seen.held_before)[-3:])
        said = f"{reserve.shares} at epoch {reserve.epoch}"
        yield Finding("reserve", name, f"{stated} shares, as custody stated", f"{said} shares reported", said)
    if reserve.allocation > reserve.shares:
        over = f"{reserve.allocation} of {reserve.shares}"
        yield Finding("allocation", name, f"at most {reserve.shares} shares", f"{reserve.allocation} shares allotted", over)


def _allocations(seen: StockSeen) -> Iterable[Finding]:
    """What all chains are allotted is no more than the newest report has."""
    reserves = [shown.reserve for shown in seen.chains.values() if shown.reserve is not None]
    if len(reserves) < 2 or len({reserve.epoch for reserve in reserves}) > 1:
        return
    newest = max(reserves, key=lambda reserve: reserve.as_of)
    total = Shares(sum(reserve.allocation.atoms for reserve in reserves))
    if total > newest.shares:
        yield Finding(
            "allocation", "", f"at most {newest.shares} shares", f"{total} shares allotted", f"{total - newest.shares}"
        )


def _custody(books: StockBooks, statement: Statement, parts: Mapping[str, Statement]) -> Iterable[Finding]:
    """The statements hold what the books say is in custody, and count the same kind of share; each is named with its part."""
    stock, several = books.stock, len(parts) > 1
    if statement.epoch != stock.epoch:
        if not stock.frozen_by:
            counted = ", ".join(f"epoch {each.epoch} at {name}" for name, each in parts.items())
            text = counted if several else f"epoch {statement.epoch}"
            said = text if several else f"{text} in statement {statement.sequence}"
            yield Finding("statement", "", f"epoch {stock.epoch} by the books", said, text)
        return
    if statement.aggregate != books.custody:
        difference = format_decimal(abs(statement.aggregate.atoms - books.custody.atoms), 9)
        sign = "+" if statement.aggregate > books.custody else "-"
        told = ", ".join(f"{each.aggregate} in statement {each.sequence} of {name}" for name, each in parts.items())
        where = f"({told})" if several else f"in statement {statement.sequence}"
        said = f"{statement.aggregate} shares {where}"
        yield Finding("statement", "", f"{books.custody} shares by the books", said, sign + difference)


def _cover(books: StockBooks, seen: StockSeen, statement: Statement) -> Iterable[Finding]:
    """I1: shares held are never fewer than shares owed, as far as all count the same kind of share.

    What is in flight counts unless it may be in a chain's supply already.
    """
    epochs = {statement.epoch, *(shown.multiplier.epoch for shown in seen.chains.values())}
    if len(epochs) > 1 or not seen.chains:
        return
    supply = sum(shown.supply.atoms for shown in seen.chains.values())
    unheard = sum(max(0, shown.supply.atoms - books.chains[name].posted.atoms) for name, shown in seen.chains.items())
    raw = RawAmount(supply + max(0, books.in_flight.atoms - unheard))
    multiplier = Multiplier(min(shown.multiplier.current for shown in seen.chains.values()))
    owed = multiplier.to_shares_up(raw) + books.claims
    if statement.available < owed:
        short = owed - statement.available
        yield Finding("cover", "", f"at least {owed} shares", f"{statement.available} shares unencumbered", f"{short}")


def decide(
    stock: str,
    known: Iterable[Break],
    found: Iterable[Finding],
    now: int,
    named: Callable[[], str],
    closes: Callable[[Break], bool] = lambda row: True,
) -> Decision:
    """What opens, changes or closes: rows and facts. `known` are the stock's breaks that are not closed; those that were
    not found again close where `closes` says that they would have been.
    """
    waiting = {(each.kind, each.chain): each for each in known}
    decision = Decision()
    for finding in found:
        row = waiting.pop((finding.kind, finding.chain), None)
        if row is None or (row.state == "accepted" and row.difference != finding.difference):
            if row is not None:
                decision += Decision(rows=(replace(row, state="closed"),))
            opened = Break(named(), stock, finding.kind, finding.chain, *_words(finding), now)
            fact = BreakOpened(opened.id, stock, opened.kind, opened.chain, opened.expected, opened.seen)
            decision += Decision(rows=(opened,), facts=(fact,))
        elif row.state == "open" and _words(finding) != (row.expected, row.seen, row.difference):
            expected, seen, difference = _words(finding)
            decision += Decision(rows=(replace(row, expected=expected, seen=seen, difference=difference),))
    for row in filter(closes, waiting.values()):
        ended = replace(row, state="closed", closed_at=now, closed_by=row.closed_by or AGREEMENT)
        facts = (BreakClosed(row.id, stock, AGREEMENT, ""),) if row.state == "open" else ()
        decision += Decision(rows=(ended,), facts=facts)
    return decision


def accept(row: Break, by: str, reason: str, now: int) -> Decision:
    """An operator closes an open break as it is: mints go on until it becomes another."""
    after = replace(row, state="accepted", closed_at=now, closed_by=by, reason=reason)
    return Decision(rows=(after,), facts=(BreakClosed(row.id, row.stock, by, reason),))


def _words(finding: Finding) -> tuple[str, str, str]:
    return finding.expected, finding.seen, finding.difference


def was_compared(row: Break, books: StockBooks, seen: StockSeen) -> bool:
    """Whether this look would have found the break again: what did not answer neither agrees nor differs, and while
    something is under way on a chain a difference of its supply may hide behind it.
    """
    if row.kind in ("statement", "cover") and seen.statement is None:
        return False
    if row.chain == "":
        return True
    shown = seen.chains.get(row.chain)
    if shown is None:
        return False
    chain = books.chains[row.chain]
    missing = {
        "index": shown.indexed is None,
        "reserve": shown.reserve is None,
        "allocation": shown.reserve is None,
        "supply": chain.least != chain.most,
    }
    return not missing.get(row.kind, False)


def between(before: StockBooks, after: StockBooks) -> StockBooks:
    """The books over a span of time, by its two ends: a chain's supply was no less than the least and no more than the most
    of them, unless a whole mint and a whole burn came to pass in between.
    """
    chains = {
        name: ChainBooks(
            after.chains[name].posted,
            min(each.least, after.chains[name].least),
            max(each.most, after.chains[name].most),
        )
        for name, each in before.chains.items()
        if name in after.chains
    }
    return replace(before, chains=chains)
