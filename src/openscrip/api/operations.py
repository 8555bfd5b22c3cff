"""Routes of operators: status, listings, facts, the trial balance, market time, parked commands."""

import os
from typing import Annotated, Any

from fastapi import APIRouter, Query

from openscrip.api.asked import ClockAsked, ListingAsked, ReportAsked
from openscrip.api.breaks import open_breaks
from openscrip.api.corporate_actions import open_questions
from openscrip.api.office import FrontOffice
from openscrip.api.shapes import (
    command_json,
    fact_json,
    loan_json,
    standing_json,
    stock_json,
    trial_balance_json,
)
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.financing import OPEN_STATES, Loan
from openscrip.assets.paper import refuse_clock_beyond
from openscrip.assets.stock import Stock
from openscrip.issuance.distribution import Distribution
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import instant, iso
from openscrip.kernel.errors import Malformed, Unavailable, refuse_unless

CLOSED = frozenset({"completed", "refunded", "refused", "final", "cancelled", "corrected"})
NUMBER_MAX = 2**63 - 1
COMMANDS_SHOWN = 100


def operations(office: FrontOffice) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/health")
    def health() -> dict[str, Any]:
        """Whether it answers."""
        return {"ok": True, "market_time": iso(office.now())}

    @routes.get("/parts")
    def parts() -> dict[str, Any]:
        """What is wrong now, and which processes run: a question that is cheap however much there is."""
        return parts_of(office)

    @routes.get("/status")
    def status() -> dict[str, Any]:
        """Everything that an operator wants to see first."""
        return status_of(office)

    @routes.get("/facts")
    def facts(
        after: Annotated[int, Query(ge=0, le=NUMBER_MAX)] = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 1000
    ) -> dict[str, Any]:
        """What happened, in order, from number `after` on (exclusive)."""
        with office.store.view() as view:
            found = [fact_json(each) for each in view.facts(after, limit)]
        return {"facts": found, "last": found[-1]["number"] if found else after}

    @routes.get("/ledger/trial-balance")
    def trial_balance() -> list[dict[str, Any]]:
        """Every account of the double-entry ledger, by unit."""
        with office.store.view() as view:
            return trial_balance_json(view.balances())

    @routes.post("/reports")
    def report(asked: ReportAsked) -> dict[str, Any]:
        """Write the reserve report of a month."""
        return dict(office.write_report(asked.month, signed=asked.signed))

    _stocks(office, routes)
    _clock_and_work(office, routes)
    return routes


def _stocks(office: FrontOffice, routes: APIRouter) -> None:
    @routes.get("/stocks")
    def stocks() -> list[dict[str, Any]]:
        """All listed stocks."""
        with office.store.view() as view:
            return [stock_json(stock) for stock in view.rows(Stock)]

    @routes.post("/stocks")
    def list_stock(asked: ListingAsked) -> dict[str, Any]:
        """List a stock: its token on every chain, its line in the watch's configuration, its row in the books."""
        return stock_json(office.list_stock(asked.symbol))


def _clock_and_work(office: FrontOffice, routes: APIRouter) -> None:
    @routes.get("/clock")
    def clock() -> dict[str, Any]:
        """Market time, and in accelerated time when the next thing happens by itself."""
        return clock_of(office)

    @routes.post("/clock")
    def advance(asked: ClockAsked) -> dict[str, Any]:
        """Move accelerated market time on, through everything that is due until then."""
        try:
            at = instant(asked.advance_to if "T" in asked.advance_to else "")
        except (ValueError, OverflowError) as error:
            text = f"clock: {asked.advance_to!a:.40} was not an instant such as 2024-06-05T21:00:00Z"
            raise Malformed("clock.instant", text) from error
        if not asked.advance_to.endswith("Z") and "+" not in asked.advance_to:
            raise Malformed("clock.instant", "clock: the instant had no zone; write it as 2024-06-05T21:00:00Z")
        refuse_unless(office.clock_mode != "live", "clock.live", "clock: market time is the wall clock; it cannot be moved")
        refuse_clock_beyond(new_york_calendar(), at)
        refuse_unless(at >= office.now(), "clock.back", f"clock: {iso(at)} had passed, market time was {iso(office.now())}")
        office.advance_to(at)
        return clock_of(office)

    @routes.post("/nudge")
    def nudge() -> dict[str, Any]:
        """Another process has recorded something: look for work."""
        office.nudge()
        return {"ok": True}

    @routes.post("/commands/{key:path}/unpark")
    def unpark(key: str) -> dict[str, Any]:
        """Let a parked command be tried again."""
        waiting = {command.key: status for command, status, _, _ in office.store.waiting()}
        if key not in waiting:
            raise Malformed("command.unknown", f"command: {key!a:.120} was not waiting")
        refuse_unless(waiting[key] == "parked", "command.state", f"command: {key} was {waiting[key]}, not parked")
        office.store.unpark(key)
        office.nudge()
        return {"key": key, "status": "due"}


def clock_of(office: FrontOffice) -> dict[str, Any]:
    """Market time as JSON."""
    due = office.next_due() if office.clock_mode != "live" else None
    return {"now": iso(office.now()), "mode": office.clock_mode, "next_due": iso(due) if due else None}


def status_of(office: FrontOffice) -> dict[str, Any]:
    """The whole platform in one object. A stock whose chains or custody do not answer says so and hides nothing else."""
    with office.store.view() as view:
        stocks = view.rows(Stock)
        states = {
            "subscriptions": view.states(Subscription),
            "redemptions": view.states(Redemption),
            "corporate_actions": view.states(Distribution),
        }
        loans = view.rows_in(Loan, OPEN_STATES)
    return {
        **clock_of(office),
        "stocks": [stock_json(stock) | _standing(office, stock.id) for stock in stocks],
        "open": {name: {s: n for s, n in found.items() if s not in CLOSED} for name, found in states.items()},
        "closed": {name: {s: n for s, n in found.items() if s in CLOSED} for name, found in states.items()},
        "breaks": open_breaks(office),
        "questions": open_questions(office),
        "loans": [loan_json(row) for row in loans],
        "reconciled_at": {stock: iso(look.at) for stock, look in office.looks().items()},
        "commands": [command_json(waiting) for waiting in office.store.waiting()],
        "troubles": dict(office.troubles()),
        "processes": {"openscrip": os.getpid(), **office.process_ids()},
    }


def parts_of(office: FrontOffice) -> dict[str, Any]:
    """Feeds that cannot be read, the oldest commands that are not done, breaks, and processes."""
    with office.store.view() as view:
        waiting = view.open_commands(limit=COMMANDS_SHOWN)
    return {
        "troubles": dict(office.troubles()),
        "processes": {"openscrip": os.getpid(), **office.process_ids()},
        "commands": [command_json((each.command, each.status, each.attempts, each.error)) for each in waiting],
        "breaks": open_breaks(office),
    }


def _standing(office: FrontOffice, symbol: str) -> dict[str, Any]:
    try:
        return standing_json(office.standing(symbol))
    except Unavailable as outage:
        return {"trouble": str(outage)}
