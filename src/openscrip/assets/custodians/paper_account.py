"""What the paper custodian remembers: the holding of a line with its history, the bank account, open instructions."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from openscrip.assets.bank import CashTotals
from openscrip.assets.custody import Instruction, InstructionKind, InstructionState, Movement, Statement
from openscrip.assets.wire import canonical, to_json
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import ATOMS_PER_SHARE

FIRST_HASH = "00" * 32
SUB_BALANCES = ("available", "blocked", "pledged", "lent", "borrowed", "in_transit", "restricted", "other")


@dataclass(slots=True)
class Holding:
    """One line in the segregated account, in atoms. `available` contains `pending_delivery`."""

    symbol: str
    available: int = 0
    blocked: int = 0
    pledged: int = 0
    lent: int = 0
    borrowed: int = 0
    in_transit: int = 0
    restricted: int = 0
    other: int = 0
    pending_receipt: int = 0
    pending_delivery: int = 0
    epoch: int = 0
    changed: bool = True
    statements: list[Statement] = field(default_factory=list)
    pending: dict[str, None] = field(default_factory=dict)

    @property
    def aggregate(self) -> int:
        """All settled shares."""
        return sum(int(getattr(self, name)) for name in SUB_BALANCES)

    def wait(self, kind: InstructionKind, atoms: int) -> None:
        """Add `atoms` to what is pending in or out."""
        if kind is InstructionKind.RECEIVE:
            self.pending_receipt += atoms
        else:
            self.pending_delivery += atoms
        self.changed = True

    def split(self, new: int, old: int) -> int:
        """Rescale each sub-balance to whole shares and raise the epoch; the atoms that were lost as fractions."""
        exact = self.aggregate * new // old
        for name in SUB_BALANCES:
            setattr(self, name, whole_down(getattr(self, name) * new // old))
        self.epoch += 1
        self.changed = True
        return exact - self.aggregate


@dataclass(slots=True)
class Open:
    """An instruction and where it stands; `atoms` are still to settle, `settled` did in `parts`, and both follow splits."""

    instruction: Instruction
    state: InstructionState
    reason: str
    atoms: int
    attempts: int = 0
    settled: int = 0
    parts: int = 0


class MovementChain:
    """All movements, hash-chained: h(n) = sha256(h(n-1) || canonical JSON of movement n), h(0) = 32 zero bytes."""

    def __init__(self) -> None:
        self.movements: list[Movement] = []
        self._hashes: list[str] = [FIRST_HASH]

    def add(self, movement: Movement) -> None:
        """Append; hashing waits until somebody asks."""
        self.movements.append(movement)

    def after(self, seq: int) -> Sequence[Movement]:
        """Movements numbered above `seq`."""
        return self.movements[seq:]

    def head(self) -> tuple[int, str]:
        """The number of the newest movement and the hash up to it."""
        for movement in self.movements[len(self._hashes) - 1 :]:
            link = bytes.fromhex(self._hashes[-1]) + canonical(to_json(movement))
            self._hashes.append(hashlib.sha256(link).hexdigest())
        return len(self.movements), self._hashes[-1]


class BankAccount:
    """Money in 1e-6 USD, with totals by reference."""

    def __init__(self) -> None:
        self.balance = Money(0)
        self._received: dict[str, int] = {}
        self._paid: dict[str, int] = {}

    def receive(self, reference: str, amount: Money) -> None:
        """Book money in."""
        self.balance += amount
        self._received[reference] = self._received.get(reference, 0) + amount.atoms

    def pay(self, reference: str, amount: Money) -> None:
        """Book money out."""
        self.balance -= amount
        self._paid[reference] = self._paid.get(reference, 0) + amount.atoms

    def totals(self, reference: str) -> CashTotals:
        """Received and paid under `reference`."""
        return CashTotals(Money(self._received.get(reference, 0)), Money(self._paid.get(reference, 0)))


def whole_down(atoms: int) -> int:
    """`atoms` without the fraction of a share."""
    return atoms - atoms % ATOMS_PER_SHARE
