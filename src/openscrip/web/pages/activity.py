"""How much the tokens are used: on the chains and on the venue, by token and day, with the launch of the xStocks beside it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from openscrip.assets.stock import Stock
from openscrip.kernel.decimals import format_decimal, parse_decimal
from openscrip.kernel.errors import Malformed, Unavailable
from openscrip.kernel.money import Money
from openscrip.records.activity import (
    ActivityDay,
    Ladder,
    VenueDay,
    VenueTotal,
    curve,
    day_of,
    depth_lines,
    filled,
    launch_day,
    slippage,
)
from openscrip.web.csv_file import csv_response, csv_stream
from openscrip.web.filters import grouped, usd
from openscrip.web.pages.activity_days import Span, Totals, days_of_token, everything
from openscrip.web.public_office import WHOLE_PAIRS, Venue
from openscrip.web.shell.paging import place_of
from openscrip.web.shell.render import page, shell_of

RANGES = (7, 30, 90, 365)
ROWS = 50
SIZES = ("1000", "10000", "100000")
METRICS = {
    "volume": ("Volume", "volume_usd", "What went from one address to another, valued at the day's last close."),
    "users": ("Users", "users", "Addresses that gave or took on the day."),
    "new_users": ("New users", "new_users", "Addresses that gave or took for the first time."),
    "transactions": ("Transactions", "transactions", "Transactions that moved tokens."),
}
"""Each metric's name, the launch's name for it, and its definition."""
MID_DAY_S = 43_200


def activity_routes() -> APIRouter:
    """Overview and tokens, each as a page, as points to draw and as a file."""
    routes = APIRouter(prefix="/activity")
    routes.add_api_route("", overview, methods=["GET"])
    routes.add_api_route("/{symbol}", token, methods=["GET"])
    routes.add_api_route("/{symbol}/days.csv", days_csv, methods=["GET"])
    routes.add_api_route("/{symbol}/days.json", days_json, methods=["GET"])
    routes.add_api_route("/{symbol}/venue.csv", venue_csv, methods=["GET"])
    routes.add_api_route("/{symbol}/venue.json", venue_json, methods=["GET"])
    routes.add_api_route("/{symbol}/depth.json", depth_json, methods=["GET"])
    return routes


def overview(request: Request, days: str = "30", after: str = "0") -> Response:
    """All tokens."""
    office, span = shell_of(request).office, _span(request, days)
    found = everything(office.store, office.public.index, span)
    lines = found.lines
    place = place_of(after, 6) or 0
    pairs, behind = _pairs(request, span, "")
    return page(
        request,
        "activity/overview.html",
        span=span,
        ranges=RANGES,
        days=filled(found.days, span.first, span.last)[::-1],
        totals=Totals().plus(found.days),
        is_whole=found.is_whole,
        lines=lines[place : place + ROWS],
        next=place + ROWS if place + ROWS < len(lines) else None,
        pairs=pairs[:ROWS],
        pairs_more=max(0, len(pairs) - ROWS),
        behind=behind,
        metrics=METRICS,
        charts=_charts("all", "All tokens", span, found.days, "all"),
        launch=_launch("all"),
        read_up_to=office.public.read_up_to(),
    )


def token(request: Request, symbol: str, days: str = "30", pair: str = "", size: str = "10000") -> Response:
    """One token: its days, and what a size would cost now."""
    span, stock = _span(request, days), _stock(request, symbol)
    mine = _days_of(request, stock.id, span)
    pairs, behind = _pairs(request, span, stock.token_symbol)
    chosen = _chosen(pairs, pair)
    asked, size_fault = _size(size)
    ladder, venue_fault = _ladder(request, chosen)
    sizes = sorted({Money.parse(text) for text in SIZES} | ({asked} if asked else set()))
    return page(
        request,
        "activity/token.html",
        stock=stock,
        span=span,
        ranges=RANGES,
        days=filled(mine, span.first, span.last)[::-1],
        totals=Totals().plus(mine),
        metrics=METRICS,
        charts=_charts(stock.id, stock.token_symbol, span, mine, stock.token_symbol),
        launch=_launch(stock.token_symbol),
        pairs=pairs,
        behind=behind,
        chosen=chosen,
        ladder=ladder,
        depth=depth_lines(ladder),
        costs=[slippage(ladder, side, wanted) for wanted in sizes for side in ("buy", "sell")] if ladder.mid_down else [],
        asked=asked,
        size=size[:24],
        size_fault=size_fault,
        venue_fault=venue_fault,
        read_up_to=shell_of(request).office.public.read_up_to(),
    )


def days_csv(request: Request, symbol: str, days: str = "30") -> Response:
    """Days on the chains as a file; `all` for all tokens."""
    span = _span(request, days)
    rows = filled(_days_of(request, symbol, span), span.first, span.last)
    header = ["date", "token", "volume_usd", "users", "new_users", "transactions", "transfers", "moved_raw", "minted_raw",
              "burned_raw"]  # fmt: skip
    name = symbol if symbol == "all" else _stock(request, symbol).token_symbol
    return csv_response(
        f"activity-{name}-{span.last.isoformat()}",
        header,
        (
            [row.day.isoformat(), name, row.volume, row.users, row.new_users, row.transactions, row.transfers, row.moved,
             row.minted, row.burned]
            for row in rows
        ),
    )  # fmt: skip


def days_json(request: Request, symbol: str, days: str = "30", metric: str = "volume") -> Response:
    """Days on the chains to draw, one metric."""
    if metric not in METRICS:
        raise Malformed("metric.unknown", f"activity: {metric!a:.40} is no metric; take one of {', '.join(METRICS)}")
    span = _span(request, days)
    rows = filled(_days_of(request, symbol, span), span.first, span.last)
    token_symbol = symbol if symbol == "all" else _stock(request, symbol).token_symbol
    points = [[_noon(row.day), _plain(row, metric)] for row in rows] if any(_number(row, metric) for row in rows) else []
    drawn: dict[str, Any] = {"series": [{"name": METRICS[metric][0], "points": points}]}
    launch = launch_day(token_symbol, METRICS[metric][1])
    if launch is not None:
        drawn["threshold"], drawn["thresholdName"] = launch.value, f"xStocks, {launch.day.isoformat()}"
    return _json(drawn)


def venue_csv(request: Request, symbol: str, days: str = "30") -> Response:
    """Days on the venue as a file, pair by pair; it is sent while it is made, and holds every day of every pair."""
    span = _span(request, days)
    base = "" if symbol == "all" else _stock(request, symbol).token_symbol
    venue = shell_of(request).office.public.venue
    pairs = sorted(_names(venue, base))

    def parts() -> Iterator[Iterable[Sequence[object]]]:
        for place in range(0, len(pairs), WHOLE_PAIRS):
            some = venue.days(pairs[place : place + WHOLE_PAIRS], span.first, span.last)
            yield ([row.day.isoformat(), row.pair, row.turnover, row.tokens, row.trades] for row in some)

    header = ["date", "pair", "turnover_quote", "tokens_raw", "trades"]
    return csv_stream(f"venue-{base or 'all'}-{span.last.isoformat()}", header, parts())


def venue_json(request: Request, symbol: str, days: str = "30") -> Response:
    """Money that changed hands on the venue, to draw."""
    span = _span(request, days)
    base = "" if symbol == "all" else _stock(request, symbol).token_symbol
    by_day: dict[date, int] = {}
    for row in _venue_days(request, span, base):
        by_day[row.day] = by_day.get(row.day, 0) + row.turnover.atoms
    every = [span.first + timedelta(days=count) for count in range(span.days)]
    points = [[_noon(day), float(format_decimal(by_day.get(day, 0), 6))] for day in every] if any(by_day.values()) else []
    return _json({"series": [{"name": "Turnover", "points": points}]})


def depth_json(request: Request, symbol: str, pair: str = "") -> Response:
    """What stands at a price or better, to draw."""
    stock = _stock(request, symbol)
    pairs, _ = _pairs(request, _span(request, "7"), stock.token_symbol)
    ladder, _ = _ladder(request, _chosen(pairs, pair))

    def drawn(rows: Sequence[Any]) -> list[list[float]]:
        return [[float(format_decimal(price.micros, 6)), float(str(tokens))] for price, tokens in curve(rows)]

    return _json({"bids": drawn(ladder.bids)[::-1], "asks": drawn(ladder.asks)})


# what is asked


def _span(request: Request, days: str) -> Span:
    if not days.isascii() or not days.isdigit() or int(days[:4]) not in RANGES:
        raise Malformed("range.malformed", f"days: {days!a:.20} was not one of {', '.join(map(str, RANGES))}")
    last = day_of(shell_of(request).office.now())
    return Span(int(days), last - timedelta(days=int(days) - 1), last)


def _stock(request: Request, symbol: str) -> Stock:
    with shell_of(request).office.store.view() as view:
        found = view.row(Stock, symbol)
    if found is None:
        raise Malformed("symbol.unknown", f"symbol: {symbol!a:.40} was not listed")
    return found


def _size(text: str) -> tuple[Money | None, str]:
    try:
        size = Money(parse_decimal(text.strip().replace(",", ""), 6, "size"))
    except Malformed:
        return None, "Give an amount of dollars, such as 25000."
    if not 0 < size.atoms <= 10**15:
        return None, "Give an amount between a millionth and one billion dollars."
    return size, ""


def _chosen(pairs: Sequence[VenueTotal], asked: str) -> str:
    names = [each.pair for each in pairs]
    return asked if asked in names else names[0] if names else ""


# what is read


def _days_of(request: Request, symbol: str, span: Span) -> Sequence[ActivityDay]:
    office = shell_of(request).office
    if symbol == "all":
        return everything(office.store, office.public.index, span, waits=True).days
    return days_of_token(office.store, office.public.index, _stock(request, symbol), span)


def _names(venue: Venue, base: str) -> list[str]:
    """The venue's pairs of one base, or all; none where no venue runs."""
    try:
        return [pair for pair, traded in venue.pairs().items() if not base or traded == base]
    except Unavailable:
        return []


def _venue_days(request: Request, span: Span, base: str) -> list[VenueDay]:
    """The venue's days of one base, or of all; nothing where no venue runs."""
    venue = shell_of(request).office.public.venue
    try:
        return venue.days(_names(venue, base), span.first, span.last)
    except Unavailable:
        return []


def _pairs(request: Request, span: Span, base: str) -> tuple[list[VenueTotal], int]:
    """What each pair comes to, the most turnover first, and of how many of them the past is still being read."""
    venue = shell_of(request).office.public.venue
    names = _names(venue, base)
    try:
        found, behind = venue.totals(names, span.first, span.last), venue.behind(names, span.last)
    except Unavailable:
        return [], 0
    return sorted(found, key=lambda line: (-line.turnover.atoms, line.pair)), behind


def _ladder(request: Request, pair: str) -> tuple[Ladder, str]:
    if not pair:
        return Ladder(), "No pair of this token trades on the venue at the moment, or the venue does not answer."
    try:
        return shell_of(request).office.public.venue.ladder(pair), ""
    except Unavailable:
        return Ladder(), "The venue does not answer at the moment, so its book is not shown."


# what is shown


def _launch(token_symbol: str) -> list[tuple[str, str, str]]:
    """The launch's highest days of a token: metric, figure, day."""
    found = []
    for name, reported, _ in METRICS.values():
        launch = launch_day(token_symbol, reported)
        if launch is not None:
            figure = usd(Money(launch.value * 10**6), 0) if reported == "volume_usd" else grouped(str(launch.value))
            found.append((name, figure, launch.day.isoformat()))
    return found


def _charts(symbol: str, name: str, span: Span, days: Sequence[ActivityDay], launched: str) -> list[tuple[str, str, str, str]]:
    """Each chart's metric, title, sentence and where its points are."""
    found = []
    for metric, (title, reported, _) in METRICS.items():
        best = max(days, key=lambda each: _number(each, metric), default=None)
        if best is None or not _number(best, metric):
            text = f"None in the {span.days} days up to {span.last.isoformat()}."
        else:
            figure = usd(best.volume, 2) if metric == "volume" else grouped(str(_number(best, metric)))
            text = f"The busiest of the {span.days} days was {best.day.isoformat()} with {figure}."
        launch = launch_day(launched, reported)
        if launch is not None:
            said = usd(Money(launch.value * 10**6), 0) if metric == "volume" else grouped(str(launch.value))
            text += f" The launch of the xStocks reported {said} on {launch.day.isoformat()}."
        found.append((metric, f"{title}, {name}", text, f"/activity/{symbol}/days.json?metric={metric}&days={span.days}"))
    return found


def _number(day: ActivityDay, metric: str) -> int:
    return day.volume.atoms if metric == "volume" else int(getattr(day, metric))


def _plain(day: ActivityDay, metric: str) -> float | int:
    """For drawing alone."""
    return float(str(day.volume)) if metric == "volume" else _number(day, metric)


def _noon(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + MID_DAY_S


def _json(body: Mapping[str, Any]) -> Response:
    return JSONResponse(body, headers={"Cache-Control": "no-cache"})
