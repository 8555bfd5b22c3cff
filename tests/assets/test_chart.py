"""The chart of accounts against the accounts that the platform really opens."""

import re
from pathlib import Path

import pytest

from openscrip.assets import accounts
from openscrip.assets.accounts import CHART
from openscrip.assets.chart import CHART_OF_ACCOUNTS, KINDS
from openscrip.bootstrap.books import DECIDES
from openscrip.bootstrap.simulated import build_world
from openscrip.bootstrap.simulated_parts import summer_of_2024
from openscrip.lab.simulation import SESSIONS_MIN, Simulation
from openscrip.runtime.chart import Class, Kind, Measure
from openscrip.runtime.ledger import LedgerBroken, Side, Transfer
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.trial import trial_lines, unit_totals

SOURCE = Path(__file__).parents[2] / "src" / "openscrip"
NAMED_IN_CODE = re.compile(r"(?:\{(?:\w+\.)?stock(?:\.id)?\}(?:\.\{chain\})?|USD)/([a-z_]+)[\":]")


def test_every_account_that_the_code_names_is_in_the_chart_and_every_kind_is_named_by_the_code() -> None:
    paths = [path for layer in ("assets", "issuance", "bootstrap") for path in (SOURCE / layer).rglob("*.py")]
    named = {name for path in paths for name in NAMED_IN_CODE.findall(path.read_text())}
    named |= {*accounts.SHARE_ASSETS, *accounts.SHARE_CLAIMS}
    assert CHART.keys() - named == set()
    assert named - CHART.keys() == set()


def test_every_account_that_a_simulated_market_opens_is_in_the_chart_on_its_side_and_balances_by_unit() -> None:
    world = build_world(3, summer_of_2024(), faults=True, decides=DECIDES)
    assert Simulation(world, 3, 60, SESSIONS_MIN).run().ok
    with world.store.view() as view:
        balances = dict(view.balances())
    opened = {CHART_OF_ACCOUNTS.kind(account).name for account in balances}
    assert len(opened) > 15
    totals = unit_totals(trial_lines(CHART_OF_ACCOUNTS, balances))
    assert [total.unit for total in totals if not total.is_balanced] == []
    for line in trial_lines(CHART_OF_ACCOUNTS, balances):
        if line.kind.side is not Side.EITHER:
            assert (line.credit if line.kind.side is Side.DEBIT else line.debit) == 0


def test_codes_and_names_are_given_once_and_the_first_digit_says_the_class() -> None:
    assert len({kind.code for kind in KINDS}) == len({kind.name for kind in KINDS}) == len(KINDS)
    digits = {
        (Measure.SHARES, Class.ASSET): "1", (Measure.MONEY, Class.ASSET): "3", (Measure.MONEY, Class.LIABILITY): "4",
        (Measure.MONEY, Class.EQUITY): "5", (Measure.SHARES, Class.LIABILITY): "2", (Measure.SHARES, Class.EQUITY): "2",
        (Measure.SHARES, Class.MEMO): "2", (Measure.RAW, Class.MEMO): "9",
    }  # fmt: skip
    assert [kind.name for kind in KINDS if str(kind.code)[0] != digits[kind.measure, kind.type]] == []
    assert [kind.name for kind in KINDS if not kind.title or not kind.purpose] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_asset_is_on_the_debit_side_and_what_is_owed_or_owned_on_the_credit_side(kind: Kind) -> None:
    sides = {Class.ASSET: {Side.DEBIT}, Class.LIABILITY: {Side.CREDIT}, Class.EQUITY: {Side.CREDIT}}
    assert kind.side in sides.get(kind.type, {Side.CREDIT, Side.EITHER})


@pytest.mark.parametrize("account", ["USD/nothing", "USD/", "bank", "TSLA/bank", "USD/custody", "/bank", "TSLA/custodian"])
def test_an_account_that_is_not_in_the_chart_is_no_account(account: str) -> None:
    with pytest.raises(LedgerBroken, match="not in the chart"):
        CHART_OF_ACCOUNTS.kind(account)


@pytest.mark.parametrize("account", ["USD/nothing", "TSLA/custodian"])
def test_nothing_is_posted_to_an_account_that_is_not_in_the_chart(account: str) -> None:
    store = MemoryStore(CHART)
    with pytest.raises(LedgerBroken, match="not in the chart"), store.transaction() as unit:
        unit.post([Transfer("t", f"{account.partition('/')[0]}/issuer", account, 1, "c")])
    with store.view() as view:
        assert view.balances() == {}


@pytest.mark.parametrize(
    ("account", "atoms", "written"),
    [
        ("USD/bank", 1_500_000, "1.5"), ("TSLA/custody", 1, "0.000000001"), ("TSLA.evm/supply", 25, "0.00000025"),
        ("USD/bank", -2, "-0.000002"),
    ],
)  # fmt: skip
def test_amounts_are_written_in_the_measure_of_their_account(account: str, atoms: int, written: str) -> None:
    assert CHART_OF_ACCOUNTS.written(account, atoms) == written
