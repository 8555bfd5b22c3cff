"""The whole story by clicks: a visitor joins, subscribes, trades, sees a split, redeems a part and checks the reserve.

Whatever changes anything is a click, or keys into a page's field; the clock is moved by the pages' own controls.
"""

import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from tests.browser.conftest import Opens
from tests.browser.test_desk_keys import with_device
from tests.browser.test_investor import be_identified, choose, is_at, join, practice_signs
from tests.e2e.stack import Up

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(900)]

LONG_MS = 120_000
STOCK, PAIR = "NVDA", "NVDAx/USD"
EVM, SOLANA = "evm-practice-wallet", "solana-Practice-wallet"
FILLED, COINS_SENT, COINS_TAKEN = 250_000, 120, 45
"""Test coins that the page gives; of them sent to the venue; of those taken back."""
START = "2024-06-05T12:00:00Z"
"""The Wednesday before the split of 10 June 2024, 8:00 in New York."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A run with one stock and a played market maker, as `make up` starts it."""
    up = Up(
        tmp_path_factory.mktemp("story") / "data", "--accelerated", "--start", START, "--list", STOCK, "--maker", STOCK,
        venue=True, web=True,
    )  # fmt: skip
    yield up
    up.stop()


def test_a_visitor__by_clicks_alone__joins_subscribes_trades_sees_a_split_redeems_and_checks_the_reserve(
    run: Up, opens: Opens
) -> None:
    page = opens(run.doors["web"]).new_page()
    page.goto("/")
    visitor_joins(page)
    for chain, shares in (("EVM", "10"), ("Solana", "4")):
        visitor_subscribes(page, chain, shares)
    for chain in ("evm", "solana"):
        tokens_go_to_the_venue(page, chain)
    coins_go_to_the_venue(page)
    visitor_trades(page)
    two_operators_approve_the_split(run, opens)
    the_split_arrives(page)
    visitor_redeems_a_part(page)
    tokens_come_back(page)
    coins_come_back(page)
    visitor_checks_the_reserve(page)


def visitor_joins(page: Page) -> None:
    page.locator("#nav-investor").click()
    practice_signs(page, EVM)
    join(page, "Stella Example")
    be_identified(page)
    practice_signs(page, SOLANA)
    expect(page.locator("main .address .chain", has_text="Solana")).to_be_visible()


def visitor_subscribes(page: Page, chain: str, shares: str) -> None:
    page.locator("#nav-investor").click()
    page.locator("#tab-subscribe").click()
    choose(page, "Stock", STOCK)
    page.get_by_label("How much").fill(shares)
    page.get_by_label("Through the broker").check()
    choose(page, "Tokens go to", chain)
    choose(page, "You pay with", "US dollars")
    page.get_by_role("button", name="Get a quote").click()
    page.get_by_role("button", name=f"Order {shares} shares of {STOCK}").click()
    page.locator("#pay-bank").click()
    is_at(page, "Payment complete|Preparing to buy|Buying|Bought|Delivered")


def tokens_go_to_the_venue(page: Page, chain: str) -> None:
    """Days pass until they are minted; then one form and one confirmation in the wallet."""
    page.locator("#nav-investor").click()
    page.locator("#tab-orders").click()
    page.locator("main td a, main th a").nth(0 if chain == "solana" else 1).click()
    until_done(page)
    page.locator("#nav-trade").click()
    page.locator("#venue-money").click()
    if page.locator("#open-account").count():
        page.locator("#open-account").click()
        page.locator("#pay-in").click()
        expect(page.locator("#at-venue")).to_contain_text("USD", timeout=LONG_MS)
    page.locator(f"#send-NVDAx-{chain}").click()
    page.get_by_label("How much").fill("6" if chain == "evm" else "2")
    practice_signs(page, EVM if chain == "evm" else SOLANA)
    expect(page.locator("#passage header .badge")).to_have_text("At the venue", timeout=LONG_MS)


def coins_go_to_the_venue(page: Page) -> None:
    """Test coins into the wallet, then as tokens; another tab sees them come without a press."""
    page.locator("#nav-investor").click()
    page.locator("#fill-evm").click()
    expect(page.locator("#purse")).to_contain_text(f"{FILLED:,}.00 TUSD")
    page.locator("#nav-trade").click()
    page.locator("#venue-money").click()
    tab = page.context.new_page()
    tab.goto(page.url)
    expect(tab.locator("#balances")).not_to_contain_text("TUSD")
    page.locator("#send-TUSD-evm").click()
    page.get_by_label("How much").fill(str(COINS_SENT))
    practice_signs(page, EVM)
    expect(page.locator("#passage header .badge")).to_have_text("At the venue", timeout=LONG_MS)
    row = tab.locator('#balances tr[data-asset="TUSD"]')
    expect(row).to_contain_text(f"{COINS_SENT}", timeout=LONG_MS)
    expect(tab.locator("#passages tbody tr").first).to_contain_text("At the venue", timeout=LONG_MS)
    tab.close()


def visitor_trades(page: Page) -> None:
    """An order that meets the market maker's, and one that stands until it is cancelled."""
    page.locator("#nav-trade").click()
    page.get_by_role("link", name=PAIR).click()
    if page.locator("#clock-opening").count():  # the days before may have brought it through its auction already
        page.locator("#clock-opening").click(timeout=LONG_MS)
    expect(page.locator("#strip .badge")).to_have_text("Open", timeout=LONG_MS)
    expect(page.locator("#trade")).to_have_attribute("data-feed", "live", timeout=LONG_MS)
    bid, ask = best(page, "bids"), best(page, "asks")
    assert float(bid) < float(ask)
    page.locator("#side-sell").check(force=True)
    page.locator("#bids .level:not([hidden])").first.click()
    page.locator("#f-quantity").fill("1")
    page.locator("#review-order").click()
    page.locator("#send-order").click()
    expect(page.locator("#fills")).to_contain_text(f"Sold {PAIR}", timeout=LONG_MS)
    page.locator("#side-sell").check(force=True)
    page.locator("#f-price").fill(f"{float(ask) + 10:.2f}")
    page.locator("#f-quantity").fill("0.5")
    page.locator("#review-order").click()
    page.locator("#send-order").click()
    expect(page.locator("#orders")).to_contain_text(f"Sell {PAIR}", timeout=LONG_MS)
    page.get_by_role("button", name=re.compile("Cancel: sell")).click()
    expect(page.locator("#orders td.empty")).to_be_visible(timeout=LONG_MS)


def two_operators_approve_the_split(run: Up, opens: Opens) -> None:
    """One proposes the answer to the open question, the other signs the same with a passkey."""
    desks = {name: with_device(opens(run.doors["web"])) for name in ("ada", "bert")}
    for name, desk in desks.items():
        desk.goto(run.told["operators"][name])
        desk.get_by_label("What you call this key").fill("laptop")
        desk.get_by_role("button", name="Make the passkey").click()
        expect(desk.get_by_text(f"Who is signed in as {name}")).to_be_visible()
        desk.locator("#nav-desk").click()
    ada, bert = desks["ada"], desks["bert"]
    ada.locator("a[href='/desk/queues/questions']").click()
    ada.locator("#items tbody a").first.click()
    ada.get_by_label("The document that says so").fill("The custodian's notice of the split")
    ada.get_by_label("Why", exact=True).fill("Custodian and agent say the same")
    ada.get_by_role("button", name="Propose this answer").click()
    expect(ada.get_by_text("it waits for another person")).to_be_visible()
    bert.get_by_role("link", name="Approvals that you may sign").click()
    bert.locator("#approvals tbody a").first.click()
    bert.get_by_label("Why it is right").fill("Read the notice myself")
    bert.get_by_role("button", name="Approve with my passkey").click()
    expect(bert.locator("#nav-desk")).to_be_visible()


def the_split_arrives(page: Page) -> None:
    page.locator("#nav-investor").click()
    page.locator("#tab-dividends").click()
    while not page.locator("article .badge", has_text="Done").count():
        a_day_on(page)
    expect(page.get_by_text("became")).to_be_visible()
    page.locator("#tab-holdings").click()
    expect(page.locator(".share-figure")).to_have_text(re.compile(r"^60(\.|\s)"))


def visitor_redeems_a_part(page: Page) -> None:
    page.locator("#tab-redeem").click()
    choose(page, "Which tokens", "EVM")
    page.get_by_label("How many tokens").fill("1")
    page.locator("#see-redemption").click()
    page.locator("#confirm-redemption").click()
    practice_signs(page, EVM, times=2)
    is_at(page, "Tokens received|Checked|Amount fixed|Destroying|We owe|Preparing|Selling|Sold|Paid|Paying|Done")
    until_done(page)


def tokens_come_back(page: Page) -> None:
    page.locator("#nav-trade").click()
    page.locator("#venue-money").click()
    choose(page, "What, and where to", "EVM")
    page.get_by_label("How much").fill("2")
    page.locator("#take").click()
    expect(page.locator("#passage header .badge")).to_have_text("Yours", timeout=LONG_MS)


def coins_come_back(page: Page) -> None:
    """To the wallet that sent them: what is there then is what was there, less what stayed at the venue."""
    page.locator("#nav-trade").click()
    page.locator("#venue-money").click()
    choose(page, "What, and where to", "TUSD to EVM")
    page.get_by_label("How much").fill(str(COINS_TAKEN))
    page.locator("#take").click()
    expect(page.locator("#passage header .badge")).to_have_text("Yours", timeout=LONG_MS)
    page.get_by_role("link", name="Money at the venue").click()
    row = page.locator("#sources tr", has_text="TUSD")
    expect(row).to_contain_text(f"{FILLED - COINS_SENT + COINS_TAKEN:,}")
    expect(page.locator('#balances tr[data-asset="TUSD"]')).to_contain_text(str(COINS_SENT - COINS_TAKEN))


def visitor_checks_the_reserve(page: Page) -> None:
    """The month's statement, then a report that all parties sign, in which the browser finds the visitor's own tokens."""
    page.locator("#nav-investor").click()
    address = page.locator("main .address code").first.get_attribute("title") or ""
    page.locator("#tab-documents").click()
    with page.expect_download() as statement:
        page.locator("#statements a", has_text="HTML").first.click()
    assert STOCK in statement.value.path().read_text(encoding="utf-8")
    page.locator("#nav-public").click()
    page.locator("#tab-check").click()
    with page.expect_navigation(timeout=LONG_MS):
        page.locator("#write-report").click()
    page.get_by_label("Address, proof or report").fill(address)
    page.get_by_role("button", name="Check it here").click()
    expect(page.locator(".check-out")).to_have_attribute("data-verdict", "right", timeout=LONG_MS)
    expect(page.locator(".check-verdict")).to_contain_text("You were counted")


def best(page: Page, side: str) -> str:
    """The best price of a side as the screen shows it."""
    rows = page.locator(f"#{side} .level:not([hidden])")
    expect(rows.first).to_be_visible(timeout=LONG_MS)
    return str((rows.last if side == "asks" else rows.first).get_attribute("data-price"))


def until_done(page: Page) -> None:
    """Move the clock by the order's own page, day by day, until it says that the order is done."""
    badge = page.locator("#order header .badge")
    while True:
        expect(page.locator("#clock-day").or_(badge.filter(has_text="Done")).first).to_be_visible(timeout=LONG_MS)
        if badge.inner_text() == "Done":
            return
        with suppress(PlaywrightTimeout):  # it may become done by itself meanwhile
            a_day_on(page)


def a_day_on(page: Page) -> None:
    """One click; the page comes again with its new time."""
    with page.expect_navigation(timeout=LONG_MS):
        page.locator("#clock-day").click()
