"""One way to page everywhere: `limit`, an opaque `after`, and `next`, which is null after the last page."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from openscrip.kernel.errors import Malformed

LIMIT_MAX = 200
After = Annotated[str | None, Query(description="`next` of the page before", max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
Limit = Annotated[int, Query(description="at most so many", ge=1, le=LIMIT_MAX)]
T = TypeVar("T")


def cursor_of(place: object) -> str:
    """A place in a list as an opaque word."""
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def place_of(after: str | None) -> str:
    """The place behind a cursor; empty at the start. Raises `Malformed("page.after")`."""
    if after is None:
        return ""
    try:
        return base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise Malformed("page.after", "page: `after` was not the `next` of a page") from error


def number_of(after: str | None) -> int | None:
    """The place in line behind a cursor; None at the start. Raises `Malformed("page.after")`."""
    place = place_of(after)
    if not place:
        return None
    if not place.isdecimal() or len(place) > 18:
        raise Malformed("page.after", "page: `after` was not the `next` of a page")
    return int(place)


def page_by_name(found: Sequence[T], names: Sequence[str], after: str | None, limit: int) -> tuple[list[T], str | None]:
    """A page of what is ordered by name, and the cursor of the next one."""
    place = place_of(after)
    rest = [(name, each) for name, each in zip(names, found, strict=True) if name > place]
    more = len(rest) > limit
    return [each for _, each in rest[:limit]], cursor_of(rest[limit - 1][0]) if more else None
