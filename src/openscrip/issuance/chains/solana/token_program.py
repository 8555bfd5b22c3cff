"""Token-2022 instructions, byte for byte (little endian; `k` is a 32-byte key; [w] writable, [s] signer).

Source: `solana-program/token-2022`, `interface/src/instruction.rs`. Whoever must sign is an `Authority`.
Warning: plain `Transfer` (tag 3) is refused by a pausable or hooked mint, so only the Checked forms exist here.
"""

from dataclasses import dataclass
from enum import IntEnum

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from openscrip.kernel.errors import refuse_unless

TOKEN_2022 = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
ASSOCIATED_TOKEN = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
SYSTEM = Pubkey.from_string("11111111111111111111111111111111")
U64_MAX = 2**64 - 1
MULTISIG_SPACE = 355
"""Bytes of an SPL multisig, which may not be taken for a mint or a balance."""


class AuthorityType(IntEnum):
    """What `set_authority` hands over. Setting one to none is final."""

    MINT = 0
    FREEZE = 1
    ACCOUNT_OWNER = 2
    CLOSE_ACCOUNT = 3
    PERMANENT_DELEGATE = 8
    CONFIDENTIAL_TRANSFER_MINT = 9
    TRANSFER_HOOK_PROGRAM = 10
    METADATA_POINTER = 12
    SCALED_UI_AMOUNT = 15
    PAUSE = 16


@dataclass(frozen=True, slots=True)
class Authority:
    """The key that signs: its own transactions, or inside a program that lends its own account's name."""

    account: Pubkey

    def metas(self) -> list[AccountMeta]:
        """The account that stands for this authority at the end of an instruction."""
        return [AccountMeta(self.account, is_signer=True, is_writable=False)]


def initialize_mint(mint: Pubkey, decimals: int, mint_authority: Pubkey, freeze_authority: Pubkey) -> Instruction:
    """InitializeMint2: `20, decimals u8, mint authority k, 1, freeze authority k`; mint[w]. After every extension."""
    data = bytes([20, decimals]) + bytes(mint_authority) + b"\x01" + bytes(freeze_authority)
    return Instruction(TOKEN_2022, data, [_writable(mint)])


def set_authority(account: Pubkey, kind: AuthorityType, current: Authority, new: Pubkey | None) -> Instruction:
    """SetAuthority: `6, type u8, 0` or `6, type u8, 1, new k`; account[w], current authority[s]."""
    data = bytes([6, kind]) + (b"\x00" if new is None else b"\x01" + bytes(new))
    return Instruction(TOKEN_2022, data, [_writable(account), *current.metas()])


def transfer_checked(
    source: Pubkey, mint: Pubkey, destination: Pubkey, owner: Authority, grains: int, decimals: int
) -> Instruction:
    """TransferChecked: `12, amount u64, decimals u8`; source[w], mint, destination[w], owner[s]."""
    accounts = [_writable(source), _readonly(mint), _writable(destination), *owner.metas()]
    return Instruction(TOKEN_2022, _checked(12, grains, decimals), accounts)


def mint_to_checked(mint: Pubkey, destination: Pubkey, authority: Authority, grains: int, decimals: int) -> Instruction:
    """MintToChecked: `14, amount u64, decimals u8`; mint[w], destination[w], mint authority[s]."""
    accounts = [_writable(mint), _writable(destination), *authority.metas()]
    return Instruction(TOKEN_2022, _checked(14, grains, decimals), accounts)


def burn_checked(account: Pubkey, mint: Pubkey, owner: Authority, grains: int, decimals: int) -> Instruction:
    """BurnChecked: `15, amount u64, decimals u8`; account[w], mint[w], owner[s]."""
    accounts = [_writable(account), _writable(mint), *owner.metas()]
    return Instruction(TOKEN_2022, _checked(15, grains, decimals), accounts)


def freeze_account(account: Pubkey, mint: Pubkey, authority: Authority) -> Instruction:
    """FreezeAccount: `10`; account[w], mint, freeze authority[s]."""
    return Instruction(TOKEN_2022, b"\x0a", [_writable(account), _readonly(mint), *authority.metas()])


def thaw_account(account: Pubkey, mint: Pubkey, authority: Authority) -> Instruction:
    """ThawAccount: `11`; account[w], mint, freeze authority[s]."""
    return Instruction(TOKEN_2022, b"\x0b", [_writable(account), _readonly(mint), *authority.metas()])


def amount_to_ui_amount(mint: Pubkey, grains: int) -> Instruction:
    """AmountToUiAmount: `23, amount u64`; mint. The return data is the UTF-8 decimal that the program shows."""
    return Instruction(TOKEN_2022, b"\x17" + _u64(grains), [_readonly(mint)])


def create_associated_account(payer: Pubkey, owner: Pubkey, mint: Pubkey) -> Instruction:
    """CreateIdempotent of the associated-token program: `1`; payer[ws], account[w], owner, mint, System, Token-2022."""
    accounts = [
        AccountMeta(payer, is_signer=True, is_writable=True),
        _writable(associated_account(owner, mint)),
        *map(_readonly, (owner, mint, SYSTEM, TOKEN_2022)),
    ]
    return Instruction(ASSOCIATED_TOKEN, b"\x01", accounts)


def associated_account(owner: Pubkey, mint: Pubkey) -> Pubkey:
    """The one token account of `owner` for `mint` that every wallet looks at."""
    seeds = [bytes(owner), bytes(TOKEN_2022), bytes(mint)]
    return Pubkey.find_program_address(seeds, ASSOCIATED_TOKEN)[0]


def _checked(tag: int, grains: int, decimals: int) -> bytes:
    return bytes([tag]) + _u64(grains) + bytes([decimals])


def _u64(value: int) -> bytes:
    refuse_unless(0 <= value <= U64_MAX, "solana.amount", f"token: {value} did not fit in 64 bits")
    return value.to_bytes(8, "little")


def _writable(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=True)


def _readonly(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=False)
