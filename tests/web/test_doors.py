"""What every answer carries, whom we answer at all, who may ask what, and failures as pages."""

import gzip
import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from tests.web.stage import ORIGIN, Response, Stage, evm_wallet
from tests.web.test_forms import concrete

from openscrip.runtime.api_keys import ApiKey
from openscrip.web.pages import all_routes
from openscrip.web.shell.headers import CSP, HEADERS
from openscrip.web.shell.limits import Limits, TooMany
from openscrip.web.shell.routes_table import INVESTOR, OPERATOR, PUBLIC, ROUTES, WALLET
from openscrip.web.shell.rows import ROLES, SHELL_ROWS

pytestmark = pytest.mark.slow

GOTTEN = sorted(name.removeprefix("GET ") for name in ROUTES if name.startswith("GET "))
EXACT = CSP.format(connect="'self'")


def routes() -> set[str]:
    found = [each for router in all_routes() for each in router.routes if isinstance(each, APIRoute)]
    return {f"{method} {each.path}" for each in found for method in each.methods or ()}


def test_every_route__has_its_line_in_the_table_and_every_line_its_route() -> None:
    assert routes() ^ set(ROUTES) == set()


def test_every_line__names_somebody_who_can_be() -> None:
    known = {PUBLIC, WALLET, INVESTOR, OPERATOR}
    assert {who for who in ROUTES.values() if who not in known and not set(who.split()) <= set(ROLES)} == set()


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_nobody__without_being_who_the_table_says__gets_in(stage: Stage, name: str) -> None:
    method, path = name.split(" ")
    needed = ROUTES[name]
    if path == "/events":
        return
    nobody, wallet, investor = stage.visitor(), stage.visitor(), stage.visitor()
    stage.client("alice", "evm", evm_wallet(1).address)
    asked = {"nobody": nobody}
    if needed != PUBLIC:
        investor.sign_in(evm_wallet(1))
        wallet.sign_in(evm_wallet(2))
        asked |= {"wallet": wallet, "investor": investor}
    allowed = {PUBLIC: set(asked), WALLET: {"wallet", "investor"}, INVESTOR: {"investor"}}.get(needed, set())
    for kind, who in asked.items():
        token = {"csrf": who.fields("/theme" if kind == "none" else "/sign-in" if kind == "nobody" else "/security")["csrf"]}
        answer = who.http.request(method, concrete(path), data=token if method == "POST" else None)
        led_away = answer.status_code == 303 and answer.headers["location"].startswith(("/sign-in", "/desk/sign-in", "/join"))
        assert led_away or kind in allowed or answer.status_code == 403, (kind, answer.status_code)


def test_roles__of_operators__open_what_they_name_and_an_auditor_only_reads(stage: Stage) -> None:
    for role, status in (("auditor", 403), ("operator", 404), ("approver", 403), ("admin", 403)):
        who, _ = stage.operator(f"of-{role}", role)
        told = {"csrf": who.fields("/security")["csrf"], "id": "case-1", "word": "release"}
        assert who.post("/desk/decisions/breaks", told).status_code == status, role
    auditor, _ = stage.operator("aud", "auditor")
    told = {"csrf": auditor.fields("/security")["csrf"], "key": "x"}
    assert auditor.post("/security/passkeys/remove", told).status_code == 403


@pytest.mark.parametrize("path", [path for path in GOTTEN if path != "/events"])
def test_every_answer__carries_the_exact_headers(stage: Stage, path: str) -> None:
    answer = stage.visitor().get(concrete(path))
    refuse_unguarded(answer.headers)


def refuse_unguarded(headers: object) -> None:
    told = {name.lower(): value for name, value in dict(headers).items()}  # type: ignore[call-overload]  # httpx headers are a mapping
    assert told["content-security-policy"] == EXACT
    for name, value in HEADERS.items():
        assert told[name.lower()] == value, name
    assert told["strict-transport-security"].startswith("max-age=")
    assert re.fullmatch(r'app;dur=[0-9.]+, db;dur=[0-9.]+;desc="[0-9]+"', told["server-timing"])
    assert "cache-control" in told
    assert "server" not in told


def test_failures__of_every_kind__carry_them_too(stage: Stage) -> None:
    who = stage.visitor()
    asked: list[Response] = [
        who.get("/none"), who.http.delete("/sign-in"), who.http.post("/sign-out"), who.get("/", host="evil.example"),
        who.http.post("/sign-out", content=b"a" * 70_000), who.http.options("/"), who.get("/vendor/../../etc/passwd"),
        who.get("/static/x/css/none.css"),
    ]  # fmt: skip
    assert [each.status_code for each in asked] == [404, 405, 403, 421, 413, 405, 404, 404]
    for answer in asked:
        refuse_unguarded(answer.headers)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost", "localhost:8444", "127.0.0.1:8443.evil.example", "[::1]:8443", ""]
)
def test_a_name__that_is_not_ours__is_not_answered(stage: Stage, host: str) -> None:
    answer = stage.visitor().get("/sign-in", host=host)
    assert answer.status_code in {400, 421}
    assert "set-cookie" not in answer.headers


def test_the_loopback_address__is_led_to_the_name(stage: Stage) -> None:
    answer = stage.visitor().get("/stocks/TSLA?a=1", host="127.0.0.1:8443")
    assert (answer.status_code, answer.headers["location"]) == (307, f"{ORIGIN}/stocks/TSLA?a=1")
    for path in ("//evil.example/x", "/\\evil.example"):
        answer = stage.visitor().get(f"https://127.0.0.1:8443{path}", host="127.0.0.1:8443")
        assert answer.headers["location"] == f"{ORIGIN}/evil.example{'/x' if 'x' in path[-2:] else ''}"


def test_forwarded_headers__are_not_believed(stage: Stage) -> None:
    who = stage.visitor()
    headers = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "http", "forwarded": "host=evil.example"}
    assert "evil.example" not in who.get("/sign-in", **headers).text
    token = who.fields("/sign-in")["csrf"]
    told = {"csrf": token, "chain": "evm", "address": evm_wallet().address}
    found = [who.post("/sign-in/challenge", told, **{"x-forwarded-for": f"10.0.0.{n}"}).status_code for n in range(12)]
    assert found[-1] == 429


def test_files__are_kept_for_ever_and_pressed(stage: Stage) -> None:
    who, files = stage.visitor(), stage.shell.assets
    for path in (files.own_url("css/base.css"), files.vendor_url("htmx.org/dist/htmx.min.js")):
        plain = who.get(path, **{"accept-encoding": "identity"})
        pressed = who.get(path, **{"accept-encoding": "gzip"})
        assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert pressed.headers["content-encoding"] == "gzip"
        assert pressed.content == plain.content
        assert "set-cookie" not in plain.headers
    old = who.get("/static/0000000000000000/css/base.css")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")
    assert gzip.decompress(files.own("css/base.css").pressed) == files.own("css/base.css").body  # type: ignore[union-attr]  # it is there


def test_pages__of_nobody_are_pressed_and_private_ones_are_never_kept(stage: Stage) -> None:
    public = stage.visitor().get("/licences", **{"accept-encoding": "gzip"})
    assert public.headers["cache-control"] == "no-cache"
    assert public.headers["content-encoding"] == "gzip"
    assert "HX-Request" in public.headers["vary"]
    who = stage.visitor()
    who.sign_in(evm_wallet())
    for path in ("/licences", "/security", "/sign-in"):
        answer = who.get(path, **{"accept-encoding": "gzip"})
        assert answer.headers["cache-control"] == "no-store", path
        assert "content-encoding" not in answer.headers


def test_a_block__is_sent_to_htmx_and_the_whole_page_to_a_step_back(stage: Stage) -> None:
    who = stage.visitor()
    block = who.get("/licences", **{"hx-request": "true"}).text
    assert "<html" not in block
    assert "<h1" in block
    assert "<html" in who.get("/licences", **{"hx-history-restore-request": "true"}).text
    assert "<html" in who.get("/licences", **{"hx-request": "true", "hx-history-restore-request": "true"}).text


def test_light_or_dark__is_kept_in_a_cookie_and_set_by_the_server(stage: Stage) -> None:
    who = stage.visitor()
    answer = who.post("/theme", {"theme": "dark", "next": "/licences"})
    assert answer.headers["location"] == "/licences"
    assert '<html lang="en" data-theme="dark">' in who.get("/licences").text
    assert who.post("/theme", {"theme": "pink"}).status_code == 400
    assert who.post("/theme", {"theme": "light", "next": "//evil.example"}).headers["location"] == "/"
    assert who.post("/theme", {"theme": "light"}, origin="https://evil.example").status_code == 403
    who.post("/theme", {"theme": "system"})
    assert "data-theme" not in who.get("/licences").text.partition(">")[2].partition("\n")[0]


def test_failure_pages__with_the_database_gone__are_there_all_the_same(stage: Stage, tmp_path: Path) -> None:
    who = stage.visitor()
    who.sign_in(evm_wallet())
    stage.close()
    for file in tmp_path.glob("store.db*"):
        file.unlink()
    (tmp_path / "store.db").mkdir()
    for path, status in (("/security", 503), ("/holdings", 503), ("/none", 404)):
        answer = who.get(path)
        assert answer.status_code == status, path
        assert "<h1" in answer.text
        refuse_unguarded(answer.headers)
    assert stage.visitor().get("/licences").status_code == 200


def test_a_failure__tells_a_number_and_nothing_of_the_inside(stage: Stage) -> None:
    stage.shell.challenges._open = None  # type: ignore[assignment]  # so that asking fails as a bug would
    answer = stage.visitor().get("/desk/sign-in")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "NoneType" not in answer.text


def test_limits__by_key__are_apart_and_say_when() -> None:
    limits = Limits({"quotes": "2/minute"})
    for _ in range(2):
        limits.spend("quotes", "alice", 0)
        limits.spend("quotes", "bob", 0)
    with pytest.raises(TooMany) as reached:
        limits.spend("quotes", "alice", 0)
    assert 1 <= reached.value.after_s <= 60


def kept(stage: Stage) -> list[object]:
    """Everything that the books hold."""
    with stage.office.store.view() as view:
        return [*(view.rows(kind) for kind in (*SHELL_ROWS, ApiKey)), view.audited(), view.facts()]


def test_asking__for_whatever_page__changes_nothing(stage: Stage) -> None:
    stage.client("alice", "evm", evm_wallet(1).address)
    operator, _ = stage.operator("ada", *ROLES)
    investor, nobody = stage.visitor(), stage.visitor()
    investor.sign_in(evm_wallet(1))
    before = kept(stage)
    for who in (nobody, investor, operator):
        for path in GOTTEN:
            if path != "/events":
                who.get(concrete(path))
    assert kept(stage) == before
