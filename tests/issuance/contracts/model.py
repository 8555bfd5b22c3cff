"""The token system in plain Python, written from the design (I1, I2, I8) and ERC-8056: what must be allowed.

Each act answers whether it was allowed; a refused act changes nothing. Amounts are raw atoms, shares are in 1e-9.
"""

from dataclasses import dataclass, field

from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount

NOTICE_S, HORIZON_S, FRESH_S = 10 * 60, 60 * 86_400, 3_600
GRAIN = 10**10


@dataclass
class Redemption:
    """A redemption: escrowed, burned or refunded."""

    holder: str
    raw: int
    state: str = "escrowed"


@dataclass
class Change:
    """A scheduled multiplier."""

    action: bytes
    multiplier: int
    at: int
    epoch: int


@dataclass
class Model:
    """One token with its feed and its issuer."""

    now: int
    balances: dict[str, int] = field(default_factory=dict)
    redemptions: dict[bytes, Redemption] = field(default_factory=dict)
    used: set[bytes] = field(default_factory=set)
    multiplier: Multiplier = field(default_factory=Multiplier.one)
    epoch: int = 0
    pending: Change | None = None
    allocation: int = 0
    report_epoch: int = 0
    report_at: int = 0
    paused: bool = False
    listed: set[str] = field(default_factory=set)
    frozen: set[str] = field(default_factory=set)

    @property
    def barred(self) -> set[str]:
        """Who gives and takes nothing."""
        return self.listed | self.frozen

    @property
    def escrowed(self) -> int:
        """What the issuer contract holds."""
        return sum(each.raw for each in self.redemptions.values() if each.state == "escrowed")

    @property
    def supply(self) -> int:
        """Everything that somebody holds."""
        return sum(self.balances.values()) + self.escrowed

    def shares_owed(self, supply: int) -> int:
        """Shares behind `supply`, rounded up, under the higher of the multipliers in force and pending."""
        highest = max(self.multiplier.value, self.pending.multiplier if self.pending else 0)
        return Multiplier(highest).to_shares_up(RawAmount(supply)).atoms

    def pass_time(self, seconds: int) -> None:
        """A change whose time has come is in force."""
        self.now += seconds
        if self.pending and self.now >= self.pending.at:
            self.multiplier = Multiplier(self.pending.multiplier, self.multiplier.version + 1)
            self.epoch, self.pending = self.pending.epoch, None

    def report(self, allocation: int, epoch: int) -> bool:
        """A report whose epoch does not go back."""
        if epoch < self.report_epoch:
            return False
        self.allocation, self.report_epoch, self.report_at = allocation, epoch, self.now
        return True

    def mint(self, receiver: str, raw: int, request: bytes, evidence: bytes, epoch: int, deadline: int) -> bool:
        """Covered, once, of this epoch, in time."""
        allowed = (
            raw > 0
            and raw % GRAIN == 0
            and not {request, evidence} & self.used
            and self.now <= deadline
            and epoch == self.epoch == self.report_epoch
            and self.report_at > 0
            and self.now - self.report_at <= FRESH_S
            and self.shares_owed(self.supply + raw) <= self.allocation
            and not self.paused
            and receiver not in self.barred
        )
        if allowed:
            self.used |= {request, evidence}
            self.balances[receiver] = self.balances.get(receiver, 0) + raw
        return allowed

    def transfer(self, sender: str, receiver: str, raw: int) -> bool:
        """Own tokens, nobody listed or frozen, not paused."""
        allowed = (
            not self.paused and not {sender, receiver} & self.barred and self.balances.get(sender, 0) >= raw
        )
        if allowed:
            self.balances[sender] = self.balances.get(sender, 0) - raw
            self.balances[receiver] = self.balances.get(receiver, 0) + raw
        return allowed

    def escrow(self, holder: str, raw: int, request: bytes) -> bool:
        """Own tokens, a new request; a pause does not matter (I8)."""
        allowed = (
            raw > 0
            and raw % GRAIN == 0
            and request not in self.redemptions
            and holder not in self.barred
            and self.balances.get(holder, 0) >= raw
        )
        if allowed:
            self.balances[holder] -= raw
            self.redemptions[request] = Redemption(holder, raw)
        return allowed

    def burn(self, request: bytes) -> bool:
        """What is in escrow."""
        found = self.redemptions.get(request)
        if found is None or found.state != "escrowed":
            return False
        found.state = "burned"
        return True

    def refund(self, request: bytes) -> bool:
        """What is in escrow, unless the holder was listed or frozen."""
        found = self.redemptions.get(request)
        if found is None or found.state != "escrowed" or found.holder in self.barred:
            return False
        found.state = "refunded"
        self.balances[found.holder] += found.raw
        return True

    def schedule(self, expected: int, change: Change) -> bool:
        """One at a time, from the multiplier in force, within notice and horizon, once for each action."""
        allowed = (
            self.pending is None
            and change.action not in self.used
            and expected == self.multiplier.value != change.multiplier
            and 10**12 <= change.multiplier <= 10**24
            and NOTICE_S <= change.at - self.now <= HORIZON_S
            and change.epoch in {self.epoch, self.epoch + 1}
        )
        if allowed:
            self.used.add(change.action)
            self.pending = change
        return allowed

    def cancel(self, action: bytes) -> bool:
        """The pending one."""
        if self.pending is None or self.pending.action != action:
            return False
        self.pending = None
        return True
