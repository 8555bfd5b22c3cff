"""Every route at once, read from the one table: who gets in, what may change something, what comes back, what is inert."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.databases import copy_of
from tests.web.hostile_world import (
    HOSTILE,
    SHORT,
    VENUE_PAGES,
    World,
    alive,
    concrete,
    everybody,
    for_whom,
    form_fields,
    query_fields,
    token_of,
)
from tests.web.stage import Visitor, evm_wallet
from tests.web.test_doors import refuse_unguarded
from tests.web.test_forms import CASES

from openscrip.web.shell.limits import BUCKETS, Limits
from openscrip.web.shell.routes_table import INVESTOR, OPERATOR, PUBLIC, ROUTES, TOKENLESS, WALLET
from openscrip.web.shell.rows import ROLES

pytestmark = pytest.mark.slow

STREAM = "GET /events"
GOTTEN = sorted(name for name in ROUTES if name.startswith("GET ") and name != STREAM)
POSTED = sorted(name for name in ROUTES if name.startswith("POST "))
ENDS = {"POST /sign-out"}
"""Ends the session that the other cases need."""
KEPT_BY_READERS = re.compile(r"no-cache|public, max-age=31536000, immutable")
NUMBER = re.compile(r"[0-9a-f]{8}|dur=[0-9.]+")


@pytest.fixture(scope="module")
def world(up_to_date: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all: what a test changes, it changes for nobody else."""
    made = World(copy_of(up_to_date, tmp_path_factory.mktemp("surface")))
    object.__setattr__(made.shell, "limits", Limits(dict.fromkeys(BUCKETS, "100000/minute")))
    yield made
    made.close()


def state(world: World) -> object:
    """What the books hold of what a form could change."""
    with world.office.store.view() as view:
        return [view.position(), len(list(view.audited())), world.rows()]


def asked(who: Visitor, name: str, path: str, **fields: Any) -> Any:
    method = name.split(" ", maxsplit=1)[0]
    return who.http.request(method, path, data=fields or None)


def test_every_route_that_changes_something__asked_from_elsewhere_in_a_living_session__refuses(
    world: World,
) -> None:
    stranger = token_of(world.visitor(), world)
    people = {kind: (who, token_of(who, world)) for kind, who in everybody(world).items()}
    before = state(world)
    for name in POSTED:
        who, own = people[for_whom(name)]
        path = concrete(name.removeprefix("POST "), "x")
        for what, case in CASES.items():
            if name in TOKENLESS and what in {"no token", "a token of another session"}:
                continue
            fields, headers = case(own, stranger)
            asker = Visitor(world, "browser/1", {})
            asker.http.cookies = who.http.cookies
            asker.http.headers.pop("origin")
            answer = asker.http.post(path, data={**fields, "key": "k" * 32}, headers=headers)
            assert answer.status_code == 403, (name, what, answer.status_code)
            assert re.search("form.(origin|token)", answer.text), (name, what)
    assert state(world) == before


def test_each_role__on_each_route_of_the_desk__gets_in_where_the_table_says_so_and_nowhere_else(world: World) -> None:
    people = {role: world.operator(f"only-{role}", role)[0] for role in ROLES}
    people["nobody any more"] = world.visitor()
    tokens = {role: token_of(who, world) for role, who in people.items()}
    for name, needed in ROUTES.items():
        if needed in {PUBLIC, WALLET, INVESTOR}:
            continue
        reads = name.startswith("GET ")
        for role, who in people.items():
            answer = asked(who, name, concrete(name.split(" ")[1], "x"), **({} if reads else {"csrf": tokens[role]}))
            if role == "nobody any more":
                assert answer.headers.get("location", "").startswith("/desk/sign-in"), name
                continue
            may = role in needed.split() if needed != OPERATOR else reads or role != "auditor"
            assert (answer.status_code != 403) == may, (role, name, answer.status_code)


def test_an_investor__at_every_route_of_the_desk__and_an_operator_at_every_investors__is_led_away(world: World) -> None:
    tokens = {kind: token_of(who, world) for kind, who in everybody(world).items()}
    for name in ROUTES:
        kind = for_whom(name)
        if kind == PUBLIC:
            continue
        other = {INVESTOR: OPERATOR, OPERATOR: INVESTOR}[kind]
        answer = asked(everybody(world)[other], name, concrete(name.split(" ")[1], "x"), csrf=tokens[other])
        assert answer.status_code == 303, (name, answer.status_code)
        assert answer.headers["location"].startswith(("/sign-in", "/desk/sign-in", "/join")), name


def test_every_answer__to_whoever_it_is_for__has_the_exact_headers__and_no_cache_keeps_what_is_private(world: World) -> None:
    for name in [*GOTTEN, *sorted(set(POSTED) - ENDS)]:
        who = everybody(world)[for_whom(name)]
        answer = asked(who, name, concrete(name.split(" ")[1], "x"))
        refuse_unguarded(answer.headers)
        kept = answer.headers["cache-control"]
        assert kept == "no-store" or (for_whom(name) == PUBLIC and KEPT_BY_READERS.fullmatch(kept)), (name, kept)
        if kept == "no-store":
            assert "content-encoding" not in answer.headers, name
        if "attachment" not in answer.headers.get("content-disposition", "attachment"):
            assert answer.headers["content-type"].startswith("text/html"), name


OWNED, SHARED = {"order_id", "quote_id", "subject", "passage_id"}, {"label", "form", "pair", "place", "tx_id"}
"""The names in investors' routes: what is somebody's, and what is a period or public. A new one needs its place here."""


def test_every_id_in_an_investors_route__of_another__is_answered_as_one_that_never_was(world: World) -> None:
    parts = {part for name in ROUTES if for_whom(name) == INVESTOR for part in re.findall(r"\{(\w+)", name)}
    assert parts <= OWNED | SHARED
    otto, token = world.otto, token_of(world.otto, world)
    for name in ROUTES:
        if not OWNED & set(re.findall(r"\{(\w+)", name)):
            continue
        told = {"csrf": token, "key": "k" * 32, "transaction": "AA==", "to": f"evm:{evm_wallet(3).address}", "pay": "bank"}
        path = name.split(" ")[1]
        theirs, nobodys = (
            asked(otto, name, concrete(path, value), **({} if name.startswith("GET") else told | {"outcome": "approved"}))
            for value in (world.order_id, "web-" + "0" * (len(world.order_id) - 4))
        )
        wanted = 503 if "/trade/" in name else 404  # the venue that would know does not answer here
        assert theirs.status_code == nobodys.status_code == wanted, (name, theirs.status_code, nobodys.status_code)
        assert len(NUMBER.sub("", theirs.text)) == len(NUMBER.sub("", nobodys.text)), name
        assert "TSLA" not in theirs.text, name


def test_every_field_of_every_form_and_every_part_of_every_address__filled_with_hostile_words__stays_text(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    people = everybody(world)
    tokens = {kind: token_of(who, world) for kind, who in people.items()}
    for name in sorted(set(POSTED) - ENDS - {"POST /practice/clock"}):
        kind, path = for_whom(name), concrete(name.removeprefix("POST "), "x")
        for words in (HOSTILE, SHORT):
            fields = dict.fromkeys(form_fields(), words) | {"csrf": tokens[kind], "key": "k" * 32}
            judge(name, people[kind].post(path, fields))
    for name in GOTTEN:
        judge(name, people[for_whom(name)].get(concrete(name.removeprefix("GET "), "%0d%0aX-Evil:%201%22" + "%3Cx-evil%3E")))
    for name, field in query_fields():
        if name != STREAM:
            path = concrete(name.removeprefix("GET "), "TSLA")
            judge(f"{name} {field}", people[for_whom(name)].http.get(path, params={field: HOSTILE}))
    for who in people.values():
        assert who.id == "" or who.id not in caplog.text
    assert not any(token in caplog.text for token in tokens.values())


def judge(name: str, answer: Any) -> None:
    """Nothing failed as a bug does, nothing came alive, nothing slipped into the headers."""
    assert answer.status_code != 500, (name, answer.text[:600])
    assert "x-evil" not in answer.headers, name
    assert "\n" not in "".join(answer.headers.values()), name
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert alive(answer.text) == [], name
    else:
        assert answer.headers.get("x-content-type-options") == "nosniff", name
    location = answer.headers.get("location", answer.headers.get("hx-redirect", "/"))
    assert re.match(r"/(?![/\\])", location), (name, location)


VALID: dict[str, tuple[str, dict[str, str]]] = {
    "join": ("/join", {"name": HOSTILE[:100], "born_on": "1990-01-01", "nationality": "DE", "residence": "DE",
                       "tax_residence": "DE", "us_person": "no"}),
    "subscribe": ("/subscribe", {"stock": "TSLA", "amount": "10", "unit": "shares", "mode": "order_through",
                                 "to": f"evm:{evm_wallet(1).address}", "pay": "bank"}),
    "redeem": ("/redeem", {"source": f"TSLA:evm:{evm_wallet(1).address}", "amount": "1", "kind": "cash", "deliver_to": "",
                           "paid_in": "bank"}),
    "key": ("/security/keys", {"name": HOSTILE[:60], "scopes": "read"}),
}  # fmt: skip


@pytest.mark.parametrize("form", VALID)
def test_each_field_of_a_form__hostile_among_good_ones__stays_text_when_the_form_is_shown_again(
    world: World, form: str
) -> None:
    path, good = VALID[form]
    for field in good:
        judge(
            f"{form} {field}",
            world.anna.post(path, {"csrf": token_of(world.anna, world), "key": "q" * 32, **good, field: HOSTILE}),
        )


def test_what_is_kept__of_clients_partners_chains_and_operators__is_text_on_every_page_that_shows_it(world: World) -> None:
    eve, browser = evm_wallet(7), world.visitor(HOSTILE)
    world.office.client("eve", eve, HOSTILE)
    browser.sign_in(eve)
    browser.post("/security/keys", {"csrf": token_of(browser, world), "name": HOSTILE[:60], "scopes": "read"})
    ada, token = world.ada, token_of(world.ada, world)
    reasoned = {"csrf": token, "key": "r" * 32, "id": "TSLA:supply:evm:1", "reason": HOSTILE}
    assert ada.post("/desk/decisions/breaks", reasoned).status_code == 303
    shown = [
        "/desk", "/desk/audit", "/desk/ledger", "/desk/approvals", "/desk/health", "/desk/search?q=TSLA",
        *(f"/desk/queues/{kind}" for kind in re.findall(r'href="/desk/queues/([a-z-]+)"', ada.get("/desk").text)),
        "/desk/items/breaks/TSLA:supply:evm:1", "/desk/items/cases/case-1", "/desk/items/questions/question-1",
        "/desk/items/deposits/evm:0xtx:1", "/desk/items/crossings/evm:0xkey", "/desk/items/held-subscriptions/sub-held",
        *VENUE_PAGES,
    ]  # fmt: skip
    marked = 0
    for path in shown:
        answer = ada.get(path)
        judge(path, answer)
        assert answer.status_code in {200, 503}, (path, answer.status_code)
        marked += "x-evil" in answer.text
    assert marked >= 12, "hostile words were shown nowhere: the test is blind"
    for path in ("/", "/stocks/TSLA", "/status", "/who", "/activity", "/reports", "/trade", "/security"):
        judge(path, browser.get(path))
    own = ("holdings", "orders", "orders/sub-held", "notices", "documents", "dividends", "redeem", "subscribe", "join")
    for path in (f"/{each}" for each in own):
        judge(path, world.anna.get(path))
        judge(path, browser.get(path))
    assert "x-evil" in browser.get("/security").text


@pytest.mark.parametrize(
    "text",
    [
        f"<p>{HOSTILE}</p>", f'<p title="{HOSTILE}">', f"<p title='{HOSTILE}'>", "<p style=color:red>", "<script>1</script>",
        '<a href="javascript:alert(1)">', '<form action=" JavaScript:1">', "<p onclick=1>", "<p>49${7*7}</p>",
    ],
)  # fmt: skip
def test_what_comes_alive__in_a_page__is_seen_by_these_tests(text: str) -> None:
    assert alive(text) != []
    assert alive('<p title="onload=x">&lt;x-evil&gt;</p><script src="/a.js"></script><a href="/x">x</a>') == []
