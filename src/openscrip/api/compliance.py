"""Routes of compliance: cases and holds, clients without their particulars, lists, evidence, owners, wallets."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from openscrip.api.compliance_asked import (
    CaseDecided,
    ChallengeAnswered,
    ChallengeAsked,
    ChangeAsked,
    EvidenceAsked,
    ExaminationAsked,
    ListAsked,
    OwnersAsked,
    RelatedAsked,
    Signed,
    day,
)
from openscrip.api.compliance_shapes import (
    case_json,
    client_json,
    evidence_json,
    list_json,
    rules_json,
    standing_json,
    status_json,
)
from openscrip.api.office import FrontOffice
from openscrip.assets.compliance.control import Stake
from openscrip.assets.compliance.persons import EvidenceKind, Paper
from openscrip.issuance.cases import Case, decide_case
from openscrip.issuance.clients import Client, ClientStanding
from openscrip.issuance.compliance_room import reseal, reveal
from openscrip.issuance.list_keeping import ListKeeper, ListVersion
from openscrip.issuance.onboarding import answer_challenge, challenge, text_of
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed, Refused

Json = dict[str, Any]
State = Annotated[str, Query(max_length=20, pattern=r"^[a-z_]*$")]


def compliance_routes(office: FrontOffice) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/compliance")
    def status() -> Json:
        """What waits for a person: open cases, holds, lists that are stopped or old, webhooks that nobody could act on."""
        return status_json(office)

    @routes.get("/compliance/rules")
    def rules() -> Json:
        """The rules in force and the regime, with their versions."""
        return rules_json(office.room.compliance.policy)

    _cases(office, routes)
    _persons(office, routes)
    _papers(office, routes)
    _wallets(office, routes)
    _lists(office, routes)
    return routes


def _cases(office: FrontOffice, routes: APIRouter) -> None:
    @routes.get("/compliance/cases")
    def cases(state: State = "", client: Annotated[str, Query(max_length=64)] = "") -> list[Json]:
        """All cases, oldest first."""
        with office.store.view() as view:
            rows = view.rows(Case, state=state or None)
        return [case_json(row) for row in rows if not client or row.person == client]

    @routes.get("/compliance/cases/{case_id}")
    def case(case_id: str) -> Json:
        """One case."""
        with office.store.view() as view:
            row = view.row(Case, case_id)
        if row is None:
            raise Malformed("case.unknown", f"case: {case_id!a:.80} was not opened")
        return case_json(row)

    @routes.post("/compliance/cases/{case_id}/decide")
    def decide(case_id: str, asked: CaseDecided) -> Json:
        """One person's word on a case. The second release by somebody else lets go on what waited for it."""
        with office.store.transaction() as unit:
            row = decide_case(unit, case_id, asked.by, asked.word, asked.reason, office.now())
            if row.state == "released":
                office.room.compliance.clear(unit, row)
        office.nudge()
        return case_json(row)


def _persons(office: FrontOffice, routes: APIRouter) -> None:
    @routes.get("/compliance/persons")
    def persons(state: State = "") -> list[Json]:
        """What rules and lists say of each client; `state` is clear, review or refused."""
        with office.store.view() as view:
            return [standing_json(row) for row in view.rows(ClientStanding, state=state or None)]

    @routes.post("/compliance/persons")
    def relate(asked: RelatedAsked) -> Json:
        """Enter an owner of an entity, who is screened."""
        with office.store.transaction() as unit:
            client = office.room.compliance.relate(unit, asked.person(), asked.by)
            return client_json(unit, client)

    @routes.get("/compliance/persons/{client_id}")
    def person(client_id: str) -> Json:
        """All that was recorded of a client, without their particulars."""
        with office.store.view() as view:
            client = view.row(Client, client_id)
            if client is None:
                raise Malformed("client.unknown", f"client: {client_id!a:.80} was not taken on")
            return client_json(view, client)

    @routes.post("/compliance/persons/{client_id}/change")
    def change(client_id: str, asked: ChangeAsked) -> Json:
        """Particulars that have changed; the client is judged anew."""
        if asked.id != client_id:
            raise Malformed("client.id", "client: the body was about another client than the path")
        with office.store.transaction() as unit:
            client = office.room.compliance.change(unit, asked.person(), asked.by, asked.reason)
            return client_json(unit, client)

    @routes.post("/compliance/persons/{client_id}/reveal")
    def show(client_id: str, asked: Signed) -> Json:
        """A client's particulars; who saw them, and why, is a fact."""
        return reveal(office.store, office.room.compliance, client_id, asked.by, asked.reason)

    @routes.post("/compliance/reseal")
    def renew() -> Json:
        """Seal everything personal under the newest key."""
        return {"sealed": reseal(office.store, office.room.compliance), "key": office.room.compliance.vault.newest}


def _papers(office: FrontOffice, routes: APIRouter) -> None:
    @routes.post("/compliance/persons/{client_id}/evidence")
    def evidence(client_id: str, asked: EvidenceAsked) -> Json:
        """A paper of a client, once for its document."""
        try:
            expires = day(asked.expires_on) if asked.expires_on else None
            paper = Paper(EvidenceKind(asked.kind), day(asked.issued_on), expires, asked.sha256)
        except ValueError:
            raise Malformed("evidence.dates", "evidence: a date did not exist") from None
        particulars = {"number": asked.number, "country": asked.country}
        with office.store.transaction() as unit:
            return evidence_json(office.room.compliance.add_paper(unit, client_id, paper, particulars, asked.by))

    @routes.post("/compliance/persons/{client_id}/owners")
    def owners(client_id: str, asked: OwnersAsked) -> Json:
        """Who owns an entity."""
        stakes = tuple(Stake(each.owner, each.bps) for each in asked.stakes)
        with office.store.transaction() as unit:
            office.room.compliance.tell_owners(unit, client_id, stakes, asked.by)
            client = unit.row(Client, client_id)
            return client_json(unit, client) if client is not None else {}

    @routes.post("/compliance/persons/{client_id}/examinations")
    def examination(client_id: str, asked: ExaminationAsked) -> Json:
        """A client was sent to an identity provider: it is asked about until it has decided."""
        with office.store.transaction() as unit:
            if unit.row(Client, client_id) is None:
                raise Malformed("client.unknown", f"client: {client_id!a:.80} was not taken on")
            row = office.room.inbox.begin(unit, asked.provider, asked.subject, client_id)
        office.nudge()
        return {"id": row.id, "client": row.client, "outcome": row.outcome.value, "state": row.state}


def _wallets(office: FrontOffice, routes: APIRouter) -> None:
    @routes.post("/compliance/wallet-challenges")
    def ask(asked: ChallengeAsked) -> Json:
        """A sentence for the wallet to sign, once and within a quarter of an hour."""
        with office.store.transaction() as unit:
            row = challenge(unit, asked.client, asked.chain, asked.address, office.now())
        return {"id": row.id, "text": text_of(row), "expires_at": iso(row.expires_at)}

    @routes.post("/compliance/wallet-challenges/{challenge_id}/answer")
    def answer(challenge_id: str, asked: ChallengeAnswered) -> Json:
        """Attest the wallet that signed."""
        room = office.room
        row = answer_challenge(office.store, room.compliance, challenge_id, asked.signature, room.contracts)
        return {"client": row.wallet.person_id, "chain": row.wallet.chain, "address": row.wallet.address, "proof": row.proof}


def _lists(office: FrontOffice, routes: APIRouter) -> None:
    @routes.get("/compliance/lists")
    def lists() -> list[Json]:
        """Every publication that came, oldest first."""
        with office.store.view() as view:
            return [list_json(row) for row in view.rows(ListVersion)]

    @routes.post("/compliance/lists")
    def load(asked: ListAsked) -> Json:
        """Load a publication from `lists/incoming`; everybody is screened anew where it changed."""
        keeper, folder = _keeper(office), office.room.incoming
        try:
            files = {name: (folder / name).read_bytes() for name in asked.files}
        except OSError as error:
            raise Malformed("list.files", f"list: a file was not in lists/incoming ({type(error).__name__})") from None
        row = keeper.receive(asked.publisher, files)
        office.nudge()
        return list_json(row)

    @routes.post("/compliance/lists/{version_id}/accept")
    def accept(version_id: str, asked: Signed) -> Json:
        """Put a list that was stopped in force all the same."""
        row = _keeper(office).accept(version_id, asked.by, asked.reason)
        office.nudge()
        return list_json(row)


def _keeper(office: FrontOffice) -> ListKeeper:
    keeper = office.room.keeper
    if keeper is None:
        raise Refused("list.demonstration", "list: the demonstration's lists are in force; set compliance.publishers")
    return keeper
