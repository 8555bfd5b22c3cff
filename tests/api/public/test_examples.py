"""The examples of the documentation, run as they stand against a server on this machine."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from tests.api.public.office import SimulatedOffice, key_of, simulated
from tests.api.public.test_webhooks import listening

from openscrip.api.outgoing.sending import Sender, poster
from openscrip.api.outgoing.targets import address_of
from openscrip.api.v2 import api_v2
from openscrip.issuance.coverage import CoverageChanged
from openscrip.issuance.distribution_row import StockFrozen
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.api_keys import Scope

pytestmark = pytest.mark.slow
DOCS = Path(__file__).parents[3] / "docs"
OWNER = "reader"


def examples(page: str) -> list[str]:
    """The blocks of Python on a page, in order."""
    return re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@contextmanager
def serving(office: SimulatedOffice) -> Iterator[str]:
    """The API where the web process mounts it."""

    def allow(url: str) -> None:
        address_of(url, paper=True)

    api = api_v2(office, allow=allow)
    config = uvicorn.Config(Starlette(routes=[Mount("/api/v2", app=api)]), port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    started = threading.Event()
    while not (server.started and server.servers):
        assert thread.is_alive()
        started.wait(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


def test_examples_of_the_public_api__run_as_they_stand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    office = simulated(tmp_path)
    key = key_of(office, OWNER, Scope.READ, Scope.TRADE)
    with serving(office) as base:
        names: dict[str, Any] = {"BASE": base, "KEY": key, "WALLET": "0x" + "3" * 40}
        for block in examples("public-api.md"):
            exec(compile(block, "docs/public-api.md", "exec"), names)  # the page's own code
        names["reader"].close()
    told = capsys.readouterr().out
    assert "held for" in told
    assert "Order received" in told


def test_examples_of_webhooks__run_as_they_stand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    office = simulated(tmp_path)
    key = key_of(office, OWNER, Scope.WEBHOOKS)
    register, check = examples("webhooks.md")
    with serving(office) as base, listening() as target:
        names: dict[str, Any] = {"BASE": base, "KEY": key, "TARGET": target.url}
        exec(compile(register, "docs/webhooks.md", "exec"), names)  # the page's own code
        with office.store.transaction() as unit:
            changed = CoverageChanged("TSLA", "covered", Shares.whole(2), Shares.whole(1), RawAmount.parse("1"))
            unit.record(changed, office.now())
            unit.record(StockFrozen("TSLA", "x"), office.now())
        sender = Sender(office.store, office.webhook_master, poster(paper=True), lambda: 77_000)
        while sender.step():
            pass
        [(headers, body)] = target.heard
        names |= {"HEADERS": headers, "BODY": body, "NOW": 77_100}
        exec(compile(check, "docs/webhooks.md", "exec"), names)  # the page's own code
    assert "coverage.changed" in capsys.readouterr().out
