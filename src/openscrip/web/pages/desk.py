"""The operator's console: what waits, one thing with its history, and what may be decided about it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from openscrip.issuance.action_queue import QueueItem
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.records.desk_items import history, related, waiting
from openscrip.records.foreseen import Foreseen, foresee, places_of, told_of
from openscrip.records.queues import COMMANDS, COMMANDS_TITLE, QUEUES, queue_counts, queue_page
from openscrip.runtime.store import OpenCommand, View
from openscrip.web.filters import coin, per_share, shares, usd
from openscrip.web.office import Office
from openscrip.web.pages.desk_acts import ACTS, ASKED, OPEN, Act, Decided, model_of
from openscrip.web.pages.desk_deciding import Deciding
from openscrip.web.shell.audit import record
from openscrip.web.shell.current import shell_of
from openscrip.web.shell.forms import Form
from openscrip.web.shell.render import page
from openscrip.web.shell.visitors import Operator, operator
from openscrip.web.signing.approvals import Approval, approval, approvals
from openscrip.web.venue_desk import venue_waiting

NUMBER_MAX = 2**62
LOOKED = "to see what it would do"
"""The reason of a decision that is only looked at."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One field of a row, as text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Offered:
    """An act that whoever looks may do now, and what it would do; None where that depends on the answer that is given."""

    act: Act
    foreseen: Foreseen | None


def desk_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/desk")
    def today(request: Request) -> Response:
        """What needs somebody?"""
        me, shell = operator(request), shell_of(request)
        with shell.office.store.view() as view:
            counts = queue_counts(view)
            found = approvals(view, shell.now())
            acts = view.audit_page(limit=10)
        at_venue, no_venue = venue_waiting(shell.office.venue_desk)
        counts = [*counts, *at_venue]
        mine = [each for each in found if each.is_for(me.name, me.roles)]
        # A recovery is timed by the machine's clock, everything else by the market's.
        signing = [each.at for each in mine if each.kind != "recoveries"]
        return page(
            request, "desk/today.html", private=True, counts=counts, mine=len(mine), waiting=len(found), acts=acts, me=me,
            waits=sum(each.count for each in counts), oldest=min((each.oldest for each in counts if each.oldest), default=0),
            mine_since=min(signing, default=0), no_venue=no_venue, is_founded=shell.office.venue_desk.is_founded,
        )  # fmt: skip

    @routes.get("/desk/queues/{kind}")
    def queue(request: Request, kind: str, after: str = "") -> Response:
        """One queue, the newest first."""
        operator(request)
        before = place_in_list(after)
        with shell_of(request).office.store.view() as view:
            found = queue_page(view, kind, before)
            proposed = view.page(QueueItem, state="proposed").rows if kind == "questions" else ()
        if found is None:
            raise Malformed("queue.unknown", "queue: there is none of that name")
        following = f"/desk/queues/{kind}?after={found.next}" if found.next is not None else ""
        return page(
            request, "desk/queue.html", private=True, kind=kind, title=_title(kind), items=found.items, proposed=proposed,
            following=following, order="newest first", labels=("Stock", "Client"), states=(), command="", fault="",
        )  # fmt: skip

    @routes.get("/desk/items/{kind}/{item_id:path}")
    def item(request: Request, kind: str, item_id: str) -> Response:
        """One thing: what is known of it, who did what about it, and what may be decided."""
        return _item_page(request, kind, item_id)

    for kind in ACTS:
        routes.add_api_route(f"/desk/decisions/{kind}", _deciding(kind).route, methods=["POST"], name=f"decide_{kind}")
    return routes


def _deciding(kind: str) -> Deciding:
    """Decision and entry are one transaction."""

    def carry_out(office: Office, act: Act, told: Decided, by: str) -> None:
        with office.store.transaction() as unit:
            act.do(office, unit, told, by)
            said = {**told.model_dump(exclude={"id"}), "word": act.word}
            record(unit, f"operator:{by}", f"{kind}.decide", told.id, said)
        office.nudge()

    def item_page(request: Request, item_id: str, form: Form) -> Response:
        return _item_page(request, kind, item_id, form)

    return Deciding(kind, ACTS[kind], model_of(kind), carry_out, item_page, _refused_at, is_command=kind == COMMANDS)


def _refused_at(refusal: Refused) -> str:
    return "" if refusal.code.endswith(".unknown") or refusal.code.startswith("form.") else "reason"


def _item_page(request: Request, kind: str, item_id: str, form: Form | None = None) -> Response:
    me, shell = operator(request), shell_of(request)
    with shell.office.store.view() as view:
        row = _thing(view, kind, item_id)
        if row is None:
            raise Malformed("item.unknown", "item: there is none of that id")
        is_command = isinstance(row, OpenCommand)
        state = row.status if isinstance(row, OpenCommand) else row.state
        waits = approval(view, f"{kind}:{item_id}", shell.now())
        values: dict[str, Any] = {
            "acts": view.audit_page(subject=item_id),
            "steps": [] if is_command else history(view, row),
            # Leases and retries are timed by the machine's steady clock, which all processes share.
            "waiting": [] if is_command else waiting(view, item_id, time.monotonic()),
            "related": related(view, row),
            "offers": _offers(shell.office, view, kind, item_id, state, me, waits),
        }
    shown_fields = command_told(row) if isinstance(row, OpenCommand) else shown(row)
    return page(
        request, "desk/item.html", status=422 if form else 200, private=True, kind=kind, title=_title(kind), id=item_id,
        state=state, is_open=state in OPEN.get(kind, ()), reason=_why(row), shown=shown_fields,
        form=form or Form(), asks=ASKED.get(kind, ()), approval=waits, parked=COMMANDS, note="", command="",
        mine=waits is not None and waits.is_for(me.name, me.roles), **values,
    )  # fmt: skip


def _thing(view: View, kind: str, item_id: str) -> Any:
    if kind == COMMANDS:
        return next(iter(view.open_commands(key=item_id, limit=1)), None)
    known = next((each for each in QUEUES if each.name == kind), None)
    return view.row(known.row, item_id) if known else None


def _offers(
    office: Office, view: View, kind: str, item_id: str, state: str, me: Operator, waits: Approval | None
) -> list[Offered]:
    """What whoever looks may do now, each with what it would do. A second person's part is under Approvals."""
    if kind not in ACTS or state not in OPEN[kind]:
        return []
    found = []
    for act in ACTS[kind]:
        is_second = act.word == "release" and waits is not None
        if is_second or not me.roles & set(act.roles):
            continue
        told = Decided(id=item_id, reason=LOOKED, word=act.word)
        found.append(Offered(act, None if kind == "questions" else foresee_act(office, view, act, told, me.name)))
    return found


def foresee_act(
    office: Office, view: View, act: Act, told: Decided, by: str, places: Callable[[str], int] = places_of
) -> Foreseen:
    """What an act would do; `places` are the decimals of the units in which `view` counts."""
    return foresee(view, lambda unit: act.do(office, unit, told, by), places)


def shown(row: Any) -> list[Shown]:
    """Every field of a row as text, but what stands in the head of its page; instants in UTC, amounts with their units."""
    found = []
    for each in fields(row):
        value = getattr(row, each.name)
        if each.name in ("id", "state") or value is None:
            continue
        if each.name == "approvals":
            value = tuple(f"{said.by}: {said.word} ({said.reason})" for said in value)
        if (is_dataclass(value) and type(value).__str__ is object.__str__) or (
            isinstance(value, tuple) and any(map(is_dataclass, value))
        ):
            continue  # parts of the row that are read elsewhere
        is_instant = isinstance(value, int) and value > 0 and each.name.endswith(("_at", "since", "until", "_by"))
        text = iso(value) if is_instant else ", ".join(map(str, value)) if isinstance(value, tuple) else _words(row, value)
        if text and text != "0":
            found.append(Shown(each.name.replace("_", " "), text[:500]))
    return found


def _words(row: Any, value: object) -> str:
    """A value with its unit. Money of what has an `asset` is coins of that name."""
    match value:
        case bool():
            return "yes" if value else "no"
        case Money():
            asset = str(getattr(row, "asset", ""))
            return "" if not value.atoms else coin(value, asset.upper()) if asset else usd(value)
        case PricePerShare():
            return per_share(value)
        case Shares():
            return shares(value) if value.atoms else ""
        case RawAmount():
            return f"{value} raw tokens" if value.atoms else ""
        case _:
            return str(value)


def command_told(row: OpenCommand, places: Callable[[str], int] = places_of) -> list[Shown]:
    """What is known of a command: what it does and for what, how often it was tried, its own fields."""
    command = row.command
    own = [
        ("does", type(command.action).__name__), ("for", f"{command.row_kind} {command.row_id}"), ("status", row.status),
        ("attempts", str(row.attempts)), ("last error", row.error),
    ]  # fmt: skip
    return [Shown(name, text[:500]) for name, text in (*own, *told_of(command.action, places)) if text]


def _why(row: Any) -> str:
    """In one line, why it waits."""
    found = (getattr(row, name, "") for name in ("text", "what", "error", "reason"))
    return next((str(each)[:300] for each in found if each), "")


def _title(kind: str) -> str:
    if kind == COMMANDS:
        return COMMANDS_TITLE
    return next((each.title for each in QUEUES if each.name == kind), kind)


def place_in_list(after: str) -> int | None:
    """The place that an address names; None for the beginning. Raises `Malformed("page.after")`."""
    if not after:
        return None
    if not after.isdecimal() or int(after) > NUMBER_MAX:
        raise Malformed("page.after", "page: that is no place in this list")
    return int(after)
