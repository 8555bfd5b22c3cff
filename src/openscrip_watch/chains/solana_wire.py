"""Token-2022 bytes: transactions taken apart into instructions, and mint accounts.

Little endian. Source: `solana-program/token-2022`, `interface/src/instruction.rs`; layouts as in the project's Solana
reference, written here a second time on purpose: the watch does not trust the issuer's codec.
"""

import struct
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from openscrip_watch.refusal import BadInput, refuse_unless

TOKEN = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"  # noqa: S105  a program's address
ASSOCIATED = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"
SYSTEM = "11111111111111111111111111111111"
DECIMALS = 8
MINT_TO, BURN, TRANSFER_CHECKED, MINT_TO_CHECKED, BURN_CHECKED = 7, 8, 12, 14, 15
_TLV_START = 166
_PERMANENT_DELEGATE, _TRANSFER_HOOK, _SCALED_UI_AMOUNT, _PAUSABLE = 12, 14, 25, 26
_AUTHORITY_FIRST = (4, _PERMANENT_DELEGATE, _TRANSFER_HOOK, 18, _SCALED_UI_AMOUNT, _PAUSABLE)
"""Extensions whose data begins with the key that commands them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: program, data, accounts by address."""

    program: str
    data: bytes
    accounts: tuple[str, ...]

    @property
    def tag(self) -> int:
        """The token program's instruction number; -1 for another program."""
        return self.data[0] if self.program == TOKEN and self.data else -1

    @property
    def grains(self) -> int:
        """The u64 amount behind the tag, in 1e-8 raw."""
        return int.from_bytes(self.data[1:9], "little")


@dataclass(frozen=True, slots=True)
class MintAccount:
    """Supply in 1e-8 raw and the scaled-UI extension: `pending` replaces `current` at `effective_at`.

    `commanders` are all keys that command anything of it except its name; `whole` says that each of the five powers over
    tokens (mint, freeze, pause, delegate, multiplier) has one, and `hook` names the program that transfers call.
    """

    supply: int
    current: float
    effective_at: int
    pending: float
    commanders: frozenset[str]
    whole: bool
    hook: str


def transaction_steps(raw: bytes, loaded: Sequence[str] = ()) -> list[Step]:
    """The instructions of a landed transaction; `loaded` are the addresses that lookup tables added."""
    keys = account_keys(raw, loaded)
    return [
        Step(keys[each.program_id_index], bytes(each.data), tuple(keys[place] for place in bytes(each.accounts)))
        for each in VersionedTransaction.from_bytes(raw).message.instructions
    ]


def account_keys(raw: bytes, loaded: Sequence[str] = ()) -> list[str]:
    """The addresses that a transaction's instructions count by."""
    return [*map(str, VersionedTransaction.from_bytes(raw).message.account_keys), *loaded]


def signed_by(raw: bytes) -> set[str]:
    """The addresses whose signatures under a transaction are valid."""
    transaction = VersionedTransaction.from_bytes(raw)
    valid = zip(transaction.message.account_keys, transaction.verify_with_results(), strict=False)
    return {str(key) for key, good in valid if good}


@dataclass(frozen=True, slots=True)
class Asked:
    """A transaction that somebody wants co-signed: its message, taken apart."""

    message: bytes
    steps: tuple[Step, ...]
    payer: str
    signers: frozenset[str]
    blockhash: str


def read_asked(text: object) -> Asked:
    """A base64 legacy transaction. Raises `BadInput("transaction.malformed")`."""
    try:
        raw = b64decode(text if isinstance(text, str) else "", validate=True)
        transaction = VersionedTransaction.from_bytes(raw)
        message = transaction.message
        if bytes(transaction) != raw or not isinstance(message, Message):
            raise ValueError
        steps = tuple(transaction_steps(raw))
    except (ValueError, IndexError, Base64Error):
        raise BadInput("transaction.malformed", "transaction: it was not a legacy transaction in base64") from None
    keys = [str(key) for key in message.account_keys]
    needed = message.header.num_required_signatures
    return Asked(bytes(message), steps, keys[0], frozenset(keys[:needed]), str(message.recent_blockhash))


def address_word(address: str) -> str:
    """An address as 32 bytes in hex. Raises `BadInput("address.malformed")`."""
    try:
        return bytes(Pubkey.from_string(address)).hex()
    except ValueError:
        raise BadInput("address.malformed", f"address: {address!r:.60} was not a Solana address") from None


@lru_cache(maxsize=10_000)
def associated(owner: str, mint: str) -> str:
    """The associated token account of `owner` for `mint`. Raises `BadInput("address.malformed")`."""
    try:
        seeds = [bytes(Pubkey.from_string(each)) for each in (owner, TOKEN, mint)]
    except ValueError:
        raise BadInput("address.malformed", f"address: {owner!r:.60} was not a Solana address") from None
    return str(Pubkey.find_program_address(seeds, Pubkey.from_string(ASSOCIATED))[0])


def decode_mint(data: bytes) -> MintAccount:
    """A mint account with the scaled-UI extension. Raises `chain.token` for anything else."""
    refuse_unless(len(data) > _TLV_START and data[165] == 1 and data[45] == 1, "chain.token", "solana: it was no mint")
    refuse_unless(data[44] == DECIMALS, "chain.token", f"solana: the mint had {data[44]} decimals")
    extensions = _extensions(data)
    scaled = extensions.get(_SCALED_UI_AMOUNT, b"")
    refuse_unless(len(scaled) == 56, "chain.token", "solana: the mint had no scaled-UI extension")
    current, effective_at, pending = struct.unpack_from("<dqd", scaled, 32)
    keys = [_optional(data, 0), _optional(data, 46)]
    keys += [_named(extensions[kind], 0) for kind in _AUTHORITY_FIRST if len(extensions.get(kind, b"")) >= 32]
    whole = all(keys[:2]) and {_PERMANENT_DELEGATE, _SCALED_UI_AMOUNT, _PAUSABLE} <= extensions.keys()
    supply, commanders = int.from_bytes(data[36:44], "little"), frozenset(key for key in keys if key)
    hook = extensions.get(_TRANSFER_HOOK, b"").ljust(64, b"\0")
    return MintAccount(supply, current, effective_at, pending, commanders, whole, _named(hook, 32))


def _extensions(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = _TLV_START
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, at)
        if kind == 0:
            break
        found[kind] = data[at + 4 : at + 4 + length]
        at += 4 + length
    return found


def _optional(data: bytes, at: int) -> str:
    return str(Pubkey(data[at + 4 : at + 36])) if data[at : at + 4] == b"\x01\x00\x00\x00" else ""


def _named(data: bytes, at: int) -> str:
    """A key that may be none: 32 zero bytes."""
    key = data[at : at + 32]
    return str(Pubkey(key)) if any(key) else ""
