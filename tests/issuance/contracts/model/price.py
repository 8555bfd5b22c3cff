"""The price of one raw token, which fails closed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.issuance.contracts.model.policy import Policy
from tests.issuance.contracts.model.reasons import Block, Reasons
from tests.issuance.contracts.model.signers import ATTESTOR, PRICE, Signers
from tests.issuance.contracts.model.token import Token

REGULAR, PRE, POST, OVERNIGHT, CLOSED = range(1, 6)
AGE_S_MAX = {REGULAR: 3_600, PRE: 14_400, POST: 14_400, OVERNIGHT: 14_400, CLOSED: 4 * 86_400}
OBSERVED_S_MAX = 300
PRICE_MAX = 2**128 - 1


class PriceReport(NamedTuple):
    """As it is signed: 1e-8 USD for one raw token, under the multiplier of `version`."""

    token: str
    price: int
    session: int
    halted: bool
    large: bool
    version: int
    observed_at: int
    sequence: int


@dataclass
class Price:
    """The price feed of a token. `window` asks the register of actions: paused from, effective at, ended."""

    at: str
    token: Token
    policy: Policy
    signers: Signers
    block: Block
    window: Callable[[str], tuple[int, int, bool]]
    halted: bool = False
    last: PriceReport | None = None

    def report(self, new: PriceReport, by_price: Sequence[str], by_attestor: Sequence[str]) -> Reasons:
        """Relayed by anyone. A move of more than a fifth needs the attestors too; it is never cut down."""
        reasons, now = Reasons(), self.block.now
        reasons.unless(self.signers.signed(PRICE, by_price), "price: price signature was wrong")
        attested = not new.large or self.signers.signed(ATTESTOR, by_attestor)
        reasons.unless(attested, "price: attestor signature was wrong")
        reasons.unless(new.token == self.token.at, "price: report was for another token")
        reasons.unless(0 < new.price <= PRICE_MAX, "price: price was out of bounds")
        reasons.unless(REGULAR <= new.session <= CLOSED, "price: session was unknown")
        last = self.last.sequence if self.last else 0
        reasons.unless(new.sequence > last, "price: sequence did not rise")
        reasons.unless(new.sequence - last <= 2**32, "price: sequence ran too far ahead")
        reasons.unless(new.observed_at > (self.last.observed_at if self.last else 0), "price: observation was not newer")
        reasons.unless(new.observed_at <= now, "price: observation was from the future")
        reasons.unless(new.observed_at + OBSERVED_S_MAX >= now, "price: observation was too old")
        reasons.unless(new.version == self.token.multiplier.version, "price: version was not the token's")
        if self.last and not new.large:
            reasons.unless(abs(new.price - self.last.price) * 5 <= self.last.price, "price: move was large")
        if not reasons:
            self.last = new
        return reasons

    def halt(self, caller: str) -> Reasons:
        """By the guardian."""
        reasons = Reasons()
        reasons.unless(caller == self.policy.guardian, "price: caller was not the guardian")
        reasons.unless(not self.halted, "price: was halted already")
        self.halted = self.halted or not reasons
        return reasons

    def resume(self, caller: str) -> Reasons:
        """By the owner."""
        reasons = Reasons()
        reasons.unless(caller == self.policy.owner, "price: caller was not the owner")
        reasons.unless(self.halted, "price: was not halted")
        self.halted = self.halted and bool(reasons)
        return reasons

    def state(self) -> tuple[int, int, bool, bool, bool, bool, int, int, int]:
        """Price, session, halted, fresh, waiting, ended, version, observed at, sequence."""
        paused_from, effective_at, ended = self.window(self.token.at)
        last = self.last or PriceReport(self.token.at, 0, 0, False, False, 0, 0, 0)
        age_s_max = AGE_S_MAX.get(last.session, AGE_S_MAX[PRE])
        waiting = paused_from <= self.block.now and last.observed_at < effective_at
        return (
            last.price, last.session, last.halted or self.halted, self.block.now <= last.observed_at + age_s_max,
            waiting or last.version != self.token.multiplier.version, ended, last.version, last.observed_at, last.sequence,
        )  # fmt: skip

    def unusable(self) -> Reasons:
        """Why there is no answer."""
        _, _, halted, fresh, waiting, ended, _, _, sequence = self.state()
        reasons = Reasons()
        reasons.unless(sequence > 0, "price: nothing was reported")
        reasons.unless(not ended, "price: token was ended")
        reasons.unless(not halted, "price: was halted")
        reasons.unless(fresh, "price: was stale")
        reasons.unless(not waiting, "price: waits for a corporate action")
        return reasons
