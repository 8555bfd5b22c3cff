"""Proof that a client holds a wallet: one fixed sentence, signed by the wallet's own key."""

import re

from openscrip.kernel.errors import Malformed

_EVM_SIGNATURE = re.compile(r"0x[0-9a-fA-F]{130}")


def ownership_message(person_id: str, chain: str, address: str) -> str:
    """The sentence that the wallet signs (EIP-191 `personal_sign` on EVM, the plain bytes on Solana)."""
    return f"Openscrip wallet ownership\nclient: {person_id}\nchain: {chain}\naddress: {address}"


def signed_by_owner(person_id: str, chain: str, address: str, signature: str) -> bool:
    """Whether the key of `address` signed the sentence. Hex signatures on EVM, base58 on Solana.

    Raises `Malformed("wallet.chain")` for a chain that has no such signature.
    """
    message = ownership_message(person_id, chain, address)
    if chain == "evm":
        return _evm_signed(message, address, signature)
    if chain == "solana":
        return _solana_signed(message.encode(), address, signature)
    raise Malformed("wallet.chain", f"wallet: chain {chain!r:.20} was neither evm nor solana")


def _evm_signed(message: str, address: str, signature: str) -> bool:
    if not _EVM_SIGNATURE.fullmatch(signature):
        return False
    # Imported here: heavy, and only the process that takes wallets on needs it.
    from eth_account import Account  # noqa: PLC0415  # see the line above
    from eth_account.messages import encode_defunct  # noqa: PLC0415  # see the line above
    from eth_keys.exceptions import BadSignature  # noqa: PLC0415  # see the line above

    try:
        recovered = Account.recover_message(encode_defunct(text=message), signature=bytes.fromhex(signature[2:]))
    except (BadSignature, ValueError, TypeError):
        return False
    return bool(recovered.lower() == address.lower())


def _solana_signed(message: bytes, address: str, signature: str) -> bool:
    # Imported here: heavy, and only the process that takes wallets on needs it.
    from solders.pubkey import Pubkey  # noqa: PLC0415  # see the line above
    from solders.signature import Signature  # noqa: PLC0415  # see the line above

    try:
        return Signature.from_string(signature).verify(Pubkey.from_string(address), message)
    except ValueError:
        return False
