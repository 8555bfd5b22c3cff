"""Hashes in 64 bits, the same on every machine: of an account, of records in a row, of the whole venue."""

from collections.abc import Iterable
from hashlib import blake2b

from openscrip.markets.accounts import Account
from openscrip.markets.events import HASH_FACTORS, HASH_PRIME, HASH_START

MASK = 2**64 - 1
_A, _B, _C, _D, _E, _F, _G, _H = HASH_FACTORS


def chained(before: int, record: bytes, text: str) -> int:
    """The running hash after a record and its text."""
    return int.from_bytes(blake2b(before.to_bytes(8, "little") + record + text.encode(), digest_size=8).digest(), "little")


def account_mark(account: Account) -> int:
    """A hash of what an account has. All of them are added up, so that their order is no matter."""
    mark = (account.number + 1) * _A ^ account.volume * _B ^ account.volume_before * _C ^ account.dead_man_us * _D
    mark ^= (account.schedule + 2) * _E ^ account.stopped * _F
    held = account.held
    for asset, balance in account.balances.items():
        # A sum over assets, each well mixed: the order in which they came is no matter.
        mixed = ((balance * _G & MASK) ^ (held.get(asset, 0) * _H & MASK) ^ asset * HASH_PRIME) * _A & MASK if balance else 0
        mark += (mixed ^ mixed >> 29) * _C
    mark &= MASK
    return (mark ^ mark >> 32) * HASH_PRIME & MASK


def folded_numbers(numbers: Iterable[int]) -> int:
    """One hash of numbers in a row."""
    digest = HASH_START
    for number in numbers:
        digest = ((digest << 23 | digest >> 41) & MASK ^ number * _A & MASK) * HASH_PRIME & MASK
    return digest
