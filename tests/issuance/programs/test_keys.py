"""A key is all of its 32 bytes: one that differs in any is another, and one with any is not zero."""

import pytest
from tests.issuance.programs.world import KEYS, THERE, Issuer, hashed, with_accounts


@pytest.fixture(scope="module")
def crossed(stock_so: bytes) -> Issuer:
    """A burned redemption, and an open lane. Rehearse only."""
    issuer = Issuer(stock_so)
    issuer.open_lane(THERE)
    issuer.send(issuer.reporting(), issuer.minting("0", raw=1000))
    issuer.send(issuer.escrowing(raw=100))
    issuer.send(issuer.burning())
    return issuer


@pytest.mark.parametrize("place", range(32))
def test_key__of_one_byte_that_is_not_zero__is_not_zero(crossed: Issuer, place: int) -> None:
    receiver = bytes(place) + b"\1" + bytes(31 - place)
    assert crossed.takes(crossed.departing("2", receiver=receiver))


@pytest.mark.parametrize("place", range(32))
def test_key__that_differs_in_one_byte__is_another(crossed: Issuer, place: int) -> None:
    record = crossed.program.redemption(KEYS.holder, hashed("redeem 1"))
    right = crossed.minting("back", raw=100, kind=3, origin=bytes(record))
    assert crossed.takes(right)
    other = bytearray(bytes(record))
    other[place] ^= 1
    wrong = crossed.minting("back", raw=100, kind=3, origin=bytes(other))
    assert crossed.refusal(with_accounts(wrong, a7=record)) == "issuer: origin was no burned redemption"
