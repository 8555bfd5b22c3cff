"""The reserve report that lets a mint pass the gate on EVM: signed only when the feed on chain is not enough."""

from collections.abc import Mapping

from openscrip_watch.amounts import SHARE, show
from openscrip_watch.chains.facts import Feed, Standing
from openscrip_watch.register import SignedReport
from openscrip_watch.view import StockView


def due_report(view: StockView, claims: int, now: int, refresh_s: int, last: SignedReport | None) -> SignedReport | None:
    """An unsigned report if one is due, the last one if it still serves, None if the feed on chain is enough.

    This chain's allocation is what its tokens and signed mints stand for, rounded up; what the other chains' stand for
    is left to them, so that the sum never passes the unencumbered shares less the claims.
    """
    standing, statement = view.standings["evm"], view.statement
    needed = view.chain_owed("evm", 0)
    feed = standing.feed
    if feed and _serves(feed, needed, statement.epoch, now - refresh_s):
        return None
    room = statement.unencumbered - claims - (view.cover(view.raw(), view.highest, 0).owed - needed)
    landed = feed.sequence if feed else 0
    if last and last.sequence > landed and last.allocation <= room:
        as_feed = Feed(last.shares, last.allocation, last.epoch, last.as_of, last.sequence)
        if _serves(as_feed, needed, statement.epoch, now - refresh_s):
            return last
    return SignedReport(
        token=view.stock.token,
        shares=statement.unencumbered,
        encumbered=statement.encumbered,
        in_transit=statement.pending_receipt,
        allocation=needed,
        epoch=statement.epoch,
        as_of=_as_of(standing, statement.as_of, last),
        sequence=max(landed, last.sequence if last else 0) + 1,
        signature="",
    )


def report_values(report: SignedReport) -> tuple[str | int, ...]:
    """What is signed, in the order of its EIP-712 type."""
    held = (report.shares, report.encumbered, report.in_transit, report.allocation)
    return (report.token, *held, report.epoch, report.as_of, report.sequence)


def report_json(report: SignedReport) -> Mapping[str, object]:
    """The report as the issuer gets it: amounts as decimal strings of shares."""
    return {
        "shares": show(report.shares, SHARE),
        "encumbered": show(report.encumbered, SHARE),
        "in_transit": show(report.in_transit, SHARE),
        "allocation": show(report.allocation, SHARE),
        "epoch": report.epoch,
        "as_of": report.as_of,
        "sequence": report.sequence,
        "signature": report.signature,
    }


def _serves(feed: Feed, needed: int, epoch: int, oldest: int) -> bool:
    return feed.epoch == epoch and feed.allocation >= needed and feed.as_of >= oldest


def _as_of(standing: Standing, statement_as_of: int, last: SignedReport | None) -> int:
    """Never from the chain's future, never older than what was reported before."""
    reported = max(standing.feed.as_of if standing.feed else 0, last.as_of if last else 0)
    return max(reported, min(statement_as_of, standing.at))
