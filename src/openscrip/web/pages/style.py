"""The living page of all parts, and the licences of what the pages are made with."""

from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import distribution, distributions
from importlib.resources import files
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.web.shell.render import page, shell_of

SAMPLE_AT = 1_717_444_800
"""An instant for the made-up figures: 3 June 2024, 16:00 in New York."""

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Part:
    """A library that pages are made with, and the text that it asks to be shown."""

    name: str
    version: str
    licence: str
    notice: str


@dataclass(frozen=True, slots=True)
class SampleForm:
    """A form that came back with a fault."""

    values: dict[str, str] = field(default_factory=lambda: {"amount": "5", "limit": "231.86"})
    errors: dict[str, str] = field(default_factory=lambda: {"amount": "5 USDC is below the least amount of 10 USDC."})


@cache
def page_parts() -> tuple[Part, ...]:
    """What browsers are sent besides our own files."""
    folder = files("openscrip.web") / "licences"
    known = (
        ("htmx.org", "4.0.1", "0BSD", "htmx.txt"),
        ("lightweight-charts", "5.2.1", "Apache-2.0", "lightweight-charts.txt"),
        ("@fontsource-variable/inter", "5.3.0", "OFL-1.1", "inter.txt"),
    )
    return tuple(Part(name, version, licence, (folder / file).read_text("utf-8")) for name, version, licence, file in known)


@cache
def server_parts() -> tuple[tuple[str, str, str], ...]:
    """The Python libraries of this installation: name, version, licence."""
    found = {}
    for part in distributions():
        told = part.metadata
        name = told["Name"]
        if not name or name.lower() in ("openscrip", "pip", "uv"):
            continue
        named = told.get_all("License-Expression") or [
            line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or [] if line.startswith("License")
        ]
        short = [text.splitlines()[0] for text in told.get_all("License") or [] if text]
        licence = ", ".join(named or short)
        found[name.lower()] = (name, part.version, licence or "see its own files")
    return tuple(found[name] for name in sorted(found))


def style_routes() -> APIRouter:
    """`/licences` always, `/style` where the run is a simulation: its figures are made up."""
    routes = APIRouter()

    @routes.get("/licences")
    def licences(request: Request) -> Response:
        """Who wrote what we use, and on which terms."""
        return page(
            request,
            "design/licences.html",
            own=distribution("openscrip").version,
            page_parts=page_parts(),
            server_parts=server_parts(),
        )

    @routes.get("/style")
    def style(request: Request) -> Response:
        """Every part in each of its states."""
        _only_simulated(request)
        return page(request, "design/style.html", form=SampleForm(), **samples())

    @routes.get("/style/coverage.json")
    def coverage(request: Request) -> Response:
        """A made-up line with a gap."""
        _only_simulated(request)
        points = [[at, None if value is None else float(value)] for at, value in sample_points()]
        return JSONResponse({"series": [{"name": "Coverage", "unit": "%", "points": points}], "threshold": 100, "decimals": 2})

    @routes.get("/style/coverage.csv")
    def coverage_file(request: Request) -> Response:
        """The same as a file."""
        _only_simulated(request)
        lines = ["at,coverage_percent", *(f"{at},{value or ''}" for at, value in sample_points())]
        return Response("\n".join(lines) + "\n", media_type="text/csv", headers={"Content-Disposition": "attachment"})

    return routes


def _only_simulated(request: Request) -> None:
    if not shell_of(request).office.simulated:
        raise Malformed("page.unknown", "page: it was not there")


def samples() -> dict[str, Any]:
    """The made-up figures of the page."""
    return {
        "held": Shares.parse("93590"),
        "claimed": Shares.parse("93207.510012"),
        "price": PricePerShare.parse("231.4"),
        "raw": RawAmount.parse("92995.4775"),
        "value": Money.parse("21583123.5"),
        "at": SAMPLE_AT,
    }


def sample_points() -> list[tuple[int, str | None]]:
    """Thirty days of a coverage that moves a little, one of them without a statement."""
    points: list[tuple[int, str | None]] = []
    for number in range(120):
        at = SAMPLE_AT - DAY_S * 30 + number * DAY_S // 4
        hundredths = 10_020 + (number * 7_919) % 41 // 3 + number // 5
        points.append((at, None if 50 <= number < 54 else f"{hundredths // 100}.{hundredths % 100:02}"))
    return points
