"""The port of Travel Rule counterparts: the provider at the other end of a transfer, told who sends and who receives.

To add a network: a module in `counterparts/` that carries a message in its casing, and its line in the composition root.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from openscrip.assets.compliance.ivms101 import Casing


class Answer(StrEnum):
    """What the other side says."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Replied:
    """An answer, and the other side's own name for the exchange."""

    answer: Answer
    reference: str


class TravelCounterpart(Protocol):
    """Carries messages to one provider.

    Safe if: the same transfer told twice is one exchange there. Raises `Unavailable` where it does not answer.
    """

    @property
    def casing(self) -> Casing:
        """How it writes IVMS101."""
        ...

    def tell(self, transfer: str, transaction: dict[str, str], message: dict[str, Any]) -> Replied:
        """Send the message of a transfer; `transaction` is what IVMS101 has no field for: asset, amount, address."""
        ...
