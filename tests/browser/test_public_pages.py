"""The public pages in a browser: how they look, what axe-core says, and a check that finds what was tampered with.

They are served in process over a played quarter: no other part runs, and what is shown is the same every time.
"""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Look, Opens
from tests.browser.looking import picture
from tests.browser.serving import Serving
from tests.web.public_world import ANN, SUN, PublicStage

pytestmark = [pytest.mark.slow]

PATHS = {
    "home": "/",
    "stock": "/stocks/TSLA",
    "coverage": "/stocks/TSLA/coverage",
    "multiplier": "/stocks/NVDA/multiplier",
    "actions": "/actions",
    "action": "/actions/NVDA.SPLF.2024-06-10",
    "reports": "/reports",
    "report": "/reports/2024-06",
    "check": "/check",
    "who": "/who",
    "terms": "/terms",
    "status": "/status",
    "activity": "/activity",
    "token": "/activity/TSLA",
}
LOOKED_AT = ("home", "stock", "status", "token")
VERDICT = "#check-result .check-out"


class Served(Serving):
    """The stage behind an address."""

    def __init__(self, stage: PublicStage) -> None:
        self.stage = stage
        super().__init__(lambda origin: stage.opened(origin).app)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The quarter with one report that all have signed."""
    stage = PublicStage(tmp_path_factory.mktemp("public"))
    stage.public.write_report()
    made = Served(stage)
    yield made
    made.stop()


@pytest.fixture
def visit(opens: Opens, served: Served) -> Page:
    """A browser of somebody who is not signed in."""
    return opens(served.origin).new_page()


@pytest.mark.parametrize("name", PATHS)
def test_a_page__in_both_colours_and_on_a_phone__breaks_no_rule_of_accessibility(
    visit: Page, axe: Callable[[Page], None], name: str
) -> None:
    visit.goto(PATHS[name])
    expect(visit.locator(".canvas[data-state=waiting]")).to_have_count(0)
    if name == "report":
        expect(visit.locator(".check-out")).to_have_attribute("data-verdict", "right")
    axe(visit)
    visit.emulate_media(color_scheme="dark", reduced_motion="reduce")
    visit.set_viewport_size({"width": 390, "height": 844})
    axe(visit)
    assert visit.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_page__looks_as_it_was_stored(visit: Page, look: Look, name: str) -> None:
    visit.goto(PATHS[name])
    expect(visit.locator(".canvas[data-state=waiting]")).to_have_count(0)
    look(visit, f"public-{name}", mask=())
    if name in ("home", "stock"):
        picture(visit, f"public-{name}")


def paste(visit: Page, text: str, verdict: str) -> str:
    """Paste, check, wait for what comes of it; the words of the result."""
    visit.fill("#f-paste", text)
    visit.get_by_role("button", name="Check it here").click()
    expect(visit.locator(VERDICT)).to_have_attribute("data-verdict", verdict)
    return visit.locator(VERDICT).inner_text()


def test_an_address_that_was_counted__is_verified_step_by_step_and_never_sent(
    visit: Page, served: Served, look: Look, axe: Callable[[Page], None]
) -> None:
    asked: list[str] = []
    visit.on("request", lambda request: asked.append(f"{request.url} {request.post_data or ''}"))
    visit.goto("/check")
    for address, chain in ((ANN.upper().replace("0X", "0x"), "evm"), (SUN, "solana")):
        text = paste(visit, address, "right")
        assert "You were counted in report 2024-06. All" in text
        assert f"TSLA on {chain}: path to the root" in text
        assert "The auditor Sample Auditor signed exactly this hash." in text
    visit.get_by_text("Show the bytes").nth(1).click()
    expect(visit.get_by_text("Leaf: SHA-256")).to_be_visible()
    axe(visit)
    look(visit, "public-checked", sizes=("desktop",), mask=())
    assert not [url for url in asked if ANN.lower() in url.lower() or SUN in url]


def test_a_proof__that_is_right_is_verified_and_one_that_was_tampered_with_is_refused(visit: Page, served: Served) -> None:
    visit.goto("/check")
    proof = served.stage.public.proof("evm", ANN)
    assert "You were counted." in paste(visit, json.dumps(proof), "right")
    for change, broken in (
        ({"salt": "00" * 32}, "The name in the tree is not that of this address"),
        ({"holder": "0x" + "ee" * 20}, "The name in the tree is not that of this address"),
        ({"proof": {**proof["proof"], "amount": str(int(proof["proof"]["amount"]) + 1)}}, "does not lead to the root"),
        ({"proof": {**proof["proof"], "path": proof["proof"]["path"][:-1]}}, "The path is too short"),
        ({"proof": {**proof["proof"], "index": 99}}, "outside the tree"),
    ):
        assert broken in paste(visit, json.dumps({**proof, **change}), "wrong")
    assert "belongs to none of the reports" in paste(
        visit, json.dumps({**proof, "proof": {**proof["proof"], "about": "another"}}), "none"
    )


def test_a_report__that_was_changed_or_signed_by_another_is_refused(visit: Page, served: Served) -> None:
    visit.goto("/check")
    text = (served.stage.public.reports / "reserve-2024-06.json").read_text()
    assert "The report is what its signers signed." in paste(visit, text, "right")
    shares = '"shares_held": "1234987.5"'
    assert shares in text
    assert "it was changed after it was written" in paste(visit, text.replace(shares, '"shares_held": "9999999"'), "wrong")
    swapped = json.loads(text)
    swapped["signatures"][0]["signature"] = swapped["signatures"][-1]["signature"]
    assert "does not belong to this hash" in paste(visit, json.dumps(swapped), "wrong")
    unsigned = json.loads(text)
    unsigned["signatures"] = unsigned["signatures"][:-1]
    assert "1 signature is still missing" in paste(visit, json.dumps(unsigned), "unsigned")


def test_what_is_nothing_of_the_kind__is_said_in_words(visit: Page, served: Served) -> None:
    visit.goto("/check")
    assert "Paste an address" in paste(visit, "", "none")
    assert "could not be read as JSON" in paste(visit, "<img src=x onerror=alert(1)>", "none")
    assert "held none of the tokens" in paste(visit, "0x" + "99" * 20, "none")
    assert "neither" in paste(visit, '{"format": 1}', "none")


def test_a_size__is_asked_for_by_keyboard_and_stands_in_the_address(visit: Page) -> None:
    visit.goto("/activity/TSLA")
    visit.get_by_label("Size, in US dollars").fill("2500")
    visit.keyboard.press("Enter")
    visit.wait_for_url("**/activity/TSLA?days=30&*size=2500*")
    expect(visit.get_by_role("row", name="Buy for $2,500")).to_be_visible()


def test_without_scripts__every_page_answers_all_the_same(opens: Opens, served: Served) -> None:
    page = opens(served.origin, java_script_enabled=False).new_page()
    for path in PATHS.values():
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
    page.goto("/")
    page.get_by_label("Find a stock").fill("tesla")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("link", name="TSLAx").first).to_be_visible()
