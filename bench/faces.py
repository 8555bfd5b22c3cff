"""The pages in a browser: weight, first paint, the server's own time, and how late live values are shown.

`python -m bench.faces` starts a run of its own with the demo's stocks; `--beside DATA` takes one that runs. Live values: three
pages in Chromium and 200 clients of a further process follow facts that are committed ten times a second; a page counts a value
as shown in the frame after its event came. Weight is what crossed the wire, headers and all, with an empty cache.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from tools.chromium import find

from openscrip.assets.accounts import CHART
from openscrip.bootstrap.platform import REGISTERED
from openscrip.issuance.coverage import CoverageChanged
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.database import open_database
from openscrip.runtime.settings import load_settings
from openscrip.runtime.sql import SqlStore

PAGES = ("/", "/stocks/TSLA", "/activity", "/trade", "/trade/TSLAxUSD", "/style", "/sign-in")
CONTEXTS, REQUESTS, AT_ONCE = 5, 200, 4
WATCHERS, CLIENTS, PER_S, SECONDS = 3, 200, 10, 15
READY_S = 120
FLAGS = ["--no-sandbox"]
FOLLOW = """async () => {
  const base = new URL(document.querySelector('script[src*="page.mjs"]').src);
  const { follow } = await import(new URL("live.mjs", base));
  window.shown = {};
  follow(["coverage"], ({ type, fact }) => {
    if (type !== "fact" || fact.fact !== "CoverageChanged") return;
    requestAnimationFrame(() => { window.shown[fact.version] ??= performance.timeOrigin + performance.now(); });
  });
}"""


@contextmanager
def a_run(beside: Path | None) -> Iterator[tuple[Path, str]]:
    """The data folder and the address of a run."""
    if beside is not None:
        yield beside, json.loads((beside / "doors.json").read_text())["doors"]["web"]
        return
    with tempfile.TemporaryDirectory() as folder:
        options = ["--json", "--accelerated", "--start", "2024-06-03T14:00:00Z", "--data", folder]
        command = [sys.executable, "-m", "openscrip.cli", "up", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            told = json.loads(process.stdout.readline() if process.stdout else "")
            yield Path(folder), told["doors"]["web"]
        finally:
            process.terminate()
            process.wait(60)


def weigh(browser: Browser, origin: str, path: str) -> tuple[int, float]:
    """Bytes over the wire, and milliseconds to the first contentful paint, of a page opened by a new visitor."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    line: CDPSession = context.new_cdp_session(page)
    line.send("Network.enable")
    sizes: list[float] = []
    line.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    page.goto(origin + path, wait_until="load")
    while not page.evaluate("performance.getEntriesByName('first-contentful-paint').length"):
        page.wait_for_timeout(20)
    page.wait_for_timeout(300)
    paint_ms = float(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    context.close()
    return int(sum(sizes)), paint_ms


def server_p95_ms(origin: str, path: str) -> float:
    """What the server says that it took, in the slowest twentieth of requests."""

    def once(_: int) -> float:
        with httpx.Client(trust_env=False, timeout=30) as client:
            told = client.get(origin + path).headers["Server-Timing"]
        return float(told.split("app;dur=")[1].split(",")[0])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        took = sorted(list(pool.map(once, range(REQUESTS + 20)))[20:])
    return took[int(len(took) * 0.95)]


class Commits(threading.Thread):
    """Commits a fact ten times a second, and remembers when each was on the disk."""

    def __init__(self, data: Path) -> None:
        super().__init__(daemon=True)
        settings = load_settings({}, data, None)
        self._store = SqlStore(open_database(settings.database_url), CHART, (*REGISTERED,))
        self.at_ms: dict[int, float] = {}

    def run(self) -> None:
        """Until all are committed."""
        begin = time.monotonic()
        for number in range(PER_S * SECONDS):
            time.sleep(max(0.0, begin + number / PER_S - time.monotonic()))
            fact = CoverageChanged("TSLA", "covered", Shares(10**9 + number), Shares(10**9), RawAmount(10**18))
            with self._store.transaction() as unit:
                unit.record(fact, 1_717_423_200)
            now_ms = time.time() * 1_000
            with self._store.view() as view:
                self.at_ms[view.position()] = now_ms
        self._store.close()


async def listen(origin: str, clients: int, seconds: float) -> None:
    """Raw clients in a process of their own; prints how late each event came, in milliseconds of the wall clock."""
    parts = urlsplit(origin)
    seen: list[tuple[int, float]] = []

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", parts.port)
        asked = f"GET /events?topics=coverage HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
        writer.write(asked.encode())
        while True:
            line = await reader.readline()
            if not line:
                return
            if line.startswith(b'data: {"state"'):
                at_ms = time.time() * 1_000
                seen.append((json.loads(line[6:])["version"], at_ms))

    tasks = [asyncio.create_task(one()) for _ in range(clients)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    print(json.dumps(seen))


def live(browser: Browser, data: Path, origin: str) -> Mapping[str, float]:
    """Latencies in milliseconds from the commit, on pages and at clients, and the server's share of a core."""
    pid = server_of(data)
    listening = subprocess.Popen(
        [sys.executable, "-m", "bench.faces", "--listen", origin, "--seconds", str(SECONDS + 8)],
        stdout=subprocess.PIPE,
        text=True,
    )
    pages: list[Page] = []
    for _ in range(WATCHERS):
        page = browser.new_context().new_page()
        page.goto(origin + "/style")
        page.evaluate(FOLLOW)
        pages.append(page)
    time.sleep(4)
    commits = Commits(data)
    before_s, begin = cpu_s(pid), time.monotonic()
    commits.start()
    commits.join()
    busy_s, took_s = cpu_s(pid) - before_s, time.monotonic() - begin
    pages[0].wait_for_timeout(500)
    shown = [
        float(at) - commits.at_ms[int(version)]
        for page in pages
        for version, at in page.evaluate("window.shown").items()
        if int(version) in commits.at_ms
    ]
    got = [at - commits.at_ms[version] for version, at in json.loads(listening.communicate()[0]) if version in commits.at_ms]
    return {
        "shown": len(shown),
        "shown_p50_ms": statistics.median(shown),
        "shown_p95_ms": sorted(shown)[int(len(shown) * 0.95)],
        "client_events": len(got),
        "client_p50_ms": statistics.median(got),
        "client_p95_ms": sorted(got)[int(len(got) * 0.95)],
        "server_cores": busy_s / took_s,
    }


def server_of(data: Path) -> int:
    """The process that serves the pages of a data folder."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = command.read_bytes().decode().split("\0")
        except OSError:
            continue
        if "openscrip.cli" in words and "web" in words and str(data) in words:
            return int(command.parent.name)
    raise LookupError(f"faces: no process serves the pages of {data}")


def cpu_s(pid: int) -> float:
    """What a process has used of a core so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(beside: Path | None = None) -> Mapping[str, Any]:
    """All figures by name."""
    found: dict[str, Any] = {}
    with a_run(beside) as (data, origin), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        for path in PAGES:
            weights = [weigh(browser, origin, path) for _ in range(CONTEXTS)]
            found[path] = {
                "kb": max(size for size, _ in weights) / 1_024,
                "first_paint_ms": statistics.median(paint for _, paint in weights),
                "server_p95_ms": server_p95_ms(origin, path),
            }
            print(path, json.dumps(found[path]), file=sys.stderr)
        found["live"] = live(browser, data, origin)
        browser.close()
    return found


def main() -> None:
    """Measure, or listen for who measures."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--beside", type=Path)
    asked.add_argument("--listen", default="")
    asked.add_argument("--seconds", type=float, default=SECONDS)
    told = asked.parse_args()
    if told.listen:
        asyncio.run(listen(told.listen, CLIENTS, told.seconds))
    else:
        print(json.dumps(measure(told.beside), indent=1))


if __name__ == "__main__":
    main()
