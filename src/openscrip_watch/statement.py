"""What the custodian signs: statements in a chain, and movements in a hash chain that each statement closes over.

h_n = SHA-256(h_(n-1) || canonical(movement n)) with h_0 = 32 zero bytes; a statement names n and h_n, its
`previous_hash` is the SHA-256 of the canonical statement before it (signature included), and its signature is ed25519
over the canonical statement without `signature`.
"""

import hashlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from openscrip_watch import fields
from openscrip_watch.amounts import SHARE, parse
from openscrip_watch.canonical import canonical, document_hash
from openscrip_watch.refusal import BadInput, Refusal, refuse_unless

MOVEMENTS_START = "00" * 32


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of the segregated account, settled basis; amounts in 1e-9 share, `as_of` UTC seconds of market time."""

    isin: str
    account: str
    sequence: int
    as_of: int
    epoch: int
    available: int
    pending_receipt: int
    pending_delivery: int
    blocked: int
    pledged: int
    aggregate: int
    movement_seq: int
    movements_hash: str
    previous_hash: str
    hash: str
    lent: int = 0
    borrowed: int = 0
    in_transit: int = 0
    restricted: int = 0
    other: int = 0
    custodian: str = ""
    """The custodian's own name for itself."""
    keeper: str = ""
    """The custodian's name in the configuration."""

    @property
    def unencumbered(self) -> int:
        """Settled shares that back tokens: never more than the aggregate without what is kept for others."""
        return min(self.available, self.aggregate - self.kept)

    @property
    def kept(self) -> int:
        """Held and kept for others or by others: no part of it backs a token."""
        kept = self.blocked + self.pledged + self.lent + self.borrowed
        return kept + self.in_transit + self.restricted + self.other

    @property
    def reach(self) -> Mapping[str, int]:
        """The last movement that it closes over."""
        return {self.keeper: self.movement_seq}

    @property
    def number(self) -> str:
        """Which statement it is, in words."""
        return f"{self.sequence} of {self.keeper}" if self.keeper else str(self.sequence)

    @property
    def encumbered(self) -> int:
        """Shares that are held and promised to others: pledged, blocked, or instructed out. Told, never minted on.

        What is instructed out is still among `available` until it leaves, and backs the claim that it is meant for.
        """
        return self.kept + self.pending_delivery


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the account's history; `quantity` in 1e-9 share of `epoch`.

    `type` is receipt, delivery, split (then `reference` reads new/old) or the end of an instruction that moved nothing.
    """

    seq: int
    at: int
    type: str
    instruction: str
    isin: str
    quantity: int
    account: str
    counterparty: str
    reference: str
    epoch: int
    keeper: str = ""
    """The custodian's name in the configuration."""

    def closed_by(self, reach: "Reach") -> bool:
        """Whether a statement closes over it."""
        return self.seq <= (reach if isinstance(reach, int) else reach.get(self.keeper, 0))


Reach = int | Mapping[str, int]
"""The number of the last movement that counts, for each custodian by its name, or for the only one."""


def read_statement(body: Mapping[str, Any], key: Ed25519PublicKey, keeper: str = "") -> Statement:
    """A statement whose signature is the custodian's. Raises `statement.signature` or `statement.malformed`."""
    signed = {name: value for name, value in body.items() if name != "signature"}
    where = f"statement: {body.get('isin')!r:.20} number {body.get('sequence')!r:.20}" + (f" of {keeper}" if keeper else "")
    try:
        key.verify(b64decode(str(body.get("signature")), validate=True), canonical(signed))
    except (InvalidSignature, ValueError):
        raise Refusal("statement.signature", f"{where} was not signed by the custodian") from None
    amount = {name: parse(body.get(name), SHARE, f"{where}: {name}") for name in _AMOUNTS}
    amount |= {name: parse(body[name], SHARE, f"{where}: {name}") for name in _MORE_AMOUNTS if name in body}
    try:
        return Statement(
            isin=fields.text(body, "isin"),
            account=fields.text(body, "account"),
            sequence=fields.integer(body, "sequence"),
            as_of=fields.integer(body, "as_of"),
            epoch=fields.integer(body, "epoch"),
            **amount,
            movement_seq=fields.integer(body, "movement_seq"),
            movements_hash=fields.text(body, "movements_hash"),
            previous_hash=str(body.get("previous_hash", "")),
            hash=document_hash(dict(body)),
            custodian=str(body.get("custodian", "")),
            keeper=keeper,
        )
    except BadInput as error:
        raise Refusal("statement.malformed", f"{where}: {error.text}") from None


_AMOUNTS = ("available", "pending_receipt", "pending_delivery", "blocked", "pledged", "aggregate")
_MORE_AMOUNTS = ("lent", "borrowed", "in_transit", "restricted", "other")


def refuse_unless_next(before: Statement | None, after: Statement) -> None:
    """Each statement follows the one before it. Raises `statement.sequence` or `statement.chain`."""
    where = f"statement: {after.isin} number {after.number}"
    expected = before.sequence + 1 if before else 1
    refuse_unless(after.sequence == expected, "statement.sequence", f"{where} came where {expected} was due")
    if before:
        linked = after.previous_hash == before.hash
        refuse_unless(linked, "statement.chain", f"{where} did not name the hash of the one before it")
        ordered = after.as_of >= before.as_of and after.epoch >= before.epoch
        refuse_unless(ordered, "statement.chain", f"{where} was older or of an earlier epoch than the one before it")
        refuse_unless(after.movement_seq >= before.movement_seq, "statement.chain", f"{where} forgot movements")


def read_movement(body: Mapping[str, Any], keeper: str = "") -> Movement:
    """A movement as the custodian tells it; only the hash in a signed statement makes it true."""
    return Movement(
        seq=fields.integer(body, "seq", 1),
        at=fields.integer(body, "at"),
        type=fields.text(body, "type"),
        instruction=str(body.get("instruction", "")),
        isin=fields.text(body, "isin"),
        quantity=parse(body.get("quantity"), SHARE, "movement: quantity"),
        account=str(body.get("account", "")),
        counterparty=str(body.get("counterparty", "")),
        reference=str(body.get("reference", "")),
        epoch=fields.integer(body, "epoch"),
        keeper=keeper,
    )


def next_movements_hash(before: str, body: Mapping[str, Any]) -> str:
    """h_n from h_(n-1) and movement n as it was served."""
    return hashlib.sha256(bytes.fromhex(before) + canonical(dict(body))).hexdigest()


class MovementLog:
    """The custodian's movements in order, with the hash after each. Numbers start at 1 and have no gap."""

    def __init__(self, keeper: str = "") -> None:
        self._keeper = keeper
        self.bodies: list[Mapping[str, Any]] = []
        self.movements: list[Movement] = []
        self._hashes = [MOVEMENTS_START]

    def __len__(self) -> int:
        return len(self.movements)

    def extend(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        """Add what follows. Raises `movement.sequence` for a gap."""
        for body in bodies:
            movement = read_movement(body, self._keeper)
            due = len(self.movements) + 1
            refuse_unless(movement.seq == due, "movement.sequence", f"movements: {movement.seq} came where {due} was due")
            self._hashes.append(next_movements_hash(self._hashes[-1], body))
            self.movements.append(movement)
            self.bodies.append(body)

    def truncate(self, count: int) -> None:
        """Forget what came after movement `count`: it was never closed over by a statement."""
        del self.movements[count:], self.bodies[count:], self._hashes[count + 1 :]

    def refuse_unless_closed_by(self, statement: Statement) -> None:
        """The statement's hash is the log's hash at its movement. Raises `movement.chain`."""
        where = f"movements: up to {statement.movement_seq} for {statement.isin} number {statement.number}"
        refuse_unless(statement.movement_seq <= len(self), "movement.chain", f"{where}: {len(self)} were served")
        same = self._hashes[statement.movement_seq] == statement.movements_hash
        refuse_unless(same, "movement.chain", f"{where}: the hash was not the statement's")


@lru_cache(maxsize=8)
def public_key(text: str) -> Ed25519PublicKey:
    """An ed25519 public key from base64 or hex. Raises `config.key`."""
    try:
        raw = bytes.fromhex(text) if len(text) == 64 else b64decode(text, validate=True)
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise Refusal("config.key", "config: the custodian's public key was not 32 bytes of base64 or hex") from None
