"""A wallet is attested by its own key only."""

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from solders.keypair import Keypair

from openscrip.assets.compliance.ownership import ownership_message, signed_by_owner
from openscrip.kernel.errors import Malformed

EVM = Account.from_key(b"\x07" * 32)
SOLANA = Keypair.from_seed(b"\x07" * 32)


def test_the_wallets_own_signature_attests_it() -> None:
    message = ownership_message("anna", "evm", EVM.address)
    signature = "0x" + Account.sign_message(encode_defunct(text=message), EVM.key).signature.hex().removeprefix("0x")
    assert signed_by_owner("anna", "evm", EVM.address, signature)
    assert signed_by_owner("anna", "evm", EVM.address.lower(), signature) is False  # another sentence
    assert not signed_by_owner("bert", "evm", EVM.address, signature)
    assert not signed_by_owner("anna", "evm", "0x" + "11" * 20, signature)


def test_the_same_on_solana() -> None:
    address = str(SOLANA.pubkey())
    signature = str(SOLANA.sign_message(ownership_message("anna", "solana", address).encode()))
    assert signed_by_owner("anna", "solana", address, signature)
    assert not signed_by_owner("bert", "solana", address, signature)
    assert not signed_by_owner("anna", "solana", str(Keypair.from_seed(b"\x08" * 32).pubkey()), signature)


@pytest.mark.parametrize("signature", ["", "0x", "0x00", "zz", "0x" + "00" * 65, "0x" + "ff" * 65])
def test_rubbish_attests_nothing(signature: str) -> None:
    assert not signed_by_owner("anna", "evm", EVM.address, signature)
    assert not signed_by_owner("anna", "solana", str(SOLANA.pubkey()), signature)
    assert not signed_by_owner("anna", "solana", "no address", signature)


def test_a_chain_without_wallet_signatures_is_malformed() -> None:
    with pytest.raises(Malformed):
        signed_by_owner("anna", "memory", "x", "y")
