"""`/desk`: what waits for a person, and whether the parts work. A desk's key reads; decisions are made on the desk's pages."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as PathPart

from openscrip.api.keys import Caller, caller_with
from openscrip.api.private import shapes
from openscrip.api.public.answers import failures
from openscrip.api.public.asset_shapes import when
from openscrip.api.public.limits import Buckets
from openscrip.api.public.office import ApiOffice
from openscrip.api.public.paging import After, Limit, cursor_of, number_of
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed, Unavailable
from openscrip.records.queues import queue_counts, queue_page
from openscrip.records.venue_queues import VENUE_QUEUES, venue_queue
from openscrip.runtime.api_keys import Scope

QueueName = Annotated[str, PathPart(pattern=r"^[a-z-]{1,30}$", examples=["breaks"])]
SHOWN, COUNTED_MAX = 20, 1_000


def desk_routes(office: ApiOffice, buckets: Buckets) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["desk"])
    reads = Depends(caller_with(office.store, Scope.DESK, buckets))

    @routes.get("/queues", responses=failures(401, 403))
    def list_queues(_caller: Caller = reads) -> shapes.QueueList:
        """Every queue, and how many wait in it: those of the issuer, then those of the venue's money where there is one."""
        with office.store.view() as view:
            told: list[tuple[str, str, int | None]] = [(each.name, each.title, each.count) for each in queue_counts(view)]
        try:
            told += [(each.name, each.title, each.count) for each in office.venue_queues()]
        except Unavailable:
            # The issuer's own work is told all the same; what is not known is not left out, and not a zero.
            told += [(each.name, each.title, None) for each in VENUE_QUEUES]
        items = [shapes.QueueShape(name=name, title=title, count=count) for name, title, count in told]
        return shapes.QueueList(items=items, next=None, total=len(items))

    @routes.get("/queues/{name}", responses=failures(401, 403, 404))
    def read_queue(name: QueueName, after: After = None, limit: Limit = 50, _caller: Caller = reads) -> shapes.QueueItemList:
        """What waits in a queue, the newest first."""
        if venue_queue(name) is not None:
            page, found = office.venue_queue(name, number_of(after), limit), office.venue_queues()
        else:
            with office.store.view() as view:
                page, found = queue_page(view, name, number_of(after), limit), queue_counts(view)
        if page is None:
            raise Malformed("queue.unknown", f"queue: {name} is none; GET /desk/queues tells which there are")
        counts = {each.name: each.count for each in found}
        items = [
            shapes.QueueItemShape(
                id=each.id, kind=each.kind, symbol=each.stock or None, client=each.person or None, text=each.text,
                since=when(each.since),
            )
            for each in page.items
        ]  # fmt: skip
        following = None if page.next is None else cursor_of(page.next)
        return shapes.QueueItemList(items=items, next=following, total=counts[name])

    @routes.get("/health", responses=failures(401, 403))
    def read_health(_caller: Caller = reads) -> shapes.Health:
        """Commands that wait (counted up to 1,000) and how far each chain was read."""
        waiting = office.store.waiting(COUNTED_MAX)
        with office.store.view() as view:
            position = view.position()
        oldest = [
            shapes.StuckCommand(
                key=command.key, action=type(command.action).__name__,
                status=status,  # type: ignore[arg-type]  # a command's states
                attempts=attempts, error=error.strip().splitlines()[-1][:300] if error.strip() else "",
            )
            for command, status, attempts, error in waiting[:SHOWN]
        ]  # fmt: skip
        return shapes.Health(
            market_time=iso(office.now()),
            facts=position,
            commands_waiting=len(waiting),
            commands_parked=sum(status == "parked" for _, status, _, _ in waiting),
            oldest=oldest,
            indexed=dict(office.read_up_to()),
        )

    return routes
