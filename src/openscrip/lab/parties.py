"""What stands in for the outside world in a simulation: keys that always sign, and broker and custodian on one clock."""

import random
from collections.abc import Callable
from typing import Any, Protocol

from openscrip.assets.actions import Woken
from openscrip.assets.bank import Payment
from openscrip.assets.custody import Instruction, Signatures
from openscrip.kernel.clock import Clock
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import Money
from openscrip.lab.invariants import InvariantBroken
from openscrip.runtime.decision import Books
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.store import Command, Lease, Unit


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
    """Books that sometimes tell a row the same event twice, as a network would, or wake it for nothing."""

    chance: random.Random | None = None

    def tell(self, unit: Unit, kind: type[Any] | str, row_id: str, event: object) -> None:
        """Tell once, or twice."""
        super().tell(unit, kind, row_id, event)
        if self.chance is None:
            return
        strike = self.chance.random()
        if strike < 0.03:
            super().tell(unit, kind, row_id, event)
        elif strike < 0.05 and hears_wakes(kind):
            super().tell(unit, kind, row_id, Woken("spurious"))


def hears_wakes(kind: type[Any] | str) -> bool:
    """Whether rows of this kind can be woken."""
    name = kind if isinstance(kind, str) else kind.__name__
    return name in ("Subscription", "Redemption", "Distribution")


class StrictStore(MemoryStore):
    """A store in which nothing may be given up: what a worker would park ends the simulation."""

    def park(self, lease: Lease, error: str) -> None:
        """Raise `InvariantBroken` naming the command and the end of its error."""
        raise InvariantBroken(said(f"{lease.command.key} was parked: {error.strip().splitlines()[-1]}"))


def said(text: str) -> str:
    """`text` behind the invariant that it speaks of."""
    for word, invariant in WORDS:
        if word in text:
            return f"{invariant}: {text}"
    return f"live: {text}"


WORDS = (
    ("was used", "I4 once"),
    ("not in escrow", "I4 once"),
    ("another epoch", "I1 covered"),
    ("another multiplier", "I6 one multiplier"),
    ("ledger", "I5 balanced"),
    ("Ledger", "I5 balanced"),
    ("inventory", "I5 balanced"),
)
EXPLAINED = ("voucher was expired", "was not in the future")
"""Refusals from outside that a slow world makes possible; the decisions ask again."""


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


class Slow:
    """Sometimes a party answers only hours later: by market time, up to `longest_s`.

    `until` remembers by command, beyond a crash. `before` delays the question, so that the effect itself is late;
    otherwise only its answer is.
    """

    def __init__(
        self,
        perform: Callable[[Lease], Any],
        chance: random.Random,
        clock: Clock,
        until: dict[str, int],
        rate: float,
        longest_s: int,
        *,
        before: bool,
        strikes: Callable[[Command], bool] = lambda command: True,
    ) -> None:
        self._perform = perform
        self._chance = chance
        self._clock = clock
        self._rate = rate
        self._longest_s = longest_s
        self._before = before
        self._strikes = strikes
        self._until = until

    def __call__(self, lease: Lease) -> Any:
        """Perform, or say that the answer is not there yet."""
        key, now = lease.command.key, self._clock.now()
        until = self._until.get(key)
        if until is None:
            late = self._strikes(lease.command) and self._chance.random() < self._rate
            until = self._until[key] = now + self._chance.randrange(1_800, self._longest_s) if late else 0
        if self._before and now < until:
            raise Unavailable("simulation: the question waits")
        answer = self._perform(lease)
        if now < until:
            raise Unavailable("simulation: the answer waits")
        return answer
