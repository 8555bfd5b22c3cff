"""The list of markets in a browser: by keys alone, with new prices for what is shown, and nothing lost of what was typed."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Opens
from tests.browser.serving import Serving
from tests.web.public_world import PublicStage
from tests.web.test_markets import FELL, PlayedTrading, many, with_markets

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def trading() -> PlayedTrading:
    return PlayedTrading([FELL, *many()])


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, trading: PlayedTrading) -> Iterator[str]:
    stage = with_markets(PublicStage(tmp_path_factory.mktemp("markets")), trading)
    made = Serving(lambda at: stage.opened(at).app)
    yield made.origin
    made.stop()


def test_markets__by_keys_alone__are_found_and_gone_through(opens: Opens, origin: str, axe: Callable[[Page], None]) -> None:
    page = opens(origin).new_page()
    page.goto("/trade")
    axe(page)
    page.keyboard.press("/")
    expect(page.get_by_label("Find a market")).to_be_focused()
    page.keyboard.type("s00")
    page.keyboard.press("Enter")
    expect(page.locator("#markets-count")).to_contain_text("1 to 50 of 200 that match")
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    links = page.locator("#markets-table tbody a")
    expect(links.first).to_be_focused()
    page.keyboard.press("End")
    expect(links.last).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(links.nth(48)).to_be_focused()
    page.get_by_role("link", name="Further").click()
    expect(page.locator("#markets-count")).to_contain_text("51 to 100 of 200")
    page.get_by_role("link", name="Change, 24 h").click()
    expect(page.get_by_role("columnheader", name="Change, 24 h")).to_have_attribute("aria-sort", "descending")


def test_a_price__that_is_shown__follows_the_venue__and_the_search_keeps_what_is_being_typed(
    opens: Opens, origin: str, trading: PlayedTrading
) -> None:
    page = opens(origin).new_page()
    page.goto("/trade?q=tsla")
    expect(page.locator("#market-TSLAxUSD")).to_contain_text("90.00")
    page.get_by_label("Find a market").fill("half a wo")
    page.locator("#to-TSLAxUSD").focus()
    trading.found = [replace(FELL, last=9_512), *trading.found[1:]]
    expect(page.locator("#market-TSLAxUSD")).to_contain_text("95.12", timeout=30_000)
    expect(page.locator("#to-TSLAxUSD")).to_be_focused()
    expect(page.get_by_label("Find a market")).to_have_value("half a wo")
