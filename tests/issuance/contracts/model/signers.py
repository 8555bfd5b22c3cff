"""Who signs for what: sets of accounts by role, and how many of each must sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.issuance.contracts.model.policy import Policy
from tests.issuance.contracts.model.reasons import NOBODY, Reasons

ISSUER, ATTESTOR, CORPORATE_ACTION, PRICE, LISTER = range(1, 6)


@dataclass
class Signers:
    """Sets by role, as (members in ascending order, threshold), and the epoch that rises with each change."""

    at: str
    policy: Policy
    sets: dict[int, tuple[tuple[str, ...], int]]
    epoch: int = 1

    def has_role(self, account: str, role: int) -> bool:
        """Whether an account is a member."""
        return account in self.sets[role][0]

    def signed(self, role: int, by: Sequence[str]) -> bool:
        """Whether signatures of these accounts, in this order, are exactly what a role needs."""
        members, threshold = self.sets[role]
        return len(by) == threshold and rises(by) and set(by) <= set(members)

    def set_signers(self, caller: str, role: int, members: Sequence[str], threshold: int) -> Reasons:
        """By the owner. Nobody is an attestor and anything else; everything signed before is void."""
        reasons = Reasons()
        reasons.unless(caller == self.policy.owner, "signers: caller was not the owner")
        reasons.unless(role in self.sets, "signers: role was unknown")
        reasons.unless(threshold >= 1, "signers: threshold was zero")
        reasons.unless(threshold <= len(members), "signers: threshold was above the members")
        reasons.unless(rises(members), "signers: members were not ascending")
        others = [each for each in self.sets if each != role and ATTESTOR in {role, each}]
        taken = {member for each in others for member in self.sets[each][0]}
        reasons.unless(not taken & set(members), "signers: attestor was no second key")
        if not reasons:
            self.sets[role] = (tuple(members), threshold)
            self.epoch += 1
        return reasons


def rises(accounts: Sequence[str]) -> bool:
    """Strictly ascending, and nobody is zero."""
    numbers = [int(account, 16) for account in (NOBODY, *accounts)]
    return all(low < high for low, high in pairwise(numbers))
