"""The token-metadata interface of Token-2022: the name, symbol and ISIN that stand inside the mint account.

Source: `spl-token-metadata-interface`. An instruction begins with the first 8 bytes of SHA-256 of
`spl_token_metadata_interface:` and its name; a string is `length u32, UTF-8`.
Warning: these instructions do not accept a multisig. The metadata is written while the mint authority is a plain key.
"""

import hashlib
from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.token_program import TOKEN_2022
from openscrip.kernel.errors import Malformed

CUSTOM_FIELD = 3
"""Field tag of `updating_field`: 0 name, 1 symbol, 2 uri, 3 and a string for a field of our own."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the mint says of itself. `fields` are additional (key, value) pairs in their order on chain."""

    update_authority: Pubkey
    mint: Pubkey
    name: str
    symbol: str
    uri: str
    fields: tuple[tuple[str, str], ...]

    def __bytes__(self) -> bytes:
        pairs = b"".join(_string(key) + _string(value) for key, value in self.fields)
        texts = _string(self.name) + _string(self.symbol) + _string(self.uri)
        return bytes(self.update_authority) + bytes(self.mint) + texts + _u32(len(self.fields)) + pairs

    def field(self, key: str) -> str | None:
        """The value of the additional field `key`, or None."""
        return dict(self.fields).get(key)


def initialize_metadata(metadata: Metadata, mint_authority: Pubkey) -> Instruction:
    """`initialize_account`: name, symbol, uri; metadata (= the mint)[w], update authority, mint, mint authority[s]."""
    data = _discriminator("initialize_account") + b"".join(map(_string, (metadata.name, metadata.symbol, metadata.uri)))
    accounts = [
        AccountMeta(metadata.mint, is_signer=False, is_writable=True),
        AccountMeta(metadata.update_authority, is_signer=False, is_writable=False),
        AccountMeta(metadata.mint, is_signer=False, is_writable=False),
        AccountMeta(mint_authority, is_signer=True, is_writable=False),
    ]
    return Instruction(TOKEN_2022, data, accounts)


def update_field(mint: Pubkey, update_authority: Pubkey, key: str, value: str) -> Instruction:
    """`updating_field`: `3, key string, value string`; metadata[w], update authority[s]."""
    data = _discriminator("updating_field") + bytes([CUSTOM_FIELD]) + _string(key) + _string(value)
    accounts = [
        AccountMeta(mint, is_signer=False, is_writable=True),
        AccountMeta(update_authority, is_signer=True, is_writable=False),
    ]
    return Instruction(TOKEN_2022, data, accounts)


def decode_metadata(data: bytes) -> Metadata:
    """The metadata of TLV entry 19. Raises `Malformed("solana.metadata")`."""
    try:
        texts, at = [], 64
        for _ in range(3):
            text, at = _read_string(data, at)
            texts.append(text)
        count, at = int.from_bytes(data[at : at + 4], "little"), at + 4
        fields = []
        for _ in range(count):
            key, at = _read_string(data, at)
            value, at = _read_string(data, at)
            fields.append((key, value))
    except UnicodeDecodeError:
        raise Malformed("solana.metadata", "metadata: a string was not UTF-8") from None
    name, symbol, uri = texts
    return Metadata(Pubkey(data[:32]), Pubkey(data[32:64]), name, symbol, uri, tuple(fields))


def _read_string(data: bytes, at: int) -> tuple[str, int]:
    start = at + 4
    end = start + int.from_bytes(data[at:start], "little")
    if start > len(data) or end > len(data):
        raise Malformed("solana.metadata", f"metadata: a string at {at} ended beyond its {len(data)} bytes")
    return data[start:end].decode(), end


def _discriminator(name: str) -> bytes:
    return hashlib.sha256(b"spl_token_metadata_interface:" + name.encode()).digest()[:8]


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _string(text: str) -> bytes:
    encoded = text.encode()
    return _u32(len(encoded)) + encoded
