"""A Merkle-sum tree: one root says who has how much of a thing, and all of it together, and each part can be proved.

Pure: names and whole amounts in, hashes out. It serves the holders of a token; a venue's proof of liabilities can use the
same tree, with names that nobody can guess. Everything is SHA-256 over bytes; numbers are unsigned and big-endian:

- leaf: H(0x00, length of the name in 2 bytes, the name in UTF-8, amount in 32 bytes), its sum the amount
- node: H(0x01, left hash, left sum in 32 bytes, right hash, right sum in 32 bytes), its sum both sums together
- root: H("openscrip merkle sum 1", 0x00, length of `about` in 4 bytes, `about` in UTF-8, leaf count in 8 bytes, hash and
  sum of the topmost node); a tree of nobody has 32 zero bytes for a hash and 0 for a sum

Leaves stand in ascending order of names, each name once. The last node of an odd level goes up as it is: nothing is
counted twice. Both sums of a pair are hashed apart, so that none can be moved to the other side; a sum of 2^256 or more is
refused; count, index and sum are bound, so that a proof fits one place of one shape. `about` says what is counted, and
when, so that a proof of one thing is none of another.

Warning: a proof shows the sums of the branches beside it, which for a neighbour is what the neighbour has.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from openscrip.kernel.errors import Malformed, Refused, refuse_unless

FORMAT = "openscrip merkle sum 1"
SUM_LIMIT = 2**256
PATH_MAX = 64
_NAME_BYTES_MAX = 2**16 - 1


@dataclass(frozen=True, slots=True)
class SumProof:
    """That `name` has `amount` in the tree of `about`: the hash and sum beside it on each level, from the leaves up."""

    about: str
    count: int
    index: int
    name: str
    amount: int
    path: tuple[tuple[bytes, int], ...]


class SumTree:
    """The tree over `entries`, (name, amount) in ascending order of names.

    Takes 130 bytes a leaf and the names themselves. Raises `Malformed("sum.order")` for names that are not in order or
    there twice, `Malformed("sum.name")` for an empty or too long one, and `Malformed("sum.range")` for an amount, or a
    total, that is negative or not below 2^256.
    """

    def __init__(self, about: str, entries: Iterable[tuple[str, int]]) -> None:
        self.about = about
        self._names: list[str] = []
        leaves = bytearray()
        before = ""
        for name, amount in entries:
            if name <= before:
                raise Malformed("sum.order", f"sum tree: {name[:80]!r} did not come after {before[:80]!r}; sort and join them")
            leaves += leaf_hash(name, amount) + amount.to_bytes(32, "big")
            self._names.append(name)
            before = name
        self._levels = [leaves]
        while len(self._levels[-1]) > 64:
            self._levels.append(_level_above(self._levels[-1]))
        top = bytes(self._levels[-1]) or bytes(64)
        self.total = int.from_bytes(top[32:], "big")
        self.root = root_hash(about, len(self._names), top[:32], self.total)

    @property
    def count(self) -> int:
        """How many names it has."""
        return len(self._names)

    def amount(self, name: str) -> int:
        """What `name` has. Raises `Refused("sum.unknown")`."""
        return self._record(0, self._index(name))[1]

    def proof(self, name: str) -> SumProof:
        """The proof for `name`. Raises `Refused("sum.unknown")` for one that is not in the tree."""
        index = self._index(name)
        place, width, path = index, self.count, []
        for level in range(len(self._levels) - 1):
            if place ^ 1 < width:
                path.append(self._record(level, place ^ 1))
            place, width = place >> 1, (width + 1) >> 1
        return SumProof(self.about, self.count, index, name, self._record(0, index)[1], tuple(path))

    def _index(self, name: str) -> int:
        index = bisect_left(self._names, name)
        refuse_unless(
            index < self.count and self._names[index] == name, "sum.unknown", f"sum tree: {name[:80]!r} had nothing in it"
        )
        return index

    def _record(self, level: int, place: int) -> tuple[bytes, int]:
        record = bytes(self._levels[level][64 * place : 64 * place + 64])
        return record[:32], int.from_bytes(record[32:], "big")


def _level_above(level: bytearray) -> bytearray:
    """The parents of records of 64 bytes, hash and sum; two of them as they lie are what a node hashes."""
    above, number = bytearray(), int.from_bytes
    whole = len(level) - len(level) % 128
    try:
        for start in range(0, whole, 128):
            pair = level[start : start + 128]
            total = number(pair[32:64], "big") + number(pair[96:], "big")
            above += sha256(b"\1" + pair).digest() + total.to_bytes(32, "big")
    except OverflowError as error:
        raise Malformed("sum.range", "sum tree: a sum was not below 2^256") from error
    return above + level[whole:]


def leaf_hash(name: str, amount: int) -> bytes:
    """The hash of a leaf. Raises `Malformed("sum.name")` and `Malformed("sum.range")`."""
    said = name.encode()
    if not 0 < len(said) <= _NAME_BYTES_MAX:
        raise Malformed("sum.name", f"sum tree: a name had {len(said)} bytes, 1 to {_NAME_BYTES_MAX} are allowed")
    if not 0 <= amount < SUM_LIMIT:
        raise Malformed("sum.range", f"sum tree: the amount of {name[:80]!r} was outside 0 to 2^256 - 1")
    return sha256(b"\0" + len(said).to_bytes(2, "big") + said + amount.to_bytes(32, "big")).digest()


def root_hash(about: str, count: int, top: bytes, total: int) -> bytes:
    """The root: the topmost hash and sum, bound to what is counted and to how many names there are."""
    said = about.encode()
    bound = len(said).to_bytes(4, "big") + said + count.to_bytes(8, "big") + top + total.to_bytes(32, "big")
    return sha256(FORMAT.encode() + b"\0" + bound).digest()


def proved(proof: SumProof) -> tuple[bytes, int]:
    """The root and the total that a proof leads to. Raises `Malformed("sum.proof")` for one that fits no tree.

    Whoever checks compares both with what was published, or calls `check_proof`.
    """
    place, width, steps = proof.index, proof.count, list(reversed(proof.path))
    if not 0 <= place < width < 2**PATH_MAX:
        raise Malformed("sum.proof", f"sum proof: index {place} was outside a tree of {width}")
    here, total = leaf_hash(proof.name, proof.amount), proof.amount
    while width > 1:
        if place ^ 1 < width:
            if not steps:
                raise Malformed("sum.proof", "sum proof: its path was too short")
            beside, other = steps.pop()
            if len(beside) != 32 or not 0 <= other < SUM_LIMIT or total + other >= SUM_LIMIT:
                raise Malformed("sum.proof", "sum proof: a hash or sum on its path was out of range")
            first, last = ((beside, other), (here, total)) if place & 1 else ((here, total), (beside, other))
            pair = first[0] + first[1].to_bytes(32, "big") + last[0] + last[1].to_bytes(32, "big")
            here, total = sha256(b"\1" + pair).digest(), total + other
        place, width = place >> 1, (width + 1) >> 1
    if steps:
        raise Malformed("sum.proof", "sum proof: its path was too long")
    return root_hash(proof.about, proof.count, here, total), total


def check_proof(proof: SumProof, root: bytes, total: int) -> None:
    """Raises `Refused("sum.root")` or `Refused("sum.total")` unless the proof leads to `root` and `total`."""
    found, added = proved(proof)
    if found != root:
        raise Refused("sum.root", f"sum proof: it led to the root {found.hex()}, expected {root.hex()}")
    refuse_unless(added == total, "sum.total", f"sum proof: it led to a total of {added}, expected {total}")


def proof_json(proof: SumProof) -> dict[str, Any]:
    """The proof as JSON values: amounts and sums as decimal strings, hashes as hex. `tools/check_proof.py` reads it."""
    return {
        "format": FORMAT,
        "about": proof.about,
        "count": proof.count,
        "index": proof.index,
        "name": proof.name,
        "amount": str(proof.amount),
        "path": [[beside.hex(), str(total)] for beside, total in proof.path],
    }


def read_proof(document: Mapping[str, Any]) -> SumProof:
    """The proof in JSON values; nothing is checked but their shape. Raises `Malformed("sum.proof")`."""
    try:
        if document["format"] != FORMAT or not all(type(document[name]) is int for name in ("count", "index")):
            raise ValueError("format")
        if len(document["path"]) > PATH_MAX:
            raise ValueError("path")
        path = tuple((bytes.fromhex(beside), _whole(total)) for beside, total in document["path"])
        about, name = str(document["about"]), str(document["name"])
        return SumProof(about, document["count"], document["index"], name, _whole(document["amount"]), path)
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("sum.proof", f"sum proof: could not be read: {error}") from error


def _whole(text: object) -> int:
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 80):
        raise ValueError(f"{str(text)[:80]!r} was no whole number")
    return int(text)
