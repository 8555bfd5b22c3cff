"""What leaves for other chains, and what comes back because it did not arrive there."""

from typing import Any

from tests.issuance.contracts.machine.choices import Choices, act
from tests.issuance.contracts.machine.issuer_rules import IssuerRules
from tests.issuance.contracts.machine.setting import hash_of, who
from tests.issuance.contracts.model.crossings import LANE_LIFE_S_MAX, LANE_LIFE_S_MIN, Lane
from tests.issuance.contracts.model.issuer import BURNED, CROSSING, GRACE_S, LIMIT_MAX, RESTITUTION, SignedVoucher, Voucher
from tests.issuance.contracts.model.reasons import GRAIN, NO_HASH
from tests.issuance.contracts.model.signers import ATTESTOR, ISSUER
from tests.issuance.contracts.model.token import Token
from tests.issuance.contracts.stage import ONE

DESTINATIONS = hash_of("there"), hash_of("elsewhere")


class CrossingRules(IssuerRules):
    """Rules about lanes and crossings."""

    def _lane(self, token: Token, destination: bytes) -> Lane:
        return self.world.crossings.lanes.get((token.at, destination), Lane())

    @act
    def set_lane(self, choices: Choices) -> None:
        token, destination = self.token(choices), choices.one(DESTINATIONS)
        lane = self._lane(token, destination)
        cap, life = choices.one([10 * ONE, ONE, 10**4 * ONE, 0]), choices.one([LANE_LIFE_S_MIN, 3_600, LANE_LIFE_S_MAX])
        caller = choices.one([self.owner, self.owner, self.guardian])
        if caller == self.guardian and not choices.rarely(3):
            cap, life = lane.window.cap // 2 // GRAIN * GRAIN, lane.life_s
        flaw = choices.flaw("caller", "unchanged", "dust", "out of bounds", "too short", "too long", "token")
        cap, life = {
            "unchanged": (lane.window.cap, lane.life_s), "dust": (cap + 1, life), "too short": (cap, LANE_LIFE_S_MIN - 1),
            "out of bounds": ((LIMIT_MAX + 1) * GRAIN, life), "too long": (cap, LANE_LIFE_S_MAX + 1),
        }.get(flaw, (cap, life))  # fmt: skip
        caller = who("stranger") if flaw == "caller" else caller
        asked = (who("stranger") if flaw == "token" else token.at, destination, cap, life)
        self.issuer(caller, "set_lane", asked, self.world.crossings.set_lane(caller, *asked))

    @act
    def depart(self, choices: Choices) -> None:
        crossings, token, destination = self.world.crossings, self.token(choices), choices.one(DESTINATIONS)
        holder, at = self.rich(choices, token), self.world.issuer.at
        if not self._lane(token, destination).window.cap and not choices.rarely(4):
            opened = (token.at, destination, choices.one([10 * ONE, 100 * ONE]), LANE_LIFE_S_MIN)
            self.issuer(self.owner, "set_lane", opened, crossings.set_lane(self.owner, *opened))
        if token.allowances[holder, at] < token.balances[holder] and not choices.rarely(8):
            self.tokens(holder, token, "approve", (at, 2**255), token.approve(holder, at, 2**255))
        left = self._lane(token, destination).window.left_at(self.world.block.now)
        most = min(left, token.balances[holder] // 2) if not choices.rarely(6) else token.balances[holder]
        plain = (token.at, max(GRAIN, self.amount(choices, most) // GRAIN * GRAIN), destination, hash_of(holder))
        request, used = self.unique("crossing"), next((each for each, by in self.asked if by == holder), NO_HASH)
        flaws: dict[str, dict[int, Any]] = {
            "token": {0: who("stranger")}, "dust": {1: plain[1] + 1}, "nothing": {1: 0}, "nobody": {3: NO_HASH},
            "no lane": {2: hash_of("nowhere")}, "above the cap": {1: left + GRAIN}, "used": {4: used},
            "too much": {1: (token.balances[holder] // GRAIN + 1) * GRAIN},
        }  # fmt: skip
        flaw = flaws.get(choices.flaw(*flaws), {})
        asked = tuple(flaw.get(place, value) for place, value in enumerate((*plain, request)))
        if self.issuer(holder, "depart", asked, crossings.depart(holder, *asked)):
            self.asked.append((asked[4], holder))

    @act
    def give_back(self, choices: Choices) -> None:
        """A crossing that did not arrive, once it cannot any more; sometimes a second early."""
        issuer = self.world.issuer
        found = [(key, each) for key, each in issuer.redemptions.items() if (each.kind, each.state) == (CROSSING, BURNED)]
        if not found:
            self.depart(choices)
            return
        key, crossing = choices.one(found)
        token, early = self.world.tokens[crossing.token], choices.rarely(3)
        wait = crossing.arrive_by + GRACE_S + (0 if early else 1) - self.world.block.now
        if wait > 0 and (wait < 3 * GRACE_S or choices.rarely(8)):
            self.pass_time(wait)
        self.fresh_report(token)
        voucher = Voucher(
            token.at, crossing.holder, crossing.raw, RESTITUTION, self.unique("request"), self.unique("evidence"), key,
            token.epoch, token.multiplier.value, self.world.signers.epoch, self.world.block.now + 60,
        )  # fmt: skip
        signed = SignedVoucher(voucher, self.by(ISSUER), self.by(ATTESTOR))
        self.issuer(who("stranger"), "mint", self._signed(signed), issuer.mint(signed))
