"""Products: what may be listed, by configuration. Kind, income, tax, exchange, and for a bond its terms.

The package's `products.toml` names what differs from the rule of a kind; an operator's file of the same form may change it
and add lines (`[products] file`). Which corporate actions a kind can have is a closed table: `fits`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, assert_never

from openscrip.assets.bonds import BondTerms, DayCount
from openscrip.assets.corporate_actions import (
    CapitalReturn,
    CashDividend,
    CorporateAction,
    Coupon,
    ForwardSplit,
    ManualAction,
    Maturity,
    ReverseSplit,
    StockDividend,
)
from openscrip.assets.exchanges import calendar_of
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.instrument import Instrument, InstrumentKind
from openscrip.kernel.money import Bps, PricePerShare

SHARE_TAX = Bps(3_000)


class Income(StrEnum):
    """What becomes of income: paid out, or kept in the price."""

    DISTRIBUTING = "distributing"
    ACCUMULATING = "accumulating"


@dataclass(frozen=True, slots=True)
class Product:
    """A line that may be listed. `withheld` is the tax on its income where no source names another, on `tax_document`.

    `price` is a price to start from where the package knows no closes; `bond` the terms of a bond; `invented` marks a line
    that exists nowhere, for demonstrations and tests.
    """

    instrument: Instrument
    income: Income
    withheld: Bps
    tax_document: str = ""
    price: PricePerShare | None = None
    bond: BondTerms | None = None
    invented: bool = False

    def __post_init__(self) -> None:
        symbol, bond = self.instrument.symbol, self.instrument.kind is InstrumentKind.BOND
        if bond != (self.bond is not None):
            how = "without" if bond else "with"
            raise Malformed("product.bond", f"product: {symbol} was {self.instrument.kind} {how} bond terms")
        if self.withheld.count > 10_000:
            raise Malformed("product.tax", f"product: {symbol} withheld {self.withheld}, more than everything")
        if self.withheld != rule_of(self.instrument).withheld and not self.tax_document:
            raise Malformed("product.tax", f"product: {symbol} withheld {self.withheld} without a document that says so")
        calendar_of(self.instrument.mic)

    @property
    def symbol(self) -> str:
        """The ticker on its exchange."""
        return self.instrument.symbol


@dataclass(frozen=True, slots=True)
class Rule:
    """What a kind of product is like unless its entry says otherwise."""

    income: Income
    withheld: Bps


def rule_of(instrument: Instrument) -> Rule:
    """By kind, and by where it was issued: US income is taxed at 30 %, Irish funds and interest paid abroad are not."""
    american = instrument.isin.startswith("US")
    match instrument.kind:
        case InstrumentKind.EQUITY | InstrumentKind.REIT:
            return Rule(Income.DISTRIBUTING, SHARE_TAX if american else Bps(0))
        case InstrumentKind.ETF:
            return Rule(Income.DISTRIBUTING if american else Income.ACCUMULATING, SHARE_TAX if american else Bps(0))
        case InstrumentKind.BOND:
            return Rule(Income.DISTRIBUTING, Bps(0))
        case _:
            assert_never(instrument.kind)


def fits(kind: InstrumentKind, action: CorporateAction) -> bool:
    """Whether an instrument of this kind can have such an action. The type checker finds a case that was forgotten."""
    match action:
        case ManualAction():
            return True
        case ForwardSplit() | ReverseSplit() | StockDividend() | CapitalReturn():
            return kind is not InstrumentKind.BOND
        case CashDividend():
            # Only a trust that owns property pays part of its dividends out of capital.
            returns_capital = action.capital.micros > 0
            return kind is InstrumentKind.REIT or (kind is not InstrumentKind.BOND and not returns_capital)
        case Coupon() | Maturity():
            return kind is InstrumentKind.BOND
        case _:
            assert_never(action)


def products_from(instruments: Mapping[str, Instrument], *documents: Mapping[str, Any]) -> dict[str, Product]:
    """All products: each instrument by the rule of its kind, then changed and added to by each document in turn.

    Raises `Malformed("product.…")` naming the entry.
    """
    entries: dict[str, dict[str, Any]] = {symbol: {} for symbol in instruments}
    for document in documents:
        for symbol, entry in document.get("products", {}).items():
            if not isinstance(entry, Mapping):
                raise Malformed("product.entry", f"product: {symbol!a:.20} was not a table")
            entries.setdefault(symbol, {}).update(entry)
    return {symbol: _product(symbol, instruments.get(symbol), entry) for symbol, entry in entries.items()}


_TEXTS = ("name", "isin", "mic", "currency", "token_symbol")
_KNOWN = frozenset({*_TEXTS, "kind", "income", "withheld_bps", "tax_document", "price_usd", "bond", "invented"})


def _product(symbol: str, known: Instrument | None, entry: Mapping[str, Any]) -> Product:
    unknown = set(entry) - _KNOWN
    if unknown:
        raise Malformed("product.entry", f"product: {symbol} had the unknown key {sorted(unknown)[0]!a:.40}")
    instrument = _instrument(symbol, known, entry)
    rule = rule_of(instrument)
    withheld = entry.get("withheld_bps", rule.withheld.count)
    if not isinstance(withheld, int) or isinstance(withheld, bool) or withheld < 0:
        raise Malformed("product.tax", f"product: {symbol} withheld {withheld!a:.20}, not a number of basis points")
    try:
        income = Income(entry.get("income", rule.income))
    except ValueError as error:
        raise Malformed("product.income", f"product: {symbol} was neither distributing nor accumulating") from error
    price = entry.get("price_usd")
    return Product(
        instrument,
        income,
        Bps(withheld),
        str(entry.get("tax_document", "")),
        PricePerShare.parse(price) if price is not None else None,
        _bond(symbol, entry["bond"]) if "bond" in entry else None,
        entry.get("invented") is True,
    )


def _instrument(symbol: str, known: Instrument | None, entry: Mapping[str, Any]) -> Instrument:
    given = {name: entry[name] for name in _TEXTS if name in entry}
    if any(not isinstance(value, str) for value in given.values()):
        raise Malformed("product.entry", f"product: {symbol} had a name that was not text")
    try:
        kind = InstrumentKind(entry["kind"]) if "kind" in entry else None
    except ValueError as error:
        raise Malformed("product.kind", f"product: {symbol} was not one of {', '.join(InstrumentKind)}") from error
    if known is not None:
        return replace(known, **given, **({"kind": kind} if kind else {}))
    missing = [name for name in _TEXTS if name not in given] + ([] if kind else ["kind"])
    if missing or kind is None:
        raise Malformed("product.entry", f"product: {symbol} is new and lacks {', '.join(missing)}")
    return Instrument(symbol, given["name"], given["isin"], given["mic"], given["currency"], kind, given["token_symbol"])


def _bond(symbol: str, entry: Any) -> BondTerms:
    names = {each.name for each in fields(BondTerms)} - {"nominal"} | {"nominal_usd"}
    if not isinstance(entry, Mapping) or set(entry) != names:
        raise Malformed("product.bond", f"product: the bond {symbol} needs exactly {', '.join(sorted(names))}")
    dates = [entry["issued_on"], entry["matures_on"]]
    counts = [entry["rate_ppm"], entry["coupons"]]
    if any(type(each) is not date for each in dates) or any(type(each) is not int for each in counts):
        raise Malformed("product.bond", f"product: {symbol} had a date or a number that was none")
    try:
        count = DayCount(entry["day_count"])
    except ValueError as error:
        raise Malformed("product.bond", f"product: {symbol} counts days by one of {', '.join(DayCount)}") from error
    return BondTerms(PricePerShare.parse(entry["nominal_usd"]), counts[0], counts[1], dates[0], dates[1], count)


def read_document(path: Path) -> dict[str, Any]:
    """A TOML file. Raises `Malformed("product.file")`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Malformed("product.file", f"product: {path} could not be read: {error}") from error


@cache
def shipped_document() -> dict[str, Any]:
    """The package's own `products.toml`."""
    return tomllib.loads((files("openscrip.assets") / "data" / "products.toml").read_text(encoding="utf-8"))


def product_in(products: Mapping[str, Product], symbol: str) -> Product:
    """One product. Raises `Refused("symbol.unknown")`."""
    found = products.get(symbol)
    if found is None:
        raise Refused("symbol.unknown", f"symbol: {symbol!r:.20} was not among {', '.join(products)}")
    return found
