"""What a venue says is open, is."""

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from openscrip.bootstrap.up import market_of
from openscrip.bootstrap.venue import serve_venue
from openscrip.runtime.settings import load_settings

pytestmark = [pytest.mark.parts, pytest.mark.slow]
NOBODY = 2**22 + 1
"""A process id that no process has: the venue ends once it has said where its doors are."""


def test_every_door_listens_when_the_venue_names_it(tmp_path: Path) -> None:
    listened: list[str] = []

    def knock(told: dict[str, Any]) -> None:
        for name, url in told["doors"].items():
            address = urlsplit(url)
            with socket.create_connection((address.hostname, address.port), timeout=5):
                listened.append(name)

    serve_venue(market_of(load_settings({}, tmp_path), "live", ""), knock, symbols=["TSLA"], parent=NOBODY)
    assert len(listened) > 1
    assert "operator" in listened
