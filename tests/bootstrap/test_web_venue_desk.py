"""The desk's way to the venue's money: over the files of a data folder, as they are now."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from openscrip.assets.bank import CashReceived
from openscrip.bootstrap.venue_wiring import TreasuryWiring, VenueWiring
from openscrip.bootstrap.web_venue_desk import WebVenueDesk
from openscrip.bootstrap.web_venue_money import WebVenueMoney
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.money import Money
from openscrip.markets.funding import bank_reference
from openscrip.markets.funding_deposits import VenueDeposit
from openscrip.records.venue_queues import venue_counts
from openscrip.runtime.settings import load_settings

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def money(tmp_path: Path) -> Iterator[WebVenueMoney]:
    """Of a folder in which nothing was founded yet."""
    made = WebVenueMoney(load_settings({}, tmp_path))
    yield made
    made.close()


def found(folder: Path) -> None:
    (folder / "venue").mkdir(exist_ok=True)
    tokens = TreasuryWiring("0x" + "aa" * 20, 0, {"TSLAx": "0x" + "bb" * 20})
    VenueWiring(NOWHERE, {}, {"evm": tokens}, {"USD": NOWHERE}).write(folder / "venue")


def test_a_folder_without_a_venue__has_no_money_of_one__until_it_is_founded(tmp_path: Path, money: WebVenueMoney) -> None:
    desk = WebVenueDesk(money)
    before = desk.is_founded
    with pytest.raises(Unavailable, match="none was founded"):
        desk.store.view()
    found(tmp_path)
    assert (before, desk.is_founded) == (False, True)
    with desk.store.view() as view:
        assert [each.count for each in venue_counts(view)] == [0, 0, 0, 0]


def test_a_deposit_that_waits__is_decided_in_the_venues_own_rows(tmp_path: Path, money: WebVenueMoney) -> None:
    found(tmp_path)
    desk, office = WebVenueDesk(money), money.office()
    with office.store.transaction() as unit:
        office.desk.from_bank("USD")(unit, CashReceived(1, 1, "wire", bank_reference(7), Money.parse("90"), "BERTA"))
    with desk.store.view() as view:
        [waits] = view.rows(VenueDeposit)
    with desk.store.transaction() as unit:
        desk.settle(unit, waits.id, "assign", 7, "ada", "called them")
    with desk.store.view() as view:
        row = view.row(VenueDeposit, waits.id)
    assert row is not None
    assert (row.state, row.account, row.by, row.why) == ("crediting", 7, "ada", "called them")


def test_amounts__have_the_decimals_of_their_asset__and_those_of_money_where_it_is_accepted_no_more(
    tmp_path: Path, money: WebVenueMoney
) -> None:
    found(tmp_path)
    desk = WebVenueDesk(money)
    assert [desk.places(asset) for asset in ("TSLAx", "USD", "GONE")] == [8, 6, 6]


@pytest.mark.parametrize("damage", ["a folder in its place", "no database"])
def test_a_store_that_cannot_be_opened__is_away__and_is_there_once_it_can(
    tmp_path: Path, money: WebVenueMoney, damage: str
) -> None:
    found(tmp_path)
    file = tmp_path / "venue" / "money.sqlite"
    if damage == "no database":
        file.write_bytes(b"not a database at all " * 500)
    else:
        file.mkdir()
    desk = WebVenueDesk(money)
    assert desk.is_founded
    with pytest.raises(Unavailable, match="could not be opened"):
        desk.store.view()
    if file.is_dir():
        file.rmdir()
    else:
        file.unlink()
    with desk.store.view() as view:
        assert view.position() == 0
