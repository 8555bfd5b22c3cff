"""Routes of creations and redemptions in kind: participants, what is under way, and a person's word for what is held."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from openscrip.api.asked import Asked, Name, Words
from openscrip.api.office import FrontOffice
from openscrip.issuance.in_kind_market import InKindMarket, redemption_id
from openscrip.issuance.in_kind_row import InKindCreation, InKindRedemption, Participant
from openscrip.issuance.voucher import chain_hash
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Refused
from openscrip.runtime.store import View

Json = dict[str, Any]
Sample = tuple[Mapping[str, str], str]


class ParticipantAsked(Asked):
    """Make a client an authorised participant; `mail` is the address by which the network will ask for it."""

    client: Name
    mail: Annotated[str, Field(min_length=3, max_length=254)]


class ResumptionAsked(Asked):
    """A person lets something held go on, in their name and for a reason."""

    by: Name
    reason: Words


def in_kind_routes(office: FrontOffice) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.post("/participants")
    def register(asked: ParticipantAsked) -> Json:
        """Register a participant, once; the network links it to an account."""
        return participant_json(market_of(office).register(asked.client, asked.mail))

    @routes.get("/participants")
    def participants() -> list[Json]:
        """All participants, with the next ids under which they may redeem."""
        with office.store.view() as view:
            return [participant_json(row) for row in view.rows(Participant)]

    @routes.get("/in-kind")
    def in_kind(state: str | None = None) -> list[Json]:
        """Creations and redemptions in kind, oldest first, each with what its open command last heard."""
        with office.store.view() as view:
            errors = {command.row_id: error for command, _, _, error in office.store.waiting() if error}
            rows: list[InKindCreation | InKindRedemption] = [*view.rows(InKindCreation, state=state)]
            rows += view.rows(InKindRedemption, state=state)
            return [in_kind_json(row, errors.get(row.id, "")) for row in sorted(rows, key=lambda row: row.asked_at)]

    @routes.post("/in-kind/{request_id}/resume")
    def resume(request_id: str, asked: ResumptionAsked) -> Json:
        """Let a held creation or redemption go on; who said so and why are kept as its reason."""
        row = market_of(office).resume(request_id, asked.by, asked.reason)
        office.nudge()
        return in_kind_json(row, "")

    return routes


def market_of(office: FrontOffice) -> InKindMarket:
    """Where the network's requests are taken. Raises `Refused("itn.off")` while no network is set."""
    if office.in_kind is None:
        raise Refused("itn.off", "in kind: no network is set; give itn.url and the keys in its secrets folder")
    return office.in_kind


def participant_json(row: Participant) -> Json:
    """A participant; its address is kept as a hash only."""
    first, last = redemption_id(row.id, 1), redemption_id(row.id, row.redemptions)
    return {
        "client": row.id,
        "state": row.state,
        "account": row.account,
        "since": iso(row.since),
        "redemption_ids": {"first": first, "first_hash": chain_hash(first).hex(), "last": last},
    }


def in_kind_json(row: InKindCreation | InKindRedemption, error: str) -> Json:
    """A creation or redemption; `waiting_for` is what its open command last heard."""
    told: Json = {
        "id": row.id,
        "kind": "creation" if isinstance(row, InKindCreation) else "redemption",
        "stock": row.stock,
        "client": row.client,
        "chain": row.chain,
        "wallet": row.wallet,
        "shares": str(row.shares),
        "network_request": row.request,
        "tx": row.tx,
        "asked_at": iso(row.asked_at),
        "state": row.state,
        "rule": row.rule,
        "reason": row.reason,
        "waiting_for": error,
    }
    if isinstance(row, InKindCreation):
        told |= {"in_custody": str(row.arrived), "returned_from": row.origin}
    return told


def in_kind_gauges(view: View, now: int, refused: Mapping[str, int]) -> Iterable[tuple[str, str, list[Sample]]]:
    """What `/metrics` tells of it: name, help and samples of each gauge."""
    creations, redemptions = view.rows(InKindCreation), view.rows(InKindRedemption)
    held = sum(row.state == "held" for row in creations) + sum(row.state == "held" for row in redemptions)
    untold = max((now - row.minted_at for row in creations if row.state == "minted"), default=0)
    by_rule: list[Sample] = [({"rule": rule}, str(count)) for rule, count in sorted(refused.items())]
    yield "openscrip_network_refused", "Calls that were refused at the network's door.", by_rule
    yield "openscrip_in_kind_held", "Creations and redemptions in kind that wait for a person.", [({}, str(held))]
    yield "openscrip_in_kind_untold_seconds", "Since when the network has not heard of a mint.", [({}, str(untold))]
