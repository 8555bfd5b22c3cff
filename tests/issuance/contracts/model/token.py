"""One token: raw balances, what stops them, and the multiplier beside them (ERC-20, ERC-8056)."""

from collections import defaultdict
from dataclasses import dataclass, field

from tests.issuance.contracts.model.limits import Bucket
from tests.issuance.contracts.model.policy import Policy
from tests.issuance.contracts.model.reasons import GRAIN, NOBODY, Block, Reasons

from openscrip.kernel.multiplier import MULTIPLIER_MAX, MULTIPLIER_MIN, Multiplier
from openscrip.kernel.quantities import RawAmount

TRANSFERS, PRIMARY, BRIDGE, ALL = 1, 2, 4, 7
FREEZE_REASON_MAX = 5
NOTICE_S_MIN, HORIZON_S_MAX = 600, 60 * 86_400
FOR_EVER = 2**256 - 1


@dataclass
class Change:
    """A scheduled multiplier."""

    multiplier: int
    at: int
    epoch: int
    action: bytes


@dataclass
class Token:
    """Balances in raw atoms."""

    at: str
    isin: str
    name: str
    symbol: str
    block: Block
    policy: Policy
    issuer: str
    actions: str
    multiplier: Multiplier
    epoch: int
    terms: str = ""
    uri: str = ""
    balances: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    allowances: defaultdict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    nonces: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    pauses: int = 0
    frozen: dict[str, int] = field(default_factory=dict)
    pools: dict[str, Bucket] = field(default_factory=dict)
    pending: Change | None = None
    history: list[tuple[int, int]] = field(default_factory=list)
    entries: int = 1

    def __post_init__(self) -> None:
        self.history = [(0, self.multiplier.value)]

    @property
    def supply(self) -> int:
        """What anybody holds."""
        return sum(self.balances.values())

    @property
    def multiplier_next(self) -> int:
        """The pending multiplier, or the one in force."""
        return self.pending.multiplier if self.pending else self.multiplier.value

    def shares_owed_up(self, supply: int) -> int:
        """Atoms of shares behind a supply, under the higher of the multipliers in force and pending."""
        return Multiplier(max(self.multiplier.value, self.multiplier_next)).to_shares_up(RawAmount(supply)).atoms

    def multiplier_at(self, time: int) -> int:
        """The multiplier that was or will be in force."""
        planned = [*self.history, *([(self.pending.at, self.pending.multiplier)] if self.pending else [])]
        return [multiplier for since, multiplier in planned if since <= time][-1]

    def roll(self) -> None:
        """A change whose time has come is in force."""
        if self.pending and self.block.now >= self.pending.at:
            self.multiplier = Multiplier(self.pending.multiplier, self.multiplier.version + 1)
            self.history.append((self.pending.at, self.pending.multiplier))
            self.epoch, self.pending = self.pending.epoch, None

    # ---------------------------------------------------------------- moves

    def free(self, caller: str, sender: str, receiver: str, spender: str) -> Reasons:
        """Nothing stops a transfer. In the promised order: pause, list, freeze; the issuer contract is never stopped."""
        reasons = Reasons()
        reasons.unless(caller == self.issuer or not self.pauses & TRANSFERS, "token: was paused")
        reasons.needs(self.policy.check(*(NOBODY if each == self.issuer else each for each in (sender, receiver, spender))))
        reasons.needs(self._free_of_freezes(sender, receiver, spender))
        return reasons

    def _free_of_freezes(self, sender: str, receiver: str, spender: str) -> Reasons:
        reasons = Reasons()
        reasons.unless(sender not in self.frozen, "token: sender was frozen")
        reasons.unless(receiver not in self.frozen, "token: receiver was frozen")
        reasons.unless(spender in {sender, receiver} or spender not in self.frozen, "token: spender was frozen")
        return reasons

    def _free_to_take(self, receiver: str) -> Reasons:
        reasons = self.policy.check(NOBODY, receiver, receiver)
        reasons.unless(receiver not in self.frozen, "token: receiver was frozen")
        return reasons

    def _free_to_cross(self, sender: str, receiver: str, pool: str) -> Reasons:
        reasons = Reasons()
        reasons.unless(not self.pauses & BRIDGE, "token: was paused")
        reasons.needs(self.policy.check(sender, receiver, pool))
        reasons.needs(self._free_of_freezes(sender, receiver, pool))
        return reasons

    def _movable(self, sender: str, receiver: str, raw: int) -> Reasons:
        reasons = Reasons()
        reasons.unless(receiver != NOBODY, "token: receiver was zero")
        reasons.unless(self.balances[sender] >= raw, "token: balance was too small")
        return reasons

    def _move(self, sender: str, receiver: str, raw: int) -> None:
        """The one place where balances change; a mint comes from nobody and a burn goes to nobody."""
        if sender != NOBODY:
            self.balances[sender] -= raw
        if receiver != NOBODY:
            self.balances[receiver] += raw
        self.block.moved.append((self.at, sender, receiver, raw))

    def transfer_reasons(self, caller: str, to: str, raw: int) -> Reasons:
        """What stops a transfer, in the promised order."""
        reasons = self.free(caller, caller, to, caller)
        reasons.needs(self._movable(caller, to, raw))
        return reasons

    def transfer(self, caller: str, to: str, raw: int) -> Reasons:
        """By the owner of the tokens."""
        reasons = self.transfer_reasons(caller, to, raw)
        if not reasons:
            self._move(caller, to, raw)
        return reasons

    def transfer_from(self, caller: str, owner: str, to: str, raw: int) -> Reasons:
        """By a spender, within the owner's allowance; the largest is never used up."""
        reasons = self.free(caller, owner, to, caller)
        reasons.unless(owner != NOBODY, "token: owner was zero")
        reasons.unless(self.allowances[owner, caller] >= raw, "token: allowance was too small")
        reasons.needs(self._movable(owner, to, raw))
        if not reasons:
            self._spend(owner, caller, raw)
            self._move(owner, to, raw)
        return reasons

    def _spend(self, owner: str, spender: str, raw: int) -> None:
        if self.allowances[owner, spender] != FOR_EVER:
            self.allowances[owner, spender] -= raw

    def approve(self, caller: str, spender: str, raw: int) -> Reasons:
        """Nothing stops it."""
        reasons = Reasons()
        reasons.unless(spender != NOBODY, "token: spender was zero")
        if not reasons:
            self.allowances[caller, spender] = raw
        return reasons

    def permit(self, owner: str, spender: str, raw: int, deadline: int, by: str) -> Reasons:
        """Whoever relays it; `by` is who signed exactly this at the next nonce."""
        reasons = Reasons()
        reasons.unless(owner not in self.frozen, "token: owner was frozen")
        reasons.unless(spender not in self.frozen, "token: spender was frozen")
        reasons.unless(self.block.now <= deadline, "token: permit was expired")
        reasons.unless(by == owner != NOBODY, "token: permit was not signed by the owner")
        reasons.unless(spender != NOBODY, "token: spender was zero")
        if not reasons:
            self.nonces[owner] += 1
            self.allowances[owner, spender] = raw
        return reasons

    def delegated_transfer(self, caller: str, owner: str, to: str, raw: int, deadline: int, by: str) -> Reasons:
        """Whoever relays it, if that one may spend; one sequence of nonces with permits."""
        reasons = self.free(caller, owner, to, caller)
        reasons.unless(self.block.now <= deadline, "token: transfer was expired")
        reasons.unless(by == owner != NOBODY, "token: transfer was not signed by the owner")
        reasons.needs(self._movable(owner, to, raw))
        if not reasons:
            self.nonces[owner] += 1
            self._move(owner, to, raw)
        return reasons

    # ---------------------------------------------------------------- supply

    def mint(self, caller: str, to: str, raw: int, covered: bool) -> Reasons:
        """By the issuer contract, or by a pool within its bucket, if the issuer contract says that shares cover it."""
        reasons = Reasons()
        by_issuer = caller == self.issuer
        reasons.unless(by_issuer or caller in self.pools, "token: caller was not the issuer contract or a pool")
        reasons.unless(to != NOBODY, "token: receiver was zero")
        if by_issuer:
            reasons.unless(not self.pauses & PRIMARY, "token: was paused")
            reasons.needs(self._free_to_take(to))
        else:
            reasons.needs(self._free_to_cross(NOBODY, to, caller))
            reasons.unless(raw % GRAIN == 0, "token: amount was finer than 1e-8")
            level = self.pools[caller].level_at(self.block.now) if caller in self.pools else 0
            reasons.unless(raw <= level, "token: pool was empty")
            reasons.unless(self.policy.mirror_is_fresh(), "token: mirror was stale")
            reasons.unless(covered, "token: mint was not covered")
        if not reasons:
            if not by_issuer:
                self.pools[caller].take(raw, self.block.now)
            self._move(NOBODY, to, raw)
        return reasons

    def burn(self, caller: str, raw: int) -> Reasons:
        """Of its own, by the issuer contract, which nothing stops, or by a pool."""
        reasons = Reasons()
        if caller != self.issuer:
            reasons.unless(caller in self.pools, "token: caller was not the issuer contract or a pool")
            reasons.needs(self._free_to_cross(caller, NOBODY, caller))
            reasons.unless(raw % GRAIN == 0, "token: amount was finer than 1e-8")
        reasons.unless(self.balances[caller] >= raw, "token: balance was too small")
        if not reasons:
            self._move(caller, NOBODY, raw)
        return reasons

    def burn_from(self, caller: str, account: str, raw: int) -> Reasons:
        """By a pool, within its allowance."""
        reasons = Reasons()
        reasons.unless(caller in self.pools, "token: caller was not a pool")
        reasons.needs(self._free_to_cross(account, NOBODY, caller))
        reasons.unless(raw % GRAIN == 0, "token: amount was finer than 1e-8")
        reasons.unless(account != NOBODY, "token: owner was zero")
        reasons.unless(self.allowances[account, caller] >= raw, "token: allowance was too small")
        reasons.unless(self.balances[account] >= raw, "token: balance was too small")
        if not reasons:
            self._spend(account, caller, raw)
            self._move(account, NOBODY, raw)
        return reasons

    def set_pool(self, caller: str, pool: str, capacity: int, refill: int) -> Reasons:
        """By the owner; a capacity of zero takes the right away."""
        reasons = self._by_owner(caller)
        known = self.pools.get(pool, Bucket())
        reasons.unless(pool != self.issuer, "token: pool was the issuer contract")
        reasons.unless(pool != NOBODY, "token: pool was zero")
        reasons.unless(capacity < 2**128, "token: capacity was out of bounds")
        reasons.unless(refill <= capacity, "token: refill was above the capacity")
        reasons.unless((capacity == 0) == (refill == 0), "token: refill was zero")
        reasons.unless((capacity, refill) != (known.capacity, known.refill), "token: pool was unchanged")
        if not reasons:
            known.resize(capacity, refill, self.block.now)
            self.pools[pool] = known
            if capacity == 0:
                del self.pools[pool]
        return reasons

    # ---------------------------------------------------------------- multiplier

    def schedule(self, caller: str, expected: int, change: Change) -> Reasons:
        """By the register of actions: one at a time, from the multiplier in force, within notice and horizon."""
        reasons = self._by_actions(caller)
        notice = change.at - self.block.now
        reasons.unless(self.pending is None, "token: another change was pending")
        reasons.unless(expected == self.multiplier.value, "token: expected multiplier was not in force")
        reasons.unless(change.multiplier != expected, "token: multiplier was unchanged")
        in_bounds = MULTIPLIER_MIN <= change.multiplier <= MULTIPLIER_MAX
        reasons.unless(in_bounds, "token: multiplier was out of bounds")
        reasons.unless(notice >= NOTICE_S_MIN, "token: notice was too short")
        reasons.unless(notice <= HORIZON_S_MAX, "token: effective time was too far ahead")
        reasons.unless(change.epoch in {self.epoch, self.epoch + 1}, "token: epoch was not the next")
        if not reasons:
            self.pending = change
            self.entries += 1
        return reasons

    def cancel(self, caller: str, action: bytes) -> Reasons:
        """By the register of actions, what it scheduled for this action."""
        reasons = self._by_actions(caller)
        reasons.unless(self.pending is not None, "token: no change was pending")
        if self.pending:
            reasons.unless(self.pending.action == action, "token: another action was pending")
        if not reasons:
            self.pending = None
        return reasons

    def _by_actions(self, caller: str) -> Reasons:
        reasons = Reasons()
        reasons.unless(caller == self.actions, "token: caller was not the corporate actions contract")
        return reasons

    # ---------------------------------------------------------------- powers

    def _by_owner(self, caller: str) -> Reasons:
        reasons = Reasons()
        reasons.unless(caller == self.policy.owner, "token: caller was not the owner")
        return reasons

    def _by_guardian(self, caller: str) -> Reasons:
        reasons = Reasons()
        reasons.unless(caller == self.policy.guardian, "token: caller was not the guardian")
        return reasons

    def pause(self, caller: str, scope: int = ALL) -> Reasons:
        """By the guardian: stops at least one thing that was not."""
        reasons = self._by_guardian(caller)
        reasons.unless(1 <= scope <= ALL, "token: scope was unknown")
        reasons.unless(self.pauses & scope != scope, "token: was paused")
        if not reasons:
            self.pauses |= scope
        return reasons

    def unpause(self, caller: str, scope: int = ALL) -> Reasons:
        """By the owner: frees at least one thing that was stopped."""
        reasons = self._by_owner(caller)
        reasons.unless(1 <= scope <= ALL, "token: scope was unknown")
        reasons.unless(bool(self.pauses & scope), "token: was not paused")
        if not reasons:
            self.pauses &= ~scope
        return reasons

    def freeze(self, caller: str, account: str, reason: int) -> Reasons:
        """By the guardian; never the issuer contract."""
        reasons = self._by_guardian(caller)
        reasons.unless(account != self.issuer, "token: account was the issuer contract")
        reasons.unless(account != NOBODY, "token: account was zero")
        reasons.unless(1 <= reason <= FREEZE_REASON_MAX, "token: reason was unknown")
        reasons.unless(account not in self.frozen, "token: account was frozen")
        if not reasons:
            self.frozen[account] = reason
        return reasons

    def unfreeze(self, caller: str, account: str, reason: int) -> Reasons:
        """By the owner."""
        reasons = self._by_owner(caller)
        reasons.unless(1 <= reason <= FREEZE_REASON_MAX, "token: reason was unknown")
        reasons.unless(account in self.frozen, "token: account was not frozen")
        if not reasons:
            del self.frozen[account]
        return reasons

    def recover(self, caller: str, account: str, to: str, raw: int, case: bytes, reason: int) -> Reasons:
        """By the owner, off a frozen account alone, for a case; a pause does not matter."""
        reasons = self._by_owner(caller)
        reasons.needs(self._free_to_take(to))
        reasons.unless(account in self.frozen, "token: account was not frozen")
        reasons.unless(raw > 0, "token: amount was zero")
        reasons.unless(any(case), "token: case was zero")
        reasons.unless(1 <= reason <= FREEZE_REASON_MAX, "token: reason was unknown")
        reasons.needs(self._movable(account, to, raw))
        if not reasons:
            self._move(account, to, raw)
        return reasons

    def set_terms(self, caller: str, terms: str) -> Reasons:
        """By the owner."""
        reasons = self._by_owner(caller)
        reasons.unless(terms != "", "token: terms were empty")
        reasons.unless(terms != self.terms, "token: terms were unchanged")
        if not reasons:
            self.terms = terms
        return reasons

    def set_contract_uri(self, caller: str, uri: str) -> Reasons:
        """By the owner."""
        reasons = self._by_owner(caller)
        reasons.unless(uri != "", "token: contract URI was empty")
        reasons.unless(uri != self.uri, "token: contract URI was unchanged")
        if not reasons:
            self.uri = uri
        return reasons
