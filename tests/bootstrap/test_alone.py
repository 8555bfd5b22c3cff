"""One process at a time: told who, and free again when it ends."""

import threading
from pathlib import Path

import pytest
from tests.databases import url_of

from openscrip.bootstrap.alone import PLACE_LEASE_S, PlaceLease, held_alone
from openscrip.bootstrap.places import Places
from openscrip.bootstrap.web import serve_web
from openscrip.kernel.errors import Refused
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.leases import Leases
from openscrip.runtime.settings import Settings


def test_a_second_process_of_pages__on_one_data_folder__is_refused_until_the_first_ended(tmp_path: Path) -> None:
    def start() -> str:
        with pytest.raises(Refused) as refused:
            serve_web(Settings(tmp_path), 0, lambda told: None, threading.Event())
        return refused.value.code

    with held_alone(Places(tmp_path).pages_lock, "web.busy", "web", "served"):
        assert start() == "web.busy"
    assert start() == "platform.missing"


def test_pages_of_two_folders_on_one_database__are_served_by_one__and_by_the_other_when_it_ended(
    tmp_path: Path,
) -> None:
    leases, now = [], [1_000.0]
    for _ in range(2):
        engine = open_database(url_of(tmp_path))
        upgrade(engine)
        leases.append(Leases(engine))
        leases[-1].now = lambda: now[0]
    first, other = (PlaceLease(each, "web", tmp_path / name) for each, name in zip(leases, ("a", "b"), strict=True))
    first.take()
    with pytest.raises(Refused, match=first.place) as refused:
        other.take()
    assert refused.value.code == "web.busy"
    first.renew()

    # Killed and started again in the same folder: at once, and the process before is told if it was only slow.
    again = PlaceLease(leases[0], "web", tmp_path / "a")
    again.take()
    with pytest.raises(Refused, match="took over"):
        first.renew()

    # Another place has it when the first has given it back, or has been silent for long.
    again.release()
    other.take()
    now[0] += PLACE_LEASE_S + 1
    first.take()
    with pytest.raises(Refused, match="took over"):
        other.renew()
