"""Sessions: their ids, their ends, and what a stolen or planted one is worth."""

from pathlib import Path

import pytest
from tests.web.stage import Stage, evm_wallet

from openscrip.runtime.web_settings import WebLine
from openscrip.web.shell.rows import DeskOperator, Session
from openscrip.web.shell.sessions import hashed

ALICE = evm_wallet()


def test_signing_in__from_a_planted_cookie__gives_another_one(stage: Stage) -> None:
    who = stage.visitor()
    planted = "A" * 43
    who.http.cookies.set(stage.shell.cookie, planted, domain="localhost.local", path="/")
    assert who.sign_in(ALICE).status_code == 303
    cookies = [cookie.value for cookie in who.http.cookies.jar]
    assert planted not in cookies
    assert len(cookies[-1] or "") == 43


def test_the_cookie__of_a_session__is_for_this_host_alone_and_no_script(stage: Stage) -> None:
    who = stage.visitor()
    asked = who.get("/sign-in").headers["set-cookie"]
    assert asked.startswith("__Host-openscrip-8443=")
    assert asked.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax")


def test_a_session__in_the_books__is_kept_as_a_hash(stage: Stage) -> None:
    who = stage.visitor()
    who.sign_in(ALICE)
    with stage.office.store.view() as view:
        rows = view.rows(Session)
    assert [row.id for row in rows] == [hashed(who.id)]
    assert who.id not in repr(rows)


def test_signing_in_again__ends_what_was_before(stage: Stage) -> None:
    who = stage.visitor()
    who.sign_in(ALICE)
    first = who.id
    device_owner, _ = stage.operator("ada", "operator")
    who.post("/sign-out", {"csrf": who.fields("/security")["csrf"]})
    who.sign_in(ALICE)
    assert who.id not in {first, device_owner.id}


def test_signing_out__takes_the_session_away_everywhere(stage: Stage) -> None:
    who = stage.visitor()
    stage.client("alice", "evm", ALICE.address)
    who.sign_in(ALICE)
    stolen = who.id
    assert who.get("/security").status_code == 200
    done = who.post("/sign-out", {"csrf": who.fields("/security")["csrf"]})
    assert done.headers["location"] == "/"
    assert "Max-Age=0" in done.headers["set-cookie"]
    thief = stage.visitor()
    thief.http.cookies.set(stage.shell.cookie, stolen, domain="localhost.local", path="/")
    assert thief.get("/security").headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(("steps_s", "lives"), [((1_700, 1_700), True), ((1_801,), False), ((1_700,) * 26, False)])
def test_an_operators_session__idle_for_half_an_hour_or_open_for_twelve__is_over(
    stage: Stage, steps_s: tuple[int, ...], lives: bool
) -> None:
    who, _ = stage.operator("ada", "operator")
    answer = who.get("/security")
    for step_s in steps_s:
        stage.at += step_s
        answer = who.get("/security")
    assert (answer.status_code == 200) == lives, answer.headers


def test_a_page__that_asks_by_itself__keeps_nobody_signed_in(stage: Stage) -> None:
    who, _ = stage.operator("ada", "operator")
    for _ in range(3):
        stage.at += 599
        assert who.get("/security", **{"x-background": "1"}).status_code == 200
    stage.at += 599
    assert who.get("/security").status_code == 303


def test_an_investors_session__idle_for_twelve_hours__is_over(stage: Stage) -> None:
    who = stage.visitor()
    who.sign_in(ALICE)
    stage.at += 43_199
    assert who.get("/security").status_code == 200
    stage.at += 43_200
    assert who.get("/security").status_code == 303


def test_lives__as_set__count(tmp_path: Path) -> None:
    stage = Stage(tmp_path, WebLine(investor_idle_s=10, investor_most_s=15))
    who = stage.visitor()
    who.sign_in(ALICE)
    stage.at += 9
    assert who.get("/security").status_code == 200
    stage.at += 7
    assert who.get("/security").status_code == 303
    stage.close()


def test_a_session__from_another_browser__is_written_down(stage: Stage) -> None:
    who = stage.visitor()
    who.sign_in(ALICE)
    assert who.get("/security", **{"user-agent": "another/2"}).status_code == 200
    assert [act for act in stage.acts() if "session.other_browser" in act] != []


def test_ending__a_session_from_another_one__works_for_ones_own_alone(stage: Stage) -> None:
    here, there, stranger = stage.visitor("here"), stage.visitor("there"), stage.visitor("stranger")
    for who in (here, there):
        who.sign_in(ALICE)
    stranger.sign_in(evm_wallet(2))
    other = hashed(there.id)
    stranger.post("/security/sessions/end", {"csrf": stranger.fields("/security")["csrf"], "session": other})
    assert there.get("/security").status_code == 200
    here.post("/security/sessions/end", {"csrf": here.fields("/security")["csrf"], "session": other})
    assert there.get("/security").status_code == 303
    assert here.get("/security").status_code == 200


def test_an_operator__whose_role_is_taken_or_who_is_removed__is_out_at_the_next_request(stage: Stage) -> None:
    who, _ = stage.operator("ada", "operator")
    assert who.get("/security").status_code == 200
    with stage.office.store.transaction() as unit:
        unit.put(DeskOperator("ada", (), (), 0, "console"))
    assert who.get("/security").status_code == 303
    again, _ = stage.operator("bert", "operator")
    stage.operator_link("bert", "auditor")
    assert again.get("/security").status_code == 303


@pytest.mark.parametrize(
    "told",
    ["//evil.example", "\\\\evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\r\nX: y", "x"],
)
def test_after_signing_in__a_path_that_is_not_ours__is_not_followed(stage: Stage, told: str) -> None:
    stage.client("alice", "evm", ALICE.address)
    who = stage.visitor()
    assert who.sign_in(ALICE, told).headers["location"] == "/holdings"


def test_after_signing_in__the_page_that_was_asked_for__is_next(stage: Stage) -> None:
    stage.client("alice", "evm", ALICE.address)
    who = stage.visitor()
    asked = who.get("/orders/sub-1?after=3")
    assert asked.headers["location"] == "/sign-in?next=%2Forders%2Fsub-1%3Fafter%3D3"
    assert who.sign_in(ALICE, "/orders/sub-1?after=3").headers["location"] == "/orders/sub-1?after=3"


def test_a_redirect_of_ours__for_htmx__is_a_header(stage: Stage) -> None:
    answer = stage.visitor().get("/orders", **{"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (200, "/sign-in")
