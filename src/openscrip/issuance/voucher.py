"""What is signed before a token moves: mint vouchers, multiplier changes, and the evidence behind them.

Every mint has its own evidence (I2); its hash is bound to the mint and serves once.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
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
NO_HASH = "00" * 32
"""32 bytes of zero in hex: nothing is named."""


@dataclass(frozen=True, slots=True)
class MintVoucher:
    """Permission to mint `raw` of a stock's token to `receiver`, once for `mint_id`, before `deadline` (UTC seconds).

    The adapter of an EVM chain adds what only the chain knows: `origin`, the burned redemption that a restitution gives
    back (hex; zero for an issuance), and `signer_epoch`, the generation of keys under which the voucher is signed.
    """

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
    origin: str = NO_HASH
    signer_epoch: int = 0


@dataclass(frozen=True, slots=True)
class AnnouncedAction:
    """What is announced on chain of a corporate action: `kind` is its CAEV code, `cash` gross 1e-6 USD a share.

    A dividend has no ratio (0 for 0) until its shares are bought. `sources` is `sources_hash` of the notices that agree.
    """

    id: str
    kind: str
    ex_date: date
    record_date: date | None
    pay_date: date | None
    ratio_new: int
    ratio_old: int
    cash: int
    sources: str


@dataclass(frozen=True, slots=True)
class MultiplierChange:
    """A scheduled change of one token's multiplier on one chain, from `effective_at` (UTC seconds) on.

    `multiplier` is `expected` x `ratio_new` / `ratio_old`, floored once; from `paused_from` on prices wait for it.
    """

    chain: str
    stock: str
    token: str
    expected: Multiplier
    multiplier: Multiplier
    effective_at: int
    epoch_after: int
    action: AnnouncedAction
    ratio_new: int
    ratio_old: int
    paused_from: int

    @property
    def action_id(self) -> str:
        """The action's business id."""
        return self.action.id


@dataclass(frozen=True, slots=True)
class ActionFinish:
    """The end of a corporate action on one chain; `evidence` is the hash (hex) of what it came to."""

    chain: str
    stock: str
    token: str
    action_id: str
    evidence: str


@dataclass(frozen=True, slots=True)
class ActionCancel:
    """A corporate action taken back on one chain before it takes effect; `reason` is the hash (hex) of why."""

    chain: str
    stock: str
    token: str
    action_id: str
    reason: str


def chain_hash(business_id: str) -> bytes:
    """The 32 bytes that stand for a business id on every chain: SHA-256 of `openscrip:` + id."""
    return hashlib.sha256(f"openscrip:{business_id}".encode()).digest()


def is_evm(chain: str) -> bool:
    """Whether a chain of this platform is an EVM chain: `evm`, `evm-2`, and so on."""
    return chain == "evm" or chain.startswith("evm-")


def canonical(document: object) -> bytes:
    """The one JSON spelling that is hashed and signed: sorted keys, no spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def evidence_hash(evidence: Evidence) -> str:
    """SHA-256 of the canonical evidence, as 64 hex digits."""
    return hashlib.sha256(canonical(evidence)).hexdigest()


def sources_hash(notices: Iterable[object]) -> str:
    """What stands on chain for the sources of a corporate action, 64 hex digits.

    SHA-256 over the canonical list, sorted, of each notice's own hash: SHA-256 of its canonical JSON as it was told.
    """
    return hashlib.sha256(canonical(source_hashes(notices))).hexdigest()


def source_hashes(notices: Iterable[object]) -> list[str]:
    """Each notice's own hash, sorted; what was told twice counts once.

    One that names the message it came in (`document`) has two: that of the message, and its own without that name.
    """
    found: set[str] = set()
    for notice in notices:
        message = notice.get("document", "") if isinstance(notice, dict) else ""
        told = {**notice, "document": ""} if isinstance(notice, dict) and "document" in notice else notice
        found |= {hashlib.sha256(canonical(told)).hexdigest(), *([message] if message else [])}
    return sorted(found)
