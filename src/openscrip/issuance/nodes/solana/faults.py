"""What a real cluster does to its clients, on request: confirmations late, transactions lost, blockhashes short-lived.

Nothing of it is in the log: a restarted node is as its command line says.
"""

from dataclasses import dataclass

COMMITMENTS = ("processed", "confirmed", "finalized")


@dataclass(slots=True)
class Faults:
    """`confirm_slots` and `finalize_slots` are how long a landed transaction waits for either; every `drop_every`-th
    sent transaction is answered and lost. 0 is never, or at once.
    """

    confirm_slots: int = 0
    finalize_slots: int = 0
    drop_every: int = 0
    _sent: int = 0

    def loses_the_next(self) -> bool:
        """Whether the transaction that was sent just now gets lost."""
        if self.drop_every == 0:
            return False
        self._sent += 1
        return self._sent % self.drop_every == 0

    def commitment(self, landed_at: int, slot: int) -> str:
        """How far a transaction of slot `landed_at` has come in `slot`."""
        return max((one for one in COMMITMENTS if self.due(landed_at, one) <= slot), key=COMMITMENTS.index)

    def due(self, landed_at: int, commitment: str) -> int:
        """The slot in which a transaction of slot `landed_at` reaches `commitment`."""
        return landed_at + self.wait(commitment)

    def wait(self, commitment: str) -> int:
        """How many slots a landed transaction waits for `commitment`; what is no commitment counts as finalized."""
        if commitment == "processed":
            return 0
        return self.confirm_slots if commitment == "confirmed" else max(self.confirm_slots, self.finalize_slots)
