"""Proof that a client holds a wallet: one fixed sentence, signed by the wallet's own key."""

import re
from collections.abc import Callable

from openscrip.kernel.errors import Malformed

ContractCall = Callable[[str, bytes], bytes]
"""A read of a contract at the newest final block, with bounded gas: what it returned, empty where it failed."""
IS_VALID_SIGNATURE = bytes.fromhex("1626ba7e")
"""EIP-1271: the selector of `isValidSignature(bytes32,bytes)`, and what it returns when it is."""
_HEX = re.compile(r"0x([0-9a-fA-F]{2}){1,2048}")
_EVM_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_EVM_SIGNATURE = re.compile(r"0x[0-9a-fA-F]{130}")


def ownership_message(person_id: str, chain: str, address: str) -> str:
    """The sentence that the wallet signs (EIP-191 `personal_sign` on EVM, the plain bytes on Solana)."""
    return f"Openscrip wallet ownership\nclient: {person_id}\nchain: {chain}\naddress: {address}"


def challenge_message(person_id: str, chain: str, address: str, nonce: str, asked: str, until: str) -> str:
    """The same sentence with what makes it new each time: a nonce and the times between which it counts."""
    return f"{ownership_message(person_id, chain, address)}\nnonce: {nonce}\nasked: {asked}\nuntil: {until}"


def signed_by_owner(person_id: str, chain: str, address: str, signature: str) -> bool:
    """Whether the key of `address` signed the sentence. Hex signatures on EVM, base58 on Solana.

    Raises `Malformed("wallet.chain")` for a chain that has no such signature.
    """
    return signed(ownership_message(person_id, chain, address), chain, address, signature)


def signed(message: str, chain: str, address: str, signature: str) -> bool:
    """Whether the key of `address` signed a message. Raises `Malformed("wallet.chain")`."""
    if chain == "evm" or chain.startswith("evm-"):
        return _evm_signed(message, address, signature)
    if chain == "solana":
        return _solana_signed(message.encode(), address, signature)
    raise Malformed("wallet.chain", f"wallet: chain {chain!r:.20} was neither evm nor solana")


def signed_by_contract(call: ContractCall, message: str, address: str, signature: str) -> bool:
    """Whether the contract at `address` takes the signature for its own (EIP-1271, over the EIP-191 hash of the message)."""
    if not _HEX.fullmatch(signature) or not _EVM_ADDRESS.fullmatch(address):
        return False
    # Imported here: heavy, and only the process that takes wallets on needs it.
    from eth_abi.abi import encode  # noqa: PLC0415  # see the line above
    from eth_account.messages import encode_defunct  # noqa: PLC0415  # see the line above
    from eth_utils.crypto import keccak  # noqa: PLC0415  # see the line above

    asked = encode_defunct(text=message)
    digest = keccak(b"\x19" + asked.version + asked.header + asked.body)
    data = IS_VALID_SIGNATURE + encode(["bytes32", "bytes"], [digest, bytes.fromhex(signature[2:])])
    return call(address, data)[:32] == IS_VALID_SIGNATURE.ljust(32, b"\0")


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
