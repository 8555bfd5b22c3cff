"""A browser, and a run of the platform with its pages and the venue, that the tests of this folder share."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.browser import looking
from tests.browser.watching import Watch
from tests.e2e.stack import COMMAND_S, Up

from chromium import find

FLAGS = ["--no-sandbox", "--font-render-hinting=none", "--disable-lcd-text", "--force-device-scale-factor=1"]
"""The same pixels on every machine."""
DESKTOP = {"width": 1280, "height": 900}
WAIT_MS = 30_000
START = "2024-06-03T14:00:00Z"
"""Half past ten on a Monday in New York: the market is open."""

Look = Callable[..., None]
Opens = Callable[..., BrowserContext]


class Beside(Up):
    """A run that somebody else started, named by `BESIDE=DATA` in the environment: for a quick look while a page is made."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.doors = json.loads((data / "doors.json").read_text())["doors"]
        self.http = httpx.Client(timeout=COMMAND_S, trust_env=False, base_url=self.doors["api"])

    def stop(self, number: int = 0) -> int:
        """Nothing of ours to end."""
        self.http.close()
        return number


def beside() -> Up | None:
    """The run of `BESIDE`, if one is named."""
    named = os.environ.get("BESIDE", "")
    return Beside(Path(named)) if named else None


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The machine's Chromium; its absence is a failure, never a reason to leave a test out."""
    program = find()
    if program is None:
        pytest.fail("no Chromium was found; `make setup` installs it or says why not")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`openscrip up` with the venue and the pages, market time accelerated; one for all tests of a process."""
    up = beside() or Up(tmp_path_factory.mktemp("faces") / "data", "--accelerated", "--start", START, venue=True, web=True)
    yield up
    up.stop()


@pytest.fixture(scope="session")
def origin(stack: Up) -> str:
    """Where the pages are, such as `http://localhost:40123`."""
    return stack.doors["web"]


@pytest.fixture
def watch() -> Watch:
    """What the pages of a test did that they may not."""
    return Watch()


@pytest.fixture
def opens(browser: Browser, watch: Watch) -> Iterator[Opens]:
    """Opens contexts (persons with cookies of their own); each is watched, and closed at the end."""
    opened: list[BrowserContext] = []

    def open_context(base: str = "", **options: object) -> BrowserContext:
        told = {"viewport": DESKTOP, "reduced_motion": "reduce", "color_scheme": "light", **options}
        context = browser.new_context(base_url=base or None, **told)  # type: ignore[arg-type]  # the caller knows the options
        context.set_default_timeout(WAIT_MS)
        watch.over(context)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()
    left = watch.left()
    assert left == [], "\n".join(left)


@pytest.fixture
def page(opens: Opens, origin: str) -> Page:
    """A page of the running stack; the test fails for an error on its console, a breach of policy, a request elsewhere."""
    return opens(origin).new_page()


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """`look(page, "home")`: compares the page with its stored looks."""

    def compare(page: Page, name: str, **options: object) -> None:
        looking.look(page, name, tmp_path, **options)  # type: ignore[arg-type]  # the caller knows the options

    return compare


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """`axe(page)`: fails with every violation that axe-core finds."""

    def judge(page: Page) -> None:
        looking.settle(page)
        found = looking.axe(page)
        assert found == [], "\n".join(found)

    return judge
