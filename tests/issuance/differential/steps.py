"""What may happen on either chain, in one vocabulary: amounts in grains (1e-8 raw), shares in atoms of 1e-9, times in UTC
seconds, multipliers in 1e-18, people by name. `by` and its like are whose signatures come along, rightly or not.
"""

from dataclasses import dataclass

Names = tuple[str, ...]
GRAIN = 10**10
"""Atoms of an EVM balance in a grain."""
NO_HASH = bytes(32)
ISSUANCE, ARRIVAL, RESTITUTION, SUCCESSION = 1, 2, 3, 4
TRANSFERS, PRIMARY, BRIDGE = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Request:
    """What a holder asked for, by the holder's own 32 bytes."""

    holder: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """A reserve report, submitted by a member of the issuers."""

    by: Names
    attestors: Names
    shares: int
    encumbered: int
    in_transit: int
    allocation: int
    epoch: int
    as_of: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Mint:
    """A voucher, alone or with the report that it needs. `origin` is a request for a restitution, else 32 bytes."""

    issuers: Names
    attestors: Names
    receiver: str
    kind: int
    raw: int
    request: bytes
    evidence: bytes
    origin: bytes | Request
    epoch: int
    multiplier: int
    signer_epoch: int
    deadline: int
    report: Report | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Vouchers in one transaction: all or none."""

    mints: tuple[Mint, ...]


@dataclass(frozen=True, slots=True)
class Transfer:
    """Between holders."""

    sender: str
    to: str
    raw: int


@dataclass(frozen=True, slots=True)
class Void:
    """A request that shall not serve."""

    by: Names
    request: bytes


@dataclass(frozen=True, slots=True)
class Escrow:
    """A redemption begins."""

    asked: Request
    kind: int
    raw: int


@dataclass(frozen=True, slots=True)
class Depart:
    """A crossing begins."""

    asked: Request
    raw: int
    destination: bytes
    receiver: bytes


@dataclass(frozen=True, slots=True)
class Burn:
    """A redemption's tokens end."""

    by: Names
    asked: Request


@dataclass(frozen=True, slots=True)
class Refund:
    """A redemption's tokens go back."""

    by: Names
    asked: Request


@dataclass(frozen=True, slots=True)
class Pause:
    """By the guardian."""

    by: Names
    scope: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Through the timelock, as all that names nobody."""

    scope: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """By the guardian."""

    by: Names
    account: str
    reason: int


@dataclass(frozen=True, slots=True)
class Thaw:
    """Through the timelock."""

    account: str
    reason: int


@dataclass(frozen=True, slots=True)
class Recover:
    """Through the timelock."""

    account: str
    to: str
    raw: int
    case: bytes
    reason: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Supply, day, hour: by the guardian, or through the timelock without `by`."""

    caps: tuple[int, int, int]
    by: Names = ()


@dataclass(frozen=True, slots=True)
class SetLane:
    """By the guardian, who leaves the life as it is, or through the timelock without `by`."""

    destination: bytes
    hour_cap: int
    life_s: int
    by: Names = ()


@dataclass(frozen=True, slots=True)
class SetSigners:
    """Through the timelock."""

    role: int
    members: Names
    threshold: int


@dataclass(frozen=True, slots=True)
class SetGuardian:
    """Through the timelock."""

    name: str


@dataclass(frozen=True, slots=True)
class Announce:
    """A corporate action. `into` is "", "successor", "stablecoin" or "itself"."""

    actions: Names
    attestors: Names
    action: bytes
    kind: bytes
    dates: tuple[int, int, int]
    ratio_new: int
    ratio_old: int
    cash: int
    into: str
    sources: bytes
    corrects: bytes


@dataclass(frozen=True, slots=True)
class Stage:
    """The multiplier of an announced action."""

    actions: Names
    attestors: Names
    action: bytes
    expected: int
    multiplier: int
    effective_at: int
    epoch_after: int
    ratio_new: int
    ratio_old: int
    paused_from: int


@dataclass(frozen=True, slots=True)
class AnnounceAndStage:
    """Both steps of one action in one transaction."""

    announcing: Announce
    staging: Stage


@dataclass(frozen=True, slots=True)
class Cancel:
    """An action is taken back."""

    actions: Names
    attestors: Names
    action: bytes
    reason: bytes


@dataclass(frozen=True, slots=True)
class Finish:
    """An applied action is done with."""

    actions: Names
    attestors: Names
    action: bytes
    evidence: bytes


@dataclass(frozen=True, slots=True)
class End:
    """An announced merger, change or delisting closes the token for mints."""

    actions: Names
    attestors: Names
    action: bytes
    effective_at: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    seconds: int


Step = (
    Report | Mint | Batch | Transfer | Void | Escrow | Depart | Burn | Refund | Pause | Resume | Freeze | Thaw | Recover
    | Limits | SetLane
    | SetSigners | SetGuardian | Announce | Stage | AnnounceAndStage | Cancel | Finish | End | Wait
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happened:
    """A step at its time, and the words of its refusal by one chain; none if it was done.

    `signed` says whether all signed who must, and `there` whether the records are there that it names.
    """

    at: int
    step: Step
    words: str
    signed: bool
    there: bool
