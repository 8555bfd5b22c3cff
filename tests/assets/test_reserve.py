"""I1: shares held are never fewer than shares owed, comparing like with like."""

from dataclasses import replace

import pytest

from openscrip.assets.reserve import Reserve, refuse_uncovered, reserve_covers
from openscrip.kernel.errors import Refused
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares

EXACT = Reserve("AAPL", Shares.whole(110), 0, RawAmount.parse("100"), Multiplier.one(), 0, Shares.whole(10))


def test_a_reserve_covers_supply_and_claims() -> None:
    refuse_uncovered(EXACT)
    assert EXACT.surplus == Shares(0)


def test_one_atom_short_is_a_shortfall() -> None:
    short = replace(EXACT, held=Shares(EXACT.held.atoms - 1))
    assert not reserve_covers(short)
    with pytest.raises(Refused) as refused:
        refuse_uncovered(short)
    assert refused.value.code == "covered.shortfall"


def test_what_is_owed_is_rounded_up() -> None:
    dusty = replace(EXACT, multiplier=Multiplier.parse("1.000000000000000001"))
    assert dusty.owed == EXACT.owed + Shares(1)


@pytest.mark.parametrize(("held_epoch", "chain_epoch"), [(1, 0), (0, 1)])
def test_two_epochs_are_never_compared(held_epoch: int, chain_epoch: int) -> None:
    torn = replace(EXACT, held=Shares.whole(10_000), held_epoch=held_epoch, chain_epoch=chain_epoch)
    assert not reserve_covers(torn)
    with pytest.raises(Refused) as refused:
        refuse_uncovered(torn)
    assert refused.value.code == "covered.epoch"
