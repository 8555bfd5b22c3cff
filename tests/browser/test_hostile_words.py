"""Hostile words in a real browser: nothing of them acts, and what a page may not do at all is refused by its policy."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, Page
from tests.browser.conftest import Opens
from tests.browser.serving import Serving
from tests.browser.watching import Watch
from tests.web.hostile_world import HOSTILE, VENUE_PAGES, World, token_of
from tests.web.stage import Visitor, evm_wallet

pytestmark = [pytest.mark.slow]

DESK = (
    "/desk", "/desk/audit", "/desk/search?q=TSLA", "/desk/queues/breaks", "/desk/items/breaks/TSLA:supply:evm:1",
    "/desk/items/cases/case-1", "/desk/items/questions/question-1", "/desk/items/deposits/evm:0xtx:1",
    "/desk/items/crossings/evm:0xkey", "/desk/items/held-subscriptions/sub-held",
    *VENUE_PAGES,
)  # fmt: skip
HELD = "/orders/sub-held"
INVESTOR = ("/security", "/holdings", "/orders", "/notices", "/documents", "/subscribe", "/redeem")
REFUSED = """async () => {
    const heard = new Set();
    addEventListener("securitypolicyviolation", (event) => heard.add(event.effectiveDirective));
    const put = (name, set) => document.body.append(Object.assign(document.createElement(name), set));
    put("script", {textContent: "window.acted = 1"});
    put("script", {src: "http://localhost:9/evil.js"});
    put("style", {textContent: "body { color: red }"});
    put("iframe", {src: "/"});
    put("base", {href: "http://localhost:9/"});
    put("object", {data: "/x"});
    put("img", {src: "http://localhost:9/pixel.png"});
    document.body.insertAdjacentHTML("beforeend", "<b style='color:red' onclick='window.acted = 2' id='bold'>x</b>");
    document.getElementById("bold").click();
    const form = Object.assign(document.createElement("form"), {action: "http://localhost:9/", method: "post"});
    document.body.append(form);
    form.submit();
    try { await fetch("http://localhost:9/"); } catch { /* refused */ }
    await new Promise((done) => setTimeout(done, 500));
    return [[...heard].sort(), window.acted ?? 0];
}"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Books full of hostile words, shown to an operator and to a client whose own name is one."""
    made = World(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def served(world: World) -> Iterator[Serving]:
    """The same behind an address."""
    made = Serving(lambda origin: world.opened(origin).app)
    yield made
    made.stop()


def as_visitor(opens: Opens, served: Serving, who: Visitor) -> Page:
    """A page of somebody who is signed in."""
    context = opens(served.origin)
    served.let_in(context, who.id)
    return context.new_page()


def test_hostile_words__on_every_page_that_shows_them__do_nothing_in_a_browser(
    opens: Opens, watch: Watch, served: Serving, world: World
) -> None:
    watch.expect("503")  # parts that do not answer here, such as the venue
    eve = world.visitor(HOSTILE)
    world.office.client("eve", evm_wallet(7), HOSTILE)
    eve.sign_in(evm_wallet(7))
    eve.post("/security/keys", {"csrf": token_of(eve, world), "name": HOSTILE[:60], "scopes": "read"})
    dialogs: list[str] = []
    shown = 0
    for who, paths in ((world.ada, DESK), (eve, INVESTOR), (world.anna, (*INVESTOR, HELD))):
        page = as_visitor(opens, served, who)

        def heard(dialog: Dialog) -> None:
            dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", heard)
        for path in paths:
            page.goto(path)
            assert page.locator("h1").count() == 1, path
            assert page.locator("x-evil").count() == 0, path
            shown += "<x-evil" in page.locator("body").inner_text()
    assert shown >= 10, "hostile words were shown nowhere: the test is blind"
    assert dialogs == []
    assert [url for url in watch.requests if url.endswith("/evil")] == []


def test_what_a_page_may_not_do__is_refused_by_its_policy(opens: Opens, watch: Watch, served: Serving) -> None:
    watch.expect("policy:|Content Security Policy|off-host|Refused|Framing|ERR_")
    page = opens(served.origin).new_page()
    page.goto("/licences")
    refused, acted = page.evaluate(REFUSED)
    wanted = {"base-uri", "connect-src", "form-action", "frame-src", "img-src", "script-src-attr", "script-src-elem"}
    assert wanted | {"style-src-attr", "style-src-elem"} <= set(refused)
    assert acted == 0
    assert page.url.startswith(served.origin)
