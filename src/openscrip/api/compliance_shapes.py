"""What compliance answers: rows as plain JSON, nothing personal in any of them."""

from typing import Any

from openscrip.api.office import FrontOffice
from openscrip.api.shapes import plain
from openscrip.assets.compliance.screening import Policy, of_lists
from openscrip.issuance.cases import Case, Hold
from openscrip.issuance.clients import Client, ClientStanding, DecisionRecord, Evidence, Owners
from openscrip.issuance.identity_inbox import Notification, dead_letter_age_s
from openscrip.issuance.list_keeping import ListVersion
from openscrip.issuance.onboarding import wallets_of
from openscrip.issuance.rescreening import FEED, Rescreening
from openscrip.kernel.clock import iso
from openscrip.runtime.store import View

Json = dict[str, Any]
FAR = 2**61


def status_json(office: FrontOffice) -> Json:
    """What waits for a person, and how far everybody was screened."""
    compliance, now = office.room.compliance, office.now()
    with office.store.view() as view:
        cases = view.rows(Case, state="open")
        holds = view.rows(Hold, state="open")
        screening = view.row(Rescreening, FEED)
        letters = {state: len(view.rows(Notification, state=state)) for state in ("received", "kept", "dead")}
        age = dead_letter_age_s(view, now)
    lists = compliance.lists()
    return {
        "policy": compliance.policy.version,
        "lists": [
            {
                "publisher": part.publisher, "sha256": part.sha256, "entries": part.entries, "stopped": part.stopped,
                "retrieved_at": iso(part.retrieved_at) if part.retrieved_at else None, "published_on": part.published_on,
            }
            for part in lists.parts
        ],
        "lists_refused": [each.text for each in of_lists(lists, compliance.policy, now)],
        "scorer": lists.scorer.name,
        "cases": [case_json(row) for row in cases],
        "held": [{"client": row.id, "cases": list(row.cases), "since": iso(row.since)} for row in holds],
        "rescreening": rescreening_json(screening),
        "webhooks": letters | {"refused": office.room.inbox.refused, "dead_letter_age_s": age},
    }  # fmt: skip


def rescreening_json(row: Rescreening | None) -> Json | None:
    """How far everybody was screened by the newest rules and lists."""
    if row is None:
        return None
    ended = iso(row.ended_at) if row.ended_at else None
    return {
        "target": row.target, "state": row.state, "done": row.done, "total": row.total, "changed": row.changed,
        "started_at": iso(row.started_at), "ended_at": ended,
    }  # fmt: skip


def case_json(row: Case) -> Json:
    """A case with every word on it."""
    return {
        "id": row.id,
        "client": row.person,
        "kind": row.kind,
        "rule": row.rule,
        "what": row.what,
        "holds": row.holds,
        "listed": row.listed,
        "state": row.state,
        "opened_at": iso(row.opened_at),
        "closed_at": iso(row.closed_at) if row.closed_at else None,
        "words": [{"by": each.by, "word": each.word, "reason": each.reason, "at": iso(each.at)} for each in row.approvals],
    }


def standing_json(row: ClientStanding) -> Json:
    """What rules and lists say of a client, by which versions."""
    return {
        "client": row.id,
        "state": row.state,
        "rules": [each.rule for each in row.refusals],
        "redeem": row.redeem.value,
        "hold": row.hold.value,
        "score": row.score,
        "listed": row.listed,
        "policy": row.policy,
        "lists": row.lists,
        "judged_at": iso(row.at),
        "evidence_until": iso(row.until) if row.until < FAR else None,
        "record": row.record,
    }


def client_json(view: View, client: Client) -> Json:
    """All that was recorded of a client, without their particulars."""
    standing = view.row(ClientStanding, client.id)
    hold = view.row(Hold, client.id)
    owners = view.row(Owners, client.id)
    return {
        "id": client.id,
        "state": client.state,
        "since": iso(client.since),
        "standing": standing_json(standing) if standing is not None else None,
        "held_by": list(hold.cases) if hold is not None and hold.state == "open" else [],
        "wallets": wallets_of(view, client.id),
        "evidence": [evidence_json(row) for row in view.rows(Evidence, stock=client.id)],
        "owners": [{"owner": each.owner, "bps": each.bps} for each in owners.stakes] if owners is not None else [],
        "cases": [case_json(row) for row in view.rows(Case) if row.person == client.id],
        "decisions": [plain(row) | {"at": iso(row.at)} for row in view.rows(DecisionRecord) if row.person == client.id],
    }


def evidence_json(row: Evidence) -> Json:
    """A paper without what is personal of it."""
    paper = row.paper
    return {
        "id": row.id,
        "client": row.person,
        "kind": paper.kind.value,
        "issued_on": paper.issued_on.isoformat(),
        "expires_on": paper.expires_on.isoformat() if paper.expires_on else None,
        "sha256": paper.sha256,
        "by": row.by,
        "at": iso(row.at),
        "state": row.state,
    }


def list_json(row: ListVersion) -> Json:
    """A publication as it was taken in."""
    return {
        "id": row.id,
        "publisher": row.publisher,
        "sha256": row.sha256,
        "files": dict(row.files),
        "published_on": row.published_on,
        "entries": row.entries,
        "addresses": row.addresses,
        "retrieved_at": iso(row.retrieved_at),
        "state": row.state,
        "reason": row.reason,
        "accepted_by": row.accepted_by,
    }


def rules_json(policy: Policy) -> Json:
    """Rules and regime as data."""
    book, profile = policy.book, policy.profile
    return {
        "version": policy.version,
        "sha256": book.hash,
        "effective_on": book.effective_on.isoformat(),
        "groups": [
            {
                "name": group.name, "rule": group.rule, "countries": sorted(group.countries), "ties": sorted(group.ties),
                "marks": sorted(group.marks), "subscribe": group.subscribe.value, "hold": group.hold.value,
                "redeem": group.redeem.value, "because": group.because,
            }
            for group in book.groups
        ],
        "profile": plain(profile),
        "matching": plain(book.matching),
        "evidence_days": {kind.value: days for kind, days in book.evidence_days.items()},
        "travel_rule_usd": {where: str(least) for where, least in book.travel_usd.items()},
        "monitoring": plain(book.monitoring),
    }  # fmt: skip
