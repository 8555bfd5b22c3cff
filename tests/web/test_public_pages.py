"""The public pages answer their question first, in every state, and show what others wrote as text."""

import csv
import io
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from tests.records.world import quarter
from tests.web.public_world import ATTESTOR, PublicStage

from openscrip.assets.accounts import CHART
from openscrip.assets.stock import Stock
from openscrip.issuance.break_row import Break
from openscrip.issuance.coverage import Coverage
from openscrip.issuance.distribution_row import Distribution
from openscrip.issuance.powers import Power, PowerName, Seat, breaks_i7
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import Shares
from openscrip.records.activity import Ladder
from openscrip.runtime.memory import MemoryStore
from openscrip.web.csv_file import csv_stream, guarded
from openscrip.web.public_office import PowersSeen

PAGES = (
    "/", "/stocks/TSLA", "/stocks/TSLA/coverage", "/stocks/TSLA/multiplier", "/actions", "/actions/NVDA.SPLF.2024-06-10",
    "/reports", "/reports/2024-06", "/check", "/who", "/terms", "/status", "/status.atom", "/activity", "/activity/TSLA",
)  # fmt: skip
FILES = (
    "/stocks.csv", "/stocks/TSLA/coverage.csv", "/stocks/TSLA/multiplier.csv", "/actions.csv", "/activity/all/days.csv",
    "/activity/TSLA/days.csv", "/activity/all/venue.csv", "/who.csv", "/activity/TSLA/venue.csv",
)  # fmt: skip
POINTS = (
    "/stocks/TSLA/coverage.json", "/stocks/TSLA/multiplier.json", "/activity/all/days.json?metric=users",
    "/activity/TSLA/days.json", "/activity/TSLA/venue.json", "/activity/TSLA/depth.json", "/reports/index.json",
)  # fmt: skip
HOSTILE = "<img src=x onerror=alert(1)>\"'><div hx-get=/ hx-trigger=load>=1+1"


@pytest.fixture
def stage(tmp_path: Path) -> PublicStage:
    """The quarter as it was played."""
    made = PublicStage(tmp_path)
    made.public.write_report()
    return made


@pytest.fixture
def own(tmp_path: Path) -> PublicStage:
    """A copy of the quarter's stocks, actions and coverage that a test may change."""
    store, world = MemoryStore(CHART), quarter()
    with world.store.view() as view, store.transaction() as unit:
        for kind in (Stock, Distribution, Coverage):
            for row in view.rows(kind):
                unit.put(row)
    return PublicStage(tmp_path, store, world.clock.now())


def words(html: str) -> str:
    """The text of a page in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES)
def test_every_page__of_the_played_quarter__answers_with_one_heading(stage: PublicStage, path: str) -> None:
    html = stage.text(path)
    if not path.endswith(".atom"):
        assert html.count("<h1") == 1
        assert "Simulated" in html


@pytest.mark.slow
@pytest.mark.parametrize("path", [*FILES, *POINTS])
def test_every_file__of_the_played_quarter__has_rows(stage: PublicStage, path: str) -> None:
    text = stage.text(path)
    assert len(list(csv.reader(io.StringIO(text)))) > 1 if ".csv" in path else json.loads(text)


@pytest.mark.parametrize("path", ["/", "/stocks/TSLA", "/actions", "/status"])
def test_a_live_block__asked_for_alone__is_the_page_without_its_frame(stage: PublicStage, path: str) -> None:
    html = stage.text(path, partial=True)
    assert "<h1" in html
    assert "<!doctype" not in html


def test_home__with_everything_covered__names_the_least_and_who_signed(stage: PublicStage) -> None:
    said = words(stage.text("/"))
    assert "Every token is covered by shares in custody" in said
    assert "Least coverage, MSFTx 101.28" in said
    found = list(csv.DictReader(io.StringIO(stage.text("/stocks.csv"))))
    assert [row["symbol"] for row in found][:1] == ["MSFT"]
    assert found[0]["coverage"].startswith("1.0128")


def test_home__of_one_search__shows_what_matches_alone(stage: PublicStage) -> None:
    html = stage.text("/?q=tesla&sort=held")
    assert "TSLAx" in html.split("<tbody>")[1]
    assert "MSFTx" not in html.split("<tbody>")[1]
    assert "No stock matches" in stage.text("/?q=nothing-of-the-kind")


def test_a_stock__below_100_percent__stands_first_and_turns_the_header_red(own: PublicStage) -> None:
    with own.office.store.transaction() as unit:
        row = unit.row(Coverage, "TSLA")
        assert row is not None
        unit.put(replace(row, state="short", held=Shares(row.owed.atoms - 1)))
    html = own.text("/?sort=stock")
    assert "TSLAx is not fully covered" in words(html)
    assert html.split("<tbody>")[1].index("TSLAx") < html.split("<tbody>")[1].index("AAPLx")
    assert 'class="answer is-below"' in html
    assert "No, not fully." in own.text("/stocks/TSLA")
    assert "99.99" in words(own.text("/stocks/TSLA"))  # rounded down, never 100 %


@pytest.mark.parametrize(
    ("state", "sentence"),
    [("in_progress", "nothing is compared and nothing is minted"), ("unknown", "is not known at the moment")],
)
def test_a_stock__in_another_state__says_what_that_means(own: PublicStage, state: str, sentence: str) -> None:
    with own.office.store.transaction() as unit:
        row = unit.row(Coverage, "TSLA")
        assert row is not None
        unit.put(replace(row, state=state))
    assert sentence in words(own.text("/stocks/TSLA"))
    assert own.text("/").count("Every token is covered") == 0


def test_a_stale_look__keeps_its_value_and_says_its_age(tmp_path: Path) -> None:
    world = quarter()
    later = PublicStage(tmp_path, now=world.clock.now() + 12 * 86_400)
    html = later.text("/stocks/TSLA")
    assert "Stale" in html
    assert "shares are held for" in html


def test_nothing_listed__is_said_on_every_page(tmp_path: Path) -> None:
    empty = PublicStage(tmp_path, MemoryStore(CHART), quarter().clock.now())
    assert "No stock is listed yet" in empty.text("/")
    assert "No report was written yet" in empty.text("/reports")
    assert "None was announced yet" in empty.text("/actions")
    assert "No stock is listed yet" in empty.text("/activity")
    for path in ("/check", "/who", "/terms", "/status", "/status.atom", "/stocks.csv", "/activity/all/days.csv"):
        empty.text(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    ["/stocks/NOPE", "/stocks/NOPE/coverage", "/stocks/NOPE/multiplier", "/actions/NOPE", "/reports/2031-01", "/reports/..%2f",
     "/activity/NOPE", "/activity/NOPE/days.csv", "/reports/files/reserve-2031-01.json", "/reports/files/reports.jsonl",
     "/reports/files/..%2f..%2fkeys", "/check/proofs/2031-01/TSLA/all.json", "/activity/TSLA/days.json?metric=nope"],
)  # fmt: skip
def test_what_does_not_exist__is_not_found(stage: PublicStage, path: str) -> None:
    stage.text(path, 404)


@pytest.mark.parametrize("path", ["/stocks/TSLA/coverage?days=9", "/activity?days=x", "/check/proofs/2024-06/TSLA/allzz.json"])
def test_what_is_malformed__is_refused(stage: PublicStage, path: str) -> None:
    stage.text(path, 400)


def test_an_open_break__is_an_alarm_on_home_stock_status_and_in_the_feed(own: PublicStage) -> None:
    now = own.office.now()
    with own.office.store.transaction() as unit:
        unit.put(Break("TSLA.supply.evm", "TSLA", "supply", "evm", "10 raw by the books", "11 raw", "1", now - 20))
        unit.put(
            Break("NVDA.cover", "NVDA", "cover", "", "5", "4", "1", now - 9 * 86_400, "closed", now - 8 * 86_400, "agreement")
        )
    for path in ("/", "/stocks/TSLA", "/status", "/status.atom"):
        assert "11 raw" in own.text(path)
    status = words(own.text("/status"))
    assert "1 open alarm" in status
    assert "An alarm was open on 3 of 90 days" in status
    assert "Fewer shares are held than claimed" in status


def test_a_power_of_one_key__that_needs_two__is_red_about_ourselves_too(stage: PublicStage) -> None:
    html = words(stage.text("/who"))
    assert "No single key can create tokens" in html
    assert "Nobody outside has audited it" in html
    alone = (Power(PowerName.MINT, "evm", (Seat("attestor", 1, (ATTESTOR,)),), 0, "Issuer.mint"),)
    stage.public.seen = PowersSeen(1_717_000_000, alone, tuple(breaks_i7(alone)))
    html = words(stage.text("/who"))
    assert "A single key can do what needs two" in html
    assert "One key alone" in html
    stage.public.seen = PowersSeen(1_717_000_000, problem="chain: it did not answer")
    html = words(stage.text("/who"))
    assert "where not all can be read nothing is said" in html
    assert "No single key" not in html


def test_a_report_that_is_missing_or_was_changed__is_an_alarm(stage: PublicStage) -> None:
    assert "All 4" in stage.text("/reports")
    (stage.public.reports / "reserve-2024-06.json").unlink()
    assert "its file is missing or cannot be read" in stage.text("/reports")
    assert "its file is missing or cannot be read" in stage.text("/status")
    line = (stage.public.reports / "reports.jsonl").read_text().replace('"number": 1', '"number": 4')
    (stage.public.reports / "reports.jsonl").write_text(line)
    assert "The oldest report has the number 4" in stage.text("/reports")


def test_a_report__is_handed_out_byte_for_byte_and_only_as_a_download(stage: PublicStage) -> None:
    for kind in ("json", "html"):
        answer = stage.door.get(f"/reports/files/reserve-2024-06.{kind}")
        assert answer.content == (stage.public.reports / f"reserve-2024-06.{kind}").read_bytes()
        assert answer.headers["content-disposition"].startswith("attachment")


def test_activity__without_a_venue__still_shows_the_chains(stage: PublicStage) -> None:
    stage.public.venue.answers = False
    html = words(stage.text("/activity/TSLA"))
    assert "the venue does not answer" in html
    assert "On the chains" in html
    assert "Does not answer" in words(stage.text("/status"))


def test_activity__with_one_side_of_the_book_empty__says_so(stage: PublicStage) -> None:
    stage.public.venue.ladder_shown = Ladder(stage.public.venue.ladder_shown.bids, ())
    assert "Nobody sells now" in stage.text("/activity/TSLA")


def test_a_size__in_the_address__is_costed_and_a_wrong_one_is_told_beside_the_field(stage: PublicStage) -> None:
    html = words(stage.text("/activity/TSLA?size=3500&days=90"))
    assert "Buy for $3,500" in html
    assert re.search(r"Buy for \$3,500 \$25\d\.\d+ \d+ bp", html)
    wrong = stage.text("/activity/TSLA?size=%3Cscript%3E")
    assert 'aria-invalid="true"' in wrong
    assert "<script>" not in wrong.split("<main")[1]


def test_activity__shows_the_launch_beside_ours(stage: PublicStage) -> None:
    html = words(stage.text("/activity"))
    assert "$6,640,000" in html
    assert "xStocks, 2025-07-01" in html
    assert json.loads(stage.text("/activity/TSLA/days.json"))["threshold"] == 1_710_000


@pytest.mark.parametrize(
    ("cell", "written"),
    [("=1+1", "'=1+1"), ("+1", "'+1"), ("-1.5", "-1.5"), ("-x", "'-x"), ("@a", "'@a"), ("\tx", "'\tx"), ("a", "a"), (None, "")],
)
def test_a_cell__that_a_spreadsheet_would_run__is_quoted(cell: str | None, written: str) -> None:
    assert guarded(cell) == written


def test_hostile_words__of_custodians_sources_chains_and_reports__are_text_everywhere(own: PublicStage) -> None:
    now = own.office.now()
    with own.office.store.transaction() as unit:
        stock, seen = unit.row(Stock, "TSLA"), unit.row(Coverage, "TSLA")
        action = unit.row(Distribution, "NVDA.SPLF.2024-06-10")
        assert stock is not None
        assert seen is not None
        assert action is not None
        unit.put(replace(stock, token_symbol=HOSTILE, isin=HOSTILE, frozen_by=(HOSTILE,)))
        unit.put(
            replace(
                seen, custody=tuple(replace(each, custodian=HOSTILE, account=HOSTILE, sha256=HOSTILE) for each in seen.custody)
            )
        )
        notices = tuple(replace(each, source=HOSTILE, document=HOSTILE) for each in action.notices)
        unit.put(replace(action, notices=notices, reason=HOSTILE))
        unit.put(Break("b", "TSLA", HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, now - 60))
        unit.put(Break("c", "TSLA", HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, now - 60, "closed", now, HOSTILE, HOSTILE))
    own.public.write_report()
    path = own.public.reports / "reserve-2024-06.json"
    document = json.loads(path.read_text())
    document["report"]["stocks"][0].update(symbol=HOSTILE, token_symbol=HOSTILE, shares_held="1")
    document["report"]["signers"][0].update(name=HOSTILE, public_key=HOSTILE)
    path.write_text(json.dumps(document))
    own.public.seen = PowersSeen(now, problem=HOSTILE)
    for page in [*PAGES, f"/?q={HOSTILE}", f"/actions?stock={HOSTILE}", f"/activity/TSLA?size={HOSTILE}&pair={HOSTILE}"]:
        html = own.text(page)
        assert "<img src=x" not in html, page
        assert "<div hx-get=/" not in html, page
        assert 'onerror=alert(1)>"' not in html, page
    for file in FILES:
        for row in csv.reader(io.StringIO(own.text(file))):
            assert not any(cell.startswith(("=", "+", "@")) for cell in row), file
    for wrong in (f"/stocks/{HOSTILE}", f"/actions/{HOSTILE}", f"/reports/{HOSTILE}", f"/activity/{HOSTILE}"):
        assert "<img src=x" not in own.text(wrong.replace("/>", "%2F>").replace("=/", "=%2F"), 404)


def test_the_days_of_the_venue__while_some_are_still_being_read__are_called_too_low(own: PublicStage) -> None:
    assert "still being read" not in own.text("/activity")
    own.public.venue.unread = 2
    for path in ("/activity", "/activity/TSLA"):
        assert "Of 2 pairs the days that are over are still being read from the venue" in own.text(path)


def test_the_days_of_the_venue__as_a_file__are_all_there_pair_by_pair(stage: PublicStage) -> None:
    lines = stage.text("/activity/all/venue.csv?days=7").splitlines()
    assert lines[0] == "date,pair,turnover_quote,tokens_raw,trades"
    pairs = [line.split(",")[1] for line in lines[1:]]
    assert pairs == ["NVDAxUSD"] * 7 + ["TSLAxTUSD"] * 7 + ["TSLAxUSD"] * 7


def test_a_file__whose_making_fails_after_its_beginning__is_broken_off() -> None:
    def parts() -> Iterator[list[tuple[str]]]:
        yield [("2024-06-10",)]
        raise Unavailable("venue: gone")

    def answer(request: Request) -> Response:
        return csv_stream("days", ("day",), parts())

    with pytest.raises(Unavailable, match="gone"), TestClient(Starlette(routes=[Route("/", answer)])) as visitor:
        visitor.get("/")


def test_contracts_and_mints__of_many_stocks__are_found_by_going_on(own: PublicStage) -> None:
    with own.office.store.transaction() as unit:
        stock = unit.row(Stock, "TSLA")
        assert stock is not None
        for number in range(30):
            unit.put(replace(stock, id=f"X{number:02d}", token_symbol=f"X{number:02d}x"))
    found, place = list[str](), "/who"
    while place:
        text = own.text(place)
        table = text[text.index('id="addresses"') :]
        found += re.findall(r'<th scope="row"><a href="/stocks/(\w+)">', table)
        on = re.search(r'href="(/who\?after=\d+)#addresses"', table)
        place = on[1] if on else ""
    assert {f"X{number:02d}" for number in range(30)} | {"AAPL", "TSLA"} <= set(found)
    assert len(own.text("/who.csv").splitlines()) == 1 + len(found)


def test_the_days_of_many_tokens__are_added_up_beside__and_the_page_says_so_until_then(own: PublicStage) -> None:
    before = own.text("/activity")
    with own.office.store.transaction() as unit:
        stock = unit.row(Stock, "TSLA")
        assert stock is not None
        for number in range(110):
            unit.put(replace(stock, id=f"X{number:03d}", token_symbol=f"X{number:03d}x", tokens=()))
    assert "The days before today are being added up" not in before
    text, ends = own.text("/activity"), time.monotonic() + 60
    assert "The days before today are being added up" in text, "the figures of today alone are never taken for all"
    assert len(own.text("/activity/all/days.csv").splitlines()) == 31
    while "The days before today are being added up" in text:
        assert time.monotonic() < ends
        text = own.text("/activity")
    assert "".join(re.findall(r"<dd.*?</dd>", text)) == "".join(re.findall(r"<dd.*?</dd>", before)), (
        "of the same tokens as much"
    )
