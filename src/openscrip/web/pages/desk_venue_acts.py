"""What a person of the desk may do about the venue's money. Each act is a word to the venue's own rows; their rules decide."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from openscrip.records.venue_queues import VENUE_PARKED
from openscrip.runtime.store import Unit
from openscrip.web.office import Office
from openscrip.web.pages.desk_acts import AGAIN, Act, AskedField, Decided, Do

WITHDRAWALS, DEPOSITS = "venue-withdrawals", "venue-deposits"
REFUSED_BY_A_PERSON = "withdrawal.review"
"""The rule under which a withdrawal is given back that a person refused."""
RETURNED = frozenset({"returning", "return_waits", "returned"})


class DepositDecided(Decided):
    """What was decided about a deposit; `account` is whose it is, for whoever assigns it."""

    account: Annotated[str, Field(pattern=r"^[0-9]{0,18}$")] = ""


def _review(*, pay: bool) -> Do:
    def do(office: Office, unit: Unit, told: Decided, by: str) -> None:
        office.venue_desk.review(unit, told.id, by, told.reason, pay=pay)

    return do


def _settle(decision: str) -> Do:
    def do(office: Office, unit: Unit, told: Decided, by: str) -> None:
        account = int(told.account or 0) if isinstance(told, DepositDecided) and decision == "assign" else 0
        office.venue_desk.settle(unit, told.id, decision, account, by, told.reason)

    return do


_PAY = "Both keys sign it, and it leaves. The second key still judges by itself; what it refuses is given back."
_REFUSE = "Nothing leaves. What was set aside is free again in the customer's balance."
_RETURN = "It goes back to who sent it, and to nobody else."
_KEEP = "Nothing moves; it can still be assigned or returned."
_ASSIGN = "It is credited to the account that you name. The venue refuses one that it does not have."
VENUE_ACTS: Mapping[str, tuple[Act, ...]] = {
    WITHDRAWALS: (
        Act("pay", "Pay it", _PAY, ("operator",), _review(pay=True)),
        Act("refuse", "Refuse it", _REFUSE, ("operator",), _review(pay=False)),
    ),
    DEPOSITS: (
        Act("assign", "Assign it to the account", _ASSIGN, ("operator",), _settle("assign")),
        Act("return", "Return to the sender", _RETURN, ("operator",), _settle("return")),
        Act("keep", "Keep it where it is", _KEEP, ("operator",), _settle("keep")),
    ),
    VENUE_PARKED: (AGAIN,),
}  # fmt: skip
"""The acts of each queue; a holding that differs is only shown: it closes by itself when both agree."""
VENUE_OPEN: Mapping[str, tuple[str, ...]] = {
    WITHDRAWALS: ("review",), DEPOSITS: ("suspense", "kept"), VENUE_PARKED: ("parked",), "venue-breaks": ("open",),
}  # fmt: skip
"""In which states they may be done, or something is still wrong."""
VENUE_MODELS: Mapping[str, type[Decided]] = {DEPOSITS: DepositDecided}
VENUE_ASKED: Mapping[str, tuple[AskedField, ...]] = {
    DEPOSITS: (AskedField("account", "Account at the venue", "Its number, to assign the deposit to it", required=False),),
}
_LINES: Mapping[str, str] = {
    WITHDRAWALS: "openscrip venue-money --pay {0} --by {1} --why REASON",
    DEPOSITS: "openscrip venue-money --assign {0} --account NUMBER --by {1} --why REASON",
    VENUE_PARKED: "openscrip venue-money --again {0}",
}
LIST_LINE = "openscrip venue-money"
"""What tells the same facts at the command line."""


def line_of(kind: str, item_id: str, name: str, *, is_open: bool) -> str:
    """What does the same at the command line; what tells it, where there is nothing to do."""
    return _LINES[kind].format(item_id, name) if is_open and kind in _LINES else LIST_LINE


def is_done(kind: str, row: Any, told: Decided, word: str, by: str) -> bool:
    """Whether a row stands as this very decision, by this person for this reason, left it.

    Worked example: `pay` by ada, "called them", of a withdrawal that has `by` ada, `why` "called them" and is on its way.
    """
    if row is None or (row.by, row.why) != (by, told.reason) or row.state in VENUE_OPEN[kind]:
        return False
    if kind == WITHDRAWALS:
        was_refused = bool(row.rule == REFUSED_BY_A_PERSON)
        return was_refused == (word == "refuse")
    if word == "assign":
        return isinstance(told, DepositDecided) and bool(row.account == int(told.account or 0))
    return word == "return" and row.state in RETURNED
