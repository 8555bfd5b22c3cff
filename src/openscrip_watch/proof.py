"""The arithmetic of being covered (I1), pure: what is owed and claimed, what backs it, what a receipt still allows.

I1: ceil((raw supply of all chains + raw signed and not dead) x multiplier) + undelivered claims <= unencumbered shares,
where everything is counted in shares of one corporate-action epoch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from openscrip_watch.amounts import ONE, SHARE, shares_down, shares_up, show
from openscrip_watch.chains.facts import Fact, Standing
from openscrip_watch.custody import Line
from openscrip_watch.refusal import refuse_unless
from openscrip_watch.statement import Reach


@dataclass(frozen=True, slots=True)
class InForce:
    """The multiplier and the epoch from `since` (UTC seconds) on."""

    since: int
    multiplier: int
    epoch: int


def history(scheduled: Iterable[Fact], epoch: int) -> list[InForce]:
    """Every multiplier of a token with its time, oldest first, from 1 at `epoch`, without what was replaced in time."""
    past = [InForce(0, ONE, epoch)]
    for fact in scheduled:
        while len(past) > 1 and past[-1].since > fact.at:
            past.pop()
        past.append(InForce(fact.effective_at, fact.multiplier, fact.epoch if fact.epoch >= 0 else past[-1].epoch))
    return past


def in_force(past: Sequence[InForce], at: int) -> InForce:
    """What was in force at `at`."""
    return next(each for each in reversed(past) if each.since <= at or each is past[0])


def first_epoch(scheduled: Sequence[Fact], standing: Standing, line: Line) -> int:
    """The epoch at which a token was listed; a change raised the epoch when custody booked its event as a split."""
    effective = [fact for fact in scheduled if fact.effective_at <= standing.at]
    if not effective:
        return standing.epoch
    return effective[0].epoch - (1 if effective[0].action in line.split_actions else 0)


@dataclass(frozen=True, slots=True)
class Restituted:
    """Raw minted back for a redemption whose delivery failed; `landed` closes the claim."""

    raw: int
    multiplier: int
    epoch: int
    landed: bool


@dataclass(slots=True)
class Claims:
    """Redemptions burned and not yet delivered. `remaining` in 1e-9 share of the epoch asked for."""

    burned: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Claim at the burn (1e-9 share) and its epoch, by request hash."""
    closed: set[str] = field(default_factory=set)
    """Paid in cash, or minted back: nothing is owed any more."""

    def burn(self, request: str, raw: int, at_burn: InForce) -> None:
        """A burn makes a claim: floor(raw x multiplier at the burn)."""
        self.burned.setdefault(request, (shares_down(raw, at_burn.multiplier), at_burn.epoch))

    def open(self) -> list[str]:
        """Requests whose claim may not be settled yet."""
        return [request for request in self.burned if request not in self.closed]

    def remaining(
        self,
        request: str,
        line: Line,
        epoch: int,
        reach: Reach,
        restituted: Mapping[str, Sequence[Restituted]] | None = None,
    ) -> int:
        """What is owed after the deliveries within `reach` and restitutions, rescaled by the splits, rounded down."""
        if request in self.closed:
            return 0
        shares, burned_epoch = self.burned[request]
        left = shares * line.factor(burned_epoch, epoch)
        for delivery in line.deliveries.get(request, ()):
            if delivery.closed_by(reach):
                left -= delivery.quantity * line.factor(delivery.epoch, epoch)
        for back in (restituted or {}).get(request, ()):
            if back.landed:
                return 0
            left -= shares_up(back.raw, back.multiplier) * line.factor(back.epoch, epoch)
        return max(0, left.numerator // left.denominator)


@dataclass(frozen=True, slots=True)
class Cover:
    """I1 of one stock at one cut."""

    owed: int
    claims: int
    unencumbered: int

    @property
    def holds(self) -> bool:
        """Shares owed and claimed never pass the shares that back them."""
        return self.owed + self.claims <= self.unencumbered

    def __str__(self) -> str:
        owed, claims, held = (show(each, SHARE) for each in (self.owed, self.claims, self.unencumbered))
        return f"{owed} owed and {claims} claimed, {held} held"


def cover(raw: int, multiplier: int, claims: int, unencumbered: int) -> Cover:
    """I1 for `raw` on all chains, signed mints included, at the highest multiplier that is in force or scheduled."""
    return Cover(shares_up(raw, multiplier), claims, unencumbered)


def refuse_unless_receipts_allow(
    receipts: Sequence[tuple[str, int]],
    needed: int,
    line: Line,
    used: Mapping[str, Sequence[tuple[int, int]]],
    epoch: int,
    reach: Reach,
    accounts: str | Mapping[str, str],
) -> None:
    """Each receipt settled in the segregated account and is used at most to its quantity; together they give `needed`.

    `accounts` by custodian, or the only one's. `used`: (shares, epoch) of other mints by receipt. Raises
    `evidence.receipt`, `evidence.used`, `evidence.short`.
    """
    names = [name for name, _ in receipts]
    refuse_unless(len(set(names)) == len(names), "evidence.receipt", "evidence: a receipt was named twice")
    for name, shares in receipts:
        settled = line.receipts.get(name)
        known = settled is not None and settled.closed_by(reach) and settled.account == _account(accounts, settled.keeper)
        known = known and name not in line.twice
        refuse_unless(known, "evidence.receipt", f"evidence: receipt {name:.80} was not settled in the segregated account")
        if settled is None:
            continue
        free = Fraction(settled.quantity) * line.factor(settled.epoch, epoch)
        free -= sum((Fraction(each) * line.factor(at, epoch) for each, at in used.get(name, ())), Fraction(0))
        refuse_unless(
            0 < shares <= free,
            "evidence.used",
            f"evidence: {show(shares, SHARE)} of {name:.80} were asked, {show(max(0, free // 1), SHARE)} were left",
        )
    total = sum(shares for _, shares in receipts)
    text = f"evidence: receipts of {show(total, SHARE)} shares were below the {show(needed, SHARE)} that the mint needs"
    refuse_unless(total >= needed, "evidence.short", text)


def _account(accounts: str | Mapping[str, str], keeper: str) -> str:
    return accounts if isinstance(accounts, str) else accounts.get(keeper, "")
