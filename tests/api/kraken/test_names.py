"""Ids: reversible, of one form, and never read from what was not made here."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openscrip.api.kraken.names import NUMBER_MAX, amend_text, id_number, id_text, order_number, order_text
from openscrip.kernel.errors import Malformed

FORM = re.compile(r"[OTL][A-Z2-7]{5}-[A-Z2-7]{5}-[A-Z2-7]{6}")


@given(st.integers(0, NUMBER_MAX), st.sampled_from("OTL"))
def test_an_id__read_back__is_its_number(number: int, letter: str) -> None:
    text = id_text(letter, number)
    assert FORM.fullmatch(text)
    assert id_number(letter, text) == number


def test_ids_of_neighbours_sort_as_their_numbers() -> None:
    texts = [order_text(number) for number in (0, 1, 23, 24, 31, 32**3, 32**6, 2**40, NUMBER_MAX)]
    assert texts[0] == "OAAAAA-AAAAA-AAAAAA"
    assert texts[1] == "OAAAAA-AAAAA-AAAAAB"
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "O",
        "OAAAAA-AAAAA-AAAAA",
        "TAAAAA-AAAAA-AAAAAA",
        "OAAAAA_AAAAA-AAAAAA",
        "OAAAAA-AAAAA-AAAAA1",
        "O" * 4000,
        "O77777-77777-777777",
    ],
)
def test_an_id__not_made_here__is_refused(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        order_number(text)
    assert refused.value.code == "id.malformed"


def test_an_amendment__with_the_number_of_a_trade__has_another_id() -> None:
    assert amend_text(7) != id_text("T", 7)
    assert amend_text(7)[0] == "T"
