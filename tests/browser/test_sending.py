"""Sending with a wallet while the page is told of something new."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Opens
from tests.browser.investor_world import ANNA, InvestorServing
from tests.browser.wallets import TestWallets
from tests.web.investing import ordered, redeemed

pytestmark = [pytest.mark.parts, pytest.mark.slow]

TELL = """() => new Promise((done) => {
  document.addEventListener("htmx:after:swap", () => done(), { once: true });
  htmx.trigger("#order", "refresh");
})"""
"""As the page does itself when it hears of the order, or finds its stream again."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InvestorServing]:
    made = InvestorServing(tmp_path_factory.mktemp("sending"))
    yield made
    made.stop()


@pytest.mark.parametrize("side", ["pay", "hand in"])
def test_wallets_stay_where_they_are__when_the_order_is_written_anew(served: InvestorServing, opens: Opens, side: str) -> None:
    anna = served.world.anna
    path = ordered(anna, pay=f"tusd:evm:{ANNA}") if side == "pay" else str(redeemed(anna).headers["location"])
    context = opens(served.origin)
    served.let_in(context, anna.id)
    TestWallets(context, served.origin)
    page = context.new_page()
    page.goto(path)
    button = page.locator("#send button", has_text="Test wallet")
    expect(button).to_be_visible()
    page.evaluate("document.querySelector('#send [data-said]').textContent = 'Confirm in the wallet'")
    page.evaluate(TELL)
    expect(button).to_be_visible()
    expect(page.locator("#send [data-said]")).to_have_text("Confirm in the wallet")
    expect(page.locator("#send [data-no-wallets]")).to_be_hidden()
