"""What holders do with a token that ended: convert it, or be paid."""

from dataclasses import dataclass, field

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.issuance.contracts.model.actions import APPLIED, FINAL, Actions, CorporateAction
from tests.issuance.contracts.model.coin import Coin, unpayable
from tests.issuance.contracts.model.issuer import Issuer
from tests.issuance.contracts.model.policy import Policy
from tests.issuance.contracts.model.reasons import GRAIN, Reasons

ONE = 10**18
STEPS_MAX = 8


@dataclass
class Conversion:
    """Pots by action, and the number of conversions."""

    at: str
    chain_id: int
    policy: Policy
    issuer: Issuer
    actions: Actions
    coins: dict[str, Coin]
    pots: dict[bytes, int] = field(default_factory=dict)
    count: int = 0

    def _in_force(self, action: bytes) -> CorporateAction | None:
        return self.actions.known[action] if self.actions.state_of(action) in {APPLIED, FINAL} else None

    def quote(self, action: CorporateAction, raw: int) -> tuple[str, int]:
        """The token that is alive at the end of the way, and the raw amount there, floored to a grain.

        On each step raw x old multiplier x new parts / (new multiplier x old parts), by the multipliers of that second.
        """
        for _ in range(STEPS_MAX):
            at = self.actions.effective[action.id]
            old, new = (self.issuer.tokens[token].multiplier_at(at) for token in (action.token, action.into))
            raw = raw * old * action.new // (new * action.old)
            further = self._in_force(self.actions.openings.get(action.into, b""))
            if further is None or further.caev == "DLST":
                break
            action = further
        return action.into, raw - raw % GRAIN

    def convert(self, caller: str, action_id: bytes, raw: int) -> Reasons:
        """By a holder, of the old token into the new; the caller takes all back if a part is refused."""
        reasons, action = Reasons(), self._in_force(action_id)
        reasons.unless(action is not None, "conversion: action was not in force")
        if action is None:
            return reasons
        if action.caev not in {"MRGR", "CHAN"}:
            reasons.append("conversion: action had no successor")
            return reasons
        reasons.unless(raw < 2**128, "conversion: amount was too large")
        into, into_raw = self.quote(action, raw)
        reasons.unless(into_raw > 0, "conversion: amount was too small")
        if not reasons:
            kinds, values = ["uint256", "address", "bytes32", "address", "uint256"], [self.chain_id, self.at, action_id, caller]
            request = keccak(encode(kinds, [*values, self.count]))
            reasons.needs(self.issuer.surrender(self.at, caller, action.token, raw))
            if not reasons:
                reasons.needs(self.issuer.succeed(self.at, caller, into, into_raw, request))
        if not reasons:
            self.count += 1
        return reasons

    def _cash(self, action_id: bytes) -> tuple[Reasons, CorporateAction | None]:
        reasons, action = Reasons(), self._in_force(action_id)
        reasons.unless(action is not None, "conversion: action was not in force")
        reasons.unless(action is None or action.caev == "DLST", "conversion: action paid no cash")
        return reasons, action

    def fund(self, caller: str, action_id: bytes, amount: int) -> Reasons:
        """By anyone, into a delisting's pot."""
        reasons, action = self._cash(action_id)
        reasons.unless(amount > 0, "conversion: amount was zero")
        if not reasons and action:
            reasons.needs(self.coins[action.into].pay("conversion", caller, self.at, amount))
        if not reasons:
            self.pots[action_id] = self.pots.get(action_id, 0) + amount
        return reasons

    def redeem(self, caller: str, action_id: bytes, raw: int) -> Reasons:
        """By a holder, at the fixed price; burned before it is paid (I3). The caller takes all back if a part is refused."""
        reasons, action = self._cash(action_id)
        reasons.unless(raw < 2**128, "conversion: amount was too large")
        if reasons or action is None:
            return reasons
        paid = raw * action.cash // ONE
        reasons.unless(paid > 0, "conversion: amount was too small")
        reasons.unless(paid <= self.pots.get(action_id, 0), "conversion: pot was too small")
        if not reasons:
            reasons.needs(self.issuer.surrender(self.at, caller, action.token, raw))
        if not reasons:
            self.pots[action_id] -= paid
            reasons.needs(self.coins[action.into].pay("conversion", self.at, caller, paid))
        return reasons

    def return_remainder(self, caller: str, action_id: bytes, receiver: str) -> Reasons:
        """By the owner, once what anybody holds of the token is worth nothing."""
        reasons, action = Reasons(), self._in_force(action_id)
        reasons.unless(caller == self.policy.owner, "conversion: caller was not the owner")
        reasons.unless(action is not None, "conversion: action was not in force")
        reasons.needs(unpayable(self.policy, "conversion", self.at, receiver))
        if action is None:
            return reasons
        left = self.pots.get(action_id, 0)
        reasons.unless(action.caev == "DLST", "conversion: action paid no cash")
        worth = self.issuer.tokens[action.token].supply * action.cash // ONE
        reasons.unless(worth == 0, "conversion: tokens were left")
        reasons.unless(left > 0, "conversion: nothing was left")
        if not reasons:
            reasons.needs(self.coins[action.into].pay("conversion", self.at, receiver, left))
        if not reasons:
            self.pots[action_id] = 0
        return reasons
