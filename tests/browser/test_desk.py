"""The desk in a real browser, by two persons with a passkey each: what waits, its history, a decision, a second signature.

The desk is served in process over books with something in every queue; that its health is a running platform's is seen there.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Look, Opens
from tests.browser.desk_world import ASKED, BREAK, CASE, CREATION, OTHER_CASE, SUBSCRIPTION, DeskWorld
from tests.browser.looking import picture
from tests.browser.serving import Serving
from tests.browser.test_desk_keys import with_device
from tests.browser.watching import Watch
from tests.e2e.stack import Up
from tests.web.venue_books import BROKEN, LARGE, NOBODYS, PARKED

from openscrip.issuance.action_queue import QueueItem
from openscrip.issuance.break_row import BreakClosed
from openscrip.issuance.cases import Case
from openscrip.issuance.in_kind_row import InKindCreation
from openscrip.markets.funding_deposits import VenueDeposit
from openscrip.markets.funding_withdrawals import VenueWithdrawal

pytestmark = [pytest.mark.slow]

Axe = Callable[[Page], None]
SESSIONS = ("#acts td.mono",)
"""What is another in each run: the ids of sessions."""
LOOKED_AT = ("today", "item")
PATHS = {
    "today": "/desk",
    "queue": "/desk/queues/cases",
    "item": f"/desk/items/held-subscriptions/{SUBSCRIPTION.id}",
    "creation": f"/desk/items/held-creations/{CREATION.id}",
    "question": f"/desk/items/questions/{ASKED.id}",
    "venue-queue": "/desk/queues/venue-deposits",
    "venue-withdrawal": f"/desk/items/venue-withdrawals/{LARGE}",
    "venue-deposit": f"/desk/items/venue-deposits/{NOBODYS}",
    "venue-break": f"/desk/items/venue-breaks/{BROKEN}",
    "venue-command": f"/desk/items/venue-commands/{PARKED}",
    "approvals": "/desk/approvals?show=all",
    "audit": "/desk/audit",
    "ledger": "/desk/ledger",
    "health": "/desk/health",
    "search": f"/desk/search?q={CREATION.id}",
}
ENTERED = (f"/desk/approvals/cases:{CASE.id}",)
"""What axe-core judges here on the way."""


class Desk(Serving):
    """The desk behind an address."""

    world: DeskWorld

    def __init__(self, place: Path) -> None:
        def made(origin: str) -> object:
            self.world = DeskWorld(place, origin)
            return self.world.app

        super().__init__(made)

    def stop(self) -> None:
        super().stop()
        self.world.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk of its own."""
    folder = tmp_path / "desk"
    folder.mkdir()
    made = Desk(folder)
    yield made
    made.stop()


def enters(desk: Desk, opens: Opens, name: str, *roles: str) -> Page:
    """A person who has just made their passkey, in a browser of their own."""
    page = with_device(opens(desk.origin))
    page.goto(desk.world.operator_link(name, *roles))
    page.get_by_label("What you call this key").fill("laptop")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Security")).to_be_visible()
    return page


def decide(page: Page, path: str, button: str, why: str) -> None:
    """Say why, and press."""
    page.goto(path)
    page.get_by_label("Why", exact=True).fill(why)
    page.get_by_role("button", name=button).click()


def test_every_page_of_the_desk__in_both_colours_and_on_a_phone__breaks_no_rule_and_looks_as_stored(
    desk: Desk, opens: Opens, axe: Axe, look: Look
) -> None:
    page = enters(desk, opens, "ada", "operator", "compliance", "approver")
    for name, path in PATHS.items():
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        axe(page)
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        if name in LOOKED_AT:
            axe(page)
        page.set_viewport_size({"width": 390, "height": 844})
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, name
        page.set_viewport_size({"width": 1280, "height": 900})
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        if name in LOOKED_AT:
            look(page, f"desk-{name}", mask=SESSIONS)
            picture(page, f"desk-{name}", height=1_000)


def test_a_release__begun_by_one__is_signed_by_another_who_sees_exactly_what_and_is_done(
    desk: Desk, opens: Opens, axe: Axe, look: Look
) -> None:
    ada = enters(desk, opens, "ada", "compliance")
    bert = enters(desk, opens, "bert", "compliance")
    ada.goto("/desk")
    expect(ada.locator("#queues tr", has_text="Compliance cases")).to_contain_text("3 h")
    ada.get_by_role("link", name="Compliance cases").click()
    ada.get_by_role("link", name=CASE.id).click()
    expect(ada.locator("#dry-1-rows")).to_contain_text("Case")
    ada.get_by_label("Why", exact=True).fill("another date of birth")
    ada.get_by_role("button", name="Release", exact=True).click()
    expect(ada.get_by_text("it waits for another person")).to_be_visible()
    assert desk.world.room.cleared == []

    # Whoever was first finds nothing to sign.
    ada.goto("/desk/approvals")
    expect(ada.get_by_text("Nothing waits for you.")).to_be_visible()
    ada.goto(f"/desk/approvals/cases:{CASE.id}")
    expect(ada.get_by_text("You had a part in asking for this")).to_be_visible()
    expect(ada.locator("#approve-form")).to_have_count(0)

    bert.goto("/desk")
    bert.get_by_role("link", name="Approvals that you may sign").click()
    bert.get_by_role("link", name=f"Release {CASE.id}").click()
    expect(bert.locator("#payload")).to_contain_text("ada: another date of birth")
    expect(bert.locator("#dry-rows")).to_contain_text("released")
    assert len(bert.locator("#digest").inner_text()) == 64
    axe(bert)
    look(bert, "desk-approval", mask=())
    bert.set_viewport_size({"width": 390, "height": 844})
    axe(bert)
    bert.set_viewport_size({"width": 1280, "height": 900})
    picture(bert, "desk-approval", height=1_000)
    bert.get_by_label("Why it is right").fill("I saw the passport")
    bert.get_by_role("button", name="Approve with my passkey").click()
    expect(bert.get_by_text("Nothing waits for you.")).to_be_visible()
    assert desk.world.room.cleared == [CASE.id]
    bert.get_by_role("link", name="Audit log").click()
    expect(bert.locator("#acts tbody tr").first).to_contain_text("approvals.approve")
    expect(bert.get_by_text("The chain holds")).to_be_visible()
    bert.goto(f"/desk/items/cases/{CASE.id}")
    expect(bert.locator(".marks .badge")).to_have_text("released")
    expect(bert.locator("#acts")).to_contain_text("operator:ada")


def test_an_answer__proposed_by_one__is_denied_by_another__and_the_question_is_open_again(desk: Desk, opens: Opens) -> None:
    ada = enters(desk, opens, "ada", "operator")
    bert = enters(desk, opens, "bert", "approver")
    ada.goto(PATHS["question"])
    ada.get_by_label("The document that says so").fill("8-K of 28 May")
    ada.get_by_label("Why", exact=True).fill("the issuer's filing")
    ada.get_by_role("button", name="Propose this answer").click()
    expect(ada.get_by_text("it waits for another person")).to_be_visible()
    bert.goto("/desk/approvals")
    bert.get_by_role("link", name=ASKED.id).click()
    expect(bert.locator("#payload")).to_contain_text("8-K of 28 May")
    bert.get_by_label("Why it is wrong").fill("the filing names another ratio")
    bert.get_by_role("button", name="Deny").click()
    expect(bert.get_by_text("Nothing waits for you.")).to_be_visible()
    ada.goto(PATHS["question"])
    expect(ada.locator(".marks .badge")).to_have_text("open")
    expect(ada.locator("#acts")).to_contain_text("approvals.deny")
    with desk.world.office.store.view() as view:
        asked = view.row(QueueItem, ASKED.id)
    assert asked is not None
    assert (asked.state, asked.proposed_at) == ("open", 0)


def test_what_one_decides__another_sees_on_an_open_page_without_a_press(desk: Desk, opens: Opens) -> None:
    ada = enters(desk, opens, "ada", "operator")
    bert = enters(desk, opens, "bert", "auditor")
    bert.goto("/desk")
    waits = bert.locator("#queues tr", has_text="Differences between books")
    expect(waits).to_contain_text("25 min")
    expect(bert.get_by_role("heading", name="Decide")).to_have_count(0)
    decide(ada, f"/desk/items/breaks/{BREAK.id}", "Accept the difference", "a rounding of the old bridge")
    expect(ada.locator(".marks .badge")).to_have_text("accepted")
    expect(waits).to_contain_text("nothing waits")
    with desk.world.office.store.view() as view:
        closed = [fact for _, _, fact in view.facts() if isinstance(fact, BreakClosed)]
    assert [each.id for each in closed] == [BREAK.id]


def test_a_creation_in_kind_on_hold__is_found_by_its_id__and_goes_on(desk: Desk, opens: Opens) -> None:
    page = enters(desk, opens, "ada", "operator")
    page.goto("/desk/search")
    page.get_by_label("Id").fill(CREATION.id)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Open InKindCreation").click()
    expect(page.locator(".timeline")).to_contain_text("The custodian did not move them")
    expect(page.locator("#dry-1-call-1")).to_contain_text("receive_free")
    page.get_by_label("Why", exact=True).fill("the custodian has put its account right")
    page.get_by_role("button", name="Let it go on").click()
    expect(page.locator("#waiting")).to_contain_text(f"{CREATION.id}:t2")
    expect(page.locator(".marks .badge")).to_have_text("journaled")
    with desk.world.office.store.view() as view:
        row = view.row(InKindCreation, CREATION.id)
    assert row is not None
    assert row.state == "journaled"


def test_a_deposit_and_a_withdrawal_of_the_venue__are_found_from_today__and_decided(
    desk: Desk, opens: Opens, watch: Watch
) -> None:
    watch.expect("422")  # a deposit is assigned to no account
    page = enters(desk, opens, "ada", "operator")
    page.goto("/desk")
    page.get_by_role("link", name="Deposits at the venue").click()
    page.get_by_role("link", name=NOBODYS).click()
    page.get_by_label("Why", exact=True).fill("ticket 812")
    page.get_by_role("button", name="Assign it to the account").click()
    expect(page.locator("#f-account-fault")).to_contain_text("name one")
    page.get_by_label("Account at the venue").fill("7")
    page.get_by_role("button", name="Assign it to the account").click()
    expect(page.locator(".marks .badge")).to_have_text("crediting")
    decide(page, f"/desk/items/venue-withdrawals/{LARGE}", "Pay it", "called them back")
    expect(page.locator(".marks .badge")).to_have_text("paying")
    expect(page.locator("#acts")).to_contain_text("venue-withdrawals.decide")
    expect(page.locator("#waiting")).to_contain_text("PayCoins")
    venue = desk.world.venue
    assert venue.row(VenueDeposit, NOBODYS).account == 7
    assert venue.row(VenueWithdrawal, LARGE).why == "called them back"


def test_a_decision_without_a_reason__is_sent_by_nobody__and_without_scripts_is_told_so(desk: Desk, opens: Opens) -> None:
    page = enters(desk, opens, "ada", "compliance")
    page.goto(f"/desk/items/cases/{OTHER_CASE.id}")
    page.get_by_role("button", name="Confirm what was found").click()
    expect(page.get_by_label("Why", exact=True)).to_be_focused()
    with desk.world.office.store.view() as view:
        row = view.row(Case, OTHER_CASE.id)
    assert row is not None
    assert row.state == "open"


def test_health__tells_of_a_part_that_ends_and_of_one_that_is_back__by_itself(desk: Desk, opens: Opens) -> None:
    page = enters(desk, opens, "ada", "auditor")
    page.goto("/desk/health")
    expect(page.get_by_text("Every part runs")).to_be_visible()
    desk.world.door.status = {**desk.world.door.status, "processes": {"broker": 0}, "troubles": {"broker": "it was refused"}}
    expect(page.get_by_text("Something is wrong")).to_be_visible()
    expect(page.get_by_text("does not run")).to_be_visible()
    expect(page.locator("#troubles")).to_contain_text("it was refused")


@pytest.mark.parts
def test_health_ledger_and_the_venues_queues__of_a_running_platform__name_each_part_balance_and_are_read(
    stack: Up, opens: Opens, origin: str
) -> None:
    name = "erna"
    link = stack.told_by("operators", "enrol", name, "--role", "auditor").get("link")
    page = with_device(opens(origin))
    assert link, f"{name} is enrolled already"
    page.goto(link)
    page.get_by_label("What you call this key").fill("laptop")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Security")).to_be_visible()
    page.goto("/desk/health")
    for part in ("evm", "solana", "broker", "watch"):
        expect(page.locator("#processes tr").filter(has=page.get_by_role("rowheader", name=part, exact=True))).to_contain_text(
            "runs"
        )
    page.goto("/desk/ledger")
    expect(page.get_by_text("Debits equal credits")).to_be_visible()
    for queue in ("withdrawals", "deposits", "breaks", "commands"):
        page.goto("/desk")
        page.locator(f"a[href='/desk/queues/venue-{queue}']").click()
        expect(page.locator("#items")).to_be_visible()
