"""Sessions on the server: the browser carries a random id, the books keep its hash, and whoever ends it ends it everywhere."""

import hashlib
import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from openscrip.kernel.errors import Unavailable
from openscrip.runtime.audit_trail import canonical_body
from openscrip.runtime.store import Unit, View
from openscrip.runtime.web_settings import WebLine
from openscrip.web.shell.current import Current
from openscrip.web.shell.rows import Session

log = logging.getLogger(__name__)

ID_BYTES = 32
ID = re.compile(r"[A-Za-z0-9_-]{43}")
TOUCH_S = 60
"""A session that is in use is written down at most this often."""
SESSIONS_SHOWN = 100
AGENT_MAX = 160


@dataclass(frozen=True, slots=True)
class Proven:
    """Who signed in, and how: an operator by `name`, or a wallet by `chain` and `address`."""

    kind: str
    name: str = ""
    chain: str = ""
    address: str = ""
    proof: str = ""

    @property
    def owner(self) -> str:
        """Whose the sessions are."""
        return f"operator:{self.name}" if self.kind == "operator" else f"wallet:{self.chain}:{self.address}"


def carried(current: Current) -> str:
    """The id that the browser carries; empty where it carries none that could be ours."""
    told = current.known.get("id") or current.request.cookies.get(current.shell.cookie, "")
    return told if ID.fullmatch(told) else ""


def session_id(current: Current) -> str:
    """The id that the browser carries; one that came just now is given to it with the answer."""
    found = carried(current)
    if not found:
        found = secrets.token_urlsafe(ID_BYTES)
        give_cookie(current, found)
    current.known["id"] = found
    return found


def give_cookie(current: Current, value: str) -> None:
    """Have the browser carry this from now on; an empty one ends it there."""
    gone = "; Max-Age=0" if not value else ""
    name = f"{current.shell.cookie}="
    current.cookies[:] = [each for each in current.cookies if not each.startswith(name)]
    current.cookies.append(f"{name}{value}; Path=/; Secure; HttpOnly; SameSite=Lax{gone}")


def hashed(raw: str) -> str:
    """How an id is kept."""
    return hashlib.sha256(b"openscrip session 1\n" + raw.encode()).hexdigest()


def begin(current: Current, who: Proven, lives: WebLine) -> None:
    """Sign in: a new id, whatever the browser carried before; what that was ends here."""
    shell, now, raw = current.shell, current.shell.now(), secrets.token_urlsafe(ID_BYTES)
    is_operator = who.kind == "operator"
    idle_s, most_s = (
        (lives.operator_idle_s, lives.operator_most_s) if is_operator else (lives.investor_idle_s, lives.investor_most_s)
    )
    agent = current.request.headers.get("user-agent", "")[:AGENT_MAX]
    row = Session(
        hashed(raw), who.kind, who.owner, who.name, who.chain, who.address, who.proof, agent, now, now, now + most_s, idle_s
    )
    before = carried(current)
    with shell.office.store.transaction() as unit:
        if before:
            _end(unit, hashed(before), now, "signed in anew")
        unit.put(row)
        _note(current, unit, who.owner, "session.begin", row.id, {"proof": who.proof.split(":")[0], "agent": agent})
    give_cookie(current, raw)
    current.known.clear()
    current.known["id"] = raw


def find(current: Current) -> Session | None:
    """The living session of a request. Being asked for by a person keeps it alive; what a page asks by itself does not."""
    raw = carried(current)
    if not raw:
        return None
    shell, now = current.shell, current.shell.now()
    with shell.office.store.view() as view:
        row = view.row(Session, hashed(raw))
    if row is None or not row.lives(now):
        return None
    agent = current.request.headers.get("user-agent", "")[:AGENT_MAX]
    if agent != row.agent:
        log.warning("sessions: %s of %s came from another browser", row.id[:16], row.person)
        _change(current, row.id, lambda live: replace(live, agent=agent, seen_at=now), "session.other_browser")
    elif not by_itself(current) and now - row.seen_at >= min(TOUCH_S, row.idle_s // 10):
        _change(current, row.id, lambda live: replace(live, seen_at=now))
    return row


def by_itself(current: Current) -> bool:
    """Whether a page asked without its reader: its stream, and blocks that are fetched anew because of an event."""
    return current.path == "/events" or current.request.headers.get("x-background") == "1"


def end(current: Current, why: str = "signed out") -> None:
    """Sign out: the session ends, here and in every tab and stream that it had."""
    raw = carried(current)
    if raw:
        with current.shell.office.store.transaction() as unit:
            row = _end(unit, hashed(raw), current.shell.now(), why)
            if row is not None:
                _note(current, unit, row.person, "session.end", row.id, {"why": why})
    give_cookie(current, "")
    current.known.clear()


def end_one(current: Current, owner: str, session: str) -> bool:
    """End another session of the same owner; False where there is none of that id."""
    with current.shell.office.store.transaction() as unit:
        row = unit.row(Session, session)
        if row is None or row.person != owner or row.state != "open":
            return False
        _end(unit, session, current.shell.now(), "ended from another session")
        _note(current, unit, owner, "session.end", session, {"why": "ended from another session"})
    return True


def end_all(unit: Unit, owner: str, now: int, why: str) -> int:
    """End every session of an owner, in the transaction that is the reason for it; how many there were."""
    found = unit.page(Session, person=owner, state="open", limit=SESSIONS_SHOWN).rows
    for row in found:
        _end(unit, row.id, now, why)
    return len(found)


def open_of(view: View, owner: str, now: int) -> list[Session]:
    """The living sessions of an owner, newest first."""
    return [row for row in view.page(Session, person=owner, state="open", limit=SESSIONS_SHOWN).rows if row.lives(now)]


def _end(unit: Unit, session: str, now: int, why: str) -> Session | None:
    row = unit.row(Session, session)
    if row is None or row.state != "open":
        return None
    unit.put(replace(row, state="ended", ended_at=now, ended_why=why))
    return row


def _note(current: Current, unit: Unit, who: str, action: str, session: str, told: dict[str, str]) -> None:
    shell = current.shell
    unit.audit(who, action, session[:16], canonical_body(told), shell.now(), shell.office.now())


def _change(current: Current, session: str, change: Callable[[Session], Session], action: str = "") -> None:
    """A session that cannot be written down at the moment counts all the same."""
    try:
        with current.shell.office.store.transaction() as unit:
            row = unit.row(Session, session)
            if row is not None and row.state == "open":
                unit.put(change(row))
                if action:
                    _note(current, unit, row.person, action, session, {"agent": change(row).agent})
    except Unavailable as outage:
        log.warning("sessions: %s was not written down: %s", session[:16], outage)
