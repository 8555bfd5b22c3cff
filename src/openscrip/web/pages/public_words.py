"""The words of the public pages for what the records name by codes."""

from collections.abc import Mapping

from openscrip.kernel.decimals import format_decimal
from openscrip.records.actions import ActionRecord

COVERAGE_BADGES: Mapping[str, tuple[str, str]] = {
    "covered": ("covered", "Covered"),
    "short": ("below", "Below 100\u00a0%"),
    "in_progress": ("progress", "Corporate action in progress"),
    "unknown": ("stale", "Not known"),
}

SUB_BALANCES: tuple[tuple[str, str, bool], ...] = (
    ("available", "Available", True),
    ("pending_delivery", "of it, on its way out", False),
    ("pending_receipt", "On its way in", False),
    ("blocked", "Blocked", False),
    ("pledged", "Pledged", False),
    ("lent", "Lent", False),
    ("borrowed", "Borrowed", False),
    ("in_transit", "In transit", False),
    ("restricted", "Restricted", False),
    ("other", "Other", False),
)
"""Sub-balances of a statement: field, words, and whether it counts as backing."""

BREAK_WORDS: Mapping[str, str] = {
    "index": "The history of a chain does not lead to its supply",
    "supply": "The supply on a chain is not what the books say",
    "multiplier": "A chain shows another multiplier than the books",
    "reserve": "The reserve that a chain knows is not what custody stated",
    "allocation": "A chain may mint against more shares than were reported",
    "statement": "Custody states something else than the books",
    "cover": "Fewer shares are held than claimed",
}

EVENT_WORDS: Mapping[str, str] = {
    "SPLF": "Split", "SPLR": "Reverse split", "DVSE": "Stock dividend", "BONU": "Bonus issue", "DVCA": "Cash dividend",
    "CAPD": "Return of capital", "INTR": "Coupon", "REDM": "Maturity", "SOFF": "Spin-off", "MRGR": "Merger", "TEND": "Tender",
    "EXOF": "Exchange offer", "RHTS": "Rights issue", "RHDI": "Rights distribution", "CHAN": "Change of name or symbol",
    "LIQU": "Liquidation", "DLST": "Delisting", "WRTH": "Worthless",
}  # fmt: skip

PHASE_WORDS: Mapping[str, tuple[str, str, str]] = {
    "ANNOUNCED": ("neutral", "Announced", "One source has told of it. A second, independent one must agree first."),
    "CONFLICT": ("below", "Sources disagree", "The sources tell different things. It waits until they agree."),
    "CORROBORATED": ("neutral", "Two sources agree", "Two independent sources tell the same."),
    "SCHEDULED": ("neutral", "Scheduled", "It is known when the primary market of this stock will wait for it."),
    "FROZEN": ("progress", "Primary market waits", "Subscriptions wait. Redemptions are accepted and keep their place."),
    "STAGED": ("progress", "Staged", "The new multiplier is scheduled on every chain, with one effective time."),
    "EFFECTIVE": ("progress", "In effect", "The effective time has come. Chains, custody and books are compared."),
    "VERIFIED": ("progress", "Verified", "Chains, custody and books agree."),
    "RESUMED": ("covered", "Primary market runs again", "Only cash that is still to come keeps it from being final."),
    "HELD": ("halted", "On hold", "A person looks at it. The primary market of this stock waits."),
    "FINAL": ("covered", "Final", "Everything has happened and was checked. Nothing follows."),
    "CORRECTED": ("neutral", "Corrected", "A later correction stands in its place."),
    "CANCELLED": ("neutral", "Cancelled", "The sources withdrew it. Nothing follows."),
}  # fmt: skip
"""Phase: kind of badge, word, sentence."""

SESSION_WORDS: Mapping[str, str] = {
    "market": "regular hours",
    "extended": "extended hours",
    "overnight": "overnight hours",
    "closed": "the market is closed",
}


def terms_words(action: ActionRecord) -> str:
    """What it is about in a few words: `10 new for 1 old`, `$0.26 per share before tax`."""
    if action.ratio:
        return f"{action.ratio[0]} new for {action.ratio[1]} old"
    if action.gross:
        return f"${format_decimal(action.gross.micros, 6)} per share before tax"
    return "terms as the sources tell"
