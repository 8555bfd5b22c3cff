"""Statements and tax papers of one client, made from rows and the ledger alone: the same books give the same bytes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from openscrip.assets import accounts
from openscrip.issuance.distribution_row import Distribution
from openscrip.issuance.journey import Journey
from openscrip.kernel.clock import NEW_YORK, iso, new_york_instant
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.records.actions import ActionRecord, action_record, actions
from openscrip.records.orders import OrderRecord, order, orders
from openscrip.runtime.store import View
from openscrip.web.order_amounts import Moved, amounts_of
from openscrip.web.rails import Rails

PAGE = 200
NOTE = (
    "Made by Openscrip from its books. Tokens that moved between wallets on a chain without us are not in it. "
    "It is no tax advice."
)


@dataclass(frozen=True, slots=True)
class Period:
    """A month or a year of New York dates: from `since` to before `until`, in UTC seconds; `label` as `2024-06` or `2024`."""

    label: str
    since: int
    until: int

    def holds(self, at: int) -> bool:
        """Whether an instant lies in it."""
        return self.since <= at < self.until


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of money of one order."""

    at: int
    order: OrderRecord
    moved: Moved


@dataclass(frozen=True, slots=True)
class Statement:
    """A period of one client: orders that were asked or finished in it, what moved, what was minted and burned, actions.

    `raw` counts tokens that we minted to and burned of this client by the end of the period, by stock; `as_of` is market time
    where the period is not over.
    """

    person: str
    period: Period
    as_of: int
    orders: tuple[OrderRecord, ...]
    lines: tuple[Line, ...]
    raw: Mapping[str, RawAmount]
    actions: tuple[ActionRecord, ...]

    @property
    def is_final(self) -> bool:
        """The period is over: this document does not change any more."""
        return self.as_of >= self.period.until


def period_of(label: str) -> Period:
    """`2024-06` or `2024`. Raises `Malformed("period.unknown")`."""
    try:
        if len(label) == 4:
            first, after = date(int(label), 1, 1), date(int(label) + 1, 1, 1)
        else:
            first = date.fromisoformat(f"{label}-01")
            after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        return Period(label, new_york_instant(first, 0), new_york_instant(after, 0))
    except (ValueError, OverflowError):
        raise Malformed("period.unknown", "statement: there is no such month or year") from None


def all_orders(view: View, person: str) -> list[OrderRecord]:
    """Every order of a client, newest first: a paper about money leaves none out."""
    found: list[OrderRecord] = []
    before: int | None = None
    while True:
        some = orders(view, person=person, before=before, limit=PAGE)
        found += some.orders
        if some.next is None:
            return found
        before = some.next


def periods(view: View, person: str, now: int) -> tuple[list[Period], list[Period]]:
    """The months and years for which there is something to say, newest first."""
    dealt = view.first(Journey, person)
    oldest = order(view, dealt.id) if dealt else None
    if oldest is None:
        return [], []
    first, last = (datetime.fromtimestamp(at, NEW_YORK) for at in (oldest.asked_at, now))
    months = [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(first.year * 12 + first.month - 1, last.year * 12 + last.month)]
    years = [f"{year:04d}" for year in range(first.year, last.year + 1)]
    return [period_of(each) for each in reversed(months)], [period_of(each) for each in reversed(years)]


def statement(view: View, rails: Rails, person: str, period: Period, now: int) -> Statement:
    """What a client is told of a period."""
    dealt = [each for each in reversed(all_orders(view, person)) if each.asked_at < period.until]
    account_of = {each.id: accounts.client_payable(each.id) for each in dealt}
    movements = rails.movements(account_of.values())
    lines = [
        Line(moved.at, each, moved)
        for each in dealt
        for moved in amounts_of(each.id, movements[account_of[each.id]])
        if period.holds(moved.at)
    ]
    touched = {line.order.id for line in lines}
    shown = [each for each in dealt if period.holds(each.asked_at) or each.id in touched or _ended_in(each, period)]
    found = [action_record(row) for stock in sorted({each.stock for each in dealt}) for row in _actions(view, stock)]
    within = [each for each in found if each.after and period.holds(each.effective_at)]
    lines.sort(key=lambda line: (line.at, line.order.id, line.moved.id))
    return Statement(person, period, now, tuple(shown), tuple(lines), _raw(dealt, period), tuple(within))


def _actions(view: View, stock: str) -> Sequence[Distribution]:
    return actions(view, stock=stock, limit=PAGE).rows


def _ended_in(record: OrderRecord, period: Period) -> bool:
    return bool(record.events) and period.holds(record.events[-1].at)


def _raw(dealt: Iterable[OrderRecord], period: Period) -> dict[str, RawAmount]:
    """Tokens minted to the client less those burned, by stock, at the end of the period."""
    found: dict[str, int] = {}
    for each in dealt:
        times = [event.at for event in each.events if event.name.endswith(":minted") or event.name == "burned"]
        if times and times[-1] < period.until:
            sign = 1 if each.side == "subscribe" else -1
            found[each.stock] = found.get(each.stock, 0) + sign * each.raw.atoms
    return {stock: RawAmount(atoms) for stock, atoms in sorted(found.items())}


LINE_HEADER = ("when_utc", "order", "kind", "stock", "what", "towards", "amount_usd", "ledger_id")


def line_rows(told: Statement) -> list[tuple[object, ...]]:
    """The movements as rows of a table."""
    return [
        (
            iso(line.at), line.order.id, line.order.side, line.order.stock, line.moved.words,
            "account" if line.moved.came else "out", str(line.moved.amount), line.moved.id,
        )
        for line in told.lines
    ]  # fmt: skip


def to_json(told: Statement) -> bytes:
    """The statement as canonical JSON."""
    document = {
        "kind": "openscrip.statement", "version": 1, "client": told.person, "period": told.period.label,
        "since": iso(told.period.since), "until": iso(told.period.until), "final": told.is_final,
        "as_of": iso(min(told.as_of, told.period.until)),
        "tokens_minted_less_burned": {stock: str(raw) for stock, raw in told.raw.items()},
        "orders": [
            {
                "id": each.id, "side": each.side, "stock": each.stock, "chain": each.chain, "wallet": each.wallet,
                "state": each.code, "asked_at": iso(each.asked_at), "shares": str(each.shares), "raw": str(each.raw),
                "paid_usd": str(each.paid), "paid_out_usd": str(each.owed),
                "charged_usd": None if each.charged is None else str(each.charged),
                "shares_delivered": str(each.delivered),
            }
            for each in told.orders
        ],
        "movements": [dict(zip(LINE_HEADER, row, strict=True)) for row in line_rows(told)],
        "corporate_actions": [
            {
                "id": each.id, "stock": each.stock, "kind": each.kind, "ex_date": each.ex_date.isoformat(),
                "effective_at": iso(each.effective_at), "gross_per_share_usd": str(each.gross) if each.gross else None,
                "withheld_bps": each.withheld_bps, "ratio": list(each.ratio) if each.ratio else None,
                "multiplier_before": str(each.before), "multiplier_after": str(each.after),
            }
            for each in told.actions
        ],
        "note": NOTE,
    }  # fmt: skip
    return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


TAX_HEADER = (
    "event", "stock", "ex_date", "gross_per_share_usd", "withheld_percent", "tokens_at_end_of_period", "shares_before",
    "shares_after", "kind",
)  # fmt: skip


def tax_rows(told: Statement) -> list[tuple[object, ...]]:
    """Dividends and splits of the year on what was minted to the client and not burned."""
    found: list[tuple[object, ...]] = []
    for each in told.actions:
        raw = told.raw.get(each.stock, RawAmount(0))
        before = each.before.to_shares_down(raw) if each.before else ""
        after = each.after.to_shares_down(raw) if each.after else ""
        withheld = "" if each.withheld_bps is None else format_decimal(each.withheld_bps, 2)
        gross = str(each.gross) if each.gross else ""
        found.append(
            (each.id, each.stock, each.ex_date.isoformat(), gross, withheld, str(raw), str(before), str(after), each.kind)
        )
    return found


def disposals(told: Statement) -> list[tuple[OrderRecord, Money]]:
    """Redemptions that paid cash within the period."""
    return [(line.order, line.moved.amount) for line in told.lines if line.moved.words == "Paid to you"]


def made_on(told: Statement) -> str:
    """The day that stands on the document: the period's end, or today while it is not over."""
    return datetime.fromtimestamp(min(told.as_of, told.period.until), UTC).strftime("%Y-%m-%d")
