"""`/metrics` for Prometheus, in its text format 0.0.4.

Written here and not by a library: a dozen gauges, each read when it is asked for, take less code than a registry of them
would, and its global state is of no use to us.
"""

from collections.abc import Iterable, Mapping

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from openscrip.api.office import FrontOffice
from openscrip.assets.stock import Stock
from openscrip.issuance.break_row import Break
from openscrip.issuance.reconciler import Look
from openscrip.kernel.decimals import format_decimal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]
Sample = tuple[Labels, str]


def metric_routes(office: FrontOffice) -> APIRouter:
    """The one route."""
    routes = APIRouter()

    @routes.get("/metrics", include_in_schema=False)
    def metrics() -> PlainTextResponse:
        """Every gauge now."""
        return PlainTextResponse("".join(_gauges(office)), media_type=CONTENT_TYPE)

    return routes


def _gauges(office: FrontOffice) -> Iterable[str]:
    with office.store.view() as view:
        stocks = [stock.id for stock in view.rows(Stock)]
        broken = [row for state in ("open", "accepted") for row in view.rows(Break, state=state)]
    parked = sum(status == "parked" for _, status, _, _ in office.store.waiting())
    looks = office.looks()
    yield gauge("openscrip_market_time_seconds", "Market time, UTC.", [({}, str(office.now()))])
    yield gauge("openscrip_breaks_open", "Open breaks of a stock; its mints wait while there is one.", [
        ({"stock": stock}, str(sum(row.stock == stock and row.state == "open" for row in broken))) for stock in stocks
    ])  # fmt: skip
    yield gauge("openscrip_break", "1 for each break that is open or accepted.", [
        ({"id": row.id, "stock": row.stock, "kind": row.kind, "chain": row.chain, "state": row.state}, "1") for row in broken
    ])  # fmt: skip
    yield from _reconciled(looks)
    yield gauge("openscrip_index_block", "The last block or slot that the index has read.", [
        ({"chain": chain, "token": token}, str(block)) for chain, token, block in office.indexed()
    ])  # fmt: skip
    yield gauge("openscrip_commands_parked", "Commands that wait for an operator.", [({}, str(parked))])
    yield gauge("openscrip_feed_trouble", "1 for each feed that cannot be read.", [
        ({"feed": name}, "1") for name in sorted(office.troubles())
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
