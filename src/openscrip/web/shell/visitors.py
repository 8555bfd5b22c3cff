"""Who asks: anonymous, a wallet, an investor, or an operator with roles; and who must be what for a page."""

import base64
import hashlib
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request

from openscrip.issuance.clients import ClientWallet, wallet_id
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.web.shell.current import Current, current_of
from openscrip.web.shell.returning import page_of
from openscrip.web.shell.rows import DeskOperator, Session
from openscrip.web.shell.sessions import find, session_id

READS_ALONE = frozenset({"auditor"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks: `anonymous`, `wallet` (proven, no client of ours yet), `investor` by their client's name, `operator`."""

    kind: str = "anonymous"
    name: str = ""
    roles: frozenset[str] = frozenset()
    session: str = ""
    """The session's id in the books, which is a hash of what the browser carries."""
    owner: str = ""
    """Whose the sessions are, as the books name it."""

    @property
    def who(self) -> str:
        """As the audit chain names them: `operator:ada`, `client:alice`, `wallet:evm:0x…`."""
        return f"client:{self.name}" if self.kind == "investor" else self.owner or "nobody"


@dataclass(frozen=True, slots=True)
class ProvenWallet:
    """A wallet that signed in; `person` is the client whose it is, or empty."""

    chain: str
    address: str
    proof: str
    person: str


@dataclass(frozen=True, slots=True)
class Investor:
    """A client of ours who signed in with one of their wallets."""

    person: str
    chain: str
    address: str
    proof: str


@dataclass(frozen=True, slots=True)
class Operator:
    """A person of the desk."""

    name: str
    roles: frozenset[str]
    session: str


class SignInNeeded(Exception):
    """Nobody is signed in who could see this; `path` is where to go instead."""

    def __init__(self, path: str) -> None:
        super().__init__("visitors: sign in first")
        self.path = path


NOBODY = Visitor()


def visitor(request: Request) -> Visitor:
    """Who asks; found out once a request."""
    return visitor_of(current_of(request))


def still_there(request: Request) -> Visitor:
    """Who asks now, read anew: for what stays open long, such as a stream."""
    current = current_of(request)
    for name in ("visitor", "session"):
        current.known.pop(name, None)
    return visitor_of(current)


def visitor_of(current: Current) -> Visitor:
    """Who asks. While the books do not answer: raises `Unavailable` once, and is nobody for the page that says so."""
    found: Visitor | None = current.known.get("visitor")
    if found is None:
        current.known["visitor"] = NOBODY
        try:
            found = _read(current)
        except Unavailable:
            if current.known.get("failing"):
                return NOBODY
            raise
        current.known["visitor"] = found
    return found


def wallet(request: Request) -> ProvenWallet:
    """The wallet that signed in, whether it is a client's or not. Raises `SignInNeeded`."""
    current = current_of(request)
    found = visitor_of(current)
    session: Session | None = current.known.get("session")
    if session is None or found.kind not in {"wallet", "investor"}:
        raise SignInNeeded(sign_in_path(current, "/sign-in"))
    return ProvenWallet(session.chain, session.address, session.proof, found.name if found.kind == "investor" else "")


def investor(request: Request) -> Investor:
    """The client who signed in. Raises `SignInNeeded`; a wallet that is no client's is led to `/join`."""
    known = wallet(request)
    if not known.person:
        raise SignInNeeded("/join")
    return Investor(known.person, known.chain, known.address, known.proof)


def operator(request: Request, *roles: str) -> Operator:
    """The person of the desk who signed in, with any of `roles`; without roles anybody may read, and act who not only reads.

    Raises `SignInNeeded` and `Refused("role.missing")`.
    """
    current = current_of(request)
    found = visitor_of(current)
    if found.kind != "operator":
        raise SignInNeeded(sign_in_path(current, "/desk/sign-in"))
    reads = request.method in {"GET", "HEAD"}
    enough = bool(found.roles & set(roles)) if roles else bool(found.roles if reads else found.roles - READS_ALONE)
    if not enough:
        needed = " or ".join(roles) or "more than auditor"
        raise Refused("role.missing", f"role: this needs {needed}; yours are {', '.join(sorted(found.roles)) or 'none'}")
    return Operator(found.name, found.roles, found.session)


def sign_in_path(current: Current, door: str) -> str:
    """Where to sign in, and after that back to the page that was asked for, or to the form with what was filled in."""
    back = page_of(current)
    return f"{door}?next={quote(back, safe='')}" if back else door


def safe_next(path: str, otherwise: str) -> str:
    """`path` where it is one of ours, else `otherwise`: no host, no scheme, nothing that a browser reads as either."""
    plain = path.isprintable() and path.isascii() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") and len(path) <= 500 else otherwise


def csrf_of(current: Current) -> str:
    """The token that forms of this session carry: it follows from the session's id and does not tell it."""
    current.known["csrf"] = True
    digest = hashlib.sha256(b"openscrip csrf 1\n" + session_id(current).encode()).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def _read(current: Current) -> Visitor:
    session = find(current)
    if session is None:
        return NOBODY
    with current.shell.office.store.view() as view:
        if session.kind == "operator":
            person = view.row(DeskOperator, session.name)
            if person is None or person.state != "active" or not person.roles:
                return NOBODY
            current.known["session"] = session
            return Visitor("operator", person.id, frozenset(person.roles), session.id, session.person)
        owned = view.row(ClientWallet, wallet_id(session.chain, session.address))
    current.known["session"] = session
    if owned is None or owned.state != "attested":
        short = f"{session.address[:6]}\u2026{session.address[-4:]}"
        return Visitor("wallet", short, frozenset(), session.id, session.person)
    return Visitor("investor", owned.wallet.person_id, frozenset(), session.id, session.person)
