"""The reserve report that lets a mint pass the gate: signed only when the reserve on chain is not enough, or too much."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openscrip_watch import fields
from openscrip_watch.amounts import SHARE, show
from openscrip_watch.chains.facts import Feed, Standing
from openscrip_watch.chains.solana_wire import Asked, read_asked
from openscrip_watch.register import SignedReport, report_key
from openscrip_watch.view import StockView


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """A request for the report that takes back from a chain what its tokens do not need any more."""

    chain: str
    stock: str
    asked: Asked | None = None
    """The Solana transaction that brings it."""

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "ReportAsked":
        """The request in a JSON body. Raises `BadInput`."""
        asked = read_asked(body["transaction"]) if body.get("transaction") else None
        return cls(fields.text(body, "chain", 20), fields.text(body, "stock", 40), asked)


def due_report(view: StockView, chain: str, claims: int, now: int, refresh_s: int) -> SignedReport | None:
    """An unsigned report if one is due, the last one if it still serves, None if the feed on chain is enough.

    The chain's allocation is what its tokens and signed mints stand for, rounded up; what the other chains' stand for, and
    what is under way, is left to them, so that the sum never passes the unencumbered shares less the claims.
    """
    standing, statement, last = view.standings[chain], view.statement, last_report(view, chain)
    needed = view.chain_owed(chain, 0)
    feed = standing.feed
    if feed and _serves(feed, needed, statement.epoch, now - refresh_s):
        return None
    room = statement.unencumbered - claims - (view.cover(view.raw(), view.highest, 0).owed - needed)
    landed = feed.sequence if feed else 0
    if last and last.sequence > landed and last.allocation <= room:
        as_feed = Feed(last.shares, last.allocation, last.epoch, last.as_of, last.sequence)
        if _serves(as_feed, needed, statement.epoch, now - refresh_s):
            return last
    return _report(view, chain, needed, last)


def lower_report(view: StockView, chain: str) -> SignedReport | None:
    """An unsigned report that allots to a chain no more than its tokens need; the last one if it does; None if all do."""
    standing, last = view.standings[chain], last_report(view, chain)
    needed, feed = view.chain_owed(chain, 0), standing.feed
    if feed is None or feed.epoch != view.statement.epoch:
        return None
    if last and last.sequence > feed.sequence and last.epoch == feed.epoch and last.allocation == needed:
        return last
    coming = last is not None and last.sequence > feed.sequence
    return _report(view, chain, needed, last) if feed.allocation > needed or coming else None


def proof_report(
    view: StockView, chain: str, claims: int, now: int, heartbeat_s: int, deviation_bps: int
) -> SignedReport | None:
    """An unsigned report that keeps the reserve on a chain true: it gives back what its tokens do not need, or it is due
    because the feed's is old or off. The last one if it still does; None if the feed's own is good.

    A shortfall is reported as it is: the shares that are held, and an allotment that is no more than they leave room for.
    """
    if (lowered := lower_report(view, chain)) is not None:
        return lowered
    standing, statement, last = view.standings[chain], view.statement, last_report(view, chain)
    feed = standing.feed
    if feed is None or statement.epoch != view.epoch or feed.as_of >= statement.as_of:
        return None
    off = abs(statement.unencumbered - feed.shares) * 10_000 > deviation_bps * max(1, feed.shares)
    if not off and feed.epoch == statement.epoch and now - feed.as_of < heartbeat_s:
        return None
    needed = view.chain_owed(chain, 0)
    room = statement.unencumbered - claims - (view.cover(view.raw(), view.highest, 0).owed - needed)
    allocation = max(0, min(needed, room))
    same = (statement.unencumbered, statement.epoch, allocation)
    if last and last.sequence > feed.sequence and (last.shares, last.epoch, last.allocation) == same:
        return last
    return _report(view, chain, allocation, last)


def last_report(view: StockView, chain: str) -> SignedReport | None:
    """The newest report that was signed for a chain."""
    return view.register.reports.get(report_key(chain, view.stock.address(chain)))


def _report(view: StockView, chain: str, allocation: int, last: SignedReport | None) -> SignedReport:
    standing, statement = view.standings[chain], view.statement
    landed = standing.feed.sequence if standing.feed else 0
    coming = last.peak if last and last.sequence > landed else 0
    return SignedReport(
        token=view.stock.address(chain),
        shares=statement.unencumbered,
        encumbered=statement.encumbered,
        in_transit=statement.pending_receipt,
        allocation=allocation,
        epoch=statement.epoch,
        as_of=_as_of(standing, statement.as_of, last),
        sequence=max(landed, last.sequence if last else 0) + 1,
        signature="",
        chain=chain,
        peak=max(allocation, coming),
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
