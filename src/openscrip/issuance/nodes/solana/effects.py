"""What each transaction did, in a file beside the log: the history is read from it, and a restart need not execute again.

It is a copy. The chain rests on the log alone: what is missing here, cut off or does not match is made again from there.
A body is, little endian: `log end u64, slot u64, market time i64`, counts, then raw transaction, keys, balances, error,
meta, tokens, and the accounts that it changed as they were afterwards.
"""

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from solders.account import Account
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction_metadata import TransactionMetadata

from openscrip.issuance.nodes.frames import FRAME, FrameBroken, frame, frames
from openscrip.issuance.nodes.solana.landed import Executed, Landed
from openscrip.issuance.nodes.solana.log import LogFailed
from openscrip.issuance.nodes.solana.message_keys import MessageKeys
from openscrip.issuance.nodes.solana.token_accounts import TokenBalance

_HEAD = struct.Struct("<QQqHHIBBBBBBBBBB")
_TOKEN = struct.Struct("<B32s32s32sQB")
_ACCOUNT = struct.Struct("<Q32sBQI")
_SIGNATURE_AT = 1


@dataclass(frozen=True, slots=True)
class Remembered:
    """One body, taken apart as far as a restart needs it."""

    body: bytes
    log_end: int
    slot: int
    at: int
    raw: bytes
    renews_blockhash: bool
    keys: tuple[bytes, ...]

    @property
    def signature(self) -> Signature:
        """The transaction's first signature, which stands behind their one-byte count."""
        return Signature(self.raw[_SIGNATURE_AT : _SIGNATURE_AT + 64])

    @property
    def frame_bytes(self) -> int:
        """How long the frame is in the file."""
        return FRAME.size + len(self.body)

    def changed(self) -> Iterator[tuple[bytes, bytes | None]]:
        """The accounts that it may have changed, packed as they were afterwards; None for those that were gone."""
        (_, _, _, raw, error, meta, _, _, _, _, _, _, _, before, after, count) = _HEAD.unpack_from(self.body)
        at = _HEAD.size + raw + len(self.keys) * 48 + error + meta + (before + after) * _TOKEN.size
        for _ in range(count):
            place, exists = self.body[at], self.body[at + 1]
            length = _ACCOUNT.size + _ACCOUNT.unpack_from(self.body, at + 2)[4] if exists else 0
            yield self.keys[place], self.body[at + 2 : at + 2 + length] if exists else None
            at += 2 + length


class Effects:
    """The file. `append` hands over to the system; nobody waits for the disk."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.end = 0

    def replay(self) -> Iterator[tuple[int, Remembered]]:
        """Each transaction from the start, and where its frame starts, as far as the file is whole."""
        start = 0
        try:
            for end, body in frames(self._file, os.fstat(self._file).st_size):
                yield start, remembered(body)
                start = end
        except (FrameBroken, struct.error):
            return

    def cut(self, end: int) -> None:
        """Forget what follows `end`, where the next is appended."""
        os.ftruncate(self._file, end)
        self.end = end

    def append(self, executed: Executed, log_end: int) -> int:
        """Write down a transaction; where its frame starts. Raises `LogFailed`."""
        start, written = self.end, frame(encode(executed, log_end))
        try:
            if os.pwrite(self._file, written, start) != len(written):
                raise OSError("the disk took only a part of it")
        except OSError as failure:
            raise LogFailed(f"effects: a transaction could not be written: {failure}") from failure
        self.end += len(written)
        return start

    def read(self, start: int) -> Landed:
        """The transaction whose frame starts there."""
        length, _ = FRAME.unpack(os.pread(self._file, FRAME.size, start))
        return decode(os.pread(self._file, length, start + FRAME.size))

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def encode(executed: Executed, log_end: int) -> bytes:
    """The body for a transaction whose record in the log ends at `log_end`."""
    landed = executed.landed
    keys, everyone = landed.keys, landed.keys.all
    error = b"" if landed.error is None else json.dumps(landed.error).encode()
    meta = bytes(landed.meta)
    places = {key: place for place, key in reversed(list(enumerate(everyone)))}
    head = _HEAD.pack(
        log_end, landed.slot, landed.at, len(landed.raw), len(error), len(meta), executed.renews_blockhash,
        len(keys.named), len(keys.loaded_writable), len(keys.loaded_readonly), keys.signers, keys.readonly_signers,
        keys.readonly_others, len(landed.tokens_before), len(landed.tokens_after), len(executed.changed),
    )  # fmt: skip
    count = len(everyone)
    parts = [head, landed.raw, *map(bytes, everyone)]
    parts.append(struct.pack(f"<{2 * count}Q", *landed.balances_before, *landed.balances_after))
    parts += [error, meta, *map(_pack_token, landed.tokens_before + landed.tokens_after)]
    for key, account in executed.changed.items():
        parts.append(bytes((places[key], account is not None)))
        if account is not None:
            parts.append(pack_account(account))
    return b"".join(parts)


def decode(body: bytes) -> Landed:
    """The transaction of a body."""
    (
        _, slot, market_at, raw_length, error_length, meta_length, _, named, writable, readonly, signers,
        readonly_signers, readonly_others, before, after, _,
    ) = _HEAD.unpack_from(body)  # fmt: skip
    at = _HEAD.size
    raw, at = body[at : at + raw_length], at + raw_length
    count = named + writable + readonly
    everyone = tuple(Pubkey(body[at + 32 * place : at + 32 * place + 32]) for place in range(count))
    balances = struct.unpack_from(f"<{2 * count}Q", body, at + 32 * count)
    at += 48 * count
    error, at = body[at : at + error_length], at + error_length
    meta, at = TransactionMetadata.from_bytes(body[at : at + meta_length]), at + meta_length
    tokens = tuple(_unpack_token(body, at + number * _TOKEN.size) for number in range(before + after))
    keys = MessageKeys(
        everyone[:named], everyone[named : named + writable], everyone[named + writable :], signers, readonly_signers,
        readonly_others,
    )  # fmt: skip
    return Landed(
        Signature(raw[_SIGNATURE_AT : _SIGNATURE_AT + 64]), slot, market_at, raw, json.loads(error) if error else None,
        meta, keys, balances[:count], balances[count:], tokens[:before], tokens[before:],
    )  # fmt: skip


def remembered(body: bytes) -> Remembered:
    """A body as a restart needs it."""
    log_end, slot, market_at, raw_length, _, _, renews, named, writable, readonly, *_ = _HEAD.unpack_from(body)
    keys_at = _HEAD.size + raw_length
    keys = tuple(body[at : at + 32] for at in range(keys_at, keys_at + 32 * (named + writable + readonly), 32))
    return Remembered(body, log_end, slot, market_at, body[_HEAD.size : keys_at], renews == 1, keys)


def pack_account(account: Account) -> bytes:
    """An account in bytes."""
    data = bytes(account.data)
    head = _ACCOUNT.pack(account.lamports, bytes(account.owner), account.executable, account.rent_epoch, len(data))
    return head + data


def unpack_account(packed: bytes) -> Account:
    """What `pack_account` packed."""
    lamports, owner, executable, rent_epoch, length = _ACCOUNT.unpack_from(packed)
    data = packed[_ACCOUNT.size : _ACCOUNT.size + length]
    return Account(lamports, data, Pubkey(owner), executable=bool(executable), rent_epoch=rent_epoch)


def _pack_token(balance: TokenBalance) -> bytes:
    return _TOKEN.pack(
        balance.place, bytes(balance.mint), bytes(balance.holder), bytes(balance.program), balance.grains, balance.decimals
    )


def _unpack_token(body: bytes, at: int) -> TokenBalance:
    place, mint, holder, program, grains, decimals = _TOKEN.unpack_from(body, at)
    return TokenBalance(place, Pubkey(mint), Pubkey(holder), Pubkey(program), grains, decimals)
