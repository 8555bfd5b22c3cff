"""A landed transaction taken apart: the instructions that ran, those of inner calls behind the one that made them."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction that ran."""

    program: Pubkey
    accounts: tuple[Pubkey, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class LandedTransaction:
    """The instructions of a transaction in the order in which they ran, and whose each token account was afterwards."""

    steps: tuple[Step, ...]
    owners: Mapping[Pubkey, Pubkey]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> "LandedTransaction":
        """From an answer of `getTransaction` in base64: inner calls and token owners stand in its `meta`."""
        message = VersionedTransaction.from_bytes(b64decode(answer["transaction"][0])).message
        meta: Mapping[str, Any] = answer.get("meta") or {}
        loaded = meta.get("loadedAddresses") or {}
        keys = [*message.account_keys]
        keys += [Pubkey.from_string(key) for kind in ("writable", "readonly") for key in loaded.get(kind, ())]
        inner = {int(group["index"]): group["instructions"] for group in meta.get("innerInstructions") or ()}
        steps: list[Step] = []
        for place, one in enumerate(message.instructions):
            steps.append(_step(keys, one.program_id_index, bytes(one.accounts), bytes(one.data)))
            steps += [
                _step(keys, each["programIdIndex"], each["accounts"], base58(each["data"])) for each in inner.get(place, ())
            ]
        balances = meta.get("postTokenBalances") or ()
        owners = {keys[each["accountIndex"]]: Pubkey.from_string(each["owner"]) for each in balances if each.get("owner")}
        return cls(tuple(steps), owners)


def base58(text: str) -> bytes:
    """The bytes behind a base58 text, as inner instructions' data is served."""
    number = 0
    for letter in text:
        number = number * 58 + _BASE58.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


def _step(keys: Sequence[Pubkey], program: int, accounts: Sequence[int], data: bytes) -> Step:
    return Step(keys[program], tuple(keys[place] for place in accounts), data)
