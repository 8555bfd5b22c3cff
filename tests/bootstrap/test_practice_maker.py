"""Where a played market maker is refused, before anything is started."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from openscrip.bootstrap.up import serve
from openscrip.cli import main
from openscrip.kernel.errors import Refused
from openscrip.runtime.settings import load_settings


def test_a_market_maker__without_the_venue__is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--maker", "TSLA", "--no-venue", "--data", str(tmp_path)]) == 2
    assert "maker.venue" in capsys.readouterr().err


def test_a_market_maker__where_a_chain_is_somebody_elses__is_refused(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path, None)
    real = replace(settings, evm=replace(settings.evm, rpc_url="http://127.0.0.1:1"))
    with pytest.raises(Refused) as refusal:
        serve(real, ["TSLA"], 0, lambda told: None, threading.Event(), ["TSLA"])
    assert refusal.value.code == "maker.real"
