"""What the venue lists: the stocks' tokens against currencies and the stablecoin, with numbers that never change.

A token's number is its place in the folder's list, which only grows; whatever the books hold goes by it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import gcd
from pathlib import Path

from openscrip.bootstrap.places import write_json
from openscrip.kernel.multiplier import ONE, Multiplier
from openscrip.markets.commands import Admit, Command, List, SetFees
from openscrip.markets.instruments import Asset, Hours, Instrument, money, token
from openscrip.markets.venue import Venue
from openscrip.runtime.venue_settings import VenueLine

MONEY = {"USD": money(1, "USD", "ZUSD"), "EUR": money(2, "EUR", "ZEUR", 1_100_000)}
COIN = money(3, "TUSD")
"""The stablecoin of the local chains."""
FIRST_TOKEN = 101
PAIRS_MAX = 16
"""A token's pairs are numbered from its own number times this."""
RATE_PER_BPS = 100
SHOWN = 10**12
"""A multiplier is shown to so many parts, rounded down: the venue's numbers have 64 bits."""


@dataclass(frozen=True, slots=True)
class Share:
    """A stock as the venue lists it: `multiplier` is how many shares a raw token stands for."""

    symbol: str
    multiplier: Multiplier

    @property
    def token(self) -> str:
        """The token's name."""
        return f"{self.symbol}x"


def fraction_down(multiplier: Multiplier) -> tuple[int, int]:
    """Numerator and denominator, in lowest terms."""
    shares = multiplier.value * SHOWN // ONE
    common = gcd(shares, SHOWN)
    return shares // common, SHOWN // common


class Catalogue:
    """The assets and pairs of one data folder. `tokens` remembers numbers in `folder/tokens.json`."""

    def __init__(self, folder: Path, line: VenueLine, *, coin: bool) -> None:
        self._file = folder / "tokens.json"
        self._line = line
        self._names: list[str] = json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else []
        currencies = [MONEY[name] for name in line.named_currencies]
        self.quotes: tuple[Asset, ...] = (*currencies, *((COIN,) if coin else ()))

    def asset(self, share: Share) -> Asset:
        """The token's asset; a new one gets the next number, for ever."""
        if share.token not in self._names:
            self._names.append(share.token)
            write_json(self._file, self._names)
        return token(FIRST_TOKEN + self._names.index(share.token), share.token)

    def pairs(self, share: Share) -> Sequence[Instrument]:
        """The pairs of a token."""
        base = self.asset(share)
        parts = fraction_down(share.multiplier)
        return [
            Instrument(base.number * PAIRS_MAX + quote.number, base, quote, hours=Hours(self._line.hours), multiplier=parts)
            for quote in self.quotes
        ]

    def commands(self, venue: Venue, shares: Iterable[Share]) -> list[Command]:
        """What a venue must be told so that it lists all of that; nothing of what it knows already."""
        told: list[Command] = []
        taker, maker = self._line.taker_bps.count * RATE_PER_BPS, self._line.maker_bps.count * RATE_PER_BPS
        if venue.schedules[0].tiers != ((0, taker, maker),):
            told.append(SetFees(0, ((0, taker, maker),)))
        listed, known = venue.instruments.instruments, venue.instruments.assets
        for share in shares:
            for pair in self.pairs(share):
                for asset in (pair.base, pair.quote):
                    if known.get(asset.number) != asset and Admit(asset) not in told:
                        told.append(Admit(asset))
                before = listed.get(pair.number)
                if before is None or replace(before, multiplier=pair.multiplier) != before:
                    told.append(List(pair if before is None else replace(before, multiplier=pair.multiplier)))
        return told
