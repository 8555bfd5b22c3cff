"""The venue is asked as a stranger asks it: what it says is read strictly, and where it does not answer nothing is made up."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.records.activity import TokenPrice, depth_lines, slippage
from openscrip.web.venue_door import VenueDoor

pytestmark = pytest.mark.parts

ANSWERS = {
    "AssetPairs": {"TSLAxUSD": {"altname": "TSLAxUSD", "base": "TSLAx"}},
    "Ticker": {"TSLAxUSD": {"t": [3, 3], "p": ["250.5", "250.5"], "v": ["2.0", "2.0"], "c": ["251", "1"]}},
    "OHLC": {"TSLAxUSD": [[1_719_792_000, "1", "1", "1", "1", "250.5", "2.0", 3]], "last": 0},
    "Depth": {"TSLAxUSD": {"asks": [["251.00", "1.5", 1], ["252.00", "4", 1]], "bids": [["249.00", "2", 1]]}},
}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[tuple[VenueDoor, dict[str, object]]]:
    """A venue that answers with what stands in the dictionary."""
    told: dict[str, object] = dict(ANSWERS)

    class Venue(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            method = self.path.partition("?")[0].rpartition("/")[2]
            asked = told.get("asked")
            if method == "OHLC" and isinstance(asked, list):
                asked.append(self.path.partition("pair=")[2].partition("&")[0])
            body = json.dumps({"error": [], "result": told[method]}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the standard library
            return

    server = HTTPServer(("127.0.0.1", 0), Venue)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "doors.json").write_text(json.dumps({"rest": f"http://127.0.0.1:{server.server_port}"}))
    asked = VenueDoor(tmp_path / "doors.json")
    yield asked, told
    asked.close()
    server.shutdown()
    server.server_close()


def test_days_and_book__of_a_pair__are_read_to_the_last_digit(door: tuple[VenueDoor, dict[str, object]]) -> None:
    venue, _ = door
    assert venue.pairs() == {"TSLAxUSD": "TSLAx"}
    for last in (date(2024, 7, 1), date(2024, 7, 2)):
        day = venue.days(["TSLAxUSD"], date(2024, 7, 1), last)[0]
        assert (day.day, day.tokens, day.turnover, day.trades) == (
            date(2024, 7, 1),
            RawAmount(2 * 10**18),
            Money(501 * 10**6),
            3,
        )
    ladder = venue.ladder("TSLAxUSD")
    assert ladder.mid_down == TokenPrice(250_000_000)
    assert depth_lines(ladder, (1,))[0].ask_tokens == RawAmount(55 * 10**17)
    cost = slippage(ladder, "buy", Money(502_500_000))  # 1.5 at 251 and half a token at 252
    assert (cost.tokens, cost.average, cost.bps_up) == (RawAmount(2 * 10**18), TokenPrice(251_250_000), 50)
    assert not slippage(ladder, "sell", Money(10**9)).is_whole


def test_days_that_are_over__are_asked_for_once_until_the_day_changes_or_the_venue_begins_a_new_one(
    door: tuple[VenueDoor, dict[str, object]], tmp_path: Path
) -> None:
    told = door[1]
    asked: list[str] = []
    venue = VenueDoor(tmp_path / "doors.json", kept_s=0.0)
    told["asked"] = asked
    ticker = {"t": [3, 3], "p": ["250.5", "250.5"], "v": ["2.0", "2.0"], "c": ["251", "1"]}
    third = date(2024, 7, 3)

    def days(trades: int, last: date) -> list[int]:
        told["Ticker"] = {"TSLAxUSD": {**ticker, "t": [trades, 9]}, "QUIETxUSD": {**ticker, "t": [0, 0], "c": ["0", "0"]}}
        names, first = ["TSLAxUSD", "QUIETxUSD", "GONExUSD"], date(2024, 7, 1)
        found = [day.trades for day in venue.days(names, first, last)]
        assert [(each.pair, each.trades) for each in venue.totals(names, first, last)] == [
            ("TSLAxUSD", sum(found)),
            ("QUIETxUSD", 0),
        ]
        return found

    assert days(1, third) == [3, 1]
    assert days(4, third) == [3, 4]
    assert asked == ["TSLAxUSD"], "of what is over nothing is asked again, nor of a pair that never traded"
    assert days(0, third) == [3]
    assert asked == ["TSLAxUSD"] * 2, "the venue's own day has begun anew"
    assert days(0, date(2024, 7, 4)) == [3]
    assert asked == ["TSLAxUSD"] * 3
    venue.close()


def test_the_past_of_many_pairs__is_read_beside__and_the_pages_say_of_how_many_it_is_missing(
    door: tuple[VenueDoor, dict[str, object]], tmp_path: Path
) -> None:
    told, names, (first, third) = door[1], [f"P{number}xUSD" for number in range(9)], (date(2024, 7, 1), date(2024, 7, 3))
    told["Ticker"] = {each: {"t": [1, 1], "p": ["250.5", "1"], "v": ["2.0", "2"], "c": ["251", "1"]} for each in names}
    told["OHLC"] = {each: [[1_719_792_000, "1", "1", "1", "1", "250.5", "2.0", 3]] for each in names}
    venue = VenueDoor(tmp_path / "doors.json", at_once=2)

    def trades() -> list[int]:
        return [each.trades for each in venue.totals(names, first, third)]

    assert venue.behind(names, third) == 9
    assert trades()[:2] == [4, 4], "those who ask wait for a few"
    assert [each.trades for each in venue.days(names[-2:], first, third)] == [3, 1] * 2, "a file asks for a few at a time"
    ends = time.monotonic() + 30
    while venue.behind(names, third):
        assert time.monotonic() < ends
        time.sleep(0.01)
    assert trades() == [4] * 9
    assert venue.behind(names, date(2024, 7, 4)) == 9, "with the next day there is one more that is over"
    venue.close()


@pytest.mark.parametrize("answer", [None, [], {}, {"TSLAxUSD": [["x"]]}, {"TSLAxUSD": {"bids": [["1e9", "1", 1]], "asks": []}}])
def test_an_answer_of_another_form__is_no_answer(door: tuple[VenueDoor, dict[str, object]], answer: object) -> None:
    venue, told = door
    told["Depth"] = answer
    with pytest.raises(Unavailable):
        venue.ladder("TSLAxUSD")


def test_a_venue_that_is_not_there__is_unavailable(tmp_path: Path) -> None:
    venue = VenueDoor(tmp_path / "doors.json")
    with pytest.raises(Unavailable, match="not answered"):
        venue.pairs()
    venue.close()
