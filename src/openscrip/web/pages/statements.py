"""Documents to download: statements by month, tax papers by year, receipts of orders; as HTML, CSV and JSON."""

import json
from typing import Any, Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from openscrip.assets import accounts
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed
from openscrip.records.orders import orders
from openscrip.web.csv_file import csv_response
from openscrip.web.order_amounts import amounts_of
from openscrip.web.pages.investor import own_order
from openscrip.web.shell.paging import place_of
from openscrip.web.shell.render import page, shell_of
from openscrip.web.shell.visitors import investor
from openscrip.web.statements import (
    LINE_HEADER,
    NOTE,
    TAX_HEADER,
    Statement,
    disposals,
    line_rows,
    made_on,
    period_of,
    periods,
    statement,
    tax_rows,
    to_json,
)

Form = Literal["html", "csv", "json"]
RECEIPTS_SHOWN = 50


def statement_routes() -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/documents")
    def documents(request: Request, after: str = "") -> Response:
        """What can I download? Receipts are paged by the place in line of the last order that was looked at."""
        who = investor(request)
        office = shell_of(request).office
        now = office.now()
        place = place_of(after)
        with office.store.view() as view:
            months, years = periods(view, who.person, now)
            some = orders(view, person=who.person, before=place, limit=RECEIPTS_SHOWN)
        done = [each for each in some.orders if each.code == "COMPLETED"]
        told: dict[str, Any] = {"receipts": done, "next": some.next, "is_later": place is not None, "now": now}
        return page(request, "investor/documents.html", private=True, months=months, years=years, **told)

    @routes.get("/documents/statement-{label}.{form}")
    def month(request: Request, label: str, form: Form) -> Response:
        """The statement of a month."""
        if len(label) != 7:
            raise Malformed("period.unknown", "statement: there is no such month")
        told = _told(request, label)
        name = f"openscrip-statement-{label}"
        if form == "csv":
            return csv_response(name, LINE_HEADER, line_rows(told))
        if form == "json":
            return _file(name, "json", to_json(told))
        return _file(name, "html", _rendered(request, "investor/statement_file.html", told))

    @routes.get("/documents/tax-{label}.{form}")
    def year(request: Request, label: str, form: Form) -> Response:
        """The tax paper of a year."""
        if len(label) != 4:
            raise Malformed("period.unknown", "statement: there is no such year")
        told = _told(request, label)
        name = f"openscrip-tax-{label}"
        if form == "csv":
            return csv_response(name, TAX_HEADER, tax_rows(told))
        if form == "json":
            rows = [dict(zip(TAX_HEADER, row, strict=True)) for row in tax_rows(told)]
            cash = [{"order": one.id, "stock": one.stock, "paid_usd": str(paid)} for one, paid in disposals(told)]
            document = {
                "kind": "openscrip.tax", "client": told.person, "year": label, "events": rows, "redemptions": cash,
                "note": NOTE, "final": told.is_final,
            }  # fmt: skip
            return _file(name, "json", (json.dumps(document, sort_keys=True, indent=1) + "\n").encode())
        return _file(name, "html", _rendered(request, "investor/tax_file.html", told))

    @routes.get("/documents/receipt-{order_id}.json")
    def receipt(request: Request, order_id: str) -> Response:
        """The receipt of an order that is done: every amount with its entry in the ledger, every event with its evidence."""
        who = investor(request)
        office = shell_of(request).office
        with office.store.view() as view:
            found = own_order(view, who.person, order_id)
        account = accounts.client_payable(order_id)
        moved = amounts_of(order_id, office.rails.movements([account])[account])
        document = {
            "kind": "openscrip.receipt", "order": found.id, "client": who.person,
            "side": found.side, "stock": found.stock,
            "chain": found.chain, "wallet": found.wallet, "shares": str(found.shares), "raw": str(found.raw),
            "state": found.code, "asked_at": iso(found.asked_at),
            "events": [{"at": iso(e.at), "what": e.label, "chain": e.chain, "transaction": e.tx} for e in found.events],
            "movements": [{"at": iso(m.at), "what": m.words, "amount_usd": str(m.amount), "ledger_id": m.id} for m in moved],
        }  # fmt: skip
        return _file(f"openscrip-receipt-{order_id}", "json", (json.dumps(document, sort_keys=True, indent=1) + "\n").encode())

    return routes


def _told(request: Request, label: str) -> Statement:
    who = investor(request)
    office = shell_of(request).office
    period = period_of(label)
    with office.store.view() as view:
        return statement(view, office.rails, who.person, period, office.now())


def _rendered(request: Request, template: str, told: Statement) -> bytes:
    made = shell_of(request).templates.get_template(template)
    text = made.render(
        told=told, rows=line_rows(told), tax=tax_rows(told), cash=disposals(told), made_on=made_on(told), note=NOTE
    )
    return text.encode()


def _file(name: str, form: str, body: bytes) -> Response:
    kind = {"html": "text/html; charset=utf-8", "json": "application/json"}[form]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"', "Cache-Control": "no-store"}
    return Response(body, media_type=kind, headers=headers)
