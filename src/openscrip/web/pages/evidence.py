"""Reserve reports, and the check that anybody makes in the own browser: pages and plain public files."""

import re
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from openscrip.kernel.errors import Malformed
from openscrip.web.report_shelf import gaps, one_report, report_file, shelved
from openscrip.web.shell.render import page, shell_of
from openscrip.web.shell.visitors import visitor

MEDIA = {"json": "application/json", "html": "text/html; charset=utf-8"}
_BUCKET = re.compile(r"[0-9a-f]{0,8}")


def evidence_routes() -> APIRouter:
    """Pages and files."""
    routes = APIRouter()
    for path, answer in (
        ("/reports", reports_page),
        ("/reports/index.json", reports_json),
        ("/reports/files/{name}", report_download),
        ("/reports/{name}", report_page),
        ("/check", check_page),
        ("/check/proofs/{label}/{symbol}/{bucket}.json", proofs),
    ):
        routes.add_api_route(path, answer, methods=["GET"])
    return routes


def reports_page(request: Request) -> Response:
    """What did the custodian sign?"""
    found = shelved(shell_of(request).office.public.reports)
    return page(request, "public/reports.html", reports=found, gaps=gaps(found), plays_report=_plays_report(request))


def report_page(request: Request, name: str) -> Response:
    """One report, verified in the browser."""
    folder = shell_of(request).office.public.reports
    return page(request, "public/report.html", report=one_report(folder, name))


def reports_json(request: Request) -> Response:
    """Which reports there are, for the check: newest first."""
    found = shelved(shell_of(request).office.public.reports)
    return _json({"reports": [_line(each) for each in found if not each.problem]})


def report_download(request: Request, name: str) -> Response:
    """A report's file byte for byte, always as a download: the page in it is nobody's page on this site."""
    label, _, kind = name.removeprefix("reserve-").rpartition(".")
    path = report_file(shell_of(request).office.public.reports, label, kind)
    return FileResponse(path, media_type=MEDIA[kind], filename=path.name, headers={"Cache-Control": "no-cache"})


def check_page(request: Request) -> Response:
    """Am I in it?"""
    found = shelved(shell_of(request).office.public.reports)
    return page(request, "public/check.html", reports=found, plays_report=_plays_report(request))


def _plays_report(request: Request) -> bool:
    """Whether who asks may let a report be written: whoever signed in with a wallet, where everybody is played."""
    return visitor(request).kind in ("wallet", "investor") and shell_of(request).office.practice is not None


def proofs(request: Request, label: str, symbol: str, bucket: str) -> Response:
    """All proofs of one bucket of holders of a stock in a report."""
    digits = bucket.removeprefix("all")
    if not _BUCKET.fullmatch(digits):
        raise Malformed("bucket.malformed", f"bucket: {bucket!a:.20} was not a few hex digits")
    return _json({"proofs": shell_of(request).office.public.proofs(label, symbol, digits)})


def _line(each: Any) -> dict[str, Any]:
    return {
        "number": each.number,
        "label": each.label,
        "sha256": each.sha256,
        "as_of": each.as_of,
        "json": f"/reports/files/reserve-{each.label}.json",
        "html": f"/reports/files/reserve-{each.label}.html",
        "stocks": [
            {"symbol": stock.symbol, "token": stock.token_symbol, "bucket_digits": stock.bucket_digits} for stock in each.stocks
        ],
        "previous": each.previous_label,
    }


def _json(body: dict[str, Any]) -> Response:
    return JSONResponse(body, headers={"Cache-Control": "no-cache"})
