"""The page of all parts: how each looks, what axe-core says of it, and what is left without a mouse or on a small screen."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Look, Opens
from tests.browser.serving import Serving
from tests.web.stage import Stage

from openscrip.web.app import web_application

pytestmark = [pytest.mark.slow]

PATHS = ("/style", "/licences")
"""The pages that axe-core judges here."""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the shell's own pages are, served in process: no other part is asked by them."""
    stage = Stage(tmp_path_factory.mktemp("style"))
    made = Serving(lambda at: web_application(replace(stage.shell, origin=at)))
    yield made.origin
    made.stop()
    stage.close()


def test_every_part_looks_as_it_was_stored_and_breaks_no_rule_of_accessibility(
    page: Page, look: Look, axe: Callable[[Page], None]
) -> None:
    page.goto("/style")
    expect(page.locator("#coverage-chart .canvas")).to_have_attribute("data-state", "drawn")
    axe(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    axe(page)
    look(page, "style")


def test_the_licences_of_what_a_browser_is_sent_can_be_read(page: Page, axe: Callable[[Page], None]) -> None:
    page.goto("/licences")
    page.get_by_text("lightweight-charts 5.2.1, Apache-2.0").click()
    expect(page.get_by_text("TERMS AND CONDITIONS FOR USE")).to_be_visible()
    axe(page)


def test_the_colours_are_changed_by_one_press_and_stay_after_a_reload(page: Page) -> None:
    page.goto("/style")
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(12, 16, 23)"
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_first_press_of_tab_offers_the_way_to_the_content(page: Page) -> None:
    page.goto("/style")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_everything_is_reached_by_tab_and_what_has_the_focus_shows_it(page: Page) -> None:
    page.goto("/style")
    seen: list[str] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        where = page.evaluate(
            """() => {
                const at = document.activeElement, style = getComputedStyle(at.closest(".box") ?? at);
                const box = at.getBoundingClientRect();
                const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
                const inside = box.bottom > 0 && box.top < innerHeight;
                return [at.tagName + "#" + at.id, shown || at === document.body, inside || at === document.body];
            }"""
        )
        if where[0].startswith("BODY"):
            break
        assert where[1:] == [True, True], where
        seen.append(where[0])
    assert {"A#theme", "A#foot-licences", "INPUT#f-amount", "SELECT#f-chain", "A#nav-trade"} <= set(seen)


def test_on_a_phone_nothing_but_tables_moves_sideways_and_at_twice_the_size_neither(opens: Opens, origin: str) -> None:
    for width in (390, 320):
        page = opens(origin, viewport={"width": width, "height": 844}).new_page()
        page.goto("/style")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_forced_colours_leave_borders_where_colour_alone_would_have_told(opens: Opens, origin: str) -> None:
    page = opens(origin, forced_colors="active").new_page()
    page.goto("/style")
    borders = page.evaluate("[...document.querySelectorAll('.badge, .banner')].map((e) => getComputedStyle(e).borderTopWidth)")
    assert borders
    assert set(borders) == {"1px"}


def test_with_reduced_motion_nothing_moves(opens: Opens, origin: str) -> None:
    page = opens(origin, reduced_motion="reduce").new_page()
    page.goto("/style")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter((e) => {const s = getComputedStyle(e);"
        " return s.animationName !== 'none' || parseFloat(s.transitionDuration) > 0;}).length"
    )
    assert moving == 0
