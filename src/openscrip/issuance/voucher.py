"""What is signed before a token moves: mint vouchers, multiplier changes, and the evidence behind them.

Every mint has its own evidence (I2); its hash is bound to the mint and serves once.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount


class MintKind(IntEnum):
    """Why a token may be minted."""

    ISSUANCE = 1
    ARRIVAL = 2
    RESTITUTION = 3
    SUCCESSION = 4


class RedemptionKind(IntEnum):
    """What a redeemed token is exchanged for."""

    IN_KIND = 1
    CASH = 2


Evidence = Mapping[str, object]
"""Why a mint is allowed, as plain JSON values; amounts are decimal strings."""


@dataclass(frozen=True, slots=True)
class MintVoucher:
    """Permission to mint `raw` of a stock's token to `receiver`, once for `mint_id`, before `deadline` (UTC seconds)."""

    chain: str
    stock: str
    token: str
    receiver: str
    raw: RawAmount
    kind: MintKind
    mint_id: str
    evidence_hash: str
    epoch: int
    multiplier: Multiplier
    deadline: int


@dataclass(frozen=True, slots=True)
class MultiplierChange:
    """A scheduled change of one token's multiplier on one chain, from `effective_at` (UTC seconds) on."""

    chain: str
    stock: str
    token: str
    expected: Multiplier
    multiplier: Multiplier
    effective_at: int
    epoch_after: int
    action_id: str


def chain_hash(business_id: str) -> bytes:
    """The 32 bytes that stand for a business id on every chain: SHA-256 of `openscrip:` + id."""
    return hashlib.sha256(f"openscrip:{business_id}".encode()).digest()


def canonical(document: object) -> bytes:
    """The one JSON spelling that is hashed and signed: sorted keys, no spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def evidence_hash(evidence: Evidence) -> str:
    """SHA-256 of the canonical evidence, as 64 hex digits."""
    return hashlib.sha256(canonical(evidence)).hexdigest()
