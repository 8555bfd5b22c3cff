"""`/metrics` for Prometheus, in its text format 0.0.4.

Written here and not by a library: a dozen gauges, each read when it is asked for, take less code than a registry of them
would, and its global state is of no use to us.
"""

from collections.abc import Iterable, Mapping

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from openscrip.api.in_kind import in_kind_gauges
from openscrip.api.office import FrontOffice
from openscrip.assets.financing import OPEN_STATES, Loan
from openscrip.assets.stock import Stock
from openscrip.issuance.break_row import Break
from openscrip.issuance.cases import KINDS, Case, Hold
from openscrip.issuance.identity_inbox import dead_letter_age_s
from openscrip.issuance.reconciler import Look
from openscrip.issuance.rescreening import FEED as RESCREENING
from openscrip.issuance.rescreening import Rescreening
from openscrip.kernel.decimals import format_decimal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]
Sample = tuple[Labels, str]


def metric_routes(office: FrontOffice, refused: Mapping[str, int]) -> APIRouter:
    """The one route. `refused` counts this door's refusals by rule."""
    routes = APIRouter()

    @routes.get("/metrics", include_in_schema=False)
    def metrics() -> PlainTextResponse:
        """Every gauge now."""
        return PlainTextResponse("".join([*_gauges(office), _refusals(refused)]), media_type=CONTENT_TYPE)

    return routes


def _gauges(office: FrontOffice) -> Iterable[str]:
    with office.store.view() as view:
        stocks = [stock.id for stock in view.rows(Stock)]
        broken = [row for state in ("open", "accepted") for row in view.rows(Break, state=state)]
        loans = view.rows_in(Loan, OPEN_STATES)
    parked = sum(status == "parked" for _, status, _, _ in office.store.waiting())
    looks = office.looks()
    yield gauge("openscrip_market_time_seconds", "Market time, UTC.", [({}, str(office.now()))])
    yield gauge("openscrip_breaks_open", "Open breaks of a stock; its mints wait while there is one.", [
        ({"stock": stock}, str(sum(row.stock == stock and row.state == "open" for row in broken))) for stock in stocks
    ])  # fmt: skip
    yield gauge("openscrip_break", "1 for each break that is open or accepted.", [
        ({"id": row.id, "stock": row.stock, "kind": row.kind, "chain": row.chain, "state": row.state}, "1") for row in broken
    ])  # fmt: skip
    yield gauge("openscrip_loan_owed_usd", "Owed on each loan whose shares are pledged; held waits for a person.", [
        ({"loan": row.id, "stock": row.stock, "state": row.state}, str(row.owed)) for row in loans
    ])  # fmt: skip
    yield from _reconciled(looks)
    yield from _compliance(office)
    with office.store.view() as view:
        told = list(in_kind_gauges(view, office.now(), office.network_refused))
    yield from (gauge(name, says, samples) for name, says, samples in told)
    yield gauge("openscrip_index_block", "The last block or slot that the index has read.", [
        ({"chain": chain, "token": token}, str(block)) for chain, token, block in office.indexed()
    ])  # fmt: skip
    yield gauge("openscrip_counterparty_refused", "Messages of brokers and custodians that counted for nothing, by rule.", [
        ({"from": name, "rule": rule}, str(count))
        for name, rules in sorted(office.counterparties_refused().items())
        for rule, count in sorted(rules.items())
    ])  # fmt: skip
    yield gauge("openscrip_commands_parked", "Commands that wait for an operator.", [({}, str(parked))])
    yield gauge("openscrip_feed_trouble", "1 for each feed that cannot be read.", [
        ({"feed": name}, "1") for name in sorted(office.troubles())
    ])  # fmt: skip


def _refusals(refused: Mapping[str, int]) -> str:
    return gauge("openscrip_api_refused", "Requests that were refused at this door since the start, by rule.", [
        ({"rule": rule}, str(count)) for rule, count in sorted(refused.items())
    ])  # fmt: skip


def _reconciled(looks: Mapping[str, Look]) -> Iterable[str]:
    """What the reconciler saw last."""
    chains = [(look.stock, name, shown) for look in looks.values() for name, shown in look.seen.chains.items()]
    statements = [(look.stock, look.seen.statement) for look in looks.values() if look.seen.statement is not None]
    yield gauge("openscrip_reconciled_at_seconds", "Market time of the last comparison.", [
        ({"stock": look.stock}, str(look.at)) for look in looks.values()
    ])  # fmt: skip
    yield gauge("openscrip_supply_raw", "Raw supply on a chain.", [
        ({"stock": stock, "chain": name}, str(shown.supply)) for stock, name, shown in chains
    ])  # fmt: skip
    yield gauge("openscrip_multiplier", "Shares that one raw token stands for.", [
        ({"stock": stock, "chain": name}, format_decimal(shown.multiplier.current, 18)) for stock, name, shown in chains
    ])  # fmt: skip
    yield gauge("openscrip_final_block", "The final block or slot that was compared.", [
        ({"stock": stock, "chain": name}, str(shown.block)) for stock, name, shown in chains
    ])  # fmt: skip
    yield gauge("openscrip_shares_held", "Settled, unencumbered shares in segregated custody.", [
        ({"stock": stock}, str(statement.available)) for stock, statement in statements
    ])  # fmt: skip
    yield gauge("openscrip_statement_at_seconds", "Market time of the newest statement.", [
        ({"stock": stock}, str(statement.as_of)) for stock, statement in statements
    ])  # fmt: skip


def _compliance(office: FrontOffice) -> Iterable[str]:
    """What waits for a person of compliance, and how old its lists are."""
    now, lists = office.now(), office.room.compliance.lists()
    with office.store.view() as view:
        cases, held = view.rows(Case, state="open"), len(view.rows(Hold, state="open"))
        screening, age = view.row(Rescreening, RESCREENING), dead_letter_age_s(view, now)
    yield gauge("openscrip_compliance_cases_open", "Cases that wait for a person, by kind.", [
        ({"kind": kind}, str(sum(case.kind == kind for case in cases))) for kind in KINDS
    ])  # fmt: skip
    yield gauge("openscrip_compliance_clients_held", "Clients whose mints, burns and payments wait.", [({}, str(held))])
    yield gauge("openscrip_sanctions_list_age_seconds", "Since a list was fetched, where it must be each day.", [
        ({"publisher": part.publisher}, str(now - part.retrieved_at)) for part in lists.parts if part.ages
    ])  # fmt: skip
    yield gauge("openscrip_sanctions_list_stopped", "1 for each list that stops onboarding.", [
        ({"publisher": part.publisher}, "1") for part in lists.parts if part.stopped
    ])  # fmt: skip
    if screening is not None:
        left = screening.total - screening.done
        yield gauge("openscrip_rescreening_left", "Clients not yet screened by the newest lists.", [({}, str(left))])
    yield gauge("openscrip_webhook_dead_letter_age_seconds", "Age of the oldest webhook nobody could act on.", [({}, str(age))])
    yield gauge("openscrip_webhooks_refused", "Webhooks refused since the start.", [({}, str(office.room.inbox.refused))])


def gauge(name: str, says: str, samples: Iterable[Sample]) -> str:
    """One gauge with its help and its samples."""
    lines = [f"# HELP {name} {says}", f"# TYPE {name} gauge"]
    lines += [f"{name}{_labels(labels)} {value}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
