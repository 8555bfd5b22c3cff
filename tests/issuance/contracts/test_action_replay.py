"""What really happened to the listed shares, done again on chain by the register, beside the books' own arithmetic."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.issuance.contracts.corporate import (
    ANNOUNCED,
    APPLIED,
    BOTH,
    DAY,
    FINAL,
    STAGED,
    answer,
    change_by,
    looking_at,
    relay,
    state_of,
    window,
)
from tests.issuance.contracts.stage import NODE_MODULES, ONE, TSLA, Stage, reverts

from openscrip.assets.corporate_actions import (
    CashDividend,
    ForwardSplit,
    ReverseSplit,
    action_of,
    after_reinvestment,
    after_split,
    code_of,
    net_dividend_down,
    sources_agree,
)
from openscrip.assets.listings import broker_announcements, custodian_notices, daily_closes, instrument
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.assets.wire import to_json
from openscrip.issuance.chains.evm.deployment import ListedToken
from openscrip.issuance.chains.evm.typed_data import action_values
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.voucher import AnnouncedAction, chain_hash, sources_hash
from openscrip.kernel.money import shares_bought_down
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount

pytestmark = pytest.mark.slow

NEW_YORK = ZoneInfo("America/New_York")
BEFORE_ALL = int(datetime(2020, 8, 1, tzinfo=UTC).timestamp())
HELD = RawAmount.parse("1234.56789012")
"""What alice holds all the time."""
STOCKS = sorted({notice.symbol for notice in custodian_notices()})


@dataclass(frozen=True)
class Fact:
    """A corporate action as it is announced, and what it does to the multiplier."""

    notice: Notice
    announced: AnnouncedAction
    ratio: tuple[int, int]
    after: Multiplier
    epochs: int
    paused_from: int
    at: int

    @property
    def id(self) -> bytes:
        return chain_hash(self.announced.id)


def in_new_york(day: date, hour: int, minute: int) -> int:
    """UTC seconds of a time of day where the share is listed."""
    return int(datetime.combine(day, time(hour, minute), NEW_YORK).timestamp())


def fact_of(notice: Notice, multiplier: Multiplier) -> Fact:
    """A split from the ex-date's opening; a dividend a day after the close at which its shares were bought."""
    action = action_of(notice)
    told = [each for each in broker_announcements() if each.event_id == notice.event_id] + [notice]
    assert sources_agree(told) is not False
    day = notice.ex_date
    if isinstance(action, CashDividend):
        price = daily_closes().on(notice.symbol, day)
        assert price is not None
        eligible = multiplier.to_shares_up(HELD)
        bought = shares_bought_down(net_dividend_down(action, eligible), price)
        ratio = ((eligible + bought).atoms, eligible.atoms)
        after, at, terms = after_reinvestment(multiplier, eligible, bought), in_new_york(day + timedelta(1), 16, 0), (0, 0)
    else:
        assert isinstance(action, ForwardSplit | ReverseSplit), "the data knows no other kinds"
        ratio = terms = (action.new, action.old)
        after, at = after_split(multiplier, action), in_new_york(day, 9, 30)
    announced = AnnouncedAction(
        notice.event_id, code_of(action), day, notice.record_date, notice.pay_date, *terms,
        action.gross.micros if isinstance(action, CashDividend) else 0, sources_hash(to_json(each) for each in told),
    )  # fmt: skip
    epochs = 0 if isinstance(action, CashDividend) else 1
    return Fact(notice, announced, ratio, after, epochs, in_new_york(day - timedelta(1), 16, 0), at)


def facts_of(symbol: str) -> list[Fact]:
    """All that happened to a stock, in order of ex-dates, from a multiplier of one."""
    multiplier, facts = Multiplier.one(), []
    for notice in sorted(custodian_notices(), key=lambda each: each.ex_date):
        if notice.symbol == symbol:
            facts.append(fact_of(notice, multiplier))
            multiplier = facts[-1].after
    return facts


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The contracts on a chain that begins before the first fact."""
    with EvmNode(tmp_path_factory.mktemp("past"), NODE_MODULES, start_at=BEFORE_ALL, recalls=False) as evm:
        stage = Stage(evm)
        yield stage
        stage.rpc.close()


def wait_until(stage: Stage, at: int) -> None:
    """Let market time pass, never back."""
    stage.evm.set_time(max(at, stage.now()))


def seen(stage: Stage) -> tuple[int, int, int]:
    """Multiplier, epoch and version in force."""
    names = ("uiMultiplier", "epoch", "multiplierVersion")
    first, second, third = (int(stage.token_view(name)) for name in names)
    return first, second, third


def raw_price(fact: Fact, at: int, multiplier: int) -> int:
    """A raw token's price in 1e-8 USD at the close of a day, by the multiplier of then; 200 USD a raw token without one."""
    day = datetime.fromtimestamp(at, NEW_YORK).date()
    close = daily_closes().on(fact.notice.symbol, day)
    return close.micros * 100 * multiplier // ONE if close else 200 * 10**8


def report_price(stage: Stage, fact: Fact, *, after: bool) -> int:
    """A round now. Before an action months have passed, and the attestor may have to sign; across it never."""
    price = raw_price(fact, stage.now(), stage.token_view("uiMultiplier"))
    last = stage.view("PriceFeed", "latest_price")[0]
    large = not after and last > 0 and abs(price - last) * 5 > last
    stage.price(("price", "attestor" if large else None), price=price, large_move=large, session=5)
    return price


def carry_out(stage: Stage, fact: Fact) -> None:
    """Announce, stage, let it take effect, finish, and look at each second that matters."""
    before, epoch, version = seen(stage)
    wait_until(stage, fact.at - 4 * DAY)
    relay(stage, "announce", named(action_values(stage.token, fact.announced)))
    assert state_of(stage, fact.id) == ANNOUNCED
    wait_until(stage, fact.at - DAY)
    report_price(stage, fact, after=False)
    change: dict[str, Any] = {
        "token": stage.token, "expected": before, "multiplier": fact.after.value, "effective_at": fact.at,
        "epoch_after": epoch + fact.epochs, "action": fact.id, "ratio_new": fact.ratio[0], "ratio_old": fact.ratio[1],
        "paused_from": fact.paused_from,
    }  # fmt: skip
    stage.stage_change(change)
    wait_until(stage, fact.at - 1)
    assert (seen(stage), state_of(stage, fact.id)) == ((before, epoch, version), STAGED)
    assert window(stage) == (fact.paused_from, fact.at, False)
    with reverts("price: waits for a corporate action"):
        answer(stage)
    now = (fact.after.value, epoch + fact.epochs, version + 1)
    wait_until(stage, fact.at)
    assert (seen(stage), state_of(stage, fact.id)) == (now, APPLIED)
    with reverts("price: waits for a corporate action"):
        answer(stage)
    price = report_price(stage, fact, after=True)
    assert answer(stage) == price
    wait_until(stage, fact.at + 1)
    assert (seen(stage), state_of(stage, fact.id)) == (now, APPLIED)
    stage.finish(fact.id)
    assert state_of(stage, fact.id) == FINAL
    assert stage.token_view("multiplierAt", fact.at - 1) == before
    assert stage.token_view("multiplierAt", fact.at) == fact.after.value


def named(values: tuple[object, ...]) -> dict[str, Any]:
    """Values as the stage's steps take them."""
    return {str(place): value for place, value in enumerate(values)}


def test_facts__of_both_sources__are_77_and_agree() -> None:
    notices = custodian_notices()
    kinds = [notice.event for notice in notices]
    assert (len(notices), kinds.count(ActionEvent.FORWARD_SPLIT), kinds.count(ActionEvent.CASH_DIVIDEND)) == (77, 8, 69)
    assert sum(len(facts_of(symbol)) for symbol in STOCKS) == 77
    known = {notice.event_id for notice in notices}
    assert {notice.event_id for notice in broker_announcements()} <= known


@pytest.mark.parametrize("symbol", STOCKS)
def test_replay__every_fact_of_a_stock__ends_where_the_books_do(past: Stage, symbol: str) -> None:
    snapshot = past.rpc.call("evm_snapshot")
    listed = ListedToken(past.token, past.feed, past.price_feed)
    if symbol != TSLA.symbol:
        listed = past.list_stock(instrument(symbol))
    facts = facts_of(symbol)
    with looking_at(past, listed):
        past.report(shares=10**15, allocation=10**15)
        past.mint(past.voucher(raw=HELD.atoms))
        for fact in facts:
            carry_out(past, fact)
        assert seen(past) == (facts[-1].after.value, sum(fact.epochs for fact in facts), len(facts))
        assert past.token_view("historyLength") == len(facts) + 1
        old, epoch = ONE, 0
        for number, fact in enumerate(facts, 1):
            epoch += fact.epochs
            entry = (old, fact.after.value, fact.at, fact.id, epoch, False)
            assert past.token_view("historyEntry", number) == entry
            assert past.view("CorporateActions", "action_at", listed.token, number - 1) == fact.id
            old = fact.after.value
        assert past.view("CorporateActions", "action_count", listed.token) == len(facts)
        assert past.token_view("balanceOf", "alice") == HELD.atoms
        assert past.token_view("balanceOfUI", "alice") == facts[-1].after.to_ui_down(HELD).atoms
    past.rpc.call("evm_revert", snapshot)


parts = st.integers(1, 10**6)
kinds = st.sampled_from([b"SPLF", b"SPLR", b"DVSE", b"DVCA"])


@settings(max_examples=15)
@given(made_up=st.lists(st.tuples(kinds, parts, parts).filter(lambda each: each[1] != each[2]), min_size=1, max_size=5))
def test_replay__made_up_ratios__end_where_the_books_do(deployed: Stage, made_up: list[tuple[bytes, int, int]]) -> None:
    snapshot = deployed.rpc.call("evm_snapshot")
    books, epoch = Multiplier.one(), 0
    for kind, first, second in made_up:
        new, old = sorted((first, second), reverse=kind != b"SPLR")
        if not 10**12 <= books.value * new // old <= 10**24 or books.value * new // old == books.value:
            continue
        terms = {"ratio_new": 0, "ratio_old": 0, "cash": 1} if kind == b"DVCA" else {"ratio_new": new, "ratio_old": old}
        action = deployed.action(kind=kind, **terms)
        deployed.schedule(change_by(deployed, action, new, old), BOTH, action)
        deployed.pass_time(DAY)
        books, epoch = books.times_down(new, old), epoch + (kind != b"DVCA")
        assert seen(deployed) == (books.value, epoch, books.version)
    deployed.rpc.call("evm_revert", snapshot)
