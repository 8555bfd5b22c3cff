"""What keys for programs may do, by who holds them."""

from openscrip.runtime.api_keys import ApiKey, Scope, keys_of
from openscrip.runtime.store import View
from openscrip.web.shell.visitors import Visitor

WORDS = {
    Scope.READ: "see what is mine",
    Scope.TRADE: "ask for orders and redemptions",
    Scope.WEBHOOKS: "have events sent",
    Scope.DESK: "read what the desk reads",
}
OF_CLIENTS, OF_DESK = (Scope.READ, Scope.TRADE, Scope.WEBHOOKS), (Scope.DESK,)


def scopes_of(who: Visitor) -> tuple[Scope, ...]:
    """What somebody's keys may do."""
    return {"operator": OF_DESK, "investor": OF_CLIENTS}.get(who.kind, ())


def keys_held(view: View, who: Visitor) -> list[ApiKey]:
    """Somebody's keys: a client and an operator of the same name are two."""
    if who.kind not in {"operator", "investor"}:
        return []
    allowed = {scope.value for scope in scopes_of(who)}
    return [row for row in keys_of(view, who.name) if row.state == "active" and set(row.scopes) <= allowed]
