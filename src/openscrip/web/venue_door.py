"""Reads the venue's public REST: pairs, days, books. It is asked as any stranger asks it, and believed as little."""

import json
import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import httpx

from openscrip.kernel.decimals import parse_decimal
from openscrip.kernel.errors import Malformed, Unavailable
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.records.activity import Ladder, TokenPrice, VenueDay, VenueTotal, day_of, venue_total
from openscrip.web.public_office import WHOLE_PAIRS

log = logging.getLogger(__name__)

ANSWER_S = 3.0
KEPT_S, PAIRS_KEPT_S = 2.0, 10.0
AGAIN_S = 600.0
"""The past of a pair is read again after so long, whatever the venue told meanwhile."""
DAY_MIN = 1_440
DEPTH = 500
PAIRS_MAX = 2_000
T = TypeVar("T")


@dataclass(slots=True)
class _Past:
    """Every day of a pair as it was read on `day`, and how many trades its newest day had when it was asked last."""

    day: date
    read_at_s: float
    days: list[VenueDay]
    trades: int
    sums: dict[date, VenueTotal] = field(default_factory=dict)
    """All days before `day`, added up from each day on that was asked for."""
    totals: dict[date, tuple["_Today", VenueTotal]] = field(default_factory=dict)
    """The same with what was added to it last."""


@dataclass(frozen=True, slots=True)
class _Today:
    """What the ticker tells of a pair: today's line, if there is one, and whether the pair has ever traded."""

    line: list[VenueDay]
    trades: int
    has_traded: bool


class VenueDoor:
    """`web.public_office.Venue` at the door that `DATA/venue/doors.json` names; each answer is kept for two seconds.

    Days that are over are read once a day and pair: the venue's ticker tells today's of all pairs in one answer. Of thousands
    of pairs that takes seconds: who asks waits for some of them, the others are read beside.
    """

    def __init__(self, doors: Path, kept_s: float = KEPT_S, at_once: int = WHOLE_PAIRS) -> None:
        self._doors, self._kept_s, self._at_once = doors, kept_s, at_once
        self._client = httpx.Client(timeout=ANSWER_S, trust_env=False)
        self._kept: dict[str, tuple[float, Any]] = {}
        self._pasts: dict[str, _Past] = {}
        self._read_out: tuple[Any, date, Mapping[str, _Today]] = None, date.min, {}
        self._asking, self._catching_up = threading.Lock(), threading.Lock()
        self._reader: threading.Thread | None = None
        self._closed = threading.Event()

    def pairs(self) -> Mapping[str, str]:
        """As `Venue.pairs`."""
        told = self._ask("AssetPairs", PAIRS_KEPT_S, aclass_base="tokenized_asset")
        return _read(lambda: {str(each["altname"]): str(each["base"]) for each in list(told.values())[:PAIRS_MAX]})

    def days(self, pairs: Collection[str], first: date, last: date) -> list[VenueDay]:
        """As `Venue.days`."""
        found: list[VenueDay] = []
        for _, past, today in self._known_of(pairs, last):
            found += [each for each in past.days if first <= each.day < last]
            found += today.line
        return found

    def totals(self, pairs: Collection[str], first: date, last: date) -> list[VenueTotal]:
        """As `Venue.totals`."""
        found = []
        for pair, past, today in self._known_of(pairs, last):
            known = past.totals.get(first)
            if known is None or known[0] is not today:
                known = past.totals[first] = today, _total(pair, past, today, first, last)
            found.append(known[1])
        return found

    def behind(self, pairs: Collection[str], last: date) -> int:
        """As `Venue.behind`."""
        todays, known = self._todays(last), self._pasts
        return sum(_is_behind(known.get(pair), todays[pair], last) for pair in pairs if pair in todays)

    def _known_of(self, pairs: Collection[str], last: date) -> list[tuple[str, _Past, _Today]]:
        """What is over and today's line of each pair that trades. What of the past was not read yet, is read beside."""
        found: list[tuple[str, _Past, _Today]] = []
        todays, oldest_s, is_old = self._todays(last) if pairs else {}, time.monotonic() - AGAIN_S, False
        left = self._at_once
        for pair in pairs:
            today, past = todays.get(pair), self._pasts.get(pair)
            if today is None:
                continue  # it was delisted a moment ago
            if past is None or _is_behind(past, today, last):
                if left or not today.has_traded:
                    left -= today.has_traded
                    past = self._read_past(pair, today, last)
                else:
                    is_old = True
                    past = past or _Past(date.min, 0.0, [], 0)
            else:
                past.trades = today.trades
            is_old = is_old or past.read_at_s < oldest_s
            found.append((pair, past, today))
        if is_old:
            self._catch_up(last)
        return found

    def _read_past(self, pair: str, today: _Today, last: date) -> _Past:
        read = self._past(pair) if today.has_traded else []
        past = self._pasts[pair] = _Past(last, time.monotonic(), read, today.trades)
        return past

    def _catch_up(self, last: date) -> None:
        """Have the rest read by a thread of its own, unless one is at it."""
        with self._catching_up:
            if not self._closed.is_set() and (self._reader is None or not self._reader.is_alive()):
                self._reader = threading.Thread(target=self._read_rest, args=(last,), name="venue past", daemon=True)
                self._reader.start()

    def _read_rest(self, last: date) -> None:
        """One pair after the other, half of the time at most: who asks for a page meanwhile goes first."""
        try:
            todays, oldest_s = self._todays(last), time.monotonic() - AGAIN_S
            for pair, today in todays.items():
                past = self._pasts.get(pair)
                if past is None or _is_behind(past, today, last) or past.read_at_s < oldest_s:
                    began = time.monotonic()
                    self._read_past(pair, today, last)
                    if self._closed.wait(time.monotonic() - began):
                        return
        except Unavailable as outage:
            log.debug("web: the past of the venue was not read to its end: %s", outage)  # the next visitor has it begun anew

    def _todays(self, day: date) -> Mapping[str, _Today]:
        """Today's line of every pair, read out of each answer once; of a pair that stands as it stood the line stays."""
        told = self._ask("Ticker", self._kept_s, asset_class="tokenized_asset")
        kept_of, kept_day, kept = self._read_out
        if kept_of is not told or kept_day != day:
            before, known = (kept_of or {}, kept) if kept_day == day else ({}, {})

            def line(pair: str, each: Any) -> _Today:
                return known[pair] if before.get(pair) == each else _today(pair, each, day)

            kept = _read(lambda: {pair: line(pair, each) for pair, each in told.items()})
            self._read_out = told, day, kept
        return kept

    def ladder(self, pair: str) -> Ladder:
        """As `Venue.ladder`."""
        told = self._ask("Depth", KEPT_S, pair=pair, count=str(DEPTH))
        return _read(lambda: Ladder(_side(told[pair]["bids"]), _side(told[pair]["asks"])))

    def close(self) -> None:
        """Close the connections."""
        with self._catching_up:
            self._closed.set()
        if self._reader is not None:
            self._reader.join()
        self._client.close()

    def _past(self, pair: str) -> list[VenueDay]:
        """Every day that the venue knows of a pair."""
        told = self._ask("OHLC", 0, pair=pair, interval=str(DAY_MIN), since="0")
        return _read(lambda: [day for row in told[pair] if (day := _day(pair, row)).trades])

    def _ask(self, method: str, kept_s: float, **query: str) -> Any:
        """One question at a time; who waited for the same is given its answer, also that there was none."""
        key = f"{method} {sorted(query.items())}"
        known = self._known(key, kept_s)
        if known is None:
            with self._asking:
                known = self._known(key, kept_s)
                if known is None:
                    known = self._answer(method, query)
                    if kept_s:
                        if len(self._kept) > PAIRS_MAX:
                            self._kept.clear()
                        self._kept[key] = time.monotonic(), known
        if isinstance(known, Unavailable):
            raise known
        return known

    def _known(self, key: str, kept_s: float) -> Any:
        kept = self._kept.get(key)
        if kept is None:
            return None
        limit_s = KEPT_S if isinstance(kept[1], Unavailable) else kept_s
        return kept[1] if time.monotonic() - kept[0] < limit_s else None

    def _answer(self, method: str, query: Mapping[str, str]) -> Any:
        """What the venue answers, or why there is no answer."""
        try:
            door = str(json.loads(self._doors.read_text(encoding="utf-8"))["rest"])
            body = self._client.get(f"{door}/0/public/{method}", params=query).raise_for_status().json()
            result, errors = body["result"] if not body["error"] else None, body["error"]
        except (OSError, ValueError, KeyError, TypeError, httpx.HTTPError) as error:
            return Unavailable(f"venue: {method} was not answered ({type(error).__name__})")
        return Unavailable(f"venue: {method} was refused: {str(errors)[:80]}") if errors else result


def _is_behind(past: _Past | None, today: _Today, last: date) -> bool:
    """Whether days that are over were not read yet, or the venue's own day has begun anew since."""
    return past is None or past.day < last or today.trades < past.trades


def _total(pair: str, past: _Past, today: _Today, first: date, last: date) -> VenueTotal:
    over = past.sums.get(first)
    if over is None:
        over = past.sums[first] = venue_total(pair, (each for each in past.days if first <= each.day < last))
    for line in today.line:
        turnover, tokens = over.turnover.atoms + line.turnover.atoms, over.tokens.atoms + line.tokens.atoms
        over = VenueTotal(pair, Money(turnover), RawAmount(tokens), over.trades + line.trades)
    return over


def _today(pair: str, told: Any, day: date) -> _Today:
    trades = int(told["t"][0])
    average, tokens = parse_decimal(told["p"][0], 6, "vwap"), RawAmount.parse(told["v"][0])
    line = [_venue_day(day, pair, tokens, average, trades)] if trades else []
    return _Today(line, trades, parse_decimal(told["c"][0], 6, "last") > 0)


def _read(act: Callable[[], T]) -> T:
    try:
        return act()
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, Malformed) as error:
        raise Unavailable(f"venue: an answer was not of the known form ({type(error).__name__})") from error


def _day(pair: str, row: Any) -> VenueDay:
    average, tokens = parse_decimal(row[5], 6, "vwap"), RawAmount.parse(row[6])
    return _venue_day(day_of(int(row[0])), pair, tokens, average, int(row[7]))


def _venue_day(day: date, pair: str, tokens: RawAmount, average_micros: int, trades: int) -> VenueDay:
    return VenueDay(day, pair, tokens, Money(tokens.atoms * average_micros // 10**18), trades)


def _side(rows: Any) -> tuple[tuple[TokenPrice, RawAmount], ...]:
    return tuple((TokenPrice(parse_decimal(price, 6, "price")), RawAmount.parse(tokens)) for price, tokens, _ in rows)
