"""The facts that ship with the package, as typed rows: instruments, daily closes and the two sources of notices."""

import csv
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

from openscrip.assets.notice import ActionEvent, Notice
from openscrip.assets.products import Product, product_in, products_from, read_document, shipped_document
from openscrip.kernel.instrument import Instrument, InstrumentKind
from openscrip.kernel.money import PricePerShare


class DailyCloses:
    """Unadjusted closing prices by symbol and day."""

    def __init__(self, closes: Iterable[tuple[date, str, PricePerShare]]) -> None:
        self._days: dict[str, list[date]] = {}
        self._prices: dict[str, list[PricePerShare]] = {}
        for day, symbol, price in sorted(closes, key=lambda row: row[0]):
            self._days.setdefault(symbol, []).append(day)
            self._prices.setdefault(symbol, []).append(price)

    def on(self, symbol: str, day: date) -> PricePerShare | None:
        """The last close on or before `day`; None for an unknown symbol, or before its first trading day."""
        days = self._days.get(symbol)
        place = bisect_right(days, day) if days else 0
        return self._prices[symbol][place - 1] if place else None

    def days(self, symbol: str) -> list[date]:
        """The days that have a close of their own."""
        return list(self._days.get(symbol, ()))


@cache
def instruments() -> Mapping[str, Instrument]:
    """The instruments by symbol: those of the table, and those that only `products.toml` names."""
    return {symbol: product.instrument for symbol, product in products().items()}


@cache
def products() -> Mapping[str, Product]:
    """The products that ship with the package."""
    return products_from(_instruments(), shipped_document())


def products_of(file: str) -> Mapping[str, Product]:
    """The package's products with an operator's file over them; `file` may be empty. Raises `Malformed("product.…")`."""
    if not file:
        return products()
    return products_from(_instruments(), shipped_document(), read_document(Path(file)))


def instrument(symbol: str) -> Instrument:
    """One instrument. Raises `Refused("symbol.unknown")`."""
    return product_in(products(), symbol).instrument


def instrument_of_isin(isin: str) -> Instrument | None:
    """The instrument with this ISIN, if it is known."""
    return _by_isin().get(isin)


@cache
def daily_closes() -> DailyCloses:
    """The closes of 13 lines from 2024-01-02 to 2026-07-31."""
    return DailyCloses(
        (date.fromisoformat(row["date"]), row["symbol"], PricePerShare.parse(row["close_usd"]))
        for row in _rows("daily_closes.csv")
    )


@cache
def custodian_notices() -> tuple[Notice, ...]:
    """Corporate actions as the custodian knows them."""
    return tuple(_notice(row, "custodian") for row in _rows("custodian_notices.csv"))


@cache
def broker_announcements() -> tuple[Notice, ...]:
    """Corporate actions as the broker knows them."""
    return tuple(_notice(row, "broker") for row in _rows("broker_announcements.csv"))


@cache
def _instruments() -> dict[str, Instrument]:
    return {
        row["symbol"]: Instrument(
            row["symbol"],
            row["name"],
            row["isin"],
            row["mic"],
            row["currency"],
            InstrumentKind(row["kind"]),
            row["token_symbol"],
        )
        for row in _rows("instruments.csv")
    }


@cache
def _by_isin() -> dict[str, Instrument]:
    return {each.isin: each for each in instruments().values()}


def _rows(name: str) -> Iterable[dict[str, str]]:
    text = (files("openscrip.assets") / "data" / name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())


def _notice(row: Mapping[str, str], source: str) -> Notice:
    return Notice(
        row["event_id"],
        row["symbol"],
        row["isin"],
        ActionEvent(row["event"]),
        date.fromisoformat(row["announced_on"]),
        date.fromisoformat(row["ex_date"]),
        date.fromisoformat(row["record_date"]) if row["record_date"] else None,
        date.fromisoformat(row["pay_date"]) if row["pay_date"] else None,
        int(row["ratio_new"]) if row["ratio_new"] else None,
        int(row["ratio_old"]) if row["ratio_old"] else None,
        PricePerShare.parse(row["cash_usd"]) if row["cash_usd"] else None,
        source,
    )
