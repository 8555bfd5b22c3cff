"""What is kept of webhooks: who wants what told where, and every telling until it arrived or was given up."""

import hashlib
import hmac
from dataclasses import dataclass

from openscrip.runtime.store import View

HOOKS_MAX = 10
"""Active webhooks that one person may have."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Row: `url` is told of `events` after the fact `after`, for `person`.

    States: active, ended (by its owner), given_up (nobody answered).
    """

    id: str
    person: str
    url: str
    events: tuple[str, ...]
    made_at: int
    made_by: str
    after: int = 0
    ended_at: int = 0
    failures: int = 0
    stock: str = ""
    state: str = "active"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Row: one event on its way to one webhook. Its id is `webhook:number`, its number that of the fact: they rise.

    States: waiting, delivered, dead. `next_s` is machine time in whole seconds; `status` the last HTTP status, 0 for none.
    """

    id: str
    person: str
    webhook: str
    number: int
    event: str
    body: str
    made_at: int
    next_s: int = 0
    attempts: int = 0
    status: int = 0
    error: str = ""
    delivered_at: int = 0
    stock: str = ""
    state: str = "waiting"


OUTGOING_REGISTERED = (Webhook, Delivery)


def hooks_of(view: View, person: str) -> list[Webhook]:
    """The webhooks of a person, the newest first."""
    return list(view.page(Webhook, person=person, limit=200).rows)


def secret_of(master: bytes, webhook: str) -> str:
    """The secret that a webhook's tellings are signed with: made from one key, so that none is kept in the database."""
    return "whsec_" + hmac.new(master, b"webhook " + webhook.encode(), hashlib.sha256).hexdigest()


def signature(secret: str, number: int, timestamp: int, body: bytes) -> str:
    """What `Openscrip-Signature` says: HMAC-SHA256 over `number.timestamp.body`, in hex after `v1=`."""
    told = f"{number}.{timestamp}.".encode() + body
    return "v1=" + hmac.new(secret.encode(), told, hashlib.sha256).hexdigest()
