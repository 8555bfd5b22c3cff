"""Prices and the state of parts reach whoever follows them, over a real stream."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from tests.databases import copy_of
from tests.web.stage import Stage

from openscrip.assets.stock import PriceMoved
from openscrip.bootstrap.platform import REGISTERED
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import PricePerShare
from openscrip.web.live import encode, hub_of
from openscrip.web.parts_watch import PartsWatch, Seen, look
from openscrip.web.shell.headers import Front

WAIT_S = 60.0


class Server(uvicorn.Server):
    """Leaves the signals alone."""

    def install_signal_handlers(self) -> None:
        """None."""


@dataclass
class Heard:
    """A client of the stream: what it was told, and whether it is connected."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def wait_for(self, **wanted: str) -> dict[str, Any]:
        ends = time.monotonic() + WAIT_S
        while time.monotonic() < ends:
            for event in list(self.events):
                if wanted.items() <= event.items():
                    return event
            time.sleep(0.01)
        raise AssertionError(f"{wanted} was never told; heard {self.events}")


@dataclass
class Served:
    """A stage behind a real socket."""

    stage: Stage
    port: int

    def follow(self, topics: str, cookie: str = "") -> Heard:
        heard = Heard()
        host = self.stage.shell.host
        headers = {"host": host, "cookie": f"{self.stage.shell.cookie}={cookie}", "user-agent": "browser/1"}

        def read() -> None:
            address = f"http://127.0.0.1:{self.port}/events?topics={topics}"
            with httpx.stream("GET", address, headers=headers, timeout=WAIT_S, trust_env=False) as answer:
                heard.events.append({"status": answer.status_code})
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        heard.events.append(json.loads(line[6:]))

        threading.Thread(target=read, daemon=True).start()
        ends = time.monotonic() + WAIT_S
        while len(heard.events) < 2 and time.monotonic() < ends and heard.events[:1] in ([], [{"status": 200}]):
            time.sleep(0.01)
        return heard


@pytest.fixture
def served(up_to_date: Path, tmp_path: Path) -> Iterator[Served]:
    """The shell's application on a socket of its own."""
    stage = Stage(copy_of(up_to_date, tmp_path), registered=REGISTERED)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # who comes before the server has started waits for it
    app: Front = stage.app
    server = Server(uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield Served(stage, listener.getsockname()[1])
    hub_of(stage.office.store, stage.office.now).close()
    server.should_exit = True
    thread.join(WAIT_S)
    listener.close()
    stage.close()


def test_a_price_that_moved__is_told_to_everybody_who_follows_prices(served: Served) -> None:
    heard = served.follow("price")
    with served.stage.office.store.transaction() as unit:
        unit.record(PriceMoved("TSLA", PricePerShare.parse("187.43")), served.stage.office.now())
    told = heard.wait_for(topic="price", key="TSLA")
    assert (told["price"], told["fact"]) == ("187.43", "PriceMoved")


def test_a_part_that_becomes_ill__is_told_once_to_those_who_may_know_and_so_is_its_recovery(served: Served) -> None:
    who, _ = served.stage.operator("ada", "operator")
    desk, public = served.follow("health,status", who.id), served.follow("health,status")
    assert public.events[1]["topics"] == ["status"], "errors of feeds are for operators"
    seen: dict[tuple[str, str], dict[str, str]] = {
        ("status", "Venue"): {"state": "halted", "text": "Does not answer"},
        ("health", "feed broker"): {"state": "ill", "text": "it hung up"},
    }

    def looked(_: object) -> Seen:
        return dict(seen)

    office: Any = served.stage.office
    watch = PartsWatch(office, hub_of(office.store, office.now), looked)
    watch.look_once()
    watch.look_once()
    for heard in (desk, public):
        assert heard.wait_for(topic="status", key="Venue")["state"] == "halted"
    assert desk.wait_for(topic="health", key="feed broker")["text"] == "it hung up"
    seen.clear()
    watch.look_once()
    for heard in (desk, public):
        heard.wait_for(topic="status", key="Venue", state="well")
    desk.wait_for(topic="health", key="feed broker", state="well")
    assert len([event for event in desk.events if event.get("key") == "feed broker"]) == 2
    assert [event for event in public.events if event.get("topic") == "health"] == []
    late = served.follow("status")
    assert late.wait_for(topic="status", key="Venue")["state"] == "well"


def test_a_look_at_the_parts__tells_feeds_processes_and_a_platform_that_is_gone() -> None:
    class Door:
        def __init__(self) -> None:
            self.told: Any = {"troubles": {"broker": "it hung up"}, "processes": {"evm": 7, "watch": 0}, "commands": [1]}

        def get(self, path: str) -> Any:
            assert path == "/v1/parts"
            if self.told is None:
                raise Unavailable("platform: nothing runs")
            return self.told

    class Gone:
        """An office whose books do not answer."""

        door = Door()

        def now(self) -> int:
            raise Unavailable("books: they do not answer")

    office: Any = Gone()
    found = look(office)
    assert found["status", "Books"]["state"] == "halted"
    assert found["health", "feed broker"] == {"state": "ill", "text": "it hung up"}
    assert [found["health", f"process {name}"]["state"] for name in ("evm", "watch")] == ["well", "ill"]
    assert found["health", "commands"] == {"state": "waiting", "text": "1"}
    office.door.told = None
    assert look(office)["health", "platform"]["state"] == "ill"
    assert b"\n\n" in encode("fact", dict(look(office)["health", "platform"]))
