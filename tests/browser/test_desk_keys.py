"""Passkeys in a real browser: a link enrols one, it signs in, a second one is made, and the page says who is signed in."""

import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.browser.conftest import Opens
from tests.e2e.stack import Up

pytestmark = [pytest.mark.parts, pytest.mark.slow]


def with_device(context: BrowserContext) -> Page:
    """A page whose browser has an authenticator that its owner has just touched."""
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    told = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": told})
    return page


def test_an_operator__with_a_link__enrols_a_passkey_and_signs_in_with_it(
    stack: Up, opens: Opens, origin: str, axe: Callable[[Page], None]
) -> None:
    name = f"dora-{secrets.token_hex(3)}"  # a run that is used again knows the one before
    link = stack.told_by("operators", "enrol", name, "--role", "auditor")["link"]
    page = with_device(opens(origin))
    page.goto(link)
    page.get_by_label("What you call this key").fill("laptop")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Security")).to_be_visible()
    expect(page.get_by_text(f"Who is signed in as {name}")).to_be_visible()
    expect(page.get_by_text("You have one key or none")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Sign out").last.click()
    page.goto(f"{origin}/desk/sign-in?next=/security")
    axe(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text(f"Who is signed in as {name}")).to_be_visible()
    expect(page).to_have_url(f"{origin}/security")
    for path in ("/desk", "/desk/queues/breaks", "/desk/audit", "/desk/ledger", "/desk/health", "/desk/search?q=none"):
        answer = page.goto(f"{origin}{path}")
        assert answer is not None
        assert answer.status == 200, path
        axe(page)


def test_a_browser__without_the_key__is_told_that_nothing_was_done(opens: Opens, origin: str) -> None:
    page = with_device(opens(origin))
    page.goto(f"{origin}/desk/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("Nothing was done")).to_be_visible()
