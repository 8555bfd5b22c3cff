"""What waits for a second person: its exact payload and digest, who was first, and what a signature under it does.

Nothing is kept here: an approval is read out of the books each time. Whatever changes in them changes the digest, and a
signature under the old one is void.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from openscrip.issuance.action_queue import QueueItem, answer, deny
from openscrip.issuance.cases import Case, decide_case
from openscrip.kernel.errors import Malformed, refuse_unless
from openscrip.runtime.audit_trail import canonical_body
from openscrip.runtime.store import Unit, View
from openscrip.web.office import Office
from openscrip.web.shell.rows import Enrolment
from openscrip.web.signing.operators import MAY_RECOVER, approve_recovery, deny_recovery, waiting_recoveries

LISTED_MAX = 200
"""Open cases and proposals that are looked through, the newest."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One act that waits. `first` said so at `at`; none of `not_by` may approve it; `roles` may, and may deny it."""

    id: str
    kind: str
    subject: str
    title: str
    first: str
    at: int
    not_by: tuple[str, ...]
    roles: frozenset[str]
    payload: Mapping[str, object]

    @property
    def body(self) -> str:
        """The payload as the text whose digest is signed."""
        return canonical_body(self.payload)

    @property
    def digest(self) -> str:
        """SHA-256 of the payload, hex."""
        return hashlib.sha256(self.body.encode()).hexdigest()

    def is_for(self, name: str, roles: frozenset[str]) -> bool:
        """Whether this person may approve it."""
        return bool(self.roles & roles) and name.casefold() not in {each.casefold() for each in self.not_by}


def challenge_of(digest: str, nonce: str) -> bytes:
    """What a passkey signs to approve the payload with this digest, once."""
    return hashlib.sha256(f"openscrip approval 1\n{digest}\n{nonce}".encode()).digest()


def approvals(view: View, now: int) -> list[Approval]:
    """Everything that waits for another person, the newest first by kind. `now` is machine time. Three questions."""
    cases = [_of_case(row) for row in view.page(Case, state="open", limit=LISTED_MAX).rows]
    asked = [_of_question(row) for row in view.page(QueueItem, state="proposed", limit=LISTED_MAX).rows]
    lost = [_of_recovery(row) for row in waiting_recoveries(view, now)]
    return [each for each in (*cases, *asked, *lost) if each is not None]


def approval(view: View, approval_id: str, now: int) -> Approval | None:
    """The one with this id, if it waits."""
    kind, _, subject = approval_id.partition(":")
    if kind == "cases":
        case = view.row(Case, subject)
        return _of_case(case) if case is not None else None
    if kind == "questions":
        item = view.row(QueueItem, subject)
        return _of_question(item) if item is not None else None
    if kind == "recoveries":
        return next((_of_recovery(row) for row in waiting_recoveries(view, now) if row.id == subject), None)
    return None


def approve(office: Office, unit: Unit, found: Approval, by: str, roles: frozenset[str], reason: str, now: int) -> None:
    """Do it, by the function that the books have for it."""
    if found.kind == "cases":
        case = decide_case(unit, found.subject, by, "release", reason, office.now())
        if case.state == "released":
            office.room.compliance.clear(unit, case)
    elif found.kind == "questions":
        item = unit.row(QueueItem, found.subject)
        if item is None:
            raise Malformed("queue.unknown", "queue: it was not asked")
        answer(unit, office.books, item.id, item.answer, by, reason, item.document, office.now())
    else:
        approve_recovery(unit, found.subject, by, roles, now, office.now())


def refuse(office: Office, unit: Unit, found: Approval, by: str, reason: str, now: int) -> None:
    """Deny it for good: a case is confirmed, a proposed answer is void and its question open, a recovery's link is void."""
    if found.kind == "cases":
        decide_case(unit, found.subject, by, "confirm", reason, office.now())
    elif found.kind == "questions":
        deny(unit, found.subject)
    else:
        deny_recovery(unit, found.subject, by, reason, now, office.now())


def refuse_unfit(found: Approval | None, digest: str, name: str, roles: frozenset[str]) -> Approval:
    """The approval, if this person may approve it and it is what they looked at.

    Raises `Malformed("approval.unknown")`, `Refused("approval.role")`, `approval.self`, `approval.changed`.
    """
    if found is None:
        raise Malformed("approval.unknown", "approval: nothing of that id waits; it was decided, or ran out")
    needed = " or ".join(sorted(found.roles))
    refuse_unless(bool(found.roles & roles), "approval.role", f"approval: this needs {needed}")
    refuse_unless(found.is_for(name, roles), "approval.self", "approval: you asked for it; another person must approve it")
    refuse_unless(found.digest == digest, "approval.changed", "approval: it changed since you opened it; look at it again")
    return found


def _of_case(row: Case) -> Approval | None:
    said = [each for each in row.approvals if each.word == "release"]
    if row.state != "open" or not said:
        return None
    payload = {
        "act": "release a compliance case", "case": row.id, "client": row.person, "kind": row.kind, "rule": row.rule,
        "found": row.what, "ground": row.ground, "listed": row.listed, "entry": row.entry, "holds": row.holds,
        "opened_at": row.opened_at, "first": [{"by": each.by, "reason": each.reason, "at": each.at} for each in said],
    }  # fmt: skip
    return Approval(
        f"cases:{row.id}", "cases", row.id, f"Release {row.id}", said[0].by, said[0].at, tuple(each.by for each in said),
        frozenset({"compliance"}), payload,
    )  # fmt: skip


def _of_question(row: QueueItem) -> Approval | None:
    if row.state != "proposed":
        return None
    said = {
        "source": row.answer.source,
        "record_date": row.answer.record_date.isoformat() if row.answer.record_date else "",
        "pay_date": row.answer.pay_date.isoformat() if row.answer.pay_date else "",
    }
    payload = {
        "act": "answer a question of a corporate action", "item": row.id, "action": row.action, "stock": row.stock,
        "question": row.question, "text": row.text, "answer": said, "document": row.document, "proposal": row.proposals,
        "first": [{"by": row.by, "reason": row.reason, "at": row.proposed_at}],
    }  # fmt: skip
    return Approval(
        f"questions:{row.id}", "questions", row.id, f"Answer {row.id}", row.by, row.proposed_at, (row.by,),
        frozenset({"operator", "approver"}), payload,
    )  # fmt: skip


def _of_recovery(row: Enrolment) -> Approval:
    payload = {
        "act": "let a person enrol a new passkey and take away every old one", "person": row.person, "link": row.id,
        "asked_at": row.asked_at, "expires_at": row.expires_at, "by": row.by, "approved_by": list(row.approvals),
    }  # fmt: skip
    return Approval(
        f"recoveries:{row.id}", "recoveries", row.id, f"Recovery of {row.person}", row.by, row.asked_at,
        (row.person, row.by, *row.approvals), MAY_RECOVER, payload,
    )  # fmt: skip
