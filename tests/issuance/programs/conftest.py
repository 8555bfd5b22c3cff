"""An issuer of its own for a test that changes it, and one shared by the tests of a file that only rehearse."""

import pytest
from tests.issuance.programs.world import Issuer


@pytest.fixture
def issuer(stock_so: bytes) -> Issuer:
    """Founded, with one token, a fresh report, and a holder's account."""
    return Issuer(stock_so)


@pytest.fixture(scope="module")
def desk(stock_so: bytes) -> Issuer:
    """The same for a whole file. Rehearse only: what is refused or rehearsed changes nothing."""
    return Issuer(stock_so)
