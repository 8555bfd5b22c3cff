"""A stablecoin that is not ours: it may keep a fee, or answer false and move nothing."""

from collections import defaultdict
from dataclasses import dataclass, field

from tests.issuance.contracts.model.policy import Policy
from tests.issuance.contracts.model.reasons import NOBODY, Reasons


@dataclass
class Coin:
    """Balances in its own atoms; whoever pays has allowed it before."""

    at: str
    balances: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    fee: int = 0
    lies: bool = False

    def pay(self, where: str, sender: str, receiver: str, amount: int) -> Reasons:
        """Into or out of one of our contracts, which takes exactly what was said or nothing."""
        reasons = Reasons()
        reasons.unless(not self.lies, f"{where}: transfer failed")
        reasons.unless(self.fee == 0, f"{where}: another amount was received")
        if not reasons:
            self.balances[sender] -= amount
            self.balances[receiver] += amount
        return reasons


def unpayable(policy: Policy, where: str, at: str, receiver: str) -> Reasons:
    """Why a receiver that somebody chose is not paid."""
    reasons = Reasons()
    reasons.unless(receiver not in {NOBODY, at}, f"{where}: receiver was nobody")
    reasons.unless(not policy.lists_of(receiver), f"{where}: receiver was listed")
    return reasons
