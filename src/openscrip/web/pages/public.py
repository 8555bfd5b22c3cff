"""The transparency site: all stocks, one stock, its coverage over time, its multiplier, and corporate actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from openscrip.issuance.break_row import Break
from openscrip.issuance.coverage import RATIO_ONE
from openscrip.issuance.distribution_row import Distribution
from openscrip.kernel.clock import iso
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Bps
from openscrip.records.actions import ActionRecord, action, action_record, actions
from openscrip.records.activity import TokenPrice
from openscrip.records.coverage import DAY_S, CoverageSeries, coverage_series
from openscrip.records.multipliers import MultiplierRecord, multiplier_record
from openscrip.records.stocks import StockRecord, least_covered, stock
from openscrip.runtime.store import View
from openscrip.web.csv_file import csv_response
from openscrip.web.filters import percent_down
from openscrip.web.office import Office
from openscrip.web.pages.public_words import (
    BREAK_WORDS,
    COVERAGE_BADGES,
    EVENT_WORDS,
    PHASE_WORDS,
    SESSION_WORDS,
    SUB_BALANCES,
    terms_words,
)
from openscrip.web.pages.stock_list import all_stocks_of, is_pushed
from openscrip.web.shell.paging import place_of
from openscrip.web.shell.render import page, shell_of

RANGES = (1, 7, 30, 365)
ROWS = 50
SORTS = {
    "coverage": lambda each: (each.ratio_down is None, each.ratio_down or 0, each.symbol),
    "stock": lambda each: each.symbol,
    "held": lambda each: (-each.held.atoms, each.symbol),
    "claimed": lambda each: (-each.owed.atoms, each.symbol),
    "age": lambda each: (each.as_of, each.symbol),
}  # fmt: skip
EPOCHS = "in_progress"


@dataclass(frozen=True, slots=True)
class Ratio:
    """Held for each share owed, for the filter `percent_down`."""

    millionths: int


def public_routes() -> APIRouter:
    """Pages, and what they draw and let download."""
    routes = APIRouter()
    for path, answer in (
        ("/", home),
        ("/stocks.csv", stocks_csv),
        ("/stocks/{symbol}", one_stock),
        ("/stocks/{symbol}/coverage", coverage_page),
        ("/stocks/{symbol}/coverage.json", coverage_json),
        ("/stocks/{symbol}/coverage.csv", coverage_csv),
        ("/stocks/{symbol}/multiplier", multiplier_page),
        ("/stocks/{symbol}/multiplier.json", multiplier_json),
        ("/stocks/{symbol}/multiplier.csv", multiplier_csv),
        ("/actions", actions_page),
        ("/actions.csv", actions_csv),
        ("/actions/{action_id}", action_page),
    ):
        routes.add_api_route(path, answer, methods=["GET"])
    return routes


# all stocks


def all_stocks(request: Request) -> list[StockRecord]:
    """Every listed stock; read anew when something was recorded."""
    return all_stocks_of(shell_of(request).office)


def home(request: Request, sort: str = "coverage", q: str = "", after: str = "0") -> Response:
    """Is everything covered?"""
    found = all_stocks(request)
    place = place_of(after, 6) or 0
    wanted = _wanted(found, q[:60], sort)
    with shell_of(request).office.store.view() as view:
        alarms = view.rows(Break, state="open")
    return page(
        request,
        "public/home.html",
        stocks=wanted[place : place + ROWS],
        count=len(wanted),
        total=len(found),
        next=place + ROWS if place + ROWS < len(wanted) else None,
        sort=sort if sort in SORTS else "coverage",
        q=q[:60],
        least=least_covered(found),
        below=[each for each in found if each.coverage == "short"],
        moving=[each for each in found if each.coverage == EPOCHS],
        unknown=[each for each in found if each.coverage == "unknown" or each.stale],
        as_of=min((each.as_of for each in found if each.as_of), default=0),
        signers=sorted({name for each in found for name in each.signers}),
        alarms=alarms,
        ratio=ratio_of,
        badges=COVERAGE_BADGES,
        break_words=BREAK_WORDS,
        now=shell_of(request).office.now(),
    )


def stocks_csv(request: Request, sort: str = "coverage", q: str = "") -> Response:
    """The same stocks as a file."""
    rows = _wanted(all_stocks(request), q[:60], sort)
    header = ["symbol", "token", "isin", "state", "shares_held", "shares_owed", "coverage", "raw_supply", "multiplier",
              "as_of", "since"]  # fmt: skip
    return csv_response(
        "stocks",
        header,
        (
            [each.symbol, each.token_symbol, each.isin, each.coverage, each.held, each.owed, _ratio_text(each.ratio_down),
             each.raw, format_decimal(each.multiplier.value, 18), _iso(each.as_of), _iso(each.since)]
            for each in rows
        ),
    )  # fmt: skip


def _wanted(found: Sequence[StockRecord], q: str, sort: str) -> list[StockRecord]:
    """Filtered by a text and sorted; what is below 100 % always stands first."""
    words = q.lower()
    kept = [each for each in found if words in f"{each.symbol} {each.token_symbol} {each.name} {each.isin}".lower()]
    ordered = sorted(kept, key=SORTS.get(sort, SORTS["coverage"]))
    return sorted(ordered, key=lambda each: each.coverage != "short")


# one stock


def one_stock(request: Request, symbol: str) -> Response:
    """Is this one covered, since when, who says so?"""
    office = shell_of(request).office
    with office.store.view() as view:
        found = _stock_in(view, office, symbol)
        series = coverage_series(view, symbol, office.now() - 30 * DAY_S, office.now(), pushed=is_pushed(office))
        multiplier = multiplier_record(view, symbol, office.public.networks)
        latest = [action_record(row) for row in actions(view, stock=symbol, limit=5).rows]
    per_token = found.price.per_token_micros_down
    return page(
        request,
        "public/stock.html",
        stock=found,
        ratio=ratio_of,
        badges=COVERAGE_BADGES,
        subs=SUB_BALANCES,
        break_words=BREAK_WORDS,
        series=series,
        summary=_coverage_words(series, found, 30),
        multiplier=multiplier,
        actions=latest,
        event_words=EVENT_WORDS,
        phase_words=PHASE_WORDS,
        session_words=SESSION_WORDS,
        terms_words=terms_words,
        per_token=TokenPrice(per_token) if per_token is not None else None,
        now=office.now(),
    )


def coverage_page(request: Request, symbol: str, days: str = "30") -> Response:
    """The points of the plot as a table."""
    found, series, span = _series(request, symbol, days)
    return page(
        request,
        "public/coverage.html",
        stock=found,
        series=series,
        days=span,
        ranges=RANGES,
        ratio=ratio_of,
        summary=_coverage_words(series, found, span),
        badges=COVERAGE_BADGES,
    )


def coverage_json(request: Request, symbol: str, days: str = "30") -> Response:
    """The points to draw: percent, with gaps where nothing was stated or compared."""
    _, series, _ = _series(request, symbol, days)
    points: dict[int, float | None] = {}
    for each in series.points:
        points[each.at] = None if each.ratio_down is None else float(format_decimal(each.ratio_down, 6))
    drawn = {"name": "Coverage", "unit": "%", "points": [[at, value] for at, value in points.items()]}
    return _json({"series": [drawn], "threshold": 100, "thresholdName": "100 %", "decimals": 2})


def coverage_csv(request: Request, symbol: str, days: str = "30") -> Response:
    """The points as a file."""
    found, series, _ = _series(request, symbol, days)
    return csv_response(
        f"coverage-{found.symbol}",
        ["at", "state", "shares_held", "shares_owed", "coverage", "raw_supply"],
        ([iso(each.at), each.state, each.held, each.owed, _ratio_text(each.ratio_down), each.raw] for each in series.points),
    )


def multiplier_page(request: Request, symbol: str) -> Response:
    """Why did my amount change?"""
    found, record = _stock(request, symbol), _multiplier(request, symbol)
    return page(
        request,
        "public/multiplier.html",
        stock=found,
        multiplier=record,
        equal=all(each.equal for each in record.chains),
        event_words=EVENT_WORDS,
        summary=_multiplier_words(record),
    )


def multiplier_json(request: Request, symbol: str) -> Response:
    """Each version to draw, up to now."""
    record, now = _multiplier(request, symbol), shell_of(request).office.now()
    begun = [each for each in record.history if each.since]
    start = min((each.since for each in begun), default=now) - 30 * DAY_S
    points = [[each.since or start, float(format_decimal(each.multiplier.value, 18))] for each in record.history]
    if points[-1][0] < now:
        points.append([now, points[-1][1]])
    marks = [[each.since, EVENT_WORDS.get(each.reason, each.reason)] for each in begun]
    return _json({"series": [{"name": "Shares for one token", "points": points}], "markers": marks, "decimals": 6})


def multiplier_csv(request: Request, symbol: str) -> Response:
    """Each version as a file."""
    record = _multiplier(request, symbol)
    return csv_response(
        f"multiplier-{record.stock}",
        ["version", "multiplier", "since", "action", "event"],
        (
            [each.multiplier.version, format_decimal(each.multiplier.value, 18), _iso(each.since), each.action, each.reason]
            for each in record.history
        ),
    )


# corporate actions


def actions_page(request: Request, stock: str = "", after: str = "") -> Response:
    """Every corporate action, newest first."""
    before = place_of(after, 15)
    with shell_of(request).office.store.view() as view:
        found = actions(view, stock=stock[:40] or None, before=before)
    return page(
        request,
        "public/actions.html",
        actions=[action_record(row) for row in found.rows],
        next=found.next,
        after=before,
        stock=stock[:40],
        event_words=EVENT_WORDS,
        phase_words=PHASE_WORDS,
        terms_words=terms_words,
    )


def actions_csv(request: Request, stock: str = "") -> Response:
    """The newest actions as a file."""
    with shell_of(request).office.store.view() as view:
        rows = view.page(Distribution, stock=stock[:40] or None, limit=200).rows
    header = ["id", "stock", "event", "phase", "announced_on", "ex_date", "record_date", "pay_date", "effective_at", "ratio",
              "gross_usd", "multiplier_before", "multiplier_after", "sources"]  # fmt: skip
    return csv_response("corporate-actions", header, (_action_row(action_record(row)) for row in rows))


def action_page(request: Request, action_id: str) -> Response:
    """One corporate action with everything that is known of it."""
    office = shell_of(request).office
    with office.store.view() as view:
        found = action(view, action_id)
        record = multiplier_record(view, found.stock, office.public.networks) if found else None
    if found is None:
        raise Malformed("action.unknown", f"action: {action_id!a:.60} is not known")
    return page(
        request,
        "public/action.html",
        action=found,
        withheld=None if found.withheld_bps is None else Bps(found.withheld_bps),
        multiplier=record,
        event_words=EVENT_WORDS,
        phase_words=PHASE_WORDS,
        terms_words=terms_words,
    )


def _action_row(each: ActionRecord) -> list[object]:
    moved = [format_decimal(one.value, 18) if one else "" for one in (each.before, each.after)]
    sources = "; ".join(f"{told.source} {told.document}" for told in each.sources)
    return [
        each.id, each.stock, str(each.event), each.phase, each.announced_on, each.ex_date, each.record_date, each.pay_date,
        _iso(each.effective_at), f"{each.ratio[0]}:{each.ratio[1]}" if each.ratio else "", each.gross or "",
        *moved, sources,
    ]  # fmt: skip


# what several pages share


def ratio_of(ratio_down: int | None) -> Ratio | None:
    """A ratio of the records, for the filter that prints it."""
    return None if ratio_down is None else Ratio(ratio_down * 10**6 // RATIO_ONE)


def _stock(request: Request, symbol: str) -> StockRecord:
    office = shell_of(request).office
    with office.store.view() as view:
        return _stock_in(view, office, symbol)


def _stock_in(view: View, office: Office, symbol: str) -> StockRecord:
    found = stock(view, symbol, office.now(), office.public.networks, pushed=is_pushed(office))
    if found is None:
        raise Malformed("symbol.unknown", f"symbol: {symbol!a:.40} was not listed")
    return found


def _multiplier(request: Request, symbol: str) -> MultiplierRecord:
    office = shell_of(request).office
    with office.store.view() as view:
        found = multiplier_record(view, symbol, office.public.networks)
    if found is None:
        raise Malformed("symbol.unknown", f"symbol: {symbol!a:.40} was not listed")
    return found


def _series(request: Request, symbol: str, days: str) -> tuple[StockRecord, CoverageSeries, int]:
    if days not in {str(each) for each in RANGES}:
        raise Malformed("range.malformed", f"days: {days!a:.20} was not one of {', '.join(map(str, RANGES))}")
    office, found = shell_of(request).office, _stock(request, symbol)
    with office.store.view() as view:
        now = office.now()
        return found, coverage_series(view, symbol, now - int(days) * DAY_S, now, pushed=is_pushed(office)), int(days)


def _coverage_words(series: CoverageSeries, found: StockRecord, days: int) -> str:
    span = "day" if days == 1 else f"{days} days"
    if series.least is None:
        return f"No statement of custody could be compared with the chains in the last {span}."
    now = percent_down(ratio_of(found.ratio_down))
    least = percent_down(ratio_of(series.least.ratio_down))
    return f"{now} at the last look; the least of the last {span} was {least}. A gap is a time in which nothing was compared."


def _multiplier_words(record: MultiplierRecord) -> str:
    changes = len(record.history) - 1
    now = format_decimal(record.current.value, 18)
    return f"One token stands for {now} shares now, after {changes} {'change' if changes == 1 else 'changes'}."


def _ratio_text(ratio_down: int | None) -> str:
    return "" if ratio_down is None else format_decimal(ratio_down, 8)


def _iso(at: int) -> str:
    return iso(at) if at else ""


def _json(body: Mapping[str, Any]) -> Response:
    return JSONResponse(body, headers={"Cache-Control": "no-cache"})
