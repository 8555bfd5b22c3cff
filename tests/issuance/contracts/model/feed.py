"""The reserve behind one token: the last statement that the attestors signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.issuance.contracts.model.reasons import Block, Reasons
from tests.issuance.contracts.model.signers import ATTESTOR, ISSUER, Signers

FIGURE_MAX = 2**128 - 1


class Report(NamedTuple):
    """Shares in atoms of 1e-9; only `shares` count, of them `allocation` for this chain. In the order of signing."""

    token: str
    shares: int
    encumbered: int
    in_transit: int
    allocation: int
    epoch: int
    as_of: int
    sequence: int


@dataclass
class Feed:
    """The reserve feed of a token; `last` is None before the first report."""

    at: str
    token: str
    issuer: str
    signers: Signers
    block: Block
    age_s_max: int
    last: Report | None = None

    @property
    def sequence(self) -> int:
        """Of the last report, 0 before it."""
        return self.last.sequence if self.last else 0

    @property
    def fresh(self) -> bool:
        """Whether the last report backs a mint by its age."""
        return self.last is not None and self.block.now <= self.last.as_of + self.age_s_max

    def report(self, caller: str, new: Report, by: Sequence[str]) -> Reasons:
        """By the issuer, itself or through its contract, if the attestors signed; nothing goes back."""
        reasons = Reasons()
        reasons.unless(
            caller == self.issuer or self.signers.has_role(caller, ISSUER), "feed: caller was not the issuer"
        )  # fmt: skip
        reasons.unless(new.token == self.token, "feed: report was for another token")
        reasons.unless(new.sequence > self.sequence, "feed: sequence did not rise")
        reasons.unless(self.last is None or new.as_of >= self.last.as_of, "feed: statement was older than the last")
        reasons.unless(new.as_of <= self.block.now, "feed: statement was from the future")
        reasons.unless(self.last is None or new.epoch >= self.last.epoch, "feed: epoch went back")
        reasons.unless(new.allocation <= new.shares, "feed: allocation was above the shares")
        largest = max(new.shares, new.encumbered, new.in_transit)
        reasons.unless(largest <= FIGURE_MAX, "feed: figure was out of bounds")
        reasons.unless(self.signers.signed(ATTESTOR, by), "feed: attestor signature was wrong")
        if not reasons:
            self.last = new
        return reasons
