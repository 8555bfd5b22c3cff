"""What leaves for other chains: lanes with a cap an hour, and what was burned to arrive elsewhere or to be given back."""

from dataclasses import dataclass, field

from tests.issuance.contracts.model.issuer import BURNED, CROSSING, LIMIT_MAX, Issuer, Redemption, redemption_key
from tests.issuance.contracts.model.limits import HOUR_S, Window
from tests.issuance.contracts.model.reasons import GRAIN, NO_HASH, Reasons, refuse_unless_grains
from tests.issuance.contracts.model.token import BRIDGE, TRANSFERS

LANE_LIFE_S_MIN, LANE_LIFE_S_MAX = 600, 7 * 86_400


@dataclass
class Lane:
    """From a token to a destination: raw an hour, and the seconds that a crossing has to arrive."""

    window: Window = field(default_factory=lambda: Window(HOUR_S))
    life_s: int = 0


@dataclass
class Crossings:
    """Lanes by token and destination, and where each crossing went, by the key of its redemption."""

    issuer: Issuer
    lanes: dict[tuple[str, bytes], Lane] = field(default_factory=dict)
    gone: dict[bytes, tuple[int, bytes, bytes]] = field(default_factory=dict)

    def depart(self, caller: str, token: str, raw: int, destination: bytes, receiver: bytes, request: bytes) -> Reasons:
        """By the holder, who allowed it: burned at once."""
        issuer, reasons, key = self.issuer, Reasons(), redemption_key(caller, request)
        now, lane = issuer.block.now, self.lanes.get((token, destination))
        reasons.unless(token in issuer.tokens, "issuer: token was not registered")
        refuse_unless_grains(reasons, raw)
        reasons.unless(receiver != NO_HASH, "issuer: receiver was zero")
        reasons.unless(key not in issuer.redemptions, "issuer: request was used")
        is_open = lane is not None and lane.window.cap > 0
        reasons.unless(is_open, "issuer: lane was closed")
        if lane and is_open:
            reasons.unless(raw <= lane.window.left_at(now), "issuer: hourly departure cap was reached")
        held = issuer.tokens.get(token)
        if held:
            reasons.unless(not held.pauses & (TRANSFERS | BRIDGE), "token: was paused")
            reasons.unless(issuer.limits[token].supply > 0, "issuer: token was closed")
        if held and not reasons:
            reasons.needs(held.transfer_from(issuer.at, caller, issuer.at, raw))
        if held and lane and not reasons:
            reasons.needs(held.burn(issuer.at, raw))
            lane.window.use(raw, now)
            self.gone[key] = (now + lane.life_s, destination, receiver)
            issuer.redemptions[key] = Redemption(caller, token, raw, CROSSING, BURNED, now + lane.life_s)
        return reasons

    def set_lane(self, caller: str, token: str, destination: bytes, cap: int, life_s: int) -> Reasons:
        """By the owner; the guardian only lowers the cap."""
        policy, reasons = self.issuer.policy, Reasons()
        by_owner = caller == policy.owner
        reasons.unless(by_owner or caller == policy.guardian, "issuer: caller was neither owner nor guardian")
        reasons.unless(token in self.issuer.tokens, "issuer: token was not registered")
        reasons.unless(cap % GRAIN == 0, "issuer: limit was finer than 1e-8")
        reasons.unless(cap // GRAIN <= LIMIT_MAX, "issuer: limit was out of bounds")
        reasons.unless(LANE_LIFE_S_MIN <= life_s <= LANE_LIFE_S_MAX, "issuer: lane life was out of bounds")
        lane = self.lanes.get((token, destination), Lane())
        reasons.unless((cap, life_s) != (lane.window.cap, lane.life_s), "issuer: lane was unchanged")
        lower = cap <= lane.window.cap and life_s == lane.life_s
        reasons.unless(by_owner or lower, "issuer: guardian only lowers limits")
        if not reasons:
            lane.window.resize(cap, self.issuer.block.now)
            lane.life_s = life_s
            self.lanes[token, destination] = lane
        return reasons
