"""A client's own way in: which examination they were sent to, which terms they accepted, and when.

The particulars are the client's, sealed; the wallets are rows of their own. Nothing here is personal.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from openscrip.assets.compliance.identity import Outcome
from openscrip.assets.compliance.persons import Person
from openscrip.issuance.clients import ClientStanding
from openscrip.issuance.compliance import Compliance
from openscrip.issuance.identity_inbox import Examination, IdentityInbox
from openscrip.kernel.errors import Malformed, refuse_unless
from openscrip.runtime.store import Unit, View

PROVIDER = "persona"
TERMS_VERSION = "2026.11"
"""The terms of use as they stand on the page; who accepted others is asked again."""
EXAMINATIONS_MAX = 20
"""So often a client may be sent to the provider by themselves."""


@dataclass(frozen=True, slots=True)
class Joining:
    """Row: the client `id` on the way in. `subject` is the newest examination, the `tries`th one."""

    id: str
    asked_at: int
    subject: str = ""
    tries: int = 0
    terms: str = ""
    terms_at: int = 0
    stock: str = ""
    state: str = "joining"


@dataclass(frozen=True, slots=True)
class Way:
    """How far a client is, for a page: `joining` and `standing` are None before the first step."""

    joining: Joining | None
    standing: ClientStanding | None
    examination: Examination | None

    @property
    def rules(self) -> tuple[str, ...]:
        """Which rules forbid a subscription now."""
        return tuple(each.rule for each in self.standing.refusals) if self.standing else ()

    @property
    def outcome(self) -> Outcome | None:
        """What the provider said; None before a client was sent there."""
        return self.examination.outcome if self.examination else None

    @property
    def is_accepted(self) -> bool:
        """The terms were accepted as they stand."""
        return self.joining is not None and self.joining.terms == TERMS_VERSION

    @property
    def is_through(self) -> bool:
        """Nothing is missing."""
        return self.standing is not None and not self.rules and self.is_accepted


def way_of(view: View, person: str) -> Way:
    """How far a client is. Reads alone: a standing that new rules have overtaken is renewed at the door."""
    joining = view.row(Joining, person)
    examination = view.row(Examination, f"{PROVIDER}:{joining.subject}") if joining and joining.subject else None
    return Way(joining, view.row(ClientStanding, person), examination)


def join(unit: Unit, compliance: Compliance, person: Person, chains: Sequence[str], address: str, proof: str) -> Joining:
    """Enter a client who told their particulars, unverified, with the wallet that signed in; the same again changes nothing.

    `chains` are those on which the proof holds: a key signs for its address on every EVM chain, a contract for one.

    Raises `Conflict("client.conflict")`, `Refused("compliance.wallet_of_another")`, `Refused("compliance.list_stale")`.
    """
    compliance.take_on(unit, replace(person, verified=False), {})
    for chain in chains:
        compliance.add_wallet(unit, person.id, chain, address, proof)
    row = unit.row(Joining, person.id)
    if row is None:
        row = Joining(person.id, compliance.now())
        unit.put(row)
    return row


def examine(unit: Unit, inbox: IdentityInbox, person: str) -> Examination:
    """Send a client to the provider; the examination that is open already, if one is.

    Raises `Malformed("client.unknown")`, and `Refused("joining.examinations")` after too many that failed.
    """
    row = unit.row(Joining, person)
    if row is None:
        raise Malformed("client.unknown", "joining: the questions come first")
    known = unit.row(Examination, f"{PROVIDER}:{row.subject}") if row.subject else None
    if known is not None and known.outcome not in (Outcome.DECLINED, Outcome.EXPIRED):
        return known
    text = f"joining: {row.tries} checks did not succeed; a person has to look at it"
    refuse_unless(row.tries < EXAMINATIONS_MAX, "joining.examinations", text)
    subject = "inq_" + hashlib.sha256(f"{person}:{row.tries + 1}".encode()).hexdigest()[:24]
    unit.put(replace(row, subject=subject, tries=row.tries + 1))
    return inbox.begin(unit, PROVIDER, subject, person)


def accept_terms(unit: Unit, person: str, version: str, now: int) -> Joining:
    """Note that the terms were accepted. Raises `Refused("joining.terms")` for others than those in force."""
    row = unit.row(Joining, person)
    if row is None:
        raise Malformed("client.unknown", "joining: the questions come first")
    refuse_unless(version == TERMS_VERSION, "joining.terms", "joining: the terms have changed; read them as they stand")
    if row.terms != version:
        row = replace(row, terms=version, terms_at=now, state="joined")
        unit.put(row)
    return row
