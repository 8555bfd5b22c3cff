"""How many custodians a data folder has: as many as set, never fewer than it had, and no more once a stock is listed."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from openscrip.bootstrap.custody_line import parts_of
from openscrip.bootstrap.places import CustodianWiring, Places, Wiring, read_wiring, write_wiring
from openscrip.bootstrap.stack import local_custodians
from openscrip.kernel.errors import Refused
from openscrip.runtime.custody_settings import Custody
from openscrip.runtime.settings import Settings

BOTH = ["custodian", "custodian-2"]


def wired(data: Path, more: Mapping[str, CustodianWiring], feeds: Mapping[str, str]) -> Places:
    """A folder that was started before."""
    places = Places(data)
    write_wiring(places, Wiring("e", 1, "s", "b", "c", "k", "w", "wk", {}, feeds, more_custodians=more))
    return places


def settings(data: Path, count: int) -> Settings:
    """Settings that ask for so many."""
    return Settings(data, custody=Custody(count))


def test_a_new_folder__has_as_many_as_are_set(tmp_path: Path) -> None:
    assert local_custodians(settings(tmp_path, 1), Places(tmp_path)) == ["custodian"]
    assert local_custodians(settings(tmp_path, 2), Places(tmp_path)) == BOTH


def test_a_used_folder__keeps_its_custodians__and_their_accounts(tmp_path: Path) -> None:
    second = CustodianWiring("http://two", "key", "OPENSCRIP-SEG-2")
    places = wired(tmp_path, {"custodian-2": second}, {"TSLA": "0xfeed"})
    assert local_custodians(settings(tmp_path, 1), places) == BOTH
    read = read_wiring(places).custodians
    assert (read["custodian-2"], read["custodian"].account) == (second, "OPENSCRIP-SEG")


def test_a_folder_that_listed_a_stock__takes_no_further_custodian(tmp_path: Path) -> None:
    places = wired(tmp_path, {}, {"TSLA": "0xfeed"})
    with pytest.raises(Refused, match=r"^custody: 2 custodians were asked"):
        local_custodians(settings(tmp_path, 2), places)
    assert local_custodians(settings(tmp_path, 2), wired(tmp_path, {}, {})) == BOTH


@pytest.mark.parametrize("parts", ["60", "60/40/10", "60/0", "sixty/forty", "60/"])
def test_parts_that_do_not_fit_the_custodians__are_said(tmp_path: Path, parts: str) -> None:
    assert "custody: parts" in "; ".join(Settings(tmp_path, custody=Custody(2, parts=parts)).problems())
    assert Settings(tmp_path, custody=Custody(2, parts="60/40")).problems() == []


def test_parts_are_of_the_custodians_that_a_folder_has(tmp_path: Path) -> None:
    second = CustodianWiring("http://two", "key", "OPENSCRIP-SEG-2")
    wiring = read_wiring(wired(tmp_path, {"custodian-2": second}, {}))
    asked = Settings(tmp_path, custody=Custody(2, parts="60/40"))
    assert parts_of(asked, wiring) == (("custodian", 60), ("custodian-2", 40))
    with pytest.raises(Refused, match="set for 1 custodians"):
        parts_of(asked, read_wiring(wired(tmp_path / "one", {}, {})))
