"""The trading screen in a real browser: a person opens an account, brings dollars, and trades against a live book."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Look, Opens, beside
from tests.browser.looking import picture, pictured
from tests.browser.market import PAIR, advance, clock, make_market, trade_a_while
from tests.browser.watching import Watch
from tests.e2e.stack import Up

from openscrip.kernel.clock import instant, iso
from openscrip.web.pages.trade_ticket import KINDS

pytestmark = [pytest.mark.slow, pytest.mark.parts]

LONG_MS = 60_000
JUMP_S = 600
"""Of market time: ten times what an armed page is silent for at most."""
SCREEN = f"/trade/{PAIR}"
PATHS = ("/trade", SCREEN, f"{SCREEN}/candles?interval=1", *(f"{SCREEN}/{block}" for block in ("market", "ticket", "account")))
"""The pages that axe-core judges here; those of a block alone are what a browser without scripts gets."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A run of its own: the market is opened by moving its clock."""
    found = beside()
    up = found or Up(
        tmp_path_factory.mktemp("trade") / "data", "--accelerated", "--start", "2024-06-03T14:00:00Z", "--list", "TSLA",
        venue=True, web=True,
    )  # fmt: skip
    if found is None:
        make_market(up)
    yield up
    up.stop()


@pytest.fixture(scope="module")
def account(run: Up, browser: Browser) -> Any:
    """The cookies of somebody who joined with the practice wallet, opened an account at the venue and brought dollars."""
    context = browser.new_context(base_url=run.doors["web"])
    context.set_default_timeout(LONG_MS)
    page = context.new_page()
    page.goto("/join")
    page.locator("#wallet-evm-practice-wallet").click()
    page.get_by_role("button", name="Confirm", exact=True).click()
    page.get_by_label("Full name").fill("Tara Trader")
    page.get_by_label("Date of birth").fill("1990-02-28")
    for question in ("Nationality", "Country that you live in", "Country that you pay tax in"):
        page.get_by_label(question).select_option("DE")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("button", name="Go to the identity check").click()
    page.get_by_role("button", name="Everything is in order").click()
    page.get_by_label("I have read these terms").check()
    page.get_by_role("button", name="Accept and finish").click()
    expect(page.get_by_role("heading", name="You are in")).to_be_visible(timeout=LONG_MS)
    page.goto(SCREEN)
    page.locator("#open-account").click()
    page.locator("#pay-in").click()
    advance(run, "2024-06-05T15:10:00Z")
    expect(page.locator('#balances tr[data-asset="USD"]')).to_contain_text("10,000.00", timeout=LONG_MS)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def trader(run: Up, opens: Opens, account: Any) -> Page:
    """A tab of that person."""
    return opens(run.doors["web"], storage_state=account).new_page()


def best(page: Page, side: str) -> str:
    """The best price of a side as the screen shows it."""
    rows = page.locator(f"#{side} .level:not([hidden])")
    expect(rows.first).to_be_visible(timeout=LONG_MS)
    row = rows.last if side == "asks" else rows.first
    return str(row.get_attribute("data-price"))


def review(page: Page, **fields: str) -> None:
    """Fill the ticket and have it reviewed."""
    for name, value in fields.items():
        page.locator(f"#f-{name}").fill(value)
    page.locator("#review-order").click()


def place_until(page: Page, *, price: str, minutes: str) -> None:
    """Place an order that ends by itself."""
    page.locator("#f-time").evaluate("select => { select.closest('details')?.setAttribute('open', '') }")
    page.locator("#f-time").select_option("GTD")
    review(page, price=price, quantity="1", until_minutes=minutes)
    page.locator("#send-order").click()


def is_live(page: Page) -> None:
    expect(page.locator("#trade")).to_have_attribute("data-feed", "live", timeout=LONG_MS)


def test_the_screen_looks_as_it_was_stored(run: Up, opens: Opens, look: Look) -> None:
    page = opens(run.doors["web"]).new_page()
    page.goto(SCREEN)
    is_live(page)
    best(page, "asks")
    look(page, "trade", mask=("time", "#tape", "#candles canvas", "#last", "#middle"))
    if pictured():
        trade_a_while(run)
        page.goto(f"{SCREEN}?interval=1")
        is_live(page)
        expect(page.locator("#tape .print").first).to_be_visible(timeout=LONG_MS)
        picture(page, "trade", "dark", height=900)
        picture(page, "trade-light", height=900)


def test_anybody_sees_the_live_book_its_checksum_fits_and_axe_finds_nothing(
    run: Up, opens: Opens, axe: Callable[[Page], None]
) -> None:
    page = opens(run.doors["web"]).new_page()
    for path in (*PATHS[2:], PATHS[0]):
        page.goto(path)
        axe(page)
    page.get_by_role("link", name="TSLAx/USD").click()
    is_live(page)
    bid, ask = best(page, "bids"), best(page, "asks")
    assert float(bid) < float(ask)
    assert page.locator("#asks .level:not([hidden])").count() == 8
    axe(page)
    page.emulate_media(color_scheme="dark")
    axe(page)
    page.keyboard.press("m")
    expect(page.locator("#said")).to_have_text(re.compile(rf"Bid {re.escape(bid)}, ask {re.escape(ask)}"))
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()


def test_a_trader_with_an_account_buys_sells_and_sees_it_all(trader: Page, watch: Watch, axe: Callable[[Page], None]) -> None:
    page = trader
    page.goto(SCREEN)
    is_live(page)

    # A price is taken from the book, a mistake is said where it was made, and nothing is sent before it was reviewed.
    watch.expect("422")
    ask = best(page, "asks")
    page.locator("#asks .level:not([hidden])").last.click()
    expect(page.locator("#f-price")).to_have_value(ask)
    review(page, quantity="0")
    expect(page.get_by_role("link", name="A quantity must be above zero.")).to_be_visible()
    expect(page.locator("#f-price")).to_have_value(ask)
    review(page, quantity="1")
    expect(page.get_by_text("You pay at most")).to_be_visible()
    assert page.locator("#fills tbody tr td.empty").count() == 1
    axe(page)
    page.locator("#send-order").click()
    expect(page.locator("#fills")).to_contain_text("Bought TSLAx/USD", timeout=LONG_MS)
    expect(page.locator("#last")).to_have_text(ask)
    expect(page.locator("#tape .print").first).to_contain_text(ask)

    # What was bought is sold in part, by keys alone; the rest stands in the book until it is cancelled.
    page.locator("#chart-title").click()
    page.keyboard.press("s")
    expect(page.locator("#side-sell")).to_be_checked()
    page.keyboard.press("p")
    page.keyboard.type(f"{float(ask) + 1:.2f}")
    page.locator("#chart-title").click()
    page.keyboard.press("q")
    page.keyboard.type("0.5")
    page.keyboard.press("Enter")
    page.locator("#send-order").click()
    expect(page.locator("#orders")).to_contain_text("Sell TSLAx/USD", timeout=LONG_MS)
    expect(page.locator("#asks")).to_contain_text("yours", timeout=LONG_MS)
    page.get_by_role("button", name=re.compile("Cancel: sell")).click()
    expect(page.locator("#orders td.empty")).to_be_visible(timeout=LONG_MS)


def estimate(page: Page) -> dict[str, str]:
    """What the ticket or the review says that the book gives."""
    expect(page.locator('#estimate dd[data-told="total"]')).to_be_visible(timeout=LONG_MS)
    return {str(each.get_attribute("data-told")): each.inner_text() for each in page.locator("#estimate dd").all()}


def test_the_ticket_tells_what_the_book_gives_before_anything_is_sent(
    trader: Page, watch: Watch, axe: Callable[[Page], None]
) -> None:
    page = trader
    page.goto(SCREEN)
    is_live(page)
    best(page, "asks")
    page.locator("#chart-title").click()
    page.keyboard.press("2")
    expect(page.locator("#f-kind")).to_have_value("market")
    page.keyboard.type("5")
    live = estimate(page)
    axe(page)
    page.emulate_media(color_scheme="dark")
    axe(page)
    page.locator("#chart-title").click()
    page.keyboard.press("e")
    expect(page.locator("#said")).to_contain_text(f"On average {live['average']}.", timeout=LONG_MS)

    # The same words from the server, which asked the venue itself; then what was said is what happens.
    page.locator("#review-order").click()
    expect(page.locator("#send-order")).to_be_visible(timeout=LONG_MS)
    assert estimate(page) == live
    page.locator("#send-order").click()
    expect(page.locator("#taken")).to_be_focused(timeout=LONG_MS)
    worst = live["worst"].removesuffix(" USD")
    expect(page.locator("#fills tbody tr").first).to_contain_text(worst, timeout=LONG_MS)
    expect(page.locator("#last")).to_have_text(worst)

    # More than the book has: how much, and what becomes of the rest, by the order's own terms.
    page.locator("#f-quantity").fill("900")
    expect(page.locator("#estimate-rest")).to_contain_text(
        re.compile(r"of 900\.0000 TSLAx stand within the venue's collar, up to")
    )
    expect(page.locator("#estimate-rest")).to_contain_text("The rest would be cancelled.")
    page.locator("#f-kind").select_option("limit")
    page.locator("#f-price").fill(best(page, "asks"))
    expect(page.locator("#estimate-rest")).to_contain_text("would stand in the book at the limit.")
    page.locator("#f-price").fill("1.00")
    expect(page.locator("#estimate-rest")).to_have_text(
        "Nothing would trade at once: the order would stand in the book at its limit."
    )
    page.locator("#f-kind").select_option("stop-loss")
    expect(page.locator("#estimate")).to_be_hidden()
    watch.expect("422")
    page.locator("#f-kind").select_option("market")
    page.locator("#review-order").click()
    expect(page.get_by_role("alert")).to_be_visible(timeout=LONG_MS)


def test_every_kind_of_order_has_a_key_that_leads_to_its_first_figure(trader: Page) -> None:
    page = trader
    page.goto(SCREEN)
    is_live(page)
    first = {"market": "quantity", "stop-loss": "trigger", "take-profit": "trigger"}
    first |= {"trailing-stop": "offset", "trailing-stop-limit": "offset"}
    for digit, (kind, _) in enumerate(KINDS, 1):
        page.locator("#chart-title").click()
        page.keyboard.press(str(digit))
        expect(page.locator("#f-kind")).to_have_value(kind)
        expect(page.locator(f"#f-{first.get(kind, 'price')}")).to_be_focused()
    page.locator("#chart-title").click()
    page.keyboard.press("?")
    for _, words in KINDS:
        expect(page.locator("#keys")).to_contain_text(words.lower())


def test_an_armed_page_that_is_gone_takes_its_orders_with_it_and_one_that_goes_on_does_not(
    run: Up, account: Any, opens: Opens, axe: Callable[[Page], None]
) -> None:
    context = opens(run.doors["web"], storage_state=account)
    page = context.new_page()
    page.goto(SCREEN)
    is_live(page)
    armed = page.get_by_role("switch", name="Cancel on disconnect")
    expect(page.locator("#guard-said")).to_contain_text("Not armed.")
    page.locator("#chart-title").click()
    page.keyboard.press("d")
    expect(armed).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("status").filter(has_text="Armed. The venue cancels")).to_be_visible(timeout=LONG_MS)
    axe(page)
    page.locator("#f-kind").select_option("limit")
    review(page, price=f"{float(best(page, 'bids')) - 3:.2f}", quantity="1")
    page.locator("#send-order").click()
    expect(page.locator("#orders")).to_contain_text("Buy TSLAx/USD", timeout=LONG_MS)

    # Market time jumps: an order that ends within the jump goes, the other one stands, for its owner is still here.
    place_until(page, price=f"{float(best(page, 'bids')) - 4:.2f}", minutes="5")
    expect(page.locator("#orders tbody tr")).to_have_count(2, timeout=LONG_MS)
    advance(run, iso(instant(str(clock(run)["now"])) + JUMP_S))
    expect(page.locator("#orders tbody tr")).to_have_count(1, timeout=LONG_MS)
    expect(page.locator("#orders")).to_contain_text("Buy TSLAx/USD")
    expect(page.locator("#guard")).to_have_attribute("data-guard", "armed")

    # Another length of the candles is another page of the same venue: the order stands on, and is guarded again.
    page.get_by_role("link", name="5 min", exact=True).click()
    expect(page).to_have_url(re.compile("interval=5"), timeout=LONG_MS)
    expect(page.locator("#guard")).to_have_attribute("data-guard", "armed", timeout=LONG_MS)
    expect(page.locator("#orders")).to_contain_text("Buy TSLAx/USD")

    page.close()
    later = context.new_page()
    later.goto(SCREEN)
    expect(later.locator("#guard-said")).to_contain_text("Not armed.")
    expect(later.locator("#orders td.empty")).to_be_visible(timeout=LONG_MS)


def test_every_kind_of_order_is_taken_by_the_venue(trader: Page) -> None:
    page = trader
    page.goto(SCREEN)
    low, high = float(best(page, "bids")) - 2, float(best(page, "asks")) + 2
    asked: tuple[tuple[str, dict[str, str]], ...] = (
        ("limit", {"price": f"{low:.2f}"}),
        ("iceberg", {"price": f"{low:.2f}", "shown": "0.2"}),
        ("stop-loss", {"trigger": f"{high:.2f}"}),
        ("stop-loss-limit", {"trigger": f"{high:.2f}", "price": f"{high + 1:.2f}"}),
        ("take-profit", {"trigger": f"{low:.2f}"}),
        ("take-profit-limit", {"trigger": f"{low:.2f}", "price": f"{low:.2f}"}),
        ("trailing-stop", {"offset": "5.00"}),
        ("trailing-stop-limit", {"offset": "5.00", "limit_offset": "1.00"}),
        ("market", {}),
    )
    for kind, fields in asked:
        page.goto(SCREEN)
        page.locator("#f-kind").select_option(kind)
        review(page, quantity="1", **fields)
        expect(page.locator("#send-order"), kind).to_be_visible(timeout=LONG_MS)
    page.locator("#send-order").click()
    expect(page.locator("#fills")).to_contain_text("Bought TSLAx/USD", timeout=LONG_MS)


def test_without_a_script_an_order_is_reviewed_and_sent_by_forms_alone(run: Up, account: Any, opens: Opens) -> None:
    plain = opens(run.doors["web"], java_script_enabled=False, storage_state=account)
    page = plain.new_page()
    page.goto(SCREEN)
    review(page, price="150", quantity="1")
    page.locator("#send-order").click()
    expect(page.locator("#orders")).to_contain_text("Buy TSLAx/USD")
    page.locator("#cancel-all").click()
    expect(page.locator("#orders td.empty")).to_be_visible()


def test_a_page_of_another_origin_gets_no_socket_of_the_venue(run: Up, opens: Opens, watch: Watch) -> None:
    watch.expect("WebSocket|403")
    page = opens().new_page()
    page.goto("data:text/html,<title>elsewhere</title>")
    for door in ("venue_public", "venue_private"):
        code = page.evaluate(
            """(url) => new Promise((done) => {
                const socket = new WebSocket(url);
                socket.onopen = () => done(0);
                socket.onclose = (event) => done(event.code);
            })""",
            run.doors[door],
        )
        assert code == 1006
