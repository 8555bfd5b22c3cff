"""What the shell keeps: sessions, operators, their passkeys, one-time links, and first answers to forms.

`person` is the indexed field: of a session its owner (`operator:NAME` or `wallet:CHAIN:ADDRESS`), else the operator.
"""

from dataclasses import dataclass

ROLES = ("operator", "approver", "compliance", "auditor", "admin")
"""`auditor` reads alone; `admin` deals with operators and their keys."""


@dataclass(frozen=True, slots=True)
class Session:
    """Row: somebody signed in. Its id is the hash of what the browser carries; times are machine time."""

    id: str
    kind: str
    person: str
    name: str
    chain: str
    address: str
    proof: str
    agent: str
    began_at: int
    seen_at: int
    ends_at: int
    idle_s: int
    ended_at: int = 0
    ended_why: str = ""
    stock: str = ""
    state: str = "open"

    def lives(self, now: int) -> bool:
        """Whether it counts at `now`."""
        return self.state == "open" and now < self.ends_at and now < self.seen_at + self.idle_s


@dataclass(frozen=True, slots=True)
class DeskOperator:
    """Row: a person who works at the desk; `wallets` are `chain:address` that they may sign in with."""

    id: str
    roles: tuple[str, ...]
    wallets: tuple[str, ...]
    since: int
    by: str
    stock: str = ""
    state: str = "active"


@dataclass(frozen=True, slots=True)
class DeskWallet:
    """Row: whose a desk wallet is; its id is `chain:address`."""

    id: str
    person: str
    stock: str = ""
    state: str = "active"


@dataclass(frozen=True, slots=True)
class Passkey:
    """Row: a passkey of an operator; its id is the credential's in base64url."""

    id: str
    person: str
    public_key: bytes
    sign_count: int
    label: str
    since: int
    used_at: int = 0
    stock: str = ""
    state: str = "active"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Row: a one-time link to enrol a passkey; its id is the hash of what the link carries.

    `first` is for who has no key. `recovery` is `waiting` until two other persons have approved it.
    """

    id: str
    person: str
    purpose: str
    asked_at: int
    expires_at: int
    by: str
    approvals: tuple[str, ...] = ()
    stock: str = ""
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Answered:
    """Row: a form that was sent once, and where its first answer led."""

    id: str
    person: str
    digest: str
    path: str
    begun_at: int
    stock: str = ""
    state: str = "begun"


SHELL_ROWS: tuple[type, ...] = (Session, DeskOperator, DeskWallet, Passkey, Enrolment, Answered)
"""Every row of the shell."""
