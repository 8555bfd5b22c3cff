"""What persons did here, written into the chain of the books (`runtime.audit_trail`)."""

from collections.abc import Mapping

from starlette.requests import Request

from openscrip.runtime.audit_trail import AuditEntry, broken_at, canonical_body
from openscrip.runtime.store import Store, Unit
from openscrip.web.shell.current import CURRENT, current_of
from openscrip.web.shell.visitors import visitor_of

__all__ = ["check", "record", "record_alone"]


def record(unit: Unit, who: str, action: str, subject: str, payload: Mapping[str, object] | None = None) -> AuditEntry:
    """Write down who did what to which thing, in the transaction that does it. The payload is JSON without secrets."""
    shell = CURRENT.get().shell
    return unit.audit(who, action, subject, canonical_body(payload or {}), shell.now(), shell.office.now())


def record_alone(request: Request, action: str, subject: str, payload: Mapping[str, object] | None = None) -> AuditEntry:
    """The same by whoever asks, in a transaction of its own, for what was done elsewhere."""
    current = current_of(request)
    with current.shell.office.store.transaction() as unit:
        return record(unit, visitor_of(current).who, action, subject, payload)


def check(store: Store) -> str:
    """The first place where the chain does not hold, as a sentence; empty where all of it does."""
    with store.view() as view:
        return broken_at(view)
