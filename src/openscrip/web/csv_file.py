"""Tables as files of comma-separated values, which a spreadsheet opens without running anything of them."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from itertools import chain

from starlette.responses import Response, StreamingResponse

KIND = "text/csv; charset=utf-8"
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def guarded(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula. Numbers that we wrote stay as they are."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_RISKY) and not _NUMBER.fullmatch(text) else text


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """The file `name.csv`; amounts are plain decimals with a hyphen for a minus."""
    return Response(_lines([header, *rows]), media_type=KIND, headers=_headers(name))


def csv_stream(name: str, header: Sequence[str], parts: Iterable[Iterable[Sequence[object]]]) -> Response:
    """The same, sent part by part as it is made. What fails in the first part is answered as a failure; what fails
    later breaks the connection off, so that half a file is not taken for a whole one.
    """
    rest = iter(parts)
    first = _lines([header, *next(rest, ())])
    return StreamingResponse(chain([first], map(_lines, rest)), media_type=KIND, headers=_headers(name))


def _lines(rows: Iterable[Sequence[object]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([guarded(cell) for cell in row] for row in rows)
    return written.getvalue()


def _headers(name: str) -> dict[str, str]:
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", name)[:80]
    return {"Content-Disposition": f'attachment; filename="{safe}.csv"', "Cache-Control": "no-cache"}
