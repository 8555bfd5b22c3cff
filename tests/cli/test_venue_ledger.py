"""`openscrip ledger --venue`: what the venue owes and where it lies, from its own books, whether or not it runs."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.markets.venue_told import TSLA, TSLA_USD, USD, TellingVenue, directory

from openscrip.bootstrap.venue_money import open_money_store
from openscrip.cli import main
from openscrip.markets.money_chart import KINDS, MONEY_SIDES, bank, chain, transit
from openscrip.markets.settlement import SETTLEMENT_REGISTERED, Settlement
from openscrip.runtime.ledger import Transfer

ALICE, BOB = 1, 2


def told(capsys: pytest.CaptureFixture[str], data: Path, *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["ledger", "--venue", "--data", str(data), "--json", *words])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Alice brought dollars and bob tokens; they traded."""
    venue = TellingVenue()
    store = open_money_store(tmp_path / "venue", lambda: 1_700_000_000, SETTLEMENT_REGISTERED)
    with store.transaction() as unit:
        unit.post((
            Transfer("in:1", bank("USD"), transit("USD", "d1"), 5_000_000_000, "d1"),
            Transfer("in:2", chain("TSLAx", "evm"), transit("TSLAx", "d2"), 2 * 10**8, "d2"),
        ))  # fmt: skip
    settlement = Settlement(store, directory(), venue.again, lambda: 1_700_000_000)
    settlement.start(0, {})
    settlement.hear(venue.credit(ALICE, USD.number, 5_000_000_000, "d1"))
    settlement.hear(venue.credit(BOB, TSLA.number, 2 * 10**8, "d2"))
    settlement.hear(venue.trade(TSLA_USD, ALICE, BOB, 30_000, 10_000, fees=(500_000, -100_000)))
    assert settlement.reached(3, 60)
    settlement.stop()
    store.close()
    return tmp_path


def test_the_trial_balance_of_the_venue__is_in_its_units_and_balances(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    code, document = told(capsys, data)
    assert code == 0
    lines = {(line["unit"], line.get("name", "total")): line for line in document["lines"]}
    assert lines["USD", "venue_bank"]["debit"] == "5000"
    assert lines["USD", "venue_customer"]["credit"] == "4999.6"
    assert lines["USD", "venue_fees"]["credit"] == "0.4"
    assert lines["TSLAx", "venue_customer"]["credit"] == lines["TSLAx", "venue_chain"]["debit"] == "2"
    assert all(line["balanced"] for line in document["lines"] if "total" in line)


def test_the_venue_s_ledger__checked_from_its_own_record__has_no_problem(
    capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    code, document = told(capsys, data, "--verify")
    assert (code, document["problems"]) == (0, [])


def test_the_chart_of_the_venue__names_every_account_once(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    _, document = told(capsys, data, "--chart")
    assert [each["name"] for each in document["accounts"]] == [kind.name for kind in KINDS]
    assert MONEY_SIDES.keys() == {kind.name for kind in KINDS}
    assert len({kind.code for kind in KINDS}) == len(KINDS)


def test_a_folder__without_a_venue__is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["ledger", "--venue", "--data", str(tmp_path)]) != 0
    assert "openscrip venue" in capsys.readouterr().err
