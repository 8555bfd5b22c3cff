"""A year of the real corporate actions for every listed stock, with the exact multipliers computed here, independently.

Nothing of the product's arithmetic is used for what is expected: integers from the two CSV files of notices, the broker's
fills as it told them, and the rules of the reference (section 5.2).
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files

import pytest
from tests.issuance.actions_world import ActionsWorld

from openscrip.assets.broker import Fill, Side
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.listings import broker_announcements, custodian_notices, daily_closes
from openscrip.bootstrap.simulated_parts import Scenario
from openscrip.issuance.action_queue import Answer, QueueItem

ONE, ATOM = 10**18, 10**9
SUPPLY = 1_000
WITHHELD_BPS = 3_000


@dataclass(frozen=True)
class Row:
    """One line of the data, read here."""

    event_id: str
    symbol: str
    event: str
    ex_date: date
    record_date: str
    pay_date: str
    ratio: tuple[int, int] | None
    cash_micros: int
    sources: int


def read(start: date, end: date) -> list[Row]:
    """The actions that go ex between two days, in order of the ex-date."""
    folder = files("openscrip.assets") / "data"
    told: dict[str, list[dict[str, str]]] = {}
    for name in ("custodian_notices.csv", "broker_announcements.csv"):
        for line in csv.DictReader((folder / name).read_text(encoding="utf-8").splitlines()):
            told.setdefault(line["event_id"], []).append(line)
    rows = []
    for event_id, lines in told.items():
        first, day = lines[0], date.fromisoformat(lines[0]["ex_date"])
        if start < day <= end:
            whole, _, part = first["cash_usd"].partition(".")
            micros = int(whole or 0) * 10**6 + int((part + "000000")[:6]) if first["cash_usd"] else 0
            ratio = (int(first["ratio_new"]), int(first["ratio_old"])) if first["ratio_new"] else None
            record = next((line["record_date"] for line in lines if line["record_date"]), "")
            pay = next((line["pay_date"] for line in lines if line["pay_date"]), "")
            rows.append(Row(event_id, first["symbol"], first["event"], day, record, pay, ratio, micros, len(lines)))
    return sorted(rows, key=lambda row: (row.ex_date, row.symbol))


def symbols_of(start: date) -> tuple[str, ...]:
    """Every listed line that has a price at the start."""
    folder = files("openscrip.assets") / "data"
    with_price = {
        line["symbol"]
        for line in csv.DictReader((folder / "daily_closes.csv").read_text(encoding="utf-8").splitlines())
        if line["date"] <= start.isoformat()
    }
    return tuple(sorted(with_price))


def expected_multipliers(
    rows: list[Row], bought_for: Mapping[str, tuple[int, int]], supply: Mapping[str, int]
) -> dict[str, list[int]]:
    """Each stock's multipliers, one after the other, in 1e-18. `bought_for` are shares (atoms) and their cost by event."""
    found = {symbol: [ONE] for symbol in supply}
    for row in rows:
        multiplier = found[row.symbol][-1]
        if row.ratio is not None:
            found[row.symbol].append(multiplier * row.ratio[0] // row.ratio[1])
            continue
        raw = supply[row.symbol]  # atoms of 1e-18
        held_up, held_down = -(-raw * multiplier // 10**27), raw * multiplier // 10**27
        net = row.cash_micros * (10_000 - WITHHELD_BPS) * held_down // (10_000 * ATOM)
        shares, cost = bought_for[row.event_id]
        bought = net * shares // cost
        found[row.symbol].append(multiplier * (held_up + bought) // held_up)
    return found


def fills_by_event(world: ActionsWorld) -> dict[str, tuple[int, int]]:
    """What the broker told of purchases for each event: atoms of shares, and their cost in 1e-6 USD with fees."""
    totals: dict[str, tuple[int, int]] = {}
    for event in world.world.broker.events(0, 10**6):
        event_id = event.client_order_id.partition(":buy")[0] if isinstance(event, Fill) else ""
        if isinstance(event, Fill) and event.side is Side.BUY and ".DVCA." in event_id:
            atoms, cost = totals.get(event_id, (0, 0))
            paid = -(-event.price.micros * event.quantity.atoms // ATOM) + event.fee.atoms
            totals[event_id] = atoms + event.quantity.atoms, cost + paid
    return totals


def operate(world: ActionsWorld, rows: Mapping[str, Row]) -> None:
    """The test's operator: reads the data where one source or a date is missing, and approves splits."""
    for item in world.queue():
        world.resolve(item, answer_to(item, rows[item.action]))


def answer_to(item: QueueItem, row: Row) -> Answer:
    """What the operator finds out: an ordinary dividend's record date is its ex-date, and it is paid three weeks later."""
    if item.question in ("source", "conflict"):
        return Answer(source="custodian")
    if item.question == "dates":
        record = date.fromisoformat(row.record_date) if row.record_date else row.ex_date
        pay = date.fromisoformat(row.pay_date) if row.pay_date else row.ex_date + timedelta(days=21)
        return Answer(record_date=None if row.record_date else record, pay_date=None if row.pay_date else pay)
    assert item.question == "approval"
    return Answer()


@pytest.mark.parametrize(
    ("start", "end", "events", "splits"),
    [(date(2025, 6, 30), date(2026, 6, 30), 28, 0), (date(2024, 1, 12), date(2024, 12, 31), 29, 2)],
    ids=["july-2025-to-june-2026", "2024"],
)
def test_a_year_of_real_actions__replayed_for_every_listed_stock__gives_the_exact_multipliers(
    start: date, end: date, events: int, splits: int
) -> None:
    calendar, rows, symbols = new_york_calendar(), read(start, end), symbols_of(start)
    assert (len(rows), sum(row.ratio is not None for row in rows)) == (events, splits)
    told = (tuple(each for each in notices if each.ex_date <= end) for notices in (broker_announcements(), custodian_notices()))
    scenario = Scenario(f"{start.isoformat()}T12:00:00Z", symbols, calendar, daily_closes(), *told)
    world, by_id = ActionsWorld(scenario), {row.event_id: row for row in rows}
    for symbol in symbols:
        for chain in ("evm", "solana"):
            world.subscribe(symbol, chain, SUPPLY // 2)
    day = calendar.next_session(start).day
    while day <= end + timedelta(days=45):
        operate(world, by_id)
        world.advance(day)
        day = calendar.next_session(day).day
    supply = {
        symbol: sum(world.world.chains[chain].supply(token).atoms for chain, token in world.stock(symbol).tokens)
        for symbol in symbols
    }
    expected = expected_multipliers(rows, fills_by_event(world), supply)
    done = world.actions()
    for row in rows:
        assert done[row.event_id].state == "final", f"{row.event_id}: {done[row.event_id].state} {done[row.event_id].reason}"
    for symbol in symbols:
        stock = world.stock(symbol)
        mine = [done[row.event_id] for row in rows if row.symbol == symbol]
        assert [each.after.value for each in mine] == expected[symbol][1:], symbol
        assert [each.after.version for each in mine] == list(range(1, len(mine) + 1)), "versions are contiguous"
        assert stock.multiplier.value == expected[symbol][-1]
        for chain, token in stock.tokens:
            assert world.world.chains[chain].multiplier(token).current == expected[symbol][-1], f"{symbol} on {chain}"
    asked = {(item.action, item.question) for item in world.resolved}
    assert {action for action, kind in asked if kind == "source"} == {row.event_id for row in rows if row.sources == 1}
    undated = {row.event_id for row in rows if row.ratio is None and not (row.record_date and row.pay_date)}
    assert {action for action, kind in asked if kind == "dates"} == undated
    assert {action for action, kind in asked if kind == "approval"} == {row.event_id for row in rows if row.ratio}
    assert all(item.by != item.second and item.second for item in world.resolved)
    world.recount()
