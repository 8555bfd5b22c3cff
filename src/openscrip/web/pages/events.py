"""`/events`: one stream of what happens, for all tabs of a browser."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.errors import Malformed
from openscrip.runtime.store import Store
from openscrip.web.live import asked_topics, hub_of, stream
from openscrip.web.shell.current import shell_of
from openscrip.web.shell.limits import address_of
from openscrip.web.shell.visitors import Visitor, still_there
from openscrip.web.topics import ORDER, PUBLIC

HEADERS = {"Cache-Control": "no-cache, no-store", "X-Accel-Buffering": "no"}


def live_routes() -> APIRouter:
    """The route."""
    routes = APIRouter()

    @routes.get("/events")
    async def events(request: Request, topics: str = "", after: str = "") -> Response:
        """What happens from now on; with `Last-Event-ID`, or `after`, what happened since then comes first."""
        asked = asked_topics(topics)
        office = shell_of(request).office

        shell_of(request).limits.spend("events", address_of(request), shell_of(request).now())

        def allowed() -> list[str]:
            who = still_there(request)
            return [name for name in asked if may_follow(who, name, office.store)]

        mine = await run_in_threadpool(allowed)
        if not mine:
            raise Malformed("topic.unknown", "events: there was no such topic")
        told = request.headers.get("last-event-id", after)
        hub = hub_of(office.store, office.now)
        await hub.start()
        is_private = any(name not in PUBLIC for name in mine)

        def may_go_on() -> bool:
            return allowed() == mine

        body = stream(hub, mine, _number(told), may_go_on if is_private else None)
        return StreamingResponse(body, media_type="text/event-stream", headers=HEADERS)

    return routes


def public_events(store: Store, now: Callable[[], int]) -> ASGIApp:
    """The public topics for programs: the same stream without a session, for any origin."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        topics = [name for name in asked_topics(request.query_params.get("topics", "")) if name in PUBLIC] or sorted(PUBLIC)
        told = request.headers.get("last-event-id", request.query_params.get("after", ""))
        hub = hub_of(store, now)
        await hub.start()
        headers = {**HEADERS, "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
        response = StreamingResponse(stream(hub, topics, _number(told), None), media_type="text/event-stream", headers=headers)
        await response(scope, receive, send)

    return answer


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else None


def may_follow(visitor: Visitor, topic: str, store: Store) -> bool:
    """Anybody the public topics; an investor their own orders; an operator everything."""
    if topic in PUBLIC or visitor.kind == "operator":
        return True
    if not topic.startswith(ORDER) or visitor.kind != "investor":
        return False
    with store.view() as view:
        order_id = topic.removeprefix(ORDER)
        order = view.row(Subscription, order_id) or view.row(Redemption, order_id)
    return order is not None and order.person == visitor.name
