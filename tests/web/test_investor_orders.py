"""Quotes, orders, redemptions and documents: one click one effect, and nobody sees what is another's."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.web.investing import START, InvestorStage, form, ordered, quoted, redeemed
from tests.web.stage import ORIGIN, Visitor, evm_wallet

from openscrip.assets.stock import Stock
from openscrip.issuance.journey import Journey
from openscrip.issuance.quote import Quote
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.quantities import RawAmount

ANNA = evm_wallet(1)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[InvestorStage]:
    made = InvestorStage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def anna(stage: InvestorStage) -> Visitor:
    return stage.investor()


def holds(stage: InvestorStage, raw: str) -> None:
    """Anna's wallet holds TSLAx tokens."""
    stage.office.rails.held["TSLA", "evm", ANNA.address] = RawAmount.parse(raw)


# quotes and orders


def test_a_quote__says_the_worst_case_and_its_end__before_anything_is_ordered(stage: InvestorStage, anna: Visitor) -> None:
    text = anna.get(quoted(anna).headers["location"]).text
    assert "The most that you can pay" in text
    assert "$2,211.00" in text, "10 shares at 200 and a tenth more, and half a percent of that"
    assert "$220.00 per share" in text
    assert "This quote holds until" in text
    assert "4 Jun 2024" in text
    assert stage.rows() == {"Subscription": 0, "Redemption": 0}


def test_an_order__confirmed__leads_to_the_page_that_says_where_to_pay(stage: InvestorStage, anna: Visitor) -> None:
    path = ordered(anna)
    text = anna.get(path).text
    assert "Subscribe to 10 shares of TSLA" in text
    assert "$2,211.00" in text
    assert path.removeprefix("/orders/") in text, "the reference of the transfer"
    assert "Order received" in text
    assert "awaiting_payment" not in text
    assert any(act.startswith("client:anna order.subscribe") for act in stage.acts())


def test_a_click_twice__and_two_tabs__have_one_effect(stage: InvestorStage, anna: Visitor) -> None:
    review = quoted(anna).headers["location"]
    first, second = (anna.get(review) for _ in range(2))
    path = review.partition("?")[0]
    told = {"to": f"evm:{ANNA.address}", "pay": "bank"}
    one = {**form(anna, review), **told}
    answers = [anna.post(path, one), anna.post(path, one)]
    assert first.status_code == second.status_code == 200
    assert {answer.headers["location"] for answer in answers} == {answers[0].headers["location"]}
    other_tab = anna.post(path, {**one, "key": "f" * 32})
    assert other_tab.headers["location"] == answers[0].headers["location"], "the other tab shows the same order"
    assert "See the order" in anna.get(review).text, "and so does the way back"
    with stage.office.store.view() as view:
        assert [row.state for row in view.rows(Subscription)] == ["awaiting_payment"]


def test_twenty_clicks_at_once__have_one_effect(stage: InvestorStage, anna: Visitor) -> None:
    review = quoted(anna).headers["location"]
    told = {**form(anna, review), "to": f"evm:{ANNA.address}", "pay": "bank"}
    places: list[str] = []

    def click() -> None:
        places.append(anna.post(review.partition("?")[0], told).headers.get("location", ""))

    threads = [threading.Thread(target=click) for _ in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert set(places) == {places[0]}
    assert places[0].startswith("/orders/")
    assert stage.rows()["Subscription"] == 1


def test_a_form_sent_again_with_other_content__is_refused(stage: InvestorStage, anna: Visitor) -> None:
    told = {**form(anna, "/subscribe"), "stock": "TSLA", "amount": "10", "to": f"evm:{ANNA.address}"}
    assert anna.post("/subscribe", told).status_code == 303
    assert anna.post("/subscribe", {**told, "amount": "1000"}).status_code == 409
    with stage.office.store.view() as view:
        assert len(view.rows(Quote)) == 1


def test_a_quote_that_has_expired__is_renewed_without_loss_of_what_was_entered(stage: InvestorStage, anna: Visitor) -> None:
    review = quoted(anna).headers["location"]
    told = {**form(anna, review), "to": f"evm:{ANNA.address}", "pay": "bank"}
    stage.office.at += 61
    refused = anna.post(review.partition("?")[0], told)
    page = anna.get(refused.headers["location"])
    assert "the quote has expired" in page.text
    assert 'name="amount" value="10"' in page.text
    assert "Take a new quote" in page.text
    with stage.office.store.view() as view:
        assert [row.state for row in view.rows(Subscription)] == ["refused"]


@pytest.mark.parametrize(
    ("over", "says"),
    [
        ({"amount": "many"}, "Write an amount"),
        ({"amount": "-3"}, "Write an amount"),
        ({"amount": "9000", "mode": "instant"}, "not as many shares in stock"),
        ({"to": "evm:0x0000000000000000000000000000000000000001"}, "one of your own wallets"),
        ({"pay": "tusd:evm:0x0000000000000000000000000000000000000001"}, "one of the ways to pay"),
        ({"stock": "NOPE"}, "one of the listed stocks"),
    ],
)
def test_what_is_not_possible__is_said_in_words_beside_its_field(
    stage: InvestorStage, anna: Visitor, over: dict[str, str], says: str
) -> None:
    answer = quoted(anna, **over)
    shown = anna.get(answer.headers["location"]) if answer.status_code == 303 else answer
    assert shown.status_code == 422
    assert says in shown.text
    assert stage.rows()["Subscription"] == 0


def test_a_refused_order__says_the_rule_in_words_and_that_nothing_was_charged(stage: InvestorStage, anna: Visitor) -> None:
    review = quoted(anna, amount="6000").headers["location"]
    done = anna.post(review.partition("?")[0], {**form(anna, review), "to": f"evm:{ANNA.address}", "pay": "bank"})
    text = anna.get(done.headers["location"]).text
    assert "Not accepted" in text
    assert "Nothing" in text
    assert "Ask for less." in text


def test_an_order_for_coins__names_the_exact_amount_the_chain_and_the_wallets(stage: InvestorStage, anna: Visitor) -> None:
    path = ordered(anna, pay=f"tusd:evm:{ANNA.address}")
    text = anna.get(path).text
    for words in ("2,211.00 TUSD", "EVM chain only", "0x" + "33" * 20, ANNA.address, "Give this wallet test coins"):
        assert words in text
    asked = anna.post(f"{path}/transaction", form(anna, path)).json()
    assert asked["sender"] == ANNA.address
    assert asked["number"] == 31_337


def test_the_simulated_bank__pays_once__and_the_page_goes_on(stage: InvestorStage, anna: Visitor) -> None:
    path = ordered(anna)
    fields = form(anna, path)
    for _ in range(2):
        assert anna.post(f"{path}/simulated-payment", fields).headers["location"] == path
    text = anna.get(path).text
    assert "Pay $2,211.00" not in text
    assert "Your payment arrived" in text
    with stage.office.store.view() as view:
        (row,) = view.rows(Subscription)
    assert (row.state, row.paid) == ("buying", row.deposit)
    sent = anna.post(f"{path}/transaction", form(anna, "/subscribe"))
    assert sent.status_code == 422, "nothing more is to be sent"


# cancelling


def test_an_order_that_is_not_paid__is_cancelled_by_two_clicks__and_a_third_changes_nothing(
    stage: InvestorStage, anna: Visitor
) -> None:
    path = ordered(anna)
    assert f'href="{path}/cancel"' in anna.get(path).text
    asks = anna.get(f"{path}/cancel").text
    assert "Cancel this order?" in asks
    assert "Nothing was bought for it yet" in asks
    fields = form(anna, f"{path}/cancel")
    assert [anna.post(f"{path}/cancel", fields).headers["location"] for _ in range(2)] == [path, path]
    text = anna.get(path).text
    assert "You cancelled this order. Nothing was bought. Nothing was charged." in text
    assert "/cancel" not in text
    assert "simulated-payment" not in text
    assert anna.get(f"{path}/cancel").headers["location"] == path
    with stage.office.store.view() as view:
        (row,) = view.rows(Subscription)
    assert (row.state, row.rule) == ("refused", "order.cancelled")
    assert [act.split()[1] for act in stage.acts()].count("order.cancel") == 1
    assert "Subscription: cancelled" in anna.get("/notices").text


def test_an_order_that_was_paid_in_the_meantime__says_so_and_goes_on(stage: InvestorStage, anna: Visitor) -> None:
    path = ordered(anna)
    fields = form(anna, f"{path}/cancel")
    anna.post(f"{path}/simulated-payment", form(anna, path))
    late = anna.post(f"{path}/cancel", fields).headers["location"]
    text = anna.get(late).text
    assert "It could not be cancelled any more" in text
    assert "Your payment arrived" in text
    with stage.office.store.view() as view:
        (row,) = view.rows(Subscription)
    assert row.state == "buying"


def test_a_redemption__cancelled_before_or_after_its_tokens_came__keeps_or_returns_them(
    stage: InvestorStage, anna: Visitor
) -> None:
    holds(stage, "3")
    for escrowed, says in ((False, "Nothing was burned."), (True, "are on their way back to")):
        path = redeemed(anna).headers["location"]
        if escrowed:
            with stage.office.store.transaction() as unit:
                row = unit.row(Redemption, path.removeprefix("/orders/"))
                assert row is not None
                unit.put(replace(row, state="escrowed", escrowed=row.raw, sender=row.wallet))
            assert "are sent back to" in anna.get(f"{path}/cancel").text
        anna.post(f"{path}/cancel", form(anna, f"{path}/cancel"))
        assert says in anna.get(path).text


# two tabs, and a session that is over


def test_two_tabs_of_one_review__lead_to_one_redemption(stage: InvestorStage, anna: Visitor) -> None:
    holds(stage, "3")
    told = {"source": f"TSLA:evm:{ANNA.address}", "amount": "2", "kind": "cash", "deliver_to": "", "paid_in": "bank"}
    review = anna.post("/redeem", {**form(anna, "/redeem"), **told}).headers["location"]
    tabs = [{**form(anna, review), **told} for _ in range(2)]
    assert len({anna.post("/redeem/confirm", each).headers["location"] for each in tabs}) == 1
    assert stage.rows()["Redemption"] == 1
    again = anna.post("/redeem", {**form(anna, "/redeem"), **told}).headers["location"]
    anna.post("/redeem/confirm", {**form(anna, again), **told})
    assert stage.rows()["Redemption"] == 2, "asked for anew it is another one"


@pytest.mark.parametrize("page", ["/subscribe", "/redeem"])
def test_a_form_sent_after_the_session_is_over__is_shown_again_with_its_entries(
    stage: InvestorStage, anna: Visitor, page: str
) -> None:
    holds(stage, "3")
    source = {"source": f"TSLA:evm:{ANNA.address}", "kind": "in_kind", "deliver_to": "B & Co/7"}
    asked = {"stock": "TSLA", "mode": "order_through", "to": f"evm:{ANNA.address}"} if page == "/subscribe" else source
    fields = {**form(anna, page), **asked, "amount": "2.75"}
    stage.at += 8 * 86_400
    led = anna.post(page, fields).headers["location"]
    assert led.startswith("/sign-in?next=")
    assert fields["key"] not in led
    assert fields["csrf"] not in led
    after = anna.sign_in(ANNA, parse_qs(urlsplit(led).query)["next"][0])
    text = anna.get(after.headers["location"]).text
    assert 'name="amount" type="text" value="2.75"' in text
    assert page == "/subscribe" or "B &amp; Co/7" in text


def test_a_live_block_asked_for_after_the_session_is_over__leads_back_to_its_page(stage: InvestorStage, anna: Visitor) -> None:
    path = ordered(anna)
    stage.at += 8 * 86_400
    back = f"?next=%2Forders%2F{path.removeprefix('/orders/')}"
    for current, then in ((f"{ORIGIN}{path}", back), ("https://evil.example/x", "")):
        answer = anna.get(path, **{"hx-request": "true", "hx-current-url": current})
        assert answer.headers["hx-redirect"] == f"/sign-in{then}"


# what is another's


def test_every_id_of_another_client__answers_as_one_that_never_was(stage: InvestorStage, anna: Visitor) -> None:
    path = ordered(anna)
    holds(stage, "3")
    redemption = redeemed(anna).headers["location"]
    review = quoted(anna).headers["location"].partition("?")[0]
    otto = stage.investor("otto", 3)
    fields = {**form(otto, "/subscribe"), "to": f"evm:{evm_wallet(3).address}", "pay": "bank", "transaction": "AA=="}
    for mine in (path, redemption):
        order_id = mine.removeprefix("/orders/")
        for asked in (mine, f"/documents/receipt-{order_id}.json"):
            theirs, nobodys = otto.get(asked), otto.get(asked.replace(order_id, "web-" + "0" * 24))
            assert (theirs.status_code, nobodys.status_code) == (404, 404), asked
            assert "TSLA" not in theirs.text
        assert otto.get(f"{mine}/cancel").status_code == 404
        for act in ("cancel", "simulated-payment", "transaction", "transaction/signed"):
            assert otto.post(f"{mine}/{act}", fields).status_code == 404, act
    assert otto.get(review).status_code == 404
    assert otto.post(review, fields).status_code == 404
    assert "orders/web" not in otto.get("/orders").text
    assert "TSLA" not in otto.get("/holdings").text.partition("Simulated money")[0].partition("</header>")[2]
    source = {"source": f"TSLA:evm:{ANNA.address}", "amount": "1", "kind": "cash", "deliver_to": "", "paid_in": "bank"}
    assert otto.post("/redeem/confirm", {**fields, **source}).status_code == 422
    assert stage.rows() == {"Subscription": 1, "Redemption": 1}


def test_nobody_who_is_not_signed_in__sees_any_of_it(stage: InvestorStage, anna: Visitor) -> None:
    path = ordered(anna)
    stranger = stage.visitor()
    for asked in ("/holdings", "/orders", path, "/subscribe", "/redeem", "/dividends", "/documents", "/notices"):
        assert stranger.get(asked).headers["location"].startswith("/sign-in?next="), asked


def test_looking__at_everything_and_again__changes_nothing(stage: InvestorStage, anna: Visitor) -> None:
    path = ordered(anna)
    holds(stage, "3")
    before, acts = stage.rows(), len(stage.acts())
    month = "2024-06"
    pages = (
        "/holdings", "/orders", path, f"{path}?sent=1", "/subscribe", "/redeem", "/dividends", "/documents", "/notices",
        "/join",
        f"/documents/statement-{month}.html", f"/documents/statement-{month}.csv", "/documents/tax-2024.json",
    )  # fmt: skip
    for asked in pages * 2:
        answer = anna.get(asked)
        assert answer.status_code == 200, (asked, answer.text[:300])
        assert answer.headers["cache-control"] in {"no-store", "no-cache"}
    assert (stage.rows(), len(stage.acts())) == (before, acts)


# redemptions


def test_what_tokens_come_to__is_counted_down_and_said_before_anything_moves(stage: InvestorStage, anna: Visitor) -> None:
    holds(stage, "3")
    told = {"source": f"TSLA:evm:{ANNA.address}", "amount": "2.00000001", "kind": "cash", "deliver_to": "", "paid_in": "bank"}
    review = anna.post("/redeem", {**form(anna, "/redeem"), **told}).headers["location"]
    text = anna.get(review).text
    assert "2.00000001 TSLAx tokens = 3.000000015 shares" in text
    assert "Nothing is lost by rounding" in text
    assert "0.5" in text
    assert stage.rows()["Redemption"] == 0


@pytest.mark.parametrize(
    ("over", "says"),
    [
        ({"amount": "3.1"}, "You hold 3 tokens there"),
        ({"amount": "0.000000001"}, "at most 8 decimals"),
        ({"amount": "x"}, "at most 8 decimals"),
        ({"kind": "in_kind", "amount": "0.5", "deliver_to": "B-1"}, "from one whole share on"),
        ({"kind": "in_kind"}, "Name your account"),
        ({"kind": "in_kind", "deliver_to": "<script>"}, "Name your account"),
        ({"paid_in": "tusd:solana"}, "ways to be paid"),
        ({"source": "TSLA:evm:0x0000000000000000000000000000000000000001"}, "one of your holdings"),
    ],
)
def test_a_redemption_that_does_not_fit__is_not_taken(
    stage: InvestorStage, anna: Visitor, over: dict[str, str], says: str
) -> None:
    holds(stage, "3")
    answer = redeemed(anna, **over)
    assert answer.status_code == 422
    assert says in answer.text
    assert "<script>" not in answer.text
    assert stage.rows()["Redemption"] == 0


def test_a_redemption__confirmed_twice__is_one__and_waits_for_the_wallet(stage: InvestorStage, anna: Visitor) -> None:
    holds(stage, "3")
    told = {"source": f"TSLA:evm:{ANNA.address}", "amount": "2", "kind": "cash", "deliver_to": "", "paid_in": "bank"}
    fields = {**form(anna, "/redeem"), **told}
    places = {anna.post("/redeem/confirm", fields).headers["location"] for _ in range(2)}
    (path,) = places
    text = anna.get(path).text
    assert "Hand in 2 TSLAx tokens" in text
    assert "asks twice" in text
    asked = anna.post(f"{path}/transaction", form(anna, path)).json()
    assert asked["sender"] == ANNA.address
    assert stage.rows()["Redemption"] == 1


def test_a_redemption_whose_tokens_came__asks_for_none_again(stage: InvestorStage, anna: Visitor) -> None:
    holds(stage, "3")
    path = redeemed(anna).headers["location"]
    order_id = path.removeprefix("/orders/")
    with stage.office.store.transaction() as unit:
        row = unit.row(Redemption, order_id)
        assert row is not None
        unit.put(replace(row, state="escrowed", escrowed=row.raw))
    text = anna.get(path).text
    assert "Hand in" not in text
    assert anna.post(f"{path}/transaction", form(anna, "/redeem")).status_code == 422


def test_while_a_corporate_action_holds_the_market__redemptions_are_taken_and_it_is_said(
    stage: InvestorStage, anna: Visitor
) -> None:
    holds(stage, "3")
    with stage.office.store.transaction() as unit:
        stock = unit.row(Stock, "TSLA")
        assert stock is not None
        unit.put(replace(stock, frozen_by=("TSLA.SPLF",)))
    assert "corporate action is being carried out" in anna.get("/holdings").text
    assert redeemed(anna).status_code == 303
    shown = anna.get(quoted(anna).headers["location"])
    assert "a corporate action of this stock is being carried out" in shown.text


# documents and notices


def repeated(stage: InvestorStage, path: str, count: int, state: str = "", every_s: int = 0) -> None:
    """As many orders like that one, `o0` and on: each asked `every_s` after the one before it."""
    name = path.removeprefix("/orders/")
    with stage.office.store.transaction() as unit:
        first, journey = unit.row(Subscription, name), unit.row(Journey, name)
        assert first is not None
        assert journey is not None
        for number in range(count):
            unit.put(replace(first, id=f"o{number}", state=state or first.state, asked_at=first.asked_at + every_s * number))
            unit.put(replace(journey, id=f"o{number}"))


def test_a_statement__of_a_month_that_is_over__is_the_same_file_every_time(stage: InvestorStage, anna: Visitor) -> None:
    path = ordered(anna)
    anna.post(f"{path}/simulated-payment", form(anna, path))
    stage.office.at = START + 40 * 86_400
    files = [f"/documents/statement-2024-06.{kind}" for kind in ("html", "csv", "json")]
    first = [anna.get(each) for each in files]
    stage.office.at += 86_400
    second = [anna.get(each) for each in files]
    assert [each.content for each in first] == [each.content for each in second]
    for each in first:
        assert each.headers["content-disposition"].startswith('attachment; filename="openscrip-statement-2024-06.')
    told = json.loads(first[2].content)
    assert told["final"] is True
    assert told["orders"][0]["paid_usd"] == "2211"
    assert [each["what"] for each in told["movements"]] == ["Your payment arrived"]
    receipt = json.loads(anna.get(f"/documents/receipt-{path.removeprefix('/orders/')}.json").content)
    assert receipt["movements"][0]["amount_usd"] == "2211"


def test_documents__of_very_many_orders__are_all_found_by_going_on(stage: InvestorStage, anna: Visitor) -> None:
    repeated(stage, ordered(anna), 120, "completed", 86_400)
    stage.office.at = START + 120 * 86_400
    found, place, pages = list[str](), "/documents", 0
    while place:
        text = anna.get(place).text
        assert text.count("/documents/statement-2024-06.csv") == 1, "the months begin with the first order"
        found += re.findall(r"/documents/receipt-(o\d+)\.json", text)
        on = re.search(r'href="(/documents\?after=\d+)#receipts"', text)
        place, pages = on[1] if on else "", pages + 1
    assert (pages, found) == (3, [f"o{number}" for number in range(119, -1, -1)])
    assert "None of these orders is finished." in anna.get("/documents?after=0").text
    assert anna.get("/documents?after=x").text == anna.get("/documents").text


def test_a_statement__of_very_many_orders__leaves_none_of_them_out(stage: InvestorStage, anna: Visitor) -> None:
    path = ordered(anna)
    anna.post(f"{path}/simulated-payment", form(anna, path))
    repeated(stage, path, 2_100)
    stage.office.at = START + 40 * 86_400
    told = json.loads(anna.get("/documents/statement-2024-06.json").content)
    assert len(told["orders"]) == 2_101
    assert [each["what"] for each in told["movements"]] == ["Your payment arrived"], "the oldest order's is there"


@pytest.mark.parametrize("label", ["statement-2024-13.csv", "statement-x.csv", "tax-99999.json", "statement-2024-06.pdf"])
def test_a_document_of_no_period__is_not_there(anna: Visitor, label: str) -> None:
    assert anna.get(f"/documents/{label}").status_code in {400, 404, 422}


def test_notices__tell_what_happened__newest_first(stage: InvestorStage, anna: Visitor) -> None:
    path = ordered(anna)
    stage.office.at += 3_600
    anna.post(f"{path}/simulated-payment", form(anna, path))
    text = anna.get("/notices").text
    assert text.index("Payment complete".lower()) < text.index("Order received".lower())
    assert f'href="{path}"' in text
