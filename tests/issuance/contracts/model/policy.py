"""Who may not hold or move a token, and who governs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.issuance.contracts.model.reasons import NOBODY, Block, Reasons

BY_GUARDIAN, BY_MIRROR, BY_SOURCE = 1, 2, 4
MIRROR_AGE_S_MAX = 30 * 86_400


@dataclass
class Source:
    """A list on this chain that is not ours: whom it has, or that it does not answer."""

    at: str
    listed: set[str] = field(default_factory=set)
    fails: bool = False


@dataclass
class Policy:
    """Lists by account, and the powers."""

    at: str
    owner: str
    guardian: str
    block: Block
    pending_owner: str = NOBODY
    ccip_admin: str = NOBODY
    lists: dict[str, int] = field(default_factory=dict)
    keeper: str = NOBODY
    mirror_age: int = 0
    mirror_as_of: int = 0
    source: Source | None = None

    def lists_of(self, account: str) -> int:
        """The sum of the lists that have an account."""
        return self.lists.get(account, 0)

    def mirror_is_fresh(self) -> bool:
        """Whether mints may rely on the mirror."""
        return self.keeper == NOBODY or self.block.now - self.mirror_as_of <= self.mirror_age

    def check(self, sender: str, receiver: str, spender: str) -> Reasons:
        """Nobody on any list gives, takes or spends."""
        reasons = Reasons()
        reasons.unless(not self.lists_of(sender), "policy: sender was listed")
        reasons.unless(not self.lists_of(receiver), "policy: receiver was listed")
        reasons.unless(spender in {sender, receiver} or not self.lists_of(spender), "policy: spender was listed")
        return reasons

    def _by_owner(self, caller: str) -> Reasons:
        reasons = Reasons()
        reasons.unless(caller == self.owner, "policy: caller was not the owner")
        return reasons

    def list_address(self, caller: str, account: str) -> Reasons:
        """By the guardian, at once."""
        reasons = Reasons()
        reasons.unless(caller == self.guardian, "policy: caller was not the guardian")
        reasons.unless(account != NOBODY, "policy: account was zero")
        reasons.unless(not self.lists_of(account) & BY_GUARDIAN, "policy: account was listed already")
        if not reasons:
            self.lists[account] = self.lists_of(account) | BY_GUARDIAN
        return reasons

    def unlist_address(self, caller: str, account: str) -> Reasons:
        """By the owner; the source's list is the source's."""
        reasons = self._by_owner(caller)
        reasons.unless(bool(self.lists_of(account) & ~BY_SOURCE), "policy: account was not listed")
        if not reasons:
            self.lists[account] = self.lists_of(account) & BY_SOURCE
        return reasons

    def set_mirror(self, caller: str, keeper: str, age_s_max: int) -> Reasons:
        """By the owner. A new keeper's mirror is stale until it speaks."""
        reasons = self._by_owner(caller)
        reasons.unless((keeper == NOBODY) == (age_s_max == 0), "policy: keeper and age were not both given")
        reasons.unless(age_s_max <= MIRROR_AGE_S_MAX, "policy: age was out of bounds")
        reasons.unless((keeper, age_s_max) != (self.keeper, self.mirror_age), "policy: mirror was unchanged")
        if not reasons:
            self.mirror_as_of = self.mirror_as_of if keeper == self.keeper else 0
            self.keeper, self.mirror_age = keeper, age_s_max
        return reasons

    def mirror(self, caller: str, accounts: Sequence[str], as_of: int) -> Reasons:
        """By the keeper, of now or before, never back."""
        reasons = Reasons()
        reasons.unless(caller == self.keeper, "policy: caller was not the keeper")
        reasons.unless(as_of <= self.block.now, "policy: mirror was of the future")
        reasons.unless(as_of >= self.mirror_as_of, "policy: mirror went back")
        reasons.unless(NOBODY not in accounts, "policy: account was zero")
        if not reasons:
            self.mirror_as_of = as_of
            for account in accounts:
                self.lists[account] = self.lists_of(account) | BY_MIRROR
        return reasons

    def set_source(self, caller: str, source: Source | None) -> Reasons:
        """By the owner: a list that answers, and does not have the policy."""
        reasons = self._by_owner(caller)
        reasons.unless(source is not self.source, "policy: source was unchanged")
        if source is not None:
            reasons.unless(not source.fails, "policy: source did not answer")
            reasons.unless(self.at not in source.listed, "policy: source listed the policy")
        if not reasons:
            self.source = source
        return reasons

    def sync(self, accounts: Sequence[str]) -> Reasons:
        """By anyone: what the source says of these accounts now."""
        reasons = Reasons()
        fails = self.source is not None and self.source.fails
        reasons.unless(not (fails and accounts), "policy: source did not answer")
        listed = self.source.listed if self.source else set()
        reasons.unless(not (NOBODY in accounts and NOBODY in listed), "policy: account was zero")
        if not reasons:
            for account in accounts:
                bit = BY_SOURCE if account in listed else 0
                self.lists[account] = self.lists_of(account) & ~BY_SOURCE | bit
        return reasons

    def set_guardian(self, caller: str, guardian: str) -> Reasons:
        """By the owner."""
        reasons = self._by_owner(caller)
        reasons.unless(guardian != NOBODY, "policy: guardian was zero")
        reasons.unless(guardian != self.guardian, "policy: guardian was unchanged")
        if not reasons:
            self.guardian = guardian
        return reasons

    def set_ccip_admin(self, caller: str, admin: str) -> Reasons:
        """By the owner; zero takes the power away."""
        reasons = self._by_owner(caller)
        reasons.unless(admin != self.ccip_admin, "policy: CCIP admin was unchanged")
        if not reasons:
            self.ccip_admin = admin
        return reasons

    def offer_ownership(self, caller: str, heir: str) -> Reasons:
        """By the owner: the first of two steps."""
        reasons = self._by_owner(caller)
        reasons.unless(heir != self.pending_owner, "policy: pending owner was unchanged")
        if not reasons:
            self.pending_owner = heir
        return reasons

    def accept_ownership(self, caller: str) -> Reasons:
        """By the heir: the second."""
        reasons = Reasons()
        reasons.unless(caller == self.pending_owner, "policy: caller was not the pending owner")
        if not reasons:
            self.owner, self.pending_owner = caller, NOBODY
        return reasons
