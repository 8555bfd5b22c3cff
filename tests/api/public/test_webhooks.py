"""Webhooks: told at least once, in a way that can be checked, to targets that may be told, and given up in the end."""

import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fastapi.testclient import TestClient

from openscrip.api.outgoing.rows import Delivery, Webhook, secret_of, signature
from openscrip.api.outgoing.sending import WAITS_S, Answer, Sender, poster
from openscrip.api.outgoing.targets import address_of
from openscrip.api.v2 import api_v2
from openscrip.assets.accounts import CHART
from openscrip.issuance.coverage import CoverageChanged
from openscrip.issuance.distribution_row import StockFrozen
from openscrip.issuance.journey import Journey, OrderMoved
from openscrip.kernel.clock import SteppedClock
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.records.networks import Network
from openscrip.runtime.api_keys import Scope, make_key
from openscrip.runtime.memory import MemoryStore

pytestmark = pytest.mark.parts

MASTER = b"k" * 32


class Office:
    """As much of an office as webhooks need."""

    def __init__(self) -> None:
        self.store, self.clock, self.webhook_master = MemoryStore(CHART), SteppedClock(1_000), MASTER
        self.clock_mode = "accelerated"
        self.networks: dict[str, Network] = {}

    def now(self) -> int:
        return self.clock.now()

    def key(self, person: str) -> dict[str, str]:
        with self.store.transaction() as unit:
            return {"X-API-Key": make_key(unit, person, "hooks", (Scope.WEBHOOKS,), "ada", 1)[1]}


@pytest.fixture
def office() -> Office:
    return Office()


def door(office: Office, *, paper: bool = True, addresses: tuple[str, ...] = ("127.0.0.1",)) -> TestClient:
    def allow(url: str) -> None:
        address_of(url, paper=paper, resolve=lambda host, port: addresses)

    app: Any = api_v2(office, allow=allow)  # type: ignore[arg-type]  # webhooks ask for no more
    return TestClient(app, base_url="http://127.0.0.1")


class Target:
    """A server that answers as it is told and remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.url = ""


@contextmanager
def listening() -> Iterator[Target]:
    target = Target()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            target.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = target.statuses.pop(0) if target.statuses else 200
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    target.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield target
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def register(api: TestClient, key: dict[str, str], url: str, *events: str, request: str = "w-1") -> Any:
    answer = api.post("/webhooks", json={"requestId": request, "url": url, "events": list(events)}, headers=key)
    assert answer.status_code == 200, answer.text
    return answer.json()


def happen(office: Office, *facts: Any) -> None:
    with office.store.transaction() as unit:
        for fact in facts:
            unit.record(fact, office.now())


def covered(held: int) -> CoverageChanged:
    return CoverageChanged("TSLA", "covered", Shares.whole(held), Shares.whole(1), RawAmount.parse("1"))


def sender_of(office: Office, seconds: list[int], post: Any = None) -> Sender:
    return Sender(office.store, MASTER, post or poster(paper=True), lambda: seconds[0])


def deliveries(office: Office) -> list[Delivery]:
    with office.store.view() as view:
        return view.rows(Delivery)


def test_telling__can_be_checked_from_its_raw_body_number_and_time(office: Office) -> None:
    api, key, seconds = door(office), office.key("alice"), [50_000]
    with listening() as target:
        made = register(api, key, target.url, "coverage.changed")
        happen(office, covered(3))
        assert sender_of(office, seconds).step() == 2
    [(headers, body)] = target.heard
    told = f"{headers['openscrip-delivery']}.{headers['openscrip-timestamp']}.".encode() + body
    expected = hmac.new(made["secret"].encode(), told, hashlib.sha256).hexdigest()
    assert headers["openscrip-signature"] == f"v1={expected}"
    assert headers["openscrip-timestamp"] == "50000"
    document = json.loads(body)
    assert (document["id"], document["type"]) == (int(headers["openscrip-delivery"]), "coverage.changed")
    assert document["data"]["sharesHeld"] == "3"
    assert [each.state for each in deliveries(office)] == ["delivered"]


def test_numbers__rise_in_the_order_of_what_happened_and_only_what_was_asked_is_told(office: Office) -> None:
    api, key = door(office), office.key("alice")
    with listening() as target:
        register(api, key, target.url, "coverage.changed")
        happen(office, covered(1), StockFrozen("TSLA", "x"), covered(2), covered(3))
        sender_of(office, [1]).step()
    numbers = [json.loads(body)["id"] for _, body in target.heard]
    assert numbers == sorted(numbers)
    assert [json.loads(body)["data"]["sharesHeld"] for _, body in target.heard] == ["1", "2", "3"]


def test_order__is_told_to_its_owner_alone(office: Office) -> None:
    api = door(office)
    with office.store.transaction() as unit:
        unit.put(Journey("sub-1", "TSLA", "alice"))
    with listening() as target, listening() as other:
        register(api, office.key("alice"), target.url, "order.moved")
        register(api, office.key("mallory"), other.url, "order.moved", "coverage.changed")
        happen(office, OrderMoved("sub-1", "alice", "TSLA", "buying"), covered(1))
        sender_of(office, [1]).step()
    assert [json.loads(body)["data"]["orderId"] for _, body in target.heard] == ["sub-1"]
    assert [json.loads(body)["type"] for _, body in other.heard] == ["coverage.changed"]


def test_failure__is_tried_again_after_growing_waits_and_ends_dead(office: Office) -> None:
    api, seconds, answers = door(office), [0], list[int]()
    register(api, office.key("alice"), "http://127.0.0.1:1/", "coverage.changed")
    happen(office, covered(1))

    def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
        answers.append(seconds[0])
        return Answer(500, "answered 500")

    sender = sender_of(office, seconds, post)
    for _ in range(len(WAITS_S) + 3):
        sender.step()
        sender.step()
        seconds[0] = max(seconds[0], deliveries(office)[0].next_s)
    assert [later - earlier for earlier, later in itertools.pairwise(answers)] == list(WAITS_S)
    [dead] = deliveries(office)
    assert (dead.state, dead.attempts, dead.status) == ("dead", len(WAITS_S) + 1, 500)


def test_redirect__is_a_failure_and_never_followed(office: Office) -> None:
    api = door(office)
    with listening() as target:
        target.statuses = [307]
        register(api, office.key("alice"), target.url, "coverage.changed")
        happen(office, covered(1))
        sender_of(office, [0]).step()
        assert len(target.heard) == 1
    assert (deliveries(office)[0].state, deliveries(office)[0].status) == ("waiting", 307)


def test_target__that_is_gone__is_given_up_at_once(office: Office) -> None:
    api, key = door(office), office.key("alice")
    with listening() as target:
        target.statuses = [410]
        register(api, key, target.url, "coverage.changed")
        happen(office, covered(1), covered(2))
        sender = sender_of(office, [0])
        while sender.step():
            pass
    [hook] = api.get("/webhooks", headers=key).json()["items"]
    assert hook["state"] == "given_up"


def test_crash__between_answer_and_note__tells_again_with_the_same_number(office: Office) -> None:
    api, seconds = door(office), [0]
    with listening() as target:
        register(api, office.key("alice"), target.url, "coverage.changed")
        happen(office, covered(1))
        real = poster(paper=True)

        def dies(url: str, body: bytes, headers: dict[str, str]) -> Answer:
            real(url, body, headers)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            sender_of(office, seconds, dies).step()
        sender_of(office, seconds).step()
        numbers = [headers["openscrip-delivery"] for headers, _ in target.heard]
    assert len(numbers) == 2
    assert numbers[0] == numbers[1]


def test_webhook__asked_twice__is_one_and_another_cannot_touch_it(office: Office) -> None:
    api, key, other = door(office), office.key("alice"), office.key("mallory")
    made = register(api, key, "http://127.0.0.1:1/", "coverage.changed")
    assert register(api, key, "http://127.0.0.1:1/", "coverage.changed") == made
    changed = {"requestId": "w-1", "url": "http://127.0.0.1:2/", "events": ["coverage.changed"]}
    assert api.post("/webhooks", json=changed, headers=key).status_code == 409
    assert api.delete(f"/webhooks/{made['id']}", headers=other).status_code == 404
    assert api.get(f"/webhooks/{made['id']}/deliveries", headers=other).status_code == 404
    assert api.delete(f"/webhooks/{made['id']}", headers=key).json()["state"] == "ended"
    happen(office, covered(1))
    sender_of(office, [0]).step()
    assert deliveries(office) == []
    assert "secret" not in api.get("/webhooks", headers=key).json()["items"][0]


def test_secrets__are_made_from_one_key_and_stand_nowhere(office: Office) -> None:
    made = register(door(office), office.key("alice"), "http://127.0.0.1:1/", "coverage.changed")
    with office.store.view() as view:
        [row] = view.rows(Webhook)
    assert made["secret"] == secret_of(MASTER, row.id)
    assert made["secret"] not in repr(row)
    assert signature("a", 1, 2, b"x") != signature("a", 1, 3, b"x")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.7", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "::1",
     "fe80::1", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "::", "::127.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::a00:1",
     "64:ff9b:1::a00:1", "2001:0:7f00:1::", "fec0::1", "5f00::1", "3fff::1", "2001:db8::1", "fe80::1%eth0", "255.255.255.255"],
)  # fmt: skip
def test_private_target__where_money_is_real__is_refused(address: str) -> None:
    with pytest.raises(Refused) as refused:
        address_of("https://hooks.example/", paper=False, resolve=lambda host, port: [address])
    assert refused.value.code == "webhook.private"
    with pytest.raises(Refused):
        address_of("https://hooks.example/", paper=False, resolve=lambda host, port: ["93.184.216.34", address])


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34"])
def test_public_target__of_either_family__is_told(address: str) -> None:
    assert address_of("https://hooks.example/", paper=False, resolve=lambda host, port: [address]) == address


def test_target__is_looked_at_again_before_each_telling() -> None:
    post = poster(paper=False, resolve=lambda host, port: ["127.0.0.1"])
    answer = post("https://hooks.example/", b"{}", {})
    assert (answer.status, "not public" in answer.error) == (0, True)
    assert address_of("https://hooks.example/", paper=False, resolve=lambda host, port: ["93.184.216.34"]) == "93.184.216.34"


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "https://", "https://user:pass@a.example/", "https://a.example/#x", "https://a b/", "https://a.example:99999/",
     "javascript:alert(1)", "https://\u00e9.example/", "https://a.example/" + "x" * 500],
)  # fmt: skip
def test_url__that_is_none__is_refused(url: str) -> None:
    with pytest.raises(Malformed):
        address_of(url, paper=True, resolve=lambda host, port: ["127.0.0.1"])


def test_plain_http__is_for_paper_runs_alone(office: Office) -> None:
    body = {"requestId": "w-1", "url": "http://hooks.example/", "events": ["coverage.changed"]}
    answer = door(office, paper=False, addresses=("93.184.216.34",)).post("/webhooks", json=body, headers=office.key("alice"))
    assert (answer.status_code, answer.json()["code"]) == (422, "webhook.scheme")
    unknown = body | {"events": ["coverage.changed", "all"]}
    assert door(office).post("/webhooks", json=unknown, headers=office.key("bob")).json()["code"] == "webhook.event"
