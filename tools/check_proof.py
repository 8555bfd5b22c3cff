#!/usr/bin/env python3
"""Check one proof of a Merkle-sum tree with nothing but Python's own library.

    python check_proof.py proof.json --root HEX --total N

Prints what is proved and ends with 0, or says what is wrong and ends with 1. Root and total come from whoever published
the tree, never from the proof. The file: {"format": "openscrip merkle sum 1", "about": text, "count": leaves, "index":
place, "name": text, "amount": "decimal", "path": [["hash in hex", "sum in decimal"], ...]}, the path from the leaf up.
Hashes are SHA-256, numbers big-endian: a leaf is H(00, 2-byte length of name, name, 32-byte amount), a node H(01, left
hash, left sum, right hash, right sum); the root is H(format, 00, 4-byte length of about, about, 8-byte count, topmost
hash, topmost sum). The last node of an odd level goes up as it is. Every sum is below 2^256.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

FORMAT = "openscrip merkle sum 1"


def hashed(*parts: bytes | int) -> bytes:
    """SHA-256 of bytes and sums; an OverflowError for a sum that is negative or too large."""
    return hashlib.sha256(b"".join(part.to_bytes(32, "big") if isinstance(part, int) else part for part in parts)).digest()


def proved(proof: dict) -> tuple[str, int]:  # type: ignore[type-arg]  # whatever the file holds
    """The root and the total that a proof leads to."""
    about, name, total, path = proof["about"].encode(), proof["name"].encode(), int(proof["amount"]), list(proof["path"])
    place, width = proof["index"], proof["count"]
    if proof["format"] != FORMAT or not 0 <= place < width:
        raise ValueError("the format was another, or the index outside the tree")
    here = hashed(b"\0", len(name).to_bytes(2, "big"), name, total)
    while width > 1:
        if place ^ 1 < width:
            beside, other = bytes.fromhex(path[0][0]), int(path.pop(0)[1])
            if len(beside) != 32:
                raise ValueError("a hash on the path had another length")
            pair = (beside, other, here, total) if place & 1 else (here, total, beside, other)
            here, total = hashed(b"\1", *pair), total + other
        place, width = place >> 1, (width + 1) >> 1
    if path:
        raise ValueError("the path was too long")
    bound = (len(about).to_bytes(4, "big"), about, proof["count"].to_bytes(8, "big"), here, total)
    return hashed(FORMAT.encode(), b"\0", *bound).hex(), total


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description="Check one proof of a Merkle-sum tree.")
    asked.add_argument("proof"), asked.add_argument("--root", required=True), asked.add_argument("--total", required=True)
    given = asked.parse_args()
    try:
        shown = json.loads(Path(given.proof).read_text(encoding="utf-8"))
        if proved(shown) != (given.root.lower().removeprefix("0x"), int(given.total)):
            sys.exit("NOT PROVED: root or total differ")
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        sys.exit(f"NOT PROVED: it could not be read: {error}")
    print(f"proved: {shown['name']} has {shown['amount']} of {given.total}")
