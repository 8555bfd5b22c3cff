"""Forms: where they come from, what they hold, and that each has its effect once."""

import asyncio
import threading
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient
from tests.web.stage import ORIGIN, Stage, Visitor, application, evm_wallet

from openscrip.kernel.errors import Refused
from openscrip.web.app import pages_application
from openscrip.web.shell.current import current_of
from openscrip.web.shell.forms import once, read
from openscrip.web.shell.headers import FORM_BYTES_MAX, JSON_BYTES_MAX, Front
from openscrip.web.shell.render import redirect
from openscrip.web.shell.routes_table import ROUTES, TOKENLESS
from openscrip.web.shell.rows import Answered
from openscrip.web.shell.visitors import csrf_of

FORM = "application/x-www-form-urlencoded"
POSTED = sorted(name.removeprefix("POST ") for name in ROUTES if name.startswith("POST ") and name not in TOKENLESS)


class Order(BaseModel):
    shares: Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]
    tags: list[str] = []


class Sending:
    """A form whose effects are counted."""

    def __init__(self, stage: Stage) -> None:
        self.done: list[str] = []
        self.fails = False
        self.hold: threading.Event | None = None
        app = FastAPI()

        @app.get("/form")
        def form(request: Request) -> dict[str, str]:
            return {"csrf": csrf_of(current_of(request))}

        @app.post("/form")
        def send(request: Request) -> Response:
            asked = read(request, Order, "order")
            return once(request, "order", asked, lambda request_id: self.act(request, request_id, asked))

        app.exception_handlers.update(pages_application().exception_handlers)
        self.app = Front(app, stage.shell)
        self.http = TestClient(self.app, base_url=ORIGIN, raise_server_exceptions=False, follow_redirects=False)
        self.http.headers["origin"] = ORIGIN
        self.csrf = self.http.get("/form").json()["csrf"]

    def act(self, request: Request, request_id: str, asked: Order) -> Response:
        if self.hold is not None:
            assert self.hold.wait(20)
        if self.fails:
            raise Refused("order.limit", "order: it was above your limit")
        self.done.append(request_id)
        return redirect(request, f"/orders/{request_id}?of={asked.shares}")

    def post(self, key: str = "k" * 32, shares: str = "5", **headers: str) -> Response:
        answer = self.http.post("/form", data={"csrf": self.csrf, "key": key, "shares": shares}, headers=headers)
        return Response(answer.content, answer.status_code, dict(answer.headers))


@pytest.fixture
def sending(stage: Stage) -> Iterator[Sending]:
    made = Sending(stage)
    yield made
    made.http.close()


def test_a_form__sent_twice__has_one_effect_and_one_answer(sending: Sending) -> None:
    first, second = sending.post(), sending.post()
    assert first.headers["location"] == second.headers["location"] == f"/orders/{sending.done[0]}?of=5"
    assert len(sending.done) == 1
    assert sending.post(key="j" * 32).headers["location"] != first.headers["location"]


def test_a_form__sent_twenty_times_at_once__has_one_effect(sending: Sending) -> None:
    sending.hold = threading.Event()
    with ThreadPoolExecutor(20) as pool:
        sent = [pool.submit(sending.post) for _ in range(20)]
        sending.hold.set()
        places = {each.result(60).headers["location"] for each in sent}
    assert len(places) == len(sending.done) == 1


def test_a_key__used_again_with_other_content__is_a_conflict(sending: Sending) -> None:
    sending.post(shares="5")
    assert sending.post(shares="6").status_code == 409
    assert len(sending.done) == 1


def test_a_form__that_a_rule_refused__can_be_sent_again_corrected(sending: Sending) -> None:
    sending.fails = True
    assert sending.post(shares="9").status_code == 422
    sending.fails = False
    assert sending.post(shares="5").status_code == 303
    assert len(sending.done) == 1


def test_a_form__cut_off_in_the_middle__is_done_again_under_the_same_id(sending: Sending, stage: Stage) -> None:
    sending.post()
    with stage.office.store.transaction() as unit:
        (row,) = unit.rows(Answered)
        unit.put(Answered(row.id, row.person, row.digest, "", stage.at - 31))
    sending.post()
    assert len(sending.done) == 2
    assert len(set(sending.done)) == 1


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "a b" * 10, "é" * 20])
def test_a_form__without_a_proper_key__is_refused(sending: Sending, key: str) -> None:
    assert sending.post(key=key).status_code == 400
    assert sending.done == []


def test_a_form__that_does_not_fit__says_so_by_field(sending: Sending) -> None:
    answer = sending.post(shares="5.5")
    assert answer.status_code == 422
    assert b"shares" in bytes(answer.body)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("shares=5&csrf=%ff", FORM),
        ("shares=5%00", FORM),
        ("&".join(f"a{n}=1" for n in range(300)), FORM),
        ("shares=5", "text/plain"),
        ("--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
        ("{}", "application/json"),
    ],
)
def test_a_body__that_is_no_form_of_ours__is_refused(sending: Sending, body: str, kind: str) -> None:
    headers = {"content-type": kind, "x-csrf-token": sending.csrf}
    assert sending.http.post("/form", content=body, headers=headers).status_code == 400
    assert sending.done == []


@pytest.mark.parametrize(("kind", "most"), [(FORM, FORM_BYTES_MAX), ("application/json", JSON_BYTES_MAX)])
def test_a_body__beyond_its_limit__is_cut_off(sending: Sending, kind: str, most: int) -> None:
    def in_parts() -> Iterator[bytes]:
        yield from (b"a" * 65_536 for _ in range(most // 65_536 + 1))

    for content in (b"a" * (most + 1), in_parts()):
        assert sending.http.post("/form", content=content, headers={"content-type": kind}).status_code == 413
    assert sending.http.post("/form", content=b"a=1", headers={"content-length": "x"}).status_code in {400, 413}


CASES: dict[str, Callable[[str, str], tuple[dict[str, str], dict[str, str]]]] = {
    "no token": lambda own, other: ({}, {"origin": ORIGIN}),
    "a token of another session": lambda own, other: ({"csrf": other}, {"origin": ORIGIN}),
    "another origin": lambda own, other: ({"csrf": own}, {"origin": "https://evil.example"}),
    "another port": lambda own, other: ({"csrf": own}, {"origin": "https://localhost:8444"}),
    "no scheme": lambda own, other: ({"csrf": own}, {"origin": "null"}),
    "no origin, from another site": lambda own, other: ({"csrf": own}, {"sec-fetch-site": "cross-site"}),
    "no origin, from a sister site": lambda own, other: ({"csrf": own}, {"sec-fetch-site": "same-site"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("path", POSTED)
def test_every_route_that_changes_something__asked_by_a_page_of_another_site__refuses(stage: Stage, path: str) -> None:
    who, other = stage.visitor(), stage.visitor()
    own, stranger = who.fields("/sign-in")["csrf"], other.fields("/sign-in")["csrf"]
    before = stage.acts()
    for what, case in CASES.items():
        fields, headers = case(own, stranger)
        asker = Visitor(stage, "browser/1", {})
        asker.http.cookies = who.http.cookies
        asker.http.headers.pop("origin")
        answer = asker.http.post(concrete(path), data=fields, headers=headers)
        led_away = answer.status_code == 303 and answer.headers["location"].startswith(("/sign-in", "/desk/sign-in", "/join"))
        assert answer.status_code == 403 or led_away, (what, answer.status_code)
    assert stage.acts() == before


def concrete(path: str) -> str:
    """A route's path with something in place of its names."""
    parts = path.replace(":path", "").split("/")
    return "/".join("x" if part.startswith("{") else part for part in parts)


def test_the_token__as_a_header__counts_too(stage: Stage) -> None:
    who = stage.visitor()
    token = who.fields("/sign-in")["csrf"]
    told = {"chain": "evm", "address": evm_wallet().address}
    assert who.post("/sign-in/challenge", told, **{"x-csrf-token": token}).status_code == 200


@pytest.mark.slow
def test_a_form__sent_over_and_over__is_held_back(stage: Stage) -> None:
    who = stage.visitor()
    token = who.fields("/sign-in")["csrf"]
    found = {who.post("/sign-out", {"csrf": token}).status_code for _ in range(245)}
    assert 429 in found


def test_a_body__that_never_arrives__is_not_waited_for(stage: Stage) -> None:
    told: list[int] = []

    async def receive() -> dict[str, object]:
        await asyncio.sleep(3600 if told else 0.01)
        told.append(0)
        return {"type": "http.request", "body": b"a=", "more_body": True}

    async def send(message: MutableMapping[str, object]) -> None:
        if message["type"] == "http.response.start":
            told.append(int(str(message["status"])))

    headers = [(b"host", stage.shell.host.encode()), (b"content-type", FORM.encode())]
    scope = {"type": "http", "method": "POST", "path": "/sign-out", "query_string": b"", "headers": headers}
    asyncio.run(Front(application(), stage.shell, body_s=0.2)(scope, receive, send))
    assert told[-1] == 408
