"""Corporate actions: frozen on one word, staged on two, verified before the market resumes."""

import json
from dataclasses import replace
from datetime import date

import pytest

from openscrip.assets.acquisition import Acquisition, SharesArrived
from openscrip.assets.actions import Rescaled, Wake, Woken
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.assets.stock import Lot, SplitRatio, Stock
from openscrip.assets.wire import to_json
from openscrip.issuance.actions import Differs, Finish, Landed, Rejected, Schedule, Verified, Verify
from openscrip.issuance.distribution import (
    ActionView,
    Announced,
    Distribution,
    DividendReceived,
    HoldingSplit,
    MultiplierChanged,
    Resolved,
    StockFrozen,
    StockResumed,
    StockSplit,
    announce,
    decide,
)
from openscrip.issuance.distribution_row import PAUSE_S_MAX
from openscrip.issuance.staging import FINISH_AGAIN_S, FINISHES_MAX
from openscrip.issuance.terms import Terms
from openscrip.issuance.voucher import source_hashes, sources_hash
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Balance

EX_DATE = date(2024, 6, 10)
SPLIT = Notice(
    "NVDA.SPLF.2024-06-10", "NVDA", "US67066G1040", ActionEvent.FORWARD_SPLIT, date(2024, 5, 22), EX_DATE, None, None,
    10, 1, None, "custodian",
)  # fmt: skip
DIVIDEND = replace(
    SPLIT, event_id="NVDA.DVCA.2024-06-11", event=ActionEvent.CASH_DIVIDEND, ratio_new=None, ratio_old=None,
    cash_usd=PricePerShare.parse("0.26"), record_date=EX_DATE, pay_date=date(2024, 6, 28),
)  # fmt: skip
FREEZE_AT, EFFECTIVE_AT = 1_000, 100_000
TOKENS = (("evm", "0x1"), ("solana", "So1"))
STOCK = Stock("NVDA", "US67066G1040", "SEGREGATED", "NVDAx", TOKENS, price=PricePerShare.parse("200"))


def view(now: int, stock: Stock = STOCK, raw: str = "1000", *, in_flight: bool = False) -> ActionView:
    """What a corporate action may know at `now`."""
    held = Shares.whole(1_000).atoms
    balances = {
        "NVDA/custody": Balance(debits_posted=held), "NVDA/outstanding": Balance(credits_posted=held)
    }  # fmt: skip
    return ActionView(now, stock, Terms(), RawAmount.parse(raw), balances, in_flight)


APPROVED = Resolved("", "memo", "approval", people=("ann", "ben"))


def told(notice: Notice, source: str = "custodian") -> Announced:
    """The notice as `source` tells it."""
    return Announced(replace(notice, source=source), FREEZE_AT, EFFECTIVE_AT)


class Story:
    """A corporate action and its stock, event by event."""

    def __init__(self, notice: Notice, stock: Stock = STOCK) -> None:
        self.stock, self.last = stock, announce(told(notice))
        self.row = self._row(self.last)

    def _row(self, decision: Decision) -> Distribution:
        rows = [row for row in decision.rows if isinstance(row, Distribution)]
        return rows[-1] if rows else self.row

    def hears(self, event: object, now: int = FREEZE_AT, *, in_flight: bool = False) -> Decision:
        """Let the action decide."""
        self.last = decide(self.row, event, view(now, self.stock, in_flight=in_flight))  # type: ignore[arg-type]  # of the union
        self.row = self._row(self.last)
        self.stock = next((row for row in reversed(self.last.rows) if isinstance(row, Stock)), self.stock)
        return self.last

    def wakes(self, now: int = FREEZE_AT, *, in_flight: bool = False) -> Decision:
        """The wake that the action awaits comes."""
        return self.hears(Woken(self.row.awaits), now, in_flight=in_flight)

    def frozen(self) -> "Story":
        """Two sources agreed and the market waits."""
        self.hears(told(self.row.notices[0], "broker"))
        self.hears(APPROVED)
        self.wakes()
        return self

    def staged(self, now: int) -> "Story":
        """Every chain took the change, asked at `now`."""
        for command in self.last.commands:
            self.hears(Landed(command.key, "0xtx", 1), now)
        return self


def asked(decision: Decision, kind: type[object]) -> list[object]:
    """The actions of one kind in a decision."""
    return [command.action for command in decision.commands if isinstance(command.action, kind)]


def test_one_source_freezes_the_market_and_stages_nothing() -> None:
    story = Story(SPLIT)
    assert StockFrozen("NVDA", SPLIT.event_id) in story.wakes().facts
    assert not story.stock.is_open
    assert story.wakes().commands == ()
    assert "second source" in story.row.reason


def test_two_sources_that_agree_stage_every_chain_from_one_instant() -> None:
    story = Story(SPLIT).frozen()
    schedules = [action.change for action in asked(story.wakes(), Schedule) if isinstance(action, Schedule)]
    assert [change.chain for change in schedules] == ["evm", "solana"]
    assert {(change.effective_at, str(change.multiplier), change.epoch_after) for change in schedules} == {
        (EFFECTIVE_AT, "10", 1)
    }


def test_a_chain_is_told_the_dates_the_ratio_and_the_sources_that_agree() -> None:
    story = Story(SPLIT)
    story.hears(told(replace(SPLIT, pay_date=date(2024, 6, 9)), "broker"))
    story.hears(APPROVED)
    story.wakes()
    (evm, _) = (action for action in asked(story.wakes(), Schedule) if isinstance(action, Schedule))
    notices = [to_json(SPLIT), to_json(replace(SPLIT, pay_date=date(2024, 6, 9), source="broker"))]
    action = evm.change.action
    assert (action.id, action.kind, action.ex_date, action.cash) == (SPLIT.event_id, "SPLF", EX_DATE, 0)
    assert (action.record_date, action.pay_date) == (None, None), "the dates are the custodian's"
    assert action.sources == sources_hash(notices)
    assert (evm.change.ratio_new, evm.change.ratio_old, evm.change.paused_from) == (10, 1, FREEZE_AT)
    assert json.loads(evm.event)["sources"] == source_hashes(reversed(notices))


def test_an_operators_choice_stands_on_the_chosen_source_alone() -> None:
    story = Story(SPLIT)
    nine = replace(SPLIT, ratio_new=9)
    story.hears(told(nine, "broker"))
    story.wakes()
    story.hears(Resolved("broker", "memo 1"))
    story.hears(APPROVED)
    (evm, _) = (action for action in asked(story.wakes(), Schedule) if isinstance(action, Schedule))
    assert evm.change.action.sources == sources_hash([to_json(replace(nine, source="broker"))])
    assert (evm.change.action.ratio_new, evm.change.ratio_new) == (9, 9)


def test_a_notice_that_follows_its_booking_takes_its_place_and_a_booking_never_that_of_a_notice() -> None:
    booked = replace(SPLIT, announced_on=EX_DATE)
    story = Story(booked)
    story.hears(told(SPLIT))
    assert [n.announced_on for n in story.row.notices] == [SPLIT.announced_on]
    assert story.hears(told(booked)) == Decision()
    assert story.hears(told(replace(SPLIT, ratio_new=9, announced_on=date(2024, 5, 1)))) == Decision()


def test_prices_wait_no_longer_than_the_chain_lets_them() -> None:
    story = Story(SPLIT).frozen()
    (evm, _) = (action for action in asked(story.wakes(EFFECTIVE_AT * 10), Schedule) if isinstance(action, Schedule))
    assert evm.change.paused_from == EFFECTIVE_AT * 10 - PAUSE_S_MAX
    first, second = story.last.commands
    story.hears(Landed(first.key, "0x", 1), EFFECTIVE_AT * 10)
    story.hears(Rejected(second.key, "x", "not now"), EFFECTIVE_AT * 10)
    (solana,) = (action for action in asked(story.wakes(EFFECTIVE_AT * 10 + 60), Schedule) if isinstance(action, Schedule))
    assert solana.change.paused_from == evm.change.paused_from, "all chains are told the same"


def test_two_sources_that_differ_wait_for_an_operator_who_chooses() -> None:
    story = Story(SPLIT)
    story.hears(told(replace(SPLIT, ratio_new=9), "broker"))
    story.wakes()
    assert asked(story.wakes(), Schedule) == []
    assert asked(story.hears(Resolved("broker", "memo 1")), Wake) != []
    story.hears(APPROVED)
    story.wakes()
    assert str(story.row.after) == "9"


def test_an_operator_cannot_choose_what_nobody_told() -> None:
    assert Story(SPLIT).hears(Resolved("a stranger", "memo")) == Decision()


def test_a_wake_that_is_told_twice_acts_once() -> None:
    story = Story(SPLIT).frozen()
    why = story.row.awaits
    story.wakes()
    assert story.hears(Woken(why)) == Decision()
    assert story.hears(Woken("spurious")) == Decision()


def test_nothing_is_staged_while_mints_or_burns_are_in_flight() -> None:
    story = Story(SPLIT).frozen()
    waiting = story.wakes(in_flight=True)
    assert [type(command.action) for command in waiting.commands] == [Wake]
    assert len(asked(story.wakes(), Schedule)) == 2


def test_an_earlier_action_of_the_stock_goes_first() -> None:
    story = Story(SPLIT, replace(STOCK, frozen_by=("an earlier one",))).frozen()
    assert asked(story.wakes(), Schedule) == []


def test_a_chain_that_refused_is_asked_again_when_all_have_answered() -> None:
    story = Story(SPLIT).frozen()
    first, second = story.wakes().commands
    assert story.hears(Rejected(first.key, "x", "not now")).commands == ()
    assert asked(story.hears(Landed(second.key, "0x", 1)), Wake) != []
    again = story.wakes(FREEZE_AT + 60)
    assert [action.change.chain for action in asked(again, Schedule) if isinstance(action, Schedule)] == ["evm"]
    assert story.hears(Rejected(first.key, "x", "told twice")) == Decision()


def test_when_only_some_chains_staged_by_the_instant_a_person_decides() -> None:
    story = Story(SPLIT).frozen()
    first, second = story.wakes().commands
    story.hears(Rejected(first.key, "x", "no"))
    story.hears(Landed(second.key, "0x", 1))
    story.wakes(EFFECTIVE_AT)
    assert story.row.state == "held"


def test_a_split_is_verified_before_the_market_resumes() -> None:
    story = Story(SPLIT).frozen()
    story.wakes()
    story.staged(FREEZE_AT)
    assert story.row.state == "staged"
    assert asked(story.wakes(EFFECTIVE_AT), Verify) == [Verify("NVDA", 10 * 10**18, 1, 1)]
    story.hears(Differs("custody counted at epoch 0"), EFFECTIVE_AT)
    assert not story.stock.is_open
    assert asked(story.wakes(EFFECTIVE_AT + 60), Verify) != []
    decision = story.hears(Verified(), EFFECTIVE_AT + 60)
    assert {type(fact) for fact in decision.facts} == {MultiplierChanged, StockResumed}
    ends = [action.finish for action in asked(decision, Finish) if isinstance(action, Finish)]
    assert [(end.chain, end.action_id) for end in ends] == [("evm", SPLIT.event_id), ("solana", SPLIT.event_id)]
    assert (story.row.state, str(story.stock.multiplier), story.stock.chain_epoch) == ("final", "10", 1)
    assert story.hears(Verified()) == Decision()


def test_an_end_that_a_chain_refuses_is_asked_again_a_few_times() -> None:
    story = Story(SPLIT).frozen()
    story.wakes()
    story.staged(FREEZE_AT)
    story.wakes(EFFECTIVE_AT)
    first, _ = story.hears(Verified(), EFFECTIVE_AT).commands
    keys = [first.key]
    while story.hears(Rejected(keys[-1], "epoch.differs", "not yet"), EFFECTIVE_AT).commands:
        assert story.last.commands[0].due_at == EFFECTIVE_AT + FINISH_AGAIN_S
        (again,) = story.wakes(EFFECTIVE_AT + FINISH_AGAIN_S).commands
        assert again.action == first.action
        keys.append(again.key)
    assert keys == [f"{SPLIT.event_id}:finish:evm:{n}" for n in range(1, FINISHES_MAX + 1)]
    assert story.hears(Landed(keys[-1], "0x", 1)) == Decision()


def test_whoever_tells_first_of_a_booked_split_raises_the_epoch_once() -> None:
    story = Story(SPLIT, replace(STOCK, inventory=(Lot("r0", Shares.whole(2)),)))
    decision = story.hears(HoldingSplit(1, Money(0)))
    assert decision.facts == (StockSplit("NVDA", 1, 10, 1),)
    assert (story.stock.epoch, story.stock.free, story.stock.price) == (1, Shares.whole(20), PricePerShare.parse("20"))
    grown = {(t.debit, t.credit): t.amount for t in decision.transfers}
    assert grown == {
        ("NVDA/custody", "NVDA/market"): Shares.whole(9_000).atoms,
        ("NVDA/market", "NVDA/outstanding"): Shares.whole(9_000).atoms,
    }
    assert story.hears(HoldingSplit(1, Money(0))) == Decision()


def test_cash_for_lost_fractions_is_booked_whoever_told_first() -> None:
    story = Story(SPLIT)
    story.hears(HoldingSplit(1, Money(0)))
    assert [t.amount for t in story.hears(HoldingSplit(1, Money(7))).transfers] == [7]


def test_a_dividend_is_bought_after_the_opening_of_the_ex_date() -> None:
    story = Story(DIVIDEND).frozen()
    (command,) = story.last.commands
    assert command.due_at == EFFECTIVE_AT
    decision = story.wakes(EFFECTIVE_AT)
    assert [row.shares for row in decision.rows if isinstance(row, Acquisition)] == [Shares.whole(2)]
    assert (story.row.net, story.row.eligible) == (Money.parse("182"), Shares.whole(1_000))


@pytest.fixture
def bought() -> Story:
    """A dividend whose two shares were bought at 199.37 and arrived."""
    story = Story(DIVIDEND).frozen()
    story.wakes(EFFECTIVE_AT)
    story.hears(SharesArrived("NVDA", story.row.id, "t1", Shares.whole(2), Money.parse("398.74")), EFFECTIVE_AT)
    return story


def test_a_dividend_raises_the_multiplier_by_what_was_bought(bought: Story) -> None:
    assert str(bought.row.after) == "1.000912875558"
    evm = next(action.change for action in asked(bought.last, Schedule) if isinstance(action, Schedule))
    assert (evm.ratio_new, evm.ratio_old) == (1_000_912_875_558, 1_000_000_000_000)
    assert (evm.action.ratio_new, evm.action.ratio_old, evm.action.cash) == (0, 0, 260_000)
    assert evm.action.pay_date == date(2024, 6, 28)
    assert bought.stock.free == Shares.parse("1.087124442")
    assert {(t.debit, t.credit) for t in bought.last.transfers} >= {("NVDA/inventory", "NVDA/outstanding")}


def test_an_arrival_that_is_told_twice_is_bought_once(bought: Story) -> None:
    again = SharesArrived("NVDA", bought.row.id, "t1", Shares.whole(2), Money.parse("398.74"))
    assert bought.hears(again) == Decision()


def test_a_dividend_resumes_the_market_and_is_final_with_its_cash(bought: Story) -> None:
    bought.staged(EFFECTIVE_AT)
    bought.wakes(EFFECTIVE_AT + 900)
    bought.hears(Verified(), EFFECTIVE_AT + 900)
    assert (bought.row.state, bought.stock.is_open) == ("resumed", True)
    assert asked(bought.last, Finish) == []
    received = bought.hears(DividendReceived(Money.parse("190")))
    assert bought.row.state == "final"
    assert len(asked(received, Finish)) == 2
    assert sorted(t.amount for t in received.transfers) == [Money.parse("8").atoms, Money.parse("182").atoms]
    assert bought.hears(DividendReceived(Money.parse("190"))) == Decision()


def test_a_dividend_of_two_custodians_is_booked_whole_and_each_part_once(bought: Story) -> None:
    bought.staged(EFFECTIVE_AT)
    bought.wakes(EFFECTIVE_AT + 900)
    bought.hears(Verified(), EFFECTIVE_AT + 900)
    parts = [bought.hears(DividendReceived(Money.parse(net), payer)) for net, payer in (("100", "one"), ("90", "two"))]
    booked = [(t.debit, t.credit, str(Money(t.amount))) for part in parts for t in part.transfers]
    assert booked == [
        ("USD/bank", "USD/dividend_receivable", "100"),
        ("USD/capital", "USD/dividend_receivable", "82"),
        ("USD/bank", "USD/capital", "90"),
    ]
    assert (str(bought.row.cash), bought.row.state) == ("190", "final")
    assert bought.hears(DividendReceived(Money.parse("90"), "two")) == Decision()


def test_a_split_while_a_dividend_is_bought_counts_it_anew_once() -> None:
    story = Story(DIVIDEND).frozen()
    story.wakes(EFFECTIVE_AT)
    story.hears(Rescaled(1, 10, 1))
    story.hears(Rescaled(1, 10, 1))
    assert (story.row.eligible, story.row.wanted) == (Shares.whole(10_000), Shares.whole(20))


def test_a_dividend_on_nothing_is_final_at_once() -> None:
    story = Story(DIVIDEND).frozen()
    decision = decide(story.row, Woken(story.row.awaits), view(EFFECTIVE_AT, story.stock, "0"))
    assert [row.state for row in decision.rows if isinstance(row, Distribution)] == ["final"]
    assert [row.is_open for row in decision.rows if isinstance(row, Stock)] == [True]
    assert asked(decision, Finish) == [], "no chain was told of it"
    assert story.row.after == Multiplier.one()


def test_a_dividend_after_a_split_that_the_chains_do_not_show_yet_counts_holders_in_the_shares_that_it_buys() -> None:
    torn = replace(STOCK, epoch=1, chain_epoch=0, splits=(SplitRatio(1, 10, 1),))
    story = Story(DIVIDEND, torn).frozen()
    row = next(row for row in story.wakes(EFFECTIVE_AT).rows if isinstance(row, Distribution))
    assert (row.eligible, row.epoch) == (Shares.whole(10_000), 1)
