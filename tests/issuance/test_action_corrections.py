"""Corporate actions that their sources correct or withdraw, before the effect and after; nothing is ever rewritten."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.issuance.actions_world import ActionsWorld

from openscrip.assets import accounts
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.corporate_actions import withdrawn
from openscrip.assets.listings import daily_closes
from openscrip.assets.notice import ActionEvent, Notice, NoticeFunction
from openscrip.assets.stock import Stock
from openscrip.bootstrap.simulated_parts import Scenario
from openscrip.issuance.action_questions import phase_of
from openscrip.issuance.action_queue import Answer, QueueItem
from openscrip.issuance.distribution import ActionView, Announced, Distribution, announce, decide
from openscrip.issuance.terms import Terms
from openscrip.kernel.clock import new_york_date, new_york_instant
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.quantities import RawAmount

SPLIT_ID, DIVIDEND_ID = "NVDA.SPLF.2025-08-11", "AAPL.DVCA.2025-08-11"
EX_DATE = date(2025, 8, 11)
SPLIT = Notice(
    SPLIT_ID, "NVDA", "US67066G1040", ActionEvent.FORWARD_SPLIT, date(2025, 7, 21), EX_DATE, None, None, 10, 1, None,
    "custodian",
)  # fmt: skip
DIVIDEND = Notice(
    DIVIDEND_ID, "AAPL", "US0378331005", ActionEvent.CASH_DIVIDEND, date(2025, 7, 21), EX_DATE, EX_DATE, date(2025, 8, 14),
    None, None, PricePerShare.parse("0.26"), "custodian",
)  # fmt: skip
BOTH = ("custodian", "broker")


def corrected(notice: Notice, revision: int = 2, **terms: Any) -> Notice:
    """The notice that replaces another."""
    return replace(notice, function=NoticeFunction.REPLACEMENT, revision=revision, **terms)


@pytest.fixture
def world() -> ActionsWorld:
    """NVDA and AAPL with a thousand tokens each on two chains, in July 2025."""
    made = ActionsWorld(Scenario("2025-07-14T12:00:00Z", ("AAPL", "NVDA"), new_york_calendar(), daily_closes(), (), ()))
    for symbol in ("AAPL", "NVDA"):
        made.subscribe(symbol, "evm", 600)
        made.subscribe(symbol, "solana", 400)
    made.advance(date(2025, 7, 21))
    return made


def approve_all(world: ActionsWorld) -> None:
    """Two people approve what waits for approval."""
    for item in world.queue():
        if item.question == "approval":
            world.resolve(item, Answer())


def settle(world: ActionsWorld, day: date) -> None:
    """Let days pass with approvals in the evening, the last at `day`."""
    calendar = new_york_calendar()
    while world.now < new_york_instant(day, 20):
        approve_all(world)
        today = calendar.next_session(new_york_date(world.now)).day
        world.advance(min(today, day))
    approve_all(world)
    world.advance(day, 21)


def multiplier(world: ActionsWorld, symbol: str) -> str:
    """What every chain and the books show of a stock."""
    stock = world.stock(symbol)
    shown = {world.world.chains[chain].multiplier(token).current for chain, token in stock.tokens}
    assert shown == {stock.multiplier.value}
    return str(stock.multiplier)


def supply(world: ActionsWorld, symbol: str) -> int:
    """Raw tokens on all chains, in atoms."""
    return sum(world.world.chains[chain].supply(token).atoms for chain, token in world.stock(symbol).tokens)


def open_receivable(world: ActionsWorld) -> int:
    """What is still due from paying agents, in 1e-6 USD."""
    with world.world.store.view() as view:
        return view.balance(accounts.DIVIDEND_RECEIVABLE).debit


def test_a_split_corrected_before_its_freeze__is_staged_by_the_new_ratio_alone(world: ActionsWorld) -> None:
    world.announce(SPLIT, *BOTH)
    approve_all(world)
    world.announce(corrected(SPLIT, ratio_new=4), *BOTH)
    assert phase_of(world.actions()[SPLIT_ID]) == "CORROBORATED", "its approval was for other terms"
    settle(world, date(2025, 8, 12))
    assert (world.actions()[SPLIT_ID].state, multiplier(world, "NVDA")) == ("final", "4")
    world.recount()


def test_a_split_corrected_by_one_source__is_a_conflict_until_the_other_follows(world: ActionsWorld) -> None:
    world.announce(SPLIT, *BOTH)
    world.announce(corrected(SPLIT, ratio_new=4), "custodian")
    (item,) = [each for each in world.queue() if each.question == "conflict"]
    assert "ratio_new was 4 (custodian), 10 (broker)" in item.text
    assert phase_of(world.actions()[SPLIT_ID]) == "CONFLICT"
    world.announce(corrected(SPLIT, ratio_new=4), "broker")
    assert [each.state for each in world.queue("closed") if each.id == item.id] == ["closed"], "it answered itself"
    settle(world, date(2025, 8, 12))
    assert multiplier(world, "NVDA") == "4"


def test_a_staged_split_corrected_before_its_effect__is_taken_back_and_staged_anew(world: ActionsWorld) -> None:
    world.announce(SPLIT, *BOTH)
    approve_all(world)
    world.advance(date(2025, 8, 8), 19)
    assert phase_of(world.actions()[SPLIT_ID]) == "STAGED"
    world.announce(corrected(SPLIT, ratio_new=4), *BOTH)
    row = world.actions()[SPLIT_ID]
    assert (row.revision, row.staged_on, row.chain_id) == (2, (), f"{SPLIT_ID}~2")
    assert {world.world.chains[chain].multiplier("NVDA").pending for chain in ("evm", "solana")} == {0}
    settle(world, date(2025, 8, 12))
    assert (world.actions()[SPLIT_ID].state, multiplier(world, "NVDA")) == ("final", "4")
    assert world.stock("NVDA").is_open
    world.recount()


def test_a_staged_split_withdrawn_before_its_effect__ends_cancelled_and_the_market_runs(world: ActionsWorld) -> None:
    world.announce(SPLIT, *BOTH)
    approve_all(world)
    world.advance(date(2025, 8, 8), 19)
    world.announce(withdrawn(SPLIT, 2), *BOTH)
    assert world.actions()[SPLIT_ID].state == "cancelled"
    assert world.stock("NVDA").is_open
    world.advance(date(2025, 8, 12))
    assert (multiplier(world, "NVDA"), world.stock("NVDA").epoch) == ("1", 0)
    world.recount()


def test_a_split_corrected_after_its_effect__is_another_version_and_the_first_ends_corrected(world: ActionsWorld) -> None:
    world.announce(SPLIT, *BOTH)
    approve_all(world)
    settle(world, date(2025, 8, 12))
    assert multiplier(world, "NVDA") == "10"
    world.announce(corrected(SPLIT, ratio_new=12), *BOTH)
    first, correction = world.actions()[SPLIT_ID], world.actions()[f"{SPLIT_ID}~2"]
    assert (first.state, correction.corrects, correction.ratio) == ("corrected", SPLIT_ID, (6, 5))
    settle(world, date(2025, 8, 13))
    stock = world.stock("NVDA")
    assert (multiplier(world, "NVDA"), stock.multiplier.version, stock.epoch, stock.chain_epoch) == ("12", 2, 2, 2)
    assert str(first.after) == "10", "what was in force is not rewritten"
    world.recount()


@pytest.mark.parametrize(("new", "old", "shown"), [(12, 1, "12"), (1_005, 100, "10.05")])
def test_a_split_corrected_after_its_effect__asks_two_people__and_nothing_is_minted_meanwhile(
    world: ActionsWorld, new: int, old: int, shown: str
) -> None:
    """Even where the ratio was wrong by half a per cent."""
    world.announce(SPLIT, *BOTH)
    approve_all(world)
    settle(world, date(2025, 8, 12))
    before = supply(world, "NVDA")
    world.subscribe("NVDA", "evm", 5)
    world.announce(corrected(SPLIT, ratio_new=new, ratio_old=old), *BOTH)
    world.advance(date(2025, 8, 13))
    (item,) = [each for each in world.queue() if each.action == f"{SPLIT_ID}~2"]
    assert (item.question, world.stock("NVDA").is_open) == ("approval", False)
    world.advance(date(2025, 8, 20))
    assert (multiplier(world, "NVDA"), world.stock("NVDA").is_open, supply(world, "NVDA")) == ("10", False, before)
    world.resolve(item, Answer())
    settle(world, date(2025, 8, 22))
    assert (multiplier(world, "NVDA"), world.stock("NVDA").is_open) == (shown, True)
    assert supply(world, "NVDA") > before
    world.recount()


def test_a_split_withdrawn_after_its_effect__is_undone_by_another_version(world: ActionsWorld) -> None:
    world.announce(SPLIT, *BOTH)
    approve_all(world)
    settle(world, date(2025, 8, 12))
    world.announce(withdrawn(SPLIT, 2), *BOTH)
    settle(world, date(2025, 8, 20))
    stock = world.stock("NVDA")
    assert (multiplier(world, "NVDA"), stock.multiplier.version, stock.is_open) == ("1", 2, True)
    world.recount()


def test_a_dividend_corrected_while_its_shares_are_bought__reinvests_the_new_amount(world: ActionsWorld) -> None:
    world.announce(DIVIDEND, *BOTH)
    world.advance(EX_DATE, 11)
    assert world.actions()[DIVIDEND_ID].state == "buying"
    world.announce(corrected(DIVIDEND, cash_usd=PricePerShare.parse("0.52")), *BOTH)
    settle(world, date(2025, 8, 20))
    row = world.actions()[DIVIDEND_ID]
    assert (row.state, str(row.net)) == ("final", "364")
    assert open_receivable(world) == 0
    multiplier(world, "AAPL")
    world.recount()


def test_a_staged_dividend_corrected_before_its_effect__takes_back_what_was_put_behind_tokens(world: ActionsWorld) -> None:
    world.announce(DIVIDEND, *BOTH)
    world.advance(date(2025, 8, 12), 16)
    calendar_minute = 60
    while world.actions()[DIVIDEND_ID].state != "staged":
        world.world.clock.advance_to(world.now + calendar_minute)
        world.world.parties.advance_to(world.now)
        world.drain()
    before = world.actions()[DIVIDEND_ID]
    world.announce(corrected(DIVIDEND, cash_usd=PricePerShare.parse("0.13")), *BOTH)
    settle(world, date(2025, 8, 20))
    row = world.actions()[DIVIDEND_ID]
    assert (row.state, str(before.net), str(row.net), row.revision) == ("final", "182", "91", 2)
    assert row.after.value < before.after.value
    assert multiplier(world, "AAPL") == str(row.after)
    assert open_receivable(world) == 0
    world.recount()


def test_a_dividend_withdrawn_while_its_shares_are_bought__owes_nobody_anything(world: ActionsWorld) -> None:
    world.announce(DIVIDEND, *BOTH)
    world.advance(EX_DATE, 11)
    world.announce(withdrawn(DIVIDEND, 2), *BOTH)
    assert world.actions()[DIVIDEND_ID].state == "cancelled"
    world.advance(date(2025, 8, 20))
    assert (multiplier(world, "AAPL"), open_receivable(world)) == ("1", 0)
    assert str(world.stock("AAPL").free) == "1", "what was bought is the issuer's own"
    world.recount()


def test_a_dividend_raised_after_its_effect__pays_the_rest_by_another_version(world: ActionsWorld) -> None:
    world.announce(DIVIDEND, *BOTH)
    settle(world, date(2025, 8, 13))
    first = multiplier(world, "AAPL")
    world.announce(corrected(DIVIDEND, cash_usd=PricePerShare.parse("0.30")), *BOTH)
    settle(world, date(2025, 8, 20))
    correction = world.actions()[f"{DIVIDEND_ID}~2"]
    assert (str(correction.net), correction.state, world.stock("AAPL").multiplier.version) == ("28", "final", 2)
    assert multiplier(world, "AAPL") > first
    assert open_receivable(world) == 0
    world.recount()


def test_a_dividend_lowered_after_its_effect__is_the_issuers_loss_and_no_multiplier_falls(world: ActionsWorld) -> None:
    world.announce(DIVIDEND, *BOTH)
    settle(world, date(2025, 8, 13))
    before = multiplier(world, "AAPL")
    world.announce(corrected(DIVIDEND, cash_usd=PricePerShare.parse("0.20")), *BOTH)
    settle(world, date(2025, 8, 20))
    assert (multiplier(world, "AAPL"), open_receivable(world)) == (before, 0)
    assert world.actions()[f"{DIVIDEND_ID}~2"].reason == "less than was distributed: the issuer's loss"
    world.recount()


# the queue


def test_a_question__needs_two_different_people_who_say_the_same(world: ActionsWorld) -> None:
    world.announce(replace(DIVIDEND, record_date=None, pay_date=None), *BOTH)
    world.advance(date(2025, 8, 6))
    (item,) = world.queue()
    assert (item.question, item.action) == ("dates", DIVIDEND_ID)
    with pytest.raises(Malformed, match="asked for dates"):
        world.resolve(item, Answer())
    said = Answer(record_date=EX_DATE, pay_date=date(2025, 8, 14))
    with pytest.raises(Refused, match="another person must say the same"):
        world.resolve(item, said, ("ines", "ines"))
    world.resolve(item, replace(said, pay_date=date(2025, 8, 15)), ("otto",))
    assert world.actions()[DIVIDEND_ID].pay_date is None, "another answer is another proposal"
    world.resolve(item, said)
    assert world.actions()[DIVIDEND_ID].pay_date == date(2025, 8, 14)
    with pytest.raises(Refused, match="resolved already"):
        world.resolve(item, said)
    settle(world, date(2025, 9, 5))
    assert world.actions()[DIVIDEND_ID].state == "final"


def test_an_unconfirmed_notice__is_news_and_corroborates_nothing(world: ActionsWorld) -> None:
    world.announce(DIVIDEND, "custodian")
    world.announce(replace(DIVIDEND, confirmed=False), "broker")
    world.advance(date(2025, 8, 6))
    assert [each.question for each in world.queue()] == ["source"]
    world.announce(corrected(DIVIDEND), "broker")
    assert world.queue() == []
    assert phase_of(world.actions()[DIVIDEND_ID]) == "SCHEDULED"


def test_an_action_for_hand__freezes_the_market_until_two_people_say_it_is_done(world: ActionsWorld) -> None:
    merger = replace(DIVIDEND, event_id="AAPL.MRGR.2025-08-11", event=ActionEvent.MERGER, cash_usd=None)
    world.announce(merger, *BOTH)
    world.advance(EX_DATE)
    assert not world.stock("AAPL").is_open
    (item,) = world.queue()
    assert item.question == "manual"
    world.resolve(item, Answer())
    assert (world.actions()[merger.event_id].state, world.stock("AAPL").is_open) == ("final", True)


def test_a_dividend_of_more_than_one_per_cent__waits_for_two_people(world: ActionsWorld) -> None:
    world.announce(replace(DIVIDEND, cash_usd=PricePerShare.parse("5")), *BOTH)
    world.advance(date(2025, 8, 12), 19)
    (item,) = world.queue()
    assert (item.question, world.actions()[DIVIDEND_ID].state, multiplier(world, "AAPL")) == ("approval", "staging", "1")
    world.resolve(item, Answer())
    world.advance(date(2025, 8, 13), 12)
    assert float(multiplier(world, "AAPL")) > 1.01
    world.recount()


# whatever order messages come in


def _view(now: int) -> ActionView:
    stock = Stock("NVDA", "US67066G1040", "SEG", "NVDAx", (("evm", "0x1"),), price=PricePerShare.parse("100"))
    return ActionView(now, stock, Terms(), RawAmount.parse("1000"), {}, False)


def _told(row: Distribution | None, notice: Notice) -> Distribution:
    event = Announced(notice, 10**9, 10**9 + 60_000)
    if row is None:
        made = announce(event).rows[0]
        assert isinstance(made, Distribution)
        return made
    rows = [each for each in decide(row, event, _view(10)).rows if isinstance(each, Distribution)]
    return rows[-1] if rows else row


_words = st.lists(
    st.builds(
        lambda source, revision, new, gone: replace(
            SPLIT,
            source=source,
            revision=revision,
            ratio_new=new,
            function=NoticeFunction.CANCELLATION if gone else NoticeFunction.REPLACEMENT,
        ),
        st.sampled_from(BOTH),
        st.integers(1, 4),
        st.sampled_from((4, 10)),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda notice: (notice.source, notice.revision),
)


@settings(max_examples=150, deadline=None)
@given(_words, st.randoms(use_true_random=False))
def test_notices__in_any_order_and_told_again__leave_the_same_terms(words: list[Notice], chance: Any) -> None:
    outcomes = []
    for order in (words, [*chance.sample(words, len(words)), *chance.choices(words, k=3)]):
        row: Distribution | None = None
        for notice in order:
            row = _told(row, notice)
        assert row is not None
        words_of = {notice.source: (notice.revision, notice.ratio_new) for notice in row.notices}
        outcomes.append((row.state, words_of, row.settled and row.settled.ratio))
    assert outcomes[0] == outcomes[1]


def test_a_queue_item__keeps_who_answered_why_and_on_which_document(world: ActionsWorld) -> None:
    world.announce(SPLIT, *BOTH)
    approve_all(world)
    (item,) = world.queue("resolved")
    assert (item.by, item.second, item.reason, item.document) == ("ines", "otto", "read and compared", "memo 12")
    assert isinstance(item, QueueItem)
