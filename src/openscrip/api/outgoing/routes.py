"""`/webhooks`: registering, ending and watching them, with a key of the scope `webhooks`."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from fastapi import Path as PathPart
from pydantic import Field

from openscrip.api.keys import Caller, caller_with
from openscrip.api.outgoing.events import EVENTS
from openscrip.api.outgoing.rows import HOOKS_MAX, Delivery, Webhook, hooks_of, secret_of
from openscrip.api.private.shapes import AskedShape
from openscrip.api.public.answers import failures
from openscrip.api.public.limits import Buckets
from openscrip.api.public.office import ApiOffice
from openscrip.api.public.paging import After, Limit, cursor_of, number_of
from openscrip.api.public.shapes import Instant, Shape
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed, refuse_unless
from openscrip.runtime.api_keys import Scope
from openscrip.runtime.store import Unit

WebhookId = Annotated[str, PathPart(pattern=r"^wh_[0-9a-f]{16}$", examples=["wh_0123456789abcdef"])]


class WebhookAsked(AskedShape):
    """Tell `url` of `events`. `requestId` is yours: the same request again is the same webhook."""

    request_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    url: Annotated[str, Field(min_length=8, max_length=500)]
    events: Annotated[list[str], Field(min_length=1, max_length=len(EVENTS), examples=[["coverage.changed"]])]


class WebhookShape(Shape):
    """A webhook. `state`: active, ended by you, or given_up after nobody answered for long."""

    id: str
    url: str
    events: list[str]
    state: Literal["active", "ended", "given_up"]
    failures_in_a_row: int
    made_at: Instant


class WebhookMade(WebhookShape):
    """A new webhook, with the secret that its tellings are signed with."""

    secret: str


class WebhookList(Shape):
    """Your webhooks, the newest first."""

    items: list[WebhookShape]
    next: None
    total: int


class DeliveryShape(Shape):
    """One telling: waiting, delivered or dead. `lastStatus` is null where nobody answered."""

    id: int
    event: str
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    last_status: int | None
    last_error: str | None
    at: Instant


class DeliveryList(Shape):
    """Tellings of a webhook, the newest first. A page may be short: others' stand between them."""

    items: list[DeliveryShape]
    next: str | None
    total: None


def webhook_routes(office: ApiOffice, buckets: Buckets, allow: Callable[[str], None] | None) -> APIRouter:
    """The routes. Without `allow` no webhook can be registered here."""
    routes = APIRouter(tags=["webhooks"])
    keyed = Depends(caller_with(office.store, Scope.WEBHOOKS, buckets))
    master = office.webhook_master

    @routes.post("", responses=failures(401, 403, 409, 413, 422))
    def make_webhook(asked: WebhookAsked, caller: Caller = keyed) -> WebhookMade:
        """Register a webhook. Its secret is told again to who asks the same with the same key's owner."""
        unknown = sorted(set(asked.events) - set(EVENTS))
        if unknown:
            raise Malformed("webhook.event", f"webhook: {unknown[0]!a:.40} is no event; they are {', '.join(EVENTS)}")
        refuse_unless(allow is not None, "webhook.off", "webhook: this part sends none")
        if allow is not None:
            allow(asked.url)
        with office.store.transaction() as unit:
            row = _made(unit, asked, caller, office.now())
        return WebhookMade(**_fields(row), secret=secret_of(master, row.id))

    @routes.get("", responses=failures(401, 403))
    def list_webhooks(caller: Caller = keyed) -> WebhookList:
        """Your webhooks."""
        with office.store.view() as view:
            found = hooks_of(view, caller.person)
        return WebhookList(items=[WebhookShape(**_fields(row)) for row in found], next=None, total=len(found))

    @routes.delete("/{webhook_id}", responses=failures(401, 403, 404))
    def end_webhook(webhook_id: WebhookId, caller: Caller = keyed) -> WebhookShape:
        """End a webhook. What waits is not sent any more."""
        with office.store.transaction() as unit:
            row = _mine(unit.row(Webhook, webhook_id), webhook_id, caller)
            if row.state != "ended":
                row = replace(row, state="ended", ended_at=office.now())
                unit.put(row)
        return WebhookShape(**_fields(row))

    @routes.get("/{webhook_id}/deliveries", responses=failures(401, 403, 404))
    def list_deliveries(webhook_id: WebhookId, after: After = None, limit: Limit = 50, caller: Caller = keyed) -> DeliveryList:
        """What was told, what waits and what was given up."""
        with office.store.view() as view:
            _mine(view.row(Webhook, webhook_id), webhook_id, caller)
            page = view.page(Delivery, person=caller.person, before=number_of(after), limit=limit)
        items = [
            DeliveryShape(
                id=row.number, event=row.event, state=row.state,  # type: ignore[arg-type]  # a delivery's states
                attempts=row.attempts, last_status=row.status or None, last_error=row.error or None, at=iso(row.made_at),
            )
            for row in page.rows
            if row.webhook == webhook_id
        ]  # fmt: skip
        return DeliveryList(items=items, next=None if page.next is None else cursor_of(page.next), total=None)

    return routes


def _made(unit: Unit, asked: WebhookAsked, caller: Caller, now: int) -> Webhook:
    """The new webhook, or the one that this request made before. Raises `Conflict("inbox.conflict")` for other content."""
    content = "\n".join([asked.url, *sorted(set(asked.events))])
    name = f"{caller.person}:{asked.request_id}"
    first = unit.first_time("webhook", name, content)
    known = unit.cursor(f"webhook:{name}")
    if not first and known:
        return _mine(unit.row(Webhook, known), known, caller)
    active = [row for row in hooks_of(unit, caller.person) if row.state == "active"]
    refuse_unless(len(active) < HOOKS_MAX, "webhook.count", f"webhook: {len(active)} are active; end one first")
    events = tuple(sorted(set(asked.events)))
    row = Webhook(f"wh_{secrets.token_hex(8)}", caller.person, asked.url, events, now, caller.key, unit.position())
    unit.put(row)
    unit.set_cursor(f"webhook:{name}", row.id)
    return row


def _mine(row: Webhook | None, webhook_id: str, caller: Caller) -> Webhook:
    if row is None or row.person != caller.person:
        raise Malformed("webhook.unknown", f"webhook: {webhook_id} is not one of yours")
    return row


def _fields(row: Webhook) -> dict[str, Any]:
    return {
        "id": row.id, "url": row.url, "events": list(row.events), "state": row.state, "failures_in_a_row": row.failures,
        "made_at": iso(row.made_at),
    }  # fmt: skip
