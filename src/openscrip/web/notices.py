"""What happened that a client should know, written from rows alone: the same rows give the same notices."""

from dataclasses import dataclass

from openscrip.issuance.cases import Case
from openscrip.issuance.clients import ClientWallet
from openscrip.issuance.distribution_row import Distribution
from openscrip.records.actions import action_record, actions
from openscrip.records.orders import OrderRecord, orders
from openscrip.runtime.store import View
from openscrip.web.filters import day, shares

ORDERS_SHOWN, ACTIONS_SHOWN, CASES_SHOWN = 40, 10, 20
TOLD = frozenset({"awaiting_payment", "buying", "completed", "refused", "held", "refunding", "burned", "requested", "refunded"})
"""Milestones of an order that are worth a notice, beside each mint."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice, with the page that says more."""

    at: int
    title: str
    sentence: str
    href: str


def notices_of(view: View, person: str) -> list[Notice]:
    """The newest first."""
    dealt = orders(view, person=person, limit=ORDERS_SHOWN).orders
    found = [notice for each in dealt for notice in _of_order(each)]
    for stock in sorted({each.stock for each in dealt}):
        found += [_of_action(row) for row in actions(view, stock=stock, limit=ACTIONS_SHOWN).rows]
    for case in view.page(Case, person=person, limit=CASES_SHOWN).rows:
        looking = "A person looks at your account. You need not do anything."
        found.append(Notice(case.opened_at, "We are checking something", looking, "/join"))
        if case.closed_at:
            found.append(Notice(case.closed_at, "The check is done", "A person has finished looking at your account.", "/join"))
    for row in view.page(ClientWallet, person=person, limit=CASES_SHOWN).rows:
        if row.proven_at:
            words = f"{row.wallet.address} signed that it is yours. If that was not you, contact us at once."
            found.append(Notice(row.proven_at, "Wallet added", words, "/security"))
    return sorted(found, key=lambda each: each.at)[::-1]


def _of_order(record: OrderRecord) -> list[Notice]:
    what = "Subscription" if record.side == "subscribe" else "Redemption"
    size = f" of {shares(record.shares)}" if record.side == "subscribe" else ""
    return [
        Notice(
            each.at,
            f"{what}: {each.label[:1].lower()}{each.label[1:]}",
            f"{what}{size}, {record.stock}.",
            f"/orders/{record.id}",
        )
        for each in record.events
        if each.name in TOLD or each.name.endswith(":minted")
    ]


def _of_action(row: Distribution) -> Notice:
    found = action_record(row)
    at = row.trail[-1].at if row.trail else row.freeze_at
    what = found.kind.replace("_", " ").lower()
    return Notice(
        at,
        f"{found.stock}: {what}",
        f"Announced for {day(found.effective_at)}; it stands at: {found.phase.lower()}.",
        f"/actions/{found.id}",
    )
