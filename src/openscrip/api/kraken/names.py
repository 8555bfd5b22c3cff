"""Ids as clients see them: a letter and a number in base 32, in groups of 6-5-6 like `OAAAAA-AAAAA-AAAABQ`. Reversible.

Orders start with `O`, trades and amends with `T`, rows of the account ledger with `L`. The numbers are the venue's own sequence
numbers, so that an id needs no table and nothing in it is random.
"""

from itertools import product

from openscrip.kernel.errors import Malformed

ORDER, TRADE, AMEND, LEDGER = "O", "T", "T", "L"
NUMBER_MAX = 2**63 - 1
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TRIPLES = tuple(map("".join, product(_ALPHABET, repeat=3)))
_PAIRS = tuple(map("".join, product(_ALPHABET, repeat=2)))
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_LENGTH = 19
_AMENDS_FROM = 2**62


def id_text(letter: str, number: int) -> str:
    """The id of `number`, 0 to 2^63 - 1."""
    low, middle, high = number & 0x3FFFFFFF, number >> 30 & 0x1FFFFFF, number >> 55
    return (
        f"{letter}{_PAIRS[high >> 15]}{_TRIPLES[high & 0x7FFF]}-{_PAIRS[middle >> 15]}{_TRIPLES[middle & 0x7FFF]}"
        f"-{_TRIPLES[low >> 15]}{_TRIPLES[low & 0x7FFF]}"
    )


def id_number(letter: str, text: str) -> int:
    """The number of an id. Raises `Malformed("id.malformed")` for what `id_text` cannot have made."""
    if len(text) != _LENGTH or text[0] != letter or text[6] != "-" or text[12] != "-":
        raise Malformed("id.malformed", f"id: {text!a:.40} was not of the form {letter}XXXXX-XXXXX-XXXXXX")
    number = 0
    for sign in text[1:6] + text[7:12] + text[13:]:
        value = _VALUES.get(sign)
        if value is None:
            raise Malformed("id.malformed", f"id: {text!a:.40} held a sign outside A-Z and 2-7")
        number = number << 5 | value
    if number > NUMBER_MAX:
        raise Malformed("id.malformed", f"id: {text!a:.40} was above every number in use")
    return number


def order_text(number: int) -> str:
    """The id of an order."""
    return id_text(ORDER, number)


def order_number(text: str) -> int:
    """The number of an order's id. Raises `Malformed("id.malformed")`."""
    return id_number(ORDER, text)


def amend_text(sequence: int) -> str:
    """The id of an amendment, by the venue's sequence number; never that of a trade."""
    return id_text(AMEND, _AMENDS_FROM + sequence)
