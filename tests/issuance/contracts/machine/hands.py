"""What all rules use: who acts, how much, who signs, and how time passes."""

from tests.issuance.contracts.machine.base import Ground
from tests.issuance.contracts.machine.choices import Choices
from tests.issuance.contracts.machine.setting import HOLDERS, who
from tests.issuance.contracts.model.reasons import GRAIN, NOBODY
from tests.issuance.contracts.model.signers import ATTESTOR, ISSUER
from tests.issuance.contracts.model.token import Token

PASSES = (1, 1, 60, 60, 600, 600, 3_600, 3_600, 7_200, 86_400, 86_400, 7 * 86_400)
FLAWED_SIGNATURES = ("nobody", "another", "too few", "too many", "out of order", "")


class Hands(Ground):
    """Choices that depend on how things stand."""

    def do(self, act: str, turn: bytes) -> None:
        """An act with its choices; now and then some time has passed before it. What is left out in this run is a transfer.

        The plainest turn of all is nothing, so that Hypothesis, which begins with it, shrinks steps away.
        """
        if not any(turn):
            return
        choices, self.sound = Choices(turn), False
        if choices.rarely(20):
            self.pass_time(choices.one(PASSES))
        getattr(self, "plain_transfer" if act in self.left_out else act)(choices)
        self.sound = True

    def token(self, choices: Choices) -> Token:
        """One of the tokens; most often one that still takes mints."""
        tokens = list(self.world.tokens.values())
        alive = [token for token in tokens if self.world.issuer.limits[token.at].supply] or tokens
        return choices.one(tokens if choices.rarely(5) else alive)

    def rich(self, choices: Choices, token: Token) -> str:
        """Somebody who has some of it, if anybody has; most often somebody who is free to give it."""
        having = [each for each in map(who, HOLDERS) if token.balances[each]] or [who("alice")]
        free = [each for each in having if not token.free(each, each, each, each)] or having
        return choices.one(having if choices.rarely(5) else free)

    def receiver(self, choices: Choices, token: Token) -> str:
        """Somebody to give to; most often somebody who is free to take it; seldom the issuer contract."""
        everybody = [*map(who, HOLDERS[:3]), self.world.issuer.at]
        free = [each for each in everybody[:3] if not token.free(each, each, each, each)] or everybody
        return choices.one(everybody if choices.rarely(6) else free)

    def amount(self, choices: Choices, most: int) -> int:
        """A part of `most`, in grains three times of four; sometimes all, seldom nothing."""
        match choices.below(10):
            case 9:
                return 0
            case 8:
                return most
            case kind:
                part = most * (1 + choices.below(2**12)) // 2**13
                return part if kind < 2 else part - part % GRAIN

    @property
    def owner(self) -> str:
        """The policy's."""
        return self.world.policy.owner

    @property
    def guardian(self) -> str:
        """The policy's."""
        return self.world.policy.guardian

    def member(self, role: int) -> str:
        """One of those who sign for a role."""
        return self.world.signers.sets[role][0][0]

    def by(self, role: int, flaw: str = "") -> tuple[str, ...]:
        """Those who sign for a role, or, with a flaw, not quite."""
        members, threshold = self.world.signers.sets[role]
        right = members[:threshold]
        match flaw:
            case "nobody":
                return (*right[:-1], NOBODY)
            case "another":
                stranger = self.member(ISSUER if role == ATTESTOR else ATTESTOR)
                return tuple(sorted((*right[:-1], stranger), key=lambda each: int(each, 16)))
            case "too few":
                return right[:-1]
            case "too many":
                return (*right, who("stranger"))
            case "out of order":
                return (*right[1:], right[0]) if threshold > 1 else (NOBODY,)
            case _:
                return right
