"""Joining: a wallet, a few questions, the identity check, the terms. Nothing is asked twice."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from openscrip.assets.compliance.countries import country_names
from openscrip.assets.compliance.identity import Outcome
from openscrip.assets.compliance.persons import Person, PersonKind, UsEvidence
from openscrip.issuance.clients import Challenge, ClientWallet
from openscrip.issuance.joining import TERMS_VERSION, Way, accept_terms, examine, join, way_of
from openscrip.issuance.onboarding import answer_challenge, challenge, text_of
from openscrip.issuance.voucher import is_evm
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Malformed, Refused
from openscrip.records.holdings import wallets_of
from openscrip.web.office import Office
from openscrip.web.pages.practice import Nothing
from openscrip.web.rule_words import sentence_of, words_of
from openscrip.web.shell.audit import record, record_alone
from openscrip.web.shell.forms import Form, Invalid, once, read
from openscrip.web.shell.render import page, redirect, shell_of
from openscrip.web.shell.visitors import investor, visitor, wallet
from openscrip.web.signing.wallets import signer_of

AGE_MIN, AGE_MAX = 18, 120
WALLETS_MAX = 20
"""How many wallets one client may sign for."""
BY_CHECK = frozenset({"compliance.unverified", "compliance.evidence_missing", "compliance.evidence_expired"})
BY_PERSON = frozenset({"compliance.name_review", "compliance.held", "compliance.sanctioned_name"})

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class Questions(BaseModel):
    """What is asked of a person."""

    name: Line
    born_on: date
    nationality: Country
    residence: Country
    tax_residence: Country
    us_person: Literal["no", "yes"]


class Terms(BaseModel):
    """Which terms were read, and the tick under them."""

    version: Annotated[str, StringConstraints(max_length=20)]
    agreed: Literal["yes"]


class WalletNamed(BaseModel):
    """Which wallet is to be added."""

    chain: Literal["evm", "solana"]
    address: Annotated[str, StringConstraints(min_length=32, max_length=44)]


class WalletSigned(BaseModel):
    """The answer to a challenge."""

    nonce: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    signature: Annotated[str, StringConstraints(min_length=1, max_length=5_000)]
    signed: Annotated[str, StringConstraints(max_length=8_000)] = ""


def joining_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/join")
    def start(request: Request, checking: str = "") -> Response:
        """The next step, whichever that is."""
        return _page(request, checking=bool(checking))

    @routes.post("/join")
    def answer(request: Request) -> Response:
        """The questions' answers: the client is entered, unverified, with the wallet that signed in."""
        who = wallet(request)
        if who.person:
            return redirect(request, "/join")
        try:
            asked = read(request, Questions, "join")
            _refuse_age(asked.born_on, new_york_date(shell_of(request).office.now()), asked.model_dump(mode="json"))
        except Invalid as invalid:
            return _page(request, form=_named(invalid), status=422)

        def act(request_id: str) -> Response:
            office = shell_of(request).office
            person = _person(f"c-{hashlib.sha256(request_id.encode()).hexdigest()[:12]}", asked)
            on = _proven_on(office, who.chain, who.proof)
            with office.store.transaction() as unit:
                join(unit, office.room.compliance, person, on, who.address, who.proof)
                record(unit, visitor(request).who, "join.answered", person.id, {"wallet": who.address})
            office.nudge()
            return redirect(request, "/join")

        return once(request, "join", asked, act)

    @routes.post("/join/identity")
    def identity(request: Request) -> Response:
        """Go to the identity provider."""
        who = investor(request)
        read(request, Nothing, "join.identity")
        office = shell_of(request).office
        with office.store.transaction() as unit:
            row = examine(unit, office.room.inbox, who.person)
            record(unit, visitor(request).who, "join.identity", row.id, {})
        office.nudge()
        return redirect(request, f"/simulated-identity/{row.subject}" if office.practice else "/join?checking=1")

    @routes.post("/join/terms")
    def terms(request: Request) -> Response:
        """The terms were read and accepted."""
        who = investor(request)
        try:
            asked = read(request, Terms, "join.terms")
        except Invalid as invalid:
            return _page(request, form=_named(invalid), status=422)
        office = shell_of(request).office
        with office.store.transaction() as unit:
            accept_terms(unit, who.person, asked.version, office.now())
            record(unit, visitor(request).who, "join.terms", who.person, {"version": asked.version})
        return redirect(request, "/join")

    _more_wallets(routes)
    return routes


def _more_wallets(routes: APIRouter) -> None:
    @routes.post("/join/wallet/challenge")
    def ask(request: Request) -> Response:
        """A sentence for a further wallet to sign."""
        who = investor(request)
        asked = read(request, WalletNamed, "join.wallet")
        office = shell_of(request).office
        spelled = signer_of(shell_of(request), asked.chain, asked.address).address
        with office.store.transaction() as unit:
            text = f"wallet: {WALLETS_MAX} wallets are the most for one account; contact us for more"
            if len(wallets_of(unit, who.person)) >= WALLETS_MAX:
                raise Refused("joining.wallets", text)
            row = challenge(unit, who.person, asked.chain, spelled, office.now())
        return JSONResponse({"nonce": row.id, "text": text_of(row), "input": None})

    @routes.post("/join/wallet")
    def add(request: Request) -> Response:
        """The further wallet has signed."""
        who = investor(request)
        asked = read(request, WalletSigned, "join.wallet")
        office = shell_of(request).office
        with office.store.view() as view:
            row = view.row(Challenge, asked.nonce)
        if row is None or row.person != who.person:
            raise Malformed("challenge.unknown", "challenge: it was never asked")
        try:
            added = answer_challenge(office.store, office.room.compliance, asked.nonce, asked.signature, office.contracts)
        except Refused as refusal:
            return _page(request, trouble=sentence_of(refusal), status=422)
        with office.store.transaction() as unit:
            for chain in _proven_on(office, added.wallet.chain, added.proof):
                office.room.compliance.add_wallet(unit, who.person, chain, added.wallet.address, added.proof)
        record_alone(request, "join.wallet", added.id, {"proof": added.proof})
        return redirect(request, "/join")


def stage_of(way: Way | None, *, checking: bool = False) -> str:
    """Which step is next: questions identity checking review declined expired refused terms done."""
    if way is None or way.standing is None:
        return "questions"
    others = [rule for rule in way.rules if rule not in BY_CHECK]
    if others:
        return "review" if all(rule in BY_PERSON for rule in others) else "refused"
    if way.rules:
        return _stage_of_check(way, checking=checking)
    return "done" if way.is_accepted else "terms"


def _stage_of_check(way: Way, *, checking: bool) -> str:
    match way.outcome:
        case Outcome.PENDING if way.examination is not None and way.examination.updated_at:
            return "review"
        case Outcome.PENDING if checking:
            return "checking"
        case Outcome.DECLINED:
            return "declined"
        case Outcome.EXPIRED:
            return "expired"
        case Outcome.APPROVED if checking:
            return "checking"
        case _:
            return "identity"


PLACES = {
    "questions": 1, "identity": 2, "checking": 2, "review": 2, "declined": 2, "expired": 2, "refused": 2, "terms": 3, "done": 4,
}  # fmt: skip
STEPS = ("Wallet", "About you", "Identity check", "Terms")


def _steps(stage: str) -> list[tuple[str, str]]:
    at = PLACES.get(stage, 0)
    here = "stopped" if stage in ("refused", "declined", "expired") else "now"
    return [(label, "done" if place < at else here if place == at else "next") for place, label in enumerate(STEPS)]


def _page(
    request: Request, *, form: Form | None = None, checking: bool = False, status: int = 200, trouble: str = ""
) -> Response:
    office, way, client = shell_of(request).office, None, ""
    wallets: list[ClientWallet] = []
    stage = "wallet"
    if visitor(request).kind != "anonymous":
        client = wallet(request).person
        with office.store.view() as view:
            way = way_of(view, client) if client else None
            wallets = wallets_of(view, client) if client else []
        stage = stage_of(way, checking=checking)
    rules = [rule for rule in (way.rules if way else ()) if rule not in BY_CHECK]
    return page(
        request, "investor/join.html", status=status, private=True, stage=stage, steps=_steps(stage), form=form, client=client,
        countries=list(country_names().items()), rule=rules[0] if rules else "", words=words_of(rules[0] if rules else ""),
        version=TERMS_VERSION, wallets=wallets, practice=office.practice is not None, trouble=trouble,
        missing=_missing(wallets),
    )  # fmt: skip


def _missing(wallets: Sequence[ClientWallet]) -> list[str]:
    """The kinds of chain on which a client has no wallet yet."""
    have = {"solana" if each.wallet.chain == "solana" else "evm" for each in wallets}
    return [kind for kind in ("evm", "solana") if kind not in have]


def _proven_on(office: Office, chain: str, proof: str) -> list[str]:
    """On which chains a proof holds: a key's on every EVM chain, a contract's on its own alone."""
    if not is_evm(chain) or proof.startswith("eip-1271"):
        return [chain]
    return list(office.chain_ids)


def _person(person_id: str, asked: Questions) -> Person:
    us = (UsEvidence.SELF_CERTIFIED,) if asked.us_person == "yes" else ()
    return Person(
        person_id, asked.name, PersonKind.NATURAL, asked.nationality, asked.residence, asked.tax_residence, verified=False,
        us_evidence=us, born_on=asked.born_on,
    )  # fmt: skip


def _refuse_age(born_on: date, today: date, values: Mapping[str, str]) -> None:
    years = today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))
    if not AGE_MIN <= years <= AGE_MAX:
        raise Invalid({"born_on": AGE_FAULTS[not 0 <= years < AGE_MIN]}, dict(values))


AGE_FAULTS = (f"You must be {AGE_MIN} or older to join.", "This is no date of birth.")
FAULTS = {
    "name": "Write your full name as it stands in your passport.",
    "born_on": "Write your date of birth, such as 1990-02-28.",
    "nationality": "Choose your nationality.",
    "residence": "Choose the country that you live in.",
    "tax_residence": "Choose the country that you pay tax in.",
    "us_person": "Say whether you are a US person.",
    "agreed": "Tick the box to accept the terms, or leave the page.",
}


def _named(invalid: Invalid) -> Form:
    """The faults in a person's words."""
    own = invalid.errors.get("born_on", "")
    errors = {name: FAULTS.get(name, text) for name, text in invalid.errors.items()}
    return Form(invalid.values, errors | ({"born_on": own} if own in AGE_FAULTS else {}))
