"""What both chains must show alike when a history is over."""

from dataclasses import dataclass

from tests.issuance.differential.steps import Request


@dataclass(frozen=True, slots=True)
class Asked:
    """What is kept of a redemption or a crossing; `state` 0 unknown, 1 escrowed, 2 burned, 3 refunded, 4 restored."""

    raw: int
    kind: int
    state: int
    arrive_by: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Amounts in grains, as of one second."""

    supply: int
    balances: dict[str, int]
    escrow: int
    frozen: dict[str, bool]
    pauses: int
    caps: tuple[int, int, int]
    left: tuple[int, int]
    lanes: dict[bytes, tuple[int, int, int]]
    multiplier: int
    next_multiplier: int
    effective_at: int
    epoch: int
    next_epoch: int
    version: int
    reserve: tuple[int, ...]
    signer_epoch: int
    guardian: str
    asked: dict[Request, Asked]
    requests: dict[bytes, bool]
    evidence: dict[tuple[int, bytes], bool]
    origins: dict[bytes, bool]
    actions: dict[bytes, int]
    action_count: int
    window: tuple[int, int, bool]


@dataclass(frozen=True, slots=True)
class Known:
    """What a history touched, so what is looked at in the end."""

    lanes: tuple[bytes, ...]
    asked: tuple[Request, ...]
    requests: tuple[bytes, ...]
    evidence: tuple[tuple[int, bytes], ...]
    origins: tuple[bytes, ...]
    actions: tuple[bytes, ...]
