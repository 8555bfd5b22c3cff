"""What is too much, too deep, pressed, or asked too often: refused in words, with nothing done and no failure of ours."""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.databases import copy_of
from tests.web.investing import InvestorStage, quoted
from tests.web.stage import Stage, Visitor, evm_wallet

from openscrip.web.live import Hub, stream
from openscrip.web.shell.limits import BUCKETS, Limits

DEEP = "[" * 16_000
FORM = "application/x-www-form-urlencoded"


def challenged(who: Visitor, stage: Stage) -> Any:
    """Ask for a sentence to sign."""
    token = who.fields("/security")["csrf"]
    return who.post("/sign-in/challenge", {"csrf": token, "chain": "evm", "address": evm_wallet().address})


ASKS: dict[str, Callable[[Visitor, Stage], Any]] = {
    "sign-in": challenged,
    "account": challenged,
    "quotes": lambda who, stage: quoted(who),
    "forms": lambda who, stage: who.post("/sign-out", {"csrf": "x"}),
    "events": lambda who, stage: who.get("/events?topics=none"),
    "search": lambda who, stage: who.get("/desk/search?q=TSLA"),
}


def test_every_kind_of_asking__has_a_limit_and_a_case_here() -> None:
    assert set(ASKS) == set(BUCKETS)


@pytest.mark.slow
@pytest.mark.parametrize("bucket", ASKS)
def test_asking__too_often__is_429_with_the_wait__and_others_go_on(up_to_date: Any, tmp_path: Any, bucket: str) -> None:
    stage = InvestorStage(copy_of(up_to_date, tmp_path))
    who = stage.investor("anna") if bucket != "search" else stage.operator("ada", "operator")[0]
    other = stage.investor("otto", 3)
    object.__setattr__(stage.shell, "limits", Limits({**BUCKETS, bucket: "3/minute"}))
    statuses = [ASKS[bucket](who, stage) for _ in range(5)]
    assert 429 not in {each.status_code for each in statuses[:2]}
    refused = statuses[-1]
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "asked too often" in refused.text
    if bucket in {"quotes", "forms"}:
        assert ASKS[bucket](other, stage).status_code != 429, "an account has its own count"
    stage.close()


@pytest.mark.parametrize("path", ["/desk/sign-in", "/desk/enrol/x"])
def test_json__deeper_than_any_reader__is_refused_and_no_failure(stage: Stage, path: str) -> None:
    who = stage.visitor()
    link = stage.operator_link("ada", "operator") if "enrol" in path else path
    for text in (DEEP, '{"response":' * 1_000, "{" * 16_000, '{"id":[],"response":{"a":' + "[" * 900 + "]" * 900 + "}}"):
        told = who.fields(link)
        answer = who.post(link, {**told, "credential": text, "label": "laptop"})
        assert answer.status_code == 422, (path, text[:20], answer.status_code)


@pytest.mark.parametrize(
    "told",
    [
        {"id": [], "response": {}}, {"id": {}, "rawId": 1, "response": {"userHandle": []}, "type": 7},
        {"id": "x", "rawId": "x", "type": "public-key", "response": {"clientDataJSON": 1, "signature": {}}},
        {"id": "\ud800", "response": {"clientDataJSON": "\ud800"}},
    ],
)  # fmt: skip
def test_a_credential__whose_parts_are_of_other_kinds__is_refused_and_no_failure(stage: Stage, told: dict[str, Any]) -> None:
    _, device = stage.operator("ada", "operator")
    who = stage.visitor()
    known = json.loads(device.get(who.fields("/desk/sign-in")["options"]))
    for credential in (told, {**known, **{name: value for name, value in told.items() if name != "id"}}):
        answer = who.post("/desk/sign-in", {**who.fields("/desk/sign-in"), "credential": json.dumps(credential)})
        assert answer.status_code == 422, answer.status_code


def test_a_pressed_body__is_never_opened(stage: Stage) -> None:
    who = stage.visitor()
    token = who.fields("/sign-in")["csrf"]
    bomb = gzip.compress(f"csrf={token}&pad={'a' * 5_000_000}".encode())
    headers = {"content-type": FORM, "content-encoding": "gzip"}
    assert len(bomb) < 64 * 1024
    assert who.http.post("/sign-out", content=bomb, headers=headers).status_code == 400
    assert who.http.post("/sign-out", data={"csrf": token}).status_code == 303


def test_headers_and_addresses__longer_than_sense__are_answered_without_a_failure(stage: Stage) -> None:
    signed_in = stage.visitor("a" * 5_000)
    signed_in.sign_in(evm_wallet())
    assert signed_in.get("/security").status_code == 200
    who = stage.visitor()
    for path in ("/" + "a" * 5_000, "/sign-in?next=" + "a" * 5_000, "/events?topics=" + "order:x," * 2_000, "/%00", "/%ff%fe"):
        assert who.get(path).status_code in {200, 400, 404}, path[:20]


def test_a_stream__whose_session_ends__ends_with_the_next_beat() -> None:
    may = [True]

    async def followed() -> int:
        hub = Hub(lambda after, limit: [], lambda: 0, lambda: 0, beat_s=0.2)
        await hub.start()
        heard = 0
        async for _ in stream(hub, ["queues"], None, lambda: may[0]):
            heard += 1
            may[0] = heard < 3
        hub.close()
        return heard

    assert 3 <= asyncio.run(asyncio.wait_for(followed(), 60)) <= 6
