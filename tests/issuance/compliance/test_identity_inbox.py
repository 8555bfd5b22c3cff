"""Webhooks of identity providers: verified over the bytes, kept once, acted on by what the provider answers afterwards."""

import hashlib
import json
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.issuance.compliance.office import ANNA, NOW, Desk
from tests.issuance.compliance.webhooks import (
    OLD_SECRET,
    SECRET,
    persona,
    persona_headers,
    sumsub,
    sumsub_headers,
)

from openscrip.assets.compliance.identities import CHECKS
from openscrip.assets.compliance.identities.persona import Persona
from openscrip.assets.compliance.identities.sumsub import Sumsub
from openscrip.assets.compliance.identity import IdentityProvider, IdentityState, Outcome, SeenPaper
from openscrip.assets.compliance.persons import EvidenceKind
from openscrip.assets.paper_child import PaperChild
from openscrip.issuance.clients import Evidence
from openscrip.issuance.identity_inbox import (
    ATTEMPTS_MAX,
    RECONCILE_S,
    Examination,
    IdentityChanged,
    IdentityInbox,
    Notification,
    NotificationDead,
    dead_letter_age_s,
)
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.runtime.feed import Activity, FeedReader
from openscrip.runtime.worker import no_probe

FUZZED = 10_000
PAPERS = (SeenPaper(EvidenceKind.IDENTITY_DOCUMENT, date(2025, 1, 1), date(2030, 1, 1), "b" * 64, "DE"),)
NEW = replace(ANNA, verified=False)


class KnowsAll:
    """A provider in memory."""

    def __init__(self) -> None:
        self.name = "persona"
        self.known: dict[str, IdentityState] = {}
        self.silent = False
        self.asked = 0

    def state(self, subject: str) -> IdentityState:
        self.asked += 1
        if self.silent:
            raise Unavailable("identity: persona did not answer")
        if subject not in self.known:
            raise Malformed("identity.unknown", "identity: persona knew nothing of it")
        return self.known[subject]

    def tell(self, outcome: Outcome, at: int = NOW, subject: str = "inq_1", client: str = "c1") -> None:
        self.known[subject] = IdentityState(subject, client, outcome, at, PAPERS)


class Inbox(Desk):
    """A desk with an inbox under a worker's reader."""

    def __init__(self, provider: IdentityProvider | None = None) -> None:
        super().__init__()
        self.provider = KnowsAll()
        asked = provider or self.provider
        secrets = {"persona": (SECRET, OLD_SECRET), "sumsub": (SECRET,)}
        self.inbox = IdentityInbox(self.store, self.compliance, {"persona": asked, "sumsub": asked}, secrets, self.clock.now)
        self.reader = FeedReader(self.inbox.feed(), self.store, no_probe, Activity(threading.Event()))
        self.take_on(NEW, {"evm": "0x" + "11" * 20})
        self.reader.read()  # the first reconciliation, with nothing open

    def send(self, raw: bytes, headers: dict[str, str] | None = None, provider: str = "persona") -> bool:
        return self.inbox.take(provider, persona_headers(raw) if headers is None else headers, raw)

    def letters(self, state: str | None = None) -> list[Notification]:
        with self.store.view() as view:
            return view.rows(Notification, state=state)

    def facts(self, kind: type[Any]) -> list[Any]:
        with self.store.view() as view:
            return [fact for _, _, fact in view.facts() if isinstance(fact, kind)]


def test_a_signature_of_any_active_secret__over_the_body_as_it_came__is_taken() -> None:
    desk = Inbox()
    for number, secrets in enumerate(((SECRET,), (OLD_SECRET,), (SECRET, OLD_SECRET), (b"unknown", SECRET))):
        raw = persona(f"evt_{number}")
        assert desk.send(raw, persona_headers(raw, *secrets))
    for number, algorithm in enumerate(("sha256", "sha512")):
        raw = sumsub(correlation=f"r{number}")
        assert desk.send(raw, sumsub_headers(raw, algorithm=algorithm), "sumsub")
    assert len(desk.letters()) == 6


RAW, SUM = persona(), sumsub()


@pytest.mark.parametrize(
    ("provider", "raw", "headers", "code"),
    [
        ("persona", RAW, {}, "webhook.signature"),
        ("persona", RAW + b" ", persona_headers(RAW), "webhook.signature"),
        ("persona", RAW, persona_headers(RAW, b"wrong"), "webhook.signature"),
        ("persona", RAW, {"persona-signature": persona_headers(RAW)["persona-signature"].upper()}, "webhook.signature"),
        ("persona", RAW, {"persona-signature": "t=1,v1=" + "0" * 64 + " x"}, "webhook.signature"),
        ("persona", RAW, {"persona-signature": " ".join(["t=1,v1=" + "0" * 64] * 9)}, "webhook.signature"),
        ("persona", RAW, persona_headers(RAW, at=NOW - 301), "webhook.window"),
        ("persona", RAW, persona_headers(RAW, at=NOW + 301), "webhook.window"),
        ("persona", b"[]", persona_headers(b"[]"), "webhook.body"),
        ("persona", b"{", persona_headers(b"{"), "webhook.body"),
        ("persona", b"[" * 50_000, persona_headers(b"[" * 50_000), "webhook.body"),
        ("persona", persona(subject="../../x"), persona_headers(persona(subject="../../x")), "webhook.body"),
        ("persona", b" " * 70_000, persona_headers(b" " * 70_000), "webhook.size"),
        ("sumsub", SUM, sumsub_headers(SUM, b"wrong"), "webhook.signature"),
        ("sumsub", SUM, sumsub_headers(SUM, algorithm="sha1"), "webhook.signature"),
        ("sumsub", SUM, {"x-payload-digest": "\u0661" * 64, "x-payload-digest-alg": "HMAC_SHA256_HEX"}, "webhook.signature"),
        ("sumsub", sumsub(made="2026-11-20 12:05:02"), sumsub_headers(sumsub(made="2026-11-20 12:05:02")), "webhook.window"),
        ("sumsub", sumsub(made="soon"), sumsub_headers(sumsub(made="soon")), "webhook.body"),
        ("onfido", RAW, {}, "webhook.unknown"),
    ],
)
def test_a_webhook__wrongly_signed_old_or_hostile__is_refused_counted_and_changes_nothing(
    provider: str, raw: bytes, headers: dict[str, str], code: str
) -> None:
    desk = Inbox()
    with pytest.raises(Refused) as refused:
        desk.send(raw, headers, provider)
    assert (refused.value.code, desk.inbox.refused, desk.letters()) == (code, 1, [])
    assert "Annabella" not in refused.value.text


def test_the_edge_of_the_window__is_inside() -> None:
    desk = Inbox()
    for at in (NOW - 300, NOW + 300):
        raw = persona(f"evt_{at}")
        assert desk.send(raw, persona_headers(raw, at=at))


def test_a_repetition__is_taken_and_kept_once__also_18_hours_later() -> None:
    desk = Inbox()
    assert desk.send(RAW) is True
    assert desk.send(RAW) is False
    assert desk.send(SUM, sumsub_headers(SUM), "sumsub") is True
    desk.clock.advance_to(NOW + 18 * 3_600)
    assert desk.send(SUM, sumsub_headers(SUM), "sumsub") is False
    assert desk.send(RAW, persona_headers(RAW, at=NOW + 18 * 3_600)) is False
    assert len(desk.letters()) == 2


def test_what_came__is_kept_byte_for_byte_and_sealed() -> None:
    desk = Inbox()
    desk.send(RAW)
    [row] = desk.letters()
    assert desk.inbox.body(row) == RAW
    assert b"Annabella" not in row.sealed.box
    assert row.sha256 == hashlib.sha256(RAW).hexdigest()


def test_a_webhook_is_a_hint__and_what_the_provider_answers_is_believed() -> None:
    desk = Inbox()
    desk.provider.tell(Outcome.PENDING)
    desk.send(RAW)  # it says approved; the provider says pending
    desk.reader.read()
    with pytest.raises(Refused):
        desk.subscribe()
    desk.provider.tell(Outcome.APPROVED, NOW + 5)
    desk.send(persona("evt_2"))
    desk.reader.read()
    desk.subscribe()
    with desk.store.view() as view:
        [paper] = view.rows(Evidence)
        [row] = view.rows(Examination)
    assert (paper.paper.sha256, row.state, row.outcome) == ("b" * 64, "closed", Outcome.APPROVED)
    assert [fact.outcome for fact in desk.facts(IdentityChanged)] == ["pending", "approved"]
    assert {each.state for each in desk.letters()} == {"processed"}


def test_an_older_answer__changes_nothing() -> None:
    desk = Inbox()
    desk.provider.tell(Outcome.APPROVED, NOW + 10)
    desk.send(RAW)
    desk.reader.read()
    desk.provider.tell(Outcome.DECLINED, NOW + 5)
    desk.send(persona("evt_2"))
    desk.reader.read()
    desk.subscribe()


def test_a_declined_client__subscribes_no_more__and_is_a_case() -> None:
    desk = Inbox()
    desk.provider.tell(Outcome.APPROVED)
    desk.send(RAW)
    desk.reader.read()
    desk.subscribe()
    desk.provider.tell(Outcome.DECLINED, NOW + 1)
    desk.send(persona("evt_2", "inquiry.declined"))
    desk.reader.read()
    with pytest.raises(Refused) as refused:
        desk.subscribe()
    assert refused.value.code == "compliance.unverified"
    assert [case.kind for case in desk.cases()] == ["identity"]


def test_a_kind_that_we_do_not_know__is_kept_and_nobody_is_asked() -> None:
    desk = Inbox()
    desk.send(persona("evt_1", "report/screening.ready"))
    raw = json.dumps({"data": {"id": "evt_9", "attributes": {"name": "account.tagged"}}}).encode()
    desk.send(raw)
    desk.reader.read()
    assert ([each.state for each in desk.letters()], desk.provider.asked) == (["kept", "kept"], 0)


def test_an_outage__is_waited_out_with_growing_pauses__and_ends_as_a_dead_letter_with_an_age() -> None:
    desk = Inbox()
    desk.provider.silent = True
    desk.send(RAW)
    for _ in range(ATTEMPTS_MAX):
        desk.reader.read()
        [row] = desk.letters()
        desk.clock.advance_to(max(desk.clock.now(), row.due_at))
    [row] = desk.letters()
    assert (row.state, row.attempts) == ("dead", ATTEMPTS_MAX)
    assert len(desk.facts(NotificationDead)) == 1
    with desk.store.view() as view:
        assert dead_letter_age_s(view, desk.clock.now() + 7) == desk.clock.now() + 7 - NOW


@pytest.mark.parametrize("client", ["nobody", "c1"])
def test_an_answer_about_a_stranger__or_none__is_a_dead_letter_at_once(client: str) -> None:
    desk = Inbox()
    if client == "nobody":
        desk.provider.tell(Outcome.APPROVED, client=client)
    desk.send(RAW)
    desk.reader.read()
    assert [each.state for each in desk.letters()] == ["dead"]


def test_an_open_examination__is_asked_about_each_hour__so_that_lost_webhooks_are_made_good() -> None:
    desk = Inbox()
    with desk.store.transaction() as unit:
        desk.inbox.begin(unit, "persona", "inq_1", "c1")
    desk.provider.tell(Outcome.APPROVED, NOW + 60)
    desk.clock.advance_to(NOW + RECONCILE_S - 1)
    desk.reader.read()
    assert desk.provider.asked == 0
    desk.clock.advance_to(NOW + RECONCILE_S)
    desk.reader.read()
    desk.subscribe()
    desk.clock.advance_to(NOW + 3 * RECONCILE_S)
    desk.reader.read()
    assert desk.provider.asked == 1


def mutated(raw: bytes, chance: random.Random) -> bytes:
    found = bytearray(raw)
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(found) + 1)
        piece = chance.choice([b'"', b"{", b"}", b"null", b"[", b"\x00", b"\xff", b"1e999", b"\\u0000", b":", b",", b"NaN"])
        if chance.random() < 0.5:
            found[at:at] = piece
        else:
            del found[at : at + chance.randint(1, 30)]
    return bytes(found)


def fuzz(seed: int, count: int) -> tuple[int, int]:
    """Damaged bodies under good signatures, and good bodies under damaged signatures: taken and refused."""
    chance, taken, refused = random.Random(seed), 0, 0
    for number in range(count):
        name = chance.choice(["persona", "sumsub"])
        good = persona(f"evt_{number}") if name == "persona" else sumsub(correlation=f"r{number}")
        raw = mutated(good, chance) if number % 2 else good
        headers = persona_headers(raw) if name == "persona" else sumsub_headers(raw)
        if not number % 2:
            key = chance.choice(list(headers))
            headers[key] = mutated(headers[key].encode(), chance).decode("latin-1")
        try:
            hint = CHECKS[name](headers, raw, [SECRET], NOW)
        except Refused as refusal:
            refused += refusal.code.startswith("webhook.")
        else:
            taken += hint.event_id != ""
    return taken, refused


def test_ten_thousand_damaged_webhooks__are_read_or_refused__and_nothing_else() -> None:
    taken, refused = fuzz(1, FUZZED)
    assert taken + refused == FUZZED
    assert refused > FUZZED // 2


@pytest.mark.soak
def test_a_million_damaged_webhooks__are_read_or_refused__and_nothing_else() -> None:
    assert sum(fuzz(2, 1_000_000)) == 1_000_000


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaperChild]:
    child = PaperChild("openscrip.assets.compliance.paper_identity", Path(tmp_path_factory.mktemp("identity")))
    child.start()
    yield child
    child.stop()


def told(paper: PaperChild, subject: str, outcome: str, at: int = NOW) -> None:
    papers = [["identity_document", "2025-01-01", "2030-01-01"], ["proof_of_address", "2026-10-01", None]]
    known = {"client": "c1", "outcome": outcome, "updated_at": at, "papers": papers}
    httpx.put(f"{paper.url}/paper/subjects/{subject}", json=known).raise_for_status()


@pytest.mark.parts
@pytest.mark.parametrize("name", ["persona", "sumsub"])
def test_a_provider_over_http__tells_state_papers_and_outages__each_in_its_own_shape(paper: PaperChild, name: str) -> None:
    provider = Persona(paper.url, "key") if name == "persona" else Sumsub(paper.url, "token", b"secret", lambda: NOW)
    for outcome in ("approved", "declined", "pending"):
        told(paper, f"{name}-1", outcome)
        state = provider.state(f"{name}-1")
        assert (state.client, state.outcome.value, state.updated_at) == ("c1", outcome, NOW)
        assert [(each.kind, each.issued_on, each.expires_on) for each in state.papers] == [
            (EvidenceKind.IDENTITY_DOCUMENT, date(2025, 1, 1), date(2030, 1, 1)),
            (EvidenceKind.PROOF_OF_ADDRESS, date(2026, 10, 1), None),
        ]
    with pytest.raises(Malformed):
        provider.state("nobody")
    httpx.post(f"{paper.url}/paper/silence", json={"silent": True})
    with pytest.raises(Unavailable):
        provider.state(f"{name}-1")
    httpx.post(f"{paper.url}/paper/silence", json={"silent": False})
    provider.close()
    gone = Persona("http://127.0.0.1:1", "key")
    with pytest.raises(Unavailable):
        gone.state("x")
    gone.close()


@pytest.mark.parts
def test_a_client__is_onboarded_through_the_provider_process__when_its_webhook_comes(paper: PaperChild) -> None:
    provider = Persona(paper.url, "key")
    desk = Inbox(provider)
    told(paper, "inq_1", "approved")
    desk.send(RAW)
    desk.reader.read()
    desk.subscribe()
    provider.close()
