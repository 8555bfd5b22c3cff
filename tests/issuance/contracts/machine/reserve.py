"""Reserve reports, which mints of every kind wait for."""

from tests.issuance.contracts.machine.choices import Choices
from tests.issuance.contracts.machine.hands import FLAWED_SIGNATURES, Hands
from tests.issuance.contracts.machine.setting import who
from tests.issuance.contracts.model.feed import FIGURE_MAX, Feed, Report
from tests.issuance.contracts.model.signers import ATTESTOR, ISSUER
from tests.issuance.contracts.model.token import Token

from openscrip.issuance.chains.evm import typed_data

ROOM = 10**9
"""Shares reported beyond what is owed, at most this many whole ones times 40: the limit is met from both sides."""


class Reserve(Hands):
    """How a report is made, signed and sent."""

    def _report(self, choices: Choices, token: Token, room: int, flaw: str = "") -> tuple[Report, tuple[str, ...]]:
        """A report of a little more than is owed, and who signs it."""
        feed, block = self.world.issuer.feeds[token.at], self.world.block
        shares = token.shares_owed_up(token.supply) + room
        report = Report(token.at, shares, 7, 9, shares, token.epoch, block.now, feed.sequence + 1)
        match flaw:
            case "another token":
                report = report._replace(token=who("stranger"))
            case "sequence":
                report = report._replace(sequence=feed.sequence)
            case "older":
                report = report._replace(as_of=block.now - 86_400)
            case "future":
                report = report._replace(as_of=block.now + 1)
            case "epoch back":
                report = report._replace(epoch=max(0, token.epoch - 1))
            case "epoch ahead":
                report = report._replace(epoch=token.epoch + choices.below(2))
            case "allocation":
                report = report._replace(allocation=shares + 1)
            case "out of bounds":
                report = report._replace(encumbered=FIGURE_MAX + 1)
        return report, self.by(ATTESTOR, choices.one(FLAWED_SIGNATURES) if flaw == "signature" else "")

    def _sign_report(self, feed: Feed, report: Report, by: tuple[str, ...]) -> bytes:
        return self.sign(typed_data.FEED, feed.at, typed_data.RESERVE_REPORT, report, by)

    def _send_report(self, token: Token, caller: str, report: Report, by: tuple[str, ...]) -> None:
        feed = self.world.issuer.feeds[token.at]
        signatures = self._sign_report(feed, report, by)
        reasons = feed.report(caller, report, by)
        self.make(caller, "ReserveFeed", feed.at, "report", (report, signatures), reasons)

    def fresh_report(self, token: Token) -> None:
        """A report with room for a few mints, unless the last one still serves."""
        feed = self.world.issuer.feeds[token.at]
        last = feed.last
        if last is None or not feed.fresh or last.epoch != token.epoch or last.allocation <= token.shares_owed_up(token.supply):
            report, by = self._report(Choices(), token, 40 * ROOM)
            self._send_report(token, self.member(ISSUER), report, by)
