"""The list of markets: found, sorted and paged by the server, so that a thousand stocks are a page and not a file."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.web.public_world import PublicStage

from openscrip.web.pages.markets import CHOICE_MAX, ROWS, siblings
from openscrip.web.trading import MarketNow, TradedPair

STOCKS = 1_000
ROW = re.compile(r'<tr id="market-([^"]+)">(.*?)</tr>', re.S)
CELL = re.compile(r'<td class="end">(.*?)</td>')


def pair_of(base: str, quote: str = "USD", lot_decimals: int = 4) -> TradedPair:
    return TradedPair(f"{base}{quote}", f"{base}/{quote}", base, quote, 2, lot_decimals, 2_600, (1, 1))


class PlayedTrading:
    """`TradingLine` with the markets that a test gives it."""

    is_open, gives_play_money, public_socket, private_socket = True, False, "", ""

    def __init__(self, found: Sequence[MarketNow]) -> None:
        self.found = found

    def markets(self) -> Sequence[MarketNow]:
        return self.found


@pytest.fixture
def stage(tmp_path: Path) -> PublicStage:
    return PublicStage(tmp_path)


def with_markets(stage: PublicStage, trading: PlayedTrading) -> PublicStage:
    """The pages with these markets."""
    office: Any = stage.office
    office.trading = trading
    return stage


def many() -> list[MarketNow]:
    """Two markets of each of a thousand stocks; the later the name, the more of it traded."""
    names = [f"S{number:04d}x" for number in range(STOCKS)]
    return [
        MarketNow(pair_of(name, quote), "open", 10_000, 10_000, None, 0, 0, 10_000, place * 10**8)
        for place, name in enumerate(names)
        for quote in ("USD", "TUSD")
    ]


def shown(stage: PublicStage, path: str) -> list[str]:
    return [key for key, _ in ROW.findall(stage.text(path))]


TRADED = MarketNow(pair_of("NVDAx"), "open", 11_000, 10_900, None, 0, 0, 10_000, 5 * 10**10)
FELL = MarketNow(pair_of("TSLAx", lot_decimals=8), "open", 9_000, 9_100, None, 0, 0, 10_000, 9 * 10**14)
UNTRADED = MarketNow(pair_of("AAPLx"), "closed", 20_000, 20_000, None)


@pytest.mark.slow
def test_two_thousand_markets__are_shown_fifty_at_a_time__and_each_once(stage: PublicStage) -> None:
    with_markets(stage, PlayedTrading(many()))
    text = stage.text("/trade")
    assert (len(ROW.findall(text)), "1 to 50 of 2000" in text, len(text) < 100_000) == (ROWS, True, True)
    found: list[str] = []
    after: str | None = "0"
    while after is not None:
        text = stage.text(f"/trade?sort=name&after={after}")
        found += [key for key, _ in ROW.findall(text)]
        further = re.search(r"after=(\d+)[^>]*>Further<", text)
        after = further[1] if further else None
    assert found == sorted(found, key=lambda key: key.replace("USD", "/USD").replace("T/USD", "/TUSD"))
    assert len(set(found)) == len(found) == 2 * STOCKS
    assert ">Before</a>" in text
    assert 'hx-get="/trade?sort=name&amp;q=&amp;after=1950"' in text.replace("&q", "&amp;q")


def test_a_search__by_token_company_or_quote__needs_no_script(stage: PublicStage) -> None:
    with_markets(stage, PlayedTrading([TRADED, FELL, UNTRADED]))
    for words, keys in (
        ("nvda", ["NVDAxUSD"]), ("NVIDIA", ["NVDAxUSD"]), ("x/usd", ["TSLAxUSD", "NVDAxUSD", "AAPLxUSD"]), ("zzz", []),
    ):  # fmt: skip
        assert shown(stage, f"/trade?q={words}") == keys, words
    text = stage.text("/trade?q=zzz")
    assert "No market matches “zzz”" in text
    assert '<form method="get" action="/trade"' in text
    assert 'name="q" value="zzz"' in text


@pytest.mark.parametrize(
    ("sort", "keys"),
    [
        ("volume", ["TSLAxUSD", "NVDAxUSD", "AAPLxUSD"]),
        ("name", ["AAPLxUSD", "NVDAxUSD", "TSLAxUSD"]),
        ("rise", ["NVDAxUSD", "TSLAxUSD", "AAPLxUSD"]),
        ("fall", ["TSLAxUSD", "NVDAxUSD", "AAPLxUSD"]),
        ("nonsense", ["TSLAxUSD", "NVDAxUSD", "AAPLxUSD"]),
    ],
)
def test_sorted__by_what_a_column_says__untraded_markets_are_last(stage: PublicStage, sort: str, keys: list[str]) -> None:
    with_markets(stage, PlayedTrading([UNTRADED, TRADED, FELL]))
    assert shown(stage, f"/trade?sort={sort}") == keys


def test_what_a_market_did__is_told_rounded_down__or_by_a_dash(stage: PublicStage) -> None:
    odd = replace(TRADED, pair=pair_of("ODDx"), last=10_001, day_open=10_003, day_turnover=1_999_999)
    with_markets(stage, PlayedTrading([odd, TRADED, FELL, UNTRADED]))
    cells = {key: CELL.findall(row)[1:3] for key, row in ROW.findall(stage.text("/trade"))}
    assert cells == {
        "NVDAxUSD": ["+10.00\u202f%", "50,000 USD"],
        "ODDxUSD": ["\u22120.02\u202f%", "1 USD"],
        "TSLAxUSD": ["\u221210.00\u202f%", "90,000 USD"],
        "AAPLxUSD": ["\u2013", "\u2013"],
    }


def test_the_place_and_the_words_of_strangers__are_kept_within_bounds(stage: PublicStage) -> None:
    with_markets(stage, PlayedTrading(many()))
    for after in ("-1", "x", "٣", "9999999", "1e3"):
        assert len(shown(stage, f"/trade?after={after}")) == ROWS, after
    assert "There are no further markets." in stage.text("/trade?after=999999")
    text = stage.text("/trade?q=%3Cscript%3E" + "a" * 500)
    assert "<script>a" not in text
    assert "a" * 52 in text
    assert "a" * 53 not in text


def test_a_markets_own_screen__offers_all_of_few__and_of_many_those_of_its_token() -> None:
    pairs = [now.pair for now in many()]
    assert [each.key for each in siblings(pairs, pairs[0])] == ["S0000xUSD", "S0000xTUSD"]
    assert list(siblings(pairs[:CHOICE_MAX], pairs[0])) == pairs[:CHOICE_MAX]
