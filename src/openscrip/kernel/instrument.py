"""What is tokenised: an instrument with its identifiers, and the token symbol that stands for it."""

import re
from dataclasses import dataclass
from enum import StrEnum

from openscrip.kernel.errors import Malformed

_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")


class InstrumentKind(StrEnum):
    """The legal kind of the underlying."""

    EQUITY = "equity"
    ETF = "etf"
    BOND = "bond"
    REIT = "reit"


def parse_isin(text: str) -> str:
    """`text` if it is an ISIN whose check digit is right (ISO 6166, modulus 10 double-add-double).

    Raises `Malformed("isin.malformed")` or `Malformed("isin.check_digit")`.
    """
    if not _ISIN.fullmatch(text):
        raise Malformed("isin.malformed", f"isin: {text!r} was not two letters, nine letters or digits and a check digit")
    if isin_check_digit(text[:11]) != int(text[11]):
        raise Malformed("isin.check_digit", f"isin: {text} had check digit {text[11]}, expected {isin_check_digit(text[:11])}")
    return text


def isin_check_digit(first_eleven: str) -> int:
    """The check digit of the first eleven characters of an ISIN."""
    digits = "".join(str(int(character, 36)) for character in first_eleven)
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -sum(value // 10 + value % 10 for value in doubled) % 10


@dataclass(frozen=True, slots=True)
class Instrument:
    """A listed line: `symbol` on its exchange `mic` (ISO 10383), traded in `currency` (ISO 4217)."""

    symbol: str
    name: str
    isin: str
    mic: str
    currency: str
    kind: InstrumentKind
    token_symbol: str

    def __post_init__(self) -> None:
        parse_isin(self.isin)
