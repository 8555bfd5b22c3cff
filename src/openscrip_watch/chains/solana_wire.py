"""Token-2022 and memo bytes: transactions taken apart into instructions, and mint accounts.

Little endian. Source: `solana-program/token-2022`, `interface/src/instruction.rs`; layouts as in the project's Solana
reference, written here a second time on purpose: the watch does not trust the issuer's codec.
"""

import re
import struct
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from openscrip_watch.refusal import BadInput, Refusal, refuse_unless

TOKEN = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"  # noqa: S105  a program's address
ASSOCIATED = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"
MEMO = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"
SYSTEM = "11111111111111111111111111111111"
DECIMALS = 8
MINT_TO, BURN, TRANSFER_CHECKED, MINT_TO_CHECKED, BURN_CHECKED = 7, 8, 12, 14, 15
_MULTIPLIER_TAG = b"\x2b\x01"
_SCALED_UI_AMOUNT, _TLV_START = 25, 166
_HASH, _COUNT = "([0-9a-f]{64})", "(0|[1-9][0-9]{0,9})"
_MEMOS = {
    "mint": re.compile(f"openscrip:mint:{_HASH}:{_HASH}:{_COUNT}"),
    "redeem": re.compile(f"openscrip:redeem:{_HASH}:{_COUNT}"),
    "burn": re.compile(f"openscrip:burn:{_HASH}"),
    "refund": re.compile(f"openscrip:refund:{_HASH}"),
    "multiplier": re.compile(f"openscrip:multiplier:{_COUNT}:{_COUNT}:{_HASH}"),
}


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
class Memo:
    """One of our memos: its word and its parts."""

    word: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Multiplier:
    """What UpdateMultiplier (`43, 1, f64, i64`) tells a mint to show from `effective_at` on."""

    mint: str
    f64: float
    effective_at: int


@dataclass(frozen=True, slots=True)
class MintAccount:
    """Supply in 1e-8 raw and the scaled-UI extension: `pending` replaces `current` at `effective_at`."""

    supply: int
    current: float
    effective_at: int
    pending: float


def read_memo(step: Step) -> Memo | None:
    """The memo in a step, or None when it is not one of ours to the letter."""
    if step.program != MEMO:
        return None
    text = step.data.decode("utf-8", "replace")
    word = text.split(":", 2)[1] if text.startswith("openscrip:") else ""
    match = _MEMOS[word].fullmatch(text) if word in _MEMOS else None
    return Memo(word, match.groups()) if match else None


def read_multiplier(step: Step) -> Multiplier | None:
    """The multiplier change in a step, or None."""
    if step.program != TOKEN or step.data[:2] != _MULTIPLIER_TAG or len(step.data) != 18:
        return None
    f64, effective_at = struct.unpack("<dq", step.data[2:])
    return Multiplier(step.accounts[0], f64, effective_at)


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


def signatures(raw: bytes) -> list[str]:
    """The signatures that a transaction carries, in base58; the first names it."""
    return [str(each) for each in VersionedTransaction.from_bytes(raw).signatures]


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


@dataclass(frozen=True, slots=True)
class Authority:
    """The SPL multisig, 2 of 2, with the issuer (who also pays fees) and the watch as its signers."""

    multisig: str
    issuer: str
    attestor: str

    def escrow(self, mint: str) -> str:
        """Where redeemed tokens wait: the multisig's own token account."""
        return associated(self.multisig, mint)

    def refuse_unless_exact(self, asked: Asked, expected: Sequence[Step]) -> None:
        """Exactly these instructions, this payer, these two signers. Raises `transaction.content` or `….signers`."""
        named = asked.payer == self.issuer and asked.signers == {self.issuer, self.attestor}
        refuse_unless(named, "transaction.signers", "transaction: payer or signers were not issuer and attestor")
        if len(asked.steps) != len(expected):
            text = f"transaction: it had {len(asked.steps)} instructions where {len(expected)} were allowed"
            raise Refusal("transaction.content", text)
        for number, (got, wanted) in enumerate(zip(asked.steps, expected, strict=True), 1):
            refuse_unless(
                self._ordered(got) == self._ordered(wanted),
                "transaction.content",
                f"transaction: instruction {number} was not what was asked for",
            )

    def mint_to(self, mint: str, owner: str, grains: int) -> list[Step]:
        """Open the receiver's account if need be, then MintToChecked."""
        account = associated(owner, mint)
        data = bytes([MINT_TO_CHECKED]) + grains.to_bytes(8, "little") + bytes([DECIMALS])
        return [self.open_account(mint, owner), self._step(data, (mint, account))]

    def open_account(self, mint: str, owner: str) -> Step:
        """CreateIdempotent of the receiver's associated account, paid by the issuer."""
        accounts = (self.issuer, associated(owner, mint), owner, mint, SYSTEM, TOKEN)
        return Step(ASSOCIATED, b"\x01", accounts)

    def burn(self, mint: str, grains: int) -> Step:
        """BurnChecked out of escrow."""
        data = bytes([BURN_CHECKED]) + grains.to_bytes(8, "little") + bytes([DECIMALS])
        return self._step(data, (self.escrow(mint), mint))

    def refund(self, mint: str, account: str, grains: int) -> Step:
        """TransferChecked out of escrow."""
        data = bytes([TRANSFER_CHECKED]) + grains.to_bytes(8, "little") + bytes([DECIMALS])
        return self._step(data, (self.escrow(mint), mint, account))

    def handover(self, mint: str) -> list[Step]:
        """The proof of both keys (a move of nothing), then the issuer hands the mint authority to the multisig."""
        proof = self.refund(mint, self.escrow(mint), 0)
        set_authority = b"\x06\x00\x01" + bytes(Pubkey.from_string(self.multisig))
        return [proof, Step(TOKEN, set_authority, (mint, self.issuer))]

    def pause(self, mint: str, *, paused: bool) -> Step:
        """`44, 1` stops a token, `44, 2` resumes it."""
        return self._step(b"\x2c\x01" if paused else b"\x2c\x02", (mint,))

    def update_multiplier(self, mint: str, f64: float, effective_at: int) -> Step:
        """UpdateMultiplier."""
        return self._step(_MULTIPLIER_TAG + struct.pack("<dq", f64, effective_at), (mint,))

    def _step(self, data: bytes, accounts: tuple[str, ...]) -> Step:
        return Step(TOKEN, data, (*accounts, self.multisig, self.issuer, self.attestor))

    def _ordered(self, step: Step) -> Step:
        """The multisig's co-signers come last, in either order."""
        tail = step.accounts[-2:]
        if step.program == TOKEN and set(tail) == {self.issuer, self.attestor}:
            return Step(step.program, step.data, (*step.accounts[:-2], *sorted(tail)))
        return step


def memo(text: str) -> Step:
    """A memo that asks for no further signature."""
    return Step(MEMO, text.encode(), ())


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
    at = _TLV_START
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, at)
        if kind == 0:
            break
        if kind == _SCALED_UI_AMOUNT and length == 56 and at + 60 <= len(data):
            current, effective_at, pending = struct.unpack_from("<dqd", data, at + 36)
            return MintAccount(int.from_bytes(data[36:44], "little"), current, effective_at, pending)
        at += 4 + length
    raise Refusal("chain.token", "solana: the mint had no scaled-UI extension")


def decode_multisig(data: bytes) -> tuple[int, tuple[str, ...]]:
    """(signatures needed, signers) of an SPL multisig: `m u8 | n u8 | initialised u8 | keys`."""
    refuse_unless(len(data) == 355 and data[2] == 1, "chain.multisig", "solana: the mint authority was no multisig")
    keys = tuple(str(Pubkey(data[3 + 32 * place : 35 + 32 * place])) for place in range(data[1]))
    return data[0], keys


def mint_authority(data: bytes) -> str:
    """The mint authority in a mint account; empty for none."""
    return str(Pubkey(data[4:36])) if data[:4] == b"\x01\x00\x00\x00" else ""
