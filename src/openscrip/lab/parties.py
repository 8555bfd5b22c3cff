"""What stands in for the outside world in a simulation: keys that always sign, and broker and custodian on one clock."""

import random
from collections.abc import Callable
from typing import Any, Protocol

from openscrip.assets.custody import Instruction, Payment, Signatures
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import Money
from openscrip.runtime.decision import Books
from openscrip.runtime.store import Lease, Unit


class WillingKeys:
    """Two keys that sign whatever is asked: in a simulation the decisions alone must hold the invariants."""

    def signed(self, message: bytes, signatures: Signatures | None) -> bool:
        """Always."""
        return True

    def delivery(self, instruction: Instruction) -> Signatures:
        """Both signatures, unread."""
        return Signatures("", "")

    def payment(self, payment: Payment) -> Signatures:
        """Both signatures, unread."""
        return Signatures("", "")

    def sign(self, message: bytes) -> str:
        """No statement is read by anybody who would check it."""
        return ""

    def public_key(self) -> bytes:
        """No key."""
        return b""


class Party(Protocol):
    """A paper broker or custodian."""

    def advance_to(self, now: int) -> None:
        """Let happen what is due."""
        ...

    def next_due(self) -> int | None:
        """When the next thing happens."""
        ...


class OutsideWorld:
    """Broker and custodian, moved through time in one order; `deposit` is the clients' bank."""

    def __init__(self, parties: tuple[Party, ...], deposit: Callable[[str, str, Money, str], None]) -> None:
        self._parties = parties
        self.deposit = deposit

    def advance_to(self, now: int) -> None:
        """Let everything happen that is due by then, in order of time."""
        while (due := self.next_due()) is not None and due <= now:
            self._move(due)
        self._move(now)

    def next_due(self) -> int | None:
        """When the next thing happens by itself."""
        return min((due for party in self._parties if (due := party.next_due()) is not None), default=None)

    def _move(self, now: int) -> None:
        for party in self._parties:
            party.advance_to(now)


class RepeatingBooks(Books):
    """Books that sometimes tell a row the same event twice, as a network would."""

    chance: random.Random | None = None

    def tell(self, unit: Unit, kind: type[Any] | str, row_id: str, event: object) -> None:
        """Tell once, or twice."""
        super().tell(unit, kind, row_id, event)
        if self.chance is not None and self.chance.random() < 0.03:
            super().tell(unit, kind, row_id, event)


def unreliable(perform: Callable[[Lease], Any], chance: random.Random) -> Callable[[Lease], Any]:
    """A performer whose question or answer is sometimes lost on the way."""

    def performed(lease: Lease) -> Any:
        if chance.random() < 0.01:
            raise Unavailable("simulation: the question was lost")
        answer = perform(lease)
        if chance.random() < 0.01:
            raise Unavailable("simulation: the answer was lost")
        return answer

    return performed
