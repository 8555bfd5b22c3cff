"""The seven mint extensions of an Openscrip token: how each is initialised and changed, byte for byte.

Source: `solana-program/token-2022`, `interface/src/extension/*`. Extensions cannot be added after `InitializeMint2`,
so all seven are decided at birth; an unused one (hook, confidential transfer) stays dormant behind its authority.
A null key is 32 zero bytes; `k` is a 32-byte key; [w] writable, [s] signer.
"""

import struct
from enum import IntEnum

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.token_program import TOKEN_2022, Authority

NULL_KEY = Pubkey.default()


class Extension(IntEnum):
    """TLV types of Token-2022 that our accounts carry."""

    CONFIDENTIAL_TRANSFER_MINT = 4
    DEFAULT_ACCOUNT_STATE = 6
    IMMUTABLE_OWNER = 7
    PERMANENT_DELEGATE = 12
    TRANSFER_HOOK = 14
    TRANSFER_HOOK_ACCOUNT = 15
    METADATA_POINTER = 18
    TOKEN_METADATA = 19
    SCALED_UI_AMOUNT = 25
    PAUSABLE = 26
    PAUSABLE_ACCOUNT = 27


MINT_EXTENSION_LENGTH: dict[Extension, int] = {
    Extension.METADATA_POINTER: 64,
    Extension.PAUSABLE: 33,
    Extension.PERMANENT_DELEGATE: 32,
    Extension.TRANSFER_HOOK: 64,
    Extension.DEFAULT_ACCOUNT_STATE: 1,
    Extension.CONFIDENTIAL_TRANSFER_MINT: 65,
    Extension.SCALED_UI_AMOUNT: 56,
}
"""Bytes of data of each of the seven, without its 4-byte TLV header."""

MINT_SPACE = 166 + sum(4 + length for length in MINT_EXTENSION_LENGTH.values())
"""509. It must be exact: one byte more and InitializeMint2 fails. TokenMetadata is not part of it; it grows itself."""


def initialize_extensions(mint: Pubkey, authority: Pubkey) -> list[Instruction]:
    """All seven for a mint that is not initialised yet, each controlled by `authority`; multiplier 1, not paused."""
    return [
        initialize_metadata_pointer(mint, authority, mint),
        initialize_pausable(mint, authority),
        initialize_permanent_delegate(mint, authority),
        initialize_transfer_hook(mint, authority, NULL_KEY),
        initialize_default_account_state(mint, frozen=False),
        initialize_confidential_transfer(mint, authority),
        initialize_scaled_ui_amount(mint, authority, struct.pack("<d", 1.0)),
    ]


def initialize_metadata_pointer(mint: Pubkey, authority: Pubkey, address: Pubkey) -> Instruction:
    """`39, 0, authority k, address k`; mint[w]."""
    return _on_mint(mint, b"\x27\x00" + bytes(authority) + bytes(address))


def initialize_pausable(mint: Pubkey, authority: Pubkey) -> Instruction:
    """`44, 0, authority k`; mint[w]."""
    return _on_mint(mint, b"\x2c\x00" + bytes(authority))


def initialize_permanent_delegate(mint: Pubkey, delegate: Pubkey) -> Instruction:
    """`35, delegate k`; mint[w]."""
    return _on_mint(mint, b"\x23" + bytes(delegate))


def initialize_transfer_hook(mint: Pubkey, authority: Pubkey, program: Pubkey) -> Instruction:
    """`36, 0, authority k, program k`; mint[w]. A null program is a dormant hook."""
    return _on_mint(mint, b"\x24\x00" + bytes(authority) + bytes(program))


def initialize_default_account_state(mint: Pubkey, *, frozen: bool) -> Instruction:
    """`28, 0, state u8` (1 initialised, 2 frozen); mint[w]."""
    return _on_mint(mint, b"\x1c\x00" + (b"\x02" if frozen else b"\x01"))


def initialize_confidential_transfer(mint: Pubkey, authority: Pubkey) -> Instruction:
    """`27, 0, authority k, auto-approve u8 = 0, auditor 32 = none`; mint[w]."""
    return _on_mint(mint, b"\x1b\x00" + bytes(authority) + b"\x00" + bytes(32))


def initialize_scaled_ui_amount(mint: Pubkey, authority: Pubkey, multiplier: bytes) -> Instruction:
    """`43, 0, authority k, multiplier f64`; mint[w]."""
    return _on_mint(mint, b"\x2b\x00" + bytes(authority) + multiplier)


def update_multiplier(mint: Pubkey, authority: Authority, multiplier: bytes, effective_at: int) -> Instruction:
    """UpdateMultiplier: `43, 1, multiplier f64, effective i64 UTC seconds`; mint[w], authority[s].

    `multiplier` is the 8 bytes of `Multiplier.to_f64_bytes`. An instant in the past applies at once and clears
    what was pending; a future one replaces what was pending.
    """
    return _on_mint(mint, b"\x2b\x01" + multiplier + struct.pack("<q", effective_at), authority)


def pause(mint: Pubkey, authority: Authority) -> Instruction:
    """`44, 1`; mint[w], authority[s]. Stops transfers, mints and burns; pausing twice is harmless."""
    return _on_mint(mint, b"\x2c\x01", authority)


def resume(mint: Pubkey, authority: Authority) -> Instruction:
    """`44, 2`; mint[w], authority[s]."""
    return _on_mint(mint, b"\x2c\x02", authority)


def _on_mint(mint: Pubkey, data: bytes, authority: Authority | None = None) -> Instruction:
    signing = authority.metas() if authority else []
    return Instruction(TOKEN_2022, data, [AccountMeta(mint, is_signer=False, is_writable=True), *signing])
