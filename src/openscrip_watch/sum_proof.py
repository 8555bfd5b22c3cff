"""Checks one proof of a Merkle-sum tree: that a holder's balance is counted in a published root and total.

Hashes are SHA-256, numbers big-endian: a leaf is H(00, 2-byte length of name, name, 32-byte amount), a node H(01, left
hash, left sum, right hash, right sum); the root is H(format, 00, 4-byte length of about, about, 8-byte count, topmost
hash, topmost sum). The last node of an odd level goes up as it is. Every sum is below 2^256.

A holder's name in a report's tree is the hex of H("openscrip holder 1", 00, chain, 00, token, 00, holder, 00, salt), with
a salt of 32 bytes that is another for each holder and each report.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from openscrip_watch import fields
from openscrip_watch.refusal import BadInput, refuse_unless

TREE_FORMAT = "openscrip merkle sum 1"
PROOF_FORMAT = "openscrip holder proof 1"
_PATH_MAX = 64
_SUM_LIMIT = 2**256


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof leads to. `amount` and `total` in the tree's units, hashes in hex."""

    about: str
    count: int
    name: str
    amount: int
    root: str
    total: int


def proved(proof: Mapping[str, Any]) -> Proved:
    """The root and total that a proof in JSON leads to. Raises `BadInput` for one that fits no tree."""
    if proof.get("format") != TREE_FORMAT:
        raise BadInput("proof.format", f"proof: its format was not {TREE_FORMAT!r}")
    about, name = fields.text(proof, "about"), fields.text(proof, "name")
    count, place = fields.integer(proof, "count", 1), fields.integer(proof, "index")
    amount, steps = _whole(proof.get("amount")), proof.get("path")
    if place >= count or not isinstance(steps, list) or len(steps) > _PATH_MAX:
        raise BadInput("proof.path", "proof: its index was outside the tree, or its path was none")
    path = [_step(each) for each in reversed(steps)]
    said = name.encode()
    here, total = sha256(b"\0" + len(said).to_bytes(2, "big") + said + amount.to_bytes(32, "big")).digest(), amount
    width = count
    while width > 1:
        if place ^ 1 < width:
            if not path:
                raise BadInput("proof.path", "proof: its path was too short")
            beside, other = path.pop()
            first, last = ((beside, other), (here, total)) if place & 1 else ((here, total), (beside, other))
            pair = first[0] + first[1].to_bytes(32, "big") + last[0] + last[1].to_bytes(32, "big")
            here, total = sha256(b"\1" + pair).digest(), total + other
            if total >= _SUM_LIMIT:
                raise BadInput("proof.sum", "proof: a sum was not below 2^256")
        place, width = place >> 1, (width + 1) >> 1
    if path:
        raise BadInput("proof.path", "proof: its path was too long")
    bound = len(about.encode()).to_bytes(4, "big") + about.encode() + count.to_bytes(8, "big")
    root = sha256(TREE_FORMAT.encode() + b"\0" + bound + here + total.to_bytes(32, "big")).hexdigest()
    return Proved(about, count, name, amount, root, total)


def holder_name(chain: str, token: str, holder: str, salt: str) -> str:
    """What stands for a holder in a report's tree."""
    said = f"openscrip holder 1\0{chain}\0{token}\0{holder}".encode()
    return sha256(said + b"\0" + bytes.fromhex(salt)).hexdigest()


def check_holder(document: Mapping[str, Any], trees: Mapping[str, Mapping[str, Any]]) -> str:
    """That a holder was counted in a report; `trees` by stock, as the report has them. What was proved, in words.

    Raises `BadInput`, or `Refusal` naming what does not fit.
    """
    if document.get("format") != PROOF_FORMAT:
        raise BadInput("proof.format", f"proof: its format was not {PROOF_FORMAT!r}")
    stock, salt = fields.text(document, "stock"), fields.hex32(document, "salt")
    who = (fields.text(document, "chain"), fields.text(document, "token"), fields.text(document, "holder"))
    refuse_unless(stock in trees, "proof.stock", f"proof: the report has no holders of {stock:.40}")
    tree, found = trees[stock], proved(fields.inner(document, "proof"))
    text = "proof: the name in the tree was not this holder's with this salt"
    refuse_unless(found.name == holder_name(*who, salt), "proof.name", text)
    cut = any((each.get("chain"), each.get("token")) == who[:2] for each in fields.rows(tree, "cuts"))
    refuse_unless(cut, "proof.chain", f"proof: {who[1]:.80} on {who[0]:.20} was not counted in the report")
    same = (found.about, found.count) == (tree.get("about"), tree.get("count"))
    refuse_unless(same, "proof.about", f"proof: it was of another tree, {found.about:.120}")
    refuse_unless(found.root == tree.get("root"), "proof.root", f"proof: it led to the root {found.root}")
    refuse_unless(str(found.total) == tree.get("total"), "proof.total", f"proof: it led to a total of {found.total}")
    return f"{who[2]} on {who[0]} was counted with {found.amount} of {found.total} ({stock}, 1e-18 raw)"


def _step(step: object) -> tuple[bytes, int]:
    if not isinstance(step, list) or len(step) != 2 or not isinstance(step[0], str):
        raise BadInput("proof.path", "proof: a step of its path was not a hash and a sum")
    try:
        beside = bytes.fromhex(step[0])
    except ValueError:
        beside = b""
    if len(beside) != 32:
        raise BadInput("proof.path", "proof: a hash on its path was not 32 bytes in hex")
    return beside, _whole(step[1])


def _whole(text: object) -> int:
    plain = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 79
    value = int(str(text)) if plain else _SUM_LIMIT
    if value >= _SUM_LIMIT:
        raise BadInput("proof.amount", f"proof: {text!r:.80} was not a whole number below 2^256")
    return value
