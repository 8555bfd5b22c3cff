"""What is stored comes back as it was, and what does not fit is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.kernel.money import Money
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.codec import Codec, Undecodable


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Kind(IntEnum):
    ONE = 1
    TWO = 2


@dataclass(frozen=True, slots=True)
class Mint:
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class Pay:
    amount: Money
    to: str = "bank"


@dataclass(frozen=True, slots=True)
class Everything:
    id: str
    count: int
    sure: bool
    seal: bytes
    day: date
    colour: Colour
    kind: Kind
    mode: Literal["live", "paper"]
    shares: Shares
    multiplier: Multiplier
    maybe: Money | None
    parts: tuple[Pay, ...]
    pair: tuple[str, Shares]
    effect: Mint | Pay
    effects: tuple[Mint | Pay | None, ...]
    table: Mapping[str, int]
    chosen: Colour | None
    answer: Mint | str | None
    receipts: tuple[str, ...] | None
    parent: "Everything | None" = None


CODEC = Codec([Everything, Mint, Pay])
counts = st.integers(0, 10**30)
pays = st.builds(Pay, st.builds(Money, counts), st.text())
mints = st.builds(Mint, st.builds(RawAmount, counts))
everything = st.builds(
    Everything,
    id=st.text(),
    count=st.integers(),
    sure=st.booleans(),
    seal=st.binary(),
    day=st.dates(),
    colour=st.sampled_from(Colour),
    kind=st.sampled_from(Kind),
    mode=st.sampled_from(["live", "paper"]),
    shares=st.builds(Shares, st.integers()),
    multiplier=st.builds(Multiplier, counts, counts),
    maybe=st.none() | st.builds(Money, counts),
    parts=st.lists(pays).map(tuple),
    pair=st.tuples(st.text(), st.builds(Shares, counts)),
    effect=mints | pays,
    effects=st.lists(st.none() | mints | pays).map(tuple),
    table=st.dictionaries(st.text(), st.integers()),
    chosen=st.none() | st.sampled_from(Colour),
    answer=st.none() | st.text() | mints,
    receipts=st.none() | st.lists(st.text()).map(tuple),
    parent=st.none(),
)


@given(everything, everything)
def test_what_is_written_is_read_back_equal(outer: Everything, inner: Everything) -> None:
    nested = Everything(**{name: getattr(outer, name) for name in Everything.__slots__} | {"parent": inner})
    assert CODEC.decode("Everything", CODEC.encode(nested)) == nested


def test_a_missing_field_takes_its_default_so_that_old_rows_outlive_new_fields() -> None:
    assert CODEC.decode("Pay", '{"amount":5}') == Pay(Money(5))


@pytest.mark.parametrize(
    "text",
    [
        '{"amount":5,"to":"x","more":1}',
        '{"amount":"5"}',
        '{"amount":5.0}',
        '{"amount":true}',
        '{"to":"x"}',
        '{"amount":5,"to":null}',
        "[]",
        "{",
    ],
)
def test_what_does_not_fit_the_class_is_undecodable(text: str) -> None:
    with pytest.raises(Undecodable):
        CODEC.decode("Pay", text)


def test_an_unregistered_class_is_refused_both_ways() -> None:
    with pytest.raises(TypeError, match="not registered"):
        CODEC.kind(Shares(1))
    with pytest.raises(Undecodable, match="not registered"):
        CODEC.decode("Nobody", "{}")


def test_two_classes_of_one_name_are_refused() -> None:
    other: type = dataclass(frozen=True)(type("Pay", (), {}))
    with pytest.raises(TypeError, match="two classes"):
        Codec([Pay, other])


def test_a_float_field_is_refused_at_registration() -> None:
    @dataclass(frozen=True)
    class Price:
        price: float

    with pytest.raises(TypeError, match="not supported"):
        Codec([Price])


def test_a_wrong_value_is_refused_before_it_is_stored() -> None:
    with pytest.raises(TypeError):
        CODEC.encode(Pay(5))  # type: ignore[arg-type]  # the mistake under test
