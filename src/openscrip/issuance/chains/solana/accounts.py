"""Token-2022 accounts, decoded: mints with their extensions, and token accounts.

Layouts (little endian, `k` a 32-byte key). Mint, 82 bytes: `mint authority (option u32, k) | supply u64 | decimals u8 |
initialised u8 | freeze authority (option u32, k)`. Token account, 165 bytes: `mint k | owner k | amount u64 | delegate
(option u32, k) | state u8 at 108 | ...`. With extensions both are padded to 165 bytes; byte 165 says which (1 mint,
2 account); from 166 on stand entries `type u16, length u16, data`, and type 0 ends the list.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.extensions import MINT_EXTENSION_LENGTH, NULL_KEY, Extension
from openscrip.issuance.chains.solana.metadata import Metadata, decode_metadata
from openscrip.issuance.chains.solana.token_program import MULTISIG_SPACE
from openscrip.kernel.errors import Malformed

BASE_LENGTH = 165
KIND_MINT, KIND_ACCOUNT = 1, 2
STATE_FROZEN = 2


@dataclass(frozen=True, slots=True)
class ScaledAmount:
    """A mint's multipliers as their exact 8 bytes; `pending` replaces `current` at `effective_at` (UTC seconds)."""

    authority: Pubkey
    current: bytes
    effective_at: int
    pending: bytes

    def in_force(self, now: int) -> bytes:
        """The f64 that the program multiplies by when the cluster clock shows `now`."""
        return self.pending if now >= self.effective_at else self.current


@dataclass(frozen=True, slots=True)
class MintAccount:
    """A mint. `supply` is in grains (1e-8 raw at our 8 decimals); `extensions` holds the raw TLV entries."""

    mint_authority: Pubkey | None
    supply: int
    decimals: int
    freeze_authority: Pubkey | None
    extensions: Mapping[int, bytes]

    @property
    def scaled(self) -> ScaledAmount:
        """`authority k, multiplier f64, new timestamp i64, new multiplier f64` (56 bytes)."""
        data = self._extension(Extension.SCALED_UI_AMOUNT)
        return ScaledAmount(Pubkey(data[:32]), data[32:40], struct.unpack("<q", data[40:48])[0], data[48:56])

    @property
    def pause_authority(self) -> Pubkey:
        """The key that pauses and resumes."""
        return Pubkey(self._extension(Extension.PAUSABLE)[:32])

    @property
    def paused(self) -> bool:
        """`authority k, paused u8` (33 bytes)."""
        return self._extension(Extension.PAUSABLE)[32] == 1

    @property
    def permanent_delegate(self) -> Pubkey:
        """The key that may move or burn any balance."""
        return Pubkey(self._extension(Extension.PERMANENT_DELEGATE))

    @property
    def transfer_hook(self) -> tuple[Pubkey, Pubkey | None]:
        """`authority k, program k` (64 bytes); no program is a dormant hook."""
        data = self._extension(Extension.TRANSFER_HOOK)
        program = Pubkey(data[32:])
        return Pubkey(data[:32]), None if program == NULL_KEY else program

    @property
    def opens_frozen(self) -> bool:
        """True when a new token account starts frozen."""
        return self._extension(Extension.DEFAULT_ACCOUNT_STATE)[0] == STATE_FROZEN

    @property
    def metadata_address(self) -> Pubkey:
        """`authority k, address k` (64 bytes): where the metadata stands."""
        return Pubkey(self._extension(Extension.METADATA_POINTER)[32:])

    @property
    def metadata(self) -> Metadata:
        """The metadata inside this account."""
        return decode_metadata(self._extension(Extension.TOKEN_METADATA))

    def _extension(self, kind: Extension) -> bytes:
        data = self.extensions.get(kind)
        if data is None or len(data) != MINT_EXTENSION_LENGTH.get(kind, len(data)):
            raise Malformed("solana.account", f"mint: extension {kind.name} was missing or of another length")
        return data


@dataclass(frozen=True, slots=True)
class TokenAccount:
    """A balance: `amount` grains of `mint`, owned by `owner`."""

    mint: Pubkey
    owner: Pubkey
    amount: int
    frozen: bool


def decode_mint(data: bytes) -> MintAccount:
    """A mint account with its extensions. Raises `Malformed("solana.account")`."""
    if len(data) != 82 and (len(data) <= BASE_LENGTH or data[BASE_LENGTH] != KIND_MINT or len(data) == MULTISIG_SPACE):
        raise Malformed("solana.account", f"mint: {len(data)} bytes were not a mint")
    if data[45] != 1:
        raise Malformed("solana.account", "mint: it was not initialised")
    supply, decimals = struct.unpack_from("<QB", data, 36)
    return MintAccount(_optional_key(data, 0), supply, decimals, _optional_key(data, 46), _entries(data[BASE_LENGTH + 1 :]))


def decode_token_account(data: bytes) -> TokenAccount:
    """A token account, plain or with extensions. Raises `Malformed("solana.account")`."""
    tagged = len(data) > BASE_LENGTH and data[BASE_LENGTH] == KIND_ACCOUNT and len(data) != MULTISIG_SPACE
    if len(data) != BASE_LENGTH and not tagged:
        raise Malformed("solana.account", f"token account: {len(data)} bytes were not a token account")
    state = data[108]
    if state not in (1, STATE_FROZEN):
        raise Malformed("solana.account", f"token account: state was {state}")
    amount = int.from_bytes(data[64:72], "little")
    return TokenAccount(Pubkey(data[:32]), Pubkey(data[32:64]), amount, state == STATE_FROZEN)


def _optional_key(data: bytes, at: int) -> Pubkey | None:
    return Pubkey(data[at + 4 : at + 36]) if data[at : at + 4] == b"\x01\x00\x00\x00" else None


def _entries(tail: bytes) -> dict[int, bytes]:
    entries: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(tail):
        kind, length = struct.unpack_from("<HH", tail, at)
        if kind == 0:
            break
        at += 4
        if at + length > len(tail) or kind in entries:
            raise Malformed("solana.account", f"extensions: entry {kind} was cut off or came twice")
        entries[kind] = tail[at : at + length]
        at += length
    return entries
