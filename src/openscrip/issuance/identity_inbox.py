"""The inbox of identity providers: what they sent, kept as it came; what they then answer when they are asked, acted on.

received > processed | kept | dead

A webhook is verified, stored once for its id and answered; it only says whom to ask about. The provider is asked afterwards,
outside of any transaction, as often as it takes; an answer that is older than what is known changes nothing. Examinations
that are still open are asked about every hour, so that an outage of webhooks closes by itself.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from openscrip.assets.compliance.identities import CHECKS
from openscrip.assets.compliance.identity import BODY_BYTES_MAX, IdentityProvider, IdentityState, Outcome
from openscrip.assets.compliance.persons import Paper
from openscrip.assets.compliance.vault import Sealed
from openscrip.issuance.cases import Case, open_case
from openscrip.issuance.clients import Client
from openscrip.issuance.compliance import Compliance
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.runtime.feed import QUIET_S, Feed, Rest
from openscrip.runtime.store import Store, Unit, View

FEED = "identity"
ATTEMPTS_MAX = 10
FIRST_WAIT_S, LONGEST_WAIT_S = 15, 3_600
RECONCILE_S = 3_600
AT_ONCE = 20
ACTED_ON = {"persona": "inquiry.", "sumsub": "applicant"}
"""Kinds that begin so are acted on; others are kept."""


@dataclass(frozen=True, slots=True)
class Notification:
    """Row: a webhook as it came, its body sealed; its id is the provider's and the event's."""

    id: str
    provider: str
    kind: str
    subject: str
    sealed: Sealed
    sha256: str
    received_at: int
    attempts: int = 0
    due_at: int = 0
    error: str = ""
    stock: str = ""
    state: str = "received"


@dataclass(frozen=True, slots=True)
class Examination:
    """Row: a client's examination at a provider; its id is the provider's name and its subject."""

    id: str
    provider: str
    subject: str
    client: str
    outcome: Outcome
    updated_at: int
    asked_at: int
    stock: str = ""
    state: str = "open"

    @property
    def person(self) -> str:
        """Whose it is."""
        return self.client


@dataclass(frozen=True, slots=True)
class IdentityChanged:
    """Fact: a provider's word on a client has changed."""

    client: str
    provider: str
    subject: str
    outcome: str


@dataclass(frozen=True, slots=True)
class NotificationDead:
    """Fact, and an alarm: a webhook could not be acted on."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """What came of asking about a notification, or about an open examination (`notification` empty)."""

    notification: str
    provider: str
    subject: str
    state: IdentityState | None
    error: str = ""
    final: bool = False


class IdentityInbox:
    """`secrets` are each provider's active ones; `providers` are those that can be asked."""

    def __init__(
        self,
        store: Store,
        compliance: Compliance,
        providers: Mapping[str, IdentityProvider],
        secrets: Mapping[str, Sequence[bytes]],
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._compliance = compliance
        self._providers = providers
        self._secrets = secrets
        self._now = now
        self._rest = Rest(now)
        self.refused = 0
        self._reconciled_at = 0

    def take(self, provider: str, headers: dict[str, str], raw: bytes) -> bool:
        """Verify and keep a webhook; False if it came before. Raises `Malformed("webhook.…")`, `Refused("webhook.…")`."""
        self._rest.wake()
        try:
            return self._taken(provider, headers, raw)
        except Refused:
            self.refused += 1
            raise

    def _taken(self, provider: str, headers: dict[str, str], raw: bytes) -> bool:
        secrets = self._secrets.get(provider, ())
        if provider not in CHECKS or not secrets:
            raise Malformed("webhook.unknown", f"webhook: provider {provider!a:.40} was not set up")
        if len(raw) > BODY_BYTES_MAX:
            raise Malformed("webhook.size", f"webhook: {len(raw)} bytes were more than {BODY_BYTES_MAX}")
        hint = CHECKS[provider](headers, raw, secrets, self._now())
        acted_on = hint.kind.startswith(ACTED_ON[provider])
        if acted_on and not hint.subject:
            raise Malformed("webhook.body", f"webhook: {hint.kind} said nothing of whom it was about")
        row_id = f"{provider}:{hint.event_id}"
        with self._store.transaction() as unit:
            if unit.row(Notification, row_id) is not None:
                return False
            sealed = self._compliance.vault.seal(raw.hex(), _bound(row_id))
            state = "received" if acted_on else "kept"
            digest = hashlib.sha256(raw).hexdigest()
            unit.put(Notification(row_id, provider, hint.kind, hint.subject, sealed, digest, self._now(), state=state))
        return True

    def body(self, row: Notification) -> bytes:
        """The bytes of a webhook, as they came."""
        return bytes.fromhex(self._compliance.vault.open(row.sealed, _bound(row.id)))

    def begin(self, unit: Unit, provider: str, subject: str, client: str) -> Examination:
        """A client was sent to a provider: the examination is open until the provider has decided."""
        row_id = f"{provider}:{subject}"
        row = unit.row(Examination, row_id)
        if row is None:
            row = Examination(row_id, provider, subject, client, Outcome.PENDING, 0, self._now())
            unit.put(row)
        return row

    def feed(self) -> Feed:
        """For the worker."""
        return Feed(FEED, self.poll, self.apply, QUIET_S)

    def poll(self, cursor: str) -> tuple[Sequence[_Asked], str]:
        """Ask about what came, and each hour about what is open."""
        if not self._rest.is_over():
            return (), cursor
        now = self._now()
        with self._store.glance() as view:
            waiting = [row for row in view.rows(Notification, state="received") if row.due_at <= now][:AT_ONCE]
            asked = [(row.id, row.provider, row.subject) for row in waiting]
            if now - self._reconciled_at >= RECONCILE_S:
                asked += [("", row.provider, row.subject) for row in view.rows(Examination, state="open") if row.asked_at < now]
        found = [self._ask(*each) for each in asked]
        if now - self._reconciled_at >= RECONCILE_S:
            self._reconciled_at = now
        # What an outage hid from a reconciliation is asked about again at the next one: nothing is written for it.
        return [each for each in found if each.notification or each.state], cursor

    def _ask(self, notification: str, provider: str, subject: str) -> _Asked:
        try:
            if provider not in self._providers:
                raise Unavailable(f"identity: {provider} was not set up to be asked")
            return _Asked(notification, provider, subject, self._providers[provider].state(subject))
        except Unavailable as outage:
            return _Asked(notification, provider, subject, None, str(outage))
        except Refused as refused:
            return _Asked(notification, provider, subject, None, refused.text, final=True)

    def apply(self, unit: Unit, asked: _Asked) -> None:
        """Believe an answer that is newer than what is known; note what could not be asked."""
        row = unit.row(Notification, asked.notification) if asked.notification else None
        error, final = asked.error, asked.final
        if asked.state is not None:
            error = self._believe(unit, asked.provider, asked.state)
            final = bool(error)
        if row is None or row.state != "received":
            return
        if not error:
            unit.put(replace(row, state="processed", attempts=row.attempts + 1, error=""))
        elif final or row.attempts + 1 >= ATTEMPTS_MAX:
            unit.put(replace(row, state="dead", attempts=row.attempts + 1, error=error))
            unit.record(NotificationDead(row.id, error), self._now())
        else:
            wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**row.attempts)
            unit.put(replace(row, attempts=row.attempts + 1, due_at=self._now() + wait, error=error))

    def _believe(self, unit: Unit, provider: str, state: IdentityState) -> str:
        """What stands against it, empty if nothing does."""
        if unit.row(Client, state.client) is None:
            return f"identity: {state.client:.64} was not taken on"
        before = unit.row(Examination, f"{provider}:{state.subject}")
        if before is not None and before.client != state.client:
            return f"identity: {state.subject:.64} belonged to another client"
        if before is not None and before.updated_at >= state.updated_at:
            return ""
        done = state.outcome in {Outcome.APPROVED, Outcome.DECLINED}
        unit.put(Examination(
            f"{provider}:{state.subject}", provider, state.subject, state.client, state.outcome, state.updated_at, self._now(),
            state="closed" if done else "open",
        ))  # fmt: skip
        self._follow(unit, provider, state)
        unit.record(IdentityChanged(state.client, provider, state.subject, state.outcome.value), self._now())
        return ""

    def _follow(self, unit: Unit, provider: str, state: IdentityState) -> None:
        by = f"provider {provider}"
        person = self._compliance.person(unit, state.client)
        if state.outcome is not Outcome.PENDING:
            verified = state.outcome is Outcome.APPROVED
            if person.verified != verified:
                self._compliance.change(unit, replace(person, verified=verified), by, f"examination {state.outcome}")
        if state.outcome is Outcome.APPROVED:
            for each in state.papers:
                paper = Paper(each.kind, each.issued_on, each.expires_on, each.sha256)
                self._compliance.add_paper(unit, state.client, paper, {"country": each.country}, by)
        if state.outcome is Outcome.DECLINED:
            what = f"identity: {provider} declined {state.client}"
            case_id = f"{state.client}:identity:{provider}:{state.subject}:{state.updated_at}"
            open_case(unit, Case(
                case_id, state.client, "identity", "compliance.unverified", what, case_id, self._now(), holds=False,
            ))  # fmt: skip


def dead_letter_age_s(view: View, now: int) -> int:
    """How long the oldest webhook waits that nobody could act on; 0 if there is none."""
    rows = view.rows(Notification, state="dead")
    return max((now - row.received_at for row in rows), default=0)


def _bound(row_id: str) -> str:
    return f"notification/{row_id}"
