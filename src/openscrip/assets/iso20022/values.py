"""The kinds of value in the profile: how each is written, what is refused when it is read, and its unit.

A kind reads only what it would write, but for zeros at the end of a decimal: no blanks, no signs, no exponents, no zones.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from types import NoneType
from typing import Any

from openscrip.kernel.clock import iso
from openscrip.kernel.decimals import format_decimal, parse_decimal
from openscrip.kernel.errors import Malformed
from openscrip.kernel.instrument import parse_isin
from openscrip.kernel.money import Bps, Money, PricePerShare
from openscrip.kernel.quantities import Shares

DIGITS_MAX = 18
"""ISO 20022 allows 18 digits in quantities and amounts."""
INTEGER_MAX = 2**63 - 1
INSTANT_MAX = 253_402_300_799
"""The last second of the year 9999."""
RATIO_MAX = 1_000_000
_IDENTIFIER = re.compile(r"[!-~](?:[ -~]{0,33}[!-~])?")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
_MIC = re.compile(r"[A-Z0-9]{4}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_NATURAL = re.compile(r"0|[1-9][0-9]{0,18}")
_HASH = re.compile(r"[0-9a-f]{64}")
_OPTION = re.compile(r"[0-9]{3}")
_LONG = re.compile(r"[!-~](?:[ -~]{0,198}[!-~])?")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of leaf. `unit` is what the documentation says of it; `attribute` is the one that must stand beside it."""

    unit: str
    type: type
    parse: Callable[[str], Any]
    format: Callable[[Any], str] = str
    attribute: tuple[str, str] | None = None

    def text_of(self, value: object) -> str:
        """How `value` is written. Raises `Malformed` for what could not be read back."""
        if type(value) is not self.type:
            raise Malformed("iso.value", f"{value!r:.60}: it was no {self.unit}")
        text = self.format(value)
        if self.parse(text) != value:
            raise Malformed("iso.value", f"{value!r:.60}: it could not be read back as {self.unit}")
        return text


def code(values: type[StrEnum]) -> Kind:
    """One of the codes of an enumeration."""

    def parse(text: str) -> StrEnum:
        try:
            return values(text)
        except ValueError:
            raise Malformed("iso.code", f"{text!r:.20}: it was no code of {values.__name__} in the profile") from None

    return Kind(values.__name__, values, parse)


def one_code_of(values: frozenset[str], unit: str) -> Kind:
    """One of a list of reason codes, kept as text."""

    def parse(text: str) -> str:
        if text not in values:
            raise Malformed("iso.code", f"{text!r:.20}: it was no {unit} in the profile")
        return text

    return Kind(unit, str, parse)


def _matching(pattern: re.Pattern[str], rule: str, unit: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise Malformed(f"iso.{rule}", f"{text!r:.60}: it was no {unit}")
        return text

    return parse


def _lei(text: str) -> str:
    _matching(_LEI, "lei", "LEI of 20 characters")(text)
    if int("".join(str(int(each, 36)) for each in text)) % 97 != 1:
        raise Malformed("iso.lei", f"{text}: the check digits of the LEI were wrong (ISO 17442)")
    return text


def _narrative(text: str) -> str:
    if not 1 <= len(text) <= 210 or not text.isprintable() or text != text.strip():
        raise Malformed(
            "iso.narrative", f"{text!r:.60}: it was no printable text of 1 to 210 characters without blanks around it"
        )
    return text


def _date(text: str) -> date:
    try:
        return date.fromisoformat(_matching(_DATE, "date", "date such as 2026-06-03")(text))
    except ValueError:
        raise Malformed("iso.date", f"{text!r:.40}: there is no such date") from None


def _instant(text: str) -> int:
    _matching(_INSTANT, "instant", "UTC instant such as 2026-06-03T13:30:00Z")(text)
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Malformed("iso.instant", f"{text!r:.40}: there is no such instant") from None
    if at.year < 1970:
        raise Malformed("iso.instant", f"{text!r:.40}: it lay before 1970")
    return int(at.timestamp())


def _instant_text(at: int) -> str:
    if not 0 <= at <= INSTANT_MAX:
        raise Malformed("iso.instant", f"{at}: it lay before 1970 or after 9999")
    return iso(at)


def _natural(text: str) -> int:
    _matching(_NATURAL, "number", "whole number")(text)
    return _within(int(text))


def _page(text: str) -> int:
    number = _natural(text)
    if not 1 <= number <= 99_999:
        raise Malformed("iso.number", f"{text!r:.20}: pages are numbered from 1 to 99999")
    return number


def _bool(text: str) -> bool:
    if text not in {"true", "false"}:
        raise Malformed("iso.boolean", f"{text!r:.20}: it was neither true nor false")
    return text == "true"


def _within(units: int) -> int:
    if units > INTEGER_MAX:
        raise Malformed("iso.range", f"{units}: it was above {INTEGER_MAX} units")
    return units


def _decimal(places: int, what: str, least: int, digits_max: int = DIGITS_MAX) -> Callable[[str], int]:
    def parse(text: str) -> int:
        units = _within(parse_decimal(text, places, what))
        if sum(each.isdigit() for each in format_decimal(units, places).removeprefix("0.")) > digits_max:
            raise Malformed("iso.digits", f"{text!r:.60}: it had more than {digits_max} digits")
        if units < least:
            raise Malformed("iso.zero", f"{text!r:.60}: {what} must not be zero here")
        return units

    return parse


def _kind_of_amount(unit: str, of: Any, places: int, least: int, attribute: tuple[str, str] | None = None) -> Kind:
    parse = _decimal(places, unit, least)
    return Kind(unit, of, lambda text: of(parse(text)), str, attribute)


def _percent(text: str) -> Bps:
    rate = Bps(_decimal(2, "percent", 0, 11)(text))
    if rate.count > 10_000:
        raise Malformed("iso.range", f"{text!r:.20}: a rate was above 100 percent")
    return rate


def _ratio_part(text: str) -> int:
    part = _decimal(0, "ratio", 1)(text)
    if part > RATIO_MAX:
        raise Malformed("iso.range", f"{text!r:.20}: a part of a ratio was above {RATIO_MAX}")
    return part


def _unknown(text: str) -> None:
    if text != "UKWN":
        raise Malformed("iso.code", f"{text!r:.20}: only UKWN stands for a date in the profile")


_DOLLARS = ("Ccy", "USD")
IDENTIFIER = Kind(
    "identifier, 1 to 35 of printable ASCII",
    str,
    _matching(_IDENTIFIER, "identifier", "identifier of 1 to 35 printable ASCII characters"),
)
LONG_IDENTIFIER = Kind(
    "identifier, 1 to 200 of printable ASCII",
    str,
    _matching(_LONG, "identifier", "identifier of 1 to 200 printable ASCII characters"),
)
NARRATIVE = Kind("text, 1 to 210", str, _narrative)
ISIN = Kind("ISIN, check digit right", str, parse_isin)
BIC = Kind("BIC, 8 or 11", str, _matching(_BIC, "bic", "BIC"))
LEI = Kind("LEI, check digits right", str, _lei)
MIC = Kind("MIC, 4", str, _matching(_MIC, "mic", "market identifier of 4 characters"))
DATE = Kind("date", date, _date, date.isoformat)
UNKNOWN_DATE = Kind("UKWN: not known yet", NoneType, _unknown, lambda _: "UKWN")
INSTANT = Kind("UTC instant, to the second", int, _instant, _instant_text)
BOOLEAN = Kind("true or false", bool, _bool, lambda value: "true" if value else "false")
NATURAL = Kind("whole number, below 2^63", int, _natural)
PAGE = Kind("page, from 1", int, _page)
OPTION = Kind("option number, 3 digits", str, _matching(_OPTION, "option", "option number of 3 digits"))
HASH = Kind("SHA-256, 64 lower-case hex digits", str, _matching(_HASH, "hash", "SHA-256 in 64 lower-case hex digits"))
QUANTITY = _kind_of_amount("shares above 0, at most 9 decimals and 18 digits", Shares, 9, 1)
BALANCE = _kind_of_amount("shares, at most 9 decimals and 18 digits", Shares, 9, 0)
PER_SHARE = _kind_of_amount("USD a share, at most 6 decimals", PricePerShare, 6, 0, _DOLLARS)
PERCENT = Kind("percent, at most 2 decimals", Bps, _percent, lambda rate: format_decimal(rate.count, 2))
RATIO_PART = Kind("whole number, 1 to 1,000,000", int, _ratio_part)


def _money(text: str) -> Money:
    return Money(_within(_decimal(5, "USD amount", 0)(text) * 10))


def _money_text(amount: Money) -> str:
    if amount.atoms % 10 or amount.atoms < 0:
        raise Malformed("amount.precision", f"{amount}: an amount in these messages has at most 5 decimals and no sign")
    return str(amount)


MONEY = Kind("USD, at most 5 decimals and 18 digits", Money, _money, _money_text, _DOLLARS)
