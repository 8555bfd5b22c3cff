import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from tests.web.sample import JUNE, NOTHING, NVDA, TSLA, custody, point

from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Malformed
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.web.figures import THIN, grouped, percent_down
from openscrip.web.plot import plot_of
from openscrip.web.report import report_html, report_json, report_sha256
from openscrip.web.reserve import ReserveReport

HOSTILE = "<script>alert(1)</script>\"'&{{ 7 * 7 }}"


class Figures(HTMLParser):
    """The figures of a page: the decimal string for programs and the text for people, and every tag with attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.figures: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._value: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "data":
            self._value = dict(attrs)["value"]

    def handle_data(self, data: str) -> None:
        if self._value is not None:
            self.figures.append((self._value, data))
            self._value = None


def with_stock(**changes: Any) -> ReserveReport:
    return replace(JUNE, stocks=(replace(TSLA, **changes),))


def test_every_amount_of_the_report_stands_in_its_page() -> None:
    shown = {value for value, _ in Figures(report_html(JUNE)).figures}
    for stock in JUNE.stocks:
        amounts = [line.raw for line in stock.supply] + [stock.in_flight, stock.movements.minted.raw]
        shares = [stock.claims, stock.reserve.held, stock.reserve.owed, stock.reserve.surplus]
        for line in stock.custody:
            shares += [line.available, line.pending_receipt, line.pending_delivery, line.blocked, line.pledged]
        assert {str(each) for each in [*amounts, *shares, stock.multiplier]} <= shown


def test_the_grouped_figure_is_the_decimal_string() -> None:
    for value, text in Figures(report_html(JUNE)).figures:
        assert text.replace(THIN, "").replace("\u2212", "-") == value


@pytest.mark.parametrize(
    ("decimal", "printed"),
    [
        ("0", "0"),
        ("999", "999"),
        ("1234567.125", "1_234_567.125"),
        ("1.0009", "1.0009"),
        ("1.000912875558", "1.000_912_875_558"),
        ("-0.5", "\u22120.5"),
        ("-1000", "\u22121_000"),
    ],
)
def test_digits_stand_in_groups_of_three(decimal: str, printed: str) -> None:
    assert grouped(decimal) == printed.replace("_", THIN)


def test_owed_is_supply_times_the_multiplier_rounded_up_and_the_claims() -> None:
    # 149.49999999 raw x 10.000049321884371002 = 1495.0073736216...; the claim adds 4.9999
    product = 14_949_999_999 * 10_000_049_321_884_371_002
    up = -(-product // 10**17)
    assert NVDA.reserve.owed == Shares(up) + Shares.parse("4.9999")
    assert NVDA.covered
    assert TSLA.coverage_down == 1_000_000
    assert percent_down(TSLA.coverage_down) == f"100{THIN}%"


def test_a_mint_in_flight_is_owed_already() -> None:
    report = with_stock(in_flight=RawAmount.parse("1"))
    assert report.stocks[0].reserve.surplus == Shares.whole(-1)
    assert not report.stocks[0].covered
    page = report_html(report)
    assert "not every token covered" in page
    assert percent_down(report.stocks[0].coverage_down) == f"99.9999{THIN}%", "coverage rounds down"


def test_held_and_owed_of_different_epochs_are_never_called_covered() -> None:
    report = with_stock(custody=(custody("1234985", epoch=1),))
    assert not report.stocks[0].covered
    assert "epochs differ" in report_html(report)


def test_supply_that_the_movements_do_not_explain_is_pointed_out() -> None:
    assert "unexplained" not in report_html(JUNE)
    assert "unexplained" in report_html(with_stock(movements=replace(TSLA.movements, opening=RawAmount.parse("999"))))


def test_a_hostile_name_is_text() -> None:
    line = replace(TSLA.custody[0], custodian=HOSTILE, account=HOSTILE, signature=HOSTILE)
    action = replace(NVDA.actions[0], event_id=HOSTILE, event=HOSTILE, ratio=None, state=HOSTILE)
    supply = replace(TSLA.supply[0], chain=HOSTILE, token=HOSTILE)
    stock = with_stock(symbol=HOSTILE, name=HOSTILE, token_symbol=HOSTILE, custody=(line,), actions=(action,), supply=(supply,))
    page = report_html(replace(stock, issuer=HOSTILE))
    assert "<script" not in page
    assert "49" not in re.findall(r"alert\(1\)[^<]*", page)[0]
    assert {tag for tag, _ in Figures(page).tags} <= {tag for tag, _ in Figures(report_html(JUNE)).tags} | {"p"}


def test_the_page_asks_nobody_for_anything() -> None:
    page = report_html(JUNE)
    assert re.findall(r"https?://|//[a-z]|url\(|@import|javascript:", page) == []
    loading = {"src", "href", "srcset", "action", "data", "poster", "background", "onload"}
    assert [(tag, names) for tag, names in Figures(page).tags if loading & set(names)] == []
    assert not {tag for tag, _ in Figures(page).tags} & {"script", "link", "img", "iframe", "object", "embed", "base"}
    policy = next(names["content"] for tag, names in Figures(page).tags if names.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_each_plot_draws_held_and_owed_apart_from_their_colour() -> None:
    page = report_html(JUNE)
    plots = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(plots) == len(JUNE.stocks)
    for stock, drawn in zip(JUNE.stocks, plots, strict=True):
        plot = plot_of(JUNE, stock)
        assert f'class="held" d="{plot.held}"' in drawn
        assert f'class="owed" d="{plot.owed}"' in drawn
        assert plot.held != plot.owed
        assert 'role="img"' in drawn
        assert f"{plot.title}</title>" in drawn
        assert f"{plot.description}</desc>" in drawn
        assert drawn.count(">held</tspan>") == drawn.count(">owed</tspan>") == 1
    assert "stroke-dasharray" in page
    identifiers = [names["id"] for _, names in Figures(page).tags if "id" in names]
    assert len(identifiers) == len(set(identifiers))


def test_the_lines_are_steps_from_the_first_reading_to_the_cut() -> None:
    plot = plot_of(JUNE, NVDA)
    for path in (plot.held, plot.owed):
        assert re.fullmatch(r"M[\d.]+ [\d.]+(H[\d.]+V[\d.]+)*H[\d.]+", path)
        across = [float(x) for x in re.findall(r"[MH]([\d.]+)", path)]
        assert all(before <= after for before, after in pairwise(across))
        assert across[-1] == plot.end_x


def test_the_month_begins_with_what_was_held_before_it() -> None:
    assert plot_of(JUNE, TSLA).held.startswith("M66.0 ")
    assert not plot_of(JUNE, NVDA).held.startswith("M66.0 ")


def test_a_reading_after_the_cut_is_not_drawn() -> None:
    late = replace(TSLA, history=(*TSLA.history, point("2024-06-30T12:00:00Z", "9999999", "1")))
    assert plot_of(JUNE, late) == plot_of(JUNE, TSLA)


def test_while_epochs_differ_there_is_no_surplus_to_draw() -> None:
    plot = plot_of(JUNE, NVDA)
    assert plot.surplus.count("M") == 2
    assert plot.description.endswith("The smallest surplus was 0 shares.")


def test_a_shortfall_dips_below_its_zero_line() -> None:
    short = replace(TSLA, history=(point("2024-06-03T20:00:00Z", "10", "11"),))
    plot = plot_of(JUNE, short)
    assert plot.strip_ticks[0].text == "\u22121"
    assert "smallest surplus was -1 shares" in plot.description


def test_a_month_without_anything_is_a_report_all_the_same() -> None:
    assert "No stock was listed" in report_html(NOTHING)
    assert report_json(NOTHING)["stocks"] == []
    still = replace(JUNE, stocks=(replace(TSLA, custody=(), supply=(), history=(), movements=type(TSLA.movements)()),))
    page = report_html(still)
    assert "<svg" not in page
    assert "No reading of TSLA fell into the month." in page
    assert "No custodian's statement was given." in page
    assert still.stocks[0].coverage_down is None


def test_the_same_report_gives_the_same_bytes_and_the_json_names_them() -> None:
    page = report_html(JUNE)
    assert page == report_html(replace(JUNE))
    twin = report_json(JUNE)
    assert twin["html_sha256"] == report_sha256(page)
    assert report_json(replace(JUNE, issuer="Another"))["html_sha256"] != twin["html_sha256"]


def test_the_json_speaks_in_decimal_strings() -> None:
    def numbers(value: object) -> list[float]:
        match value:
            case dict():
                return [n for each in value.values() for n in numbers(each)]
            case list():
                return [n for each in value for n in numbers(each)]
            case float():
                return [value]
            case _:
                return []

    twin = json.loads(json.dumps(report_json(JUNE)))
    assert numbers(twin) == []
    nvda = twin["stocks"][0]
    assert nvda["multiplier"] == "10.000049321884371002"
    assert nvda["supply"][0]["raw"] == "89.99999999"
    assert nvda["custody"][0]["as_of"] == "2024-06-28T20:15:00Z"
    assert nvda["actions"][0]["ratio"] == [10, 1]
    assert nvda["shares_owed"] == str(NVDA.reserve.owed)
    assert twin["as_of"] == "2024-06-28T20:30:00Z"


@pytest.mark.parametrize("month", ["2024-13", "2024-6", "june", "2024-06-01", "../etc"])
def test_a_month_is_a_year_and_a_month(month: str) -> None:
    with pytest.raises(Malformed) as refused:
        ReserveReport("Issuer", month, instant("2024-06-28T20:30:00Z"), simulated=True)
    assert refused.value.code == "report.month"
