"""What a venue lists, what it is told of prices and corporate actions, and that numbers stay for ever."""

from pathlib import Path
from typing import Any

import pytest

from openscrip.bootstrap.venue_catalogue import Catalogue, Share, fraction_down
from openscrip.bootstrap.venue_prices import LastCloses, Priced
from openscrip.bootstrap.venue_pulse import Pulse, ticks_down
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.markets.commands import Answer, Command, State
from openscrip.markets.venue import Venue
from openscrip.runtime.venue_settings import VenueLine

US = 1_000_000
MONDAY_NOON = 1_718_035_200
"""2024-06-10T16:00:00Z, noon in New York."""
TSLA = Share("TSLA", Multiplier.one())


class Straight:
    """A sequencer without a journal."""

    def __init__(self) -> None:
        self.venue, self.now_us, self.stopped = Venue(), MONDAY_NOON * US, ""

    def submit(self, command: Command) -> Answer:
        return self.venue.submit(command, self.now_us)


class Desk:
    def __init__(self, folder: Path) -> None:
        self.sequencer = Straight()
        self.catalogue = Catalogue(folder, VenueLine(), coin=True)
        source = LastCloses((), lambda: MONDAY_NOON)
        sequencer: Any = self.sequencer
        self.pulse = Pulse(sequencer, self.venue, self.catalogue, source, lambda: self.sequencer.now_us)

    @property
    def venue(self) -> Venue:
        return self.sequencer.venue

    def tell(self, *, price: str = "300", waits: bool = False, share: Share = TSLA, later_s: int = 60) -> None:
        self.sequencer.now_us += later_s * US
        at = self.sequencer.now_us // US
        self.pulse.tell([Priced(share, PricePerShare.parse(price), at, waits)])

    def state(self) -> State:
        found = self.venue.instruments.find("TSLAx/USD")
        assert found is not None
        return self.venue.state_of(found.number)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_stock__told_with_a_price__trades_against_dollars_and_the_coin_and_opens_by_auction(desk: Desk) -> None:
    desk.tell()
    assert sorted(pair.symbol for pair in desk.venue.instruments.instruments.values()) == ["TSLAx/TUSD", "TSLAx/USD"]
    assert desk.state() is State.PRE_OPEN
    for _ in range(3):
        desk.tell()
    assert desk.state() is State.OPEN


def test_a_price__of_a_share__is_quoted_for_a_raw_token(desk: Desk) -> None:
    desk.tell(price="300", share=Share("TSLA", Multiplier.parse("1.5", 1)))
    pair = desk.venue.instruments.find("TSLAx/USD")
    assert pair is not None
    assert desk.venue.reference_of(pair.number) == 45_000


def test_nothing_new__tells_the_venue_nothing_but_prices_and_the_time(desk: Desk) -> None:
    desk.tell()
    assert desk.catalogue.commands(desk.venue, [TSLA]) == []


def test_a_multiplier_that_changed__is_listed_anew_and_moves_no_market(desk: Desk) -> None:
    for _ in range(4):
        desk.tell()
    desk.tell(share=Share("TSLA", Multiplier.parse("10", 1)), price="30")
    pair = desk.venue.instruments.find("TSLAx/USD")
    assert pair is not None
    assert pair.multiplier == (10, 1)
    assert desk.venue.reference_of(pair.number) == 30_000
    assert desk.state() is State.OPEN


def test_a_corporate_action__stops_trading_and_ends_in_a_call(desk: Desk) -> None:
    for _ in range(4):
        desk.tell()
    desk.tell(waits=True)
    assert desk.state() is State.CORP_ACTION
    desk.tell()
    assert desk.state() in {State.PRE_OPEN, State.CALL}


def test_numbers__of_a_folder__stay_when_others_are_listed_first_next_time(tmp_path: Path) -> None:
    nvidia = Share("NVDA", Multiplier.one())
    before = [pair.number for pair in Catalogue(tmp_path, VenueLine(), coin=True).pairs(TSLA)]
    again = Catalogue(tmp_path, VenueLine(), coin=True)
    other = [pair.number for pair in again.pairs(nvidia)]
    assert [pair.number for pair in again.pairs(TSLA)] == before
    assert set(other).isdisjoint(before)


def test_euros__are_quoted_by_what_they_count_for(tmp_path: Path) -> None:
    pairs = Catalogue(tmp_path, VenueLine(currencies="USD,EUR"), coin=False).pairs(TSLA)
    assert [(pair.symbol, ticks_down(pair, 110_000_000)) for pair in pairs] == [("TSLAx/USD", 11_000), ("TSLAx/EUR", 10_000)]


def test_a_multiplier_with_eighteen_decimals__is_shown_rounded_down_in_64_bits() -> None:
    shares, parts = fraction_down(Multiplier.parse("10.000578885123456789", 3))
    assert max(shares, parts) < 2**63
    assert 0 <= 10_000_578_885_123_456_789 * parts - shares * 10**18 < 10**6 * parts


def test_a_stock_without_a_price_in_the_package__is_refused_by_name() -> None:
    with pytest.raises(Refused, match="NONE"):
        LastCloses(("NONE",), lambda: 0)


@pytest.mark.parametrize("line", [
    VenueLine(currencies="USD,GBP"), VenueLine(currencies=""), VenueLine(rest_port=7, public_port=7),
], ids=["unknown currency", "no currency", "one port twice"])  # fmt: skip
def test_settings_that_cannot_be__are_named(line: VenueLine) -> None:
    assert [text for text in line.problems() if text.startswith("venue: ")]
