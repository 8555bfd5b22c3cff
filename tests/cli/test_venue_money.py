"""`openscrip venue-money`: the operator's queue, and what becomes of it."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from openscrip.assets.bank import CashReceived
from openscrip.bootstrap.venue_money_office import money_office
from openscrip.bootstrap.venue_wiring import TreasuryWiring, VenueWiring
from openscrip.cli.saying import Voice
from openscrip.cli.venue_money import add_venue_money, venue_money
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.money import Money
from openscrip.markets.funding import bank_reference
from openscrip.runtime.settings import load_settings

BY = ("--by", "olga", "--why", "called them")
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A venue's folder in which 90 dollars of a stranger wait."""
    (tmp_path / "venue").mkdir()
    tokens = TreasuryWiring("0x" + "aa" * 20, 0, {"TSLAx": "0x" + "bb" * 20})
    VenueWiring(NOWHERE, {}, {"evm": tokens}, {"USD": NOWHERE}).write(tmp_path / "venue")
    with money_office(load_settings({}, tmp_path)) as office, office.store.transaction() as unit:
        office.desk.from_bank("USD")(unit, CashReceived(1, 1, "wire", bank_reference(7), Money.parse("90"), "BERTA"))
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], folder: Path, *words: str, as_json: bool = True) -> Any:
    parsers = {name: argparse.ArgumentParser() for name in ("venue-approver", "venue-money")}
    add_venue_money(lambda name, what, module: parsers[name])
    asked = parsers["venue-money"].parse_args(words)
    asked.data, asked.config = folder, None
    assert venue_money(asked, Voice(as_json=as_json)) == 0
    out = capsys.readouterr().out
    return json.loads(out) if as_json else out


def test_the_queue__shows_what_is_held_and_what_waits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    standing = told(capsys, folder)
    assert {f"{each['asset']}:{each['place']}": each["booked"] for each in standing["holdings"]} == {
        "USD:bank": "90",
        "TSLAx:evm": "0",
    }
    [waits] = standing["deposits"]
    assert (waits["state"], waits["amount"], waits["sender"], waits["rule"]) == ("suspense", "90", "BERTA", "deposit.sender")
    assert waits["id"] in told(capsys, folder, as_json=False)


def test_a_deposit__assigned_by_a_person__is_on_its_way_to_the_account(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [waits] = told(capsys, folder)["deposits"]
    with pytest.raises(Malformed) as refused:
        told(capsys, folder, "--assign", waits["id"], "--account", "7")
    assert refused.value.code == "operator.name"
    done = told(capsys, folder, "--assign", waits["id"], "--account", "7", *BY)
    assert (done["state"], done["account"], done["by"]) == ("crediting", 7, "olga")
    assert told(capsys, folder)["in_transit"]["USD"] == 1
    with pytest.raises(Refused) as state:
        told(capsys, folder, "--return", waits["id"], *BY)
    assert state.value.code == "deposit.state"


def test_a_wallet__registered__tells_what_to_write_on_a_payment(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = told(capsys, folder, "--wallet", "bank", "ANNA", "--account", "7", *BY)
    assert (row["wallet"], row["reference"]) == ("bank:anna", bank_reference(7))


def test_an_address__listed_while_the_second_key_is_away__says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Unavailable):
        told(capsys, folder, "--allow", "bank", "DE89", "--account", "7")
    with pytest.raises(Refused) as refused:
        told(capsys, folder, "--withdraw", "USD", "bank", "DE89", "9.5", "--account", "7", "--request", "rent")
    assert refused.value.code == "withdrawal.delay"


def test_a_command__parked_by_a_bug__is_shown_and_tried_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [waits] = told(capsys, folder)["deposits"]
    told(capsys, folder, "--assign", waits["id"], "--account", "7", *BY)
    with money_office(load_settings({}, folder)) as office:
        [lease] = office.store.lease("worker", 1, 2**40, 0.0)
        office.store.park(lease, "Traceback\nZeroDivisionError: a bug")
    [parked] = told(capsys, folder)["parked"]
    assert parked == {"command": f"{waits['id']}:credit:1", "error": "ZeroDivisionError: a bug"}
    assert "ZeroDivisionError" in told(capsys, folder, as_json=False)
    assert told(capsys, folder, "--again", parked["command"])["state"] == "due"
    assert told(capsys, folder)["parked"] == []


def test_a_folder__without_a_venue__is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Refused) as refused:
        told(capsys, tmp_path)
    assert refused.value.code == "venue.missing"
