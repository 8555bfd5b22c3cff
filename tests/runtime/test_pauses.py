"""A program that is ready looks at what it keeps as seldom as it may."""

import gc
import sys
from collections.abc import Iterator

import pytest

from openscrip.runtime.pauses import COLLECTED, SWITCHED_S, shorten_pauses


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds, switched_s = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(switched_s)


@pytest.mark.slow
def test_what_stands_when_a_program_is_ready__is_not_looked_through_again() -> None:
    kept = [[number] for number in range(1_000)]
    shorten_pauses()
    assert gc.get_freeze_count() >= len(kept)
    assert gc.get_threshold() == COLLECTED
    assert sys.getswitchinterval() == pytest.approx(SWITCHED_S)
