"""The custodian port: instructions, signed statements, numbered events. Adapters live in `custodians/`.

The custodian keeps the segregated account that backs the tokens; money is `bank`'s. To add one: implement
`Custodian` in `custodians/<name>.py`, name it in `bootstrap.py`, and run `tests/conformance/test_custodian.py` on it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from openscrip.assets.notice import Notice
from openscrip.assets.wire import canonical, to_json
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares

BROKER = "BROKER"
"""The counterparty that stands for our account at the broker. Any other text is an outside account."""

SEGREGATED_ACCOUNT = "OPENSCRIP-SEG"
"""The segregated safekeeping account that backs all tokens."""


class InstructionKind(StrEnum):
    """Free-of-payment settlement instructions (sese.023, MT540 and MT542)."""

    RECEIVE = "receive_free"
    DELIVER = "deliver_free"


class InstructionState(StrEnum):
    """Where an instruction stands. `pending` may still fail and be tried again; the others are final."""

    PENDING = "pending"
    SETTLED = "settled"
    CANCELLED = "cancelled"
    FAILED = "failed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Signatures:
    """Two ed25519 signatures in base64 over the canonical JSON of an instruction, payment or conversion."""

    treasury: str
    approver: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """A free-of-payment movement of whole shares. `id` is the idempotency key, `reference` is ours to choose."""

    id: str
    kind: InstructionKind
    isin: str
    quantity: Shares
    account: str
    counterparty: str
    reference: str

    def signed_bytes(self) -> bytes:
        """What treasury and approver sign for a delivery."""
        return canonical(to_json(self))


@dataclass(frozen=True, slots=True)
class InstructionAnswer:
    """The present state of an instruction, with the reason (ISO 20022 code) where there is one."""

    id: str
    status: InstructionState
    reason: str


@dataclass(frozen=True, slots=True)
class InstructionSettled:
    """The custodian confirmed the movement (sese.025): only now do shares count, or have they left.

    `part` is 0 where all settled at once; else the n-th part settled, and `remaining` is still to come.
    Warning: `quantity` is in shares of `epoch`; a split while the instruction was pending rescaled it.
    """

    TYPE: ClassVar[str] = "instruction_settled"
    seq: int
    at: int
    id: str
    kind: InstructionKind
    isin: str
    quantity: Shares
    account: str
    counterparty: str
    reference: str
    epoch: int
    part: int = 0
    remaining: Shares = Shares(0)

    @property
    def receipt(self) -> str:
        """What this arrival is called: the instruction, and the part where it came in parts."""
        return f"{self.id}/{self.part}" if self.part else self.id


@dataclass(frozen=True, slots=True)
class InstructionFailed:
    """The movement did not happen. `final`: never; otherwise it is tried again on `retry_on`."""

    TYPE: ClassVar[str] = "instruction_failed"
    seq: int
    at: int
    id: str
    reason: str
    final: bool
    retry_on: date | None


@dataclass(frozen=True, slots=True)
class InstructionCancelled:
    """The movement was called off before it happened, and never will."""

    TYPE: ClassVar[str] = "instruction_cancelled"
    seq: int
    at: int
    id: str


@dataclass(frozen=True, slots=True)
class ActionNotified:
    """The custodian passed on a corporate action (seev.031)."""

    TYPE: ClassVar[str] = "corporate_action"
    seq: int
    at: int
    notice: Notice


@dataclass(frozen=True, slots=True)
class SplitBooked:
    """A split changed the holding and raised the epoch (seev.036). `cash_in_lieu` was paid for a lost fraction."""

    TYPE: ClassVar[str] = "split_booked"
    seq: int
    at: int
    isin: str
    event_id: str
    ratio_new: int
    ratio_old: int
    epoch: int
    before: Shares
    after: Shares
    cash_in_lieu: Money


@dataclass(frozen=True, slots=True)
class DividendPaid:
    """A dividend reached the bank account: `net` = `gross` - `withheld` on `eligible` shares (seev.036)."""

    TYPE: ClassVar[str] = "dividend_paid"
    seq: int
    at: int
    isin: str
    event_id: str
    gross: Money
    net: Money
    withheld: Money
    eligible: Shares


@dataclass(frozen=True, slots=True)
class Matured:
    """A line was redeemed (seev.036, REDM): `quantity` left the account and `net` reached the bank account."""

    TYPE: ClassVar[str] = "matured"
    seq: int
    at: int
    isin: str
    event_id: str
    quantity: Shares
    net: Money
    epoch: int


CustodianEvent = (
    InstructionSettled | InstructionFailed | InstructionCancelled | ActionNotified | SplitBooked | DividendPaid | Matured
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A signed statement of one line in the segregated account, on settled basis (semt.002, SETT).

    Identity: `available` and every encumbered sub-balance (`blocked` to `other`) make the `aggregate`. `pending_receipt`
    lies outside it; `pending_delivery` is a part of `available` that has been instructed out and still counts until it
    leaves. `movements_hash` is the hash chain up to movement `movement_seq`; `previous_hash` chains the line's statements.
    `envelope` is what the custodian signed where the statement came as a message; else its canonical JSON is signed.
    """

    custodian: str
    account: str
    isin: str
    sequence: int
    as_of: int
    epoch: int
    available: Shares
    pending_receipt: Shares
    pending_delivery: Shares
    blocked: Shares
    pledged: Shares
    aggregate: Shares
    movement_seq: int
    movements_hash: str
    previous_hash: str
    signature: str = ""
    lent: Shares = Shares(0)
    borrowed: Shares = Shares(0)
    in_transit: Shares = Shares(0)
    restricted: Shares = Shares(0)
    other: Shares = Shares(0)
    envelope: str = ""

    @property
    def encumbered(self) -> Shares:
        """Held, and no backing: everything in the aggregate but what is available."""
        return Shares(self.aggregate.atoms - self.available.atoms)

    @property
    def hash(self) -> str:
        """What the next statement calls this one: the SHA-256 of the message, or of the canonical JSON."""
        if self.envelope:
            return self.envelope.split("\n")[6]
        return hashlib.sha256(canonical(statement_json(self))).hexdigest()

    def signed_bytes(self) -> bytes:
        """The envelope of the message, or the canonical JSON without the signature."""
        if self.envelope:
            return self.envelope.encode()
        body = statement_json(self)
        del body["signature"]
        return canonical(body)


def statement_json(statement: Statement) -> dict[str, Any]:
    """A statement as JSON; sub-balances that are seldom used stand in it only where they are not zero."""
    body: dict[str, Any] = to_json(statement)
    for name in ("lent", "borrowed", "in_transit", "restricted", "other", "envelope"):
        if body[name] in {"0", ""}:
            del body[name]
    return body


class MovementType(StrEnum):
    """What happened to the holding, or to an instruction that never will touch it."""

    RECEIPT = "receipt"
    DELIVERY = "delivery"
    SPLIT = "split"
    INTRA_POSITION = "intra_position"
    MATURITY = "maturity"
    CANCELLED = "cancelled"
    FAILED = "failed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the account's history. `quantity` is in shares of `epoch`; for a split it is the aggregate after it.

    `instruction` is the instruction's id, or the event id of a split. `reference` of a split reads `10/1` (new/old);
    of an intra-position movement it reads `available>blocked`.
    """

    seq: int
    at: int
    type: MovementType
    instruction: str
    isin: str
    quantity: Shares
    account: str
    counterparty: str
    reference: str
    epoch: int


class Custodian(Protocol):
    """Keeps shares in a segregated account.

    Safe if: the same id moves shares at most once for ever; an outgoing movement needs both signatures; a
    settled instruction is never undone; statements and movements are never rewritten; events are numbered from 1
    without a gap.
    Live if: every pending instruction ends settled, failed for good or cancelled.
    Warning: `cancel` may come too late; only the answer's status tells. The custodian's clock decides, not ours.
    """

    def instruct(self, instruction: Instruction, signatures: Signatures | None = None) -> InstructionAnswer:
        """Instruct a movement. Deliveries need both signatures.

        Raises `Conflict("instruction.conflict")`, `Refused("instruction.signatures")`, or `Unavailable`.
        """
        ...

    def cancel(self, instruction_id: str) -> InstructionAnswer:
        """Call a pending instruction off; the answer is its state afterwards.

        Raises `Refused("instruction.unknown")`, or `Unavailable`.
        """
        ...

    def instruction(self, instruction_id: str) -> InstructionAnswer | None:
        """The state of an instruction; None if the custodian never received it."""
        ...

    def events(self, after: int, limit: int) -> Sequence[CustodianEvent]:
        """Up to `limit` events with `seq` above `after`, in order."""
        ...

    def latest_statement(self, isin: str) -> Statement:
        """The newest statement; a new one is made when something changed or the last is over 60 s old."""
        ...

    def statements(self, isin: str, after: int) -> Sequence[Statement]:
        """All statements of a line with `sequence` above `after`."""
        ...

    def movements(self, after: int) -> Sequence[Movement]:
        """All movements with `seq` above `after`."""
        ...

    def public_key(self) -> bytes:
        """The ed25519 key (32 bytes) that statements are signed with."""
        ...
