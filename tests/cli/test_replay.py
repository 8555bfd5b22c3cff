"""`openscrip replay`: a made stream plays with the golden figures, a file that is none is refused."""

import json
from argparse import Namespace
from pathlib import Path

import pytest

from openscrip.cli.saying import Voice
from openscrip.cli.venue_tools import DEFAULT_SEED, DEFAULT_TARGET, replay
from openscrip.kernel.errors import Malformed, Refused


def asked(file: Path, make: int = 0, resting: int = DEFAULT_TARGET) -> Namespace:
    """What the command line would give."""
    return Namespace(file=file, make=make, seed=DEFAULT_SEED, resting=resting)


def test_replay__of_a_made_stream__tells_its_golden_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stream.npy"
    assert replay(asked(path, make=1_000), Voice(as_json=True)) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["adds"], made["cancels"], made["fills"], made["resting"]) == (943, 57, 258, 626)
    assert made["fill_hash"] == "1390962697102790215"
    assert replay(asked(path), Voice(as_json=True)) == 0
    again = json.loads(capsys.readouterr().out)
    assert again | {"cpu_s": 0} == made | {"cpu_s": 0}


def test_replay__of_what_is_no_stream__is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        replay(asked(tmp_path / "nothing.npy"), Voice(as_json=True))
    with pytest.raises(Malformed):
        replay(asked(tmp_path / "nothing.npy", make=-1), Voice(as_json=True))
    with pytest.raises(Malformed):
        replay(asked(tmp_path / "nothing.npy", resting=0), Voice(as_json=True))
