"""The investor's whole way in a browser: with the practice wallet, and with wallets of one's own. Only the clock is moved."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect
from tests.browser.conftest import Look, Opens
from tests.browser.looking import picture
from tests.browser.wallets import TestWallets
from tests.browser.watching import Watch
from tests.e2e.stack import Up, eventually

pytestmark = [pytest.mark.parts, pytest.mark.slow]

LONG_MS = 120_000
RANDOM = ("time", "code", ".address", "#nav-me")
"""What is another in each run."""
Axe = Callable[[Page], None]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A run of its own with one stock: these tests move its clock over days."""
    up = Up(tmp_path_factory.mktemp("investor") / "data", "--accelerated", "--list", "TSLA", web=True)
    yield up
    up.stop()


def join(page: Page, name: str, country: str = "DE") -> None:
    """From the questions to the identity check."""
    page.get_by_label("Full name").fill(name)
    page.get_by_label("Date of birth").fill("1990-02-28")
    for question in ("Nationality", "Country that you live in", "Country that you pay tax in"):
        page.get_by_label(question).select_option(country)
    page.get_by_role("button", name="Save and go on").click()


def be_identified(page: Page) -> None:
    """Through the simulated provider's page and the terms."""
    page.get_by_role("button", name="Go to the identity check").click()
    page.get_by_role("button", name="Everything is in order").click()
    page.get_by_label("I have read these terms").check(timeout=LONG_MS)
    page.get_by_role("button", name="Accept and finish").click()
    expect(page.get_by_role("heading", name="You are in")).to_be_visible()


def choose(page: Page, label: str, words: str) -> None:
    """The option of a select that holds these words."""
    select = page.get_by_label(label, exact=True)
    select.select_option(select.locator("option", has_text=words).first.get_attribute("value") or "")


def quoted(page: Page, shares: str, to: str, pay: str, how: str = "Through the broker") -> None:
    """To the page of a quote for TSLA."""
    page.goto("/subscribe?stock=TSLA")
    page.get_by_label("How much").fill(shares)
    page.get_by_label(how).check()
    choose(page, "Tokens go to", to)
    choose(page, "You pay with", pay)
    page.get_by_role("button", name="Get a quote").click()
    expect(page.get_by_role("button", name=f"Order {shares} shares of TSLA")).to_be_visible()


def is_at(page: Page, label: str) -> None:
    """The order's page says so by itself."""
    expect(page.locator("#order header .badge")).to_have_text(re.compile(label), timeout=LONG_MS)


def a_day_on(page: Page) -> None:
    page.get_by_role("button", name="Move it on by a day").click(timeout=LONG_MS)


def advance(run: Up, until: str) -> None:
    """Move the clock without the page."""
    run.http.post("/v1/clock", json={"advance_to": until}).raise_for_status()


def practice_signs(page: Page, wallet: str, times: int = 1) -> None:
    page.locator(f"#wallet-{wallet}").click()
    for _ in range(times):
        page.get_by_role("button", name="Confirm", exact=True).click(timeout=LONG_MS)


def test_a_visitor_without_any_wallet__with_the_practice_wallet__subscribes_and_redeems_a_part(
    run: Up, opens: Opens, watch: Watch, look: Look, axe: Axe
) -> None:
    page = opens(run.doors["web"]).new_page()
    page.goto("/join")
    expect(page.locator("#wallet-solana-Practice-wallet")).to_be_visible()
    axe(page)
    look(page, "investor-join", mask=RANDOM)
    practice_signs(page, "evm-practice-wallet")
    expect(page.get_by_label("Full name")).to_be_visible()
    axe(page)
    join(page, "Greta Example")
    be_identified(page)
    axe(page)

    quoted(page, "2.5", "EVM", "US dollars")
    axe(page)
    page.get_by_role("button", name="Order 2.5 shares of TSLA").click()
    expect(page.locator("#order header .badge")).to_have_text("Order received")
    look(page, "investor-order", mask=RANDOM)  # it stands still until it is paid
    page.get_by_role("button", name=re.compile("from the simulated bank")).click()
    is_at(page, "Preparing to buy|Buying|Bought")
    order = page.url
    axe(page)
    picture(page, "order")

    # The pages' process dies in the middle of the order: the page goes on by itself once it is there again.
    watch.expect(r"ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED|Failed to fetch")
    os.kill(web_pid(run), signal.SIGKILL)
    assert eventually(lambda: answers(page), LONG_MS / 1_000)
    advance(run, "2024-06-04T12:00:00Z")
    is_at(page, "Bought|Delivered|Done")
    assert page.url == order
    a_day_on(page)
    advance(run, "2024-06-05T12:00:00Z")
    is_at(page, "Done")
    page.reload()
    is_at(page, "Done")
    expect(page.locator("#money tbody tr").filter(has_text="Your payment arrived")).to_have_count(1)

    page.goto("/holdings")
    expect(page.locator(".share-figure").first).to_have_text("2.5 shares")
    axe(page)
    look(page, "investor-holdings", mask=RANDOM)
    picture(page, "holdings")
    for path in ("/orders", "/dividends", "/documents", "/notices", "/subscribe", "/redeem"):
        page.goto(path)
        axe(page)
    page.get_by_label("How many tokens").fill("1")
    page.get_by_role("button", name="See what it comes to").click()
    expect(page.get_by_role("button", name="Redeem 1 share for cash")).to_be_visible()
    axe(page)
    look(page, "investor-redeem", mask=RANDOM)
    page.get_by_role("button", name="Redeem 1 share for cash").click()
    practice_signs(page, "evm-practice-wallet", times=2)
    is_at(page, "Selling|Destroying|We owe|Paying|Done")
    advance(run, "2024-06-10T23:00:00Z")
    is_at(page, "Done")
    page.goto("/holdings")
    expect(page.locator(".share-figure").first).to_have_text("1.5 shares")


def test_wallets_of_ones_own__by_the_wallet_standards__pay_in_coins_on_both_chains_and_redeem_for_shares(
    run: Up, opens: Opens
) -> None:
    context = opens(run.doors["web"])
    wallets = TestWallets(context, run.doors["evm_rpc"])
    page = context.new_page()
    page.on("dialog", lambda dialog: pytest.fail(f"a wallet's name ran: {dialog.message}"))
    page.goto("/join")
    wallets.declines = True
    page.locator("#wallet-evm-test-evm").click()
    expect(page.get_by_text("You declined in the wallet. Nothing was sent.")).to_be_visible()
    assert page.locator("#wallets img").count() == 2, "only the practice wallet's icons are images"
    page.locator("#wallet-evm-test-evm").click()
    join(page, "Hugo Example", "CH")
    be_identified(page)
    page.locator("#wallets button", has_text="Test wallet").filter(has_text="Solana").click()
    expect(page.get_by_text(re.compile(str(wallets.solana.pubkey())[:6])).first).to_be_visible()

    for chain, kind in (("EVM", "evm"), ("Solana", "solana")):
        quoted(page, "2.5" if kind == "evm" else "3", chain, f"TUSD on {chain}")
        page.locator("#confirm-order").click()
        page.get_by_role("button", name="Give this wallet test coins").click()
        page.locator("#send button", has_text="Test wallet").click()
        is_at(page, "Preparing to buy|Buying|Bought")
    advance(run, "2024-06-13T23:00:00Z")
    is_at(page, "Done")
    page.goto("/holdings")
    expect(page.locator(".share-figure").first).to_have_text("5.5 shares")

    page.goto("/redeem")
    choose(page, "Which tokens", "Solana")
    page.get_by_label("How many tokens").fill("2")
    page.get_by_role("radio", name=re.compile("^Shares")).check()
    page.get_by_label("Your account at your broker").fill("BROKER-4711")
    page.get_by_role("button", name="See what it comes to").click()
    page.get_by_role("button", name="Redeem 2 shares as shares").click()
    page.locator("#send button", has_text="Test wallet").click()
    is_at(page, "Shares on their way|Destroying|Tokens received|We owe|Paying|Done")
    advance(run, "2024-06-18T23:00:00Z")
    is_at(page, "Done")


def answers(page: Page) -> bool:
    """Whether the pages answer again."""
    try:
        return page.request.get("/health").ok
    except PlaywrightError:
        return False


def web_pid(run: Up) -> int:
    """The process of the pages."""
    for pid in run.children():
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"web" in words:
            return pid
    raise AssertionError("no process of the pages was found")
