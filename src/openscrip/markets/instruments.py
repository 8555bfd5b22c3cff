"""What trades: assets, and instruments that trade one against another. Everything is raw; integers alone.

`ticks` = price x 10^price_decimals, `lots` = quantity x 10^lot_decimals. Tokens are kept in 1e-8, money in 1e-6.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from openscrip.kernel.errors import Malformed, Refused

TOKEN_DECIMALS, MONEY_DECIMALS = 8, 6
NUMBER_MAX = 2**31 - 1
MINUTE_US = 60_000_000
FULL_BPS = 10_000


class AssetKind(StrEnum):
    """Kraken's asset classes."""

    STOCK = "tokenized_asset"
    CURRENCY = "currency"


class Hours(StrEnum):
    """When an instrument trades."""

    ALWAYS = "24x7"
    WEEKDAYS = "24x5"
    """From Sunday 20:00 to Friday 20:00 in New York."""
    EXCHANGE = "XNYS"
    """The regular sessions of the New York exchange."""


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that accounts hold, by its `number`. `name` is Kraken's key (`ZUSD`, `TSLAx`), `altname` the short one (`USD`).

    `usd_micros` is what one unit of a quote asset counts for in the 30-day volume, in 1e-6 USD.
    """

    number: int
    name: str
    altname: str
    kind: AssetKind
    decimals: int
    display_decimals: int
    usd_micros: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Instrument:
    """A pair with its rules. Bounds in bps stand around the reference price; a bound or a time of 0 is off.

    `tick` and `lots_min` are in ticks and lots, `cost_min` in units of the quote asset. A market order pays `collar_bps` past
    the reference at most, a limit lies within `reasonable_bps` of it, and a print beyond `band_bps` of the price of the last
    `band_window_us` halts trading for `halt_us`, then gathers orders for `call_us`. A reference price older than `stale_us`
    lets orders only make, one older than `stale_halt_us` halts. `multiplier` (numerator, denominator): shares for a raw token.
    """

    number: int
    base: Asset
    quote: Asset
    price_decimals: int = 2
    lot_decimals: int = 4
    tick: int = 1
    lots_min: int = 1
    cost_min: int = 1_000_000
    hours: Hours = Hours.ALWAYS
    collar_bps: int = 500
    reasonable_bps: int = 2_000
    band_bps: int = 1_000
    band_window_us: int = 5 * MINUTE_US
    halt_us: int = 5 * MINUTE_US
    pre_open_us: int = MINUTE_US
    call_us: int = MINUTE_US
    stale_us: int = 5 * MINUTE_US
    stale_halt_us: int = 30 * MINUTE_US
    orders_max: int = 200
    fees: int = 0
    """The schedule of fees (see `fees`)."""
    multiplier: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        refusal = _refusal(self)
        if refusal:
            raise Malformed("instrument.malformed", f"instrument: {self.symbol:.40} {refusal}")

    @property
    def symbol(self) -> str:
        """The WebSocket name, `TSLAx/USD`."""
        return f"{self.base.altname}/{self.quote.altname}"

    @property
    def name(self) -> str:
        """The REST name, `TSLAxUSD`."""
        return f"{self.base.altname}{self.quote.altname}"

    @property
    def value_scale(self) -> int:
        """Units of the quote for one tick x lot."""
        return int(10 ** (self.quote.decimals - self.price_decimals - self.lot_decimals))

    @property
    def lot_units(self) -> int:
        """Units of the base for one lot."""
        return int(10 ** (self.base.decimals - self.lot_decimals))

    def value(self, ticks: int, lots: int) -> int:
        """What `lots` cost at `ticks`, in units of the quote: exact."""
        return ticks * lots * self.value_scale


def _refusal(instrument: Instrument) -> str:
    """What no instrument may have; empty for none."""
    each = instrument
    if not 0 < each.number <= NUMBER_MAX or each.base.number == each.quote.number:
        return "had no number, or one asset on both sides"
    if each.price_decimals < 0 or not 0 <= each.lot_decimals <= each.base.decimals:
        return "had decimals that its assets have not"
    if each.price_decimals + each.lot_decimals > each.quote.decimals:
        return f"had prices and lots finer than {each.quote.decimals} decimals together: values would not be exact"
    if min(each.tick, each.lots_min, each.orders_max, *each.multiplier) < 1:
        return "had a tick, a minimum, a multiplier or a count of orders below 1"
    if each.collar_bps < 1 or not all(0 <= bound < FULL_BPS for bound in (each.collar_bps, each.reasonable_bps, each.band_bps)):
        return "had a bound that was not below 10,000 bps"
    spans = each.band_window_us, each.halt_us, each.pre_open_us, each.call_us, each.stale_us, each.stale_halt_us
    if min(*spans, each.cost_min, each.fees) < 0:
        return "had a time, a cost or a schedule below 0"
    return ""


class Directory:
    """Assets and instruments by number and by any of their names, in either case."""

    def __init__(self) -> None:
        self.assets: dict[int, Asset] = {}
        self.instruments: dict[int, Instrument] = {}
        self._assets: dict[str, Asset] = {}
        self._instruments: dict[str, Instrument] = {}

    def refuse_asset(self, asset: Asset) -> None:
        """Raise `Refused("asset.known")` for the name or the number of another asset, and for other decimals."""
        before = self.assets.get(asset.number)
        _refuse_other(self._assets, (asset.name, asset.altname), asset.number, "asset")
        same = before is None or (before.name, before.altname, before.decimals) == (asset.name, asset.altname, asset.decimals)
        if not same or not 0 < asset.number <= NUMBER_MAX or not 0 <= asset.decimals <= TOKEN_DECIMALS:
            raise Refused("asset.known", f"asset: {asset.name!r:.40} was another under that number, or had wrong decimals")

    def admit(self, asset: Asset) -> None:
        """Take an asset, or new terms of one. Raises as `refuse_asset`."""
        self.refuse_asset(asset)
        self.assets[asset.number] = asset
        self._assets[asset.name.upper()] = self._assets[asset.altname.upper()] = asset

    def refuse_instrument(self, instrument: Instrument) -> None:
        """Raise `Refused("instrument.known")` or `Refused("asset.unknown")` for what cannot be listed."""
        for asset in (instrument.base, instrument.quote):
            known = self.assets.get(asset.number)
            if known is None or (known.name, known.altname, known.decimals) != (asset.name, asset.altname, asset.decimals):
                raise Refused("asset.unknown", f"instrument: asset {asset.name!r:.40} was not admitted so")
        _refuse_other(self._instruments, (instrument.name, instrument.symbol), instrument.number, "instrument")
        before = self.instruments.get(instrument.number)
        if before is not None and _fixed(before) != _fixed(instrument):
            raise Refused("instrument.known", f"instrument: number {instrument.number} was listed with other units")

    def list(self, instrument: Instrument) -> None:
        """Take an instrument, or new terms of one. Raises as `refuse_instrument`."""
        self.refuse_instrument(instrument)
        self.instruments[instrument.number] = instrument
        self._instruments[instrument.name.upper()] = self._instruments[instrument.symbol.upper()] = instrument

    def find(self, name: str) -> Instrument | None:
        """The instrument called `TSLAxUSD` or `TSLAx/USD`, in either case."""
        return self._instruments.get(name.upper())

    def find_asset(self, name: str) -> Asset | None:
        """The asset called `ZUSD` or `USD`, in either case."""
        return self._assets.get(name.upper())


def _fixed(instrument: Instrument) -> tuple[int, ...]:
    """What may not change while somebody holds or orders it."""
    return instrument.base.number, instrument.quote.number, instrument.price_decimals, instrument.lot_decimals


def _refuse_other(known: Mapping[str, Asset] | Mapping[str, Instrument], names: Iterable[str], number: int, kind: str) -> None:
    for name in names:
        found = known.get(name.upper())
        if found is not None and found.number != number:
            raise Refused(f"{kind}.known", f"{kind}: the name {name!r:.40} was that of number {found.number}")


def token(number: int, name: str) -> Asset:
    """A stock token, kept in 1e-8 raw."""
    return Asset(number, name, name, AssetKind.STOCK, TOKEN_DECIMALS, 4)


def money(number: int, altname: str, name: str = "", usd_micros: int = 1_000_000) -> Asset:
    """A currency or a stablecoin, kept in 1e-6. `name` is Kraken's, such as `ZUSD` for `USD`."""
    return Asset(number, name or altname, altname, AssetKind.CURRENCY, MONEY_DECIMALS, 2, usd_micros)
