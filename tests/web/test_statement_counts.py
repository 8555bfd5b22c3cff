"""Pages ask the database little: what a page asks is a number, not a loop over what there is."""

from pathlib import Path

import pytest
from bench.pages_scale import measure, pages
from bench.records_world import Size

pytestmark = [pytest.mark.slow, pytest.mark.parts]
SMALL = Size(3, 10, 100)
PUBLIC_MAX, SIGNED_IN_MAX = 8, 18
"""Statements of a page; who signed in is found out by two or three of them, and the desk asks each of its queues."""


def test_every_page__asks_a_small_number_of_statements(tmp_path: Path) -> None:
    found = dict(measure(tmp_path, SMALL, asked=1))
    asked = pages(SMALL)
    assert set(found) == set(asked)
    too_many = {
        name: row["statements"]
        for name, row in found.items()
        if row["statements"] > (SIGNED_IN_MAX if asked[name].who else PUBLIC_MAX)
    }
    assert too_many == {}
