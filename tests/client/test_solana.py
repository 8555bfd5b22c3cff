"""Each reading of a mint against what the desk did."""

import pytest
from solders.keypair import Keypair
from tests.issuance.solana.conftest import Desk, desk, node

from openscrip.client import solana_token
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.multiplier import ONE
from openscrip.kernel.quantities import RawAmount

__all__ = ["desk", "node"]
pytestmark = pytest.mark.parts


def test_a_mint__is_read_raw(desk: Desk) -> None:
    alice = str(Keypair().pubkey())
    desk.mint(alice, "10.5")
    token = solana_token(desk.node.url, desk.token)
    assert (token.symbol, token.isin, token.decimals) == ("TSLAx", "US88160R1014", 8)
    assert token.balance(alice) == token.supply() == RawAmount.parse("10.5")
    assert (token.multiplier().in_force.value, token.multiplier().pending, token.paused()) == (ONE, None, False)
    token.close()


def test_what_is_no_mint__is_refused(desk: Desk) -> None:
    with pytest.raises(Refused) as refusal:
        solana_token(desk.node.url, str(Keypair().pubkey()))
    assert refusal.value.code == "token.missing"
    with pytest.raises(Malformed):
        solana_token(desk.node.url, "nothing")
