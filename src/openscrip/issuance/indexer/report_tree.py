"""The Merkle-sum tree of a reserve report: all holders of a stock on all chains, under names that nobody can guess.

A holder's salt is HMAC-SHA256 of the issuer's secret over the report, the chain, the token and the holder, so it is another
for each holder and each report; its name is SHA-256 of `openscrip holder 1`, chain, token and holder, each followed by a
zero byte, and the salt. Whoever is told a salt can find one holder in one report, and nothing else.
"""

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from openscrip.issuance.indexer.store import Holders
from openscrip.kernel.merkle_sum import SumTree, proof_json

PROOF_FORMAT = "openscrip holder proof 1"
SECRET_BYTES = 32


def salt_of(secret: bytes, about: str, chain: str, token: str, holder: str) -> bytes:
    """The salt of one holder in one report."""
    return hmac.digest(secret, f"{about}\0{chain}\0{token}\0{holder}".encode(), "sha256")


def name_of(chain: str, token: str, holder: str, salt: bytes) -> str:
    """What stands for a holder in the tree."""
    return sha256(f"openscrip holder 1\0{chain}\0{token}\0{holder}\0".encode() + salt).hexdigest()


def about_report(stock: str, label: str, number: int) -> str:
    """What the tree counts; no two reports count the same."""
    return f"holders of {stock} in reserve report {number} ({label}), in 1e-18 raw"


def report_tree(about: str, snapshots: Sequence[Holders], secret: bytes) -> SumTree:
    """The tree over all snapshots, one of each chain; its total is the supply of all of them."""
    named = [
        (name_of(each.chain, each.token, holder, salt_of(secret, about, each.chain, each.token, holder)), atoms)
        for each in snapshots
        for holder, atoms in each.entries
    ]
    named.sort()
    return SumTree(about, named)


def holder_proof(
    stock: str, about: str, snapshots: Sequence[Holders], secret: bytes, chain: str, token: str, holder: str
) -> dict[str, Any]:
    """What one holder is given to check that it was counted. Raises `Refused("sum.unknown")` for one that had nothing."""
    salt = salt_of(secret, about, chain, token, holder)
    proof = report_tree(about, snapshots, secret).proof(name_of(chain, token, holder, salt))
    place = {"format": PROOF_FORMAT, "stock": stock, "chain": chain, "token": token, "holder": holder}
    return {**place, "salt": salt.hex(), "proof": proof_json(proof)}
