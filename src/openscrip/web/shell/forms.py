"""Forms: where they came from, what they hold, and that each has its effect once."""

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, get_origin
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.web.shell.current import Current, current_of
from openscrip.web.shell.render import redirect
from openscrip.web.shell.rows import Answered
from openscrip.web.shell.visitors import csrf_of, visitor_of

log = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)
FIELDS_MAX = 200
KEY = re.compile(r"[A-Za-z0-9-]{16,64}")
OWN = frozenset({"csrf", "key"})
FORM = "application/x-www-form-urlencoded"
BEGUN_S_MAX = 30
"""What was begun so long ago and not finished was cut off: the next one takes it up, with the same business id."""
WAIT_S, POLL_S = 15.0, 0.05


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it is shown: what stands in each field, and what is wrong with it."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


class Invalid(Exception):
    """What was sent does not fit; `values` and `errors` by field, for the form to be shown again with 422."""

    def __init__(self, errors: Mapping[str, str], values: Mapping[str, str]) -> None:
        super().__init__(f"form: {', '.join(errors)}")
        self.errors = errors
        self.values = values


def fields_of(request: Request) -> dict[str, list[str]]:
    """Every field that was sent, once or more. Raises `Malformed("form.…")`."""
    current = current_of(request)
    found: dict[str, list[str]] | None = current.known.get("fields")
    if found is None:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body: bytes = request.scope.get("openscrip.body", b"")
        if body and kind != FORM:
            raise Malformed("form.type", "form: only ordinary form fields are taken here")
        try:
            pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
        except ValueError as error:  # too many fields, no ASCII, no UTF-8
            raise Malformed("form.fields", "form: its fields could not be read") from error
        found = {}
        for name, value in pairs:
            if "\0" in value:
                raise Malformed("form.fields", f"form: {name!a:.40} held a NUL character")
            found.setdefault(name, []).append(value)
        current.known["fields"] = found
    return found


def read(request: Request, model: type[M], purpose: str) -> M:
    """What was sent, as `model`. `purpose` names the form.

    Raises `Invalid`, `Malformed("form.…")`, `Refused("form.token")`, `Refused("form.origin")`.
    """
    current = current_of(request)
    refuse_elsewhere(current)
    refuse_tokenless(current)
    given = fields_of(request)
    wanted: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name in given:
            is_many = get_origin(info.annotation) in {list, tuple, set, frozenset}
            wanted[name] = given[name] if is_many else given[name][-1].strip()
    values = {name: each[-1] for name, each in given.items() if name not in OWN}
    try:
        return model.model_validate(wanted)
    except ValidationError as error:
        found: dict[str, str] = {}
        log.debug("forms: %s was sent with faults", purpose)
        for each in error.errors():
            where = str(each["loc"][0]) if each["loc"] else "form"
            found.setdefault(where, _sentence(each["type"], each["msg"]))
        raise Invalid(found, values) from error


def refuse_elsewhere(current: Current) -> None:
    """Raise `Refused("form.origin")` for what a page of another site sent."""
    headers = current.request.headers
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    known = origin == current.shell.origin if origin is not None else site in {None, "same-origin"}
    if not known:
        raise Refused("form.origin", "form: it was sent from a page of another site; open the page here and send it again")


def refuse_tokenless(current: Current) -> None:
    """Raise `Refused("form.token")` unless the session's token came with it, as a field or as `X-CSRF-Token`."""
    if current.known.get("checked"):
        return
    told = current.request.headers.get("x-csrf-token", "")
    if not told and current.request.headers.get("content-type", "").startswith(FORM):
        told = fields_of(current.request).get("csrf", [""])[-1]
    if not hmac.compare_digest(told.encode(), csrf_of(current).encode()):
        raise Refused("form.token", "form: this page was too old; open it again and send the form once more")
    current.known["checked"] = True


def once(request: Request, purpose: str, asked: BaseModel, act: Callable[[str], Response]) -> Response:
    """Do `act` once for the key that the form carries, and lead everybody who sends it again to where the first was led.

    `act` is given a business id that follows from person, purpose and key: cut off in the middle, it is done again under
    the same id. What `act` raises undoes the claim, so that a corrected form may use the key. Raises `Malformed("form.key")`
    and `Conflict("form.repeated")`.
    """
    current = current_of(request)
    key = fields_of(request).get("key", [""])[-1]
    if not KEY.fullmatch(key):
        raise Malformed("form.key", "form: it carried no key; open the page again")
    who = visitor_of(current)
    owner = who.name if who.kind == "investor" else who.owner or hashlib.sha256(csrf_of(current).encode()).hexdigest()[:24]
    name = hashlib.sha256(f"{purpose}\n{owner}\n{key}".encode()).hexdigest()[:24]
    digest = hashlib.sha256(asked.model_dump_json().encode()).hexdigest()
    row_id = f"{purpose}:{name}"
    ends = time.monotonic() + WAIT_S
    while True:
        row = _claimed(current, row_id, owner, digest)
        if row is None:
            break
        if row.state == "done":
            return redirect(request, row.path) if row.path else _already()
        if time.monotonic() > ends:
            raise Conflict("form.under_way", "form: it was sent before and is still under way; look before you send it again")
        time.sleep(POLL_S)
    try:
        response = act(f"web-{name}")
    except BaseException:
        _settle(current, row_id, "undone", "")
        raise
    _settle(current, row_id, "done", response.headers.get("location") or response.headers.get("hx-redirect", ""))
    return response


def _claimed(current: Current, row_id: str, owner: str, digest: str) -> Answered | None:
    """None when it is ours to do now, else the row of whoever did or does it."""
    store, now = current.shell.office.store, current.shell.now()
    with store.transaction() as unit:
        row = unit.row(Answered, row_id)
        if row is None or row.state == "undone":
            unit.put(Answered(row_id, owner, digest, "", now))
            return None
        if row.digest != digest:
            raise Conflict("form.repeated", "form: it was sent before with other content; open the page again")
        if row.state == "begun" and now - row.begun_at > BEGUN_S_MAX:
            unit.put(replace(row, begun_at=now))
            return None
        return row


def _settle(current: Current, row_id: str, state: str, path: str) -> None:
    own = urlsplit(path)
    with current.shell.office.store.transaction() as unit:
        row = unit.row(Answered, row_id)
        if row is not None:
            unit.put(replace(row, state=state, path=own.path + (f"?{own.query}" if own.query else "")))


def _already() -> Response:
    return Response("This was done before.", 200, media_type="text/plain", headers={"Cache-Control": "no-store"})


def _sentence(kind: str, told: str) -> str:
    if kind == "missing":
        return "This is needed."
    if kind == "string_pattern_mismatch":
        return "This holds characters that are not taken here."
    words = told.removeprefix("Value error, ")
    return f"{words[:1].upper()}{words[1:]}."
