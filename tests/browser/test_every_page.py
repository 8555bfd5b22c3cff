"""Every page of the list of routes: none is left out of the pass of axe-core, the console and the requests to elsewhere.

What is public, the desk's and the trading screen's is gone through by `test_public_pages`, `test_desk`, `test_style` and
`test_trade`, each with a table of its own; here is what an investor sees, and that the tables leave nothing out.
"""

from collections.abc import Callable, Iterable, Iterator

import pytest
from playwright.sync_api import Page, expect
from starlette.routing import Match
from tests.browser import test_desk, test_public_pages, test_style, test_trade
from tests.browser.conftest import Look, Opens
from tests.browser.investor_world import ANNA, LANDED_TX, InvestorServing
from tests.browser.looking import SIZES
from tests.web.stage import Visitor

from openscrip.web.pages import all_routes
from openscrip.web.shell.routes_table import ROUTES

pytestmark = [pytest.mark.slow]

Axe = Callable[[Page], None]
Enters = Callable[[Visitor], Page]
FILES = (
    "/static/{version}/{name:path}", "/vendor/{name:path}", "/health", "/events", "/status.atom", "/reports/index.json",
    "/reports/files/{name}", "/stocks.csv", "/actions.csv", "/who.csv",
    "/documents/statement-{label}.{form}", "/documents/tax-{label}.{form}", "/documents/receipt-{order_id}.json",
)  # fmt: skip
"""What is no page: files, and what programs read. Whatever else ends in `.json` or `.csv` is one, too."""
SEND, SENT = f"/trade/money/send?source=TUSD:evm:{ANNA}&amount=1500", f"/trade/money/sent/evm/{LANDED_TX}"
REVIEW = f"/redeem/review?source=TSLA:evm:{ANNA}&amount=1&kind=cash&deliver_to=&paid_in=bank"
MINE = (
    "/holdings", "/orders", "/orders/{order}", "/orders/{order}/cancel", "/subscribe?stock=TSLA", "/subscribe/{quote}",
    "/redeem", REVIEW, "/dividends", "/documents", "/notices", "/security", "/join", "/trade/money", SEND, SENT,
    "/trade/money/taken/W-2", "/trade/money/taken/W-1", "/theme?next=/holdings",
)  # fmt: skip
"""An investor's pages; the names in braces are the world's."""
NOBODYS = ("/sign-in", "/desk/sign-in", "/desk/enrol/{secret}", "/join")
JOINING = ("/join", "/simulated-identity/{subject}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InvestorServing]:
    """One for all tests of this file: none of them changes what another sees."""
    made = InvestorServing(tmp_path_factory.mktemp("investor"))
    yield made
    made.stop()


@pytest.fixture
def enters(served: InvestorServing, opens: Opens) -> Enters:
    """The page of somebody who is signed in."""

    def enter(who: Visitor) -> Page:
        context = opens(served.origin)
        served.let_in(context, who.id)
        return context.new_page()

    return enter


def test_every_route_that_answers_a_page__is_gone_through_by_axe() -> None:
    gone_through = {
        route_of(path)
        for path in (
            *MINE, *NOBODYS, *JOINING, *test_public_pages.PATHS.values(), *test_desk.PATHS.values(), *test_desk.ENTERED,
            *test_style.PATHS, *test_trade.PATHS,
        )
    }  # fmt: skip
    got = {name.removeprefix("GET ") for name in ROUTES if name.startswith("GET ")}
    assert set(FILES) <= got
    pages = {path for path in got - set(FILES) if not path.endswith((".json", ".csv"))}
    assert pages - gone_through == set(), "these pages are in no table of paths; write them into the one of their face"


def route_of(path: str) -> str:
    """The route that answers a path, as it is declared."""
    scope = {"type": "http", "method": "GET", "path": path.partition("?")[0], "headers": [], "root_path": ""}
    found = (route for router in all_routes() for route in router.routes if route.matches(scope)[0] is Match.FULL)
    return str(getattr(next(found), "path", ""))


def judge(page: Page, paths: Iterable[str], axe: Axe) -> None:
    """Each page light on a desk and dark on a phone: it answers, breaks no rule, and nothing but tables moves sideways."""
    desktop, (width, height) = page.viewport_size, SIZES["phone"]
    assert desktop is not None
    for path in paths:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        expect(page.locator("h1")).to_have_count(1)
        axe(page)
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": height})
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, path
        page.set_viewport_size(desktop)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")


def test_every_page_of_an_investor__and_of_one_who_has_nothing_yet__breaks_no_rule(
    served: InvestorServing, enters: Enters, axe: Axe
) -> None:
    world = served.world
    paths = [path.replace("{order}", world.order).replace("{quote}", world.quote) for path in MINE]
    judge(enters(world.anna), paths, axe)
    judge(enters(world.otto), ("/holdings", "/trade/money"), axe)


def test_every_page_of_somebody_who_is_not_taken_on_yet__breaks_no_rule(
    served: InvestorServing, opens: Opens, enters: Enters, axe: Axe
) -> None:
    world = served.world
    link = world.operator_link("ada", "operator")
    judge(opens(served.origin).new_page(), [path.replace("/desk/enrol/{secret}", link) for path in NOBODYS], axe)
    judge(enters(world.jo), ["/join"], axe)
    judge(enters(world.kim), ["/join", world.examination], axe)


def test_money_at_the_venue__and_its_transfers__look_as_stored(served: InvestorServing, enters: Enters, look: Look) -> None:
    page, newcomer = enters(served.world.anna), enters(served.world.otto)
    for name, path in {"money": "/trade/money", "send": SEND, "sent": SENT, "held": "/trade/money/taken/D-2"}.items():
        page.goto(path)
        look(page, f"venue-{name}", mask=())
    newcomer.goto("/trade/money")
    look(newcomer, "venue-money-empty", mask=())
