"""The venue's money at the desk: what waits for a person, one thing of it, and what may be decided about it."""

import json
import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from openscrip.kernel.errors import Malformed, Refused, Unavailable, refuse_unless
from openscrip.records.desk_items import waiting
from openscrip.records.venue_queues import (
    VENUE_PARKED,
    VenueQueue,
    venue_history,
    venue_page,
    venue_queue,
    venue_related,
    venue_states,
    venue_thing,
    venue_told,
    venue_why,
)
from openscrip.runtime.store import OpenCommand, View
from openscrip.web.office import Office
from openscrip.web.pages.desk import LOOKED, Offered, Shown, command_told, foresee_act, place_in_list
from openscrip.web.pages.desk_acts import Act, Decided
from openscrip.web.pages.desk_deciding import Deciding
from openscrip.web.pages.desk_venue_acts import (
    LIST_LINE,
    VENUE_ACTS,
    VENUE_ASKED,
    VENUE_MODELS,
    VENUE_OPEN,
    is_done,
    line_of,
)
from openscrip.web.shell.audit import record
from openscrip.web.shell.current import shell_of
from openscrip.web.shell.forms import Form
from openscrip.web.shell.render import page
from openscrip.web.shell.visitors import Operator, operator
from openscrip.web.venue_desk import NONE_FOUNDED, away

NOTES = {
    "venue-breaks": (
        "More held than booked: look for a deposit that was not read (is the feed in trouble, is the token registered?). "
        "Less: somebody paid without the books; end both programs, and compare the treasury's payouts with the rows. "
        "It closes by itself when both agree."
    ),
}
"""What to look for where nothing is decided."""


def desk_venue_routes() -> APIRouter:
    """The routes. They are tried before those of the platform's own queues, whose addresses they share."""
    routes = APIRouter()

    @routes.get("/desk/queues/venue-{name}")
    def queue(request: Request, name: str, state: str = "", after: str = "") -> Response:
        """One queue in one of its states, the newest first."""
        operator(request)
        return _queue_page(request, _queue(f"venue-{name}"), state, place_in_list(after))

    @routes.get("/desk/items/venue-{name}/{item_id:path}")
    def item(request: Request, name: str, item_id: str) -> Response:
        """One thing of the venue's money: what is known of it, and what may be decided."""
        return _item_page(request, _queue(f"venue-{name}"), item_id)

    for kind in VENUE_ACTS:
        routes.add_api_route(f"/desk/decisions/{kind}", _deciding(_queue(kind)).route, methods=["POST"], name=f"decide_{kind}")
    return routes


def _queue(name: str) -> VenueQueue:
    found = venue_queue(name)
    if found is None:
        raise Malformed("queue.unknown", "queue: there is none of that name")
    return found


def _queue_page(request: Request, queue: VenueQueue, state: str, before: int | None) -> Response:
    desk, state = shell_of(request).office.venue_desk, state or queue.states[0][0]
    if state not in [each for each, _ in queue.states]:
        raise Malformed("queue.state", "queue: nothing waits in a state of that name")
    if not desk.is_founded:
        return _queue_shown(request, queue, fault=NONE_FOUNDED)
    try:
        with desk.store.view() as view:
            found = venue_page(view, queue, state, desk.places, before)
            states = venue_states(view, queue)
    except Unavailable as outage:
        return _queue_shown(request, queue, fault=away(outage))
    following = f"/desk/queues/{queue.name}?state={state}&after={found.next}" if found.next is not None else ""
    return _queue_shown(request, queue, items=found.items, states=states, state=state, following=following)


def _queue_shown(request: Request, queue: VenueQueue, *, fault: str = "", **values: Any) -> Response:
    """The page of a queue; with a `fault` in place of what waits."""
    is_away = bool(fault) and shell_of(request).office.venue_desk.is_founded
    nothing: dict[str, Any] = {"items": (), "states": (), "state": "", "following": ""}
    return page(
        request, "desk/queue.html", status=503 if is_away else 200, private=True, kind=queue.name, title=queue.title,
        fault=fault, proposed=(), order="oldest first" if queue.name == VENUE_PARKED else "newest first",
        labels=("Asset", "Account"), command=LIST_LINE, **(nothing | values),
    )  # fmt: skip


def _deciding(queue: VenueQueue) -> Deciding:
    def carry_out(office: Office, act: Act, told: Decided, by: str) -> None:
        _carry_out(office, queue, act, told, by)

    def item_page(request: Request, item_id: str, form: Form) -> Response:
        return _item_page(request, queue, item_id, form)

    return Deciding(
        queue.name, VENUE_ACTS[queue.name], VENUE_MODELS.get(queue.name, Decided), carry_out, item_page, _refused_at,
        is_command=queue.name == VENUE_PARKED, refuse_unless_ready=_refuse_unless_founded,
    )  # fmt: skip


def _refuse_unless_founded(office: Office) -> None:
    refuse_unless(office.venue_desk.is_founded, "venue.unknown", "venue: none was founded beside this platform")


def _refused_at(refusal: Refused) -> str:
    if refusal.code.startswith("form."):
        return ""
    return "account" if refusal.code.startswith("account.") else "reason"


def _carry_out(office: Office, queue: VenueQueue, act: Act, told: Decided, by: str) -> None:
    """The word to the venue's store, and its entry in the audit chain, which is kept by another database.

    No transaction holds both. The decision goes first: an entry about what was then refused, or never done, would stand in
    the chain for good. A kill between the two loses nothing that matters: the row itself keeps who decided and why, it is
    decided once by its state, and the same form sent again finds its own decision there and writes the entry alone. A command
    that is tried again keeps no name, and to try it is repeatable: there the entry goes first, so that nothing is nameless.
    """
    store = office.venue_desk.store
    if queue.name == VENUE_PARKED:
        with store.view() as view:
            is_parked = bool(view.open_commands(key=told.id, status="parked", limit=1))
        refuse_unless(is_parked, "command.state", "command: it is not given up any more")
        _write_down(office, queue.name, act, told, by)
    try:
        with store.transaction() as unit:
            act.do(office, unit, told, by)
    except Refused:
        if not _is_unwritten(office, queue, act, told, by):
            raise
    if queue.name != VENUE_PARKED:
        _write_down(office, queue.name, act, told, by)


def _write_down(office: Office, kind: str, act: Act, told: Decided, by: str) -> None:
    with office.store.transaction() as unit:
        record(unit, f"operator:{by}", f"{kind}.decide", told.id, {**told.model_dump(exclude={"id"}), "word": act.word})


def _is_unwritten(office: Office, queue: VenueQueue, act: Act, told: Decided, by: str) -> bool:
    """Whether this very decision was made before, and never reached the audit chain."""
    if queue.name == VENUE_PARKED:
        return False
    with office.venue_desk.store.view() as view:
        row = view.row(queue.row, told.id)
    if not is_done(queue.name, row, told, act.word, by):
        return False
    with office.store.view() as view:
        written = [json.loads(each.body) for each in view.audit_page(who=f"operator:{by}", subject=told.id)]
    return (act.word, told.reason) not in [(each.get("word"), each.get("reason")) for each in written]


def _item_page(request: Request, queue: VenueQueue, item_id: str, form: Form | None = None) -> Response:
    me, office, kind = operator(request), shell_of(request).office, queue.name
    _refuse_unless_founded(office)
    try:
        values = _known(office, queue, item_id, me)
    except Unavailable as outage:
        return _queue_shown(request, queue, fault=away(outage))
    with office.store.view() as view:
        acts = view.audit_page(subject=item_id)
    return page(
        request, "desk/item.html", status=422 if form else 200, private=True, kind=kind, title=queue.title, id=item_id,
        form=form or Form(), asks=VENUE_ASKED.get(kind, ()), parked=VENUE_PARKED, approval=None, mine=False, acts=acts,
        note=NOTES.get(kind, ""), command=line_of(kind, item_id, me.name, is_open=values["is_open"]), **values,
    )  # fmt: skip


def _known(office: Office, queue: VenueQueue, item_id: str, me: Operator) -> dict[str, Any]:
    """What the venue's store tells of one thing. Raises `Malformed("item.unknown")`, `Unavailable`."""
    desk = office.venue_desk
    with desk.store.view() as view:
        row = venue_thing(view, queue, item_id)
        if row is None:
            raise Malformed("item.unknown", "item: there is none of that id")
        is_command = isinstance(row, OpenCommand)
        state = row.status if isinstance(row, OpenCommand) else row.state
        is_open = state in VENUE_OPEN[queue.name]
        return {
            "state": state,
            "is_open": is_open,
            "reason": venue_why(row, desk.places),
            "shown": command_told(row, desk.places) if is_command else [Shown(*each) for each in venue_told(row, desk.places)],
            "steps": venue_history(row, desk.places),
            # Leases and retries are timed by the machine's steady clock, which all processes share.
            "waiting": [] if is_command else waiting(view, item_id, time.monotonic()),
            "related": venue_related(view, row),
            "offers": _offers(office, view, queue.name, item_id, me) if is_open else [],
        }


def _offers(office: Office, view: View, kind: str, item_id: str, me: Operator) -> list[Offered]:
    """What whoever looks may do now, each with what it would do; to assign depends on the account that is named."""
    found, places = [], office.venue_desk.places
    for act in VENUE_ACTS.get(kind, ()):
        if not me.roles & set(act.roles):
            continue
        told = VENUE_MODELS.get(kind, Decided)(id=item_id, reason=LOOKED, word=act.word)
        found.append(Offered(act, None if act.word == "assign" else foresee_act(office, view, act, told, me.name, places)))
    return found
