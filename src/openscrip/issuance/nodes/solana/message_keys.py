"""The accounts of a message in their order: those it names itself, then those it takes from lookup tables."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey

_TABLE_HEAD_BYTES = 56


@dataclass(frozen=True, slots=True)
class MessageKeys:
    """`named` by the message itself, `loaded` writable and read-only from lookup tables. Places count through all three."""

    named: tuple[Pubkey, ...]
    loaded_writable: tuple[Pubkey, ...]
    loaded_readonly: tuple[Pubkey, ...]
    signers: int
    readonly_signers: int
    readonly_others: int

    @property
    def all(self) -> tuple[Pubkey, ...]:
        """Every account, in the order in which instructions count them."""
        return self.named + self.loaded_writable + self.loaded_readonly

    def is_signer(self, place: int) -> bool:
        """Whether the account at `place` signs."""
        return place < self.signers

    def may_write(self, place: int) -> bool:
        """Whether the message asks to write it. (A program that is called is never written all the same.)"""
        named = len(self.named)
        if place >= named:
            return place < named + len(self.loaded_writable)
        if place < self.signers:
            return place < self.signers - self.readonly_signers
        return place < named - self.readonly_others


def keys_of(message: Any, find: Callable[[Pubkey], Account | None]) -> MessageKeys:
    """The accounts of a message of either version; `find` gives the lookup tables. A missing table gives none."""
    writable: list[Pubkey] = []
    readonly: list[Pubkey] = []
    for lookup in getattr(message, "address_table_lookups", ()):
        table = find(lookup.account_key)
        addresses = bytes(table.data)[_TABLE_HEAD_BYTES:] if table is not None else b""
        writable += _at(addresses, bytes(lookup.writable_indexes))
        readonly += _at(addresses, bytes(lookup.readonly_indexes))
    header = message.header
    return MessageKeys(
        tuple(message.account_keys),
        tuple(writable),
        tuple(readonly),
        header.num_required_signatures,
        header.num_readonly_signed_accounts,
        header.num_readonly_unsigned_accounts,
    )


def _at(addresses: bytes, places: bytes) -> list[Pubkey]:
    return [Pubkey(addresses[32 * place : 32 * place + 32]) for place in places if 32 * place + 32 <= len(addresses)]
