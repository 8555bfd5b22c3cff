"""What the desk looks up: the audit chain, the ledger, the health of each part, and any id."""

import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from weakref import WeakKeyDictionary

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from openscrip.assets.accounts import CHART
from openscrip.issuance.clients import ClientWallet, wallet_id
from openscrip.issuance.distribution_row import Distribution
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.errors import Malformed, Unavailable
from openscrip.records.foreseen import places_of
from openscrip.records.queues import COMMANDS, QUEUES
from openscrip.runtime.audit_trail import broken_at
from openscrip.runtime.ledger import Balance
from openscrip.runtime.store import View
from openscrip.web.office import Office
from openscrip.web.pages.desk import NUMBER_MAX
from openscrip.web.shell.current import shell_of
from openscrip.web.shell.render import page
from openscrip.web.shell.visitors import operator, visitor
from openscrip.web.venue_desk import venue_hits

ACTS_CHECKED_MAX = 20_000
ACCOUNTS_SHOWN = 200
SUM_S_MAX, SUMS_KEPT_S = 0.05, 60.0
"""What takes longer to add up than the first is added up anew after the second at the earliest (machine time)."""


@dataclass(frozen=True, slots=True)
class Totals:
    """All accounts of a unit added up at `at` (market time). `read_s` is machine time, `took_s` how long it took."""

    balance: Balance
    at: int
    read_s: float
    took_s: float


class _Totals:
    """The last totals of each unit: of a million accounts they are not added up for each who looks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: WeakKeyDictionary[Office, dict[str, Totals]] = WeakKeyDictionary()

    def of(self, office: Office, view: View, unit: str) -> Totals:
        with self._lock:
            known = self._known.setdefault(office, {})
            last, began_s = known.get(unit), time.monotonic()
            if last is not None and last.took_s > SUM_S_MAX and began_s - last.read_s < SUMS_KEPT_S:
                return last
            balance = view.totals(unit)
            found = Totals(balance, office.now(), began_s, time.monotonic() - began_s)
            if found.took_s > SUM_S_MAX:
                known[unit] = found
            return found


_TOTALS = _Totals()


def desk_look_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()
    for path, answer in (("/desk/audit", audit), ("/desk/ledger", ledger), ("/desk/health", health), ("/desk/search", search)):
        routes.add_api_route(path, answer, methods=["GET"])
    return routes


def audit(request: Request, who: str = "", subject: str = "", after: str = "") -> Response:
    """Who did what?"""
    operator(request)
    if after and (not after.isdecimal() or int(after) > NUMBER_MAX):
        raise Malformed("page.after", "page: that is no place in this list")
    with shell_of(request).office.store.view() as view:
        acts = view.audit_page(who=who or None, subject=subject or None, before=int(after) if after else None)
        count = view.counted("audit")
        broken = broken_at(view) if count <= ACTS_CHECKED_MAX else None
    return page(request, "desk/audit.html", private=True, acts=acts, count=count, broken=broken, who=who, subject=subject)


def ledger(request: Request, unit: str = "USD", account: str = "", after: str = "") -> Response:
    """Where is this amount?"""
    operator(request)
    office, unit, account = shell_of(request).office, unit.strip()[:64], account.strip()[:200]
    with office.store.view() as view:
        # An account of one request or loan is named `unit/kind:id`: the id alone finds it, too.
        owned = view.accounts_named([f"{unit}/{kind}:{account}" for kind in CHART]) if account and not after else []
        found = owned + view.accounts(f"{unit}/{account}", after[:300], ACCOUNTS_SHOWN + 1)
        totals = _TOTALS.of(office, view, unit)
    places = places_of(unit)
    lines = [
        (name, *(format_decimal(total, places) for total in (
            each.debits_posted, each.credits_posted, each.debits_pending, each.credits_pending
        )))
        for name, each in found[:ACCOUNTS_SHOWN]
    ]  # fmt: skip
    more = len(found) > len(lines)
    debits, credited = totals.balance.debits_posted, totals.balance.credits_posted
    return page(
        request, "desk/ledger.html", private=True, unit=unit, account=account, lines=lines, summed_at=totals.at,
        following=f"/desk/ledger?{urlencode({'unit': unit, 'account': account, 'after': lines[-1][0]})}" if more else "",
        debits=format_decimal(debits, places), credits=format_decimal(credited, places), balanced=debits == credited,
    )  # fmt: skip


def health(request: Request) -> Response:
    """Which part is ill?"""
    operator(request)
    told: dict[str, Any] = {}
    fault = ""
    try:
        told = shell_of(request).office.door.get("/v1/parts")
    except Unavailable as outage:
        fault = str(outage)
    processes: dict[str, int] = told.get("processes", {})
    return page(
        request, "desk/health.html", private=True, fault=fault, troubles=told.get("troubles", {}),
        processes=processes, gone=[name for name, pid in processes.items() if not pid],
        commands=told.get("commands", []), breaks=told.get("breaks", []),
    )  # fmt: skip


def search(request: Request, q: str = "") -> Response:
    """Where is this id?"""
    operator(request)
    shell, asked = shell_of(request), q.strip()[:200]
    if asked:
        shell.limits.spend("search", visitor(request).owner, shell.now())
    with shell.office.store.view() as view:
        found = _found(view, asked) if asked else []
    found += venue_hits(shell.office.venue_desk, asked) if asked else []
    return page(request, "desk/search.html", private=True, q=asked, found=found)


def _found(view: View, asked: str) -> list[tuple[str, str, str]]:
    """What has this id: (what it is, what it says, where it is shown)."""
    hits: list[tuple[str, str, str]] = []
    named = quote(asked, safe="")
    for each in QUEUES:
        row = view.row(each.row, asked)
        if row is not None:
            hits.append((type(row).__name__, f"{row.state} {row.stock}".strip(), f"/desk/items/{each.name}/{named}"))
    hits += [
        ("Command", f"{command.status}, tried {command.attempts} times", f"/desk/items/{COMMANDS}/{named}")
        for command in view.open_commands(key=asked, limit=1)
    ]
    action = view.row(Distribution, asked)
    if action is not None:
        hits.append(("Corporate action", f"{action.state} {action.stock}", f"/actions/{named}"))
    for chain in ("evm", "solana"):
        owned = view.row(ClientWallet, wallet_id(chain, asked))
        if owned is not None:
            hits.append(
                (
                    f"Wallet on {chain}",
                    f"of client {owned.wallet.person_id}",
                    f"/desk/audit?who=client:{owned.wallet.person_id}",
                )
            )
    if view.audit_page(subject=asked, limit=1):
        hits.append(("Acts", "what persons did about it", f"/desk/audit?subject={named}"))
    if view.audit_page(who=asked, limit=1):
        hits.append(("Person", "what they did", f"/desk/audit?who={named}"))
    return hits
