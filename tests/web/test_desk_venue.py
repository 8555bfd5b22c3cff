"""The venue's money at the desk: counted, listed, shown, decided by role, once, by the venue's own rules; and without one."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from tests.web.desk_books import desk_over
from tests.web.hostile_world import HOSTILE, alive
from tests.web.stage import Stage, Visitor
from tests.web.venue_books import (
    BLOCKED,
    BROKEN,
    LARGE,
    LISTED,
    NOBODYS,
    PARKED,
    SHARES,
    STRANGER,
    WIRE,
    VenueBooks,
    give_venue,
)

from openscrip.issuance.coins import PayCoins
from openscrip.kernel.errors import Unavailable
from openscrip.markets.funding import CreditCustomer, GiveBackFunds
from openscrip.markets.funding_check import HoldingBreak
from openscrip.markets.funding_deposits import Settled, VenueDeposit
from openscrip.markets.funding_withdrawals import Reviewed, VenueWithdrawal
from openscrip.records.queues import queue_counts
from openscrip.records.venue_queues import VENUE_QUEUES
from openscrip.runtime.store import PAGE_ROWS

pytestmark = pytest.mark.slow

WITHDRAWALS, DEPOSITS, BREAKS, COMMANDS = "venue-withdrawals", "venue-deposits", "venue-breaks", "venue-commands"
ITEMS = {WITHDRAWALS: LARGE, DEPOSITS: NOBODYS, BREAKS: BROKEN, COMMANDS: PARKED}
ACTS = [
    (WITHDRAWALS, "pay"),
    (WITHDRAWALS, "refuse"),
    (DEPOSITS, "assign"),
    (DEPOSITS, "return"),
    (DEPOSITS, "keep"),
    (COMMANDS, "again"),
]
AGAIN = "z" * 24
"""The key of another form."""


class Desk:
    """A desk beside a venue with something in every queue."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.venue: VenueBooks = give_venue(stage, folder)

    def person(self, *roles: str, name: str = "ada") -> Visitor:
        return self.stage.operator(name, *roles)[0]

    def acts(self) -> list[str]:
        return [act for act in self.stage.acts() if ".decide" in act]


class CutOff:
    """The platform's books, to which no entry of the audit chain can be written while `is_cut`."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.is_cut = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        with self._store.transaction() as unit:
            yield CutOffUnit(unit) if self.is_cut else unit


class CutOffUnit:
    """Its transaction."""

    def __init__(self, unit: Any) -> None:
        self._unit = unit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)

    def audit(self, *_: object) -> None:
        raise Unavailable("database: the disk was full")


@pytest.fixture
def desk(up_to_date: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk of its own."""
    with desk_over(up_to_date, tmp_path) as stage:
        made = Desk(stage, tmp_path)
        yield made
        made.venue.close()


def decide(who: Visitor, kind: str, item: str, **told: str) -> Any:
    fields = {name: value for name, value in who.fields("/security").items() if name == "csrf"}
    return who.post(f"/desk/decisions/{kind}", {**fields, "key": "k" * 20 + kind, "id": item, "reason": "called them", **told})


def words(text: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", text).split())


def test_today__counts_each_queue_of_the_venues_money_and_says_since_when_the_oldest(desk: Desk) -> None:
    page = words(desk.person("auditor").get("/desk").text)
    assert "Withdrawals from the venue that a person looks at first 1 2 h" in page
    assert "Deposits at the venue that are nobody&#39;s 3 5 h" in page
    assert "Holdings of the venue that differ from its ledger 1 60 min" in page
    assert "Commands of the venue&#39;s money that were given up 1" in page
    assert "Waiting in queues 6" in page


@pytest.mark.parametrize("kind", ITEMS)
def test_a_queue__lists_what_waits_and_leads_to_its_page_with_every_field(desk: Desk, kind: str) -> None:
    who = desk.person("auditor")
    listed = who.get(f"/desk/queues/{kind}")
    assert listed.status_code == 200
    paths = [
        each for each in re.findall(r'href="([^"]*)"', listed.text) if unquote(each) == f"/desk/items/{kind}/{ITEMS[kind]}"
    ]
    shown = who.get(paths[0])
    assert (shown.status_code, ITEMS[kind] in shown.text) == (200, True)
    assert "openscrip venue-money" in listed.text
    assert "openscrip venue-money" in shown.text
    assert "Decide</h2>" not in shown.text


def test_a_withdrawal__is_shown_with_amount_receiver_and_what_each_word_would_do(desk: Desk) -> None:
    page = desk.person("operator").get(f"/desk/items/{WITHDRAWALS}/{LARGE}").text
    known = words(page)
    assert "account 7" in known
    assert "amount 25,000 TUSD" in known
    assert "request may-1" in known
    assert "Called: PayCoins" in known
    assert "Called: GiveBackFunds" in known
    assert "TUSD/venue_chain:evm" in known
    assert "91290.5" in known, "what the treasury has, in whole units"
    assert f"openscrip venue-money --pay {LARGE} --by ada" in known


def test_a_withdrawal__paid_by_a_double_click__is_paid_once_in_the_operators_name(desk: Desk) -> None:
    who = desk.person("operator")
    answers = [decide(who, WITHDRAWALS, LARGE, word="pay") for _ in range(2)]
    assert {each.headers["location"] for each in answers} == {f"/desk/items/{WITHDRAWALS}/{LARGE}"}
    row = desk.venue.row(VenueWithdrawal, LARGE)
    assert (row.state, row.by, row.why) == ("paying", "ada", "called them")
    assert [type(each.action) for each in desk.venue.asked(LARGE)] == [PayCoins]
    assert desk.acts() == [f"operator:ada {WITHDRAWALS}.decide {LARGE}"]
    with desk.stage.office.store.view() as view:
        [entry] = view.audit_page(subject=LARGE)
    assert json.loads(entry.body) == {"reason": "called them", "word": "pay"}
    page = who.get(f"/desk/items/{WITHDRAWALS}/{LARGE}").text
    assert "What it waits for" in page
    assert "operator:ada" in page
    assert "Decide</h2>" not in page


def test_a_withdrawal__refused__is_given_back_and_no_other_word_follows(desk: Desk) -> None:
    who = desk.person("operator")
    assert decide(who, WITHDRAWALS, LARGE, word="refuse").status_code == 303
    row = desk.venue.row(VenueWithdrawal, LARGE)
    assert (row.state, row.by, row.rule) == ("giving_back", "ada", "withdrawal.review")
    assert [type(each.action) for each in desk.venue.asked(LARGE)] == [GiveBackFunds]
    late = decide(who, WITHDRAWALS, LARGE, word="pay", key=AGAIN)
    assert (late.status_code, "not under review" in late.text) == (422, True)
    assert len(desk.acts()) == 1


def test_a_withdrawal__decided_by_another_meanwhile__says_so_on_its_page_and_leaves_no_entry(desk: Desk) -> None:
    who = desk.person("operator")
    desk.venue.desk.review(LARGE, Reviewed(True, "olga", "at the command line"))
    answer = decide(who, WITHDRAWALS, LARGE, word="refuse")
    assert answer.status_code == 422
    assert f"{LARGE} was paying, not under review" in answer.text
    assert "olga" in answer.text
    assert desk.acts() == []


def test_a_deposit__assigned_to_an_account__is_on_its_way_there(desk: Desk) -> None:
    who = desk.person("operator")
    assert decide(who, DEPOSITS, NOBODYS, word="assign", account="7").status_code == 303
    row = desk.venue.row(VenueDeposit, NOBODYS)
    assert (row.state, row.account, row.by, row.why) == ("crediting", 7, "ada", "called them")
    [asked] = desk.venue.asked(NOBODYS)
    assert asked.action == CreditCustomer(7, "TUSD", 1_250_500_000, NOBODYS)
    assert desk.acts() == [f"operator:ada {DEPOSITS}.decide {NOBODYS}"]
    assert "1,250.5 TUSD" in who.get(f"/desk/items/{DEPOSITS}/{NOBODYS}").text


@pytest.mark.parametrize(
    ("account", "fault"), [("", "name one"), ("0", "name one"), ("x", "not taken here"), ("1" * 19, "not taken here")]
)
def test_a_deposit__assigned_to_no_account__stays_and_says_so_at_the_field(desk: Desk, account: str, fault: str) -> None:
    answer = decide(desk.person("operator"), DEPOSITS, NOBODYS, word="assign", account=account)
    assert answer.status_code == 422
    assert fault in answer.text.partition('id="f-account-fault"')[2]
    assert desk.venue.row(VenueDeposit, NOBODYS).state == "suspense"
    assert desk.acts() == []


def test_a_deposit__returned__goes_back_to_its_sender(desk: Desk) -> None:
    who = desk.person("operator")
    assert decide(who, DEPOSITS, NOBODYS, word="return").status_code == 303
    assert desk.venue.row(VenueDeposit, NOBODYS).state == "returning"
    [asked] = desk.venue.asked(NOBODYS)
    assert isinstance(asked.action, PayCoins)
    assert asked.action.to == STRANGER


def test_a_deposit__kept__is_among_those_that_are_kept_and_may_still_be_assigned(desk: Desk) -> None:
    who = desk.person("operator")
    assert decide(who, DEPOSITS, WIRE, word="keep").status_code == 303
    assert desk.venue.row(VenueDeposit, WIRE).state == "kept"
    assert WIRE not in who.get(f"/desk/queues/{DEPOSITS}").text
    assert WIRE in who.get(f"/desk/queues/{DEPOSITS}?state=kept").text
    assert decide(who, DEPOSITS, WIRE, word="assign", account="7", key=AGAIN).status_code == 303
    assert desk.venue.row(VenueDeposit, WIRE).account == 7


@pytest.mark.parametrize("word", ["assign", "return"])
def test_a_deposit_of_a_listed_address__is_kept_by_every_word_from_the_desk(desk: Desk, word: str) -> None:
    who = desk.person("operator")
    assert "It would be refused now" in who.get(f"/desk/items/{DEPOSITS}/{BLOCKED}").text
    answer = decide(who, DEPOSITS, BLOCKED, word=word, account="7")
    assert (answer.status_code, "came from a listed address" in answer.text) == (422, True)
    row = desk.venue.row(VenueDeposit, BLOCKED)
    assert (row.state, row.sender, row.by) == ("suspense", LISTED, "")
    assert desk.acts() == []


def test_a_deposit__assigned_to_an_account_that_the_venue_does_not_have__waits_again_and_says_why(desk: Desk) -> None:
    who = desk.person("operator")
    decide(who, DEPOSITS, NOBODYS, word="assign", account="404")
    row = desk.venue.row(VenueDeposit, NOBODYS)
    with desk.venue.store.transaction() as unit:
        unit.put(replace(row, account=0, state="suspense", rule="account.unknown", reason="venue: no account 404 was opened"))
    page = who.get(f"/desk/items/{DEPOSITS}/{NOBODYS}").text
    assert "venue: no account 404 was opened" in page
    assert "Decide</h2>" in page


def test_a_parked_command__is_shown_with_its_error_and_tried_again_once(desk: Desk) -> None:
    who = desk.person("operator")
    page = who.get(f"/desk/items/{COMMANDS}/{PARKED}").text
    assert "ZeroDivisionError: division by zero" in page
    assert "amount</dt><dd>250</dd>" in page
    assert f"/desk/items/{DEPOSITS}/{SHARES}" in page
    assert f"/desk/items/{COMMANDS}/" in who.get(f"/desk/items/{DEPOSITS}/{SHARES}").text
    for _ in range(2):
        assert decide(who, COMMANDS, PARKED).headers["location"] == f"/desk/queues/{COMMANDS}"
    with desk.venue.store.view() as view:
        [found] = view.open_commands(key=PARKED)
    assert (found.status, found.attempts) == ("due", 0)
    assert desk.acts() == [f"operator:ada {COMMANDS}.decide {PARKED}"]
    late = decide(who, COMMANDS, PARKED, key=AGAIN)
    assert (late.status_code, "not given up any more" in late.text) == (422, True)
    assert len(desk.acts()) == 1


def test_a_holding_that_differs__is_shown_with_both_sides_and_nothing_to_decide(desk: Desk) -> None:
    who = desk.person("operator", "compliance")
    page = words(who.get(f"/desk/items/{BREAKS}/{BROKEN}").text)
    assert "90 USD less is held than booked" in page
    assert "held 0 USD" in page
    assert "booked 90 USD" in page
    assert "It closes by itself" in page
    assert "Decide" not in page
    with desk.venue.store.transaction() as unit:
        row = unit.row(HoldingBreak, BROKEN)
        assert row is not None
        unit.put(replace(row, state="closed", closed_at=desk.venue.now()))
    assert BROKEN not in who.get(f"/desk/queues/{BREAKS}").text
    assert "They agree again" in who.get(f"/desk/items/{BREAKS}/{BROKEN}").text


@pytest.mark.parametrize(("kind", "word"), ACTS)
def test_an_act__by_another_role__is_refused_and_leaves_no_entry(desk: Desk, kind: str, word: str) -> None:
    who = desk.person("auditor", "approver", "admin", "compliance")
    assert decide(who, kind, ITEMS[kind], word=word).status_code == 403
    assert desk.acts() == []
    assert "Decide</h2>" not in who.get(f"/desk/items/{kind}/{ITEMS[kind]}").text


@pytest.mark.parametrize(("kind", "word"), ACTS)
def test_an_act__without_a_reason_or_a_token_or_with_another_word__is_not_done(desk: Desk, kind: str, word: str) -> None:
    who = desk.person("operator")
    answer = decide(who, kind, ITEMS[kind], word=word, reason="ok")
    assert (answer.status_code, "f-reason-fault" in answer.text) == (422, True)
    assert decide(who, kind, ITEMS[kind], word=word, csrf="x").status_code == 403
    assert decide(who, kind, ITEMS[kind], word="burn").status_code == 400
    assert decide(who, kind, "none", word=word, account="7").status_code == 404
    assert desk.acts() == []


def test_a_decision__whose_entry_was_lost_by_a_kill__is_written_down_by_the_same_form_and_made_once(desk: Desk) -> None:
    who = desk.person("operator")
    desk.venue.desk.review(LARGE, Reviewed(True, "ada", "called them"))
    desk.venue.desk.settle(NOBODYS, Settled("assign", "ada", "called them", 7))
    assert decide(who, WITHDRAWALS, LARGE, word="refuse", key="r" * 20).status_code == 422, "another word is another decision"
    assert decide(who, WITHDRAWALS, LARGE, word="pay", reason="another", key="s" * 20).status_code == 422
    assert decide(who, DEPOSITS, NOBODYS, word="assign", account="8", key="t" * 20).status_code == 422
    assert desk.acts() == []
    assert decide(who, WITHDRAWALS, LARGE, word="pay").status_code == 303
    assert decide(who, DEPOSITS, NOBODYS, word="assign", account="7").status_code == 303
    written = [f"operator:ada {WITHDRAWALS}.decide {LARGE}", f"operator:ada {DEPOSITS}.decide {NOBODYS}"]
    assert desk.acts() == written
    assert decide(who, WITHDRAWALS, LARGE, word="pay", key=AGAIN).status_code == 422
    assert desk.acts() == written
    assert len(desk.venue.asked(LARGE)) == len(desk.venue.asked(NOBODYS)) == 1


def test_a_decision__cut_off_before_its_entry__is_made_once_and_written_down_when_the_form_is_sent_again(desk: Desk) -> None:
    who, office = desk.person("operator"), desk.stage.office
    books: Any = CutOff(office.store)
    office.store = books
    for kind, word in ((WITHDRAWALS, "pay"), (DEPOSITS, "return"), (COMMANDS, "again")):
        assert decide(who, kind, ITEMS[kind], word=word).status_code == 503
    assert desk.venue.row(VenueWithdrawal, LARGE).by == "ada"
    assert desk.venue.row(VenueDeposit, NOBODYS).state == "returning"
    with desk.venue.store.view() as view:
        assert view.open_commands(key=PARKED)[0].status == "parked", "what keeps no name is not done without an entry"
    assert desk.acts() == []
    books.is_cut = False
    for kind, word in ((WITHDRAWALS, "pay"), (DEPOSITS, "return"), (COMMANDS, "again")):
        assert decide(who, kind, ITEMS[kind], word=word).status_code == 303
    assert desk.acts() == [f"operator:ada {kind}.decide {ITEMS[kind]}" for kind in (WITHDRAWALS, DEPOSITS, COMMANDS)]
    assert [len(desk.venue.asked(each)) for each in (LARGE, NOBODYS)] == [1, 1]


def test_a_queue__of_more_than_a_page__is_paged_without_a_gap(desk: Desk) -> None:
    who = desk.person("auditor")
    for number in range(PAGE_ROWS + 5):
        desk.venue.arrive(f"more{number}", "TUSD", 10**6 + number, STRANGER, 0)
    found, path = set(), f"/desk/queues/{DEPOSITS}"
    for rows in (PAGE_ROWS, 8):
        page = who.get(path).text
        items = re.findall(rf'href="/desk/items/{DEPOSITS}/([^"]*)"', page)
        assert len(items) == rows
        found |= set(items)
        path = next(iter(re.findall(r'href="([^"]*after=[^"]*)"', page)), "").replace("&amp;", "&")
    assert (len(found), path) == (PAGE_ROWS + 8, "")
    for strange in ("after=x", "after=-1", "after=9999999999999999999999", "state=none"):
        assert who.get(f"/desk/queues/{DEPOSITS}?{strange}").status_code == 400, strange


def test_parked_commands__of_more_than_a_page__are_paged_the_oldest_first(desk: Desk) -> None:
    who = desk.person("auditor")
    for number in range(PAGE_ROWS + 1):
        desk.venue.ask(f"small-{number}", 10**6 + number)
    for lease in desk.venue.store.lease("worker", 200, desk.venue.now(), 0.0):
        desk.venue.store.park(lease, "a bug")
    first = who.get(f"/desk/queues/{COMMANDS}").text
    assert first.count(f'href="/desk/items/{COMMANDS}/') == PAGE_ROWS
    assert f"after={PAGE_ROWS}" in first
    assert PARKED in words(who.get(f"/desk/queues/{COMMANDS}").text)


def test_hostile_words__of_senders_customers_and_persons__stay_text(desk: Desk) -> None:
    who = desk.person("operator")
    with desk.venue.store.transaction() as unit:
        for kind, row_id in ((VenueDeposit, NOBODYS), (VenueWithdrawal, LARGE)):
            row: Any = unit.row(kind, row_id)
            field = "sender" if kind is VenueDeposit else "to"
            unit.put(replace(row, reason=HOSTILE, rule=HOSTILE, why=HOSTILE, by=HOSTILE, **{field: HOSTILE}))
    for queue in (DEPOSITS, WITHDRAWALS):
        for path in (f"/desk/queues/{queue}", f"/desk/items/{queue}/{ITEMS[queue]}", f"/desk/search?q={ITEMS[queue]}"):
            page = who.get(path).text
            assert alive(page) == [], path
            assert "x-evil" in page or "search" in path, path
    answer = decide(who, DEPOSITS, NOBODYS, word="keep", reason=HOSTILE, account=HOSTILE)
    assert answer.status_code == 422
    assert alive(answer.text) == []


def test_an_id_of_the_venues_money__is_found_by_the_search(desk: Desk) -> None:
    who = desk.person("auditor")
    for kind in (WITHDRAWALS, DEPOSITS, COMMANDS):
        assert f"/desk/items/{kind}/" in who.get(f"/desk/search?q={ITEMS[kind]}").text
    desk.venue.is_there = False
    assert who.get(f"/desk/search?q={LARGE}").status_code == 200


def test_the_desk__without_a_venue__is_there_and_says_so(desk: Desk) -> None:
    who = desk.person("operator")
    desk.venue.is_founded = False
    page = who.get("/desk").text
    assert "No venue was founded" in page
    assert "/desk/queues/venue-" not in page
    assert "No venue was founded" in who.get(f"/desk/queues/{DEPOSITS}").text
    assert who.get(f"/desk/items/{DEPOSITS}/{NOBODYS}").status_code == 404
    assert decide(who, DEPOSITS, NOBODYS, word="keep").status_code == 404


def test_the_desk__while_the_venues_store_is_away__is_there_and_says_so_and_decides_nothing(desk: Desk) -> None:
    who = desk.person("operator")
    desk.venue.is_there = False
    page = who.get("/desk")
    assert page.status_code == 200
    assert "cannot be read now" in page.text
    assert "Compliance cases" in page.text
    for path in (f"/desk/queues/{DEPOSITS}", f"/desk/items/{DEPOSITS}/{NOBODYS}"):
        answer = who.get(path)
        assert (answer.status_code, "cannot be read now" in answer.text) == (503, True)
    assert decide(who, DEPOSITS, NOBODYS, word="keep").status_code == 503
    assert desk.acts() == []
    desk.venue.is_there = True
    assert decide(who, DEPOSITS, NOBODYS, word="keep").status_code == 303, "the same form again, once it is back"


def test_to_look__changes_nothing(desk: Desk) -> None:
    who = desk.person("operator")

    def state() -> object:
        with desk.venue.store.view() as view:
            return (view.position(), view.balances(), len(view.open_commands()), view.rows(VenueDeposit))

    before = state()
    for kind, item in ITEMS.items():
        assert who.get(f"/desk/items/{kind}/{item}").status_code == 200
        assert who.get(f"/desk/queues/{kind}").status_code == 200
    assert state() == before


def test_the_platforms_own_queues__have_other_names_than_the_venues(desk: Desk) -> None:
    with desk.stage.office.store.view() as view:
        own = {each.name for each in queue_counts(view)}
    assert own & {each.name for each in VENUE_QUEUES} == set()
