"""A reserve report as one HTML file and as JSON. The same report always gives the same bytes, so a hash names it."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from html import escape
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from openscrip.assets.wire import canonical
from openscrip.kernel.clock import iso
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import Quantity
from openscrip.web.figures import grouped, percent_down
from openscrip.web.plot import action_text, plot_of
from openscrip.web.reserve import ReserveReport, StockReserve

__all__ = ["ReserveReport", "StockReserve", "report_document", "report_html", "report_json", "report_sha256"]

FORMAT = "openscrip reserve report 1"
SIGNATURES_START, SIGNATURES_END = "<!-- signatures -->", "<!-- end of signatures -->"

EVENT_NAMES = {"SPLF": "Forward split", "SPLR": "Reverse split", "DVCA": "Cash dividend"}


def _environment() -> Environment:
    """Everything is escaped, and a name that the template misspells stops the report."""
    pages = Environment(
        loader=PackageLoader("openscrip.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(grouped=_grouped, percent=percent_down, minute=_minute, short=_short, action=action_text)
    return pages


def _grouped(quantity: object) -> str:
    return grouped(str(quantity))


def _minute(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%-d %b %Y, %H:%M} UTC"


def _short(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


_PAGES = _environment()


def report_html(report: ReserveReport) -> str:
    """The report as one file: no script, no outside request, light and dark, fit to print. Nobody has signed it yet."""
    page = _PAGES.get_template("report.html").render(
        report=report,
        month_name=f"{report.first_day:%B %Y}",
        parts=[(stock, stock.reserve, plot_of(report, stock)) for stock in report.stocks],
        covered=all(stock.covered for stock in report.stocks),
        event_names=EVENT_NAMES,
        iso=iso,
    )
    return with_signatures(page, report, ())


def report_sha256(html: str) -> str:
    """The hash that names a report's page: SHA-256 of its UTF-8 bytes, in hex, without what stands between the marks of
    the signatures: those come when the page is there.
    """
    before, _, rest = html.partition(SIGNATURES_START)
    _, _, after = rest.partition(SIGNATURES_END)
    return hashlib.sha256((before + after).encode()).hexdigest()


def with_signatures(html: str, report: ReserveReport, signed: Collection[str]) -> str:
    """The page with who has signed (`role name`) and who has not, in the very words that the watch expects."""
    lines = [
        f"<li>{escape(name)}: {'signed with ' + escape(each.public_key) if name in signed else 'NOT SIGNED'}</li>\n"
        for each in report.signers
        for name in [f"{each.role} {each.name}"]
    ]
    section = f"{SIGNATURES_START}\n<ul>\n{''.join(lines) or '<li>NOT SIGNED</li>' + chr(10)}</ul>\n{SIGNATURES_END}"
    before, _, rest = html.partition(SIGNATURES_START)
    return before + section + rest.partition(SIGNATURES_END)[2]


def report_json(report: ReserveReport) -> dict[str, Any]:
    """The report for a program: every amount a decimal string, instants ISO 8601, and the hash of its HTML."""
    return {
        "format": FORMAT,
        "number": report.number,
        "label": report.label or report.month,
        "issuer": report.issuer,
        "month": report.month,
        "as_of": iso(report.as_of),
        "simulated": report.simulated,
        "previous": _plain("", report.previous),
        "entities": _plain("", report.entities),
        "signers": _plain("", report.signers),
        "statements": _plain("", report.statements),
        "stocks": [_stock_json(stock) for stock in report.stocks],
        "html_sha256": report_sha256(report_html(report)),
    }


def report_document(report: ReserveReport) -> dict[str, Any]:
    """What is written beside the page: the body, its hash, and nobody's signature yet."""
    body = report_json(report)
    return {"report": body, "sha256": body_sha256(body), "signatures": []}


def body_sha256(body: Mapping[str, Any]) -> str:
    """SHA-256 of the body in its one spelling: keys sorted, no spaces, UTF-8."""
    return hashlib.sha256(canonical(dict(body))).hexdigest()


def _stock_json(stock: StockReserve) -> dict[str, object]:
    reserve, coverage = stock.reserve, stock.coverage_down
    given = {field.name: _plain(field.name, getattr(stock, field.name)) for field in fields(stock)}
    return {
        **given,
        "custody": [_plain("", line) | {"aggregate": str(line.aggregate)} for line in stock.custody],
        "multiplier_version": stock.multiplier.version,
        "raw_supply": str(stock.raw),
        "shares_held": str(reserve.held),
        "shares_owed": str(reserve.owed),
        "surplus": str(reserve.surplus),
        "coverage": None if coverage is None else format_decimal(coverage, 6),
        "covered": stock.covered,
        "movements_explain_supply": stock.movements_explain_supply,
    }


def _plain(name: str, value: object) -> Any:
    """A field in JSON's own types. Quantities become decimal strings; `at` and `…_at` are instants, `as_of` too."""
    if isinstance(value, Quantity | Money | PricePerShare | Multiplier):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int) and (name in {"at", "as_of"} or name.endswith("_at")):
        return iso(value)
    if is_dataclass(value):
        return {field.name: _plain(field.name, getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain("", each) for each in value]
    return value
