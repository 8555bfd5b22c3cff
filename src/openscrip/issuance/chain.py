"""The port of a chain that carries the tokens. Adapters: `chains/memory`, `chains/evm`, `chains/solana`.

To add a chain: implement `Chain`, name it in `bootstrap`, pass `tests/conformance/test_chain*.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from openscrip.issuance.voucher import ActionCancel, ActionFinish, Evidence, MintVoucher, MultiplierChange, RedemptionKind
from openscrip.kernel.quantities import RawAmount


@dataclass(frozen=True, slots=True)
class Head:
    """The newest final block or slot: its number, hash and market time (UTC seconds)."""

    number: int
    hash: str
    at: int


@dataclass(frozen=True, slots=True)
class ChainMultiplier:
    """What a token shows: `current` x 1e-18 (floored from f64 on Solana), and a scheduled change or zeros."""

    current: int
    pending: int
    effective_at: int
    epoch: int
    version: int


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction that is authorised but not yet signed for sending. `body` is the adapter's own encoding.

    `label` says in words what it does, for operators.
    """

    chain: str
    label: str
    body: bytes


@dataclass(frozen=True, slots=True)
class SignedCall:
    """Bytes that may be sent, again and again, and can land at most once. `tx_id` is the chain's name for it."""

    chain: str
    tx_id: str
    raw: bytes


class Landing(StrEnum):
    """What became of a signed call (reference: primary market 1.3)."""

    FINAL = "final"
    REVERTED = "reverted"
    PENDING = "pending"
    UNKNOWN = "unknown"
    """Not found, but it may still land: send the same bytes again."""
    DEAD = "dead"
    """Not found, and it can never land: only now may another be signed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The landing of one signed call; `reason` for a revert, in the contract's words."""

    landing: Landing
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """Something final on a chain. `hash` is `chain_hash` of the business id in hex; `seen_at` market time."""

    chain: str
    token: str
    tx_id: str
    block: int
    seen_at: int


@dataclass(frozen=True, slots=True)
class Minted(ChainEvent):
    """Tokens came into being for the mint id behind `hash`."""

    hash: str
    receiver: str
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class RedemptionEscrowed(ChainEvent):
    """A holder put tokens into escrow for the redemption behind `hash`."""

    hash: str
    holder: str
    raw: RawAmount
    kind: RedemptionKind


@dataclass(frozen=True, slots=True)
class Burned(ChainEvent):
    """Escrowed tokens were burned for the redemption behind `hash`."""

    hash: str
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class Refunded(ChainEvent):
    """Escrowed tokens went back to `holder`."""

    hash: str
    holder: str
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class Departed(ChainEvent):
    """A holder's tokens were burned to be minted as many at the destination, under the holder's request behind `hash`.

    `destination` is `chain_hash("chain:" + CAIP-2 name)` and `receiver` 32 bytes, both hex; `key` is the record's name on
    its chain: hex of holder and request on EVM, base58 of the redemption account on Solana. `arrive_by` in UTC seconds.
    """

    hash: str
    holder: str
    raw: RawAmount
    destination: str
    receiver: str
    arrive_by: int
    key: str


AnyChainEvent = Minted | RedemptionEscrowed | Burned | Refunded | Departed


class Attestor(Protocol):
    """The independent second signature. It refuses with `Refused` what would break an invariant, naming the rule."""

    def attest_mint(self, voucher: MintVoucher, evidence: Evidence, transaction: bytes | None) -> Mapping[str, object]:
        """The attestor's answer to `POST /v1/mints`: a signature and, on EVM, a reserve report or None."""
        ...

    def attest_multiplier(
        self, change: MultiplierChange, event: Mapping[str, object], transaction: bytes | None
    ) -> Mapping[str, object]:
        """The attestor's `signature` under a multiplier change and, on EVM, its `action_signature` under the action."""
        ...

    def attest_finish(self, finish: ActionFinish, transaction: bytes | None = None) -> str:
        """The attestor's signature under the end of a corporate action; under its `transaction` on Solana."""
        ...

    def attest_cancel(self, cancel: ActionCancel, transaction: bytes | None = None) -> str:
        """The attestor's signature under a cancellation, as under a finish; it asks its own operator for consent."""
        ...

    def attest_report(self, chain: str, stock: str, transaction: bytes | None) -> Mapping[str, object]:
        """The attestor's answer to `POST /v1/reports`: the `report` that a chain's reserve lacks, or None for it."""
        ...

    def attest_transaction(self, purpose: str, request_id: str, transaction: bytes) -> Mapping[str, object]:
        """The co-signature of a Solana transaction that opens a token or queues an operation (`purpose`)."""
        ...


class Chain(Protocol):
    """A chain with its tokens.

    Safe if: a final block is never undone; a signed call lands at most once; one nonce lands at most once.
    Live if: a submitted call becomes final, reverted or dead within `finality_s_max` machine seconds.
    Raises `Unavailable` when the node does not answer and `Refused` when a rule of the chain or the attestor says no.
    """

    name: str
    finality_s_max: float
    counts_nonces: bool
    """Whether `sign` needs consecutive nonces of the issuer's account (EVM) or ignores them (Solana)."""

    def caip2(self) -> str:
        """The chain's name among all chains (CAIP-2), as departures name their destination: `eip155:31337`."""
        ...

    def word_of(self, wallet: str) -> str:
        """A wallet of this chain as 32 bytes in hex. Raises `Malformed("address.malformed")`."""
        ...

    def wallet_of(self, word: str) -> str:
        """The wallet that a departure to this chain names. Raises `Malformed("address.malformed")`."""
        ...

    def head(self) -> Head:
        """The newest final block."""
        ...

    def supply(self, token: str) -> RawAmount:
        """Total raw supply at the newest final block."""
        ...

    def balance(self, token: str, wallet: str) -> RawAmount:
        """A wallet's raw balance."""
        ...

    def multiplier(self, token: str) -> ChainMultiplier:
        """The multiplier in force and the scheduled one."""
        ...

    def next_nonce(self) -> int:
        """The first nonce of the issuer's account that has not landed."""
        ...

    def prepare_mint(self, voucher: MintVoucher, evidence: Evidence) -> tuple[Call, ...]:
        """The calls that carry out a mint, in order, after the attestor signed. Nothing is sent."""
        ...

    def prepare_report(self, stock: str, token: str) -> tuple[Call, ...]:
        """The calls that bring the newest reserve report, after the attestor signed; none where the chain's is enough."""
        ...

    def prepare_burn(self, token: str, request_id: str, holder: str, raw: RawAmount) -> tuple[Call, ...]:
        """The calls that burn what `holder` put into escrow for the redemption."""
        ...

    def prepare_refund(self, token: str, request_id: str, holder: str, raw: RawAmount) -> tuple[Call, ...]:
        """The calls that give back to `holder` what it put into escrow for the redemption."""
        ...

    def prepare_multiplier(self, change: MultiplierChange, event: Mapping[str, object]) -> tuple[Call, ...]:
        """The calls that announce a corporate action and schedule its multiplier, after the attestor signed."""
        ...

    def prepare_finish(self, finish: ActionFinish) -> tuple[Call, ...]:
        """The calls that declare a corporate action final, after the attestor signed; none where a chain keeps no such."""
        ...

    def prepare_cancel(self, cancel: ActionCancel) -> tuple[Call, ...]:
        """The calls that take an action back before it takes effect, after the attestor signed with its operator's consent."""
        ...

    def sign(self, call: Call, nonce: int) -> SignedCall:
        """Sign for sending. The caller stores the result before it submits it."""
        ...

    def submit(self, signed: SignedCall) -> None:
        """Broadcast. Sending the same bytes again is harmless."""
        ...

    def outcomes(self, signed: Sequence[SignedCall]) -> list[Outcome]:
        """What became of each."""
        ...

    def events(self, cursor: str) -> tuple[list[AnyChainEvent], str]:
        """Final events of all listed tokens after `cursor` (empty: from the start), and the next cursor."""
        ...
