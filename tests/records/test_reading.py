"""The records over a simulated quarter: they agree with the books, and ask little."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.stores import memory_store
from tests.records.world import NETWORKS, Index, quarter

from openscrip.assets.custody import Statement
from openscrip.assets.stock import Stock
from openscrip.issuance.chain import ChainMultiplier
from openscrip.issuance.coverage import GAP_S, RATIO_ONE, Coverage, CoverageChanged, CoverageKeeper, series_of
from openscrip.issuance.journey import Journey, OrderMoved
from openscrip.issuance.reconciler import Look
from openscrip.issuance.reconciliation import ChainBooks, ChainSeen, StockBooks, StockSeen
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Subscription
from openscrip.kernel.clock import instant
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.records.actions import action, actions
from openscrip.records.coverage import coverage_series
from openscrip.records.holdings import holdings
from openscrip.records.multipliers import multiplier_record
from openscrip.records.order_words import ENDS
from openscrip.records.orders import order, orders
from openscrip.records.prices import hour_at, last_close_at, price_of
from openscrip.records.queues import QUEUES, queue_counts, queue_page
from openscrip.records.reports import report_file, reports
from openscrip.records.stocks import least_covered, stock, stocks, symbol_of
from openscrip.runtime.store import View

pytestmark = pytest.mark.slow
NOW = instant("2024-09-27T00:00:30Z")
QUESTIONS_MAX = 8


class Counting:
    """A view that counts what it is asked."""

    def __init__(self, view: View) -> None:
        self._view, self.questions = view, 0

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._view, name)

        def counted(*arguments: Any, **more: Any) -> Any:
            self.questions += 1
            return asked(*arguments, **more)

        return counted


READERS: dict[str, Callable[[Any], Any]] = {
    "stocks": lambda view: stocks(view, NOW, NETWORKS),
    "stock": lambda view: stock(view, "NVDA", NOW, NETWORKS),
    "coverage": lambda view: coverage_series(view, "NVDA", NOW - 10**7, NOW),
    "orders": lambda view: orders(view, limit=200),
    "order": lambda view: order(view, "sub-1"),
    "multiplier": lambda view: multiplier_record(view, "NVDA", NETWORKS),
    "actions": lambda view: actions(view, limit=200),
    "holdings": lambda view: holdings(view, "person", NOW, NETWORKS, Index()),
    "queues": queue_counts,
    "queue": lambda view: queue_page(view, "breaks"),
}


@pytest.mark.parametrize("name", READERS)
def test_every_reader__asks_a_fixed_number_of_questions(name: str) -> None:
    with quarter().store.view() as view:
        counting = Counting(view)
        assert READERS[name](counting) is not None
    assert 1 <= counting.questions <= QUESTIONS_MAX


def test_coverage__is_what_chains_and_custody_show_now() -> None:
    world = quarter()
    with world.store.view() as view:
        found = {each.symbol: each for each in stocks(view, NOW, NETWORKS, pushed=True)}
        listed = view.rows(Stock)
    for row in listed:
        seen = found[row.id]
        assert {each.network.name: each.raw for each in seen.supplies} == {
            name: chain.supply(row.token(name)) for name, chain in world.chains.items()
        }
        assert seen.held == world.custodian.latest_statement(row.isin).available
        assert seen.owed == seen.multiplier.to_shares_up(seen.raw) + seen.claims
        assert seen.coverage == "covered"
        assert seen.ratio_down is not None
        assert seen.ratio_down * seen.owed.atoms <= seen.held.atoms * RATIO_ONE < (seen.ratio_down + 1) * seen.owed.atoms
    least = least_covered(list(found.values()))
    assert least is not None
    assert least.ratio_down == min(each.ratio_down or 0 for each in found.values())


def test_stock__by_any_of_its_names__is_found() -> None:
    with quarter().store.view() as view:
        assert {symbol_of(view, name) for name in ("NVDA", "nvda", "NVDAx", "US67066G1040")} == {"NVDA"}
        assert symbol_of(view, "nothing") is None
        assert stock(view, "nothing", NOW, NETWORKS) is None


def test_stock__never_looked_at__is_unknown_and_stale_and_not_covered() -> None:
    store = memory_store(Path())
    with store.transaction() as unit:
        unit.put(Stock("TSLA", "US88160R1014", "SEG", "TSLAx", (("evm", "0x1"),)))
        seen = stock(unit, "TSLA", NOW, NETWORKS)
    assert seen is not None
    assert (seen.coverage, seen.stale, seen.ratio_down, seen.price.value) == ("unknown", True, None, None)


def test_orders__each_once_newest_first__with_steps_that_fit_their_state() -> None:
    with quarter().store.view() as view:
        page = orders(view, limit=1_000)
        rows = {row.id: row for kind in (Subscription, Redemption) for row in view.rows(kind)}
    assert page.next is None
    assert {each.id for each in page.orders} == set(rows)
    for each in page.orders:
        assert each.is_final == (each.code in ENDS)
        states = [step.state for step in each.steps]
        assert states == sorted(states, key=("done", "now", "stopped", "next").index)
        assert each.events[0].at == each.asked_at
        assert [event.at for event in each.events] == sorted(event.at for event in each.events)
        if each.code == "COMPLETED":
            assert set(states) == {"done"}
        assert each.state not in each.sentence.split()


def test_journey__tells_every_state_that_the_books_went_through() -> None:
    with quarter().store.view() as view:
        done = next(row for row in view.rows(Subscription) if row.state == "completed" and len(row.parcels) > 1)
        journey = view.row(Journey, done.id)
        moved = [fact for _, _, fact in view.facts(limit=100_000) if isinstance(fact, OrderMoved) and fact.id == done.id]
    assert journey is not None
    names = [each.name for each in journey.milestones]
    assert [name for name in names if ":" not in name][:3] == ["awaiting_payment", "buying", "minting"]
    assert {"order:ordering", "order:filled", "parcel-1:minted", "completed"} <= set(names)
    assert moved[-1].state == names[-1]
    assert journey.reached("completed") >= journey.reached("buying") > 0


def test_multipliers__every_version_comes_of_an_action_that_is_told() -> None:
    with quarter().store.view() as view:
        record = multiplier_record(view, "NVDA", NETWORKS)
        assert record is not None
        assert [each.multiplier.version for each in record.history] == [0, 1, 2, 3]
        for version in record.history[1:]:
            told = action(view, version.action)
            assert told is not None
            assert told.after == version.multiplier
            assert record.at(version.since) == version
            assert record.at(version.since - 1).multiplier.version == version.multiplier.version - 1


def test_series__has_gaps_where_nothing_was_seen_and_never_draws_over_them() -> None:
    store = memory_store(Path())
    body = "2000000000 1000000000 5 0 covered"
    with store.transaction() as unit:
        for at in (1_000, 1_300, 1_600):
            unit.sample(series_of("TSLA"), at, 2 * RATIO_ONE, body, within=GAP_S)
        unit.sample(series_of("TSLA"), 9_000, 2 * RATIO_ONE, body, within=GAP_S)
        unit.sample(series_of("TSLA"), 9_300, None, "0 0 0 0 unknown", within=GAP_S)
        found = coverage_series(unit, "TSLA", 500, 10_000)
    told = [(each.at, each.ratio_down, each.state) for each in found.points]
    two = 2 * RATIO_ONE
    assert told == [
        (1_000, two, "covered"), (1_600, two, "covered"), (1_601, None, "unknown"), (9_000, two, "covered"),
        (9_300, None, "unknown"),
    ]  # fmt: skip
    assert found.least is not None
    with store.transaction() as unit:
        within = coverage_series(unit, "TSLA", 1_200, 1_500)
    assert [each.at for each in within.points] == [1_200, 1_500]


def looked(at: int, held: int, supply: str, *, moved: bool = False) -> Look:
    """A look at a stock with one chain."""
    listed = Stock("TSLA", "US88160R1014", "SEG", "TSLAx", (("evm", "0x1"),))
    raw, nothing = RawAmount.parse(supply), Shares(0)
    books = StockBooks(listed, {"evm": ChainBooks(raw, raw, raw)}, RawAmount(0), Shares.whole(held), nothing)
    stated = Statement(
        "C", "SEG", listed.isin, 1, at, 0, Shares.whole(held), nothing, nothing, nothing, nothing, Shares.whole(held), 1, "", ""
    )
    shown = {"evm": ChainSeen(7, raw, ChainMultiplier(10**18, 0, 0, 0, 0))}
    return Look("TSLA", at, books, StockSeen(shown, stated, parts={"custodian": stated}), (), moved)


def test_keeper__keeps_what_changed_and_a_beat__and_nothing_while_the_books_move() -> None:
    store, machine = memory_store(Path()), [0.0]
    keeper = CoverageKeeper(machine=lambda: machine[0])

    def told(one: Look) -> bool:
        due = keeper.is_due(one)
        if due:
            with store.transaction() as unit:
                keeper.keep(unit, one)
        return due

    assert told(looked(1_000, 2, "1.5"))
    assert not told(looked(1_100, 2, "1.5")), "nothing changed"
    assert not told(looked(1_150, 3, "1.5", moved=True)), "two moments"
    assert told(looked(1_200, 3, "1.5"))
    machine[0] = 10.0
    assert told(looked(1_500, 3, "1.5")), "a beat"
    assert not told(looked(1_900, 3, "1.5")), "machine time stood"
    machine[0] = 20.0
    assert told(looked(1_900, 2, "2.5")), "short"
    machine[0] = 30.0
    assert told(looked(2_600, 2, "2.5", moved=True)), "long nothing"
    with store.view() as view:
        row = view.row(Coverage, "TSLA")
        facts = [fact for _, _, fact in view.facts()]
        series = view.samples(series_of("TSLA"), 0, 9_999)
    assert row is not None
    assert (row.state, row.since, row.at, row.ratio_down) == ("short", 1_900, 2_600, 80_000_000)
    assert [(fact.held, fact.state) for fact in facts if isinstance(fact, CoverageChanged)] == [
        (Shares.whole(2), "covered"), (Shares.whole(3), "covered"), (Shares.whole(2), "short"),
    ]  # fmt: skip
    assert [(each.at, each.until) for each in series] == [(1_000, 1_000), (1_200, 1_500), (1_900, 2_600)]


@pytest.mark.parametrize(
    ("at", "session", "is_open", "next_change"),
    [
        ("2024-06-03T13:29:59Z", "extended", False, "2024-06-03T13:30:00Z"),
        ("2024-06-03T13:30:00Z", "market", True, "2024-06-03T20:00:00Z"),
        ("2024-06-04T02:00:00Z", "overnight", False, "2024-06-04T08:00:00Z"),
        ("2024-06-08T12:00:00Z", "closed", False, "2024-06-10T00:00:00Z"),
        ("1999-06-08T12:00:00Z", "closed", False, None),
    ],
)
def test_hours__are_told_with_when_they_change(at: str, session: str, is_open: bool, next_change: str | None) -> None:
    hour = hour_at(instant(at))
    assert (hour.session, hour.is_open) == (session, is_open)
    assert hour.next_change_at == (instant(next_change) if next_change else None)


def test_price__of_nothing_known__is_none_and_of_a_long_week_end_not_stale() -> None:
    with quarter().store.view() as view:
        row = view.row(Stock, "NVDA")
    assert row is not None
    tuesday = instant("2024-09-03T13:29:00Z")
    assert last_close_at(tuesday) == instant("2024-08-30T20:00:00Z")
    assert price_of(row, row.multiplier, tuesday).stale is False
    unknown = price_of(replace(row, price=type(row.price)(0)), row.multiplier, tuesday)
    assert (unknown.value, unknown.per_token_micros_down, unknown.stale) == (None, None, True)


def test_holdings__are_the_index_in_wallets_that_the_client_signed_for() -> None:
    from openscrip.assets.compliance.persons import Wallet  # noqa: PLC0415
    from openscrip.issuance.clients import ClientWallet  # noqa: PLC0415

    store, address = memory_store(Path()), "0xAbC0000000000000000000000000000000000001"
    tokens = (("evm", "0xT"), ("solana", "mint"))
    with store.transaction() as unit:
        unit.put(Stock("TSLA", "US88160R1014", "SEG", "TSLAx", tokens))
        unit.put(ClientWallet(f"evm:{address.lower()}", Wallet("evm", address, "alice", True)))
        unit.put(ClientWallet("evm:0xother", Wallet("evm", "0xother", "bob", True)))
    index = Index({("evm", "0xT", address.lower()): RawAmount.parse("2.5"), ("evm", "0xT", "0xother"): RawAmount.parse("9")})
    with store.view() as view:
        [found] = holdings(view, "alice", NOW, NETWORKS, index)
        assert holdings(view, "nobody", NOW, NETWORKS, index) == []
    assert (found.wallet, found.raw, found.shares_down) == (address, RawAmount.parse("2.5"), Shares.parse("2.5"))
    assert found.value_micros_down is None


def test_queues__have_a_page_each_and_unknown_names_have_none() -> None:
    with quarter().store.view() as view:
        for each in QUEUES:
            assert queue_page(view, each.name) is not None
        assert queue_page(view, "none") is None


def test_reports__that_were_never_written__are_none(tmp_path: Path) -> None:
    assert reports(tmp_path) == []
    for label in ("2024-06", "../2024-06", "2024-06/../x", ""):
        assert report_file(tmp_path, label, "json") is None
