"""Orders that survive everything: Back, reload, two tabs, no network, a session that is over, killed pages, all killed."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from tests.browser.conftest import WAIT_MS, Opens
from tests.browser.test_investor import (
    LONG_MS,
    advance,
    answers,
    be_identified,
    is_at,
    join,
    practice_signs,
    quoted,
    web_pid,
)
from tests.browser.watching import Watch
from tests.e2e.stack import Up, alive, eventually

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(600)]

LOST = r"ERR_CONNECTION_|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|ERR_INTERNET_|ERR_NETWORK|Failed to fetch|status of 503"
"""What a browser writes on its console while nobody answers, which these tests do on purpose."""
OPTIONS = ("--accelerated", "--start", "2024-06-03T14:00:00Z", "--list", "TSLA")
BUYING = "Preparing to buy|Buying|Bought|Partly bought"


class Run:
    """A run of the platform whose pages stay behind one address."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        data.mkdir(parents=True)
        (data / "openscrip.toml").write_text(f"[ports]\nweb = {port}\n", encoding="utf-8")
        self.up = Up(data, *OPTIONS, web=True)

    def die(self) -> None:
        """Every process of it at once, without a word."""
        children = self.up.children()
        self.up.stop(signal.SIGKILL)
        assert eventually(lambda: not any(alive(pid) for pid in children), LONG_MS / 1_000)

    def begin_again(self) -> None:
        """As whoever runs it would: the same command on the same folder."""
        self.up = Up(self.up.data, web=True)

    @property
    def origin(self) -> str:
        """Where the pages are."""
        return self.up.doors["web"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One run for all tests of this file; its clock only goes on."""
    made = Run(tmp_path_factory.mktemp("recoveries") / "data")
    yield made
    made.up.stop()


@pytest.fixture(scope="module")
def signed_in(run: Run, browser: Browser) -> dict[str, object]:
    """The cookies of an investor with the practice wallet."""
    context = browser.new_context(base_url=run.origin)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto("/join")
    practice_signs(page, "evm-practice-wallet")
    join(page, "Ida Example")
    be_identified(page)
    kept = context.storage_state()
    context.close()
    return dict(kept)


@pytest.fixture
def ida(run: Run, opens: Opens, signed_in: dict[str, object]) -> BrowserContext:
    """Her browser."""
    return opens(run.origin, storage_state=signed_in)


def order(page: Page, shares: str = "2") -> str:
    """Order shares for dollars; the address of the order's page."""
    quoted(page, shares, "EVM", "US dollars")
    page.get_by_role("button", name=f"Order {shares} share").click()
    expect(page.get_by_role("heading", name=f"Subscribe to {shares} share")).to_be_visible()
    return page.url


def pay(page: Page) -> None:
    page.get_by_role("button", name=re.compile("from the simulated bank")).click()


def paid_once(page: Page) -> None:
    expect(page.locator("#money tbody tr").filter(has_text="Your payment arrived")).to_have_count(1)


def to_the_end(run: Run, page: Page, days: tuple[str, ...]) -> None:
    """Through settlement, by the clock alone; the page follows by itself."""
    for instant in days:
        advance(run.up, instant)
    is_at(page, "Done")
    paid_once(page)


def supply(run: Run) -> Decimal:
    """Tokens that there are on the EVM chain."""
    return Decimal(run.up.told_by("status")["stocks"][0]["raw_supply"]["evm"])


def orders_of(page: Page) -> int:
    """How many orders there are, by the list of them."""
    page.goto("/orders")
    return page.locator("main tbody tr").count()


def test_a_subscription__with_back_reload_and_two_tabs__is_one_order_that_both_follow(run: Run, ida: BrowserContext) -> None:
    page, tab = ida.new_page(), ida.new_page()
    quoted(page, "2", "EVM", "US dollars")
    tab.goto(page.url)
    page.reload()
    page.go_back()
    expect(page.get_by_label("How much")).to_be_visible()
    page.go_forward()
    page.get_by_role("button", name="Order 2 shares").click()
    tab.get_by_role("button", name="Order 2 shares").click()
    for each in (page, tab):
        expect(each.get_by_role("heading", name="Subscribe to 2 shares of TSLA")).to_be_visible()
    assert page.url == tab.url
    page.go_back()
    page.get_by_role("link", name="See the order").click()
    expect(page.locator("#pay-bank")).to_be_visible()
    assert page.url == tab.url

    pay(page)
    for each in (page, tab):
        is_at(each, BUYING)
    page.reload()
    is_at(page, BUYING)
    page.go_back()
    page.go_forward()
    is_at(page, BUYING)
    advance(run.up, "2024-06-04T22:00:00Z")
    to_the_end(run, tab, ("2024-06-05T12:00:00Z", "2024-06-05T14:00:00Z"))
    is_at(page, "Done")
    paid_once(page)
    assert orders_of(page) == 1


def test_what_happens_while_a_page_still_loads__is_shown_by_it(ida: BrowserContext) -> None:
    page, tab = ida.new_page(), ida.new_page()
    tab.goto(order(page))
    held: list[Route] = []
    page.route("**/js/bind.mjs", lambda route: held.append(route))  # noqa: PLW0108  # a built-in cannot be marked by the library
    page.goto(page.url, wait_until="commit")
    expect(page.locator("#order header .badge")).to_have_text("Order received")
    pay(tab)
    is_at(tab, BUYING)
    held[0].continue_()
    is_at(page, BUYING)


def test_a_redemption__confirmed_in_two_tabs_reloaded_and_gone_back_to__is_one(run: Run, ida: BrowserContext) -> None:
    page, tab = ida.new_page(), ida.new_page()
    before = orders_of(page)
    page.goto("/redeem")
    page.get_by_label("How many tokens").fill("1")
    page.get_by_role("button", name="See what it comes to").click()
    expect(page.locator("#confirm-redemption")).to_be_visible()
    tab.goto(page.url)
    page.reload()
    for each in (page, tab):
        each.locator("#confirm-redemption").click()
        expect(each.get_by_role("heading", name="Redeem 1 TSLAx token")).to_be_visible()
    assert page.url == tab.url
    page.go_back()
    page.locator("#confirm-redemption").click()
    expect(page.get_by_role("heading", name="Redeem 1 TSLAx token")).to_be_visible()
    assert page.url == tab.url

    practice_signs(page, "evm-practice-wallet", times=2)
    sent = "Tokens received|Destroying|We owe|Selling|Paying|Done"
    is_at(tab, sent)
    is_at(page, sent)
    page.reload()
    is_at(page, sent)
    advance(run.up, "2024-06-06T23:00:00Z")
    advance(run.up, "2024-06-07T23:00:00Z")
    for each in (page, tab):
        is_at(each, "Done")
        expect(each.locator("#money tbody tr").filter(has_text="Paid to you")).to_have_count(1)
    assert orders_of(page) == before + 1


def test_an_order__cancelled_in_one_tab__is_cancelled_in_the_other_and_cannot_be_paid(ida: BrowserContext) -> None:
    page, tab = ida.new_page(), ida.new_page()
    tab.goto(order(page))
    page.locator("#cancel-link").click()
    expect(page.get_by_role("heading", name="Cancel this order?")).to_be_visible()
    page.locator("#keep-order").click()
    expect(page.locator("#pay-bank")).to_be_visible()
    page.locator("#cancel-link").click()
    page.locator("#confirm-cancel").click()
    for each in (page, tab):
        is_at(each, "Cancelled")
        expect(each.locator("#pay-bank, #cancel-link")).to_have_count(0)
        expect(each.get_by_text("Nothing was charged.")).to_be_visible()
    page.go_back()
    is_at(page, "Cancelled")


def test_a_form__sent_after_the_session_is_over__is_there_again_with_its_entries_after_signing_in(
    run: Run, ida: BrowserContext
) -> None:
    page = ida.new_page()
    page.goto("/subscribe?stock=TSLA")
    page.get_by_label("How much").fill("3.25")
    ida.clear_cookies(name=f"__Host-openscrip-{run.origin.rpartition(':')[2]}")
    page.get_by_role("button", name="Get a quote").click()
    expect(page.get_by_role("heading", name="Sign in with your wallet")).to_be_visible()
    practice_signs(page, "evm-practice-wallet")
    expect(page.get_by_label("How much")).to_have_value("3.25")
    page.get_by_role("button", name="Get a quote").click()
    expect(page.get_by_role("button", name="Order 3.25 shares of TSLA")).to_be_visible()


def test_a_page__whose_network_goes_away_and_comes_back__goes_on_by_itself(run: Run, ida: BrowserContext, watch: Watch) -> None:
    watch.expect(LOST)
    page = ida.new_page()
    order(page)
    pay(page)
    is_at(page, BUYING)
    ida.set_offline(True)
    expect(page.locator("#page-slot")).to_contain_text("the connection was lost", timeout=LONG_MS)
    advance(run.up, "2024-06-10T12:00:00Z")
    is_at(page, BUYING)
    ida.set_offline(False)
    is_at(page, "Bought|Delivered|In custody|Done")
    expect(page.locator("#page-slot")).to_be_empty(timeout=LONG_MS)
    to_the_end(run, page, ("2024-06-11T12:00:00Z", "2024-06-11T23:00:00Z"))


def test_pages_killed__in_the_middle_of_an_order__are_there_again_and_the_order_goes_on(
    run: Run, ida: BrowserContext, watch: Watch
) -> None:
    watch.expect(LOST)
    page, tab = ida.new_page(), ida.new_page()
    tab.goto(order(page))
    os.kill(web_pid(run.up), signal.SIGKILL)
    assert eventually(lambda: answers(page), LONG_MS / 1_000)
    pay(page)  # with the form that the killed process had made
    for each in (page, tab):
        is_at(each, BUYING)
    os.kill(web_pid(run.up), signal.SIGKILL)
    advance(run.up, "2024-06-12T12:00:00Z")
    assert eventually(lambda: answers(page), LONG_MS / 1_000)
    to_the_end(run, page, ("2024-06-13T12:00:00Z", "2024-06-13T23:00:00Z"))
    is_at(tab, "Done")
    paid_once(tab)


def test_the_whole_platform_killed__in_the_middle_of_an_order__is_seen_gone_and_back_by_the_open_page(
    run: Run, ida: BrowserContext, watch: Watch
) -> None:
    watch.expect(LOST)
    page = ida.new_page()
    before, minted = orders_of(page), supply(run)
    order(page, "3")
    pay(page)
    is_at(page, BUYING)
    run.die()
    expect(page.locator("#page-slot")).to_contain_text("the connection was lost", timeout=LONG_MS)
    is_at(page, BUYING)  # what was known stays
    run.begin_again()
    expect(page.locator("#page-slot")).to_be_empty(timeout=LONG_MS)
    expect(page.locator("html")).not_to_have_class(re.compile("is-stale"), timeout=LONG_MS)
    is_at(page, BUYING)
    to_the_end(run, page, ("2024-06-14T12:00:00Z", "2024-06-14T23:00:00Z", "2024-06-17T23:00:00Z"))
    assert supply(run) == minted + 3
    assert orders_of(page) == before + 1
    assert run.up.told_by("verify")["ok"]
